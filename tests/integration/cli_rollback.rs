//! `twtune rollback`: undoes an apply, exactly, or says what is in the way.

use serde_json::Value;

use crate::cli_check::PROFILES;
use crate::cli_check::rule;
use crate::host::Host;
use crate::sandbox;
use crate::schema;
use crate::schema::about;
use crate::schema::keys;
use crate::schema::list;

const FIN: &str = "net.ipv4.tcp_fin_timeout";
const SACK: &str = "net.ipv4.tcp_sack";

/// Applies a profile and gives the report.
fn apply(host: &Host, arguments: &str) -> Value {
    let report = host.twtune(&format!("apply {arguments} --yes --format json")).exits(0).report("apply");
    assert_eq!(report["outcome"], "applied", "{report:#}");
    report
}

fn in_force(host: &Host) -> Vec<String> {
    schema::applies_in_force(&host.twtune("history --format json").exits(0).report("history"))
}

#[test]
fn apply_then_rollback_is_the_identity_for_every_profile() {
    let Some(host) = Host::start() else { return };
    for detuned in [false, true] {
        if detuned {
            host.detune();
        }
        let before = host.dump();
        let all = PROFILES.join(" ");
        for profiles in PROFILES.iter().copied().chain([all.as_str()]) {
            let run = host.twtune(&format!("apply {profiles} --yes --format json")).exits(0);
            let report = run.report("apply");
            if report["outcome"] == "unchanged" {
                assert!(!detuned, "{profiles}: {report:#}");
                continue;
            }
            host.twtune(&format!("check {profiles}")).exits(0);
            assert_ne!(host.dump(), before, "{profiles}");
            let run = host.twtune("rollback --yes --format json").exits(0);
            let undone = run.report("rollback");
            schema::outcome(&undone);
            assert_eq!(undone["outcome"], "rolled-back");
            assert_eq!(keys(&undone["changes"]).len(), keys(&report["changes"]).len());
            for change in list(&undone["changes"]) {
                let done = about(&report["changes"], change["key"].as_str().expect("a key"));
                assert_eq!(
                    (&change["before"], &change["after"]),
                    (&done["after"], &done["before"]),
                    "{change:#}"
                );
                assert_eq!(change["target"], "live");
            }
            assert_eq!(host.dump(), before, "{profiles}, detuned: {detuned}");
        }
    }
}

#[test]
fn what_a_write_changes_besides_itself_comes_back_as_well() {
    let Some(host) = Host::start() else { return };
    host.sh("ip link add d0 type veth peer name eth0.7");
    // Values that a change of ip_forward resets.
    host.set("net.ipv4.conf.all.accept_redirects", "0");
    host.set("net.ipv4.conf.d0.accept_redirects", "0");
    host.set("net.ipv4.conf.default.accept_redirects", "0");
    host.set("net.ipv4.conf.eth0/7.accept_redirects", "0");
    host.set("net.ipv4.conf.all.send_redirects", "0");
    let before = host.dump();
    for want in [1, 0] {
        let profile = host.profile("forward", &rule("net.ipv4.ip_forward", &format!("want = {want}")));
        if host.value("net.ipv4.ip_forward") == want.to_string() {
            host.set("net.ipv4.ip_forward", if want == 0 { "1" } else { "0" });
            host.set("net.ipv4.conf.d0.accept_redirects", "1");
            host.set("net.ipv4.conf.all.accept_redirects", "1");
        }
        let so_far = host.dump();
        apply(&host, &profile);
        host.twtune("rollback --yes").exits(0);
        assert_eq!(host.dump(), so_far, "ip_forward = {want}");
    }
    assert!(!before.is_empty());
}

#[test]
fn with_nothing_in_force_it_says_so_and_succeeds() {
    let Some(host) = Host::start() else { return };
    let before = host.dump();
    let run = host.twtune("rollback --yes").exits(0);
    assert!(!run.stdout.trim().is_empty(), "{run:#?}");
    let report = host.twtune("rollback --yes --format json").exits(0).report("rollback");
    schema::outcome(&report);
    assert_eq!(report["outcome"], "unchanged");
    // A retry is harmless: it never goes on to an older one by itself, for there is none left.
    apply(&host, "outbound");
    host.twtune("rollback --yes").exits(0);
    host.twtune("rollback --yes").exits(0);
    host.twtune("rollback").exits(0);
    assert_eq!(host.dump(), before);
}

