//! Every network namespace of a machine: found, named, told apart, entered, and held against profiles. The machine
//! has others than those of the test, and they come and go.

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use twtune::facts::Door;
use twtune::observe::namespace;

use crate::cli_check::rule;
use crate::cli_diagnose::diagnose;
use crate::cli_diagnose::finding;
use crate::cli_diagnose::start;
use crate::host::Background;
use crate::host::Host;
use crate::host::within;
use crate::sandbox::Run;
use crate::schema;
use crate::schema::about;
use crate::schema::list;

const FIN: &str = "net.ipv4.tcp_fin_timeout";

/// A process in a network namespace of its own that has this value.
fn resident(host: &Host, value: u32) -> Background {
    host.background(&format!(
        "exec unshare --net bash -c 'echo {value} >/proc/sys/net/ipv4/tcp_fin_timeout; echo ready; exec sleep 1000'"
    ))
}

/// The value in each namespace whose name is one of these, in the order of the report.
fn values(report: &Value, named: impl Fn(&str) -> bool) -> Vec<(String, Option<String>)> {
    let all = list(&report["namespaces"]).iter();
    let named = all.filter(|namespace| named(namespace["name"].as_str().expect("a name")));
    let value = |namespace: &Value| {
        let live = &about(&namespace["findings"], FIN)["live"]["value"];
        (namespace["name"].as_str().expect("a name").to_owned(), live.as_str().map(ToOwned::to_owned))
    };
    named.map(value).collect()
}

fn report(run: &Run) -> Value {
    let report = run.report("check");
    schema::check(&report);
    report
}

