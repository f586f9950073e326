//! Rules held against the registry of a Windows host.

use std::convert::Infallible;

use twtune::advise::Report;
use twtune::advise::Status;
use twtune::advise::judge;
use twtune::facts::BootLoader;
use twtune::facts::BootState;
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
use twtune::profile::SelectError;
use twtune::profile::Selection;
use twtune::profile::load;
use twtune::profile::select;
use twtune::setting::Key;
use twtune::setting::PortSet;
use twtune::setting::Version;

use crate::profiles;

const DELAY: &str = "tcpip.TcpTimedWaitDelay";

fn host(version: Version) -> Host {
    Host {
        name: "fixture".into(),
        os: Os::Windows,
        kernel: version.to_string(),
        version: Some(version),
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

fn snapshot(values: &[(&str, Option<&str>)], newer_than_boot: bool) -> Snapshot {
    let reading = |value: Option<&str>| LiveReading {
        state: value.map_or(LiveState::Absent, |value| LiveState::Present(value.into())),
        writable: Some(Writable::Yes),
        newer_than_boot,
    };
    values.iter().map(|(name, value)| (key(name), reading(*value))).collect()
}

fn selection(rule: &str) -> Selection {
    let text =
        format!("schema = 1\nname = \"p\"\nsummary = \"of a test\"\n[[rule]]\nwhy = \"Because.\"\n{rule}\n");
    let found: Result<Selection, SelectError<Infallible>> =
        select(&["p".into()], &mut |name, _| Ok(Document { file: name.into(), text: text.clone().into() }));
    found.expect("a sound profile")
}

fn judged<'a>(selection: &'a Selection, live: &Snapshot, version: Version) -> (Report<'a>, Plan) {
    let host = host(version);
    let rules = selection.rules(Os::Windows, Level::Recommended, &[]);
    let report = judge(&host, &rules, live, &twtune::facts::Boot::new(), twtune::advise::Target::Live)
        .expect("no conflict");
    let plan = plan::draw(&host, &report, live, &PortSet::default(), &[]);
    (report, plan)
}

/// What the plan makes of a value.
#[derive(Debug, PartialEq, Eq)]
enum Planned {
    Nothing,
    Removal,
    Value(String),
}

/// The status, the reason, and what the plan makes of a `TcpTimedWaitDelay`.
fn delay(rule: &str, value: Option<&str>, version: Version) -> (Status, String, Planned) {
    let selection = selection(&format!("key = \"{DELAY}\"\n{rule}"));
    let (report, plan) = judged(&selection, &snapshot(&[(DELAY, value)], false), version);
    let finding = &report.findings[0];
    assert!(plan.refused.is_empty(), "{:?}", plan.refused);
    let after = match plan.changes.first().map(|change| change.after.clone()) {
        None => Planned::Nothing,
        Some(None) => Planned::Removal,
        Some(Some(value)) => Planned::Value(value),
    };
    (finding.status, finding.reason.clone().unwrap_or_default(), after)
}

const WINDOWS_8: Version = Version::new(6, 2);
const WINDOWS_11: Version = Version::new(10, 0);

#[test]
fn values_within_and_beyond_what_windows_takes() {
    let rule = "between = [30, 60]\npropose = 30";
    let change = |value: &str| Planned::Value(value.to_owned());
    for within in ["30", "45", "60"] {
        assert_eq!(
            delay(rule, Some(within), WINDOWS_11),
            (Status::Ok, String::new(), Planned::Nothing),
            "{within}"
        );
    }
    for away in ["2", "29", "61", "300"] {
        assert_eq!(
            delay(rule, Some(away), WINDOWS_11),
            (Status::LiveDiffers, String::new(), change("30")),
            "{away}"
        );
    }
    for beyond in ["0", "1", "301", "4294967295"] {
        let (status, reason, after) = delay(rule, Some(beyond), WINDOWS_11);
        assert_eq!((status, after), (Status::LiveDiffers, change("30")), "{beyond}");
        let told = format!("{beyond} is outside 2 to 300, and no document says what Windows does with it");
        assert_eq!(reason, told);
    }
    let (_, reason, _) = delay(rule, Some("29"), WINDOWS_8);
    assert!(reason.contains("29 is outside 30 to 300"), "{reason}");
}

#[test]
fn an_absent_value_is_its_default_and_can_be_created() {
    let (status, reason, after) = delay("at_most = 60", None, WINDOWS_11);
    assert_eq!((status, after), (Status::LiveDiffers, Planned::Value("60".into())));
    assert_eq!(reason, "it is absent, and Windows uses its default, 120");
    assert_eq!(delay("at_most = 120", None, WINDOWS_11), (Status::Ok, String::new(), Planned::Nothing));
}

#[test]
fn a_rule_can_take_a_value_away() {
    let rule = "absent = true";
    assert_eq!(delay(rule, Some("30"), WINDOWS_11), (Status::LiveDiffers, String::new(), Planned::Removal));
    assert_eq!(delay(rule, Some("REG_SZ:\"30\""), WINDOWS_11).2, Planned::Removal);
    assert_eq!(delay(rule, None, WINDOWS_11), (Status::Ok, String::new(), Planned::Nothing));
}

#[test]
fn what_this_windows_does_not_read_is_not_written() {
    let verdict = |rule: &str, value: Option<&str>, version| {
        let selection = selection(&format!("key = \"tcpip.TcpWindowSize\"\n{rule}"));
        let live = snapshot(&[("tcpip.TcpWindowSize", value)], false);
        let (report, plan) = judged(&selection, &live, version);
        let reason = report.findings[0].reason.clone().unwrap_or_default();
        (report.findings[0].status, reason, plan.changes.len())
    };
    let gone = (Status::NotApplicable, "removed in Windows 6.0".to_owned(), 0);
    for value in [None, Some("17520"), Some("65535"), Some("REG_SZ:\"65535\"")] {
        assert_eq!(verdict("want = 65535", value, WINDOWS_11), gone, "{value:?}");
    }
    let (status, _, changes) = verdict("want = 65535", Some("17520"), Version::new(5, 2));
    assert_eq!((status, changes), (Status::LiveDiffers, 1), "Server 2003 reads it");
    let (status, _, changes) = verdict("absent = true", Some("17520"), WINDOWS_11);
    assert_eq!((status, changes), (Status::LiveDiffers, 1), "it can be taken away");
}

/// The registry is what runs, as far as that can be told, and what boots.
#[test]
fn the_next_boot_takes_what_is_stored() {
    let selection = selection(&format!("key = \"{DELAY}\"\nwant = 30"));
    for (value, expected) in [(Some("30"), BootState::Present("30".into())), (None, BootState::Default)] {
        let (report, _) = judged(&selection, &snapshot(&[(DELAY, value)], true), WINDOWS_11);
        assert_eq!(report.findings[0].next_boot(&host(WINDOWS_11)).state, expected);
    }
}

#[test]
fn a_value_of_the_wrong_type_is_a_finding_and_becomes_a_dword() {
    let rule = "between = [30, 60]\npropose = 45";
    let wrong = [
        ("REG_SZ:\"30\"", "30"),
        ("REG_EXPAND_SZ:\"60\"", "60"),
        ("REG_QWORD:50", "50"),
        ("REG_BINARY:hex:1e,00,00,00", "30"),
        ("REG_DWORD_BIG_ENDIAN:hex:00,00,00,1e", "30"),
        ("REG_SZ:\"never\"", "45"),
        ("REG_SZ:\"0\"", "45"),
        ("REG_MULTI_SZ:hex:33,00,00,00,00,00", "45"),
        ("REG_NONE:hex:", "45"),
        ("REG_DWORD:hex:1e", "45"),
    ];
    for (value, proposed) in wrong {
        let (status, reason, after) = delay(rule, Some(value), WINDOWS_11);
        assert_eq!((status, after), (Status::LiveDiffers, Planned::Value(proposed.into())), "{value}");
        assert_eq!(reason, format!("it is `{value}`, and a REG_DWORD belongs here"));
    }
}

#[test]
fn what_was_written_since_the_last_boot_may_wait_for_the_next() {
    let selection = selection(&format!("key = \"{DELAY}\"\nat_most = 60"));
    let (report, plan) = judged(&selection, &snapshot(&[(DELAY, Some("30"))], true), WINDOWS_11);
    assert_eq!(report.findings[0].status, Status::PendingReboot);
    assert!(report.is_met() && plan.is_empty(), "there is nothing to change");
    let (report, plan) = judged(&selection, &snapshot(&[(DELAY, Some("90"))], true), WINDOWS_11);
    assert_eq!(report.findings[0].status, Status::LiveDiffers);
    assert!(plan.needs_reboot());
}

#[test]
fn a_dynamic_port_range_is_widened_and_never_moved() {
    let range = "ipv4.dynamicport.tcp";
    let selection = selection(&format!("key = \"{range}\"\ncovers = [32768, 65535]"));
    for (found, after) in [("49152 65535", "32768 65535"), ("1025 2024", "1025 65535"), ("32768 65535", "")] {
        let (_, plan) = judged(&selection, &snapshot(&[(range, Some(found))], false), WINDOWS_11);
        let planned = plan.changes.first().and_then(|change| change.after.clone()).unwrap_or_default();
        assert_eq!(planned, after, "{found}");
        assert!(!plan.needs_reboot());
    }
    let few = load(
        "p",
        "schema = 1\nname = \"p\"\nsummary = \"s\"\n[[rule]]\nkey = \"ipv4.dynamicport.tcp\"\nwhy = \"W.\"\nwant = [60000, 60100]\n",
    );
    let problems = few.expect_err("netsh takes no range of 101 ports");
    assert!(problems[0].message.contains("at least 255 ports"), "{problems:?}");
}

#[test]
fn each_system_has_its_own_rules_of_a_profile() {
    let outbound = profiles::selection(&["outbound"]);
    let keys = |os| -> Vec<String> {
        outbound.rules(os, Level::Recommended, &[]).iter().map(|rule| rule.rule.key.to_string()).collect()
    };
    let windows = keys(Os::Windows);
    assert_eq!(windows, [DELAY, "ipv4.dynamicport.tcp", "ipv6.dynamicport.tcp"]);
    let linux = keys(Os::Linux);
    assert!(!linux.is_empty() && linux.iter().all(|key| !windows.contains(key)));
}
