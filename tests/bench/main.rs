//! `cargo bench`: twtune against the limit, the least work that could give the same answer, in the same run. `cargo
//! bench -- PART` runs one part: check, boot, or what [`INSIDE`] names.
//!
//! The limit is this very program, called again with `--limit`: it opens, reads and closes the same files, or reads,
//! writes and reads them back behind a synced file. All commands take turns, so that a machine whose speed drifts
//! drifts for all; what counts is the ratio within each round.
#![allow(clippy::disallowed_methods, reason = "it writes its own temporary files")]

mod boot;
mod diagnose;
mod namespaces;
mod processor;

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::fs::File;
use std::io::Read;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::time::Instant;

const ROUNDS: usize = 300;

/// Profiles with many rules, and as many settings as five can have.
const FIVE: &[&str] = &["reverse-proxy", "database", "nat-gateway", "bulk-transfer", "kubernetes-node"];

/// 19 settings of a network namespace, each with two values to go between.
const SETTINGS: [(&str, &str, &str); 19] = [
    ("net.ipv4.tcp_fin_timeout", "60", "30"),
    ("net.ipv4.tcp_tw_reuse", "2", "1"),
    ("net.ipv4.tcp_max_tw_buckets", "131072", "262144"),
    ("net.ipv4.tcp_keepalive_time", "7200", "300"),
    ("net.ipv4.tcp_keepalive_intvl", "75", "10"),
    ("net.ipv4.tcp_keepalive_probes", "9", "5"),
    ("net.ipv4.tcp_syn_retries", "6", "5"),
    ("net.ipv4.tcp_synack_retries", "5", "4"),
    ("net.ipv4.tcp_retries2", "15", "8"),
    ("net.ipv4.tcp_orphan_retries", "0", "3"),
    ("net.ipv4.tcp_slow_start_after_idle", "1", "0"),
    ("net.ipv4.tcp_mtu_probing", "0", "1"),
    ("net.ipv4.tcp_notsent_lowat", "4294967295", "131072"),
    ("net.ipv4.tcp_max_syn_backlog", "2048", "8192"),
    ("net.ipv4.ip_local_port_range", "32768 60999", "16384 60999"),
    ("net.ipv4.tcp_rfc1337", "0", "1"),
    ("net.ipv4.tcp_fastopen", "1", "3"),
    ("net.ipv4.tcp_reordering", "3", "5"),
    ("net.core.somaxconn", "4096", "8192"),
];

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["--limit", "read", ref keys @ ..] => limit_read(keys),
        ["--limit", "write", state, ref pairs @ ..] => limit_write(Path::new(state), pairs),
        ["--limit", "files", root] => boot::limit(root),
        ["--limit", "sockets"] => diagnose::limit(false),
        ["--limit", "owners"] => diagnose::limit(true),
        ["--limit", "hold", sockets, port] => {
            diagnose::hold(sockets.parse().expect("a number"), port.parse().expect("a port"));
        }
        ["--limit", "namespaces", ref keys @ ..] => namespaces::limit(keys),
        ["--inside", part] => inside(part),
        _ => {
            let wanted = |part: &str| words.iter().all(|word| *word == "--bench" || *word == part);
            if wanted("check") {
                bench_check(&["general"]);
                bench_check(FIVE);
            }
            if wanted("boot") {
                boot::bench();
            }
            let sandbox = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sandbox.sh");
            for part in INSIDE.into_iter().filter(|part| wanted(part)) {
                let inside = Command::new("bash").arg(&sandbox).arg(own()).args(["--inside", part]).status();
                assert!(inside.is_ok_and(|status| status.success()), "{part}: it failed in the sandbox");
            }
        }
    }
}

/// What is run in a sandbox, each in its own.
const INSIDE: [&str; 7] =
    ["dozen", "apply", "time-wait", "a-million-time-waits", "destinations", "close-wait", "namespaces"];

fn inside(part: &str) {
    match part {
        "dozen" => boot::bench_dozen(),
        "apply" => bench_apply(),
        "time-wait" => diagnose::bench_time_wait(300_000, 60),
        "a-million-time-waits" => diagnose::bench_time_wait(1_000_000, 200),
        "destinations" => diagnose::bench_time_wait(300_000, 300_000),
        "close-wait" => diagnose::bench_close_wait(),
        _ => namespaces::bench(),
    }
}

/// Prints how much memory a command has at the most.
fn peak(command: &Command) {
    let mut time = Command::new("/usr/bin/time");
    time.args(["-f", "%M"]).arg(command.get_program()).args(command.get_args()).env_clear();
    let Ok(answer) = time.output() else { return println!("  (its memory: needs /usr/bin/time)") };
    let kilobytes: f64 = String::from_utf8_lossy(&answer.stderr).trim().parse().expect("a number");
    println!("  {:<36} {:7.1} MiB", "at the most", kilobytes / 1024.0);
}

fn own() -> PathBuf {
    env::current_exe().expect("this program's path")
}

fn twtune() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_twtune"));
    command.env_clear();
    command
}

fn path_of(key: &str) -> String {
    format!("/proc/sys/{}", key.replace('.', "/"))
}

fn limit_read(keys: &[&str]) {
    let mut buffer = [0; 4096];
    for key in keys {
        let _ = File::open(path_of(key)).and_then(|mut file| file.read(&mut buffer));
    }
}

