//! The cliff before the end of the ports.

use std::io;
use std::net::SocketAddrV4;
use std::time::Duration;

use crate::lab::Course;
use crate::lab::Experiment;
use crate::lab::Verdict;
use crate::lab::system::notes::Notes;
use crate::lab::system::side::Cable;
use crate::lab::system::side::SERVER;
use crate::lab::system::storm::Closer;
use crate::lab::system::storm::between;
use crate::lab::system::tcp;
use crate::setting::Version;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "connect-slows-at-half-the-range",
    claim: "connect() becomes many times slower when half of the port range is used up, long before it fails: it searches \
            the ports of one parity in vain each time.",
    method: "Clients that close first connect over a cable with 8,000 ports; the processor time of 300 \
             connections at the start, and of 300 when half of the range is used up.",
    expected: &[(Version::ZERO, Verdict::Confirmed)],
    proves: &["ephemeral-ports", "time-wait-exhausts-ports", "net.ipv4.ip_local_port_range"],
    seconds: 3,
    course: Course::Works,
};

/// So many connections are measured at the start, and behind the half after as many that are not.
const MEASURED: u64 = 300;
const PORTS: u64 = 8000;
const LIMIT: Duration = Duration::from_mins(2);

pub(super) fn run(notes: &mut Notes) -> io::Result<String> {
    let cable = Cable::lay()?;
    cable.client.set("net.ipv4.ip_local_port_range", "20000 27999")?;
    // A small machine would keep fewer TIME_WAITs than there are ports.
    cable.client.set("net.ipv4.tcp_max_tw_buckets", "1000000")?;
    let half = PORTS / 2;
    // The whole time would tell how busy the machine is with other things.
    let mut spent = [Duration::ZERO; 4];
    let marks = [MEASURED, 2 * MEASURED, half + MEASURED, half + 2 * MEASURED];
    let address = SocketAddrV4::new(SERVER, tcp::PORT);
    let tally = between(&cable.client, &cable.server, address, Closer::Client, |tally| {
        if let Some(at) = marks.iter().position(|mark| *mark == tally.connections) {
            spent[at] = processor_time();
        }
        tally.connections < marks[3] && tally.failures == 0 && tally.elapsed < LIMIT
    })?;
    let each = |from: Duration, to: Duration| to.saturating_sub(from).as_secs_f64() * 1e6 / 300.0;
    let (before, behind) = (each(spent[0], spent[1]), each(spent[2], spent[3]));
    notes.saw("processor time of a connection at the start", format!("{before:.0} us"));
    notes.saw("behind the half", format!("{behind:.0} us"));
    notes.saw("connections a second altogether", tally.rate());
    notes.claims("no connection fails yet", tally.failures == 0 && tally.connections == marks[3]);
    notes.claims("behind the half each costs more than three times as much", behind > 3.0 * before);
    Ok(format!(
        "a connection cost {before:.0} us at the start and {behind:.0} us when half of {PORTS} ports were used up"
    ))
}

/// What the calling thread has spent.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}
