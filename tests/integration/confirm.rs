//! Applies on probation: undone by themselves unless they are confirmed in time, whatever became of whom.

use std::time::Duration;
use std::time::Instant;

use crate::cli_check::rule;
use crate::host::Host;
use crate::sandbox;
use crate::schema;

const FIN: &str = "net.ipv4.tcp_fin_timeout";
const RETRIES: &str = "net.ipv4.tcp_retries2";

/// A host with a profile of two changes in `own.toml`.
fn host() -> Option<Host> {
    let host = Host::start()?;
    host.profile("own", &(rule(FIN, "want = 30") + &rule(RETRIES, "want = 8")));
    Some(host)
}

fn apply(host: &Host, within: &str) {
    host.twtune(&format!("apply [ROOT]/own.toml --yes --confirm-within {within}"))
        .exits(0)
        .says("undone by itself at 20")
        .says(&format!("(in {within})"));
    assert_eq!((host.value(FIN), host.value(RETRIES)), ("30".into(), "8".into()));
}

/// Waits until a setting has this value: longer than any probation here takes, shorter than for ever.
fn wait_for(host: &Host, key: &str, value: &str) {
    let start = Instant::now();
    while host.value(key) != value {
        assert!(start.elapsed() < Duration::from_secs(30), "{key} is {} and not {value}", host.value(key));
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn pass(seconds: u64) {
    std::thread::sleep(Duration::from_secs(seconds));
}

#[test]
fn it_undoes_itself_and_says_so_in_the_history() {
    let Some(host) = host() else { return };
    apply(&host, "6s");
    assert!(!watchers(&host).is_empty());
    let pending = host.twtune("history --format json").exits(0);
    assert!(
        pending.stdout.contains("\"pending\"") && pending.stdout.contains("\"in_force\": true"),
        "{pending:#?}"
    );
    wait_for(&host, FIN, "60");
    wait_for(&host, RETRIES, "15");
    let after = host.twtune("history --format json").exits(0);
    assert!(after.stdout.contains("\"rolled-back\"") && !after.stdout.contains("\"pending\""), "{after:#?}");
    host.twtune("confirm").exits(3).says("no apply waits");
    // Nothing is left of it: no file, no process.
    wait_for_no_watcher(&host);
    assert_eq!(host.sh("ls /var/lib/twtune | grep -c due || true").trim(), "0");
}

/// The watchers in the host's network namespace, by process; other tests have their own.
fn watchers(host: &Host) -> String {
    host.sh("for p in /proc/[0-9]*; do
           [ \"$( (tr '\\0' '\\n' <$p/cmdline) 2>/dev/null | sed -n 2p)\" = watch ] || continue
           [ \"$(readlink $p/ns/net)\" = \"$(readlink /proc/self/ns/net)\" ] && echo ${p#/proc/}
         done || true")
}

fn wait_for_no_watcher(host: &Host) {
    let start = Instant::now();
    while !watchers(host).is_empty() {
        assert!(start.elapsed() < Duration::from_secs(30), "a watcher is left: {}", watchers(host));
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn beside_an_older_record_that_is_damaged_it_undoes_itself_as_well() {
    let Some(host) = host() else { return };
    let sack = host.profile("sack", &rule("net.ipv4.tcp_sack", "want = 0"));
    host.twtune(&format!("apply {sack} --target live --yes")).exits(0);
    host.sh("truncate -s 300 /var/lib/twtune/1.json");
    apply(&host, "2s");
    wait_for(&host, FIN, "60");
    wait_for(&host, RETRIES, "15");
    assert_eq!(host.value("net.ipv4.tcp_sack"), "0");
    wait_for_no_watcher(&host);
    // Nor does it keep the next command from seeing what is overdue.
    apply(&host, "3s");
    let watcher = watchers(&host);
    host.sh(&format!("kill -9 {}", watcher.split_whitespace().collect::<Vec<_>>().join(" ")));
    host.sh("echo 1 >/var/lib/twtune/1.due; chmod 600 /var/lib/twtune/1.due");
    pass(5);
    assert_eq!(host.value(FIN), "30", "nobody is there to undo it");
    host.twtune("check general").says("was not confirmed in time and was undone");
    assert_eq!((host.value(FIN), host.value(RETRIES)), ("60".into(), "15".into()));
}

#[test]
fn confirmed_in_time_it_stays() {
    let Some(host) = host() else { return };
    apply(&host, "3s");
    let run = host.twtune("confirm --format json").exits(0);
    assert!(run.stdout.contains("\"twtune.confirm/1\"") && run.stdout.contains("\"applied\""), "{run:#?}");
    host.twtune("confirm").exits(3);
    pass(5);
    assert_eq!(host.value(FIN), "30");
    host.twtune("rollback --yes").exits(0);
    assert_eq!(host.value(FIN), "60");
}

#[test]
fn said_again_it_gets_more_time() {
    let Some(host) = host() else { return };
    apply(&host, "3s");
    pass(1);
    host.twtune("apply [ROOT]/own.toml --yes --confirm-within 6s")
        .exits(0)
        .says("apply 1 now waits to be confirmed until 20")
        .says("(in 6s)");
    pass(4);
    assert_eq!(host.value(FIN), "30", "the first time is over, the second is not");
    wait_for(&host, FIN, "60");
}

#[test]
fn said_again_it_gets_a_new_watcher_where_none_is_left() {
    let Some(host) = host() else { return };
    apply(&host, "50s");
    host.twtune("apply [ROOT]/own.toml --yes --confirm-within 51s").exits(0);
    let watcher = watchers(&host);
    assert_eq!(watcher.split_whitespace().count(), 1, "one is enough: {watcher}");
    host.sh(&format!("kill -9 {watcher}"));
    host.twtune("apply [ROOT]/own.toml --yes --confirm-within 2s").exits(0);
    wait_for(&host, FIN, "60");
    wait_for_no_watcher(&host);
    assert_eq!(host.sh("ls /var/lib/twtune | grep -c watch || true").trim(), "0");
}

#[test]
fn what_cannot_be_undone_at_once_is_undone_later() {
    let Some(host) = host() else { return };
    apply(&host, "2s");
    host.sh("mount -o remount,bind,ro /proc/sys/net");
    pass(4);
    assert_eq!(host.value(FIN), "30", "nobody can write it");
    host.sh("mount -o remount,bind,rw /proc/sys/net");
    wait_for(&host, FIN, "60");
    wait_for_no_watcher(&host);
}

#[test]
fn what_waits_is_told_of_by_whatever_finds_nothing_to_do() {
    let Some(host) = host() else { return };
    apply(&host, "30s");
    for command in ["check [ROOT]/own.toml", "plan [ROOT]/own.toml", "apply [ROOT]/own.toml --yes"] {
        let run = host.twtune(command).exits(0);
        assert!(run.stderr.contains("note: apply 1 is undone in "), "{command}: {run:#?}");
    }
    host.twtune("confirm").exits(0);
    let run = host.twtune("check [ROOT]/own.toml").exits(0);
    assert_eq!(run.stderr, "");
}

#[test]
fn nothing_of_ours_is_held_open() {
    let Some(host) = host() else { return };
    let start = Instant::now();
    // A command substitution waits for everybody who holds its pipe; the loop for a lock that a child inherits.
    host.sh("exec 9>lock; flock 9; out=$(\"$TWTUNE\" apply ./own.toml --yes --confirm-within 20s 2>&1); exec 9>&-; flock -n lock true");
    assert!(start.elapsed() < Duration::from_secs(10), "it returned at once");
    host.twtune("confirm").exits(0);
}

#[test]
fn it_survives_the_session_that_started_it() {
    let Some(host) = host() else { return };
    host.sh("setsid bash -c '\"$TWTUNE\" apply ./own.toml --yes --confirm-within 3s; kill -HUP 0; kill -9 0' || true");
    assert_eq!(host.value(FIN), "30");
    wait_for(&host, FIN, "60");
}

#[test]
fn without_its_watcher_the_next_command_settles_it() {
    let Some(host) = host() else { return };
    for command in ["check", "plan", "history", "rollback --yes", "confirm", "apply general --yes"] {
        apply(&host, "5s");
        let watcher = watchers(&host);
        assert!(!watcher.is_empty(), "there is a watcher to kill");
        host.sh(&format!("kill -9 {}", watcher.split_whitespace().collect::<Vec<_>>().join(" ")));
        pass(7);
        assert_eq!(host.value(FIN), "30", "{command}: nobody is there to undo it");
        let run = host.twtune(command);
        assert!(run.stderr.contains("not confirmed in time"), "{command}: {run:#?}");
        assert_eq!(host.value(FIN), "60", "{command}");
    }
}

#[test]
fn a_kill_in_the_middle_of_it_is_undone_as_well() {
    if !sandbox::has("strace", "strace") {
        return;
    }
    let Some(host) = host() else { return };
    for when in 1..=2 {
        host.sh(&format!(
            "strace -f -o /dev/null -e inject=pwrite64:signal=SIGKILL:when={when} \"$TWTUNE\" apply ./own.toml --yes --confirm-within 2s || true"
        ));
        wait_for(&host, FIN, "60");
        pass(3);
        let history = host.twtune("history").exits(0);
        assert!(!history.stdout.contains("interrupted"), "{history:#?}");
    }
}

#[test]
fn rolled_back_before_its_time_it_is_settled() {
    let Some(host) = host() else { return };
    apply(&host, "2s");
    host.twtune("rollback --yes").exits(0);
    host.set(FIN, "45");
    pass(4);
    assert_eq!(host.value(FIN), "45", "the watcher has nothing to undo any more");
    assert_eq!(host.sh("ls /var/lib/twtune | grep -c json").trim(), "2");
}

#[test]
fn what_somebody_changed_since_is_left_and_the_rest_put_back() {
    let Some(host) = host() else { return };
    apply(&host, "2s");
    host.set(FIN, "45");
    wait_for(&host, RETRIES, "15");
    assert_eq!(host.value(FIN), "45");
    let history = host.twtune("history").exits(0);
    assert!(history.stdout.contains("incomplete"), "{history:#?}");
    // What was left is told, by whoever asks.
    history.says(&format!("left as they were found: {FIN}"));
    let report = host.twtune("history --format json").exits(0).report("history");
    schema::history(&report);
    assert_eq!(report["entries"][1]["left"], serde_json::json!([FIN]), "{report:#}");
}

#[test]
fn a_failed_one_is_on_no_probation() {
    let Some(host) = host() else { return };
    if !sandbox::has("strace", "strace") {
        return;
    }
    host.sh(
        "strace -f -o /dev/null -e inject=pwrite64:error=EINVAL:when=2 \"$TWTUNE\" apply ./own.toml --yes --confirm-within 2s || [ $? = 5 ]",
    );
    assert_eq!(host.value(FIN), "60");
    host.twtune("confirm").exits(3);
}

#[test]
fn times_are_checked() {
    let Some(host) = host() else { return };
    for time in ["0", "-1s", "8d", "10", "soon", "1.5h", "99999999999999999999999999s", ""] {
        let code = host.twtune(&format!("apply [ROOT]/own.toml --yes --confirm-within={time}")).code;
        // A bare number is seconds.
        let expected = if time == "10" { 0 } else { 2 };
        assert_eq!(code, Some(expected), "{time}");
    }
}

/// A host whose boot sets what an apply wants from a file of its own, and one on probation that takes that over.
fn taking_over() -> Option<Host> {
    let host = host()?;
    host.sh(&format!(
        "mkdir -p /run/systemd/system
         printf '%s\\n' '# theirs' '{FIN} = 20' '{RETRIES} = 9' >/etc/sysctl.d/zz-app.conf"
    ));
    let run = host
        .twtune("apply [ROOT]/own.toml --target both --take-over --yes --confirm-within 1h --format json");
    let report = run.exits(0).report("apply");
    schema::outcome(&report);
    let files = ["/etc/sysctl.d/zz-app.conf", "/etc/sysctl.d/99-twtune.conf"];
    assert_eq!(report["files"], serde_json::json!(files), "{report:#}");
    assert!(report["confirm_by"].as_str().is_some_and(|time| time.ends_with('Z')), "{report:#}");
    // Said again it is the same apply, which has written no file yet.
    host.twtune("apply [ROOT]/own.toml --target both --take-over --yes --confirm-within 2h")
        .exits(0)
        .says("nothing to change; apply 1 now waits to be confirmed until 20");
    Some(host)
}

fn theirs(host: &Host) -> String {
    host.sh("cat /etc/sysctl.d/zz-app.conf")
}

#[test]
fn a_confirmation_takes_over_what_somebody_has_moved_meanwhile() {
    let Some(host) = taking_over() else { return };
    host.sh(&format!("printf '%s\\n' '# mine' '{RETRIES} = 9' '' '{FIN} = 20' >/etc/sysctl.d/zz-app.conf"));
    let before = theirs(&host);
    host.twtune("confirm").exits(0);
    assert_eq!(theirs(&host), format!("# mine\n#{RETRIES} = 9\n\n#{FIN} = 20\n"));
    host.twtune("check [ROOT]/own.toml --target both").exits(0);
    host.twtune("rollback --yes").exits(0).says("wrote  /etc/sysctl.d/zz-app.conf");
    assert_eq!(theirs(&host), before);
    assert_eq!(host.sh("ls /etc/sysctl.d"), "zz-app.conf\n");
}

#[test]
fn a_confirmation_comes_through_beside_an_apply_that_took_the_same_lines() {
    let Some(host) = taking_over() else { return };
    let before = theirs(&host);
    host.profile("other", &rule(FIN, "want = 40"));
    host.twtune("apply [ROOT]/other.toml --target both --take-over --yes").exits(0);
    host.twtune("confirm").exits(0);
    assert_eq!(theirs(&host), format!("# theirs\n#{FIN} = 20\n#{RETRIES} = 9\n"));
    host.twtune("check [ROOT]/other.toml --target both").exits(0);
    // The line that the other had taken stays out of the way of the one that was confirmed.
    host.twtune("rollback 2 --yes").exits(0);
    assert_eq!(theirs(&host), format!("# theirs\n#{FIN} = 20\n#{RETRIES} = 9\n"));
    host.twtune("check [ROOT]/own.toml --target both").exits(0);
    host.twtune("rollback --yes").exits(0);
    assert_eq!(theirs(&host), before);
}

#[test]
fn a_confirmation_overrules_nobody_who_came_since() {
    let Some(host) = taking_over() else { return };
    let before = theirs(&host);
    for (file, place) in [("zz-app.conf", "zz-app.conf:4"), ("zz-later.conf", "zz-later.conf:1")] {
        host.sh(&format!("echo '{FIN} = 25' >>/etc/sysctl.d/{file}"));
        let run = host.twtune("confirm").exits(3);
        run.says(&format!("/etc/sysctl.d/{place} says `{FIN} = 25` now")).says("twtune rollback 1");
        assert_eq!(host.sh("ls /etc/sysctl.d/99-twtune.conf 2>/dev/null || true"), "");
        assert_eq!(host.value(FIN), "30", "it waits on");
        host.sh(&format!("sed -i '/ = 25$/d' /etc/sysctl.d/{file}; find /etc/sysctl.d -empty -delete"));
    }
    host.twtune("history").exits(0).says("unless it is confirmed").says("files once it is confirmed");
    host.twtune("confirm").exits(0);
    host.twtune("rollback --yes").exits(0);
    assert_eq!(theirs(&host), before);
}

#[test]
fn what_is_overdue_does_not_wait_for_what_was_interrupted_elsewhere() {
    if !sandbox::has("strace", "strace") {
        return;
    }
    for (key, is_apart) in [("net.ipv4.tcp_sack", true), (RETRIES, false)] {
        let Some(host) = host() else { return };
        apply(&host, "2s");
        host.profile("other", &rule(key, "want = 0"));
        if !is_apart {
            host.profile("other", &rule(key, "want = 7"));
        }
        // At its end, which it begins to note.
        host.sh(
            "strace -f -o /dev/null -P /var/lib/twtune/2.end -e inject=write:signal=SIGKILL:when=1 \"$TWTUNE\" apply ./other.toml --yes || true",
        );
        assert_eq!(host.sh("cd /var/lib/twtune; ls 2.*; cat 2.end"), "2.end\n2.json\n");
        if is_apart {
            wait_for(&host, FIN, "60");
            wait_for(&host, RETRIES, "15");
        } else {
            pass(8);
            assert_eq!(host.value(FIN), "30", "what was interrupted has to do with it");
            host.twtune("history").exits(0).says("apply 1 was not confirmed in time and could not be undone");
        }
        host.twtune("history").exits(0).says("apply 2 was interrupted");
        host.twtune("rollback --yes").exits(0).says("2 was interrupted and is settled");
        host.twtune("history").exits(0);
        assert_eq!((host.value(FIN), host.value(RETRIES)), ("60".into(), "15".into()));
        assert_eq!(host.value("net.ipv4.tcp_sack"), "1");
        host.twtune("rollback --yes").exits(0).says("nothing to roll back");
    }
}
