//! Into one's own rootless container: only through its user namespace, which only a process of a single thread can
//! enter, and for good. So another process goes in, and hands out what it opened there.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::io::IoSlice;
use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;

use rustix::fd::AsFd;
use rustix::fd::BorrowedFd;
use rustix::fd::OwnedFd;
use rustix::fs::CWD;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::net::AddressFamily;
use rustix::net::RecvAncillaryBuffer;
use rustix::net::RecvAncillaryMessage;
use rustix::net::RecvFlags;
use rustix::net::SendAncillaryBuffer;
use rustix::net::SendAncillaryMessage;
use rustix::net::SendFlags;
use rustix::net::SocketFlags;
use rustix::net::SocketType;
use rustix::net::netlink;

use crate::facts::Door;
use crate::platform::linux::Procfs;
use crate::platform::linux::netns;

/// The kernel lets no more descriptors pass at once.
const MOST: usize = 253;
/// The longest list of their names.
const LONGEST: usize = 16 << 10;

/// The namespace itself, and what lists its sockets, beside the folders of `net`: no folder has such names.
const NAMESPACE: &str = "/ns";
const SOCKETS: &str = "/sock_diag";

/// What was opened in another network namespace.
#[derive(Debug)]
pub struct Passage {
    /// Its settings.
    pub settings: Procfs,
    /// Where the kernel lists its sockets, where it does.
    pub sockets: Option<OwnedFd>,
    /// The number of the namespace.
    pub inode: u64,
}

/// Goes into the network namespace of a process, and sends out on standard input what is to be seen of it.
///
/// # Errors
/// This user may not go there, or nobody listens.
pub fn hand_out(pid: u32) -> io::Result<()> {
    netns::enter(&Door::Process(pid))?;
    let open = |path: &Path, flags| rustix::fs::openat(CWD, path, flags | OFlags::CLOEXEC, Mode::empty());
    let mut opened = vec![(NAMESPACE.to_owned(), open(Path::new("/proc/self/ns/net"), OFlags::RDONLY)?)];
    let sockets = rustix::net::socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        Some(netlink::SOCK_DIAG),
    );
    opened.extend(sockets.ok().map(|sockets| (SOCKETS.to_owned(), sockets)));
    for entry in std::fs::read_dir("/proc/sys/net")?.take(MOST - opened.len()) {
        let entry = entry?;
        if let (Ok(name), true) = (entry.file_name().into_string(), entry.file_type()?.is_dir()) {
            opened.push((name, open(&entry.path(), OFlags::PATH | OFlags::DIRECTORY)?));
        }
    }
    let names: Vec<&str> = opened.iter().map(|(name, _)| name.as_str()).collect();
    let descriptors: Vec<BorrowedFd<'_>> = opened.iter().map(|(_, descriptor)| descriptor.as_fd()).collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut rights = SendAncillaryBuffer::new(&mut space);
    rights.push(SendAncillaryMessage::ScmRights(&descriptors));
    let names = names.join("\n");
    rustix::net::sendmsg(io::stdin(), &[IoSlice::new(names.as_bytes())], &mut rights, SendFlags::empty())?;
    Ok(())
}

/// Lets this command, which is to [`hand_out`], go in. None where it may not.
///
/// # Errors
/// The command cannot be started, or what it hands out makes no sense.
pub fn through(command: &mut Command, settings: &Path) -> io::Result<Option<Passage>> {
    let (own, other) = UnixStream::pair()?;
    let mut process =
        command.stdin(OwnedFd::from(other)).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    // Ours of the other end, or its end would never be seen.
    command.stdin(Stdio::null());
    let received = receive(&own);
    process.wait()?;
    let mut opened = received?;
    let Some(namespace) = opened.remove(NAMESPACE) else { return Ok(None) };
    let inode = File::from(namespace).metadata()?.ino();
    let sockets = opened.remove(SOCKETS);
    Ok(Some(Passage { settings: Procfs::handed(settings, opened)?, sockets, inode }))
}

/// What was handed out, by name; nothing where the other end was closed.
fn receive(from: &UnixStream) -> Result<BTreeMap<String, OwnedFd>, Errno> {
    let mut names = vec![0; LONGEST];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut rights = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::CMSG_CLOEXEC;
    let message = rustix::io::retry_on_intr(|| {
        rustix::net::recvmsg(from, &mut [IoSliceMut::new(&mut names)], &mut rights, flags)
    })?;
    let names = String::from_utf8_lossy(&names[..message.bytes]).into_owned();
    let descriptors = rights.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
        _ => None,
    });
    Ok(names.split('\n').map(ToOwned::to_owned).zip(descriptors.flatten()).collect())
}
