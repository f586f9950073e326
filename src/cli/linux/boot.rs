//! The files of this machine, or of an image.

use std::path::Path;

use crate::cli::error::CliError;
use crate::facts::BootLoader;
use crate::facts::boot::BootFiles;
use crate::platform::linux;

pub(crate) use crate::platform::linux::Root;

/// The files that say what this machine's next boot sets; None where a system has no such files.
pub(crate) fn own_root() -> Result<Option<Root>, CliError> {
    Root::own().map(Some).map_err(|error| CliError::io("open", "/", &error))
}

/// The files of the image or chroot in a folder.
pub(crate) fn image_root(folder: &Path) -> Result<Root, CliError> {
    Root::image(folder).map_err(|error| CliError::io("open", folder.display(), &error))
}

/// What the next boot reads, and what reads it.
pub(crate) fn boot_files(root: &Root) -> (BootFiles, BootLoader) {
    let files = linux::boot_files(root);
    let loader = linux::boot_loader(root, &files.command_line);
    (files, loader)
}

/// The kernel modules that are loaded before the files are read.
pub(crate) fn boot_modules(root: &Root) -> Vec<String> {
    linux::boot_modules(root)
}
