//! Port ranges and sets of ports, as `ip_local_port_range` and `ip_local_reserved_ports` print them.

use std::fmt;

/// A range of ports, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortRange {
    /// The lowest port.
    pub low: u16,
    /// The highest port.
    pub high: u16,
}

impl PortRange {
    /// Whether `other` lies inside this range.
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        self.low <= other.low && self.high >= other.high
    }

    /// Whether the port lies inside this range.
    #[must_use]
    pub fn contains(self, port: u16) -> bool {
        (self.low..=self.high).contains(&port)
    }

    /// The smallest range that covers both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.low, self.high)
    }
}

/// A set of ports, written as `80,443,30000-32767`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PortSet {
    /// Ascending, none touching another: a list of any length costs no more than its ranges.
    ranges: Vec<PortRange>,
}

impl PortSet {
    /// Reads a list as the kernel prints it; the empty text is the empty set.
    ///
    /// # Errors
    /// The part of the list that is not a port or a range of ports from 0 to 65535.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut ranges = Vec::new();
        for part in text.split([',', '\n']).map(str::trim).filter(|part| !part.is_empty()) {
            let (low, high) = part.split_once('-').unwrap_or((part, part));
            let (Ok(low), Ok(high)) = (low.trim().parse(), high.trim().parse()) else {
                return Err(format!("`{part}` is not a port or a range of ports"));
            };
            if low > high {
                return Err(format!("`{part}` is upside down"));
            }
            ranges.push(PortRange { low, high });
        }
        Ok(Self::merged(ranges))
    }

    fn merged(mut ranges: Vec<PortRange>) -> Self {
        ranges.sort_by_key(|range| range.low);
        let mut merged: Vec<PortRange> = Vec::new();
        for range in ranges {
            match merged.last_mut() {
                Some(last) if u32::from(range.low) <= u32::from(last.high) + 1 => {
                    last.high = last.high.max(range.high);
                }
                _ => merged.push(range),
            }
        }
        Self { ranges: merged }
    }

    /// Whether every port of `other` is in this set.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        other.ranges.iter().all(|wanted| {
            let at = self.ranges.partition_point(|range| range.high < wanted.low);
            self.ranges.get(at).is_some_and(|range| range.covers(*wanted))
        })
    }

    /// Whether the port is in this set.
    #[must_use]
    pub fn contains(&self, port: u16) -> bool {
        let at = self.ranges.partition_point(|range| range.high < port);
        self.ranges.get(at).is_some_and(|range| range.contains(port))
    }

    /// The ports of both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self::merged(self.ranges.iter().chain(&other.ranges).copied().collect())
    }

    /// The ports of this set that lie inside the range.
    #[must_use]
    pub fn within(&self, range: PortRange) -> Self {
        let clipped = self.ranges.iter().filter_map(|own| {
            let (low, high) = (own.low.max(range.low), own.high.min(range.high));
            (low <= high).then_some(PortRange { low, high })
        });
        Self { ranges: clipped.collect() }
    }

    /// How many ports there are.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.ranges.iter().map(|range| u32::from(range.high - range.low) + 1).sum()
    }

    /// How many of them have the parity of this one.
    #[must_use]
    pub fn count_like(&self, port: u16) -> u32 {
        // How many below an end have that parity; the end itself is the first that does not count.
        let below = |end: u32| if port & 1 == 0 { end.div_ceil(2) } else { end / 2 };
        self.ranges.iter().map(|range| below(u32::from(range.high) + 1) - below(u32::from(range.low))).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }
}

impl FromIterator<u16> for PortSet {
    fn from_iter<I: IntoIterator<Item = u16>>(ports: I) -> Self {
        Self::merged(ports.into_iter().map(|port| PortRange { low: port, high: port }).collect())
    }
}

impl FromIterator<Self> for PortSet {
    fn from_iter<I: IntoIterator<Item = Self>>(sets: I) -> Self {
        Self::merged(sets.into_iter().flat_map(|set| set.ranges).collect())
    }
}

impl fmt::Display for PortSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, range) in self.ranges.iter().enumerate() {
            let separator = if n == 0 { "" } else { "," };
            if range.low == range.high {
                write!(f, "{separator}{}", range.low)?;
            } else {
                write!(f, "{separator}{}-{}", range.low, range.high)?;
            }
        }
        Ok(())
    }
}
