//! `twtune plan`: what apply would change and why, as data; changes nothing.

use serde_json::Value;

use crate::cli_check::PROFILES;
use crate::cli_check::rule;
use crate::host::Host;
use crate::sandbox;
use crate::schema;
use crate::schema::about;
use crate::schema::keys;

const FIN: &str = "net.ipv4.tcp_fin_timeout";
const RANGE: &str = "net.ipv4.ip_local_port_range";
const RESERVED: &str = "net.ipv4.ip_local_reserved_ports";
const FLOOR: &str = "net.ipv4.ip_unprivileged_port_start";
const BUCKETS: &str = "net.ipv4.tcp_max_tw_buckets";
const RMEM: &str = "net.ipv4.tcp_rmem";

/// The plan for one profile of these rules.
fn planned(host: &Host, rules: &str) -> Value {
    let profile = host.profile("wanted", rules);
    let report = host.twtune(&format!("plan {profile} --format json")).exits(0).report("plan");
    schema::plan(&report);
    report
}

#[test]
fn the_report_has_the_promised_shape_and_changes_nothing() {
    let Some(host) = Host::start() else { return };
    host.detune();
    let before = host.dump();
    for profile in PROFILES {
        let run = host.twtune(&format!("plan {profile} --format json")).exits(0);
        let report = run.report("plan");
        schema::plan(&report);
        assert!(keys(&report["changes"]).contains(&FIN), "{report:#}");
        assert_eq!(run.stderr, "");
        host.twtune(&format!("plan {profile} --exit-code")).exits(1);
    }
    assert_eq!(host.dump(), before);
    assert_eq!(host.left_behind(), "");
    host.twtune("apply reverse-proxy --yes").exits(0);
    host.twtune("plan reverse-proxy --exit-code").exits(0);
    let report = host.twtune("plan reverse-proxy --format json").report("plan");
    assert!(keys(&report["changes"]).is_empty());
}

#[test]
fn human_text_is_a_diff_with_reasons() {
    let Some(host) = Host::start() else { return };
    host.detune();
    let report = host.twtune("plan general --format json").report("plan");
    let run = host.twtune("plan general").exits(0);
    for change in schema::list(&report["changes"]) {
        for part in ["key", "before", "after", "why", "risk"] {
            let text = change[part].as_str().expect("text");
            // Long sentences may be wrapped.
            let first = text.split_whitespace().next().unwrap_or_default();
            assert!(run.stdout.contains(first), "{part} `{text}` of {change:#} is not in\n{}", run.stdout);
        }
    }
    assert!(!run.stdout.contains('\x1b'));
    let coloured = host.twtune("plan general --color always").exits(0);
    assert!(coloured.stdout.contains("\x1b["), "{coloured:#?}");
}

/// Each constraint, with the value before, and the value planned where it is not met.
#[test]
fn every_constraint_moves_a_value_no_further_than_it_must() {
    let Some(host) = Host::start() else { return };
    let cases: &[(&str, &str, &str, Option<&str>)] = &[
        (FIN, "want = 30", "60", Some("30")),
        (FIN, "want = 60", "60", None),
        (FIN, "want = \"30s\"", "60", Some("30")),
        (FIN, "want = \"2min\"", "60", Some("120")),
        (FIN, "at_least = 90", "60", Some("90")),
        (FIN, "at_least = 30", "60", None),
        (FIN, "at_most = 30", "60", Some("30")),
        (FIN, "at_most = 90", "60", None),
        (FIN, "between = [10, 40]", "60", Some("40")),
        (FIN, "between = [70, 90]", "60", Some("70")),
        (FIN, "between = [70, 90]\npropose = 80", "60", Some("80")),
        (FIN, "between = [60, 90]\npropose = 80", "60", None),
        (FIN, "one_of = [30, 45]", "45", None),
        (FIN, "one_of = [45, 30]", "60", Some("45")),
        (BUCKETS, "at_least = 262144", "1000", Some("262144")),
        // A negative number of buckets means without limit.
        (BUCKETS, "at_least = 262144", "-1", None),
        (BUCKETS, "at_most = 1000", "-1", Some("1000")),
        (RMEM, "at_least = [\"_\", \"_\", \"32MiB\"]", "4096 131072 6291456", Some("4096 131072 33554432")),
        (RMEM, "at_least = [\"_\", \"_\", \"4MiB\"]", "4096 131072 6291456", None),
        (RMEM, "at_most = [8192, \"64KiB\", \"_\"]", "4096 131072 6291456", Some("4096 65536 6291456")),
        (RMEM, "want = [4096, 131072, 6291456]", "4096 131072 6291456", None),
        (RANGE, "covers = [15000, 50000]", "32768 60999", Some("15000 60999")),
        (RANGE, "covers = [40000, 65000]", "32768 60999", Some("32768 65000")),
        (RANGE, "covers = [40000, 50000]", "32768 60999", None),
        (RANGE, "want = [20000, 50000]", "32768 60999", Some("20000 50000")),
        (RESERVED, "covers = [\"30000-32767\", 9100]", "8080", Some("8080,9100,30000-32767")),
        (RESERVED, "covers = [9100]", "9000-9200", None),
        (RESERVED, "covers = [9100]", "9101", Some("9100-9101")),
        ("net.core.somaxconn", "at_least = 4096", "128", Some("4096")),
    ];
    for (key, constraint, before, expected) in cases {
        host.set(key, before);
        let report = planned(&host, &rule(key, constraint));
        assert!(keys(&report["refused"]).is_empty(), "{constraint}: {report:#}");
        match expected {
            None => {
                assert!(keys(&report["changes"]).is_empty(), "{key} {constraint} at {before}: {report:#}");
            }
            Some(after) => {
                let change = about(&report["changes"], key);
                assert_eq!(change["before"], *before, "{key} {constraint}: {change:#}");
                assert_eq!(change["after"], *after, "{key} {constraint} at {before}: {change:#}");
            }
        }
        if *key == RESERVED {
            host.set(key, "");
        }
    }
}

