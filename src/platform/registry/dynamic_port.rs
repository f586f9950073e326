//! The dynamic port ranges as `netsh` shows and sets them: its arguments, and its answer whatever language it is in.

use crate::setting::Key;
use crate::setting::Kind;
use crate::setting::PortRange;
use crate::setting::Value;

/// One of the four ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DynamicPort {
    family: &'static str,
    protocol: &'static str,
}

impl DynamicPort {
    /// The range that a key names: `ipv4.dynamicport.tcp`.
    #[must_use]
    pub fn of(key: &Key) -> Option<Self> {
        let mut parts = key.as_str().splitn(3, '.');
        let (family, name, protocol) = (parts.next()?, parts.next()?, parts.next()?);
        let family = ["ipv4", "ipv6"].into_iter().find(|known| *known == family)?;
        let protocol = ["tcp", "udp"].into_iter().find(|known| *known == protocol)?;
        (name == "dynamicport").then_some(Self { family, protocol })
    }

    /// The arguments of `netsh` that show it.
    #[must_use]
    pub fn show(&self) -> Vec<String> {
        ["int", self.family, "show", "dynamicport", self.protocol].map(str::to_owned).to_vec()
    }

    /// The arguments of `netsh` that set it, now and for every boot.
    #[must_use]
    pub fn set(&self, range: PortRange) -> Vec<String> {
        let count = u32::from(range.high - range.low) + 1;
        let mut arguments =
            ["int", self.family, "set", "dynamicport", self.protocol].map(str::to_owned).to_vec();
        arguments.extend([format!("start={}", range.low), format!("num={count}")]);
        arguments
    }

    /// The range in what `netsh` printed: of its lines only two end in a number, whatever the language, and the first
    /// of them is the start and the second the count.
    #[must_use]
    pub fn parse(output: &[u8]) -> Option<PortRange> {
        let text = String::from_utf8_lossy(output);
        let numbers: Vec<u32> = text.lines().filter_map(number_at_end).collect();
        let [start, count] = numbers[..] else { return None };
        let last = start.checked_add(count)?.checked_sub(1)?;
        let (low, high) = (u16::try_from(start).ok()?, u16::try_from(last).ok()?);
        (low > 0 && low <= high).then_some(PortRange { low, high })
    }

    /// The range that a value's text says.
    #[must_use]
    pub fn range(text: &str) -> Option<PortRange> {
        match Value::parse(Kind::PortRange, text) {
            Ok(Value::Range(range)) => Some(range),
            _ => None,
        }
    }
}

/// The number that a line ends in, behind a colon: `Start Port      : 49152`.
fn number_at_end(line: &str) -> Option<u32> {
    let line = line.trim_end();
    let digits = line.len() - line.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let (label, number) = line.split_at(line.len() - digits);
    label.trim_end().ends_with([':', '\u{ff1a}']).then(|| number.parse().ok()).flatten()
}
