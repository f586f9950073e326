//! A peer that vanished without a word.

use std::io;
use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::time::Duration;
use std::time::Instant;

use rustix::net::sockopt;

use crate::facts::State;
use crate::lab::Course;
use crate::lab::Experiment;
use crate::lab::Verdict;
use crate::lab::system::look;
use crate::lab::system::look::End;
use crate::lab::system::notes::Notes;
use crate::lab::system::side::Cable;
use crate::lab::system::side::SERVER;
use crate::lab::system::tcp;
use crate::setting::Version;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "half-open-detection",
    claim: "A dead peer shows only when something is sent: until then the connection is ESTABLISHED, and a send succeeds \
            once; then retransmission, keepalive, a user timeout or the peer's RST ends it.",
    method: "Five connections, and the cable loses everything. One is left alone for 6 s, one sends (tcp_retries2 is 3), \
             one has keepalive (1 s, 2 probes of 1 s), one TCP_USER_TIMEOUT 2 s and sends; the last sends when its peer is \
             back without the connection.",
    expected: &[(Version::ZERO, Verdict::Confirmed)],
    proves: &[
        "half-open",
        "keepalive",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_retries2",
    ],
    seconds: 10,
    course: Course::Waits,
};

const PATIENCE: Duration = Duration::from_secs(30);

pub(super) fn run(notes: &mut Notes) -> io::Result<String> {
    let cable = Cable::lay()?;
    cable.client.set("net.ipv4.tcp_retries2", "3")?;
    let open = |port: u16| -> io::Result<(TcpStream, TcpStream)> {
        let listener = cable.server.within(|| TcpListener::bind((SERVER, port)))?;
        let client = cable.client.within(|| TcpStream::connect((SERVER, port)))?;
        client.set_read_timeout(Some(PATIENCE))?;
        Ok((client, listener.accept()?.0))
    };
    let (idle, _idle_peer) = open(8081)?;
    let (mut sender, _sender_peer) = open(8082)?;
    let (kept_alive, _kept_alive_peer) = open(8083)?;
    sockopt::set_tcp_keepidle(&kept_alive, Duration::from_secs(1))?;
    sockopt::set_tcp_keepintvl(&kept_alive, Duration::from_secs(1))?;
    sockopt::set_tcp_keepcnt(&kept_alive, 2)?;
    sockopt::set_socket_keepalive(&kept_alive, true)?;
    let (mut timed, _timed_peer) = open(8084)?;
    sockopt::set_tcp_user_timeout(&timed, 2000)?;
    let (mut forgotten, forgetful) = open(8085)?;

    cable.lose_client(true)?;
    cable.lose_server(true)?;
    let begun = Instant::now();
    let sent = sender.write(b"x");
    let _ = timed.write(b"x");
    let after_send = cable.client.within(|| look::state(End::Client, 8082))?;
    let mut end = |name: &str, stream: &mut TcpStream| {
        let ended = stream.read(&mut [0; 8]);
        let took = begun.elapsed().as_secs_f64();
        notes.saw(name, format!("{} after {took:.1} s", tcp::outcome(&ended)));
        notes.claims(format!("{name} ends in ETIMEDOUT"), tcp::outcome(&ended) == "ETIMEDOUT");
    };
    end("with TCP_USER_TIMEOUT 2 s", &mut timed);
    end("with keepalive 1 s + 2 x 1 s", &mut { kept_alive });
    end("having sent, with tcp_retries2 3", &mut sender);

    std::thread::sleep(Duration::from_secs(6).saturating_sub(begun.elapsed()));
    let state = cable.client.within(|| look::state(End::Client, 8081))?;
    let error = sockopt::socket_error(&idle)?;
    let named = idle.peer_addr();
    notes.saw("the first send", tcp::outcome(&sent));
    notes.saw("state after it", look::name(after_send));
    notes.saw("left alone for 6 s", look::name(state));
    notes.saw(
        "its SO_ERROR and peer address",
        format!("{}, {}", if error.is_ok() { "none" } else { "some" }, tcp::outcome(&named)),
    );
    notes.claims("the first send succeeds", sent.is_ok() && after_send == Some(State::Established));
    notes.claims("what is left alone stays ESTABLISHED", state == Some(State::Established) && error.is_ok());

    // The peer forgets, its RST is lost like everything else, and only then it is back.
    crate::lab::system::option::set_linger(&forgetful, true, 0)?;
    drop(forgetful);
    cable.lose_client(false)?;
    cable.lose_server(false)?;
    let written = forgotten.write(b"x");
    let ended = forgotten.read(&mut [0; 8]);
    notes.saw("a send to a peer that is back without the connection", tcp::outcome(&written));
    notes.saw("the read behind it", tcp::outcome(&ended));
    notes.claims(
        "a peer that is back answers with RST",
        written.is_ok() && tcp::outcome(&ended) == "ECONNRESET",
    );
    Ok("left alone the connection stayed ESTABLISHED without an error; every way of sending something ended its own".into())
}
