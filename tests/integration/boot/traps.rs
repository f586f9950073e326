//! The traps of boot files, each as a test of its own on a tree in memory, and all of them once more before the real
//! loaders.

use twtune::facts::BootReading;
use twtune::facts::BootState;
use twtune::facts::BootValue;
use twtune::facts::Loader;
use twtune::facts::boot::BootFile;
use twtune::facts::boot::BootFiles;
use twtune::facts::boot::Content;
use twtune::facts::boot::on_kernel;
use twtune::facts::boot::resolve;
use twtune::setting::Key;
use twtune::setting::Version;
use twtune::setting::catalogue;

/// A tree, and what the loaders make of it.
pub(super) struct Trap {
    pub(super) name: &'static str,
    /// Paths and texts; `-> TARGET` is a link.
    pub(super) files: &'static [(&'static str, &'static str)],
    pub(super) key: &'static str,
    /// Under systemd-sysctl: the value and the line that sets it, or `default`.
    pub(super) systemd: &'static str,
    /// Under procps.
    pub(super) procps: &'static str,
}

/// The tree in memory: a link shows what it leads to.
fn in_memory(trap: &Trap) -> BootFiles {
    let mut tree = BootFiles::default();
    for (path, text) in trap.files {
        let (content, target) = match text.strip_prefix("-> ") {
            Some("/dev/null") => (Content::Mask, Some("/dev/null")),
            Some(target) => match trap.files.iter().find(|(path, _)| path == &target) {
                Some((_, text)) => (Content::Text(text.as_bytes().into()), Some(target)),
                None => (Content::Nothing("it leads nowhere".into()), None),
            },
            None => (Content::Text(text.as_bytes().into()), None),
        };
        let target = target.map(str::to_owned);
        tree.files.push(BootFile { path: (*path).into(), content, target });
    }
    tree
}

fn told(value: &BootValue) -> String {
    let origin = value.origin.as_ref().map(|origin| format!(" {origin}")).unwrap_or_default();
    match &value.state {
        BootState::Present(value) => format!("{value}{origin}"),
        BootState::Default => "default".into(),
        BootState::Unreadable(why) | BootState::Unknown(why) => why.clone(),
    }
}

fn reading(tree: &BootFiles, key: &str) -> BootReading {
    let key = Key::parse(key).expect("a key");
    let reading = resolve(tree, [&key]).remove(&key).expect("the key that was asked for");
    on_kernel(reading, catalogue::find(&key).expect("a setting"), Some(Version::new(6, 18)))
}

#[track_caller]
fn springs(trap: &Trap) {
    let reading = reading(&in_memory(trap), trap.key);
    assert_eq!(told(reading.under(Loader::SystemdSysctl)), trap.systemd, "systemd-sysctl, {}", trap.name);
    assert_eq!(told(reading.under(Loader::Procps)), trap.procps, "procps, {}", trap.name);
}

macro_rules! traps {
    ($($name:ident: [$($path:literal = $text:literal),* $(,)?] $key:literal: $systemd:literal, $procps:literal;)*) => {
        pub(super) const ALL: &[Trap] = &[$(Trap {
            name: stringify!($name),
            files: &[$(($path, $text)),*],
            key: $key,
            systemd: $systemd,
            procps: $procps,
        }),*];

        $(#[test]
        fn $name() {
            springs(ALL.iter().find(|trap| trap.name == stringify!($name)).expect("it is listed"));
        })*
    };
}

