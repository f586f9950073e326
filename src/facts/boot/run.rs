//! One run of a loader over its files.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::facts::Loader;
use crate::facts::boot::Verb;
use crate::facts::boot::glob;
use crate::facts::boot::index::Index;
use crate::facts::boot::line::arrival;
use crate::facts::boot::reading::Entry;

/// The lines of one run, in the order in which they are read.
#[derive(Debug)]
pub(super) struct Run<'a> {
    loader: Loader,
    entries: Vec<Entry<'a>>,
    /// Finds the entries of a path.
    index: Index,
    /// Entries whose path the kernel follows to another one than it says: `net//ipv4`.
    astray: Vec<usize>,
    /// Entries whose path is a pattern.
    patterns: Vec<usize>,
    /// Those of them that are carried out, in turn.
    carried_out: Vec<usize>,
    /// Files that could not be read, and how many entries stand before each.
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
pub(super) struct Outcome<'r, 'a> {
    /// The lines that name it, in the order in which they are read.
    pub(super) naming: Vec<&'r Entry<'a>>,
    /// Those that are carried out, in turn.
    pub(super) written: Vec<&'r Entry<'a>>,
    /// Why something else may be written, and be it nothing.
    pub(super) doubt: Option<&'r str>,
    /// Whether a value is written for sure, whatever runs before did.
    pub(super) certain: bool,
}

impl<'a> Run<'a> {
    pub(super) fn new(loader: Loader) -> Self {
        Self {
            loader,
            entries: Vec::new(),
            index: Index::default(),
            astray: Vec::new(),
            patterns: Vec::new(),
            carried_out: Vec::new(),
            missed: Vec::new(),
        }
    }

    /// Makes room for the lines of so many bytes.
    pub(super) fn expect(&mut self, bytes: usize) {
        // A line of a key, a value and the rest of a comment; what is not written to costs nothing.
        self.entries.reserve(bytes / 32);
    }

    pub(super) fn add(&mut self, entry: Entry<'a>) {
        let at = self.entries.len();
        if entry.line.verb != Verb::Nonsense {
            if glob::is_pattern(&entry.line.path) {
                self.patterns.push(at);
            } else if self.loader == Loader::Procps
                && arrival(&entry.line.path).is_none_or(|path| path != entry.line.path)
            {
                self.astray.push(at);
            }
        }
        self.entries.push(entry);
    }

    /// A file that could not be read.
    pub(super) fn miss(&mut self, why: String) {
        self.missed.push((self.entries.len(), why));
    }

    /// To be called behind the last line.
    pub(super) fn close(mut self) -> Self {
        self.index = Index::of(&self.entries);
        self.carried_out = match self.loader {
            Loader::Procps => self.patterns.clone(),
            Loader::SystemdSysctl => self.by_first_place(),
        };
        self.carried_out.retain(|at| self.entries[*at].line.verb == Verb::Set);
        self
    }

    /// systemd keeps one value for each pattern; where a later line changes it, it moves to the end, and where a
    /// later line repeats it, it stays.
    fn by_first_place(&self) -> Vec<usize> {
        let mut places: Vec<Option<usize>> = Vec::new();
        let mut place_of: HashMap<&[u8], usize> = HashMap::new();
        for at in &self.patterns {
            let line = &self.entries[*at].line;
            if let Some(place) = place_of.get(&*line.path).copied() {
                let before = places[place].take().map(|before| &self.entries[before].line);
                if before.is_some_and(|before| (before.verb, before.value) == (line.verb, line.value)) {
                    places[place] = Some(*at);
                    continue;
                }
            }
            place_of.insert(&line.path, places.len());
            places.push(Some(*at));
        }
        places.into_iter().flatten().collect()
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry<'a>> {
        self.entries.iter()
    }

    /// What the run makes of the setting behind a path.
    pub(super) fn outcome(&self, path: &[u8]) -> Outcome<'_, 'a> {
        let sets = |at: &usize| self.entries[*at].line.verb == Verb::Set;
        let mut named: Vec<usize> = self.index.find(&self.entries, path).collect();
        let spelt = !named.is_empty();
        let astray = |at: &usize| arrival(&self.entries[*at].line.path).is_some_and(|end| end == path);
        named.extend(self.astray.iter().copied().filter(astray));
        named.sort_unstable();
        let matching = |at: &usize| {
            let pattern = target(self.loader, &self.entries[*at].line.path);
            pattern.is_some_and(|pattern| glob::matches(&pattern, path))
        };
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
            Loader::Procps => {
                let spelling = spelling(&self.entries[*at].line.path, path);
                self.index.find(&self.entries, &spelling).next().is_none()
            }
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
        let entries = |places: Vec<usize>| places.into_iter().map(|at| &self.entries[at]).collect();
        Outcome {
            naming: entries(naming),
            written: entries(written),
            doubt: missed.map(|(_, why)| why.as_str()),
            certain,
        }
    }
}
