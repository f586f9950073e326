//! Rules held against hosts that there are not: every constraint, every verdict, who wins over whom.

use std::convert::Infallible;
use std::fmt::Write;

use twtune::advise::Report;
use twtune::advise::Status;
use twtune::advise::Target;
use twtune::advise::judge;
use twtune::facts::Boot;
use twtune::facts::BootLoader;
use twtune::facts::Host;
use twtune::facts::LiveReading;
use twtune::facts::LiveState;
use twtune::facts::Os;
use twtune::facts::Snapshot;
use twtune::facts::Writable;
use twtune::plan;
use twtune::plan::Plan;
use twtune::profile::Document;
use twtune::profile::Level;
use twtune::profile::Problem;
use twtune::profile::SelectError;
use twtune::profile::Selection;
use twtune::profile::load;
use twtune::profile::select;
use twtune::setting::Key;
use twtune::setting::PortSet;
use twtune::setting::Version;

const RANGE: &str = "net.ipv4.ip_local_port_range";
const RESERVED: &str = "net.ipv4.ip_local_reserved_ports";
const FLOOR: &str = "net.ipv4.ip_unprivileged_port_start";

fn host() -> Host {
    Host {
        name: "fixture".into(),
        os: Os::Linux,
        kernel: "6.18.0".into(),
        version: Some(Version::new(6, 18)),
        memory: Some(16 << 30),
        processors: Some(8),
        initial: true,
        boot_loader: BootLoader::Unknown,
        identity: None,
    }
}

fn key(text: &str) -> Key {
    Key::parse(text).expect("a key")
}

fn snapshot(values: &[(&str, &str)]) -> Snapshot {
    let reading = |value: &str| {
        let state = match value {
            "absent" => LiveState::Absent,
            "unreadable" => LiveState::Unreadable("permission denied".into()),
            value => LiveState::Present(value.into()),
        };
        LiveReading { state, writable: Some(Writable::Yes), newer_than_boot: false }
    };
    values.iter().map(|(name, value)| (key(name), reading(value))).collect()
}

/// A profile of one line a rule: `KEY; CONSTRAINT[; MORE]`.
fn profile(name: &str, extends: &str, rules: &[&str]) -> (String, String) {
    let mut text = format!("schema = 1\nname = \"{name}\"\nsummary = \"of a test\"\nextends = [{extends}]\n");
    for rule in rules {
        let (key, rest) = rule.split_once(';').expect("a key and a constraint");
        let lines = rest.replace(';', "\n");
        let _ = write!(text, "[[rule]]\nkey = \"{key}\"\nwhy = \"Because.\"\n{lines}\n");
    }
    (name.into(), text)
}

fn select_from(profiles: &[(String, String)], names: &[&str]) -> Selection {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let found: Result<Selection, SelectError<Infallible>> = select(&names, &mut |name, _| {
        let (name, text) = profiles.iter().find(|(known, _)| known == name).expect("a profile");
        Ok(Document { file: name.clone(), text: text.clone().into() })
    });
    found.expect("sound profiles")
}

fn judged<'a>(selection: &'a Selection, values: &[(&str, &str)]) -> Result<Report<'a>, Vec<Problem>> {
    judge(
        &host(),
        &selection.rules(Os::Linux, Level::Recommended, &[]),
        &snapshot(values),
        &Boot::new(),
        Target::Live,
    )
}

/// The status and the proposal of a single rule against a single value.
fn verdict(rule: &str, value: &str) -> (Status, Option<String>) {
    let selection = select_from(&[profile("p", "", &[rule])], &["p"]);
    let name = rule.split(';').next().expect("a key");
    let report = judged(&selection, &[(name, value)]).expect("no conflict");
    let finding = &report.findings[0];
    (finding.status, finding.proposed.as_ref().map(ToString::to_string))
}

fn meets(rule: &str, value: &str) {
    assert_eq!(verdict(rule, value), (Status::Ok, None), "{rule} against {value}");
}

fn proposes(rule: &str, value: &str, proposed: &str) {
    assert_eq!(verdict(rule, value), (Status::LiveDiffers, Some(proposed.into())), "{rule} against {value}");
}

