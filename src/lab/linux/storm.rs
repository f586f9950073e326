//! Short connections as fast as they can be had, one after another.

use std::io;
use std::io::Read;
use std::io::Write;
use std::net::SocketAddrV4;
use std::net::TcpListener;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use rustix::net::Shutdown;

use crate::lab::system::side::Side;

/// Who closes a connection, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closer {
    /// The client first.
    Client,
    /// The server first, at once.
    Server,
    /// The server first, when the client asks for it.
    ServerAsked,
}

/// What became of a storm so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) connections: u64,
    pub(super) failures: u64,
    /// Connections before the first that failed, when that was, and why.
    pub(super) first_failure: Option<(u64, Duration, io::Error)>,
    pub(super) elapsed: Duration,
}

impl Tally {
    /// Connections a second.
    pub(super) fn rate(&self) -> u64 {
        rate(self.connections, self.elapsed)
    }
}

/// So many a second.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a rate"
)]
pub(super) fn rate(count: u64, elapsed: Duration) -> u64 {
    (count as f64 / elapsed.as_secs_f64().max(1e-6)).round() as u64
}

/// A server that accepts and closes until it is stopped.
pub(super) struct Server {
    listener: TcpListener,
    thread: thread::JoinHandle<()>,
}

impl Server {
    /// Starts one on this side.
    pub(super) fn start(side: &Side, address: SocketAddrV4, closer: Closer) -> io::Result<Self> {
        let listener = side.within(|| TcpListener::bind(address))?;
        let accepting = listener.try_clone()?;
        let thread = thread::spawn(move || {
            // A listener that is shut down accepts nothing more.
            while let Ok((mut stream, _)) = accepting.accept() {
                if closer != Closer::Server {
                    // The end, or what asks for it. It may be reset.
                    let _ = stream.read(&mut [0; 16]);
                }
            }
        });
        Ok(Self { listener, thread })
    }

    /// Stops it.
    pub(super) fn stop(self) -> io::Result<()> {
        rustix::net::shutdown(&self.listener, Shutdown::Both)?;
        self.thread.join().map_err(|_| io::Error::other("the server broke down"))
    }
}

/// A storm from one side to a server on another, which it starts and stops.
pub(super) fn between(
    client: &Side,
    server: &Side,
    address: SocketAddrV4,
    closer: Closer,
    go_on: impl FnMut(&Tally) -> bool,
) -> io::Result<Tally> {
    let running = Server::start(server, address, closer)?;
    let tally = client.within(|| Ok(storm(closer, |_| TcpStream::connect(address), go_on)));
    running.stop()?;
    tally
}

/// Connects again and again in the calling thread's namespace, for as long as `go_on` says. What failed is tried again.
pub(super) fn storm(
    closer: Closer,
    mut dial: impl FnMut(u64) -> io::Result<TcpStream>,
    mut go_on: impl FnMut(&Tally) -> bool,
) -> Tally {
    let begun = Instant::now();
    let mut tally = Tally::default();
    while go_on(&tally) {
        let done = dial(tally.connections).and_then(|mut stream| {
            if closer == Closer::ServerAsked {
                stream.write_all(b"QUIT")?;
            }
            if closer != Closer::Client {
                // The end is a read of nothing.
                stream.read(&mut [0; 16]).map(drop)?;
            }
            Ok(())
        });
        tally.elapsed = begun.elapsed();
        match done {
            Ok(()) => tally.connections += 1,
            Err(error) => {
                tally.failures += 1;
                tally.first_failure.get_or_insert((tally.connections, tally.elapsed, error));
                // No port is free; a millisecond later one may be.
                thread::sleep(Duration::from_millis(1));
                tally.elapsed = begun.elapsed();
            }
        }
    }
    tally
}
