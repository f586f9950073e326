//! What becomes of the lines of other people's files.

use crate::facts::boot::comment_out;
use crate::platform::stored::StoredFile;

/// A text with these lines commented out, counted from 1.
pub(super) fn commented(text: &[u8], lines: &[usize]) -> Vec<u8> {
    lines.iter().fold(text.to_vec(), |text, line| comment_out(&text, *line))
}

/// A line that is commented out.
#[derive(Clone, Debug)]
pub(super) struct Line {
    number: usize,
    /// The setting that it is about.
    pub(super) key: String,
    /// What it says, with its `#`.
    text: Vec<u8>,
}

impl Line {
    /// The lines of these numbers, counted from 1, in the text in which they are commented out.
    pub(super) fn all(text: &[u8], numbers: &[(usize, String)]) -> Vec<Self> {
        let line = |(number, key): &(usize, String)| {
            let text = parts(text).nth(number.checked_sub(1)?)?.to_owned();
            Some(Self { number: *number, key: key.clone(), text })
        };
        numbers.iter().filter_map(line).collect()
    }

    /// Its number in a text, in which somebody may have moved it.
    pub(super) fn find(&self, text: &[u8]) -> Option<usize> {
        let is_at =
            |number: &usize| number.checked_sub(1).and_then(|at| parts(text).nth(at)) == Some(&self.text);
        Some(self.number).filter(is_at).or_else(|| Some(parts(text).position(|part| part == self.text)? + 1))
    }

    /// What it said without its `#`.
    pub(super) fn original(&self) -> &[u8] {
        self.text.strip_prefix(b"#").unwrap_or(&self.text)
    }
}

/// The lines of a text without their ends.
pub(super) fn parts(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n')
}

/// The same without the `#` before these lines, wherever they stand now.
pub(super) fn uncomment(text: &[u8], lines: &[Line]) -> Vec<u8> {
    let places: Vec<usize> = lines.iter().filter_map(|line| line.find(text)).collect();
    let line = |(at, part): (usize, &[u8])| match part.strip_prefix(b"#") {
        Some(rest) if places.contains(&(at + 1)) => rest.to_vec(),
        _ => part.to_vec(),
    };
    let changed: Vec<Vec<u8>> = parts(text).enumerate().map(line).collect();
    changed.join(&b'\n')
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
