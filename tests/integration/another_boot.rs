//! Records that outlive the boot in which they were written, and machines that cannot tell who they are.

use crate::cli_check::rule;
use crate::host::Host;
use crate::sandbox;

const FIN: &str = "net.ipv4.tcp_fin_timeout";
const OTHER: &str = "/etc/sysctl.d/zz-other.conf";

/// A host whose files are read at boot, one of them with a line of somebody else's.
fn host() -> Option<Host> {
    let host = Host::start()?;
    host.sh(&format!("mkdir -p /run/systemd/system; printf '{FIN} = 77\\nvm.swappiness = 3\\n' >{OTHER}"));
    host.set(FIN, "77");
    host.profile("thirty", &rule(FIN, "want = 30"));
    Some(host)
}

/// Another boot, which has set this value.
fn reboot(host: &Host, value: &str) {
    host.sh(
        "cat /proc/sys/kernel/random/uuid >another; mount --bind another /proc/sys/kernel/random/boot_id",
    );
    host.set(FIN, value);
}

fn files(host: &Host) -> String {
    host.sh("cd /etc/sysctl.d; for file in *; do stat -c '%n %a %Y' $file; cat $file; done")
}

const APPLY: &str = "apply [ROOT]/thirty.toml --target both --take-over --yes";

#[test]
fn files_are_rolled_back_in_another_boot_and_the_value_that_it_set_with_them() {
    let Some(host) = host() else { return };
    let before = files(&host);
    host.twtune(APPLY).exits(0);
    reboot(&host, "30");
    host.twtune("check [ROOT]/thirty.toml --target both").exits(0);
    let history = host.twtune("history --format json").exits(0).report("history");
    assert_eq!(history["entries"][0]["in_force"], true, "{history:#}");
    host.twtune("rollback --yes").exits(0);
    assert_eq!((files(&host), host.value(FIN)), (before, "77".into()));
    host.twtune("rollback --yes").exits(0).says("nothing");
}

#[test]
fn a_value_that_the_boot_did_not_set_is_left_when_its_files_are_rolled_back() {
    let Some(host) = host() else { return };
    let before = files(&host);
    host.twtune(APPLY).exits(0);
    reboot(&host, "45");
    host.twtune("rollback --yes").exits(0).says("the machine was rebooted since");
    assert_eq!((files(&host), host.value(FIN)), (before, "45".into()));
}

#[test]
fn an_apply_killed_between_its_files_is_settled_in_another_boot() {
    let Some(host) = host() else { return };
    if !sandbox::has("strace", "strace") {
        return;
    }
    let before = files(&host);
    // The record's own rename is the first.
    for rename in [2, 3] {
        host.sh(&format!(
            "! strace -o /dev/null -e inject=renameat:signal=SIGKILL:when={rename} \"$TWTUNE\" {}",
            APPLY.replace("[ROOT]", ".")
        ));
        reboot(&host, "77");
        host.twtune(APPLY).exits(3).says("was interrupted");
        host.twtune("check [ROOT]/thirty.toml").exits(1).says("was interrupted");
        host.twtune("rollback --yes").exits(0);
        assert_eq!((files(&host), host.value(FIN)), (before.clone(), "77".into()), "{rename}");
    }
}

#[test]
fn a_confirmation_killed_between_its_files_is_undone_by_the_next_command_of_another_boot() {
    let Some(host) = host() else { return };
    if !sandbox::has("strace", "strace") {
        return;
    }
    let before = files(&host);
    for (rename, value) in [(1, "77"), (2, "60"), (3, "30")] {
        host.twtune(&format!("{APPLY} --confirm-within 1h")).exits(0);
        host.sh(&format!(
            "! strace -o /dev/null -e inject=renameat:signal=SIGKILL:when={rename} \"$TWTUNE\" confirm"
        ));
        reboot(&host, value);
        host.twtune("history").exits(0).says("not confirmed in time");
        assert_eq!(files(&host), before, "{rename}");
        host.twtune("confirm").exits(3);
        let history = host.twtune("history --format json").exits(0).stdout;
        assert!(!history.contains("\"interrupted\"") && !history.contains("\"pending\""), "{history}");
        host.set(FIN, "77");
    }
}

