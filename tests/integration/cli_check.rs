//! `twtune check`: compares, changes nothing.

use std::process::Stdio;

use crate::host::Host;
use crate::host::file_of;
use crate::sandbox;
use crate::schema;
use crate::schema::about;
use crate::schema::keys;
use crate::schema::list;

pub(crate) const PROFILES: &[&str] = &[
    "general",
    "outbound",
    "web-server",
    "reverse-proxy",
    "database",
    "cache",
    "message-broker",
    "load-generator",
    "nat-gateway",
    "bulk-transfer",
    "kubernetes-node",
    "redis",
    "kafka",
    "rabbitmq",
    "elasticsearch",
    "mongodb",
    "postgresql",
    "nginx",
    "haproxy",
];

const FIN: &str = "net.ipv4.tcp_fin_timeout";
const RANGE: &str = "net.ipv4.ip_local_port_range";

#[test]
fn the_report_has_the_promised_shape_and_changes_nothing() {
    let Some(host) = Host::start() else { return };
    for detuned in [false, true] {
        if detuned {
            host.detune();
        }
        let before = host.dump();
        for profile in PROFILES {
            let run = host.twtune(&format!("check {profile} --format json"));
            let report = run.report("check");
            schema::check(&report);
            assert_eq!(report["profiles"], serde_json::json!([profile]));
            assert!(list(&report["findings"]).len() > 2, "{run:#?}");
            assert_eq!(run.stderr, "", "reports go to standard output alone");
            if detuned {
                run.exits(1);
            }
        }
        let all = host.twtune(&format!("check {} --format json", PROFILES.join(" "))).report("check");
        schema::check(&all);
        assert_eq!(list(&all["profiles"]).len(), PROFILES.len());
        assert_eq!(host.dump(), before, "check changed something");
        assert_eq!(host.left_behind(), "");
    }
}

#[test]
fn check_is_0_exactly_when_plan_has_nothing_to_do() {
    let Some(host) = Host::start() else { return };
    let agree = |state: &str| {
        for profile in PROFILES {
            for level in ["all", "required"] {
                let check = host.twtune(&format!("check {profile} --level {level} --format json"));
                let plan = host.twtune(&format!("plan {profile} --level {level} --format json")).exits(0);
                let report = plan.report("plan");
                let idle = list(&report["changes"]).is_empty() && list(&report["refused"]).is_empty();
                let expected = i32::from(!idle);
                assert_eq!(check.code, Some(expected), "{state}: {check:#?}\n{plan:#?}");
            }
        }
    };
    agree("fresh");
    host.detune();
    agree("detuned");
    host.twtune("apply reverse-proxy --level required --yes").exits(0);
    agree("required ones applied");
    host.twtune("apply reverse-proxy --yes").exits(0);
    agree("applied");
    host.twtune("check reverse-proxy").exits(0);
}

#[test]
fn general_is_the_default_and_the_configuration_names_others() {
    let Some(host) = Host::start() else { return };
    let named = |line: &str| host.twtune(line).report("check")["profiles"].clone();
    assert_eq!(named("check --format json"), serde_json::json!(["general"]));
    host.file("twtune.toml", "profiles = [\"web-server\", \"outbound\"]\n");
    assert_eq!(
        named("check --format json --config [ROOT]/twtune.toml"),
        serde_json::json!(["web-server", "outbound"])
    );
    assert_eq!(
        named("check general --format json --config [ROOT]/twtune.toml"),
        serde_json::json!(["general"])
    );
    // The usual places.
    let own = host.profile("own", &rule(FIN, "want = 60"));
    host.sh("echo 'profiles = [\"own\"]' >/etc/twtune/twtune.toml; mkdir /etc/twtune/profiles.d; mv own.toml /etc/twtune/profiles.d/");
    assert_eq!(named("check --format json"), serde_json::json!(["own"]));
    host.twtune("check own").exits(0);
    host.twtune(&format!("check {own}")).exits(3);
}

