//! The network namespaces of this machine: those that processes are in, and those that have a file. They are told
//! apart by their numbers; cookies, which are never used again, are known only to who goes in.

mod sockstat;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;

use rustix::io::Errno;

use crate::facts::Door;
use crate::facts::Namespace;
use crate::observe::process::Processes;

pub use sockstat::InUse;
pub use sockstat::sockets_in_use;

/// Where `ip netns` has the files of namespaces, and where Docker has them, whose names mean nothing to people.
const FOLDERS: [(&str, bool); 2] = [("/run/netns", true), ("/run/docker/netns", false)];

/// What stands for a namespace to those who may not see its own number: the number of a file that each namespace
/// has for itself.
const MARK: &str = "net/sockstat";

/// The calling thread's own.
const OWN: &str = "/proc/thread-self/ns/net";

/// Every network namespace but the calling thread's own. What comes and goes meanwhile may be missing.
///
/// # Errors
/// There is no `/proc` here.
pub fn others() -> io::Result<Vec<Namespace>> {
    let own = status(Path::new(OWN))?;
    let own_mark = status(&Path::new("/proc/thread-self").join(MARK)).ok().map(|(_, inode)| inode);
    let mut found: BTreeMap<u64, Found> = BTreeMap::new();
    let mut processes = Processes::open()?;
    let mut hidden = Vec::new();
    for pid in processes.pids()? {
        match processes.inode_of(pid, "ns/net") {
            Ok(inode) if inode == own.1 => {}
            Ok(inode) => found.entry(inode).or_default().add(pid),
            Err(Errno::ACCESS | Errno::PERM) => hidden.push(pid),
            // It ended.
            Err(_) => {}
        }
    }
    let foreign = by_mark(&processes, hidden, own_mark, &mut found);
    for (folder, titled) in FOLDERS {
        for path in files(Path::new(folder)) {
            match status(&path) {
                Ok((device, inode)) if device == own.0 && inode != own.1 => {
                    let entry = found.entry(inode).or_default();
                    let name = path.file_name().filter(|_| titled);
                    entry.title = entry.title.take().or(name.map(|name| name.to_string_lossy().into_owned()));
                    entry.file.get_or_insert(path);
                }
                // A file without a namespace, or one that was just taken away.
                _ => {}
            }
        }
    }
    let known = found.into_iter().map(|(inode, found)| found.namespace(Some(inode), &processes));
    let mut all: Vec<Namespace> = known.collect();
    all.extend(foreign.into_values().map(|found| found.namespace(None, &processes)));
    Ok(told_apart(all))
}

/// The number of the calling thread's own namespace.
#[must_use]
pub fn own_inode() -> Option<u64> {
    status(Path::new(OWN)).ok().map(|(_, inode)| inode)
}

/// What was found of a namespace.
#[derive(Default)]
struct Found {
    title: Option<String>,
    file: Option<PathBuf>,
    first: Option<u32>,
    count: usize,
}

impl Found {
    fn add(&mut self, pid: u32) {
        self.first.get_or_insert(pid);
        self.count += 1;
    }

    fn namespace(self, inode: Option<u64>, processes: &Processes) -> Namespace {
        let door = match (inode, self.file, self.first) {
            (None, ..) => None,
            // A file outlives a process.
            (_, Some(path), _) => Some(Door::File(path)),
            (_, None, pid) => pid.map(Door::Process),
        };
        Namespace {
            title: self.title,
            process: self.first.and_then(|pid| processes.describe(pid)),
            processes: self.count,
            door,
            inode,
            ambiguous: false,
        }
    }
}

/// Sorts processes whose namespace is kept from this user by the marks that are not: into those known already, and
/// into further ones.
fn by_mark(
    processes: &Processes,
    hidden: Vec<u32>,
    own: Option<u64>,
    found: &mut BTreeMap<u64, Found>,
) -> BTreeMap<u64, Found> {
    let mut foreign: BTreeMap<u64, Found> = BTreeMap::new();
    if hidden.is_empty() {
        return foreign;
    }
    let marks: BTreeMap<u64, u64> = found
        .iter()
        .filter_map(|(inode, found)| Some((processes.inode_of(found.first?, MARK).ok()?, *inode)))
        .collect();
    for pid in hidden {
        let Ok(mark) = processes.inode_of(pid, MARK) else { continue };
        if Some(mark) == own {
            continue;
        }
        match marks.get(&mark).and_then(|inode| found.get_mut(inode)) {
            Some(known) => known.add(pid),
            None => foreign.entry(mark).or_default().add(pid),
        }
    }
    foreign
}

/// Sorted by name, with those marked that have the same one.
fn told_apart(namespaces: Vec<Namespace>) -> Vec<Namespace> {
    let mut named: Vec<(String, Namespace)> =
        namespaces.into_iter().map(|namespace| (namespace.to_string(), namespace)).collect();
    named.sort_by(|(one, _), (other, _)| one.cmp(other));
    for namesakes in named.chunk_by_mut(|(one, _), (other, _)| one == other) {
        let ambiguous = namesakes.len() > 1;
        for (_, namespace) in namesakes {
            namespace.ambiguous = ambiguous;
        }
    }
    named.into_iter().map(|(_, namespace)| namespace).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// The device and inode behind a path.
fn status(path: &Path) -> io::Result<(u64, u64)> {
    let status = fs::metadata(path)?;
    Ok((status.dev(), status.ino()))
}