traps! {
    names_are_sorted_across_folders: [
        "/etc/sysctl.d/10-a.conf" = "net.ipv4.tcp_fin_timeout = 10\n",
        "/usr/lib/sysctl.d/90-b.conf" = "net.ipv4.tcp_fin_timeout = 20\n",
    ] "net.ipv4.tcp_fin_timeout":
        "20 /usr/lib/sysctl.d/90-b.conf:1", "20 /usr/lib/sysctl.d/90-b.conf:1";
    the_first_folder_hides_the_same_name: [
        "/run/sysctl.d/a.conf" = "net.ipv4.tcp_fin_timeout = 10\n",
        "/usr/lib/sysctl.d/a.conf" = "net.ipv4.tcp_fin_timeout = 20\n",
    ] "net.ipv4.tcp_fin_timeout": "10 /run/sysctl.d/a.conf:1", "10 /run/sysctl.d/a.conf:1";
    a_link_to_dev_null_masks: [
        "/etc/sysctl.d/a.conf" = "-> /dev/null",
        "/usr/lib/sysctl.d/a.conf" = "net.ipv4.tcp_fin_timeout = 20\n",
    ] "net.ipv4.tcp_fin_timeout": "default", "default";
    a_link_that_leads_nowhere_masks: [
        "/etc/sysctl.d/a.conf" = "-> /etc/nowhere",
        "/usr/lib/sysctl.d/a.conf" = "net.ipv4.tcp_fin_timeout = 20\n",
    ] "net.ipv4.tcp_fin_timeout": "default", "default";
    a_comment_becomes_part_of_the_value: [
        "/etc/sysctl.d/a.conf" = "net.ipv4.ip_local_reserved_ports = 80 # web\n",
    ] "net.ipv4.ip_local_reserved_ports": "default", "default";
    a_number_survives_its_comment: [
        "/etc/sysctl.d/a.conf" = "net.ipv4.tcp_fin_timeout = 20 # seconds\n",
    ] "net.ipv4.tcp_fin_timeout": "20 /etc/sysctl.d/a.conf:1", "20 /etc/sysctl.d/a.conf:1";
    the_first_separator_decides: [
        "/etc/sysctl.d/a.conf" = "net.ipv4.conf.eth0/100.rp_filter = 1\nnet/ipv4/conf/eth0.100/rp_filter = 2\n",
    ] "net.ipv4.conf.eth0/100.rp_filter": "2 /etc/sysctl.d/a.conf:2", "2 /etc/sysctl.d/a.conf:2";
    an_exact_key_beats_a_later_pattern: [
        "/etc/sysctl.d/a.conf" = "net.ipv4.conf.lo.rp_filter = 1\n",
        "/etc/sysctl.d/b.conf" = "net.ipv4.conf.*.rp_filter = 2\n",
    ] "net.ipv4.conf.lo.rp_filter": "1 /etc/sysctl.d/a.conf:1", "1 /etc/sysctl.d/a.conf:1";
    of_two_patterns_the_later_wins: [
        "/etc/sysctl.d/a.conf" = "net.ipv4.conf.l*.rp_filter = 1\nnet.ipv4.conf.*.rp_filter = 2\n",
    ] "net.ipv4.conf.lo.rp_filter": "2 /etc/sysctl.d/a.conf:2", "2 /etc/sysctl.d/a.conf:2";
    a_repeated_pattern_stays_at_its_place: [
        "/etc/sysctl.d/a.conf" = "net.ipv4.conf.l*.rp_filter = 1\nnet.ipv4.conf.*.rp_filter = 2\n",
        "/etc/sysctl.d/b.conf" = "net.ipv4.conf.l*.rp_filter = 1\n",
    ] "net.ipv4.conf.lo.rp_filter": "2 /etc/sysctl.d/a.conf:2", "1 /etc/sysctl.d/b.conf:1";
    a_changed_pattern_moves_to_the_end: [
        "/etc/sysctl.d/a.conf" = "net.ipv4.conf.l*.rp_filter = 1\nnet.ipv4.conf.*.rp_filter = 2\n",
        "/etc/sysctl.d/b.conf" = "net.ipv4.conf.l*.rp_filter = 0\n",
    ] "net.ipv4.conf.lo.rp_filter": "0 /etc/sysctl.d/b.conf:1", "0 /etc/sysctl.d/b.conf:1";
    sysctl_conf_is_procps_s_alone: [
        "/etc/sysctl.conf" = "net.ipv4.tcp_fin_timeout = 30\n",
        "/etc/sysctl.d/zz.conf" = "net.ipv4.tcp_fin_timeout = 20\n",
    ] "net.ipv4.tcp_fin_timeout": "20 /etc/sysctl.d/zz.conf:1", "30 /etc/sysctl.conf:1";
    a_linked_sysctl_conf_is_read_at_the_link: [
        "/etc/sysctl.conf" = "net.ipv4.tcp_fin_timeout = 30\n",
        "/etc/sysctl.d/99-sysctl.conf" = "-> /etc/sysctl.conf",
        "/etc/sysctl.d/zz-app.conf" = "net.ipv4.tcp_fin_timeout = 20\n",
    ] "net.ipv4.tcp_fin_timeout": "20 /etc/sysctl.d/zz-app.conf:1", "30 /etc/sysctl.conf:1";
    a_credential_comes_last_for_systemd: [
        "/run/credentials/@system/sysctl.extra" = "net.ipv4.tcp_fin_timeout = 30\n",
        "/etc/sysctl.d/zz.conf" = "net.ipv4.tcp_fin_timeout = 20\n",
    ] "net.ipv4.tcp_fin_timeout":
        "30 /run/credentials/@system/sysctl.extra:1", "20 /etc/sysctl.d/zz.conf:1";
    procps_reads_what_begins_with_a_dot: [
        "/etc/sysctl.d/.a.conf" = "net.ipv4.tcp_fin_timeout = 20\n",
    ] "net.ipv4.tcp_fin_timeout": "default", "20 /etc/sysctl.d/.a.conf:1";
    other_names_are_not_read: [
        "/etc/sysctl.d/a.conf~" = "net.ipv4.tcp_fin_timeout = 20\n",
        "/etc/sysctl.d/a.CONF" = "net.ipv4.tcp_fin_timeout = 20\n",
    ] "net.ipv4.tcp_fin_timeout": "default", "default";
    procps_writes_every_value_in_turn: [
        "/etc/sysctl.d/a.conf" = "net.ipv4.tcp_tw_reuse = 1\nnet.ipv4.tcp_tw_reuse = 9\n",
    ] "net.ipv4.tcp_tw_reuse": "default", "1 /etc/sysctl.d/a.conf:1";
    an_exclusion_cancels_an_earlier_value_for_systemd: [
        "/etc/sysctl.d/a.conf" = "net.ipv4.tcp_fin_timeout = 20\n-net.ipv4.tcp_fin_timeout\n",
    ] "net.ipv4.tcp_fin_timeout": "default", "20 /etc/sysctl.d/a.conf:1";
    a_value_behind_an_exclusion_counts_again: [
        "/etc/sysctl.d/a.conf" = "-net.ipv4.tcp_fin_timeout\nnet.ipv4.tcp_fin_timeout = 20\n",
    ] "net.ipv4.tcp_fin_timeout": "20 /etc/sysctl.d/a.conf:2", "20 /etc/sysctl.d/a.conf:2";
    an_exclusion_keeps_patterns_off: [
        "/etc/sysctl.d/a.conf" = "net.ipv4.conf.l*.rp_filter = 2\n-net.ipv4.conf.lo.rp_filter\n",
    ] "net.ipv4.conf.lo.rp_filter": "default", "default";
    brackets_may_end_a_pattern: [
        "/etc/sysctl.d/a.conf" = "net.ipv4.tcp_fin_timeou[!a] = 20\n",
    ] "net.ipv4.tcp_fin_timeout": "20 /etc/sysctl.d/a.conf:1", "20 /etc/sysctl.d/a.conf:1";
    only_systemd_follows_braces_in_keys: [
        "/etc/sysctl.d/a.conf" = "net.ipv4.conf.{l*,v1}.rp_filter = 2\n",
    ] "net.ipv4.conf.lo.rp_filter": "2 /etc/sysctl.d/a.conf:1", "default";
    braces_alone_are_no_pattern: [
        "/etc/sysctl.d/a.conf" = "net.ipv4.conf.{lo,v1}.rp_filter = 2\n",
    ] "net.ipv4.conf.lo.rp_filter": "default", "default";
    procps_takes_a_file_name_for_a_pattern: [
        "/etc/sysctl.d/z[b].conf" = "net.ipv4.tcp_fin_timeout = 20\n",
        "/etc/sysctl.d/zb.conf" = "net.ipv4.tcp_retries2 = 9\n",
    ] "net.ipv4.tcp_fin_timeout": "20 /etc/sysctl.d/z[b].conf:1", "default";
    procps_reads_what_is_masked_by_a_pattern_in_a_file_name: [
        "/etc/sysctl.d/a.conf" = "-> /dev/null",
        "/usr/lib/sysctl.d/a.conf" = "net.ipv4.tcp_fin_timeout = 20\n",
        "/usr/lib/sysctl.d/{a,b}.conf" = "net.ipv4.tcp_retries2 = 9\n",
    ] "net.ipv4.tcp_fin_timeout": "default", "20 /usr/lib/sysctl.d/a.conf:1";
    the_later_of_two_names_of_one_value_wins: [
        "/etc/sysctl.d/a.conf" = "net.ipv4.ip_forward = 0\nnet.ipv4.conf.lo.forwarding = 1\n",
    ] "net.ipv4.conf.lo.forwarding": "1 /etc/sysctl.d/a.conf:2", "1 /etc/sysctl.d/a.conf:2";
    a_pattern_in_an_exclusion_excludes_nothing: [
        "/etc/sysctl.d/a.conf" = "net.ipv4.conf.*.rp_filter = 2\n-net.ipv4.conf.l*.rp_filter\n",
    ] "net.ipv4.conf.lo.rp_filter": "2 /etc/sysctl.d/a.conf:1", "2 /etc/sysctl.d/a.conf:1";
    a_minus_before_an_assignment_sets: [
        "/etc/sysctl.d/a.conf" = "-net.ipv4.tcp_fin_timeout = 20\n",
    ] "net.ipv4.tcp_fin_timeout": "20 /etc/sysctl.d/a.conf:1", "20 /etc/sysctl.d/a.conf:1";
    only_systemd_minds_no_space_behind_the_minus: [
        "/etc/sysctl.d/a.conf" = "- net.ipv4.tcp_fin_timeout = 20\n",
    ] "net.ipv4.tcp_fin_timeout": "20 /etc/sysctl.d/a.conf:1", "default";
    only_procps_minds_no_second_minus: [
        "/etc/sysctl.d/a.conf" = "--net.ipv4.tcp_fin_timeout = 20\n",
    ] "net.ipv4.tcp_fin_timeout": "default", "20 /etc/sysctl.d/a.conf:1";
    lines_of_windows_and_a_last_line_without_its_end: [
        "/etc/sysctl.d/a.conf" = "net.ipv4.tcp_fin_timeout = 10\r\nnet.ipv4.tcp_fin_timeout = 20",
    ] "net.ipv4.tcp_fin_timeout": "20 /etc/sysctl.d/a.conf:2", "20 /etc/sysctl.d/a.conf:2";
    a_carriage_return_alone_ends_a_line_for_systemd: [
        "/etc/sysctl.d/a.conf" = "# old\rnet.ipv4.tcp_fin_timeout = 20\n",
    ] "net.ipv4.tcp_fin_timeout": "20 /etc/sysctl.d/a.conf:1", "default";
    blank_keys_and_values_set_nothing: [
        "/etc/sysctl.d/a.conf" = " = 20\nnet.ipv4.tcp_fin_timeout =\n",
    ] "net.ipv4.tcp_fin_timeout": "default", "default";
    comments_begin_a_line: [
        "/etc/sysctl.d/a.conf" = " # net.ipv4.tcp_fin_timeout = 10\n\t; net.ipv4.tcp_fin_timeout = 20\n",
    ] "net.ipv4.tcp_fin_timeout": "default", "default";
    a_number_that_begins_with_0_is_octal: [
        "/etc/sysctl.d/a.conf" = "net.ipv4.tcp_fin_timeout = 020\n",
    ] "net.ipv4.tcp_fin_timeout": "16 /etc/sysctl.d/a.conf:1", "16 /etc/sysctl.d/a.conf:1";
    one_port_is_the_low_end_of_a_range: [
        "/etc/sysctl.d/a.conf" = "net.ipv4.ip_local_port_range = 20000\n",
    ] "net.ipv4.ip_local_port_range":
        "20000 60999 /etc/sysctl.d/a.conf:1", "20000 60999 /etc/sysctl.d/a.conf:1";
}

