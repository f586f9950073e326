//! What happens above `tcp_max_tw_buckets`.

use std::io;
use std::net::SocketAddrV4;
use std::net::TcpListener;
use std::net::TcpStream;
use std::thread;
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
use crate::lab::system::side::wait_until;
use crate::lab::system::storm::Closer;
use crate::lab::system::storm::between;
use crate::lab::system::tcp;
use crate::setting::Version;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "tw-buckets-overflow",
    claim: "Above net.ipv4.tcp_max_tw_buckets a connection is closed without TIME_WAIT: TCPTimeWaitOverflow counts it, and \
            a peer that closes later gets RST for its FIN; a negative limit is none.",
    method: "4,000 ports; clients that close first make 2,000 connections over a cable with a limit of 50, and 500 with 0 \
             and with -1. Then 20 more above the limit of 50, whose servers close half a second after them.",
    expected: &[(Version::ZERO, Verdict::Confirmed)],
    proves: &["time-wait", "time-wait-table-full", "net.ipv4.tcp_max_tw_buckets"],
    seconds: 2,
    course: Course::Works,
};

const LATE: u64 = 20;
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
            resets = close_late(&cable)?;
        }
    }
    notes.saw(format!("RSTs for the FINs of {LATE} peers that closed later"), resets);
    notes.claims("a peer that closes later gets RST", resets >= LATE * 3 / 4);
    Ok(format!(
        "with a limit of 50 the other connections were closed without TIME_WAIT, and {resets} of {LATE} peers that closed \
         later got RST"
    ))
}

/// How many RSTs the FINs of servers get that close half a second after their clients.
fn close_late(cable: &Cable) -> io::Result<u64> {
    let address = SocketAddrV4::new(SERVER, tcp::PORT + 1);
    let listener = cable.server.within(|| TcpListener::bind(address))?;
    let mut servers = Vec::new();
    for _ in 0..LATE {
        let client = cable.client.within(|| TcpStream::connect(address))?;
        servers.push(listener.accept()?.0);
        drop(client);
    }
    // A FIN is acknowledged apart after 40 ms, and only then is the client's end done with.
    thread::sleep(Duration::from_millis(500));
    let sent = || cable.client.within(|| Ok(look::counter("Tcp.OutRsts")));
    let before = sent()?;
    drop(servers);
    wait_until(Duration::from_secs(10), || Ok(sent()? >= before + LATE))?;
    Ok(sent()? - before)
}
