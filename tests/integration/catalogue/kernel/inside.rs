//! What runs in the sandbox: every namespaced setting is written, read back and restored. In a guest every setting is.

use std::collections::BTreeMap;
use std::fs;
use std::fs::OpenOptions;
use std::io;
use std::io::Read;
use std::io::Write;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::panic::resume_unwind;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use twtune::setting::Accept;
use twtune::setting::DefaultValue;
use twtune::setting::Key;
use twtune::setting::Kind;
use twtune::setting::MAX_JIFFIES_SECONDS;
use twtune::setting::Os;
use twtune::setting::Scope;
use twtune::setting::Setting;
use twtune::setting::Value;
use twtune::setting::Version;
use twtune::setting::catalogue;

use crate::catalogue::kernel::in_sandbox;
use crate::sandbox::in_guest;

const EINVAL: i32 = 22;
const INT_MAX: i128 = 2_147_483_647;

/// Where the catalogue takes less than some kernels do, on purpose.
const NARROWER: &[&str] = &[
    // Its entry says why.
    "net.ipv4.tcp_reordering",
    "net.unix.max_dgram_qlen",
    "net.bridge.bridge-nf-call-iptables",
    "net.bridge.bridge-nf-call-ip6tables",
    // Only newer kernels refuse these: numbers below 4096, above 2, of 0.
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_ecn",
    "net.netfilter.nf_conntrack_max",
    "net.nf_conntrack_max",
    // Older kernels take a negative number for a huge one.
    "net.ipv4.tcp_mem",
    "net.ipv4.udp_mem",
    "fs.file-max",
    "fs.aio-max-nr",
    "kernel.shmmax",
    "kernel.shmall",
];

/// What moves by itself, says something else each time, or does something when it is read.
const MOVING: &[&str] = &[
    "/nf_conntrack_count",
    "/stat_refresh",
    "/fs/binfmt_misc/",
    "/fs/dentry-state",
    "/fs/file-nr",
    "/fs/inode-",
    "/fs/quota/",
    "/kernel/ns_last_pid",
    "/kernel/pty/nr",
    "/kernel/random/",
];

fn running() -> Version {
    Version::parse(&fs::read_to_string("/proc/sys/kernel/osrelease").unwrap()).unwrap()
}

/// The file of a setting; `lo` stands for every interface.
fn file(key: &str) -> PathBuf {
    let key = Key::parse(&key.replace('*', "lo")).unwrap();
    Path::new("/proc/sys").join(key.path())
}

fn read(key: &str) -> String {
    read_file(&file(key)).unwrap_or_else(|why| panic!("{key}: {why}"))
}

/// The kernel gives a value in one read or cuts it off.
fn read_file(path: &Path) -> io::Result<String> {
    let mut text = vec![0; 4096];
    let count = fs::File::open(path)?.read(&mut text)?;
    assert!(count < text.len(), "{} may be longer", path.display());
    text.truncate(count);
    String::from_utf8(text).map_err(io::Error::other)
}

/// One write, as the kernel wants it.
fn write(key: &str, text: &str) -> io::Result<usize> {
    OpenOptions::new().write(true).open(file(key))?.write(format!("{text}\n").as_bytes())
}

fn takes(key: &str, text: &str) -> bool {
    match write(key, text) {
        Ok(_) => true,
        Err(why) => {
            assert_eq!(why.raw_os_error(), Some(EINVAL), "{key} = {text}: {why}");
            false
        }
    }
}

/// Runs a check and puts the old value back, so that the next one finds a fresh namespace.
fn restoring(key: &str, check: impl FnOnce(&str)) {
    let old = read(key);
    let old = old.trim_end();
    let outcome = catch_unwind(AssertUnwindSafe(|| check(old)));
    write(key, old).unwrap_or_else(|why| panic!("{key}: cannot restore {old}: {why}"));
    assert_eq!(read(key).trim_end(), old, "{key} is not restored");
    if let Err(broken) = outcome {
        resume_unwind(broken);
    }
}

