//! The clock of probations on Linux: it goes on through sleep, nobody sets it, and it starts with the machine, as
//! live values do.

use rustix::time::ClockId;

/// Seconds since the machine started.
pub(super) fn now() -> u64 {
    u64::try_from(rustix::time::clock_gettime(ClockId::Boottime).tv_sec).unwrap_or_default()
}
