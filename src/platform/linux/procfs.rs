//! Live values: one small file for each below `/proc/sys`.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use rustix::fd::AsFd;
use rustix::fd::BorrowedFd;
use rustix::fd::OwnedFd;
use rustix::fs::Access;
use rustix::fs::AtFlags;
use rustix::fs::Dir;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::facts::LiveState;
use crate::facts::Writable;
use crate::platform::Platform;
use crate::platform::PlatformError;
use crate::platform::Target;
use crate::setting::Key;
use crate::setting::canonical;

/// Where nearly all settings are that anybody asks for.
const FOLDERS: [&str; 2] = ["net/ipv4/", "net/core/"];

/// The settings of a running kernel, as the calling thread's namespaces show them.
#[derive(Debug)]
pub struct Procfs {
    root: OwnedFd,
    folders: Folders,
}

/// Folders that are kept open.
#[derive(Debug)]
enum Folders {
    /// Those of [`FOLDERS`], opened when they are first needed.
    Own([OnceCell<OwnedFd>; 2]),
    /// All of `net` in a network namespace that the calling thread is not in, by name: a path would lead to its own.
    Handed(BTreeMap<String, OwnedFd>),
}

impl Procfs {
    /// The settings below this folder: `/proc/sys`.
    ///
    /// # Errors
    /// The folder cannot be opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::open(path, flags, Mode::empty())?;
        let folders = Folders::Own([OnceCell::new(), OnceCell::new()]);
        Ok(Self { root, folders })
    }

    /// As [`Self::open`], with the folders below `net` that somebody opened in another network namespace.
    ///
    /// # Errors
    /// The folder cannot be opened.
    pub fn handed(path: &Path, folders: BTreeMap<String, OwnedFd>) -> io::Result<Self> {
        Ok(Self { folders: Folders::Handed(folders), ..Self::open(path)? })
    }

    /// Whether these are the settings of the initial network namespace: some keys exist only there.
    #[must_use]
    pub fn is_initial(&self) -> bool {
        self.access("net/ipv4/tcp_max_orphans", Access::EXISTS, AtFlags::empty()).is_ok()
    }

    /// Whether there is anything to be read at all: every kernel with a network has this folder.
    #[must_use]
    pub fn has_settings(&self) -> bool {
        rustix::fs::accessat(&self.root, "net", Access::EXISTS, AtFlags::empty()).is_ok()
    }

    /// The folder that a path below the root is looked up in, and the rest of the path. Every network namespace has
    /// its own `net/ipv4`, and the kernel finds one by trying all that were ever looked at: 36 microseconds among
    /// 1,000 of them, where the file inside takes two.
    fn locate<'a>(&'a self, path: &'a str) -> Result<(BorrowedFd<'a>, &'a str), Errno> {
        let whole = (self.root.as_fd(), path);
        let cells = match &self.folders {
            Folders::Own(cells) => cells,
            Folders::Handed(folders) => {
                let Some(path) = path.strip_prefix("net/") else { return Ok(whole) };
                let (folder, rest) = path.split_once('/').ok_or(Errno::NOENT)?;
                return Ok((folders.get(folder).ok_or(Errno::NOENT)?.as_fd(), rest));
            }
        };
        for (prefix, cell) in FOLDERS.iter().zip(cells) {
            let Some(rest) = path.strip_prefix(prefix) else { continue };
            if let Some(folder) = cell.get() {
                return Ok((folder.as_fd(), rest));
            }
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            return match rustix::fs::openat(&self.root, *prefix, flags, Mode::empty()) {
                Ok(folder) => Ok((cell.get_or_init(|| folder).as_fd(), rest)),
                // What stands in the way is told of the file.
                Err(_) => Ok(whole),
            };
        }
        Ok(whole)
    }

    fn access(&self, path: &str, access: Access, flags: AtFlags) -> Result<(), Errno> {
        let (folder, name) = self.locate(path)?;
        rustix::fs::accessat(folder, name, access, flags)
    }

    /// What a folder holds, itself and the one above included.
    fn entries(&self, path: &str) -> Result<Dir, Errno> {
        let (folder, name) = self.locate(path)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Dir::new(rustix::fs::openat(folder, name, flags, Mode::empty())?)
    }

    fn open_file(&self, key: &Key, flags: OFlags) -> Result<OwnedFd, Errno> {
        let path = key.path();
        let (folder, name) = self.locate(&path)?;
        rustix::fs::openat(
            folder,
            name,
            // A test's folder may hold anything: never through a link, never waiting for a pipe's other end.
            flags | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK,
            Mode::empty(),
        )
    }
}

