//! Data to text, one file per report and format. Pure but for the writer that it is given; imports all rooms
//! that hold data.

pub mod human;
pub mod json;
pub mod style;
pub mod sysctl;
pub mod toml;

use crate::advise::Report;
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

/// Something that is explained and is no setting.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// `concept` or `check`.
    pub kind: &'static str,
    /// Its name.
    pub name: &'a str,
    /// Its text, Markdown: a title, a sentence on what it is about, and parts below headings.
    pub text: &'a str,
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
