//! What is known of a setting, a concept or a check.

use std::fmt::Display;
use std::io;
use std::io::Write;

use crate::lab;
use crate::lore;
use crate::lore::Topic;
use crate::render::Page;
use crate::render::human::lab::claim;
use crate::render::style;
use crate::setting::Key;
use crate::setting::Setting;
use crate::setting::Version;
use crate::setting::catalogue;
use crate::setting::catalogue::Gone;

/// Writes what is known of a setting.
///
/// # Errors
/// The writer's.
pub fn explain(out: &mut dyn Write, key: &Key, setting: &Setting) -> io::Result<()> {
    writeln!(out, "{}\n\n{}\n", style::strong(key.as_str()), setting.semantics)?;
    let os = setting.os().title();
    let mut fact = |name: &str, value: &str| writeln!(out, "  {:<10}{value}", style::faint(name));
    fact("value", &format!("{}, {}", setting.kind.describe(), setting.unit))?;
    fact("default", &dated(os, setting.defaults))?;
    fact("accepts", &dated(os, setting.accepts))?;
    if setting.since > Version::ZERO || setting.until.is_some() {
        let since = (setting.since > Version::ZERO).then(|| format!("since {os} {}", setting.since));
        let until = setting.until.map(|until| format!("gone since {os} {until}"));
        fact("versions", &since.into_iter().chain(until).collect::<Vec<_>>().join(", "))?;
    }
    fact("scope", &setting.scope.to_string())?;
    fact("counts", &setting.effect.to_string())?;
    if !setting.also_changes.is_empty() {
        fact("resets", &setting.also_changes.join(", "))?;
    }
    fact("risk", &format!("{}: {}", setting.risk.level, setting.risk.note))?;
    let mut advice = lore::advice_about(key).peekable();
    if advice.peek().is_some() {
        writeln!(out, "\n  what recipes set")?;
    }
    for advice in advice {
        let verdict = style::doubt(advice.verdict.name());
        writeln!(out, "    {}  ({verdict})\n        {}", advice.values(), advice.why)?;
    }
    let also: Vec<&str> = lore::concepts_about(setting.key).map(|concept| concept.id).collect();
    if !also.is_empty() {
        writeln!(out, "\n  see also  {}", also.join(", "))?;
    }
    writeln!(out, "\n  sources")?;
    for source in setting.sources {
        writeln!(out, "    {source}")?;
    }
    write_experiments(out, setting.key)
}

/// What was said can be seen: the experiments, and the claim of each.
fn write_experiments(out: &mut dyn Write, topic: &str) -> io::Result<()> {
    let mut proofs = lab::experiments_about(topic).peekable();
    if proofs.peek().is_some() {
        writeln!(out, "\n{}", style::strong("See it on this machine"))?;
    }
    for experiment in proofs {
        writeln!(out, "  twtune lab run {}\n      {}", experiment.name, style::faint(&claim(experiment)))?;
    }
    Ok(())
}

/// Writes a page.
///
/// # Errors
/// The writer's.
pub fn explain_page(out: &mut dyn Write, page: Page<'_>) -> io::Result<()> {
    for line in page.text.lines() {
        match line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#')) {
            Some(heading) => writeln!(out, "{}", style::strong(heading))?,
            None => writeln!(out, "{line}")?,
        }
    }
    write_experiments(out, page.name)
}

/// Writes what became of a key that is gone.
///
/// # Errors
/// The writer's.
pub fn explain_gone(out: &mut dyn Write, name: &str, gone: &Gone) -> io::Result<()> {
    writeln!(out, "{}\n\nIt is gone: {}.\n\n  source  {}", style::strong(name), gone.what, gone.source)
}

/// Writes everything that is explained, a line each.
///
/// # Errors
/// The writer's.
pub fn explain_all(out: &mut dyn Write, pages: &[Page<'_>]) -> io::Result<()> {
    for (kind, title) in [("concept", "concepts"), ("check", "checks")] {
        writeln!(out, "{}", style::strong(title))?;
        for page in pages.iter().filter(|page| page.kind == kind) {
            writeln!(out, "  {:<32}{}", page.name, lore::summary(page.text))?;
        }
    }
    writeln!(out, "{}", style::strong("settings"))?;
    for setting in catalogue::all() {
        writeln!(out, "  {}", setting.key)?;
    }
    writeln!(out, "`twtune explain NAME` tells about one; a question in quotes finds by its words")
}

/// Writes what else a question may be about.
///
/// # Errors
/// The writer's.
pub fn explain_search(out: &mut dyn Write, found: &[Topic<'_>]) -> io::Result<()> {
    if !found.is_empty() {
        writeln!(out, "\n{}", style::strong("What else it may be about, for `twtune explain NAME`"))?;
    }
    for topic in found {
        writeln!(out, "  {}: {}", topic.name, topic.summary.trim_end())?;
    }
    Ok(())
}

/// `2 (since Linux 4.19), before that 0`.
fn dated(os: &str, facts: &[(Version, impl Display)]) -> String {
    if facts.is_empty() {
        return "not known".into();
    }
    let texts = facts.iter().rev().map(|(since, value)| {
        if *since > Version::ZERO { format!("{value} (since {os} {since})") } else { value.to_string() }
    });
    texts.collect::<Vec<_>>().join(", before that ")
}