/// A rule in TOML.
pub(crate) fn rule(key: &str, constraint: &str) -> String {
    format!(
        "[[rule]]\nkey = \"{key}\"\n{constraint}\nlevel = \"required\"\nwhy = \"A test wants it.\"\nsource = \"https://example.org\"\n\n"
    )
}

#[test]
fn human_text_names_what_differs_and_is_coloured_only_on_demand() {
    let Some(host) = Host::start() else { return };
    host.detune();
    let run = host.twtune("check general").exits(1);
    for named in [FIN, "180", "net.core.somaxconn", "128", "4096"] {
        assert!(run.stdout.contains(named), "{named}: {run:#?}");
    }
    assert!(!run.stdout.contains('\x1b'), "a pipe gets no colour: {run:#?}");
    let never = host.twtune("check general --color never").exits(1);
    assert_eq!(never.stdout, run.stdout);
    let always = host.twtune("check general --color always").exits(1);
    assert!(always.stdout.contains("\x1b["), "{always:#?}");
    // Understandable without colour: taking the colour away leaves the very same words.
    let mut plain = String::new();
    let mut rest = always.stdout.as_str();
    while let Some((before, after)) = rest.split_once('\x1b') {
        plain.push_str(before);
        rest = after.split_once('m').expect("an escape ends").1;
    }
    plain.push_str(rest);
    assert_eq!(plain, run.stdout);
}

#[test]
fn a_missing_setting_is_not_applicable_and_stops_nothing() {
    let Some(host) = Host::start() else { return };
    let missing = [
        "net.ipv4.tcp_tw_recycle",
        "net.ipv4.conf.eth9.rp_filter",
        "net.ipv4.tcp_max_orphans",
        "fs.file-max",
    ];
    let rules: String = missing.iter().map(|key| rule(key, "want = 1")).collect();
    let profile = host.profile("missing", &(rules + &rule(FIN, "want = 60")));
    let run = host.twtune(&format!("check {profile} --format json")).exits(0);
    let report = run.report("check");
    schema::check(&report);
    for key in missing {
        let finding = about(&report["findings"], key);
        assert_eq!(finding["status"], "not-applicable", "{finding:#}");
    }
    assert_eq!(about(&report["findings"], FIN)["status"], "ok");
    let plan = host.twtune(&format!("plan {profile} --format json")).exits(0).report("plan");
    assert_eq!(keys(&plan["changes"]), Vec::<&str>::new());
    assert_eq!(keys(&plan["refused"]), Vec::<&str>::new());
}

/// The machine's own values are out of reach of every test: here they must not be touched, nor asked for.
#[test]
fn what_belongs_to_the_machine_is_not_applicable_in_a_namespace_and_never_written() {
    let Some(host) = Host::start() else { return };
    let uncatalogued =
        rule("vm.dirty_ratio", "want = 1").replace("[[rule]]", "[[rule]]\nuncatalogued = true");
    let own = host.profile("own", &uncatalogued);
    for profiles in ["kubernetes-node redis kafka elasticsearch bulk-transfer", &own] {
        let report = host.twtune(&format!("check {profiles} --format json")).report("check");
        let machine = list(&report["findings"]).iter().filter(|finding| finding["scope"] == "machine");
        let mut told = 0;
        for finding in machine {
            assert_eq!(finding["status"], "not-applicable", "{finding:#}");
            told += 1;
        }
        assert!(told > 0, "{report:#}");
        let plan = host.twtune(&format!("plan {profiles} --format json")).exits(0).report("plan");
        for key in keys(&plan["changes"]).into_iter().chain(keys(&plan["refused"])) {
            assert!(key.starts_with("net."), "{key}");
        }
    }
}

#[test]
fn an_unreadable_setting_is_unreadable_and_stops_nothing() {
    let Some(mut host) = Host::start() else { return };
    host.share_program();
    let profile = host.profile("mixed", &(rule(FIN, "want = 60") + &rule("net.ipv4.tcp_sack", "want = 1")));
    host.sh(&format!("echo 60 >closed; chmod 000 closed; mount --bind closed {}", file_of(FIN)));
    let Some(run) = host.twtune_as_nobody(&format!("check {profile} --format json --state-dir [ROOT]/state"))
    else {
        return;
    };
    let run = run.exits(1);
    let report = run.report("check");
    schema::check(&report);
    let finding = about(&report["findings"], FIN);
    assert_eq!(finding["status"], "unreadable", "{finding:#}");
    assert_eq!(finding["live"]["state"], "unreadable", "{finding:#}");
    assert_eq!(about(&report["findings"], "net.ipv4.tcp_sack")["status"], "ok");
}

