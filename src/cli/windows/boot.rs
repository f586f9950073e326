//! The files that set values at boot: Windows has none, for the registry is what the next boot uses.

use std::path::Path;

use crate::cli::error::CliError;
use crate::facts::BootLoader;
use crate::facts::boot::BootFiles;

/// A tree of such files; there is none.
#[derive(Debug)]
pub(crate) enum Root {}

impl Root {
    /// What a report calls it.
    pub(crate) const fn name(&self) -> String {
        match *self {}
    }
}

/// The files that say what this machine's next boot sets: none.
#[expect(clippy::unnecessary_wraps, reason = "Linux may fail to open its own")]
pub(crate) const fn own_root() -> Result<Option<Root>, CliError> {
    Ok(None)
}

/// An image of Windows keeps its registry in files that are not read here.
pub(crate) fn image_root(folder: &Path) -> Result<Root, CliError> {
    Err(CliError::usage(format!("{}: images are looked at on Linux", folder.display())))
}

/// What the next boot reads, and what reads it.
pub(crate) const fn boot_files(root: &Root) -> (BootFiles, BootLoader) {
    match *root {}
}

/// The kernel modules that are loaded before the files are read.
pub(crate) const fn boot_modules(root: &Root) -> Vec<String> {
    match *root {}
}
