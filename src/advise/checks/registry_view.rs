//! What the checks of the registry look at.

use crate::advise::checks::Check;
use crate::advise::checks::Concern;
use crate::advise::checks::Severity;
use crate::facts::Host;
use crate::facts::Snapshot;
use crate::setting::Setting;
use crate::setting::catalogue;
use crate::setting::registry_path;

/// What the checks of the registry look at.
#[derive(Clone, Copy, Debug)]
pub struct RegistryView<'a> {
    /// The host.
    pub host: &'a Host,
    /// The values of the registry that the catalogue knows.
    pub values: &'a Snapshot,
}

/// A value that is set.
pub(super) struct SetValue<'a> {
    pub(super) setting: &'static Setting,
    /// The key in the registry that holds it.
    folder: &'static str,
    name: String,
    text: &'a str,
}

impl<'a> RegistryView<'a> {
    /// The values that are set.
    pub(super) fn set_values(&self) -> impl Iterator<Item = SetValue<'a>> {
        self.values.iter().filter_map(|(key, live)| {
            let (folder, name) = registry_path(key)?;
            Some(SetValue { setting: catalogue::find(key)?, folder, name, text: live.state.value()? })
        })
    }

    /// Whether the setting belongs to a Windows before this one.
    pub(super) fn is_past(&self, setting: &Setting) -> bool {
        let Some(until) = setting.until else { return false };
        self.host.version.is_none_or(|version| version >= until)
    }
}

impl SetValue<'_> {
    /// A concern about it.
    pub(super) fn concern(&self, check: &'static Check, severity: Severity) -> Concern {
        Concern::of(check, severity, self.setting.key)
            .seen("value", self.text)
            .seen("why", self.setting.risk.note)
    }

    /// How it is taken away.
    pub(super) fn removal(&self) -> String {
        format!(r"delete it: `reg delete HKLM\{} /v {}`", self.folder, self.name)
    }
}
