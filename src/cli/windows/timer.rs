//! A timer of the system's that undoes an apply on probation: there is none here, a detached process waits instead.

use std::path::Path;
use std::time::Duration;

/// Starts the timer of an apply; false where there is none.
pub(crate) const fn start_timer(_id: &str, _state: &Path, _within: Duration) -> bool {
    false
}

/// Stops the timer of an apply that was settled; whether there was one.
pub(crate) const fn stop_timer(_id: &str, _state: &Path) -> bool {
    false
}