#[test]
fn the_kernel_s_command_line_comes_before_all_files() {
    let key = "net.ipv4.tcp_fin_timeout";
    let mut tree = BootFiles {
        command_line: b"quiet sysctl.net.ipv4.tcp_fin_timeout=7 x=\"a b\"".into(),
        ..BootFiles::default()
    };
    let now = reading(&tree, key);
    assert_eq!(
        (told(&now.systemd), told(&now.procps)),
        ("7 /proc/cmdline:1".into(), "7 /proc/cmdline:1".into())
    );
    // A file wins; an exclusion in one takes nothing back that the kernel did.
    tree = tree.with("/etc/sysctl.d/a.conf", "-net.ipv4.tcp_fin_timeout\n");
    assert_eq!(told(&reading(&tree, key).systemd), "7 /proc/cmdline:1");
    tree = tree.with("/etc/sysctl.d/b.conf", "net.ipv4.tcp_fin_timeout = 8\n");
    assert_eq!(told(&reading(&tree, key).systemd), "8 /etc/sysctl.d/b.conf:1");
    // What stands behind `--` is the first program's.
    let tree =
        BootFiles { command_line: b"-- sysctl.net.ipv4.tcp_fin_timeout=7".into(), ..BootFiles::default() };
    assert_eq!(told(&reading(&tree, key).systemd), "default");
}