#[test]
fn reading_needs_no_rights() {
    let Some(mut host) = Host::start() else { return };
    host.share_program();
    host.detune();
    // The state of the applies is closed to others; that is no reason for check to fail.
    host.twtune("apply outbound --skip tcp_tw_reuse --yes").exits(0);
    for line in ["check outbound --format json", "plan outbound --format json"] {
        let Some(run) = host.twtune_as_nobody(line) else {
            return;
        };
        let verb = line.split_once(' ').expect("two words").0;
        let report = run.report(verb);
        if verb == "check" {
            schema::check(&report);
            assert_eq!(about(&report["findings"], "net.ipv4.tcp_tw_reuse")["live"]["writable"], false);
        } else {
            schema::plan(&report);
            // What is to be changed is shown to whoever may not change it, and told apart.
            assert!(keys(&report["changes"]).contains(&"net.ipv4.tcp_tw_reuse"), "{report:#}");
            assert!(run.stderr.contains("may not apply it"), "{run:#?}");
        }
    }
    for line in ["explain tcp_tw_reuse", "profile list", "profile show outbound", "--version", "--help"] {
        host.twtune_as_nobody(line).expect("this worked above").exits(0);
    }
}

#[test]
fn an_interface_with_a_dot_in_its_name_is_found() {
    let Some(host) = Host::start() else { return };
    host.sh("ip link add eth0.100 type veth peer name peer100");
    let key = "net.ipv4.conf.eth0/100.rp_filter";
    host.set(key, "0");
    let profile = host.profile("dotted", &rule(key, "want = 1"));
    let report = host.twtune(&format!("check {profile} --format json")).exits(1).report("check");
    let finding = about(&report["findings"], key);
    assert_eq!(
        (finding["live"]["value"].as_str(), finding["status"].as_str()),
        (Some("0"), Some("live-differs"))
    );
    let before = host.dump();
    host.twtune(&format!("apply {profile} --yes")).exits(0);
    assert_eq!(host.value(key), "1");
    host.twtune(&format!("check {profile}")).exits(0);
    host.twtune("rollback --yes").exits(0);
    assert_eq!(host.dump(), before);
    // sysctl's other spelling of the same key.
    let slashes = host.profile("slashes", &rule("net/ipv4/conf/eth0.100/rp_filter", "want = 0"));
    host.twtune(&format!("check {slashes}")).exits(0);
}

#[test]
fn tabs_equal_spaces_and_values_are_compared_by_meaning() {
    let Some(host) = Host::start() else { return };
    assert!(host.sh(&format!("cat {}", file_of(RANGE))).contains('\t'), "the kernel prints a tab here");
    let held = [
        (RANGE, "want = [32768, 60999]"),
        (RANGE, "covers = [40000, 50000]"),
        ("net.ipv4.tcp_rmem", "at_least = [1, \"_\", \"1KiB\"]"),
        (FIN, "want = \"60s\""),
        (FIN, "want = \"1min\""),
        (FIN, "between = [1, 60]"),
        (FIN, "one_of = [30, 60]"),
        ("net.ipv4.ip_local_reserved_ports", "covers = [81, \"8000-8002\"]"),
    ];
    host.set("net.ipv4.ip_local_reserved_ports", "80-90,8002,8000-8001");
    for (at, (key, constraint)) in held.iter().enumerate() {
        let profile = host.profile(&format!("held-{at}"), &rule(key, constraint));
        let run = host.twtune(&format!("check {profile} --format json"));
        let report = run.report("check");
        assert_eq!(about(&report["findings"], key)["status"], "ok", "{constraint}: {run:#?}");
        run.exits(0);
    }
    let report = host.twtune("check outbound --format json").report("check");
    assert_eq!(about(&report["findings"], RANGE)["live"]["value"], "32768 60999");
}

