//! `twtune diagnose`: what the sockets show.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::host::Host;
use crate::sandbox;
use crate::schema;
use crate::schema::list;

/// A host with the generator of connections in its folder.
pub(crate) fn start() -> Option<Host> {
    if !sandbox::has("python3", "python3") || !sandbox::has("ss", "iproute2") {
        return None;
    }
    let host = Host::start()?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/load.py");
    host.file("load.py", std::fs::read(script).expect("load.py"));
    Some(host)
}

pub(crate) fn diagnose(host: &Host, options: &str) -> Value {
    let report = host.twtune(&format!("diagnose --format json {options}")).exits(0).report("diagnose");
    schema::diagnose(&report);
    report
}

/// How many sockets `ss` counts in each state, by family.
fn counted_by_ss(host: &Host, family: &str) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for line in host.sh(&format!("ss -{family} -Htan")).lines() {
        let state = line.split_whitespace().next().expect("a state");
        let state = match state {
            "ESTAB" => "established".to_owned(),
            "UNCONN" => "close".to_owned(),
            other => other.to_lowercase(),
        };
        *counts.entry(state).or_default() += 1;
    }
    counts
}

fn counted_by_twtune(report: &Value, family: &str) -> BTreeMap<String, u64> {
    let counts = report["namespaces"][0]["families"][family].as_object().expect("counts");
    counts.iter().map(|(state, count)| (state.clone(), count.as_u64().expect("a count"))).collect()
}

#[test]
fn counts_are_those_of_ss() {
    let Some(host) = start() else { return };
    let agree = |what: &str| {
        // Sockets come and go by the second; two that agree were counted at rest.
        for attempt in 0.. {
            let before = [counted_by_ss(&host, "4"), counted_by_ss(&host, "6")];
            let report = diagnose(&host, "");
            let found = [counted_by_twtune(&report, "ipv4"), counted_by_twtune(&report, "ipv6")];
            if found == before {
                return found;
            }
            let after = [counted_by_ss(&host, "4"), counted_by_ss(&host, "6")];
            assert!(before != after && attempt < 5, "{what}: ss {before:?}, twtune {found:?}");
        }
        unreachable!("it agrees or fails")
    };
    host.sh("echo 0 >/proc/sys/net/ipv4/tcp_tw_reuse");
    assert_eq!(agree("empty"), [BTreeMap::new(), BTreeMap::new()]);
    host.sh("python3 load.py fill 127.0.0.1:80 1");
    assert_eq!(agree("one")[0], BTreeMap::from([("time-wait".into(), 1)]));
    host.sh("python3 load.py fill 127.0.0.1:80,127.0.0.2:81,[::1]:80 999");
    let _established = host.background("exec python3 load.py hold 127.0.0.1:82 established 20");
    let _close_wait = host.background("exec python3 load.py hold [::1]:83 close-wait 10");
    let _fin_wait = host.background("exec python3 load.py hold 127.0.0.1:84 fin-wait-2 5");
    let _full = host.background("exec python3 load.py hold 127.0.0.1:85 listen-full 4");
    let [v4, v6] = agree("a thousand");
    assert_eq!(v4["time-wait"], 667);
    assert_eq!((v4["established"], v4["listen"]), (44, 3));
    assert_eq!((v6["time-wait"], v6["close-wait"]), (333, 10));
}

