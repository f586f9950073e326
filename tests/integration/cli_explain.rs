//! `twtune explain`: what is known of a setting, and from where.

use crate::host::Host;
use crate::schema::keys;
use crate::schema::list;

#[test]
fn every_setting_that_a_profile_names_is_explained() {
    let Some(host) = Host::start() else { return };
    let report = host.twtune("plan reverse-proxy --format json").exits(0).report("plan");
    let checked = host.twtune("check reverse-proxy --format json").report("check");
    for key in keys(&report["changes"]).into_iter().chain(keys(&checked["findings"])) {
        let run = host.twtune(&format!("explain {key}")).exits(0).says(key);
        assert!(run.stdout.lines().count() > 5, "{run:#?}");
        assert!(!run.stdout.contains('\x1b'));
        let run = host.twtune(&format!("explain {key} --format json")).exits(0);
        assert_eq!(run.report("explain")["key"], key, "{run:#?}");
    }
}

#[test]
fn the_last_part_of_a_name_will_do_and_so_does_the_other_spelling() {
    let Some(host) = Host::start() else { return };
    let whole = host.twtune("explain net.ipv4.tcp_tw_reuse").exits(0).stdout;
    assert_eq!(host.twtune("explain tcp_tw_reuse").exits(0).stdout, whole);
    assert_eq!(host.twtune("explain net/ipv4/tcp_tw_reuse").exits(0).stdout, whole);
    // One interface's setting is explained by the facts about all of them.
    host.twtune("explain net.ipv4.conf.eth0/100.rp_filter").exits(0).says("rp_filter");
}

#[test]
fn the_facts_that_folklore_has_wrong_are_right() {
    let Some(host) = Host::start() else { return };
    for (name, facts) in [
        ("tcp_tw_reuse", &["0..2", "connect", "timestamps"][..]),
        ("tcp_fin_timeout", &["FIN_WAIT_2", "60"]),
        ("tcp_tw_recycle", &["4.12", "NAT"]),
        ("tcp_max_tw_buckets", &["unlimited"]),
        ("ip_local_port_range", &["ip_unprivileged_port_start", "32768 60999"]),
        ("ip_forward", &["conf"]),
    ] {
        let text = host.twtune(&format!("explain {name}")).exits(0).stdout;
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ").replace('-', "_");
        for fact in facts {
            let spelt = [fact.replace('-', "_"), fact.replace("..", " to "), fact.replace("..", "–")];
            assert!(spelt.iter().any(|s| flat.contains(s)), "{fact} is not in {text}");
        }
    }
}

#[test]
fn an_unknown_name_is_3_with_the_nearest() {
    let Some(host) = Host::start() else { return };
    for (typed, meant) in [
        ("tcp_tw_resue", "tcp_tw_reuse"),
        ("net.ipv4.tcp_fin_timout", "tcp_fin_timeout"),
        ("somaxcon", "somaxconn"),
    ] {
        host.twtune(&format!("explain {typed}")).exits(3).says(typed).says(meant);
        let report = host.twtune(&format!("explain {typed} --format json")).exits(3).report("error");
        crate::schema::error(&report, 3);
    }
    host.twtune("explain ../../etc/passwd").exits(3);
}

#[test]
fn without_a_name_everything_is_listed() {
    let Some(host) = Host::start() else { return };
    let text = host.twtune("explain").exits(0).stdout;
    let report = host.twtune("explain --format json").exits(0).report("explain");
    assert_eq!(report["kind"], "list");
    let found = list(&report["found"]);
    assert!(found.len() > 100, "{}", found.len());
    for entry in found {
        let name = entry["name"].as_str().expect("a name");
        assert!(text.contains(name), "{name}");
        assert!(entry["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{entry:#}");
    }
    // Whatever is listed is explained.
    for name in found.iter().rev().step_by(7).filter_map(|entry| entry["name"].as_str()) {
        host.twtune(&format!("explain {name}")).exits(0).says(name.rsplit('.').next().expect("a part"));
    }
}

#[test]
fn concepts_and_checks_are_told_by_name() {
    let Some(host) = Host::start() else { return };
    let run = host.twtune("explain TIME_WAIT").exits(0).says("What people believe").says("60 seconds");
    assert_eq!(host.twtune("explain time-wait").exits(0).stdout, run.stdout);
    let report = host.twtune("explain so-linger --format json").exits(0).report("explain");
    assert_eq!((&report["kind"], &report["name"]), (&"concept".into(), &"so-linger".into()));
    let titles: Vec<&str> = list(&report["parts"]).iter().filter_map(|part| part["title"].as_str()).collect();
    assert_eq!(titles, ["What it is", "What people believe", "What is true", "What to do", "Sources"]);
    let report = host.twtune("explain duplicate-assignment --format json").exits(0).report("explain");
    assert_eq!(report["kind"], "check");
    host.twtune("explain TIME_WIAT").exits(3).says("time-wait");
    // The settings say what recipes make of them, and where to read on.
    host.twtune("explain tcp_fin_timeout").exits(0).says("useless").says("see also").says("time-wait");
    host.twtune("explain net.ipv4.ip_conntrack_max").exits(0).says("gone").says("nf_conntrack_max");
}

#[test]
fn a_question_is_answered_by_its_words() {
    let Some(host) = Host::start() else { return };
    let ask = |question: &str, format: &str| {
        let mut command = host.command("explain");
        command.arg(question).args(["--format", format]);
        host.judge(crate::sandbox::run(&mut command))
    };
    let run = ask("how do I get rid of TIME_WAIT", "human").exits(0);
    assert!(run.stdout.starts_with("time-wait\n"), "{run:#?}");
    let report = ask("how do I get rid of TIME_WAIT", "json").exits(0).report("explain");
    assert_eq!((&report["kind"], &report["found"][0]["name"]), (&"search".into(), &"time-wait".into()));
    // A setting can be the answer as well.
    ask("what does tcp_max_orphans do", "human").exits(0).says("net.ipv4.tcp_max_orphans").says("sources");
    // One word that is nobody's name.
    let run = ask("EADDRNOTAVAIL", "human").exits(0);
    assert!(run.stdout.starts_with("ephemeral-ports\n"), "{run:#?}");
    ask("xyzzy plugh", "human").exits(3);
}
