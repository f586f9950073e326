//! What was confirmed.

use std::io;
use std::io::Write;

/// Writes which applies are kept.
///
/// # Errors
/// The writer's.
pub fn confirm(out: &mut dyn Write, kept: &[String]) -> io::Result<()> {
    writeln!(out, "confirmed {}: it stays until it is rolled back", kept.join(", "))
}
