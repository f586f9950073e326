//! Exceptions: what differs and does not count until a day is over.

use crate::cli_check::rule;
use crate::host::Host;
use crate::schema;
use crate::schema::about;
use crate::schema::keys;
use crate::schema::list;

const FIN: &str = "net.ipv4.tcp_fin_timeout";

fn exception(key: &str, until: &str) -> String {
    format!(
        "[[exception]]\nkey = \"{key}\"\nreason = \"The vendor asks for it, ticket 42\"\nuntil = {until}\n"
    )
}

#[test]
fn an_excepted_finding_does_not_count_and_is_not_changed() {
    let Some(host) = Host::start() else { return };
    let rules = rule(FIN, "want = 50") + &rule("net.ipv4.tcp_sack", "want = 1");
    let own = host.profile("own", &(rules.clone() + &exception(FIN, "2999-12-31")));
    let run = host.twtune(&format!("check {own}")).exits(0);
    for told in ["does not count", FIN, "2999-12-31", "ticket 42", "1 excepted"] {
        assert!(run.stdout.contains(told), "{told}: {run:#?}");
    }
    let report = host.twtune(&format!("check {own} --format json")).exits(0).report("check");
    schema::check(&report);
    let finding = about(&report["findings"], FIN);
    assert_eq!((&finding["status"], &finding["proposed"]), (&"excepted".into(), &serde_json::Value::Null));
    assert_eq!(report["summary"]["excepted"], 1);
    let plan = host.twtune(&format!("plan {own} --exit-code --format json")).exits(0).report("plan");
    schema::plan(&plan);
    assert_eq!(keys(&plan["changes"]), Vec::<&str>::new());
    assert_eq!(plan["excepted"][0]["key"], FIN);
    host.twtune(&format!("plan {own}")).exits(0).says("left as it is for now").says("ticket 42");
    let before = host.dump();
    host.twtune(&format!("apply {own} --yes")).exits(0);
    assert_eq!(host.dump(), before);
    // A met rule needs no exception, and is as good as any other.
    host.set(FIN, "50");
    let report = host.twtune(&format!("check {own} --format json")).exits(0).report("check");
    assert_eq!(about(&report["findings"], FIN)["status"], "ok");
}

#[test]
fn what_the_catalogue_does_not_know_is_excepted_where_that_is_meant() {
    let Some(host) = Host::start() else { return };
    let unknown = "net.ipv4.icmp_ratemask";
    let meant = |document: &str| document.replace("key = ", "uncatalogued = true\nkey = ");
    let rules = meant(&rule(unknown, "want = 77"));
    let own = host.profile("own", &rules);
    host.twtune(&format!("check {own}")).exits(1);
    let slip = host.profile("slip", &(rules.clone() + &exception(unknown, "2999-12-31")));
    host.twtune(&format!("check {slip}")).exits(3).says("unknown key `net.ipv4.icmp_ratemask`");
    let excepted = host.profile("excepted", &(rules + &meant(&exception(unknown, "2999-12-31"))));
    host.twtune(&format!("check {excepted}")).exits(0).says("1 excepted");
}

#[test]
fn after_its_day_it_counts_again() {
    let Some(host) = Host::start() else { return };
    let over = host.profile("over", &(rule(FIN, "want = 50") + &exception(FIN, "2026-01-31")));
    let run = host.twtune(&format!("check {over}")).exits(1).says("ended on 2026-01-31");
    assert!(run.stdout.contains("live 60"), "{run:#?}");
    let report = host.twtune(&format!("check {over} --format json")).exits(1).report("check");
    assert_eq!(about(&report["findings"], FIN)["status"], "live-differs");
    host.twtune(&format!("apply {over} --yes")).exits(0);
    assert_eq!(host.value(FIN), "50");
    // Today is its last day.
    let today = host.sh("date -u +%F");
    let last = host.profile("last", &(rule(FIN, "want = 40") + &exception(FIN, today.trim())));
    host.twtune(&format!("check {last}")).exits(0);
}

#[test]
fn the_configuration_can_except_for_all_profiles() {
    let Some(host) = Host::start() else { return };
    let own = host.profile("own", &rule(FIN, "want = 50"));
    host.file("twtune.toml", exception(FIN, "2999-12-31"));
    host.twtune(&format!("check {own}")).exits(1);
    host.twtune(&format!("check {own} --config [ROOT]/twtune.toml")).exits(0).says("ticket 42");
    host.sh("cp twtune.toml /etc/twtune/twtune.toml");
    host.twtune(&format!("check {own}")).exits(0);
    host.twtune(&format!("plan {own} --exit-code")).exits(0);
    let faulty = exception(FIN, "\"soon\"")
        + &exception("net.ipv4.tcp_fin_timeot_", "2999-12-31").replace("reason", "raeson");
    host.file("faulty.toml", faulty);
    let run = host.twtune(&format!("check {own} --config [ROOT]/faulty.toml")).exits(3);
    for told in [
        "faulty.toml:4:",
        "until = 2027-03-31",
        "faulty.toml:6:7: unknown key `net.ipv4.tcp_fin_timeot_`: did you mean net.ipv4.tcp_fin_timeout",
        "raeson",
        "did you mean `reason`",
    ] {
        assert!(run.stderr.contains(told), "{told}: {run:#?}");
    }
    let report =
        host.twtune(&format!("check {own} --config [ROOT]/faulty.toml --format json")).report("error");
    assert!(list(&report["problems"]).len() >= 3, "{report:#}");
}
