//! `twtune profile`: what profiles there are, what they say, whether one is sound.

use crate::cli_check::PROFILES;
use crate::cli_check::rule;
use crate::host::Host;
use crate::schema::list;

const FIN: &str = "net.ipv4.tcp_fin_timeout";

#[test]
fn the_built_in_ones_are_listed_shown_and_sound() {
    let Some(host) = Host::start() else { return };
    let run = host.twtune("profile list").exits(0);
    for profile in PROFILES {
        assert!(run.stdout.contains(profile), "{profile}: {run:#?}");
        host.twtune(&format!("profile show {profile}")).exits(0).says(profile);
        host.twtune(&format!("profile lint {profile}")).exits(0);
        let shown = host.twtune(&format!("profile show {profile} --format json")).exits(0);
        assert!(shown.stdout.contains("\"schema\""), "{shown:#?}");
        serde_json::from_str::<serde_json::Value>(&shown.stdout).expect("JSON");
    }
    let listed = host.twtune("profile list --format json").exits(0);
    let report: serde_json::Value = serde_json::from_str(&listed.stdout).expect("JSON");
    assert!(
        report["schema"].as_str().is_some_and(|schema| schema.starts_with("twtune.profile")),
        "{report:#}"
    );
    let names: Vec<&str> =
        list(&report["profiles"]).iter().filter_map(|profile| profile["name"].as_str()).collect();
    // Every other test goes through this list: a new profile belongs in it.
    assert_eq!(names, PROFILES);
    host.twtune("profile").exits(2);
}

#[test]
fn what_is_in_the_folder_of_profiles_is_listed_too() {
    let Some(host) = Host::start() else { return };
    host.profile("own", &rule(FIN, "want = 50"));
    host.sh("mkdir /etc/twtune/profiles.d; cp own.toml /etc/twtune/profiles.d/");
    host.twtune("profile list").exits(0).says("own").says("A profile of a test");
    host.twtune("profile show own").exits(0).says(FIN);
    host.twtune("profile lint own").exits(0);
    // One that is spoilt neither hides the others nor stops the list.
    host.sh("echo 'schema = ' >/etc/twtune/profiles.d/spoilt.toml; mkfifo /etc/twtune/profiles.d/pipe.toml; mkdir /etc/twtune/profiles.d/folder.toml");
    let run = crate::host::within(&host, std::time::Duration::from_secs(10), "profile list");
    assert!(run.stdout.contains("own") && run.stdout.contains("general"), "{run:#?}");
    host.twtune("check own").exits(1);
}

#[test]
fn show_names_the_rule_that_lost() {
    let Some(host) = Host::start() else { return };
    let head = "schema = 1\nname = \"child\"\nsummary = \"x\"\nextends = [\"general\"]\n";
    host.file("child.toml", format!("{head}{}", rule("net.ipv4.tcp_syncookies", "want = 2")));
    let run = host.twtune("profile show [ROOT]/child.toml").exits(0);
    assert!(run.stdout.contains("general") && run.stdout.contains("net.ipv4.tcp_syncookies"), "{run:#?}");
}

#[test]
fn lint_finds_a_sound_profile_sound_and_a_faulty_one_faulty() {
    let Some(host) = Host::start() else { return };
    let sound = host.profile("sound", &rule(FIN, "want = 50"));
    host.twtune(&format!("profile lint {sound}")).exits(0);
    host.twtune(&format!("profile lint {sound} general")).exits(0);
    let faulty = host.profile("faulty", &rule(FIN, "want = 50").replace("why", "wy"));
    host.twtune(&format!("profile lint {faulty}")).exits(3).says("faulty.toml").says("wy");
    host.twtune(&format!("profile lint {sound} {faulty}")).exits(3);
    host.twtune("profile lint no-such-profile").exits(3);
    host.twtune("profile show no-such-profile").exits(3);
}

