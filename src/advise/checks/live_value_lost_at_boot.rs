#![doc = include_str!("live_value_lost_at_boot.md")]

use crate::advise::checks::BootView;
use crate::advise::checks::Check;
use crate::advise::checks::Concern;
use crate::advise::checks::Concerns;
use crate::advise::checks::Severity;
use crate::facts::BootState;
use crate::facts::boot::default_value;
use crate::setting::Setting;
use crate::setting::Value;
use crate::setting::catalogue;

/// The check.
pub static CHECK: Check =
    Check { id: "live-value-lost-at-boot", page: include_str!("live_value_lost_at_boot.md") };

pub(super) fn check(view: &BootView<'_>, found: &mut Concerns) {
    if view.host.boot_loader.known().is_none() || !view.host.initial {
        return;
    }
    for (key, reading) in view.boot {
        let (Some(live), Some(setting)) =
            (view.snapshot.get(key).and_then(|live| live.state.value()), catalogue::find(key))
        else {
            continue;
        };
        let boot = reading.on(view.host.boot_loader);
        let (later, from) = match (&boot.state, &boot.origin) {
            (BootState::Present(value), Some(origin)) => (value.clone(), origin.to_string()),
            (BootState::Default, _) => match default_value(setting, view.host.version) {
                Some(value) => (value.to_string(), "the default, since no file sets it".into()),
                None => continue,
            },
            _ => continue,
        };
        if !same(setting, live, &later) {
            found.add(Severity::Warning, || {
                Concern::of(&CHECK, Severity::Warning, key.as_str())
                    .seen("live", live)
                    .seen("boot", later)
                    .seen("from", from)
                    .advise(format!("to keep it, set {key} = {live} in /etc/sysctl.d"))
            });
        }
    }
}

fn same(setting: &Setting, one: &str, other: &str) -> bool {
    let value = |text| Value::parse(setting.kind, text);
    value(one).is_ok() && value(one) == value(other)
}
