//! What a loader makes of the lines of one file. The two split, trim and spell differently; the sources are
//! systemd's `src/sysctl/sysctl.c` with `read_line()` and `sysctl_normalize()` (252), and procps's `src/sysctl.c` (4.0.2).

use std::borrow::Cow;

use crate::facts::Loader;

/// A line that says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// Which one of its file it is, counted from 1.
    pub(super) number: usize,
    /// What it asks for.
    pub(super) verb: Verb,
    /// The key that it names, or the pattern of several, in its own spelling.
    pub(super) key: &'a [u8],
    /// What stands behind the `=`, without the white space around it.
    pub(super) value: &'a [u8],
    /// Whether it may fail without a word: `-key = value`.
    pub(super) optional: bool,
}

/// What a line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// To set a value: `key = value`.
    Set,
    /// Not to let patterns set one: `-key`.
    Exclude,
    /// Nothing that the loader understands; it goes on behind it.
    Nonsense,
}

/// From here on systemd gives up the file (`LONG_LINE_MAX`).
const LONGEST: usize = 1 << 20;

/// Calls back with every line of the text that says something to this loader.
pub(super) fn each<'a>(text: &'a [u8], loader: Loader, mut then: impl FnMut(Line<'a>)) {
    match loader {
        Loader::SystemdSysctl => {
            let (mut rest, mut number) = (text, 1);
            while !rest.is_empty() {
                let length = find(rest, |byte| matches!(byte, b'\n' | b'\r' | 0)).unwrap_or(rest.len());
                if length >= LONGEST {
                    return;
                }
                let (line, behind) = rest.split_at(length);
                if let Some(line) = systemd(line, number) {
                    then(line);
                }
                let width = endings(behind);
                number += usize::from(behind[..width].contains(&b'\n'));
                rest = &behind[width..];
            }
        }
        Loader::Procps => {
            let (mut rest, mut number) = (text, 1);
            while !rest.is_empty() {
                // A C string ends at a NUL, whatever follows before the next line.
                let end = find(rest, |byte| matches!(byte, b'\n' | 0)).unwrap_or(rest.len());
                let length = end + find(&rest[end..], |byte| byte == b'\n').unwrap_or(rest.len() - end);
                if let Some(line) = procps(&rest[..end], number) {
                    then(line);
                }
                rest = rest.get(length + 1..).unwrap_or_default();
                number += 1;
            }
        }
    }
}

/// The kinds of line ending that `read_line()` knows, one bit each.
const fn ending(byte: u8) -> u8 {
    match byte {
        b'\n' => 1,
        b'\r' => 2,
        0 => 4,
        _ => 0,
    }
}

/// How many bytes end the line together: none of a kind twice, and nothing behind a NUL.
fn endings(text: &[u8]) -> usize {
    let mut seen = 0;
    let together = text.iter().take_while(|byte| {
        let kind = ending(**byte);
        let goes_on = kind != 0 && seen & (kind | 4) == 0;
        seen |= kind;
        goes_on
    });
    together.count()
}

fn systemd(line: &[u8], number: usize) -> Option<Line<'_>> {
    let white = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    let line = trim(line, white);
    let (verb, key, value) = split(line)?;
    let optional = line.starts_with(b"-");
    Some(Line { number, verb, key: trim(key, white), value: trim(value, white), optional })
}

fn procps(line: &[u8], number: usize) -> Option<Line<'_>> {
    let white = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
    let line = trim_start(line, white);
    let (verb, key, value) = split(line)?;
    // It drops a second `-`, and what is white behind the first one stays.
    let key = trim_end(key, white);
    let key = key.strip_prefix(b"-").unwrap_or(key);
    let optional = line.starts_with(b"-");
    Some(Line { number, verb, key, value: trim(value, white), optional })
}

