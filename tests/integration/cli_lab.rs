//! `twtune lab`: the verdicts on this kernel, and that nothing is left behind, however it ends.

use std::collections::BTreeMap;
use std::fs;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::kill_process;

use crate::host::Host;
use crate::sandbox;
use crate::sandbox::finish;
use crate::sandbox::run;
use crate::sandbox::run_within;
use crate::schema;
use crate::schema::list;

/// What is known of Linux since 4.19, measured and read apart from the lab.
const VERDICTS: &[(&str, &str)] = &[
    ("who-closes-first", "confirmed"),
    ("time-wait-lasts-60s-whatever-fin-timeout", "confirmed"),
    ("fin-timeout-governs-fin-wait-2", "confirmed"),
    ("larger-fin-timeout-waits-longer", "refuted"),
    ("reuseaddr-restart", "confirmed"),
    ("reuseaddr-four-cases", "confirmed"),
    ("reuseaddr-does-not-cure-close-wait", "confirmed"),
    ("close-wait-leak", "confirmed"),
    ("keepalive-cures-close-wait", "refuted"),
    ("kill-does-not-remove-time-wait", "confirmed"),
    ("rfc1337-off-protects-time-wait", "refuted"),
    ("linger-off", "confirmed"),
    ("dontlinger", "confirmed"),
    ("linger-timeout", "confirmed"),
    ("linger-zero", "confirmed"),
    ("linger-zero-resets-only-when-data-is-discarded", "refuted"),
    ("close-with-unread-data-resets", "confirmed"),
    ("half-open-detection", "confirmed"),
    ("fast-open", "confirmed"),
    ("containers-do-not-inherit", "confirmed"),
    ("tw-recycle-is-gone", "confirmed"),
    ("port-range-can-begin-at-1000", "refuted"),
    ("somaxconn-caps-listen", "confirmed"),
    ("tw-reuse", "confirmed"),
    ("port-range-sets-the-ceiling", "confirmed"),
    ("bind-before-connect-exhausts-the-host", "confirmed"),
    ("connect-slows-at-half-the-range", "confirmed"),
    ("tw-buckets-overflow", "confirmed"),
    ("raising-tw-buckets-cures-port-exhaustion", "refuted"),
    ("server-asked-to-close-first", "confirmed"),
    ("server-time-waits-exhaust-ports", "refuted"),
];

/// The whole lab has to be done by then.
const WHOLE: Duration = Duration::from_mins(3);
/// What is ended is gone by then.
const GONE: Duration = Duration::from_secs(10);

/// The processes that have this in their environment: all that a command with it started, and itself.
fn processes_of(mark: &str) -> Vec<u32> {
    let entries = fs::read_dir("/proc").expect("/proc").flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let marked = |process: &u32| {
        let environment = fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|word| word == format!("MARK={mark}").as_bytes())
    };
    numbers.filter(marked).collect()
}

