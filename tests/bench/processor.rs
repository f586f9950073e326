//! The processor time of children, which no safe call tells.
#![allow(unsafe_code, reason = "getrusage(2) has no safe wrapper in rustix 1.1")]

use std::mem::MaybeUninit;
use std::time::Duration;

/// How much all children have used that have ended and were waited for.
pub(crate) fn of_children() -> Duration {
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the kernel writes a `struct rusage` there, of which zeros are a sound value as well.
    let usage = unsafe {
        libc::getrusage(libc::RUSAGE_CHILDREN, usage.as_mut_ptr());
        usage.assume_init()
    };
    let time = |time: libc::timeval| {
        let number = |value: i64| u64::try_from(value).unwrap_or_default();
        Duration::from_secs(number(time.tv_sec)) + Duration::from_micros(number(time.tv_usec))
    };
    time(usage.ru_utime) + time(usage.ru_stime)
}