#[test]
fn an_empty_list_of_ports_is_a_value() {
    let Some(host) = Host::start() else { return };
    let report = planned(&host, &rule(RESERVED, "covers = [9100]"));
    assert_eq!(about(&report["changes"], RESERVED)["before"], "");
    assert_eq!(about(&report["changes"], RESERVED)["after"], "9100");
}

#[test]
fn a_listener_inside_a_widened_range_is_reserved_with_it() {
    if !sandbox::has("perl", "perl-base") {
        return;
    }
    let Some(host) = Host::start() else { return };
    // 20001 over v4, 20003 over v6, 20005 over UDP, 19000 outside, 40000 inside the old range as well.
    let _listeners = host.background(
        "exec perl -MSocket=:all -e '
            $| = 1;
            for my $port (20001, 19000, 40000) {
                socket(my $s, AF_INET, SOCK_STREAM, 0) or die; bind($s, pack_sockaddr_in($port, INADDR_ANY)) or die; listen($s, 1) or die; push @s, $s;
            }
            socket(my $t, AF_INET6, SOCK_STREAM, 0) or die; bind($t, pack_sockaddr_in6(20003, IN6ADDR_ANY)) or die; listen($t, 1) or die;
            socket(my $u, AF_INET, SOCK_DGRAM, 0) or die; bind($u, pack_sockaddr_in(20005, INADDR_LOOPBACK)) or die;
            print \"ready\\n\"; sleep 1000'",
    );
    host.set(RESERVED, "8080,9000-9002");
    let rules = rule(RANGE, "covers = [20000, 60999]");
    let report = planned(&host, &rules);
    let ports = about(&report["changes"], RESERVED);
    let after = ports["after"].as_str().expect("text");
    for reserved in ["8080", "9000-9002", "20001", "20003", "20005", "40000"] {
        assert!(after.split(',').any(|part| part == reserved), "{reserved} is not in {after}");
    }
    assert!(!after.split(',').any(|part| part == "19000"), "19000 is outside: {after}");
    // Ports that others must not be given are set aside before the range opens.
    let order = keys(&report["changes"]);
    assert!(
        order.iter().position(|key| *key == RESERVED) < order.iter().position(|key| *key == RANGE),
        "{order:?}"
    );
    let before = host.dump();
    host.twtune("apply [ROOT]/wanted.toml --yes").exits(0);
    assert_eq!(host.value(RESERVED), after);
    host.twtune("plan [ROOT]/wanted.toml --exit-code").exits(0);
    host.twtune("rollback --yes").exits(0);
    assert_eq!(host.dump(), before);
    // A rule that reserves ports as well is merged with it, not overwritten.
    let both = planned(&host, &(rules.clone() + &rule(RESERVED, "covers = [7000]")));
    let merged = about(&both["changes"], RESERVED)["after"].as_str().expect("text").to_owned();
    for reserved in ["7000", "8080", "9000-9002", "20001", "20003"] {
        assert!(merged.split(',').any(|part| part == reserved), "{reserved} is not in {merged}");
    }
}