/// Where the first such byte stands. Sixteen are looked at together, for which a processor has an instruction.
fn find(text: &[u8], wanted: impl Fn(u8) -> bool) -> Option<usize> {
    let (chunks, _) = text.as_chunks::<16>();
    let without = |chunk: &&[u8; 16]| !chunk.iter().fold(false, |found, byte| found | wanted(*byte));
    let skipped = 16 * chunks.iter().take_while(without).count();
    text[skipped..].iter().position(|byte| wanted(*byte)).map(|at| skipped + at)
}

/// What both agree on. None where the line is empty or a comment.
fn split(line: &[u8]) -> Option<(Verb, &[u8], &[u8])> {
    if matches!(line.first(), None | Some(b'#' | b';')) {
        return None;
    }
    let (minus, rest) = line.strip_prefix(b"-").map_or((false, line), |rest| (true, rest));
    match (find(line, |byte| byte == b'='), minus) {
        (Some(at), _) => Some((Verb::Set, &rest[..at - usize::from(minus)], &line[at + 1..])),
        (None, true) => Some((Verb::Exclude, rest, b"")),
        (None, false) => Some((Verb::Nonsense, line, b"")),
    }
}

/// The path below `/proc/sys` that a key names, as the loader compares it with others.
pub(super) fn path(key: &[u8], loader: Loader) -> Cow<'_, [u8]> {
    match loader {
        Loader::SystemdSysctl => normalized(key),
        Loader::Procps => slashed(key),
    }
}

/// A key as a path: where its first separator is a dot, dots and slashes change places.
fn slashed(key: &[u8]) -> Cow<'_, [u8]> {
    match key.iter().find(|byte| matches!(byte, b'.' | b'/')) {
        Some(b'.') => {
            let swap = |byte: &u8| match byte {
                b'.' => b'/',
                b'/' => b'.',
                other => *other,
            };
            Cow::Owned(key.iter().map(swap).collect())
        }
        _ => Cow::Borrowed(key),
    }
}

/// A key as systemd compares it: the path without what the kernel would not look at.
fn normalized(key: &[u8]) -> Cow<'_, [u8]> {
    let path = slashed(key);
    if is_straight(&path) {
        return path;
    }
    let idle = |part: &[u8]| part.is_empty() || part == b".";
    let parts: Vec<&[u8]> = path.split(|byte| *byte == b'/').filter(|part| !idle(part)).collect();
    Cow::Owned(parts.join(&b'/'))
}

/// Whether no part of a path is empty or begins with a dot, so that nothing in it leads elsewhere. Nearly all are.
pub(super) fn is_straight(path: &[u8]) -> bool {
    let mut before = b'/';
    for byte in path {
        if before == b'/' && matches!(byte, b'/' | b'.') {
            return false;
        }
        before = *byte;
    }
    before != b'/'
}

/// The path that the kernel ends up at, from wherever the text climbs; None where that is not below `/proc/sys`.
pub(super) fn arrival(path: &[u8]) -> Option<Cow<'_, [u8]>> {
    if is_straight(path) {
        return Some(Cow::Borrowed(path));
    }
    let idle = |part: &[u8]| part.is_empty() || part == b"." || part == b"..";
    // What is behind a setting's name would have to be inside it.
    if path.rsplit(|byte| *byte == b'/').next().is_some_and(idle) {
        return None;
    }
    let mut parts: Vec<&[u8]> = vec![b"proc", b"sys"];
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    match parts.as_slice() {
        [b"proc", b"sys", below @ ..] => Some(Cow::Owned(below.join(&b'/'))),
        _ => None,
    }
}

fn trim(text: &[u8], white: impl Fn(&u8) -> bool) -> &[u8] {
    trim_end(trim_start(text, &white), white)
}

fn trim_start(text: &[u8], white: impl Fn(&u8) -> bool) -> &[u8] {
    &text[text.iter().position(|byte| !white(byte)).unwrap_or(text.len())..]
}

fn trim_end(text: &[u8], white: impl Fn(&u8) -> bool) -> &[u8] {
    &text[..text.iter().rposition(|byte| !white(byte)).map_or(0, |at| at + 1)]
}
