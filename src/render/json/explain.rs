//! `twtune.explain/1`.

use std::io;
use std::io::Write;

use serde::Serialize;

use crate::lore;
use crate::lore::Advice;
use crate::lore::Topic;
use crate::render::Page;
use crate::render::json::lab::experiments;
use crate::render::json::write;
use crate::setting::Key;
use crate::setting::Setting;
use crate::setting::Version;
use crate::setting::catalogue;
use crate::setting::catalogue::Gone;

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
    recipes: Vec<AdviceReport>,
    see_also: Vec<&'static str>,
    sources: &'static [&'static str],
    experiments: Vec<&'static str>,
}

/// What is to be said of values that recipes set.
#[derive(Serialize)]
struct AdviceReport {
    values: String,
    verdict: &'static str,
    why: &'static str,
}

impl AdviceReport {
    fn of(advice: &'static Advice) -> Self {
        Self { values: advice.values(), verdict: advice.verdict.name(), why: advice.why }
    }
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
            recipes: lore::advice_about(key).map(AdviceReport::of).collect(),
            see_also: lore::concepts_about(setting.key).map(|concept| concept.id).collect(),
            sources: setting.sources,
            experiments: experiments(setting.key),
        },
    )
}

#[derive(Serialize)]
struct PageReport<'a> {
    schema: &'static str,
    kind: &'static str,
    name: &'a str,
    summary: &'a str,
    parts: Vec<PartReport<'a>>,
    experiments: Vec<&'static str>,
}

/// A part of a page below a heading.
#[derive(Serialize)]
struct PartReport<'a> {
    title: &'a str,
    text: &'a str,
}

/// Writes a page.
///
/// # Errors
/// The writer's.
pub fn explain_page(out: &mut dyn Write, page: Page<'_>) -> io::Result<()> {
    let parts = page.text.split("\n## ").skip(1);
    let parts = parts.filter_map(|part| part.split_once('\n'));
    let parts = parts.map(|(title, text)| PartReport { title, text: text.trim() }).collect();
    let Page { kind, name, text } = page;
    let (summary, experiments) = (lore::summary(text), experiments(name));
    write(out, &PageReport { schema: "twtune.explain/1", kind, name, summary, parts, experiments })
}

#[derive(Serialize)]
struct GoneReport<'a> {
    schema: &'static str,
    kind: &'static str,
    key: &'a str,
    what: &'static str,
    source: &'static str,
}

/// Writes what became of a key that is gone.
///
/// # Errors
/// The writer's.
pub fn explain_gone(out: &mut dyn Write, name: &str, gone: &Gone) -> io::Result<()> {
    let Gone { what, source, .. } = gone;
    write(out, &GoneReport { schema: "twtune.explain/1", kind: "gone", key: name, what, source })
}

#[derive(Serialize)]
struct ListReport<'a> {
    schema: &'static str,
    kind: &'static str,
    question: Option<&'a str>,
    found: Vec<FoundReport<'a>>,
}

#[derive(Serialize)]
struct FoundReport<'a> {
    name: &'a str,
    summary: &'a str,
}

impl<'a> FoundReport<'a> {
    fn of(topic: Topic<'a>) -> Self {
        Self { name: topic.name, summary: topic.summary }
    }
}

/// Writes everything that is explained.
///
/// # Errors
/// The writer's.
pub fn explain_all(out: &mut dyn Write, pages: &[Page<'_>]) -> io::Result<()> {
    let pages = pages.iter().map(|page| FoundReport { name: page.name, summary: lore::summary(page.text) });
    let settings =
        catalogue::all().map(|setting| FoundReport { name: setting.key, summary: setting.semantics });
    let found = pages.chain(settings).collect();
    write(out, &ListReport { schema: "twtune.explain/1", kind: "list", question: None, found })
}

/// Writes what a question leads to, best first.
///
/// # Errors
/// The writer's.
pub fn explain_search(out: &mut dyn Write, question: &str, found: &[Topic<'_>]) -> io::Result<()> {
    let found = found.iter().copied().map(FoundReport::of).collect();
    write(out, &ListReport { schema: "twtune.explain/1", kind: "search", question: Some(question), found })
}

fn dated(since: Version, value: &impl ToString) -> Dated {
    Dated { since: known(since), value: value.to_string() }
}

fn known(version: Version) -> Option<String> {
    (version > Version::ZERO).then(|| version.to_string())
}