#[test]
fn the_newest_in_force_goes_first_and_the_rest_stays() {
    let Some(host) = Host::start() else { return };
    let first = host.profile("first", &(rule(FIN, "want = 50") + &rule(SACK, "want = 0")));
    let second =
        host.profile("second", &(rule(FIN, "want = 40") + &rule("net.core.somaxconn", "want = 5000")));
    let before = host.dump();
    let one = apply(&host, &first);
    let between = host.dump();
    let two = apply(&host, &second);
    let id = |report: &Value| report["id"].as_str().expect("an id").to_owned();
    let mut standing = in_force(&host);
    standing.sort();
    let mut expected = vec![id(&one), id(&two)];
    expected.sort();
    assert_eq!(standing, expected);
    let undone = host.twtune("rollback --yes --format json").exits(0).report("rollback");
    assert_eq!(undone["outcome"], "rolled-back");
    assert_eq!(host.dump(), between);
    assert_eq!(in_force(&host), [id(&one)]);
    host.twtune("rollback --yes").exits(0);
    assert_eq!(host.dump(), before);
    assert!(in_force(&host).is_empty());
}

#[test]
fn an_apply_can_be_named_by_id_or_file() {
    let Some(host) = Host::start() else { return };
    let first = host.profile("first", &rule(FIN, "want = 50"));
    let second = host.profile("second", &rule(SACK, "want = 0"));
    let before = host.dump();
    let one = apply(&host, &first);
    apply(&host, &second);
    // The older one, because it was named.
    host.twtune(&format!("rollback {} --yes", one["id"].as_str().expect("an id"))).exits(0);
    assert_eq!((host.value(FIN).as_str(), host.value(SACK).as_str()), ("60", "0"));
    // Once more is harmless or refused, and changes nothing.
    let again = host.twtune(&format!("rollback {} --yes", one["id"].as_str().expect("an id")));
    assert!(matches!(again.code, Some(0 | 3)), "{again:#?}");
    assert_eq!((host.value(FIN).as_str(), host.value(SACK).as_str()), ("60", "0"));
    let file = format!("/var/lib/twtune/{}.json", in_force(&host)[0]);
    host.twtune(&format!("rollback {file} --yes")).exits(0);
    assert_eq!(host.dump(), before);
    for unknown in
        ["no-such-apply", "/var/lib/twtune/none.json", "../../etc/passwd", "[ROOT]/first.toml", "/"]
    {
        let run = host.twtune(&format!("rollback {unknown} --yes"));
        assert!(matches!(run.code, Some(3 | 4)), "{run:#?}");
        assert_eq!(host.dump(), before);
    }
}

#[test]
fn a_value_that_somebody_changed_since_is_a_conflict() {
    let Some(host) = Host::start() else { return };
    let profile = host.profile("two", &(rule(FIN, "want = 50") + &rule(SACK, "want = 0")));
    apply(&host, &profile);
    host.set(FIN, "44");
    let changed = host.dump();
    let run = host.twtune("rollback --yes").exits(3).says(FIN).says("44");
    assert!(format!("{}{}", run.stdout, run.stderr).contains("--force"), "it names the way on: {run:#?}");
    assert_eq!(host.dump(), changed, "nothing was changed");
    let run = host.twtune("rollback --yes --format json").exits(3);
    let report = run.report("rollback");
    schema::outcome(&report);
    assert_eq!(about(&report["changes"], FIN)["result"], "conflict", "{report:#}");
    assert_eq!(in_force(&host).len(), 1);
    host.twtune(&format!("rollback --yes --force {SACK}")).exits(3);
    assert_eq!(host.dump(), changed);
    host.twtune(&format!("rollback --yes --force {FIN}")).exits(0);
    assert_eq!((host.value(FIN).as_str(), host.value(SACK).as_str()), ("60", "1"));
    assert!(in_force(&host).is_empty());
}

