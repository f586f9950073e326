//! The files that set values at boot: Windows has none, for the registry is what the next boot uses.

use std::path::Path;
use std::path::PathBuf;

use crate::cli::error::CliError;
use crate::facts::BootLoader;
use crate::facts::Identity;
use crate::facts::boot::BootFiles;
use crate::platform::stored::BootFolder;
use crate::platform::stored::FileError;
use crate::platform::stored::StoredFile;

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

/// Whether a loader reads them.
pub(crate) const fn has_boot_loader(root: &Root) -> bool {
    match *root {}
}

/// The kernel modules that are loaded before the files are read.
pub(crate) const fn boot_modules(root: &Root) -> Vec<String> {
    match *root {}
}

/// Where the history of an image is kept.
pub(crate) const fn image_state(root: &Root) -> Result<PathBuf, CliError> {
    match *root {}
}

/// Which system an image is.
pub(crate) const fn image_identity(root: &Root) -> Identity {
    match *root {}
}

impl BootFolder for Root {
    fn boot_files(&self) -> (BootFiles, BootLoader) {
        match *self {}
    }

    fn read_file(&self, _path: &str) -> Result<Option<StoredFile>, FileError> {
        match *self {}
    }

    fn replace_file(&self, _path: &str, _file: Option<&StoredFile>) -> Result<(), FileError> {
        match *self {}
    }

    fn tidy(&self, _path: &str) {
        match *self {}
    }

    fn obstacle(&self, _path: &str) -> Option<String> {
        match *self {}
    }
}
