//! The shapes of the reports, as the interface page promises them to scripts: every field there, and no other.

use serde_json::Value;

/// Fails unless the object has exactly these fields.
#[track_caller]
fn fields(object: &Value, expected: &[&str]) {
    fields_and(object, expected, &[]);
}

/// Fails unless the object has the promised fields, and those that were added to them since.
#[track_caller]
fn fields_and(object: &Value, promised: &[&str], added: &[&str]) {
    let map = object.as_object().unwrap_or_else(|| panic!("no object: {object:#}"));
    let mut found: Vec<&str> = map.keys().map(String::as_str).collect();
    let mut expected = [promised, added].concat();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected, "{object:#}");
}

#[track_caller]
fn one_of(value: &Value, allowed: &[&str]) {
    assert!(value.as_str().is_some_and(|text| allowed.contains(&text)), "{value} is none of {allowed:?}");
}

#[track_caller]
fn text(value: &Value) {
    assert!(value.as_str().is_some_and(|text| !text.is_empty()), "{value} is no text");
}

/// A value of the platform: a string with single spaces, or null where there is none.
#[track_caller]
fn platform_value(value: &Value) {
    match value {
        Value::Null => {}
        Value::String(text) => {
            assert!(
                !text.contains(['\t', '\n']) && !text.contains("  "),
                "{value} has more than single spaces"
            );
            assert_eq!(text.trim(), text, "{value}");
        }
        other => panic!("{other} is neither a string nor null"),
    }
}

#[track_caller]
fn names(value: &Value) {
    for name in list(value) {
        text(name);
    }
}

#[track_caller]
pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("{value} is no list"))
}

#[track_caller]
fn host(value: &Value) {
    fields(
        value,
        &[
            "name",
            "os",
            "kernel",
            "machine_id",
            "boot_id",
            "boot_loader",
            "memory_bytes",
            "processors",
            "netns",
        ],
    );
    text(&value["os"]);
    text(&value["kernel"]);
    assert!(value["memory_bytes"].as_u64().is_some_and(|bytes| bytes > 1 << 20), "{value:#}");
    assert!(value["processors"].as_u64().is_some_and(|count| count > 0), "{value:#}");
    // Hashed: the machine's own identity is nobody else's business.
    if let (Some(shown), Ok(own)) = (value["machine_id"].as_str(), std::fs::read_to_string("/etc/machine-id"))
    {
        assert_ne!(shown, own.trim());
    }
}

/// The statuses a finding can have.
const STATUSES: &[&str] = &[
    "ok",
    "live-differs",
    "boot-differs",
    "both-differ",
    "pending-reboot",
    "not-applicable",
    "unreadable",
    "unknown",
    "excepted",
];

#[track_caller]
pub(crate) fn check(report: &Value) {
    fields_and(
        report,
        &["schema", "host", "profiles", "summary", "findings", "checks"],
        &["overruled", "clashes", "namespaces"],
    );
    clashes(&report["clashes"]);
    host(&report["host"]);
    names(&report["profiles"]);
    findings(report);
    for namespace in list(&report["namespaces"]) {
        fields(namespace, &["id", "name", "processes", "summary", "findings", "overruled"]);
        assert!(namespace["id"].is_string() || namespace["id"].is_null(), "{namespace:#}");
        text(&namespace["name"]);
        assert!(namespace["processes"].is_u64(), "{namespace:#}");
        findings(namespace);
    }
    for found in list(&report["checks"]) {
        concern(found);
    }
}

