//! 32 applies and rollbacks at once, again and again, on one host with one history.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;

use serde_json::Value;

use crate::cli_check::rule;
use crate::host::Host;
use crate::reliability::FUNCTIONS;
use crate::reliability::same;
use crate::sandbox;
use crate::schema::list;

const AT_ONCE: usize = 32;
/// Every third of them is a rollback.
const ROLLBACK_EVERY: usize = 3;

/// Profiles that contradict each other in some of their settings.
const PROFILES: &[&[(&str, &str)]] = &[
    &[("net.ipv4.tcp_fin_timeout", "want = 31"), ("net.core.somaxconn", "want = 5001")],
    &[("net.ipv4.tcp_fin_timeout", "want = 32"), ("net.ipv4.ip_forward", "want = 1")],
    &[("net.core.somaxconn", "want = 5003"), ("net.ipv4.tcp_rmem", "want = [4096, 131072, 8388608]")],
    &[("net.ipv4.ip_local_port_range", "want = [20000, 60999]"), ("net.ipv4.tcp_fin_timeout", "want = 34")],
    &[
        ("net.ipv4.ip_local_port_range", "want = [15000, 60999]"),
        ("net.ipv4.ip_local_reserved_ports", "covers = [9100]"),
    ],
    &[("net.ipv4.ip_forward", "want = 0"), ("net.core.somaxconn", "want = 5006")],
    &[
        ("net.ipv4.ip_local_reserved_ports", "covers = [\"30000-32767\"]"),
        ("net.ipv4.tcp_rmem", "want = [4096, 131072, 16777216]"),
    ],
];

fn rounds() -> usize {
    let asked = std::env::var("TWTUNE_ROUNDS").ok();
    asked.map_or(5, |rounds| rounds.parse().expect("TWTUNE_ROUNDS is a number"))
}

fn start() -> Option<Host> {
    let host = Host::start()?;
    for (at, profile) in PROFILES.iter().enumerate() {
        let rules: String = profile.iter().map(|(key, constraint)| rule(key, constraint)).collect();
        host.profile(&format!("p{at}"), &rules);
    }
    host.sh(&format!("{FUNCTIONS} start; values >start"));
    Some(host)
}

