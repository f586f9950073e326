//! The ports that somebody listens on in the calling thread's network namespace.

use std::io;
use std::path::Path;

use crate::facts::State;
use crate::observe::namespace::InUse;
use crate::observe::namespace::sockets_in_use;
use crate::observe::network;
use crate::setting::PortRange;
use crate::setting::PortSet;

/// The ports that a change of the port range endangers: TCP ports that somebody listens on, and UDP ports outside
/// the present range that somebody waits on. A UDP socket inside it was most likely given its port by the kernel.
///
/// # Errors
/// A table that is there cannot be read.
pub fn listening(present: PortRange) -> io::Result<PortSet> {
    let own = Path::new(network::OWN);
    let InUse { tcp, udp } = sockets_in_use(own).unwrap_or(InUse { tcp: true, udp: true });
    let mut ports = match tcp.then(network::listening_ports) {
        None => Vec::new(),
        Some(Ok(ports)) => ports,
        // Not built into this kernel, or kept from a container.
        Some(Err(_)) => tcp_ports_from_proc(own)?,
    };
    for table in ["udp", "udp6"].into_iter().filter(|_| udp) {
        network::visit_table(own, table, &mut |socket| {
            // UDP has no states: one without a peer, which waits for anybody, is shown as closed.
            if socket.state == State::Close && !present.contains(socket.local.port) {
                ports.push(socket.local.port);
            }
            true
        })?;
    }
    Ok(ports.into_iter().collect())
}

fn tcp_ports_from_proc(own: &Path) -> io::Result<Vec<u16>> {
    let mut ports = Vec::new();
    for table in ["tcp", "tcp6"] {
        // Listeners come first in the kernel's walk, so the thousands of connections behind them stay unread.
        network::visit_table(own, table, &mut |socket| {
            let listens = socket.state == State::Listen;
            if listens {
                ports.push(socket.local.port);
            }
            listens
        })?;
    }
    Ok(ports)
}
