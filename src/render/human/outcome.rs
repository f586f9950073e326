//! What an apply or a rollback did.

use std::io;
use std::io::Write;

use crate::plan::Refusal;
use crate::plan::Target;
use crate::render::escape;
use crate::render::human::count;
use crate::render::human::plan::write_refusal;
use crate::render::human::span;
use crate::render::human::value_text;
use crate::render::style;
use crate::transaction::Command;
use crate::transaction::Done;
use crate::transaction::Outcome;
use crate::transaction::Step;
use crate::transaction::StepResult;

/// Writes what an apply or a rollback did. `preview` is a rollback's dry run; `options` lead another twtune to the same
/// history.
///
/// # Errors
/// The writer's.
pub fn outcome(
    out: &mut dyn Write,
    command: Command,
    done: &Done,
    refused: &[Refusal],
    preview: bool,
    options: &str,
) -> io::Result<()> {
    for step in &done.steps {
        let label = match (preview, step.result) {
            (true, StepResult::Done) => style::strong("would set"),
            (_, StepResult::Done) if waits(done, step) => style::doubt("on confirm"),
            (_, StepResult::Done) => style::good("done"),
            (_, StepResult::Undone) => style::doubt("undone"),
            (_, StepResult::Left) => style::doubt("left"),
            (_, StepResult::Conflict) => style::bad("conflict"),
        };
        let (before, after) = (value_text(step.before.as_deref()), value_text(step.after.as_deref()));
        write!(out, "{label}  {}  ", style::strong(step.key.as_str()))?;
        if step.target == Target::Boot {
            write!(out, "at boot  ")?;
        }
        if before == after {
            write!(out, "{before}")?;
        } else {
            write!(out, "{before} -> {after}")?;
        }
        match &step.note {
            Some(note) => writeln!(out, "  ({})", escape(note))?,
            None => writeln!(out)?,
        }
    }
    for file in &done.files {
        let is_removed = done.removed.contains(file);
        let label = match done.outcome {
            _ if preview && is_removed => style::strong("would remove"),
            _ if preview => style::strong("would write"),
            Outcome::Pending => style::doubt("writes on confirm"),
            Outcome::Incomplete => style::doubt("file"),
            _ if is_removed => style::good("removed"),
            _ => style::good("wrote"),
        };
        writeln!(out, "{label}  {}", escape(file))?;
    }
    for refusal in refused {
        write_refusal(out, refusal)?;
    }
    if let Some(failure) = &done.failure {
        // Apart from what comes before it.
        let apart = if done.steps.is_empty() && refused.is_empty() { "" } else { "\n" };
        writeln!(out, "{apart}{}", escape(failure))?;
    }
    writeln!(out, "{}", ending(command, done, preview, &escape(options)))?;
    if done.needs_reboot() && !preview {
        writeln!(out, "some of it counts after a reboot: `twtune explain KEY` says of which setting")?;
    }
    Ok(())
}

/// Whether a step is not made before the apply is confirmed: what the next boot sets.
fn waits(done: &Done, step: &Step) -> bool {
    done.outcome == Outcome::Pending && step.target == Target::Boot
}

/// The end of a probation: when, and how long that is.
fn until(done: &Done) -> String {
    done.until.as_ref().map_or_else(
        || "the end of its time".into(),
        |until| format!("{} (in {})", until.time, span(until.within)),
    )
}

fn ending(command: Command, done: &Done, preview: bool, options: &str) -> String {
    let id = done.id.as_deref().unwrap_or_default();
    let made = done.steps.iter().filter(|step| step.result == StepResult::Done).count();
    let changes = count(made, "change", "changes");
    let file =
        done.rollback_file.as_ref().map(|path| escape(&path.display().to_string())).unwrap_or_default();
    match done.outcome {
        _ if preview && done.outcome == Outcome::RolledBack => {
            format!("{changes} would take back {id}; nothing was written")
        }
        Outcome::Applied => {
            format!("applied as {id}: {changes}; `twtune rollback{options} {id}` takes it back ({file})")
        }
        Outcome::Pending if done.id.is_none() => {
            let (them, wait) =
                if done.extended.len() == 1 { ("it is", "waits") } else { ("they are", "wait") };
            let applies = done.extended.join(" and ");
            format!(
                "nothing to change; apply {applies} now {wait} to be confirmed until {}; then {them} undone",
                until(done)
            )
        }
        Outcome::Pending => format!(
            "applied as {id}: {changes}; undone by itself at {} unless `twtune confirm{options}` comes before",
            until(done)
        ),
        Outcome::RolledBack => match &done.undoes {
            Some(undone) => format!("rolled back {undone} as {id}: {changes}"),
            None => format!("{id} was interrupted and is settled: {changes}"),
        },
        Outcome::Unchanged if command == Command::Rollback => "nothing to roll back".into(),
        Outcome::Unchanged => "nothing to change: every rule that counts is met".into(),
        Outcome::Undone => format!("{command} {id} failed; everything was put back"),
        Outcome::Incomplete => {
            format!("{command} {id} failed, and what is marked `left` could not be put back; see {file}")
        }
        Outcome::Refused => "refused: nothing was changed".into(),
    }
}