#[test]
fn a_value_that_is_back_already_is_no_conflict() {
    let Some(host) = Host::start() else { return };
    let before = host.dump();
    let profile = host.profile("two", &(rule(FIN, "want = 50") + &rule(SACK, "want = 0")));
    apply(&host, &profile);
    host.set(FIN, "60");
    host.twtune("rollback --yes").exits(0);
    assert_eq!(host.dump(), before);
}

#[test]
fn a_dry_run_and_a_missing_yes_change_nothing() {
    let Some(host) = Host::start() else { return };
    let profile = host.profile("two", &(rule(FIN, "want = 50") + &rule(SACK, "want = 0")));
    apply(&host, &profile);
    let applied = host.dump();
    let run = host.twtune("rollback --dry-run").exits(0);
    for shown in [FIN, SACK, "50", "60"] {
        assert!(run.stdout.contains(shown), "{shown}: {run:#?}");
    }
    host.twtune("rollback").exits(2).says("--yes");
    assert_eq!(host.dump(), applied);
    assert_eq!(in_force(&host).len(), 1);
}

#[test]
fn a_rollback_file_that_was_tampered_with_is_refused() {
    let Some(host) = Host::start() else { return };
    let profile = host.profile("two", &(rule(FIN, "want = 50") + &rule(SACK, "want = 0")));
    let file = apply(&host, &profile)["rollback_file"].as_str().expect("a path").to_owned();
    let applied = host.dump();
    host.sh(&format!("cp {file} good"));
    for damage in [
        "sed -i 's/60/61/' FILE",
        "sed -i 's/tcp_fin_timeout/tcp_retries2/' FILE",
        "truncate -s 100 FILE",
        "truncate -s 0 FILE",
        "printf '\\0' >>FILE",
        "sed -i 's#net.ipv4.tcp_fin_timeout#net.ipv4.../../vm.swappiness#' FILE",
        "printf '\\377\\376' >FILE",
        "echo '{}' >FILE",
        "rm FILE; mkdir FILE",
        "rm FILE; mkfifo FILE",
        "rm FILE; ln -s /dev/zero FILE",
        "truncate -s 200M FILE",
    ] {
        host.sh(&damage.replace("FILE", &file));
        let run =
            crate::host::within(&host, std::time::Duration::from_secs(10), &format!("rollback {file} --yes"));
        assert!(matches!(run.code, Some(3 | 4)), "{damage}: {run:#?}");
        assert!(format!("{}{}", run.stdout, run.stderr).contains(&file), "the file is named: {run:#?}");
        let newest = crate::host::within(&host, std::time::Duration::from_secs(10), "rollback --yes");
        assert!(matches!(newest.code, Some(3 | 4)), "{damage}: {newest:#?}");
        assert_eq!(host.dump(), applied, "{damage}");
        host.sh(&format!("rm -r {file}; cp good {file}; chmod 600 {file}"));
    }
    host.twtune("rollback --yes").exits(0);
}

#[test]
fn a_rollback_that_fails_or_is_interrupted_can_be_repeated() {
    if !sandbox::has("strace", "strace") {
        return;
    }
    let Some(host) = Host::start() else { return };
    let before = host.dump();
    let several =
        rule(FIN, "want = 50") + &rule(SACK, "want = 0") + &rule("net.core.somaxconn", "want = 5000");
    let profile = host.profile("several", &several);
    let log = host.path("log");
    let outer = |fault: &str| {
        format!(
            "strace -f -o {} -P /proc/sys/net/ipv4/tcp_fin_timeout -P /proc/sys/net/ipv4/tcp_sack -P /proc/sys/net/core/somaxconn -e inject=write,pwrite64:{fault}",
            log.display()
        )
    };
    for at in 1..=3 {
        apply(&host, &profile);
        let applied = host.dump();
        // A rollback takes the same road as an apply: all or nothing.
        host.under(&outer(&format!("error=EIO:when={at}")), "rollback --yes").exits(5);
        assert_eq!(host.dump(), applied, "write {at} failed");
        host.under(&outer(&format!("signal=SIGTERM:when={at}")), "rollback --yes");
        host.twtune("rollback --yes").exits(0);
        assert_eq!(host.dump(), before, "a signal at write {at}");

        apply(&host, &profile);
        host.under(&outer(&format!("signal=SIGKILL:when={at}")), "rollback --yes");
        host.twtune("rollback --yes").exits(0);
        assert_eq!(host.dump(), before, "killed at write {at}");
        assert!(in_force(&host).is_empty());
    }
}

