//! Going into another network namespace. Whoever did sees its settings and no longer the machine's.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::process::Pid;
use rustix::process::PidfdFlags;
use rustix::thread::LinkNameSpaceType;
use rustix::thread::ThreadNameSpaceType;

/// Another network namespace, as a user names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Namespace {
    /// A file that stands for it: `/run/netns/NAME`.
    File(PathBuf),
    /// The one that a process is in.
    Process(u32),
}

impl Namespace {
    /// The namespace of this name (as `ip netns` has it) or path.
    #[must_use]
    pub fn named(name: &str) -> Self {
        if name.contains('/') {
            Self::File(name.into())
        } else {
            Self::File(Path::new("/run/netns").join(name))
        }
    }

    /// Moves the calling thread there. One's own rootless container is entered through its user namespace.
    ///
    /// # Errors
    /// There is no such namespace or process, or this user may not go there.
    pub fn enter(&self) -> io::Result<()> {
        match self {
            Self::File(path) => {
                let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
                let file = rustix::fs::open(path, flags, Mode::empty())?;
                rustix::thread::move_into_link_name_space(
                    rustix::fd::AsFd::as_fd(&file),
                    Some(LinkNameSpaceType::Network),
                )?;
            }
            Self::Process(pid) => {
                let pid = i32::try_from(*pid).ok().and_then(Pid::from_raw).ok_or(Errno::SRCH)?;
                let process = rustix::process::pidfd_open(pid, PidfdFlags::empty())?;
                let process = rustix::fd::AsFd::as_fd(&process);
                let network = ThreadNameSpaceType::NETWORK;
                let moved = rustix::thread::move_into_thread_name_spaces(process, network);
                if moved == Err(Errno::PERM) {
                    rustix::thread::move_into_thread_name_spaces(
                        process,
                        network | ThreadNameSpaceType::USER,
                    )?;
                } else {
                    moved?;
                }
            }
        }
        Ok(())
    }
}
