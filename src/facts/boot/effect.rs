//! What becomes of the lines that a loader carries out, once the kernel has had its say.

use crate::facts::Assigned;
use crate::facts::BootReading;
use crate::facts::BootState;
use crate::facts::BootValue;
use crate::setting::DefaultValue;
use crate::setting::Setting;
use crate::setting::Value;
use crate::setting::Version;
use crate::setting::Written;
use crate::setting::written;

/// What both loaders' lines leave behind on a kernel of this version; None where the version is not known.
#[must_use]
pub fn on_kernel(reading: BootReading, setting: &Setting, version: Option<Version>) -> BootReading {
    let effect = |value| effect(value, setting, version);
    BootReading { systemd: effect(reading.systemd), procps: effect(reading.procps) }
}

/// The default of a kernel of this version, where it is a fixed one.
#[must_use]
pub fn default_value(setting: &Setting, version: Option<Version>) -> Option<Value> {
    match setting.default_in(version?)? {
        DefaultValue::Is(text) => Value::parse(setting.kind, text).ok(),
        DefaultValue::Computed(_) => None,
    }
}

fn effect(mut boot: BootValue, setting: &Setting, version: Option<Version>) -> BootValue {
    let BootState::Present(_) = boot.state else { return boot };
    let accept = version.and_then(|version| setting.accepts_in(version));
    let mut now = default_value(setting, version);
    let mut by: Option<&Assigned> = None;
    let mut doubt = None;
    for line in &boot.written {
        match written(setting.kind, accept, &line.value, now.as_ref()) {
            Written::Value(value) => (now, by, doubt) = (Some(value), Some(line), None),
            Written::Unknown(why) => (now, by, doubt) = (None, Some(line), Some(why)),
            Written::Refused(why) => boot.refused.push((line.clone(), why)),
        }
    }
    let winner = boot.origin.take();
    boot.origin = by.map(|line| line.origin.clone());
    boot.state = match (doubt, &boot.origin, now) {
        (Some(why), Some(origin), _) => BootState::Unknown(format!("{origin}: {why}")),
        (None, Some(_), Some(value)) => BootState::Present(value.to_string()),
        _ => BootState::Default,
    };
    if winner != boot.origin {
        // The last line comes to nothing, and an earlier one, which it would have shadowed, stays.
        boot.shadowed.retain(|line| Some(&line.origin) != boot.origin.as_ref());
        boot.shadowed.extend(boot.written.iter().find(|line| Some(&line.origin) == winner.as_ref()).cloned());
    }
    boot
}
