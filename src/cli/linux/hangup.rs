//! Whether the end of the session that started this process concerns it.
#![allow(unsafe_code, reason = "no safe call asks for the action of a signal without setting it")]

use std::mem::MaybeUninit;

/// Whether this process was started with SIGHUP ignored, as nohup(1) does.
pub(super) fn ignores_hangup() -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: without a new action the call only writes the present one, to `action`.
    let answer = unsafe { libc::sigaction(libc::SIGHUP, std::ptr::null(), action.as_mut_ptr()) };
    // SAFETY: all of its fields may be zero, as they are where the call failed.
    answer == 0 && unsafe { action.assume_init() }.sa_sigaction == libc::SIG_IGN
}
