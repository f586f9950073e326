//! How long sockets stay in a state.

use std::io;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use crate::facts::State;
use crate::lab::system::look;
use crate::lab::system::look::End;
use crate::lab::system::side::wait_until;
use crate::observe;

/// A socket to be watched: one end of the only connection to a port.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) end: End,
    pub(super) port: u16,
    pub(super) state: State,
    /// Since when it is in that state.
    pub(super) since: Instant,
}

const PAUSE: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(20);

/// Closes one end of a connection to this port, or both, and watches what comes of it. It has come when this returns:
/// until then the kernel has not read the settings that say for how long.
pub(super) fn watch(end: End, port: u16, state: State, close: impl FnOnce()) -> io::Result<Watched> {
    let since = Instant::now();
    close();
    if wait_until(PATIENCE, || Ok(look::state(end, port)? == Some(state)))? {
        Ok(Watched { end, port, state, since })
    } else {
        Err(io::Error::other(format!("the connection to port {port} did not come to {state}")))
    }
}

/// Watches until each has left its state; for how long it was in it. None where the limit came first.
pub(super) fn lives(watched: &[Watched], limit: Duration) -> io::Result<Vec<Option<Duration>>> {
    let begun = Instant::now();
    let mut lives: Vec<Option<Duration>> = watched.iter().map(|_| None).collect();
    while lives.iter().any(Option::is_none) && begun.elapsed() < limit {
        thread::sleep(PAUSE);
        let mut there = vec![false; watched.len()];
        observe::network::each_socket(&mut |socket| {
            for (one, there) in watched.iter().zip(&mut there) {
                *there |= socket.state == one.state && one.end.is_of(socket, one.port);
            }
        })?;
        for ((one, life), there) in watched.iter().zip(&mut lives).zip(there) {
            if !there && life.is_none() {
                *life = Some(one.since.elapsed());
            }
        }
    }
    Ok(lives)
}

/// Seconds with two digits behind the point, as evidence shows them.
pub(super) fn seconds(life: Option<Duration>) -> String {
    life.map_or_else(|| "still there".into(), |life| format!("{:.2} s", life.as_secs_f64()))
}
