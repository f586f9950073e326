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
fn what_was_applied_in_a_namespace_that_is_gone_is_not_in_force() {
    let Some(host) = Host::start() else { return };
    let profile = host.profile("own", &rule(FIN, "want = 50"));
    host.sh("mkdir -p /run/netns; ip netns add blue; ip netns add green");
    host.twtune(&format!("apply {profile} --netns blue --yes")).exits(0);
    host.twtune(&format!("apply {profile} --netns green --yes")).exits(0);
    // Another one of the same name is another one.
    host.sh("ip netns del blue; ip netns add blue; ip netns add red");
    let report = host.twtune("history --format json").exits(0).report("history");
    assert_eq!(schema::applies_in_force(&report), ["2"], "{report:#}");
    assert_eq!(report["entries"][0]["namespace_gone"], true, "{report:#}");
    host.sh("ip netns del green");
    let told = host.twtune("history").exits(0);
    assert_eq!(told.stdout.matches("applied, its network namespace is gone").count(), 2, "{told:#?}");
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
fn a_damaged_ending_of_an_earlier_record_is_named_and_holds_back_that_alone() {
    let Some(host) = Host::start() else { return };
    let profile = host.profile("own", &rule(FIN, "want = 50"));
    let other = host.profile("other", &rule(FIN, "want = 40"));
    host.twtune(&format!("apply {profile} --yes")).exits(0);
    host.twtune(&format!("apply {other} --yes")).exits(0);
    for spoil in [": >FILE", "echo '{' >FILE", "sed -i s/applied/appIied/ FILE", "rm FILE; mkdir FILE"] {
        host.sh(&format!(
            "cp /var/lib/twtune/1.end ./kept; {}",
            spoil.replace("FILE", "/var/lib/twtune/1.end")
        ));
        for command in ["history", "rollback 1 --yes", "rollback 1 --dry-run"] {
            host.twtune(command).exits(3).says("1.end: it is ");
        }
        host.twtune("rollback --dry-run").exits(0).says("would take back 2");
        assert_eq!(host.value(FIN), "40");
        host.sh("rm -r /var/lib/twtune/1.end; cp -p ./kept /var/lib/twtune/1.end");
    }
    // The newest one's is an interruption, which a rollback settles.
    host.sh(": >/var/lib/twtune/2.end");
    host.twtune("history").exits(0).says("interrupted");
    host.twtune("rollback --yes").exits(0);
    assert_eq!(host.value(FIN), "50");
    host.twtune("rollback --yes").exits(0);
    assert_eq!(host.value(FIN), "60");
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

#[test]
fn a_damaged_record_is_named_with_the_way_out_and_hides_no_other() {
    let Some(host) = Host::start() else { return };
    let (one, two) = (
        host.profile("one", &rule(FIN, "want = 50")),
        host.profile("two", &rule("net.ipv4.tcp_sack", "want = 0")),
    );
    host.sh("mkdir -m 700 own");
    host.twtune(&format!("apply {one} --yes --rollback-file [ROOT]/own/copy.json")).exits(0);
    host.twtune(&format!("apply {two} --yes")).exits(0);
    host.sh("echo x >>/var/lib/twtune/1.json; cp -rp /var/lib/twtune kept");
    let told = host.twtune("history").exits(3);
    assert!(told.stdout.contains("apply two: applied, in force"), "{told:#?}");
    told.says("error: /var/lib/twtune/1.json: it is damaged").says("put a copy of it in its place");
    let report = host.twtune("history --format json").exits(3).report("history");
    schema::history(&report);
    assert_eq!(schema::applies_in_force(&report), ["2"], "{report:#}");
    assert_eq!(list(&report["damaged"]).len(), 1, "{report:#}");
    host.twtune("rollback 1 --yes").exits(3).says("move 1.json, 1.end and 1.due out of that folder");
    host.sh("diff -r kept /var/lib/twtune");
    // Both ways out lead out.
    host.sh("cp own/copy.json /var/lib/twtune/1.json");
    host.twtune("history").exits(0);
    host.sh("mv /var/lib/twtune/1.* .");
    host.twtune("rollback --yes").exits(0).says("rolled back 2");
    assert_eq!(host.value(FIN), "50", "what the other set stays");
    host.sh("mv 1.* /var/lib/twtune");
    host.twtune("rollback --yes").exits(0).says("rolled back 1");
    assert_eq!(host.value(FIN), "60");
}

#[test]
fn a_record_that_is_no_file_of_this_twtunes_is_told_with_what_helps() {
    let Some(host) = Host::start() else { return };
    let one = host.profile("one", &rule(FIN, "want = 50"));
    host.twtune(&format!("apply {one} --yes")).exits(0);
    for spoil in ["mkdir FILE", "ln -s 1.json FILE"] {
        host.sh(&spoil.replace("FILE", "/var/lib/twtune/9.json"));
        host.twtune("rollback --yes").exits(3).says("9.json").says("move 9.json, 9.end and 9.due out");
        host.sh("rm -r /var/lib/twtune/9.json");
    }
    host.sh("sed -i s,twtune.rollback/1,twtune.rollback/2, /var/lib/twtune/1.json");
    let run = host.twtune("rollback --yes").exits(3);
    let run = run.says("its format is `twtune.rollback/2`").says("take that one, or a newer one");
    assert!(!run.stderr.contains("move"), "{run:#?}");
    let told = host.twtune("history").exits(3);
    assert_eq!(told.stdout, "", "there was an apply");
}
