//! What each check of sockets finds, and what it leaves alone: on traffic that is put together here, where every number
//! can be had.

use twtune::advise::Diagnosis;
use twtune::advise::checks::Severity;
use twtune::advise::diagnose;
use twtune::facts::Address;
use twtune::facts::Counters;
use twtune::facts::Endpoint;
use twtune::facts::LiveReading;
use twtune::facts::LiveState;
use twtune::facts::Looked;
use twtune::facts::Of;
use twtune::facts::Owner;
use twtune::facts::Process;
use twtune::facts::Snapshot;
use twtune::facts::Socket;
use twtune::facts::SocketOptions;
use twtune::facts::Sockets;
use twtune::facts::State;
use twtune::facts::Traffic;
use twtune::setting::Key;
use twtune::setting::PortRange;

const RANGE: PortRange = PortRange { low: 20000, high: 20999 };

fn at(host: u8, port: u16) -> Endpoint {
    Endpoint { address: Address::v4([192, 0, 2, host]), port }
}

fn socket(state: State, local: Endpoint, remote: Endpoint) -> Socket {
    let expires = (state == State::TimeWait).then_some(30_000);
    Socket {
        v6: false,
        state,
        local,
        remote,
        expires,
        receive_queue: 0,
        send_queue: 0,
        inode: u32::from(state != State::TimeWait) * (1000 + u32::from(local.port)),
        v6_only: None,
        no_port: None,
    }
}

/// Traffic of a host where nothing happens.
fn quiet() -> Traffic {
    let mut traffic = Traffic {
        id: None,
        name: "fixture".into(),
        settings: Snapshot::new(),
        sockets: Sockets::new(RANGE),
        before: None,
        counters: Counters::default(),
        owners: Vec::new(),
        looked: Vec::new(),
        tick: 4,
        partial: false,
        not_seen: Vec::new(),
    };
    for (key, value) in [
        ("net.core.somaxconn", "4096"),
        ("net.ipv4.tcp_max_tw_buckets", "131072"),
        ("net.ipv4.tcp_max_orphans", "131072"),
        ("net.ipv4.tcp_tw_reuse", "2"),
        ("net.ipv4.tcp_tw_reuse_delay", "1000"),
        ("net.ipv4.tcp_timestamps", "1"),
        ("net.ipv4.tcp_fin_timeout", "60"),
        ("net.ipv4.ip_local_reserved_ports", ""),
    ] {
        set(&mut traffic, key, value);
    }
    traffic
}

fn set(traffic: &mut Traffic, key: &str, value: &str) {
    let state = LiveState::Present(value.into());
    let key = Key::parse(key).expect("a key");
    traffic.settings.insert(key, LiveReading { state, writable: None, newer_than_boot: false });
}

fn count(traffic: &mut Traffic, name: &str, total: u64) {
    traffic.counters.totals.insert(name.into(), total);
}

/// Connections from here, the half of the ports that `connect()` takes first before the other.
fn connect(traffic: &mut Traffic, state: State, number: u16, remote: Endpoint) {
    let even = (0..500).map(|n| 20000 + n * 2);
    let odd = (0..500).map(|n| 20001 + n * 2);
    for port in even.chain(odd).take(usize::from(number)) {
        traffic.sockets.add(&socket(state, at(1, port), remote));
    }
}

fn listen(traffic: &mut Traffic, port: u16, waiting: u32, backlog: u32) {
    let listener = Socket {
        receive_queue: waiting,
        send_queue: backlog,
        ..socket(State::Listen, at(1, port), at(0, 0))
    };
    traffic.sockets.add(&listener);
}

fn accept(traffic: &mut Traffic, state: State, number: u16, port: u16) {
    for client in 0..number {
        traffic.sockets.add(&socket(state, at(1, port), at(9, 1024 + client)));
    }
}

fn process(pid: u32) -> Process {
    Process { pid, name: "crawler".into(), unit: None, age: None }
}

