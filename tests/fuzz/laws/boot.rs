//! The files that set values at boot, against a slow and plain reader of the same rules.

use std::collections::BTreeMap;

use twtune::facts::BootState;
use twtune::facts::FileLine;
use twtune::facts::Loader;
use twtune::facts::boot::BootFiles;
use twtune::facts::boot::Reading;
use twtune::setting::Key;

/// The settings that there are.
const KEYS: [&str; 7] = [
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_fin_x",
    "net.ipv4.conf.all.rp_filter",
    "net.ipv4.conf.default.rp_filter",
    "net.ipv4.conf.lo.rp_filter",
    "net.ipv4.conf.eth0/100.rp_filter",
    "net.core.somaxconn",
];

const FOLDERS: [&str; 4] = ["/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d"];

/// What both loaders make of a tree is what the plain reader makes of it. In the text, a line `@PATH` begins a file.
pub(crate) fn boot(text: &str) {
    // So many alternatives in braces are followed for sure.
    if text.contains('{') && text.matches(',').count() > 5 {
        return;
    }
    let mut files = BootFiles::default();
    let mut parts = text.split("\n@");
    let first = parts.next().unwrap_or_default();
    let first = first
        .strip_prefix('@')
        .map_or(("/etc/sysctl.d/a.conf", first), |part| part.split_once('\n').unwrap_or((part, "")));
    for (path, text) in
        std::iter::once(first).chain(parts.map(|part| part.split_once('\n').unwrap_or((part, ""))))
    {
        // A file of the kernel's own is a run of its own; the tests of the traps have it.
        if !path.starts_with("/boot/") && path.len() < 64 {
            files = files.with(path, text);
        }
    }
    let keys = KEYS.map(|name| Key::parse(name).expect("a key"));
    let paths = keys.each_ref().map(Key::path);
    for loader in Loader::ALL {
        let reading = Reading::new(&files, loader);
        let Some(plain) = plain(&files, loader, &paths) else { continue };
        for (key, path) in keys.iter().zip(&paths) {
            let (name, value) = (key.as_str(), reading.value(key));
            let found = value.state.value().map(str::to_owned).zip(value.origin.clone());
            assert_eq!(found, plain.get(path).cloned(), "{name} under {loader} in {text:?}");
            assert!(value.written.last().map(|line| &line.origin) == value.origin.as_ref());
            // An interface without a line of its own starts with the default's.
            let interface = name.contains(".conf.") && !name.contains(".all.") && !name.contains(".default.");
            let starts = interface && plain.contains_key("net/ipv4/conf/default/rp_filter");
            match value.state {
                BootState::Present(_) => {}
                BootState::Default => assert!(!starts, "{name} under {loader} in {text:?}"),
                BootState::Unknown(_) => assert!(starts, "{name} under {loader} in {text:?}"),
                BootState::Unreadable(why) => panic!("{why}: {text:?}"),
            }
        }
        assert!(reading.entries().all(|entry| entry.number() > 0));
    }
    // What is commented out is not read any more.
    let reading = Reading::new(&files, Loader::Procps);
    if let Some(entry) = reading.entries().next() {
        let without = files.clone().without(&entry.origin());
        let left = Reading::new(&without, Loader::Procps);
        let place = entry.origin();
        assert!(left.entries().all(|other| other.origin() != place), "{place} is read again in {text:?}");
    }
}

type Values = BTreeMap<String, (String, FileLine)>;

