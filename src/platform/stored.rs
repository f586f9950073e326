//! Files that set values at boot, as they lie on a disk: read and replaced as a whole.

use std::io;

use thiserror::Error;

use crate::facts::BootLoader;
use crate::facts::boot::BootFiles;

/// A file, with all of it that is brought back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredFile {
    /// Its bytes.
    pub content: Vec<u8>,
    /// Its permissions.
    pub mode: u32,
    /// The number of its owner.
    pub owner: u32,
    /// The number of its group.
    pub group: u32,
    /// When it was last modified: seconds and nanoseconds. None for a new file.
    pub modified: Option<(i64, i64)>,
}

impl StoredFile {
    /// A new file for everybody to read, as it is usual for those that set values at boot.
    #[must_use]
    pub fn new(content: Vec<u8>) -> Self {
        Self { content, mode: 0o644, ..Self::default() }
    }

    /// The same with other bytes.
    #[must_use]
    pub fn with(&self, content: Vec<u8>) -> Self {
        Self { content, modified: None, ..self.clone() }
    }

    /// Whether two are the same, whenever they were modified; None is no file.
    #[must_use]
    pub fn same(one: Option<&Self>, other: Option<&Self>) -> bool {
        let essence = |file: &Self| (file.content.clone(), file.mode, file.owner, file.group);
        one.map(essence) == other.map(essence)
    }
}

/// A tree of such files.
pub trait BootFolder {
    /// All files that have a say in the next boot, and what reads them.
    fn boot_files(&self) -> (BootFiles, BootLoader);

    /// Reads a file; None where there is none.
    ///
    /// # Errors
    /// It is no file, or cannot be read.
    fn read_file(&self, path: &str) -> Result<Option<StoredFile>, FileError>;

    /// Puts a file in the place of the one that may be there, or takes it away. A reader sees the old one or the new
    /// one; when this returns it is on disk. What a killed twtune left half-way goes.
    ///
    /// # Errors
    /// It could not be done; the file may still have changed, so read it back.
    fn replace_file(&self, path: &str, file: Option<&StoredFile>) -> Result<(), FileError>;

    /// Takes away what a killed twtune left beside a file.
    fn tidy(&self, path: &str);

    /// Why this user may not replace a file, as far as that is known.
    fn obstacle(&self, path: &str) -> Option<String>;
}

/// What could not be done with a file.
#[derive(Debug, Error)]
#[error("cannot {operation} {path}: {source}")]
pub struct FileError {
    /// What was tried.
    pub operation: &'static str,
    /// The file.
    pub path: String,
    /// What the system said.
    pub source: io::Error,
}
