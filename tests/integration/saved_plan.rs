//! Plans that are saved and applied later: bound to where and when they were drawn up.

use crate::cli_check::rule;
use crate::host::Host;
use crate::schema::list;

const FIN: &str = "net.ipv4.tcp_fin_timeout";
const RETRIES: &str = "net.ipv4.tcp_retries2";

/// A host with a saved plan of two changes.
fn saved() -> Option<Host> {
    let host = Host::start()?;
    let own = host.profile("own", &(rule(FIN, "want = 30") + &rule(RETRIES, "want = 8")));
    host.twtune(&format!("plan {own} -o [ROOT]/plan.json")).exits(0).says("apply --plan");
    assert_eq!(host.value(FIN), "60", "a plan writes nothing");
    Some(host)
}

#[test]
fn a_saved_plan_is_applied_without_asking_and_undone() {
    let Some(host) = saved() else { return };
    host.twtune("apply --plan [ROOT]/plan.json").exits(0);
    assert_eq!((host.value(FIN), host.value(RETRIES)), ("30".into(), "8".into()));
    host.twtune("apply --plan [ROOT]/plan.json").exits(3).says("stale");
    host.twtune("rollback --yes").exits(0);
    assert_eq!((host.value(FIN), host.value(RETRIES)), ("60".into(), "15".into()));
    // What it was drawn up for is there again.
    host.twtune("apply --plan [ROOT]/plan.json --format json").exits(0).says("\"applied\"");
}

#[test]
fn a_stale_plan_is_refused_and_names_all_that_changed() {
    let Some(host) = saved() else { return };
    host.set(FIN, "50");
    host.set(RETRIES, "9");
    let run = host.twtune("apply --plan [ROOT]/plan.json").exits(3);
    for told in [FIN, "`60`", "`50`", RETRIES, "`15`", "`9`"] {
        assert!(run.stderr.contains(told), "{told}: {run:#?}");
    }
    assert_eq!((host.value(FIN), host.value(RETRIES)), ("50".into(), "9".into()));
    assert!(host.twtune("history").exits(0).stdout.contains("no apply"));
}

#[test]
fn it_takes_no_planning_options() {
    let Some(host) = saved() else { return };
    for option in [
        "general",
        "--skip tcp_fin_timeout",
        "--level all",
        "--target live",
        "--netns x",
        "--pid 1",
        "--dry-run",
    ] {
        host.twtune(&format!("apply --plan [ROOT]/plan.json {option}")).exits(2);
    }
    assert_eq!(host.value(FIN), "60");
}

#[test]
fn a_plan_from_elsewhere_is_refused() {
    let Some(host) = saved() else { return };
    host.sh("mkdir -p /run/netns; ip netns add blue");
    let text = host.sh("cat plan.json");
    let own = host.profile("own", &rule(FIN, "want = 30"));
    host.twtune(&format!("plan {own} --netns blue -o [ROOT]/blue.json")).exits(0);
    host.twtune("apply --plan [ROOT]/blue.json").exits(0);
    assert_eq!(host.value(FIN), "60", "only the other namespace is changed");
    assert_eq!(host.sh("ip netns exec blue cat /proc/sys/net/ipv4/tcp_fin_timeout").trim(), "30");
    // Inode numbers and names are used again; the cookie is not.
    host.sh("ip netns exec blue sh -c 'echo 60 >/proc/sys/net/ipv4/tcp_fin_timeout'");
    host.sh("ip netns del blue; ip netns add blue");
    host.twtune("apply --plan [ROOT]/blue.json").exits(3).says("namespace");
    for (field, told) in [("machine_id", "machine"), ("boot_id", "reboot")] {
        let at = text.find(&format!("\"{field}\": \"")).expect("the field") + field.len() + 5;
        let mut other = text.clone().into_bytes();
        other[at] = if other[at] == b'0' { b'1' } else { b'0' };
        host.file("other.json", resealed(&String::from_utf8(other).expect("UTF-8")));
        host.twtune("apply --plan [ROOT]/other.json").exits(3).says(told);
    }
    assert_eq!(host.value(FIN), "60");
}

