//! Reads Rust source just far enough to hold the rules: comments and literals blanked out, then words.

/// The source with everything that is not code blanked out: comments, and the insides of string and character
/// literals. Line breaks stay where they are, so that line numbers hold.
pub(super) fn code_only(source: &str) -> String {
    let bytes = source.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                bytes[at..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |n| at + n)
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => end_of_block_comment(bytes, at),
            b'"' => end_of_string(bytes, at),
            b'r' | b'b' | b'c' if !continues_word(bytes, at) => end_of_prefixed(bytes, at).unwrap_or(at),
            b'\'' => end_of_character(source, at).unwrap_or(at),
            _ => at,
        };
        for byte in &mut out[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end.max(at + 1);
    }
    String::from_utf8(out).expect("only whole literals and comments are blanked")
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn continues_word(bytes: &[u8], at: usize) -> bool {
    at > 0 && is_word(bytes[at - 1])
}

fn end_of_block_comment(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0);
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    bytes.len()
}

fn end_of_string(bytes: &[u8], quote: usize) -> usize {
    let mut at = quote + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The end of `r"..."`, `br#"..."#`, `b"..."`, `c"..."`; None where the letter begins a plain word.
fn end_of_prefixed(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    while matches!(bytes.get(at), Some(b'r' | b'b' | b'c')) && at - start < 2 {
        at += 1;
    }
    let raw = bytes[start..at].contains(&b'r');
    let hashes = bytes[at..].iter().take_while(|b| **b == b'#').count();
    if bytes.get(at + hashes) != Some(&b'"') || (hashes > 0 && !raw) {
        return None;
    }
    if !raw {
        return Some(end_of_string(bytes, at));
    }
    let closing = format!("\"{}", "#".repeat(hashes));
    let inside = at + hashes + 1;
    let length = bytes[inside..].windows(closing.len()).position(|window| window == closing.as_bytes());
    Some(length.map_or(bytes.len(), |n| inside + n + closing.len()))
}

/// The end of a character literal; None for a lifetime.
fn end_of_character(source: &str, quote: usize) -> Option<usize> {
    let mut rest = source[quote + 1..].char_indices();
    let (_, first) = rest.next()?;
    if first == '\\' {
        let escaped = rest.next()?.0 + 1;
        return source[quote + 1 + escaped..].find('\'').map(|n| quote + 1 + escaped + n + 1);
    }
    let (after, next) = rest.next()?;
    (next == '\'').then_some(quote + 1 + after + 1)
}

/// A word or a sign of the code, with the line it stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) text: &'a str,
    pub(super) line: usize,
}

/// Splits code into words, `::`, and single signs.
pub(super) fn tokens(code: &str) -> Vec<Token<'_>> {
    let bytes = code.as_bytes();
    let (mut at, mut line) = (0, 1);
    let mut found = Vec::new();
    while at < bytes.len() {
        let start = at;
        if bytes[at] == b'\n' {
            line += 1;
            at += 1;
            continue;
        } else if bytes[at].is_ascii_whitespace() {
            at += 1;
            continue;
        } else if is_word(bytes[at]) {
            while at < bytes.len() && is_word(bytes[at]) {
                at += 1;
            }
        } else if bytes[at..].starts_with(b"::") {
            at += 2;
        } else {
            at += 1;
        }
        found.push(Token { text: &code[start..at], line });
    }
    found
}

/// Every path of two or more words in the code (`std::fs::read`), with its line. A macro's `!` belongs to it.
pub(super) fn paths(tokens: &[Token<'_>]) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let line = tokens[at].line;
        let mut path = tokens[at].text.to_owned();
        if !is_word(path.as_bytes()[0]) {
            at += 1;
            continue;
        }
        at += 1;
        while at + 1 < tokens.len() && tokens[at].text == "::" && is_word(tokens[at + 1].text.as_bytes()[0]) {
            path.push_str("::");
            path.push_str(tokens[at + 1].text);
            at += 2;
        }
        if tokens.get(at).is_some_and(|t| t.text == "!") && tokens.get(at + 1).is_some_and(|t| t.text != "=")
        {
            path.push('!');
        }
        found.push((path, line));
    }
    found
}

/// The attributes of the code: what stands between `#[` (or `#![`) and its `]`, the line, and the tokens after it.
pub(super) fn attributes<'a, 't>(tokens: &'t [Token<'a>]) -> Vec<(String, usize, &'t [Token<'a>])> {
    let mut found = Vec::new();
    for start in 0..tokens.len() {
        if tokens[start].text != "#" {
            continue;
        }
        let inner = tokens.get(start + 1).is_some_and(|t| t.text == "!");
        let open = start + 1 + usize::from(inner);
        if tokens.get(open).is_none_or(|t| t.text != "[") {
            continue;
        }
        let mut depth = 0;
        let mut close = open;
        for (offset, token) in tokens[open..].iter().enumerate() {
            match token.text {
                "[" => depth += 1,
                "]" => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                close = open + offset;
                break;
            }
        }
        let text: String = tokens[open + 1..close].iter().map(|t| t.text).collect();
        let text = if inner { format!("!{text}") } else { text };
        found.push((text, tokens[start].line, &tokens[close + 1..]));
    }
    found
}

#[test]
fn comments_and_literals_are_not_code() {
    let source = r##"
// use crate::cli;
/* use /* nested */ crate::cli; */
let a = "std::fs \" std::fs";
let b = r#"std::env "quoted" "#;
let c = b"std::net"; let d = '"'; let e = '\''; let f: &'static str = x;
let g = '\u{1f}'; after();
"##;
    let code = code_only(source);
    for gone in ["crate", "fs", "env", "net", "quoted", "nested", "1f"] {
        assert!(!code.contains(gone), "{gone} is left in {code}");
    }
    for left in ["let a", "let b", "let c", "let d", "let e", "'static", "let g", "after"] {
        assert!(code.contains(left), "{left} is gone from {code}");
    }
    assert_eq!(code.lines().count(), source.lines().count());
}

#[test]
fn a_path_is_found_across_white_space_and_macros_bear_their_mark() {
    let code = code_only("use std ::\n  fs;\nprintln!(\"x\"); a != b; crate::x::Y::new()");
    let found = paths(&tokens(&code));
    assert!(found.contains(&("std::fs".into(), 1)), "{found:?}");
    assert!(found.contains(&("println!".into(), 3)), "{found:?}");
    assert!(found.contains(&("a".into(), 3)), "{found:?}");
    assert!(found.contains(&("crate::x::Y::new".into(), 3)), "{found:?}");
}
