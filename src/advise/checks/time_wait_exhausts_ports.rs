#![doc = include_str!("time_wait_exhausts_ports.md")]

use crate::advise::checks::Check;
use crate::advise::checks::Concern;
use crate::advise::checks::Severity;
use crate::advise::checks::View;
use crate::advise::checks::view::estimate;
use crate::advise::checks::view::grouped;
use crate::advise::checks::view::per_second;
use crate::advise::headroom::Headroom;
use crate::advise::headroom::Reuse;
use crate::facts::Destination;
use crate::setting::PortRange;
use crate::setting::PortSet;

/// The check.
pub static CHECK: Check =
    Check { id: "time-wait-exhausts-ports", page: include_str!("time_wait_exhausts_ports.md") };

/// Half of the ports in use is where `connect()` begins to search in vain.
const WORTH_SAYING: u64 = 2;

/// The range that profile outbound wants.
const WIDE: PortRange = PortRange { low: 16_384, high: 60_999 };

/// Looks at each destination's ports.
#[must_use]
pub fn check(view: &View<'_>) -> Vec<Concern> {
    let all = view.traffic.sockets.destinations.iter().zip(view.headroom);
    let mut worth: Vec<_> = all.filter(|(destination, room)| concerns(destination, room)).collect();
    // Those that run out first, then those that keep the most ports.
    let seconds = |room: &Headroom| room.forecast.seconds_to_exhaustion.unwrap_or(f64::MAX);
    worth.sort_by(|(one, room), (other, other_room)| {
        seconds(room).total_cmp(&seconds(other_room)).then(other.used().cmp(&one.used()))
    });
    worth.into_iter().map(|(destination, room)| concern(view, destination, room)).collect()
}

fn concerns(destination: &Destination, room: &Headroom) -> bool {
    let used = u64::from(room.capacity.saturating_sub(room.headroom));
    let waits = destination.time_wait >= destination.held();
    let near = used * WORTH_SAYING >= u64::from(room.capacity) && used > 0;
    !room.bound && waits && (near || room.forecast.seconds_to_exhaustion.is_some())
}

fn concern(view: &View<'_>, destination: &Destination, room: &Headroom) -> Concern {
    let forecast = &room.forecast;
    let soon = forecast.seconds_to_exhaustion.is_some_and(|seconds| seconds <= 60.0);
    let severity = if room.headroom == 0 || soon { Severity::Error } else { Severity::Warning };
    let mut concern = Concern::of(&CHECK, severity, destination.route())
        .seen("time_wait", destination.time_wait)
        .seen("used", destination.used())
        .seen("ports", room.capacity)
        .seen("headroom", room.headroom)
        .seen("rate", estimate(forecast.rate))
        .seen("sustainable_rate", estimate(forecast.sustainable));
    if let Some(seconds) = forecast.seconds_to_exhaustion {
        concern = concern.seen("seconds_to_exhaustion", estimate(seconds));
    }
    if room.slow {
        concern = concern.seen("first_parity", "used up: each connect() searches half of the range in vain");
    }
    concern = concern.advise(
        "keep connections open and use them again (keep-alive, a pool), or let the server close first: then it keeps \
         the TIME_WAIT, and no port is used up here",
    );
    if room.reuse.is_none() && !room.reuse_fails {
        let free = room.capacity.saturating_sub(destination.held());
        let delay =
            u32::try_from(view.traffic.number("net.ipv4.tcp_tw_reuse_delay").unwrap_or(1000)).unwrap_or(1000);
        let after = f64::from(free) * 1000.0 / f64::from(delay.max(1));
        let what = if view.ports.reuse == Reuse::WithoutTimestamps {
            "net.ipv4.tcp_timestamps = 1 and net.ipv4.tcp_tw_reuse = 1"
        } else {
            "net.ipv4.tcp_tw_reuse = 1"
        };
        concern = concern.seen("sustainable_rate_with_tw_reuse", estimate(after)).advise(format!(
            "set {what} (profile outbound), where the server has timestamps too: {} instead of {}",
            per_second(after),
            per_second(forecast.sustainable),
        ));
    }
    let wide = view.ports.range.union(WIDE);
    let reserved = view.traffic.text("net.ipv4.ip_local_reserved_ports").unwrap_or_default();
    let reserved = PortSet::parse(reserved).unwrap_or_default().within(wide);
    let size = u32::from(wide.high - wide.low) + 1;
    let more = size.saturating_sub(reserved.count()).saturating_sub(view.ports.available);
    if more > 0 {
        let after = forecast.sustainable * f64::from(room.capacity + more) / f64::from(room.capacity.max(1));
        concern = concern.advise(format!(
            "widen net.ipv4.ip_local_port_range to {}-{} (profile outbound): {} ports more, {}",
            wide.low,
            wide.high,
            grouped(more),
            per_second(after),
        ));
    }
    concern
        .advise("use more addresses or ports of the server, or more addresses here: each pair has ports of its own")
        .advise(
            "no help: tcp_fin_timeout (TIME_WAIT lasts 60 seconds whatever it says), tcp_max_tw_buckets (raised it frees \
             no port, lowered it resets connections), SO_LINGER with zero (drops data)",
        )
}
