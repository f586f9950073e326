//! The settings of this machine.

use crate::cli::error::CliError;
use crate::plan::Namespace;
use crate::plan::Origin;
use crate::platform::registry::Registry;
use crate::platform::windows::LocalMachine;

/// What lets a user write settings.
pub(crate) const fn administrator() -> &'static str {
    "run it as an administrator, from a console that was opened as one"
}

/// Whether this user may write settings: the rights of each key tell, for Windows has no single user who may all.
pub(crate) const fn may_write() -> bool {
    true
}

/// The settings of a running system.
pub(crate) type Settings = crate::platform::windows::Settings;

/// Opens the settings of the machine; there are no others.
pub(crate) fn open_settings(entered: Option<&Namespace>) -> Result<Settings, CliError> {
    match entered {
        Some(_) => Err(CliError::usage("Windows has no network namespaces")),
        None => Ok(Registry::new(LocalMachine)),
    }
}

/// Whether the network namespace of a record is still there: there are none that could go.
pub(crate) fn is_there(_: &Origin) -> bool {
    true
}
