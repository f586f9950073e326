//! `SO_LINGER` with a time of zero, from every state it can be closed in.

use std::io;
use std::io::Read;
use std::io::Write;
use std::net::Shutdown;
use std::time::Duration;

use crate::facts::State;
use crate::lab::Course;
use crate::lab::Experiment;
use crate::lab::Verdict;
use crate::lab::system::closing::Buffer;
use crate::lab::system::closing::Way;
use crate::lab::system::closing::close;
use crate::lab::system::look;
use crate::lab::system::look::End;
use crate::lab::system::notes::Notes;
use crate::lab::system::option;
use crate::lab::system::side::wait_until;
use crate::lab::system::tcp;
use crate::lab::system::tcp::Connection;
use crate::lab::system::wire;
use crate::lab::system::wire::Segment;
use crate::lab::system::wire::Wire;
use crate::setting::Version;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "linger-zero",
    claim: "With SO_LINGER on and zero seconds, close() sends RST at once: no TIME_WAIT at either end, what was not sent \
            is lost, and the peer gets ECONNRESET.",
    method: "A client with the option closes with a full send buffer, and with nothing sent, all read, data unread by \
             the peer, in CLOSE_WAIT and in FIN_WAIT_2; segments and states are looked at.",
    expected: &[(Version::ZERO, Verdict::Confirmed)],
    proves: &["so-linger", "linger-zero-drops-data", "time-wait"],
    seconds: 1,
    course: Course::Waits,
};

const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn run(notes: &mut Notes) -> io::Result<String> {
    let way =
        Way { linger: Some((true, 0)), buffer: Buffer::Full, nonblocking: false, peer_reads_after: None };
    let full = close(tcp::PORT, way)?;
    full.note(notes, "full send buffer");
    notes.claims("a full send buffer ends in RST", full.was_reset() && full.ending == "ECONNRESET");
    notes.claims("what was not sent is lost", full.arrived < full.accepted);
    notes.claims("close() returns at once", full.took < Duration::from_secs(1));
    notes.claims("nothing is left", full.left.is_none());
    let cases: [(&str, Prepare); 5] = [
        ("nothing ever sent", |_| Ok(())),
        ("all data read", |connection| {
            connection.client.write_all(b"data")?;
            connection.server.read_exact(&mut [0; 4])
        }),
        ("data unread by the peer", |connection| connection.client.write_all(b"data")),
        ("in CLOSE_WAIT", |connection| connection.server.shutdown(Shutdown::Write)),
        ("in FIN_WAIT_2", |connection| connection.client.shutdown(Shutdown::Write)),
    ];
    for (port, (case, prepare)) in (tcp::PORT + 1..).zip(cases) {
        abort(notes, port, case, prepare)?;
    }
    Ok(format!(
        "RST and no TIME_WAIT in every case; with a full buffer {} of {} bytes arrived before ECONNRESET",
        full.arrived, full.accepted
    ))
}

/// Brings a connection into the state in which it is to be closed.
type Prepare = fn(&mut Connection) -> io::Result<()>;

fn abort(notes: &mut Notes, port: u16, case: &str, prepare: Prepare) -> io::Result<()> {
    let mut connection = tcp::connect(&tcp::listen(port)?)?;
    prepare(&mut connection)?;
    let wanted = match case {
        "in CLOSE_WAIT" => State::CloseWait,
        "in FIN_WAIT_2" => State::FinWait2,
        _ => State::Established,
    };
    wait_until(PATIENCE, || Ok(look::state(End::Client, port)? == Some(wanted)))?;
    let wire = Wire::tap()?;
    option::set_linger(&connection.client, true, 0)?;
    let (took, _) = option::close(connection.client);
    let sent: Vec<Segment> = wire.segments(port)?.into_iter().filter(|segment| segment.to == port).collect();
    let (_, ended) = tcp::drain(&connection.server, PATIENCE)?;
    drop(connection.server);
    let states = (look::state(End::Client, port)?, look::state(End::Server, port)?);
    notes.saw(
        case,
        format!(
            "sent {}; close() took {:.3} s; the peer then read {}; then {}/{}",
            wire::listed(&sent),
            took.as_secs_f64(),
            tcp::ending(ended.as_ref()),
            look::name(states.0),
            look::name(states.1)
        ),
    );
    notes.claims(
        format!("RST and no FIN is sent ({case})"),
        sent.iter().any(Segment::is_reset) && !sent.iter().any(Segment::is_fin),
    );
    notes.claims(format!("no TIME_WAIT is left ({case})"), states == (None, None));
    Ok(())
}