#[test]
fn each_constraint_moves_a_value_no_further_than_it_must() {
    let fin = |constraint: &str| format!("net.ipv4.tcp_fin_timeout;{constraint}");
    proposes(&fin("want = 30"), "60", "30");
    meets(&fin("want = \"1min\""), "60");
    meets(&fin("at_least = 30"), "60");
    proposes(&fin("at_least = 30"), "20", "30");
    meets(&fin("at_most = 30"), "20");
    proposes(&fin("at_most = 30"), "60", "30");
    meets(&fin("between = [10, 20]"), "15");
    proposes(&fin("between = [10, 20]"), "60", "20");
    proposes(&fin("between = [10, 20]"), "5", "10");
    proposes(&fin("between = [10, 20];propose = 15"), "60", "15");
    meets(&fin("between = [10, 20];propose = 15"), "20");
    proposes(&fin("one_of = [10, 50]"), "20", "10");
    meets(&fin("one_of = [10, 50]"), "50");
}

#[test]
fn a_limit_below_zero_is_above_every_number() {
    let rule = "net.ipv4.tcp_max_tw_buckets;";
    meets(&format!("{rule}at_least = 16384"), "-1");
    proposes(&format!("{rule}at_most = 16384"), "-1", "16384");
    proposes(&format!("{rule}want = -1"), "16384", "-1");
    meets(&format!("{rule}want = -1"), "-7");
}

#[test]
fn a_range_may_end_at_no_limit() {
    let rule = "net.ipv4.tcp_max_tw_buckets;";
    proposes(&format!("{rule}between = [16384, -1]"), "4096", "16384");
    meets(&format!("{rule}between = [16384, -1]"), "-1");
    meets(&format!("{rule}between = [16384, -1];propose = 65536"), "1000000");
    let (name, text) = profile("p", "", &[&format!("{rule}between = [-1, 16384]")]);
    let problems = load(&name, &text).expect_err("upside down on every host");
    assert!(problems[0].message.contains("upside down"), "{problems:?}");
}

#[test]
fn a_number_means_the_same_in_whatever_base_it_is_written() {
    proposes("net.ipv4.tcp_fin_timeout;want = 0x1e", "60", "30");
    proposes(&format!("{RANGE};covers = [0x4000, 0xee47]"), "32768 60999", "16384 60999");
    proposes(&format!("{RANGE};covers = [0o10, 0b1010]"), "9 60999", "8 60999");
    proposes(&format!("{RANGE};covers = [16_384, 60_999]"), "32768 60999", "16384 60999");
    proposes(&format!("{RESERVED};covers = [0x50, 9_100]"), "", "80,9100");
}

#[test]
fn tuples_go_number_by_number() {
    let rule = "net.ipv4.tcp_rmem;at_least = [\"_\", \"_\", \"32MiB\"]";
    proposes(rule, "4096 131072 6291456", "4096 131072 33554432");
    meets(rule, "4096 131072 33554432");
    proposes("net.ipv4.tcp_rmem;want = [8192, \"_\", \"_\"]", "4096 131072 6291456", "8192 131072 6291456");
    proposes("net.ipv4.tcp_rmem;at_least = [\"_\", \"_\", \"1/256 mem\"]", "1 2 3", "1 2 67108864");
}

#[test]
fn a_share_of_a_large_machine_is_the_most_that_its_kernel_takes() {
    // Twice 16 GiB are no int, and wmem_max would round them up to a page of its own.
    proposes("net.ipv4.tcp_rmem;at_least = [\"_\", \"_\", \"2/1 mem\"]", "1 2 3", "1 2 2147483647");
    meets("net.ipv4.tcp_rmem;at_least = [\"_\", \"_\", \"2/1 mem\"]", "1 2 2147483647");
    let rule = "net.ipv4.tcp_rmem;at_most = [\"1/99999999999999 mem\", \"_\", \"_\"]";
    proposes(rule, "8192 131072 6291456", "4096 131072 6291456");
    let selection =
        select_from(&[profile("p", "", &["net.ipv4.tcp_rmem;want = [\"_\", \"_\", \"2/1 mem\"]"])], &["p"]);
    let values = snapshot(&[("net.ipv4.tcp_rmem", "4096 131072 6291456")]);
    let report = judge(
        &host(),
        &selection.rules(Os::Linux, Level::Recommended, &[]),
        &values,
        &Boot::new(),
        Target::Live,
    )
    .expect("no conflict");
    let plan = plan::draw(&host(), &report, &values, &PortSet::default(), &[]);
    let said = "2/1 mem is 34359738368 here, and the nearest that this kernel takes is 2147483647";
    assert!(plan.changes[0].why.contains(said), "{}", plan.changes[0].why);
}