#[test]
fn each_destination_has_its_ports_counted_and_each_listener_its_connections() {
    let Some(host) = start() else { return };
    host.sh("echo 0 >/proc/sys/net/ipv4/tcp_tw_reuse
        echo 20000 20999 >/proc/sys/net/ipv4/ip_local_port_range
        echo 20000-20099,80 >/proc/sys/net/ipv4/ip_local_reserved_ports
        python3 load.py fill 127.0.0.1:80,127.0.0.2:81 60");
    let _held = host.background("exec python3 load.py hold 127.0.0.1:82 established 7");
    let report = diagnose(&host, "");
    let namespace = &report["namespaces"][0];
    assert_eq!(
        namespace["ports"],
        serde_json::json!({"low": 20000, "high": 20999, "reserved": 100, "available": 900, "blocked": 0})
    );
    let of = |port: u16| {
        let found = list(&namespace["destinations"]).iter().find(|destination| destination["port"] == port);
        found.unwrap_or_else(|| panic!("{port} is not in {namespace:#}"))
    };
    for (port, address) in [(80, "127.0.0.1"), (81, "127.0.0.2")] {
        let destination = of(port);
        assert_eq!(destination["address"], address);
        assert_eq!((&destination["time_wait"], &destination["used"]), (&30.into(), &30.into()));
        assert_eq!(destination["headroom"], 870);
    }
    assert_eq!((&of(82)["established"], &of(82)["headroom"]), (&7.into(), &893.into()));
    let listeners = list(&namespace["listeners"]);
    assert_eq!(listeners.len(), 1, "{namespace:#}");
    assert_eq!((&listeners[0]["port"], &listeners[0]["backlog"]), (&82.into(), &4096.into()));
    assert_eq!(listeners[0]["connections"], serde_json::json!({"established": 7}));
    assert_eq!(namespace["unknown"], serde_json::json!({}), "{namespace:#}");

    // The list is cut for people, and says so.
    let human = host.twtune("diagnose --top 1").exits(0);
    assert!(human.stdout.contains("and 2 more"), "{human:#?}");
    // Those of a range that is another one since belong to nobody.
    host.sh("echo 30000 30999 >/proc/sys/net/ipv4/ip_local_port_range");
    let report = diagnose(&host, "");
    let unknown = &report["namespaces"][0]["unknown"];
    assert_eq!(unknown, &serde_json::json!({"time-wait": 60, "established": 7}));
}

#[test]
fn full_ports_are_a_finding() {
    let Some(host) = start() else { return };
    host.sh("echo 0 >/proc/sys/net/ipv4/tcp_tw_reuse
        echo 20000 20099 >/proc/sys/net/ipv4/ip_local_port_range");
    host.twtune("diagnose --exit-code").exits(0).says("nothing is wrong");
    host.sh("python3 load.py fill 127.0.0.1:80 100");
    let run = host.twtune("diagnose --exit-code").exits(1).says("time-wait-exhausts-ports");
    assert!(run.stdout.contains("tcp_tw_reuse = 1"), "{run:#?}");
    host.twtune("diagnose").exits(0);
    let report = diagnose(&host, "");
    let finding = &report["namespaces"][0]["findings"][0];
    assert_eq!(
        (&finding["check"], &finding["severity"]),
        (&"time-wait-exhausts-ports".into(), &"error".into())
    );
    assert_eq!(finding["evidence"]["headroom"], "0");
    run.says("\n    100 TIME_WAIT, 100 ports in use, 100 ports in all, 0 free, ");

    // What is to be done about several is said once.
    host.sh("python3 load.py fill 127.0.0.2:80,127.0.0.3:80 200");
    let run = host.twtune("diagnose").exits(0).says("-> 127.0.0.2:80").says("-> 127.0.0.3:80");
    assert_eq!(run.stdout.matches("keep connections open").count(), 1, "{run:#?}");
    let findings = diagnose(&host, "")["namespaces"][0]["findings"].clone();
    let same = list(&findings).iter().filter(|one| one["check"] == "time-wait-exhausts-ports");
    assert_eq!(same.count(), 3, "{findings:#}");
    let run = host.twtune("diagnose --top 2").exits(0);
    assert_eq!(run.stdout.matches("  and 1 more; `--top N` lists them").count(), 1, "{run:#?}");
}

/// What was found by this check.
pub(crate) fn finding<'a>(namespace: &'a Value, check: &str) -> &'a Value {
    let found = list(&namespace["findings"]).iter().find(|finding| finding["check"] == check);
    found.unwrap_or_else(|| panic!("no {check} in {:#}", namespace["findings"]))
}

