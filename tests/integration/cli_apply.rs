//! `twtune apply`: all or nothing, and the rollback file first.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::Duration;

use crate::cli_check::rule;
use crate::host::Host;
use crate::host::exists;
use crate::host::file_of;
use crate::sandbox;
use crate::sandbox::As;
use crate::sandbox::Run;
use crate::schema;
use crate::schema::about;
use crate::schema::keys;
use crate::schema::list;

const FIN: &str = "net.ipv4.tcp_fin_timeout";
const SACK: &str = "net.ipv4.tcp_sack";

/// Settings of a profile with several changes, all of which a fresh namespace needs.
const SEVERAL: &[(&str, &str)] = &[
    (FIN, "30"),
    (SACK, "0"),
    ("net.ipv4.tcp_tw_reuse", "1"),
    ("net.ipv4.ip_local_port_range", "[20000, 60999]"),
    ("net.core.somaxconn", "5000"),
];

fn several(host: &Host) -> String {
    let rules: String = SEVERAL.iter().map(|(key, value)| rule(key, &format!("want = {value}"))).collect();
    host.profile("several", &rules)
}

fn history(host: &Host) -> Vec<serde_json::Value> {
    list(&host.twtune("history --format json").exits(0).report("history")["entries"]).to_vec()
}

fn in_force(host: &Host) -> Vec<String> {
    schema::applies_in_force(&host.twtune("history --format json").exits(0).report("history"))
}

#[test]
fn an_apply_makes_the_changes_of_the_plan_and_reports_them() {
    let Some(host) = Host::start() else { return };
    let profile = several(&host);
    let plan = host.twtune(&format!("plan {profile} --format json")).exits(0).report("plan");
    let run = host.twtune(&format!("apply {profile} --yes --format json")).exits(0);
    let report = run.report("apply");
    schema::outcome(&report);
    assert_eq!(report["outcome"], "applied");
    assert_eq!(keys(&report["changes"]), keys(&plan["changes"]), "in the plan's order");
    assert_eq!(keys(&report["changes"]).len(), SEVERAL.len());
    for change in list(&report["changes"]) {
        let key = change["key"].as_str().expect("a key");
        assert_eq!(change["result"], "done");
        assert_eq!(host.value(key).replace('\t', " "), change["after"].as_str().expect("a value"), "{key}");
        assert_eq!(change["before"], about(&plan["changes"], key)["before"]);
    }
    assert_eq!(run.stderr, "");

    // What undoes it is closed to others, and says what was.
    let file = report["rollback_file"].as_str().expect("a path");
    assert_eq!(file, format!("/var/lib/twtune/{}.json", report["id"].as_str().expect("an id")));
    assert_eq!(host.sh(&format!("stat -c %a {file} /var/lib/twtune")), "600\n700\n");
    let kept: serde_json::Value = serde_json::from_str(&host.sh(&format!("cat {file}"))).expect("JSON");
    let text = kept.to_string();
    for (key, _) in SEVERAL {
        assert!(text.contains(key), "{key} is not in {text}");
    }
}

#[test]
fn a_state_folder_that_is_there_already_is_closed_unless_others_could_write_it() {
    let Some(host) = Host::start() else { return };
    let profile = several(&host);
    let before = host.dump();
    // As a package or an administrator makes it.
    host.sh("mkdir -m 755 /var/lib/twtune");
    host.twtune(&format!("apply {profile} --yes")).exits(0);
    assert_eq!(host.sh("stat -c %a /var/lib/twtune /var/lib/twtune/*.json"), "700\n600\n");
    host.twtune("rollback --yes").exits(0);
    // A folder with other things in it keeps its mode.
    host.sh("mkdir -m 755 mixed; touch mixed/other");
    host.twtune(&format!("apply {profile} --yes --state-dir [ROOT]/mixed")).exits(0);
    assert_eq!(host.sh("stat -c %a mixed"), "755\n");
    host.twtune("rollback --yes --state-dir [ROOT]/mixed").exits(0);
    // Whoever may write there could have root write what they like.
    for mode in ["777", "1777", "775"] {
        host.sh(&format!("rm -rf open; mkdir open; chmod {mode} open"));
        let run = host.twtune(&format!("apply {profile} --yes --state-dir [ROOT]/open")).exits(3);
        assert!(run.stderr.contains("[ROOT]/open"), "{run:#?}");
        assert_eq!(host.dump(), before, "{mode}");
    }
    host.sh("rm -rf open; mkdir -m 700 elsewhere; ln -s elsewhere open");
    host.twtune(&format!("apply {profile} --yes --state-dir [ROOT]/open")).exits(3);
    assert_eq!(host.dump(), before);
}

