//! `twtune.explain/1`.

use std::io;
use std::io::Write;

use serde::Serialize;

use crate::render::json::write;
use crate::setting::Key;
use crate::setting::Setting;
use crate::setting::Version;

#[derive(Serialize)]
struct ExplainReport<'a> {
    schema: &'static str,
    kind: &'static str,
    key: &'a str,
    os: String,
    value: String,
    unit: String,
    defaults: Vec<Dated>,
    accepts: Vec<Dated>,
    since: Option<String>,
    until: Option<String>,
    scope: &'static str,
    effect: &'static str,
    also_changes: &'static [&'static str],
    risk: String,
    risk_note: &'static str,
    semantics: &'static str,
    sources: &'static [&'static str],
}

/// A fact and the version from which it holds; null is always.
#[derive(Serialize)]
struct Dated {
    since: Option<String>,
    value: String,
}

/// Writes what is known of a setting.
///
/// # Errors
/// The writer's.
pub fn explain(out: &mut dyn Write, key: &Key, setting: &Setting) -> io::Result<()> {
    write(
        out,
        &ExplainReport {
            schema: "twtune.explain/1",
            kind: "setting",
            key: key.as_str(),
            os: setting.os().to_string(),
            value: setting.kind.describe(),
            unit: setting.unit.to_string(),
            defaults: setting.defaults.iter().map(|(since, value)| dated(*since, value)).collect(),
            accepts: setting.accepts.iter().map(|(since, value)| dated(*since, value)).collect(),
            since: known(setting.since),
            until: setting.until.and_then(known),
            scope: setting.scope.name(),
            effect: setting.effect.name(),
            also_changes: setting.also_changes,
            risk: setting.risk.level.to_string(),
            risk_note: setting.risk.note,
            semantics: setting.semantics,
            sources: setting.sources,
        },
    )
}

fn dated(since: Version, value: &impl ToString) -> Dated {
    Dated { since: known(since), value: value.to_string() }
}

fn known(version: Version) -> Option<String> {
    (version > Version::ZERO).then(|| version.to_string())
}