#[test]
fn ranges_and_lists_are_joined_and_never_replaced() {
    let range = format!("{RANGE};covers = [15000, 50000]");
    proposes(&range, "32768 60999", "15000 60999");
    meets(&range, "1024\t65535");
    let list = format!("{RESERVED};covers = [\"30000-32767\", 9100]");
    proposes(&list, "8080,9100", "8080,9100,30000-32767");
    proposes(&list, "", "9100,30000-32767");
    meets(&list, "9100-9101,20000-40000");
    meets(&format!("{RESERVED};want = [1, 2, 3]"), "1-3");
}

#[test]
fn words_are_one_of_those_listed() {
    let rule = "net.ipv4.tcp_congestion_control;one_of = [\"cubic\", \"bbr\"]";
    meets(rule, "bbr");
    proposes(rule, "htcp", "cubic");
}

#[test]
fn what_cannot_be_compared_gets_a_verdict_of_its_own() {
    let rule = "net.ipv4.tcp_fin_timeout;want = 30";
    assert_eq!(verdict(rule, "absent").0, Status::NotApplicable);
    assert_eq!(verdict(rule, "unreadable").0, Status::Unreadable);
    assert_eq!(verdict(rule, "abc").0, Status::Unknown);
    assert_eq!(verdict(rule, "30 40").0, Status::Unknown);
    let gone = "net.ipv4.tcp_tw_recycle;absent = true";
    assert_eq!(verdict(gone, "absent").0, Status::Ok);
    assert_eq!(verdict(gone, "0"), (Status::LiveDiffers, None));
    assert_eq!(verdict(&format!("{rule};when = \"linux < 4.12\""), "60").0, Status::NotApplicable);
    assert_eq!(
        verdict(&format!("{rule};when = \"linux >= 4.12 and mem > 8GiB\""), "60").0,
        Status::LiveDiffers
    );
    assert_eq!(verdict(&format!("{rule};when = \"cpus < 8\""), "60").0, Status::NotApplicable);
}

#[test]
fn a_fact_that_nobody_knows_makes_a_rule_unknown() {
    let rule = "net.ipv4.tcp_fin_timeout;want = 30;when = \"mem >= 4GiB\"";
    let selection = select_from(&[profile("p", "", &[rule])], &["p"]);
    let rules = selection.rules(Os::Linux, Level::Recommended, &[]);
    let host = Host { memory: None, ..host() };
    let report =
        judge(&host, &rules, &snapshot(&[("net.ipv4.tcp_fin_timeout", "60")]), &Boot::new(), Target::Live)
            .expect("no conflict");
    assert_eq!(report.findings[0].status, Status::Unknown);
    assert!(!report.is_met());
}

#[test]
fn rules_about_what_the_catalogue_does_not_know_see_the_same_in_its_value() {
    let unknown = |constraint: &str| format!("net.foo.bar;uncatalogued = true;{constraint}");
    proposes(&unknown("want = 5"), "4", "5");
    proposes(&unknown("at_least = 5"), "4", "5");
    meets(&unknown("want = \"a  b\""), "a b");
    proposes(&unknown("one_of = [\"x y\", \"z\"]"), "a", "x y");
    let profiles = [
        profile("number", "", &[&unknown("want = 5")]),
        profile("quoted", "", &[&unknown("want = \"5\"")]),
        profile("text", "", &[&unknown("want = \"five\"")]),
    ];
    let values = [("net.foo.bar", "4")];
    let same = select_from(&profiles, &["number", "quoted"]);
    assert_eq!(judged(&same, &values).expect("no conflict").overruled.len(), 0);
    let other = select_from(&profiles, &["number", "text"]);
    assert_eq!(judged(&other, &values).expect("the later one wins").overruled.len(), 1);
}