#[test]
fn who_does_not_close_is_named_and_its_name_is_harmless() {
    let Some(host) = start() else { return };
    let hold = host.background(
        "printf '\\033[31mbad' >name; python3 - <<'END' &
import sys
open('/proc/self/comm', 'w').write(open('name').read())
sys.argv = ['load.py', 'hold', '127.0.0.1:82', 'close-wait', '1000']
exec(open('load.py').read())
END
        wait",
    );
    let report = diagnose(&host, "");
    let namespace = &report["namespaces"][0];
    let leak = finding(namespace, "close-wait-leak");
    assert_eq!((&leak["severity"], &leak["evidence"]["close_wait"]), (&"error".into(), &"1000".into()));
    assert!(leak["subject"].as_str().is_some_and(|who| who.contains("bad (process ")), "{leak:#}");
    let owner = &list(&namespace["owners"])[0];
    assert_eq!(owner["sockets"]["close-wait"], 1000, "{owner:#}");
    assert!(owner["oldest_close_wait_seconds"].as_u64().is_some_and(|seconds| seconds < 600), "{owner:#}");
    let human = host.twtune("diagnose").exits(0).says("close-wait-leak");
    let human = human.says("\n    1000 CLOSE_WAIT, the oldest for ");
    assert!(!human.stdout.contains('\x1b') && human.stdout.contains("u{1b}"), "{human:#?}");
    // Who may not look says so; what is in the namespace everybody may count.
    if let Some(run) = host.twtune_as_nobody("diagnose --format json") {
        let report = run.exits(0).report("diagnose");
        schema::diagnose(&report);
        let namespace = &report["namespaces"][0];
        assert_eq!(namespace["sockets"]["close-wait"], 1000);
        assert!(!list(&namespace["not_seen"]).is_empty(), "{namespace:#}");
        assert_eq!(finding(namespace, "close-wait-leak")["subject"], "processes that may not be looked into");
    }
    // It is gone with its process.
    drop(hold);
    let gone = (0..50).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        diagnose(&host, "")["namespaces"][0]["sockets"]["close-wait"].is_null()
    });
    assert!(gone, "{:#}", diagnose(&host, ""));
}

#[test]
fn options_of_running_programs_are_looked_at_and_nobody_is_disturbed() {
    let Some(host) = start() else { return };
    let _server = host.background(
        "exec python3 - <<'END'
import socket, struct, time
plain = socket.socket(); plain.bind(('127.0.0.1', 81)); plain.listen(9)
good = socket.socket(); good.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
good.bind(('127.0.0.1', 82)); good.listen(9)
client = socket.create_connection(('127.0.0.1', 82)); server, _ = good.accept()
client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
print('ready', flush=True)
time.sleep(600)
END",
    );
    let report = diagnose(&host, "");
    let namespace = &report["namespaces"][0];
    let without = finding(namespace, "listener-without-reuseaddr");
    assert!(
        without["subject"].as_str().is_some_and(|who| who.starts_with("127.0.0.1:81, python3")),
        "{without:#}"
    );
    let count = list(&namespace["findings"]).iter().filter(|one| one["check"] == without["check"]).count();
    assert_eq!(count, 1, "{namespace:#}");
    assert_eq!(finding(namespace, "linger-zero-drops-data")["evidence"]["sockets_with_linger_zero"], "1");
    assert_eq!(diagnose(&host, "")["namespaces"][0]["sockets"], namespace["sockets"]);
}

/// Runs a program for which the kernel lists no sockets by netlink, as a container may be kept from it.
const WITHOUT_NETLINK: &str = r#"
import ctypes, os, platform, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
socket_call = {"x86_64": 41, "aarch64": 198}[platform.machine()]
AF_NETLINK, SOCK_DIAG, EPROTONOSUPPORT = 16, 4, 93
LOAD, EQUAL, RETURN, ALLOW, ERRNO = 0x20, 0x15, 0x06, 0x7FFF0000, 0x00050000
code = [(LOAD, 0, 0, 0), (EQUAL, 0, 5, socket_call), (LOAD, 0, 0, 16), (EQUAL, 0, 3, AF_NETLINK),
        (LOAD, 0, 0, 32), (EQUAL, 0, 1, SOCK_DIAG), (RETURN, 0, 0, ERRNO | EPROTONOSUPPORT), (RETURN, 0, 0, ALLOW)]
