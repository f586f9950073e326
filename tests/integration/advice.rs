//! Whether advice brings what it says: the fault is made, the advice is taken, and what it promised in numbers is held
//! against what is measured then.

use std::time::Duration;
use std::time::Instant;

use serde_json::Value;

use crate::cli_diagnose::diagnose;
use crate::cli_diagnose::finding;
use crate::cli_diagnose::start;
use crate::host::Host;
use crate::schema::list;

/// How far off a promise may be.
const SHARE: f64 = 0.1;

/// How long a port is kept: a minute, and at the most 2.048 seconds longer where the clock ticks 250 times a second.
const KEPT: f64 = 62.048;

fn near(promised: f64, measured: f64) {
    assert!(
        (promised - measured).abs() <= promised.abs() * SHARE,
        "{promised} was promised, {measured} came"
    );
}

/// A host with ports from 20000 on.
fn start_with(ports: u32) -> Option<Host> {
    let host = start()?;
    host.sh(&format!(
        "echo 20000 {} >/proc/sys/net/ipv4/ip_local_port_range; echo 0 >/proc/sys/net/ipv4/tcp_tw_reuse",
        19999 + ports
    ));
    Some(host)
}

/// How many connections get through until none does.
fn spend(host: &Host, options: &str) -> f64 {
    host.sh(&format!("python3 load.py spend {options}")).trim().parse().expect("a number")
}

/// The first advice that begins so.
fn advice<'a>(finding: &'a Value, beginning: &str) -> &'a str {
    let all = list(&finding["advice"]);
    let found = all.iter().filter_map(Value::as_str).find(|advice| advice.starts_with(beginning));
    found.unwrap_or_else(|| panic!("no `{beginning}` in {finding:#}"))
}

/// The number that stands before or behind these words.
fn number(advice: &str, before: &str, behind: &str) -> f64 {
    let from = advice.find(before).unwrap_or_else(|| panic!("no `{before}` in {advice}")) + before.len();
    let text = &advice[from..];
    let text = &text[..text.find(behind).unwrap_or_else(|| panic!("no `{behind}` in {advice}"))];
    text.replace(',', "").parse().unwrap_or_else(|_| panic!("`{text}` is no number: {advice}"))
}

fn counter(host: &Host, name: &str) -> f64 {
    diagnose(host, "")["namespaces"][0]["counters"][name]["total"].as_f64().unwrap_or_default()
}

#[test]
fn ports_are_taken_out_of_time_wait() {
    let Some(host) = start_with(100) else { return };
    assert!((spend(&host, "127.0.0.1:80") - 100.0).abs() < 0.5);
    let report = diagnose(&host, "");
    let found = finding(&report["namespaces"][0], "time-wait-exhausts-ports");
    let promised = found["evidence"]["sustainable_rate_with_tw_reuse"].as_str().expect("a rate");
    let promised: f64 = promised.parse().expect("a number");
    host.sh("echo 1 >/proc/sys/net/ipv4/tcp_tw_reuse");
    // Twice as fast as can be: what gets through is what the ports carry.
    let _server = host.background("exec python3 load.py serve 127.0.0.1:80");
    host.sh(&format!("python3 load.py pace 127.0.0.1:80 {} 10 made >ready", promised * 2.0));
    let made: f64 =
        host.sh("cat made").split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("a number");
    near(promised, made / 10.0);
}

#[test]
fn a_wider_range_has_so_many_ports_more() {
    let Some(host) = start_with(100) else { return };
    // What is reserved does not become free by it: 16384-16783 do.
    host.sh("echo 16784-19999,20100-60999 >/proc/sys/net/ipv4/ip_local_reserved_ports");
    assert!((spend(&host, "127.0.0.1:80") - 100.0).abs() < 0.5);
    let report = diagnose(&host, "");
    let found = finding(&report["namespaces"][0], "time-wait-exhausts-ports");
    let told = advice(found, "widen net.ipv4.ip_local_port_range");
    let (ports, rate) =
        (number(told, "outbound): ", " ports more"), number(told, "ports more, ", " a second"));
    host.sh("echo 16384 60999 >/proc/sys/net/ipv4/ip_local_port_range");
    let more = spend(&host, "127.0.0.1:80");
    near(ports, more);
    near(rate, (100.0 + more) / KEPT);
}

