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
