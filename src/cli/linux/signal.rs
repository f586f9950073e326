//! Signals, noticed between two writes.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use signal_hook::consts::SIGHUP;
use signal_hook::consts::SIGINT;
use signal_hook::consts::SIGTERM;

use crate::cli::system::hangup::ignores_hangup;

/// From here on a signal does not end the process but is noticed between two writes. Whoever started it with nohup
/// wants no end of the session to be noticed.
pub(crate) fn watch_signals() -> impl Fn() -> Option<String> {
    let seen = Arc::new(AtomicUsize::new(0));
    let names = [(SIGINT, "SIGINT"), (SIGTERM, "SIGTERM"), (SIGHUP, "SIGHUP")];
    for (at, (signal, _)) in names.iter().enumerate() {
        if *signal != SIGHUP || !ignores_hangup() {
            // Without the handler the signal ends the process, and the rollback file remains.
            let _ = signal_hook::flag::register_usize(*signal, Arc::clone(&seen), at + 1);
        }
    }
    move || match seen.load(Ordering::SeqCst) {
        0 => None,
        at => Some(format!("interrupted by {}", names[at - 1].1)),
    }
}
