//! The rollback file: everything needed to undo an apply. A wire format, versioned, apart from the inner types.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::Serialize;

use crate::plan::DROP_IN;
use crate::plan::Origin;
use crate::plan::checksum;
use crate::plan::may_be_taken_over;
use crate::platform::stored::StoredFile;
use crate::setting::Key;
use crate::setting::Scope;
use crate::setting::catalogue;

const SCHEMA: &str = "twtune.rollback/1";

/// What an apply or a rollback is about to do, and what there was before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The format and its version.
    pub schema: String,
    /// The number of this record in its state directory.
    pub id: String,
    /// When it began, UTC.
    pub time: String,
    /// What was asked for.
    pub command: Command,
    /// The id of the record that a rollback undoes.
    pub undoes: Option<String>,
    /// The version of twtune that wrote it.
    pub twtune: String,
    /// Where it was written.
    pub origin: Origin,
    /// The profiles that were asked for.
    pub profiles: Vec<String>,
    /// The changes, in the order in which they are made.
    pub changes: Vec<Change>,
    /// The files of others that are changed, and what they were before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileChange>,
    /// SHA-256 of this record with an empty checksum.
    pub checksum: String,
}

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// To meet profiles.
    Apply,
    /// To undo an earlier record.
    Rollback,
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Apply => "apply",
            Self::Rollback => "rollback",
        })
    }
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The setting.
    pub key: String,
    /// Where: `live` or `boot`.
    pub target: String,
    /// The value before; None where there was none.
    pub before: Option<String>,
    /// The value after; None where there is to be none.
    pub after: Option<String>,
    /// What else the write changes, and what it was before.
    pub also: Vec<AlsoChanged>,
    /// What stands above its line at boot: the profile and the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<Comment>,
}

/// Whose line it is, and why it is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comment {
    /// The profile that wants it.
    pub profile: String,
    /// Why.
    pub why: String,
}

/// A file of somebody else's in which lines are commented out, or were.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileChange {
    /// The file.
    pub path: String,
    /// The lines, counted from 1, each with the setting that it is about.
    pub lines: Vec<(usize, String)>,
    /// What it was before; None where there was none.
    pub before: Option<SavedFile>,
    /// What it is to be; None where there is to be none.
    pub after: Option<SavedFile>,
}

/// A file in a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedFile {
    /// Its bytes, each as the character of the same number.
    pub content: String,
    /// Its permissions.
    pub mode: u32,
    /// The number of its owner.
    pub owner: u32,
    /// The number of its group.
    pub group: u32,
    /// When it was last modified, in seconds and nanoseconds.
    pub modified: Option<(i64, i64)>,
}

impl SavedFile {
    pub(super) fn of(file: &StoredFile) -> Self {
        Self {
            content: file.content.iter().copied().map(char::from).collect(),
            mode: file.mode,
            owner: file.owner,
            group: file.group,
            modified: file.modified,
        }
    }

    /// None where a character is no byte.
    pub(super) fn stored(&self) -> Option<StoredFile> {
        let content = self.content.chars().map(|c| u8::try_from(c).ok()).collect::<Option<_>>()?;
        let Self { mode, owner, group, modified, .. } = *self;
        Some(StoredFile { content, mode, owner, group, modified })
    }
}

/// A setting that changes because another is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlsoChanged {
    /// The setting.
    pub key: String,
    /// Its value before.
    pub before: String,
    /// Where a rollback takes it behind the write; None where it stays as the write leaves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// How an apply or a rollback ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Everything was done.
    Applied,
    /// Everything was done, and will be undone unless it is confirmed.
    Pending,
    /// There was nothing to do.
    Unchanged,
    /// It failed and everything was put back.
    Undone,
    /// An earlier apply was taken back.
    RolledBack,
    /// It failed and something could not be put back.
    Incomplete,
    /// It was not begun.
    Refused,
}

