//! `time-wait-exhausts-ports`

use crate::advise::checks::Check;
use crate::advise::checks::Fault;
use crate::advise::checks::Severity;
use crate::advise::checks::View;
use crate::advise::checks::grouped;
use crate::advise::checks::per_second;
use crate::advise::forecast::TIME_WAIT;
use crate::advise::headroom::Headroom;
use crate::advise::headroom::Reuse;
use crate::facts::Destination;

pub(super) static CHECK: Check =
    Check { id: "time-wait-exhausts-ports", page: include_str!("time-wait-exhausts-ports.md") };

/// Half of the ports in use is where `connect()` begins to search in vain.
const WORTH_SAYING: u64 = 2;

pub(super) fn run(view: &View<'_>) -> Vec<Fault> {
    let all = view.evidence.sockets.destinations.iter().zip(view.headroom);
    all.filter(|(destination, room)| concerns(destination, room))
        .map(|(destination, room)| fault(view, destination, room))
        .collect()
}

fn concerns(destination: &Destination, room: &Headroom) -> bool {
    let used = u64::from(room.capacity.saturating_sub(room.headroom));
    let waits = destination.time_wait >= destination.held();
    let near = used * WORTH_SAYING >= u64::from(room.capacity) && used > 0;
    !room.bound && waits && (near || room.forecast.seconds_to_exhaustion.is_some())
}

fn fault(view: &View<'_>, destination: &Destination, room: &Headroom) -> Fault {
    let forecast = &room.forecast;
    let soon = forecast.seconds_to_exhaustion.is_some_and(|seconds| seconds <= 60.0);
    let severity = if room.headroom == 0 || soon { Severity::Critical } else { Severity::Warning };
    let subject = format!("{} -> {}", destination.source, destination.peer);
    let mut fault = Fault::of(&CHECK, severity, subject)
        .seen("time_wait", destination.time_wait)
        .seen("used", destination.used())
        .seen("ports", room.capacity)
        .seen("headroom", room.headroom)
        .seen("rate", forecast.rate)
        .seen("sustainable_rate", forecast.sustainable);
    if let Some(seconds) = forecast.seconds_to_exhaustion {
        fault = fault.seen("seconds_to_exhaustion", seconds);
    }
    if room.slow {
        fault = fault.seen("first_parity", "used up: each connect() searches half of the range in vain");
    }
    fault = fault.advise("keep connections open and use them again (keep-alive, a pool), or let the server close first: nothing is kept here then");
    let kept = destination.held();
    let free = f64::from(room.capacity.saturating_sub(kept));
    match (view.ports.reuse, room.reuse) {
        (_, Some(_)) => {}
        (Reuse::WithoutTimestamps, None) => {
            fault = fault.advise(
                "set net.ipv4.tcp_timestamps = 1 (profile outbound): tcp_tw_reuse does nothing without",
            );
        }
        _ => {
            let delay = view.evidence.number("net.ipv4.tcp_tw_reuse_delay").unwrap_or(1000).max(1);
            #[allow(clippy::cast_precision_loss, reason = "a delay is at most a minute")]
            let better = free * 1000.0 / delay as f64;
            fault = fault
                .advise("set net.ipv4.tcp_tw_reuse = 1 (profile outbound), where the server has timestamps")
                .effect(format!(
                    "with tcp_tw_reuse = 1 the {} ports carry {} instead of {}",
                    grouped(room.capacity),
                    per_second(better),
                    per_second(forecast.sustainable),
                ));
        }
    }
    let range = view.ports.range;
    if range.low > 16_384 && range.high <= 60_999 {
        fault = fault.advise(format!(
            "widen net.ipv4.ip_local_port_range to 16384-60999 (profile outbound): {} ports more",
            grouped(u32::from(range.low - 16_384))
        ));
    }
    let seconds = TIME_WAIT / 1000;
    fault
        .advise(
            "more addresses or ports of the server, or more addresses here: each pair has a stock of its own",
        )
        .useless(format!("net.ipv4.tcp_fin_timeout: TIME_WAIT lasts {seconds} seconds whatever it says"))
        .useless("net.ipv4.tcp_max_tw_buckets: raising it frees no port, lowering it resets connections")
        .useless("SO_LINGER with a time of zero: it drops data that was not delivered")
}