/// The script that starts all of them at once and waits; each leaves its exit code and what it said.
fn all_at_once(round: usize, options: &str) -> String {
    let profiles = PROFILES.len();
    format!(
        "for at in {{1..{AT_ONCE}}}; do
           (set +e
            if [ $((at % {ROLLBACK_EVERY})) = 0 ]; then what=rollback; else what=\"apply ./p$(((at + {round}) % {profiles})).toml{options}\"; fi
            \"$TWTUNE\" $what --yes --format json >out.$at 2>err.$at
            echo \"$? $what\" >code.$at) &
         done
         wait"
    )
}

/// How one of them ended.
struct Ended {
    code: i32,
    what: String,
    out: String,
    err: String,
}

fn ended(host: &Host) -> Vec<Ended> {
    let read = |name: &str, at: usize| {
        fs::read_to_string(host.path(&format!("{name}.{at}"))).expect("each leaves its files")
    };
    (1..=AT_ONCE)
        .map(|at| {
            let code = read("code", at);
            let (code, what) = code.trim_end().split_once(' ').expect("two words");
            let code = code.parse().expect("an exit code");
            Ended { code, what: what.into(), out: read("out", at), err: read("err", at) }
        })
        .collect()
}

#[test]
fn many_at_once_leave_a_whole_history_and_the_values_that_it_tells() {
    let Some(host) = start() else { return };
    many_at_once(&host, "");
}

#[test]
fn many_at_once_leave_the_files_of_the_boot_that_the_history_tells() {
    let Some(host) = start() else { return };
    // Lines that stand in the way of most of them.
    host.sh(&format!(
        "{FUNCTIONS} mkdir -p /run/systemd/system
         printf '%s\\n' 'net.ipv4.tcp_fin_timeout = 20' 'net.core.somaxconn = 4000' >/etc/sysctl.d/zz-one.conf
         printf '%s\\n' 'net.ipv4.ip_forward = 0' '' 'net.core.somaxconn = 4001' >/etc/sysctl.d/zz-two.conf
         values >start"
    ));
    many_at_once(&host, " --target both --take-over");
}

fn many_at_once(host: &Host, options: &str) {
    let (mut records, mut refused, mut waited) = (0, 0, 0);
    for round in 0..rounds() {
        let began = std::time::Instant::now();
        host.sh(&all_at_once(round, options));
        // Each does a few milliseconds of work behind the others.
        assert!(began.elapsed().as_secs() < 30, "round {round} took {:?}", began.elapsed());
        for one in ended(host) {
            let report: Value = serde_json::from_str(&one.out).expect("a report");
            let Ended { code, what, err, .. } = &one;
            match code {
                0 => {}
                // Another came in between its look at the values and its turn.
                3 if report["message"].to_string().contains("the plan is stale") => refused += 1,
                // Or before it wrote its files.
                3 if !options.is_empty() && is_about_files(&report) => refused += 1,
                _ => {
                    let history = host.twtune("history").stdout;
                    panic!("round {round}: {what} ended with {code}: {report:#} {err}\n{history}")
                }
            }
            for line in err.lines() {
                assert!(
                    line.contains("another twtune is at work") || line.starts_with("hint:"),
                    "{what}: {err}"
                );
            }
            waited += usize::from(err.contains("another twtune is at work"));
        }
        records += history_tells_the_values(host, round);
        roll_back_everything(host, round);
        // A history of many rounds is read again and again; the next ones begin with a new one.
        if round % 10 == 9 {
            host.sh("rm -r /var/lib/twtune");
        }
    }
    let _ = writeln!(
        std::io::stderr(),
        "RELIABILITY {AT_ONCE} at once{options}: {} rounds, {records} entries replayed, {refused} refused as stale, {waited} said that they wait",
        rounds()
    );
    assert!(waited > 0, "nobody met another");
}

/// Whether an apply was refused because another took lines over, or gave them back, since it had looked.
fn is_about_files(report: &Value) -> bool {
    let message = report["message"].to_string();
    ["was changed by somebody else", "wins over twtune's own line"].iter().any(|why| message.contains(why))
}

/// The history is whole: its numbers follow each other, all of it ended, and each entry found what the one before
/// it left. Gives how many entries there are.
fn history_tells_the_values(host: &Host, round: usize) -> usize {
    let report = host.twtune("history --format json").exits(0).report("history");
    let entries = list(&report["entries"]);
    let mut values = BTreeMap::new();
    for (at, entry) in entries.iter().enumerate() {
        assert_eq!(entry["id"], (at + 1).to_string(), "round {round}: {report:#}");
        let expected = if entry["command"] == "apply" { "applied" } else { "rolled-back" };
        assert_eq!(entry["outcome"], expected, "round {round}: {entry:#}");
        for change in list(&entry["changes"]) {
            let key = change["key"].as_str().expect("a key");
            let at_boot = change["target"] == "boot";
            if let Some(left) = values.insert((key.to_owned(), at_boot), change["after"].clone()) {
                assert_eq!(
                    change["before"],
                    left,
                    "round {round}: {key} of entry {}:\n{}",
                    at + 1,
                    told(entries, key)
                );
            }
        }
    }
    for ((key, _), value) in values.into_iter().filter(|((_, at_boot), _)| !at_boot) {
        let words = host.value(&key).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words, value, "round {round}: {key}");
    }
    let files = host.sh("cd /var/lib/twtune; ls | grep -v lock | wc -l");
    assert_eq!(files.trim(), (entries.len() * 2).to_string(), "a record and an ending each");
    entries.len()
}

