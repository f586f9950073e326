#![doc = include_str!("loaders_disagree.md")]

use crate::advise::checks::BootView;
use crate::advise::checks::Check;
use crate::advise::checks::Concern;
use crate::advise::checks::Concerns;
use crate::advise::checks::Severity;
use crate::facts::BootState;
use crate::facts::BootValue;
use crate::facts::Loader;

/// The check.
pub static CHECK: Check = Check { id: "loaders-disagree", page: include_str!("loaders_disagree.md") };

pub(super) fn check(view: &BootView<'_>, found: &mut Concerns) {
    for (key, reading) in view.boot.iter().filter(|(_, reading)| !reading.agree()) {
        found.add(Severity::Warning, || {
            Concern::of(&CHECK, Severity::Warning, key.as_str())
                .seen("systemd_sysctl", told(reading.under(Loader::SystemdSysctl)))
                .seen("procps", told(reading.under(Loader::Procps)))
                .advise("set it once, in a file of /etc/sysctl.d that comes last by name, and not in /etc/sysctl.conf")
        });
    }
}

fn told(value: &BootValue) -> String {
    let origin = value.origin.as_ref().map(|origin| format!(" ({origin})")).unwrap_or_default();
    match &value.state {
        BootState::Present(value) => format!("{value}{origin}"),
        BootState::Default => "the default".into(),
        BootState::Unreadable(why) | BootState::Unknown(why) => why.clone(),
    }
}
