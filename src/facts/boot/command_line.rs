//! The kernel's command line: `sysctl.KEY=VALUE` is set by the kernel itself, before the first program runs
//! (`fs/proc/proc_sysctl.c`, `process_sysctl_arg`; since Linux 5.8).

use std::borrow::Cow;

use crate::facts::boot::Line;
use crate::facts::boot::Verb;
use crate::facts::boot::glob;

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
        // Every dot becomes a slash, so no dot inside a name can be written here.
        let path = key.iter().map(|byte| if *byte == b'.' { b'/' } else { *byte }).collect();
        then(Line { number: 1, verb: Verb::Set, path: Cow::Owned(path), value, optional: false });
    }
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
