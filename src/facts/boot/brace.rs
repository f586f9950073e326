//! Alternatives in braces, `{eth0,eth1}`, as glob(3) has them where it is asked to: by systemd in keys that are patterns
//! without them, by procps in the names of files.

/// So many alternatives of one pattern are followed.
const MOST: usize = 64;

/// The patterns that one with braces stands for, in their order; None where there are too many.
pub(super) fn alternatives(pattern: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (mut open, mut done) = (vec![pattern.to_vec()], Vec::new());
    while let Some(pattern) = open.pop() {
        match first(&pattern) {
            Some((before, inner, behind)) => {
                open.extend(inner.into_iter().rev().map(|part| [before, part, behind].concat()));
            }
            None => done.push(pattern),
        }
        if open.len() + done.len() > MOST {
            return None;
        }
    }
    Some(done)
}

/// What is before braces, what they hold, and what is behind them.
type Choice<'a> = (&'a [u8], Vec<&'a [u8]>, &'a [u8]);

/// The first braces of a pattern; None where nothing is left to be chosen.
fn first(pattern: &[u8]) -> Option<Choice<'_>> {
    let mut at = 0;
    while *pattern.get(at)? != b'{' {
        at += if pattern[at] == b'\\' { 2 } else { 1 };
    }
    let (before, mut start, mut depth) = (&pattern[..at], at + 1, 0);
    let mut inner = Vec::new();
    at = start;
    loop {
        match *pattern.get(at)? {
            b'\\' => at += 1,
            b'{' => depth += 1,
            b',' if depth == 0 => {
                inner.push(&pattern[start..at]);
                start = at + 1;
            }
            b'}' if depth == 0 => {
                inner.push(&pattern[start..at]);
                return Some((before, inner, &pattern[at + 1..]));
            }
            b'}' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
}
