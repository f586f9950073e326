//! The lines of all files, each with the name that it gives to a setting or to several. There are many lines and few
//! names: what follows from a name alone is found out once for each.

use std::borrow::Cow;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::facts::Assigned;
use crate::facts::FileLine;
use crate::facts::boot::Verb;
use crate::facts::boot::glob;
use crate::facts::boot::line::Line;
use crate::facts::boot::line::arrival;

/// The lines, in the order in which they are read.
#[derive(Debug, Default)]
pub(super) struct Lines<'a> {
    pub(super) entries: Vec<Entry<'a>>,
    names: Vec<Name<'a>>,
    /// The names, by the texts that stand for them.
    spelt: HashMap<&'a [u8], u32, RandomState>,
    /// And by their paths.
    by_path: HashMap<Cow<'a, [u8]>, u32, RandomState>,
}

/// A line, and the file it stands in.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The path of its file.
    pub file: &'a str,
    number: u32,
    /// What it asks for.
    pub verb: Verb,
    /// Whether it may fail without a word: `-key = value`.
    pub optional: bool,
    /// What stands behind the `=`, without the white space around it.
    pub value: &'a [u8],
    /// What it names.
    pub(super) name: u32,
    /// The next line that names the same.
    next: u32,
}

#[derive(Debug)]
struct Name<'a> {
    path: Cow<'a, [u8]>,
    is_pattern: bool,
    is_astray: bool,
    /// The first entry that names it, and the last one so far.
    first: u32,
    last: u32,
}

const NONE: u32 = u32::MAX;

/// What lines name, a setting or a pattern of several, and the lines that do.
#[derive(Clone, Copy, Debug)]
pub struct Named<'r, 'a> {
    lines: &'r Lines<'a>,
    name: &'r Name<'a>,
}

impl<'a> Lines<'a> {
    /// Makes room for the lines of so many bytes.
    pub(super) fn expect(&mut self, bytes: usize) {
        // A line of a key, a value and the rest of a comment; what is not written to costs nothing.
        self.entries.reserve(bytes / 32);
    }

    /// To be called before lines whose keys stand for other paths than before.
    pub(super) fn spell_anew(&mut self) {
        self.spelt.clear();
    }

    pub(super) fn add(&mut self, file: &'a str, line: Line<'a>, path: impl Fn(&'a [u8]) -> Cow<'a, [u8]>) {
        let Line { number, verb, key, value, optional } = line;
        let at = index(self.entries.len());
        let name = match self.spelt.get(key) {
            Some(name) => *name,
            None => self.spell(key, path(key)),
        };
        let named = &mut self.names[place(name)];
        match self.entries.get_mut(place(named.last)) {
            Some(before) => before.next = at,
            None => named.first = at,
        }
        named.last = at;
        self.entries.push(Entry { file, number: index(number), verb, optional, value, name, next: NONE });
    }

    /// A text stands for a path.
    fn spell(&mut self, key: &'a [u8], path: Cow<'a, [u8]>) -> u32 {
        let names = &mut self.names;
        let name = *self.by_path.entry(path.clone()).or_insert_with(|| {
            let is_pattern = glob::is_pattern(&path);
            let is_astray = !is_pattern && arrival(&path).is_none_or(|end| end != path);
            names.push(Name { path, is_pattern, is_astray, first: NONE, last: NONE });
            index(names.len() - 1)
        });
        self.spelt.insert(key, name);
        name
    }

    /// Everything that is named, in the order in which it is first.
    pub(super) fn names(&self) -> impl Iterator<Item = Named<'_, 'a>> {
        self.names.iter().map(|name| Named { lines: self, name })
    }

    /// What a line names.
    pub(super) fn name_of(&self, entry: &Entry<'a>) -> Named<'_, 'a> {
        Named { lines: self, name: &self.names[place(entry.name)] }
    }

    /// The places of the lines that name this path, in the order in which they are read.
    pub(super) fn find(&self, path: &[u8]) -> impl Iterator<Item = usize> {
        let name = self.by_path.get(path).map(|name| &self.names[place(*name)]);
        name.into_iter().flat_map(|name| Named { lines: self, name }.places())
    }
}

impl<'r, 'a> Named<'r, 'a> {
    /// The path below `/proc/sys`, or the pattern of several, as the loader compares it with others.
    #[must_use]
    pub fn path(self) -> &'r [u8] {
        &self.name.path
    }

    /// The same in the spelling of sysctl(8).
    #[must_use]
    pub fn key(self) -> String {
        let swap = |byte: &u8| match byte {
            b'.' => b'/',
            b'/' => b'.',
            other => *other,
        };
        let swapped: Vec<u8> = self.path().iter().map(swap).collect();
        String::from_utf8_lossy(&swapped).into_owned()
    }

    /// Whether it stands for several settings at once.
    #[must_use]
    pub fn is_pattern(self) -> bool {
        self.name.is_pattern
    }

    /// Whether the kernel follows the path to another one than it says: `net//ipv4`.
    pub(super) fn is_astray(self) -> bool {
        self.name.is_astray
    }

    /// The lines, in the order in which they are read.
    pub fn entries(self) -> impl Iterator<Item = &'r Entry<'a>> {
        self.places().map(|at| &self.lines.entries[at])
    }

    /// Those of them that assign a value.
    pub fn assignments(self) -> impl Iterator<Item = &'r Entry<'a>> {
        self.entries().filter(|entry| entry.verb == Verb::Set)
    }

    pub(super) fn places(self) -> impl Iterator<Item = usize> + use<'r, 'a> {
        let entries = &self.lines.entries;
        let first = (self.name.first != NONE).then_some(place(self.name.first));
        std::iter::successors(first, |at| Some(place(entries[*at].next)).filter(|next| *next < entries.len()))
    }
}

impl<'a> Entry<'a> {
    /// Which line of its file it is, counted from 1.
    #[must_use]
    pub fn number(&self) -> usize {
        place(self.number)
    }

    /// The line's place.
    #[must_use]
    pub fn origin(&self) -> FileLine {
        FileLine { file: self.file.into(), line: self.number() }
    }

    /// What it assigns, with single spaces between the parts.
    #[must_use]
    pub fn assigned(&self) -> Assigned {
        let parts: Vec<_> = self.parts().map(String::from_utf8_lossy).collect();
        Assigned { origin: self.origin(), value: parts.join(" ") }
    }

    /// Whether both stand in one file.
    #[must_use]
    pub fn is_beside(&self, other: &Entry<'_>) -> bool {
        std::ptr::eq(self.file, other.file)
    }

    /// Whether both assign the same.
    #[must_use]
    pub fn assigns_as(&self, other: &Entry<'_>) -> bool {
        self.value == other.value || self.parts().eq(other.parts())
    }

    /// The parts of its value. Other white space is none to the kernel, and stays.
    fn parts(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.value.split(|byte| matches!(byte, b' ' | b'\t')).filter(|part| !part.is_empty())
    }
}

/// Memory ends long before there are so many lines.
fn index(place: usize) -> u32 {
    u32::try_from(place).expect("fewer than four thousand million lines")
}

fn place(index: u32) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}
