//! Finds the lines that name a path among very many: a table of chains through the lines themselves.

use crate::facts::boot::Verb;
use crate::facts::boot::reading::Entry;

/// The table.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// The last entry of each chain, by hash of the path; `NONE` where there is none.
    last: Vec<u32>,
    /// The entry before in its chain, of each entry.
    before: Vec<u32>,
}

const NONE: u32 = u32::MAX;

impl Index {
    pub(super) fn of(entries: &[Entry<'_>]) -> Self {
        let size = if entries.is_empty() { 0 } else { entries.len().next_power_of_two() };
        let mut index = Self { last: vec![NONE; size], before: Vec::with_capacity(entries.len()) };
        for (at, entry) in entries.iter().enumerate() {
            let chain = index.chain(&entry.line.path);
            index.before.push(index.last[chain]);
            index.last[chain] = u32::try_from(at).unwrap_or(NONE);
        }
        index
    }

    /// FNV-1a: who can write these files needs no collisions to slow a reader down.
    fn chain(&self, path: &[u8]) -> usize {
        let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        let hash = path.iter().fold(0xcbf2_9ce4_8422_2325, step);
        // The number of chains is a power of two; the upper half is mixed better.
        let mask = self.last.len() as u64 - 1;
        usize::try_from((hash ^ (hash >> 32)) & mask).unwrap_or_default()
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
