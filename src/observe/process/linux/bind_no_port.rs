//! `IP_BIND_ADDRESS_NO_PORT` of a socket.
#![allow(unsafe_code, reason = "IP_BIND_ADDRESS_NO_PORT (Linux 4.2) has no safe wrapper in rustix 1.1")]

use rustix::fd::AsRawFd;
use rustix::fd::BorrowedFd;

/// Whether the option is set; None where the kernel does not have it.
pub(super) fn bind_no_port(socket: BorrowedFd<'_>) -> Option<bool> {
    let mut value: libc::c_int = 0;
    let mut length = libc::socklen_t::try_from(size_of_val(&value)).ok()?;
    // SAFETY: the kernel writes at most `length` bytes, which is the size of `value`.
    let answer = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_IP,
            libc::IP_BIND_ADDRESS_NO_PORT,
            (&raw mut value).cast(),
            &raw mut length,
        )
    };
    (answer == 0).then_some(value != 0)
}