#[test]
fn each_namespace_is_held_against_the_profile() {
    let Some(host) = Host::start() else { return };
    host.sh("ip netns add blue; ip netns add empty; ln -s /proc/self/ns/net /run/netns/alias; touch /run/netns/stale
             ip netns exec blue bash -c 'echo 44 >/proc/sys/net/ipv4/tcp_fin_timeout'");
    let in_blue = host.background("exec ip netns exec blue bash -c 'echo ready; exec sleep 1000'");
    let unnamed = resident(&host, 45);
    let other = resident(&host, 46);
    let profile = host.profile("fin", &(rule(FIN, "want = 60") + &rule("fs.file-max", "at_least = 1")));
    let run = host.twtune(&format!("check {profile} --all-netns --format json")).exits(1);
    let found = report(&run);
    let ours = |name: &str| {
        ["blue", "empty", "alias", "stale"].contains(&name)
            || [&unnamed, &other].iter().any(|process| name == format!("sleep (process {})", process.id()))
            || name.contains(&in_blue.id().to_string())
    };
    let mut expected =
        vec![("blue".to_owned(), Some("44".to_owned())), ("empty".to_owned(), Some("60".to_owned()))];
    let mut residents = [(unnamed.id(), "45"), (other.id(), "46")];
    residents.sort_by_key(|(pid, _)| pid.to_string());
    expected.extend(residents.map(|(pid, value)| (format!("sleep (process {pid})"), Some(value.into()))));
    assert_eq!(values(&found, ours), expected, "{found:#}");

    // Ours stands at the top, and nowhere else; the machine's own settings are the host's alone.
    assert_eq!(about(&found["findings"], FIN)["status"], "ok");
    let ids: Vec<&str> = list(&found["namespaces"]).iter().filter_map(|one| one["id"].as_str()).collect();
    let mut different = ids.clone();
    different.push(found["host"]["netns"].as_str().expect("an id"));
    different.sort_unstable();
    different.dedup();
    assert_eq!(different.len(), ids.len() + 1, "each id is one namespace's: {ids:?}");
    for namespace in list(&found["namespaces"]) {
        let status = &about(&namespace["findings"], "fs.file-max")["status"];
        let name = namespace["name"].as_str().expect("a name");
        assert_eq!(status == "not-applicable", name != "host", "{namespace:#}");
    }
    let blue = list(&found["namespaces"]).iter().find(|one| one["name"] == "blue").expect("blue");
    let by_name = host.twtune(&format!("check {profile} --netns blue --format json")).report("check");
    assert_eq!(blue["id"], by_name["host"]["netns"], "the id is the cookie");
    assert_eq!(blue["processes"], 1);
    assert_eq!(blue["summary"], by_name["summary"]);

    // Nothing but the option asks for it.
    let without = report(&host.twtune(&format!("check {profile} --format json")).exits(0));
    assert_eq!(list(&without["namespaces"]).len(), 0);
}

#[test]
fn people_are_told_once_what_holds_for_several() {
    let Some(host) = Host::start() else { return };
    host.sh("for i in $(seq 12); do ip netns add same$i; ip netns exec same$i bash -c 'echo 47 >/proc/sys/net/ipv4/tcp_fin_timeout'; done");
    host.sh("touch $'/run/netns/\\e[31mred'; mount --bind /run/netns/same1 $'/run/netns/\\e[31mred'");
    let odd = resident(&host, 48);
    let profile = host.profile("fin", &rule(FIN, "want = 60"));
    let run = host.twtune(&format!("check {profile} --all-netns")).exits(1);
    assert!(run.stdout.contains("in 12 network namespaces ("), "{run:#?}");
    assert!(run.stdout.contains(" and 2 more):\n"), "{run:#?}");
    assert_eq!(run.stdout.matches("wanted 60, live 47").count(), 1, "{run:#?}");
    assert!(
        run.stdout.contains(&format!("in the network namespace sleep (process {}):", odd.id())),
        "{run:#?}"
    );
    assert_eq!(run.stdout.matches("wanted 60, live 48").count(), 1, "{run:#?}");
    assert!(!run.stdout.contains('\u{1b}'), "names are escaped: {run:#?}");
}

#[test]
fn another_users_namespace_is_told_of_and_ones_own_container_is_entered() {
    let Some(mut host) = Host::start() else { return };
    host.share_program();
    let foreign = resident(&host, 49);
    host.sh("ip netns add blue");
    let profile = host.profile("fin", &rule(FIN, "want = 60"));
    let line = format!("check {profile} --all-netns --format json --state-dir [ROOT]/state");
    let Some(run) = host.twtune_as_nobody(&line) else { return };
    let found = report(&run.exits(1));
    for name in [format!("sleep (process {})", foreign.id()), "blue".into()] {
        let namespace = list(&found["namespaces"])
            .iter()
            .find(|one| one["name"] == name)
            .unwrap_or_else(|| panic!("{name}: {found:#}"));
        let finding = about(&namespace["findings"], FIN);
        assert_eq!(finding["status"], "unreadable", "{finding:#}");
        assert!(finding["reason"].as_str().is_some_and(|why| why.contains("root may")), "{finding:#}");
    }
    // What keeps all settings from us is said once for all of them.
    let told = host.twtune_as_nobody("check general --all-netns --state-dir [ROOT]/state").expect("nobody");
    let told = told.exits(1).says("\nunreadable  it belongs to another user (root may look into it)\n");
    assert_eq!(told.stdout.matches("belongs to another user").count(), 1, "{told:#?}");
    // Ours is ours although its processes are root's.
    let residents = host.sh("own=$(readlink /proc/self/ns/net)
        for p in /proc/[0-9]*; do [ \"$(readlink $p/ns/net)\" != $own ] || echo \"(process ${p#/proc/})\"; done");
    assert!(residents.lines().count() > 1, "{residents}");
    let ours = |name: &str| residents.lines().any(|resident| name.ends_with(resident));
    assert_eq!(values(&found, ours), [], "{found:#}");

    let rootless = host.background(
        "exec setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all \
         unshare --user --map-root-user --net bash -c 'echo 50 >/proc/sys/net/ipv4/tcp_fin_timeout; echo ready; exec sleep 1000'",
    );
    let run = host.twtune_as_nobody(&line).expect("this worked above").exits(1);
    let name = format!("sleep (process {})", rootless.id());
    let found = report(&run);
    assert_eq!(values(&found, |one| one == name), [(name, Some("50".into()))], "{found:#}");
}

#[test]
fn namespaces_that_come_and_go_are_no_error() {
    let Some(host) = Host::start() else { return };
    let _churn = host.background(
        "echo ready; for i in $(seq 100000); do unshare --net true; ip netns add n$((i % 7)); ip netns delete n$((i % 7)); done",
    );
    let profile = host.profile("fin", &rule(FIN, "between = [0, 1000]"));
    for _ in 0..20 {
        let run =
            within(&host, Duration::from_secs(20), &format!("check {profile} --all-netns --format json"));
        assert!(matches!(run.code, Some(0 | 1)), "{run:#?}");
        report(&run);
    }
    for options in ["", "--for 1s"] {
        for _ in 0..5 {
            let line = format!("diagnose --all-netns --format json {options}");
            schema::diagnose(&within(&host, Duration::from_secs(20), &line).exits(0).report("diagnose"));
        }
    }
}

#[test]
fn all_namespaces_and_one_of_them_exclude_each_other() {
    let Some(host) = Host::start() else { return };
    for line in
        ["check --all-netns --netns x", "check --all-netns --pid 1", "plan --all-netns", "apply --all-netns"]
    {
        host.twtune(line).exits(2);
    }
}

#[test]
fn namespaces_are_found_with_their_doors() {
    let Some(host) = Host::start() else { return };
    let process = resident(&host, 51);
    let all = namespace::others().expect("/proc is there");
    let found = all
        .iter()
        .find(|one| one.process.as_ref().is_some_and(|first| first.pid == process.id()))
        .unwrap_or_else(|| panic!("{all:#?}"));
    assert_eq!(found.door, Some(Door::Process(process.id())));
    assert_eq!((found.processes, found.inode.is_some()), (1, true));
    let own = std::fs::read_link("/proc/self/ns/net").expect("a link");
    assert!(
        all.iter()
            .all(|one| one.inode.map(|inode| PathBuf::from(format!("net:[{inode}]"))) != Some(own.clone()))
    );
}

#[test]
fn which_sockets_a_namespace_has_none_of_is_recognized() {
    let Some(host) = Host::start() else { return };
    let net = |process: &Background| format!("/proc/{}/net", process.id());
    let sockets =
        |folder: &str| namespace::sockets_in_use(Path::new(folder)).map(|used| (used.tcp, used.udp));
    let empty = resident(&host, 52);
    assert_eq!(sockets(&net(&empty)), Some((false, false)));
    let python = |script: &str| {
        let script = host.file(
            "script.py",
            format!("import socket, sys, time\n{script}\nprint('ready', flush=True)\ntime.sleep(1000)\n"),
        );
        host.background(&format!(
            "exec unshare --net bash -c 'ip link set lo up; exec python3 {}'",
            script.display()
        ))
    };
    let v4 = python("s = socket.create_server(('127.0.0.1', 8000))");
    assert_eq!(sockets(&net(&v4)), Some((true, false)));
    let v6 = python("s = socket.create_server(('::1', 8000), family=socket.AF_INET6)");
    assert_eq!(sockets(&net(&v6)), Some((true, false)));
    let time_wait = python(
        "s = socket.create_server(('::1', 8000), family=socket.AF_INET6)
c = socket.create_connection(('::1', 8000)); a = s.accept()[0]; s.close(); c.close(); a.close(); time.sleep(0.1)",
    );
    assert_eq!(sockets(&net(&time_wait)), Some((true, false)), "TIME_WAIT alone counts");
    let udp = python("s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('127.0.0.1', 8000))");
    assert_eq!(sockets(&net(&udp)), Some((false, true)));
    let udp = python("s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); s.bind(('::1', 8000))");
    assert_eq!(sockets(&net(&udp)), Some((false, true)));
    assert_eq!(sockets("/proc/4194999/net"), None);
}

fn diagnosed<'a>(report: &'a Value, name: &str) -> &'a Value {
    let found = list(&report["namespaces"]).iter().find(|namespace| namespace["name"] == name);
    found.unwrap_or_else(|| panic!("{name}: {report:#}"))
}

