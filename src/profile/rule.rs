//! A profile and its rules.

use std::fmt;
use std::ops::Range;

use crate::profile::Condition;
use crate::profile::Constraint;
use crate::profile::Exception;
use crate::setting::Key;
use crate::setting::Setting;

/// What a workload wants of settings.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// One line on whom it is for.
    pub summary: String,
    /// The profiles whose rules it takes over.
    pub extends: Vec<String>,
    /// Where each of them is named in its document, in bytes.
    pub extends_spans: Vec<Range<usize>>,
    /// Its own rules.
    pub rules: Vec<Rule>,
    /// What it advises against.
    pub not_recommended: Vec<NotRecommended>,
    /// Other profiles that one host cannot serve just as well.
    pub clashes: Vec<Clash>,
    /// What does not count for a while.
    pub exceptions: Vec<Exception>,
}

/// What is to be minded where this profile and another one are used together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clash {
    /// The name of the other one.
    pub with: String,
    /// What is to be minded.
    pub why: String,
}

/// What people set or do for such a workload, and better would not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotRecommended {
    /// What.
    pub what: String,
    /// Why not.
    pub why: String,
    /// Where that is written.
    pub source: Option<String>,
}

/// What a profile wants of one setting.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The setting's key.
    pub key: Key,
    /// What is known about it.
    pub setting: &'static Setting,
    /// What is wanted.
    pub constraint: Constraint,
    /// How much it matters.
    pub level: Level,
    /// On which hosts it counts; None is all.
    pub when: Option<Condition>,
    /// Why, for the person who has to approve the change.
    pub why: String,
    /// Where that is written.
    pub source: Option<String>,
    /// The rule's place in its document, in bytes.
    pub span: Range<usize>,
}

/// How much a rule matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Good to have.
    Recommended,
    /// The workload suffers without it.
    Required,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Recommended => "recommended",
            Self::Required => "required",
        })
    }
}