/// Waits until as many processes have the mark, or fewer where none shall.
fn wait_for(mark: &str, what: impl Fn(usize) -> bool) -> Vec<u32> {
    let begun = Instant::now();
    loop {
        let found = processes_of(mark);
        if what(found.len()) || begun.elapsed() > GONE {
            return found;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Fails where a process with the mark is left.
#[track_caller]
fn assert_gone(mark: &str) {
    let left = wait_for(mark, |count| count == 0);
    assert!(left.is_empty(), "{mark}: {left:?} are left");
}

/// What could be left behind in a host: files, sockets, interfaces, mounts, values.
fn traces(host: &Host) -> String {
    // Not /tmp, which others write to as well.
    let seen = host.sh("find /run /var/lib /etc/sysctl.d /etc/twtune -xdev -name '*twtune*'
        ss -Htan; ip -o link; cat /proc/self/mountinfo | cut -d' ' -f4-; ip netns list");
    seen + &host.dump()
}

fn assert_as_known(report: &serde_json::Value) {
    schema::lab(report, true);
    let expected: BTreeMap<&str, &str> = VERDICTS.iter().copied().collect();
    assert_eq!(list(&report["experiments"]).len(), expected.len());
    let wrong: Vec<String> = list(&report["experiments"])
        .iter()
        .filter(|found| {
            Some(found["verdict"].as_str()) != found["name"].as_str().map(|name| expected.get(name).copied())
        })
        .map(|found| format!("{found:#}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for found in list(&report["experiments"]) {
        assert_eq!(found["verdict"], found["expected"], "{found:#}");
    }
}

#[test]
fn every_verdict_is_as_known_with_and_without_root_and_nothing_is_left_behind() {
    let Some(mut host) = Host::start() else { return };
    host.share_program();
    let before = traces(&host);
    // Side by side, which keeps the machine busier than anybody's alone.
    let arguments = "lab run all --format json";
    let commands = [("caller", Some(host.command(arguments))), ("nobody", host.command_as_nobody(arguments))];
    thread::scope(|scope| {
        for (mark, command) in commands {
            let Some(mut command) = command else { continue };
            let host = &host;
            scope.spawn(move || {
                let ran = host.judge(run_within(command.env("MARK", mark), WHOLE)).exits(0);
                assert_as_known(&ran.report("lab"));
                assert_eq!(ran.stderr, "", "whoever reads no terminal sees no progress");
                assert_gone(mark);
            });
        }
    });
    assert_eq!(traces(&host), before);
}

/// Starts the whole lab, and waits until many of its cells are at work.
fn started(host: &Host, mark: &str) -> Child {
    let child = host
        .command("lab run all")
        .env("MARK", mark)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let found = wait_for(mark, |count| count > 10);
    assert!(found.len() > 10, "only {} processes", found.len());
    child
}

/// The program itself, not what led into the sandbox: whoever has the lab's arguments and is no cell.
fn lab_of(mark: &str) -> Pid {
    let all = processes_of(mark);
    let own = all.iter().find(|process| {
        let line = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains("twtune\0lab\0run")
    });
    let number = own.and_then(|process| i32::try_from(*process).ok()).expect("the lab runs");
    Pid::from_raw(number).expect("a process number")
}

#[test]
fn a_signal_in_the_middle_leaves_nothing_behind() {
    let Some(host) = Host::start() else { return };
    let before = traces(&host);
    for (signal, name, code) in [
        (Signal::INT, "SIGINT", Some(5)),
        (Signal::TERM, "SIGTERM", Some(5)),
        (Signal::KILL, "SIGKILL", None),
    ] {
        let child = started(&host, name);
        kill_process(lab_of(name), signal).expect("kill");
        let ended = finish(child, "lab run all".into(), Duration::from_mins(1));
        assert_eq!(ended.code.filter(|code| *code < 128), code, "{ended:#?}");
        if code.is_some() {
            ended.says(&format!("interrupted by {name}"));
        }
        assert_gone(name);
    }
    assert_eq!(traces(&host), before);
}

#[test]
fn a_cell_that_is_killed_spoils_one_experiment_alone() {
    let Some(host) = Host::start() else { return };
    let child = host
        .command("lab run half-open-detection linger-off --format json")
        .env("MARK", "cell")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let begun = Instant::now();
    let cell = loop {
        let cells = processes_of("cell").into_iter().find(|process| {
            let line = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains("half-open-detection\"")
        });
        match cells {
            Some(cell) => break cell,
            None => assert!(begun.elapsed() < GONE, "no cell came"),
        }
    };
    kill_process(Pid::from_raw(i32::try_from(cell).expect("small")).expect("a process"), Signal::KILL)
        .expect("kill");
    let ended = finish(child, "lab run".into(), Duration::from_mins(1)).exits(0);
    let report = ended.report("lab");
    schema::lab(&report, true);
    let verdict = |name: &str| {
        let found = list(&report["experiments"]).iter().find(|found| found["name"] == name);
        found.map(|found| found["verdict"].clone()).expect("it was asked for")
    };
    assert_eq!(verdict("half-open-detection"), "not-testable");
    assert_eq!(verdict("linger-off"), "confirmed");
}

#[test]
fn where_namespaces_are_forbidden_the_cause_and_the_way_on_are_named() {
    let Some(mut host) = Host::start() else { return };
    if !sandbox::is_root() {
        sandbox::lacking("becoming another user needs root: run the tests as root");
        return;
    }
    host.share_program();
    let program = host.path("twtune");
    // A user namespace has a limit of its own, which binds those below it. Nobody in it may do more than before.
    let script = format!(
        "echo 0 >/proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-all --inh-caps=-all -- {} \"$@\"",
        program.display()
    );
    let forbidden = |arguments: &[&str]| {
        let mut command = Command::new("setpriv");
        command
            .args([
                "--reuid=65534",
                "--regid=65534",
                "--clear-groups",
                "unshare",
                "--user",
                "--map-root-user",
            ])
            .args(["bash", "-c", &script, "bash"])
            .args(arguments)
            .current_dir("/");
        host.judge(run(&mut command))
    };
    let ran = forbidden(&["lab", "run", "linger-off"]).exits(4).says("user.max_user_namespaces is 0");
    assert!(ran.stderr.contains("sudo twtune lab") && ran.stdout.is_empty(), "{ran:#?}");
    let report = forbidden(&["lab", "run", "linger-off", "--format", "json"]).exits(4).report("error");
    schema::error(&report, 4);
    forbidden(&["lab", "profile", "outbound"]).exits(4).says("user.max_user_namespaces is 0");
    // What needs no namespace is told all the same.
    forbidden(&["lab", "list"]).exits(0);
}

#[test]
fn the_experiments_are_listed_and_what_they_prove_is_explained() {
    let Some(host) = Host::start() else { return };
    let text = host.twtune("lab list").exits(0).stdout;
    let report = host.twtune("lab list --format json").exits(0).report("lab");
    schema::lab(&report, false);
    let names: Vec<&str> =
        list(&report["experiments"]).iter().filter_map(|experiment| experiment["name"].as_str()).collect();
    let known: Vec<&str> = VERDICTS.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, known);
    let document =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/lab.md")).expect("docs/lab.md");
    let mut topics = Vec::new();
    for experiment in list(&report["experiments"]) {
        let name = experiment["name"].as_str().expect("a name");
        assert!(text.contains(name), "{name}");
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{name}");
        assert!(document.contains(&format!("| `{name}` |")), "docs/lab.md does not tell of {name}");
        assert!(!list(&experiment["proves"]).is_empty(), "{name} proves nothing that is explained");
        topics.extend(list(&experiment["proves"]).iter().filter_map(|topic| Some((topic.as_str()?, name))));
    }
    topics.sort_unstable();
    topics.dedup_by_key(|(topic, _)| *topic);
    for (topic, name) in topics {
        let told = host.twtune(&format!("explain {topic}")).exits(0).stdout;
        assert!(told.contains(&format!("twtune lab run {name}")), "{topic} does not end with {name}: {told}");
        let report = host.twtune(&format!("explain {topic} --format json")).exits(0).report("explain");
        assert!(list(&report["experiments"]).iter().any(|proof| proof == name), "{topic}: {report:#}");
    }
}

#[test]
fn an_unknown_experiment_is_3_with_the_nearest() {
    let Some(host) = Host::start() else { return };
    host.twtune("lab run tw-reus").exits(3).says("did you mean tw-reuse?");
    host.twtune("lab run linger-off \u{7}x").exits(3).says("lab list");
    let report = host.twtune("lab run xyzzy --format json").exits(3).report("error");
    schema::error(&report, 3);
    host.twtune("lab run").exits(2);
    host.twtune("lab").exits(2);
    // No task but the lab's own starts a cell.
    host.twtune("cell {}").exits(3);
    host.twtune("cell {\"parent\":1,\"work\":\"Probe\"}").exits(3).says("gone");
}

#[test]
fn a_profile_is_measured_before_and_after() {
    let Some(host) = Host::start() else { return };
    let before = traces(&host);
    let ran = host.judge(run_within(&mut host.command("lab profile outbound --format json"), WHOLE)).exits(0);
    let report = ran.report("lab");
    schema::lab_profile(&report);
    assert_eq!(list(&report["comparisons"]).len(), 3);
    let change = schema::about(&report["changes"], "net.ipv4.tcp_tw_reuse");
    assert_eq!((&change["after"], &change["tried"]), (&"1".into(), &true.into()));
    // With ports of TIME_WAIT taken again there is no search for the last free ones.
    let one = &list(&report["comparisons"])[0];
    let rate = |when: &str| one[when]["sustained_rate"].as_u64().expect("a rate");
    assert!(rate("after") > 2 * rate("before"), "{one:#}");
    assert_eq!(traces(&host), before);
}
