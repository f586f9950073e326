//! Data to text, one file per report and format. Pure but for the writer that it is given; imports all rooms
//! that hold data.

pub mod human;
pub mod json;
pub mod style;
pub mod sysctl;
pub mod toml;

use crate::advise::NamespaceFindings;
use crate::advise::Report;
use crate::advise::Target;
use crate::advise::checks::Concern;
use crate::facts::Host;
use crate::lab::Comparison;
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

/// All that a check's report shows.
#[derive(Clone, Copy, Debug)]
pub struct CheckView<'a> {
    /// What it is about.
    pub subject: Subject<'a>,
    /// What became of the rules.
    pub report: &'a Report<'a>,
    /// Which values they were held against.
    pub target: Target,
    /// Whether what the next boot sets was left out because it is not known what reads the files.
    pub boot_left_out: bool,
    /// What is wrong besides.
    pub concerns: &'a [Concern],
    /// The other network namespaces of the machine, where they were asked for.
    pub elsewhere: &'a [NamespaceFindings<'a>],
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
    /// Whether what the next boot sets was left out because it is not known what reads the files.
    pub boot_left_out: bool,
}

/// A setting that a profile would change.
#[derive(Clone, Debug)]
pub struct LoadChange {
    /// The setting.
    pub key: String,
    /// Its value here.
    pub before: Option<String>,
    /// The profile's.
    pub after: String,
    /// Whether a namespace has it, so that it could be tried.
    pub in_namespace: bool,
}

/// All that the report of a profile under load shows.
#[derive(Clone, Copy, Debug)]
pub struct LoadView<'a> {
    /// What it is about.
    pub subject: Subject<'a>,
    /// What the profiles would change.
    pub changes: &'a [LoadChange],
    /// What was measured.
    pub comparisons: &'a [Comparison],
}

impl LoadView<'_> {
    /// Whether a change was in force where the profiles' values were measured.
    #[must_use]
    pub fn was_tried(&self, change: &LoadChange) -> bool {
        let untried = |comparison: &Comparison| comparison.untried.contains(&change.key);
        change.in_namespace && !self.comparisons.iter().any(untried)
    }
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
