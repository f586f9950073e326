#![doc = include_str!("bound_ports_exhaust_host.md")]

use crate::advise::checks::Check;
use crate::advise::checks::Concern;
use crate::advise::checks::Severity;
use crate::advise::checks::View;
use crate::advise::checks::view::estimate;
use crate::advise::checks::view::per_second;

/// The check.
pub static CHECK: Check =
    Check { id: "bound-ports-exhaust-host", page: include_str!("bound_ports_exhaust_host.md") };

/// Looks for sources whose sockets were bound before they connected.
#[must_use]
pub fn check(view: &View<'_>) -> Vec<Concern> {
    let all = view.traffic.sockets.destinations.iter().zip(view.headroom);
    let mut sources: Vec<(_, u32, u32, f64, _)> = Vec::new();
    for (destination, room) in all.filter(|(_, room)| room.bound) {
        match sources.iter_mut().find(|(source, ..)| *source == destination.source) {
            Some((_, used, destinations, rate, _)) => {
                *rate += room.forecast.rate;
                *used += destination.used();
                *destinations += 1;
            }
            None => sources.push((destination.source, destination.used(), 1, room.forecast.rate, room)),
        }
    }
    let worth = sources.into_iter().filter(|(_, used, _, _, room)| {
        used.saturating_mul(4) >= room.capacity || room.forecast.seconds_to_exhaustion.is_some()
    });
    worth
        .map(|(source, used, destinations, rate, room)| {
            let forecast = &room.forecast;
            let soon = forecast.seconds_to_exhaustion.is_some_and(|seconds| seconds <= 60.0);
            let severity = if room.headroom == 0 || soon { Severity::Error } else { Severity::Warning };
            let mut concern = Concern::of(&CHECK, severity, source.to_string())
                .seen("bound", "inferred from the parity of the ports")
                .seen("used", used)
                .seen("destinations", destinations)
                .seen("ports", room.capacity)
                .seen("rate", estimate(rate))
                .seen("sustainable_rate", estimate(forecast.sustainable));
            if let Some(seconds) = forecast.seconds_to_exhaustion {
                concern = concern.seen("seconds_to_exhaustion", estimate(seconds));
            }
            concern
                .advise(format!(
                    "set IP_BIND_ADDRESS_NO_PORT before bind(), or do not bind: {} to each destination instead of to all \
                     together, and tcp_tw_reuse works again",
                    per_second(forecast.sustainable),
                ))
                .advise("no help: tcp_tw_reuse (bind() never takes a port out of TIME_WAIT), more destinations")
        })
        .collect()
}
