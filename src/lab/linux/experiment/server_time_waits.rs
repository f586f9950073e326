//! Whether a server runs out of ports.

use std::io;
use std::net::SocketAddrV4;
use std::time::Duration;

use crate::facts::State;
use crate::lab::Course;
use crate::lab::Experiment;
use crate::lab::Verdict;
use crate::lab::system::look;
use crate::lab::system::look::End;
use crate::lab::system::notes::Notes;
use crate::lab::system::side::Cable;
use crate::lab::system::side::SERVER;
use crate::lab::system::storm::Closer;
use crate::lab::system::storm::between;
use crate::lab::system::tcp;
use crate::setting::Version;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "server-time-waits-exhaust-ports",
    claim: "A server's TIME_WAITs exhaust its ports.",
    method: "A server whose port range has 100 ports closes first, 2,000 times, while its client has the default range.",
    expected: &[(Version::ZERO, Verdict::Refuted)],
    proves: &["time-wait-harmless", "server-closes-first", "net.ipv4.ip_local_port_range"],
    seconds: 2,
    course: Course::Works,
};

const COUNT: u64 = 2000;

pub(super) fn run(notes: &mut Notes) -> io::Result<String> {
    let cable = Cable::lay()?;
    cable.server.set("net.ipv4.ip_local_port_range", "20000 20099")?;
    cable.server.set("net.ipv4.tcp_max_tw_buckets", "100000")?;
    let address = SocketAddrV4::new(SERVER, tcp::PORT);
    let tally = between(&cable.client, &cable.server, address, Closer::Server, |tally| {
        tally.connections < COUNT && tally.elapsed < Duration::from_mins(1)
    })?;
    let time_wait = cable.server.within(|| look::count(End::Server, tcp::PORT, State::TimeWait))?;
    notes.saw("connections", tally.connections);
    notes.saw("failures", tally.failures);
    notes.saw("TIME_WAIT of the server", time_wait);
    notes.claims("connections fail", tally.failures > 0);
    Ok(format!(
        "{time_wait} TIME_WAITs share the server's one port, its 100 others are free, and {} of {COUNT} connections \
                failed",
        tally.failures
    ))
}
