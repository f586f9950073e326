#![doc = include_str!("run_drop_in_lost_at_boot.md")]

use std::collections::HashMap;
use std::collections::HashSet;

use crate::advise::checks::BootView;
use crate::advise::checks::Check;
use crate::advise::checks::Concern;
use crate::advise::checks::Concerns;
use crate::advise::checks::Severity;
use crate::facts::Loader;
use crate::facts::boot::BootFile;
use crate::facts::boot::BootFiles;
use crate::facts::boot::Named;
use crate::facts::boot::Reading;

/// The check.
pub static CHECK: Check =
    Check { id: "run-drop-in-lost-at-boot", page: include_str!("run_drop_in_lost_at_boot.md") };

/// So many settings of a file are named; of more the number.
const MOST_KEYS: usize = 5;

pub(super) fn check(view: &BootView<'_>, found: &mut Concerns) {
    let files = &view.files.files;
    let loader = view.host.boot_loader.known().unwrap_or(Loader::SystemdSysctl);
    // What a loader finds first of a name hides the others.
    let mut in_etc = HashSet::new();
    let mut of_vendor = HashMap::new();
    for file in files {
        let (folder, name) = file.folder_and_name();
        match folder {
            "/etc/sysctl.d" => drop(in_etc.insert(name)),
            _ => drop(of_vendor.entry(name).or_insert(file)),
        }
    }
    for file in &view.files.fleeting {
        let (folder, name) = file.folder_and_name();
        if folder == "/run/sysctl.d" && !in_etc.contains(name) {
            found.add(Severity::Warning, || concern(file, of_vendor.get(name).copied(), loader));
        }
    }
}

fn concern(file: &BootFile, hides: Option<&BootFile>, loader: Loader) -> Concern {
    let alone = BootFiles { files: vec![file.clone()], ..BootFiles::default() };
    let reading = Reading::new(&alone, loader);
    let mut names = reading.names().filter(|name| name.assignments().next().is_some());
    let mut keys: Vec<String> = names.by_ref().take(MOST_KEYS).map(Named::key).collect();
    let more = names.count();
    if more > 0 {
        keys.push(format!("{more} more"));
    }
    let mut concern = Concern::of(&CHECK, Severity::Warning, &file.path);
    if !keys.is_empty() {
        concern = concern.seen("sets", keys.join(", "));
    }
    if let Some(hides) = hides {
        concern = concern.seen("hides_until_then", &hides.path);
    }
    concern
        .advise("if it shall last, move it to /etc/sysctl.d; if a program writes it at every start, leave it")
}
