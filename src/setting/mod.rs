//! What is known of every setting, all facts about one in one place: [`catalogue`] holds them, this file says
//! what a fact is. Pure: no files, no clock, no printing; imports no other room.

pub mod catalogue;
mod hidden;
mod key;
mod os;
mod port;
mod registry;
mod unit;
mod value;
mod version;
mod written;

use std::fmt;

pub use hidden::is_hidden;
pub use key::Key;
pub use os::Os;
pub use port::PortRange;
pub use port::PortSet;
pub use registry::RegistryValue;
pub use registry::registry_path;
pub use unit::Unit;
pub use value::Kind;
pub use value::Value;
pub use value::canonical;
pub use version::Version;
pub use written::Written;
pub use written::written;

/// A fact that changed over time: each entry holds from its version until the next entry's.
/// An empty table or a version before the first entry means that nothing is known.
pub type ByVersion<T> = &'static [(Version, T)];

/// One thing that can be tuned, with every fact that twtune has about it.
#[derive(Debug)]
pub struct Setting {
    /// The platform's own name. A `*` stands for one segment, the name of an interface.
    pub key: &'static str,
    /// The shape of its value.
    pub kind: Kind,
    /// What its numbers count.
    pub unit: Unit,
    /// The value of a machine that nobody tuned.
    pub defaults: ByVersion<DefaultValue>,
    /// What the platform takes. Anything else it refuses, and twtune refuses before it.
    pub accepts: ByVersion<Accept>,
    /// The first version that has it; [`Version::ZERO`] where it is older than anything that still runs, or where
    /// no source names the version.
    pub since: Version,
    /// The first version that no longer has it.
    pub until: Option<Version>,
    /// Whose value it is.
    pub scope: Scope,
    /// When a changed value begins to count.
    pub effect: Effect,
    /// What a write changes besides the setting itself, as key patterns. A rollback restores these too.
    pub also_changes: &'static [&'static str],
    /// What can go wrong when it is changed.
    pub risk: Risk,
    /// What it does, in a few lines.
    pub semantics: &'static str,
    /// Where the facts come from: kernel documents, source files, measurements.
    pub sources: &'static [&'static str],
}

impl Setting {
    /// The system that has it.
    #[must_use]
    pub fn os(&self) -> Os {
        match self.key.split('.').next() {
            Some("tcpip" | "afd" | "ipv4" | "ipv6") => Os::Windows,
            _ => Os::Linux,
        }
    }

    /// Whether its default counts where it is absent, so that it can be created and removed: a registry value.
    #[must_use]
    pub fn may_be_absent(&self) -> bool {
        // Nearly every key is one of Linux, and this is asked often.
        !self.key.starts_with("net.") && Key::parse(self.key).is_ok_and(|key| registry_path(&key).is_some())
    }

    /// Whether the catalogue has it; a profile can also name others, of which next to nothing is known.
    #[must_use]
    pub fn is_catalogued(&self) -> bool {
        !self.key.is_empty()
    }

    /// The default of a kernel of this version; None where nothing is known.
    #[must_use]
    pub fn default_in(&self, version: Version) -> Option<&'static DefaultValue> {
        by_version(self.defaults, version)
    }

    /// What a kernel of this version takes; None where nothing is known.
    #[must_use]
    pub fn accepts_in(&self, version: Version) -> Option<&'static Accept> {
        by_version(self.accepts, version)
    }

    /// Why a platform of this version does not have the setting; None where it has it.
    #[must_use]
    pub fn missing_in(&self, version: Version) -> Option<String> {
        match self.until {
            Some(until) if version >= until => Some(format!("removed in {} {until}", self.os().title())),
            _ if version < self.since => Some(format!("new in {} {}", self.os().title(), self.since)),
            _ => None,
        }
    }

    /// Where a number stands among others: a limit below zero is none, and so above every number.
    #[must_use]
    pub fn rank(&self, number: i128) -> i128 {
        if self.unit == Unit::Limit && number < 0 { UNLIMITED } else { number }
    }

    /// What can go wrong when the setting goes from one value to another: only a low risk where the known one lies
    /// in the other direction.
    #[must_use]
    pub fn risk_of(&self, before: &Value, after: &Value) -> Risk {
        let (Value::Numbers(before), Value::Numbers(after)) = (before, after) else { return self.risk };
        let ranks = || before.iter().map(|n| self.rank(*n)).zip(after.iter().map(|n| self.rank(*n)));
        let concerned = match self.risk.of {
            Direction::Either => true,
            Direction::Raising => ranks().any(|(before, after)| before < after),
            Direction::Lowering => ranks().any(|(before, after)| before > after),
        };
        if concerned { self.risk } else { NO_RISK }
    }

    /// Why no version that is still in use takes this value; None where at least one does.
    #[must_use]
    pub fn refuses(&self, value: &Value) -> Option<String> {
        let mut reason = None;
        // What a version took that nobody runs any more excuses no slip of the pen.
        let oldest = match self.os() {
            Os::Linux => OLDEST_LINUX,
            Os::Windows => OLDEST_WINDOWS,
        };
        let old = self.accepts.iter().rposition(|(since, _)| *since <= oldest).unwrap_or(0);
        for (_, accept) in &self.accepts[old..] {
            match accept.refuses(value) {
                None => return None,
                Some(why) => reason = Some(why),
            }
        }
        reason
    }
}