#[test]
fn a_file_of_the_kernel_s_own_comes_first_on_suse() {
    let key = "net.ipv4.tcp_fin_timeout";
    let tree = BootFiles::default().with("/boot/sysctl.conf-6.18.0", "net.ipv4.tcp_fin_timeout = 7\n");
    assert_eq!(told(&reading(&tree, key).systemd), "7 /boot/sysctl.conf-6.18.0:1");
    assert_eq!(told(&reading(&tree, key).procps), "default");
    let tree = tree.with("/etc/sysctl.d/a.conf", "net.ipv4.tcp_*_timeout = 8\n");
    assert_eq!(told(&reading(&tree, key).systemd), "8 /etc/sysctl.d/a.conf:1");
}

#[test]
fn what_another_setting_changes_as_well_is_not_told() {
    let tree = |text: &str| BootFiles::default().with("/etc/sysctl.d/a.conf", text);
    let besides = |line, key| format!("/etc/sysctl.d/a.conf:{line} sets {key}, which changes it as well");
    let (lo, all) = ("net.ipv4.conf.lo.forwarding", "net.ipv4.conf.all.accept_redirects");
    for loader in Loader::ALL {
        let told = |text: &str, key| told(reading(&tree(text), key).under(loader));
        assert_eq!(told("net.ipv4.ip_forward = 1\n", lo), besides(1, "net.ipv4.ip_forward"));
        assert_eq!(told("net.ipv4.ip_forward = 1\n", all), besides(1, "net.ipv4.ip_forward"));
        // What comes behind it counts, where the kernel takes it; and so does what it leaves as it is.
        let behind = "net.ipv4.ip_forward = 1\nnet.ipv4.conf.lo.forwarding = 0\n";
        assert_eq!(told(behind, lo), "0 /etc/sysctl.d/a.conf:2");
        assert_eq!(told(&behind.replace("0\n", "no\n"), lo), besides(1, "net.ipv4.ip_forward"));
        let before = "net.ipv4.conf.lo.forwarding = 1\nnet.ipv4.ip_forward = 1\n";
        assert_eq!(told(before, lo), "1 /etc/sysctl.d/a.conf:1");
        // Under systemd-sysctl a line that repeats a value stands where that was given first.
        let again =
            "net.ipv4.conf.lo.forwarding = 0\nnet.ipv4.ip_forward = 1\nnet.ipv4.conf.lo.forwarding = 0\n";
        let expected = match loader {
            Loader::SystemdSysctl => besides(2, "net.ipv4.ip_forward"),
            Loader::Procps => "0 /etc/sysctl.d/a.conf:3".into(),
        };
        assert_eq!(told(again, lo), expected);
        // An interface starts with what `default` says.
        let starts = "net.ipv4.conf.default.rp_filter = 2\n";
        let eth0 = "net.ipv4.conf.eth0.rp_filter";
        assert_eq!(told(starts, eth0), besides(1, "net.ipv4.conf.default.rp_filter"));
        assert_eq!(told(starts, "net.ipv4.conf.all.rp_filter"), "default");
        assert_eq!(told(&format!("{eth0} = 1\n{starts}"), eth0), "1 /etc/sysctl.d/a.conf:1");
    }
}