#[test]
fn rules_for_the_other_system_are_no_part_of_the_report() {
    let rules = ["net.ipv4.tcp_fin_timeout;want = 30;when = \"windows\""];
    let selection = select_from(&[profile("p", "", &rules)], &["p"]);
    assert!(selection.rules(Os::Linux, Level::Recommended, &[]).is_empty());
}

#[test]
fn rules_that_can_hold_together_all_count() {
    let profiles = [
        profile("base", "", &["net.core.somaxconn;at_least = 4096;level = \"required\""]),
        profile("child", "\"base\"", &["net.core.somaxconn;at_least = 8192"]),
    ];
    let selection = select_from(&profiles, &["child"]);
    let report = judged(&selection, &[("net.core.somaxconn", "128")]).expect("no conflict");
    let proposed: Vec<_> =
        report.findings.iter().map(|f| f.proposed.as_ref().map(ToString::to_string)).collect();
    assert_eq!(proposed, vec![Some("8192".into()), Some("8192".into())]);
    let report = judged(&selection, &[("net.core.somaxconn", "5000")]).expect("no conflict");
    let statuses: Vec<_> = report.findings.iter().map(|finding| finding.status).collect();
    assert_eq!(statuses, vec![Status::LiveDiffers, Status::Ok], "child's rule, then base's");
}

