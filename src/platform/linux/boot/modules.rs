//! Which kernel modules are loaded before the files are read (modules-load.d(5), and Debian's `/etc/modules`).

use std::fs::File;
use std::io::Read;

use rustix::fs::OFlags;

use crate::platform::linux::Root;

/// `/run/modules-load.d` is empty at boot.
const FOLDERS: [&str; 3] =
    ["/etc/modules-load.d", "/usr/local/lib/modules-load.d", "/usr/lib/modules-load.d"];

/// Larger files are not read.
const LARGEST: u64 = 1 << 20;

/// Their names. One whose file cannot be read is left out.
#[must_use]
pub fn boot_modules(root: &Root) -> Vec<String> {
    let mut paths = vec!["/etc/modules".to_owned()];
    for folder in FOLDERS {
        let Ok(open) = root.open(folder, OFlags::RDONLY | OFlags::DIRECTORY) else { continue };
        let Ok(entries) = rustix::fs::Dir::read_from(open) else { continue };
        let names = entries.flatten().filter_map(|entry| entry.file_name().to_str().ok().map(str::to_owned));
        paths.extend(
            names.filter(|name| name.as_bytes().ends_with(b".conf")).map(|name| format!("{folder}/{name}")),
        );
    }
    let mut modules = Vec::new();
    for path in paths {
        let Ok(file) = root.open(&path, OFlags::RDONLY) else { continue };
        let mut text = String::new();
        if File::from(file).take(LARGEST).read_to_string(&mut text).is_ok() {
            let lines = text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';']));
            modules.extend(lines.filter_map(|line| line.split_whitespace().next()).map(str::to_owned));
        }
    }
    modules
}