#[test]
fn what_lies_below_run_is_gone_after_a_restart() {
    let key = "net.ipv4.tcp_fin_timeout";
    let mut now = BootFiles::default()
        .with("/run/sysctl.d/50-a.conf", "net.ipv4.tcp_fin_timeout = 7\n")
        .with("/run/sysctl.d/99-b.conf", "net.ipv4.tcp_fin_timeout = 8\n")
        .with("/usr/lib/sysctl.d/50-a.conf", "net.ipv4.tcp_fin_timeout = 9\n")
        .with("/run/credentials/@system/sysctl.extra", "net.ipv4.tcp_sack = 0\n");
    now.unlisted.push("/run/sysctl.d could not be read: permission denied".into());
    let then = now.clone().after_restart();
    now.unlisted.clear();
    for loader in Loader::ALL {
        assert_eq!(told(reading(&now, key).under(loader)), "8 /run/sysctl.d/99-b.conf:1");
        // What was hidden is read again.
        assert_eq!(told(reading(&then, key).under(loader)), "9 /usr/lib/sysctl.d/50-a.conf:1");
    }
    assert_eq!(then.fleeting.len(), 2);
    let passed_on = told(&reading(&then, "net.ipv4.tcp_sack").systemd);
    assert_eq!(passed_on, "0 /run/credentials/@system/sysctl.extra:1");
    // A link into it leads nowhere then, and hides the files of its name all the same.
    let content = Content::Text(b"net.ipv4.tcp_fin_timeout = 7\n".into());
    let target = Some("/run/a.conf".to_owned());
    now.files.push(BootFile { path: "/etc/sysctl.d/50-a.conf".into(), content, target });
    assert_eq!(told(&reading(&now.after_restart(), key).systemd), "default");
}

