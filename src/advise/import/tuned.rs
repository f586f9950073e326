//! The lines of a TuneD profile that have to do with sysctls.

use crate::setting::canonical;

/// A line of the `[sysctl]` part, or one that brings something else along.
pub(super) struct Line {
    /// Which one of its file it is, counted from 1.
    pub(super) number: usize,
    pub(super) key: String,
    /// With single spaces.
    pub(super) value: String,
    /// What it asks for, or why no profile can say it.
    pub(super) wish: Result<Wish, &'static str>,
}

/// What a line asks for.
#[derive(Clone, Copy)]
pub(super) enum Wish {
    Equal,
    AtLeast,
    AtMost,
}

/// Whether it is a TuneD profile: files of sysctl.d have no sections.
pub(super) fn is_profile(text: &str) -> bool {
    text.lines().map(str::trim).any(|line| line.starts_with('[') && line.ends_with(']'))
}

/// The `[sysctl]` part, and a word on what the rest brings along.
pub(super) fn lines(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut inside = "";
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with(['#', ';']) {
            continue;
        }
        let mut add = |key: &str, value: String, wish| {
            lines.push(Line { number: at + 1, key: key.trim().into(), value, wish });
        };
        if let Some(section) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            inside = section;
            if !matches!(inside, "main" | "variables" | "sysctl") {
                add(line, String::new(), Err("It tunes something else than sysctls."));
            }
        } else if let ("main", Some((key, value))) = (inside, line.split_once('='))
            && key.trim() == "include"
        {
            let why =
                "The sysctls of the profile that it includes are not among these: take them over as well.";
            add(key, canonical(value), Err(why));
        } else if let ("sysctl", Some((key, value))) = (inside, line.split_once('=')) {
            let (wish, value) = wish(value.trim());
            let value = canonical(unquoted(value));
            let computed = value.contains("${");
            let why = "TuneD computes the value, and a profile cannot.";
            add(key, value, if computed { Err(why) } else { Ok(wish) });
        }
    }
    lines
}

/// `key=>5` sets it only where it is less.
fn wish(value: &str) -> (Wish, &str) {
    match (value.strip_prefix('>'), value.strip_prefix('<')) {
        (Some(least), _) => (Wish::AtLeast, least),
        (_, Some(most)) => (Wish::AtMost, most),
        _ => (Wish::Equal, value),
    }
}

/// A value without the quotes around it, as TuneD reads it.
fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
}