/// The text with the checksum that fits it.
fn resealed(text: &str) -> String {
    let at = text.find("\"checksum\": \"").expect("a checksum") + 13;
    let end = at + text[at..].find('"').expect("its end");
    let empty = format!("{}{}", &text[..at], &text[end..]);
    format!("{}{}{}", &text[..at], twtune::plan::checksum(&empty), &text[end..])
}

#[test]
fn what_is_no_saved_plan_is_refused() {
    let Some(host) = saved() else { return };
    let text = host.sh("cat plan.json");
    let refused = |name: &str, content: &str, told: &str| {
        host.file(name, content);
        host.twtune(&format!("apply --plan [ROOT]/{name}")).exits(3).says(name).says(told);
    };
    refused("edited.json", &text.replace("\"30\"", "\"31\""), "checksum");
    refused("cut.json", &text[..text.len() / 2], "damaged");
    refused("empty.json", "", "damaged");
    refused("deep.json", &"[".repeat(200_000), "damaged");
    refused("record.json", "{\"schema\": \"twtune.rollback/1\"}", "format");
    refused("newer.json", &text.replace("saved-plan/1", "saved-plan/2"), "format");
    refused("unknown.json", &resealed(&text.replace(FIN, "net.ipv4.tcp_fin_timeour")), "does not know");
    refused("path.json", &resealed(&text.replace(FIN, "net.ipv4...tcp_fin_timeout")), "does not know");
    refused("range.json", &resealed(&text.replace("\"8\"", "\"256\"")), "outside");
    refused("boot.json", &resealed(&text.replace("\"live\"", "\"boot\"")), "boot");
    host.sh("mkfifo fifo.json; mkdir folder.json");
    host.twtune("apply --plan [ROOT]/fifo.json").exits(3);
    host.twtune("apply --plan [ROOT]/folder.json").exits(3);
    host.twtune("apply --plan [ROOT]/none.json").exits(3);
    assert_eq!(host.value(FIN), "60");
}

#[test]
fn a_plan_is_saved_as_a_file_of_its_own() {
    let Some(host) = saved() else { return };
    host.sh("echo precious >precious; ln -s precious link; mkfifo fifo");
    for name in ["link", "fifo", ".", "no/such/folder", "precious/file"] {
        host.twtune(&format!("plan general -o [ROOT]/{name}")).exits(4);
        // The plan that cannot be saved is not told: what there is on standard output is one object.
        let run = host.twtune(&format!("plan general --format json -o [ROOT]/{name}")).exits(4);
        assert_eq!(run.report("error")["exit_code"], 4, "{name}");
    }
    assert_eq!(host.sh("cat precious"), "precious\n");
    // One in which something is refused is told, and not saved.
    let refused = host.profile("refused", &rule("net.ipv4.tcp_tw_recycle", "absent = true"));
    host.sh("echo 'net.ipv4.tcp_tw_recycle = 1' >/etc/sysctl.d/zz.conf");
    let line = format!("plan {refused} --target both --format json -o [ROOT]/refused.json");
    let run = host.twtune(&line).exits(3).says("no plan was saved");
    assert_eq!(list(&run.report("plan")["refused"]).len(), 1);
    host.sh("rm /etc/sysctl.d/zz.conf; ! [ -e refused.json ]");
    assert_eq!(host.sh("stat -c %a plan.json").trim(), "600");
    // Again, over the old one.
    let own = host.profile("own", &rule(FIN, "want = 31"));
    host.twtune(&format!("plan {own} -o [ROOT]/plan.json")).exits(0);
    host.twtune("apply --plan [ROOT]/plan.json").exits(0);
    assert_eq!(host.value(FIN), "31");
    assert_eq!(host.sh("ls -A | grep -c '^\\.plan' || true").trim(), "0", "nothing is left beside it");
}
