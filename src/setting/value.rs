//! Values: the meaning behind the text that a platform prints and takes.

use std::fmt;

use crate::setting::PortRange;
use crate::setting::PortSet;

/// The shape of a setting's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One whole number.
    Integer,
    /// Several whole numbers, each with a name: `minimum default maximum`.
    Tuple(&'static [&'static str]),
    /// Two ports, low and high.
    PortRange,
    /// A set of ports: `80,443,30000-32767`.
    PortList,
    /// One word: the name of an algorithm.
    Word,
    /// Whatever the platform makes of it: a setting that the catalogue does not know.
    Text,
}

impl Kind {
    /// How many numbers a value of this kind has; 0 where it is not made of numbers.
    #[must_use]
    pub const fn arity(self) -> usize {
        match self {
            Self::Integer => 1,
            Self::Tuple(names) => names.len(),
            Self::PortRange | Self::PortList | Self::Word | Self::Text => 0,
        }
    }

    /// What such a value looks like, for a message.
    #[must_use]
    pub fn describe(self) -> String {
        match self {
            Self::Integer => "a whole number".into(),
            Self::Tuple(names) => format!("{} whole numbers ({})", names.len(), names.join(", ")),
            Self::PortRange => "two ports, low and high".into(),
            Self::PortList => "a list of ports such as 80,30000-32767".into(),
            Self::Word => "a word".into(),
            Self::Text => "a text".into(),
        }
    }
}

/// A value that was understood. Two are equal when they mean the same, whatever white space or order of a list
/// they were written with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// One number or several, in order.
    Numbers(Vec<i128>),
    /// A range of ports.
    Range(PortRange),
    /// A set of ports.
    Ports(PortSet),
    /// A word, or the words of a text with single spaces between them.
    Word(String),
}

impl Value {
    /// Reads the text of a platform.
    ///
    /// # Errors
    /// A sentence on what it should have been. A text with too few or too many numbers is an error: the kernel
    /// takes such a text in part, without a word.
    pub fn parse(kind: Kind, text: &str) -> Result<Self, String> {
        let wrong = || format!("`{}` is not {}", text.trim(), kind.describe());
        match kind {
            Kind::Integer | Kind::Tuple(_) => {
                let numbers: Vec<i128> = text
                    .split_whitespace()
                    .map(|part| part.parse().map_err(|_| wrong()))
                    .collect::<Result<_, _>>()?;
                if numbers.len() == kind.arity() { Ok(Self::Numbers(numbers)) } else { Err(wrong()) }
            }
            Kind::PortRange => {
                let mut parts = text.split_whitespace().map(str::parse::<u16>);
                match (parts.next(), parts.next(), parts.next()) {
                    (Some(Ok(low)), Some(Ok(high)), None) if low <= high => {
                        Ok(Self::Range(PortRange { low, high }))
                    }
                    (Some(Ok(low)), Some(Ok(high)), None) => {
                        Err(format!("the range {low} {high} is upside down"))
                    }
                    _ => Err(wrong()),
                }
            }
            Kind::PortList => PortSet::parse(text).map(Self::Ports),
            Kind::Word => {
                let mut words = text.split_whitespace();
                match (words.next(), words.next()) {
                    (Some(word), None) => Ok(Self::Word(word.into())),
                    _ => Err(wrong()),
                }
            }
            Kind::Text => Ok(Self::Word(canonical(text))),
        }
    }
}

impl fmt::Display for Value {
    /// The text that a platform takes: single spaces between numbers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Numbers(numbers) => {
                for (n, number) in numbers.iter().enumerate() {
                    write!(f, "{}{number}", if n == 0 { "" } else { " " })?;
                }
                Ok(())
            }
            Self::Range(range) => range.fmt(f),
            Self::Ports(ports) => ports.fmt(f),
            Self::Word(word) => f.write_str(word),
        }
    }
}

/// The text of a platform with single spaces between its parts: the form that every report shows.
#[must_use]
pub fn canonical(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}
