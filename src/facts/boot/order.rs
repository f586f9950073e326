//! Which files a loader reads, and in what order.

use crate::facts::Loader;
use crate::facts::boot::BootFile;
use crate::facts::boot::BootFiles;
use crate::facts::boot::Content;
use crate::facts::boot::brace;
use crate::facts::boot::glob;

/// The folders, those that hide the others first.
pub const FOLDERS: [&str; 5] =
    ["/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d"];

/// The file that procps reads last, and systemd-sysctl not at all.
pub const SYSCTL_CONF: &str = "/etc/sysctl.conf";

/// The credential that systemd-sysctl reads last.
pub const CREDENTIAL: &str = "sysctl.extra";

/// The name of a file, the rank of its folder, and the file.
type Found<'a> = (&'a str, usize, &'a BootFile);

/// The files in the order in which the loader reads them; which are hidden by others is left out.
pub(super) fn in_order(files: &BootFiles, loader: Loader) -> Vec<&BootFile> {
    let mut found: Vec<Found<'_>> = Vec::with_capacity(files.files.len());
    let (mut first, mut last) = (None, None);
    for file in &files.files {
        let (folder, name) = file.folder_and_name();
        match loader {
            Loader::Procps if file.path == SYSCTL_CONF => last = Some(file),
            Loader::SystemdSysctl if name == CREDENTIAL => last = Some(file),
            Loader::SystemdSysctl if is_of_kernel(file) => first = Some(file),
            _ => {
                let read = name.as_bytes().ends_with(b".conf")
                    && (loader == Loader::Procps || !name.starts_with('.'));
                if let Some(rank) = FOLDERS.iter().position(|known| *known == folder).filter(|_| read) {
                    found.push((name, rank, file));
                }
            }
        }
    }
    found.sort_unstable_by_key(|(name, rank, _)| (*name, *rank));
    let all = found.clone();
    found.dedup_by_key(|(name, ..)| *name);
    let read = found.into_iter().flat_map(|found| match loader {
        Loader::Procps if glob::has_special(found.0.as_bytes()) => expanded(found, &all),
        _ => vec![found.2],
    });
    first.into_iter().chain(read).chain(last).collect()
}

/// procps takes a path for a pattern (glob(3)), and reads what that finds in the folder; the path itself where it finds
/// nothing.
fn expanded<'a>(of: Found<'a>, all: &[Found<'a>]) -> Vec<&'a BootFile> {
    let (name, rank, file) = of;
    let mut matching = Vec::new();
    for pattern in brace::alternatives(name.as_bytes()).unwrap_or_default() {
        let same_folder = all.iter().filter(|(_, other, _)| *other == rank);
        let found = same_folder.filter(|(name, ..)| glob::matches(&pattern, name.as_bytes()));
        matching.extend(found.map(|(.., file)| *file));
    }
    if matching.is_empty() {
        return vec![file];
    }
    // It stops at the first one that cannot be opened.
    let opens = matching.iter().take_while(|file| !matches!(file.content, Content::Nothing(_))).count();
    matching.truncate(opens);
    matching
}

/// Whether systemd reads the file in a run of its own, before all others (SUSE).
pub(super) fn is_of_kernel(file: &BootFile) -> bool {
    file.path.starts_with("/boot/sysctl.conf-")
}
