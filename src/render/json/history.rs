//! `twtune.history/1`.

use std::io;
use std::io::Write;

use serde::Serialize;

use crate::render::json::write;
use crate::transaction::Change;
use crate::transaction::Entry;

#[derive(Serialize)]
struct HistoryReport<'a> {
    schema: &'static str,
    entries: Vec<EntryReport<'a>>,
    damaged: &'a [String],
}

#[derive(Serialize)]
struct EntryReport<'a> {
    id: &'a str,
    time: &'a str,
    command: String,
    undoes: Option<&'a str>,
    outcome: &'static str,
    in_force: bool,
    namespace_gone: bool,
    profiles: &'a [String],
    rollback_file: String,
    files: Vec<String>,
    left: &'a [String],
    seconds_to_confirm: Option<u64>,
    changes: Vec<ChangeReport<'a>>,
}

#[derive(Serialize)]
struct ChangeReport<'a> {
    key: &'a str,
    target: &'a str,
    before: Option<&'a str>,
    after: Option<&'a str>,
}

impl<'a> ChangeReport<'a> {
    fn of(change: &'a Change) -> Self {
        Self {
            key: &change.key,
            target: &change.target,
            before: change.before.as_deref(),
            after: change.after.as_deref(),
        }
    }
}

/// Writes the history, oldest first, and what is wrong with records that cannot be read.
///
/// # Errors
/// The writer's.
pub fn history(out: &mut dyn Write, entries: &[Entry], damaged: &[String]) -> io::Result<()> {
    let entries = entries.iter().map(|entry| EntryReport {
        id: &entry.record.id,
        time: &entry.record.time,
        command: entry.record.command.to_string(),
        undoes: entry.record.undoes.as_deref(),
        outcome: entry.state.name(),
        in_force: entry.in_force,
        namespace_gone: entry.namespace_gone,
        profiles: &entry.record.profiles,
        rollback_file: entry.rollback_file.display().to_string(),
        files: entry.record.file_paths(),
        left: &entry.left,
        seconds_to_confirm: entry.waits.map(|waits| waits.as_secs()),
        changes: entry.record.changes.iter().map(ChangeReport::of).collect(),
    });
    write(out, &HistoryReport { schema: "twtune.history/1", entries: entries.collect(), damaged })
}