#[test]
fn applying_what_is_so_is_unchanged_and_leaves_no_trace() {
    let Some(host) = Host::start() else { return };
    let profile = several(&host);
    host.twtune(&format!("apply {profile} --yes")).exits(0);
    let before = (host.dump(), history(&host).len(), host.sh("ls -A /var/lib/twtune"));
    let again = host.twtune(&format!("apply {profile} --yes --format json")).exits(0).report("apply");
    schema::outcome(&again);
    assert_eq!(again["outcome"], "unchanged");
    assert!(again["rollback_file"].is_null(), "{again:#}");
    assert!(keys(&again["changes"]).is_empty());
    assert_eq!((host.dump(), history(&host).len(), host.sh("ls -A /var/lib/twtune")), before);
    host.twtune(&format!("apply {profile} --yes")).exits(0);
}

#[test]
fn a_dry_run_is_the_plan_and_changes_nothing() {
    let Some(host) = Host::start() else { return };
    let profile = several(&host);
    let before = host.dump();
    let plan = host.twtune(&format!("plan {profile} --format json")).exits(0).report("plan");
    // It asks nobody, so it needs no --yes.
    let dry = host.twtune(&format!("apply {profile} --dry-run --format json")).exits(0).report("plan");
    schema::plan(&dry);
    assert_eq!(dry["changes"], plan["changes"]);
    let human = host.twtune(&format!("apply {profile} --dry-run --yes")).exits(0);
    for (key, _) in SEVERAL {
        assert!(human.stdout.contains(key), "{key}: {human:#?}");
    }
    assert_eq!(host.dump(), before);
    assert_eq!(host.left_behind(), "");
}

#[test]
fn without_yes_and_without_a_terminal_nobody_can_be_asked() {
    let Some(host) = Host::start() else { return };
    let profile = several(&host);
    let before = host.dump();
    host.twtune(&format!("apply {profile}")).exits(2).says("--yes");
    schema::error(&host.twtune(&format!("apply {profile} --format json")).exits(2).report("error"), 2);
    // An answer through a pipe is nobody at a terminal.
    let mut command = host.command(&format!("apply {profile}"));
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let _ = std::io::Write::write_all(&mut child.stdin.take().expect("piped"), b"y\n");
    let run = sandbox::finish(child, "yes through a pipe".into(), Duration::from_mins(1));
    host.judge(run).exits(2);
    assert_eq!(host.dump(), before);
    assert_eq!(history(&host).len(), 0);
}

#[test]
fn a_person_at_a_terminal_is_asked() {
    if !sandbox::has("script", "bsdutils") {
        return;
    }
    let Some(host) = Host::start() else { return };
    several(&host);
    let before = host.dump();
    let answer = |text: &str| {
        // The terminal stays open behind the answer, as a person's does.
        host.sh(&format!(
            "(printf '{text}\\n'; sleep 2) | script --quiet --return --command \"$TWTUNE apply several.toml\" /dev/null || true"
                ).replace("several.toml", &host.path("several.toml").display().to_string()))
    };
    let no = answer("n");
    assert_eq!(host.dump(), before, "{no}");
    let nothing = answer("");
    assert_eq!(host.dump(), before, "silence is no yes: {nothing}");
    let yes = answer("y");
    assert_eq!(host.value(FIN), "30", "{yes}");
}

#[test]
fn a_setting_can_be_left_out_and_only_required_rules_applied() {
    let Some(host) = Host::start() else { return };
    let profile = several(&host);
    host.twtune(&format!("apply {profile} --skip {FIN} --skip tcp_sack --yes")).exits(0);
    assert_eq!((host.value(FIN).as_str(), host.value(SACK).as_str()), ("60", "1"));
    assert_eq!(host.value("net.core.somaxconn"), "5000");
    host.twtune("rollback --yes").exits(0);

    let mixed = rule(FIN, "want = 30").replace("required", "recommended") + &rule(SACK, "want = 0");
    let profile = host.profile("mixed", &mixed);
    host.twtune(&format!("apply {profile} --level required --yes")).exits(0);
    assert_eq!((host.value(FIN).as_str(), host.value(SACK).as_str()), ("60", "0"));
}