#[test]
fn what_cannot_be_read_may_set_anything_that_nothing_behind_it_sets() {
    let key = "net.ipv4.tcp_fin_timeout";
    let mut tree = BootFiles::default().with("/etc/sysctl.d/10-a.conf", "net.ipv4.tcp_fin_timeout = 7\n");
    let content = Content::Unreadable("permission denied".into());
    tree.files.push(BootFile { path: "/etc/sysctl.d/50-b.conf".into(), content, target: None });
    let why = "/etc/sysctl.d/50-b.conf could not be read: permission denied";
    assert_eq!(told(&reading(&tree, key).systemd), why);
    assert_eq!(told(&reading(&tree, "net.ipv4.tcp_sack").procps), why);
    let tree = tree.with("/etc/sysctl.d/90-c.conf", "net.ipv4.tcp_fin_timeout = 8\n");
    assert_eq!(told(&reading(&tree, key).systemd), "8 /etc/sysctl.d/90-c.conf:1");
    assert_eq!(told(&reading(&tree, key).procps), "8 /etc/sysctl.d/90-c.conf:1");
    // A pattern would give way to a line that is not seen.
    let tree = tree.with("/etc/sysctl.d/90-c.conf", "net.ipv4.tcp_fin_t* = 8\n");
    assert_eq!(told(&reading(&tree, key).systemd), why);
}

#[test]
fn a_tree_that_is_not_there_yet_can_be_asked() {
    let key = "net.ipv4.tcp_fin_timeout";
    let tree = BootFiles::default()
        .with("/etc/sysctl.d/99-twtune.conf", "net.ipv4.tcp_fin_timeout = 30\n")
        .with("/etc/sysctl.d/99-x.conf", "# theirs\nnet.ipv4.tcp_fin_timeout = 31\n")
        .with("/etc/sysctl.d/zz.conf", "net.ipv4.tcp_fin_timeout = 32\n");
    // Line after line that wins over ours is found and commented out.
    let mut over = Vec::new();
    let mut without = tree.clone();
    while let Some(origin) =
        reading(&without, key).systemd.origin.filter(|o| !o.file.ends_with("twtune.conf"))
    {
        over.push(origin.to_string());
        without = without.without(&origin);
    }
    assert_eq!(over, ["/etc/sysctl.d/zz.conf:1", "/etc/sysctl.d/99-x.conf:2"]);
    assert_eq!(told(&reading(&without, key).systemd), "30 /etc/sysctl.d/99-twtune.conf:1");
    // The tree that was asked is as it was.
    assert_eq!(told(&reading(&tree, key).systemd), "32 /etc/sysctl.d/zz.conf:1");
}
