//! What a profile does under load: before and after, as a table and as bars.

use std::io;
use std::io::Write;

use crate::lab::Comparison;
use crate::lab::Measured;
use crate::render::LoadView;
use crate::render::escape;
use crate::render::human::host_line;
use crate::render::human::value_text;
use crate::render::style;

/// The longest bar.
const WIDTH: u64 = 40;

/// Writes what loads came to under both sets of values.
///
/// # Errors
/// The writer's.
pub fn lab_profile(out: &mut dyn Write, view: LoadView<'_>) -> io::Result<()> {
    let profiles = view.subject.profiles.join(" ");
    writeln!(
        out,
        "{}: this host's values and those of {}",
        host_line(view.subject),
        style::strong(&profiles)
    )?;
    writeln!(out, "measured in namespaces of their own, clients closing first\n")?;
    for change in view.changes {
        let (before, after) = (value_text(change.before.as_deref()), escape(&change.after));
        let aside = if view.was_tried(change) { "" } else { "  (not tried: no namespace can be given it)" };
        writeln!(out, "  {}  {before} -> {after}{}", change.key, style::faint(aside))?;
    }
    if view.changes.is_empty() {
        writeln!(out, "  this host meets them already: both columns are the same")?;
    }
    // Padded before it is coloured: colours have no width.
    let title = style::strong(&format!("{:>16}{:>16}", "before", "after")).to_string();
    writeln!(out, "\n{:<36}{title}", "")?;
    for comparison in view.comparisons {
        write_rows(out, comparison)?;
    }
    writeln!(out, "\nconnections a second, sustained")?;
    for comparison in view.comparisons {
        write_bars(out, comparison)?;
    }
    Ok(())
}

fn write_rows(out: &mut dyn Write, comparison: &Comparison) -> io::Result<()> {
    let Comparison { workload, before, after, .. } = comparison;
    writeln!(out, "{}", style::strong(workload.name()))?;
    let mut row = |what: &str, of: &dyn Fn(&Measured) -> String| {
        writeln!(out, "  {what:<34}{:>16}{:>16}", of(before), of(after))
    };
    row("connections until the first failure", &|measured| {
        measured.until_failure.map_or_else(|| "none failed".into(), |count| count.to_string())
    })?;
    row("a second until then", &|measured| measured.rate_until_failure.to_string())?;
    row("a second, sustained", &|measured| measured.sustained_rate.to_string())?;
    row("connections", &|measured| measured.connections.to_string())?;
    row("failures", &|measured| measured.failures.to_string())?;
    row("TIME_WAIT at the end", &|measured| measured.time_wait.to_string())
}

fn write_bars(out: &mut dyn Write, comparison: &Comparison) -> io::Result<()> {
    let (before, after) = (comparison.before.sustained_rate, comparison.after.sustained_rate);
    let longest = before.max(after).max(1);
    for (when, rate, name) in [("before", before, comparison.workload.name()), ("after", after, "")] {
        let length = usize::try_from(rate * WIDTH / longest).unwrap_or_default();
        writeln!(out, "  {name:<22}{when:<8}{} {rate}", "#".repeat(length.max(usize::from(rate > 0))))?;
    }
    Ok(())
}
