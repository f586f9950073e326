//! The TCP sockets of a network namespace, counted as they are read: memory grows with the destinations, not with the
//! sockets.

use std::collections::BTreeMap;
use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashSet;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use crate::facts::Address;
use crate::facts::Counts;
use crate::facts::Endpoint;
use crate::facts::Socket;
use crate::facts::State;
use crate::setting::PortRange;

/// The sockets of a network namespace.
///
/// A local port that somebody listens on at that address is the server's side; else one inside the range is the
/// client's; else nobody can tell: the listener may be gone, or the range another one since.
#[derive(Debug)]
pub struct Sockets {
    /// The range that the kernel takes ports from.
    pub range: PortRange,
    /// How many sockets of IPv4 there are in each state.
    pub v4: Counts,
    /// How many of IPv6, those with addresses of IPv4 included.
    pub v6: Counts,
    /// Who waits for connections, and the connections they accepted.
    pub listeners: Vec<Listener>,
    /// Where connections lead that were begun here.
    pub destinations: Vec<Destination>,
    /// Connections of which nobody can tell who began them.
    pub unknown: Counts,
    /// Orphans: closed by their program, and still something to be done.
    pub orphans: Counts,
    /// Connections of which both ends are here: one closed and is gone, an orphan in `FIN_WAIT_2`; the other has not.
    pub half_closed: u32,
    /// Sockets that some process holds, whose process is worth knowing.
    pub held: Vec<Held>,
    /// One end each of connections that may be half closed, by what stands for both ends.
    half: HashSet<u64, RandomState>,
    known: HashTable<u32>,
    hasher: RandomState,
    by_port: BTreeMap<u16, Vec<u32>>,
}

/// A socket that waits for connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Where it listens.
    pub local: Endpoint,
    /// Whether it serves IPv6, and IPv6 only.
    pub family: Family,
    /// How many connections wait to be accepted.
    pub waiting: u32,
    /// How many may.
    pub backlog: u32,
    /// Its number.
    pub inode: u32,
    /// The connections to it, by state.
    pub connections: Counts,
}

/// Which addresses a listener serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Those of IPv4.
    V4,
    /// Those of IPv6.
    V6,
    /// Both.
    Both,
}

/// Where connections lead: each needs a local port of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The local address.
    pub source: Address,
    /// The peer.
    pub peer: Endpoint,
    /// Ports kept by `TIME_WAIT`.
    pub time_wait: u32,
    /// Ports of established connections.
    pub established: u32,
    /// Ports in any other state.
    pub other: u32,
    /// Of all these, the ports of the parity that `connect()` takes last and `bind()` first.
    pub last_parity: u32,
    /// Sockets that set `IP_BIND_ADDRESS_NO_PORT`.
    pub no_port: u32,
    /// Each `TIME_WAIT` of which the kernel told how long it has left; in no order.
    pub waits: Vec<Wait>,
}

/// One `TIME_WAIT`, in two bytes: there can be millions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait(u16);

impl Wait {
    /// One that has so many milliseconds left and keeps a port of the first or the last parity.
    #[must_use]
    pub fn new(left: u32, last_parity: bool) -> Self {
        // To two milliseconds: the kernel's clock ticks every one to ten.
        Self(u16::try_from(left / 2 * 2).unwrap_or(u16::MAX - 1) | u16::from(last_parity))
    }

    /// How many milliseconds it has left.
    #[must_use]
    pub const fn left(self) -> u32 {
        (self.0 & !1) as u32
    }

    /// Whether its port is of the parity that `connect()` takes last and `bind()` first.
    #[must_use]
    pub const fn last_parity(self) -> bool {
        self.0 & 1 == 1
    }
}

impl Destination {
    /// From where to where, as reports name it.
    #[must_use]
    pub fn route(&self) -> String {
        format!("{} -> {}", self.source, self.peer)
    }

    /// How many ports are in use.
    #[must_use]
    pub const fn used(&self) -> u32 {
        self.time_wait.saturating_add(self.held())
    }

    /// How many ports are in use by connections that are not in `TIME_WAIT`.
    #[must_use]
    pub const fn held(&self) -> u32 {
        self.established.saturating_add(self.other)
    }
}

/// A socket that some process holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its number.
    pub inode: u32,
    /// Its state.
    pub state: State,
    /// Whether nothing is queued in it.
    pub idle: bool,
    /// Whose it is.
    pub of: Of,
}

/// What a held socket belongs to, as a place in the lists of [`Sockets`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Of {
    /// A listener, or a connection that it accepted.
    Listener(u32),
    /// A connection to a destination.
    Destination(u32),
    /// Nobody can tell.
    Unknown,
}

impl Sockets {
    /// No sockets yet, in a namespace with this range of ports.
    #[must_use]
    pub fn new(range: PortRange) -> Self {
        Self {
            range,
            v4: Counts::default(),
            v6: Counts::default(),
            listeners: Vec::new(),
            destinations: Vec::new(),
            unknown: Counts::default(),
            orphans: Counts::default(),
            half_closed: 0,
            held: Vec::new(),
            half: HashSet::default(),
            known: HashTable::new(),
            hasher: RandomState::default(),
            by_port: BTreeMap::new(),
        }
    }

