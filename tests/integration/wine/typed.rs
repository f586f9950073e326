//! Values of every size and type where a `REG_DWORD` of seconds belongs.

use std::fs;

use serde_json::Value;
use serde_json::json;

use crate::schema;
use crate::wine::machine::Machine;
use crate::wine::machine::PARAMETERS;

/// What check says of `TcpTimedWaitDelay` for the profile outbound: status, value, what it proposes.
fn delay(machine: &Machine) -> (String, Value, Value) {
    let (check, _) = machine.report("check outbound");
    schema::check(&check);
    let findings = check["findings"].as_array().expect("findings");
    let finding =
        findings.iter().find(|finding| finding["key"] == "tcpip.TcpTimedWaitDelay").expect("it is there");
    // What is stored is what the next boot takes.
    let (live, boot) = (&finding["live"], &finding["boot"]);
    let state = if live["value"].is_null() { "default" } else { "present" };
    assert_eq!((&boot["state"], &boot["value"]), (&json!(state), &live["value"]), "{finding:#}");
    let status = finding["status"].as_str().expect("a status").to_owned();
    (status, finding["live"]["value"].clone(), finding["proposed"].clone())
}

const APPLY: &str = "apply outbound --yes --skip ipv4.dynamicport.tcp --skip ipv6.dynamicport.tcp";

/// Applies the profile outbound's delay over what is there, and takes it back.
fn and_back(machine: &Machine, what: &str) {
    let before = machine.export();
    let applied = machine.twtune(APPLY);
    assert_eq!(applied.code, Some(0), "{what}: {applied:#?}");
    assert_eq!(machine.value("TcpTimedWaitDelay"), Some(("REG_DWORD".into(), "0x1e".into())), "{what}");
    assert!(machine.export().contains("\"TcpTimedWaitDelay\"=dword:0000001e"), "30 is 1e in a .reg file");
    let back = machine.twtune("rollback --yes");
    assert_eq!(back.code, Some(0), "{what}: {back:#?}");
    assert_eq!(machine.export(), before, "{what}: with its type and every byte");
}

#[test]
fn every_delay() {
    let Some(machine) = Machine::start() else { return };
    for value in ["0", "1", "2", "29", "300", "301", "4294967295"] {
        machine.set("TcpTimedWaitDelay", "REG_DWORD", value);
        assert_eq!(delay(&machine), ("live-differs".into(), json!(value), json!("30")), "{value}");
        and_back(&machine, value);
    }
    let file = machine.reg_file(
        "delay",
        &format!(
            "[{}]\n\"TcpTimedWaitDelay\"=dword:0000001e",
            PARAMETERS.replace("HKLM", "HKEY_LOCAL_MACHINE")
        ),
    );
    machine.reg(&["import", &file]);
    assert_eq!(delay(&machine), ("pending-reboot".into(), json!("30"), Value::Null), "0000001e is 30");
}

#[test]
fn every_type_in_the_wrong_place() {
    let Some(machine) = Machine::start() else { return };
    let key = PARAMETERS.replace("HKLM", "HKEY_LOCAL_MACHINE");
    // As .reg files write them; the last one has a type that has no name.
    let cases = [
        ("\"30\"", "REG_SZ:\"30\""),
        (
            "\"half a minute\"",
            "REG_SZ:hex:68,00,61,00,6c,00,66,00,20,00,61,00,20,00,6d,00,69,00,6e,00,75,00,74,00,65,00,00,00",
        ),
        ("hex(2):33,00,30,00,00,00", "REG_EXPAND_SZ:\"30\""),
        ("hex:1e,00,00,00", "REG_BINARY:hex:1e,00,00,00"),
        ("hex(0):", "REG_NONE:hex:"),
        ("hex(5):00,00,00,1e", "REG_DWORD_BIG_ENDIAN:hex:00,00,00,1e"),
        ("hex(7):33,00,30,00,00,00,00,00", "REG_MULTI_SZ:hex:33,00,30,00,00,00,00,00"),
        ("hex(b):1e,00,00,00,00,00,00,00", "REG_QWORD:30"),
        ("hex(4):1e", "REG_DWORD:hex:1e"),
        ("hex(200):1e", "REG_512:hex:1e"),
    ];
    for (written, shown) in cases {
        let file = machine.reg_file("typed", &format!("[{key}]\n\"TcpTimedWaitDelay\"={written}"));
        machine.reg(&["import", &file]);
        assert_eq!(delay(&machine), ("live-differs".into(), json!(shown), json!("30")), "{written}");
        and_back(&machine, written);
    }
}

