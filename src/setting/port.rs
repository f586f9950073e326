//! Port ranges and sets of ports, as `ip_local_port_range` and `ip_local_reserved_ports` print them.

use std::collections::BTreeSet;
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
    ports: BTreeSet<u16>,
}

impl PortSet {
    /// Reads a list as the kernel prints it; the empty text is the empty set.
    ///
    /// # Errors
    /// The part of the list that is not a port or a range of ports from 0 to 65535.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut ports = BTreeSet::new();
        for part in text.split([',', '\n']).map(str::trim).filter(|part| !part.is_empty()) {
            let (low, high) = part.split_once('-').unwrap_or((part, part));
            let (Ok(low), Ok(high)) = (low.trim().parse::<u16>(), high.trim().parse::<u16>()) else {
                return Err(format!("`{part}` is not a port or a range of ports"));
            };
            if low > high {
                return Err(format!("`{part}` is upside down"));
            }
            ports.extend(low..=high);
        }
        Ok(Self { ports })
    }

    /// Whether every port of `other` is in this set.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.ports.is_superset(&other.ports)
    }

    /// Whether the port is in this set.
    #[must_use]
    pub fn contains(&self, port: u16) -> bool {
        self.ports.contains(&port)
    }

    /// The ports of both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.ports.union(&other.ports).copied().collect()
    }

    /// The ports, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        self.ports.iter().copied()
    }

    /// How many ports there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ports.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ports.is_empty()
    }
}

impl FromIterator<u16> for PortSet {
    fn from_iter<I: IntoIterator<Item = u16>>(ports: I) -> Self {
        Self { ports: ports.into_iter().collect() }
    }
}

impl fmt::Display for PortSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.iter().peekable();
        let mut separator = "";
        while let Some(low) = rest.next() {
            let mut high = low;
            while let Some(next) = rest.next_if(|next| high.checked_add(1) == Some(*next)) {
                high = next;
            }
            if low == high {
                write!(f, "{separator}{low}")?;
            } else {
                write!(f, "{separator}{low}-{high}")?;
            }
            separator = ",";
        }
        Ok(())
    }
}