impl Platform for Procfs {
    fn read(&self, key: &Key) -> LiveState {
        let read = self.open_file(key, OFlags::RDONLY).and_then(|file| read_value(&file));
        match read {
            Ok(value) => LiveState::Present(value),
            Err(Errno::NOENT | Errno::NOTDIR) => LiveState::Absent,
            Err(errno) => LiveState::Unreadable(cause(errno)),
        }
    }

    fn has(&self, key: &Key) -> bool {
        let found = self.access(&key.path(), Access::EXISTS, AtFlags::empty());
        !matches!(found, Err(Errno::NOENT | Errno::NOTDIR))
    }

    fn writable(&self, key: &Key) -> Writable {
        match self.access(&key.path(), Access::WRITE_OK, AtFlags::EACCESS) {
            Ok(()) => Writable::Yes,
            Err(errno) => Writable::No(cause(errno)),
        }
    }

    fn expand(&self, pattern: &str) -> Vec<Key> {
        let mut found = vec![String::new()];
        for wanted in pattern.split('.') {
            let mut next = Vec::new();
            for parent in found {
                if wanted != "*" {
                    next.push(format!("{parent}{wanted}."));
                    continue;
                }
                let Ok(entries) = self.entries(&parent.trim_end_matches('.').replace('.', "/")) else {
                    continue;
                };
                let names =
                    entries.flatten().filter_map(|entry| entry.file_name().to_str().map(str::to_owned).ok());
                let names = names.filter(|name| name != "." && name != "..");
                next.extend(names.map(|name| format!("{parent}{}.", name.replace('.', "/"))));
            }
            found = next;
        }
        found.sort();
        found.iter().filter_map(|text| Key::parse(text.trim_end_matches('.')).ok()).collect()
    }

    fn open(&self, key: &Key) -> Result<Box<dyn Target + '_>, PlatformError> {
        match self.open_file(key, OFlags::RDWR) {
            Ok(file) => Ok(Box::new(ProcfsTarget { key: key.clone(), file })),
            Err(errno) => Err(error("open for writing", key, errno)),
        }
    }
}

struct ProcfsTarget {
    key: Key,
    file: OwnedFd,
}

impl Target for ProcfsTarget {
    fn write(&mut self, value: Option<&str>) -> Result<(), PlatformError> {
        let Some(value) = value else {
            return Err(PlatformError {
                operation: "remove".into(),
                key: self.key.clone(),
                cause: "a live setting cannot be removed".into(),
                denied: false,
            });
        };
        // The newline makes an empty value a write at all. One call takes any value but a list of reserved ports
        // longer than a page, of which the kernel says how much it took.
        let line = format!("{value}\n");
        let mut taken = 0;
        while taken < value.len().max(1) {
            match rustix::io::pwrite(&self.file, &line.as_bytes()[taken..], taken as u64) {
                Ok(0) => break,
                Ok(count) => taken += count,
                Err(errno) => return Err(error(&format!("write `{value}` to"), &self.key, errno)),
            }
        }
        Ok(())
    }

    fn read(&mut self) -> Result<Option<String>, PlatformError> {
        read_value(&self.file).map(Some).map_err(|errno| error("read", &self.key, errno))
    }
}

/// The longest value: a list of reserved ports that holds every other port.
const LONGEST: usize = 256 << 10;

/// The value with single spaces between its parts. The kernel gives a value in one read or cuts it off.
fn read_value(file: &OwnedFd) -> Result<String, Errno> {
    // Nearly every value is a few digits: a page for each would be cleared for nothing.
    let mut short = [0; 128];
    let count = rustix::io::pread(file, &mut short, 0)?;
    if count < short.len() {
        return Ok(canonical(&String::from_utf8_lossy(&short[..count])));
    }
    let mut long = vec![0; LONGEST];
    let count = rustix::io::pread(file, &mut long, 0)?;
    Ok(canonical(&String::from_utf8_lossy(&long[..count])))
}

fn error(operation: &str, key: &Key, errno: Errno) -> PlatformError {
    PlatformError {
        operation: operation.into(),
        key: key.clone(),
        cause: cause(errno),
        denied: matches!(errno, Errno::ACCESS | Errno::PERM | Errno::ROFS),
    }
}

fn cause(errno: Errno) -> String {
    match errno {
        Errno::ACCESS | Errno::PERM => "permission denied".into(),
        Errno::ROFS => "it is mounted read-only here".into(),
        Errno::INVAL => "the kernel refused the value".into(),
        Errno::NOENT => "this kernel does not have it".into(),
        other => io::Error::from(other).to_string(),
    }
}
