//! When a key was written, and when the machine started.
#![allow(unsafe_code, reason = "windows-registry does not tell when a key was written")]

use std::ptr::null;
use std::ptr::null_mut;
use std::time::Duration;
use std::time::SystemTime;

use windows_registry::Key;
use windows_sys::Win32::Foundation::ERROR_SUCCESS;
use windows_sys::Win32::Foundation::FILETIME;
use windows_sys::Win32::System::Registry::RegQueryInfoKeyW;
use windows_sys::Win32::System::SystemInformation::GetTickCount64;

/// From 1601, where Windows begins to count, to 1970.
const TO_1970: Duration = Duration::from_secs(11_644_473_600);

/// Whether the key was written after the machine started.
pub(super) fn newer_than_boot(key: &Key) -> bool {
    // SAFETY: it takes nothing and cannot fail.
    let up = Duration::from_millis(unsafe { GetTickCount64() });
    match (written(key), SystemTime::now().checked_sub(up)) {
        (Some(written), Some(booted)) => written > booted,
        _ => false,
    }
}

fn written(key: &Key) -> Option<SystemTime> {
    let mut time = FILETIME { dwLowDateTime: 0, dwHighDateTime: 0 };
    // SAFETY: the key is open as long as the reference lives, `time` can be written, and null stands for what is not
    // asked for.
    let answer = unsafe {
        RegQueryInfoKeyW(
            key.as_raw(),
            null_mut(),
            null_mut(),
            null(),
            null_mut(),
            null_mut(),
            null_mut(),
            null_mut(),
            null_mut(),
            null_mut(),
            null_mut(),
            &raw mut time,
        )
    };
    if answer != ERROR_SUCCESS {
        return None;
    }
    // In steps of 100 ns.
    let steps = u64::from(time.dwHighDateTime) << 32 | u64::from(time.dwLowDateTime);
    let since_1601 = Duration::from_micros(steps / 10);
    SystemTime::UNIX_EPOCH.checked_add(since_1601.checked_sub(TO_1970)?)
}
