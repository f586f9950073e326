//! Conditions: on which hosts a rule counts (`when = "linux >= 4.12 and mem >= 8GiB"`).

use std::fmt;

use crate::facts::Host;
use crate::facts::Os;
use crate::setting::Unit;
use crate::setting::Version;

/// All of its terms must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    text: String,
    terms: Vec<Term>,
}

/// Whether a host meets a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It does.
    Met,
    /// It does not; the term that fails and what the host has.
    NotMet(String),
    /// Nobody can tell; the fact that is missing.
    Unknown(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    fact: Fact,
    operator: Operator,
    /// Versions are packed into one number, so that every fact compares alike.
    number: u128,
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fact {
    System(Os),
    Memory,
    Processors,
    Initial,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Less,
    AtMost,
    Equal,
    AtLeast,
    More,
}

impl Operator {
    const ALL: [(&'static str, Self); 5] = [
        ("<=", Self::AtMost),
        (">=", Self::AtLeast),
        ("==", Self::Equal),
        ("<", Self::Less),
        (">", Self::More),
    ];

    /// The numbers that satisfy it, both ends included.
    fn interval(self, number: u128) -> Option<(u128, u128)> {
        match self {
            Self::Less => Some((0, number.checked_sub(1)?)),
            Self::AtMost => Some((0, number)),
            Self::Equal => Some((number, number)),
            Self::AtLeast => Some((number, u128::MAX)),
            Self::More => Some((number.checked_add(1)?, u128::MAX)),
        }
    }

    fn holds(self, have: u128, number: u128) -> bool {
        self.interval(number).is_some_and(|(low, high)| (low..=high).contains(&have))
    }
}

fn pack(version: Version) -> u128 {
    u128::from(version.major) << 64 | u128::from(version.minor) << 32 | u128::from(version.patch)
}

impl Condition {
    /// Reads a condition.
    ///
    /// # Errors
    /// A sentence that quotes the term and names the remedy.
    pub fn parse(text: &str) -> Result<Self, String> {
        let terms = text.split(" and ").map(|term| Term::parse(term.trim())).collect::<Result<_, _>>()?;
        Ok(Self { text: text.trim().into(), terms })
    }

    /// Whether the host meets it.
    #[must_use]
    pub fn on(&self, host: &Host) -> Outcome {
        let mut unknown = None;
        for term in &self.terms {
            match term.on(host) {
                Outcome::Met => {}
                Outcome::Unknown(why) => unknown = Some(Outcome::Unknown(why)),
                not_met @ Outcome::NotMet(_) => return not_met,
            }
        }
        unknown.unwrap_or(Outcome::Met)
    }

    /// The operating system that it asks for.
    #[must_use]
    pub fn os(&self) -> Option<Os> {
        self.terms.iter().find_map(|term| match term.fact {
            Fact::System(os) => Some(os),
            _ => None,
        })
    }

    /// Whether it asks how much memory there is.
    #[must_use]
    pub fn needs_memory(&self) -> bool {
        self.terms.iter().any(|term| term.fact == Fact::Memory)
    }

    /// Whether it asks how many processors there are.
    #[must_use]
    pub fn needs_processors(&self) -> bool {
        self.terms.iter().any(|term| term.fact == Fact::Processors)
    }

    /// Whether no host can meet both: `linux < 4.12` and `linux >= 4.12`.
    #[must_use]
    pub fn excludes(&self, other: &Self) -> bool {
        self.terms.iter().any(|mine| {
            other.terms.iter().any(|theirs| match (mine.fact, theirs.fact) {
                (Fact::System(a), Fact::System(b)) if a != b => true,
                (a, b) if a == b => match (mine.interval(), theirs.interval()) {
                    (Some((low, high)), Some((other_low, other_high))) => {
                        low > other_high || other_low > high
                    }
                    _ => true,
                },
                _ => false,
            })
        })
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Term {
    fn parse(text: &str) -> Result<Self, String> {
        let bare = |fact| Self { fact, operator: Operator::AtLeast, number: 0, text: text.into() };
        match text {
            "host" => return Ok(bare(Fact::Initial)),
            "linux" => return Ok(bare(Fact::System(Os::Linux))),
            "windows" => return Ok(bare(Fact::System(Os::Windows))),
            _ => {}
        }
        let help =
            "write `linux >= 4.12`, `windows >= 6.3`, `mem >= 4GiB`, `cpus >= 8` or `host`, joined by `and`";
        let found = Operator::ALL.iter().find_map(|(sign, operator)| {
            text.split_once(sign).map(|(fact, value)| (fact.trim(), *operator, value.trim()))
        });
        let Some((fact, operator, value)) = found else {
            return Err(format!("`{text}` is not a condition: {help}"));
        };
        let (fact, number) = match fact {
            "linux" | "windows" => {
                let os = if fact == "linux" { Os::Linux } else { Os::Windows };
                let version =
                    value.chars().all(|c| c.is_ascii_digit() || c == '.').then(|| Version::parse(value));
                (Fact::System(os), version.flatten().map(pack))
            }
            "mem" => {
                (Fact::Memory, Unit::Byte.parse(value).ok().and_then(|bytes| u128::try_from(bytes).ok()))
            }
            "cpus" => (Fact::Processors, value.parse().ok()),
            _ => {
                return Err(format!("`{fact}` is not something that a condition can ask for: {help}"));
            }
        };
        let number = number.ok_or_else(|| format!("`{value}` is not what `{text}` needs: {help}"))?;
        Ok(Self { fact, operator, number, text: text.into() })
    }

    fn interval(&self) -> Option<(u128, u128)> {
        self.operator.interval(self.number)
    }

    fn on(&self, host: &Host) -> Outcome {
        let (have, shown) = match self.fact {
            Fact::Initial if host.initial => return Outcome::Met,
            Fact::Initial => return Outcome::NotMet("only in the initial network namespace".into()),
            Fact::System(os) if os != host.os => {
                return Outcome::NotMet(format!("needs {}, this is {}", self.text, host.os));
            }
            Fact::System(_) => (host.version.map(pack), host.kernel.clone()),
            Fact::Memory => (host.memory.map(u128::from), memory_text(host.memory)),
            Fact::Processors => {
                (host.processors.map(u128::from), host.processors.unwrap_or_default().to_string())
            }
        };
        match have {
            None => Outcome::Unknown(format!("needs {}, and that is not known here", self.text)),
            Some(have) if self.operator.holds(have, self.number) => Outcome::Met,
            Some(_) => Outcome::NotMet(format!("needs {}, this host has {shown}", self.text)),
        }
    }
}

fn memory_text(memory: Option<u64>) -> String {
    format!("{} MiB", memory.unwrap_or_default() >> 20)
}