#[test]
fn sockets_that_are_bound_without_a_port_have_all_of_them_for_each_destination() {
    const THREE: &str = "127.0.0.1:80,127.0.0.1:81,127.0.0.2:80";
    let Some(host) = start_with(120) else { return };
    let bound = spend(&host, &format!("{THREE} from=127.0.0.1"));
    assert!((bound - 120.0).abs() < 0.5, "all together: {bound}");
    let report = diagnose(&host, "");
    let found = finding(&report["namespaces"][0], "bound-ports-exhaust-host");
    let promised = number(advice(found, "set IP_BIND_ADDRESS_NO_PORT"), "do not bind: ", " a second");
    // As the program would have been from the start.
    let Some(host) = start_with(120) else { return };
    near(promised, spend(&host, &format!("{THREE} from=127.0.0.1 no-port")) / 3.0 / KEPT);
}

#[test]
fn a_larger_table_closes_none_without_time_wait() {
    let Some(host) = start_with(1000) else { return };
    host.sh("echo 50 >/proc/sys/net/ipv4/tcp_max_tw_buckets; python3 load.py fill 127.0.0.1:80 200");
    let report = diagnose(&host, "");
    let found = finding(&report["namespaces"][0], "time-wait-table-full");
    assert_eq!(found["evidence"]["closed_without_time_wait"], "150", "{found:#}");
    let size = number(advice(found, "raise net.ipv4.tcp_max_tw_buckets"), "buckets to ", " (profile");
    let before = counter(&host, "TcpExt.TCPTimeWaitOverflow");
    host.sh(&format!(
        "echo {size} >/proc/sys/net/ipv4/tcp_max_tw_buckets; python3 load.py fill 127.0.0.1:80 200"
    ));
    assert!((counter(&host, "TcpExt.TCPTimeWaitOverflow") - before).abs() < 0.5);
    assert_eq!(diagnose(&host, "")["namespaces"][0]["sockets"]["time-wait"], 250);
}

#[test]
fn so_many_wait_to_be_accepted() {
    let Some(host) = start_with(9000) else { return };
    host.sh("echo 8 >/proc/sys/net/core/somaxconn");
    let clipped = host.background("exec python3 load.py hold 127.0.0.1:80 established 1");
    let report = diagnose(&host, "");
    let found = finding(&report["namespaces"][0], "backlog-clipped");
    assert_eq!(found["evidence"]["backlog"], "8", "{found:#}");
    let told = advice(found, "set net.core.somaxconn");
    drop(clipped);
    host.sh(&format!("echo {} >/proc/sys/net/core/somaxconn", number(told, "somaxconn = ", " (profile")));
    let _server = host.background(
        "exec python3 - <<'END'
import resource, socket, time
most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
server = socket.socket(); server.bind(('127.0.0.1', 81)); server.listen(8000)
clients = [socket.socket() for _ in range(5000)]
for client in clients: client.setblocking(False); client.connect_ex(('127.0.0.1', 81))
print('ready', flush=True)
time.sleep(600)
END",
    );
    let report = diagnose(&host, "");
    let waiting = list(&report["namespaces"][0]["listeners"])[0]["waiting"].as_f64().expect("a number");
    near(number(told, "up to ", " connections"), waiting);
}

/// For how many seconds orphans of `FIN_WAIT_2` last, where `tcp_fin_timeout` is this; and what is said about them.
fn orphans_last(timeout: u32) -> Option<(f64, String)> {
    let host = start_with(1000)?;
    host.sh(&format!("echo {timeout} >/proc/sys/net/ipv4/tcp_fin_timeout"));
    let _held = host.background("exec python3 load.py hold 127.0.0.1:80 orphans 600");
    let begun = Instant::now();
    let report = diagnose(&host, "");
    let found = finding(&report["namespaces"][0], "fin-wait-2-piles-up");
    let told = advice(found, if timeout > 60 { "set" } else { "lower" }).to_owned();
    while host.sh("ss -Htan state fin-wait-2 | wc -l").trim() != "0" {
        assert!(begun.elapsed() < Duration::from_mins(1), "they do not end");
        std::thread::sleep(Duration::from_millis(100));
    }
    Some((begun.elapsed().as_secs_f64(), told))
}

#[test]
fn orphans_last_as_long_as_is_said() {
    let lives = std::thread::scope(|scope| {
        [16, 8, 66]
            .map(|timeout| scope.spawn(move || orphans_last(timeout)))
            .map(|run| run.join().expect("a run"))
    });
    let [Some((long, told)), Some((short, _)), Some((odd, of_odd))] = lives else { return };
    // At half the time there are half as many.
    assert!(told.contains("at 30 there are half as many as at 60"), "{told}");
    near(0.5, short / long);
    near(number(&of_odd, "here ", " seconds"), odd);
}