/// The severity with which a check speaks up, if it does.
fn heard(found: &Diagnosis, check: &str) -> Option<Severity> {
    let concern = found.concerns.iter().find(|concern| concern.check.id == check)?;
    assert!(!concern.evidence.is_empty() && !concern.advice.is_empty(), "{concern:?}");
    Some(concern.severity)
}

fn hear(traffic: Traffic, check: &str) -> Option<Severity> {
    heard(&diagnose(traffic), check)
}

#[test]
fn where_nothing_happens_nothing_is_found() {
    let found = diagnose(quiet());
    assert!(found.concerns.is_empty(), "{:?}", found.concerns);
    assert_eq!(found.choice.profile, "general");
}

#[test]
fn ports_that_run_out() {
    let check = "time-wait-exhausts-ports";
    for (number, expected) in [(100, None), (600, Some(Severity::Warning)), (1000, Some(Severity::Error))] {
        let mut traffic = quiet();
        connect(&mut traffic, State::TimeWait, number, at(2, 443));
        assert_eq!(hear(traffic, check), expected, "{number}");
    }
    // What may be taken out of TIME_WAIT is not in the way.
    let mut traffic = quiet();
    set(&mut traffic, "net.ipv4.tcp_tw_reuse", "1");
    connect(&mut traffic, State::TimeWait, 500, at(2, 443));
    assert_eq!(hear(traffic, check), None);
    // Spread over many destinations as many do no harm, and that is said.
    let mut traffic = quiet();
    for host in 10..30 {
        connect(&mut traffic, State::TimeWait, 100, at(host, 443));
    }
    let found = diagnose(traffic);
    assert_eq!(heard(&found, check), None);
    assert_eq!(heard(&found, "time-wait-harmless"), Some(Severity::Note));
    assert_eq!(found.choice.profile, "outbound");
    assert!(!found.has_faults());
}

#[test]
fn ports_that_were_bound_before() {
    let check = "bound-ports-exhaust-host";
    let bound = |no_port: Option<bool>| {
        let mut traffic = quiet();
        for n in 0..300 {
            let local = at(1, 20001 + n * 2);
            let recent = Socket {
                expires: Some(55_000),
                no_port,
                ..socket(State::TimeWait, local, at(2 + u8::try_from(n % 3).expect("small"), 443))
            };
            traffic.sockets.add(&recent);
        }
        diagnose(traffic)
    };
    let found = bound(None);
    assert!(heard(&found, check).is_some());
    assert!(found.headroom.iter().all(|room| room.bound && room.headroom == 700), "{:?}", found.headroom);
    assert_eq!(found.ports.blocked, 300);
    assert_eq!(heard(&bound(Some(true)), check), None);

    // Also when all are used up: bind() took the other half first, each port for one of them only.
    let mut traffic = quiet();
    let order = (0..500).map(|n| 20001 + n * 2).chain((0..500).map(|n| 20000 + n * 2));
    for (n, port) in (0..1000_u32).zip(order) {
        let expires = Some(50_000 + n * 10);
        let remote = at(2 + u8::try_from(n % 3).expect("small"), 443);
        traffic.sockets.add(&Socket { expires, ..socket(State::TimeWait, at(1, port), remote) });
    }
    let found = diagnose(traffic);
    assert_eq!(heard(&found, check), Some(Severity::Error));
    assert_eq!(heard(&found, "time-wait-exhausts-ports"), None);
    assert!(found.headroom.iter().all(|room| room.bound && room.headroom == 0), "{:?}", found.headroom);
}

