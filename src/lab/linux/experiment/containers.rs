//! What a new network namespace starts with.

use std::io;

use crate::lab::Course;
use crate::lab::Experiment;
use crate::lab::Verdict;
use crate::lab::system::notes::Notes;
use crate::lab::system::side::Side;
use crate::lab::system::side::set;
use crate::lab::system::side::value;
use crate::setting::Version;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "containers-do-not-inherit",
    claim: "A container's network namespace does not inherit the host's net.ipv4 settings: it starts with the kernel's own \
            defaults, and some settings it does not have or cannot write.",
    method: "Settings are changed in a namespace, and read in a new one that is made from there.",
    expected: &[(Version::ZERO, Verdict::Confirmed)],
    proves: &[
        "namespaces",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_tw_reuse",
        "net.ipv4.ip_local_port_range",
        "net.core.somaxconn",
        "net.ipv4.tcp_max_orphans",
        "net.ipv4.tcp_mem",
    ],
    seconds: 1,
    course: Course::Waits,
};

/// A value that is nobody's default.
const CHANGED: [(&str, &str); 7] = [
    ("net.ipv4.tcp_fin_timeout", "17"),
    ("net.ipv4.tcp_tw_reuse", "1"),
    ("net.ipv4.ip_local_port_range", "20000 20099"),
    ("net.core.somaxconn", "77"),
    ("net.ipv4.tcp_keepalive_time", "123"),
    ("net.ipv4.tcp_max_syn_backlog", "55"),
    ("net.ipv4.tcp_max_tw_buckets", "44"),
];

/// What only the machine's own namespace has.
const ABSENT: [&str; 3] = ["net.ipv4.tcp_max_orphans", "net.ipv4.tcp_mem", "net.core.netdev_max_backlog"];

pub(super) fn run(notes: &mut Notes) -> io::Result<String> {
    let untouched = Side::new()?;
    for (key, changed) in CHANGED {
        set(key, changed)?;
    }
    let made = Side::new()?;
    for (key, changed) in CHANGED {
        let (before, after) = (untouched.within(|| value(key))?, made.within(|| value(key))?);
        let shown = after.clone().unwrap_or_default();
        notes.saw(key, format!("{changed} where it was made, {shown} inside"));
        notes.claims(format!("{key} is not inherited"), after.as_deref() != Some(changed));
        notes.claims(format!("{key} is the same in every new namespace"), before == after);
    }
    for key in ABSENT {
        let inside = made.within(|| value(key))?;
        notes.saw(key, inside.as_deref().unwrap_or("absent inside"));
        notes.claims(format!("{key} belongs to the machine"), inside.is_none());
    }
    let written = made.set("net.core.rmem_max", "1000000");
    let kept = made.within(|| value("net.core.rmem_max"))?;
    notes.saw(
        "net.core.rmem_max",
        match (&kept, &written) {
            (None, _) => "absent inside".to_owned(),
            (Some(value), Err(_)) => format!("{value} inside, and cannot be written"),
            (Some(value), Ok(())) => format!("{value} inside"),
        },
    );
    notes.claims("net.core.rmem_max cannot be written inside", written.is_err());
    Ok(format!("of {} settings that were changed none was passed on to a new namespace", CHANGED.len()))
}
