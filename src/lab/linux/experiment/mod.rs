//! The experiments, a file each.

mod bind_before_connect;
mod close_wait_leak;
mod connect_slows;
mod containers;
mod dontlinger;
mod fast_open;
mod fin_timeout_governs;
mod half_open;
mod keepalive_close_wait;
mod kill_does_not_remove;
mod larger_fin_timeout;
mod linger_off;
mod linger_timeout;
mod linger_zero;
mod linger_zero_empty;
mod port_range_ceiling;
mod port_range_floor;
mod reuseaddr_close_wait;
mod reuseaddr_four_cases;
mod reuseaddr_restart;
mod rfc1337;
mod server_asked_to_close_first;
mod server_time_waits;
mod somaxconn;
mod time_wait_lasts;
mod tw_buckets_cure;
mod tw_buckets_overflow;
mod tw_recycle;
mod tw_reuse;
mod unread_data;
mod who_closes_first;

use crate::lab::Experiment;
use crate::lab::system::notes::Trial;

/// The experiments with their trials, in the order in which they are listed.
macro_rules! experiments {
    ($($module:ident),* $(,)?) => {
        /// Every experiment.
        pub(in crate::lab) const EXPERIMENTS: &[Experiment] = &[$($module::EXPERIMENT),*];
        const TRIALS: &[Trial] = &[$($module::run),*];
    };
}

experiments![
    who_closes_first,
    time_wait_lasts,
    fin_timeout_governs,
    larger_fin_timeout,
    reuseaddr_restart,
    reuseaddr_four_cases,
    reuseaddr_close_wait,
    close_wait_leak,
    keepalive_close_wait,
    kill_does_not_remove,
    rfc1337,
    linger_off,
    dontlinger,
    linger_timeout,
    linger_zero,
    linger_zero_empty,
    unread_data,
    half_open,
    fast_open,
    containers,
    tw_recycle,
    port_range_floor,
    somaxconn,
    tw_reuse,
    port_range_ceiling,
    bind_before_connect,
    connect_slows,
    tw_buckets_overflow,
    tw_buckets_cure,
    server_asked_to_close_first,
    server_time_waits,
];

/// The trial of an experiment.
pub(super) fn trial(name: &str) -> Option<Trial> {
    let at = EXPERIMENTS.iter().position(|experiment| experiment.name == name)?;
    TRIALS.get(at).copied()
}