/// What was found in one network namespace.
#[track_caller]
fn findings(report: &Value) {
    overruled(&report["overruled"]);
    let mut counted = 0;
    for (status, count) in report["summary"].as_object().expect("summary is an object") {
        assert!(STATUSES.contains(&status.as_str()), "{status} is no status");
        let count = count.as_u64().expect("a count");
        let found = list(&report["findings"]).iter().filter(|finding| finding["status"] == **status).count();
        assert_eq!(count, found as u64, "summary of {status}: {report:#}");
        counted += found;
    }
    assert_eq!(counted, list(&report["findings"]).len(), "the summary counts every finding: {report:#}");
    for finding in list(&report["findings"]) {
        fields_and(
            finding,
            &[
                "key", "profile", "level", "rule", "status", "reason", "proposed", "why", "source", "scope",
                "live", "boot",
            ],
            &["catalogued"],
        );
        text(&finding["key"]);
        text(&finding["profile"]);
        one_of(&finding["level"], &["required", "recommended"]);
        fields(&finding["rule"], &["kind", "value"]);
        one_of(
            &finding["rule"]["kind"],
            &["want", "at-least", "at-most", "one-of", "between", "covers", "absent"],
        );
        one_of(&finding["status"], STATUSES);
        if matches!(
            finding["status"].as_str(),
            Some("not-applicable" | "unreadable" | "unknown" | "excepted")
        ) {
            text(&finding["reason"]);
        }
        if finding["status"] == "live-differs" && finding["rule"]["kind"] != "absent" {
            text(&finding["proposed"]);
        }
        platform_value(&finding["proposed"]);
        text(&finding["why"]);
        one_of(&finding["scope"], &["netns", "machine"]);
        fields(&finding["live"], &["state", "value", "writable"]);
        one_of(&finding["live"]["state"], &["present", "absent", "unreadable", "unknown"]);
        platform_value(&finding["live"]["value"]);
        assert_eq!(
            finding["live"]["state"] == "present",
            finding["live"]["value"].is_string(),
            "a value exactly where it is present: {finding:#}"
        );
        boot(&finding["boot"], &report["host"]["os"]);
    }
}

/// What the next boot makes of a setting.
#[track_caller]
fn boot(value: &Value, os: &Value) {
    fields(value, &["state", "value", "file", "line", "shadowed", "loaders"]);
    if os == "windows" {
        // What is stored is what boots, and there is no file.
        one_of(&value["state"], &["present", "default", "unreadable"]);
        assert_eq!(value["value"].is_string(), value["state"] == "present", "{value:#}");
        assert!(value["file"].is_null() && value["line"].is_null(), "{value:#}");
    } else {
        boot_state(value);
    }
    fields(&value["loaders"], &["systemd-sysctl", "procps"]);
    for loader in ["systemd-sysctl", "procps"] {
        fields(&value["loaders"][loader], &["state", "value", "file", "line"]);
        boot_state(&value["loaders"][loader]);
    }
    for line in list(&value["shadowed"]) {
        fields(line, &["file", "line", "value"]);
        text(&line["file"]);
        assert!(line["line"].as_u64().is_some_and(|line| line > 0), "{line:#}");
        platform_value(&line["value"]);
    }
}

/// There is a value, a file and a line exactly where a file sets it.
#[track_caller]
fn boot_state(value: &Value) {
    one_of(&value["state"], &["present", "default", "unreadable", "unknown"]);
    platform_value(&value["value"]);
    let present = value["state"] == "present";
    assert_eq!(value["value"].is_string(), present, "{value:#}");
    if present {
        text(&value["file"]);
        assert!(value["line"].as_u64().is_some_and(|line| line > 0), "{value:#}");
    }
}

#[track_caller]
fn refused(list_of_refused: &Value) {
    for entry in list(list_of_refused) {
        fields(entry, &["key", "target", "reason"]);
        text(&entry["key"]);
        one_of(&entry["target"], &["live", "boot"]);
        text(&entry["reason"]);
    }
}

/// Rules that lost against those of a later profile.
#[track_caller]
fn overruled(value: &Value) {
    for entry in list(value) {
        fields(entry, &["key", "profile", "rule", "by_profile", "by_rule"]);
    }
}

/// What is to be minded of profiles that are used together.
#[track_caller]
fn clashes(value: &Value) {
    for entry in list(value) {
        fields(entry, &["profile", "with", "why"]);
        text(&entry["why"]);
    }
}

#[track_caller]
pub(crate) fn plan(report: &Value) {
    fields_and(
        report,
        &["schema", "id", "host", "profiles", "changes", "refused"],
        &["overruled", "excepted", "clashes", "reboot", "edits"],
    );
    assert!(report["reboot"].is_boolean());
    for edit in list(&report["edits"]) {
        fields(edit, &["file", "source", "lines"]);
        text(&edit["file"]);
        text(&edit["source"]);
        for line in list(&edit["lines"]) {
            fields(line, &["line", "key"]);
            assert!(line["line"].as_u64().is_some_and(|line| line > 0), "{edit:#}");
            text(&line["key"]);
        }
    }
    clashes(&report["clashes"]);
    overruled(&report["overruled"]);
    for entry in list(&report["excepted"]) {
        fields(entry, &["key", "profile", "reason"]);
        text(&entry["reason"]);
    }
    text(&report["id"]);
    host(&report["host"]);
    names(&report["profiles"]);
    for change in list(&report["changes"]) {
        fields_and(
            change,
            &["key", "target", "before", "after", "risk", "effect", "why", "profile"],
            &["risk_note"],
        );
        text(&change["key"]);
        assert!(["live", "boot"].iter().any(|target| change["target"] == *target), "{change:#}");
        platform_value(&change["before"]);
        platform_value(&change["after"]);
        assert_ne!(change["before"], change["after"]);
        text(&change["risk"]);
        text(&change["effect"]);
        text(&change["why"]);
        text(&change["profile"]);
    }
    refused(&report["refused"]);
}

