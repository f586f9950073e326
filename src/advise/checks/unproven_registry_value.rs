#![doc = include_str!("unproven_registry_value.md")]

use crate::advise::checks::Check;
use crate::advise::checks::Concern;
use crate::advise::checks::RegistryView;
use crate::advise::checks::Severity;
use crate::setting::Effect;

/// The check.
pub static CHECK: Check =
    Check { id: "unproven-registry-value", page: include_str!("unproven_registry_value.md") };

pub(super) fn check(view: &RegistryView<'_>) -> Vec<Concern> {
    view.set_values()
        .filter(|value| match value.setting.effect {
            Effect::Unproven => true,
            // What is known of it is not known of this Windows.
            effect => effect != Effect::Never && view.is_past(value.setting),
        })
        .map(|value| {
            value
                .concern(&CHECK, Severity::Warning)
                .advise(format!("{}, unless a measurement of yours shows what it does", value.removal()))
        })
        .collect()
}