/// The rank of "unlimited": above every number that a setting can have.
pub const UNLIMITED: i128 = i128::MAX;

/// What is said of a change in the direction of which nothing is known that it breaks.
const NO_RISK: Risk = Risk {
    of: Direction::Either,
    level: RiskLevel::Low,
    note: "nothing is known that this direction breaks",
};

/// The oldest kernel that anybody still mends.
const OLDEST_LINUX: Version = Version::new(4, 19);

/// The oldest Windows that a program in Rust runs on: 10, and Server 2016.
const OLDEST_WINDOWS: Version = Version::new(10, 0);

fn by_version<T>(table: ByVersion<T>, version: Version) -> Option<&'static T> {
    table.iter().rev().find(|(since, _)| *since <= version).map(|(_, fact)| fact)
}

/// The value of a machine that nobody tuned.
#[derive(Debug, PartialEq, Eq)]
pub enum DefaultValue {
    /// Always this.
    Is(&'static str),
    /// Computed by the kernel; the text says from what.
    Computed(&'static str),
    /// Computed by the kernel from memory, and never less than this.
    FromMemory {
        /// How.
        how: &'static str,
        /// One for so many bytes of memory,
        bytes: u64,
        /// but no more than this is sure.
        most: u64,
    },
}

impl fmt::Display for DefaultValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is("") => f.write_str("empty"),
            Self::Is(value) => f.write_str(value),
            Self::Computed(how) | Self::FromMemory { how, .. } => write!(f, "computed: {how}"),
        }
    }
}

/// What a platform takes as a setting's value.
#[derive(Debug, PartialEq, Eq)]
pub enum Accept {
    /// Every number lies between these two.
    Between(i128, i128),
    /// A number between the first two that is a multiple of the third: others are rounded up, without a word.
    MultipleOf(i128, i128, i128),
    /// Seconds that the kernel keeps as jiffies in a signed int: the largest is `INT_MAX` / HZ. HZ is 100 to 1000
    /// and no file tells it, so twtune takes what every kernel takes; negative values are taken too.
    Jiffies,
    /// Ports from 1 to 65535, low not above high. The low end may not lie below `ip_unprivileged_port_start`,
    /// which the plan has to see to.
    PortRange,
    /// A range that netsh takes: from 1025 on, and at least 255 ports.
    DynamicPorts,
    /// Any set of ports from 0 to 65535. A write replaces the whole set.
    PortList,
    /// The name of something that the kernel has or can load, up to this many characters.
    Name(usize),
}

/// The largest number of seconds that a kernel of any HZ takes: `INT_MAX / 1000`.
pub const MAX_JIFFIES_SECONDS: i128 = 2_147_483;

/// The bounds of a dynamic port range (Microsoft KB 929851).
const FIRST_DYNAMIC_PORT: u16 = 1025;
const FEWEST_DYNAMIC_PORTS: u32 = 255;

impl Accept {
    /// The number nearest to this one that the platform takes.
    #[must_use]
    pub fn nearest(&self, number: i128) -> i128 {
        match self {
            Self::Between(low, high) => number.clamp(*low, *high),
            Self::MultipleOf(low, high, step) => {
                let (number, high) = (number.clamp(*low, *high), high - high % step);
                (number + (step - number % step) % step).min(high)
            }
            Self::Jiffies => number.clamp(-MAX_JIFFIES_SECONDS, MAX_JIFFIES_SECONDS),
            Self::PortRange | Self::DynamicPorts | Self::PortList | Self::Name(_) => number,
        }
    }

    /// Why the platform would refuse the value, as the end of a sentence; None where it takes it.
    #[must_use]
    pub fn refuses(&self, value: &Value) -> Option<String> {
        let within = |low: i128, high: i128| match value {
            Value::Numbers(numbers) => numbers
                .iter()
                .find(|number| !(low..=high).contains(number))
                .map(|number| format!("{number} is outside {self}")),
            _ => Some(format!("`{value}` is not a number")),
        };
        match (self, value) {
            (Self::Between(low, high), _) => within(*low, *high),
            (Self::MultipleOf(low, high, step), _) => within(*low, *high).or_else(|| match value {
                Value::Numbers(numbers) => {
                    let odd = numbers.iter().find(|number| *number % step != 0)?;
                    let rounded = (odd / step + 1) * step;
                    Some(format!("{odd} would be rounded up: write {rounded}, a multiple of {step}"))
                }
                _ => None,
            }),
            (Self::Jiffies, _) => within(-MAX_JIFFIES_SECONDS, MAX_JIFFIES_SECONDS),
            (Self::PortRange, Value::Range(range)) => {
                (range.low == 0).then(|| "a range of ports begins at 1".into())
            }
            (Self::DynamicPorts, Value::Range(range)) => {
                let count = u32::from(range.high - range.low) + 1;
                let fits = range.low >= FIRST_DYNAMIC_PORT && count >= FEWEST_DYNAMIC_PORTS;
                (!fits).then(|| format!("{range} is not {self}"))
            }
            (Self::PortList, Value::Ports(_)) => None,
            (Self::Name(longest), Value::Word(word)) => {
                (word.len() > *longest).then(|| format!("`{word}` is longer than {longest} characters"))
            }
            _ => Some(format!("`{value}` is not {self}")),
        }
    }
}

