//! The loads that show what a profile does: short connections at full speed, and many at once.

use std::io;
use std::net::Ipv4Addr;
use std::net::SocketAddrV4;
use std::net::TcpListener;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::process::Resource;

use crate::facts::State;
use crate::lab::Workload;
use crate::lab::system::look;
use crate::lab::system::look::End;
use crate::lab::system::side::Cable;
use crate::lab::system::side::SERVER;
use crate::lab::system::side::set;
use crate::lab::system::side::value;
use crate::lab::system::storm::Closer;
use crate::lab::system::storm::rate;
use crate::lab::system::storm::storm;
use crate::lab::system::task::Figures;
use crate::lab::system::tcp;

/// For so long connections are made as fast as they can be had.
const TIME: Duration = Duration::from_secs(20);
/// As many destinations as a small cluster has.
const DESTINATIONS: [Ipv4Addr; 4] =
    [SERVER, Ipv4Addr::new(192, 0, 2, 11), Ipv4Addr::new(192, 0, 2, 12), Ipv4Addr::new(192, 0, 2, 13)];
/// So many clients come at once, unless this process may not have as many descriptors.
const BURST: u64 = 6000;
/// For so long the server accepts nothing: a pause of a busy program.
const PAUSE: Duration = Duration::from_millis(200);
/// Who is not in by then was dropped, and asks again after a second.
const GRACE: Duration = Duration::from_millis(900);

/// Puts a load on two new namespaces with these settings.
pub(super) fn measure(workload: Workload, settings: &[(String, String)]) -> io::Result<Figures> {
    let cable = Cable::lay()?;
    let untried = cable.client.within(|| Ok(set_all(settings)))?;
    cable.server.within(|| Ok(set_all(settings)))?;
    let figures = match workload {
        Workload::OneDestination => short_connections(&cable, &DESTINATIONS[..1]),
        Workload::SeveralDestinations => short_connections(&cable, &DESTINATIONS),
        Workload::AcceptBurst => burst(&cable),
    };
    Ok(Figures { untried, ..figures? })
}

/// Sets what can be set in a namespace; the others are named.
fn set_all(settings: &[(String, String)]) -> Vec<String> {
    // Some values are refused until another is there, so all of them are tried again.
    for _ in 0..2 {
        for (key, wanted) in settings {
            if value(key).ok().flatten().as_ref() != Some(wanted) {
                // What it came to is looked at below.
                let _ = set(key, wanted);
            }
        }
    }
    let differs = |key: &str, wanted: &str| value(key).ok().flatten().as_deref() != Some(wanted);
    settings.iter().filter(|(key, wanted)| differs(key, wanted)).map(|(key, _)| key.clone()).collect()
}

/// Clients that close first connect one after another to these addresses in turn.
fn short_connections(cable: &Cable, destinations: &[Ipv4Addr]) -> io::Result<Figures> {
    for address in destinations.iter().filter(|address| **address != SERVER) {
        cable.add_server(*address)?;
    }
    let listener = cable.server.within(|| TcpListener::bind((Ipv4Addr::UNSPECIFIED, tcp::PORT)))?;
    let mut in_turn = destinations.iter().cycle();
    let mut half = None;
    let dial = |_| {
        let address = in_turn.next().copied().unwrap_or(SERVER);
        TcpStream::connect((address, tcp::PORT))
    };
    let tally = cable.client.within(|| {
        storm(&listener, Closer::Client, dial, |tally| {
            if tally.elapsed >= TIME / 2 {
                half.get_or_insert((tally.connections, tally.elapsed));
            }
            tally.elapsed < TIME
        })
    })?;
    let (connections, elapsed) = half.unwrap_or_default();
    let until = tally.first_failure.as_ref().map(|(count, at, _)| (*count, *at));
    let (count, time) = until.unwrap_or((tally.connections, tally.elapsed));
    Ok(Figures {
        connections: tally.connections,
        milliseconds: milliseconds(tally.elapsed),
        until_failure: until.map(|(count, _)| count),
        rate_until_failure: rate(count, time),
        sustained_rate: rate(tally.connections - connections, tally.elapsed.saturating_sub(elapsed)),
        failures: tally.failures,
        time_wait: cable.client.within(|| look::count(End::Client, tcp::PORT, State::TimeWait))? as u64,
        untried: Vec::new(),
    })
}

/// Many clients come at once, while the server accepts nothing for a moment.
fn burst(cable: &Cable) -> io::Result<Figures> {
    // Some for what else is open.
    let allowed = rustix::process::getrlimit(Resource::Nofile).current.unwrap_or(BURST * 3) / 2;
    let clients = BURST.min(allowed.saturating_sub(64));
    let address = SocketAddrV4::new(SERVER, tcp::PORT);
    let listener = cable.server.within(|| {
        let socket = tcp::socket()?;
        rustix::net::bind(&socket, &address)?;
        // As much as the settings let it have.
        rustix::net::listen(&socket, i32::MAX)?;
        Ok(TcpListener::from(socket))
    })?;
    let begun = Instant::now();
    let mut failures = 0;
    let mut kept: Vec<OwnedFd> = Vec::new();
    cable.client.within(|| {
        for _ in 0..clients {
            let socket = tcp::socket()?;
            rustix::io::ioctl_fionbio(&socket, true)?;
            match rustix::net::connect(&socket, &address) {
                Ok(()) | Err(Errno::INPROGRESS) => kept.push(socket),
                Err(_) => failures += 1,
            }
        }
        Ok(())
    })?;
    let sent = begun.elapsed();
    thread::sleep(PAUSE);
    listener.set_nonblocking(true)?;
    let mut accepted = Vec::new();
    while begun.elapsed() < sent + GRACE && (accepted.len() as u64) < clients {
        match listener.accept() {
            Ok((stream, _)) => accepted.push(stream),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                thread::sleep(Duration::from_millis(1));
            }
            Err(error) => return Err(error),
        }
    }
    let (connections, elapsed) = (accepted.len() as u64, begun.elapsed());
    let failures = failures + (kept.len() as u64).saturating_sub(connections);
    Ok(Figures {
        connections,
        milliseconds: milliseconds(elapsed),
        until_failure: (failures > 0).then_some(connections),
        rate_until_failure: rate(connections, elapsed),
        sustained_rate: rate(connections, elapsed),
        failures,
        time_wait: 0,
        untried: Vec::new(),
    })
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