/// Holds each of the settings to a law, and names all that break it.
fn every(settings: impl Iterator<Item = &'static Setting>, law: impl Fn(&'static Setting)) {
    let breaks = |setting: &&'static Setting| catch_unwind(AssertUnwindSafe(|| law(setting))).is_err();
    let broken: Vec<&str> = settings.filter(breaks).map(|setting| setting.key).collect();
    assert!(broken.is_empty(), "told above: {broken:?}");
}

fn expect_taken(setting: &Setting, text: &str) {
    let value = Value::parse(setting.kind, text).unwrap();
    let told = setting.accepts_in(running()).unwrap().refuses(&value);
    assert_eq!(told, None, "{} = {text}: twtune refuses it", setting.key);
    write(setting.key, text).unwrap_or_else(|why| panic!("{} = {text}: {why}", setting.key));
    let now = read(setting.key);
    assert_eq!(Value::parse(setting.kind, &now), Ok(value), "{} = {text}: reads back {now}", setting.key);
}

fn expect_refused(setting: &Setting, text: &str) {
    let told = Value::parse(setting.kind, text)
        .and_then(|value| setting.accepts_in(running()).unwrap().refuses(&value).map_or(Ok(()), Err));
    assert!(told.is_err(), "{} = {text}: twtune takes it", setting.key);
    let old = read(setting.key);
    if takes(setting.key, text) {
        assert!(NARROWER.contains(&setting.key), "{} = {text}: the kernel takes it", setting.key);
        write(setting.key, old.trim_end()).unwrap();
    }
    assert_eq!(read(setting.key), old, "{} = {text}: refused, and the old value is gone", setting.key);
}

/// The settings of the running kernel that may be written here: the namespaced ones, in a guest all.
fn writable() -> impl Iterator<Item = &'static Setting> {
    linux().filter(|setting| (setting.scope == Scope::Netns || in_guest()) && file(setting.key).exists())
}

fn linux() -> impl Iterator<Item = &'static Setting> {
    catalogue::all().filter(|setting| setting.os() == Os::Linux)
}

/// A value other than the one that the setting has.
fn another(setting: &Setting) -> String {
    let now = read(setting.key);
    let accept = setting.accepts_in(running()).unwrap();
    let all_of = |number: i128| vec![number.to_string(); setting.kind.arity()].join(" ");
    // The nearest first: this program goes on with it.
    let beside = |by: i128| -> String {
        let number = |part: &str| (part.parse::<i128>().unwrap() + by).to_string();
        now.split_whitespace().map(number).collect::<Vec<_>>().join(" ")
    };
    let candidates = match accept {
        Accept::Between(low, _) => vec![beside(1), beside(-1), all_of(*low)],
        Accept::MultipleOf(.., step) => vec![beside(*step), beside(-step)],
        Accept::Jiffies => vec![beside(1), beside(-1)],
        Accept::PortRange | Accept::DynamicPorts => vec!["20000 20009".into()],
        Accept::PortList => vec!["8080".into()],
        Accept::Name(_) if setting.key == "net.core.default_qdisc" => vec!["pfifo_fast".into(), "fq".into()],
        Accept::Name(_) => {
            read("net.ipv4.tcp_allowed_congestion_control").split_whitespace().map(Into::into).collect()
        }
    };
    let differs = |text: &String| {
        let value = Value::parse(setting.kind, text).unwrap();
        accept.refuses(&value).is_none() && Value::parse(setting.kind, &now) != Ok(value)
    };
    candidates.into_iter().find(differs).unwrap_or_else(|| now.trim_end().into())
}

