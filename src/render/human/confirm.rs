//! What was confirmed.

use std::io;
use std::io::Write;

/// Writes which applies are kept.
///
/// # Errors
/// The writer's.
pub fn confirm(out: &mut dyn Write, kept: &[String]) -> io::Result<()> {
    let stays = if kept.len() == 1 { "it stays until it is" } else { "they stay until they are" };
    writeln!(out, "confirmed {}: {stays} rolled back", kept.join(", "))
}
