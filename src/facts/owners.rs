//! Which processes hold which sockets.

use std::time::Duration;

use crate::facts::Process;

/// Who holds the sockets that were asked for.
#[derive(Clone, Debug, Default)]
pub struct Owners {
    /// The processes that hold any of them, by ascending number.
    pub processes: Vec<Process>,
    /// What could not be looked into, and why.
    pub not_seen: Vec<String>,
    /// By socket.
    holdings: Vec<Holding>,
}

/// One descriptor of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holding {
    /// The socket's number.
    pub inode: u32,
    /// The process, as a place in [`Owners::processes`].
    pub process: u32,
    /// The descriptor's number there.
    pub descriptor: i32,
}

impl Owners {
    /// Puts together what was found.
    #[must_use]
    pub fn new(processes: Vec<Process>, mut holdings: Vec<Holding>) -> Self {
        holdings.sort_unstable();
        Self { processes, holdings, not_seen: Vec::new() }
    }

    /// Every descriptor of a socket that was found.
    #[must_use]
    pub fn of(&self, inode: u32) -> &[Holding] {
        let from = self.holdings.partition_point(|holding| holding.inode < inode);
        let rest = &self.holdings[from..];
        &rest[..rest.iter().take_while(|holding| holding.inode == inode).count()]
    }
}

/// How a program set up a socket, as far as it decides about closing and restarting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own, as the program set it")]
pub struct SocketOptions {
    /// `SO_REUSEADDR`.
    pub reuse_address: bool,
    /// `SO_REUSEPORT`.
    pub reuse_port: bool,
    /// `SO_KEEPALIVE`.
    pub keep_alive: bool,
    /// `SO_LINGER`, where it is on. Zero: closing resets the connection and drops what was not sent.
    pub linger: Option<Duration>,
    /// Whether it waits for connections.
    pub listens: bool,
    /// `IP_BIND_ADDRESS_NO_PORT`; None where the kernel does not have it.
    pub bind_no_port: Option<bool>,
}
