#![doc = include_str!("dead_registry_value.md")]

use crate::advise::checks::Check;
use crate::advise::checks::Concern;
use crate::advise::checks::RegistryView;
use crate::advise::checks::Severity;
use crate::setting::Effect;

/// The check.
pub static CHECK: Check = Check { id: "dead-registry-value", page: include_str!("dead_registry_value.md") };

pub(super) fn check(view: &RegistryView<'_>) -> Vec<Concern> {
    view.set_values()
        .filter(|value| value.setting.effect == Effect::Never && view.is_past(value.setting))
        .map(|value| value.concern(&CHECK, Severity::Warning).advise(value.removal()))
        .collect()
}
