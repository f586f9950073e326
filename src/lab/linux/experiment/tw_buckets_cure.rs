//! Whether more `TIME_WAIT`s give more ports.

use std::io;
use std::net::SocketAddrV4;

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
    name: "raising-tw-buckets-cures-port-exhaustion",
    claim: "Raising net.ipv4.tcp_max_tw_buckets cures the exhaustion of ports.",
    method: "100 ports; clients that close first connect over a cable until one fails, with a limit of 1,000 and of \
             1,000,000.",
    expected: &[(Version::ZERO, Verdict::Refuted)],
    proves: &["ephemeral-ports", "sysctl-recipes", "time-wait-exhausts-ports", "net.ipv4.tcp_max_tw_buckets"],
    seconds: 1,
    course: Course::Waits,
};

pub(super) fn run(notes: &mut Notes) -> io::Result<String> {
    let mut counts = Vec::new();
    for buckets in ["1000", "1000000"] {
        let cable = Cable::lay()?;
        cable.client.set("net.ipv4.ip_local_port_range", "20000 20099")?;
        cable.client.set("net.ipv4.tcp_max_tw_buckets", buckets)?;
        let address = SocketAddrV4::new(SERVER, tcp::PORT);
        let tally = between(&cable.client, &cable.server, address, Closer::Client, |tally| {
            tally.failures == 0 && tally.connections < 1000
        })?;
        notes.saw(format!("connections until the first failure with {buckets}"), tally.connections);
        counts.push(tally.connections);
    }
    notes.claims("a higher limit lets more connections through", counts[1] > counts[0] * 2);
    Ok(format!("{} connections with 1,000 and {} with 1,000,000", counts[0], counts[1]))
}