#[test]
fn a_full_table() {
    let check = "time-wait-table-full";
    for (now, overflows, expected) in [
        (1000, 0, None),
        (110_000, 0, Some(Severity::Warning)),
        (131_072, 0, Some(Severity::Error)),
        (10, 5, Some(Severity::Note)),
    ] {
        let mut traffic = quiet();
        count(&mut traffic, "TCP.tw", now);
        count(&mut traffic, "TcpExt.TCPTimeWaitOverflow", overflows);
        assert_eq!(hear(traffic, check), expected, "{now} {overflows}");
    }
    let mut traffic = quiet();
    set(&mut traffic, "net.ipv4.tcp_max_tw_buckets", "-1");
    count(&mut traffic, "TCP.tw", 10_000_000);
    assert_eq!(hear(traffic, check), None, "there is no limit");
    let mut traffic = quiet();
    traffic.counters.added = Some(([("TcpExt.TCPTimeWaitOverflow".into(), 1)].into(), 10.0));
    assert_eq!(hear(traffic, check), Some(Severity::Error), "it goes on now");
    // A table that is smaller than the range lets no ports run out.
    for (most, expected) in [("1000", Some(Severity::Error)), ("400", None)] {
        let mut traffic = quiet();
        set(&mut traffic, "net.ipv4.tcp_max_tw_buckets", most);
        for n in 0..300_u16 {
            let young = Some(59_000 + u32::from(n) * 2);
            let local = at(1, 20000 + n * 2);
            traffic.sockets.add(&Socket { expires: young, ..socket(State::TimeWait, local, at(2, 443)) });
        }
        assert_eq!(hear(traffic, "time-wait-exhausts-ports"), expected, "{most}");
    }
}

#[test]
fn timestamps_that_are_missing() {
    let check = "tw-reuse-without-timestamps";
    for (reuse, expected) in [("0", None), ("1", Some(Severity::Warning)), ("2", Some(Severity::Note))] {
        let mut traffic = quiet();
        set(&mut traffic, "net.ipv4.tcp_tw_reuse", reuse);
        set(&mut traffic, "net.ipv4.tcp_timestamps", "0");
        assert_eq!(hear(traffic, check), expected, "{reuse}");
    }
    // At the peer: its ports of the other half are taken, although old ones of the first are there.
    let passed_over = |reuse: &str| {
        let mut traffic = quiet();
        set(&mut traffic, "net.ipv4.tcp_tw_reuse", reuse);
        connect(&mut traffic, State::TimeWait, 500, at(2, 443));
        for n in 0..20 {
            let local = at(1, 20001 + n * 2);
            traffic
                .sockets
                .add(&Socket { expires: Some(59_000), ..socket(State::TimeWait, local, at(2, 443)) });
        }
        hear(traffic, check)
    };
    assert_eq!(passed_over("1"), Some(Severity::Warning));
    assert_eq!(passed_over("0"), None);
}

fn leak(number: u16, oldest: Option<u64>) -> Traffic {
    let mut traffic = quiet();
    connect(&mut traffic, State::CloseWait, number, at(2, 443));
    let mut sockets = twtune::facts::Counts::default();
    (0..number).for_each(|_| sockets.add(State::CloseWait));
    traffic.owners.push(Owner {
        process: process(7),
        sockets,
        listens_on: Vec::new(),
        close_waits: vec![(Of::Destination(0), number.into())],
        oldest_close_wait: oldest,
    });
    traffic
}

#[test]
fn what_is_not_closed_here() {
    let check = "close-wait-leak";
    assert_eq!(hear(leak(5, Some(500)), check), None, "a few");
    assert_eq!(hear(leak(50, Some(3)), check), None, "on their way");
    assert_eq!(hear(leak(50, Some(61)), check), Some(Severity::Warning));
    assert_eq!(hear(leak(1000, Some(0)), check), Some(Severity::Error));
    let found = diagnose(leak(50, Some(61)));
    assert_eq!(found.concerns[0].subject, "crawler (process 7)");
    // Nobody is named where nobody can be seen.
    let mut hidden = leak(50, Some(61));
    hidden.owners.clear();
    assert_eq!(hear(hidden, check), Some(Severity::Warning));
}

