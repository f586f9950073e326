//! The state directory on Windows: the administrators' and its owner's alone, and nothing in it is reached through a
//! link.

use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;

use crate::platform::windows::create_private_folder;
use crate::platform::windows::others_who_may_change;
use crate::transaction::store::StoreError;
use crate::transaction::store::failed;
use crate::transaction::store::read_text;
use crate::transaction::store::unacceptable;

/// `FILE_FLAG_OPEN_REPARSE_POINT`: a link itself is opened, and then seen to be one.
const NOT_THROUGH_LINKS: u32 = 0x0020_0000;

/// A folder that nobody but its owner and the administrators can write.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Opens it; None where there is none.
    pub(super) fn open(path: &Path) -> Result<Option<Self>, StoreError> {
        match path.symlink_metadata() {
            Ok(about) if about.is_dir() => {}
            Ok(_) => return Err(unacceptable(path, "it is not a directory; links are not followed")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("open", path, error)),
        }
        check_private(path)?;
        Ok(Some(Self { path: path.to_owned() }))
    }

    /// Opens it, and makes it where there is none; so are the folders above it that are not there.
    pub(super) fn create(path: &Path) -> Result<Self, StoreError> {
        if let Some(folder) = Self::open(path)? {
            return Ok(folder);
        }
        let missing: Vec<&Path> = path.ancestors().take_while(|folder| !folder.exists()).collect();
        for folder in missing.into_iter().rev() {
            match create_private_folder(folder) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(failed("create", folder, error));
                }
                _ => {}
            }
        }
        Self::open(path)?.ok_or_else(|| unacceptable(path, "it was removed while twtune began to work in it"))
    }

    /// Shows the name of each thing that is in it.
    pub(super) fn for_each_name(&self, mut see: impl FnMut(&str)) -> Result<(), StoreError> {
        let failed = |error| failed("read", &self.path, error);
        for entry in std::fs::read_dir(&self.path).map_err(failed)? {
            see(&entry.map_err(failed)?.file_name().to_string_lossy());
        }
        Ok(())
    }

    /// Whether there is anything of this name, or may be.
    pub(super) fn has(&self, name: &str) -> bool {
        let found = self.path.join(name).symlink_metadata();
        !found.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    }

    /// Opens a file to be locked, and makes it where there is none.
    pub(super) fn open_lock(&self, name: &str) -> Result<File, StoreError> {
        let path = self.path.join(name);
        let file = options().read(true).write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(|error| failed("open", &path, error))?;
        check_file(&path, &file)?;
        Ok(file)
    }

    /// Opens a file to see whether it is locked; None where there is none.
    pub(super) fn existing_lock(&self, name: &str) -> Option<File> {
        options().read(true).open(self.path.join(name)).ok()
    }

    /// The text of a file; None where there is none.
    pub(super) fn read(&self, name: &str) -> Result<Option<String>, StoreError> {
        let path = self.path.join(name);
        match options().read(true).open(&path) {
            Ok(file) => read_private(&path, file).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("open", &path, error)),
        }
    }

    /// Makes a new file to be written.
    pub(super) fn create_file(&self, name: &str) -> Result<File, StoreError> {
        let path = self.path.join(name);
        options().write(true).create_new(true).open(&path).map_err(|error| failed("create", &path, error))
    }

    /// Gives a file another name, in the place of one that may have it.
    pub(super) fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(self.path.join(from), self.path.join(to))
    }

    pub(super) fn remove(&self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.path.join(name))
    }

    /// NTFS keeps its names in a journal; there is nothing to be asked for.
    #[expect(clippy::unnecessary_wraps, clippy::unused_self, reason = "Linux has something to do here")]
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.custom_flags(NOT_THROUGH_LINKS);
    options
}

/// The text of a file anywhere: it and its folder must be this user's or the administrators', and nobody else may
/// write them.
pub(super) fn read_private_file(path: &Path) -> Result<String, StoreError> {
    check_private(folder_of(path))?;
    let file = options().read(true).open(path).map_err(|error| failed("open", path, error))?;
    read_private(path, file)
}

/// Whether [`read_private_file`] would take a file of this path from its folder.
pub(super) fn check_folder_of(path: &Path) -> Result<(), StoreError> {
    check_private(folder_of(path))
}

/// Makes a new file anywhere; who can read it is what its folder says.
pub(super) fn create_private_file(path: &Path) -> Result<File, StoreError> {
    match options().write(true).create_new(true).open(path) {
        Ok(file) => Ok(file),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(unacceptable(path, "it is there already; name a new file"))
        }
        Err(error) => Err(failed("create", path, error)),
    }
}

/// As [`Folder::sync`].
#[expect(clippy::unnecessary_wraps, reason = "Linux has something to do here")]
pub(super) fn sync_folder_of(_path: &Path) -> Result<(), StoreError> {
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn read_private(path: &Path, file: File) -> Result<String, StoreError> {
    check_file(path, &file)?;
    read_text(path, file)
}

fn check_file(path: &Path, file: &File) -> Result<(), StoreError> {
    let about = file.metadata().map_err(|error| failed("look at", path, error))?;
    if about.is_symlink() {
        return Err(unacceptable(path, "it is a link"));
    }
    if !about.is_file() {
        return Err(unacceptable(path, "it is not a file"));
    }
    check_private(path)
}

/// Whoever could write the state could have twtune, run by an administrator, write what they like.
fn check_private(path: &Path) -> Result<(), StoreError> {
    match others_who_may_change(path) {
        Ok(None) => Ok(()),
        Ok(Some(why)) => Err(unacceptable(path, why)),
        Err(error) => Err(failed("look at", path, error)),
    }
}
