//! The walk of states of both ends, every state of RFC 9293 made to stand still: what would lead out of it is lost on
//! the way.

use std::io;
use std::net::Shutdown;
use std::net::SocketAddrV4;
use std::net::TcpListener;
use std::net::TcpStream;
use std::time::Duration;

use rustix::io::Errno;

use crate::facts::State;
use crate::lab::Course;
use crate::lab::Experiment;
use crate::lab::Verdict;
use crate::lab::system::look;
use crate::lab::system::look::End;
use crate::lab::system::notes::Notes;
use crate::lab::system::side::Cable;
use crate::lab::system::side::SERVER;
use crate::lab::system::side::wait_until;
use crate::lab::system::tcp;
use crate::setting::Version;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "who-closes-first",
    claim: "Whoever closes first gets the TIME_WAIT, client or server; whoever closes second gets none.",
    method: "Two namespaces and a cable. One connection is closed by the client first, one by the server first, one by \
             both at once; segments are lost on purpose, so that every state in between stands still.",
    expected: &[(Version::ZERO, Verdict::Confirmed)],
    proves: &["time-wait", "two-msl", "states", "server-closes-first", "time-wait-harmless"],
    seconds: 5,
    course: Course::Waits,
};

/// A lost segment is sent again after 0.2 s, a lost SYN after a second, and each time later.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn run(notes: &mut Notes) -> io::Result<String> {
    let mut walk = Walk { cable: Cable::lay()?, port: 8081, seen: Vec::new() };
    let (client, server) = walk.open_step_by_step()?;
    walk.close_step_by_step(&client, server)?;
    let client_first = walk.end(notes, "client closes first")?;

    walk.port = 8082;
    let (client, server) = walk.open()?;
    drop(server);
    walk.until(State::CloseWait.into(), State::FinWait2.into())?;
    drop(client);
    walk.until(None, State::TimeWait.into())?;
    let server_first = walk.end(notes, "server closes first")?;

    walk.port = 8083;
    let (client, server) = walk.open()?;
    walk.cable.lose_client(true)?;
    drop(client);
    walk.until(State::FinWait1.into(), State::Established.into())?;
    drop(server);
    walk.until(State::Closing.into(), State::FinWait1.into())?;
    walk.cable.lose_client(false)?;
    walk.until(State::TimeWait.into(), State::TimeWait.into())?;
    let both = walk.end(notes, "both close at once")?;

    let (time_wait, gone) = (Some(State::TimeWait), None);
    notes.claims("a client that closes first gets the TIME_WAIT", client_first == (time_wait, gone));
    notes.claims("a server that closes first gets the TIME_WAIT", server_first == (gone, time_wait));
    notes.claims("both get one where both close at once", both == (time_wait, time_wait));
    Ok("the end that closed first was in TIME_WAIT and the other gone; where both had closed at once, both were"
        .into())
}

/// The states that a connection goes through.
struct Walk {
    cable: Cable,
    port: u16,
    seen: Vec<String>,
}

/// The state of the client's end and of the server's.
type Ends = (Option<State>, Option<State>);

impl Walk {
    fn now(&self) -> io::Result<Ends> {
        let client = self.cable.client.within(|| look::state(End::Client, self.port))?;
        let server = self.cable.server.within(|| look::state(End::Server, self.port))?;
        Ok((client, server))
    }

    /// Waits for these states.
    fn until(&mut self, client: Option<State>, server: Option<State>) -> io::Result<()> {
        let mut now = self.now()?;
        let reached = wait_until(PATIENCE, || {
            now = self.now()?;
            Ok(now == (client, server))
        })?;
        self.seen.push(format!("{}/{}", look::name(now.0), look::name(now.1)));
        if reached {
            return Ok(());
        }
        let (client, server) = (look::name(client), look::name(server));
        Err(io::Error::other(format!(
            "{client}/{server} did not come; the walk was {}",
            self.seen.join(", ")
        )))
    }

    fn listen(&self) -> io::Result<TcpListener> {
        self.cable.server.within(|| TcpListener::bind((SERVER, self.port)))
    }

    fn open(&mut self) -> io::Result<(TcpStream, TcpStream)> {
        let listener = self.listen()?;
        let client = self.cable.client.within(|| TcpStream::connect((SERVER, self.port)))?;
        let (server, _) = listener.accept()?;
        self.until(State::Established.into(), State::Established.into())?;
        Ok((client, server))
    }

    /// Opens a connection, its SYN and the answer to it lost at first.
    fn open_step_by_step(&mut self) -> io::Result<(TcpStream, TcpStream)> {
        let listener = self.listen()?;
        self.seen.push("closed/listen".into());
        self.cable.lose_client(true)?;
        let client = self.cable.client.within(|| {
            let socket = tcp::socket()?;
            rustix::io::ioctl_fionbio(&socket, true)?;
            match rustix::net::connect(&socket, &SocketAddrV4::new(SERVER, self.port)) {
                Ok(()) | Err(Errno::INPROGRESS) => Ok(TcpStream::from(socket)),
                Err(errno) => Err(errno.into()),
            }
        })?;
        self.until(State::SynSent.into(), None)?;
        self.cable.lose_server(true)?;
        self.cable.lose_client(false)?;
        self.until(State::SynSent.into(), State::SynRecv.into())?;
        self.cable.lose_server(false)?;
        self.until(State::Established.into(), State::Established.into())?;
        let (server, _) = listener.accept()?;
        Ok((client, server))
    }

    /// The client closes, then the server, and each FIN is lost at first.
    fn close_step_by_step(&mut self, client: &TcpStream, server: TcpStream) -> io::Result<()> {
        self.cable.lose_client(true)?;
        client.shutdown(Shutdown::Write)?;
        self.until(State::FinWait1.into(), State::Established.into())?;
        self.cable.lose_client(false)?;
        self.until(State::FinWait2.into(), State::CloseWait.into())?;
        self.cable.lose_server(true)?;
        drop(server);
        self.until(State::FinWait2.into(), State::LastAck.into())?;
        self.cable.lose_server(false)?;
        self.until(State::TimeWait.into(), None)
    }

    /// Writes the walk down; the states at its end.
    fn end(&mut self, notes: &mut Notes, how: &str) -> io::Result<Ends> {
        notes.saw(format!("{how} (client/server)"), self.seen.join(", "));
        self.seen.clear();
        self.now()
    }
}
