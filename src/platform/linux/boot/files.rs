//! Reads everything that has a say in what the next boot sets.

use rustix::fd::AsFd;
use rustix::fd::OwnedFd;
use rustix::fs::FileType;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::RawDir;
use rustix::io::Errno;

use crate::facts::boot::BootFile;
use crate::facts::boot::BootFiles;
use crate::facts::boot::CREDENTIAL;
use crate::facts::boot::Content;
use crate::facts::boot::FOLDERS;
use crate::facts::boot::SYSCTL_CONF;
use crate::platform::linux::Root;
use crate::platform::linux::root::is_null;

/// Larger files are not read: whoever needs more lines than fit here has another problem.
const LARGEST: usize = 16 << 20;

/// Where systemd looks for a credential of a service: what the firmware or the command line passed on, then its
/// stores (systemd.exec(5), `LoadCredential=`). `/run/credstore` is empty at boot.
const CREDENTIALS: [&str; 4] =
    ["/run/credentials/@system", "/etc/credstore", "/usr/local/lib/credstore", "/usr/lib/credstore"];

/// Reads the files as they lie there now. What cannot be read is among them, with the reason; this never fails.
#[must_use]
pub fn boot_files(root: &Root) -> BootFiles {
    let mut files = BootFiles::default();
    let mut reader = Reader { root, buffer: vec![0; LARGEST + 1] };
    let mut seen = Vec::new();
    for folder in FOLDERS {
        reader.read_folder(folder, &mut seen, &mut files);
    }
    files.files.extend(reader.read_linked(SYSCTL_CONF));
    let mut credentials = CREDENTIALS.iter().map(|folder| format!("{folder}/{CREDENTIAL}"));
    files.files.extend(credentials.find_map(|path| reader.read_linked(&path)));
    if let Some(path) = kernel_file(root) {
        files.files.extend(reader.read_linked(&path));
    }
    // An image does not say with what command line it will be started.
    if !root.is_image()
        && let Some(BootFile { content: Content::Text(text), .. }) = reader.read_linked("/proc/cmdline")
    {
        files.command_line = text;
    }
    files
}

struct Reader<'r> {
    root: &'r Root,
    buffer: Vec<u8>,
}

impl Reader<'_> {
    fn read_folder(&mut self, folder: &str, seen: &mut Vec<(u64, u64)>, files: &mut BootFiles) {
        let opened = self.root.open(folder, OFlags::RDONLY | OFlags::DIRECTORY);
        let open = match opened {
            Ok(open) => open,
            Err(Errno::NOENT | Errno::NOTDIR) => return,
            Err(errno) => {
                return files.unlisted.push(format!("{folder} could not be read: {}", cause(errno)));
            }
        };
        // /lib/sysctl.d is /usr/lib/sysctl.d wherever /lib is a link. What /run shows, a restart leaves where it is.
        if let Ok(about) = rustix::fs::fstat(&open) {
            if seen.contains(&(about.st_dev, about.st_ino)) {
                return;
            }
            if !folder.starts_with("/run/") {
                seen.push((about.st_dev, about.st_ino));
            }
        }
        let mut space = Vec::with_capacity(32 << 10);
        let mut entries = RawDir::new(&open, space.spare_capacity_mut());
        while let Some(entry) = entries.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(errno) => {
                    files.unlisted.push(format!("{folder} could not be read: {}", cause(errno)));
                    return;
                }
            };
            let name = entry.file_name();
            if !name.to_bytes().ends_with(b".conf") {
                continue;
            }
            let path = format!("{folder}/{}", name.to_string_lossy());
            if entry.file_type() == FileType::RegularFile {
                let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
                let file = rustix::fs::openat(&open, name, flags, Mode::empty());
                let content = self.content(file);
                files.files.push(BootFile { path, content, target: None });
            } else {
                files.files.extend(self.read_linked(&path));
            }
        }
    }

    /// Reads what may be a link, or no file at all. None where there is nothing.
    fn read_linked(&mut self, path: &str) -> Option<BootFile> {
        let own = match self.root.open(path, OFlags::PATH | OFlags::NOFOLLOW) {
            Ok(own) => own,
            Err(Errno::NOENT | Errno::NOTDIR) => return None,
            Err(errno) => {
                let content = Content::Unreadable(cause(errno));
                return Some(BootFile { path: path.into(), content, target: None });
            }
        };
        let link = if kind(&own) == Ok(FileType::Symlink) { Root::link(&own) } else { None };
        // Opened without any access at first: to open a device or a pipe can act on it.
        let end = self.root.open(path, OFlags::PATH);
        let target = end.as_ref().ok().filter(|_| link.is_some()).and_then(|file| self.root.place(file));
        let content = match (end, link) {
            (_, Some(link)) if is_null(&link) || target.as_deref().is_some_and(is_null) => Content::Mask,
            (Err(Errno::NOENT | Errno::NOTDIR), Some(link)) => {
                Content::Nothing(format!("it is a link to {link}, which is not there"))
            }
            (Ok(file), _) if kind(&file) != Ok(FileType::RegularFile) => Content::NotFile,
            (Err(errno), _) => self.content(Err(errno)),
            (Ok(_), _) => self.content(self.root.open(path, OFlags::RDONLY)),
        };
        Some(BootFile { path: path.into(), content, target })
    }

    fn content(&mut self, file: Result<OwnedFd, Errno>) -> Content {
        match file.and_then(|file| self.read(&file)) {
            Ok(length) if length > LARGEST => Content::Unreadable("it is larger than 16 MiB".into()),
            Ok(length) => Content::Text(self.buffer[..length].into()),
            Err(Errno::LOOP) => Content::Nothing("its links lead round in a circle".into()),
            Err(Errno::XDEV) => Content::Nothing("it lies on a procfs, which is no part of an image".into()),
            Err(errno) => Content::Unreadable(cause(errno)),
        }
    }

    fn read(&mut self, file: &OwnedFd) -> Result<usize, Errno> {
        let mut length = 0;
        loop {
            let count = rustix::io::read(file, &mut self.buffer[length..])?;
            length += count;
            // Of a file on a disk a read gives less than it could only at the end.
            if length < self.buffer.len() || count == 0 {
                return Ok(length);
            }
        }
    }
}

/// SUSE has systemd-sysctl read a file of the running kernel's first, by a drop-in of the service.
fn kernel_file(root: &Root) -> Option<String> {
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    let path = format!("/boot/sysctl.conf-{release}");
    let drop_in = "/usr/lib/systemd/system/systemd-sysctl.service.d";
    (!root.is_image() && root.has(&path) && root.has(drop_in)).then_some(path)
}

fn kind(file: impl AsFd) -> Result<FileType, Errno> {
    rustix::fs::fstat(file).map(|about| FileType::from_raw_mode(about.st_mode))
}

fn cause(errno: Errno) -> String {
    match errno {
        Errno::ACCESS | Errno::PERM => "permission denied".into(),
        other => std::io::Error::from(other).to_string(),
    }
}
