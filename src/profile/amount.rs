//! Amounts: numbers in a rule, fixed or a share of the machine.

use std::fmt;

use crate::facts::Host;
use crate::setting::Setting;
use crate::setting::Unit;

/// The size of a page, in which `tcp_mem` counts. Every supported Linux machine but some ARM and POWER servers
/// has it; a share of memory is a rule of thumb, so the difference does not matter.
const PAGE: u128 = 4096;

/// A number that a rule asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// This number, in the setting's unit.
    Fixed(i128),
    /// A share of the machine's memory: `1/64 mem`.
    MemoryShare {
        /// The upper part of the fraction.
        numerator: u64,
        /// The lower part of the fraction, never 0.
        denominator: u64,
        /// The setting's unit: bytes or pages.
        unit: Unit,
    },
}

impl Amount {
    /// Reads an amount as a profile writes it: `60`, `16MiB`, `30s`, `1/64 mem`.
    ///
    /// # Errors
    /// A sentence that names the remedy.
    pub fn parse(text: &str, unit: Unit) -> Result<Self, String> {
        let Some(share) = text.strip_suffix("mem") else {
            return unit.parse(text).map(Self::Fixed);
        };
        if !matches!(unit, Unit::Byte | Unit::Page) {
            return Err(format!("`{text}`: only a setting of bytes or pages can be a share of memory"));
        }
        let fraction = share.trim().split_once('/');
        match fraction.map(|(above, below)| (above.trim().parse(), below.trim().parse())) {
            Some((Ok(numerator), Ok(denominator))) if denominator > 0 => {
                Ok(Self::MemoryShare { numerator, denominator, unit })
            }
            _ => Err(format!("`{text}` is not a share of memory such as `1/64 mem`")),
        }
    }

    /// The number on this host; None where the host's memory is not known. A share of a large machine may be more
    /// than its kernel takes: then it is the most that it takes.
    #[must_use]
    pub fn on(self, setting: &Setting, host: &Host) -> Option<i128> {
        let number = self.computed(host)?;
        let accept = host.version.and_then(|version| setting.accepts_in(version));
        match (self, accept) {
            (Self::MemoryShare { .. }, Some(accept)) => Some(accept.nearest(number)),
            _ => Some(number),
        }
    }

    /// What to say where the number on this host is not the share of its memory, but what its kernel takes.
    #[must_use]
    pub fn capped(self, setting: &Setting, host: &Host) -> Option<String> {
        let (computed, taken) = (self.computed(host)?, self.on(setting, host)?);
        let text = || format!("{self} is {computed} here, and the nearest that this kernel takes is {taken}");
        (computed != taken).then(text)
    }

    fn computed(self, host: &Host) -> Option<i128> {
        match self {
            Self::Fixed(number) => Some(number),
            Self::MemoryShare { numerator, denominator, unit } => {
                let bytes = u128::from(host.memory?) * u128::from(numerator) / u128::from(denominator);
                let amount = if unit == Unit::Page { bytes / PAGE } else { bytes };
                i128::try_from(amount).ok()
            }
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(number) => write!(f, "{number}"),
            Self::MemoryShare { numerator, denominator, .. } => write!(f, "{numerator}/{denominator} mem"),
        }
    }
}