#[test]
fn undoing_twice_is_harmless_and_leaves_no_trace() {
    let Some(host) = Host::start() else { return };
    let before = host.dump();
    let profile = host.profile("one", &rule(FIN, "want = 50"));
    let id = apply(&host, &profile)["id"].as_str().expect("an id").to_owned();
    host.twtune(&format!("rollback {id} --yes")).exits(0);
    let history = host.twtune("history --format json").exits(0).stdout;
    for named in [id.clone(), format!("/var/lib/twtune/{id}.json")] {
        let again = host.twtune(&format!("rollback {named} --yes --format json")).exits(0).report("rollback");
        schema::outcome(&again);
        assert_eq!(again["outcome"], "unchanged", "{again:#}");
        host.twtune(&format!("rollback {named} --dry-run")).exits(0);
    }
    assert_eq!(host.twtune("history --format json").exits(0).stdout, history);
    assert_eq!(host.dump(), before);
    // Somebody who sets the same value since does it for a reason of their own.
    host.set(FIN, "50");
    host.twtune(&format!("rollback {id} --yes")).exits(0);
    assert_eq!(host.value(FIN), "50");
    assert!(in_force(&host).is_empty());
}

#[test]
fn a_rollback_can_be_undone_and_that_as_well() {
    let Some(host) = Host::start() else { return };
    let before = host.dump();
    let profile = host.profile("one", &rule(FIN, "want = 50"));
    let first = apply(&host, &profile)["id"].as_str().expect("an id").to_owned();
    let applied = host.dump();
    let newest = || {
        let report = host.twtune("history --format json").exits(0).report("history");
        let ids =
            list(&report["entries"]).iter().filter_map(|entry| entry["id"].as_str()?.parse::<u64>().ok());
        ids.max().expect("an entry")
    };
    host.twtune("rollback --yes").exits(0);
    for _ in 0..2 {
        assert_eq!(host.dump(), before);
        assert!(in_force(&host).is_empty());
        host.twtune(&format!("rollback {} --yes", newest())).exits(0);
        assert_eq!(host.dump(), applied);
        assert_eq!(in_force(&host), [first.as_str()]);
        host.twtune("rollback --yes").exits(0);
    }
    assert_eq!(host.dump(), before);
}

#[test]
fn a_rollback_file_works_where_its_history_is_lost() {
    let Some(host) = Host::start() else { return };
    let before = host.dump();
    let profile = host.profile("one", &rule(FIN, "want = 50"));
    host.sh("mkdir -m 700 own");
    host.twtune(&format!("apply {profile} --yes --rollback-file [ROOT]/own/copy.json")).exits(0);
    host.sh("rm -r /var/lib/twtune");
    // Another apply, which gets the id that the lost one had.
    let other = host.profile("two", &rule(SACK, "want = 0"));
    let id = apply(&host, &other)["id"].as_str().expect("an id").to_owned();
    host.twtune("rollback [ROOT]/own/copy.json --dry-run").exits(0);
    host.twtune("rollback [ROOT]/own/copy.json --yes").exits(0);
    assert_eq!((host.value(FIN).as_str(), host.value(SACK).as_str()), ("60", "0"));
    assert_eq!(in_force(&host), [id], "the other apply is not what was undone");
    // A retry is harmless: it does not undo the undoing.
    for _ in 0..2 {
        host.twtune("rollback [ROOT]/own/copy.json --yes").exits(0);
        assert_eq!((host.value(FIN).as_str(), host.value(SACK).as_str()), ("60", "0"));
    }
    host.twtune("rollback --yes").exits(0);
    assert_eq!(host.dump(), before);
    assert!(in_force(&host).is_empty());
}

