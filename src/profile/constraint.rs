//! Constraints: what a rule wants of a value.

use std::fmt;

use crate::profile::Amount;
use crate::setting::PortRange;
use crate::setting::PortSet;

/// What a rule wants: exactly one of the forms that a profile can write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Constraint {
    /// This value.
    Want(Literal),
    /// At least this, number by number.
    AtLeast(Vec<Option<Amount>>),
    /// At most this, number by number.
    AtMost(Vec<Option<Amount>>),
    /// One of these.
    OneOf(Vec<Literal>),
    /// Between these two, both included.
    Between {
        /// The lower end, number by number.
        low: Vec<Option<Amount>>,
        /// The upper end, number by number.
        high: Vec<Option<Amount>>,
        /// Where a host outside moves to; the nearer end without it.
        propose: Option<Vec<Option<Amount>>>,
    },
    /// The range or the list must contain this.
    Covers(Cover),
    /// The key must not be set.
    Absent,
}

/// A value in a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// Number by number; None (`"_"` in the profile) leaves one as it is.
    Numbers(Vec<Option<Amount>>),
    /// A range of ports.
    Range(PortRange),
    /// A set of ports.
    Ports(PortSet),
    /// A word.
    Word(String),
}

/// What a range or a list must contain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cover {
    /// A range of ports, for a range.
    Range(PortRange),
    /// Ports, for a list.
    Ports(PortSet),
}

impl Constraint {
    /// Its name in reports.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Want(_) => "want",
            Self::AtLeast(_) => "at-least",
            Self::AtMost(_) => "at-most",
            Self::OneOf(_) => "one-of",
            Self::Between { .. } => "between",
            Self::Covers(_) => "covers",
            Self::Absent => "absent",
        }
    }

    /// Its value in reports; None for [`Constraint::Absent`], which has none.
    #[must_use]
    pub fn value(&self) -> Option<String> {
        match self {
            Self::Want(literal) => Some(literal.to_string()),
            Self::AtLeast(numbers) | Self::AtMost(numbers) => Some(numbers_text(numbers)),
            Self::OneOf(literals) => {
                Some(literals.iter().map(Literal::to_string).collect::<Vec<_>>().join(" "))
            }
            Self::Between { low, high, .. } => Some(format!("{} {}", numbers_text(low), numbers_text(high))),
            Self::Covers(Cover::Range(range)) => Some(range.to_string()),
            Self::Covers(Cover::Ports(ports)) => Some(ports.to_string()),
            Self::Absent => None,
        }
    }

    /// Whether it holds a share of the machine's memory.
    #[must_use]
    pub fn needs_memory(&self) -> bool {
        self.amounts().iter().any(|amount| matches!(amount, Amount::MemoryShare { .. }))
    }

    /// The numbers in it.
    #[must_use]
    pub fn amounts(&self) -> Vec<Amount> {
        let of_literal = |literal: &Literal| match literal {
            Literal::Numbers(numbers) => numbers.clone(),
            Literal::Range(_) | Literal::Ports(_) | Literal::Word(_) => Vec::new(),
        };
        let numbers = match self {
            Self::AtLeast(numbers) | Self::AtMost(numbers) => numbers.clone(),
            Self::Between { low, high, propose } => {
                [low, high].into_iter().chain(propose).flatten().copied().collect()
            }
            Self::Want(literal) => of_literal(literal),
            Self::OneOf(literals) => literals.iter().flat_map(of_literal).collect(),
            Self::Covers(_) | Self::Absent => Vec::new(),
        };
        numbers.into_iter().flatten().collect()
    }
}

impl fmt::Display for Constraint {
    /// As a person would say it: `at least 4096`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Want(literal) => write!(f, "{literal}"),
            Self::AtLeast(numbers) => write!(f, "at least {}", numbers_text(numbers)),
            Self::AtMost(numbers) => write!(f, "at most {}", numbers_text(numbers)),
            Self::OneOf(literals) => {
                let texts: Vec<String> = literals.iter().map(Literal::to_string).collect();
                write!(f, "one of {}", texts.join(", "))
            }
            Self::Between { low, high, .. } => {
                write!(f, "between {} and {}", numbers_text(low), numbers_text(high))
            }
            Self::Covers(Cover::Range(range)) => write!(f, "covering {}-{}", range.low, range.high),
            Self::Covers(Cover::Ports(ports)) => write!(f, "containing {ports}"),
            Self::Absent => f.write_str("not set"),
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Numbers(numbers) => f.write_str(&numbers_text(numbers)),
            Self::Range(range) => range.fmt(f),
            Self::Ports(ports) => ports.fmt(f),
            Self::Word(word) => f.write_str(word),
        }
    }
}

fn numbers_text(numbers: &[Option<Amount>]) -> String {
    let texts: Vec<String> =
        numbers.iter().map(|number| number.map_or_else(|| "_".into(), |amount| amount.to_string())).collect();
    texts.join(" ")
}
