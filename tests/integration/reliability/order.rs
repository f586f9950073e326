//! What is on disk when: read off the traced calls.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

use crate::reliability::ADOPT;
use crate::reliability::APPLY;
use crate::reliability::Bench;
use crate::reliability::ROLLBACK;
use crate::reliability::Scenario;
use crate::reliability::trace;
use crate::reliability::trace::Call;

const STATE: &str = "/var/lib/twtune";

#[test]
fn no_setting_is_written_before_the_rollback_file_is_on_disk() {
    for scenario in [&APPLY, &ROLLBACK, &ADOPT] {
        let Some(bench) = Bench::start(scenario) else { return };
        let writes = check(&bench.calls).unwrap_or_else(|why| panic!("{}: {why}", scenario.name));
        bench.say(&format!("{writes} writes, each behind the syncs"));
        assert!(writes >= 6, "{}: only {writes} writes to settings", scenario.name);
        removed_syncs_are_missed(&bench, scenario);
    }
}

/// The same trace with any one of the syncs before the first write taken out is found fault with, unless the same
/// folder is synced once more.
fn removed_syncs_are_missed(bench: &Bench, scenario: &Scenario) {
    let is_setting = |call: &Call| call.name == "pwrite64";
    let first = bench.calls.iter().position(is_setting).expect("a write");
    let syncs: Vec<usize> = (0..first).filter(|at| bench.calls[*at].name == "fsync").collect();
    assert!(syncs.len() >= 2, "{}", scenario.name);
    for at in syncs {
        let again = |call: &Call| call.name == "fsync" && call.file() == bench.calls[at].file();
        if bench.calls[at + 1..first].iter().any(again) && !bench.calls[at].file().ends_with("/.new") {
            continue;
        }
        let mut calls = bench.calls.clone();
        let removed = calls.remove(at);
        assert!(check(&calls).is_err(), "{}: nobody misses fsync({}", scenario.name, removed.text);
    }
    // And the record's own sync behind its rename is as good as none.
    let rename = bench.calls.iter().position(|call| call.name.starts_with("rename")).expect("a rename");
    let mut calls = bench.calls.clone();
    calls.swap(rename - 1, rename);
    assert!(check(&calls).is_err(), "{}: nobody minds a rename before the sync", scenario.name);
}

/// Follows what a loss of power could still undo, and gives the number of writes to settings. Nothing may be
/// written to one while anything of that kind is left, but for endings, whose loss does no harm.
fn check(calls: &[Call]) -> Result<usize, String> {
    // Files with content, and folders with names, that are not on disk yet.
    let (mut content, mut names) = (BTreeSet::new(), BTreeMap::<String, String>::new());
    let (mut writes, mut recorded) = (0, false);
    let folder_of = |path: &str| path.rsplit_once('/').map_or(String::new(), |(folder, _)| folder.to_owned());
    for call in calls.iter().filter(|call| call.succeeded()) {
        let file = call.file();
        match call.name.as_str() {
            "write" | "pwrite64" if file.starts_with("/proc/sys/") => {
                if !recorded || !content.is_empty() || !names.is_empty() {
                    return Err(format!(
                        "{file} is written: record stored: {recorded}; not synced: {content:?} {names:?}"
                    ));
                }
                writes += 1;
            }
            "write" if file.starts_with('/') && !is_ending(file) => {
                content.insert(file.to_owned());
            }
            "open" | "openat" if call.text.contains("O_CREAT") => {
                // The lock has no content, and is made anew where it is missing.
                let opened =
                    call.text.rsplit_once('<').map_or("", |(_, path)| path.trim_end().trim_end_matches('>'));
                if !is_ending(opened) && !opened.ends_with("/lock") {
                    names.insert(opened.to_owned(), folder_of(opened));
                }
            }
            "mkdir" | "mkdirat" => {
                let made = call.quoted().first().copied().unwrap_or_default();
                names.insert(made.to_owned(), folder_of(made));
            }
            "rename" | "renameat" | "renameat2" => {
                let [old, new] = call.quoted()[..] else { return Err(format!("rename({}", call.text)) };
                let (old, new) = (format!("{STATE}/{old}"), format!("{STATE}/{new}"));
                if content.contains(&old) {
                    return Err(format!("{old} is renamed to {new} before its content is synced"));
                }
                names.remove(&old);
                names.insert(new.clone(), folder_of(&new));
                recorded |= Path::new(&new).extension().is_some_and(|extension| extension == "json");
            }
            "fsync" | "fdatasync" => {
                content.remove(file);
                names.retain(|_, folder| folder != file);
            }
            _ => {}
        }
    }
    Ok(writes)
}

/// Whether a file says how a record ended.
fn is_ending(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "end")
}

#[test]
fn the_order_is_read_off_a_trace() {
    let good = format!(
        "1 openat(3<{STATE}>, \".new\", O_WRONLY|O_CREAT, 0600) = 4<{STATE}/.new>
1 write(4<{STATE}/.new>, \"x\", 1) = 1
1 fsync(4<{STATE}/.new>) = 0
1 renameat(3<{STATE}>, \".new\", 3<{STATE}>, \"1.json\") = 0
1 fsync(3<{STATE}>) = 0
1 pwrite64(5</proc/sys/net/core/somaxconn>, \"1\", 1, 0) = 1
"
    );
    assert_eq!(check(&trace::parse(&good)), Ok(1));
    let lines: Vec<&str> = good.lines().collect();
    for faulty in
        [[0, 1, 3, 4, 5].as_slice(), &[0, 1, 2, 3, 5], &[0, 1, 3, 2, 4, 5], &[5, 0, 1, 2, 3, 4], &[5]]
    {
        let trace: Vec<&str> = faulty.iter().map(|at| lines[*at]).collect();
        assert!(check(&trace::parse(&trace.join("\n"))).is_err(), "{faulty:?}");
    }
    assert!(check(&trace::parse(&good.replace(">) = 0\n", ">) = -1 EIO\n"))).is_err());
}
