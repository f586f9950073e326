//! The state directory on Linux: its owner's alone, opened once, and nothing in it is reached through a link.

use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::path::Path;
use std::path::PathBuf;

use rustix::fd::AsFd;
use rustix::fd::OwnedFd;
use rustix::fs::AtFlags;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::RawDir;
use rustix::io::Errno;

use crate::transaction::store::StoreError;
use crate::transaction::store::failed;
use crate::transaction::store::read_text;
use crate::transaction::store::unacceptable;

/// An open folder that nobody but its owner can write.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    folder: OwnedFd,
}

impl Folder {
    /// Opens it; None where there is none.
    pub(super) fn open(path: &Path) -> Result<Option<Self>, StoreError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = match rustix::fs::open(path, flags, Mode::empty()) {
            Ok(folder) => folder,
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP | Errno::NOTDIR) => {
                return Err(unacceptable(path, "it is not a directory; links are not followed"));
            }
            Err(errno) => return Err(failed("open", path, errno)),
        };
        check_private(path, &folder, 0o022)?;
        Ok(Some(Self { path: path.to_owned(), folder }))
    }

    /// Opens it, and makes it where there is none. One that is there and empty is closed to others.
    pub(super) fn create(path: &Path) -> Result<Self, StoreError> {
        if let Some(folder) = Self::open(path)? {
            if !folder.is_closed()? && folder.is_unused()? {
                rustix::fs::fchmod(&folder.folder, Mode::RWXU)
                    .map_err(|errno| failed("change the mode of", path, errno))?;
            }
            return Ok(folder);
        }
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            std::fs::create_dir_all(parent).map_err(|error| failed("create", parent, error))?;
        }
        match rustix::fs::mkdir(path, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(failed("create", path, errno)),
        }
        sync_folder_of(path)?;
        Self::open(path)?.ok_or_else(|| unacceptable(path, "it was removed while twtune began to work in it"))
    }

    /// Whether others can do nothing in it, not even look.
    fn is_closed(&self) -> Result<bool, StoreError> {
        let about = rustix::fs::fstat(&self.folder).map_err(|errno| failed("look at", &self.path, errno))?;
        Ok(!Mode::from_raw_mode(about.st_mode).intersects(Mode::RWXG | Mode::RWXO))
    }

    fn is_unused(&self) -> Result<bool, StoreError> {
        let mut entries =
            rustix::fs::Dir::read_from(&self.folder).map_err(|e| failed("read", &self.path, e))?;
        Ok(entries.all(|entry| entry.is_ok_and(|entry| matches!(entry.file_name().to_bytes(), b"." | b".."))))
    }

    /// Shows the name of each thing that is in it.
    pub(super) fn for_each_name(&self, mut see: impl FnMut(&str)) -> Result<(), StoreError> {
        let failed = |errno| failed("read", &self.path, errno);
        // By another descriptor: where a folder was read up to is one descriptor's.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::openat(&self.folder, ".", flags, Mode::empty()).map_err(failed)?;
        let mut buffer = [MaybeUninit::uninit(); 16 << 10];
        let mut entries = RawDir::new(folder, &mut buffer);
        while let Some(entry) = entries.next() {
            see(&entry.map_err(failed)?.file_name().to_string_lossy());
        }
        Ok(())
    }

    /// Whether there is anything of this name, or may be.
    pub(super) fn has(&self, name: &str) -> bool {
        let found = rustix::fs::statat(&self.folder, name, AtFlags::SYMLINK_NOFOLLOW);
        !matches!(found, Err(Errno::NOENT))
    }

    /// Opens a file to be locked, and makes it where there is none.
    pub(super) fn open_lock(&self, name: &str) -> Result<File, StoreError> {
        let path = self.path.join(name);
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file =
            rustix::fs::openat(&self.folder, name, flags, Mode::RUSR | Mode::WUSR).map_err(|errno| {
                match errno {
                    Errno::LOOP | Errno::ISDIR => unacceptable(&path, "it is not a file of twtune's"),
                    errno => failed("open", &path, errno),
                }
            })?;
        check_private(&path, &file, 0o077)?;
        Ok(File::from(file))
    }

    /// Opens a file to see whether it is locked; None where there is none.
    pub(super) fn existing_lock(&self, name: &str) -> Option<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        rustix::fs::openat(&self.folder, name, flags, Mode::empty()).map(File::from).ok()
    }

    /// The text of a file; None where there is none.
    pub(super) fn read(&self, name: &str) -> Result<Option<String>, StoreError> {
        let path = self.path.join(name);
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        match rustix::fs::openat(&self.folder, name, flags, Mode::empty()) {
            Ok(file) => read_private(&path, File::from(file)).map(Some),
            Err(Errno::NOENT) => Ok(None),
            Err(Errno::LOOP) => Err(unacceptable(&path, "it is a link")),
            Err(errno) => Err(failed("open", &path, errno)),
        }
    }

    /// Makes a new file to be written.
    pub(super) fn create_file(&self, name: &str) -> Result<File, StoreError> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        rustix::fs::openat(&self.folder, name, flags, Mode::RUSR | Mode::WUSR)
            .map(File::from)
            .map_err(|errno| failed("create", &self.path.join(name), errno))
    }

    /// Gives a file another name, in the place of one that may have it.
    pub(super) fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.folder, from, &self.folder, to)?)
    }

    pub(super) fn remove(&self, name: &str) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.folder, name, AtFlags::empty())?)
    }

    /// Makes the names in it last.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        rustix::fs::fsync(&self.folder).map_err(|errno| failed("sync", &self.path, errno))
    }
}