/// What a history tells of a setting.
fn told(entries: &[Value], key: &str) -> String {
    let lines = entries.iter().flat_map(|entry| {
        let of_key = list(&entry["changes"]).iter().filter(move |change| change["key"] == *key);
        of_key.map(move |change| {
            format!(
                "{} {} undoes {}: {} -> {}",
                entry["id"], entry["command"], entry["undoes"], change["before"], change["after"]
            )
        })
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn roll_back_everything(host: &Host, round: usize) {
    host.sh(&format!(
        "{FUNCTIONS}
         for turn in {{1..{AT_ONCE}}}; do
           \"$TWTUNE\" rollback --yes --format json >out
           if grep -q '\"unchanged\"' out; then break; fi
         done
         grep -q '\"unchanged\"' out
         values >after"
    ));
    let read = |name: &str| fs::read_to_string(host.path(name)).expect("written by the script");
    if let Err(why) = same(&read("start"), &read("after")) {
        let history = host.twtune("history").stdout;
        panic!("round {round}: everything was rolled back: {why}\n{history}");
    }
}

#[test]
fn a_rollback_beside_another_does_not_take_it_back() {
    let Some(host) = start() else { return };
    if !sandbox::has("strace", "strace") {
        return;
    }
    host.sh("\"$TWTUNE\" apply ./p0.toml --yes >/dev/null; \"$TWTUNE\" apply ./p3.toml --yes >/dev/null");
    let slow = "strace -o slow -e trace=pwrite64 -e inject=pwrite64:delay_enter=1500000:when=1";
    host.sh(&format!(
        "{FUNCTIONS}
         {slow} \"$TWTUNE\" rollback --yes >first &
         while ! [ -e /var/lib/twtune/3.json ]; do sleep 0.01; done
         \"$TWTUNE\" rollback --yes >second 2>second.err
         wait $!"
    ));
    let read = |name: &str| fs::read_to_string(host.path(name)).expect("written by the script");
    assert!(read("second.err").contains("another twtune is at work"), "{}", read("second.err"));
    assert!(read("first").contains("rolled back 2 as 3"), "{}", read("first"));
    assert!(read("second").contains("came to its end meanwhile"), "{}", read("second"));
    assert_eq!(host.value("net.ipv4.tcp_fin_timeout"), "31", "the older apply's");
    host.twtune("rollback --yes").exits(0);
    host.sh(&format!("{FUNCTIONS} values >after"));
    same(&read("start"), &read("after")).expect("all is rolled back");
}

#[test]
fn a_signal_ends_the_waiting() {
    let Some(host) = start() else { return };
    host.sh("\"$TWTUNE\" apply ./p0.toml --yes >/dev/null; ls -l /var/lib/twtune >listed");
    let holder = host.background("exec 9</var/lib/twtune/lock; flock 9; echo ready; exec sleep 1000");
    for (command, signal) in [("apply ./p3.toml", "INT"), ("rollback", "TERM"), ("apply ./p4.toml", "HUP")] {
        let began = std::time::Instant::now();
        let code = host.sh(&format!(
            "rm -f err
             \"$TWTUNE\" {command} --yes --format json >out 2>err &
             while ! grep -qs waiting err; do sleep 0.01; done
             kill -{signal} $!
             wait $! || echo $?"
        ));
        assert!(began.elapsed().as_secs() < 15, "{command} goes on waiting after {signal}");
        let said = fs::read_to_string(host.path("out")).expect("written by the script");
        assert_eq!(code, "5\n", "{command} {signal}: {said}");
        let report: Value = serde_json::from_str(&said).expect("a report");
        assert_eq!(report["exit_code"], 5, "{report:#}");
    }
    drop(holder);
    host.sh("ls -l /var/lib/twtune | diff - listed");
}

#[test]
fn whoever_has_to_wait_says_so() {
    let Some(host) = start() else { return };
    // An apply, so that the folder and its lock are there, and that a rollback has something to do.
    host.profile("first", &rule("net.ipv4.tcp_sack", "want = 0"));
    host.sh("\"$TWTUNE\" apply ./first.toml --yes >/dev/null");
    let script = "exec 9</var/lib/twtune/lock; flock 9; echo ready; exec sleep 1000";
    let holder = host.background(script);
    let waiting = host.background(&format!("echo ready; {}", all_at_once(1, "")));
    // Nobody gets past the lock, so in time all of them say so.
    let all_wait = |host: &Host| {
        let said = host.sh("cat err.* 2>/dev/null | grep -c 'another twtune is at work' || true");
        said.trim().parse::<usize>().expect("a number")
    };
    let began = std::time::Instant::now();
    while all_wait(&host) < AT_ONCE && began.elapsed().as_secs() < 20 {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let said = all_wait(&host);
    drop(holder);
    // Each comes to its end when the lock is free.
    host.sh("for turn in {1..600}; do if [ \"$(cat code.* 2>/dev/null | wc -l)\" = 32 ]; then exit 0; fi; sleep 0.05; done; exit 1");
    drop(waiting);
    assert_eq!(said, AT_ONCE, "all wait, and say so");
}
