//! A close over data that nobody read.

use std::io;
use std::io::Write;
use std::time::Duration;

use crate::lab::Course;
use crate::lab::Experiment;
use crate::lab::Verdict;
use crate::lab::system::look;
use crate::lab::system::look::End;
use crate::lab::system::notes::Notes;
use crate::lab::system::side::wait_until;
use crate::lab::system::tcp;
use crate::lab::system::wire;
use crate::lab::system::wire::Segment;
use crate::lab::system::wire::Wire;
use crate::setting::Version;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "close-with-unread-data-resets",
    claim: "A close() over data that the program did not read sends RST instead of FIN, without SO_LINGER, and leaves no \
            TIME_WAIT.",
    method: "A server sends 10 bytes; its client closes without reading them, the option untouched.",
    expected: &[(Version::ZERO, Verdict::Confirmed)],
    proves: &["so-linger", "time-wait"],
    seconds: 1,
    course: Course::Waits,
};

const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn run(notes: &mut Notes) -> io::Result<String> {
    let port = tcp::PORT;
    let mut connection = tcp::connect(&tcp::listen(port)?)?;
    connection.server.write_all(b"0123456789")?;
    wait_until(PATIENCE, || {
        Ok(look::sockets(End::Client, port)?.first().is_some_and(|socket| socket.receive_queue == 10))
    })?;
    let counted = || look::counter("TcpExt.TCPAbortOnClose");
    let (wire, before) = (Wire::tap()?, counted());
    drop(connection.client);
    let sent: Vec<Segment> = wire.segments(port)?.into_iter().filter(|segment| segment.to == port).collect();
    let (_, ended) = tcp::drain(&connection.server, PATIENCE)?;
    drop(connection.server);
    let left = look::state(End::Client, port)?;
    notes.saw("sent by the client", wire::listed(&sent));
    notes.saw("the server's reading ended with", tcp::ending(ended.as_ref()));
    notes.saw("the client's end", look::name(left));
    notes.saw("TCPAbortOnClose", format!("+{}", counted() - before));
    let reset = sent.iter().any(Segment::is_reset) && !sent.iter().any(Segment::is_fin);
    notes.claims("RST is sent and no FIN", reset);
    notes.claims("no TIME_WAIT is left", left.is_none());
    notes.claims("TCPAbortOnClose counts it", counted() == before + 1);
    Ok("RST went out, the peer got ECONNRESET, and no TIME_WAIT was left".into())
}
