//! The order in which changes are made, so that no write is refused for one that comes later.

use crate::plan::Change;
use crate::plan::ports;
use crate::setting::Key;
use crate::setting::Kind;
use crate::setting::Value;
use crate::setting::catalogue;

pub(super) use ports::FLOOR;

/// The port range of a kernel that nobody tuned begins here.
const DEFAULT_LOW: i128 = 32768;

/// Sorts changes. What has no reason to move keeps its place.
pub(super) fn sort(changes: &mut [Change]) {
    // The range may not begin below the floor at any moment: the floor goes first where the new floor fits
    // under the old range, otherwise the new range fits over the old floor.
    let floor_first = match (find(changes, ports::FLOOR), find(changes, ports::RANGE)) {
        (Some(floor), Some(range)) => match (number(floor.after.as_deref()), low(range.before.as_deref())) {
            (Some(floor), Some(low)) => floor <= low,
            _ => true,
        },
        _ => true,
    };
    changes.sort_by_key(|change| rank(&change.key, floor_first));
}

/// Where a setting stands among the lines that a boot carries out, which finds the kernel's defaults.
pub(super) fn at_boot(key: &Key, floor: Option<i128>) -> u8 {
    rank(key, floor.is_none_or(|floor| floor <= DEFAULT_LOW))
}

fn rank(key: &Key, floor_first: bool) -> u8 {
    let resets = catalogue::find(key).is_some_and(|setting| !setting.also_changes.is_empty());
    match key.as_str() {
        // What resets other settings comes before them.
        _ if resets => 0,
        ports::RANGE if floor_first => 4,
        ports::RANGE => 2,
        ports::FLOOR => 3,
        // Before the range: a port is reserved before the range reaches it.
        _ => 1,
    }
}

fn find<'a>(changes: &'a [Change], key: &str) -> Option<&'a Change> {
    changes.iter().find(|change| change.key.as_str() == key)
}

fn number(text: Option<&str>) -> Option<i128> {
    text?.parse().ok()
}

fn low(text: Option<&str>) -> Option<i128> {
    match Value::parse(Kind::PortRange, text?) {
        Ok(Value::Range(range)) => Some(range.low.into()),
        _ => None,
    }
}
