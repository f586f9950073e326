//! The dry-run diff.

use std::io;
use std::io::Write;

use crate::advise::Status;
use crate::plan::Change;
use crate::plan::Edit;
use crate::plan::Plan;
use crate::plan::Refusal;
use crate::plan::Target;
use crate::render::PlanView;
use crate::render::escape;
use crate::render::human::count;
use crate::render::human::finding::write_aside;
use crate::render::human::finding::write_clashes;
use crate::render::human::host_line;
use crate::render::human::value_text;
use crate::render::human::write_left_out;
use crate::render::style;

/// Writes a plan.
///
/// # Errors
/// The writer's.
pub fn plan(out: &mut dyn Write, view: PlanView<'_>) -> io::Result<()> {
    let profiles = view.subject.profiles.join(" ");
    writeln!(out, "{}: changes to meet {}", host_line(view.subject), style::strong(&profiles))?;
    for change in &view.plan.changes {
        write_change(out, change, view)?;
    }
    for edit in &view.plan.edits {
        write_edit(out, edit)?;
    }
    for refusal in &view.plan.refused {
        writeln!(out)?;
        write_refusal(out, refusal)?;
    }
    for overruled in &view.report.overruled {
        writeln!(
            out,
            "\noverruled  {}: {} of {} loses against {} of {}",
            overruled.rule.rule.key,
            overruled.rule.rule.constraint,
            overruled.rule.profile(),
            overruled.winner.rule.constraint,
            overruled.winner.profile(),
        )?;
    }
    write_clashes(out, &view.report.clashes)?;
    write_aside(out, view.report, Status::Excepted, "differs, and is left as it is for now:")?;
    writeln!(out, "\n{}", summary(view.plan))?;
    write_left_out(out, view.subject.host, view.report.is_met(), view.boot_left_out)
}

fn summary(plan: &Plan) -> String {
    let changes = count(plan.changes.len(), "change", "changes");
    let refused = style::bad(&format!("{} refused", plan.refused.len()));
    match (plan.changes.is_empty(), plan.refused.is_empty()) {
        (true, true) => "nothing to change: every rule that counts is met".into(),
        (false, true) if plan.needs_reboot() => {
            format!("{changes}, some of which count after a reboot; nothing was written")
        }
        (false, true) => format!("{changes}; nothing was written"),
        (true, false) => format!("{refused}, and nothing else to change; `--skip KEY` leaves a setting out"),
        (false, false) => format!(
            "{changes}, {refused}: apply makes all or none, so it would change nothing; `--skip KEY` leaves a setting out"
        ),
    }
}

fn write_change(out: &mut dyn Write, change: &Change, view: PlanView<'_>) -> io::Result<()> {
    let risk = change.risk(view.subject.host, view.report);
    writeln!(out, "\n{}  ({}, {})", style::strong(change.key.as_str()), change.target, change.profile)?;
    writeln!(out, "  {}", style::bad(&format!("- {}", value_text(change.before.as_deref()))))?;
    writeln!(out, "  {}", style::good(&format!("+ {}", value_text(change.after.as_deref()))))?;
    writeln!(out, "    why     {}", escape(&change.why))?;
    writeln!(out, "    risk    {}: {}", risk.level, risk.note)?;
    match change.target {
        Target::Live => writeln!(out, "    counts  {}", change.setting.effect),
        Target::Boot => writeln!(out, "    counts  from the next boot on"),
    }
}

fn write_edit(out: &mut dyn Write, edit: &Edit) -> io::Result<()> {
    let lines: Vec<String> = edit.lines.iter().map(|(line, _)| line.to_string()).collect();
    let (source, lines) = (escape(&edit.source), lines.join(", "));
    if edit.path == edit.source {
        writeln!(out, "\ntakes over  {source}: comments out line {lines}")
    } else {
        writeln!(
            out,
            "\ntakes over  {source}: {} replaces it, with line {lines} commented out",
            escape(&edit.path)
        )
    }
}

/// Writes what cannot be done.
pub(super) fn write_refusal(out: &mut dyn Write, refusal: &Refusal) -> io::Result<()> {
    let (label, key) = (style::bad("refused"), style::strong(refusal.key.as_str()));
    writeln!(out, "{label}  {key}  ({}): {}", refusal.target, escape(&refusal.reason))
}
