//! Which restarts `SO_REUSEADDR` lets through.

use std::io;
use std::net::Ipv4Addr;
use std::net::Shutdown;
use std::net::SocketAddrV4;
use std::time::Duration;
use std::time::Instant;

use crate::facts::State;
use crate::lab::Course;
use crate::lab::Experiment;
use crate::lab::Verdict;
use crate::lab::system::look;
use crate::lab::system::look::End;
use crate::lab::system::notes::Notes;
use crate::lab::system::side::set;
use crate::lab::system::side::wait_until;
use crate::lab::system::tcp;
use crate::lab::system::tcp::Connection;
use crate::setting::Version;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "reuseaddr-restart",
    claim: "A restarted server can bind at once where both it and the run before set SO_REUSEADDR; where either did not, \
            it has to wait for what is left of the old connections, and no setting helps.",
    method: "A server leaves a connection behind in each of four states; then its port is bound again, with and without \
             SO_REUSEADDR in the old run and in the new. tcp_tw_reuse is 1 and tcp_fin_timeout is 1.",
    expected: &[(Version::ZERO, Verdict::Confirmed)],
    proves: &[
        "so-reuseaddr",
        "listener-without-reuseaddr",
        "net.ipv4.tcp_tw_reuse",
        "net.ipv4.tcp_fin_timeout",
    ],
    seconds: 62,
    course: Course::Waits,
};

const LEFT: [State; 4] = [State::TimeWait, State::FinWait2, State::Established, State::CloseWait];
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn run(notes: &mut Notes) -> io::Result<String> {
    set("net.ipv4.tcp_tw_reuse", "1")?;
    let port = tcp::PORT;
    let mut kept = Vec::new();
    // The first is the one that is waited for.
    leave(port, State::TimeWait, false, &mut kept)?;
    let begun = Instant::now();
    let mut next = port;
    for state in LEFT {
        for (old, new) in [(false, false), (false, true), (true, false), (true, true)] {
            next += 1;
            leave(next, state, old, &mut kept)?;
            let bound = tcp::listen_with(address(next), new);
            let runs = format!("{} in the old run, {} in the new", with(old), with(new));
            notes.saw(format!("{state} left, {runs}"), tcp::outcome(&bound));
            let expected = if old && new { "binding works" } else { "binding fails" };
            notes.claims(format!("{expected} with {state} left, {runs}"), bound.is_ok() == (old && new));
        }
    }
    next += 1;
    let listener = tcp::listen_with(address(next), true)?;
    let beside = tcp::listen_with(address(next), true);
    notes.saw("beside a server that still listens, with in both", tcp::outcome(&beside));
    notes.claims("two cannot listen", beside.is_err());
    drop(listener);
    next += 1;
    let connection = tcp::connect(&tcp::listen_with(address(next), false)?)?;
    drop(connection.client);
    drop(connection.server);
    let client_only = tcp::listen_with(address(next), false);
    notes.saw("TIME_WAIT at the client only, without in both", tcp::outcome(&client_only));
    notes.claims("a TIME_WAIT of the client's keeps no server from binding", client_only.is_ok());

    set("net.ipv4.tcp_fin_timeout", "1")?;
    wait_until(Duration::from_mins(2), || {
        std::thread::sleep(Duration::from_millis(100));
        Ok(tcp::listen_with(address(port), false).is_ok())
    })?;
    let waited = begun.elapsed().as_secs_f64();
    notes.saw("first bind without SO_REUSEADDR over a TIME_WAIT", format!("after {waited:.1} s"));
    notes.claims("without it a restart waits for the TIME_WAIT, a minute", (59.0..66.0).contains(&waited));
    Ok(format!(
        "only with SO_REUSEADDR in both runs was the port bound at once; without, after {waited:.1} s"
    ))
}

/// A server that is gone and has left a connection in this state.
fn leave(port: u16, state: State, reuse: bool, kept: &mut Vec<Connection>) -> io::Result<()> {
    let listener = tcp::listen_with(address(port), reuse)?;
    let connection = tcp::connect(&listener)?;
    match state {
        State::TimeWait => {
            connection.server.shutdown(Shutdown::Write)?;
            connection.client.shutdown(Shutdown::Write)?;
        }
        State::FinWait2 => connection.server.shutdown(Shutdown::Write)?,
        State::CloseWait => connection.client.shutdown(Shutdown::Write)?,
        _ => {}
    }
    if wait_until(PATIENCE, || Ok(look::state(End::Server, port)? == Some(state)))? {
        kept.push(connection);
        return Ok(());
    }
    Err(io::Error::other(format!("the server's end did not come to {state}")))
}

const fn address(port: u16) -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::LOCALHOST, port)
}

const fn with(reuse: bool) -> &'static str {
    if reuse { "with" } else { "without" }
}
