//! Users who may not, and places that others could write.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::sandbox::Run;
use crate::wine::machine::Machine;
use crate::wine::machine::PARAMETERS;

/// Runs the program without the administrators' group.
fn unprivileged(machine: &Machine, arguments: &str) -> Run {
    machine.run(r"C:\twtune\rights.exe", &["without", &format!(r"C:\twtune\twtune.exe {arguments}")])
}

#[test]
fn without_administrators_rights_reading_works_and_writing_is_refused() {
    let Some(machine) = Machine::start() else { return };
    // Wine itself lets everybody write.
    let guarded =
        machine.run(r"C:\twtune\rights.exe", &["administrators", PARAMETERS.trim_start_matches(r"HKLM\")]);
    assert_eq!(guarded.code, Some(0), "{guarded:#?}");
    let before = machine.export();
    let check = unprivileged(&machine, "check outbound");
    assert_eq!(check.code, Some(1), "{check:#?}");
    assert!(check.stdout.contains("3 rules differ"), "{check:#?}");
    let explain = unprivileged(&machine, "explain TcpTimedWaitDelay");
    assert_eq!(explain.code, Some(0), "{explain:#?}");
    let apply = unprivileged(&machine, "apply outbound --yes");
    assert_eq!(apply.code, Some(4), "{apply:#?}");
    assert!(apply.stdout.contains("permission denied"), "{apply:#?}");
    assert!(apply.stderr.contains("run it as an administrator"), "{apply:#?}");
    assert_eq!(machine.export(), before);
    assert!(!machine.path(r"C:\ProgramData\twtune").exists(), "nothing was begun");
    assert_eq!(machine.twtune("apply outbound --yes").code, Some(0));
    let applied = machine.export();
    let rollback = unprivileged(&machine, "rollback --yes");
    assert_eq!(rollback.code, Some(4), "{rollback:#?}");
    assert!(rollback.stderr.contains("run it as an administrator"), "{rollback:#?}");
    assert_eq!(machine.export(), applied);
    assert_eq!(machine.twtune("rollback --yes").code, Some(0));
    assert_eq!(machine.export(), before);
}

#[test]
fn a_key_that_nobody_may_write_is_refused() {
    let Some(machine) = Machine::start() else { return };
    let path = PARAMETERS.trim_start_matches(r"HKLM\");
    let made = machine.run(r"C:\twtune\rights.exe", &["read-only", path]);
    assert_eq!(made.code, Some(0), "{made:#?}");
    let before = machine.export();
    let apply = machine.twtune("apply outbound --yes");
    assert_eq!(apply.code, Some(4), "{apply:#?}");
    assert!(apply.stdout.contains("permission denied"), "{apply:#?}");
    let apply = machine.twtune("apply outbound --yes --skip tcpip.TcpTimedWaitDelay");
    assert_eq!(apply.code, Some(4), "who may not write the key may not set the ranges: {apply:#?}");
    assert_eq!(machine.export(), before);
    assert!(!machine.path(r"C:\windows\netsh.ipv4.tcp").exists(), "nothing was written");
}

#[test]
fn the_state_is_the_administrators_alone() {
    let Some(machine) = Machine::start() else { return };
    assert_eq!(machine.twtune("apply outbound --yes").code, Some(0));
    let state = machine.path(r"C:\ProgramData\twtune\state");
    // Wine keeps the access list as the mode of the file: nobody else is let in.
    let mode = |path: &std::path::Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o007;
    assert_eq!((mode(&state), mode(state.parent().expect("a folder"))), (0, 0));
    fs::set_permissions(&state, fs::Permissions::from_mode(0o777)).expect("chmod");
    let history = machine.twtune("history");
    assert_eq!(history.code, Some(3), "{history:#?}");
    assert!(history.stderr.contains("may change it"), "{history:#?}");
    let rollback = machine.twtune("rollback --yes");
    assert_eq!(rollback.code, Some(3), "{rollback:#?}");
    fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).expect("chmod");
    assert_eq!(machine.twtune("rollback --yes").code, Some(0));

    // A configuration that everybody could write is not read.
    let own = state.parent().expect("a folder");
    fs::write(own.join("twtune.toml"), "profiles = [\"database\"]\n").expect("write a file of the test");
    assert!(machine.twtune("check").stdout.contains("held against database"));
    fs::set_permissions(own.join("twtune.toml"), fs::Permissions::from_mode(0o666)).expect("chmod");
    let check = machine.twtune("check");
    assert_eq!(check.code, Some(4), "{check:#?}");
}
