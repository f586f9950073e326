//! `SO_LINGER` with a time.

use std::io;
use std::time::Duration;

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
    name: "linger-timeout",
    claim: "With SO_LINGER on and a time in seconds, close() blocks until all is acknowledged or the time is over, on \
            Linux also where the socket is non-blocking; when it is over close() still answers success, nothing is \
            reset, and sending goes on.",
    method: "A client with a linger time of 2 s closes: with nothing sent, with a full send buffer whose peer reads after \
             0.3 s, with one whose peer reads only afterwards, and the same with a non-blocking socket.",
    expected: &[(Version::ZERO, Verdict::Confirmed)],
    proves: &["so-linger"],
    seconds: 6,
    course: Course::Waits,
};

pub(super) fn run(notes: &mut Notes) -> io::Result<String> {
    let way =
        Way { linger: Some((true, 2)), buffer: Buffer::Full, nonblocking: false, peer_reads_after: None };
    let soon = Some(Duration::from_millis(300));
    let cases = [
        ("nothing sent", Way { buffer: Buffer::Empty, ..way }, 0.0..1.5),
        ("the peer reads after 0.3 s", Way { peer_reads_after: soon, ..way }, 0.2..1.9),
        ("the peer reads afterwards", way, 1.9..4.0),
        ("the peer reads afterwards, non-blocking", Way { nonblocking: true, ..way }, 1.9..4.0),
    ];
    let mut blocked = 0.0;
    for (port, (case, way, range)) in (tcp::PORT..).zip(cases) {
        let closing = close(port, way)?;
        closing.note(notes, case);
        blocked = closing.took.as_secs_f64();
        notes.claims(format!("close() takes {range:?} s ({case})"), range.contains(&blocked));
        notes.claims(format!("close() answers success ({case})"), closing.answer.is_ok());
        notes.claims(format!("all arrives, then FIN, then TIME_WAIT ({case})"), closing.was_orderly());
    }
    Ok(format!(
        "close() blocked for {blocked:.2} s of 2 s while the peer read nothing, answered success, and every byte \
                arrived afterwards"
    ))
}
