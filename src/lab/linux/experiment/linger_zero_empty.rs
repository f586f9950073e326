//! Whether `SO_LINGER` with zero spares a connection that has nothing to lose.

use std::io;

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
    name: "linger-zero-resets-only-when-data-is-discarded",
    claim: "On Linux SO_LINGER with zero seconds sends RST only when data is discarded.",
    method: "A client with the option and an empty send buffer closes first; what it sends and leaves is looked at.",
    expected: &[(Version::ZERO, Verdict::Refuted)],
    proves: &["so-linger", "linger-zero-drops-data"],
    seconds: 1,
    course: Course::Waits,
};

pub(super) fn run(notes: &mut Notes) -> io::Result<String> {
    let way =
        Way { linger: Some((true, 0)), buffer: Buffer::Empty, nonblocking: false, peer_reads_after: None };
    let closing = close(tcp::PORT, way)?;
    closing.note(notes, "nothing ever sent");
    notes.claims("a connection with an empty buffer is closed with FIN", !closing.was_reset());
    Ok(format!("with nothing to discard the peer got {} as well", closing.ending))
}
