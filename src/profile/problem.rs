//! What is wrong with a document, and where.

use std::fmt;
use std::ops::Range;

/// More problems than this are not told apart: whoever wrote the document has enough to begin with, and a hostile one
/// gets no quadratic work out of us.
pub const MOST_PROBLEMS: usize = 200;

/// One fault of a document that a person wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The document, as its reader named it.
    pub file: String,
    /// The line, from 1; 0 where the fault has no place.
    pub line: usize,
    /// The column in characters, from 1; 0 where the fault has no place.
    pub column: usize,
    /// What is wrong and what to do about it.
    pub message: String,
}

impl Problem {
    /// A fault of the whole document.
    #[must_use]
    pub fn whole(file: &str, message: impl Into<String>) -> Self {
        Self { file: file.into(), line: 0, column: 0, message: shortened(message.into()) }
    }

    /// A fault at a place of the text, given in bytes.
    #[must_use]
    pub fn at(file: &str, text: &str, span: &Range<usize>, message: impl Into<String>) -> Self {
        let end = (0..=span.start.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let before = &text[..end];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            file: file.into(),
            line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            message: shortened(message.into()),
        }
    }
}

/// Messages quote the document, and what it says may be longer than anybody reads.
fn shortened(mut message: String) -> String {
    const LONGEST: usize = 400;
    if let Some((end, _)) = message.char_indices().nth(LONGEST) {
        message.truncate(end);
        message.push_str("...");
    }
    message
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)
        } else {
            write!(f, "{}: {}", self.file, self.message)
        }
    }
}
