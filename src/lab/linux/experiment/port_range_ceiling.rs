//! How many connections a port range is good for.

use std::io;
use std::net::Ipv4Addr;
use std::net::SocketAddrV4;
use std::net::TcpListener;
use std::net::TcpStream;
use std::time::Duration;
use std::time::Instant;

use crate::lab::Course;
use crate::lab::Experiment;
use crate::lab::Verdict;
use crate::lab::system::notes::Notes;
use crate::lab::system::option;
use crate::lab::system::side::Cable;
use crate::lab::system::side::SERVER;
use crate::lab::system::side::wait_until;
use crate::lab::system::storm::Closer;
use crate::lab::system::storm::Tally;
use crate::lab::system::storm::storm;
use crate::lab::system::tcp;
use crate::setting::Version;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "port-range-sets-the-ceiling",
    claim: "The ports of net.ipv4.ip_local_port_range are how many connections a minute can be closed first to one \
            address and port; then connect() fails with EADDRNOTAVAIL until a TIME_WAIT ends, while other destinations \
            and other sources have as many again.",
    method: "Clients that close first connect over a cable until one fails: with 100 ports and with 300, then to another \
             port, to another address and from another source; then the first is tried until it works again.",
    expected: &[(Version::ZERO, Verdict::Confirmed)],
    proves: &["time-wait", "ephemeral-ports", "time-wait-exhausts-ports", "net.ipv4.ip_local_port_range"],
    seconds: 62,
    course: Course::Waits,
};

const OTHER_SERVER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 4);
const OTHER_CLIENT: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 3);

pub(super) fn run(notes: &mut Notes) -> io::Result<String> {
    let cable = Cable::lay()?;
    cable.add_server(OTHER_SERVER)?;
    cable.add_client(OTHER_CLIENT)?;
    let wildcard = |port| cable.server.within(|| TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)));
    let listeners = [wildcard(tcp::PORT)?, wildcard(tcp::PORT + 1)?];
    let begun = Instant::now();
    cable.client.set("net.ipv4.ip_local_port_range", "20000 20099")?;
    let first = SocketAddrV4::new(SERVER, tcp::PORT);
    let cases = [
        ("100 ports", None, first),
        ("another port of the server", None, SocketAddrV4::new(SERVER, tcp::PORT + 1)),
        ("another address of the server", None, SocketAddrV4::new(OTHER_SERVER, tcp::PORT)),
        ("another address of the client", Some(OTHER_CLIENT), first),
    ];
    let mut until_failure = 0;
    for (case, source, to) in cases {
        let listener = &listeners[usize::from(to.port() != tcp::PORT)];
        let count = try_until_failure(&cable, listener, notes, case, source, to)?;
        notes.claims(format!("about 100 connections ({case})"), about(count, 100));
        if case == "100 ports" {
            until_failure = count;
        }
    }
    let again = |limit| {
        let works = || Ok(cable.client.within(|| TcpStream::connect(first)).is_ok());
        wait_until(limit, works)
    };
    notes.claims("it is over for a minute", !again(Duration::from_secs(20))?);
    let freed = again(Duration::from_mins(2))?;
    let waited = begun.elapsed().as_secs_f64();
    notes.saw(
        "the first destination again",
        if freed { format!("after {waited:.1} s") } else { "never".into() },
    );
    notes.claims("a port is free again after 60 s", (59.0..68.0).contains(&waited));
    cable.client.set("net.ipv4.ip_local_port_range", "30000 30299")?;
    let count = try_until_failure(&cable, &listeners[0], notes, "300 ports", None, first)?;
    notes.claims("about 300 connections with 300 ports", about(count, 300));
    Ok(format!(
        "100 ports gave {until_failure} connections, 300 gave {count}, and the first port was free again after \
                {waited:.1} s"
    ))
}

/// A reset may free a few ports sooner.
fn about(count: u64, ports: u64) -> bool {
    (ports..ports + ports / 3).contains(&count)
}

fn try_until_failure(
    cable: &Cable,
    listener: &TcpListener,
    notes: &mut Notes,
    case: &str,
    source: Option<Ipv4Addr>,
    to: SocketAddrV4,
) -> io::Result<u64> {
    let dial = |_| {
        let socket = tcp::socket()?;
        if let Some(source) = source {
            option::set_bind_address_no_port(&socket)?;
            rustix::net::bind(&socket, &SocketAddrV4::new(source, 0))?;
        }
        rustix::net::connect(&socket, &to)?;
        Ok(socket.into())
    };
    let go_on = |tally: &Tally| tally.failures == 0 && tally.connections < 2000;
    let tally = cable.client.within(|| storm(listener, Closer::Client, dial, go_on))?;
    let how = tally
        .first_failure
        .as_ref()
        .map_or_else(|| "no failure".into(), |(_, _, error)| tcp::errno_name(error));
    notes.saw(case, format!("{} connections, then {how}", tally.connections));
    notes.claims(format!("connect() ends in EADDRNOTAVAIL ({case})"), how == "EADDRNOTAVAIL");
    Ok(tally.connections)
}