/// The report of `apply` or of `rollback`.
#[track_caller]
pub(crate) fn outcome(report: &Value) {
    fields_and(
        report,
        &["schema", "id", "outcome", "rollback_file", "changes", "refused"],
        &["reason", "undoes", "dry_run", "reboot", "files", "confirm_by", "extended"],
    );
    one_of(
        &report["outcome"],
        &["applied", "pending", "unchanged", "undone", "rolled-back", "incomplete", "refused"],
    );
    for change in list(&report["changes"]) {
        fields_and(change, &["key", "target", "before", "after", "result"], &["note"]);
        text(&change["key"]);
        one_of(&change["target"], &["live", "boot"]);
        platform_value(&change["before"]);
        platform_value(&change["after"]);
        one_of(&change["result"], &["done", "undone", "left", "conflict"]);
    }
    refused(&report["refused"]);
}

#[track_caller]
pub(crate) fn history(report: &Value) {
    fields_and(report, &["schema", "entries"], &["damaged"]);
    names(&report["damaged"]);
    for entry in list(&report["entries"]) {
        fields_and(
            entry,
            &[
                "id",
                "time",
                "command",
                "outcome",
                "in_force",
                "namespace_gone",
                "profiles",
                "rollback_file",
                "changes",
            ],
            &["undoes", "files", "left", "seconds_to_confirm"],
        );
        text(&entry["id"]);
        let time = entry["time"].as_str().expect("a time");
        assert!(time.len() >= 20 && time.as_bytes()[10] == b'T', "{time} is no time as RFC 3339 writes it");
        text(&entry["command"]);
        text(&entry["outcome"]);
        assert!(entry["in_force"].is_boolean(), "{entry:#}");
        names(&entry["profiles"]);
        names(&entry["files"]);
        names(&entry["left"]);
    }
}

#[track_caller]
pub(crate) fn diagnose(report: &Value) {
    fields(report, &["schema", "host", "namespaces"]);
    host(&report["host"]);
    for namespace in list(&report["namespaces"]) {
        fields_and(
            namespace,
            &["id", "name", "partial", "sockets", "ports", "destinations", "findings", "not_seen"],
            &["families", "listeners", "unknown", "owners", "counters", "profile"],
        );
        text(&namespace["name"]);
        assert!(namespace["partial"].is_boolean(), "{namespace:#}");
        names(&namespace["not_seen"]);
        fields_and(&namespace["ports"], &["low", "high", "reserved", "available"], &["blocked"]);
        for destination in list(&namespace["destinations"]) {
            fields_and(
                destination,
                &[
                    "source",
                    "address",
                    "port",
                    "time_wait",
                    "established",
                    "other",
                    "used",
                    "headroom",
                    "rate",
                    "sustainable_rate",
                    "seconds_to_exhaustion",
                ],
                &["reusable", "last_parity", "bound", "hidden"],
            );
            let number = |name: &str| destination[name].as_u64().unwrap_or_else(|| panic!("{destination:#}"));
            assert_eq!(number("time_wait") + number("established") + number("other"), number("used"));
        }
        for listener in list(&namespace["listeners"]) {
            fields(listener, &["address", "port", "waiting", "backlog", "connections"]);
        }
        for owner in list(&namespace["owners"]) {
            fields(owner, &["pid", "process", "unit", "age_seconds", "sockets", "oldest_close_wait_seconds"]);
        }
        for counter in namespace["counters"].as_object().expect("counters").values() {
            fields(counter, &["total", "rate"]);
        }
        for finding in list(&namespace["findings"]) {
            concern(finding);
        }
        fields(&namespace["profile"], &["name", "why"]);
        text(&namespace["profile"]["name"]);
        text(&namespace["profile"]["why"]);
    }
}

