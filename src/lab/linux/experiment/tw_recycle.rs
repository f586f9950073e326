//! The setting that blogs still set.

use std::io;

use crate::lab::Course;
use crate::lab::Experiment;
use crate::lab::Verdict;
use crate::lab::system::notes::Notes;
use crate::lab::system::side::set;
use crate::lab::system::side::value;
use crate::setting::Version;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "tw-recycle-is-gone",
    claim: "net.ipv4.tcp_tw_recycle is gone, since Linux 4.12, and a line that sets it fails.",
    method: "The setting is looked for and written.",
    expected: &[(Version::ZERO, Verdict::Refuted), (Version::new(4, 12), Verdict::Confirmed)],
    proves: &["time-wait", "sysctl-recipes", "dead-sysctl-line", "net.ipv4.tcp_tw_recycle"],
    seconds: 1,
    course: Course::Waits,
};

pub(super) fn run(notes: &mut Notes) -> io::Result<String> {
    let key = "net.ipv4.tcp_tw_recycle";
    let (found, written) = (value(key)?, set(key, "1"));
    let shown = found.as_deref().unwrap_or("absent");
    notes.saw(key, shown);
    notes.saw("writing it", written.as_ref().err().map_or_else(|| "works".into(), ToString::to_string));
    notes.claims("the setting is absent", found.is_none());
    notes.claims("it cannot be written", written.is_err());
    Ok(format!("it is {shown} here"))
}