#[test]
fn what_is_set_in_vain_is_called_so() {
    let Some(machine) = Machine::start() else { return };
    let told = |report: &Value| -> Vec<(String, String, Value)> {
        let concerns = report["checks"].as_array().expect("checks").iter();
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        concerns
            .map(|one| (text(&one["check"]), text(&one["subject"]), one["evidence"]["value"].clone()))
            .collect()
    };
    let (clean, before) = machine.report("check outbound");
    assert_eq!(told(&clean), [], "nothing is set");
    machine.set("TcpWindowSize", "REG_DWORD", "65535");
    machine.set("StrictTimeWaitSeqCheck", "REG_SZ", "1");
    let afd = r"HKLM\SYSTEM\CurrentControlSet\Services\AFD\Parameters";
    machine.reg(&["add", afd, "/v", "EnableDynamicBacklog", "/t", "REG_DWORD", "/d", "1", "/f"]);
    let (report, code) = machine.report("check outbound");
    schema::check(&report);
    let expected = [
        ("dead-registry-value", "tcpip.TcpWindowSize", "65535"),
        ("unproven-registry-value", "afd.EnableDynamicBacklog", "1"),
        ("unproven-registry-value", "tcpip.StrictTimeWaitSeqCheck", "REG_SZ:\"1\""),
    ]
    .map(|(check, key, value)| (check.to_owned(), key.to_owned(), json!(value)));
    assert_eq!(told(&report), expected);
    assert_eq!(code, before, "no rule is about them");
    let shown = machine.twtune("check outbound").stdout;
    let delete = r"reg delete HKLM\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters /v TcpWindowSize";
    assert!(shown.contains("dead-registry-value  tcpip.TcpWindowSize"), "{shown}");
    assert!(shown.contains(delete), "{shown}");
    for page in ["dead-registry-value", "unproven-registry-value"] {
        assert_eq!(machine.twtune(&format!("explain {page}")).code, Some(0));
    }
    // What is advised does it.
    machine.reg(&[&delete.split(' ').skip(1).collect::<Vec<_>>()[..], &["/f"]].concat());
    assert_eq!(told(&machine.report("check outbound").0), expected[1..]);
}

#[test]
fn without_its_key_nothing_is_made() {
    let Some(machine) = Machine::start() else { return };
    machine.reg(&["delete", PARAMETERS, "/f"]);
    let before = machine.export();
    assert_eq!(delay(&machine), ("live-differs".into(), Value::Null, json!("30")));
    let (refused, code) = machine.report(APPLY);
    assert_eq!((code, &refused["outcome"]), (4, &json!("refused")), "{refused:#}");
    let reason = refused["refused"][0]["reason"].as_str().expect("a reason");
    assert!(reason.contains("there is no key HKLM"), "{reason}");
    assert_eq!(machine.export(), before);
    assert!(!machine.path(r"C:\ProgramData\twtune").exists(), "nothing was begun");
}

/// Wine keeps the time of each key in a file, which is changed here to one before the machine started.
#[test]
fn what_was_there_at_the_last_boot_waits_for_none() {
    let Some(machine) = Machine::start() else { return };
    machine.set("TcpTimedWaitDelay", "REG_DWORD", "30");
    assert_eq!(delay(&machine).0, "pending-reboot");
    machine.stop();
    let file = machine.prefix().join("system.reg");
    let text = fs::read(&file).expect("Wine's registry is there");
    let text = String::from_utf8_lossy(&text);
    let mut inside = false;
    let old: Vec<String> = text
        .lines()
        .map(|line| {
            if line.starts_with('[') {
                inside = line.contains(r"Services\\Tcpip\\Parameters]");
            }
            // 2020-01-01, in steps of 100 ns since 1601.
            if inside && line.starts_with("#time=") {
                "#time=1d5c0374d8b4000".into()
            } else {
                line.to_owned()
            }
        })
        .collect();
    fs::write(&file, old.join("\n") + "\n").expect("write Wine's registry");
    machine.restart();
    assert_eq!(delay(&machine), ("ok".into(), json!("30"), Value::Null));
}