#[test]
fn a_probation_ends_with_its_boot() {
    let Some(host) = host() else { return };
    host.twtune("apply [ROOT]/thirty.toml --target live --yes --confirm-within 1h").exits(0);
    reboot(&host, "77");
    let start = std::time::Instant::now();
    host.twtune("confirm").exits(3).says("no apply waits");
    assert!(start.elapsed().as_secs() < 30, "nobody waits for a clock that began anew");
    assert_eq!(host.sh("ls /var/lib/twtune | grep due || true"), "");
    let history = host.twtune("history --format json").exits(0).report("history");
    assert_eq!((&history["entries"][0]["outcome"], host.value(FIN)), (&"undone".into(), "77".into()));
}

#[test]
fn a_machine_without_an_id_takes_back_what_its_history_tells() {
    let Some(host) = host() else { return };
    let before = files(&host);
    let forget = || host.sh("rm -f /etc/machine-id");
    let remember =
        || host.sh("rm -f /etc/machine-id; echo 0123456789abcdef0123456789abcdef >/etc/machine-id");
    let tell = |known: bool| if known { remember() } else { forget() };
    // Neither then nor now, and both ways round within one boot.
    for (at, (then, now)) in [(false, false), (true, false), (false, true)].into_iter().enumerate() {
        forget();
        tell(then);
        let applied = host.twtune(APPLY).exits(0);
        assert_eq!(applied.stderr.contains("this machine's id cannot be read"), !then, "{applied:#?}");
        forget();
        tell(now);
        host.twtune("rollback --yes").exits(0);
        assert_eq!((files(&host), host.value(FIN)), (before.clone(), "77".into()), "{at}");
    }
    // In another boot the history is still this machine's.
    forget();
    host.twtune(APPLY).exits(0);
    reboot(&host, "30");
    remember();
    host.twtune("rollback --yes").exits(0);
    assert_eq!((files(&host), host.value(FIN)), (before, "77".into()));
    // A file may be from anywhere.
    for (then, now) in [(false, false), (true, false), (false, true)] {
        forget();
        tell(then);
        host.twtune(&format!("{APPLY} --rollback-file /var/lib/copy.json")).exits(0);
        let applied = files(&host);
        host.sh("mv /var/lib/twtune /var/lib/lost");
        forget();
        tell(now);
        reboot(&host, "30");
        host.twtune("rollback /var/lib/copy.json --yes").exits(3).says("cannot be told");
        assert_eq!((files(&host), host.value(FIN)), (applied, "30".into()));
        host.sh("rm -rf /var/lib/twtune /var/lib/copy.json; mv /var/lib/lost /var/lib/twtune");
        host.twtune("rollback --yes").exits(0);
        assert_eq!(host.value(FIN), "77");
    }
}

#[test]
fn where_nobody_can_tell_which_boot_this_is_nothing_is_written() {
    let Some(host) = host() else { return };
    host.twtune(APPLY).exits(0);
    let applied = (files(&host), host.sh("ls -l /var/lib/twtune"));
    host.sh(": >nothing; mount --bind nothing /proc/sys/kernel/random/boot_id");
    host.profile("forty", &rule(FIN, "want = 40"));
    for command in ["apply [ROOT]/forty.toml --yes", "rollback --yes", "history", "confirm"] {
        host.twtune(command).exits(4).says("cannot tell which boot this is");
        assert_eq!((files(&host), host.sh("ls -l /var/lib/twtune")), applied, "{command}");
        assert_eq!(host.value(FIN), "30", "{command}");
    }
    host.twtune("check [ROOT]/thirty.toml").exits(0);
    host.sh("umount /proc/sys/kernel/random/boot_id");
    host.twtune("rollback --yes").exits(0);
    assert_eq!(host.value(FIN), "77");
}