#[test]
fn the_floor_of_the_range_is_moved_first_or_last_as_the_kernel_demands() {
    let Some(host) = Host::start() else { return };
    let before = host.dump();
    let down = rule(RANGE, "covers = [600, 60999]") + &rule(FLOOR, "want = 500");
    let report = planned(&host, &down);
    assert_eq!(keys(&report["changes"]), [FLOOR, RANGE], "{report:#}");
    host.twtune("apply [ROOT]/wanted.toml --yes").exits(0);
    assert_eq!((host.value(FLOOR).as_str(), host.value(RANGE).as_str()), ("500", "600\t60999"));
    let low = host.dump();

    let up = rule(FLOOR, "want = 1024") + &rule(RANGE, "want = [32768, 60999]");
    let report = planned(&host, &up);
    assert_eq!(keys(&report["changes"]), [RANGE, FLOOR], "{report:#}");
    host.twtune("apply [ROOT]/wanted.toml --yes").exits(0);
    assert_eq!((host.value(FLOOR).as_str(), host.value(RANGE).as_str()), ("1024", "32768\t60999"));

    // Back is the other way round each time.
    host.twtune("rollback --yes").exits(0);
    assert_eq!(host.dump(), low);
    host.twtune("rollback --yes").exits(0);
    assert_eq!(host.dump(), before);
}

#[test]
fn a_range_below_its_floor_is_refused_and_nothing_is_written() {
    let Some(host) = Host::start() else { return };
    let before = host.dump();
    for rules in [
        rule(RANGE, "covers = [600, 60999]"),
        rule(FLOOR, "want = 40000"),
        rule(RANGE, "covers = [600, 60999]") + &rule(FLOOR, "want = 700"),
    ] {
        let report = planned(&host, &rules);
        assert!(!keys(&report["refused"]).is_empty(), "the plan knows already: {report:#}");
        host.twtune("check [ROOT]/wanted.toml").exits(1);
        host.twtune("apply [ROOT]/wanted.toml --yes").exits(3);
        assert_eq!(host.dump(), before);
    }
}

#[test]
fn a_setting_that_must_not_be_there_and_is_cannot_be_removed() {
    let Some(host) = Host::start() else { return };
    let report = planned(&host, &rule("net.ipv4.tcp_tw_recycle", "absent = true"));
    assert!(keys(&report["changes"]).is_empty() && keys(&report["refused"]).is_empty(), "{report:#}");
    host.twtune("check [ROOT]/wanted.toml").exits(0);
    // The kernel's own files cannot be deleted; saying so beats pretending.
    let report = planned(&host, &rule(FIN, "absent = true"));
    assert_eq!(keys(&report["refused"]), [FIN], "{report:#}");
    host.twtune("check [ROOT]/wanted.toml").exits(1);
}

#[test]
fn a_later_profile_wins_and_the_loser_is_named() {
    let Some(host) = Host::start() else { return };
    let later = host.profile("later", &rule(FIN, "want = 45"));
    let earlier = host.profile("earlier", &rule(FIN, "want = 50"));
    let report = host.twtune(&format!("plan {earlier} {later} --format json")).exits(0).report("plan");
    let change = about(&report["changes"], FIN);
    assert_eq!((change["after"].as_str(), change["profile"].as_str()), (Some("45"), Some("later")));
    host.twtune(&format!("plan {earlier} {later}")).exits(0).says("earlier");
    let report = host.twtune(&format!("plan {later} {earlier} --format json")).exits(0).report("plan");
    assert_eq!(about(&report["changes"], FIN)["after"], "50");

    // A profile wins over those it extends.
    let head = "schema = 1\nname = \"child\"\nsummary = \"x\"\nextends = [\"general\"]\n";
    host.file("child.toml", format!("{head}{}", rule("net.ipv4.tcp_syncookies", "want = 2")));
    let report = host.twtune("plan [ROOT]/child.toml --format json").exits(0).report("plan");
    let change = about(&report["changes"], "net.ipv4.tcp_syncookies");
    assert_eq!((change["after"].as_str(), change["profile"].as_str()), (Some("2"), Some("child")));
    host.twtune("plan [ROOT]/child.toml").exits(0).says("general");
    host.twtune("apply [ROOT]/child.toml --yes").exits(0);
    host.twtune("check [ROOT]/child.toml").exits(0);
}

#[test]
fn rules_that_can_hold_together_do() {
    let Some(host) = Host::start() else { return };
    host.set(BUCKETS, "1000");
    // Two floors: the higher one meets both.
    let report = planned(&host, &(rule(BUCKETS, "at_least = 2000") + &rule(BUCKETS, "at_least = 3000")));
    assert_eq!(about(&report["changes"], BUCKETS)["after"], "3000");
    assert_eq!(keys(&report["changes"]).len(), 1, "one change a setting: {report:#}");
    host.twtune("apply [ROOT]/wanted.toml --yes").exits(0);
    host.twtune("check [ROOT]/wanted.toml").exits(0);
}