#[test]
fn keys_are_where_the_catalogue_says() {
    if !in_sandbox("keys_are_where_the_catalogue_says") {
        return;
    }
    let version = running();
    let tracking = Path::new("/proc/sys/net/netfilter/nf_conntrack_max").exists();
    let bridging = Path::new("/proc/sys/net/bridge").exists();
    every(linux(), |setting| {
        let there = file(setting.key).exists();
        let key = setting.key;
        match setting.scope {
            Scope::InitialOnly if !in_guest() => assert!(!there, "{key} is in every namespace"),
            // Older kernels do not show these at all outside the initial namespace.
            Scope::SharedReadOnly if !in_guest() => {
                let opened = OpenOptions::new().write(true).open(file(key));
                assert!(opened.is_err(), "{key} can be written in any namespace");
            }
            Scope::Machine => assert!(there, "{key} is not seen from here"),
            _ if key.starts_with("net.netfilter.") || key == "net.nf_conntrack_max" => {
                assert_eq!(there, tracking, "{key}: nf_conntrack is loaded: {tracking}");
            }
            Scope::Netns if key.starts_with("net.bridge.") => {
                assert_eq!(there, bridging, "{key}: br_netfilter is loaded: {bridging}");
            }
            // No source names its version: it is newer than 6.18 and not newer than 7.3.
            Scope::Netns
                if key.ends_with(".ip_local_port_step_width")
                    && version >= Version::new(6, 19)
                    && version < Version::new(7, 3) => {}
            _ => {
                let missing = setting.missing_in(version);
                assert_eq!(there, missing.is_none(), "{key}: twtune says {missing:?} of {version}");
            }
        }
    });
}

#[test]
fn defaults_are_those_of_a_fresh_namespace() {
    if !in_sandbox("defaults_are_those_of_a_fresh_namespace") {
        return;
    }
    every(writable(), |setting| {
        // A new namespace has these from the initial one, where somebody may have set them.
        if setting.key == "net.ipv4.ip_forward" || setting.key.starts_with("net.ipv4.conf.") {
            return;
        }
        // systemd sets it as the machine starts.
        if in_guest() && setting.key == "net.unix.max_dgram_qlen" {
            return;
        }
        if let Some(DefaultValue::Is(default)) = setting.default_in(running()) {
            let now = read(setting.key);
            let wanted = Value::parse(setting.kind, default);
            assert_eq!(Value::parse(setting.kind, &now), wanted, "{}: has {now}", setting.key);
        }
    });
}

#[test]
fn ranges_end_where_the_catalogue_says() {
    if !in_sandbox("ranges_end_where_the_catalogue_says") {
        return;
    }
    every(writable(), |setting| {
        let Some(Accept::Between(low, high)) = setting.accepts_in(running()) else {
            return;
        };
        if setting.key == "net.core.netdev_budget_usecs" {
            // Two ticks of the clock, which are the default, are the least; the catalogue has those of the fastest.
            let least: i128 = read(setting.key).trim_end().parse().unwrap();
            assert!(least >= *low);
            // 5.10 takes any number.
            assert!(running() < Version::new(6, 1) || !takes(setting.key, &(least - 1).to_string()));
            return;
        }
        let arity = setting.kind.arity();
        let with = |at: usize, number: i128| -> String {
            let mut numbers = vec![(*high).to_string(); arity];
            numbers[at] = number.to_string();
            numbers.join(" ")
        };
        let range = "net.ipv4.ip_local_port_range";
        restoring(range, |_| {
            // A floor above the range is refused, so the range makes room for the highest floor.
            if setting.key == "net.ipv4.ip_unprivileged_port_start" {
                write(range, "65535 65535").unwrap();
            }
            restoring(setting.key, |_| {
                for at in 0..arity {
                    expect_taken(setting, &with(at, *low));
                    expect_taken(setting, &with(at, *high));
                    expect_refused(setting, &with(at, low - 1));
                    expect_refused(setting, &with(at, high + 1));
                }
            });
        });
    });
}

#[test]
fn seconds_end_where_the_clock_of_the_kernel_says() {
    if !in_sandbox("seconds_end_where_the_clock_of_the_kernel_says") {
        return;
    }
    every(writable(), |setting| {
        let Some(Accept::Jiffies) = setting.accepts_in(running()) else {
            return;
        };
        let key = setting.key;
        restoring(key, |_| {
            for seconds in [MAX_JIFFIES_SECONDS, -MAX_JIFFIES_SECONDS, 0, -1] {
                expect_taken(setting, &seconds.to_string());
            }
            let ends_at = |hz: &i128| {
                let most = INT_MAX / hz;
                takes(key, &most.to_string())
                    && takes(key, &(-most).to_string())
                    && !takes(key, &(most + 1).to_string())
                    && !takes(key, &(-most - 1).to_string())
            };
            let hz: Vec<i128> = [100, 250, 300, 1000].into_iter().filter(ends_at).collect();
            assert_eq!(hz.len(), 1, "{key} ends at INT_MAX / HZ of none of the usual HZ");
        });
    });
}

