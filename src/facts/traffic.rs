//! What was seen of one network namespace besides its name: settings, sockets, counters, and who holds what.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::facts::Destination;
use crate::facts::Of;
use crate::facts::Owner;
use crate::facts::Process;
use crate::facts::Snapshot;
use crate::facts::SocketOptions;
use crate::facts::Sockets;
use crate::facts::State;
use crate::setting::Key;

/// What was seen of one network namespace.
#[derive(Debug)]
pub struct Traffic {
    /// Its cookie, or its inode where the kernel does not tell the cookie.
    pub id: Option<String>,
    /// What people call it.
    pub name: String,
    /// Its settings, as far as anybody asks for them.
    pub settings: Snapshot,
    /// Its TCP sockets.
    pub sockets: Sockets,
    /// Its TCP sockets at an earlier look, and how many seconds before.
    pub before: Option<(Sockets, f64)>,
    /// Its counters since it was made, the machine's since boot.
    pub counters: Counters,
    /// Who holds the sockets that somebody holds, those with the most first.
    pub owners: Vec<Owner>,
    /// Sockets whose options were looked at.
    pub looked: Vec<Looked>,
    /// How long one tick of the kernel's clock is, in milliseconds.
    pub tick: u32,
    /// Whether sockets may be missing or counted twice.
    pub partial: bool,
    /// What could not be seen, and why.
    pub not_seen: Vec<String>,
}

impl Traffic {
    /// How many more connections to this destination are kept open each second, where it was looked at twice.
    #[must_use]
    pub fn growth(&self, destination: &Destination) -> f64 {
        let Some((before, seconds)) = &self.before else { return 0.0 };
        let earlier = before.destination(destination.source, destination.peer);
        let more = destination.held().saturating_sub(earlier.map_or(0, Destination::held));
        f64::from(more) / seconds.max(0.001)
    }

    /// Where connections that the peer has closed only become more, each with how many were there at the earlier look
    /// already; and how many seconds ago that was.
    #[must_use]
    pub fn growing_close_waits(&self) -> Option<(BTreeMap<Of, u32>, f64)> {
        let (before, seconds) = self.before.as_ref()?;
        let close_waits = |sockets: &Sockets| -> BTreeMap<u32, Of> {
            let held = sockets.held.iter().filter(|held| held.state == State::CloseWait);
            held.map(|held| (held.inode, held.of)).collect()
        };
        let (earlier, now) = (close_waits(before), close_waits(&self.sockets));
        // A place of the earlier look has another number in this one.
        let closed: BTreeSet<Of> =
            earlier.iter().filter(|(inode, _)| !now.contains_key(inode)).map(|(_, of)| *of).collect();
        let mut kept: BTreeMap<Of, u32> = BTreeMap::new();
        let (mut growing, mut shrinking) = (BTreeSet::new(), BTreeSet::new());
        for (inode, of) in now {
            match earlier.get(&inode) {
                Some(then) => {
                    *kept.entry(of).or_default() += 1;
                    shrinking.extend(closed.contains(then).then_some(of));
                }
                None => growing.extend([of]),
            }
        }
        kept.retain(|of, _| growing.contains(of) && !shrinking.contains(of));
        Some((kept, *seconds))
    }

    /// A setting's value as one number; None where it is not there, could not be read or is no number.
    #[must_use]
    pub fn number(&self, key: &str) -> Option<i64> {
        self.text(key)?.parse().ok()
    }

    /// The process that holds the listener at this place of the list, where it could be seen.
    #[must_use]
    pub fn owner_of_listener(&self, at: usize) -> Option<&Owner> {
        let inode = self.sockets.listeners.get(at)?.inode;
        self.owners.iter().find(|owner| owner.listens_on.contains(&inode))
    }

    /// A setting's value.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        let key = Key::parse(key).ok()?;
        self.settings.get(&key)?.state.value()
    }
}

/// Counters by name, as `/proc/net/netstat` and its kin call them: `TcpExt.TWRecycled`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counters {
    /// What they count up to now; those of amounts, what there is now.
    pub totals: BTreeMap<String, u64>,
    /// How much was added, where they were looked at twice, and in how many seconds.
    pub added: Option<(BTreeMap<String, u64>, f64)>,
}

impl Counters {
    /// What is counted up to now; 0 where the kernel does not count it.
    #[must_use]
    pub fn total(&self, name: &str) -> u64 {
        self.totals.get(name).copied().unwrap_or_default()
    }

    /// How many a second, where it was looked at twice.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a rate is an estimate")]
    pub fn rate(&self, name: &str) -> Option<f64> {
        let (added, seconds) = self.added.as_ref()?;
        Some(added.get(name).copied().unwrap_or_default() as f64 / seconds.max(0.001))
    }

    /// What was added while it was looked at, or else since the beginning.
    #[must_use]
    pub fn seen(&self, name: &str) -> u64 {
        match &self.added {
            Some((added, _)) => added.get(name).copied().unwrap_or_default(),
            None => self.total(name),
        }
    }
}

/// A socket whose options were looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// The process that holds it.
    pub process: Process,
    /// What it belongs to.
    pub of: Of,
    /// Its options.
    pub options: SocketOptions,
}