#[test]
fn a_second_rollback_file_is_a_new_file_and_undoes_the_apply() {
    let Some(host) = Host::start() else { return };
    let profile = several(&host);
    let before = host.dump();
    host.file("taken", "precious");
    host.sh("ln -s nowhere dangling; ln -s taken link; mkdir folder; mkdir -m 700 own");
    for place in ["taken", "dangling", "link", "folder", "no/such/folder/file"] {
        let run = host.twtune(&format!("apply {profile} --yes --rollback-file [ROOT]/{place}"));
        assert!(matches!(run.code, Some(2..=4)), "{place}: {run:#?}");
        assert_eq!(host.dump(), before, "{place}: something was changed");
    }
    // Out of a folder that others may write no rollback would take it.
    host.sh("mkdir -m 1777 shared");
    let run = host.twtune(&format!("apply {profile} --yes --rollback-file [ROOT]/shared/copy.json")).exits(3);
    run.says("mode 1777").says("name one in a folder of your own");
    assert_eq!(host.dump(), before, "something was changed");
    assert!(!exists(&host.path("shared/copy.json")));
    assert_eq!(fs::read_to_string(host.path("taken")).expect("still there"), "precious");
    assert!(!exists(&host.path("nowhere")), "it was written through a link");
    assert_eq!(history(&host).len(), 0);

    host.twtune(&format!("apply {profile} --yes --rollback-file [ROOT]/own/copy.json")).exits(0);
    let copy = host.path("own/copy.json");
    assert_eq!(fs::metadata(&copy).expect("the copy").permissions().mode() & 0o777, 0o600);
    host.twtune("rollback [ROOT]/own/copy.json --yes").exits(0);
    assert_eq!(host.dump(), before);
    // It is the same apply, and that is now undone.
    assert!(in_force(&host).is_empty(), "{:#?}", history(&host));
}

#[test]
fn the_old_values_are_on_disk_and_synced_before_the_first_write() {
    if !sandbox::has("strace", "strace") {
        return;
    }
    let Some(host) = Host::start() else { return };
    let profile = several(&host);
    let log = host.path("log");
    host.sh("mkdir -m 700 own");
    let outer = format!(
        "strace -f -y -e trace=write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,linkat -o {}",
        log.display()
    );
    host.under(
        &outer,
        &format!("apply {profile} --yes --state-dir [ROOT]/state --rollback-file [ROOT]/own/copy.json"),
    )
    .exits(0);
    let trace = fs::read_to_string(log).expect("strace's log");
    let lines: Vec<&str> = trace.lines().collect();
    let first_change = lines
        .iter()
        .position(|line| line.contains("write") && line.contains("</proc/sys/net/"))
        .unwrap_or_else(|| panic!("no write to a setting in {trace}"));
    let synced = lines[..first_change]
        .iter()
        .any(|line| line.contains("sync(") && line.contains("/state/") && line.contains("= 0"));
    assert!(synced, "no synced file before the first change:\n{trace}");
    let folder = lines[..first_change]
        .iter()
        .any(|line| line.contains("sync(") && (line.contains("/state>)") || line.contains("/state/>)")));
    assert!(folder, "the folder's entry is not synced before the first change:\n{trace}");
}

/// Runs apply with `strace` doing `fault` at the Nth write to one of the profile's settings.
fn apply_with(host: &Host, profile: &str, fault: &str) -> Run {
    let files: Vec<String> = SEVERAL.iter().map(|(key, _)| format!("-P {}", file_of(key))).collect();
    let log = host.path("strace.log");
    let outer = format!(
        "strace -f -o {} {} -e inject=write,pwrite64,writev,pwritev:{fault}",
        log.display(),
        files.join(" ")
    );
    let run = host.under(&outer, &format!("apply {profile} --yes --format json"));
    assert!(!run.stderr.contains("panicked"), "{run:#?}");
    run
}

#[test]
fn a_failed_write_puts_everything_back() {
    if !sandbox::has("strace", "strace") {
        return;
    }
    let Some(host) = Host::start() else { return };
    let profile = several(&host);
    let before = host.dump();
    for failing in 1..=SEVERAL.len() {
        for errno in ["EIO", "EINVAL"] {
            let run = apply_with(&host, &profile, &format!("error={errno}:when={failing}")).exits(5);
            let report = run.report("apply");
            schema::outcome(&report);
            assert_eq!(report["outcome"], "undone", "{report:#}");
            assert!(list(&report["changes"]).iter().all(|change| change["result"] != "done"), "{report:#}");
            assert_eq!(host.dump(), before, "write {failing} failed with {errno}: {run:#?}");
        }
    }
    // A write that takes only a part of the value is a failed write.
    let run = apply_with(&host, &profile, "retval=1:when=1").exits(5);
    assert_eq!(host.dump(), before, "{run:#?}");
    assert!(in_force(&host).is_empty(), "{:#?}", history(&host));
    // Nothing is in the way of the next one.
    host.twtune(&format!("apply {profile} --yes")).exits(0);
    host.twtune("rollback --yes").exits(0);
    assert_eq!(host.dump(), before);
}

