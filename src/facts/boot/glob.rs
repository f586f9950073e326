//! File name patterns as glob(7) and both loaders have them, held against paths below `/proc/sys`.

/// Whether a loader takes the path for a pattern.
pub(super) fn is_pattern(path: &[u8]) -> bool {
    path.iter().any(|byte| matches!(byte, b'*' | b'?' | b'['))
}

/// Whether glob(3) takes anything in a name for more than itself.
pub(super) fn has_special(name: &[u8]) -> bool {
    name.iter().any(|byte| matches!(byte, b'*' | b'?' | b'[' | b'\\' | b'{'))
}

/// Whether a pattern names a path: part for part, and no wildcard takes a slash.
pub(super) fn matches(pattern: &[u8], path: &[u8]) -> bool {
    let mut wanted = pattern.split(|byte| *byte == b'/').filter(|part| !part.is_empty());
    let mut own = path.split(|byte| *byte == b'/');
    loop {
        match (wanted.next(), own.next()) {
            (None, None) => return true,
            (Some(wanted), Some(own)) if part_matches(wanted, own) => {}
            _ => return false,
        }
    }
}

/// One part of a path. Where a star took too little, it is tried again with one byte more; only the last star has to
/// be, for whatever the ones before it took will do.
fn part_matches(pattern: &[u8], name: &[u8]) -> bool {
    // A dot at the start has to be meant.
    if name.first() == Some(&b'.') && pattern.first().is_some_and(|byte| matches!(byte, b'*' | b'?' | b'[')) {
        return false;
    }
    let (mut at, mut pos) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while pos < name.len() {
        if pattern.get(at) == Some(&b'*') {
            star = Some((at + 1, pos));
            at += 1;
        } else if let Some(width) = step(&pattern[at..], name[pos]) {
            at += width;
            pos += 1;
        } else if let Some((behind, from)) = star {
            star = Some((behind, from + 1));
            (at, pos) = (behind, from + 1);
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

/// How much of the pattern stands for this byte; None where it does not.
fn step(pattern: &[u8], byte: u8) -> Option<usize> {
    match pattern {
        [b'?', ..] => Some(1),
        [b'\\', literal, ..] => (*literal == byte).then_some(2),
        [b'[', rest @ ..] => match bracket(rest, byte) {
            Some((width, holds)) => holds.then_some(1 + width),
            None => (byte == b'[').then_some(1),
        },
        [b'\\'] | [] => None,
        [literal, ..] => (*literal == byte).then_some(1),
    }
}

/// What stands between brackets: how long it is with the closing one, and whether the byte is among it. None where
/// nothing closes it, so that the bracket stands for itself.
fn bracket(pattern: &[u8], byte: u8) -> Option<(usize, bool)> {
    let negated = matches!(pattern.first(), Some(b'!' | b'^'));
    let mut at = usize::from(negated);
    let first = at;
    let mut found = false;
    loop {
        let (width, low) = match pattern.get(at)? {
            b']' if at > first => return Some((at + 1, found != negated)),
            b'[' if matches!(pattern.get(at + 1), Some(b':')) => {
                let end = at + 2 + pattern[at + 2..].windows(2).position(|pair| pair == b":]")?;
                found |= is_of_class(&pattern[at + 2..end], byte);
                at = end + 2;
                continue;
            }
            b'\\' => (2, *pattern.get(at + 1)?),
            literal => (1, *literal),
        };
        at += width;
        if *pattern.get(at)? != b'-' {
            found |= low == byte;
            continue;
        }
        let high = *pattern.get(at + 1)?;
        if high == b']' {
            found |= low == byte;
            continue;
        }
        let (width, high) = if high == b'\\' { (3, *pattern.get(at + 2)?) } else { (2, high) };
        found |= (low..=high).contains(&byte);
        at += width;
    }
}

fn is_of_class(name: &[u8], byte: u8) -> bool {
    match name {
        b"alnum" => byte.is_ascii_alphanumeric(),
        b"alpha" => byte.is_ascii_alphabetic(),
        b"blank" => matches!(byte, b' ' | b'\t'),
        b"cntrl" => byte.is_ascii_control(),
        b"digit" => byte.is_ascii_digit(),
        b"graph" => byte.is_ascii_graphic(),
        b"lower" => byte.is_ascii_lowercase(),
        b"print" => byte.is_ascii_graphic() || byte == b' ',
        b"punct" => byte.is_ascii_punctuation(),
        b"space" => byte.is_ascii_whitespace() || byte == b'\x0b',
        b"upper" => byte.is_ascii_uppercase(),
        b"xdigit" => byte.is_ascii_hexdigit(),
        _ => false,
    }
}
