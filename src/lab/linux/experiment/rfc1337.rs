//! Whether a RST ends a `TIME_WAIT`, which the kernel's document has the wrong way round.

use std::io;
use std::time::Duration;

use crate::facts::State;
use crate::lab::Course;
use crate::lab::Experiment;
use crate::lab::Verdict;
use crate::lab::system::life;
use crate::lab::system::look;
use crate::lab::system::look::End;
use crate::lab::system::notes::Notes;
use crate::lab::system::side::set;
use crate::lab::system::side::wait_until;
use crate::lab::system::tcp;
use crate::lab::system::wire;
use crate::lab::system::wire::Wire;
use crate::setting::Version;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "rfc1337-off-protects-time-wait",
    claim: "net.ipv4.tcp_rfc1337 = 0 keeps a RST from ending a TIME_WAIT, as the kernel's document says.",
    method: "With 0 and with 1, a RST with the number that the TIME_WAIT expects is sent to it from a raw socket.",
    expected: &[(Version::ZERO, Verdict::Refuted)],
    proves: &["time-wait", "net.ipv4.tcp_rfc1337"],
    seconds: 1,
    course: Course::Waits,
};

const PATIENCE: Duration = Duration::from_secs(2);

pub(super) fn run(notes: &mut Notes) -> io::Result<String> {
    let mut outcomes = Vec::new();
    for (port, value) in (tcp::PORT..).zip(["0", "1"]) {
        set("net.ipv4.tcp_rfc1337", value)?;
        let connection = tcp::connect(&tcp::listen(port)?)?;
        let client = connection.client.local_addr()?.port();
        let wire = Wire::tap()?;
        life::watch(End::Client, port, State::TimeWait, || drop(connection))?;
        let segments = wire.segments(port)?;
        let last = segments.iter().rev().find(|segment| segment.from == client);
        let expected =
            last.map(|segment| segment.acknowledged).ok_or_else(|| io::Error::other("nothing was sent"))?;
        wire::forge_reset(port, client, expected)?;
        wait_until(PATIENCE, || Ok(look::state(End::Client, port)?.is_none()))?;
        let left = look::name(look::state(End::Client, port)?);
        notes.saw(format!("after a RST with tcp_rfc1337 {value}"), left);
        outcomes.push(left);
    }
    notes.claims("a TIME_WAIT outlives a RST with 0", outcomes[0] == State::TimeWait.name());
    notes.claims("a RST ends a TIME_WAIT with 1", outcomes[1] != State::TimeWait.name());
    Ok(format!("after the RST it was {} with 0 and {} with 1", outcomes[0], outcomes[1]))
}