#[test]
fn what_only_grows_is_not_closed_here() {
    let check = "close-wait-leak";
    let later = |now: u16, before: u16, closed: u16, seconds: f64| {
        let mut traffic = leak(now, Some(3));
        let mut earlier = Sockets::new(RANGE);
        // Another destination comes first, so that places have other numbers.
        earlier.add(&socket(State::CloseWait, at(1, 20999), at(3, 443)));
        for port in (0..before).map(|n| 20000 + n * 2) {
            earlier.add(&socket(State::CloseWait, at(1, port), at(2, 443)));
        }
        for port in (0..closed).map(|n| 20001 + n * 2) {
            earlier.add(&socket(State::CloseWait, at(1, port), at(2, 443)));
        }
        traffic.before = Some((earlier, seconds));
        diagnose(traffic)
    };
    let found = later(50, 20, 0, 10.0);
    assert_eq!(heard(&found, check), Some(Severity::Warning));
    assert_eq!(found.concerns[0].subject, "crawler (process 7)");
    let grown = &found.concerns[0].evidence.iter().find(|(name, _)| *name == "growing").expect("it grew").1;
    assert_eq!(grown, "20 of them 10 s ago, none of which was closed since");
    assert_eq!(heard(&later(50, 20, 1, 10.0), check), None, "one was closed: they are merely late");
    assert_eq!(heard(&later(50, 50, 0, 10.0), check), None, "none came");
    assert_eq!(heard(&later(50, 9, 0, 10.0), check), None, "a few");
    assert_eq!(heard(&later(50, 20, 0, 2.0), check), None, "a burst");
}

#[test]
fn who_does_not_close_may_be_on_this_host() {
    let check = "fin-wait-2-piles-up";
    for (here, of_ours) in [(0, false), (49, false), (50, true), (100, true)] {
        let mut traffic = leak(0, None);
        traffic.owners[0].sockets.add(State::CloseWait);
        for n in 0..100 {
            let (client, server) = (at(1, 20000 + n), at(1, 80));
            traffic.sockets.add(&Socket { inode: 0, ..socket(State::FinWait2, client, server) });
            let peer = if n < here { client } else { at(9, 20000 + n) };
            traffic
                .sockets
                .add(&Socket { inode: 5000 + u32::from(n), ..socket(State::CloseWait, server, peer) });
        }
        assert_eq!(traffic.sockets.half_closed, u32::from(here));
        let found = diagnose(traffic);
        assert_eq!(heard(&found, check), Some(Severity::Warning), "{here}");
        let concern = found.concerns.iter().find(|concern| concern.check.id == check).expect("a concern");
        assert_eq!(concern.advice[0].contains("crawler (process 7)"), of_ours, "{here} {concern:?}");
        assert_eq!(concern.advice[0].contains("mend the peer"), !of_ours, "{here} {concern:?}");
    }
}

#[test]
fn what_is_not_closed_there() {
    let check = "fin-wait-2-piles-up";
    let mut traffic = quiet();
    connect(&mut traffic, State::FinWait2, 99, at(2, 443));
    assert_eq!(hear(traffic, check), None);
    let mut traffic = quiet();
    connect(&mut traffic, State::FinWait2, 100, at(2, 443));
    assert_eq!(hear(traffic, check), Some(Severity::Warning));
    let mut orphans = quiet();
    for n in 0..100 {
        let orphan = Socket { inode: 0, ..socket(State::FinWait2, at(1, 20000 + n), at(2, 443)) };
        orphans.sockets.add(&orphan);
    }
    set(&mut orphans, "net.ipv4.tcp_fin_timeout", "180");
    let found = diagnose(orphans);
    assert_eq!(heard(&found, check), Some(Severity::Warning));
    assert!(
        found.concerns[0].advice.iter().any(|advice| advice.contains("240 seconds")),
        "{:?}",
        found.concerns
    );
}

#[test]
fn orphans() {
    let check = "orphans-near-limit";
    for (orphans, aborted, expected) in [
        (1000, 0, None),
        (70_000, 0, Some(Severity::Warning)),
        (120_000, 0, Some(Severity::Error)),
        (0, 3, Some(Severity::Note)),
    ] {
        let mut traffic = quiet();
        count(&mut traffic, "TCP.orphan", orphans);
        count(&mut traffic, "TcpExt.TCPAbortOnMemory", aborted);
        assert_eq!(hear(traffic, check), expected, "{orphans} {aborted}");
    }
}

