#![doc = include_str!("time_wait_harmless.md")]

use crate::advise::checks::Check;
use crate::advise::checks::Concern;
use crate::advise::checks::Severity;
use crate::advise::checks::View;
use crate::advise::checks::bound_ports_exhaust_host;
use crate::advise::checks::time_wait_exhausts_ports;
use crate::advise::checks::time_wait_table_full;
use crate::advise::checks::view::grouped;
use crate::facts::State;

/// The check.
pub static CHECK: Check = Check { id: "time-wait-harmless", page: include_str!("time_wait_harmless.md") };

/// Fewer frighten nobody.
const MANY: u32 = 1000;

/// Looks for many of them, and none that is in anybody's way.
#[must_use]
pub fn check(view: &View<'_>) -> Vec<Concern> {
    let waits = view.traffic.sockets.counts().of(State::TimeWait);
    let in_the_way =
        [time_wait_exhausts_ports::check, bound_ports_exhaust_host::check, time_wait_table_full::check]
            .iter()
            .any(|check| check(view).iter().any(|concern| concern.severity < Severity::Note));
    if waits < MANY || in_the_way {
        return Vec::new();
    }
    let all = view.traffic.sockets.destinations.iter().zip(view.headroom);
    let worst = all.max_by_key(|(destination, _)| destination.time_wait);
    let mut concern = Concern::of(&CHECK, Severity::Note, format!("{} TIME_WAIT", grouped(waits)))
        .seen("time_wait", waits)
        .seen("memory_kib", waits / 4);
    if let Some((destination, room)) = worst {
        concern = concern.seen(
            "most_to_one_destination",
            format!("{} of {} ports, {}", destination.time_wait, room.capacity, destination.route()),
        );
    }
    vec![concern.advise(
        "leave them: no destination is near the end of its ports, and 256 bytes each is all they cost",
    )]
}
