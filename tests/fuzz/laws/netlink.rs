//! What the kernel, or whoever says to be it, answers by netlink; bytes and not text.

use twtune::advise::diagnose;
use twtune::facts::BootLoader;
use twtune::facts::Counters;
use twtune::facts::Snapshot;
use twtune::facts::Sockets;
use twtune::facts::Traffic;
use twtune::observe::network::decode_datagram;
use twtune::render::human;
use twtune::render::json;
use twtune::setting::PortRange;

use super::Dice;

/// The smallest message about a socket: a header and the socket.
const SMALLEST: usize = 16 + 72;

/// So many of those with a socket in them are reported on: that takes a hundred times as long as to read and count.
const SAMPLE: u64 = 64;

/// Whatever comes is read to its end or refused, and what was read is counted once; of a sample as [`reported`].
pub(crate) fn netlink(bytes: &[u8]) {
    let sockets = counted(bytes);
    if sockets.counts().total() > 0 && Dice::of(bytes).next().is_multiple_of(SAMPLE) {
        report(sockets);
    }
}

/// What was read can be diagnosed and shown.
pub(crate) fn reported(bytes: &[u8]) {
    report(counted(bytes));
}

fn counted(bytes: &[u8]) -> Sockets {
    let range = PortRange { low: 1024, high: 65535 };
    let mut sockets = Sockets::new(range);
    let mut visited = 0_usize;
    let read = decode_datagram(bytes, &mut |socket, _| {
        visited += 1;
        sockets.add(socket);
    });
    assert!(visited * SMALLEST <= bytes.len(), "{visited} sockets in {} bytes", bytes.len());
    assert_eq!(sockets.counts().total(), visited as u64);
    assert!(read.is_ok() || !bytes.is_empty(), "nothing is no error");
    let (of_destinations, of_listeners) = (
        sockets.destinations.iter().map(|one| u64::from(one.used())).sum::<u64>(),
        sockets.listeners.iter().map(|one| one.connections.total() + 1).sum::<u64>(),
    );
    assert_eq!(of_destinations + of_listeners + sockets.unknown.total(), visited as u64);
    sockets
}

fn report(sockets: Sockets) {
    let traffic = Traffic {
        id: None,
        name: "fixture".into(),
        settings: Snapshot::new(),
        sockets,
        before: None,
        counters: Counters::default(),
        owners: Vec::new(),
        looked: Vec::new(),
        tick: 4,
        partial: false,
        not_seen: Vec::new(),
    };
    let found = [diagnose(traffic)];
    for room in &found[0].headroom {
        assert!(room.headroom <= room.capacity);
        assert!(room.forecast.rate.is_finite() && room.forecast.sustainable >= 0.0);
        assert!(room.forecast.seconds_to_exhaustion.is_none_or(|seconds| seconds >= 0.0));
    }
    let host = super::host(None);
    assert_eq!(host.boot_loader, BootLoader::Unknown);
    let mut text = Vec::new();
    human::diagnose(&mut text, &host, &found, 10).expect("memory takes everything");
    let text = String::from_utf8(text).expect("a report is text");
    assert!(text.chars().all(|c| !c.is_control() || c == '\n'), "{text:?}");
    let mut report = Vec::new();
    json::diagnose(&mut report, &host, &found).expect("memory takes everything");
    let report: serde_json::Value = serde_json::from_slice(&report).expect("JSON");
    let listed = report["namespaces"][0]["destinations"].as_array().expect("a list").len();
    assert_eq!(listed, found[0].traffic.sockets.destinations.len());
}
