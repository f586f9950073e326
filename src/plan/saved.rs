//! A plan in a file (`plan -o`), to be applied later as it is. A wire format, versioned, apart from the inner types;
//! bound to the host, boot and network namespace that it was drawn up on, and to the values found there.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

use crate::facts::Host;
use crate::facts::boot::BootFiles;
use crate::facts::boot::Content;
use crate::plan::Change;
use crate::plan::Edit;
use crate::plan::Origin;
use crate::plan::Plan;
use crate::plan::Target;
use crate::plan::checksum;
use crate::plan::checksums;
use crate::plan::may_be_taken_over;
use crate::plan::refused_by;
use crate::setting::Key;
use crate::setting::Value;
use crate::setting::catalogue;

const SCHEMA: &str = "twtune.saved-plan/1";

/// A plan in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedPlan {
    /// The format and its version.
    pub schema: String,
    /// The plan's id.
    pub id: String,
    /// The version of twtune that wrote it.
    pub twtune: String,
    /// Where it was drawn up.
    pub origin: Origin,
    /// The profiles that were asked for.
    pub profiles: Vec<String>,
    /// The changes, in the order in which they are made.
    pub changes: Vec<SavedChange>,
    /// The lines of other files that are commented out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<SavedEdit>,
    /// Where it changes the next boot: all files that have a say, each with what it says as a checksum.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub boot_files: BTreeMap<String, String>,
    /// SHA-256 of this file's text with an empty checksum.
    pub checksum: String,
}

/// One change of a saved plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedChange {
    /// The setting.
    pub key: String,
    /// Where: `live` or `boot`.
    pub target: String,
    /// The value that was found.
    pub before: Option<String>,
    /// The value that is to be.
    pub after: Option<String>,
    /// Why.
    pub why: String,
    /// The profile that wants it.
    pub profile: String,
    /// Whether the profile says that the catalogue need not know the setting.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub uncatalogued: bool,
}

/// Lines of another file that are commented out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedEdit {
    /// The file that is written.
    pub path: String,
    /// The file that its text comes from.
    pub source: String,
    /// The lines, counted from 1, each with the setting that it is about.
    pub lines: Vec<(usize, String)>,
}

impl SavedPlan {
    /// A plan as it is saved.
    #[must_use]
    pub fn new(
        plan: &Plan,
        id: String,
        origin: Origin,
        profiles: Vec<String>,
        boot_files: BTreeMap<String, String>,
    ) -> Self {
        let saved = |change: &Change| SavedChange {
            key: change.key.to_string(),
            target: change.target.to_string(),
            before: change.before.clone(),
            after: change.after.clone(),
            why: change.why.clone(),
            profile: change.profile.clone(),
            uncatalogued: !change.setting.is_catalogued(),
        };
        let saved_edit = |edit: &Edit| SavedEdit {
            path: edit.path.clone(),
            source: edit.source.clone(),
            lines: edit.lines.iter().map(|(line, key)| (*line, key.to_string())).collect(),
        };
        let mut plan = Self {
            schema: SCHEMA.into(),
            id,
            twtune: env!("CARGO_PKG_VERSION").into(),
            origin,
            profiles,
            changes: plan.changes.iter().map(saved).collect(),
            edits: plan.edits.iter().map(saved_edit).collect(),
            boot_files,
            checksum: String::new(),
        };
        plan.checksum = checksum(plan.text());
        plan
    }

    /// The text of the file.
    #[must_use]
    pub fn text(&self) -> String {
        // Texts always serialize.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// Reads a saved plan, and the plan in it for this host: what is not to the letter as twtune wrote it is
    /// refused, and so is what no profile could have brought about.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str, host: &Host) -> Result<(Self, Plan), String> {
        let damaged = |error: serde_json::Error| format!("it is no saved plan, or damaged: {error}");
        let schema: Schema = serde_json::from_str(text).map_err(damaged)?;
        if schema.schema != SCHEMA {
            let found = schema.schema.escape_debug().to_string();
            return Err(format!("its format is `{found}`, this twtune reads `{SCHEMA}`"));
        }
        let saved: Self = serde_json::from_str(text).map_err(damaged)?;
        let sealed = Self { checksum: String::new(), ..saved.clone() };
        if saved.text() != text || checksum(sealed.text()) != saved.checksum {
            return Err("it is damaged or was edited: its checksum does not fit".into());
        }
        let changes = saved.changes.iter().map(|change| planned(change, host)).collect::<Result<_, _>>()?;
        Ok((saved, Plan { changes, ..Plan::default() }))
    }

    /// The edits of the plan, where the files that have a say in the next boot are still what they were.
    ///
    /// # Errors
    /// The file that changed.
    pub fn edits(&self, files: &BootFiles) -> Result<Vec<Edit>, String> {
        let now = checksums(files);
        let paths = self.boot_files.keys().chain(now.keys());
        if let Some(path) = paths.into_iter().find(|path| self.boot_files.get(*path) != now.get(*path)) {
            return Err(format!("{} was changed since it was drawn up", path.escape_debug()));
        }
        let edit = |edit: &SavedEdit| {
            let source =
                files.files.iter().find(|file| file.path == edit.source || file.place() == edit.source);
            let Some(Content::Text(text)) =
                source.map(|file| &file.content).filter(|_| may_be_taken_over(&edit.path))
            else {
                return Err(format!("it would change {}", edit.path.escape_debug()));
            };
            let (path, source) = (edit.path.clone(), edit.source.clone());
            let line = |(line, key): &(usize, String)| Ok((*line, Key::parse(key)?));
            let lines = edit.lines.iter().map(line).collect::<Result<_, String>>()?;
            Ok(Edit { path, source, lines, text: text.clone() })
        };
        self.edits.iter().map(edit).collect()
    }
}

#[derive(Deserialize)]
struct Schema {
    schema: String,
}

fn planned(saved: &SavedChange, host: &Host) -> Result<Change, String> {
    let shown = saved.key.escape_debug();
    let find = if saved.uncatalogued { catalogue::find_or_text } else { catalogue::find };
    let found = Key::parse(&saved.key).ok().and_then(|key| Some((find(&key)?, key)));
    let Some((setting, key)) = found else {
        return Err(format!("it names `{shown}`, which twtune does not know"));
    };
    let target = [Target::Live, Target::Boot].into_iter().find(|target| target.to_string() == saved.target);
    let Some(target) = target else {
        return Err(format!("it would change {shown} at `{}`", saved.target.escape_debug()));
    };
    let after = saved.after.as_deref().map(|after| Value::parse(setting.kind, after)).transpose();
    let after = after.map_err(|why| format!("{shown}: {why}"))?;
    if let Some(why) = after.as_ref().and_then(|after| refused_by(host, setting, after)) {
        return Err(format!("{shown}: {why}"));
    }
    Ok(Change {
        key,
        setting,
        target,
        before: saved.before.clone(),
        after: after.as_ref().map(Value::to_string),
        why: saved.why.clone(),
        profile: saved.profile.clone(),
    })
}
