//! Keys: a setting's name on its platform, checked so that it can never become a path outside its tree.

use std::fmt;

use crate::setting::is_hidden;

/// The longest key: deeper and longer than any kernel has.
const MAX_LENGTH: usize = 255;

/// The name of a setting: `net.ipv4.tcp_tw_reuse`. Segments are separated by dots; a dot inside a segment (the
/// interface `eth0.100`) is written as a slash, as sysctl(8) does: `net.ipv4.conf.eth0/100.rp_filter`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(String);

impl Key {
    /// Reads a key in either of sysctl's spellings. Where the first separator is a slash, slashes separate and
    /// dots are literal.
    ///
    /// # Errors
    /// A sentence on what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_LENGTH {
            return Err(format!("a key has at most {MAX_LENGTH} characters, this one has {}", text.len()));
        }
        // Nearly every key, and nothing in it that needs a second look.
        let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\' && byte != b'/';
        let whole =
            !text.is_empty() && !text.starts_with('.') && !text.ends_with('.') && !text.contains("..");
        if whole && text.bytes().all(plain) {
            return Ok(Self(text.into()));
        }
        let shown = text.escape_debug();
        if text.chars().any(|c| is_hidden(c) || c.is_whitespace() || c == '\\') {
            return Err(format!("the key `{shown}` holds a character that no key has"));
        }
        let dotted: String = match text.find(['.', '/']) {
            Some(at) if text[at..].starts_with('/') => text.chars().map(swap).collect(),
            _ => text.into(),
        };
        let key = Self(dotted);
        // Empty, or, as a path, the folder itself or the one above.
        if key.0.split('.').any(|segment| matches!(segment, "" | "/" | "//")) {
            return Err(format!("the key `{shown}` has a part that no key has"));
        }
        Ok(key)
    }

    /// The key as the platform's own tools write it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path of the key below `/proc/sys`, without a slash before it.
    #[must_use]
    pub fn path(&self) -> String {
        let swapped = |byte| match byte {
            b'.' => b'/',
            b'/' => b'.',
            other => other,
        };
        // One ASCII character in the place of another: it stays UTF-8.
        String::from_utf8(self.0.bytes().map(swapped).collect()).unwrap_or_default()
    }

    /// Whether the key is one of those that the pattern names; `*` in it stands for one whole segment.
    #[must_use]
    pub fn matches(&self, pattern: &str) -> bool {
        if !pattern.contains('*') {
            return self.0 == pattern;
        }
        let mut own = self.0.split('.');
        let mut wanted = pattern.split('.');
        loop {
            match (own.next(), wanted.next()) {
                (None, None) => return true,
                (Some(_), Some("*")) => {}
                (Some(a), Some(b)) if a == b => {}
                _ => return false,
            }
        }
    }
}

fn swap(c: char) -> char {
    match c {
        '.' => '/',
        '/' => '.',
        other => other,
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