#[test]
fn a_write_that_was_swallowed_is_noticed_by_reading_back() {
    if !sandbox::has("strace", "strace") {
        return;
    }
    let Some(host) = Host::start() else { return };
    let profile = host.profile("one", &rule(FIN, "want = 30"));
    let before = host.dump();
    // The kernel says that two bytes were taken and stores nothing.
    let run = apply_with(&host, &profile, "retval=2:when=1");
    run.exits(5);
    assert_eq!(host.dump(), before);
}

#[test]
fn a_signal_puts_everything_back() {
    if !sandbox::has("strace", "strace") {
        return;
    }
    let Some(host) = Host::start() else { return };
    let profile = several(&host);
    let before = host.dump();
    for (at, signal) in [(1, "SIGTERM"), (1, "SIGINT"), (2, "SIGHUP"), (SEVERAL.len() - 1, "SIGTERM")] {
        let run = apply_with(&host, &profile, &format!("signal={signal}:when={at}")).exits(5);
        let report = run.report("apply");
        schema::outcome(&report);
        assert_eq!(report["outcome"], "undone", "{report:#}");
        assert_eq!(host.dump(), before, "{signal} at write {at}: {run:#?}");
    }
    assert!(in_force(&host).is_empty(), "{:#?}", history(&host));
}

#[test]
fn what_cannot_be_put_back_is_named_and_can_be_undone_later() {
    if !sandbox::has("strace", "strace") {
        return;
    }
    let Some(host) = Host::start() else { return };
    let profile = several(&host);
    let before = host.dump();
    // From the third write on nothing succeeds, so the first two stay.
    let run = apply_with(&host, &profile, "error=EIO:when=3+").exits(6);
    let report = run.report("apply");
    schema::outcome(&report);
    assert_eq!(report["outcome"], "incomplete", "{report:#}");
    let left: Vec<&str> = list(&report["changes"])
        .iter()
        .filter(|change| change["result"] == "left")
        .filter_map(|change| change["key"].as_str())
        .collect();
    assert_eq!(left.len(), 2, "{report:#}");
    for key in &left {
        let change = about(&report["changes"], key);
        assert_eq!(host.value(key).replace('\t', " "), change["after"].as_str().expect("a value"));
    }
    let file = report["rollback_file"].as_str().expect("the rollback file is kept");
    host.sh(&format!("test -s {file}"));
    host.twtune("rollback --yes").exits(0);
    assert_eq!(host.dump(), before);
    host.twtune("apply outbound --yes").exits(0);
}

#[test]
fn an_apply_that_was_killed_blocks_others_until_a_rollback_settles_it() {
    if !sandbox::has("strace", "strace") {
        return;
    }
    let Some(host) = Host::start() else { return };
    let profile = several(&host);
    let before = host.dump();
    for at in 1..=SEVERAL.len() {
        let run = apply_with(&host, &profile, &format!("signal=SIGKILL:when={at}"));
        assert!(run.code != Some(0), "{run:#?}");
        // Reading goes on.
        host.twtune(&format!("check {profile}")).exits(1);
        host.twtune("apply general --skip net.ipv4.tcp_sack --yes --dry-run").exits(0);
        let blocked = host.twtune("apply outbound --yes").exits(3);
        assert!(blocked.stderr.contains("rollback"), "it says what to do: {blocked:#?}");
        host.twtune("rollback --yes").exits(0);
        assert_eq!(host.dump(), before, "killed at write {at}");
        host.twtune("rollback --yes").exits(0);
    }
    host.twtune(&format!("apply {profile} --yes")).exits(0);
}