filters = b"".join(struct.pack("HBBI", *line) for line in code)
buffer = ctypes.create_string_buffer(filters)
program = struct.pack("HxxxxxxP", len(code), ctypes.addressof(buffer))
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program, 0, 0) == 0, ctypes.get_errno()
os.execv(sys.argv[1], sys.argv[1:])
"#;

#[test]
fn without_netlink_the_same_is_counted() {
    let Some(host) = start() else { return };
    let wrapper = host.file("without_netlink.py", WITHOUT_NETLINK);
    host.sh("echo 0 >/proc/sys/net/ipv4/tcp_tw_reuse
        python3 load.py fill 127.0.0.1:80,127.0.0.2:81,[::1]:80 999");
    let _established = host.background("exec python3 load.py hold 127.0.0.1:82 established 20");
    let _both = host.background("exec python3 load.py hold [::]:83 close-wait 10");
    let _fin_wait = host.background("exec python3 load.py hold 127.0.0.1:84 fin-wait-2 5");
    let by_netlink = diagnose(&host, "");
    let line =
        format!("python3 {} {} diagnose --format json", wrapper.display(), sandbox::program().display());
    let report: Value = serde_json::from_str(&host.sh(&line)).expect("JSON");
    schema::diagnose(&report);
    let (found, expected) = (&report["namespaces"][0], &by_netlink["namespaces"][0]);
    for part in ["id", "sockets", "families", "ports", "unknown", "partial"] {
        assert_eq!(found[part], expected[part], "{part}: {found:#}");
    }
    let sorted = |namespace: &Value, list_name: &str, parts: &[&str]| {
        let all = list(&namespace[list_name]).iter();
        let mut all: Vec<String> = all
            .map(|one| parts.iter().map(|part| one[part].to_string()).collect::<Vec<_>>().join(" "))
            .collect();
        all.sort_unstable();
        all
    };
    for (name, parts) in [
        (
            "destinations",
            &["source", "address", "port", "time_wait", "established", "other", "used", "headroom"][..],
        ),
        ("listeners", &["address", "port", "waiting", "connections"]),
        ("owners", &["pid", "process", "sockets"]),
    ] {
        assert_eq!(sorted(found, name, parts), sorted(expected, name, parts), "{name}");
    }
    let told = found["not_seen"].to_string();
    assert!(told.contains("the kernel does not list sockets by netlink here"), "{told}");
}

#[test]
fn counts_are_partial_when_sockets_come_and_go_meanwhile() {
    let Some(host) = start() else { return };
    host.sh("echo 0 >/proc/sys/net/ipv4/tcp_tw_reuse; python3 load.py fill 127.0.0.1:80,127.0.0.1:81 20000");
    assert_eq!(diagnose(&host, "")["namespaces"][0]["partial"], false);
    let _server = host.background("exec python3 load.py serve 127.0.0.1:82 first");
    let _churn = host.background("exec python3 load.py pace 127.0.0.1:82 5000 600 made wait");
    let partial = (0..50).any(|_| diagnose(&host, "")["namespaces"][0]["partial"] == true);
    assert!(partial, "50 lists while connections came and went");
    host.twtune("diagnose").exits(0);
}

#[test]
fn processes_that_end_meanwhile_are_no_error() {
    let Some(host) = start() else { return };
    let _server = host.background("exec python3 load.py serve 127.0.0.1:82");
    let _churn = host.background(
        "echo ready; for i in $(seq 100000); do (exec 3<>/dev/tcp/127.0.0.1/82; sleep 0.01) & wait; done",
    );
    for round in 0..20 {
        let report = diagnose(&host, if round == 0 { "--for 1s" } else { "" });
        let namespace = &report["namespaces"][0];
        for owner in list(&namespace["owners"]) {
            let held = owner["sockets"].as_object().expect("counts");
            assert!(!held.is_empty() && owner["pid"].as_u64() > Some(0), "{owner:#}");
        }
    }
}

#[test]
fn wrong_usage_is_refused() {
    let Some(host) = Host::start() else { return };
    for options in ["--for 0s", "--for 2h", "--for soon", "--top -1"] {
        host.twtune(&format!("diagnose {options}")).exits(2);
    }
}
