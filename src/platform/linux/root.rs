//! A tree of files: this machine's own, or an image's, out of which no link leads.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use rustix::fd::AsFd;
use rustix::fd::OwnedFd;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::ResolveFlags;
use rustix::io::Errno;

/// What statfs(2) says of procfs (`PROC_SUPER_MAGIC` in magic.h).
const PROCFS: i64 = 0x9fa0;

/// The root of a tree of files. Paths in it begin with a slash.
#[derive(Debug)]
pub struct Root {
    folder: OwnedFd,
    /// The folder's path outside; None for this machine's own root.
    outside: Option<PathBuf>,
}

impl Root {
    /// This machine's own files.
    ///
    /// # Errors
    /// The root cannot be opened.
    pub fn own() -> io::Result<Self> {
        Ok(Self { folder: open_folder(Path::new("/"))?, outside: None })
    }

    /// The files of an image or chroot in this folder.
    ///
    /// # Errors
    /// It is no folder, or cannot be opened.
    pub fn image(path: &Path) -> io::Result<Self> {
        let folder = open_folder(path)?;
        let outside = real_path(&folder)?;
        Ok(Self { folder, outside: Some(outside) })
    }

    /// Whether this is an image and not the machine itself.
    #[must_use]
    pub fn is_image(&self) -> bool {
        self.outside.is_some()
    }

    /// Opens a path. In an image every link is followed inside it, wherever it points to, and what a procfs shows
    /// is not part of it.
    ///
    /// # Errors
    /// As openat2(2) has them, which Linux has since 5.6.
    pub fn open(&self, path: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
        // Whatever it turns out to be, it is not waited for. openat2 takes no such flag beside O_PATH.
        let patient =
            if flags.contains(OFlags::PATH) { OFlags::empty() } else { OFlags::NOCTTY | OFlags::NONBLOCK };
        let flags = flags | OFlags::CLOEXEC | patient;
        if !self.is_image() {
            return rustix::fs::open(path, flags, Mode::empty());
        }
        let inside = path.trim_start_matches('/');
        let inside = if inside.is_empty() { "." } else { inside };
        let file = rustix::fs::openat2(&self.folder, inside, flags, Mode::empty(), ResolveFlags::IN_ROOT)?;
        // Before anything is read of it: a file of procfs can act on the machine.
        if on_procfs(&file)? { Err(Errno::XDEV) } else { Ok(file) }
    }

    /// The path outside of a folder in it, all links followed inside.
    ///
    /// # Errors
    /// There is no such folder.
    pub fn outside_of(&self, path: &str) -> io::Result<PathBuf> {
        real_path(self.open(path, OFlags::PATH | OFlags::DIRECTORY)?)
    }

    /// The id of the system in it.
    #[must_use]
    pub fn machine_id(&self) -> Option<String> {
        self.line("/etc/machine-id")
    }

    /// Whether there is something at a path, links followed.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        self.open(path, OFlags::PATH).is_ok()
    }

    /// What the system in it calls itself, or else the folder outside.
    #[must_use]
    pub fn name(&self) -> String {
        let folder = || self.outside.as_deref().unwrap_or(Path::new("/")).display().to_string();
        self.line("/etc/hostname").unwrap_or_else(folder)
    }

    /// The first line of a small file, where it has one.
    fn line(&self, path: &str) -> Option<String> {
        let file = self.open(path, OFlags::RDONLY).ok()?;
        let mut buffer = [0; 256];
        let count = rustix::io::read(&file, &mut buffer).ok()?;
        let text = String::from_utf8_lossy(&buffer[..count]).lines().next()?.trim().to_owned();
        (!text.is_empty()).then_some(text)
    }

    /// Where an open file lies in this tree, all links followed; None where that cannot be told.
    #[must_use]
    pub fn place(&self, file: impl AsFd) -> Option<String> {
        let real = real_path(file).ok()?;
        let inside = match &self.outside {
            None => real,
            Some(outside) => Path::new("/").join(real.strip_prefix(outside).ok()?),
        };
        inside.into_os_string().into_string().ok()
    }

    /// What a link says that was opened without being followed.
    pub(super) fn link(file: impl AsFd) -> Option<String> {
        let text = rustix::fs::readlinkat(file, "", Vec::new()).ok()?;
        Some(text.to_string_lossy().into_owned())
    }

    /// Whether a path is a link that stands for nothing on purpose.
    #[must_use]
    pub fn is_mask(&self, path: &str) -> bool {
        let link = self.open(path, OFlags::PATH | OFlags::NOFOLLOW).ok().and_then(Self::link);
        link.is_some_and(|link| is_null(&link)) || self.end_of(path).is_some_and(|end| is_null(&end))
    }

    /// Where a path ends, all links followed.
    #[must_use]
    pub fn end_of(&self, path: &str) -> Option<String> {
        self.place(self.open(path, OFlags::PATH).ok()?)
    }
}

/// Whether a link stands for nothing on purpose. In an image `/dev` may be empty.
pub(super) fn is_null(link: &str) -> bool {
    link.trim_start_matches("../").trim_start_matches('/') == "dev/null"
}

fn open_folder(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::empty())?)
}

fn on_procfs(file: impl AsFd) -> Result<bool, Errno> {
    // Its type differs by architecture.
    #[allow(clippy::useless_conversion, reason = "the type differs by architecture")]
    Ok(i64::from(rustix::fs::fstatfs(file)?.f_type) == PROCFS)
}

fn real_path(file: impl AsFd) -> io::Result<PathBuf> {
    let number = rustix::fd::AsRawFd::as_raw_fd(&file.as_fd());
    std::fs::read_link(format!("/proc/self/fd/{number}"))
}