#[test]
fn another_namespace_is_looked_at_by_name_path_or_process() {
    let Some(host) = Host::start() else { return };
    host.sh("ip netns add blue; ip netns exec blue bash -c 'echo 44 >/proc/sys/net/ipv4/tcp_fin_timeout'");
    let resident = host.background("exec ip netns exec blue bash -c 'echo ready; exec sleep 1000'");
    let profile = host.profile("blue", &rule(FIN, "want = 44"));
    host.twtune(&format!("check {profile}")).exits(1);
    let here = host.twtune(&format!("check {profile} --format json")).report("check");
    for place in
        ["--netns blue".to_owned(), "--netns /run/netns/blue".into(), format!("--pid {}", resident.id())]
    {
        let there = host.twtune(&format!("check {profile} {place} --format json")).exits(0).report("check");
        schema::check(&there);
        assert_eq!(about(&there["findings"], FIN)["live"]["value"], "44", "{place}");
        assert_ne!(there["host"]["netns"], here["host"]["netns"], "{place}");
        assert_eq!(there["host"]["boot_id"], here["host"]["boot_id"]);
        for target in ["boot", "both"] {
            host.twtune(&format!("check {profile} {place} --target {target}")).exits(2);
        }
    }
    for absent in [
        "--netns red",
        "--netns /run/netns/red",
        "--netns /etc/passwd",
        "--pid 4194999",
        "--netns ../netns/blue",
    ] {
        let run = host.twtune(&format!("check {profile} {absent}"));
        assert!(matches!(run.code, Some(2..=4)), "{run:#?}");
    }
    host.twtune(&format!("check {profile} --netns blue --pid {}", resident.id())).exits(2);
}

#[test]
fn a_setting_can_be_left_out() {
    let Some(host) = Host::start() else { return };
    host.detune();
    let all = host.twtune("check general --format json").report("check");
    let counting: Vec<String> = list(&all["findings"])
        .iter()
        .filter(|finding| finding["status"] == "live-differs")
        .map(|finding| format!("--skip {}", finding["key"].as_str().expect("a key")))
        .collect();
    assert!(counting.len() > 3, "{all:#}");
    host.twtune(&format!("check general {}", counting.join(" "))).exits(0);
    host.twtune(&format!("check general {}", counting[1..].join(" "))).exits(1);
    // The last part alone will do where it is unique.
    let run = host.twtune("check general --skip tcp_fin_timeout --format json").exits(1);
    let report = run.report("check");
    assert!(
        !list(&report["findings"]).iter().any(|f| f["key"] == FIN && f["status"] == "live-differs"),
        "{report:#}"
    );
}

#[test]
fn only_required_rules_count_where_that_is_asked() {
    let Some(host) = Host::start() else { return };
    let recommended = rule(FIN, "want = 44").replace("required", "recommended");
    let profile = host.profile("levels", &(recommended + &rule("net.ipv4.tcp_sack", "want = 1")));
    host.twtune(&format!("check {profile}")).exits(1);
    host.twtune(&format!("check {profile} --level all")).exits(1);
    host.twtune(&format!("check {profile} --level required")).exits(0);
    host.set("net.ipv4.tcp_sack", "0");
    host.twtune(&format!("check {profile} --level required")).exits(1);
}

