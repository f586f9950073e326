//! The counters of a network namespace: `/proc/net/netstat`, `snmp` and `sockstat`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Those of the namespace; some amounts in sockstat are the machine's.
const COMINGS_AND_GOINGS: [&str; 8] = [
    "Tcp.ActiveOpens",
    "Tcp.AttemptFails",
    "Tcp.CurrEstab",
    "Tcp.EstabResets",
    "Tcp.PassiveOpens",
    "TCP.inuse",
    "TCP.tw",
    "TCP6.inuse",
];

/// The counters that the files of a network namespace's `/proc/.../net` show, by name: `TcpExt.TWRecycled`, `TCP.tw`. A
/// file that cannot be read adds none.
#[must_use]
pub fn counters(folder: &Path) -> BTreeMap<String, u64> {
    let mut counters = BTreeMap::new();
    for file in ["netstat", "snmp"] {
        read_pairs(&fs::read_to_string(folder.join(file)).unwrap_or_default(), &mut counters);
    }
    for file in ["sockstat", "sockstat6"] {
        read_amounts(&fs::read_to_string(folder.join(file)).unwrap_or_default(), &mut counters);
    }
    counters
}

/// What every connection that begins or ends changes. The kernel says nothing when a list of TCP sockets changes while
/// it is read; these tell.
pub(super) fn comings_and_goings(folder: &Path) -> BTreeMap<String, u64> {
    let mut counters = BTreeMap::new();
    read_pairs(&fs::read_to_string(folder.join("snmp")).unwrap_or_default(), &mut counters);
    for file in ["sockstat", "sockstat6"] {
        read_amounts(&fs::read_to_string(folder.join(file)).unwrap_or_default(), &mut counters);
    }
    counters.retain(|name, _| COMINGS_AND_GOINGS.contains(&name.as_str()));
    counters
}

/// A line of names and a line of numbers, each behind the name of their group.
fn read_pairs(text: &str, counters: &mut BTreeMap<String, u64>) {
    let mut lines = text.lines();
    while let (Some(names), Some(numbers)) = (lines.next(), lines.next()) {
        let (Some((group, names)), Some((_, numbers))) = (names.split_once(':'), numbers.split_once(':'))
        else {
            continue;
        };
        if group != "Tcp" && group != "TcpExt" {
            continue;
        }
        for (name, number) in names.split_whitespace().zip(numbers.split_whitespace()) {
            if let Ok(number) = number.parse() {
                counters.insert(format!("{group}.{name}"), number);
            }
        }
    }
}

/// `TCP: inuse 5 orphan 0 tw 3 alloc 7 mem 1`.
fn read_amounts(text: &str, counters: &mut BTreeMap<String, u64>) {
    for line in text.lines() {
        let Some((group, amounts)) = line.split_once(':') else { continue };
        let mut words = amounts.split_whitespace();
        while let (Some(name), Some(amount)) = (words.next(), words.next()) {
            if let (true, Ok(amount)) = (group.starts_with("TCP"), amount.parse()) {
                counters.insert(format!("{group}.{name}"), amount);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_read_by_group() {
        let mut counters = BTreeMap::new();
        read_pairs(
            "TcpExt: TW TWKilled\nTcpExt: 5 6\nIp: Forwarding\nIp: 1\nTcp: MaxConn\nTcp: -1\nX",
            &mut counters,
        );
        read_amounts("sockets: used 9\nTCP: inuse 5 orphan 0 tw 3\nTCP6: inuse 2\nTCP:", &mut counters);
        let found: Vec<_> = counters.iter().map(|(name, number)| format!("{name}={number}")).collect();
        assert_eq!(
            found,
            ["TCP.inuse=5", "TCP.orphan=0", "TCP.tw=3", "TCP6.inuse=2", "TcpExt.TW=5", "TcpExt.TWKilled=6"]
        );
    }
}
