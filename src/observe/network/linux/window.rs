//! What a look at a network namespace goes through: the calling thread is in it, or somebody who was handed out the
//! socket that lists its sockets.

use std::path::Path;
use std::path::PathBuf;

use rustix::fd::AsFd;
use rustix::fd::BorrowedFd;
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::AddressFamily;
use rustix::net::SocketFlags;
use rustix::net::SocketType;
use rustix::net::netlink;

use crate::observe;
use crate::observe::netns_cookie::netns_cookie;

/// The calling thread's own namespace; `/proc/net` is the process's, and the thread may have moved.
pub(in crate::observe) const OWN: &str = "/proc/thread-self/net";

/// A network namespace that can be looked into.
#[derive(Debug)]
pub struct Window {
    folder: PathBuf,
    link: Link,
}

/// Where the kernel lists sockets.
#[derive(Debug)]
enum Link {
    /// In each socket that the calling thread opens.
    Own,
    /// In this one, where the kernel does so at all.
    Handed(Option<OwnedFd>),
}

impl Window {
    /// The calling thread's own namespace.
    #[must_use]
    pub fn own() -> Self {
        Self { folder: OWN.into(), link: Link::Own }
    }

    /// The namespace of a process, in which this netlink socket was opened.
    #[must_use]
    pub fn handed(pid: u32, sockets: Option<OwnedFd>) -> Self {
        Self { folder: format!("/proc/{pid}/net").into(), link: Link::Handed(sockets) }
    }

    /// What tells the namespace from others: its cookie. None where the kernel does not tell it.
    #[must_use]
    pub fn id(&self) -> Option<String> {
        match &self.link {
            Link::Own => observe::netns(),
            Link::Handed(sockets) => Some(netns_cookie(sockets.as_ref()?.as_fd())?.to_string()),
        }
    }

    /// Its `/proc/.../net`.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Calls `ask` with a socket of it that lists sockets. One that was handed is the same every time: whoever asks
    /// it reads what it answers to the end, or asks last.
    pub(super) fn ask<T>(&self, ask: impl FnOnce(BorrowedFd<'_>) -> Result<T, Errno>) -> Result<T, Errno> {
        match &self.link {
            Link::Own => {
                let (family, kind) = (AddressFamily::NETLINK, SocketType::RAW);
                let protocol = Some(netlink::SOCK_DIAG);
                ask(rustix::net::socket_with(family, kind, SocketFlags::CLOEXEC, protocol)?.as_fd())
            }
            Link::Handed(sockets) => ask(sockets.as_ref().ok_or(Errno::PROTONOSUPPORT)?.as_fd()),
        }
    }
}
