//! Data to text, one file per report and format. Pure but for the writer that it is given; imports all rooms
//! that hold data.

pub mod human;
pub mod json;
pub mod style;

use crate::advise::Report;
use crate::facts::Host;
use crate::plan::Plan;

/// A report that is about a host and some profiles.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The host.
    pub host: &'a Host,
    /// The profiles that were asked for.
    pub profiles: &'a [String],
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
        let hidden = c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}')
            || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}');
        if hidden {
            escaped.extend(c.escape_unicode());
        } else {
            escaped.push(c);
        }
    }
    escaped
}
