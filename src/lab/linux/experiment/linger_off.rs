//! The default close.

use std::io;
use std::time::Duration;

use rustix::net::sockopt;

use crate::lab::Course;
use crate::lab::Experiment;
use crate::lab::Verdict;
use crate::lab::system::closing::Buffer;
use crate::lab::system::closing::Way;
use crate::lab::system::closing::close;
use crate::lab::system::notes::Notes;
use crate::lab::system::tcp;
use crate::setting::Version;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "linger-off",
    claim: "Without SO_LINGER, the default, close() returns at once, what was handed over is still sent, then a FIN, and \
            TIME_WAIT stays.",
    method: "A client that never touched the option closes first, once with nothing sent, once with a full send buffer \
             while its peer reads only afterwards.",
    expected: &[(Version::ZERO, Verdict::Confirmed)],
    proves: &["so-linger", "so-dontlinger", "time-wait"],
    seconds: 1,
    course: Course::Waits,
};

pub(super) fn run(notes: &mut Notes) -> io::Result<String> {
    let default = sockopt::socket_linger(tcp::socket()?)?;
    notes.saw("SO_LINGER of a new socket", if default.is_some() { "on" } else { "off" });
    notes.claims("it is off by default", default.is_none());
    for (port, case, buffer) in
        [(tcp::PORT, "nothing sent", Buffer::Empty), (tcp::PORT + 1, "full send buffer", Buffer::Full)]
    {
        let way = Way { linger: None, buffer, nonblocking: false, peer_reads_after: None };
        let closing = close(port, way)?;
        closing.note(notes, case);
        notes.claims(format!("close() returns at once ({case})"), closing.took < Duration::from_secs(1));
        notes.claims(format!("all is sent, then FIN, then TIME_WAIT ({case})"), closing.was_orderly());
    }
    Ok("close() returned at once, every byte arrived, and the client's end was in TIME_WAIT".into())
}
