//! check, plan, apply, history and rollback on the registry, held against `reg`.

use std::fs;

use serde_json::Value;
use serde_json::json;

use crate::schema;
use crate::wine::machine::Machine;
use crate::wine::machine::PARAMETERS;

/// Each change of a report: key, before, after.
fn changes(report: &Value) -> Vec<(String, Value, Value)> {
    let change = |change: &Value| {
        (change["key"].as_str().expect("a key").to_owned(), change["before"].clone(), change["after"].clone())
    };
    report["changes"].as_array().expect("changes").iter().map(change).collect()
}

#[test]
fn a_profile_is_applied_and_taken_back() {
    let Some(machine) = Machine::start() else { return };
    machine.set("KeepAliveTime", "REG_DWORD", "7200000");
    let before = machine.export();
    let (check, code) = machine.report("check outbound database");
    schema::check(&check);
    assert_eq!((code, &check["summary"]), (1, &json!({ "live-differs": 4 })), "{check:#}");
    assert_eq!(check["host"]["os"], "windows");
    assert_eq!(check["host"]["kernel"], "10.0.19045");
    let (plan, code) = machine.report("plan outbound database --exit-code");
    schema::plan(&plan);
    let expected = [
        ("tcpip.TcpTimedWaitDelay", Value::Null, json!("30")),
        ("tcpip.KeepAliveTime", json!("7200000"), json!("300000")),
        ("ipv4.dynamicport.tcp", json!("49152 65535"), json!("32768 65535")),
        ("ipv6.dynamicport.tcp", json!("49152 65535"), json!("32768 65535")),
    ]
    .map(|(key, before, after)| (key.to_owned(), before, after));
    let mut planned = changes(&plan);
    planned.sort_by_key(|(key, ..)| expected.iter().position(|(known, ..)| known == key));
    assert_eq!((code, &planned[..], &plan["reboot"]), (1, &expected[..], &json!(true)), "{plan:#}");
    assert_eq!(machine.export(), before, "a plan changes nothing");

    let (applied, code) = machine.report("apply outbound database --yes");
    schema::outcome(&applied);
    assert_eq!(
        (code, &applied["outcome"], &applied["reboot"]),
        (0, &json!("applied"), &json!(true)),
        "{applied:#}"
    );
    assert_eq!(machine.value("TcpTimedWaitDelay"), Some(("REG_DWORD".into(), "0x1e".into())));
    assert_eq!(machine.value("KeepAliveTime"), Some(("REG_DWORD".into(), "0x493e0".into())));
    let ports = fs::read_to_string(machine.path(r"C:\windows\netsh.ipv4.tcp")).expect("it was set");
    assert_eq!(ports, "32768 32768");
    let (check, code) = machine.report("check outbound database");
    assert_eq!((code, &check["summary"]), (0, &json!({ "ok": 2, "pending-reboot": 2 })), "{check:#}");
    let (again, code) = machine.report("apply outbound database --yes");
    assert_eq!((code, &again["outcome"]), (0, &json!("unchanged")));

    let (history, _) = machine.report("history");
    schema::history(&history);
    assert_eq!(history["entries"].as_array().map(Vec::len), Some(1));
    assert_eq!(history["entries"][0]["in_force"], true);
    let (undone, code) = machine.report("rollback --yes");
    schema::outcome(&undone);
    assert_eq!((code, &undone["outcome"]), (0, &json!("rolled-back")), "{undone:#}");
    assert_eq!(machine.export(), before, "a rollback leaves everything as it was");
    assert_eq!(machine.value("TcpTimedWaitDelay"), None, "what apply made is gone");
    let ports = fs::read_to_string(machine.path(r"C:\windows\netsh.ipv4.tcp")).expect("it was set");
    assert_eq!(ports, "49152 16384");
    let (nothing, code) = machine.report("rollback --yes");
    assert_eq!((code, &nothing["outcome"]), (0, &json!("unchanged")), "a retry is harmless");
}

#[test]
fn what_somebody_changed_since_is_not_trodden_on() {
    let Some(machine) = Machine::start() else { return };
    let rule = |value| format!("[[rule]]\nkey = \"tcpip.TcpTimedWaitDelay\"\nwhy = \"Because.\"\n{value}\n");
    let profile = machine.profile("p", &rule("want = 30"));
    assert_eq!(machine.twtune(&format!("apply {profile} --yes")).code, Some(0));
    machine.set("TcpTimedWaitDelay", "REG_DWORD", "40");
    let (refused, code) = machine.report("rollback --yes");
    assert_eq!((code, &refused["changes"][0]["result"]), (3, &json!("conflict")), "{refused:#}");
    assert_eq!(machine.value("TcpTimedWaitDelay"), Some(("REG_DWORD".into(), "0x28".into())));
    let (done, code) = machine.report("rollback --yes --force TcpTimedWaitDelay");
    assert_eq!((code, &done["outcome"]), (0, &json!("rolled-back")));
    assert_eq!(machine.value("TcpTimedWaitDelay"), None);

    // A rule may take a value away, and a rollback brings it back.
    machine.set("TcpTimedWaitDelay", "REG_DWORD", "77");
    let gone = machine.profile("gone", &rule("absent = true"));
    let before = machine.export();
    assert_eq!(machine.twtune(&format!("apply {gone} --yes")).code, Some(0));
    assert_eq!(machine.value("TcpTimedWaitDelay"), None);
    assert_eq!(machine.twtune("rollback --yes").code, Some(0));
    assert_eq!(machine.export(), before);
}

