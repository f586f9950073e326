//! What the fuzzers begin with and what they found, held against the laws that they hold.

use std::fs;
use std::path::Path;

use twtune::plan::SavedPlan;
use twtune::profile::Configuration;
use twtune::profile::load;
use twtune::setting::Key;
use twtune::transaction::Record;

#[path = "../fuzz/laws/mod.rs"]
mod laws;

/// The seeds of a fuzz target.
fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds").join(target);
    let files =
        fs::read_dir(&folder).expect("a folder of seeds").map(|entry| entry.expect("an entry").path());
    let seeds = files.map(|path| (path.display().to_string(), fs::read(&path).expect("a seed")));
    seeds.collect()
}

/// Holds the laws against every seed. At least one is sound, or the fuzzer would begin at the gate.
fn hold(target: &str, law: fn(&str), is_sound: fn(&str) -> bool) {
    let seeds = seeds(target);
    for (name, bytes) in &seeds {
        println!("{name}");
        laws::of(law, bytes);
    }
    let sound = seeds.iter().filter_map(|(_, bytes)| std::str::from_utf8(bytes).ok()).any(is_sound);
    assert!(sound, "no seed of {target} is sound");
}

#[test]
fn profiles_hold() {
    hold("profile", laws::profile, |text| load("seed", text).is_ok());
}

#[test]
fn records_hold() {
    hold("record", laws::record, |text| Record::parse(text).is_ok());
}

#[test]
fn configurations_hold() {
    hold("configuration", laws::configuration, |text| Configuration::parse("seed", text).is_ok());
}

#[test]
fn plans_hold() {
    hold("plan", laws::plan, |text| SavedPlan::parse(text, &laws::host(None)).is_ok());
}

#[test]
fn boot_files_hold() {
    hold("boot", laws::boot, |text| text.contains("= "));
}

#[test]
fn values_hold() {
    hold("values", laws::values, |text| Key::parse(text).is_ok());
}

#[cfg(target_os = "linux")]
#[test]
fn netlink_holds() {
    let mut sound = 0;
    for (name, bytes) in seeds("netlink") {
        println!("{name}");
        laws::netlink(&bytes);
        laws::reported(&bytes);
        let read = twtune::observe::network::decode_datagram(&bytes, &mut |_, _| ());
        sound += usize::from(read.is_ok_and(|progress| progress.last));
    }
    assert!(sound > 0, "no seed of netlink is sound");
}
