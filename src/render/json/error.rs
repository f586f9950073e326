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
pub(super) struct ProblemReport<'a> {
    file: &'a str,
    line: Option<usize>,
    column: Option<usize>,
    message: &'a str,
}

impl<'a> ProblemReport<'a> {
    pub(super) fn of(problem: &'a Problem) -> Self {
        let placed = |number: usize| (number > 0).then_some(number);
        Self {
            file: &problem.file,
            line: placed(problem.line),
            column: placed(problem.column),
            message: &problem.message,
        }
    }
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
    let problems = problems.iter().map(ProblemReport::of).collect();
    write(out, &ErrorReport { schema: "twtune.error/1", exit_code, message, hints, problems })
}
