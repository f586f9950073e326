//! Namespaces of one's own.
#![allow(
    unsafe_code,
    reason = "unshare(2) is unsafe in rustix for the sake of CLONE_FILES, which is not used here"
)]

use std::fs::File;
use std::io;
use std::io::Write;

use rustix::io::Errno;
use rustix::mount::MountFlags;
use rustix::mount::MountPropagationFlags;
use rustix::thread::UnshareFlags;

/// Moves this process, which must have a single thread, into namespaces of its own: a network and a mount namespace,
/// and where it may not have these, a user namespace that lets it.
///
/// # Errors
/// It may not.
pub(super) fn leave_the_machine() -> io::Result<()> {
    let own = UnshareFlags::NEWNET | UnshareFlags::NEWNS;
    match unshare(own) {
        Ok(()) => {}
        Err(Errno::PERM) => {
            let (user, group) = (rustix::process::geteuid(), rustix::process::getegid());
            unshare(own | UnshareFlags::NEWUSER)?;
            // A group can be mapped only by who gave up setgroups(2): user_namespaces(7).
            write_to("/proc/self/setgroups", "deny")?;
            write_to("/proc/self/uid_map", &format!("0 {} 1", user.as_raw()))?;
            write_to("/proc/self/gid_map", &format!("0 {} 1", group.as_raw()))?;
        }
        Err(errno) => return Err(errno.into()),
    }
    protect_the_machine()
}

/// A network namespace of its own for the calling thread alone.
pub(super) fn leave_the_network() -> io::Result<()> {
    Ok(unshare(UnshareFlags::NEWNET)?)
}

fn unshare(flags: UnshareFlags) -> Result<(), Errno> {
    // SAFETY: CLONE_FILES is not among the flags of any caller, so no thread loses sight of another's descriptors.
    unsafe { rustix::thread::unshare_unsafe(flags) }
}

/// Root in a network namespace is still the machine's root: below `/proc/sys` everything but `net` would be open for
/// writing. So it is made read-only, in the mount namespace that was just left to us.
fn protect_the_machine() -> io::Result<()> {
    rustix::mount::mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
    rustix::mount::mount_bind_recursive("/proc/sys", "/proc/sys")?;
    rustix::mount::mount_bind_recursive("/proc/sys/net", "/proc/sys/net")?;
    // In a user namespace what is stricter already may not be loosened: so the flags that /proc has anywhere.
    let strict = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    rustix::mount::mount_remount("/proc/sys", MountFlags::BIND | MountFlags::RDONLY | strict, c"")?;
    Ok(())
}

fn write_to(path: &str, text: &str) -> io::Result<()> {
    File::options().write(true).open(path)?.write_all(text.as_bytes())
}
