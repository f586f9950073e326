//! The running kernel is asked whether the catalogue is right.
//!
//! What writes runs in `tests/sandbox.sh`: each test of [`inside`] starts itself a second time in there, and does its
//! work nowhere else.

mod inside;

use std::fs;
use std::fs::OpenOptions;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use twtune::setting::Key;
use twtune::setting::Scope;
use twtune::setting::Value;
use twtune::setting::Version;
use twtune::setting::catalogue;

use crate::sandbox::lacking;

/// Set for the second start.
const INSIDE: &str = "TWTUNE_TEST_INSIDE";

/// The exit code with which the sandbox says that the machine does not let it.
const NO_SANDBOX: i32 = 99;

/// Whether this is the sandbox. Where it is not, the test of this name is run in one of its own, and fails here if it
/// fails there.
fn in_sandbox(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        guard();
        return true;
    }
    let output = Command::new("bash")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sandbox.sh"))
        .arg("env")
        .arg(format!("{INSIDE}=1"))
        .arg(std::env::current_exe().expect("this binary is there"))
        .args([&format!("catalogue::kernel::inside::{test}"), "--exact", "--nocapture"])
        .output()
        .expect("bash can be started");
    let told =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.code() == Some(NO_SANDBOX) {
        lacking(told.trim());
    } else {
        assert!(output.status.success(), "{told}");
        assert!(told.contains(" 1 passed"), "it was not run:\n{told}");
    }
    false
}

/// Nothing may be written on the machine itself.
fn guard() {
    let opens = |path: &str| OpenOptions::new().append(true).open(path).is_ok();
    assert!(!opens("/proc/sys/vm/swappiness"), "the machine's own settings are writable here");
    assert!(!Path::new("/proc/sys/net/ipv4/tcp_max_orphans").exists(), "this is the machine's own namespace");
}

/// What belongs to the whole machine is never written by a test. Its ranges are those of the source that each entry
/// names; here it is only read.
#[test]
fn the_machines_own_values_are_read_and_never_written() {
    let running = fs::read_to_string("/proc/sys/kernel/osrelease").expect("a kernel");
    let running = Version::parse(&running).expect("a version");
    let mut read = 0;
    for setting in catalogue::all().filter(|setting| setting.scope != Scope::Netns) {
        let mut path = PathBuf::from("/proc/sys");
        path.extend(Key::parse(setting.key).expect("a key").segments());
        // Not there in a container, or without a module.
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let value = Value::parse(setting.kind, &text).unwrap_or_else(|why| panic!("{}: {why}", setting.key));
        let refused = setting.accepts_in(running).and_then(|accept| accept.refuses(&value));
        assert_eq!(refused, None, "{}: the kernel has what it would refuse", setting.key);
        read += 1;
    }
    assert!(read > 5, "only {read} settings of the machine could be read");
}
