//! One TCP socket, as the kernel tells of it.

use std::fmt;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

/// The state of a TCP socket, numbered as the kernel does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum State {
    /// Both ends may send.
    Established = 1,
    /// Asked for a connection, no answer yet.
    SynSent = 2,
    /// Was asked for a connection and answered.
    SynRecv = 3,
    /// Closed here, the peer has not acknowledged it.
    FinWait1 = 4,
    /// Closed here, and the peer has not closed.
    FinWait2 = 5,
    /// Closed by both, here first; the port is kept for a minute.
    TimeWait = 6,
    /// Closed.
    Close = 7,
    /// The peer has closed, the program here has not.
    CloseWait = 8,
    /// Closed by both, the peer first; the last acknowledgement is missing.
    LastAck = 9,
    /// Waits for connections.
    Listen = 10,
    /// Closed by both at once.
    Closing = 11,
}

/// How many states there are, counting from the number 0 that no state has.
const STATES: usize = 12;

impl State {
    /// All states, as reports list them.
    pub const ALL: [Self; STATES - 1] = [
        Self::Listen,
        Self::SynSent,
        Self::SynRecv,
        Self::Established,
        Self::FinWait1,
        Self::FinWait2,
        Self::TimeWait,
        Self::Closing,
        Self::CloseWait,
        Self::LastAck,
        Self::Close,
    ];

    /// The state that the kernel numbers so.
    #[must_use]
    pub const fn numbered(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Established,
            2 => Self::SynSent,
            // 12 is a connection request that has no socket of its own yet.
            3 | 12 => Self::SynRecv,
            4 => Self::FinWait1,
            5 => Self::FinWait2,
            6 => Self::TimeWait,
            7 => Self::Close,
            8 => Self::CloseWait,
            9 => Self::LastAck,
            10 => Self::Listen,
            11 => Self::Closing,
            _ => return None,
        })
    }

    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Established => "established",
            Self::SynSent => "syn-sent",
            Self::SynRecv => "syn-recv",
            Self::FinWait1 => "fin-wait-1",
            Self::FinWait2 => "fin-wait-2",
            Self::TimeWait => "time-wait",
            Self::Close => "close",
            Self::CloseWait => "close-wait",
            Self::LastAck => "last-ack",
            Self::Listen => "listen",
            Self::Closing => "closing",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How many sockets there are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([u32; STATES]);

impl Counts {
    /// One more.
    pub fn add(&mut self, state: State) {
        let count = &mut self.0[state as usize];
        *count = count.saturating_add(1);
    }

    /// How many are in this state.
    #[must_use]
    pub const fn of(&self, state: State) -> u32 {
        self.0[state as usize]
    }

    /// How many there are.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().map(|count| u64::from(*count)).sum()
    }

    /// The counts of both together.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let mut sum = *self;
        for (mine, theirs) in sum.0.iter_mut().zip(other.0) {
            *mine = mine.saturating_add(theirs);
        }
        sum
    }
}

/// An address of either family. The addresses of IPv4 are those that IPv6 maps them to (`::ffff:192.0.2.1`), which a
/// socket of IPv6 shows them as: both take their ports from the same stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address([u8; 16]);

impl Address {
    /// An address of IPv4.
    #[must_use]
    pub fn v4(octets: [u8; 4]) -> Self {
        Self(Ipv4Addr::from_octets(octets).to_ipv6_mapped().octets())
    }

    /// An address of IPv6.
    #[must_use]
    pub const fn v6(octets: [u8; 16]) -> Self {
        Self(octets)
    }

    /// Whether it is one of IPv4.
    #[must_use]
    pub fn is_v4(self) -> bool {
        self.as_v4().is_some()
    }

    /// Whether it stands for every address of its family.
    #[must_use]
    pub fn is_any(self) -> bool {
        match self.as_v4() {
            Some(address) => address.is_unspecified(),
            None => Ipv6Addr::from_octets(self.0).is_unspecified(),
        }
    }

    /// Whether it never leaves the machine.
    #[must_use]
    pub fn is_loopback(self) -> bool {
        match self.as_v4() {
            Some(address) => address.is_loopback(),
            None => Ipv6Addr::from_octets(self.0).is_loopback(),
        }
    }

    fn as_v4(self) -> Option<Ipv4Addr> {
        Ipv6Addr::from_octets(self.0).to_ipv4_mapped()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_v4() {
            Some(address) => address.fmt(f),
            None => Ipv6Addr::from_octets(self.0).fmt(f),
        }
    }
}

/// An address and a port, as `192.0.2.1:80` or `[2001:db8::1]:80`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// The address.
    pub address: Address,
    /// The port.
    pub port: u16,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = if self.address.is_v4() {
            format!("{}:{}", self.address, self.port)
        } else {
            format!("[{}]:{}", self.address, self.port)
        };
        f.pad(&text)
    }
}

/// One TCP socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Socket {
    /// Whether it is a socket of IPv6; one that is may have addresses of IPv4.
    pub v6: bool,
    /// Its state.
    pub state: State,
    /// Its own address and port.
    pub local: Endpoint,
    /// Its peer's.
    pub remote: Endpoint,
    /// How long it will stay in `TIME_WAIT`, or closed by its program in `FIN_WAIT_2`; in milliseconds.
    pub expires: Option<u32>,
    /// Bytes that its program has not read; of one that listens, connections that it has not accepted.
    pub receive_queue: u32,
    /// Bytes that the peer has not acknowledged; of one that listens, how many may wait to be accepted.
    pub send_queue: u32,
    /// The number by which a process's descriptor names it; 0 where no process has it.
    pub inode: u32,
    /// Whether it serves IPv6 only, where the kernel told.
    pub v6_only: Option<bool>,
    /// Whether `IP_BIND_ADDRESS_NO_PORT` was set, where the kernel told.
    pub no_port: Option<bool>,
}
