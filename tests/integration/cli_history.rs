//! `twtune history`: the applies and rollbacks on this host, and their state.

use crate::cli_check::rule;
use crate::host::Host;
use crate::schema;
use crate::schema::list;

const FIN: &str = "net.ipv4.tcp_fin_timeout";

#[test]
fn it_tells_what_was_done_and_what_is_in_force() {
    let Some(host) = Host::start() else { return };
    let entries = || {
        let run = host.twtune("history --format json").exits(0);
        let report = run.report("history");
        schema::history(&report);
        list(&report["entries"]).to_vec()
    };
    assert!(entries().is_empty());
    host.twtune("history").exits(0);

    let profile = host.profile("own", &rule(FIN, "want = 50"));
    let applied = host.twtune(&format!("apply {profile} --yes --format json")).exits(0).report("apply");
    let now = entries();
    assert_eq!(now.len(), 1);
    let entry = &now[0];
    assert_eq!(entry["id"], applied["id"]);
    assert_eq!(entry["rollback_file"], applied["rollback_file"]);
    assert_eq!((entry["command"].as_str(), entry["outcome"].as_str()), (Some("apply"), Some("applied")));
    assert_eq!(entry["in_force"], true);
    assert_eq!(entry["profiles"], serde_json::json!(["own"]));
    host.twtune("history").exits(0).says(applied["id"].as_str().expect("an id")).says("own");

    // What changed nothing is no event.
    host.twtune(&format!("apply {profile} --yes")).exits(0);
    host.twtune(&format!("apply {profile} --yes --dry-run")).exits(0);
    host.twtune("rollback --dry-run").exits(0);
    assert_eq!(entries(), now);

    host.twtune("rollback --yes").exits(0);
    let then = entries();
    assert!(then.iter().all(|entry| entry["command"] != "apply" || entry["in_force"] == false), "{then:#?}");
    assert!(then.iter().any(|entry| entry["id"] == applied["id"]), "{then:#?}");
    assert!(then.iter().any(|entry| entry["outcome"] == "rolled-back"), "{then:#?}");
}

#[test]
fn a_spoilt_file_among_the_state_is_named() {
    let Some(host) = Host::start() else { return };
    let profile = host.profile("own", &rule(FIN, "want = 50"));
    host.twtune(&format!("apply {profile} --yes")).exits(0);
    for spoil in
        ["echo '{' >FILE", "mkfifo FILE", "mkdir FILE", "ln -s /dev/zero FILE", "printf '\\377' >FILE"]
    {
        host.sh(&spoil.replace("FILE", "/var/lib/twtune/7.json"));
        let run = crate::host::within(&host, std::time::Duration::from_secs(10), "history");
        assert!(matches!(run.code, Some(0 | 3)), "{spoil}: {run:#?}");
        run.says("7.json");
        // Comparing needs no state.
        crate::host::within(&host, std::time::Duration::from_secs(10), &format!("check {profile}")).exits(0);
        host.sh("rm -r /var/lib/twtune/7.json");
    }
    host.twtune("rollback --yes").exits(0);
}

#[test]
fn a_state_folder_that_may_not_be_read_is_4() {
    let Some(mut host) = Host::start() else { return };
    host.share_program();
    let profile = host.profile("own", &rule(FIN, "want = 50"));
    host.twtune(&format!("apply {profile} --yes")).exits(0);
    let Some(run) = host.twtune_as_nobody("history") else {
        return;
    };
    run.exits(4).says("/var/lib/twtune");
    let report = host.twtune_as_nobody("history --format json").expect("as above").exits(4).report("error");
    schema::error(&report, 4);
}
