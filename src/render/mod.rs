//! Data to text, one file per report and format. Pure but for the writer that it is given; imports all rooms
//! that hold data.

pub mod human;
pub mod json;
pub mod style;

use crate::advise::Report;
use crate::advise::Target;
use crate::advise::checks::Fault;
use crate::facts::Host;
use crate::plan::Plan;
use crate::setting::is_hidden;

/// A report that is about a host and some profiles.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The host.
    pub host: &'a Host,
    /// The profiles that were asked for.
    pub profiles: &'a [String],
}

/// All that a check's report shows.
#[derive(Clone, Copy, Debug)]
pub struct CheckView<'a> {
    /// What it is about.
    pub subject: Subject<'a>,
    /// What became of the rules.
    pub report: &'a Report<'a>,
    /// Which values they were held against.
    pub target: Target,
    /// What is wrong besides.
    pub faults: &'a [Fault],
}

/// All that a plan's report shows.
#[derive(Clone, Copy, Debug)]
pub struct PlanView<'a> {
    /// What it is about.
    pub subject: Subject<'a>,
    /// What the plan was drawn from.
    pub report: &'a Report<'a>,
    /// The plan.
    pub plan: &'a Plan,
}

/// Text from outside made harmless: no control character, nothing that turns the direction of text or hides.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) {
            escaped.extend(c.escape_unicode());
        } else {
            escaped.push(c);
        }
    }
    escaped
}
