//! `twtune.apply/1` and `twtune.rollback/1`.

use std::io;
use std::io::Write;

use serde::Serialize;

use crate::plan::Refusal;
use crate::render::json::plan::RefusalReport;
use crate::render::json::write;
use crate::transaction::Command;
use crate::transaction::Done;
use crate::transaction::Step;

#[derive(Serialize)]
struct OutcomeReport<'a> {
    schema: String,
    id: Option<&'a str>,
    undoes: Option<&'a str>,
    outcome: &'static str,
    dry_run: bool,
    reboot: bool,
    reason: Option<&'a str>,
    rollback_file: Option<String>,
    files: &'a [String],
    confirm_by: Option<&'a str>,
    extended: &'a [String],
    changes: Vec<StepReport<'a>>,
    refused: Vec<RefusalReport<'a>>,
}

#[derive(Serialize)]
struct StepReport<'a> {
    key: &'a str,
    target: String,
    before: Option<&'a str>,
    after: Option<&'a str>,
    result: String,
    note: Option<&'a str>,
}

impl<'a> StepReport<'a> {
    fn of(step: &'a Step) -> Self {
        Self {
            key: step.key.as_str(),
            target: step.target.to_string(),
            before: step.before.as_deref(),
            after: step.after.as_deref(),
            result: step.result.to_string(),
            note: step.note.as_deref(),
        }
    }
}

/// Writes what an apply or a rollback did; of a rollback's dry run, what it would do.
///
/// # Errors
/// The writer's.
pub fn outcome(
    out: &mut dyn Write,
    command: Command,
    done: &Done,
    refused: &[Refusal],
    dry_run: bool,
) -> io::Result<()> {
    write(
        out,
        &OutcomeReport {
            schema: format!("twtune.{command}/1"),
            id: done.id.as_deref(),
            undoes: done.undoes.as_deref(),
            outcome: done.outcome.name(),
            dry_run,
            reboot: done.needs_reboot(),
            reason: done.failure.as_deref(),
            rollback_file: done.rollback_file.as_ref().map(|path| path.display().to_string()),
            files: &done.files,
            confirm_by: done.until.as_ref().map(|until| until.time.as_str()),
            extended: &done.extended,
            changes: done.steps.iter().map(StepReport::of).collect(),
            refused: refused.iter().map(RefusalReport::of).collect(),
        },
    )
}
