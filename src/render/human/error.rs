//! Errors.

use std::io;
use std::io::Write;

use crate::profile::Problem;
use crate::render::escape;
use crate::render::style;

/// Writes an error, its problems and its hints.
///
/// # Errors
/// The writer's.
pub fn error(out: &mut dyn Write, message: &str, hints: &[String], problems: &[Problem]) -> io::Result<()> {
    writeln!(out, "{} {}", style::bad("error:"), escape(message))?;
    for problem in problems {
        writeln!(out, "  {}", escape(&problem.to_string()))?;
    }
    for hint in hints {
        writeln!(out, "{} {}", style::strong("hint:"), escape(hint))?;
    }
    Ok(())
}