    /// How many sockets of both families there are in each state.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.v4.plus(&self.v6)
    }

    /// Counts one socket. Those that listen come first, as the kernel lists them: what comes before its listener is
    /// not recognized as the server's side.
    pub fn add(&mut self, socket: &Socket) {
        let counts = if socket.v6 { &mut self.v6 } else { &mut self.v4 };
        counts.add(socket.state);
        if socket.state == State::Listen {
            self.add_listener(socket);
            return;
        }
        let orphan = matches!(
            socket.state,
            State::FinWait1 | State::FinWait2 | State::Closing | State::LastAck | State::CloseWait
        );
        if orphan && socket.inode == 0 {
            self.orphans.add(socket.state);
        }
        self.pair(socket);
        let of = if let Some(at) = self.listener_of(socket.local) {
            self.listeners[at as usize].connections.add(socket.state);
            Of::Listener(at)
        } else if self.range.contains(socket.local.port) {
            Of::Destination(self.add_connection(socket))
        } else {
            self.unknown.add(socket.state);
            Of::Unknown
        };
        if socket.inode != 0 {
            let idle = socket.receive_queue == 0 && socket.send_queue == 0;
            self.held.push(Held { inode: socket.inode, state: socket.state, idle, of });
        }
    }

    /// Counts a connection that is half closed when the second of its ends comes by.
    fn pair(&mut self, socket: &Socket) {
        let ends = match socket.state {
            State::CloseWait => (socket.remote, socket.local),
            State::FinWait2 if socket.inode == 0 => (socket.local, socket.remote),
            _ => return,
        };
        if !self.half.insert(self.hasher.hash_one(ends)) {
            self.half_closed += 1;
        }
    }

    fn add_listener(&mut self, socket: &Socket) {
        let at = u32::try_from(self.listeners.len()).unwrap_or(u32::MAX);
        let family = match (socket.v6, socket.v6_only) {
            (false, _) => Family::V4,
            (true, Some(true)) => Family::V6,
            (true, _) if socket.local.address.is_any() => Family::Both,
            (true, _) => Family::V6,
        };
        self.listeners.push(Listener {
            local: socket.local,
            family,
            waiting: socket.receive_queue,
            backlog: socket.send_queue,
            inode: socket.inode,
            connections: Counts::default(),
        });
        self.by_port.entry(socket.local.port).or_default().push(at);
        let idle = socket.receive_queue == 0;
        self.held.push(Held { inode: socket.inode, state: State::Listen, idle, of: Of::Listener(at) });
    }

    /// The listener whose connection has this local end.
    fn listener_of(&self, local: Endpoint) -> Option<u32> {
        let candidates = self.by_port.get(&local.port)?;
        candidates.iter().copied().find(|at| self.listeners[*at as usize].serves(local.address))
    }

    /// The destination with this route.
    #[must_use]
    pub fn destination(&self, source: Address, peer: Endpoint) -> Option<&Destination> {
        let hash = self.hasher.hash_one((&source, &peer));
        let at = self.known.find(hash, |at| {
            let known = &self.destinations[*at as usize];
            known.source == source && known.peer == peer
        })?;
        self.destinations.get(*at as usize)
    }

    fn add_connection(&mut self, socket: &Socket) -> u32 {
        let (source, peer) = (socket.local.address, socket.remote);
        let hash = |source: &Address, peer: &Endpoint| self.hasher.hash_one((source, peer));
        let all = &mut self.destinations;
        let entry = self.known.entry(
            hash(&source, &peer),
            |at| all[*at as usize].source == source && all[*at as usize].peer == peer,
            |at| hash(&all[*at as usize].source, &all[*at as usize].peer),
        );
        let at = match entry {
            Entry::Occupied(found) => *found.get(),
            Entry::Vacant(free) => {
                let at = u32::try_from(all.len()).unwrap_or(u32::MAX);
                free.insert(at);
                all.push(Destination {
                    source,
                    peer,
                    time_wait: 0,
                    established: 0,
                    other: 0,
                    last_parity: 0,
                    no_port: 0,
                    waits: Vec::new(),
                });
                at
            }
        };
        let destination = &mut all[at as usize];
        let last_parity = (socket.local.port ^ self.range.low) & 1 == 1;
        match socket.state {
            State::TimeWait => {
                destination.time_wait += 1;
                if let Some(left) = socket.expires {
                    destination.waits.push(Wait::new(left, last_parity));
                }
            }
            State::Established => destination.established += 1,
            _ => destination.other += 1,
        }
        destination.last_parity += u32::from(last_parity);
        if socket.no_port == Some(true) {
            destination.no_port += 1;
        }
        at
    }
}

impl Listener {
    /// Whether a connection whose local address is this one may be its.
    fn serves(&self, address: Address) -> bool {
        let family = match self.family {
            Family::V4 => address.is_v4(),
            Family::V6 => !address.is_v4() || self.local.address.is_v4(),
            Family::Both => true,
        };
        family && (self.local.address.is_any() || self.local.address == address)
    }
}
