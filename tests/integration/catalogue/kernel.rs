//! The running kernel is asked whether the catalogue is right.
//!
//! What writes runs in `tests/sandbox.sh`: the test below starts this binary a second time in there, and the tests
//! of [`inside`] refuse to run anywhere else.

mod inside;

use std::process::Command;

/// The exit code with which the sandbox says that the machine does not let it.
const NO_SANDBOX: i32 = 99;

#[test]
fn the_running_kernel_agrees() {
    let output = Command::new("bash")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sandbox.sh"))
        .args(["env", "TWTUNE_IN_SANDBOX=1"])
        .arg(std::env::current_exe().unwrap())
        // One at a time: they share the namespace.
        .args(["catalogue::kernel::inside::", "--ignored", "--nocapture", "--test-threads=1"])
        .output()
        .expect("bash can be started");
    let told =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.code() == Some(NO_SANDBOX) {
        assert!(std::env::var_os("CI").is_none(), "CI must have a sandbox:\n{told}");
        eprintln!("skipped: no sandbox can be made here: {told}");
        return;
    }
    assert!(output.status.success(), "{told}");
    assert!(!told.contains(" 0 passed"), "nothing was tested:\n{told}");
}
