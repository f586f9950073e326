//! How long the peers of `CLOSE_WAIT` sockets have been silent: the age of a leak.

use std::collections::BTreeMap;

use crate::facts::Sockets;
use crate::facts::State;
use crate::observe::network::sock_diag;
use crate::observe::network::sock_diag::Question;
use crate::observe::network::window::Window;

/// So many tell how old the oldest are: asking costs as much as everything else about them.
const ENOUGH: usize = 2000;

/// For how many milliseconds the peer of each `CLOSE_WAIT` has acknowledged nothing, by the socket's number. Nothing is
/// asked where there are none, of very many a sample, and what cannot be had is not known.
#[must_use]
pub fn silence(window: &Window, sockets: &Sockets) -> BTreeMap<u32, u32> {
    let mut silent = Vec::new();
    if sockets.counts().of(State::CloseWait) > 0 {
        let question = Question { states: 1 << State::CloseWait as u8, extra: true, enough: ENOUGH };
        let _ = sock_diag::visit(window, question, &mut |socket, extra| {
            silent.extend(extra.quiet.map(|quiet| (socket.inode, quiet)));
        });
    }
    silent.into_iter().collect()
}
