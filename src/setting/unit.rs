//! Units: what a setting's number counts, and how a person may write it.

use std::fmt;

/// What a setting's number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A switch or a mode: the number is a name, not an amount.
    Mode,
    /// How many of something: sockets, packets, retries.
    Count,
    /// At most how many of something; a negative number means that there is no limit.
    Limit,
    /// Port numbers.
    Port,
    /// Bytes.
    Byte,
    /// Pages of memory.
    Page,
    /// Microseconds.
    Microsecond,
    /// Milliseconds.
    Millisecond,
    /// Seconds.
    Second,
}

impl Unit {
    /// The suffixes that a profile may write behind a number of this unit, each with its factor to the unit
    /// (numerator and denominator).
    #[must_use]
    pub const fn suffixes(self) -> &'static [(&'static str, i128, i128)] {
        match self {
            Self::Byte => &[("KiB", 1 << 10, 1), ("MiB", 1 << 20, 1), ("GiB", 1 << 30, 1), ("B", 1, 1)],
            Self::Second => &[("ms", 1, 1000), ("s", 1, 1), ("min", 60, 1), ("h", 3600, 1), ("d", 86400, 1)],
            Self::Millisecond => {
                &[("ms", 1, 1), ("s", 1000, 1), ("min", 60_000, 1), ("h", 3_600_000, 1), ("d", 86_400_000, 1)]
            }
            Self::Microsecond => &[("us", 1, 1), ("ms", 1000, 1), ("s", 1_000_000, 1)],
            Self::Mode | Self::Count | Self::Limit | Self::Port | Self::Page => &[],
        }
    }

    /// Reads an amount with one of the unit's suffixes (`16MiB`, `30s`).
    ///
    /// # Errors
    /// A sentence that names the remedy: no number, a suffix that the unit does not have, or an amount that is
    /// not a whole number of the unit.
    pub fn parse(self, text: &str) -> Result<i128, String> {
        let text = text.trim();
        let digits = text.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(text.len());
        let (number, suffix) = text.split_at(digits);
        let suffix = suffix.trim();
        let number: i128 = number.parse().map_err(|_| format!("`{text}` is not a number"))?;
        if suffix.is_empty() {
            return Ok(number);
        }
        let Some((_, numerator, denominator)) = self.suffixes().iter().find(|(name, ..)| *name == suffix)
        else {
            let known: Vec<&str> = self.suffixes().iter().map(|(name, ..)| *name).collect();
            return Err(if known.is_empty() {
                format!("`{text}`: this setting has no unit, write the bare number")
            } else {
                format!("`{text}`: the unit is one of {}", known.join(", "))
            });
        };
        let scaled = number.checked_mul(*numerator).ok_or_else(|| format!("`{text}` is too large"))?;
        if scaled % denominator != 0 {
            return Err(format!("`{text}` is not a whole number of {self}"));
        }
        Ok(scaled / denominator)
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Mode => "mode",
            Self::Count => "count",
            Self::Limit => "count, negative is unlimited",
            Self::Port => "port",
            Self::Byte => "bytes",
            Self::Page => "pages",
            Self::Microsecond => "microseconds",
            Self::Millisecond => "milliseconds",
            Self::Second => "seconds",
        })
    }
}