#[test]
fn rules_of_equal_rank_that_cannot_both_hold_are_3() {
    let Some(host) = Host::start() else { return };
    for (one, other) in [
        ("want = 30", "want = 40"),
        ("at_least = 40", "at_most = 30"),
        ("between = [10, 20]", "at_least = 30"),
        ("want = 30", "one_of = [40, 50]"),
    ] {
        let profile = host.profile("torn", &(rule(FIN, one) + &rule(FIN, other)));
        for verb in ["check", "plan", "apply --yes"] {
            host.twtune(&format!("{verb} {profile}")).exits(3).says(FIN);
        }
        schema::error(&host.twtune(&format!("plan {profile} --format json")).exits(3).report("error"), 3);
    }
    assert_eq!(host.value(FIN), "60");
}

#[test]
fn conditions_decide_whether_a_rule_counts() {
    let Some(host) = Host::start() else { return };
    let with = |when: &str| rule(FIN, &format!("want = 30\nwhen = \"{when}\""));
    for (when, counts) in [
        ("linux >= 4.12", true),
        ("linux < 4.12", false),
        ("linux >= 4.12 and mem > 1MiB", true),
        ("cpus >= 1", true),
        ("cpus > 100000", false),
        ("mem >= 1000000GiB", false),
        ("windows >= 6.2", false),
        // A sandbox is not the initial namespace.
        ("host", false),
    ] {
        let report = planned(&host, &with(when));
        assert_eq!(keys(&report["changes"]).len(), usize::from(counts), "{when}: {report:#}");
        host.twtune("check [ROOT]/wanted.toml").exits(i32::from(counts));
    }
}

#[test]
fn another_namespace_can_be_planned_for() {
    let Some(host) = Host::start() else { return };
    host.sh("ip netns add blue; ip netns exec blue bash -c 'echo 44 >/proc/sys/net/ipv4/tcp_fin_timeout'");
    let profile = host.profile("blue", &rule(FIN, "want = 60"));
    host.twtune(&format!("plan {profile} --exit-code")).exits(0);
    let run = host.twtune(&format!("plan {profile} --netns blue --format json --exit-code")).exits(1);
    let report = run.report("plan");
    schema::plan(&report);
    assert_eq!(about(&report["changes"], FIN)["before"], "44");
}

#[test]
fn a_plan_can_be_had_as_lines_of_a_file_and_these_meet_it() {
    let Some(host) = Host::start() else { return };
    host.set("net.ipv4.tcp_fin_timeout", "90");
    let program = "import socket, time\nlistener = socket.create_server((\"127.0.0.1\", 20000))\n\
                   print(\"ready\", flush=True)\ntime.sleep(1000)\n";
    host.file("listen.py", program);
    let _listening = host.background("exec python3 listen.py");
    let run = host.twtune("plan outbound --format sysctl").exits(0);
    let settings = |text: &str| {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let mut lines: Vec<String> = lines.map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let first = settings(&run.stdout);
    for line in [
        "net.ipv4.tcp_tw_reuse = 1",
        "net.ipv4.ip_local_port_range = 16384 60999",
        "net.ipv4.ip_local_reserved_ports = 20000",
        "net.ipv4.tcp_fin_timeout = 60",
        // Met already, and to stay so whatever another file says.
        "net.ipv4.tcp_sack = 1",
    ] {
        assert!(first.iter().any(|found| found == line), "{line}: {run:#?}");
    }
    assert!(run.stdout.contains("# outbound: "), "{run:#?}");
    // What is written to a file and loaded meets the plan, and gives the same lines again.
    host.file("99-outbound.conf", &run.stdout);
    host.sh("sysctl -q -p 99-outbound.conf");
    host.twtune("check outbound").exits(0);
    assert_eq!(settings(&host.twtune("plan outbound --format sysctl").exits(0).stdout), first);
    for line in
        ["check outbound --format sysctl", "explain --format sysctl", "apply outbound --yes --format sysctl"]
    {
        host.twtune(line).exits(2).says("format of plan");
    }
}

#[test]
fn who_may_not_apply_it_sees_and_saves_the_plan_all_the_same() {
    let Some(mut host) = Host::start() else { return };
    host.share_program();
    let profile = host.profile("fin", &rule(FIN, "want = 30"));
    host.sh(&format!("install -d -m 777 '{}'", host.path("saved").display()));
    let saved = "[ROOT]/saved/plan.json";
    let Some(run) = host.twtune_as_nobody(&format!("plan {profile} -o {saved} --state-dir [ROOT]/state"))
    else {
        return;
    };
    let run = run.exits(0).says("- 60").says("+ 30");
    assert!(run.stderr.contains("root"), "{run:#?}");
    host.twtune(&format!("apply --plan {saved}")).exits(0);
    assert_eq!(host.value(FIN), "30");
}
