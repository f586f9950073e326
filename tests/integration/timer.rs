//! Applies on probation where systemd is the manager: a real one, PID 1 of namespaces of its own inside the sandbox,
//! with none of the machine's units.

use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use crate::cli_check::rule;
use crate::host::Background;
use crate::host::Host;
use crate::sandbox;

const FIN: &str = "net.ipv4.tcp_fin_timeout";
const SYSTEMD: &str = "/lib/systemd/systemd";

/// Starts systemd and says `ready` when it answers. It gets a process, cgroup and mount namespace; its fresh /proc
/// is made read-only but for net before anything else is done there, as the sandbox's is.
const BOOT: &str = r#"
mkdir -p /run/cgroup /run/units
mount -t cgroup2 cgroup2 /run/cgroup
group=/run/cgroup/twtune-test-$$
mkdir "$group"
echo "$group" >/run/group
echo $$ >"$group/cgroup.procs"
rm /etc/machine-id
echo 0123456789abcdef0123456789abcdef >/etc/machine-id
for unit in sysinit basic shutdown timers; do
  printf '[Unit]\nDescription=%s\nDefaultDependencies=no\n' $unit >/run/units/$unit.target
done
cat >/run/boot <<'END'
set -eu
mount -t proc proc /proc
mount --bind /proc/sys /proc/sys
mount --bind /proc/sys/net /proc/sys/net
mount -o remount,bind,ro /proc/sys
if (: >>/proc/sys/vm/swappiness) 2>/dev/null; then exit 99; fi
mount -t cgroup2 cgroup2 /sys/fs/cgroup
exec env -i container=test PATH="$PATH" SYSTEMD_UNIT_PATH=/run/units \
  /lib/systemd/systemd --system --unit=basic.target --log-target=null --show-status=0
END
unshare --pid --fork --kill-child --cgroup --ipc --uts --mount bash /run/boot </dev/null >/run/boot.log 2>&1 &
for _ in $(seq 100); do
  first=$(cat /proc/$!/task/$!/children)
  if [ -n "$first" ] && nsenter --target $first --pid --mount --cgroup systemctl is-system-running >/dev/null 2>&1; then
    echo ${first% } >/run/first
    echo ready
    break
  fi
  sleep 0.1
done
exec sleep infinity
"#;

/// A machine that systemd manages.
struct Managed {
    host: Host,
    systemd: Option<Background>,
}

impl Drop for Managed {
    fn drop(&mut self) {
        self.systemd.take();
        // Cgroups outlive the sandbox, but for those that nothing is left in.
        self.host.sh("for _ in $(seq 50); do
               find $(cat /run/group) -depth -type d -exec rmdir {} + 2>/dev/null && break
               sleep 0.1
             done");
    }
}

impl Managed {
    /// None where this machine cannot, which has then been said.
    fn start() -> Option<Self> {
        if !Path::new(SYSTEMD).is_file() || !sandbox::has("systemd-run", "systemd") {
            sandbox::lacking("needs systemd (Debian: apt-get install systemd)");
            return None;
        }
        if !sandbox::is_root() {
            sandbox::lacking("a systemd of its own needs a cgroup: run the tests as root");
            return None;
        }
        let host = Host::start()?;
        host.profile("own", &rule(FIN, "want = 30"));
        let systemd = host.background(BOOT);
        Some(Self { host, systemd: Some(systemd) })
    }

    /// Runs a shell script where systemd's own services run.
    fn sh(&self, script: &str) -> String {
        self.host.file("script", script);
        self.host.sh("nsenter --target $(cat /run/first) --pid --mount --cgroup --wd=\"$PWD\" bash -euo pipefail ./script")
    }

    fn apply(&self, arguments: &str) {
        let said = self.sh(&format!("\"$TWTUNE\" apply ./own.toml --yes {arguments}"));
        assert!(said.contains("confirm"), "{said}");
        assert_eq!(self.host.value(FIN), "30");
    }

