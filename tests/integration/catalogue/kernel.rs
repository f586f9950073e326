//! The running kernel is asked whether the catalogue is right.
//!
//! What writes runs in `tests/sandbox.sh`: each test of [`inside`] starts itself a second time in there, and does its
//! work nowhere else.

mod inside;

use std::fs::OpenOptions;
use std::path::Path;
use std::process::Command;

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