/// Plays a loader: every file in turn, every line in turn, every write in turn. None where braces stand for a path that
/// is not written as it should be, of which twtune says nothing.
fn plain(files: &BootFiles, loader: Loader, exists: &[String]) -> Option<Values> {
    let mut names: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
    let mut last = None;
    for file in &files.files {
        let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
        if file.path == "/etc/sysctl.conf" && loader == Loader::Procps {
            last = Some(file.path.as_str());
        }
        if name == "sysctl.extra" && loader == Loader::SystemdSysctl {
            last = Some(file.path.as_str());
        }
        let hidden = name.starts_with('.') && loader == Loader::SystemdSysctl;
        let rank = FOLDERS.iter().position(|known| *known == folder);
        let rank = rank.or((folder == "/lib/sysctl.d").then_some(4));
        if let Some(rank) = rank.filter(|_| name.as_bytes().ends_with(b".conf") && !hidden)
            && names.get(name).is_none_or(|(other, _)| rank < *other)
        {
            names.insert(name, (rank, &file.path));
        }
    }
    let mut values = Values::new();
    let mut settings: Vec<(String, Option<String>, FileLine)> = Vec::new();
    let mut paths: Vec<&str> = Vec::new();
    for (_, path) in names.values() {
        let (folder, name) = path.rsplit_once('/').expect("a path in a folder");
        let mut all: Vec<&str> = files.files.iter().map(|file| file.path.as_str()).collect();
        all.sort_unstable();
        let before = paths.len();
        for pattern in braces(name).iter().filter(|_| loader == Loader::Procps) {
            let matches = |other: &&&str| {
                let own = other.strip_prefix(folder).and_then(|other| other.strip_prefix('/'));
                own.is_some_and(|own| !own.contains('/') && part_matches(pattern.as_bytes(), own.as_bytes()))
            };
            paths.extend(all.iter().filter(matches));
        }
        if paths.len() == before {
            paths.push(path);
        }
    }
    for path in paths.into_iter().chain(last) {
        let file = files.files.iter().find(|file| file.path == path).expect("it was listed");
        let twtune::facts::boot::Content::Text(bytes) = &file.content else { continue };
        let text = String::from_utf8(bytes.clone()).expect("the law's own text");
        match loader {
            Loader::SystemdSysctl => systemd(path, &text, &mut settings),
            Loader::Procps => procps(path, &text, &mut settings),
        }
    }
    for (name, value, origin) in &settings {
        let Some(value) = value else { continue };
        let alternatives = match loader {
            Loader::SystemdSysctl if !name.split('/').any(|part| part == "..") => braces(name),
            _ => vec![name.clone()],
        };
        let crooked = |one: &String| one.split('/').any(|part| part.is_empty() || part.starts_with('.'));
        if name.contains(['*', '?', '['])
            && alternatives != [name.as_str()]
            && alternatives.iter().any(crooked)
        {
            return None;
        }
        for path in exists {
            let is_pattern = name.contains(['*', '?', '[']);
            let spelt = |spelling: &str| settings.iter().any(|(other, ..)| other == spelling);
            let writes = if is_pattern {
                let mut found = alternatives.iter().filter_map(|one| expands(loader, one, path));
                found.any(|spelling| !spelt(&spelling))
            } else {
                arrives(loader, name).as_deref() == Some(path)
            };
            if writes {
                let parts: Vec<&str> = value.split([' ', '\t']).filter(|part| !part.is_empty()).collect();
                values.insert(path.clone(), (parts.join(" "), origin.clone()));
            }
        }
    }
    Some(values)
}

