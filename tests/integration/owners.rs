//! Who holds a socket, and how it was set up: looked up among real processes.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use rustix::fd::AsRawFd;
use rustix::thread::Uid;
use twtune::facts::Owners;
use twtune::facts::SocketOptions;
use twtune::observe::process::owners;
use twtune::observe::process::socket_options;

use crate::host::Background;
use crate::host::Host;
use crate::sandbox;

/// Makes sockets and writes `KIND INODE` of each; a child, whose name is no name, holds `shared` as well.
const HOLDER: &str = r#"
import os, socket, struct, sys, time
lines = []
def tell(kind, s):
    lines.append(f"{kind} {os.fstat(s.fileno()).st_ino}\n")
plain = socket.socket()
plain.bind(("127.0.0.1", 8001))
plain.listen(50)
tell("plain", plain)
ready = socket.socket()
for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT, socket.SO_KEEPALIVE):
    ready.setsockopt(socket.SOL_SOCKET, option, 1)
ready.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
ready.bind(("127.0.0.1", 8002))
ready.listen(5)
tell("ready", ready)
client = socket.socket()
client.setsockopt(socket.SOL_IP, 24, 1)
client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 30))
client.bind(("127.0.0.2", 0))
client.connect(("127.0.0.1", 8001))
tell("client", client)
shared = plain.accept()[0]
tell("shared", shared)
leaked = []
for _ in range(20):
    socket.create_connection(("127.0.0.1", 8001)).close()
    leaked.append(plain.accept()[0])
    tell("leaked", leaked[-1])
os.dup(leaked[0].fileno())
if os.fork() == 0:
    os.dup2(shared.fileno(), 3)
    os.closerange(4, 256)
    open("/proc/self/comm", "w").write("c) S 1\x1b[31m")
    time.sleep(1000)
while not open(f"/proc/self/task/{os.getpid()}/children").read():
    time.sleep(0.01)
time.sleep(0.2)
open(sys.argv[1], "w").writelines(lines)
print("ready", flush=True)
time.sleep(1000)
"#;

struct Holder {
    host: Host,
    process: Background,
    sockets: BTreeMap<String, Vec<u32>>,
}

impl Holder {
    fn start() -> Option<Self> {
        let host = Host::start()?;
        let script = host.file("holder.py", HOLDER);
        let list = host.path("sockets");
        let process = host.background(&format!("exec python3 {} {}", script.display(), list.display()));
        let mut sockets: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for line in std::fs::read_to_string(list).expect("the holder wrote its sockets").lines() {
            let (kind, inode) = line.split_once(' ').expect("two words");
            sockets.entry(kind.into()).or_default().push(inode.parse().expect("a number"));
        }
        Some(Self { host, process, sockets })
    }

    fn all(&self) -> impl Iterator<Item = u32> {
        self.sockets.values().flatten().copied()
    }

    fn one(&self, kind: &str) -> u32 {
        self.sockets[kind][0]
    }

    fn owners(&self) -> Owners {
        owners(self.all()).expect("/proc is there")
    }
}

/// Does something as the user nobody, who has no rights. None where this machine does not let us become nobody.
fn as_nobody<T: Send>(what: impl FnOnce() -> T + Send) -> Option<T> {
    if !sandbox::is_root() {
        sandbox::lacking("becoming another user needs root: run the tests as root");
        return None;
    }
    let work = move || {
        let nobody = Uid::from_raw(65534);
        // The calling thread alone.
        rustix::thread::set_thread_res_uid(nobody, nobody, nobody).expect("root may become anybody");
        what()
    };
    thread::scope(|scope| Some(scope.spawn(work).join().expect("it does not panic")))
}

#[test]
fn every_socket_asked_for_has_its_processes() {
    let Some(holder) = Holder::start() else { return };
    let found = holder.owners();
    assert_eq!(found.processes.len(), 2, "{found:#?}");
    let parent = &found.processes[0];
    let child = &found.processes[1];
    assert_eq!((parent.pid, parent.name.as_str()), (holder.process.id(), "python3"));
    assert_eq!(child.name, "c) S 1\u{1b}[31m", "a name is what the process says it is");
    for process in [parent, child] {
        let age = process.age.expect("a process has an age");
        assert!(age < Duration::from_mins(5), "{process:?}");
        let own = owners_of_this_process().processes[0].age.expect("this process has an age");
        assert!(age <= own, "what this test started is no older: {process:?}, {own:?}");
    }
    for inode in holder.all() {
        let holders: Vec<u32> = found.of(inode).iter().map(|holding| holding.process).collect();
        let expected: &[u32] = if inode == holder.one("shared") {
            &[0, 1]
        } else if inode == holder.one("leaked") {
            &[0, 0]
        } else {
            &[0]
        };
        assert_eq!(holders, expected, "{inode}: {found:#?}");
    }
    assert!(found.not_seen.is_empty(), "{found:#?}");
    // Those that were not asked for are not there.
    let some = owners([holder.one("plain")]).expect("/proc is there");
    assert_eq!((some.of(holder.one("plain")).len(), some.of(holder.one("ready")).len()), (1, 0));
}

