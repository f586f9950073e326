//! Going into another network namespace. Whoever did sees its settings and no longer the machine's.

use std::io;
use std::path::Path;

use rustix::fd::AsFd;
use rustix::fd::OwnedFd;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::process::Pid;
use rustix::process::PidfdFlags;
use rustix::thread::LinkNameSpaceType;
use rustix::thread::ThreadNameSpaceType;
use rustix::thread::move_into_link_name_space;
use rustix::thread::move_into_thread_name_spaces;

use crate::facts::Door;

/// The door of the namespace of this name (as `ip netns` has it) or path.
#[must_use]
pub fn named(name: &str) -> Door {
    if name.contains('/') { Door::File(name.into()) } else { Door::File(Path::new("/run/netns").join(name)) }
}

/// Moves the calling thread into a network namespace. One's own rootless container is entered through its user
/// namespace, which only a process of a single thread can do, and for good.
///
/// # Errors
/// There is no such namespace or process, or this user may not go there.
pub fn enter(door: &Door) -> io::Result<()> {
    match (enter_network(door), door) {
        (Err(Errno::PERM), Door::Process(pid)) => {
            let both = ThreadNameSpaceType::NETWORK | ThreadNameSpaceType::USER;
            Ok(move_into_thread_name_spaces(open(*pid)?.as_fd(), both)?)
        }
        (moved, _) => Ok(moved?),
    }
}

/// As [`enter`], but through no user namespace: the calling thread can go on to another one.
///
/// # Errors
/// There is no such namespace or process, or this user may not go there by itself (`EPERM`).
pub fn enter_network(door: &Door) -> Result<(), Errno> {
    match door {
        Door::File(path) => {
            let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
            let file = rustix::fs::open(path, flags, Mode::empty())?;
            move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))
        }
        Door::Process(pid) => move_into_thread_name_spaces(open(*pid)?.as_fd(), ThreadNameSpaceType::NETWORK),
    }
}

fn open(pid: u32) -> Result<OwnedFd, Errno> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(Errno::SRCH)?;
    rustix::process::pidfd_open(pid, PidfdFlags::empty())
}