impl Outcome {
    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Pending => "pending",
            Self::Unchanged => "unchanged",
            Self::Undone => "undone",
            Self::RolledBack => "rolled-back",
            Self::Incomplete => "incomplete",
            Self::Refused => "refused",
        }
    }
}

/// What stands behind the checksum.
const END: &str = "\"\n}\n";

impl Record {
    /// A record of what is about to be done. Its id and checksum are set when it is stored.
    #[must_use]
    pub fn new(command: Command, time: String, origin: Origin, profiles: Vec<String>) -> Self {
        Self {
            schema: SCHEMA.into(),
            id: String::new(),
            time,
            command,
            undoes: None,
            twtune: env!("CARGO_PKG_VERSION").into(),
            origin,
            profiles,
            changes: Vec::new(),
            files: Vec::new(),
            checksum: String::new(),
        }
    }

    /// Whether this is the other, whatever its confirmation made of it.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.id == other.id && self.checksum == other.checksum
    }

    /// Whether the other tells of the same event, whatever number it has in another history.
    pub(super) fn is_same_event(&self, other: &Self) -> bool {
        self.command == other.command
            && self.time == other.time
            && self.origin == other.origin
            && self.profiles == other.profiles
            && self.changes == other.changes
            && self.files == other.files
    }

    /// The same with what its confirmation did to files, where it was confirmed.
    pub(super) fn confirmed(mut self, ending: Option<&Ending>) -> Self {
        if let Some(confirmed) = ending.and_then(|ending| ending.confirmed.as_ref()) {
            self.files.clone_from(&confirmed.files);
        }
        self
    }

    /// Whether the two may have changed anything in common.
    pub(super) fn meets(&self, other: &Self) -> bool {
        let keys = |record: &Self| -> BTreeSet<String> {
            let also = record.changes.iter().flat_map(|change| &change.also).map(|also| also.key.clone());
            record.changes.iter().map(|change| change.key.clone()).chain(also).collect()
        };
        let same_namespace = self.origin.netns == other.origin.netns || self.origin.netns.is_none();
        let is_shared = |key: &String| {
            let setting = Key::parse(key).ok().and_then(|key| catalogue::find(&key));
            same_namespace || setting.is_none_or(|setting| setting.scope != Scope::Netns)
        };
        self.touches_boot() && other.touches_boot() || keys(self).intersection(&keys(other)).any(is_shared)
    }

    /// Whether it has to do with what the next boot sets, which outlives a reboot.
    #[must_use]
    pub fn touches_boot(&self) -> bool {
        !self.files.is_empty() || self.changes.iter().any(|change| change.target == "boot")
    }

    /// Whether the next boot is to set this setting.
    pub(super) fn boots(&self, key: &str) -> bool {
        self.boot().any(|change| change.key == key)
    }

    /// The files that it writes.
    #[must_use]
    pub fn file_paths(&self) -> Vec<String> {
        let own = self.boot().next().map(|_| DROP_IN.to_owned());
        self.files.iter().map(|file| file.path.clone()).chain(own).collect()
    }

    /// Its changes of live values.
    pub(super) fn live(&self) -> impl DoubleEndedIterator<Item = &Change> {
        self.changes.iter().filter(|change| change.target == "live")
    }

    /// Its changes of what the next boot sets.
    pub(super) fn boot(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| change.target == "boot")
    }

    /// The text of the rollback file, its checksum set.
    #[must_use]
    pub fn sealed(mut self) -> (Self, String) {
        self.checksum.clear();
        let mut text = self.text();
        self.checksum = checksum(&text);
        // It is the last field: what stands before it need not be written out again.
        text.truncate(text.len() - END.len());
        text += &self.checksum;
        text += END;
        (self, text)
    }

    fn text(&self) -> String {
        // Texts and numbers always serialize.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// Reads a rollback file: what is not to the letter as twtune wrote it is refused.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let schema: Schema = serde_json::from_str(text).map_err(|error| format!("it is damaged: {error}"))?;
        if schema.schema != SCHEMA {
            return Err(format!(
                "its format is `{}`, this twtune reads `{SCHEMA}`",
                schema.schema.escape_debug()
            ));
        }
        let record: Self = serde_json::from_str(text).map_err(|error| format!("it is damaged: {error}"))?;
        if record.clone().sealed().1 != text {
            return Err("it is damaged or was edited: its checksum does not fit".into());
        }
        if !is_id(&record.id) {
            return Err("its id is not a number".into());
        }
        for change in &record.changes {
            let also = change.also.iter().map(|also| &also.key);
            for key in std::iter::once(&change.key).chain(also) {
                let known = Key::parse(key).ok().and_then(|key| catalogue::find_or_text(&key));
                if known.is_none() {
                    return Err(format!("it names `{}`, which twtune does not know", key.escape_debug()));
                }
            }
            if !["live", "boot"].contains(&change.target.as_str()) {
                return Err(format!("it changes something at `{}`", change.target.escape_debug()));
            }
        }
        for file in &record.files {
            let sound = |file: &Option<SavedFile>| file.as_ref().is_none_or(|file| file.stored().is_some());
            if !may_be_taken_over(&file.path) || !sound(&file.before) || !sound(&file.after) {
                let shown = file.path.escape_debug();
                return Err(format!("it would restore {shown}, which twtune does not write"));
            }
        }
        Ok(record)
    }
}

