//! What a check found, as several reports tell it.

use std::io;
use std::io::Write;

use crate::advise::checks::Concern;
use crate::advise::checks::Severity;
use crate::render::escape;
use crate::render::human::evidence::evidence;
use crate::render::human::lab::write_proofs;
use crate::render::style;

/// Whether the same is to be done about both.
pub(super) fn are_alike(one: &Concern, other: &Concern) -> bool {
    one.check.id == other.check.id && one.severity == other.severity && one.advice == other.advice
}

pub(super) fn write_concern(out: &mut dyn Write, concern: &Concern) -> io::Result<()> {
    write_concerns(out, std::slice::from_ref(concern), 1)
}

/// Writes concerns about which the same is to be done, at most so many.
pub(super) fn write_concerns(out: &mut dyn Write, alike: &[Concern], top: usize) -> io::Result<()> {
    let Some((concern, others)) = alike.split_first() else { return Ok(()) };
    let label = match concern.severity {
        Severity::Error => style::bad(concern.severity.name()),
        Severity::Warning => style::doubt(concern.severity.name()),
        Severity::Note => style::faint(concern.severity.name()),
    };
    writeln!(out, "\n{label}  {}  {}", style::strong(concern.check.id), escape(&concern.subject))?;
    writeln!(out, "    {}", evidence(concern))?;
    let shown = top.saturating_sub(1).min(others.len());
    for other in &others[..shown] {
        writeln!(out, "  {}\n    {}", style::strong(&escape(&other.subject)), evidence(other))?;
    }
    if others.len() > shown {
        writeln!(out, "  and {} more; `--top N` lists them", others.len() - shown)?;
    }
    for advice in &concern.advice {
        writeln!(out, "    - {}", escape(advice))?;
    }
    write_proofs(out, concern.check.id, "    ")?;
    Ok(())
}