#[test]
fn wrong_usage_is_2_and_an_unknown_profile_is_3_with_the_nearest_name() {
    let Some(host) = Host::start() else { return };
    for line in [
        "",
        "chekc",
        "check --level most",
        "check --format xml",
        "check --color sometimes",
        "check --target both --netns x",
        "check --root [ROOT] --target live",
        "check --root [ROOT] --pid 1",
        "check --assume linux=6.1",
        "check --root [ROOT] --assume linux",
        "check --root [ROOT] --assume linux=6.1,linux=6.2",
        "check --root [ROOT] --assume mem=much",
        "check --no-such-option",
        "check --pid x",
    ] {
        host.twtune(line).exits(2);
    }
    for (typed, meant) in [("outbond", "outbound"), ("web-sever", "web-server"), ("General", "general")] {
        let run = host.twtune(&format!("check {typed}")).exits(3).says(typed).says(meant);
        assert_eq!(run.stdout, "", "an error goes to standard error: {run:#?}");
        let report = host.twtune(&format!("check {typed} --format json")).exits(3).report("error");
        schema::error(&report, 3);
        assert!(report.to_string().contains(meant), "{report:#}");
    }
    host.twtune("check ../general").exits(3);
    host.twtune("--help").exits(0);
    host.twtune("--version").exits(0).says(env!("CARGO_PKG_VERSION"));
    for verb in ["check", "plan", "apply", "rollback", "history", "explain", "profile"] {
        host.twtune(&format!("{verb} --help")).exits(0).says(verb);
    }
}

#[test]
fn a_closed_pipe_is_success() {
    let Some(host) = Host::start() else { return };
    host.detune();
    for line in [
        "check general",
        "check general --format json",
        "plan general",
        "plan general --format json",
        "plan general --exit-code",
        "history",
        "explain tcp_tw_reuse",
        "profile list",
        "profile show outbound",
        "--help",
        "check --help",
        "apply general --yes",
    ] {
        let (reader, writer) = std::io::pipe().expect("pipe");
        drop(reader);
        let mut command = host.command(line);
        let output = command
            .stdin(Stdio::null())
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .expect("the program starts");
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{line}: {:?} {error}", output.status);
        assert!(!error.contains("panicked") && !error.contains("Broken pipe"), "{line}: {error}");
    }
    assert_eq!(host.value(FIN), "60", "the apply was done although nobody read its report");
}

#[test]
fn a_full_disk_behind_standard_output_is_no_success() {
    let Some(host) = Host::start() else { return };
    host.detune();
    for line in [
        "check general",
        "check general --format json",
        "profile list",
        "explain tcp_tw_reuse",
        "diagnose --format json",
        "--help",
    ] {
        let output = host
            .command(line)
            .stdin(Stdio::null())
            .stdout(std::fs::File::options().write(true).open("/dev/full").expect("/dev/full"))
            .output()
            .expect("the program starts");
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(4), "{line}: {error}");
        assert!(error.starts_with("error: cannot write the report: "), "{line}: {error}");
    }
    // 3 and 4 would say that nothing was changed.
    for line in ["apply general --yes", "rollback --yes"] {
        let output = host
            .command(line)
            .stdin(Stdio::null())
            .stdout(std::fs::File::options().write(true).open("/dev/full").expect("/dev/full"))
            .output()
            .expect("the program starts");
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{line}: {error}");
        assert!(error.contains("report"), "{line}: {error}");
        assert_eq!(host.value(FIN), if line.starts_with("apply") { "60" } else { "180" });
    }
}

#[test]
fn a_report_reads_only_what_it_needs() {
    if !sandbox::has("strace", "strace") {
        return;
    }
    let Some(host) = Host::start() else { return };
    let log = host.path("log");
    let outer = format!("strace -f -e trace=open,openat,openat2,execve,connect -o {}", log.display());
    let run = host.under(&outer, "check general --format json");
    assert!(matches!(run.code, Some(0 | 1)), "{run:#?}");
    let report = run.report("check");
    let named: Vec<String> = keys(&report["findings"]).iter().map(|key| file_of(key)).collect();
    let trace = std::fs::read_to_string(log).expect("strace's log");
    for line in trace.lines().filter(|line| line.contains("\"/proc/sys/net/")) {
        let path = line.split('"').nth(1).expect("a path");
        // The range and its floor decide about one another.
        let known = named.iter().any(|file| file == path)
            || path.ends_with("ip_local_port_range")
            || path.ends_with("ip_unprivileged_port_start");
        assert!(known, "reads a setting no rule asks for: {line}");
    }
    assert!(!trace.contains("connect("), "a report needs no network: {trace}");
    assert_eq!(trace.matches("execve(").count(), 1, "a report starts no program: {trace}");
}
