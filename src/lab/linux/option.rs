//! Socket options without a wrapper, and a close that tells how it ended.
#![allow(
    unsafe_code,
    reason = "setsockopt(2) with these options, and close(2) with its answer, have no safe wrapper"
)]

use std::io;
use std::os::fd::IntoRawFd;
use std::time::Duration;
use std::time::Instant;

use rustix::fd::AsFd;
use rustix::fd::AsRawFd;
use rustix::fd::OwnedFd;

/// `SO_LINGER`, with a time in seconds even where it is off.
pub(super) fn set_linger(socket: impl AsFd, on: bool, seconds: i32) -> io::Result<()> {
    set(
        &socket,
        libc::SOL_SOCKET,
        libc::SO_LINGER,
        libc::linger { l_onoff: i32::from(on), l_linger: seconds },
    )
}

/// `IP_BIND_ADDRESS_NO_PORT`: `bind()` takes an address and leaves the port to `connect()`.
pub(super) fn set_bind_address_no_port(socket: impl AsFd) -> io::Result<()> {
    set(&socket, libc::IPPROTO_IP, libc::IP_BIND_ADDRESS_NO_PORT, 1_i32)
}

/// `TCP_FASTOPEN`: a listener takes data with a SYN.
pub(super) fn set_fast_open(listener: impl AsFd, queue: i32) -> io::Result<()> {
    set(&listener, libc::IPPROTO_TCP, libc::TCP_FASTOPEN, queue)
}

/// `TCP_FASTOPEN_CONNECT`: `connect()` waits for what is to be sent with the SYN.
pub(super) fn set_fast_open_connect(socket: impl AsFd) -> io::Result<()> {
    set(&socket, libc::IPPROTO_TCP, libc::TCP_FASTOPEN_CONNECT, 1_i32)
}

fn set<T: Copy>(socket: &impl AsFd, level: i32, name: i32, value: T) -> io::Result<()> {
    let length = libc::socklen_t::try_from(size_of::<T>()).map_err(io::Error::other)?;
    let descriptor = socket.as_fd().as_raw_fd();
    // SAFETY: the kernel reads `length` bytes of `value`, which are all it has.
    let answer = unsafe { libc::setsockopt(descriptor, level, name, (&raw const value).cast(), length) };
    if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Closes a socket; how long that took, and what it answered.
pub(super) fn close(socket: impl Into<OwnedFd>) -> (Duration, io::Result<()>) {
    let descriptor = socket.into().into_raw_fd();
    let begun = Instant::now();
    // SAFETY: the descriptor was owned here and is given up with this call.
    let answer = unsafe { libc::close(descriptor) };
    let answer = if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) };
    (begun.elapsed(), answer)
}
