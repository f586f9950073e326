//! What a write changes besides itself, on the real kernel: writing `ip_forward` overwrites every interface's value.

use crate::cli_check::rule;
use crate::host::Host;

const FORWARD: &str = "net.ipv4.ip_forward";
const DUMMY: &str = "net.ipv4.conf.eth0/100.forwarding";

fn host() -> Option<Host> {
    let host = Host::start()?;
    host.sh("ip link add eth0.100 type veth peer name d1");
    Some(host)
}

#[test]
fn a_value_that_another_write_resets_is_kept() {
    let Some(host) = host() else { return };
    let own = host.profile("own", &(rule(FORWARD, "want = 1") + &rule(DUMMY, "want = 0")));
    let before = host.dump();
    host.twtune(&format!("plan {own}")).exits(0).says("resets it");
    host.twtune(&format!("apply {own} --yes")).exits(0);
    assert_eq!((host.value(FORWARD), host.value(DUMMY)), ("1".into(), "0".into()));
    // A plan of a planned state is empty.
    host.twtune(&format!("check {own}")).exits(0);
    host.twtune("rollback --yes").exits(0);
    assert_eq!(host.dump(), before);
}

#[test]
fn two_names_of_one_value_that_contradict_each_other_are_put_back() {
    let Some(host) = host() else { return };
    let own =
        host.profile("own", &(rule(FORWARD, "want = 1") + &rule("net.ipv4.conf.all.forwarding", "want = 0")));
    let before = host.dump();
    host.twtune(&format!("apply {own} --yes")).exits(5).says("contradict");
    assert_eq!(host.dump(), before);
}

#[test]
fn what_somebody_set_since_besides_is_a_conflict() {
    let Some(host) = host() else { return };
    let own = host.profile("own", &rule(FORWARD, "want = 1"));
    host.set(DUMMY, "1");
    host.twtune(&format!("apply {own} --yes")).exits(0);
    host.set(DUMMY, "0");
    let run = host.twtune("rollback --yes").exits(3);
    assert!(run.stdout.contains(DUMMY), "{run:#?}");
    assert_eq!((host.value(FORWARD), host.value(DUMMY)), ("1".into(), "0".into()));
    host.twtune(&format!("rollback --yes --force {DUMMY}")).exits(0);
    assert_eq!((host.value(FORWARD), host.value(DUMMY)), ("0".into(), "1".into()));
}

#[test]
fn what_a_later_apply_holds_is_not_reset_by_the_rollback_of_an_earlier_one() {
    let Some(host) = host() else { return };
    let first = host.profile("first", &rule(FORWARD, "want = 1"));
    let second = host.profile("second", &rule(DUMMY, "want = 0"));
    let before = host.dump();
    host.twtune(&format!("apply {first} --yes")).exits(0);
    host.twtune(&format!("apply {second} --yes")).exits(0);
    host.twtune("rollback 1 --yes").exits(0);
    assert_eq!((host.value(FORWARD), host.value(DUMMY)), ("0".into(), "0".into()));
    host.twtune("rollback 2 --yes").exits(0);
    assert_eq!(host.dump(), before);
    // And the other way round: what a later write resets is that write's to bring back.
    host.set(DUMMY, "1");
    let before = host.dump();
    host.twtune(&format!("apply {second} --yes")).exits(0);
    host.twtune(&format!("apply {first} --yes")).exits(0);
    let left = host.twtune("rollback 5 --yes").exits(0);
    assert!(left.stdout.contains("a later apply changed it too"), "{left:#?}");
    assert_eq!((host.value(FORWARD), host.value(DUMMY)), ("1".into(), "1".into()));
    host.twtune("rollback 6 --yes").exits(0);
    assert_eq!(host.dump(), before);
}
