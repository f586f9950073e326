//! How often the kernel's clock ticks. No file tells it; the resolution of a clock that only moves with it does.

use rustix::time::ClockId;

/// The length of a tick in milliseconds.
#[must_use]
pub fn tick() -> u32 {
    let resolution = rustix::time::clock_getres(ClockId::MonotonicCoarse);
    u32::try_from(resolution.tv_nsec / 1_000_000).unwrap_or(10).clamp(1, 10)
}
