//! One run of a loader over its files.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use crate::facts::Loader;
use crate::facts::boot::Verb;
use crate::facts::boot::brace;
use crate::facts::boot::glob;
use crate::facts::boot::line::arrival;
use crate::facts::boot::line::is_straight;
use crate::facts::boot::lines::Entry;
use crate::facts::boot::lines::Lines;

/// One run: some of the lines, and what follows from them together.
#[derive(Debug)]
pub(super) struct Run {
    loader: Loader,
    /// Which lines it reads.
    lines: Range<usize>,
    /// Those whose path the kernel follows to another one than it says: `net//ipv4`.
    astray: Vec<usize>,
    /// Those whose path is a pattern.
    patterns: Vec<usize>,
    /// Those of them that are carried out, in turn.
    carried_out: Vec<usize>,
    /// One whose alternatives in braces are not followed.
    braced: Option<String>,
    /// Files that could not be read, and the place of the first line behind each.
    missed: Vec<(usize, String)>,
}

/// The pattern of the paths that a loader writes to for a pattern; None where it writes to none.
fn target(loader: Loader, pattern: &[u8]) -> Option<Cow<'_, [u8]>> {
    let mut parts = pattern.split(|byte| *byte == b'/');
    match loader {
        // It takes no path that climbs.
        Loader::SystemdSysctl => (!parts.any(|part| part == b"..")).then_some(Cow::Borrowed(pattern)),
        // Before a slash at the end glob(3) looks for folders only where it has to look.
        Loader::Procps => {
            let end = pattern.iter().rposition(|byte| *byte != b'/').map_or(0, |last| last + 1);
            let last = parts.rfind(|part| !part.is_empty());
            let looks = end < pattern.len() && last.is_some_and(glob::is_pattern);
            if looks { None } else { arrival(&pattern[..end]) }
        }
    }
}

/// Whether a loader finds a path for a pattern.
fn names(loader: Loader, pattern: &[u8], path: &[u8]) -> bool {
    let Some(pattern) = target(loader, pattern) else { return false };
    if loader == Loader::SystemdSysctl && pattern.contains(&b'{') {
        let alternatives = straight(&pattern).unwrap_or_default();
        return alternatives.iter().any(|pattern| glob::matches(pattern, path));
    }
    glob::matches(&pattern, path)
}

/// What a pattern with braces stands for; None where systemd itself would lose track: of too many, or of one with a part
/// that is empty or begins with a dot.
fn straight(pattern: &[u8]) -> Option<Vec<Vec<u8>>> {
    brace::alternatives(pattern).filter(|all| *all == [pattern] || all.iter().all(|one| is_straight(one)))
}

/// The path as glob(3) spells it for a pattern: what the pattern spells out stays as it is.
fn spelling(pattern: &[u8], path: &[u8]) -> Vec<u8> {
    const ROOT: [&[u8]; 2] = [b"proc", b"sys"];
    let mut parts: Vec<&[u8]> = ROOT.into_iter().chain(pattern.split(|byte| *byte == b'/')).collect();
    let mut stand = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        match *part {
            b"" | b"." => {}
            b".." => drop(stand.pop()),
            _ => stand.push(at),
        }
    }
    for (at, own) in stand.into_iter().zip(ROOT.into_iter().chain(path.split(|byte| *byte == b'/'))) {
        parts[at] = own;
    }
    let end = parts.iter().rposition(|part| !part.is_empty()).map_or(0, |last| last + 1);
    parts[ROOT.len()..end].join(&b'/')
}

/// What a run makes of a setting.
#[derive(Default)]
pub(super) struct Outcome<'r, 'a> {
    /// The lines that name it, in the order in which they are read.
    pub(super) naming: Vec<&'r Entry<'a>>,
    /// Those that are carried out, in turn, each with its moment among all lines.
    pub(super) written: Vec<(usize, &'r Entry<'a>)>,
    /// Why something else may be written, and be it nothing.
    pub(super) doubt: Option<&'r str>,
    /// Whether a value is written for sure, whatever runs before did.
    pub(super) certain: bool,
}

impl Run {
    /// A run over the lines from this one to the last; `missed` are the files that could not be read, each with the
    /// place of the first line behind it.
    pub(super) fn new(loader: Loader, lines: &Lines<'_>, first: usize, missed: Vec<(usize, String)>) -> Self {
        let range = first..lines.entries.len();
        let (mut astray, mut patterns) = (Vec::new(), Vec::new());
        for at in range.clone().filter(|at| lines.entries[*at].verb != Verb::Nonsense) {
            let name = lines.name_of(&lines.entries[at]);
            if name.is_pattern() {
                patterns.push(at);
            } else if name.is_astray() && loader == Loader::Procps {
                astray.push(at);
            }
        }
        let mut carried_out = match loader {
            Loader::Procps => patterns.clone(),
            Loader::SystemdSysctl => by_first_place(lines, &patterns),
        };
        carried_out.retain(|at| lines.entries[*at].verb == Verb::Set);
        let too_many = |at: &usize| {
            let path = target(loader, lines.name_of(&lines.entries[*at]).path());
            path.is_some_and(|path| path.contains(&b'{') && straight(&path).is_none())
        };
        let braced = carried_out.iter().copied().find(too_many).filter(|_| loader == Loader::SystemdSysctl);
        let braced = braced.map(|at| format!("{}: its braces are not followed", lines.entries[at].origin()));
        Self { loader, lines: range, astray, patterns, carried_out, braced, missed }
    }