impl Accept {
    /// What the kernel makes of a number; not every one that it takes stays as it is.
    ///
    /// # Errors
    /// Why it refuses the number.
    pub fn takes(&self, number: i128) -> Result<i128, String> {
        match self {
            Self::MultipleOf(low, high, step) if (*low..=*high).contains(&number) => {
                Ok((number + step - 1) / step * step)
            }
            _ => self.refuses(&Value::Numbers(vec![number])).map_or(Ok(number), Err),
        }
    }
}

impl fmt::Display for Accept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Between(low, high) => write!(f, "{low} to {high}"),
            Self::MultipleOf(low, high, step) => write!(f, "{low} to {high}, in multiples of {step}"),
            Self::Jiffies => {
                write!(f, "-{MAX_JIFFIES_SECONDS} to {MAX_JIFFIES_SECONDS} (more where HZ is below 1000)")
            }
            Self::PortRange => f.write_str("two ports from 1 to 65535, low not above high"),
            Self::DynamicPorts => write!(
                f,
                "two ports from {FIRST_DYNAMIC_PORT} to 65535 with at least {FEWEST_DYNAMIC_PORTS} ports"
            ),
            Self::PortList => f.write_str("a list of ports from 0 to 65535"),
            Self::Name(longest) => write!(f, "a name of at most {longest} characters"),
        }
    }
}

/// Whose value a setting is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every network namespace has its own.
    Netns,
    /// One for the machine; other namespaces see it, only the initial one may write it.
    SharedReadOnly,
    /// One for the machine; only the initial network namespace has the key.
    InitialOnly,
    /// One for the machine, seen and written from every network namespace.
    Machine,
}

impl Scope {
    /// Its name in reports: whose value it is.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Netns => "netns",
            Self::SharedReadOnly | Self::InitialOnly | Self::Machine => "machine",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Netns => "each network namespace has its own",
            Self::SharedReadOnly => "the machine; other network namespaces only see it",
            Self::InitialOnly => "the machine; only the initial network namespace has it",
            Self::Machine => "the machine",
        })
    }
}

/// When a changed value begins to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// At once, also for what is there already.
    Immediately,
    /// For connections made after the change.
    NewConnections,
    /// For sockets made after the change.
    NewSockets,
    /// When a program calls `listen()` again: restart or reload it.
    NewListeners,
    /// For network devices made after the change.
    NewDevices,
    /// For network namespaces made after the change.
    NewNamespaces,
    /// After a reboot.
    AfterReboot,
    /// Never: nothing reads it any more.
    Never,
    /// Nobody has shown that anything reads it: it is in tuning scripts, and in no document of its maker.
    Unproven,
    /// Nothing is known about it.
    Unknown,
}

impl Effect {
    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Immediately => "immediately",
            Self::NewConnections => "new-connections",
            Self::NewSockets => "new-sockets",
            Self::NewListeners => "new-listeners",
            Self::NewDevices => "new-devices",
            Self::NewNamespaces => "new-namespaces",
            Self::AfterReboot => "after-reboot",
            Self::Never => "never",
            Self::Unproven => "unproven",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Immediately => "at once",
            Self::NewConnections => "for new connections",
            Self::NewSockets => "for new sockets",
            Self::NewListeners => "when programs listen again: restart or reload them",
            Self::NewDevices => "for new network devices",
            Self::NewNamespaces => "for new network namespaces",
            Self::AfterReboot => "after a reboot",
            Self::Never => "never: nothing reads it any more",
            Self::Unproven => "unproven: no primary source says that anything reads it",
            Self::Unknown => "nobody knows when: the catalogue does not have it",
        })
    }
}

/// How much can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RiskLevel {
    /// Nothing known that it breaks.
    Low,
    /// Breaks something under circumstances that the note names.
    Medium,
    /// Breaks things by itself.
    High,
}

impl fmt::Display for RiskLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        })
    }
}

/// Which way a change goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Some number goes up, or a range gets wider.
    Raising,
    /// Some number goes down, or a range gets narrower.
    Lowering,
    /// Either, or the value is not a number.
    Either,
}

/// What can go wrong when a setting is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Risk {
    /// Which change it is the risk of.
    pub of: Direction,
    /// How much.
    pub level: RiskLevel,
    /// What, in one sentence.
    pub note: &'static str,
}
