//! All TCP sockets of a network namespace, counted.

use std::io;
use std::path::Path;

use crate::facts::Socket;
use crate::facts::Sockets;
use crate::observe::network::counters::comings_and_goings;
use crate::observe::network::proc_net;
use crate::observe::network::sock_diag;
use crate::observe::network::sock_diag::Question;
use crate::observe::network::window::OWN;
use crate::observe::network::window::Window;
use crate::setting::PortRange;

/// What a look at the sockets gave.
#[derive(Debug)]
pub struct Look {
    /// The sockets.
    pub sockets: Sockets,
    /// Whether some may be missing or counted twice.
    pub partial: bool,
    /// What could not be seen, and why.
    pub not_seen: Vec<String>,
}

/// Counts the sockets of a network namespace, which gives out ports from this range.
///
/// # Errors
/// Neither netlink nor `/proc/net` tells them.
pub fn sockets(window: &Window, range: PortRange) -> io::Result<Look> {
    let before = comings_and_goings(window.folder());
    let mut look = all_sockets(window, range)?;
    look.partial |= comings_and_goings(window.folder()) != before;
    Ok(look)
}

fn all_sockets(window: &Window, range: PortRange) -> io::Result<Look> {
    let mut sockets = Sockets::new(range);
    let question = Question { states: sock_diag::ALL_STATES, extra: false, enough: usize::MAX };
    match sock_diag::visit(window, question, &mut |socket, _| sockets.add(socket)) {
        Ok(partial) => Ok(Look { sockets, partial, not_seen: Vec::new() }),
        Err(error) => {
            // Not built into this kernel, or kept from a container.
            let mut look = sockets_from_proc(window.folder(), range)?;
            look.not_seen.push(format!(
                "backlogs, IP_BIND_ADDRESS_NO_PORT and how old CLOSE_WAIT are: the kernel does not list sockets by \
                 netlink here ({error}), so /proc/net was read"
            ));
            Ok(look)
        }
    }
}

/// Counts the sockets that the tables in this folder show: `/proc/PID/net` shows those of another namespace to
/// everybody. They are read in pieces, between which sockets come and go.
///
/// # Errors
/// The tables cannot be read.
pub fn sockets_from_proc(folder: &Path, range: PortRange) -> io::Result<Look> {
    let mut sockets = Sockets::new(range);
    // One that listens for both families stands in the second table, and its connections of IPv4 too.
    for table in ["tcp6", "tcp"] {
        proc_net::visit_table(folder, table, &mut |socket| {
            sockets.add(socket);
            true
        })?;
    }
    Ok(Look { sockets, partial: false, not_seen: Vec::new() })
}

/// Visits every TCP socket of the calling thread's network namespace.
///
/// # Errors
/// Neither netlink nor `/proc/net` tells them.
pub fn each_socket(visit: &mut dyn FnMut(&Socket)) -> io::Result<()> {
    let question = Question { states: sock_diag::ALL_STATES, extra: false, enough: usize::MAX };
    if sock_diag::visit(&Window::own(), question, &mut |socket, _| visit(socket)).is_ok() {
        return Ok(());
    }
    for table in ["tcp6", "tcp"] {
        proc_net::visit_table(Path::new(OWN), table, &mut |socket| {
            visit(socket);
            true
        })?;
    }
    Ok(())
}