#[test]
fn queues() {
    let (overflow, clipped) = ("listen-queue-overflows", "backlog-clipped");
    for (waiting, backlog, expected) in [(0, 128, None), (128, 128, None), (129, 128, Some(Severity::Error))]
    {
        let mut traffic = quiet();
        listen(&mut traffic, 80, waiting, backlog);
        let found = diagnose(traffic);
        assert_eq!(heard(&found, overflow), expected, "{waiting}");
        assert_eq!(heard(&found, clipped), None, "it asked for less than it may have");
    }
    let mut traffic = quiet();
    count(&mut traffic, "TcpExt.ListenOverflows", 5);
    assert_eq!(hear(traffic, overflow), Some(Severity::Note), "long ago");
    let mut traffic = quiet();
    traffic.counters.added = Some(([("TcpExt.ListenOverflows".into(), 5)].into(), 10.0));
    assert_eq!(hear(traffic, overflow), Some(Severity::Error), "now");
    for (waiting, expected) in [(0, Severity::Note), (64, Severity::Warning)] {
        let mut traffic = quiet();
        set(&mut traffic, "net.core.somaxconn", "128");
        listen(&mut traffic, 80, waiting, 128);
        assert_eq!(hear(traffic, clipped), Some(expected), "{waiting}");
    }
}

#[test]
fn options() {
    let look = |reuse: bool, linger: Option<u64>, waits: u16| {
        let mut traffic = quiet();
        listen(&mut traffic, 80, 0, 128);
        accept(&mut traffic, State::TimeWait, waits, 80);
        let options = SocketOptions {
            reuse_address: reuse,
            reuse_port: false,
            keep_alive: false,
            linger: linger.map(std::time::Duration::from_secs),
            listens: true,
            bind_no_port: None,
        };
        traffic.looked.push(Looked { process: process(7), of: Of::Listener(0), options });
        diagnose(traffic)
    };
    let (reuse, linger) = ("listener-without-reuseaddr", "linger-zero-drops-data");
    assert_eq!(heard(&look(true, None, 5), reuse), None);
    assert_eq!(heard(&look(false, None, 0), reuse), Some(Severity::Note));
    assert_eq!(heard(&look(false, None, 5), reuse), Some(Severity::Warning));
    assert_eq!(heard(&look(true, Some(30), 0), linger), None);
    assert_eq!(heard(&look(true, Some(0), 0), linger), Some(Severity::Warning));
}

#[test]
fn listeners_inside_the_range() {
    let check = "port-range-overlaps-listener";
    let overlap = |reserved: &str, used: u16| {
        let mut traffic = quiet();
        set(&mut traffic, "net.ipv4.ip_local_reserved_ports", reserved);
        listen(&mut traffic, 20501, 0, 128);
        connect(&mut traffic, State::Established, used, at(2, 443));
        hear(traffic, check)
    };
    assert_eq!(overlap("", 0), Some(Severity::Note));
    assert_eq!(overlap("", 200), Some(Severity::Warning));
    assert_eq!(overlap("20501", 200), None);
}

#[test]
fn connection_tracking() {
    let check = "conntrack-time-wait-fills-table";
    for (entries, expected) in
        [("1000", None), ("82000", Some(Severity::Warning)), ("98000", Some(Severity::Error))]
    {
        let mut traffic = quiet();
        set(&mut traffic, "net.netfilter.nf_conntrack_max", "100000");
        set(&mut traffic, "net.netfilter.nf_conntrack_count", entries);
        assert_eq!(hear(traffic, check), expected, "{entries}");
    }
}

#[test]
fn servers() {
    let mut traffic = quiet();
    listen(&mut traffic, 80, 0, 4096);
    accept(&mut traffic, State::TimeWait, 2000, 80);
    let found = diagnose(traffic);
    assert_eq!(heard(&found, "server-closes-first"), Some(Severity::Note));
    assert_eq!(heard(&found, "time-wait-harmless"), Some(Severity::Note));
    assert_eq!(found.choice.profile, "web-server");
    assert!(!found.has_faults());
}
