//! Binding a port again closes nothing.

use std::io;
use std::net::Ipv4Addr;
use std::net::SocketAddrV4;
use std::net::TcpStream;
use std::time::Duration;

use crate::facts::State;
use crate::lab::Course;
use crate::lab::Experiment;
use crate::lab::Verdict;
use crate::lab::system::look;
use crate::lab::system::look::End;
use crate::lab::system::notes::Notes;
use crate::lab::system::side::wait_until;
use crate::lab::system::tcp;
use crate::lab::system::tcp::Connection;
use crate::setting::Version;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "reuseaddr-does-not-cure-close-wait",
    claim: "SO_REUSEADDR does not cure CLOSE_WAIT, and keeps no client from new ports: the port can be bound again, and \
            the leak stays.",
    method: "Five connections are left in CLOSE_WAIT and their listener closed; the port is bound again with \
             SO_REUSEADDR. Then a client that sets it connects ten times.",
    expected: &[(Version::ZERO, Verdict::Confirmed)],
    proves: &["so-reuseaddr", "close-wait", "close-wait-leak"],
    seconds: 3,
    course: Course::Waits,
};

const COUNT: usize = 5;
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn run(notes: &mut Notes) -> io::Result<String> {
    let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, tcp::PORT);
    let listener = tcp::listen_with(address, true)?;
    let connections: Vec<Connection> =
        (0..COUNT).map(|_| tcp::connect(&listener)).collect::<io::Result<_>>()?;
    drop(listener);
    // The clients' ends are closed, the servers' are kept.
    let kept: Vec<TcpStream> = connections.into_iter().map(|connection| connection.server).collect();
    let count = || look::count(End::Server, tcp::PORT, State::CloseWait);
    wait_until(PATIENCE, || Ok(count()? == COUNT))?;
    let before = count()?;
    let again = tcp::listen_with(address, true);
    std::thread::sleep(Duration::from_secs(2));
    let after = count()?;
    drop(kept);

    let ports = client_ports(&tcp::listen(tcp::PORT + 1)?)?;
    notes.saw("CLOSE_WAIT", before);
    notes.saw("binding the port again with SO_REUSEADDR", tcp::outcome(&again));
    notes.saw("CLOSE_WAIT two seconds later", after);
    notes.saw("local ports of ten connections of a client with SO_REUSEADDR", ports);
    notes.claims("the port can be bound again", again.is_ok());
    notes.claims("the CLOSE_WAITs stay", before == COUNT && after == COUNT);
    notes.claims("a client goes on to new ports", ports == 10);
    Ok(format!(
        "the port was bound again and {after} of {before} CLOSE_WAITs stayed; ten connections took {ports} ports"
    ))
}

/// How many different ports a client takes that sets the option and connects ten times.
fn client_ports(listener: &std::net::TcpListener) -> io::Result<usize> {
    let std::net::SocketAddr::V4(address) = listener.local_addr()? else { return Ok(0) };
    let mut ports = Vec::new();
    for _ in 0..10 {
        let socket = tcp::socket()?;
        rustix::net::sockopt::set_socket_reuseaddr(&socket, true)?;
        rustix::net::connect(&socket, &address)?;
        let client = TcpStream::from(socket);
        let (server, _) = listener.accept()?;
        ports.push(client.local_addr()?.port());
        drop(client);
        drop(server);
    }
    ports.sort_unstable();
    ports.dedup();
    Ok(ports.len())
}