#[test]
fn what_needs_no_damaged_record_is_taken_back() {
    let Some(host) = Host::start() else { return };
    host.sh("mkdir -p /run/systemd/system");
    let wants = |value: u32| host.profile(&format!("fin{value}"), &rule(FIN, &format!("want = {value}")));
    let live = |value: u32| host.twtune(&format!("apply {} --target live --yes", wants(value))).exits(0);
    let sack = host.profile("sack", &rule(SACK, "want = 0"));
    let boots = host.sh("ls -R /etc/sysctl.d");
    host.twtune(&format!("apply {sack} --target both --yes")).exits(0);
    live(50);
    live(40);
    live(30);
    host.sh("truncate -s 300 /var/lib/twtune/1.json; cp -rp /var/lib/twtune kept");
    // One below others, and then those.
    host.twtune("rollback 3 --dry-run").exits(0);
    host.sh("diff -r kept /var/lib/twtune");
    host.twtune("rollback 3 --yes").exits(0);
    assert_eq!(host.value(FIN), "30");
    host.twtune("rollback --yes").exits(0).says("rolled back 4");
    assert_eq!(host.value(FIN), "50", "what lay below the one that was taken out");
    // A rollback of theirs can be taken back as well, and a file of theirs names the record.
    host.twtune("rollback 6 --yes").exits(0);
    assert_eq!(host.value(FIN), "30");
    host.twtune("rollback /var/lib/twtune/4.json --yes").exits(0);
    host.twtune("rollback --yes").exits(0).says("rolled back 2");
    assert_eq!(host.value(FIN), "60");
    // Nothing else: neither the damaged one, nor what the next boot sets.
    for command in ["rollback --yes", "rollback 1 --yes", "rollback --dry-run"] {
        host.twtune(command).exits(3).says("1.json").says("no file that the next boot reads");
    }
    host.twtune(&format!("apply {} --target both --yes", wants(20))).exits(3).says("1.json");
    assert_eq!((host.value(FIN).as_str(), host.value(SACK).as_str()), ("60", "0"));
    assert_ne!(host.sh("ls -R /etc/sysctl.d"), boots);
}

#[test]
fn what_needs_a_damaged_record_is_refused() {
    let Some(host) = Host::start() else { return };
    let wants = |value: u32| host.profile(&format!("fin{value}"), &rule(FIN, &format!("want = {value}")));
    for value in [50, 40, 30] {
        apply(&host, &wants(value));
    }
    host.twtune("rollback 1 --yes").exits(0);
    // The fourth took out the one below the second: what lay below that, the first alone tells.
    host.sh("cp -p /var/lib/twtune/1.json kept; truncate -s 300 /var/lib/twtune/1.json");
    for command in ["rollback --yes", "rollback 2 --yes", "rollback 3 --yes", "rollback 4 --yes"] {
        host.twtune(command).exits(3).says("1.json");
    }
    assert_eq!(host.value(FIN), "30");
    // What came behind the fourth has nothing to do with it.
    apply(&host, &wants(20));
    host.twtune("rollback --yes").exits(0).says("rolled back 5");
    assert_eq!(host.value(FIN), "30");
    host.sh("cp -p kept /var/lib/twtune/1.json");
    for left in ["40", "60"] {
        host.twtune("rollback --yes").exits(0);
        assert_eq!(host.value(FIN), left);
    }
    // What came before it is hidden by it.
    for value in [50, 40] {
        apply(&host, &wants(value));
    }
    let newest = host.twtune("history --format json").exits(0).report("history");
    let newest =
        list(&newest["entries"]).iter().filter_map(|entry| entry["id"].as_str()?.parse::<u32>().ok()).max();
    let newest = newest.expect("entries");
    host.sh(&format!("echo x >>/var/lib/twtune/{newest}.json"));
    host.twtune(&format!("rollback {} --yes", newest - 1)).exits(3).says(&format!("{newest}.json"));
    host.twtune("rollback --yes").exits(3).says(&format!("{newest}.json"));
    assert_eq!(host.value(FIN), "40");
}

