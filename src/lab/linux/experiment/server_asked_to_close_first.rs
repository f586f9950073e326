//! The cure without a setting: the client asks, the server closes.

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
    name: "server-asked-to-close-first",
    claim: "Where the client asks and the server closes first, the client keeps no TIME_WAIT, and few ports are enough for \
            any number of connections.",
    method: "100 ports and tcp_tw_reuse 0; connections over a cable until one fails or there were 2,000, closed by the \
             client first, then by the server at the client's request.",
    expected: &[(Version::ZERO, Verdict::Confirmed)],
    proves: &["server-closes-first", "time-wait", "time-wait-exhausts-ports"],
    seconds: 4,
    course: Course::Works,
};

const PORTS: u64 = 100;
const COUNT: u64 = 2000;
const LIMIT: Duration = Duration::from_mins(1);

pub(super) fn run(notes: &mut Notes) -> io::Result<String> {
    let mut made = Vec::new();
    for (case, closer) in
        [("the client closes first", Closer::Client), ("the server, asked to", Closer::ServerAsked)]
    {
        let cable = Cable::lay()?;
        cable.client.set("net.ipv4.ip_local_port_range", "20000 20099")?;
        cable.client.set("net.ipv4.tcp_tw_reuse", "0")?;
        let address = SocketAddrV4::new(SERVER, tcp::PORT);
        let tally = between(&cable.client, &cable.server, address, closer, |tally| {
            tally.failures == 0 && tally.connections < COUNT && tally.elapsed < LIMIT
        })?;
        let client = cable.client.within(|| look::count(End::Client, tcp::PORT, State::TimeWait))?;
        let server = cable.server.within(|| look::count(End::Server, tcp::PORT, State::TimeWait))?;
        notes.saw(
            case,
            format!(
                "{} connections, {} failures; TIME_WAIT: client {client}, server {server}",
                tally.connections, tally.failures
            ),
        );
        let asked = closer == Closer::ServerAsked;
        notes.claims(
            format!("TIME_WAIT is at whoever closed first ({case})"),
            (client == 0, server == 0) == (asked, !asked),
        );
        notes.claims(
            format!("connections {} ({case})", if asked { "never fail" } else { "fail" }),
            (tally.failures == 0) == asked,
        );
        made.push(tally.connections);
    }
    notes.claims("twenty times the ports go through", made[1] == COUNT);
    Ok(format!(
        "through {PORTS} ports went {} connections where the client closed first, and {} without a failure where it asked the \
                server to",
        made[0], made[1]
    ))
}
