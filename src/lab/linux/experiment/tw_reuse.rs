//! What `tcp_tw_reuse` does, where, and what it needs.

use std::io;
use std::net::Ipv4Addr;
use std::net::SocketAddrV4;
use std::net::TcpListener;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use crate::lab::Course;
use crate::lab::Experiment;
use crate::lab::Verdict;
use crate::lab::system::notes::Notes;
use crate::lab::system::option;
use crate::lab::system::side::Cable;
use crate::lab::system::side::SERVER;
use crate::lab::system::side::value;
use crate::lab::system::storm::Closer;
use crate::lab::system::storm::Tally;
use crate::lab::system::storm::storm;
use crate::lab::system::tcp;
use crate::setting::Version;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "tw-reuse",
    claim: "net.ipv4.tcp_tw_reuse lets connect() take a port from TIME_WAIT after a second (tcp_tw_reuse_delay): 0 never, \
            1 always, 2, the default, on the loopback interface only; it needs timestamps at both ends, and nothing that \
            was bound before.",
    method: "50 ports and one destination, over loopback and over a cable; clients that close first connect until one \
             fails, and then try on for 3 s. More than 75 connections mean that ports were taken again.",
    expected: &[(Version::new(4, 19), Verdict::Confirmed)],
    proves: &[
        "time-wait",
        "ephemeral-ports",
        "time-wait-exhausts-ports",
        "tw-reuse-without-timestamps",
        "net.ipv4.tcp_tw_reuse",
        "net.ipv4.tcp_tw_reuse_delay",
        "net.ipv4.tcp_timestamps",
    ],
    seconds: 5,
    course: Course::Waits,
};

const PORTS: u64 = 50;
const RANGE: &str = "20000 20049";
/// For so long after the first failure it is tried on.
const ON: Duration = Duration::from_secs(3);

/// What is tried.
#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    loopback: bool,
    reuse: &'static str,
    delay: &'static str,
    timestamps: [&'static str; 2],
    dial: Dial,
    /// Whether ports should be taken again.
    again: bool,
}

/// How a client gets its port.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dial {
    Connect,
    /// `bind()` to an address and port 0 before that.
    Bind,
    /// The same with `IP_BIND_ADDRESS_NO_PORT`.
    BindNoPort,
}

const PLAIN: Case = Case {
    name: "1, cable",
    loopback: false,
    reuse: "1",
    delay: "1000",
    timestamps: ["1", "1"],
    dial: Dial::Connect,
    again: true,
};
const SHORT_DELAY: Case = Case { name: "1, cable, delay 100 ms", delay: "100", ..PLAIN };

const CASES: [Case; 9] = [
    PLAIN,
    Case { name: "0, loopback", loopback: true, reuse: "0", again: false, ..PLAIN },
    Case { name: "0, cable", reuse: "0", again: false, ..PLAIN },
    Case { name: "2, loopback", loopback: true, reuse: "2", ..PLAIN },
    Case { name: "2, cable", reuse: "2", again: false, ..PLAIN },
    Case { name: "1, cable, the client without timestamps", timestamps: ["0", "1"], again: false, ..PLAIN },
    Case { name: "1, cable, the server without timestamps", timestamps: ["1", "0"], again: false, ..PLAIN },
    Case { name: "1, cable, bound before connect()", dial: Dial::Bind, again: false, ..PLAIN },
    Case { name: "1, cable, bound with IP_BIND_ADDRESS_NO_PORT", dial: Dial::BindNoPort, ..PLAIN },
];

pub(super) fn run(notes: &mut Notes) -> io::Result<String> {
    let default = value("net.ipv4.tcp_tw_reuse")?.unwrap_or_default();
    notes.saw("the default", &default);
    notes.claims("the default is 2", default == "2");
    let has_delay = value(DELAY)?.is_some();
    let short_delay = has_delay.then_some(SHORT_DELAY);
    let cases: Vec<Case> = CASES.into_iter().chain(short_delay).collect();
    let tallies: Vec<io::Result<Tally>> = thread::scope(|scope| {
        let running: Vec<_> = cases.iter().map(|case| scope.spawn(|| attempt(*case, has_delay))).collect();
        running
            .into_iter()
            .map(|one| one.join().unwrap_or_else(|_| Err(io::Error::other("broke down"))))
            .collect()
    });
    let mut plain = 0;
    for (case, tally) in cases.iter().zip(tallies) {
        let tally = tally?;
        let count = tally.connections;
        let failure = tally.first_failure.as_ref().map_or_else(
            || "none failed".to_owned(),
            |(before, _, error)| format!("the first failure after {before} ({})", tcp::errno_name(error)),
        );
        notes.saw(case.name, format!("{count} connections, {failure}"));
        let what = if case.again { "ports are taken again" } else { "ports are not taken again" };
        let again = count > PORTS * 3 / 2;
        notes.claims(format!("{what} ({})", case.name), again == case.again);
        if case.name == PLAIN.name {
            plain = count;
        }
        if case.name == SHORT_DELAY.name {
            notes.claims("a shorter delay gives more connections", count > plain * 2);
        }
    }
    if !has_delay {
        notes.saw(DELAY, "absent: the delay is a second");
    }
    Ok(format!(
        "with 1 over a cable {plain} connections went through {PORTS} ports; with 0, with 2, without \
                timestamps at either end, or bound before, about {PORTS} did and then none"
    ))
}

const DELAY: &str = "net.ipv4.tcp_tw_reuse_delay";

/// Tries a case in two namespaces of its own.
fn attempt(case: Case, has_delay: bool) -> io::Result<Tally> {
    let cable = Cable::lay()?;
    let (client, server) = (&cable.client, if case.loopback { &cable.client } else { &cable.server });
    client.set("net.ipv4.tcp_tw_reuse", case.reuse)?;
    client.set("net.ipv4.ip_local_port_range", RANGE)?;
    if has_delay {
        client.set(DELAY, case.delay)?;
    }
    client.set("net.ipv4.tcp_timestamps", case.timestamps[0])?;
    cable.server.set("net.ipv4.tcp_timestamps", case.timestamps[1])?;
    let address = if case.loopback { Ipv4Addr::LOCALHOST } else { SERVER };
    let address = SocketAddrV4::new(address, tcp::PORT);
    let listener = server.within(|| TcpListener::bind(address))?;
    let dial = |_| match case.dial {
        Dial::Connect => TcpStream::connect(address),
        Dial::Bind | Dial::BindNoPort => {
            let socket = tcp::socket()?;
            if case.dial == Dial::BindNoPort {
                option::set_bind_address_no_port(&socket)?;
            }
            rustix::net::bind(&socket, &SocketAddrV4::new(crate::lab::system::side::CLIENT, 0))?;
            rustix::net::connect(&socket, &address)?;
            Ok(socket.into())
        }
    };
    let go_on = |tally: &Tally| match tally.first_failure {
        Some((_, at, _)) => tally.elapsed < at + ON,
        None => tally.connections < 100 * PORTS,
    };
    client.within(|| storm(&listener, Closer::Client, dial, go_on))
}
