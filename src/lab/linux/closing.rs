//! One close, looked at closely.

use std::io;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use crate::facts::State;
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

/// What lies in the send buffer of the client that closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Buffer {
    /// Nothing was ever sent.
    Empty,
    /// As much as it takes, while the peer reads nothing.
    Full,
}

/// How a connection is closed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    /// `SO_LINGER`: on or off, and its seconds; None leaves it alone.
    pub(super) linger: Option<(bool, i32)>,
    pub(super) buffer: Buffer,
    pub(super) nonblocking: bool,
    /// The peer begins to read that long after the close began; None is after it ended.
    pub(super) peer_reads_after: Option<Duration>,
}

/// What was seen of a close.
#[derive(Debug)]
pub(super) struct Closing {
    /// How long `close()` took, and what it answered.
    pub(super) took: Duration,
    pub(super) answer: io::Result<()>,
    /// What ended the connection on the client's part: FIN or RST.
    pub(super) sent: Vec<Segment>,
    /// Bytes that the program had handed over, and that the peer got.
    pub(super) accepted: usize,
    pub(super) arrived: usize,
    /// How the peer's reading ended.
    pub(super) ending: String,
    /// The state of the client's end at last.
    pub(super) left: Option<State>,
}

const PATIENCE: Duration = Duration::from_secs(20);

/// Closes the client's end of a new connection to this port, and looks.
pub(super) fn close(port: u16, way: Way) -> io::Result<Closing> {
    // Little enough for the tap to keep all that passes.
    set("net.ipv4.tcp_wmem", "4096 16384 131072")?;
    set("net.ipv4.tcp_rmem", "4096 65536 131072")?;
    let connection = tcp::connect(&tcp::listen(port)?)?;
    if let Some((on, seconds)) = way.linger {
        option::set_linger(&connection.client, on, seconds)?;
    }
    let accepted = if way.buffer == Buffer::Full { tcp::fill(&connection.client)? } else { 0 };
    connection.client.set_nonblocking(way.nonblocking)?;
    let wire = Wire::tap()?;
    let reader = |server: TcpStream, wait: Duration| {
        thread::sleep(wait);
        let read = tcp::drain(&server, PATIENCE);
        drop(server);
        read
    };
    let (took, answer, read) = if let Some(wait) = way.peer_reads_after {
        thread::scope(|scope| {
            let reading = scope.spawn(move || reader(connection.server, wait));
            let (took, answer) = option::close(connection.client);
            let read = reading.join().unwrap_or_else(|_| Err(io::Error::other("the reader broke down")));
            (took, answer, read)
        })
    } else {
        let (took, answer) = option::close(connection.client);
        (took, answer, reader(connection.server, Duration::ZERO))
    };
    let (arrived, ended) = read?;
    // What is on its way settles within a round trip, which here is next to nothing.
    wait_until(PATIENCE, || Ok(matches!(look::state(End::Client, port)?, None | Some(State::TimeWait))))?;
    let left = look::state(End::Client, port)?;
    let sent = wire.segments(port)?;
    let ends = |segment: &&Segment| segment.to == port && (segment.is_fin() || segment.is_reset());
    let sent = sent.iter().filter(ends).copied().collect();
    Ok(Closing { took, answer, sent, accepted, arrived, ending: tcp::ending(ended.as_ref()), left })
}

impl Closing {
    /// Writes it down.
    pub(super) fn note(&self, notes: &mut Notes, case: &str) {
        let (took, answer) = (self.took.as_secs_f64(), tcp::outcome(&self.answer));
        notes.saw(
            case,
            format!(
                "close() {answer} after {took:.3} s; sent {}; {} of {} bytes arrived, then {}; then {}",
                wire::listed(&self.sent),
                self.arrived,
                self.accepted,
                self.ending,
                look::name(self.left)
            ),
        );
    }

    pub(super) fn was_reset(&self) -> bool {
        self.sent.iter().any(Segment::is_reset)
    }

    /// Whether it was closed as it should: FIN, all data there, `TIME_WAIT`.
    pub(super) fn was_orderly(&self) -> bool {
        !self.was_reset()
            && self.sent.iter().any(Segment::is_fin)
            && self.arrived == self.accepted
            && self.ending == "end of file"
            && self.left == Some(State::TimeWait)
    }
}
