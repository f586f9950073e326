//! The program as a file, and its tests run as a program of Windows.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::sandbox::has;
use crate::wine::machine::Machine;
use crate::wine::machine::bundle;

/// What Windows brings along, and since when it has all that is taken from it, by Microsoft's pages on the functions.
/// None is newer than Windows 10 and Server 2016, below which Rust's standard library promises nothing.
const WINDOWS: [(&str, &str); 13] = [
    ("advapi32.dll", "Vista"),
    // WaitOnAddress
    ("api-ms-win-core-synch-l1-2-0.dll", "8"),
    // ProcessPrng
    ("bcryptprimitives.dll", "8"),
    ("combase.dll", "8"),
    // GetSystemTimePreciseAsFileTime
    ("kernel32.dll", "8"),
    ("msvcrt.dll", "Vista"),
    ("ntdll.dll", "Vista"),
    ("oleaut32.dll", "Vista"),
    ("pdh.dll", "Vista"),
    ("powrprof.dll", "Vista"),
    // SHGetKnownFolderPath
    ("shell32.dll", "Vista"),
    // Where a compiler leaves in what the standard library could need.
    ("userenv.dll", "Vista"),
    ("ws2_32.dll", "Vista"),
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
    let foreign: Vec<_> =
        names.iter().filter(|name| WINDOWS.iter().all(|(known, _)| name != known)).collect();
    assert!(foreign.is_empty(), "{foreign:?}");
    // None that are looked for only when they are called.
    let late = text.lines().find(|line| line.contains("Delay Import Directory")).expect("an entry");
    assert!(late.contains(" 0000000000000000 00000000 "), "{late}");
}

#[test]
fn it_is_a_single_file() {
    let Some(machine) = Machine::start() else { return };
    let alone = machine.path(r"C:\alone");
    fs::create_dir(&alone).expect("mkdir");
    fs::copy(machine.path(r"C:\twtune\twtune.exe"), alone.join("twtune.exe")).expect("copy");
    let check = machine.run(r"C:\alone\twtune.exe", &["check", "outbound"]);
    assert_eq!(check.code, Some(1), "{check:#?}");
    assert!(check.stdout.contains("3 rules differ"), "{check:#?}");
}

/// All machines have the same files: what one of them wrote would change under the others.
#[test]
fn what_machines_share_is_only_read() {
    let Some(machine) = Machine::start() else { return };
    assert_eq!(machine.twtune("apply outbound --yes").code, Some(0));
    machine.export();
    assert_eq!(machine.twtune("rollback --yes").code, Some(0));
    machine.stop();
    machine.restart();
    machine.stop();
    assert_eq!(machine.spoilt(), Vec::<PathBuf>::new());
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
    for line in ["diagnose", "lab list", "lab run all", "plan outbound --format sysctl", "check --root ."] {
        assert_eq!(machine.twtune(line).code, Some(2), "{line}");
    }
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
