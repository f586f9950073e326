//! `twtune.error/1`.

use std::io;
use std::io::Write;

use serde::Serialize;

use crate::profile::Problem;
use crate::render::json::write;

#[derive(Serialize)]
struct ErrorReport<'a> {
    schema: &'static str,
    exit_code: u8,
    message: &'a str,
    hints: &'a [String],
    problems: Vec<ProblemReport<'a>>,
}

#[derive(Serialize)]
struct ProblemReport<'a> {
    file: &'a str,
    line: Option<usize>,
    column: Option<usize>,
    message: &'a str,
}

/// Writes an error.
///
/// # Errors
/// The writer's.
pub fn error(
    out: &mut dyn Write,
    exit_code: u8,
    message: &str,
    hints: &[String],
    problems: &[Problem],
) -> io::Result<()> {
    let placed = |number: usize| (number > 0).then_some(number);
    let problems = problems.iter().map(|problem| ProblemReport {
        file: &problem.file,
        line: placed(problem.line),
        column: placed(problem.column),
        message: &problem.message,
    });
    let problems = problems.collect();
    write(out, &ErrorReport { schema: "twtune.error/1", exit_code, message, hints, problems })
}
