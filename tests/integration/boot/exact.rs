//! What twtune says is what the loaders do: random trees, laid out in a sandbox, over which the real `systemd-sysctl`
//! and the real `sysctl --system` are run. `TWTUNE_TREES` says how many, `TWTUNE_SEED` from which seed on.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use twtune::facts::BootReading;
use twtune::facts::BootState;
use twtune::facts::Loader;
use twtune::facts::boot::Reading;
use twtune::facts::boot::on_kernel;
use twtune::platform::linux::Root;
use twtune::platform::linux::boot_files;
use twtune::setting::Key;
use twtune::setting::Version;
use twtune::setting::canonical;
use twtune::setting::catalogue;

use crate::boot::loaders;
use crate::boot::loaders::Node;
use crate::boot::loaders::Tree;
use crate::boot::random;
use crate::boot::traps;
use crate::sandbox;

/// What CI runs.
const TREES: u64 = 500;

/// What twtune does not say: numbers that this kernel computed, and settings that another line changes as well.
const NOT_TOLD: [&str; 2] = ["the others are not known", "which changes it as well"];

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().expect("a number"))
}

/// Whether the loaders are here.
pub(super) fn has_loaders() -> bool {
    if !loaders::SYSTEMD_SYSCTL.iter().any(|path| fs::exists(path).unwrap_or_default()) {
        sandbox::lacking("needs systemd-sysctl (Debian: apt-get install systemd)");
        return false;
    }
    sandbox::has("sysctl", "procps")
}

/// The settings, each with the value of a machine that nobody tuned.
fn settings() -> BTreeMap<Key, String> {
    let numbers = random::NUMBERS.iter().map(|(key, ..)| *key);
    let keys = numbers.chain(random::OTHERS.iter().map(|(key, _)| *key)).chain(random::BYSTANDERS);
    keys.map(|key| Key::parse(key).expect("a key")).map(|key| (key.clone(), loaders::live(&key))).collect()
}

/// All other values of the namespace.
fn others(settings: &BTreeMap<Key, String>) -> Vec<String> {
    let all = Command::new("grep").args(["-rs", "", "/proc/sys/net"]).output().expect("grep runs").stdout;
    let moving = |line: &&str| {
        let of_these =
            settings.keys().any(|key| line.starts_with(&format!("{}:", loaders::file(key).display())));
        !of_these && !line.contains("nf_conntrack_count")
    };
    let mut lines: Vec<String> =
        String::from_utf8_lossy(&all).lines().filter(moving).map(str::to_owned).collect();
    lines.sort();
    lines
}

/// What twtune makes of the files that are there.
fn foresee(settings: &BTreeMap<Key, String>) -> BTreeMap<Key, BootReading> {
    let files = boot_files(&Root::own().expect("a root"));
    let [systemd, procps] = Loader::ALL.map(|loader| Reading::new(&files, loader));
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").expect("a release");
    let version = Version::parse(&release);
    let both = |key: &Key| {
        let reading = BootReading { systemd: systemd.value(key), procps: procps.value(key) };
        on_kernel(reading, catalogue::find(key).expect("a setting of the catalogue"), version)
    };
    settings.keys().map(|key| (key.clone(), both(key))).collect()
}

/// The start of a text, in one line.
fn brief(bytes: &[u8]) -> String {
    format!("{:?}", String::from_utf8_lossy(&bytes[..bytes.len().min(2000)]))
}

fn shown(tree: &Tree) -> String {
    let mut text = String::new();
    for (path, node) in tree {
        let _ = match node {
            Node::Text(bytes) => {
                writeln!(text, "{path}: {}", brief(bytes))
            }
            Node::Link(target) => writeln!(text, "{path} -> {target}"),
            Node::Folder => writeln!(text, "{path}/"),
        };
    }
    text
}

/// Runs both loaders over a tree. The differences between what twtune says and what they do.
fn differences(tree: &Tree, settings: &BTreeMap<Key, String>) -> Vec<String> {
    loaders::lay_out(tree);
    let foreseen = foresee(settings);
    let mut differences = Vec::new();
    for loader in Loader::ALL {
        loaders::run(loader);
        for (key, default) in settings {
            let value = foreseen[key].under(loader);
            let live = loaders::live(key);
            let expected = match &value.state {
                BootState::Present(value) => canonical(value),
                BootState::Default => default.clone(),
                BootState::Unknown(why) if NOT_TOLD.iter().any(|known| why.contains(known)) => continue,
                other => format!("{other:?}"),
            };
            if live != expected {
                let origin = value.origin.as_ref().map(ToString::to_string).unwrap_or_default();
                differences.push(format!("{key} under {loader}: {live}, not {expected:.200} {origin}"));
            }
        }
        // One write can undo another.
        for (key, default) in settings.iter().chain(settings) {
            if loaders::live(key) != *default {
                loaders::set(key, default);
            }
        }
    }
    differences
}

#[test]
fn random_trees_set_what_twtune_says() {
    if !has_loaders() || !sandbox::in_sandbox("boot::exact::random_trees_set_what_twtune_says") {
        return;
    }
    loaders::prepare();
    let settings = settings();
    let before = others(&settings);
    let (first, count) = (number("TWTUNE_SEED", 1), number("TWTUNE_TREES", TREES));
    let (mut set, mut disagree, mut untold, mut failed) = (0, 0, 0, Vec::new());
    for seed in first..first + count {
        let tree = random::tree(seed);
        let found = differences(&tree, &settings);
        if !found.is_empty() {
            failed.push(format!("seed {seed}:\n{}\n{}", found.join("\n"), shown(&tree)));
            assert!(failed.len() < 5, "{}", failed.join("\n"));
        }
        let foreseen = foresee(&settings);
        set += foreseen.values().filter(|reading| reading.systemd.state.value().is_some()).count();
        let unknown = |reading: &&BootReading| {
            Loader::ALL.map(|loader| matches!(reading.under(loader).state, BootState::Unknown(_)))
        };
        untold += foreseen.values().filter(|reading| unknown(reading).contains(&true)).count();
        disagree += foreseen.values().filter(|reading| !reading.agree()).count();
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    let after = others(&settings);
    let changed: Vec<_> = after.iter().filter(|line| !before.contains(line)).collect();
    assert!(changed.is_empty() && after.len() == before.len(), "something else was changed: {changed:?}");
    println!(
        "{count} trees from seed {first}: {set} values set, {disagree} on which the loaders disagree, {untold} not told"
    );
    assert!(count < 100 || (set > 100 && disagree > 100), "the trees say nothing");
}

#[test]
fn every_trap_springs_for_the_real_loaders() {
    if !has_loaders() || !sandbox::in_sandbox("boot::exact::every_trap_springs_for_the_real_loaders") {
        return;
    }
    loaders::prepare();
    for trap in traps::ALL {
        let node = |text: &str| match text.strip_prefix("-> ") {
            Some(target) => Node::Link(target.into()),
            None => Node::Text(text.into()),
        };
        let tree: Tree = trap.files.iter().map(|(path, text)| ((*path).into(), node(text))).collect();
        loaders::lay_out(&tree);
        let key = Key::parse(trap.key).expect("a key");
        let default = loaders::live(&key);
        for (loader, expected) in [(Loader::SystemdSysctl, trap.systemd), (Loader::Procps, trap.procps)] {
            loaders::run(loader);
            let value = expected.rsplit_once(' ').map_or(&*default, |(value, _)| value);
            assert_eq!(loaders::live(&key), value, "{} under {loader}", trap.name);
            loaders::set(&key, &default);
        }
    }
}