#[derive(Deserialize)]
struct Schema {
    schema: String,
}

/// Whether it is a rollback file in another twtune's format.
pub(super) fn is_foreign(text: &str) -> bool {
    let schema = serde_json::from_str(text).map(|Schema { schema }| schema).unwrap_or_default();
    schema.starts_with("twtune.rollback/") && schema != SCHEMA
}

/// Whether a text is the id of a record: a number as [`super::store::Store`] gives it.
pub(super) fn is_id(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 9
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && !text.starts_with('0')
}

/// How a record's transaction ended; a file of its own, so that the record is never written twice.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ending {
    pub(super) schema: String,
    pub(super) id: String,
    pub(super) outcome: Outcome,
    /// The changes that could not be put back.
    pub(super) left: Vec<String>,
    /// What somebody else had changed since and was left to them, for nobody could be asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) passed_over: Vec<String>,
    /// What was found behind the writes where they changed something besides: key and value.
    #[serde(default)]
    pub(super) besides: BTreeMap<String, String>,
    /// What could not be put back, with the values that it had: also where a write changed it besides.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) owed: BTreeMap<String, Option<String>>,
    /// What became of an apply on probation as it was being confirmed, where it has to do with the next boot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) confirmed: Option<Confirmed>,
}

/// What a confirmation does to files, which may be others than the apply found: noted before the first is changed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Confirmed {
    /// The newest record then: what was done to files since the apply comes before this.
    pub(super) behind: String,
    /// The files of others that are changed, in place of those that the record has.
    pub(super) files: Vec<FileChange>,
}

impl Ending {
    const SCHEMA: &'static str = "twtune.ending/1";

    pub(super) fn new(id: &str, outcome: Outcome, left: Vec<String>) -> Self {
        Self {
            schema: Self::SCHEMA.into(),
            id: id.into(),
            outcome,
            left,
            passed_over: Vec::new(),
            besides: BTreeMap::new(),
            owed: BTreeMap::new(),
            confirmed: None,
        }
    }

    /// What is not as it was to be.
    pub(super) fn all_left(&self) -> Vec<String> {
        self.left.iter().chain(&self.passed_over).cloned().collect()
    }

    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default() + "\n"
    }

    /// None for a text that was cut short: a transaction whose end is not on disk is an interrupted one.
    pub(super) fn parse(text: &str, id: &str) -> Option<Self> {
        let ending: Self = serde_json::from_str(text).ok()?;
        (ending.schema == Self::SCHEMA && ending.id == id).then_some(ending)
    }
}
