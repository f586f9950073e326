//! A `CLOSE_WAIT` is a program's, and ends with it.

use std::collections::BTreeMap;
use std::io;
use std::net::TcpStream;
use std::process::Stdio;
use std::time::Duration;

use rustix::fd::OwnedFd;

use crate::facts::State;
use crate::lab::Course;
use crate::lab::Experiment;
use crate::lab::Verdict;
use crate::lab::system::experiment::kill_does_not_remove::wait_for_ready;
use crate::lab::system::look;
use crate::lab::system::look::End;
use crate::lab::system::notes::Notes;
use crate::lab::system::side::set;
use crate::lab::system::side::wait_until;
use crate::lab::system::task;
use crate::lab::system::task::Work;
use crate::lab::system::tcp;
use crate::observe::process;
use crate::setting::Version;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "close-wait-leak",
    claim: "CLOSE_WAIT is a program that does not close: no setting ends it, the process that holds it can be named, and \
            it ends with that process.",
    method: "A server process accepts 20 connections and keeps them; the clients close. Every setting that is said to \
             help is at its sharpest for 30 s. The holder is found by the sockets' inodes, then killed.",
    expected: &[(Version::ZERO, Verdict::Confirmed)],
    proves: &[
        "close-wait",
        "close-wait-leak",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_retries2",
        "net.ipv4.tcp_orphan_retries",
    ],
    seconds: 31,
    course: Course::Waits,
};

const COUNT: usize = 20;
const PATIENCE: Duration = Duration::from_secs(20);
const WAIT: Duration = Duration::from_secs(30);

/// What is said to help.
const SETTINGS: [(&str, &str); 9] = [
    ("net.ipv4.tcp_fin_timeout", "1"),
    ("net.ipv4.tcp_tw_reuse", "1"),
    ("net.ipv4.tcp_keepalive_time", "2"),
    ("net.ipv4.tcp_keepalive_intvl", "1"),
    ("net.ipv4.tcp_keepalive_probes", "2"),
    ("net.ipv4.tcp_retries2", "1"),
    ("net.ipv4.tcp_orphan_retries", "1"),
    ("net.ipv4.tcp_max_tw_buckets", "0"),
    ("net.ipv4.tcp_rfc1337", "1"),
];

pub(super) fn run(notes: &mut Notes) -> io::Result<String> {
    for (key, value) in SETTINGS {
        set(key, value)?;
    }
    let listener = tcp::listen(tcp::PORT)?;
    let address = listener.local_addr()?;
    let mut server = task::start(Work::Keep(COUNT), Stdio::from(OwnedFd::from(listener)))?;
    let clients: Vec<TcpStream> =
        (0..COUNT).map(|_| TcpStream::connect(address)).collect::<io::Result<_>>()?;
    wait_for_ready(&mut server)?;
    drop(clients);
    let count = || look::count(End::Server, tcp::PORT, State::CloseWait);
    wait_until(PATIENCE, || Ok(count()? == COUNT))?;
    let made = count()?;
    std::thread::sleep(WAIT);
    let left = count()?;
    let inodes = look::sockets(End::Server, tcp::PORT)?.iter().map(|socket| socket.inode).collect::<Vec<_>>();
    let holders = holders(&inodes)?;
    let named = holders.get(&server.id()).copied().unwrap_or_default();
    server.kill()?;
    server.wait()?;
    let gone = wait_until(PATIENCE, || Ok(count()? == 0))?;

    notes.saw("CLOSE_WAIT", made);
    notes.saw("after 30 s with every setting at its sharpest", left);
    notes.saw("held by the server's process", named);
    notes.saw("held by other processes", holders.values().sum::<usize>() - named);
    notes.saw("after its process was killed", count()?);
    notes.claims("the server's ends are in CLOSE_WAIT", made == COUNT);
    notes.claims("no setting ends them", left == COUNT);
    notes.claims("the process that holds them can be named", named == COUNT && holders.len() == 1);
    notes.claims("they end with their process", gone);
    Ok(format!(
        "{left} of {made} CLOSE_WAITs were there after 30 s, all held by the one process that did not close \
                them, and none when it was killed"
    ))
}

/// How many of these sockets each process holds, as far as this user may see.
fn holders(inodes: &[u32]) -> io::Result<BTreeMap<u32, usize>> {
    let owners = process::owners(inodes.iter().copied())?;
    let mut holders = BTreeMap::new();
    for holding in inodes.iter().flat_map(|inode| owners.of(*inode)) {
        if let Some(process) = owners.processes.get(holding.process as usize) {
            *holders.entry(process.pid).or_default() += 1;
        }
    }
    Ok(holders)
}
