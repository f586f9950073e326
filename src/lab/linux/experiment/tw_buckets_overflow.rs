//! What happens above `tcp_max_tw_buckets`.

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
    name: "tw-buckets-overflow",
    claim: "Above net.ipv4.tcp_max_tw_buckets a connection is closed without TIME_WAIT: TCPTimeWaitOverflow counts it, and \
            some of the peers' FINs are answered with RST; a negative limit is none.",
    method: "4,000 ports; clients that close first make 2,000 connections over a cable with a limit of 50, and 500 with 0 \
             and with -1.",
    expected: &[(Version::ZERO, Verdict::Confirmed)],
    proves: &["time-wait", "time-wait-table-full", "net.ipv4.tcp_max_tw_buckets"],
    seconds: 2,
    course: Course::Works,
};

const LIMIT: Duration = Duration::from_mins(1);

pub(super) fn run(notes: &mut Notes) -> io::Result<String> {
    let mut resets = 0;
    for (buckets, connections, kept) in [("50", 2000, 50), ("0", 500, 0), ("-1", 500, 500)] {
        let cable = Cable::lay()?;
        cable.client.set("net.ipv4.ip_local_port_range", "20000 23999")?;
        cable.client.set("net.ipv4.tcp_max_tw_buckets", buckets)?;
        let address = SocketAddrV4::new(SERVER, tcp::PORT);
        let tally = between(&cable.client, &cable.server, address, Closer::Client, |tally| {
            tally.connections < connections && tally.elapsed < LIMIT
        })?;
        let (time_wait, overflow, sent) = cable.client.within(|| {
            let time_wait = look::count(End::Client, tcp::PORT, State::TimeWait)? as u64;
            Ok((time_wait, look::counter("TcpExt.TCPTimeWaitOverflow"), look::counter("Tcp.OutRsts")))
        })?;
        notes.saw(
            format!("tcp_max_tw_buckets {buckets}, {connections} connections"),
            format!(
                "{time_wait} TIME_WAIT, TCPTimeWaitOverflow {overflow}, {sent} RST sent, {} failures",
                tally.failures
            ),
        );
        // A reset may have ended one of them.
        let held = (kept * 9 / 10..=kept).contains(&time_wait);
        notes.claims(format!("about {kept} TIME_WAITs are kept with {buckets}"), held);
        // What the limit let in later, in place of one that a reset ended, did not overflow.
        let overflowed =
            if kept == connections { overflow == 0 } else { overflow >= (connections - kept) * 8 / 10 };
        notes.claims(format!("the counter tells of the others with {buckets}"), overflowed);
        if buckets == "50" {
            resets = sent;
        }
    }
    notes.claims("some FINs are answered with RST", resets > 0);
    Ok(format!(
        "with a limit of 50 the other connections were closed without TIME_WAIT, and {resets} RSTs went to peers"
    ))
}
