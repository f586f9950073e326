//! What Linux tells about itself.

use std::fs;
use std::io;

use rustix::fd::AsFd;
use rustix::net::AddressFamily;
use rustix::net::SocketType;

use crate::facts::Os;
use crate::observe::netns_cookie;

/// The system that this is.
pub const OS: Os = Os::Linux;

/// The host's name, and its kernel's version.
pub(super) fn names() -> (String, String) {
    let uname = rustix::system::uname();
    (uname.nodename().to_string_lossy().into_owned(), uname.release().to_string_lossy().into_owned())
}

/// The machine's id; None where it has none, or none yet (machine-id(5)), or keeps it from this process.
pub(super) fn machine_id() -> Option<String> {
    line("/etc/machine-id").ok().flatten().filter(|id| id != "uninitialized")
}

/// The id of this boot, which live values do not outlast.
pub(super) fn boot_id() -> io::Result<Option<String>> {
    const PATH: &str = "/proc/sys/kernel/random/boot_id";
    line(PATH)?.map(Some).ok_or_else(|| io::Error::other(format!("{PATH} is empty")))
}

fn line(path: &str) -> io::Result<Option<String>> {
    let text =
        fs::read_to_string(path).map_err(|error| io::Error::new(error.kind(), format!("{path}: {error}")))?;
    Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
}

/// What tells the calling thread's network namespace from others.
#[must_use]
pub fn netns() -> Option<String> {
    let inode = || {
        let link = fs::read_link("/proc/thread-self/ns/net").ok()?;
        let text = link.to_str()?.strip_prefix("net:[")?.strip_suffix(']')?.to_owned();
        Some(text)
    };
    let socket = rustix::net::socket(AddressFamily::UNIX, SocketType::DGRAM, None).ok();
    let cookie = socket.and_then(|socket| netns_cookie::netns_cookie(socket.as_fd()));
    cookie.map(|cookie| cookie.to_string()).or_else(inode)
}

/// One system call; sysinfo would read two files of /proc for it, and nearly every check asks.
pub(super) fn memory() -> Option<u64> {
    let info = rustix::system::sysinfo();
    // Words as wide as the machine's: 32 bits on 32-bit kernels.
    #[allow(clippy::useless_conversion, reason = "the type differs by architecture")]
    let total = u64::try_from(info.totalram).ok()?;
    total.checked_mul(u64::from(info.mem_unit)).filter(|bytes| *bytes > 0)
}