#[test]
fn a_foreign_file_becomes_a_profile_with_a_word_on_every_line() {
    let Some(host) = Host::start() else { return };
    host.file(
        "99-old_tuning.conf",
        "# old\nnet.ipv4.tcp_fin_timeout = 30\nnet.ipv4.tcp_max_tw_buckets = 5000\n\
         net.core.somaxconn = 8192\nnet.ipv4.tcp_tw_recycle = 1\nnet.ipv4.icmp_ratemask = 6168\n",
    );
    let before = host.dump();
    let run = host.twtune("profile new --from [ROOT]/99-old_tuning.conf").exits(0);
    assert!(run.stderr.contains("2 of 5 lines became rules"), "{run:#?}");
    for told in [
        "name = \"old-tuning\"",
        "# useless: TIME_WAIT",
        "# harmful: Past the limit",
        "# gone: ",
        "uncatalogued = true",
    ] {
        assert!(run.stdout.contains(told), "{told}: {run:#?}");
    }
    host.file("old.toml", &run.stdout);
    host.twtune("profile lint [ROOT]/old.toml").exits(0);
    let report = host
        .twtune("profile new mine --from [ROOT]/99-old_tuning.conf --format json")
        .exits(0)
        .report("profile");
    assert_eq!(report["name"], "mine");
    assert_eq!(list(&report["lines"]).len(), 5);
    assert_eq!(report["lines"][1]["judgement"], "harmful");
    assert_eq!(report["lines"][1]["taken"], false);
    assert!(report["text"].as_str().is_some_and(|text| text.starts_with("schema = 1")), "{report:#}");
    // A setting that the catalogue does not know is checked, and the reports say that it does not.
    let checked = host.twtune("check [ROOT]/old.toml --format json").report("check");
    crate::schema::check(&checked);
    let finding = crate::schema::about(&checked["findings"], "net.ipv4.icmp_ratemask");
    assert_eq!((&finding["catalogued"], &finding["status"]), (&false.into(), &"ok".into()));
    assert_eq!(host.dump(), before);
    for wrong in ["profile new --from [ROOT]/none.conf", "profile new --from [ROOT]", "profile new Bad"] {
        host.twtune(wrong).exits(3);
    }
    host.file("skeleton.toml", host.twtune("profile new mine").exits(0).stdout);
    host.twtune("profile lint [ROOT]/skeleton.toml").exits(0);
}

#[test]
fn what_the_catalogue_does_not_know_is_applied_and_taken_back_where_a_profile_says_so() {
    let Some(host) = Host::start() else { return };
    let key = "net.ipv4.icmp_ratemask";
    let unknown = rule(key, "want = 88089");
    let refused = host.profile("refused", &unknown);
    host.twtune(&format!("check {refused}")).exits(3).says("does not know it");
    let allowed = host.profile("allowed", &unknown.replace("[[rule]]", "[[rule]]\nuncatalogued = true"));
    host.twtune(&format!("check {allowed}")).exits(1).says("uncatalogued");
    host.twtune(&format!("plan {allowed}")).exits(0).says("the catalogue does not have it");
    let before = host.dump();
    host.twtune(&format!("plan {allowed} -o [ROOT]/plan.json")).exits(0);
    host.twtune("apply --plan [ROOT]/plan.json").exits(0);
    assert_eq!(host.value(key), "88089");
    host.twtune("rollback --yes").exits(0);
    assert_eq!(host.dump(), before);
    for (key, why) in [
        ("fs.binfmt_misc.register", "which programs are run"),
        ("vm.drop_caches", "command"),
        ("kernel.core_pattern", "only keys below"),
        ("kernel.modprobe", "only keys below"),
    ] {
        let rules = rule(key, "want = \"x\"").replace("[[rule]]", "[[rule]]\nuncatalogued = true");
        let profile = host.profile("never", &rules);
        host.twtune(&format!("apply {profile} --yes")).exits(3).says(why);
    }
}

#[test]
fn a_profile_also_tells_what_is_not_recommended() {
    let Some(host) = Host::start() else { return };
    let run = host
        .twtune("profile show outbound")
        .exits(0)
        .says("not recommended")
        .says("tcp_fin_timeout for TIME_WAIT");
    assert!(run.stdout.contains("not recommended  (general)"), "those of what it extends as well: {run:#?}");
    let report =
        host.twtune("profile show outbound kubernetes-node --format json").exits(0).report("profile");
    assert!(list(&report["not_recommended"]).len() > 10);
    assert_eq!(report["clashes"][0]["with"], "outbound");
    host.twtune("check outbound kubernetes-node").says("clash").says("NodePorts");
    let checked = host.twtune("check outbound kubernetes-node --format json").report("check");
    crate::schema::check(&checked);
    assert_eq!(checked["clashes"][0]["profile"], "kubernetes-node");
    let alone = host.twtune("check outbound --format json").report("check");
    assert_eq!(list(&alone["clashes"]).len(), 0);
}