    /// What the run makes of the setting behind a path.
    pub(super) fn outcome<'r, 'a>(&'r self, lines: &'r Lines<'a>, path: &[u8]) -> Outcome<'r, 'a> {
        let entries = &lines.entries;
        let sets = |at: &usize| entries[*at].verb == Verb::Set;
        let mut named: Vec<usize> = self.find(lines, path).collect();
        let spelt = !named.is_empty();
        let path_of = |at: usize| lines.name_of(&entries[at]).path();
        named.extend(self.astray.iter().filter(|at| arrival(path_of(**at)).is_some_and(|end| end == path)));
        named.sort_unstable();
        let matching = |at: &usize| names(self.loader, path_of(*at), path);
        let (mut written, decided): (Vec<usize>, Option<usize>) = match (self.loader, named.last()) {
            (Loader::SystemdSysctl, Some(last)) => ([*last].into_iter().filter(sets).collect(), Some(*last)),
            (Loader::SystemdSysctl, None) => (Vec::new(), None),
            (Loader::Procps, _) => {
                let set: Vec<usize> = named.iter().copied().filter(sets).collect();
                let last = set.last().copied();
                (set, last)
            }
        };
        // A line that spells the path out, as the pattern spells it, takes it from the pattern, wherever it stands.
        let free = |at: &usize| match self.loader {
            Loader::SystemdSysctl => !spelt,
            Loader::Procps => self.find(lines, &spelling(path_of(*at), path)).next().is_none(),
        };
        written.extend(self.carried_out.iter().copied().filter(matching).filter(free));
        if self.loader == Loader::Procps {
            written.sort_unstable();
        }
        let missed = self.missed.iter().find(|(before, _)| decided.is_none_or(|at| *before > at));
        let certain = decided.is_some_and(|at| sets(&at));
        let mut naming: Vec<usize> =
            named.into_iter().chain(self.patterns.iter().copied().filter(matching)).collect();
        naming.retain(sets);
        naming.sort_unstable();
        Outcome {
            naming: naming.into_iter().map(|at| &entries[at]).collect(),
            written: written.into_iter().map(|at| (self.moment(lines, at), &entries[at])).collect(),
            doubt: missed.map(|(_, why)| why).or(self.braced.as_ref().filter(|_| !spelt)).map(String::as_str),
            certain,
        }
    }

    /// When a line is carried out, among all lines. systemd keeps the place at which a value was given first, however
    /// often it is repeated.
    fn moment(&self, lines: &Lines<'_>, at: usize) -> usize {
        if self.loader == Loader::Procps {
            return at;
        }
        let path = lines.name_of(&lines.entries[at]).path();
        let mut moment = at;
        let mut last: Option<&Entry<'_>> = None;
        for place in self.find(lines, path).take_while(|place| *place <= at) {
            let entry = &lines.entries[place];
            if last.is_none_or(|last| (last.verb, last.value) != (entry.verb, entry.value)) {
                moment = place;
            }
            last = Some(entry);
        }
        moment
    }

    /// The lines of this run that spell a path out, in the order in which they are read.
    fn find(&self, lines: &Lines<'_>, path: &[u8]) -> impl Iterator<Item = usize> {
        let means = |at: &usize| self.lines.contains(at) && lines.entries[*at].verb != Verb::Nonsense;
        lines.find(path).filter(means)
    }
}

/// systemd keeps one value for each pattern; where a later line changes it, it moves to the end, and where a later line
/// repeats it, it stays.
fn by_first_place(lines: &Lines<'_>, patterns: &[usize]) -> Vec<usize> {
    let mut places: Vec<Option<usize>> = Vec::new();
    let mut place_of: HashMap<u32, usize> = HashMap::new();
    for at in patterns {
        let line = &lines.entries[*at];
        if let Some(place) = place_of.get(&line.name).copied() {
            let before = places[place].take().map(|before| &lines.entries[before]);
            if before.is_some_and(|before| (before.verb, before.value) == (line.verb, line.value)) {
                places[place] = Some(*at);
                continue;
            }
        }
        place_of.insert(line.name, places.len());
        places.push(Some(*at));
    }
    places.into_iter().flatten().collect()
}