#[test]
fn words_that_are_no_numbers_are_refused() {
    if !in_sandbox("words_that_are_no_numbers_are_refused") {
        return;
    }
    every(writable(), |setting| {
        if setting.kind.arity() > 0 {
            restoring(setting.key, |_| {
                for text in ["abc", "1.5", "1abc", "99999999999999999999", "--1"] {
                    expect_refused(setting, text);
                }
            });
        }
    });
}

#[test]
fn ranges_of_ports() {
    if !in_sandbox("ranges_of_ports") {
        return;
    }
    let (_, range) = catalogue::resolve("net.ipv4.ip_local_port_range").unwrap();
    let floor = "net.ipv4.ip_unprivileged_port_start";
    restoring(floor, |_| {
        restoring(range.key, |_| {
            write(floor, "1024").unwrap();
            for text in ["1024 65535", "30000 30000", "65535 65535", "32768\t60999", "  20000   20001 "] {
                expect_taken(range, text);
            }
            for text in ["0 0", "65535 1024", "1024 65536", "-1 2000", "1024,65535", "1024-65535", "2000 x"] {
                expect_refused(range, text);
            }
            // The floor is the plan's business: the value by itself is a good one.
            let value = Value::parse(range.kind, "1023 65535").unwrap();
            assert_eq!(range.accepts_in(running()).unwrap().refuses(&value), None);
            assert!(!takes(range.key, "1023 65535"));
            write(range.key, "2000 3000").unwrap();
            assert!(!takes(floor, "2001"), "the floor rises above the range");
            write(floor, "0").unwrap();
            expect_taken(range, "1 65535");
            expect_taken(range, "1 1");
            write(range.key, "32768 60999").unwrap();
        });
    });
}

#[test]
fn lists_of_ports() {
    if !in_sandbox("lists_of_ports") {
        return;
    }
    let (_, list) = catalogue::resolve("net.ipv4.ip_local_reserved_ports").unwrap();
    restoring(list.key, |_| {
        for text in ["0", "65535", "1,2-4,10-10", "10,1-4,7", "0-65535", "8080,9148", "30000-32767"] {
            expect_taken(list, text);
        }
        for text in ["65536", "5-1", "1,a", "1 2", "1-", "-1"] {
            expect_refused(list, text);
        }
        write(list.key, "1").unwrap();
        expect_taken(list, "2");
        expect_taken(list, "");
    });
}

#[test]
fn names() {
    if !in_sandbox("names") {
        return;
    }
    let (_, name) = catalogue::resolve("net.ipv4.tcp_congestion_control").unwrap();
    restoring(name.key, |old| {
        for known in read("net.ipv4.tcp_allowed_congestion_control").split_whitespace() {
            expect_taken(name, known);
        }
        write(name.key, old).unwrap();
        for unknown in ["twtune_no_such", "reno cubic", ""] {
            assert!(write(name.key, unknown).is_err(), "the kernel takes `{unknown}`");
            assert_eq!(read(name.key).trim_end(), old);
        }
        assert!(Value::parse(name.kind, "reno cubic").is_err());
        assert!(Value::parse(name.kind, "").is_err());
    });
}