#[test]
fn what_was_applied_in_a_nameless_namespace_is_passed_over() {
    let Some(host) = Host::start() else { return };
    let own = host.profile("own", &rule(FIN, "want = 30"));
    host.twtune(&format!("apply {own} --yes")).exits(0);
    host.sh("unshare -n \"$TWTUNE\" apply ./own.toml --yes");
    host.twtune("rollback 2 --yes")
        .exits(3)
        .says("another network namespace")
        .says("nsenter --net --target PID");
    let run = host.twtune("rollback --yes").exits(0).says("rolled back 1");
    run.says("apply 2 is passed over: record 2 was written in another network namespace");
    assert_eq!(host.value(FIN), "60");
    let report = host.twtune("rollback --yes --format json").exits(0).report("rollback");
    assert_eq!(report["outcome"], "unchanged");
}

#[test]
fn a_disk_that_is_in_the_way_is_told_with_what_helps() {
    let Some(host) = Host::start() else { return };
    let own = host.profile("own", &rule(FIN, "want = 30"));
    host.sh("mkdir -p -m 700 /var/lib/twtune; mount -t tmpfs -o size=64k,mode=700 tmpfs /var/lib/twtune");
    host.twtune(&format!("apply {own} --yes")).exits(0);
    host.sh("head -c 131072 /dev/zero >/var/lib/twtune/x 2>/dev/null || true");
    let run = host.twtune("rollback --yes").exits(4).says("make room on that file system");
    assert!(!run.stderr.contains("--state-dir"), "{run:#?}");
    host.sh("rm /var/lib/twtune/x; mount -o remount,ro /var/lib/twtune");
    let run = host.twtune("rollback --yes").exits(4).says("mounted read-only: make it writable");
    assert!(!run.stderr.contains("--state-dir"), "{run:#?}");
    host.sh("mount -o remount,rw /var/lib/twtune");
    host.twtune("rollback --yes").exits(0);
    // Nor does a confirmation know `--target`.
    host.sh("mkdir -p /run/systemd/system /etc/sysctl.d");
    host.sh("mount -t tmpfs -o size=8k tmpfs /etc/sysctl.d");
    host.twtune(&format!("apply {own} --target both --confirm-within 5min --yes")).exits(0);
    host.sh("head -c 131072 /dev/zero >/etc/sysctl.d/x 2>/dev/null || true");
    let run = host.twtune("confirm").exits(4).says("make room on that file system").says("takes it back");
    assert!(!run.stderr.contains("container") && !run.stderr.contains("--target"), "{run:#?}");
    host.sh("rm /etc/sysctl.d/x");
    host.twtune("confirm").exits(0);
}

#[test]
fn a_namespace_that_is_gone_stands_in_nobodys_way() {
    let Some(host) = Host::start() else { return };
    let own = host.profile("own", &rule(FIN, "want = 30"));
    host.sh("mkdir -p /run/netns; ip netns add blue");
    host.twtune(&format!("apply {own} --yes")).exits(0);
    host.twtune(&format!("apply {own} --netns blue --yes")).exits(0);
    host.sh("ip netns del blue");
    // The newest is beyond reach: it is named and passed over.
    let run = host.twtune("rollback --yes").exits(0);
    assert!(run.stderr.contains("blue") && run.stdout.contains(FIN), "{run:#?}");
    assert_eq!(host.value(FIN), "60");
    host.twtune("rollback --yes").exits(0);
    host.twtune("rollback 2 --yes").exits(3).says("blue");
    // One that was interrupted there is given up, and blocks nothing any more.
    host.sh("ip netns add blue");
    host.sh(
        "strace -o /dev/null -e inject=pwrite64:signal=SIGKILL:when=1 \"$TWTUNE\" apply ./own.toml --netns blue --yes || true",
    );
    host.sh("ip netns del blue");
    host.twtune(&format!("apply {own} --yes")).exits(3).says("interrupted");
    host.twtune("rollback --yes").exits(6).says(FIN);
    host.twtune(&format!("apply {own} --yes")).exits(0);
}