#[test]
fn a_profile_wins_over_those_that_it_extends_and_a_later_one_over_an_earlier() {
    let somaxconn = |constraint: &str| format!("net.core.somaxconn;{constraint}");
    let profiles = [
        profile("base", "", &[&somaxconn("at_least = 4096")]),
        profile("child", "\"base\"", &[&somaxconn("want = 128")]),
        profile("other", "\"base\"", &[&somaxconn("want = 256")]),
    ];
    let winner = |names: &[&str]| {
        let selection = select_from(&profiles, names);
        let report = judged(&selection, &[("net.core.somaxconn", "1")]).expect("no conflict");
        let lost: Vec<_> = report.overruled.iter().map(|lost| lost.rule.profile().to_owned()).collect();
        (report.findings[0].rule.profile().to_owned(), lost)
    };
    let expected = |winner: &str, lost: &[&str]| {
        (winner.to_owned(), lost.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    assert_eq!(winner(&["child"]), expected("child", &["base"]));
    assert_eq!(winner(&["child", "other"]), expected("other", &["child", "base"]));
    assert_eq!(winner(&["other", "child"]), expected("child", &["other", "base"]));
    assert_eq!(winner(&["child", "base"]), expected("base", &["child"]));
}

#[test]
fn rules_of_equal_rank_that_cannot_both_hold_are_a_conflict() {
    let profiles = [
        profile("one", "", &["net.core.somaxconn;want = 128"]),
        profile("two", "", &["net.core.somaxconn;at_least = 4096"]),
        profile("both", "\"one\", \"two\"", &[]),
        profile("judge", "\"one\", \"two\"", &["net.core.somaxconn;want = 1000"]),
    ];
    let values = [("net.core.somaxconn", "1")];
    let both = select_from(&profiles, &["both"]);
    let problems = judged(&both, &values).expect_err("a conflict");
    assert_eq!(problems.len(), 1);
    assert!(
        problems[0].line > 0 && problems[0].message.contains("one") && problems[0].message.contains("two")
    );
    let settled = select_from(&profiles, &["judge"]);
    assert_eq!(judged(&settled, &values).expect("no conflict").overruled.len(), 2);
}

fn planned(rules: &[&str], values: &[(&str, &str)], listening: &[u16]) -> Plan {
    let selection = select_from(&[profile("p", "", rules)], &["p"]);
    let report = judged(&selection, values).expect("no conflict");
    plan::draw(&host(), &report, &snapshot(values), &listening.iter().copied().collect::<PortSet>(), &[])
}

fn changes(plan: &Plan) -> Vec<(String, String)> {
    let pairs =
        plan.changes.iter().map(|change| (change.key.to_string(), change.after.clone().unwrap_or_default()));
    pairs.collect()
}

#[test]
fn the_floor_and_the_range_are_written_in_the_order_that_the_kernel_takes() {
    let rules = [&format!("{RANGE};want = [500, 60999]"), &format!("{FLOOR};want = 400")];
    let rules: Vec<&str> = rules.iter().map(|rule| rule.as_str()).collect();
    let down = planned(&rules, &[(RANGE, "32768 60999"), (FLOOR, "1024"), (RESERVED, "")], &[]);
    assert_eq!(changes(&down)[0].0, FLOOR);
    let rules = [&format!("{RANGE};want = [40000, 60999]"), &format!("{FLOOR};want = 35000")];
    let rules: Vec<&str> = rules.iter().map(|rule| rule.as_str()).collect();
    let up = planned(&rules, &[(RANGE, "32768 60999"), (FLOOR, "1024"), (RESERVED, "")], &[]);
    assert_eq!(changes(&up)[0].0, RANGE);
}

#[test]
fn a_range_below_the_floor_is_refused_before_the_kernel_does() {
    let rule = format!("{RANGE};covers = [1000, 60999]");
    let plan = planned(&[&rule], &[(RANGE, "32768 60999"), (FLOOR, "1024"), (RESERVED, "")], &[]);
    assert!(plan.changes.is_empty());
    assert!(plan.refused[0].reason.contains(FLOOR), "{}", plan.refused[0].reason);
}

#[test]
fn ports_that_somebody_listens_on_are_reserved_before_the_range_reaches_them() {
    let rule = format!("{RANGE};covers = [16384, 60999]");
    let values = [(RANGE, "32768 60999"), (FLOOR, "1024"), (RESERVED, "30000-30010")];
    let plan = planned(&[&rule], &values, &[80, 20000, 30005, 61000]);
    let expected = [(RESERVED, "20000,30000-30010"), (RANGE, "16384 60999")];
    assert_eq!(changes(&plan), expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
    let nothing = planned(&[&rule], &values, &[30005]);
    assert_eq!(changes(&nothing).len(), 1, "it is reserved already");
    let met = planned(&[&rule], &[(RANGE, "16384 60999"), (FLOOR, "1024"), (RESERVED, "")], &[20000]);
    assert!(met.is_empty(), "a plan of a planned state is empty");
}

#[test]
fn what_resets_other_settings_is_written_first() {
    let rules = ["net.ipv4.tcp_fin_timeout;want = 30", "net.ipv4.ip_forward;want = 1"];
    let plan = planned(&rules, &[("net.ipv4.tcp_fin_timeout", "60"), ("net.ipv4.ip_forward", "0")], &[]);
    assert_eq!(changes(&plan)[0].0, "net.ipv4.ip_forward");
}

#[test]
fn a_value_that_this_kernel_does_not_take_is_refused() {
    let selection = select_from(&[profile("p", "", &["net.ipv4.tcp_tw_reuse;want = 2"])], &["p"]);
    let rules = selection.rules(Os::Linux, Level::Recommended, &[]);
    let values = snapshot(&[("net.ipv4.tcp_rmem", "4096 131072 6291456"), ("net.ipv4.tcp_tw_reuse", "1")]);
    let report = judge(&host(), &rules, &values, &Boot::new(), Target::Live).expect("no conflict");
    assert_eq!(plan::draw(&host(), &report, &values, &PortSet::default(), &[]).changes.len(), 1);
    // 7.3 refuses buffers below a page, which 6.12 took.
    let selection = select_from(&[profile("p", "", &["net.ipv4.tcp_rmem;want = [1, \"_\", \"_\"]"])], &["p"]);
    let rules = selection.rules(Os::Linux, Level::Recommended, &[]);
    let newer = Host { version: Some(Version::new(7, 3)), ..host() };
    let report = judge(&newer, &rules, &values, &Boot::new(), Target::Live).expect("no conflict");
    let plan = plan::draw(&newer, &report, &values, &PortSet::default(), &[]);
    assert_eq!((plan.changes.len(), plan.refused.len()), (0, 1));
}
