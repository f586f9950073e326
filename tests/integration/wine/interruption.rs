//! The program ended in the middle of its work, and several at once.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;
use std::time::Instant;

use serde_json::json;

use crate::wine::machine::Machine;

/// How often an apply is ended before it comes to its end.
const MOMENTS: u32 = 50;

fn ranges(machine: &Machine) -> Vec<Option<String>> {
    let read = |name: &str| fs::read_to_string(machine.path(&format!(r"C:\windows\netsh.{name}"))).ok();
    ["ipv4.tcp", "ipv6.tcp", "ipv4.udp", "ipv6.udp"].map(read).to_vec()
}

/// Values and ranges in turn, so that there is always one before and one behind the moment.
fn profile(machine: &Machine) -> String {
    let mut rules = String::new();
    for (key, wish) in [
        ("tcpip.TcpTimedWaitDelay", "want = 30"),
        ("tcpip.KeepAliveTime", "want = 300000"),
        ("tcpip.KeepAliveInterval", "want = 2000"),
        ("tcpip.TcpMaxDataRetransmissions", "want = 7"),
        ("ipv4.dynamicport.tcp", "want = [20000, 60000]"),
        ("ipv6.dynamicport.tcp", "want = [20000, 60000]"),
        ("ipv4.dynamicport.udp", "want = [20000, 60000]"),
    ] {
        let _ = writeln!(rules, "[[rule]]\nkey = \"{key}\"\nwhy = \"Because.\"\n{wish}");
    }
    machine.profile("many", &rules)
}

/// What the newest record of the history is, told by its files: every command takes its time in Wine.
fn found(machine: &Machine) -> &'static str {
    let state = machine.path(r"C:\ProgramData\twtune\state");
    let names = fs::read_dir(&state)
        .expect("the state")
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok());
    let newest =
        names.filter_map(|name| name.strip_suffix(".json")?.parse::<u32>().ok()).max().expect("a record");
    let text = |kind: &str| fs::read_to_string(state.join(format!("{newest}.{kind}"))).unwrap_or_default();
    let rollback = text("json").contains("\"command\": \"rollback\"");
    match text("end").as_str() {
        "" => "interrupted",
        _ if rollback => "not begun",
        _ => "applied",
    }
}

#[test]
fn ended_at_any_moment_a_rollback_restores() {
    let Some(machine) = Machine::start() else { return };
    let profile = profile(&machine);
    machine.set("KeepAliveTime", "REG_SZ", "two hours");
    // The ranges are files once they were set.
    assert_eq!(machine.twtune(&format!("apply {profile} --yes")).code, Some(0));
    assert_eq!(machine.twtune("rollback --yes").code, Some(0));
    let (before, ports) = (machine.export(), ranges(&machine));
    let begun = Instant::now();
    assert_eq!(machine.twtune(&format!("apply {profile} --yes")).code, Some(0));
    let whole = begun.elapsed();
    assert_eq!(machine.twtune("rollback --yes").code, Some(0));
    let mut seen = BTreeSet::new();
    for moment in 1..=MOMENTS {
        let mut child = machine
            .program(&format!("apply {profile} --yes"))
            .stdin(Stdio::null())
            .spawn()
            .expect("wine starts");
        sleep(whole * moment / MOMENTS);
        // The process of Windows is this process.
        let _ = child.kill();
        child.wait().expect("it ended");
        let found = found(&machine);
        if found == "interrupted" && !seen.contains(found) {
            let (history, _) = machine.report("history");
            let newest = history["entries"].as_array().and_then(|entries| entries.last()).expect("an entry");
            assert_eq!(newest["outcome"], "interrupted", "{history:#}");
            let next = machine.twtune(&format!("apply {profile} --yes"));
            assert_eq!(next.code, Some(3), "what was interrupted is settled first: {next:#?}");
        }
        seen.insert(found);
        let mut back = machine.twtune("rollback --yes");
        // Where the machine has much else to do, Wine now and then does not start a program (error 1359). Then all is
        // as it was, and the next rollback has to do it.
        for _ in 0..5 {
            if !back.stdout.contains("netsh does not start") {
                break;
            }
            eprintln!("WINE started no netsh: {back:?}");
            sleep(Duration::from_secs(1));
            back = machine.twtune("rollback --yes");
        }
        assert_eq!(back.code, Some(0), "moment {moment}: {back:#?}");
        assert_eq!(machine.export(), before, "moment {moment}");
        assert_eq!(ranges(&machine), ports, "moment {moment}");
    }
    eprintln!("WINE {MOMENTS} moments of {whole:?}: {seen:?}");
    assert!(seen.contains("interrupted"), "no apply was ended in the middle: {seen:?}");
}

#[test]
fn of_several_at_once_one_applies() {
    let Some(machine) = Machine::start() else { return };
    let before = machine.export();
    let children: Vec<_> = (0..6)
        .map(|_| {
            let mut command = machine.program("apply outbound --yes --format json");
            command.stdout(Stdio::piped()).spawn().expect("wine starts")
        })
        .collect();
    let reports: Vec<serde_json::Value> = children
        .into_iter()
        .map(|child| child.wait_with_output().expect("it ends"))
        .map(|output| serde_json::from_slice(&output.stdout).expect("a report"))
        .collect();
    let applied = reports.iter().filter(|report| report["outcome"] == json!("applied")).count();
    assert_eq!(applied, 1, "{reports:#?}");
    // The others found it done, or their plan stale.
    let calm = |report: &serde_json::Value| report["outcome"] == "unchanged" || report["exit_code"] == 3;
    assert_eq!(reports.iter().filter(|report| calm(report)).count(), 5, "{reports:#?}");
    sleep(Duration::from_millis(100));
    assert_eq!(machine.twtune("rollback --yes").code, Some(0));
    assert_eq!(machine.export(), before);
}
