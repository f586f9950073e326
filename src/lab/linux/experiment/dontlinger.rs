//! `SO_LINGER` switched off by hand: Windows' `SO_DONTLINGER`, .NET's `LingerOption(false, 0)`.

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
    name: "dontlinger",
    claim: "SO_DONTLINGER, or .NET's LingerOption(false, 0), is the default said aloud: TIME_WAIT stays.",
    method: "Linux has no SO_DONTLINGER; it is SO_LINGER off. A client sets it off with 0 and with 30 seconds and closes \
             first with a full send buffer, and does the same without touching the option.",
    expected: &[(Version::ZERO, Verdict::Confirmed)],
    proves: &["so-dontlinger", "so-linger"],
    seconds: 1,
    course: Course::Waits,
};

pub(super) fn run(notes: &mut Notes) -> io::Result<String> {
    let cases = [("untouched", None), ("off, 0 s", Some((false, 0))), ("off, 30 s", Some((false, 30)))];
    for (port, (case, linger)) in (tcp::PORT..).zip(cases) {
        let way = Way { linger, buffer: Buffer::Full, nonblocking: false, peer_reads_after: None };
        let closing = close(port, way)?;
        closing.note(notes, case);
        notes.claims(format!("close() returns at once ({case})"), closing.took < Duration::from_secs(1));
        notes.claims(format!("all is sent, then FIN, then TIME_WAIT ({case})"), closing.was_orderly());
    }
    Ok("off with 0 s, off with 30 s and untouched were the same: FIN, every byte, TIME_WAIT".into())
}
