//! `twtune diagnose`

use std::collections::BTreeMap;
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
use crate::facts::Counters;
use crate::facts::Snapshot;
use crate::facts::Sockets;
use crate::facts::Traffic;
use crate::facts::owned;
use crate::facts::worth_a_look;
use crate::observe;
use crate::observe::Wanted;
use crate::observe::network::Window;
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
    #[arg(long, conflicts_with_all = ["netns", "pid"])]
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
    let name = if args.all_netns && place.initial { "host".into() } else { name };
    let all = Wanted { memory: true, processors: true, identity: true };
    let host = observe::host(all, place.initial);
    let id = host.identity.as_ref().and_then(|identity| identity.netns.clone());
    let tour = || {
        let own = Visit { id: id.clone(), name: name.clone(), glance: glance(&Window::own(), &place)? };
        let mut visits = vec![own];
        if args.all_netns {
            visits.extend(visit_others()?);
        }
        Ok::<_, CliError>(visits)
    };
    let mut earlier = BTreeMap::new();
    if let Some(interval) = args.interval {
        earlier.extend(tour()?.into_iter().map(|visit| (visit.id, visit.glance)));
        thread::sleep(interval);
    }
    let found: Vec<Diagnosis> = traffic(tour()?, earlier)?.into_iter().map(diagnose).collect();
    Context::report(|out| match context.format {
        Format::Human => human::diagnose(out, &host, &found, args.top),
        Format::Json => json::diagnose(out, &host, &found),
    })?;
    Ok(u8::from(args.exit_code && found.iter().any(Diagnosis::has_faults)))
}

/// A network namespace, and what was seen of it.
struct Visit {
    id: Option<String>,
    name: String,
    glance: Glance,
}

/// What is seen of a network namespace at one look.
struct Glance {
    settings: Snapshot,
    sockets: Sockets,
    silent: BTreeMap<u32, u32>,
    counters: BTreeMap<String, u64>,
    at: Instant,
    partial: bool,
    not_seen: Vec<String>,
}

/// Looks at a network namespace.
fn glance(window: &Window, place: &Place) -> Result<Glance, CliError> {
    let settings = settings(place);
    let mut not_seen = Vec::new();
    let range = port_range(&settings).unwrap_or_else(|| {
        not_seen.push(format!("net.ipv4.ip_local_port_range: {DEFAULT_RANGE} was assumed"));
        DEFAULT_RANGE
    });
    let counters = observe::network::counters(window.folder());
    let at = Instant::now();
    let (sockets, partial) =
        if observe::namespace::sockets_in_use(window.folder()).is_some_and(|used| !used.tcp) {
            (Sockets::new(range), false)
        } else {
            let seen = observe::network::sockets(window, range)
                .map_err(|error| CliError::denied("read", "the TCP sockets", &error))?;
            not_seen.extend(seen.not_seen);
            (seen.sockets, seen.partial)
        };
    let silent = observe::network::silence(window, &sockets);
    Ok(Glance { settings, sockets, silent, counters, at, partial, not_seen })
}

/// Looks at every other network namespace of this machine.
fn visit_others() -> Result<Vec<Visit>, CliError> {
    let others = system::elsewhere(glance)?;
    let visits = others.into_iter().map(|other| {
        let glance = other.seen.unwrap_or_else(|why| glance_from_outside(&other.namespace, why));
        Visit { id: other.id, name: other.name, glance }
    });
    Ok(visits.collect())
}

/// What can be seen of a network namespace that this user may not enter: `/proc/PID/net` shows it to everybody.
fn glance_from_outside(namespace: &facts::Namespace, why: String) -> Glance {
    let folder =
        namespace.process.as_ref().map(|process| PathBuf::from(format!("/proc/{}/net", process.pid)));
    let mut not_seen = vec![why, format!("its settings: a range of {DEFAULT_RANGE} was assumed")];
    let seen = folder.as_deref().map(|folder| observe::network::sockets_from_proc(folder, DEFAULT_RANGE));
    let sockets = if let Some(Ok(seen)) = seen {
        not_seen.push("backlogs: /proc/net was read".into());
        seen.sockets
    } else {
        not_seen.push("its sockets: no process in it can be seen".into());
        Sockets::new(DEFAULT_RANGE)
    };
    Glance {
        settings: Snapshot::new(),
        sockets,
        silent: BTreeMap::new(),
        counters: folder.as_deref().map(observe::network::counters).unwrap_or_default(),
        at: Instant::now(),
        partial: true,
        not_seen,
    }
}

/// Adds who holds the sockets, for which all processes are looked at once, and what happened since the earlier look.
fn traffic(
    visits: Vec<Visit>,
    mut earlier: BTreeMap<Option<String>, Glance>,
) -> Result<Vec<Traffic>, CliError> {
    let held = visits.iter().flat_map(|visit| &visit.glance.sockets.held).map(|held| held.inode);
    let mut found =
        observe::process::owners(held).map_err(|error| CliError::denied("read", "/proc", &error))?;
    let mut owners_not_seen = std::mem::take(&mut found.not_seen);
    let tick = observe::network::tick();
    let all = visits.into_iter().map(|Visit { id, name, glance }| {
        let Glance { settings, sockets, silent, counters: totals, at, partial, mut not_seen } = glance;
        let (mut added, mut before) = (None, None);
        // One without an id cannot be found again.
        if let Some(earlier) = id.is_some().then(|| earlier.remove(&id)).flatten() {
            let seconds = at.duration_since(earlier.at).as_secs_f64();
            let more = |name: &String, total: &u64| {
                total.saturating_sub(earlier.counters.get(name).copied().unwrap_or_default())
            };
            added = Some((
                totals.iter().map(|(name, total)| (name.clone(), more(name, total))).collect(),
                seconds,
            ));
            before = Some((earlier.sockets, seconds));
        }
        not_seen.append(&mut owners_not_seen);
        let look = observe::process::socket_options(&found, worth_a_look(&sockets, &found));
        not_seen.extend(look.not_seen);
        let (owners, looked) = owned(&sockets, &found, &silent, look.found);
        let counters = Counters { totals, added };
        Traffic { id, name, settings, sockets, before, counters, owners, looked, tick, partial, not_seen }
    });
    Ok(all.collect())
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
