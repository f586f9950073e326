//! The four uses of `SO_REUSEADDR` that textbooks list.

use std::io;
use std::net::Ipv4Addr;
use std::net::SocketAddrV4;
use std::net::UdpSocket;
use std::time::Duration;

use rustix::fd::OwnedFd;
use rustix::net::AddressFamily;
use rustix::net::SocketFlags;
use rustix::net::SocketType;
use rustix::net::sockopt;

use crate::facts::State;
use crate::lab::Course;
use crate::lab::Experiment;
use crate::lab::Verdict;
use crate::lab::system::look;
use crate::lab::system::look::End;
use crate::lab::system::notes::Notes;
use crate::lab::system::side::wait_until;
use crate::lab::system::tcp;
use crate::setting::Version;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "reuseaddr-four-cases",
    claim: "SO_REUSEADDR serves a restart over TIME_WAIT, one port on the wildcard and on a single address, several \
            addresses in one process (which need it not), and exact duplicates for multicast; but on Linux nobody can \
            listen on TCP beside one who listens on the wildcard address.",
    method: "Each case is tried with and without the option.",
    expected: &[(Version::ZERO, Verdict::Confirmed)],
    proves: &["so-reuseaddr"],
    seconds: 1,
    course: Course::Waits,
};

const GROUP: Ipv4Addr = Ipv4Addr::new(239, 255, 0, 1);
const OTHER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn run(notes: &mut Notes) -> io::Result<String> {
    let mut tried = |what: &str, ok: bool, wanted: bool| {
        notes.saw(what, if ok { "works" } else { "fails" });
        notes.claims(format!("{what} {}", if wanted { "works" } else { "fails" }), ok == wanted);
    };
    for reuse in [false, true] {
        let with = if reuse { "with" } else { "without" };
        let restarted = restart(tcp::PORT + u16::from(reuse), reuse)?;
        tried(&format!("1. a restart over TIME_WAIT, {with}"), restarted, reuse);
        let port = tcp::PORT + 10 + u16::from(reuse);
        let wildcard = bound(SocketType::STREAM, SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port), reuse)?;
        let single = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
        let beside = bound(SocketType::STREAM, single, reuse).is_ok();
        tried(&format!("2. bound to the wildcard and to one address, {with}"), beside, reuse);
        rustix::net::listen(&wildcard, 1)?;
        let beside = tcp::listen_with(single, reuse).is_ok();
        tried(&format!("2. listening beside one who listens on the wildcard, {with}"), beside, false);
        let port = tcp::PORT + 20 + u16::from(reuse);
        let _first = tcp::listen_with(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port), reuse)?;
        let other = tcp::listen_with(SocketAddrV4::new(OTHER, port), reuse).is_ok();
        tried(&format!("3. two addresses in one process, {with}"), other, true);
        let heard = multicast(tcp::PORT + 30 + u16::from(reuse), reuse)?;
        tried(&format!("4. the same group and port twice, and both hear, {with}"), heard, reuse);
    }
    Ok("all four work with it, all but the third fail without it, and nobody listened beside a wildcard listener".into())
}

/// Whether a server can be started again over its `TIME_WAIT`.
fn restart(port: u16, reuse: bool) -> io::Result<bool> {
    let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
    let connection = tcp::connect(&tcp::listen_with(address, reuse)?)?;
    drop(connection.server);
    drop(connection.client);
    wait_until(PATIENCE, || Ok(look::state(End::Server, port)? == Some(State::TimeWait)))?;
    Ok(tcp::listen_with(address, reuse).is_ok())
}

fn bound(kind: SocketType, address: SocketAddrV4, reuse: bool) -> io::Result<OwnedFd> {
    let socket = rustix::net::socket_with(AddressFamily::INET, kind, SocketFlags::CLOEXEC, None)?;
    sockopt::set_socket_reuseaddr(&socket, reuse)?;
    rustix::net::bind(&socket, &address)?;
    Ok(socket)
}

/// Whether two sockets can hear the same group on the same port.
fn multicast(port: u16, reuse: bool) -> io::Result<bool> {
    let address = SocketAddrV4::new(GROUP, port);
    let join = || -> io::Result<UdpSocket> {
        let socket = UdpSocket::from(bound(SocketType::DGRAM, address, reuse)?);
        socket.join_multicast_v4(&GROUP, &Ipv4Addr::LOCALHOST)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        Ok(socket)
    };
    let first = join()?;
    let Ok(second) = join() else { return Ok(false) };
    let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    sockopt::set_ip_multicast_if(&sender, &Ipv4Addr::LOCALHOST)?;
    sender.send_to(b"x", address)?;
    let hears = |socket: &UdpSocket| socket.recv(&mut [0; 8]).is_ok_and(|length| length == 1);
    Ok(hears(&first) && hears(&second))
}
