//! The program as a file, and its tests run as a program of Windows.

use std::process::Command;

use crate::sandbox::has;
use crate::wine::machine::Machine;
use crate::wine::machine::bundle;

/// What Windows brings along; names that begin with `api-ms-win-` stand for these.
const WINDOWS: [&str; 21] = [
    "advapi32.dll",
    "bcrypt.dll",
    "bcryptprimitives.dll",
    "combase.dll",
    "iphlpapi.dll",
    "kernel32.dll",
    "ktmw32.dll",
    "msvcrt.dll",
    "netapi32.dll",
    "ntdll.dll",
    "ole32.dll",
    "oleaut32.dll",
    "pdh.dll",
    "powrprof.dll",
    "psapi.dll",
    "rpcrt4.dll",
    "secur32.dll",
    "shell32.dll",
    "user32.dll",
    "userenv.dll",
    "ws2_32.dll",
];

#[test]
fn it_needs_nothing_but_windows_own_libraries() {
    let Some(bundle) = bundle() else { return };
    if !has("x86_64-w64-mingw32-objdump", "binutils-mingw-w64-x86-64") {
        return;
    }
    let output = Command::new("x86_64-w64-mingw32-objdump")
        .arg("-p")
        .arg(bundle.join("twtune.exe"))
        .output()
        .expect("objdump starts");
    let text = String::from_utf8_lossy(&output.stdout);
    let names: Vec<String> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("DLL Name: "))
        .map(str::to_lowercase)
        .collect();
    assert!(names.contains(&"kernel32.dll".to_owned()), "{text}");
    let foreign: Vec<_> = names
        .iter()
        .filter(|name| !name.starts_with("api-ms-win-") && !WINDOWS.contains(&name.as_str()))
        .collect();
    assert!(foreign.is_empty(), "{foreign:?}");
}

/// The contract of the platforms, transactions with faults, and the laws of catalogue and profiles, on this registry:
/// one after the other, for there is one.
#[test]
fn the_tests_of_windows_hold_on_windows() {
    let Some(machine) = Machine::start() else { return };
    let run = machine.run(
        r"C:\twtune\integration.exe",
        &["--test-threads", "1", "registry::", "catalogue::", "judgement::", "profiles::"],
    );
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(run.stdout.contains("registry::contract"), "{run:#?}");
}

#[test]
fn what_windows_does_not_have_is_said() {
    let Some(machine) = Machine::start() else { return };
    let netns = machine.twtune("check outbound --netns blue");
    assert_eq!(netns.code, Some(2), "{netns:#?}");
    assert!(netns.stderr.contains("Windows has no network namespaces"), "{netns:#?}");
    assert_eq!(machine.twtune("diagnose").code, Some(2));
    // What is stored is both.
    assert_eq!(machine.twtune("check outbound --target both").code, Some(1));
    let boot = machine.twtune("check outbound --target boot");
    assert_eq!(boot.code, Some(2), "{boot:#?}");
    assert!(boot.stderr.contains("the live one and the next boot's at once"), "{boot:#?}");
    let explained = machine.twtune("explain TcpTimedWaitDelay");
    assert_eq!(explained.code, Some(0));
    assert!(explained.stdout.contains("contradict each other"), "{explained:#?}");
    let coloured = machine.twtune("check outbound --color always");
    assert!(coloured.stdout.contains('\u{1b}'), "{coloured:#?}");
}
