//! The kernel's command line: `sysctl.KEY=VALUE` is set by the kernel itself, before the first program runs
//! (`fs/proc/proc_sysctl.c`, `process_sysctl_arg`; since Linux 5.8).

use std::borrow::Cow;

use crate::facts::boot::Verb;
use crate::facts::boot::glob;
use crate::facts::boot::line::Line;

/// Where it is read from, for reports.
pub(super) const FILE: &str = "/proc/cmdline";

/// Calls back with every setting on the command line.
pub(super) fn each<'a>(text: &'a [u8], mut then: impl FnMut(Line<'a>)) {
    for word in words(text) {
        if word == b"--" {
            return;
        }
        let Some(at) = word.iter().position(|byte| *byte == b'=') else { continue };
        let Some(key) = word[..at].strip_prefix(b"sysctl") else { continue };
        let Some((b'.' | b'/', key)) = key.split_first() else { continue };
        let value = word[at + 1..].strip_prefix(b"\"").unwrap_or(&word[at + 1..]);
        let value = value.strip_suffix(b"\"").unwrap_or(value);
        if value.is_empty() || glob::is_pattern(key) {
            continue;
        }
        then(Line { number: 1, verb: Verb::Set, key, value, optional: false });
    }
}

/// The path that a key names here: every dot becomes a slash, so that none inside a name can be written.
pub(super) fn path(key: &[u8]) -> Cow<'_, [u8]> {
    Cow::Owned(key.iter().map(|byte| if *byte == b'.' { b'/' } else { *byte }).collect())
}

/// The words of the line; white space between double quotes does not end one.
fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut quoted = false;
    let ends = move |byte: &u8| {
        quoted ^= *byte == b'"';
        !quoted && byte.is_ascii_whitespace()
    };
    text.split(ends).filter(|word| !word.is_empty())
}
