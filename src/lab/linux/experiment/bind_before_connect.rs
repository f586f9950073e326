//! What a `bind()` before `connect()` costs.

use std::io;
use std::net::Ipv4Addr;
use std::net::SocketAddrV4;
use std::net::TcpListener;
use std::net::TcpStream;

use crate::lab::Course;
use crate::lab::Experiment;
use crate::lab::Verdict;
use crate::lab::system::notes::Notes;
use crate::lab::system::option;
use crate::lab::system::side::Side;
use crate::lab::system::tcp;
use crate::setting::Version;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "bind-before-connect-exhausts-the-host",
    claim: "A client that calls bind() with port 0 before connect() uses up the ports for all destinations together, and \
            bind() fails with EADDRINUSE; with IP_BIND_ADDRESS_NO_PORT each destination has them all.",
    method: "100 ports and three destinations; clients keep their connections open, in three ways of getting a port.",
    expected: &[(Version::new(4, 2), Verdict::Confirmed)],
    proves: &["ephemeral-ports", "bound-ports-exhaust-host", "net.ipv4.ip_local_port_range"],
    seconds: 1,
    course: Course::Waits,
};

const DESTINATIONS: usize = 3;
const PORTS: usize = 100;

pub(super) fn run(notes: &mut Notes) -> io::Result<String> {
    let mut counts = Vec::new();
    for (way, bind, no_port, wanted, error) in [
        ("connect() alone", false, false, [100, 100, 100], "EADDRNOTAVAIL"),
        ("bind() before connect()", true, false, [100, 0, 0], "EADDRINUSE"),
        ("bind() with IP_BIND_ADDRESS_NO_PORT", true, true, [100, 100, 100], "EADDRNOTAVAIL"),
    ] {
        let (made, failed) = Side::new()?.within(|| hold(bind, no_port))?;
        notes.saw(way, format!("{} + {} + {} connections, then {failed}", made[0], made[1], made[2]));
        notes.claims(format!("{way} gives {} + {} + {}", wanted[0], wanted[1], wanted[2]), made == wanted);
        notes.claims(format!("{way} ends in {error}"), failed == error);
        counts.push(made.iter().sum::<usize>());
    }
    Ok(format!(
        "{PORTS} ports held {} connections to three destinations, {} after bind(), {} with \
                IP_BIND_ADDRESS_NO_PORT",
        counts[0], counts[1], counts[2]
    ))
}

/// How many connections can be held to each destination, and how it ended.
fn hold(bind: bool, no_port: bool) -> io::Result<([usize; DESTINATIONS], String)> {
    crate::lab::system::side::set("net.ipv4.ip_local_port_range", "20000 20099")?;
    let mut made = [0; DESTINATIONS];
    let mut kept = Vec::new();
    let mut failed = String::new();
    for (port, count) in (tcp::PORT..).zip(&mut made) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        while *count < 2 * PORTS {
            match dial(port, bind, no_port) {
                Ok(client) => {
                    kept.push((client, listener.accept()?));
                    *count += 1;
                }
                Err(error) => {
                    failed = tcp::errno_name(&error);
                    break;
                }
            }
        }
    }
    Ok((made, failed))
}

fn dial(port: u16, bind: bool, no_port: bool) -> io::Result<TcpStream> {
    let socket = tcp::socket()?;
    if no_port {
        option::set_bind_address_no_port(&socket)?;
    }
    if bind {
        rustix::net::bind(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0))?;
    }
    rustix::net::connect(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))?;
    Ok(socket.into())
}
