//! What the next boot sets, as `check` tells it: which loader, which file and line, and images that do not run.

use std::process::Command;

use serde_json::Value;

use crate::host::Host;
use crate::sandbox;
use crate::sandbox::program;
use crate::schema;
use crate::schema::about;
use crate::schema::list;

const FIN: &str = "net.ipv4.tcp_fin_timeout";

/// A host that systemd started, as far as anybody can see.
fn booted_by_systemd() -> Option<Host> {
    let host = Host::start()?;
    host.sh("mkdir -p /run/systemd/system");
    Some(host)
}

fn rule(key: &str, constraint: &str) -> String {
    format!("[[rule]]\nkey = \"{key}\"\n{constraint}\nlevel = \"required\"\nwhy = \"Because.\"\n")
}

fn boot(report: &Value) -> String {
    let boot = &about(&report["findings"], FIN)["boot"];
    let text = |value: &Value| value.as_str().map(str::to_owned).unwrap_or_default();
    format!("{} {} {}:{}", text(&boot["state"]), text(&boot["value"]), text(&boot["file"]), boot["line"])
}

#[test]
fn live_and_boot_are_judged_apart() {
    let Some(host) = booted_by_systemd() else { return };
    let profile = host.profile("fin", &rule(FIN, "want = 30"));
    let status = |target: &str| {
        let report = host.twtune(&format!("check {profile} --target {target} --format json")).report("check");
        schema::check(&report);
        about(&report["findings"], FIN)["status"].as_str().expect("a status").to_owned()
    };
    // Nobody set anything: the kernel's default is 60, now and then.
    assert_eq!(
        [status("live"), status("boot"), status("both")],
        ["live-differs", "boot-differs", "both-differ"]
    );
    host.set(FIN, "30");
    assert_eq!([status("live"), status("boot"), status("both")], ["ok", "boot-differs", "boot-differs"]);
    host.sh("echo 'net.ipv4.tcp_fin_timeout = 30' >/etc/sysctl.d/50-a.conf");
    assert_eq!([status("live"), status("boot"), status("both")], ["ok", "ok", "ok"]);
    host.twtune(&format!("check {profile} --target both")).exits(0);
    host.set(FIN, "31");
    assert_eq!([status("live"), status("boot"), status("both")], ["live-differs", "ok", "live-differs"]);
    host.twtune(&format!("check {profile} --target boot")).exits(0);
    // Both are wrong, and the file is named with its line.
    host.sh("printf '# ours\nnet.ipv4.tcp_fin_timeout = 44\n' >/usr/lib/sysctl.d/90-b.conf");
    let run = host.twtune(&format!("check {profile} --target both")).exits(1);
    run.says("both-differ")
        .says("live 31, boot 44 (/usr/lib/sysctl.d/90-b.conf:2)")
        .says("/etc/sysctl.d/50-a.conf:1");
}

#[test]
fn a_boot_value_that_no_file_sets_is_judged_by_the_default_where_there_is_a_fixed_one() {
    let Some(host) = booted_by_systemd() else { return };
    let rules = rule("net.ipv4.tcp_sack", "want = 1")
        + &rule("net.ipv4.tcp_max_tw_buckets", "at_least = 1000000")
        + &rule("net.ipv4.tcp_max_syn_backlog", "at_least = 1");
    let profile = host.profile("defaults", &rules);
    let report =
        host.twtune(&format!("check {profile} --target boot --format json")).exits(1).report("check");
    assert_eq!(about(&report["findings"], "net.ipv4.tcp_sack")["status"], "ok");
    let computed = about(&report["findings"], "net.ipv4.tcp_max_tw_buckets");
    assert_eq!((&computed["status"], &computed["boot"]["state"]), (&"unknown".into(), &"default".into()));
    assert_eq!(about(&report["findings"], "net.ipv4.tcp_max_syn_backlog")["status"], "unknown");
}

#[test]
fn an_untouched_host_meets_the_guards_of_general() {
    let Some(host) = booted_by_systemd() else { return };
    // The default of tcp_max_tw_buckets follows memory, and is known to be large enough.
    host.twtune("check general --target boot").exits(0);
    host.twtune("plan general --target boot --exit-code").exits(0);
}

