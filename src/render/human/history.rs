//! The history, newest first.

use std::io;
use std::io::Write;

use crate::render::escape;
use crate::render::human::span;
use crate::render::human::value_text;
use crate::render::style;
use crate::transaction::Entry;
use crate::transaction::Outcome;
use crate::transaction::State;

/// Writes the history.
///
/// # Errors
/// The writer's.
pub fn history(out: &mut dyn Write, entries: &[Entry]) -> io::Result<()> {
    if entries.is_empty() {
        return writeln!(out, "no apply or rollback on this host yet");
    }
    for entry in entries.iter().rev() {
        let record = &entry.record;
        let state = match (entry.state, entry.in_force) {
            (State::Interrupted, _) => style::bad("interrupted: `twtune rollback` settles it").to_string(),
            (state, _) if entry.namespace_gone => format!("{}, its network namespace is gone", state.name()),
            (state, true) if entry.waits.is_some() => {
                let waits = span(entry.waits.unwrap_or_default());
                style::good(&format!("{}, in force; undone in {waits} unless it is confirmed", state.name()))
                    .to_string()
            }
            (state, true) => style::good(&format!("{}, in force", state.name())).to_string(),
            (state, false) => match undone_by(entries, &record.id) {
                Some(id) => format!("{}, undone by {id}", state.name()),
                None => state.name().to_owned(),
            },
        };
        let profiles = escape(&record.profiles.join(" "));
        let what = match &record.undoes {
            Some(undone) => format!("{} of {undone} ({profiles})", record.command),
            None => format!("{} {profiles}", record.command),
        };
        writeln!(out, "{}  {}  {what}: {state}", style::strong(&record.id), escape(&record.time))?;
        for change in &record.changes {
            let (before, after) = (change.before.as_deref(), change.after.as_deref());
            let at_boot = match (change.target.as_str(), entry.state) {
                ("boot", State::Ended(Outcome::Pending)) => "  at boot, once it is confirmed",
                ("boot", _) => "  at boot",
                _ => "",
            };
            writeln!(
                out,
                "    {}{at_boot}  {} -> {}",
                escape(&change.key),
                value_text(before),
                value_text(after)
            )?;
        }
        let files = entry.record.file_paths();
        if !files.is_empty() {
            let when = if entry.waits.is_some() { " once it is confirmed" } else { "" };
            writeln!(out, "    files{when}: {}", escape(&files.join(", ")))?;
        }
        if !entry.left.is_empty() {
            writeln!(
                out,
                "    {}: {}",
                style::doubt("left as they were found"),
                escape(&entry.left.join(", "))
            )?;
        }
        writeln!(out, "    {}", style::faint(&escape(&entry.rollback_file.display().to_string())))?;
    }
    Ok(())
}

/// The rollback that took a record back.
fn undone_by<'e>(entries: &'e [Entry], id: &str) -> Option<&'e str> {
    let undoes = |entry: &&Entry| {
        entry.record.undoes.as_deref() == Some(id) && entry.state == State::Ended(Outcome::RolledBack)
    };
    entries.iter().rev().find(undoes).map(|entry| entry.record.id.as_str())
}
