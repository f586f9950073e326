#![doc = include_str!("close_wait_leak.md")]

use crate::advise::checks::Check;
use crate::advise::checks::Concern;
use crate::advise::checks::Severity;
use crate::advise::checks::View;
use crate::facts::Of;
use crate::facts::Owner;
use crate::facts::State;

/// The check.
pub static CHECK: Check = Check { id: "close-wait-leak", page: include_str!("close_wait_leak.md") };

/// Fewer come and go in any program.
const MANY: u32 = 10;
/// So many seconds after the peer's last word nothing is merely late.
const LONG: u64 = 60;
/// So many are a leak whatever their age.
const TOO_MANY: u32 = 1000;
/// In less time than this, those of a burst have not been closed yet.
const BURST: f64 = 5.0;

/// Looks for processes that do not close what their peers have closed.
#[must_use]
pub fn check(view: &View<'_>) -> Vec<Concern> {
    let of = |owner: &Owner| owner.sockets.of(State::CloseWait);
    let growing = view.traffic.growing_close_waits().filter(|(_, seconds)| *seconds >= BURST);
    // Where connections are closed at all, some of the earlier look are gone by now.
    let growth = |owner: &Owner| {
        let (places, seconds) = growing.as_ref()?;
        let many = owner.close_waits.iter().filter(|(_, count)| *count >= MANY);
        let kept = many.filter_map(|(place, _)| places.get(place).copied()).max()?;
        (kept >= MANY).then_some((kept, *seconds))
    };
    let leaking = view.traffic.owners.iter().filter(|owner| {
        of(owner) >= TOO_MANY
            || (of(owner) >= MANY && owner.oldest_close_wait.is_none_or(|seconds| seconds >= LONG))
            || growth(owner).is_some()
    });
    let mut found: Vec<Concern> = leaking.map(|owner| concern(view, owner, growth(owner))).collect();
    let seen: u32 = view.traffic.owners.iter().map(of).sum();
    let hidden = view.traffic.sockets.counts().of(State::CloseWait).saturating_sub(seen);
    if hidden >= MANY {
        let concern = Concern::of(&CHECK, Severity::Warning, "processes that may not be looked into")
            .seen("close_wait", hidden)
            .advise("run it as root: it then names the processes");
        found.push(concern);
    }
    found
}

fn concern(view: &View<'_>, owner: &Owner, growth: Option<(u32, f64)>) -> Concern {
    let count = owner.sockets.of(State::CloseWait);
    let severity = if count >= TOO_MANY { Severity::Error } else { Severity::Warning };
    let mut concern = Concern::of(&CHECK, severity, owner.process.to_string()).seen("close_wait", count);
    if let Some(seconds) = owner.oldest_close_wait {
        concern = concern.seen("oldest_seconds", seconds);
    }
    if let Some((kept, seconds)) = growth {
        concern = concern
            .seen("growing", format!("{kept} of them {seconds:.0} s ago, none of which was closed since"));
    }
    if let Some((of, most)) = owner.close_waits.first() {
        let sockets = &view.traffic.sockets;
        let place = match of {
            Of::Listener(at) => {
                sockets.listeners.get(*at as usize).map(|one| format!("accepted at {}", one.local))
            }
            Of::Destination(at) => {
                sockets.destinations.get(*at as usize).map(|one| format!("connected {}", one.route()))
            }
            Of::Unknown => None,
        };
        concern = match place {
            Some(place) => concern.seen("most", format!("{most} {place}")),
            None => concern,
        };
    }
    concern
        .advise(
            "mend the program: close the socket when reading gives 0 or an error, on every path, also out of a pool; each \
             one is a descriptor lost",
        )
        .advise(format!("until then restart it: its {count} CLOSE_WAIT and their descriptors are gone with it"))
        .advise("no help: any sysctl (keepalive ends at most the connection, the descriptor stays), SO_REUSEADDR")
}