#[test]
fn where_the_loader_is_not_known_counts_what_both_make_of_it() {
    let Some(host) = Host::start() else { return };
    let profile = host.profile("fin", &rule(FIN, "want = 60"));
    host.sh("echo 'net.ipv4.tcp_fin_timeout = 20' >/etc/sysctl.d/zz-app.conf");
    let report =
        host.twtune(&format!("check {profile} --target boot --format json")).exits(1).report("check");
    assert_eq!(report["host"]["boot_loader"], "unknown");
    assert_eq!(about(&report["findings"], FIN)["status"], "boot-differs");
    // All of it or nothing: what others set is in the way under both.
    host.twtune(&format!("apply {profile} --target both --yes")).exits(3);
    host.twtune(&format!("apply {profile} --target both --yes --take-over")).exits(0);
    host.twtune(&format!("check {profile} --target both")).exits(0);
    host.twtune("rollback --yes").exits(0);
    host.sh("grep -qx 'net.ipv4.tcp_fin_timeout = 20' /etc/sysctl.d/zz-app.conf");
}

#[test]
fn the_loader_of_this_host_is_found_out() {
    let Some(host) = Host::start() else { return };
    host.sh("echo 'net.ipv4.tcp_fin_timeout = 20' >/etc/sysctl.d/zz-app.conf
             echo 'net.ipv4.tcp_fin_timeout = 30' >/etc/sysctl.conf
             ln -s ../sysctl.conf /etc/sysctl.d/99-sysctl.conf");
    let profile = host.profile("fin", &rule(FIN, "want = 20"));
    let report = || host.twtune(&format!("check {profile} --target boot --format json")).report("check");
    // Nothing that anybody knows started this one.
    let nobody = report();
    schema::check(&nobody);
    assert_eq!(nobody["host"]["boot_loader"], "unknown");
    assert_eq!(boot(&nobody), "unknown  :null");
    let loaders = &about(&nobody["findings"], FIN)["boot"]["loaders"];
    assert_eq!(
        (&loaders["systemd-sysctl"]["value"], &loaders["procps"]["value"]),
        (&"20".into(), &"30".into())
    );

    host.sh("mkdir -p /run/openrc /etc/runlevels/boot; : >/etc/runlevels/boot/sysctl");
    let openrc = report();
    assert_eq!(openrc["host"]["boot_loader"], "procps");
    assert_eq!(boot(&openrc), "present 30 /etc/sysctl.conf:1");

    host.sh("mkdir -p /run/systemd/system");
    let systemd = report();
    assert_eq!(systemd["host"]["boot_loader"], "systemd-sysctl");
    assert_eq!(boot(&systemd), "present 20 /etc/sysctl.d/zz-app.conf:1");
    let check = list(&systemd["checks"]).iter().find(|check| check["check"] == "loaders-disagree");
    assert!(check.is_some_and(|check| check["subject"] == FIN), "{systemd:#}");
    host.twtune(&format!("check {profile} --target both"))
        .exits(1)
        .says("`sysctl --system` would make it 30 (/etc/sysctl.conf:1)");

    // A unit that is masked reads nothing, but a mask below /run does not last.
    host.sh("ln -s /dev/null /run/systemd/system/systemd-sysctl.service");
    assert_eq!(report()["host"]["boot_loader"], "systemd-sysctl");
}

#[test]
fn what_a_restart_takes_away_is_no_boot_value() {
    let Some(host) = booted_by_systemd() else { return };
    host.sh("mkdir -p /run/sysctl.d
             echo 'net.ipv4.tcp_fin_timeout = 20' >/run/sysctl.d/zz-now.conf
             echo 'net.ipv4.tcp_fin_timeout = 40' >/usr/lib/sysctl.d/zz-now.conf");
    let profile = host.profile("fin", &rule(FIN, "want = 20"));
    host.set(FIN, "20");
    let report =
        host.twtune(&format!("check {profile} --target both --format json")).exits(1).report("check");
    schema::check(&report);
    assert_eq!(boot(&report), "present 40 /usr/lib/sysctl.d/zz-now.conf:1");
    assert_eq!(about(&report["findings"], FIN)["boot"]["loaders"]["procps"]["value"], "40");
    host.twtune(&format!("check {profile} --target both"))
        .exits(1)
        .says("run-drop-in-lost-at-boot  /run/sysctl.d/zz-now.conf")
        .says("hides /usr/lib/sysctl.d/zz-now.conf until then");
}

#[test]
fn what_this_user_may_not_read_is_not_guessed() {
    let Some(mut host) = booted_by_systemd() else { return };
    host.share_program();
    host.sh("echo 'net.ipv4.tcp_fin_timeout = 20' >/etc/sysctl.d/a.conf; chmod 600 /etc/sysctl.d/a.conf");
    let profile = host.profile("fin", &rule(FIN, "want = 20"));
    host.twtune(&format!("check {profile} --target boot")).exits(0);
    let line = format!("check {profile} --target boot --state-dir [ROOT]/state --format json");
    let Some(run) = host.twtune_as_nobody(&line) else { return };
    let report = run.exits(1).report("check");
    schema::check(&report);
    assert_eq!(boot(&report), "unreadable  :null");
    assert_eq!(about(&report["findings"], FIN)["status"], "unreadable");
    assert!(list(&report["checks"]).iter().any(|check| check["check"] == "unreadable-drop-in"), "{report:#}");
}

#[test]
fn live_and_boot_are_told_apart_in_words() {
    let Some(host) = booted_by_systemd() else { return };
    let rules = rule("net.ipv4.tcp_max_tw_buckets", "at_least = 1000000") + &rule(FIN, "want = 30");
    let profile = host.profile("words", &rules);
    // The kernel computes its own, and what that would be is not known: the running one's is the nearest thing to it.
    host.set("net.ipv4.tcp_max_tw_buckets", "5000");
    host.set(FIN, "30");
    host.sh("echo 'net.ipv4.tcp_max_tw_buckets = 2000000' >/etc/sysctl.d/50-a.conf");
    let check = host.twtune(&format!("check {profile} --target both")).exits(1);
    check.says("1 rule differs now, 1 rule differs at boot");
    host.twtune(&format!("check {profile} --target live")).says("\n1 rule differs, 1 ok");

    host.sh("rm /etc/sysctl.d/50-a.conf");
    let plan = format!("plan {profile} --target both");
    let report = host.twtune(&format!("{plan} --format json")).report("plan");
    let risks: Vec<String> = list(&report["changes"])
        .iter()
        .map(|change| format!("{} {} {}", change["key"], change["target"], change["risk"]).replace('"', ""))
        .collect();
    // Raising has no risk, whether or not a file says from what.
    let expected = [
        "net.ipv4.tcp_max_tw_buckets live low",
        "net.ipv4.tcp_fin_timeout boot medium",
        "net.ipv4.tcp_max_tw_buckets boot low",
    ];
    assert_eq!(risks, expected, "{report:#}");
    // Nothing but the next boot is in doubt.
    host.set("net.ipv4.tcp_max_tw_buckets", "1000000");
    let doubt = "unknown  net.ipv4.tcp_max_tw_buckets  (required, words)\n    wanted at least 1000000, live 1000000; no file";
    host.twtune(&format!("check {profile} --target both")).exits(1).says(doubt);
    host.set("net.ipv4.tcp_max_tw_buckets", "5000");
    let told = host.twtune(&plan).exits(0);
    assert_eq!(told.stdout.matches("    counts  from the next boot on\n").count(), 2, "{told:#?}");
}

#[test]
fn what_is_refused_of_an_image_is_its_boot_value() {
    let Some(host) = Host::start() else { return };
    // Neither a line that sets it nor a place for a history.
    host.sh("mkdir -p img/etc/sysctl.d");
    let profile = host.profile("buckets", &rule("net.ipv4.tcp_max_tw_buckets", "at_least = 1000000"));
    let plan =
        host.twtune(&format!("plan {profile} --root [ROOT]/img --format json")).exits(0).report("plan");
    assert_eq!(list(&plan["refused"])[0]["target"], "boot", "{plan:#}");
    let hint = "`--assume linux=6.1,mem=16GiB,cpus=8` says what an image cannot tell";
    host.twtune(&format!("check {profile} --root [ROOT]/img")).exits(1).says(hint);
    host.twtune(&format!("plan {profile} --root [ROOT]/img")).exits(0).says(hint);
    let assumed = host.twtune(&format!("check {profile} --root [ROOT]/img --assume linux=6.1")).exits(1);
    assert!(!assumed.stdout.contains(hint), "{assumed:#?}");
    host.twtune(&format!("apply {profile} --root [ROOT]/img --yes")).exits(3).says("/var/lib of the image");
}

#[test]
fn a_boot_that_is_left_out_unasked_is_named_as_such() {
    // What this machine is like is its own affair; nothing but reading is done.
    let report = |options: &[&str]| {
        let mut check = Command::new(program());
        let fixed = ["check", "general", "--state-dir", "/nonexistent"];
        sandbox::run(check.args(fixed).args(options))
    };
    let host = report(&["--format", "json"]).report("check")["host"].clone();
    let told = report(&[]);
    let own = !told.stdout.contains("a network namespace of its own");
    let note = "the next boot is left out";
    assert_eq!(told.stdout.contains(note), own && host["boot_loader"] == "unknown", "{told:#?}\n{host}");
    assert!(!report(&["--target", "live"]).stdout.contains(note));
    assert!(!report(&["--target", "both"]).stdout.contains(note));
}

#[test]
fn an_image_is_looked_at_from_inside() {
    let Some(host) = Host::start() else { return };
    // What is outside the image says something else than what the same path inside says.
    host.file("outside.conf", "net.ipv4.tcp_fin_timeout = 66\n");
    host.file("img/etc/target.conf", "net.ipv4.tcp_fin_timeout = 20\n");
    host.file("img/etc/hostname", "golden\n");
    host.sh("mkdir -p img/etc/sysctl.d img/usr/lib/sysctl.d img/usr/lib/systemd img/sbin img/proc
             ln -s /etc/target.conf img/etc/sysctl.d/10-a.conf
             ln -s /usr/lib/systemd/systemd img/sbin/init
             cp /bin/true img/usr/lib/systemd/systemd; cp /bin/true img/usr/lib/systemd/systemd-sysctl");
    let profile = host.profile("fin", &rule(FIN, "want = 20"));
    let report = || {
        let line =
            format!("check {profile} --root [ROOT]/img --assume linux=6.1,mem=16GiB,cpus=8 --format json");
        host.twtune(&line).report("check")
    };
    let first = report();
    assert_eq!(boot(&first), "present 20 /etc/sysctl.d/10-a.conf:1");
    assert_eq!((&first["host"]["name"], &first["host"]["kernel"]), (&"golden".into(), &"6.1".into()));
    assert_eq!(first["host"]["boot_loader"], "systemd-sysctl");
    assert_eq!(about(&first["findings"], FIN)["live"]["state"], "unknown");
    host.twtune(&format!("check {profile} --root [ROOT]/img --assume linux=6.1")).exits(0);
    // A unit that is masked reads nothing.
    host.sh("mkdir -p img/etc/systemd/system; ln -s /dev/null img/etc/systemd/system/systemd-sysctl.service");
    assert_eq!(report()["host"]["boot_loader"], "unknown");
    host.sh("rm img/etc/systemd/system/systemd-sysctl.service");

    // No link leads out: neither an absolute one nor one that climbs.
    host.sh("ln -s \"$PWD/outside.conf\" img/etc/sysctl.d/20-b.conf
             ln -s ../../../outside.conf img/etc/sysctl.d/30-c.conf
             ln -s ../../../../../../../../etc/target.conf img/etc/sysctl.d/40-d.conf");
    let linked = report();
    assert_eq!(boot(&linked), "present 20 /etc/sysctl.d/40-d.conf:1");
    assert!(!linked.to_string().contains("66"), "{linked:#}");

    // A procfs inside the image is no part of it.
    host.sh("mount -t proc proc img/proc 2>/dev/null || mount --bind /proc img/proc
             ln -s /proc/sys/net/ipv4/tcp_fin_timeout img/etc/sysctl.d/50-e.conf
             ln -s /proc/cmdline img/etc/sysctl.conf");
    let before = host.dump();
    let mounted = report();
    assert_eq!(boot(&mounted), "present 20 /etc/sysctl.d/40-d.conf:1");
    assert_eq!(about(&mounted["findings"], FIN)["live"]["state"], "unknown");
    assert_eq!(host.dump(), before);

    // Nothing below the root of the machine is opened for it but the image, the program, and what names the profile.
    let traced = host.under(
        "strace -f -e trace=open,openat,openat2 -o [ROOT]/trace",
        &format!("check {profile} --root [ROOT]/img"),
    );
    assert!(matches!(traced.code, Some(0 | 1)), "{traced:#?}");
    let trace = host.sh("cat trace");
    for own in [
        "/etc/sysctl",
        "/run/sysctl.d",
        "/usr/lib/sysctl.d",
        "/proc/sys/net",
        "outside.conf",
        "/run/credentials",
    ] {
        let opened = trace.lines().find(|line| line.contains(&format!("\"{own}")));
        assert_eq!(opened, None, "{own} of the machine was opened");
    }
}

#[test]
fn every_fault_of_an_image_s_files_is_named() {
    let Some(host) = Host::start() else { return };
    host.sh("mkdir -p img/etc/sysctl.d img/run/sysctl.d; cd img/etc/sysctl.d; ln -s nowhere 90-link.conf
             ln -s ../sysctl.conf 99-sysctl.conf
             echo 'net.ipv4.tcp_fin_timeout = 30' >../sysctl.conf
             echo 'net.ipv4.tcp_fin_timeout = 20' >zz-app.conf
             echo 'net.ipv4.tcp_rfc1337 = 1' >../../run/sysctl.d/50-run.conf
             printf 'net.ipv4.tcp_sack = 1\nnet.ipv4.tcp_sack = 0\n' >10-twice.conf
             echo 'net.ipv4.tcp_tw_recycle = 1' >20-dead.conf
             echo 'net.ipv4.tcp_retries2 = 8 # short' >30-comment.conf
             echo 'net.netfilter.nf_conntrack_max = 262144' >40-module.conf");
    let profile = host.profile("fin", &rule(FIN, "want = 20"));
    let line = format!("check {profile} --root [ROOT]/img --assume linux=6.1 --format json");
    let report = host.twtune(&line).report("check");
    let of = |check: &Value| format!("{} {}", check["check"], check["subject"]).replace('"', "");
    let mut found: Vec<String> = list(&report["checks"]).iter().map(of).collect();
    found.sort();
    // What a live value loses can be told of a running system alone.
    let expected = [
        "comment-inside-value net.ipv4.tcp_retries2",
        "dead-sysctl-line net.ipv4.tcp_tw_recycle",
        "duplicate-assignment net.ipv4.tcp_sack",
        "loaders-disagree net.ipv4.tcp_fin_timeout",
        "run-drop-in-lost-at-boot /run/sysctl.d/50-run.conf",
        "set-before-its-module net.netfilter.nf_conntrack_max",
        "shadowed-setting net.ipv4.tcp_fin_timeout",
        "unreadable-drop-in /etc/sysctl.d/90-link.conf",
    ];
    assert_eq!(found, expected, "{report:#}");
}

#[test]
fn what_an_image_cannot_tell_is_unknown_until_it_is_assumed() {
    let Some(host) = Host::start() else { return };
    host.file("img/etc/sysctl.d/a.conf", "net.ipv4.tcp_rmem = 4096 131072 6291456\n");
    let shares = rule("net.ipv4.tcp_rmem", "at_least = [\"_\", \"_\", \"6MiB\"]\nwhen = \"mem >= 4GiB\"");
    let profile = host
        .profile("image", &(shares + &rule("net.ipv4.tcp_tw_recycle", "want = 0\nwhen = \"linux < 4.12\"")));
    let status = |assume: &str, key: &str| {
        let report =
            host.twtune(&format!("check {profile} --root [ROOT]/img {assume} --format json")).report("check");
        about(&report["findings"], key)["status"].as_str().expect("a status").to_owned()
    };
    for key in ["net.ipv4.tcp_rmem", "net.ipv4.tcp_tw_recycle"] {
        assert_eq!(status("", key), "unknown", "{key}");
    }
    assert_eq!(status("--assume linux=6.1,mem=2GiB", "net.ipv4.tcp_rmem"), "not-applicable");
    assert_eq!(status("--assume linux=6.1", "net.ipv4.tcp_tw_recycle"), "not-applicable");
    host.twtune(&format!("check {profile} --root [ROOT]/nowhere")).exits(3);
    host.twtune(&format!("check {profile} --root [ROOT]/image.toml")).exits(3);
}
