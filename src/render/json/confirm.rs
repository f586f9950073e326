//! `twtune.confirm/1`.

use std::io;
use std::io::Write;

use serde::Serialize;

use crate::render::json::write;
use crate::transaction::Outcome;

#[derive(Serialize)]
struct ConfirmReport<'a> {
    schema: &'static str,
    outcome: &'static str,
    confirmed: &'a [String],
}

/// Writes which applies are kept.
///
/// # Errors
/// The writer's.
pub fn confirm(out: &mut dyn Write, kept: &[String]) -> io::Result<()> {
    write(
        out,
        &ConfirmReport { schema: "twtune.confirm/1", outcome: Outcome::Applied.name(), confirmed: kept },
    )
}
