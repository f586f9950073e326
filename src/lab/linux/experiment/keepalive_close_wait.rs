//! What keepalive does to a `CLOSE_WAIT`.

use std::io;
use std::time::Duration;

use rustix::net::sockopt;

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
use crate::setting::Version;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "keepalive-cures-close-wait",
    claim: "Shorter keepalive settings cure CLOSE_WAIT.",
    method: "Two connections in CLOSE_WAIT whose peers are gone, one with SO_KEEPALIVE; keepalive begins after 1 s and \
             gives up after 2 more. What is left of the sockets and of their descriptors is looked at.",
    expected: &[(Version::ZERO, Verdict::Refuted)],
    proves: &[
        "close-wait",
        "keepalive",
        "close-wait-leak",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
    ],
    seconds: 8,
    course: Course::Waits,
};

const PATIENCE: Duration = Duration::from_secs(30);

pub(super) fn run(notes: &mut Notes) -> io::Result<String> {
    set("net.ipv4.tcp_fin_timeout", "1")?;
    set("net.ipv4.tcp_keepalive_time", "1")?;
    set("net.ipv4.tcp_keepalive_intvl", "1")?;
    set("net.ipv4.tcp_keepalive_probes", "2")?;
    let (plain_port, kept_alive_port) = (tcp::PORT, tcp::PORT + 1);
    let plain = tcp::connect(&tcp::listen(plain_port)?)?;
    let kept_alive = tcp::connect(&tcp::listen(kept_alive_port)?)?;
    sockopt::set_socket_keepalive(&kept_alive.server, true)?;
    drop(plain.client);
    drop(kept_alive.client);
    let gone = wait_until(PATIENCE, || Ok(look::state(End::Server, kept_alive_port)?.is_none()))?;
    std::thread::sleep(Duration::from_secs(4));
    let left = look::state(End::Server, plain_port)?;
    // An open descriptor still tells what it is.
    let descriptor = rustix::io::fcntl_getfd(&kept_alive.server).is_ok();
    drop(plain.server);

    notes.saw("without SO_KEEPALIVE", look::name(left));
    notes.saw("with SO_KEEPALIVE", if gone { "closed" } else { "close-wait" });
    notes.saw("its descriptor in the program", if descriptor { "still open" } else { "closed" });
    notes.claims("the settings end a CLOSE_WAIT without SO_KEEPALIVE", left != Some(State::CloseWait));
    notes.claims("what keepalive ends is no longer leaked", !(gone && descriptor));
    Ok("without SO_KEEPALIVE the settings do nothing; with it the socket went, because its peer was gone, and the \
        program still held its descriptor"
        .into())
}