fn limit_write(state: &Path, pairs: &[&str]) {
    let temporary = state.join(".tmp");
    let mut file = File::create(&temporary).expect("a file");
    file.write_all(&[b'x'; 8192]).and_then(|()| file.sync_all()).expect("written");
    fs::rename(&temporary, state.join("rollback")).expect("renamed");
    File::open(state).and_then(|folder| folder.sync_all()).expect("synced");
    let mut buffer = [0; 4096];
    for pair in pairs {
        let (key, value) = pair.split_once('=').expect("KEY=VALUE");
        let file = File::options().read(true).write(true).open(path_of(key)).expect("a setting");
        file.read_at(&mut buffer, 0).expect("read");
        file.write_at(value.as_bytes(), 0).expect("written");
        file.read_at(&mut buffer, 0).expect("read back");
    }
}

/// The settings that these profiles are about.
fn keys_of(profiles: &[&str]) -> Vec<String> {
    let report =
        twtune().arg("check").args(profiles).args(["--format", "json"]).output().expect("twtune runs");
    let report: serde_json::Value = serde_json::from_slice(&report.stdout).expect("JSON");
    let findings = report["findings"].as_array().expect("findings");
    let mut keys: Vec<String> =
        findings.iter().filter_map(|finding| finding["key"].as_str()).map(ToOwned::to_owned).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn bench_check(profiles: &[&str]) {
    let keys = keys_of(profiles);
    println!("check {}, {} settings", profiles.join(" "), keys.len());
    let limit = || {
        let mut command = Command::new(own());
        command.args(["--limit", "read"]).args(&keys);
        command
    };
    let check = || {
        let mut command = twtune();
        command.arg("check").args(profiles);
        command
    };
    let sysctl = || {
        let mut command = Command::new("sysctl");
        command.arg("-n").args(&keys);
        command
    };
    compare(
        &[("twtune check", &check), ("sysctl -n", &sysctl), ("limit: open, read, close", &limit)],
        ROUNDS,
    );
}

fn bench_apply() {
    let folder = tempfile::tempdir().expect("a folder");
    let (state, limit_state) = (folder.path().join("state"), folder.path().join("limit"));
    fs::create_dir(&limit_state).expect("a folder");
    let mut text = "schema = 1\nname = \"bench\"\nsummary = \"of a benchmark\"\n".to_owned();
    for (key, _, value) in &SETTINGS {
        let value =
            if value.contains(' ') { format!("[{}]", value.replace(' ', ", ")) } else { (*value).into() };
        let _ = write!(text, "[[rule]]\nkey = \"{key}\"\nwant = {value}\nwhy = \"Because.\"\n");
    }
    let profile = folder.path().join("bench.toml");
    fs::write(&profile, text).expect("a profile");
    println!("\napply of {} settings, state on {}", SETTINGS.len(), file_system(folder.path()));
    // Each undoes the other, so that both have the same to change: writing a value that is there already is cheaper.
    let apply = || {
        let mut command = twtune();
        command.arg("apply").arg(&profile).args(["--yes", "--state-dir"]).arg(&state);
        command
    };
    let limit = || {
        let mut command = Command::new(own());
        let pairs = SETTINGS.iter().map(|(key, value, _)| format!("{key}={value}"));
        command.args(["--limit", "write"]).arg(&limit_state).args(pairs);
        command
    };
    compare(&[("twtune apply", &apply), ("limit: sync, read, write, read back", &limit)], ROUNDS);
}

fn file_system(path: &Path) -> String {
    let answer = Command::new("stat").args(["-f", "-c", "%T"]).arg(path).output();
    answer.map(|answer| String::from_utf8_lossy(&answer.stdout).trim().to_owned()).unwrap_or_default()
}

/// Runs the commands in turn and prints each one's median time, and its median ratio to the last, the limit: of time as
/// it passes, and of the processor's, which others that use it disturb less.
fn compare(commands: &[(&str, &dyn Fn() -> Command)], rounds: usize) {
    let mut times: Vec<Vec<[f64; 2]>> = vec![Vec::new(); commands.len()];
    // The first rounds warm the caches.
    let warm = rounds.div_ceil(4).min(10);
    for round in 0..warm + rounds {
        for (at, (name, command)) in commands.iter().enumerate() {
            let mut command = command();
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            let (start, used) = (Instant::now(), processor::of_children());
            let status = command.status().expect("the command starts");
            let (time, used) = (start.elapsed(), processor::of_children().saturating_sub(used));
            assert!(status.code().is_some_and(|code| code < 2), "{name}: {status}");
            if round >= warm {
                times[at].push([time.as_secs_f64(), used.as_secs_f64()]);
            }
        }
    }
    let limit = times.last().expect("a limit").clone();
    for ((name, _), times) in commands.iter().zip(&times) {
        let [wall, processor] = [0, 1].map(|kind| {
            let ratios = times.iter().zip(&limit).map(|(time, limit)| time[kind] / limit[kind]);
            (median(times.iter().map(|time| time[kind] * 1000.0)), median(ratios))
        });
        println!(
            "  {name:<36} {:7.3} ms   {:5.2} times the limit; of the processor {:7.3} ms, {:5.2} times",
            wall.0, wall.1, processor.0, processor.1
        );
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