/// What a check of evidence found.
#[track_caller]
pub(crate) fn concern(finding: &Value) {
    fields_and(finding, &["check", "severity", "subject", "evidence", "advice"], &["experiments"]);
    text(&finding["check"]);
    one_of(&finding["severity"], &["error", "warning", "note"]);
    text(&finding["subject"]);
    assert!(finding["evidence"].as_object().is_some_and(|seen| !seen.is_empty()), "{finding:#}");
    names(&finding["advice"]);
}

/// The report of `lab list` and `lab run`.
#[track_caller]
pub(crate) fn lab(report: &Value, ran: bool) {
    fields(report, &["schema", "host", "experiments"]);
    host(&report["host"]);
    for experiment in list(&report["experiments"]) {
        fields_and(
            experiment,
            &["name", "claim", "method", "verdict", "evidence", "why"],
            &["expected", "proves", "seconds"],
        );
        for told in ["name", "claim", "method"] {
            text(&experiment[told]);
        }
        names(&experiment["proves"]);
        one_of(&experiment["expected"], &["confirmed", "refuted"]);
        assert!(experiment["seconds"].as_u64().is_some_and(|seconds| seconds > 0), "{experiment:#}");
        if ran {
            one_of(&experiment["verdict"], &["confirmed", "refuted", "not-testable"]);
            text(&experiment["why"]);
            for seen in experiment["evidence"].as_object().expect("evidence is an object").values() {
                text(seen);
            }
        } else {
            assert!(experiment["verdict"].is_null() && experiment["why"].is_null(), "{experiment:#}");
        }
    }
}

/// The report of `lab profile`.
#[track_caller]
pub(crate) fn lab_profile(report: &Value) {
    fields_and(report, &["schema", "host", "experiments"], &["profiles", "changes", "comparisons"]);
    host(&report["host"]);
    names(&report["profiles"]);
    for change in list(&report["changes"]) {
        fields(change, &["key", "before", "after", "tried"]);
        platform_value(&change["before"]);
        platform_value(&change["after"]);
        assert!(change["tried"].is_boolean(), "{change:#}");
    }
    for comparison in list(&report["comparisons"]) {
        fields(comparison, &["load", "before", "after"]);
        one_of(&comparison["load"], &["one-destination", "several-destinations", "accept-burst"]);
        for when in ["before", "after"] {
            let measured = &comparison[when];
            let counted = [
                "connections",
                "milliseconds",
                "rate_until_failure",
                "sustained_rate",
                "failures",
                "time_wait",
            ];
            fields_and(measured, &counted, &["until_failure"]);
            for count in counted {
                assert!(measured[count].is_u64(), "{comparison:#}");
            }
        }
    }
}

#[track_caller]
pub(crate) fn error(report: &Value, exit_code: i32) {
    fields(report, &["schema", "exit_code", "message", "hints", "problems"]);
    assert_eq!(report["exit_code"], exit_code, "{report:#}");
    text(&report["message"]);
    names(&report["hints"]);
    for problem in list(&report["problems"]) {
        fields(problem, &["file", "line", "column", "message"]);
        text(&problem["message"]);
        assert!(problem["file"].is_string() || problem["file"].is_null(), "{problem:#}");
        for place in ["line", "column"] {
            assert!(
                problem[place].is_null() || problem[place].as_u64().is_some_and(|n| n > 0),
                "{problem:#}"
            );
        }
    }
}

/// The first entry about this key in a list of findings or changes: several profiles may have a rule about it.
#[track_caller]
pub(crate) fn about<'a>(entries: &'a Value, key: &str) -> &'a Value {
    let found = list(entries).iter().find(|entry| entry["key"] == key);
    found.unwrap_or_else(|| panic!("nothing about {key} in {entries:#}"))
}

/// The keys of a list of findings or changes, in order.
pub(crate) fn keys(entries: &Value) -> Vec<&str> {
    list(entries).iter().filter_map(|entry| entry["key"].as_str()).collect()
}

/// The ids of the applies in force, in the order of a history's report.
pub(crate) fn applies_in_force(report: &Value) -> Vec<String> {
    let entries = list(&report["entries"]).iter();
    let standing = entries.filter(|entry| entry["command"] == "apply" && entry["in_force"] == true);
    standing.map(|entry| entry["id"].as_str().expect("an id").to_owned()).collect()
}
