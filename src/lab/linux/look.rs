//! What can be seen of the sockets and counters of the calling thread's network namespace.

use std::io;

use crate::facts::Socket;
use crate::facts::State;
use crate::observe;
use crate::observe::network::Window;

/// An end of the connections to a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Whoever connected.
    Client,
    /// Whoever accepted.
    Server,
}

impl End {
    /// Whether this socket is this end of a connection to this port; a listener is none.
    pub(super) const fn is_of(self, socket: &Socket, port: u16) -> bool {
        let near = match self {
            Self::Client => socket.remote.port,
            Self::Server => socket.local.port,
        };
        near == port && !matches!(socket.state, State::Listen)
    }
}

/// The sockets at one end of the connections to this port; the listener is none of them.
pub(super) fn sockets(end: End, port: u16) -> io::Result<Vec<Socket>> {
    let mut found = Vec::new();
    observe::network::each_socket(&mut |socket| {
        if end.is_of(socket, port) {
            found.push(*socket);
        }
    })?;
    Ok(found)
}

/// How many of them are in this state.
pub(super) fn count(end: End, port: u16, state: State) -> io::Result<usize> {
    Ok(sockets(end, port)?.iter().filter(|socket| socket.state == state).count())
}

/// The state of the only one there is; None where it is gone.
pub(super) fn state(end: End, port: u16) -> io::Result<Option<State>> {
    Ok(sockets(end, port)?.first().map(|socket| socket.state))
}

/// A state's name; a socket that is gone is closed.
pub(super) fn name(state: Option<State>) -> &'static str {
    state.map_or("closed", State::name)
}

/// The value of a counter (`TcpExt.TWRecycled`).
pub(super) fn counter(name: &str) -> u64 {
    observe::network::counters(Window::own().folder()).get(name).copied().unwrap_or_default()
}
