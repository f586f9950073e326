//! The file of twtune's own among those that set values at boot: the union of all applies in force.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::plan::order;
use crate::setting::Key;

/// Where it lies.
pub const DROP_IN: &str = "/etc/sysctl.d/99-twtune.conf";

/// What it says: for each setting its value, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DropIn {
    /// The lines by their settings.
    pub lines: BTreeMap<Key, DropInLine>,
}

/// What it says of one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DropInLine {
    /// The value.
    pub value: String,
    /// The profile that wants it.
    pub profile: String,
    /// Why.
    pub why: String,
}

impl DropIn {
    /// Its text; None where it says nothing and is not to be there.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        if self.lines.is_empty() {
            return None;
        }
        let mut text =
            "# Written by twtune as a whole, and only by it: `twtune rollback` takes lines out again, and\n\
                        # what somebody else writes here is in its way.\n"
                .to_owned();
        let mut lines: Vec<_> = self.lines.iter().collect();
        let floor = self.lines.iter().find(|(key, _)| key.as_str() == order::FLOOR);
        let floor = floor.and_then(|(_, line)| line.value.parse().ok());
        lines.sort_by_key(|(key, _)| order::at_boot(key, floor));
        for (key, line) in lines {
            // A string of a profile holds no line break, but a text for people may be of any other origin.
            let why: Vec<&str> = line.why.lines().collect();
            let _ = write!(text, "\n# {}: {}\n{key} = {}\n", line.profile, why.join(" "), line.value);
        }
        Some(text)
    }
}

/// Whether a file is one of those that twtune may write in somebody else's stead: nothing else is restored, whatever
/// a rollback file says.
#[must_use]
pub fn may_be_taken_over(path: &str) -> bool {
    let plain = |name: &str| {
        !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.@+,=:".contains(&byte))
    };
    let in_folder =
        path.strip_prefix("/etc/sysctl.d/").and_then(|name| name.strip_suffix(".conf")).is_some_and(plain);
    path != DROP_IN && (in_folder || path == "/etc/sysctl.conf")
}
