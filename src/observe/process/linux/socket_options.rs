//! How running programs set up their sockets, asked of the sockets themselves: a descriptor is duplicated
//! (`pidfd_getfd(2)`), asked, and closed before the next one.

use rustix::fd::AsFd;
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::sockopt;
use rustix::process::Pid;
use rustix::process::PidfdFlags;
use rustix::process::PidfdGetfdFlags;

use crate::facts::Holding;
use crate::facts::Owners;
use crate::facts::SocketOptions;
use crate::observe::process::bind_no_port::bind_no_port;

/// The options of some sockets.
#[derive(Debug, Default)]
pub struct OptionsLook {
    /// What was found, with the socket's number, in the order in which they were asked for.
    pub found: Vec<(u32, SocketOptions)>,
    /// What could not be looked into, and why.
    pub not_seen: Vec<String>,
}

/// Looks at the options of sockets whose owners are known. One that is closed meanwhile is left out.
///
/// `idle` are sockets that nothing was queued in when they were looked at: a duplicate holds up the owner's close
/// for as long as it is there, and data that is still to be sent, or a connection to be accepted, would wait with it.
#[must_use]
pub fn socket_options(owners: &Owners, idle: impl IntoIterator<Item = u32>) -> OptionsLook {
    let mut look = OptionsLook::default();
    let mut process: Option<(u32, Result<OwnedFd, Errno>)> = None;
    let (mut closed, mut why) = (0_usize, Errno::PERM);
    for inode in idle {
        let Some(holding) = owners.of(inode).first() else { continue };
        // Sockets of one process mostly stand side by side.
        if process.as_ref().is_none_or(|(of, _)| *of != holding.process) {
            process = Some((holding.process, open(owners.processes[holding.process as usize].pid)));
        }
        let Some((_, opened)) = &process else { continue };
        match opened.as_ref().map_err(|error| *error).and_then(|process| options(process, holding)) {
            Ok(options) => look.found.push((inode, options)),
            Err(Errno::SRCH | Errno::BADF) => {}
            Err(error) => (closed, why) = (closed + 1, error),
        }
    }
    if closed > 0 {
        let sockets = if closed == 1 { "1 socket" } else { &format!("{closed} sockets") };
        let reason = match why {
            Errno::PERM | Errno::ACCESS if rustix::process::geteuid().is_root() => {
                "not permitted here (not even root may: a container forbids it)".into()
            }
            Errno::PERM | Errno::ACCESS => {
                "not permitted here (root may, unless a container forbids it)".into()
            }
            Errno::NOSYS => "needs Linux 5.6".into(),
            other => std::io::Error::from(other).to_string(),
        };
        look.not_seen.push(format!("the options of {sockets}: {reason}"));
    }
    look
}

fn open(pid: u32) -> Result<OwnedFd, Errno> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(Errno::SRCH)?;
    rustix::process::pidfd_open(pid, PidfdFlags::empty())
}

fn options(process: &OwnedFd, holding: &Holding) -> Result<SocketOptions, Errno> {
    let socket = rustix::process::pidfd_getfd(process, holding.descriptor, PidfdGetfdFlags::empty())?;
    // The number may stand for something else by now.
    if u32::try_from(rustix::fs::fstat(&socket)?.st_ino) != Ok(holding.inode) {
        return Err(Errno::BADF);
    }
    Ok(SocketOptions {
        reuse_address: sockopt::socket_reuseaddr(&socket)?,
        reuse_port: sockopt::socket_reuseport(&socket)?,
        keep_alive: sockopt::socket_keepalive(&socket)?,
        linger: sockopt::socket_linger(&socket)?,
        listens: sockopt::socket_acceptconn(&socket)?,
        bind_no_port: bind_no_port(socket.as_fd()),
    })
}
