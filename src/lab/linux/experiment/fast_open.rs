//! TCP Fast Open, what became of T/TCP's promises.

use std::io;
use std::io::Read;
use std::io::Write;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::time::Duration;

use crate::facts::State;
use crate::lab::Course;
use crate::lab::Experiment;
use crate::lab::Verdict;
use crate::lab::system::look;
use crate::lab::system::look::End;
use crate::lab::system::notes::Notes;
use crate::lab::system::option;
use crate::lab::system::side::set;
use crate::lab::system::side::wait_until;
use crate::lab::system::tcp;
use crate::lab::system::wire;
use crate::lab::system::wire::Segment;
use crate::lab::system::wire::Wire;
use crate::setting::Version;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "fast-open",
    claim: "TCP Fast Open, which did what T/TCP promised, sends data with the SYN once server and client both ask for it; \
            it does not shorten TIME_WAIT.",
    method: "With tcp_fastopen 3 a client connects twice to a server, both with the option: the first time for the cookie. \
             Then to a server without the option, and with tcp_fastopen 1. The SYN is looked at, and whether the server \
             took what was in it.",
    expected: &[(Version::new(4, 11), Verdict::Confirmed)],
    proves: &["tcp-fast-open", "net.ipv4.tcp_fastopen"],
    seconds: 1,
    course: Course::Waits,
};

const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn run(notes: &mut Notes) -> io::Result<String> {
    set("net.ipv4.tcp_fastopen", "3")?;
    let asking = tcp::listen(tcp::PORT)?;
    option::set_fast_open(&asking, 16)?;
    let silent = tcp::listen(tcp::PORT + 1)?;
    let first = taken_with_syn(notes, "first connection", &asking)?;
    let second = taken_with_syn(notes, "second connection", &asking)?;
    let without_server = taken_with_syn(notes, "the server's program did not ask", &silent)?;
    set("net.ipv4.tcp_fastopen", "1")?;
    let client_only = taken_with_syn(notes, "with tcp_fastopen 1, a client's alone", &asking)?;
    let left = look::sockets(End::Client, tcp::PORT)?;
    let time_wait: Vec<_> = left.iter().filter(|socket| socket.state == State::TimeWait).collect();
    let longest = time_wait.iter().filter_map(|socket| socket.expires).max().unwrap_or_default();
    notes.saw("TIME_WAIT afterwards", time_wait.len());
    notes.saw("which lasts for another", format!("{:.1} s", f64::from(longest) / 1000.0));
    notes.claims("the first connection fetches the cookie", !first);
    notes.claims("the second sends data with the SYN", second);
    notes.claims("the server's program has to ask", !without_server);
    notes.claims("the server's setting has to allow it", !client_only);
    notes.claims("TIME_WAIT is as long as ever", time_wait.len() == 3 && longest > 50_000);
    Ok("data went with the SYN where both programs and the setting asked for it, and each connection left a TIME_WAIT of \
        60 s"
        .into())
}

/// Whether a client's data went with its SYN and was taken. The client closes first.
fn taken_with_syn(notes: &mut Notes, case: &str, listener: &TcpListener) -> io::Result<bool> {
    let SocketAddr::V4(address) = listener.local_addr()? else { return Ok(false) };
    let socket = tcp::socket()?;
    option::set_fast_open_connect(&socket)?;
    let taken = || look::counter("TcpExt.TCPFastOpenPassive");
    let (wire, before) = (Wire::tap()?, taken());
    rustix::net::connect(&socket, &address)?;
    let mut client = TcpStream::from(socket);
    client.write_all(b"data")?;
    let (mut server, _) = listener.accept()?;
    server.read_exact(&mut [0; 4])?;
    let port = client.local_addr()?.port();
    let segments = wire.segments(port)?;
    let syn = segments.iter().find(|segment| segment.is_syn() && segment.from == port);
    drop(client);
    drop(server);
    let gone = || Ok(look::sockets(End::Server, address.port())?.is_empty());
    wait_until(PATIENCE, gone)?;
    let taken = taken() > before;
    notes.saw(case, format!("sent {}, {}", wire::listed(syn), if taken { "taken" } else { "not taken" }));
    Ok(taken && syn.is_some_and(|syn: &Segment| syn.data > 0))
}
