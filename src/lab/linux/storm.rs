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

/// A storm from one side to a server on another.
pub(super) fn between(
    client: &Side,
    server: &Side,
    address: SocketAddrV4,
    closer: Closer,
    go_on: impl FnMut(&Tally) -> bool,
) -> io::Result<Tally> {
    let listener = server.within(|| TcpListener::bind(address))?;
    client.within(|| storm(&listener, closer, |_| TcpStream::connect(address), go_on))
}

/// Connects again and again in the calling thread's namespace, for as long as `go_on` says; what failed is tried again.
/// The same thread is the server, so that what is measured is the kernel's work and not how soon another thread runs.
pub(super) fn storm(
    listener: &TcpListener,
    closer: Closer,
    mut dial: impl FnMut(u64) -> io::Result<TcpStream>,
    mut go_on: impl FnMut(&Tally) -> bool,
) -> io::Result<Tally> {
    let begun = Instant::now();
    let mut tally = Tally::default();
    while go_on(&tally) {
        match dial(tally.connections) {
            Ok(client) => {
                let (server, _) = listener.accept()?;
                close(client, server, closer);
                tally.connections += 1;
                tally.elapsed = begun.elapsed();
            }
            Err(error) => {
                tally.failures += 1;
                tally.elapsed = begun.elapsed();
                tally.first_failure.get_or_insert((tally.connections, tally.elapsed, error));
                // No port is free; a millisecond later one may be.
                thread::sleep(Duration::from_millis(1));
            }
        }
    }
    Ok(tally)
}

/// Closes both ends in order. Whoever is second waits for the first; it may be reset, which closes it as well.
fn close(mut client: TcpStream, mut server: TcpStream, closer: Closer) {
    let mut buffer = [0; 16];
    if closer == Closer::Client {
        drop(client);
        let _ = server.read(&mut buffer);
        return;
    }
    if closer == Closer::ServerAsked {
        let _ = client.write_all(b"QUIT");
        let _ = server.read(&mut buffer);
    }
    drop(server);
    let _ = client.read(&mut buffer);
}
