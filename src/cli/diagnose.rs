//! `twtune diagnose`

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use crate::advise::Diagnosis;
use crate::advise::diagnose;
use crate::cli::context::Context;
use crate::cli::context::Format;
use crate::cli::error::CliError;
use crate::cli::place;
use crate::cli::place::NamespaceArgs;
use crate::cli::place::Place;
use crate::cli::survey::look_at;
use crate::cli::system;
use crate::facts;
use crate::facts::Closed;
use crate::facts::Counters;
use crate::facts::Snapshot;
use crate::facts::Sockets;
use crate::facts::Traffic;
use crate::facts::owned;
use crate::facts::worth_a_look;
use crate::observe;
use crate::observe::Wanted;
use crate::observe::namespace::has_sockets;
use crate::observe::network;
use crate::plan::Namespace;
use crate::render::human;
use crate::render::json;
use crate::setting::Key;
use crate::setting::PortRange;
use crate::setting::Unit;

/// The settings that traffic is held against.
const SETTINGS: &[&str] = &[
    "net.core.somaxconn",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_max_orphans",
    "net.ipv4.tcp_max_tw_buckets",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_timestamps",
    "net.ipv4.tcp_tw_reuse",
    "net.ipv4.tcp_tw_reuse_delay",
    "net.netfilter.nf_conntrack_count",
    "net.netfilter.nf_conntrack_max",
    "net.netfilter.nf_conntrack_tcp_timeout_time_wait",
];

/// The range of a kernel that nobody tuned, where its own cannot be read.
const DEFAULT_RANGE: PortRange = PortRange { low: 32768, high: 60999 };

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    namespace: NamespaceArgs,
    /// Every other network namespace of this machine as well
    #[arg(long, conflicts_with_all = ["netns", "pid", "interval"])]
    all_netns: bool,
    /// Look twice, so long apart, and tell what happens in between as rates (10s, 1min)
    #[arg(long = "for", value_name = "TIME", value_parser = interval)]
    interval: Option<Duration>,
    /// How many destinations and owners are listed; JSON lists all
    #[arg(long, value_name = "N", default_value_t = 10)]
    top: usize,
    /// Exit with 1 where something is wrong
    #[arg(long)]
    exit_code: bool,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<u8, CliError> {
    let entered = args.namespace.named();
    let name = match &entered {
        None => "own".into(),
        Some(Namespace::Netns(name)) => name.clone(),
        Some(Namespace::Pid(pid)) => format!("process {pid}"),
    };
    let place = place::open(entered)?;
    let all = Wanted { memory: true, processors: true, identity: true };
    let host = observe::host(all, place.initial);
    let id = host.identity.as_ref().and_then(|identity| identity.netns.clone());
    let mut seen = vec![Sight { name, id, ..look(&place, args.interval)? }];
    if args.all_netns {
        seen.extend(look_elsewhere()?);
    }
    let found: Vec<Diagnosis> = join_owners(seen)?.into_iter().map(diagnose).collect();
    Context::report(|out| match context.format {
        Format::Human => human::diagnose(out, &host, &found, args.top),
        Format::Json => json::diagnose(out, &host, &found),
    })?;
    Ok(u8::from(args.exit_code && found.iter().any(Diagnosis::has_faults)))
}

/// What was seen of a network namespace from inside.
struct Sight {
    name: String,
    id: Option<String>,
    settings: Snapshot,
    sockets: Sockets,
    before: Option<(Sockets, f64)>,
    counters: Counters,
    silence: BTreeMap<u32, u32>,
    partial: bool,
    not_seen: Vec<String>,
}

/// Looks at the network namespace that the place is in.
fn look(place: &Place, interval: Option<Duration>) -> Result<Sight, CliError> {
    let settings = settings(place);
    let mut not_seen = Vec::new();
    let range = port_range(&settings).unwrap_or_else(|| {
        not_seen.push(format!("net.ipv4.ip_local_port_range: {DEFAULT_RANGE} was assumed"));
        DEFAULT_RANGE
    });
    let sockets = || network::sockets(range).map_err(|error| CliError::io("read", "the TCP sockets", &error));
    let earlier = match interval {
        None => None,
        Some(interval) => {
            let earlier = (network::counters(), sockets()?.sockets, Instant::now());
            thread::sleep(interval);
            Some(earlier)
        }
    };
    let totals = network::counters();
    let (mut added, mut before) = (None, None);
    if let Some((counters, sockets, since)) = earlier {
        let seconds = since.elapsed().as_secs_f64();
        let more = |name: &String, total: &u64| {
            total.saturating_sub(counters.get(name).copied().unwrap_or_default())
        };
        added =
            Some((totals.iter().map(|(name, total)| (name.clone(), more(name, total))).collect(), seconds));
        before = Some((sockets, seconds));
    }
    let seen = sockets()?;
    not_seen.extend(seen.not_seen);
    Ok(Sight {
        name: String::new(),
        id: None,
        settings,
        silence: network::silence(&seen.sockets),
        sockets: seen.sockets,
        before,
        counters: Counters { totals, added },
        partial: seen.partial,
        not_seen,
    })
}

