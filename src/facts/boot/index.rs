//! Finds the lines that name a path among very many: a table of chains through the lines themselves.

use std::hash::BuildHasher;
use std::hash::RandomState;

use crate::facts::boot::Verb;
use crate::facts::boot::reading::Entry;

/// The table.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// The last entry of each chain, by hash of the path; `NONE` where there is none.
    last: Vec<u32>,
    /// The entry before in its chain, of each entry.
    before: Vec<u32>,
    hasher: RandomState,
}

const NONE: u32 = u32::MAX;

impl Index {
    pub(super) fn of(entries: &[Entry<'_>]) -> Self {
        let size = if entries.is_empty() { 0 } else { entries.len().next_power_of_two() };
        let mut index = Self { last: vec![NONE; size], before: Vec::new(), hasher: RandomState::new() };
        for (at, entry) in entries.iter().enumerate() {
            let chain = index.chain(&entry.line.path);
            index.before.push(index.last[chain]);
            index.last[chain] = u32::try_from(at).unwrap_or(NONE);
        }
        index
    }

    fn chain(&self, path: &[u8]) -> usize {
        // Only as many chains as a usize counts, so nothing is lost.
        usize::try_from(self.hasher.hash_one(path) % (self.last.len() as u64)).unwrap_or_default()
    }

    /// The entries that spell this path, the last one first.
    pub(super) fn find<'e>(
        &'e self,
        entries: &'e [Entry<'_>],
        path: &'e [u8],
    ) -> impl Iterator<Item = usize> + 'e {
        let mut next = if self.last.is_empty() { NONE } else { self.last[self.chain(path)] };
        let chain = std::iter::from_fn(move || {
            let at = usize::try_from(next).ok().filter(|at| *at < entries.len())?;
            next = self.before[at];
            Some(at)
        });
        chain.filter(move |at| entries[*at].line.verb != Verb::Nonsense && *entries[*at].line.path == *path)
    }
}