#[test]
fn a_kill_while_the_rollback_file_is_written_leaves_nothing_in_the_way() {
    if !sandbox::has("strace", "strace") {
        return;
    }
    let Some(host) = Host::start() else { return };
    let profile = several(&host);
    let before = host.dump();
    for call in ["fsync,fdatasync", "rename,renameat,renameat2,linkat"] {
        for at in 1..=3 {
            let outer = format!(
                "strace -f -o {} -e inject={call}:signal=SIGKILL:when={at}",
                host.path("log").display()
            );
            let run = host.under(&outer, &format!("apply {profile} --yes"));
            if run.code == Some(0) {
                // There are fewer such calls than that.
                host.twtune("rollback --yes").exits(0);
                assert_eq!(host.dump(), before);
                break;
            }
            host.twtune("history").exits(0);
            host.twtune("rollback --yes").exits(0);
            assert_eq!(host.dump(), before, "killed at {call} {at}");
            host.twtune(&format!("apply {profile} --yes")).exits(0);
            host.twtune("rollback --yes").exits(0);
            assert_eq!(host.dump(), before);
        }
    }
}

#[test]
fn where_the_old_values_cannot_be_kept_nothing_is_changed() {
    let Some(host) = Host::start() else { return };
    let profile = several(&host);
    let before = host.dump();
    host.file("occupied", "a file");
    host.sh("mkdir ro; mount -t tmpfs -o ro tmpfs ro; mkdir full; mount -t tmpfs -o size=4k tmpfs full; head -c 4096 /dev/zero >full/x 2>/dev/null || true");
    for place in ["occupied", "ro", "ro/below", "full", "occupied/below"] {
        let run = host.twtune(&format!("apply {profile} --yes --state-dir [ROOT]/{place}"));
        assert!(matches!(run.code, Some(3 | 4)), "{place}: {run:#?}");
        assert!(run.stderr.contains(place), "the place is named: {run:#?}");
        assert_eq!(host.dump(), before, "{place}: something was changed");
    }
    if sandbox::has("strace", "strace") {
        let outer = format!(
            "strace -f -o {} -e inject=fsync,fdatasync:error=EIO:when=1+",
            host.path("log").display()
        );
        let run = host.under(&outer, &format!("apply {profile} --yes"));
        assert!(matches!(run.code, Some(3 | 4)), "{run:#?}");
        assert_eq!(host.dump(), before, "{run:#?}");
    }
    host.twtune(&format!("apply {profile} --yes")).exits(0);
}

#[test]
fn an_ordinary_user_in_a_namespace_of_their_own_can_apply() {
    let Some(mut host) = Host::start_as(As::OrdinaryUser) else {
        return;
    };
    host.share_program();
    let profile = several(&host);
    let before = host.dump();
    host.sh("mkdir own");
    let state = "--state-dir [ROOT]/own/state";
    host.twtune(&format!("apply {profile} --yes {state}")).exits(0);
    host.twtune(&format!("check {profile} {state}")).exits(0);
    let entries = host.twtune(&format!("history --format json {state}")).exits(0).report("history");
    assert_eq!(list(&entries["entries"]).len(), 1);
    host.twtune(&format!("rollback --yes {state}")).exits(0);
    assert_eq!(host.dump(), before);
    host.twtune(&format!("apply outbound --yes {state}")).exits(0);
    host.twtune(&format!("rollback --yes {state}")).exits(0);
    assert_eq!(host.dump(), before);
}

#[test]
fn a_write_that_is_not_permitted_is_4_and_names_the_setting() {
    let Some(mut host) = Host::start() else { return };
    host.share_program();
    let profile = several(&host);
    let before = host.dump();
    let Some(run) = host.twtune_as_nobody(&format!("apply {profile} --yes --state-dir [ROOT]/state")) else {
        return;
    };
    let run = run.exits(4);
    let said = format!("{}{}", run.stdout, run.stderr);
    assert!(said.contains(FIN), "{run:#?}");
    assert!(said.contains("hint") && said.contains("root"), "{run:#?}");
    assert_eq!(host.dump(), before);
    assert!(
        !exists(&host.path("state"))
            || fs::read_dir(host.path("state")).is_ok_and(
                |mut d| d.all(|e| e.is_ok_and(|e| e.path().extension().is_none_or(|x| x != "json")))
            )
    );

    let run = host
        .twtune_as_nobody(&format!("apply {profile} --yes --state-dir [ROOT]/state --format json"))
        .expect("this worked above")
        .exits(4);
    let report = run.report("apply");
    schema::outcome(&report);
    assert_eq!(report["outcome"], "refused");
    assert!(keys(&report["refused"]).contains(&FIN), "{report:#}");
    assert!(list(&report["changes"]).iter().all(|change| change["result"] != "done"), "{report:#}");
}

