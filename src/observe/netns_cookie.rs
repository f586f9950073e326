//! The cookie of a network namespace. Inode numbers are used again after a namespace is gone;
//! cookies are not.
#![allow(unsafe_code, reason = "SO_NETNS_COOKIE (Linux 5.14) has no safe wrapper in rustix 1.1")]

use rustix::fd::AsRawFd;
use rustix::fd::BorrowedFd;

/// The cookie of the namespace that a socket is in; None where the kernel does not tell it.
pub(super) fn netns_cookie(socket: BorrowedFd<'_>) -> Option<u64> {
    let mut cookie = 0_u64;
    let mut length = libc::socklen_t::try_from(size_of_val(&cookie)).ok()?;
    // SAFETY: the kernel writes at most `length` bytes, which is the size of `cookie`.
    let answer = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_NETNS_COOKIE,
            (&raw mut cookie).cast(),
            &raw mut length,
        )
    };
    (answer == 0 && cookie != 0).then_some(cookie)
}