#[test]
fn diagnose_looks_into_each_namespace() {
    let Some(mut host) = start() else { return };
    host.share_program();
    let leaking = leaking(&host, "unshare --net");
    let name = format!("python3 (process {})", leaking.id());
    host.sh("ip netns add void1; ip netns add void2; ip netns add blue
        ip netns exec blue sh -c 'ip link set lo up; echo 20000 20099 >/proc/sys/net/ipv4/ip_local_port_range
            echo 0 >/proc/sys/net/ipv4/tcp_tw_reuse; python3 load.py fill 127.0.0.1:80 100'");
    for options in ["--all-netns", "--all-netns --for 1s"] {
        let report = diagnose(&host, options);
        let found = diagnosed(&report, &name);
        assert_eq!(found["sockets"]["close-wait"], 2, "{found:#}");
        assert_eq!(found["sockets"]["listen"], 1, "{found:#}");
        let owners = list(&found["owners"]);
        assert_eq!(
            (owners.len(), owners[0]["pid"].as_u64()),
            (1, Some(u64::from(leaking.id()))),
            "{found:#}"
        );
        assert_eq!(diagnosed(&report, "void1")["sockets"], serde_json::json!({}));
        assert_ne!(diagnosed(&report, "void1")["id"], diagnosed(&report, "void2")["id"]);
        assert_eq!(diagnosed(&report, "blue")["sockets"], serde_json::json!({"time-wait": 100}));
        assert_eq!(finding(diagnosed(&report, "blue"), "time-wait-exhausts-ports")["severity"], "error");
        // The same by its name.
        let alone = diagnose(&host, "--netns blue");
        assert_eq!(alone["namespaces"][0]["id"], diagnosed(&report, "blue")["id"]);
        let own = &list(&report["namespaces"])[0];
        assert_eq!(own["id"], report["host"]["netns"], "ours comes first");
        assert_eq!(own["name"], "own");
        assert_eq!(own["sockets"], serde_json::json!({}));
        assert_eq!(list(&own["owners"]).len(), 0, "who holds sockets elsewhere holds none here: {own:#}");
    }
    let human = host.twtune("diagnose --all-netns --exit-code").exits(1).says("blue").says(&name);
    assert!(human.stdout.contains("no TCP sockets in "), "{human:#?}");
    for line in ["diagnose --all-netns --netns void1", "diagnose --all-netns --pid 1"] {
        host.twtune(line).exits(2);
    }
    host.twtune("diagnose --netns nowhere").exits(3);

    // Another user sees what /proc shows to everybody, and is told of the rest.
    let Some(run) = host.twtune_as_nobody("diagnose --all-netns --format json") else { return };
    let report = run.exits(0).report("diagnose");
    schema::diagnose(&report);
    let found = diagnosed(&report, &name);
    assert_eq!(found["sockets"]["close-wait"], 2, "{found:#}");
    assert_eq!(found["partial"], true);
    assert!(found["not_seen"].to_string().contains("root may"), "{found:#}");
}

#[test]
fn diagnose_enters_ones_own_container() {
    let Some(mut host) = start() else { return };
    host.share_program();
    let rootless = leaking(
        &host,
        "setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all \
         unshare --user --map-root-user --net",
    );
    let Some(run) = host.twtune_as_nobody("diagnose --all-netns --format json") else { return };
    let report = run.exits(0).report("diagnose");
    schema::diagnose(&report);
    let name = format!("python3 (process {})", rootless.id());
    let by_root = diagnose(&host, "--all-netns");
    let (found, expected) = (diagnosed(&report, &name), diagnosed(&by_root, &name));
    assert_eq!(found["sockets"]["close-wait"], 2, "{found:#}");
    assert_eq!(found["not_seen"], serde_json::json!([]), "{found:#}");
    // Settings and backlogs included: those of the namespace, whoever looks.
    assert_eq!(found["ports"]["low"], 20000, "{found:#}");
    for part in ["id", "sockets", "ports", "listeners", "destinations", "partial"] {
        assert_eq!(found[part], expected[part], "{part}: {found:#}");
    }
    assert_eq!(found["owners"][0]["pid"], expected["owners"][0]["pid"]);
}

/// A process that listens in a network namespace of its own, which it enters by this command, and has two connections
/// that were left in `CLOSE_WAIT`.
fn leaking(host: &Host, enter: &str) -> Background {
    let script = host.file(
        "leaking.py",
        "import socket, time
s = socket.create_server(('127.0.0.1', 8000))
held = []
for _ in range(2):
    c = socket.create_connection(('127.0.0.1', 8000)); held.append(s.accept()[0]); c.close()
time.sleep(0.1)
print('ready', flush=True)
time.sleep(1000)
",
    );
    host.background(&format!(
        "exec {enter} bash -c 'ip link set lo up; echo 20000 20999 >/proc/sys/net/ipv4/ip_local_port_range
            exec python3 {}'",
        script.display()
    ))
}