fn owners_of_this_process() -> Owners {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a socket");
    let link = std::fs::read_link(format!("/proc/self/fd/{}", socket.as_raw_fd())).expect("a link");
    let number =
        link.to_str().and_then(|link| link.strip_prefix("socket:[")?.strip_suffix(']')).expect("a socket");
    owners([number.parse().expect("a number")]).expect("/proc is there")
}

#[test]
fn a_socket_that_is_gone_has_no_owner_and_is_no_error() {
    let Some(Holder { host, process, sockets }) = Holder::start() else { return };
    let inodes: Vec<u32> = sockets.values().flatten().copied().collect();
    let found = owners(inodes.iter().copied()).expect("/proc is there");
    drop(process);
    let look = socket_options(&found, inodes.iter().copied());
    assert!(look.found.is_empty() && look.not_seen.is_empty(), "its process ended: {look:#?}");
    // The child ends with its parent, if not at once.
    let look = || owners(inodes.iter().copied()).expect("/proc is there");
    let is_over = |owners: &Owners| owners.processes.is_empty();
    let after = (0..50).map(|_| (thread::sleep(Duration::from_millis(100)), look()).1).find(is_over);
    let after = after.unwrap_or_else(look);
    assert!(inodes.iter().all(|inode| after.of(*inode).is_empty()), "{after:#?}");
    assert!(
        after.not_seen[0].starts_with(&format!("the owners of {} sockets: ", inodes.len())),
        "{after:#?}"
    );
    assert!(owners([]).expect("nothing is looked at").processes.is_empty());
    drop(host);
}

#[test]
fn the_options_are_those_that_the_program_set() {
    let Some(holder) = Holder::start() else { return };
    let found = holder.owners();
    let before = descriptors();
    let look = socket_options(&found, holder.all());
    assert_eq!(descriptors(), before, "every duplicate was closed");
    assert_eq!(look.found.len(), holder.all().count(), "{look:#?}");
    assert!(look.not_seen.is_empty(), "{look:#?}");
    let of = |kind: &str| {
        let inode = holder.one(kind);
        look.found.iter().find(|(of, _)| *of == inode).expect("it was looked into").1
    };
    let plain = SocketOptions {
        reuse_address: false,
        reuse_port: false,
        keep_alive: false,
        linger: None,
        listens: true,
        bind_no_port: Some(false),
    };
    assert_eq!(of("plain"), plain);
    assert_eq!(of("leaked"), SocketOptions { listens: false, ..plain });
    assert_eq!(
        of("ready"),
        SocketOptions {
            reuse_address: true,
            reuse_port: true,
            keep_alive: true,
            linger: Some(Duration::ZERO),
            ..plain
        }
    );
    assert_eq!(
        of("client"),
        SocketOptions {
            linger: Some(Duration::from_secs(30)),
            listens: false,
            bind_no_port: Some(true),
            ..plain
        }
    );
    // The sockets are as they were: the server still answers, and closing is still closing.
    holder.host.sh("python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", 8002))'");
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/thread-self/fd").expect("own descriptors").count()
}

#[test]
fn what_may_not_be_looked_into_is_told() {
    let Some(holder) = Holder::start() else { return };
    let inodes: Vec<u32> = holder.all().collect();
    let Some(found) = as_nobody(|| owners(inodes.iter().copied()).expect("/proc is there")) else { return };
    assert!(found.processes.is_empty(), "{found:#?}");
    assert_eq!(found.not_seen.len(), 1, "{found:#?}");
    assert!(
        found.not_seen[0].starts_with(&format!("the owners of {} sockets: not permitted", inodes.len())),
        "{found:#?}"
    );
    let known = holder.owners();
    let Some(look) = as_nobody(|| socket_options(&known, inodes.iter().copied())) else { return };
    assert!(look.found.is_empty(), "{look:#?}");
    assert_eq!(look.not_seen.len(), 1, "{look:#?}");
    assert!(look.not_seen[0].contains("not permitted"), "{look:#?}");
}
