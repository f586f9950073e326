//! Replaces files that set values at boot: written beside, synced, renamed, and the folder synced.

use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Write;
use std::os::unix::fs::MetadataExt;

use rustix::fd::OwnedFd;
use rustix::fs::Access;
use rustix::fs::AtFlags;
use rustix::fs::Gid;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::Timespec;
use rustix::fs::Timestamps;
use rustix::fs::Uid;
use rustix::fs::XattrFlags;
use rustix::io::Errno;

use crate::facts::BootLoader;
use crate::facts::boot::BootFiles;
use crate::platform::linux::Root;
use crate::platform::linux::boot_files;
use crate::platform::linux::boot_loader;
use crate::platform::stored::BootFolder;
use crate::platform::stored::FileError;
use crate::platform::stored::StoredFile;

/// No such file is larger; its bytes go into the rollback file.
const LARGEST: u64 = 1 << 20;

impl BootFolder for Root {
    fn boot_files(&self) -> (BootFiles, BootLoader) {
        let files = boot_files(self).after_restart();
        let loader = boot_loader(self, &files.command_line);
        (files, loader)
    }

    fn read_file(&self, path: &str) -> Result<Option<StoredFile>, FileError> {
        let (folder, name) = split(path);
        let folder = match self.open(folder, OFlags::RDONLY | OFlags::DIRECTORY) {
            Ok(folder) => folder,
            Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return Err(failed("open the folder of", path, errno)),
        };
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file = match rustix::fs::openat(&folder, name, flags, Mode::empty()) {
            Ok(file) => file,
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP) => return Err(failed("read", path, io::Error::other("it is a link"))),
            Err(errno) => return Err(failed("read", path, errno)),
        };
        read(File::from(file)).map(Some).map_err(|error| failed("read", path, error))
    }

    fn replace_file(&self, path: &str, file: Option<&StoredFile>) -> Result<(), FileError> {
        let (folder, name) = split(path);
        let opened =
            self.writable_folder(folder).map_err(|errno| failed("open the folder of", path, errno))?;
        let temporary = temporary(name);
        let _ = rustix::fs::unlinkat(&opened, &temporary, AtFlags::empty());
        let replaced = match file {
            Some(file) => write(&opened, name, &temporary, file),
            None => match rustix::fs::unlinkat(&opened, name, AtFlags::empty()) {
                Ok(()) | Err(Errno::NOENT) => Ok(()),
                Err(errno) => Err(errno.into()),
            },
        };
        let replaced = replaced.and_then(|()| Ok(rustix::fs::fsync(&opened)?));
        replaced.map_err(|error| {
            let _ = rustix::fs::unlinkat(&opened, &temporary, AtFlags::empty());
            failed(if file.is_some() { "write" } else { "remove" }, path, error)
        })
    }

    fn tidy(&self, path: &str) {
        let (folder, name) = split(path);
        if let Ok(folder) = self.open(folder, OFlags::PATH | OFlags::DIRECTORY) {
            let _ = rustix::fs::unlinkat(&folder, temporary(name), AtFlags::empty());
        }
    }

    fn obstacle(&self, path: &str) -> Option<String> {
        let (folder, _) = split(path);
        let flags = OFlags::PATH | OFlags::DIRECTORY;
        let (folder, opened) = match self.open(folder, flags) {
            Ok(opened) => (folder, opened),
            Err(Errno::NOENT) => (split(folder).0, self.open(split(folder).0, flags).ok()?),
            Err(errno) => return Some(format!("{folder}: {}", io::Error::from(errno))),
        };
        let access = rustix::fs::accessat(&opened, ".", Access::WRITE_OK, AtFlags::EACCESS);
        access.err().map(|errno| format!("{folder} may not be written: {}", io::Error::from(errno)))
    }
}

impl Root {
    /// Opens a folder that files are to be put into; `sysctl.d` is made where there is none.
    fn writable_folder(&self, path: &str) -> Result<OwnedFd, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        match self.open(path, flags) {
            Err(Errno::NOENT) => {
                let (parent, name) = split(path);
                let parent = self.open(parent, flags)?;
                match rustix::fs::mkdirat(&parent, name, Mode::from_raw_mode(0o755)) {
                    Ok(()) | Err(Errno::EXIST) => rustix::fs::fsync(&parent)?,
                    Err(errno) => return Err(errno),
                }
                self.open(path, flags)
            }
            opened => opened,
        }
    }
}

fn read(file: File) -> io::Result<StoredFile> {
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let mut content = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut content)?;
    if content.len() as u64 > LARGEST {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    Ok(StoredFile {
        content,
        mode: about.mode() & 0o7777,
        owner: about.uid(),
        group: about.gid(),
        modified: Some((about.mtime(), about.mtime_nsec())),
    })
}

fn write(folder: &OwnedFd, name: &str, temporary: &str, file: &StoredFile) -> io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let new = rustix::fs::openat(folder, temporary, flags, Mode::RUSR | Mode::WUSR)?;
    let mut new = File::from(new);
    new.write_all(&file.content)?;
    let about = rustix::fs::fstat(&new)?;
    if (about.st_uid, about.st_gid) != (file.owner, file.group) {
        rustix::fs::fchown(&new, Some(Uid::from_raw(file.owner)), Some(Gid::from_raw(file.group)))?;
    }
    rustix::fs::fchmod(&new, Mode::from_raw_mode(file.mode))?;
    copy_attributes(folder, name, &new);
    if let Some((seconds, nanoseconds)) = file.modified {
        let then = Timespec { tv_sec: seconds, tv_nsec: nanoseconds };
        rustix::fs::futimens(&new, &Timestamps { last_access: then, last_modification: then })?;
    }
    new.sync_all()?;
    Ok(rustix::fs::renameat(folder, temporary, folder, name)?)
}

/// What security modules and others noted about the old file goes with the new one, as far as this user may: what is
/// not allowed was set by the system's own rules for the folder.
fn copy_attributes(folder: &OwnedFd, name: &str, new: &File) {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let Ok(old) = rustix::fs::openat(folder, name, flags, Mode::empty()) else { return };
    let mut names = vec![0; 4096];
    let Ok(length) = rustix::fs::flistxattr(&old, &mut names) else { return };
    for attribute in names[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        let mut value = vec![0; 4096];
        if let Ok(length) = rustix::fs::fgetxattr(&old, attribute, &mut value) {
            let _ = rustix::fs::fsetxattr(new, attribute, &value[..length], XattrFlags::empty());
        }
    }
}

/// A file before it has its name; no loader reads it.
fn temporary(name: &str) -> String {
    format!(".{name}.twtune")
}

/// The folder and the name of a path.
fn split(path: &str) -> (&str, &str) {
    match path.rsplit_once('/') {
        Some(("", name)) => ("/", name),
        Some(parts) => parts,
        None => (".", path),
    }
}

fn failed(operation: &'static str, path: &str, error: impl Into<io::Error>) -> FileError {
    FileError { operation, path: path.into(), source: error.into() }
}