/// What a text with braces stands for.
fn braces(text: &str) -> Vec<String> {
    let bytes = text.as_bytes();
    let (mut at, mut begin, mut depth) = (0, None, 0);
    let mut cuts = Vec::new();
    while at < bytes.len() {
        match (bytes[at], begin) {
            (b'\\', _) => at += 1,
            (b'{', None) => (begin, cuts) = (Some(at), vec![at]),
            (b'{', Some(_)) => depth += 1,
            (b',', Some(_)) if depth == 0 => cuts.push(at),
            (b'}', Some(begin)) if depth == 0 => {
                cuts.push(at);
                let choices = cuts.windows(2).map(|cut| &text[cut[0] + 1..cut[1]]);
                let whole = choices.map(|choice| format!("{}{choice}{}", &text[..begin], &text[at + 1..]));
                return whole.flat_map(|one| braces(&one)).collect();
            }
            (b'}', Some(_)) => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    vec![text.to_owned()]
}

/// As glob(3) would find the path: how it would be spelt.
fn expands(loader: Loader, pattern: &str, path: &str) -> Option<String> {
    let mut parts: Vec<String> = pattern.split('/').map(str::to_owned).collect();
    let ends_open = parts.last().is_some_and(String::is_empty);
    while parts.last().is_some_and(String::is_empty) {
        parts.pop();
    }
    if ends_open && parts.last().is_some_and(|part| part.contains(['*', '?', '['])) {
        return None;
    }
    if parts.last().is_some_and(|part| part == "." || part == "..") {
        return None;
    }
    if loader == Loader::SystemdSysctl && parts.iter().any(|part| part == "..") {
        return None;
    }
    // A pattern may climb out of /proc/sys and come back.
    parts.splice(0..0, ["proc".to_owned(), "sys".to_owned()]);
    let mut own: Vec<&str> = ["proc", "sys"].into_iter().chain(path.split('/')).collect();
    own.reverse();
    // From the end, so that what climbs skips what it climbed from.
    let mut climbing = 0;
    for part in parts.iter_mut().rev() {
        match part.as_str() {
            "" | "." => {}
            ".." => climbing += 1,
            _ if climbing > 0 => climbing -= 1,
            _ => {
                let segment = own.first().copied()?;
                if !part_matches(part.as_bytes(), segment.as_bytes()) {
                    return None;
                }
                own.remove(0);
                segment.clone_into(part);
            }
        }
    }
    (own.is_empty() && climbing == 0).then(|| parts[2..].join("/"))
}

fn arrives(loader: Loader, name: &str) -> Option<String> {
    let parts: Vec<&str> = name.split('/').collect();
    if loader == Loader::SystemdSysctl {
        return (!parts.contains(&"..")).then(|| name.to_owned());
    }
    if matches!(parts.last(), Some(&("" | "." | ".."))) {
        return None;
    }
    let mut place = vec!["proc", "sys"];
    for part in parts {
        match part {
            "" | "." => {}
            ".." => drop(place.pop()),
            part => place.push(part),
        }
    }
    place.strip_prefix(&["proc", "sys"]).map(|below| below.join("/"))
}

/// Follows all ways through a name at once: one bit for each place in it that the pattern so far can end at.
fn part_matches(pattern: &[u8], name: &[u8]) -> bool {
    assert!(name.len() < 64, "a bit for each place");
    if name.first() == Some(&b'.') && matches!(pattern.first(), Some(b'*' | b'?' | b'[')) {
        return false;
    }
    let mut reached = 1_u64;
    let mut rest = pattern;
    while let [first, behind @ ..] = rest {
        if *first == b'*' {
            reached |= u64::MAX.checked_shl(reached.trailing_zeros()).unwrap_or(0);
            rest = behind;
            continue;
        }
        let fitting = (0..name.len()).filter(|at| reached >> at & 1 == 1 && step(rest, name[*at]).1);
        reached = fitting.fold(0, |next, at| next | 1 << (at + 1));
        rest = &rest[step(rest, 0).0..];
    }
    reached >> name.len() & 1 == 1
}

/// How long what the pattern begins with is, and whether it stands for this byte.
fn step(pattern: &[u8], byte: u8) -> (usize, bool) {
    match pattern {
        [b'?', ..] => (1, true),
        [b'\\', literal, ..] => (2, *literal == byte),
        [b'\\'] | [] => (1, false),
        [b'[', behind @ ..] => match class(behind, byte) {
            Some((width, fits)) => (width + 1, fits),
            None => (1, byte == b'['),
        },
        [literal, ..] => (1, *literal == byte),
    }
}

/// A set in brackets, unfolded to all of its bytes.
fn class(pattern: &[u8], byte: u8) -> Option<(usize, bool)> {
    let (negated, mut rest) = match pattern.first() {
        Some(b'!' | b'^') => (true, &pattern[1..]),
        _ => (false, pattern),
    };
    let mut set: Vec<u8> = Vec::new();
    let mut first = true;
    loop {
        if let [b']', behind @ ..] = rest
            && !first
        {
            return Some((pattern.len() - behind.len(), set.contains(&byte) != negated));
        }
        if let [b'[', b':', behind @ ..] = rest {
            let end = behind.windows(2).position(|pair| pair == b":]")?;
            let holds: fn(u8) -> bool = match &behind[..end] {
                b"alnum" => |byte| byte.is_ascii_alphanumeric(),
                b"alpha" => |byte| byte.is_ascii_alphabetic(),
                b"blank" => |byte| byte == b' ' || byte == b'\t',
                b"cntrl" => |byte| byte.is_ascii_control(),
                b"digit" => |byte| byte.is_ascii_digit(),
                b"graph" => |byte| byte.is_ascii_graphic(),
                b"lower" => |byte| byte.is_ascii_lowercase(),
                b"print" => |byte| (b' '..=b'~').contains(&byte),
                b"punct" => |byte| byte.is_ascii_punctuation(),
                b"space" => |byte| byte == b' ' || (9..=13).contains(&byte),
                b"upper" => |byte| byte.is_ascii_uppercase(),
                b"xdigit" => |byte| byte.is_ascii_hexdigit(),
                _ => |_| false,
            };
            set.extend((0..=255).filter(|byte| holds(*byte)));
            rest = &behind[end + 2..];
            first = false;
            continue;
        }
        let member = |text: &[u8]| match text {
            [b'\\', byte, ..] => Some((2, *byte)),
            [b'\\'] | [] => None,
            [byte, ..] => Some((1, *byte)),
        };
        let (width, low) = member(rest)?;
        rest = &rest[width..];
        first = false;
        match rest {
            [b'-', high, ..] if *high != b']' => {
                let (width, high) = member(&rest[1..])?;
                set.extend(low..=high);
                rest = &rest[1 + width..];
            }
            [b'-'] | [] => return None,
            _ => set.push(low),
        }
    }
}

/// The first separator decides which one separates.
fn slashes(key: &str) -> String {
    if key.find(['.', '/']).is_none_or(|at| key.as_bytes()[at] == b'/') {
        return key.to_owned();
    }
    let swap = |c| match c {
        '.' => '/',
        '/' => '.',
        other => other,
    };
    key.chars().map(swap).collect()
}

fn systemd(path: &str, text: &str, settings: &mut Vec<(String, Option<String>, FileLine)>) {
    const WHITE: [char; 4] = [' ', '\t', '\n', '\r'];
    let mut rest = text;
    let mut number = 1;
    while !rest.is_empty() {
        let end = rest.find(['\n', '\r', '\0']).unwrap_or(rest.len());
        if end >= 1 << 20 {
            return;
        }
        let line = rest[..end].trim_matches(WHITE);
        rest = &rest[end..];
        let origin = FileLine { file: path.into(), line: number };
        // Each kind of line ending once, and a NUL last.
        let mut seen = String::new();
        while let Some(c) = rest.chars().next().filter(|c| "\n\r\0".contains(*c)) {
            if seen.contains(c) || seen.contains('\0') {
                break;
            }
            seen.push(c);
            rest = &rest[1..];
        }
        number += usize::from(seen.contains('\n'));
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        let (key, value) = match line.split_once('=') {
            Some((key, value)) => (key.strip_prefix('-').unwrap_or(key), Some(value.trim_matches(WHITE))),
            None => match line.strip_prefix('-') {
                Some(key) => (key, None),
                None => continue,
            },
        };
        let key = slashes(key.trim_matches(WHITE));
        let parts: Vec<&str> = key.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        let (key, value) = (parts.join("/"), value.map(str::to_owned));
        match settings.iter().position(|(other, ..)| *other == key) {
            Some(at) if settings[at].1 == value => settings[at].2 = origin,
            at => {
                at.map(|at| settings.remove(at));
                settings.push((key, value, origin));
            }
        }
    }
}

fn procps(path: &str, text: &str, settings: &mut Vec<(String, Option<String>, FileLine)>) {
    const WHITE: [char; 6] = [' ', '\t', '\n', '\x0b', '\x0c', '\r'];
    for (at, line) in text.split('\n').enumerate() {
        let line = line.split('\0').next().unwrap_or_default().trim_start_matches(WHITE);
        if line.starts_with(['#', ';']) {
            continue;
        }
        let (key, value) = match line.split_once('=') {
            Some((key, value)) => (key.strip_prefix('-').unwrap_or(key), Some(value.trim_matches(WHITE))),
            None => match line.strip_prefix('-') {
                Some(key) => (key, None),
                None => continue,
            },
        };
        let key = key.trim_end_matches(WHITE);
        let key = slashes(key.strip_prefix('-').unwrap_or(key));
        let origin = FileLine { file: path.into(), line: at + 1 };
        settings.push((key, value.map(str::to_owned), origin));
    }
}
