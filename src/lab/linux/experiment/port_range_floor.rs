//! What the kernel takes for a port range.

use std::io;

use crate::lab::Course;
use crate::lab::Experiment;
use crate::lab::Verdict;
use crate::lab::system::notes::Notes;
use crate::lab::system::side::set;
use crate::lab::system::side::value;
use crate::setting::Version;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "port-range-can-begin-at-1000",
    claim: "net.ipv4.ip_local_port_range = \"1000 65535\" widens the port range.",
    method: "It is written, and \"1024 65535\", \"65535 1024\" and \"20000\"; each time the range is read back.",
    expected: &[(Version::new(4, 11), Verdict::Refuted)],
    proves: &["ephemeral-ports", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start"],
    seconds: 1,
    course: Course::Waits,
};

pub(super) fn run(notes: &mut Notes) -> io::Result<String> {
    let key = "net.ipv4.ip_local_port_range";
    let default = value(key)?.unwrap_or_default();
    let mut wide = String::new();
    for range in ["1000 65535", "65535 1024", "20000", "1024 65535"] {
        set(key, &default)?;
        let answer = if set(key, range).is_ok() { "taken" } else { "refused" };
        let after = value(key)?.unwrap_or_default();
        notes.saw(range, format!("{answer}, the range is then {after}"));
        if range == "1000 65535" {
            wide = after;
        }
    }
    let start = value("net.ipv4.ip_unprivileged_port_start")?.unwrap_or_default();
    notes.saw("net.ipv4.ip_unprivileged_port_start", &start);
    notes.claims("the range begins at 1000", wide == "1000 65535");
    Ok(format!(
        "the kernel kept {wide}: the range may not begin below ip_unprivileged_port_start, which is {start}"
    ))
}
