//! What each process holds, put together from the sockets and the descriptors that lead to them.

use std::collections::BTreeMap;

use crate::facts::Counts;
use crate::facts::Held;
use crate::facts::Looked;
use crate::facts::Of;
use crate::facts::Owners;
use crate::facts::Process;
use crate::facts::SocketOptions;
use crate::facts::Sockets;
use crate::facts::State;

/// At most so many idle connections of a process have their options looked at; of those that listen all.
const MOST_LOOKS: u32 = 16;

/// A process that holds sockets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The process.
    pub process: Process,
    /// Its sockets, by state.
    pub sockets: Counts,
    /// The numbers of those that listen.
    pub listens_on: Vec<u32>,
    /// Its `CLOSE_WAIT` sockets by what they belong to, those with the most first.
    pub close_waits: Vec<(Of, u32)>,
    /// For how many seconds the peer of its longest `CLOSE_WAIT` has been silent at least: of very many a sample is
    /// looked at.
    pub oldest_close_wait: Option<u64>,
}

/// The sockets whose options are worth a look: those that listen, and some idle connections of each process. Nothing
/// is queued in any of them.
#[must_use]
pub fn worth_a_look(sockets: &Sockets, owners: &Owners) -> Vec<u32> {
    let mut taken = vec![0; owners.processes.len()];
    let mut worth = Vec::new();
    for held in sockets.held.iter().filter(|held| held.idle) {
        let Some(holding) = owners.of(held.inode).first() else { continue };
        let taken = &mut taken[holding.process as usize];
        if held.state == State::Listen || (held.state == State::Established && *taken < MOST_LOOKS) {
            *taken += u32::from(held.state != State::Listen);
            worth.push((holding.process, held.inode));
        }
    }
    // Those of one process side by side.
    worth.sort_unstable();
    worth.into_iter().map(|(_, inode)| inode).collect()
}

/// What each process holds, those with the most `CLOSE_WAIT` and then the most of all first; and the options that
/// were looked at. A socket that several processes share is counted for each.
#[must_use]
pub fn owned(
    sockets: &Sockets,
    owners: &Owners,
    silent: &BTreeMap<u32, u32>,
    options: Vec<(u32, SocketOptions)>,
) -> (Vec<Owner>, Vec<Looked>) {
    let options: BTreeMap<u32, SocketOptions> = options.into_iter().collect();
    let mut looked = Vec::new();
    let mut all: Vec<(Owner, BTreeMap<Of, u32>)> = owners
        .processes
        .iter()
        .map(|process| {
            let owner = Owner {
                process: process.clone(),
                sockets: Counts::default(),
                listens_on: Vec::new(),
                close_waits: Vec::new(),
                oldest_close_wait: None,
            };
            (owner, BTreeMap::new())
        })
        .collect();
    for held in &sockets.held {
        let holdings = owners.of(held.inode);
        for (at, holding) in holdings.iter().enumerate() {
            // Duplicates of one process stand side by side.
            if at == 0 || holdings[at - 1].process != holding.process {
                let (owner, close_waits) = &mut all[holding.process as usize];
                owner.add(held, silent, close_waits);
            }
        }
        if let (Some(holding), Some(options)) = (holdings.first(), options.get(&held.inode)) {
            let process = owners.processes[holding.process as usize].clone();
            looked.push(Looked { process, of: held.of, options: *options });
        }
    }
    let mut all: Vec<Owner> = all
        .into_iter()
        // Some hold those of other namespaces only.
        .filter(|(owner, _)| owner.sockets.total() > 0)
        .map(|(mut owner, close_waits)| {
            owner.close_waits = close_waits.into_iter().collect();
            owner.close_waits.sort_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(&other.0)));
            owner
        })
        .collect();
    all.sort_by(|one, other| {
        let most = |owner: &Owner| (owner.sockets.of(State::CloseWait), owner.sockets.total());
        most(other).cmp(&most(one)).then(one.process.pid.cmp(&other.process.pid))
    });
    (all, looked)
}

impl Owner {
    fn add(&mut self, held: &Held, silent: &BTreeMap<u32, u32>, close_waits: &mut BTreeMap<Of, u32>) {
        self.sockets.add(held.state);
        match held.state {
            State::Listen => self.listens_on.push(held.inode),
            State::CloseWait => {
                *close_waits.entry(held.of).or_default() += 1;
                let seconds = silent.get(&held.inode).map(|milliseconds| u64::from(*milliseconds) / 1000);
                self.oldest_close_wait = self.oldest_close_wait.max(seconds);
            }
            _ => {}
        }
    }
}
