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
        DefaultValue::Computed(_) | DefaultValue::FromMemory { .. } => None,
    }
}

/// What the default of a kernel of this version is not below, on a machine with so much memory.
#[must_use]
pub fn least_default(setting: &Setting, version: Option<Version>, memory: Option<u64>) -> Option<Value> {
    match setting.default_in(version?)? {
        DefaultValue::FromMemory { bytes, most, .. } => {
            Some(Value::Numbers(vec![i128::from((memory? / bytes).min(*most))]))
        }
        DefaultValue::Is(_) | DefaultValue::Computed(_) => None,
    }
}

fn effect(mut boot: BootValue, setting: &Setting, version: Option<Version>) -> BootValue {
    if matches!(boot.state, BootState::Unreadable(_)) || boot.written.is_empty() && boot.besides.is_empty() {
        return boot;
    }
    let accept = version.and_then(|version| setting.accepts_in(version));
    let mut now = default_value(setting, version);
    let mut by: Option<&Assigned> = None;
    let mut doubt = None;
    for at in 0..=boot.written.len() {
        for besides in boot.besides.iter().filter(|besides| besides.after == at) {
            let left = besides.value.as_ref().and_then(|text| Value::parse(setting.kind, text).ok());
            if left.is_none() || left != now {
                (now, by, doubt) = (None, None, Some(besides.why.clone()));
            }
        }
        let Some(line) = boot.written.get(at) else { break };
        match written(setting.kind, accept, &line.value, now.as_ref()) {
            Written::Value(value) => (now, by, doubt) = (Some(value), Some(line), None),
            Written::Unknown(why) => {
                (now, by, doubt) = (None, Some(line), Some(format!("{}: {why}", line.origin)));
            }
            Written::Refused(why) => boot.refused.push((line.clone(), why)),
        }
    }
    let winner = boot.written.last().map(|line| &line.origin);
    boot.origin = by.map(|line| line.origin.clone());
    boot.state = match (doubt, by, now) {
        (Some(why), ..) => BootState::Unknown(why),
        (None, Some(_), Some(value)) => BootState::Present(value.to_string()),
        _ => BootState::Default,
    };
    if winner != boot.origin.as_ref() {
        // The last line comes to nothing, and an earlier one, which it would have shadowed, stays.
        boot.shadowed.retain(|line| Some(&line.origin) != boot.origin.as_ref());
        if !boot.shadowed.iter().any(|line| Some(&line.origin) == winner) {
            boot.shadowed.extend(boot.written.last().cloned());
        }
    }
    boot
}
