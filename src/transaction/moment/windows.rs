//! The clock of probations on Windows: it goes on through a reboot, as values in the registry do.

use std::time::SystemTime;

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}