/// The text of a file anywhere: it and its folder must be this user's, and nobody else may write them.
pub(super) fn read_private_file(path: &Path) -> Result<String, StoreError> {
    let folder = folder_of(path);
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let opened = rustix::fs::open(folder, flags, Mode::empty()).map_err(|e| failed("open", folder, e))?;
    check_private(folder, &opened, 0o022)?;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let name = path.file_name().ok_or_else(|| unacceptable(path, "it is not a file"))?;
    match rustix::fs::openat(&opened, name, flags, Mode::empty()) {
        Ok(file) => read_private(path, File::from(file)),
        Err(Errno::LOOP) => Err(unacceptable(path, "it is a link")),
        Err(errno) => Err(failed("open", path, errno)),
    }
}

/// Whether [`read_private_file`] would take a file of this path from its folder.
pub(super) fn check_folder_of(path: &Path) -> Result<(), StoreError> {
    let folder = folder_of(path);
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let opened = rustix::fs::open(folder, flags, Mode::empty()).map_err(|e| failed("open", folder, e))?;
    check_private(folder, &opened, 0o022)
}

/// Makes a new file anywhere that is its owner's alone.
pub(super) fn create_private_file(path: &Path) -> Result<File, StoreError> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR) {
        Ok(file) => Ok(File::from(file)),
        Err(Errno::EXIST) => Err(unacceptable(path, "it is there already; name a new file")),
        Err(errno) => Err(failed("create", path, errno)),
    }
}

/// Makes a name last that was added to a folder.
pub(super) fn sync_folder_of(path: &Path) -> Result<(), StoreError> {
    let folder = folder_of(path);
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let synced = match rustix::fs::open(folder, flags, Mode::empty()) {
        Ok(folder) => rustix::fs::fsync(folder),
        // One may add to a folder that one may not read.
        Err(Errno::ACCESS) => Ok(()),
        Err(errno) => Err(errno),
    };
    synced.map_err(|errno| failed("sync", folder, errno))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn read_private(path: &Path, file: File) -> Result<String, StoreError> {
    check_private(path, &file, 0o022)?;
    let about = rustix::fs::fstat(&file).map_err(|errno| failed("look at", path, errno))?;
    if !rustix::fs::FileType::from_raw_mode(about.st_mode).is_file() {
        return Err(unacceptable(path, "it is not a file"));
    }
    read_text(path, file)
}

/// Whoever could write the state could have twtune, run by root, write what they like.
fn check_private(path: &Path, file: &impl AsFd, forbidden: u32) -> Result<(), StoreError> {
    let about = rustix::fs::fstat(file).map_err(|errno| failed("look at", path, errno))?;
    let user = rustix::process::geteuid().as_raw();
    if about.st_uid != user {
        let reason = format!("it belongs to user {}, not to user {user} who runs twtune", about.st_uid);
        return Err(unacceptable(path, reason));
    }
    if about.st_mode & forbidden != 0 {
        let mode = about.st_mode & 0o7777;
        return Err(unacceptable(path, format!("others than its owner have rights to it (mode {mode:04o})")));
    }
    Ok(())
}
