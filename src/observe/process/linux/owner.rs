//! Who holds a socket: every process's descriptors are looked at once, and only those of sockets that were asked
//! for are kept.

use std::io;

use rustix::fd::AsFd;
use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::facts::Holding;
use crate::facts::Owners;
use crate::observe::process::processes::Processes;
use crate::observe::process::processes::visit_entries;

/// The longest link that is read: `socket:[4294967295]` and its like.
const LINK: usize = 64;
/// A folder is read in pieces of this size.
const PIECE: usize = 64 << 10;

/// Finds the processes that hold these sockets. A process that ends meanwhile holds nothing.
///
/// # Errors
/// There is no `/proc` here.
pub fn owners(sockets: impl IntoIterator<Item = u32>) -> io::Result<Owners> {
    let mut wanted: Vec<u32> = sockets.into_iter().filter(|inode| *inode != 0).collect();
    wanted.sort_unstable();
    wanted.dedup();
    if wanted.is_empty() {
        return Ok(Owners::default());
    }
    let mut all = Processes::open()?;
    let mut buffer = Vec::with_capacity(PIECE);
    let (mut processes, mut holdings) = (Vec::new(), Vec::new());
    let mut closed = 0_usize;
    for pid in all.pids()? {
        let before = holdings.len();
        let process = u32::try_from(processes.len()).unwrap_or(u32::MAX);
        let looked = all.open_of(pid, "fd", OFlags::RDONLY | OFlags::DIRECTORY).and_then(|folder| {
            look(&folder, &mut buffer, |inode, descriptor| {
                if wanted.binary_search(&inode).is_ok() {
                    holdings.push(Holding { inode, process, descriptor });
                }
            })
        });
        // The links of a process that has ended meanwhile are refused as those of a stranger are.
        let refused = matches!(looked, Err(Errno::ACCESS | Errno::PERM));
        closed += usize::from(refused && all.inode_of(pid, "fd").is_ok());
        if holdings.len() > before {
            match all.describe(pid) {
                Some(found) => processes.push(found),
                None => holdings.truncate(before),
            }
        }
    }
    let mut owners = Owners::new(processes, holdings);
    let lost = wanted.iter().filter(|inode| owners.of(**inode).is_empty()).count();
    owners.not_seen = not_seen(lost, closed, rustix::process::geteuid().is_root());
    Ok(owners)
}

/// Why some sockets have no owner.
fn not_seen(lost: usize, closed: usize, is_root: bool) -> Vec<String> {
    let sockets = match lost {
        0 => return Vec::new(),
        1 => "the owner of 1 socket",
        _ => &format!("the owners of {lost} sockets"),
    };
    let who = if is_root { "not even root may here" } else { "root may" };
    let why = match closed {
        0 => "closed meanwhile, or held by a process that /proc does not show here",
        1 => &format!("not permitted to look into 1 process ({who})"),
        _ => &format!("not permitted to look into {closed} processes ({who})"),
    };
    vec![format!("{sockets}: {why}")]
}

/// Visits the sockets among the descriptors in the folder.
fn look(folder: impl AsFd, buffer: &mut Vec<u8>, mut found: impl FnMut(u32, i32)) -> Result<(), Errno> {
    let mut link = [std::mem::MaybeUninit::uninit(); LINK];
    let mut refused = Ok(());
    visit_entries(folder.as_fd(), buffer.spare_capacity_mut(), |name| {
        let Some(descriptor) = number(name.to_bytes()) else { return true };
        match rustix::fs::readlinkat_raw(folder.as_fd(), name, &mut link) {
            Ok((target, _)) => {
                if let (Some(inode), Ok(descriptor)) = (socket(target), i32::try_from(descriptor)) {
                    found(inode, descriptor);
                }
                true
            }
            // What is kept from us once is kept from us for all of them.
            Err(error @ (Errno::ACCESS | Errno::PERM)) => {
                refused = Err(error);
                false
            }
            Err(_) => true,
        }
    })?;
    refused
}

/// The number in `socket:[NUMBER]`.
fn socket(link: &[u8]) -> Option<u32> {
    number(link.strip_prefix(b"socket:[")?.strip_suffix(b"]")?)
}

/// A number in decimal digits: no sign, no space.
fn number(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u32, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| u32::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_to_sockets_are_sockets() {
        assert_eq!(socket(b"socket:[1234]"), Some(1234));
        assert_eq!(socket(b"socket:[4294967295]"), Some(u32::MAX));
        for other in
            ["socket:[4294967296]", "socket:[]", "socket:[+1]", "socket:[12", "pipe:[12]", "/socket:[12]", ""]
        {
            assert_eq!(socket(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn why_there_is_no_owner_is_told() {
        assert!(not_seen(0, 5, false).is_empty());
        let told = |lost, closed| not_seen(lost, closed, false).concat();
        assert_eq!(told(1, 1), "the owner of 1 socket: not permitted to look into 1 process (root may)");
        assert_eq!(told(2, 3), "the owners of 2 sockets: not permitted to look into 3 processes (root may)");
        assert!(told(2, 0).contains("closed meanwhile"));
        // Who is root already is not sent to root.
        assert!(not_seen(1, 1, true).concat().ends_with("1 process (not even root may here)"));
    }
}
