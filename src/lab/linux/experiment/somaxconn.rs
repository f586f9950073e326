//! What `somaxconn` does to `listen()`.

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
use crate::lab::system::side::set;
use crate::lab::system::tcp;
use crate::observe;
use crate::setting::Version;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "somaxconn-caps-listen",
    claim: "net.core.somaxconn silently caps what a program asks of listen(), and a running server keeps what it got.",
    method: "With somaxconn 3 a server asks for 100; ten clients connect while it accepts nothing. Then somaxconn is \
             4096, and the server is asked again to listen.",
    expected: &[(Version::ZERO, Verdict::Confirmed)],
    proves: &["listen-queue", "backlog-clipped", "listen-queue-overflows", "net.core.somaxconn"],
    seconds: 2,
    course: Course::Waits,
};

pub(super) fn run(notes: &mut Notes) -> io::Result<String> {
    set("net.core.somaxconn", "3")?;
    let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, tcp::PORT);
    let listener = tcp::socket()?;
    rustix::net::bind(&listener, &address)?;
    rustix::net::listen(&listener, 100)?;
    let capped = backlog()?;
    let before = look::counter("TcpExt.ListenOverflows");
    let clients: Vec<TcpStream> = (0..10)
        .filter_map(|_| TcpStream::connect_timeout(&address.into(), Duration::from_millis(200)).ok())
        .collect();
    let waiting = look::count(End::Server, tcp::PORT, State::Established)?;
    let overflows = look::counter("TcpExt.ListenOverflows") - before;
    set("net.core.somaxconn", "4096")?;
    let kept = backlog()?;
    rustix::net::listen(&listener, 100)?;
    let again = backlog()?;
    notes.saw("backlog of listen(100) with somaxconn 3", capped);
    notes.saw("connections that fitted", waiting);
    notes.saw("clients that were let in", clients.len());
    notes.saw("ListenOverflows", format!("+{overflows}"));
    notes.saw("backlog when somaxconn is 4096", kept);
    notes.saw("backlog after another listen(100)", again);
    notes.claims("listen(100) got 3", capped == 3);
    notes.claims("one more than the backlog fits", waiting == 4);
    notes.claims("the others overflow", overflows > 0);
    notes.claims("a running server keeps what it got", kept == 3);
    notes.claims("listening again takes the new limit", again == 100);
    Ok(format!(
        "listen(100) got {capped}, {waiting} connections fitted, and only another listen() took the new limit"
    ))
}

/// How many connections may wait, as the kernel tells of the only listener.
fn backlog() -> io::Result<u32> {
    let mut backlog = 0;
    observe::network::each_socket(&mut |socket| {
        if socket.state == State::Listen {
            backlog = socket.send_queue;
        }
    })?;
    Ok(backlog)
}
