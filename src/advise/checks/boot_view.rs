//! What the checks of boot files look at.

use std::collections::HashSet;

use crate::facts::Boot;
use crate::facts::Host;
use crate::facts::Loader;
use crate::facts::Snapshot;
use crate::facts::boot::BootFiles;
use crate::facts::boot::Reading;

/// What the checks of boot files look at.
#[derive(Clone, Copy, Debug)]
pub struct BootView<'a> {
    /// The files.
    pub files: &'a BootFiles,
    /// What each loader reads of them, in the order of [`Loader::ALL`].
    pub readings: &'a [Reading<'a>; 2],
    /// What the next boot makes of the settings that rules name.
    pub boot: &'a Boot,
    /// The host.
    pub host: &'a Host,
    /// Its live values.
    pub snapshot: &'a Snapshot,
    /// The paths in the files that the running kernel does not have; None where nothing runs that could be asked.
    pub missing: Option<&'a HashSet<&'a [u8]>>,
    /// The kernel modules that are loaded before the files are read.
    pub modules: &'a [String],
}

impl<'a> BootView<'a> {
    /// What the host's own loader reads; systemd-sysctl's where the loader is not known.
    #[must_use]
    pub fn reading(&self) -> &'a Reading<'a> {
        match self.host.boot_loader.known() {
            Some(Loader::Procps) => &self.readings[1],
            Some(Loader::SystemdSysctl) | None => &self.readings[0],
        }
    }
}