    /// The timers of twtune's.
    fn timers(&self) -> String {
        self.sh("systemctl list-units --all --plain --no-legend 'twtune-*.timer' | cut -d ' ' -f 1")
    }

    /// The watchers in processes of their own.
    fn watchers(&self) -> String {
        self.sh("pgrep -f '^twtune watch' || true")
    }

    fn wait_until(&self, what: &str, is_so: impl Fn() -> bool) {
        let start = Instant::now();
        while !is_so() {
            assert!(
                start.elapsed() < Duration::from_secs(30),
                "{what}: {}",
                self.sh("systemctl list-timers --all")
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

#[test]
fn a_timer_of_systemd_undoes_it() {
    let Some(machine) = Managed::start() else { return };
    // A path that systemd would take for a variable, with a space in it.
    for state in ["/var/lib/twtune", "/var/lib/a $HOME b"] {
        machine.apply(&format!("--confirm-within 2s --state-dir '{state}'"));
        assert_eq!(machine.timers().lines().count(), 1, "{}", machine.timers());
        assert_eq!(machine.watchers(), "", "no process has to live on");
        machine.wait_until("it is undone", || machine.host.value(FIN) == "60");
        machine.wait_until("nothing is left of it", || machine.timers().is_empty());
        let history = machine.sh(&format!("\"$TWTUNE\" history --state-dir '{state}'"));
        assert!(history.contains("rolled-back"), "{history}");
    }
}

#[test]
fn a_timer_goes_when_the_matter_is_settled() {
    let Some(machine) = Managed::start() else { return };
    machine.apply("--confirm-within 1h");
    // Another history has an apply 1 as well.
    machine.sh("\"$TWTUNE\" apply reverse-proxy --yes --confirm-within 1h --state-dir /var/lib/other");
    assert_eq!(machine.timers().lines().count(), 2, "{}", machine.timers());
    machine.sh("\"$TWTUNE\" confirm");
    assert_eq!(machine.timers().lines().count(), 1, "{}", machine.timers());
    machine.sh("\"$TWTUNE\" rollback --yes --state-dir /var/lib/other");
    assert_eq!(machine.timers(), "");
    assert_eq!(machine.host.value(FIN), "30");
}

#[test]
fn said_again_a_timer_waits_for_the_rest() {
    let Some(machine) = Managed::start() else { return };
    machine.apply("--confirm-within 1s");
    machine.sh("\"$TWTUNE\" apply ./own.toml --yes --confirm-within 5s");
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(machine.host.value(FIN), "30", "the first time is over, the second is not");
    machine.wait_until("it is undone", || machine.host.value(FIN) == "60");
}

#[test]
fn said_again_with_less_time_it_is_undone_sooner() {
    let Some(machine) = Managed::start() else { return };
    machine.apply("--confirm-within 1h");
    machine.sh("\"$TWTUNE\" apply ./own.toml --yes --confirm-within 2s");
    assert_eq!(machine.timers().lines().count(), 1, "{}", machine.timers());
    assert_eq!(machine.watchers(), "", "no process has to live on");
    machine.wait_until("it is undone", || machine.host.value(FIN) == "60");
}

#[test]
fn where_systemd_sees_something_else_a_process_watches() {
    let Some(machine) = Managed::start() else { return };
    for (what, run) in [
        ("its own network namespace", "ip netns add own; nsenter --net=/run/netns/own ./twtune"),
        ("its own mounts", "unshare --mount ./twtune"),
        ("a program that is no longer there", "exec 3<./twtune; rm ./twtune; /proc/self/fd/3"),
    ] {
        machine.sh(&format!("cp \"$TWTUNE\" ./twtune; {run} apply ./own.toml --yes --confirm-within 2s"));
        assert_eq!(machine.timers(), "", "{what}");
        assert_ne!(machine.watchers(), "", "{what}");
        machine.wait_until("nobody watches any more", || machine.watchers().is_empty());
        assert_eq!(machine.host.value(FIN), "60", "{what}");
    }
}
