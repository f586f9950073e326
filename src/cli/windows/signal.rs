//! Control-C and its kin, noticed between two writes.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

/// From here on Control-C, Control-Break and the closing of the console do not end the process but are noticed
/// between two writes.
pub(crate) fn watch_signals() -> impl Fn() -> Option<String> {
    let seen = Arc::new(AtomicBool::new(false));
    let sees = Arc::clone(&seen);
    // Without the handler they end the process, and the rollback file remains.
    let _ = ctrlc::set_handler(move || sees.store(true, Ordering::SeqCst));
    move || seen.load(Ordering::SeqCst).then(|| "interrupted by Control-C".into())
}
