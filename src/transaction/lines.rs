//! What becomes of the lines of other people's files.

use crate::facts::boot::comment_out;
use crate::platform::stored::StoredFile;

/// A text with these lines commented out, counted from 1.
pub(super) fn commented(text: &[u8], lines: &[usize]) -> Vec<u8> {
    lines.iter().fold(text.to_vec(), |text, line| comment_out(&text, *line))
}

/// The same without the `#` before these lines.
pub(super) fn uncomment(text: &[u8], lines: &[usize]) -> Vec<u8> {
    let parts = text.split_inclusive(|byte| *byte == b'\n').enumerate();
    let line = |(at, part): (usize, &[u8])| match part.strip_prefix(b"#") {
        Some(rest) if lines.contains(&(at + 1)) => rest.to_vec(),
        _ => part.to_vec(),
    };
    parts.flat_map(line).collect()
}

/// What somebody else has made of a file, with the lines that lead from one of ours to the other changed as they are
/// between these, wherever they stand now; what is not there any more stays away.
pub(super) fn edited(
    found: Option<&StoredFile>,
    from: Option<&StoredFile>,
    to: Option<&StoredFile>,
    lines: &[(usize, String)],
) -> Option<StoredFile> {
    let of = |file: &StoredFile| -> Vec<Vec<u8>> {
        file.content.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
    };
    let (found, from, to) = (found?, of(from?), to.map(of));
    let mut parts = of(found);
    for line in lines.iter().filter_map(|(line, _)| line.checked_sub(1)) {
        let Some(was) = from.get(line) else { continue };
        // A file that was ours alone is not there at all at the end: then the line is no comment any more.
        let becomes = match &to {
            Some(to) => to.get(line).cloned(),
            None => was.strip_prefix(b"#").map(<[u8]>::to_vec),
        };
        if let (Some(part), Some(becomes)) = (parts.iter_mut().find(|part| *part == was), becomes) {
            *part = becomes;
        }
    }
    Some(found.with(parts.concat()))
}
