//! Values that the next boot sets: written, won against other files, taken back. systemd boots these hosts.

use serde_json::Value;

use crate::cli_check::rule;
use crate::host::Host;
use crate::sandbox;
use crate::schema;
use crate::schema::list;

const FIN: &str = "net.ipv4.tcp_fin_timeout";
const OWN: &str = "/etc/sysctl.d/99-twtune.conf";
const OTHER: &str = "/etc/sysctl.d/zz-other.conf";

fn host() -> Option<Host> {
    let host = Host::start()?;
    host.sh("mkdir -p /run/systemd/system");
    host.profile("thirty", &rule(FIN, "want = 30"));
    host.profile("twenty", &(rule(FIN, "want = 20") + &rule("net.core.somaxconn", "want = 5000")));
    Some(host)
}

/// Everything about the files below `/etc/sysctl.d` and `/etc/sysctl.conf`.
fn files(host: &Host) -> String {
    host.sh("cd /etc; for f in sysctl.conf sysctl.d/* sysctl.d/.[!.]*; do
           [ -e \"$f\" ] && stat -c '%N %a %u %g %Y' \"$f\" && cat \"$f\"
         done || true")
}

fn read(host: &Host, path: &str) -> String {
    host.sh(&format!("cat {path} 2>/dev/null || echo none"))
}

#[test]
fn two_applies_share_one_file_and_each_takes_out_its_own() {
    let Some(host) = host() else { return };
    let before = files(&host);
    host.twtune("apply [ROOT]/twenty.toml --target both --yes").exits(0);
    let with_one = read(&host, OWN);
    assert!(
        with_one.contains("# twenty: ") && with_one.contains("\nnet.core.somaxconn = 5000\n"),
        "{with_one}"
    );
    assert_eq!(host.sh(&format!("stat -c '%a %U %G' {OWN}")), "644 root root\n");
    host.twtune("check [ROOT]/twenty.toml --target both").exits(0);
    host.twtune("apply [ROOT]/twenty.toml --target both --yes").exits(0).says("nothing to change");
    host.twtune("apply [ROOT]/thirty.toml --target boot --yes").exits(0);
    assert_eq!(host.value(FIN), "20", "boot alone leaves the live value");
    assert!(read(&host, OWN).contains("tcp_fin_timeout = 30") && read(&host, OWN).contains("somaxconn"));
    let report = host.twtune("history --format json").exits(0).report("history");
    assert_eq!(schema::applies_in_force(&report), ["1", "2"]);
    host.twtune("rollback 2 --yes").exits(0);
    assert_eq!(read(&host, OWN), with_one);
    host.twtune("rollback --yes").exits(0);
    assert_eq!(files(&host), before);
    host.twtune("rollback 3 --yes").exits(0);
    // To undo the first rollback brings back its apply and no other.
    let brought_back = read(&host, OWN);
    assert!(
        brought_back.contains("tcp_fin_timeout = 30") && !brought_back.contains("somaxconn"),
        "{brought_back}"
    );
}

#[test]
fn what_a_rollback_took_away_comes_back_and_nothing_else() {
    let Some(host) = host() else { return };
    host.twtune("apply [ROOT]/twenty.toml --target both --yes").exits(0);
    host.twtune("apply [ROOT]/thirty.toml --target both --yes").exits(0);
    let both = read(&host, OWN);
    host.twtune("rollback 1 --yes").exits(0);
    let undone = host.twtune("rollback 3 --yes --format json").exits(0).report("rollback");
    let told = list(&undone["changes"]).iter().all(|step| step["key"] != FIN);
    assert!(told && read(&host, OWN) == both, "{undone:#}");
    // What the later apply held goes with that.
    host.twtune("rollback 2 --yes").exits(0);
    assert_eq!((host.value(FIN), host.value("net.core.somaxconn")), ("60".into(), "5000".into()));
    let left = read(&host, OWN);
    assert!(left.contains("somaxconn = 5000") && !left.contains("fin_timeout"), "{left}");
    host.twtune("rollback --yes").exits(0).says(&format!("removed  {OWN}"));
    assert_eq!(read(&host, OWN), "none\n");
}

#[test]
fn a_later_line_of_another_file_is_named_or_taken_over() {
    let Some(host) = host() else { return };
    host.sh(&format!("printf '# theirs\\n{FIN}=77\\nvm.swappiness = 3' >{OTHER}; chmod 604 {OTHER}; chown 1:2 {OTHER}; touch -d 2021-01-01 {OTHER}"));
    let before = files(&host);
    let refused = host.twtune("plan [ROOT]/thirty.toml --target both --format json").exits(0).report("plan");
    assert_eq!(refused["refused"][0]["target"], "boot", "{refused:#}");
    assert!(refused["refused"][0]["reason"].to_string().contains("zz-other.conf:2"), "{refused:#}");
    let planned = host.twtune("plan [ROOT]/thirty.toml --target both --take-over --format json").exits(0);
    let planned = planned.report("plan");
    schema::plan(&planned);
    let line = serde_json::json!({ "line": 2, "key": FIN });
    assert_eq!(
        planned["edits"],
        serde_json::json!([{ "file": OTHER, "source": OTHER, "lines": [line] }]),
        "{planned:#}"
    );
    host.twtune("apply [ROOT]/thirty.toml --target both --yes").exits(3).says("zz-other.conf:2");
    assert_eq!((files(&host), host.value(FIN)), (before.clone(), "60".into()));
    host.twtune("plan [ROOT]/thirty.toml --target both --take-over").exits(0).says("comments out line 2");
    host.twtune("apply [ROOT]/thirty.toml --target both --take-over --yes").exits(0);
    assert_eq!(read(&host, OTHER), format!("# theirs\n#{FIN}=77\nvm.swappiness = 3"));
    host.twtune("check [ROOT]/thirty.toml --target both").exits(0);
    // Another apply lives on the line that was taken; it stays taken until that one goes, too.
    host.twtune("apply [ROOT]/twenty.toml --target both --yes").exits(0);
    host.twtune("rollback 1 --yes").exits(0);
    assert!(read(&host, OTHER).contains("\n#net"), "{}", read(&host, OTHER));
    host.twtune("check [ROOT]/twenty.toml --target both").exits(0);
    host.twtune("rollback --yes").exits(0);
    assert_eq!((files(&host), host.value(FIN)), (before, "60".into()));
}

#[test]
fn a_vendors_file_is_replaced_by_a_copy_and_a_link_is_followed() {
    let Some(host) = host() else { return };
    host.sh(&format!("echo '{FIN} = 88' >/usr/lib/sysctl.d/zz-vendor.conf; echo '{FIN} = 55' >/etc/sysctl.conf; ln -s ../sysctl.conf /etc/sysctl.d/99-zsysctl.conf"));
    let before = files(&host);
    host.twtune("apply [ROOT]/thirty.toml --target both --take-over --yes").exits(0);
    assert_eq!(read(&host, "/usr/lib/sysctl.d/zz-vendor.conf"), format!("{FIN} = 88\n"));
    assert_eq!(read(&host, "/etc/sysctl.d/zz-vendor.conf"), format!("#{FIN} = 88\n"));
    assert_eq!(read(&host, "/etc/sysctl.conf"), format!("#{FIN} = 55\n"));
    assert_eq!(host.sh("readlink /etc/sysctl.d/99-zsysctl.conf"), "../sysctl.conf\n");
    host.twtune("rollback --yes").exits(0);
    assert_eq!(files(&host), before);
}

#[test]
fn what_else_is_noted_about_a_file_goes_with_it() {
    let Some(host) = host() else { return };
    if !sandbox::is_root() {
        return sandbox::lacking(
            "notes of the system's own about files (trusted.*) are root's: run the tests as root",
        );
    }
    host.sh(&format!(
        "printf '{FIN} = 77\n' >{OTHER}
         python3 -c \"import os; os.setxattr('{OTHER}', 'trusted.note', b'theirs')\""
    ));
    let noted =
        || host.sh(&format!("python3 -c \"import os; print(os.getxattr('{OTHER}', 'trusted.note'))\""));
    let before = (files(&host), noted());
    host.twtune("apply [ROOT]/thirty.toml --target both --take-over --yes").exits(0);
    assert!(read(&host, OTHER).starts_with('#'));
    assert_eq!(noted(), before.1);
    host.twtune("rollback --yes").exits(0);
    assert_eq!((files(&host), noted()), before);
}

#[test]
fn somebody_elses_edit_since_is_a_conflict() {
    let Some(host) = host() else { return };
    host.sh(&format!("echo '{FIN} = 77' >{OTHER}"));
    host.twtune("apply [ROOT]/thirty.toml --target both --take-over --yes").exits(0);
    for path in [OWN, OTHER] {
        host.sh(&format!("cp -p {path} ./kept; echo '# mine' >>{path}"));
        let edited = files(&host);
        host.twtune("rollback --yes").exits(3).says(path);
        assert_eq!((files(&host), host.value(FIN)), (edited, "30".into()));
        host.sh(&format!("cp -p ./kept {path}"));
    }
    host.sh(&format!("echo '# mine' >>{OWN}"));
    for (command, code) in [("plan --exit-code", 1), ("apply --dry-run", 0)] {
        let run = host.twtune(&format!("{command} [ROOT]/twenty.toml --target both")).exits(code);
        run.says("refused").says("changed by somebody else");
    }
    host.twtune("apply [ROOT]/twenty.toml --target both --yes").exits(3).says("changed by somebody else");
    assert_eq!(host.value(FIN), "30");
    host.twtune(&format!("rollback --yes --force {FIN}")).exits(0);
    assert_eq!((read(&host, OWN), read(&host, OTHER)), ("none\n".into(), format!("{FIN} = 77\n")));
}

#[test]
fn a_file_of_ours_from_elsewhere_is_refused_by_the_plan_already() {
    let Some(host) = host() else { return };
    for (make, why) in [
        (format!("echo '{FIN} = 77' >{OWN}"), "is from no apply in this history"),
        (format!("ln -sf /dev/null {OWN}"), OWN),
        (format!("rm {OWN}; mkdir {OWN}"), OWN),
    ] {
        host.sh(&make);
        for (command, code) in [("plan --exit-code", 1), ("apply --dry-run", 0)] {
            let run = host.twtune(&format!("{command} [ROOT]/twenty.toml --target both")).exits(code);
            run.says("refused").says(why);
        }
        let run = host.twtune("apply [ROOT]/twenty.toml --target both --yes");
        assert!(matches!(run.code, Some(3 | 4)) && host.value(FIN) == "60", "{run:#?}");
    }
    host.sh(&format!("rmdir {OWN}"));
    host.twtune("apply [ROOT]/twenty.toml --target both --yes").exits(0);
}

#[test]
fn forced_it_undoes_our_line_and_keeps_theirs() {
    let Some(host) = host() else { return };
    host.sh(&format!("echo '{FIN} = 77' >{OTHER}"));
    host.profile("two", &(rule(FIN, "want = 30") + &rule("net.core.somaxconn", "want = 5000")));
    host.twtune("apply [ROOT]/two.toml --target both --take-over --yes").exits(0);
    host.sh(&format!("sed -i '1i # theirs' {OTHER}; echo 'net.ipv4.tcp_sack = 1' >>{OTHER}"));
    let edited = files(&host);
    // A setting that this file says nothing about does not settle it.
    host.twtune("rollback --yes --force net.core.somaxconn").exits(3).says("keeps theirs");
    assert_eq!((files(&host), host.value(FIN)), (edited, "30".into()));
    host.twtune(&format!("rollback --yes --force {FIN}")).exits(0);
    assert_eq!(read(&host, OTHER), format!("# theirs\n{FIN} = 77\nnet.ipv4.tcp_sack = 1\n"));
    assert_eq!((read(&host, OWN), host.value(FIN)), ("none\n".into(), "60".into()));
    // And what was undone comes back as it was.
    host.twtune("rollback 2 --yes").exits(0);
    assert_eq!(read(&host, OTHER), format!("# theirs\n#{FIN} = 77\nnet.ipv4.tcp_sack = 1\n"));
}

#[test]
fn a_rollback_tells_what_the_next_boot_sets_then() {
    let Some(host) = host() else { return };
    let of_boot = |done: &Value| {
        let is_boot = |step: &&Value| step["target"] == "boot";
        let step = list(&done["changes"]).iter().find(is_boot).expect("a step");
        [&step["result"], &step["before"], &step["after"]].map(|text| text.as_str().map(str::to_owned))
    };
    let told = |result: &str, before: &str, after: Option<&str>| {
        [Some(result.to_owned()), Some(before.to_owned()), after.map(str::to_owned)]
    };
    for (meanwhile, expected) in [
        ("true", told("done", "30", Some("77"))),
        ("rm ZZ", told("done", "30", None)),
        ("echo 'net.ipv4.tcp_fin_timeout = 45' >ZZ", told("left", "45", Some("45"))),
    ] {
        host.sh(&format!("echo '{FIN} = 77' >{OTHER}"));
        host.twtune("apply [ROOT]/thirty.toml --target both --take-over --yes").exits(0);
        host.sh(&meanwhile.replace("ZZ", OTHER));
        for way in ["--dry-run", "--yes"] {
            let done = host.twtune(&format!("rollback {way} --force {FIN} --format json")).exits(0);
            assert_eq!(of_boot(&done.report("rollback")), expected, "{meanwhile} {way}: {done:#?}");
        }
    }
}

#[test]
fn files_are_written_when_it_is_confirmed() {
    let Some(host) = host() else { return };
    host.twtune("apply [ROOT]/thirty.toml --target both --yes --confirm-within 1h").exits(0);
    assert_eq!((host.value(FIN), read(&host, OWN)), ("30".into(), "none\n".into()));
    // What is applied meanwhile is not lost.
    host.profile("other", &rule("net.core.somaxconn", "want = 5000"));
    host.twtune("apply [ROOT]/other.toml --target both --yes").exits(0);
    host.twtune("confirm").exits(0);
    let both = read(&host, OWN);
    assert!(both.contains("fin_timeout = 30") && both.contains("somaxconn = 5000"), "{both}");
    host.twtune("rollback 1 --yes").exits(0);
    assert!(!read(&host, OWN).contains("fin_timeout") && read(&host, OWN).contains("somaxconn"));
}

#[test]
fn what_waits_has_written_no_file_and_its_rollback_has_none_to_take_back() {
    let Some(host) = host() else { return };
    host.sh(&format!("echo '{FIN} = 77' >{OTHER}"));
    let arguments = "--target both --take-over --yes --confirm-within 1h";
    host.twtune(&format!("apply [ROOT]/thirty.toml {arguments}")).exits(0);
    host.sh(&format!("echo '# mine' >{OWN}; echo '# mine' >>{OTHER}"));
    let mine = files(&host);
    for arguments in ["--dry-run", "--yes"] {
        let done = host.twtune(&format!("rollback 1 {arguments} --format json")).exits(0).report("rollback");
        assert_eq!(done["files"], serde_json::json!([]), "{done:#}");
        let steps: Vec<_> = list(&done["changes"]).iter().map(|step| step["target"].clone()).collect();
        assert_eq!(steps, ["live"], "{done:#}");
        assert_eq!(files(&host), mine);
    }
    assert_eq!(host.value(FIN), "60");
    // What comes back is what that rollback took away.
    host.twtune("rollback 2 --yes").exits(0);
    assert_eq!((host.value(FIN), files(&host)), ("30".into(), mine));
}

#[test]
fn a_saved_plan_holds_as_long_as_the_files_do() {
    let Some(host) = host() else { return };
    host.sh(&format!("echo '{FIN} = 77' >{OTHER}"));
    host.twtune("plan [ROOT]/thirty.toml --target both --take-over -o [ROOT]/plan.json").exits(0);
    for change in
        [format!("echo '# x' >>{OTHER}"), "touch /etc/sysctl.d/new.conf".into(), format!("rm {OTHER}")]
    {
        host.sh(&format!("cp -a /etc/sysctl.d ./kept.d; {change}"));
        host.twtune("apply --plan [ROOT]/plan.json").exits(3).says("/etc/sysctl.d/");
        host.sh("rm -f /etc/sysctl.d/*; cp -a ./kept.d/. /etc/sysctl.d/; rm -r ./kept.d");
    }
    host.twtune("apply --plan [ROOT]/plan.json").exits(0);
    host.twtune("check [ROOT]/thirty.toml --target both").exits(0);
}

#[test]
fn an_image_is_prepared_and_nothing_outside_it_is_touched() {
    let Some(host) = host() else { return };
    host.sh("mkdir -p image/etc image/var image/lib/systemd image/sbin outside/lib outside/sysctl.d
             touch image/lib/systemd/systemd image/lib/systemd/systemd-sysctl; ln -s ../lib/systemd/systemd image/sbin/init
             echo 0123456789abcdef0123456789abcdef >image/etc/machine-id
             ln -s \"$PWD/outside/sysctl.d\" image/etc/sysctl.d
             mkdir -p \"image$PWD/outside/sysctl.d\" \"image$PWD/outside/lib\"
             ln -s \"$PWD/outside/lib\" image/var/lib");
    let arguments = "--root [ROOT]/image --assume linux=6.1,mem=16GiB";
    let told = "`twtune rollback --root [ROOT]/image 1` takes it back";
    host.twtune(&format!("apply [ROOT]/thirty.toml {arguments} --yes")).exits(0).says(told);
    assert_eq!(host.sh("find outside -type f; ls /var/lib/twtune 2>/dev/null || true"), "");
    assert_eq!(host.value(FIN), "60");
    let written =
        host.sh("cat \"image$PWD\"/outside/sysctl.d/99-twtune.conf; ls \"image$PWD\"/outside/lib/twtune");
    assert!(written.contains("tcp_fin_timeout = 30") && written.contains("1.json"), "{written}");
    host.twtune(&format!("check [ROOT]/thirty.toml {arguments}")).exits(0);
    let history = host.twtune("history --root [ROOT]/image --format json").exits(0).report("history");
    assert_eq!(list(&history["entries"])[0]["in_force"], true, "{history:#}");
    assert_eq!(host.twtune("history").exits(0).stdout, "no apply or rollback on this host yet\n");
    host.twtune("rollback --root [ROOT]/image --yes").exits(0);
    assert_eq!(host.sh("ls \"image$PWD\"/outside/sysctl.d"), "");
}
