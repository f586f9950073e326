//! diagnose against one netlink dump that counts every socket by state and destination, and for sockets that processes
//! hold one walk over every descriptor: the least work that could give the same answer. Each part has a sandbox of its
//! own, with which its sockets are gone.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::fs;
use std::io::Read;
use std::mem::MaybeUninit;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use rustix::fs::CWD;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::RawDir;
use rustix::process::Resource;
use twtune::observe::network::each_socket;

use crate::compare;
use crate::own;
use crate::peak;
use crate::twtune;

const CLOSE_WAITS: usize = 100_000;

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
            links += read_links(&process.path().join("fd"));
        }
    }
    println!("{states:?} {} {links}", destinations.len());
}

fn read_links(folder: &std::path::Path) -> usize {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let Ok(folder) = rustix::fs::openat(CWD, folder, flags, Mode::empty()) else { return 0 };
    let mut names = Vec::with_capacity(64 << 10);
    let mut link = [MaybeUninit::uninit(); 64];
    let (mut entries, mut links) = (RawDir::new(&folder, names.spare_capacity_mut()), 0);
    while let Some(Ok(entry)) = entries.next() {
        links += usize::from(rustix::fs::readlinkat_raw(&folder, entry.file_name(), &mut link).is_ok());
    }
    links
}

/// Leaves so many `TIME_WAIT` sockets, closed by the client: spread over so many addresses of IPv4, and one in ten of
/// them to the one of IPv6 where there are fewer addresses than ports.
fn fill(sockets: usize, addresses: usize) {
    let fill = |port: u16, sockets: usize, addresses: usize, first: usize| {
        let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).expect("the loopback");
        for at in 0..sockets {
            let address = u32::try_from(first + at % addresses).expect("few");
            let address = if at % 10 == 9 && addresses < 10_000 {
                IpAddr::from(Ipv6Addr::LOCALHOST)
            } else {
                IpAddr::from(Ipv4Addr::from(0x7f00_0101 + address))
            };
            let client = TcpStream::connect((address, port)).expect("connected");
            let server = listener.accept().expect("accepted");
            drop(client);
            drop(server);
        }
    };
    thread::scope(|scope| {
        for thread in 0..2 {
            let port = u16::try_from(80 + thread).expect("a port");
            scope.spawn(move || fill(port, sockets / 2, addresses.div_ceil(2), thread * addresses / 2));
        }
    });
}

fn set(file: &str, value: &str) {
    fs::write(format!("/proc/sys/net/{file}"), value).expect("a setting of the sandbox");
}

fn diagnose() -> Command {
    let mut command = twtune();
    command.arg("diagnose");
    command
}

fn limit_command(what: &str) -> Command {
    let mut command = Command::new(own());
    command.args(["--limit", what]);
    command
}

/// Sockets in `TIME_WAIT`, at these many addresses. They are there for a minute.
pub(crate) fn bench_time_wait(sockets: usize, addresses: usize) {
    set("ipv4/tcp_tw_reuse", "0");
    set("ipv4/tcp_max_tw_buckets", "4000000");
    set("ipv4/ip_local_port_range", "1024 65535");
    println!("\ndiagnose {sockets} TIME_WAIT, {addresses} addresses");
    let start = Instant::now();
    fill(sockets, addresses);
    if start.elapsed() > Duration::from_secs(40) {
        return println!("  this machine is too busy to make so many while they last");
    }
    compare_counts();
    let rounds = if sockets > 500_000 { 8 } else { 20 };
    compare(
        &[("twtune diagnose", &diagnose), ("limit: a dump, counted", &|| limit_command("sockets"))],
        rounds,
    );
    peak(&diagnose());
}

/// `ss` and twtune count the same, by state and family.
fn compare_counts() {
    let by_ss = |family: &str| {
        let answer = Command::new("ss").args([family, "-Htan"]).output().expect("ss runs");
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for line in String::from_utf8_lossy(&answer.stdout).lines() {
            let state = line.split_whitespace().next().unwrap_or_default().to_lowercase();
            *counts.entry(state).or_default() += 1;
        }
        counts
    };
    let report = diagnose().args(["--format", "json"]).output().expect("twtune runs").stdout;
    let report: serde_json::Value = serde_json::from_slice(&report).expect("JSON");
    for (option, family) in [("-4", "ipv4"), ("-6", "ipv6")] {
        let counts: BTreeMap<String, u64> =
            serde_json::from_value(report["namespaces"][0]["families"][family].clone()).expect("counts");
        assert_eq!(counts, by_ss(option), "{family}: twtune and ss");
        println!("  {family}: {counts:?}, as ss counts");
    }
}

/// Holds so many sockets in `CLOSE_WAIT` until its standard input is closed.
pub(crate) fn hold(sockets: usize, port: u16) {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).expect("the loopback");
    let connect = |at: usize| {
        let address = Ipv4Addr::from(0x7f00_0101 + u32::try_from(at % 30).expect("few"));
        let client = TcpStream::connect((address, port)).expect("connected");
        listener.accept().expect("accepted");
        client
    };
    let _held: Vec<TcpStream> = (0..sockets).map(connect).collect();
    println!("ready");
    let _ = std::io::stdin().read(&mut [0; 1]);
}

/// Sockets in `CLOSE_WAIT`, held by several processes: each has as many descriptors as it may have.
pub(crate) fn bench_close_wait() {
    set("ipv4/ip_local_port_range", "1024 65535");
    let limit = rustix::process::getrlimit(Resource::Nofile).current;
    let each = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(CLOSE_WAITS) - 100;
    let mut holders: Vec<Child> = (0..CLOSE_WAITS.div_ceil(each))
        .map(|holder| {
            let sockets = each.min(CLOSE_WAITS - holder * each);
            let mut command = Command::new(own());
            command.args(["--limit", "hold", &sockets.to_string(), &(81 + holder).to_string()]);
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts")
        })
        .collect();
    for holder in &mut holders {
        let mut ready = [0; 5];
        holder.stdout.take().expect("piped").read_exact(&mut ready).expect("it holds them");
    }
    println!("\ndiagnose the owners of {CLOSE_WAITS} CLOSE_WAIT, {} processes", holders.len());
    compare(
        &[("twtune diagnose", &diagnose), ("limit: a dump, and every link", &|| limit_command("owners"))],
        20,
    );
    peak(&diagnose());
    for mut holder in holders {
        drop(holder.stdin.take());
        let _ = holder.wait();
    }
}
