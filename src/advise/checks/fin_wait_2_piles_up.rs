#![doc = include_str!("fin_wait_2_piles_up.md")]

use crate::advise::checks::Check;
use crate::advise::checks::Concern;
use crate::advise::checks::Severity;
use crate::advise::checks::View;
use crate::facts::State;

/// The check.
pub static CHECK: Check = Check { id: "fin-wait-2-piles-up", page: include_str!("fin_wait_2_piles_up.md") };

/// Fewer come and go on any busy host.
const MANY: u32 = 100;

/// Looks at both kinds of `FIN_WAIT_2`: those that their programs closed, and those that were only shut down.
#[must_use]
pub fn check(view: &View<'_>) -> Vec<Concern> {
    let sockets = &view.traffic.sockets;
    let orphaned = sockets.orphans.of(State::FinWait2);
    let held = sockets.counts().of(State::FinWait2).saturating_sub(orphaned);
    let mut found = Vec::new();
    if orphaned >= MANY {
        let timeout = view.traffic.number("net.ipv4.tcp_fin_timeout").unwrap_or(60);
        let mut concern = Concern::of(&CHECK, Severity::Warning, "closed here, not by the peer")
            .seen("fin_wait_2", orphaned)
            .seen("tcp_fin_timeout", timeout);
        if sockets.half_closed > 0 {
            concern = concern.seen("close_wait_here", sockets.half_closed);
        }
        // Whose peer is on this host is nobody else's to mend.
        concern = if sockets.half_closed.saturating_mul(2) < orphaned {
            concern.advise("mend the peer: it does not close what was closed here; these are its CLOSE_WAIT")
        } else {
            let holds = view.traffic.owners.iter().find(|owner| owner.sockets.of(State::CloseWait) > 0);
            let holder = holds.map_or("a program".into(), |owner| owner.process.to_string());
            concern.advise(format!(
                "mend the program: the other ends are here, as CLOSE_WAIT, and {holder} does not close them; whether they \
                 only become more shows `twtune diagnose --for 10s`"
            ))
        };
        if timeout > 60 {
            concern = concern.advise(format!(
                "set net.ipv4.tcp_fin_timeout to at most 60 (profile general): above 60 they last 2 x (T - 60), here {} \
                 seconds",
                2 * (timeout - 60),
            ));
        } else {
            concern = concern.advise(format!(
                "lower net.ipv4.tcp_fin_timeout, which they last: at 30 there are half as many as at 60 (now {timeout})"
            ));
        }
        found
            .push(concern.advise(
                "no help: tcp_tw_reuse; they are not TIME_WAIT, although sockstat counts them as tw",
            ));
    }
    if held >= MANY {
        found.push(
            Concern::of(&CHECK, Severity::Warning, "shut down by programs that still hold them")
                .seen("fin_wait_2", held)
                .advise("mend the program: behind shutdown() it has to close, with a time limit of its own")
                .advise("no help: tcp_fin_timeout; what a program holds is not timed out at all"),
        );
    }
    found
}
