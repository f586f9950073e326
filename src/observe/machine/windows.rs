//! What Windows tells about itself.

use std::io;

use sysinfo::MemoryRefreshKind;
use sysinfo::System;
use windows_registry::LOCAL_MACHINE;

use crate::facts::Os;

/// The system that this is.
pub const OS: Os = Os::Windows;

/// The host's name, and the version of Windows: `10.0.19045`.
pub(super) fn names() -> (String, String) {
    (System::host_name().unwrap_or_default(), version().unwrap_or_default())
}

/// Where Windows keeps its version. What it tells programs depends on what they were made for.
fn version() -> Option<String> {
    let key = LOCAL_MACHINE.open(r"SOFTWARE\Microsoft\Windows NT\CurrentVersion").ok()?;
    let number = |name: &str| key.get_u32(name).ok();
    let since_10 = number("CurrentMajorVersionNumber").zip(number("CurrentMinorVersionNumber"));
    let release = match since_10 {
        Some((major, minor)) => format!("{major}.{minor}"),
        None => key.get_string("CurrentVersion").ok()?,
    };
    let build = key.get_string("CurrentBuildNumber").ok();
    Some(build.map_or_else(|| release.clone(), |build| format!("{release}.{build}")))
}

/// The machine's id.
pub(super) fn machine_id() -> Option<String> {
    let key = LOCAL_MACHINE.options().read().wow64_64().open(r"SOFTWARE\Microsoft\Cryptography").ok()?;
    key.get_string("MachineGuid").ok().filter(|id| !id.is_empty())
}

/// None: what is in the registry outlasts a boot.
#[allow(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(super) fn boot_id() -> io::Result<Option<String>> {
    Ok(None)
}

/// None: there is one set of settings.
#[must_use]
pub fn netns() -> Option<String> {
    None
}

/// Physical memory.
pub(super) fn memory() -> Option<u64> {
    let mut system = System::new().ok()?;
    system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
    Some(system.total_memory()).filter(|bytes| *bytes > 0)
}