/// Looks at every network namespace but our own.
fn look_elsewhere() -> Result<Vec<Sight>, CliError> {
    let all = system::elsewhere(|_, place| {
        // The dump of an empty one would walk the whole machine's sockets.
        if has_sockets(Path::new(network::OWN)) == Some(false) {
            let settings = settings(place);
            let range = port_range(&settings).unwrap_or(DEFAULT_RANGE);
            return Ok(Sight {
                settings,
                counters: Counters { totals: network::counters(), added: None },
                ..nothing(range)
            });
        }
        look(place, None)
    })?;
    let seen = all.into_iter().map(|elsewhere| {
        let seen = elsewhere.seen.unwrap_or_else(|closed| from_outside(&elsewhere.namespace, &closed));
        Sight { name: elsewhere.name, id: elsewhere.id, ..seen }
    });
    Ok(seen.collect())
}

fn nothing(range: PortRange) -> Sight {
    Sight {
        name: String::new(),
        id: None,
        settings: Snapshot::new(),
        sockets: Sockets::new(range),
        before: None,
        counters: Counters::default(),
        silence: BTreeMap::new(),
        partial: false,
        not_seen: Vec::new(),
    }
}

/// What `/proc/PID/net` shows of a namespace that this user may not enter.
fn from_outside(namespace: &facts::Namespace, closed: &Closed) -> Sight {
    let mut seen = nothing(DEFAULT_RANGE);
    seen.partial = true;
    let pid = namespace.process.as_ref().map(|process| process.pid);
    let folder = pid.map(|pid| PathBuf::from(format!("/proc/{pid}/net")));
    match folder.map(|folder| {
        (network::sockets_from_proc(&folder, DEFAULT_RANGE), network::counters_from_proc(&folder))
    }) {
        Some((Ok(look), totals)) => {
            seen.sockets = look.sockets;
            seen.counters.totals = totals;
            seen.not_seen.push(format!(
                "its settings: {}; the range of ports was taken to be {DEFAULT_RANGE}",
                closed.why
            ));
        }
        Some((Err(error), _)) => {
            seen.not_seen.push(format!("its sockets and settings: {}; {error}", closed.why));
        }
        None => seen.not_seen.push(format!("its sockets and settings: {}", closed.why)),
    }
    if let Some(pid) = closed.try_pid {
        seen.not_seen
            .push(format!("should it be your own container: `twtune diagnose --pid {pid}` enters it"));
    }
    seen
}

/// Finds who holds the sockets of all of them in one walk.
fn join_owners(seen: Vec<Sight>) -> Result<Vec<Traffic>, CliError> {
    let held = seen.iter().flat_map(|seen| seen.sockets.held.iter().map(|held| held.inode));
    let found = observe::process::owners(held).map_err(|error| CliError::io("read", "/proc", &error))?;
    let tick = network::tick();
    let traffic = seen.into_iter().map(|mut seen| {
        if seen.sockets.held.iter().any(|held| found.of(held.inode).is_empty()) {
            seen.not_seen.extend(found.not_seen.iter().cloned());
        }
        let look = observe::process::socket_options(&found, worth_a_look(&seen.sockets, &found));
        seen.not_seen.extend(look.not_seen);
        let (owners, looked) = owned(&seen.sockets, &found, &seen.silence, look.found);
        Traffic {
            id: seen.id,
            name: seen.name,
            settings: seen.settings,
            sockets: seen.sockets,
            before: seen.before,
            counters: seen.counters,
            owners,
            looked,
            tick,
            partial: seen.partial,
            not_seen: seen.not_seen,
        }
    });
    Ok(traffic.collect())
}

fn settings(place: &Place) -> Snapshot {
    let mut settings = Snapshot::new();
    for key in SETTINGS.iter().filter_map(|key| Key::parse(key).ok()) {
        look_at(&mut settings, place, &key, false);
    }
    settings
}

fn port_range(settings: &Snapshot) -> Option<PortRange> {
    let key = Key::parse("net.ipv4.ip_local_port_range").ok()?;
    let (low, high) = settings.get(&key)?.state.value()?.split_once(' ')?;
    let range = PortRange { low: low.parse().ok()?, high: high.parse().ok()? };
    (range.low <= range.high).then_some(range)
}

/// A time to look for: a second to an hour.
fn interval(text: &str) -> Result<Duration, String> {
    match u64::try_from(Unit::Second.parse(text)?) {
        Ok(seconds) if (1..=3600).contains(&seconds) => Ok(Duration::from_secs(seconds)),
        _ => Err("a time from 1s to 1h is wanted".into()),
    }
}