/// The kernel takes these in part and reports success, which is why twtune refuses them before it.
#[test]
fn too_many_or_too_few_numbers_are_taken_in_part() {
    if !in_sandbox("too_many_or_too_few_numbers_are_taken_in_part") {
        return;
    }
    every(writable(), |setting| {
        let key = setting.key;
        let names = match setting.kind {
            Kind::Integer => 1,
            Kind::Tuple(names) => names.len(),
            Kind::PortRange => 2,
            Kind::PortList | Kind::Word | Kind::Text => return,
        };
        restoring(key, |old| {
            let value = another(setting);
            let more = format!("{value} 9");
            assert!(Value::parse(setting.kind, &more).is_err(), "{key}: twtune takes `{more}`");
            write(key, &more).unwrap_or_else(|why| panic!("{key} = {more}: {why}"));
            assert_eq!(
                Value::parse(setting.kind, &read(key)),
                Value::parse(setting.kind, &value),
                "{key} = {more}"
            );
            if names > 1 {
                write(key, old).unwrap();
                let first = value.split(' ').next().unwrap();
                assert!(Value::parse(setting.kind, first).is_err(), "{key}: twtune takes `{first}`");
                write(key, first).unwrap_or_else(|why| panic!("{key} = {first}: {why}"));
                let rest = old.split_whitespace().skip(1);
                let wanted: Vec<&str> = std::iter::once(first).chain(rest).collect();
                assert_eq!(read(key).split_whitespace().collect::<Vec<_>>(), wanted, "{key} = {first}");
            }
        });
    });
}

#[test]
fn a_write_changes_what_the_catalogue_says_and_nothing_else() {
    if !in_sandbox("a_write_changes_what_the_catalogue_says_and_nothing_else") {
        return;
    }
    // Without ip(8) there is only lo, and less to see.
    let link = ["link", "add", "twtune0", "type", "veth", "peer", "name", "twtune1"];
    let more = Command::new("ip").args(link).status().is_ok_and(|status| status.success());
    let fresh = snapshot();
    every(writable(), |setting| {
        write(setting.key, &another(setting)).unwrap_or_else(|why| panic!("{}: {why}", setting.key));
        let own = Key::parse(&setting.key.replace('*', "lo")).unwrap();
        let now = snapshot();
        restore(&fresh, &now);
        let changed: Vec<&Key> =
            now.iter().filter(|(key, text)| fresh[*key] != **text).map(|(key, _)| key).collect();
        for key in &changed {
            let told = **key == own || setting.also_changes.iter().any(|pattern| key.matches(pattern));
            assert!(told, "writing {} changes {key}", setting.key);
        }
        for pattern in setting.also_changes {
            // The values of interfaces without an address follow conf.default, and lo has one.
            let seen = more || !setting.key.contains(".conf.default.");
            let found = changed.iter().any(|key| **key != own && key.matches(pattern));
            assert!(found || !seen, "writing {} does not change {pattern}", setting.key);
        }
    });
}

/// Every value that can be read, of those that may be written here, and does not count by itself.
fn snapshot() -> BTreeMap<Key, String> {
    fn walk(folder: &Path, values: &mut BTreeMap<Key, String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, values);
            } else if !MOVING.iter().any(|part| path.to_str().unwrap().contains(part))
                && let Ok(text) = read_file(&path)
            {
                let inner = path.strip_prefix("/proc/sys").unwrap().to_str().unwrap();
                values.insert(Key::parse(inner).unwrap(), text);
            }
        }
    }
    let mut values = BTreeMap::new();
    let folders = if in_guest() { &["net", "fs", "vm", "kernel"][..] } else { &["net"] };
    for folder in folders {
        walk(&Path::new("/proc/sys").join(folder), &mut values);
    }
    values
}

/// Puts everything back. A value that another one overwrites needs a second round.
fn restore(wanted: &BTreeMap<Key, String>, now: &BTreeMap<Key, String>) {
    let differing: Vec<&Key> = wanted.keys().filter(|key| now[*key] != wanted[*key]).collect();
    let differs = |key: &&&Key| read(key.as_str()) != wanted[**key];
    for _ in 0..3 {
        for key in differing.iter().filter(differs) {
            write(key.as_str(), wanted[*key].trim_end()).unwrap_or_else(|why| panic!("{key}: {why}"));
        }
    }
    let left: Vec<_> = differing.iter().filter(differs).collect();
    assert!(left.is_empty(), "cannot be restored: {left:?}");
}