#[test]
fn a_saved_plan_is_bound_to_what_it_found() {
    let Some(machine) = Machine::start() else { return };
    assert_eq!(machine.twtune(r"plan outbound -o C:\plan.json").code, Some(0));
    machine.set("TcpTimedWaitDelay", "REG_DWORD", "90");
    let stale = machine.twtune(r"apply --plan C:\plan.json");
    assert_eq!(stale.code, Some(3), "{stale:#?}");
    assert!(
        stale.stderr.contains("tcpip.TcpTimedWaitDelay was absent when it was drawn up and is `90` now"),
        "{stale:#?}"
    );
    machine.reg(&["delete", PARAMETERS, "/v", "TcpTimedWaitDelay", "/f"]);
    let before = machine.export();
    assert_eq!(machine.twtune(r"apply --plan C:\plan.json").code, Some(0));
    assert_eq!(machine.value("TcpTimedWaitDelay"), Some(("REG_DWORD".into(), "0x1e".into())));
    assert_eq!(machine.twtune("rollback --yes").code, Some(0));
    assert_eq!(machine.export(), before);
}

#[test]
fn the_language_of_netsh_does_not_matter() {
    let Some(machine) = Machine::start() else { return };
    let rule = "[[rule]]\nkey = \"ipv4.dynamicport.udp\"\nwhy = \"Because.\"\ncovers = [20000, 50000]\n";
    let profile = machine.profile("udp", rule);
    for language in ["en", "de", "fr", "ja"] {
        fs::write(machine.path(r"C:\windows\netsh.language"), language).expect("write a file of the test");
        let (applied, code) = machine.report(&format!("apply {profile} --yes"));
        let change = ("ipv4.dynamicport.udp".to_owned(), json!("49152 65535"), json!("20000 65535"));
        assert_eq!((code, changes(&applied)), (0, vec![change]), "{language}: {applied:#}");
        assert_eq!(machine.twtune("rollback --yes").code, Some(0), "{language}");
    }
    // The last one is refused: what was written before is put back.
    let both = machine.profile("both", &format!("{rule}{DELAY_RULE}"));
    let before = machine.export();
    fs::write(machine.path(r"C:\windows\netsh.refuses"), "").expect("write a file of the test");
    let (undone, code) = machine.report(&format!("apply {both} --yes"));
    assert_eq!((code, &undone["outcome"]), (5, &json!("undone")), "{undone:#}");
    assert!(undone["reason"].as_str().expect("a reason").contains("netsh says: "), "{undone:#}");
    assert_eq!(machine.export(), before);
}

const DELAY_RULE: &str = "[[rule]]\nkey = \"tcpip.TcpTimedWaitDelay\"\nwhy = \"Because.\"\nwant = 30\n";

#[test]
fn unconfirmed_it_is_undone_by_itself() {
    let Some(machine) = Machine::start() else { return };
    let profile = machine.profile("p", DELAY_RULE);
    let before = machine.export();
    let (pending, code) = machine.report(&format!("apply {profile} --yes --confirm-within 2s"));
    assert_eq!((code, &pending["outcome"]), (0, &json!("pending")), "{pending:#}");
    let undone = (0..300).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(200));
        machine.value("TcpTimedWaitDelay").is_none()
    });
    assert!(undone, "the watcher did not undo it");
    assert_eq!(machine.export(), before);
    assert_eq!(machine.twtune("confirm").code, Some(3), "there is nothing left to confirm");

    // Wine hands down our pipes whatever the program says, and their reader would wait for the watcher's end.
    let applied = machine.program(&format!("apply {profile} --yes --confirm-within 10min")).status();
    assert!(applied.expect("wine starts").success());
    assert_eq!(machine.twtune("confirm").code, Some(0));
    let (history, _) = machine.report("history");
    let newest = history["entries"].as_array().and_then(|entries| entries.last()).expect("an entry");
    assert_eq!(newest["outcome"], "applied", "{history:#}");
    assert_eq!(machine.value("TcpTimedWaitDelay"), Some(("REG_DWORD".into(), "0x1e".into())));
}
