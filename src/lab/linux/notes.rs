//! What an experiment writes down, and the verdict that follows.

use std::fmt::Display;
use std::io;

use crate::lab::Verdict;
use crate::lab::system::task::Answer;

/// An experiment: it tries its claim in the network namespace that it is called in, and tells what was seen in a
/// sentence.
pub(super) type Trial = fn(&mut Notes) -> io::Result<String>;

/// The notes of an experiment.
#[derive(Debug, Default)]
pub(super) struct Notes {
    evidence: Vec<(String, String)>,
    against: Vec<String>,
}

impl Notes {
    /// Writes down what was seen.
    pub(super) fn saw(&mut self, name: impl Into<String>, value: impl Display) {
        self.evidence.push((name.into(), value.to_string()));
    }

    /// Writes down whether a part of the claim holds.
    pub(super) fn claims(&mut self, part: impl Into<String>, holds: bool) {
        if !holds {
            self.against.push(part.into());
        }
    }

    /// The verdict: the claim is refuted where a part of it does not hold.
    pub(super) fn conclude(self, ended: io::Result<String>) -> Answer {
        let (verdict, why) = match ended {
            Err(error) => (Verdict::NotTestable, error.to_string()),
            Ok(why) if self.against.is_empty() => (Verdict::Confirmed, why),
            Ok(why) => {
                (Verdict::Refuted, format!("it does not hold that {}: {why}", self.against.join("; that ")))
            }
        };
        Answer::Found { verdict: verdict.name().into(), evidence: self.evidence, why }
    }
}
