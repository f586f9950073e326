//! A plan in a file (`plan -o`), to be applied later as it is. A wire format, versioned, apart from the inner types;
//! bound to the host, boot and network namespace that it was drawn up on, and to the values found there.

use serde::Deserialize;
use serde::Serialize;

use crate::facts::Host;
use crate::plan::Change;
use crate::plan::Origin;
use crate::plan::Plan;
use crate::plan::Target;
use crate::plan::checksum;
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
    /// SHA-256 of this file's text with an empty checksum.
    pub checksum: String,
}

/// One change of a saved plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedChange {
    /// The setting.
    pub key: String,
    /// Where: `live`.
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

impl SavedPlan {
    /// A plan as it is saved.
    #[must_use]
    pub fn new(plan: &Plan, id: String, origin: Origin, profiles: Vec<String>) -> Self {
        let saved = |change: &Change| SavedChange {
            key: change.key.to_string(),
            target: change.target.to_string(),
            before: change.before.clone(),
            after: change.after.clone(),
            why: change.why.clone(),
            profile: change.profile.clone(),
            uncatalogued: !change.setting.is_catalogued(),
        };
        let mut plan = Self {
            schema: SCHEMA.into(),
            id,
            twtune: env!("CARGO_PKG_VERSION").into(),
            origin,
            profiles,
            changes: plan.changes.iter().map(saved).collect(),
            checksum: String::new(),
        };
        plan.checksum = checksum(&plan.text());
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
        if saved.text() != text || checksum(&sealed.text()) != saved.checksum {
            return Err("it is damaged or was edited: its checksum does not fit".into());
        }
        let changes = saved.changes.iter().map(|change| planned(change, host)).collect::<Result<_, _>>()?;
        Ok((saved, Plan { changes, refused: Vec::new() }))
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
    if saved.target != Target::Live.to_string() {
        return Err(format!("it would change {shown} at `{}`", saved.target.escape_debug()));
    }
    if !setting.may_be_absent() && (saved.before.is_none() || saved.after.is_none()) {
        return Err(format!("it lacks a value of {shown}"));
    }
    let after = saved.after.as_deref().map(|after| Value::parse(setting.kind, after)).transpose();
    let after = after.map_err(|why| format!("{shown}: {why}"))?;
    if let Some(why) = after.as_ref().and_then(|after| refused_by(host, setting, after)) {
        return Err(format!("{shown}: {why}"));
    }
    Ok(Change {
        key,
        setting,
        target: Target::Live,
        before: saved.before.clone(),
        after: after.as_ref().map(Value::to_string),
        why: saved.why.clone(),
        profile: saved.profile.clone(),
    })
}
