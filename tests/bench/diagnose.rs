//! diagnose against one netlink dump that counts every socket by state and destination, and for sockets that processes
//! hold one walk over every descriptor: the least work that could give the same answer.

use std::collections::HashMap;
use std::env;
use std::fs;
use std::io::Read;
use std::net::Ipv4Addr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::process::Command;

use twtune::observe::network::each_socket;

use crate::compare;
use crate::own;
use crate::twtune;

/// As many as the descriptors that a process may have allow everywhere.
const HELD: usize = 900;

/// Counts by destination what a dump shows, and no more; with `owners` reads the links of every descriptor as well.
pub(crate) fn limit(owners: bool) {
    let mut states = [0_u32; 16];
    let mut destinations: HashMap<_, u32, foldhash::fast::RandomState> = HashMap::default();
    each_socket(&mut |socket| {
        states[socket.state as usize] += 1;
        *destinations.entry(socket.remote).or_default() += 1;
    })
    .expect("sockets");
    let mut links = 0;
    if owners {
        for process in fs::read_dir("/proc").expect("/proc").flatten() {
            let descriptors = fs::read_dir(process.path().join("fd")).into_iter().flatten().flatten();
            links += descriptors.filter(|descriptor| fs::read_link(descriptor.path()).is_ok()).count();
        }
    }
    println!("{states:?} {} {links}", destinations.len());
}

/// Leaves so many `TIME_WAIT` sockets, spread over so many destinations, closed by the client.
fn fill(sockets: usize, destinations: usize) {
    let place = |at: usize| (Ipv4Addr::from(0x7f00_0101 + u32::try_from(at).expect("few")), 80);
    let listeners: Vec<TcpListener> = (0..destinations)
        .map(|at| TcpListener::bind(place(at)).expect("an address of the loopback"))
        .collect();
    for at in 0..sockets {
        let client = TcpStream::connect(place(at % destinations)).expect("connected");
        let (mut server, _) = listeners[at % destinations].accept().expect("accepted");
        drop(client);
        let _ = server.read(&mut [0; 1]);
    }
}

fn set(file: &str, value: &str) {
    fs::write(format!("/proc/sys/net/ipv4/{file}"), value).expect("a setting of the sandbox");
}

/// Runs inside the sandbox. The number can be set: 300,000 need a quiet machine for half a minute.
pub(crate) fn bench() {
    let sockets = env::var("TWTUNE_BENCH_SOCKETS").ok().and_then(|text| text.parse().ok()).unwrap_or(300_000);
    set("tcp_tw_reuse", "0");
    set("tcp_max_tw_buckets", "4000000");
    set("ip_local_port_range", "1024 65535");
    let limit = |what: &'static str| {
        move || {
            let mut command = Command::new(own());
            command.args(["--limit", what]);
            command
        }
    };
    let diagnose = || {
        let mut command = twtune();
        command.arg("diagnose");
        command
    };
    fill(sockets, 1 + sockets / 5000);
    println!("\ndiagnose {sockets} TIME_WAIT");
    compare(&[("twtune diagnose", &diagnose), ("limit: a dump, counted", &limit("sockets"))], 20);
    let held = hold(HELD);
    println!("\ndiagnose the owner of {} CLOSE_WAIT besides", held.len());
    compare(&[("twtune diagnose", &diagnose), ("limit: a dump, and every link", &limit("owners"))], 20);
}

/// Sockets in `CLOSE_WAIT`, which this process holds.
fn hold(sockets: usize) -> Vec<TcpStream> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 81)).expect("an address of the loopback");
    let connect = || {
        let client = TcpStream::connect((Ipv4Addr::LOCALHOST, 81)).expect("connected");
        listener.accept().expect("accepted");
        client
    };
    (0..sockets).map(|_| connect()).collect()
}
