//! The files of this machine, or of an image.

use std::path::Path;
use std::path::PathBuf;

use crate::cli::error::CliError;
use crate::facts::Identity;
use crate::observe;
use crate::platform::linux;

pub(crate) use crate::platform::linux::Root;

/// The files that say what this machine's next boot sets; None where a system has no such files.
pub(crate) fn own_root() -> Result<Option<Root>, CliError> {
    Root::own().map(Some).map_err(|error| CliError::denied("open", "/", &error))
}

/// The files of the image or chroot in a folder.
pub(crate) fn image_root(folder: &Path) -> Result<Root, CliError> {
    Root::image(folder).map_err(|error| CliError::io("open", folder.display(), &error))
}

/// Whether it is known what reads the files at boot.
pub(crate) fn has_boot_loader(root: &Root) -> bool {
    let command_line = std::fs::read("/proc/cmdline").unwrap_or_default();
    linux::boot_loader(root, &command_line).known().is_some()
}

/// The kernel modules that are loaded before the files are read.
pub(crate) fn boot_modules(root: &Root) -> Vec<String> {
    linux::boot_modules(root)
}

/// Where the history of an image lies: inside it, wherever a link of its own may lead to.
pub(crate) fn image_state(root: &Root) -> Result<PathBuf, CliError> {
    let folder = root.outside_of("/var/lib");
    folder
        .map(|folder| folder.join("twtune"))
        .map_err(|error| CliError::io("open", "/var/lib of the image", &error))
        .map_err(|error| error.hint("its history is kept there, so the image has to have that folder"))
}

/// Which system an image is.
pub(crate) fn image_identity(root: &Root) -> Identity {
    Identity { machine_id: root.machine_id().map(|id| observe::hashed(&id)), boot_id: None, netns: None }
}
