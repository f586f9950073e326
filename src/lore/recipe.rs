//! What recipes set: for lines that everybody pastes, what is to be said of them.

mod lines;

use self::lines::ADVICE;
use crate::setting::Key;
use crate::setting::Value;

/// What is to be said of a line.
#[derive(Debug)]
pub struct Advice {
    /// The setting; a `*` stands for one part of it.
    pub key: &'static str,
    /// Which of its values are meant.
    values: Values,
    /// In one word.
    pub verdict: Verdict,
    /// In one sentence.
    pub why: &'static str,
}

/// How good a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Something works worse with it.
    Harmful,
    /// It does not do what it is set for.
    Useless,
    /// It breaks something under circumstances that the reason names.
    Risky,
    /// Good to know.
    Note,
}

impl Verdict {
    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Harmful => "harmful",
            Self::Useless => "useless",
            Self::Risky => "risky",
            Self::Note => "note",
        }
    }
}

/// Which values are meant, by their numbers: the last one of a setting that has several, the low end of a range.
#[derive(Clone, Copy, Debug)]
enum Values {
    Any,
    Is(i128),
    IsNot(i128),
    Below(i128),
    Above(i128),
    /// The second number of three.
    SecondAbove(i128),
    SecondBelow(i128),
    Word(&'static str),
}

impl Values {
    fn hold(self, value: &Value) -> bool {
        let last = match value {
            Value::Numbers(numbers) => numbers.last().copied(),
            Value::Range(range) => Some(range.low.into()),
            Value::Ports(_) | Value::Word(_) => None,
        };
        let second = match value {
            Value::Numbers(numbers) => numbers.get(1).copied(),
            _ => None,
        };
        match self {
            Self::Any => true,
            Self::Is(wanted) => last == Some(wanted),
            Self::IsNot(wanted) => last.is_some_and(|number| number != wanted),
            Self::Below(bound) => last.is_some_and(|number| number < bound),
            Self::Above(bound) => last.is_some_and(|number| number > bound),
            Self::SecondAbove(bound) => second.is_some_and(|number| number > bound),
            Self::SecondBelow(bound) => second.is_some_and(|number| number < bound),
            Self::Word(wanted) => *value == Value::Word(wanted.into()),
        }
    }

    fn text(self) -> String {
        match self {
            Self::Any => "any value".into(),
            Self::Is(number) => format!("{number}"),
            Self::IsNot(number) => format!("other than {number}"),
            Self::Below(bound) => format!("below {bound}"),
            Self::Above(bound) => format!("above {bound}"),
            Self::SecondAbove(bound) => format!("a second number above {bound}"),
            Self::SecondBelow(bound) => format!("a second number below {bound}"),
            Self::Word(word) => word.into(),
        }
    }
}

impl Advice {
    /// Which values it is about, in words.
    #[must_use]
    pub fn values(&self) -> String {
        self.values.text()
    }
}

/// What is to be said of setting this to that: the first that applies, for those come first that matter more.
#[must_use]
pub fn advice(key: &Key, value: &Value) -> Option<&'static Advice> {
    ADVICE.iter().find(|advice| key.matches(advice.key) && advice.values.hold(value))
}

/// All that is to be said of a setting.
pub fn advice_about(key: &Key) -> impl Iterator<Item = &'static Advice> {
    ADVICE.iter().filter(move |advice| key.matches(advice.key))
}
