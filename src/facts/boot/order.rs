//! Which files a loader reads, and in what order.

use crate::facts::Loader;
use crate::facts::boot::BootFile;
use crate::facts::boot::BootFiles;

/// The folders, those that hide the others first.
pub const FOLDERS: [&str; 5] =
    ["/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d"];

/// The file that procps reads last, and systemd-sysctl not at all.
pub const SYSCTL_CONF: &str = "/etc/sysctl.conf";

/// The credential that systemd-sysctl reads last.
pub const CREDENTIAL: &str = "sysctl.extra";

/// The files in the order in which the loader reads them; which are hidden by others is left out.
pub(super) fn in_order(files: &BootFiles, loader: Loader) -> Vec<&BootFile> {
    let mut found: Vec<(&str, usize, &BootFile)> = Vec::with_capacity(files.files.len());
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
    found.dedup_by_key(|(name, ..)| *name);
    first.into_iter().chain(found.into_iter().map(|(.., file)| file)).chain(last).collect()
}

/// Whether systemd reads the file in a run of its own, before all others (SUSE).
pub(super) fn is_of_kernel(file: &BootFile) -> bool {
    file.path.starts_with("/boot/sysctl.conf-")
}
