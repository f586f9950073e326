//! One side of an experiment: a network namespace with its own settings, sockets and counters.

use std::fs::File;
use std::io;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use rustix::fd::AsFd;
use rustix::thread::LinkNameSpaceType;

use crate::facts::LiveState;
use crate::lab::system::namespace;
use crate::lab::system::rtnetlink;
use crate::lab::system::rtnetlink::CABLE;
use crate::lab::system::rtnetlink::LOOPBACK;
use crate::lab::system::rtnetlink::Mac;
use crate::platform::Platform;
use crate::platform::linux::Procfs;
use crate::setting::Key;

/// The addresses at the ends of a cable: 192.0.2.0/24 belongs to nobody (RFC 5737).
pub(super) const CLIENT: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
pub(super) const SERVER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);

const CLIENT_MAC: Mac = [2, 0, 0, 0, 0, 1];
const SERVER_MAC: Mac = [2, 0, 0, 0, 0, 2];
/// Nobody's: what is sent there is lost.
const NOWHERE: Mac = [2, 0, 0, 0, 0, 9];

/// A network namespace that was made for an experiment.
pub(super) struct Side {
    namespace: File,
}

/// Two sides and the cable between them.
pub(super) struct Cable {
    pub(super) client: Side,
    pub(super) server: Side,
}

impl Side {
    /// The one that the calling thread is in.
    pub(super) fn here() -> io::Result<Self> {
        Ok(Self { namespace: File::open("/proc/thread-self/ns/net")? })
    }

    /// A new one, its loopback interface up.
    pub(super) fn new() -> io::Result<Self> {
        let home = Self::here()?;
        namespace::leave_the_network()?;
        let made = rtnetlink::switch(LOOPBACK, true).and_then(|()| Self::here());
        home.go()?;
        made
    }

    /// Moves the calling thread here for good.
    pub(super) fn go(&self) -> io::Result<()> {
        let network = Some(LinkNameSpaceType::Network);
        Ok(rustix::thread::move_into_link_name_space(self.namespace.as_fd(), network)?)
    }

    /// Does something here: sockets belong to the namespace in which they are made.
    pub(super) fn within<T>(&self, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let home = Self::here()?;
        self.go()?;
        let done = work();
        home.go()?;
        done
    }

    /// Sets a setting here.
    pub(super) fn set(&self, key: &str, value: &str) -> io::Result<()> {
        self.within(|| set(key, value))
    }
}

impl Cable {
    /// Lays one between two new sides. Whoever is at the other end is known for good, so nothing is ever asked for.
    pub(super) fn lay() -> io::Result<Self> {
        let cable = Self { client: Side::new()?, server: Side::new()? };
        cable.client.within(|| {
            rtnetlink::lay_cable(CLIENT_MAC, SERVER_MAC, cable.server.namespace.as_fd())?;
            rtnetlink::add_address(CABLE, CLIENT, 24)?;
            rtnetlink::switch(CABLE, true)?;
            rtnetlink::set_neighbour(SERVER, SERVER_MAC)
        })?;
        cable.server.within(|| {
            rtnetlink::add_address(CABLE, SERVER, 24)?;
            rtnetlink::switch(CABLE, true)?;
            rtnetlink::set_neighbour(CLIENT, CLIENT_MAC)
        })?;
        // An acknowledgement that crosses a close is answered with RST, which would end a TIME_WAIT now and then.
        cable.client.set("net.ipv4.tcp_rfc1337", "1")?;
        cable.server.set("net.ipv4.tcp_rfc1337", "1")?;
        Ok(cable)
    }

    /// Gives the client's end one more address.
    pub(super) fn add_client(&self, address: Ipv4Addr) -> io::Result<()> {
        self.client.within(|| rtnetlink::add_address(CABLE, address, 24))?;
        self.server.within(|| rtnetlink::set_neighbour(address, CLIENT_MAC))
    }

    /// Gives the server's end one more address.
    pub(super) fn add_server(&self, address: Ipv4Addr) -> io::Result<()> {
        self.server.within(|| rtnetlink::add_address(CABLE, address, 24))?;
        self.client.within(|| rtnetlink::set_neighbour(address, SERVER_MAC))
    }

    /// Loses all that the client sends, or no longer does.
    pub(super) fn lose_client(&self, lose: bool) -> io::Result<()> {
        let mac = if lose { NOWHERE } else { SERVER_MAC };
        self.client.within(|| rtnetlink::set_neighbour(SERVER, mac))
    }

    /// Loses all that the server sends, or no longer does.
    pub(super) fn lose_server(&self, lose: bool) -> io::Result<()> {
        let mac = if lose { NOWHERE } else { CLIENT_MAC };
        self.server.within(|| rtnetlink::set_neighbour(CLIENT, mac))
    }
}

/// Sets a setting of the calling thread's namespace, which is never the machine's own.
pub(super) fn set(key: &str, value: &str) -> io::Result<()> {
    let platform = settings()?;
    if platform.is_initial() {
        return Err(io::Error::other("this is the machine's own namespace"));
    }
    let refused = |error: crate::platform::PlatformError| io::Error::other(error.to_string());
    let key = key_of(key)?;
    platform.open(&key).map_err(refused)?.write(Some(value)).map_err(refused)
}

/// The value of a setting of the calling thread's namespace; None where this kernel does not have it.
pub(super) fn value(key: &str) -> io::Result<Option<String>> {
    match settings()?.read(&key_of(key)?) {
        LiveState::Present(value) => Ok(Some(value)),
        LiveState::Absent => Ok(None),
        LiveState::Unreadable(why) | LiveState::Unknown(why) => {
            Err(io::Error::other(format!("{key}: {why}")))
        }
    }
}

fn settings() -> io::Result<Procfs> {
    Procfs::open(Path::new("/proc/sys"))
}

fn key_of(key: &str) -> io::Result<Key> {
    Key::parse(key).map_err(io::Error::other)
}

/// Waits until something holds, or the time is over; tells whether it does.
pub(super) fn wait_until(limit: Duration, mut holds: impl FnMut() -> io::Result<bool>) -> io::Result<bool> {
    let begun = std::time::Instant::now();
    loop {
        if holds()? {
            return Ok(true);
        }
        if begun.elapsed() > limit {
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
