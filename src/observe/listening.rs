//! The ports that somebody listens on in the calling thread's network namespace.

use std::fs::File;
use std::io;
use std::io::BufRead;
use std::io::BufReader;

use crate::observe::sock_diag;
use crate::setting::PortRange;
use crate::setting::PortSet;

/// A TCP socket that listens, as `/proc/net/tcp` writes its state.
const LISTEN: &str = "0A";
/// A UDP socket without a peer: it waits for anybody.
const UNCONNECTED: &str = "07";

/// The ports that a change of the port range endangers: TCP ports that somebody listens on, and UDP ports outside
/// the present range that somebody waits on. A UDP socket inside it was most likely given its port by the kernel.
///
/// # Errors
/// A table that is there cannot be read.
pub fn listening(present: PortRange) -> io::Result<PortSet> {
    let mut ports = match sock_diag::listening_ports() {
        Ok(ports) => ports,
        // Not built into this kernel, or kept from a container.
        Err(_) => tcp_ports_from_proc()?,
    };
    for table in ["udp", "udp6"] {
        local_ports(table, |state, port| {
            if state == UNCONNECTED && !present.contains(port) {
                ports.push(port);
            }
            true
        })?;
    }
    Ok(ports.into_iter().collect())
}

fn tcp_ports_from_proc() -> io::Result<Vec<u16>> {
    let mut ports = Vec::new();
    for table in ["tcp", "tcp6"] {
        // Listeners come first in the kernel's walk, so the thousands of connections behind them stay unread.
        local_ports(table, |state, port| {
            let listens = state == LISTEN;
            if listens {
                ports.push(port);
            }
            listens
        })?;
    }
    Ok(ports)
}

/// Calls `visit` with the state and local port of each socket until it says stop.
fn local_ports(table: &str, mut visit: impl FnMut(&str, u16) -> bool) -> io::Result<()> {
    // /proc/net is the process's namespace, thread-self the calling thread's, which may have moved.
    let file = match File::open(format!("/proc/thread-self/net/{table}")) {
        Ok(file) => file,
        // No IPv6 on this kernel.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for line in BufReader::new(file).lines().skip(1) {
        let line = line?;
        let mut fields = line.split_ascii_whitespace().skip(1);
        let local = fields.next().and_then(|local| local.rsplit_once(':'));
        let port = local.and_then(|(_, port)| u16::from_str_radix(port, 16).ok());
        if let (Some(port), Some(state)) = (port, fields.nth(1))
            && !visit(state, port)
        {
            break;
        }
    }
    Ok(())
}
