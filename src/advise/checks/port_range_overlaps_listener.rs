#![doc = include_str!("port_range_overlaps_listener.md")]

use crate::advise::checks::Check;
use crate::advise::checks::Concern;
use crate::advise::checks::Severity;
use crate::advise::checks::View;
use crate::setting::PortSet;

/// The check.
pub static CHECK: Check =
    Check { id: "port-range-overlaps-listener", page: include_str!("port_range_overlaps_listener.md") };

/// Looks for listeners on ports that the kernel gives to others.
#[must_use]
pub fn check(view: &View<'_>) -> Vec<Concern> {
    let reserved = view.traffic.text("net.ipv4.ip_local_reserved_ports").unwrap_or_default();
    let reserved = PortSet::parse(reserved).unwrap_or_default();
    let mut seen = PortSet::default();
    let mut found = Vec::new();
    for (at, listener) in view.traffic.sockets.listeners.iter().enumerate() {
        let port = listener.local.port;
        if !view.ports.range.contains(port) || reserved.contains(port) || seen.contains(port) {
            continue;
        }
        let only = PortSet::from_iter([port]);
        seen = seen.union(&only);
        // Somebody who takes thousands of ports will one day take this one.
        let busy =
            view.traffic.sockets.destinations.iter().any(|one| one.used() >= view.ports.available / 10);
        let severity = if busy { Severity::Warning } else { Severity::Note };
        found.push(
            Concern::of(&CHECK, severity, view.listener(at))
                .seen("port", port)
                .seen("range", format!("{}-{}", view.ports.range.low, view.ports.range.high))
                .advise(format!(
                    "add {port} to net.ipv4.ip_local_reserved_ports (a write replaces the list: {}), unless the program \
                     asked for any port",
                    reserved.union(&only),
                ))
                .advise("or move the service below the range")
                .advise("no help: SO_REUSEADDR; a port that a connection has is taken"),
        );
    }
    found
}