#[test]
fn one_target_that_cannot_be_opened_stops_all_whatever_the_order() {
    let Some(mut host) = Host::start() else { return };
    host.share_program();
    let profile = several(&host);
    for (closed, _) in SEVERAL {
        // A read-only view of one setting; the others stay open.
        host.sh(&format!("mount --bind {0} {0}; mount -o remount,bind,ro {0}", file_of(closed)));
        let before = host.dump();
        let run = host.twtune(&format!("apply {profile} --yes")).exits(4);
        assert!(format!("{}{}", run.stdout, run.stderr).contains(closed), "{closed}: {run:#?}");
        assert_eq!(host.dump(), before, "{closed}");
        // Leaving it out is the way on.
        host.twtune(&format!("apply {profile} --yes --skip {closed}")).exits(0);
        host.twtune("rollback --yes").exits(0);
        assert_eq!(host.dump(), before, "{closed}");
        host.sh(&format!("umount {}", file_of(closed)));
    }
}

#[test]
fn another_namespace_is_changed_and_no_other() {
    let Some(host) = Host::start() else { return };
    let profile = several(&host);
    host.sh("ip netns add blue");
    let there = || {
        host.sh("ip netns exec blue bash -c \"cd /proc/sys/net && (grep -rs '' . || true) | grep -v -e nf_conntrack_count: -e /flush: | LC_ALL=C sort\"")
    };
    let (own, other) = (host.dump(), there());
    let resident = host.background("exec ip netns exec blue bash -c 'echo ready; exec sleep 1000'");
    for place in
        ["--netns blue".to_owned(), "--netns /run/netns/blue".into(), format!("--pid {}", resident.id())]
    {
        for target in ["boot", "both"] {
            host.twtune(&format!("apply {profile} --yes {place} --target {target}")).exits(2);
        }
        host.twtune(&format!("apply {profile} --yes {place}")).exits(0);
        host.twtune(&format!("check {profile} {place}")).exits(0);
        assert_eq!(host.dump(), own, "{place}: the wrong namespace was changed");
        assert_ne!(there(), other);
        // The rollback file knows where it belongs.
        host.twtune("rollback --yes").exits(0);
        assert_eq!(there(), other, "{place}");
        assert_eq!(host.dump(), own, "{place}");
    }
}

#[test]
fn values_that_the_kernel_takes_only_in_part_are_never_sent() {
    let Some(host) = Host::start() else { return };
    let before = host.dump();
    let range = "net.ipv4.ip_local_port_range";
    for (key, value) in [
        (range, "20000"),
        (range, "[20000]"),
        (range, "[1024, 65535, 9]"),
        (range, "\"20000\""),
        (range, "\"1024 65535 9\""),
        (FIN, "\"10 20\""),
        (FIN, "[10, 20]"),
        (FIN, "\"\""),
        (FIN, "\" \""),
        ("net.ipv4.tcp_rmem", "4096"),
        ("net.ipv4.tcp_rmem", "[4096, 131072]"),
        ("net.ipv4.tcp_rmem", "[4096, 131072, 6291456, 1]"),
    ] {
        let profile = host.profile("part", &rule(key, &format!("want = {value}")));
        host.twtune(&format!("apply {profile} --yes")).exits(3).says("part.toml");
        assert_eq!(host.dump(), before, "{key} = {value}");
    }
}

#[test]
fn one_after_the_other_when_several_start_at_once() {
    let Some(host) = Host::start() else { return };
    let before = host.dump();
    let profiles: Vec<String> = SEVERAL
        .iter()
        .enumerate()
        .map(|(at, (key, value))| host.profile(&format!("p{at}"), &rule(key, &format!("want = {value}"))))
        .collect();
    let running: Vec<_> = profiles
        .iter()
        .map(|profile| {
            host.command(&format!("apply {profile} --yes"))
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("the program starts")
        })
        .collect();
    let mut done = 0;
    for child in running {
        let run = host.judge(sandbox::finish(child, "one of several".into(), Duration::from_mins(1)));
        // It waits for its turn, or says that somebody else is at it.
        assert!(matches!(run.code, Some(0 | 3 | 4)), "{run:#?}");
        done += usize::from(run.code == Some(0));
    }
    assert!(done > 0);
    assert_eq!(in_force(&host).len(), done);
    for _ in 0..done {
        host.twtune("rollback --yes").exits(0);
    }
    assert_eq!(host.dump(), before);
}
