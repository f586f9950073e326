//! Random trees of boot files: everything that a loader may meet, more often than on any machine.

use crate::boot::loaders::CREDENTIALS;
use crate::boot::loaders::Node;
use crate::boot::loaders::Tree;

/// Numbers that follow from a seed (`splitmix64`).
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::try_from(self.below(from.len() as u64)).expect("an index")]
    }

    /// True once in so many times.
    fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}

/// Settings of a network namespace, the last four of which touch each other, and numbers that each takes.
pub(super) const NUMBERS: [(&str, u64, u64); 26] = [
    ("net.ipv4.tcp_fin_timeout", 1, 300),
    ("net.ipv4.tcp_keepalive_time", 1, 9000),
    ("net.ipv4.tcp_keepalive_intvl", 1, 300),
    ("net.ipv4.tcp_keepalive_probes", 1, 100),
    ("net.ipv4.tcp_retries2", 8, 100),
    ("net.ipv4.tcp_syn_retries", 1, 100),
    ("net.ipv4.tcp_synack_retries", 1, 100),
    ("net.ipv4.tcp_max_syn_backlog", 100, 9000),
    ("net.ipv4.tcp_max_tw_buckets", 1, 9000),
    ("net.ipv4.tcp_tw_reuse", 0, 3),
    ("net.ipv4.tcp_rfc1337", 0, 2),
    ("net.ipv4.tcp_syncookies", 0, 3),
    ("net.ipv4.tcp_slow_start_after_idle", 0, 2),
    ("net.ipv4.tcp_mtu_probing", 0, 3),
    ("net.ipv4.tcp_fastopen", 0, 4),
    ("net.ipv4.tcp_orphan_retries", 0, 100),
    ("net.core.somaxconn", 1, 9000),
    ("net.ipv4.conf.all.rp_filter", 0, 3),
    ("net.ipv4.conf.default.rp_filter", 0, 3),
    ("net.ipv4.conf.lo.rp_filter", 0, 3),
    ("net.ipv4.conf.eth0/100.rp_filter", 0, 3),
    ("net.ipv4.conf.eth0/100.accept_redirects", 0, 2),
    ("net.ipv4.ip_forward", 0, 2),
    ("net.ipv4.conf.all.forwarding", 0, 2),
    ("net.ipv4.conf.lo.forwarding", 0, 2),
    ("net.ipv4.conf.all.accept_redirects", 0, 2),
];

/// Settings that only patterns reach.
pub(super) const BYSTANDERS: [&str; 2] = ["net.ipv4.tcp_retries1", "net.ipv4.conf.v1.rp_filter"];

/// Settings whose values are no single numbers.
pub(super) const OTHERS: [(&str, &[&str]); 4] = [
    ("net.ipv4.tcp_rmem", &["5000 6000 7000", "5000\t6000 7000 8000", "5001", "5001 6001 # c", "5000,6000"]),
    ("net.ipv4.tcp_wmem", &["5000 6000 7000", "4097 # x", "4098 20000", "a 1 2"]),
    (
        "net.ipv4.ip_local_port_range",
        &["20000 30000", "20001 # c", "20002 30002 # c", "60000 20000", "33000"],
    ),
    ("net.ipv4.ip_local_reserved_ports", &["80", "80,90-95", "80 # c", "80, 90", "", "0x50"]),
];

const PATTERNS: [&str; 20] = [
    "net.ipv4.tcp_keepalive_*",
    "net.ipv4.tcp_*retries*",
    "net.ipv4.conf.*.rp_filter",
    "net/ipv4/conf/*/rp_filter",
    "net/ipv4/conf/eth0.*/accept_redirects",
    "net.ipv4.conf.[al]*.rp_filter",
    "net.ipv4.conf.[!ad]*.rp_filter",
    "net.ipv4.conf.eth?/100.rp_filter",
    "net.ipv4.conf.eth0/1[0-9]0.accept_redirects",
    "net.*.tcp_fin_timeout",
    "net.ipv4.tcp_f[[:alpha:]]n_timeout",
    "net.core.somax*",
    "net.ipv4.tcp_tw_reus[",
    "net.nowhere.*",
    "net.ipv4.conf.{l*,v1}.rp_filter",
    "net.ipv4.conf.{lo,v1}.rp_filter",
    "net.ipv4.conf.{eth{0,1}/1*,[!v]o}.rp_filter",
    "net.ipv4.{tcp_fin_time*,tcp_retries1,conf.lo.rp_filter}",
    "net.ipv4.conf.{l*,v1.rp_filter",
    "net.ipv4.conf.*.forwarding",
];

const NAMES: [&str; 22] = [
    "10-a.conf",
    "20-b.conf",
    "50-x.conf",
    "50-x.conf.conf",
    "99-sysctl.conf",
    "99-twtune.conf",
    "99-twtune-b.conf",
    "A.conf",
    "zz-app.conf",
    ".hidden.conf",
    ".conf",
    "a b.conf",
    "é.conf",
    "50-x.conf~",
    "50-x.CONF",
    "README",
    "50-[x].conf",
    "[1-5]0-?.conf",
    "*.conf",
    "zz-*.conf",
    "zz-\\app.conf",
    "{10-a,20-b}.conf",
];

const FOLDERS: [&str; 4] = ["/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d"];

/// The tree of this seed.
pub(super) fn tree(seed: u64) -> Tree {
    let mut dice = Dice::new(seed);
    let mut tree = Tree::new();
    for _ in 0..dice.below(16) {
        let path = format!("{}/{}", dice.pick(&FOLDERS), dice.pick(&NAMES));
        let node = match dice.below(30) {
            0..3 => Node::Link("/dev/null".into()),
            3 => Node::Link("nowhere".into()),
            4..6 => Node::Link("../sysctl.conf".into()),
            6 => Node::Link(format!("{}/{}", dice.pick(&FOLDERS), dice.pick(&NAMES))),
            7 => Node::Folder,
            8 => Node::Text(Vec::new()),
            _ => Node::Text(text(&mut dice)),
        };
        tree.insert(path, node);
    }
    match dice.below(10) {
        0..3 => {}
        3 => drop(tree.insert("/etc/sysctl.conf".into(), Node::Link("sysctl.d/50-x.conf".into()))),
        4 => drop(tree.insert("/etc/sysctl.conf".into(), Node::Folder)),
        _ => drop(tree.insert("/etc/sysctl.conf".into(), Node::Text(text(&mut dice)))),
    }
    if dice.once_in(3) {
        tree.insert("/etc/sysctl.d/99-sysctl.conf".into(), Node::Link("../sysctl.conf".into()));
    }
    if dice.once_in(8) {
        tree.insert(format!("{CREDENTIALS}/sysctl.extra"), Node::Text(text(&mut dice)));
    }
    if dice.once_in(20) {
        // A folder that is another one.
        tree.retain(|path, _| !path.starts_with("/run/sysctl.d"));
        tree.insert("/run/sysctl.d".into(), Node::Link("/usr/local/lib/sysctl.d".into()));
    }
    tree
}

fn text(dice: &mut Dice) -> Vec<u8> {
    let mut text = Vec::new();
    let ending: &[u8] = dice.pick(&[b"\n", b"\n", b"\n", b"\n", b"\r\n", b"\r", b"\n\r"]);
    for _ in 0..dice.below(12) {
        text.extend(line(dice).as_bytes());
        let odd: &[u8] = dice.pick(&[b"\0", b"\n\n", b"\n\0", b"\r", b"\0\n", b""]);
        text.extend(if dice.once_in(25) { odd } else { ending });
    }
    if dice.once_in(3) {
        while text.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r' | 0)) {
            text.pop();
        }
    }
    if dice.once_in(200) {
        text.push(b'\n');
        text.extend(std::iter::repeat_n(b'x', 1 << 20));
        text.extend(b"\nnet.ipv4.tcp_fin_timeout = 77\n");
    }
    text
}

fn line(dice: &mut Dice) -> String {
    let space = |dice: &mut Dice| dice.pick(&["", "", "", " ", "  ", "\t", "\x0b", "\x0c", " \r "]);
    let before = space(dice);
    let (key, value) = assignment(dice);
    match dice.below(36) {
        0 => format!("{before}# {key} = {value}"),
        1 => format!("{before}; {key} = {value}"),
        2 => String::new(),
        3 => before.into(),
        4 => format!("{before}{key}"),
        5..8 => format!("{before}-{key}{}", space(dice)),
        8 => format!("{before}- {key} = {value}"),
        9 => format!("{before}--{key} = {value}"),
        10 => format!("{before}-{key} = {value}"),
        11 => format!("{before}= {value}"),
        12 => format!("{before}{key} ="),
        13 => format!("{before}{key} = = {value}"),
        14 => format!("{before}{key}{}={}{value} # why", space(dice), space(dice)),
        _ => format!("{before}{key}{}={}{value}{}", space(dice), space(dice), space(dice)),
    }
}

fn assignment(dice: &mut Dice) -> (String, String) {
    let (key, low, high) = dice.pick(&NUMBERS);
    let number = low + dice.below(high - low);
    let mut key = key.to_owned();
    let mut value = match dice.below(24) {
        0 => format!("{number} 7"),
        1 => format!("{number}x"),
        2 => format!("0x{number:x}"),
        3 => format!("0{number:o}"),
        4 => dice.pick(&["08", "", "-", "yes", "+1", "1.5", "99999999999", "0x", "1,2"]).into(),
        _ => number.to_string(),
    };
    match dice.below(16) {
        0..3 => {
            dice.pick(&PATTERNS).clone_into(&mut key);
            value = dice.below(3).to_string();
        }
        3..5 => {
            let (other, values) = dice.pick(&OTHERS);
            other.clone_into(&mut key);
            dice.pick(values).clone_into(&mut value);
        }
        5 => {
            dice.pick(&[
                "net.ipv4.tcp_tw_recycle",
                "net.nowhere",
                "vm.swappiness",
                "net",
                "net.ipv4.conf.eth9.rp_filter",
            ])
            .clone_into(&mut key);
        }
        _ => {}
    }
    (spelt(dice, key), value)
}

/// The same key in another spelling, which need not mean the same to both loaders.
fn spelt(dice: &mut Dice, key: String) -> String {
    let slashed = || -> String {
        let swap = |c| match c {
            '.' => '/',
            '/' => '.',
            other => other,
        };
        if key.find(['.', '/']).is_some_and(|at| key[at..].starts_with('.')) {
            key.chars().map(swap).collect()
        } else {
            key.clone()
        }
    };
    match dice.below(40) {
        0..8 => slashed(),
        8 => format!("/{}", slashed()),
        9 => format!(".{key}"),
        10 => key.replacen('.', "..", 1),
        11 => slashed().replacen('/', "/./", 1),
        12 => slashed().replacen("net/", "net/ipv4/../", 1),
        13 => format!("{key}."),
        14 => slashed().replacen('/', "//", 1),
        15 => key.replacen('.', "/", 1),
        16 => format!("/proc/sys/{}", slashed()),
        _ => key,
    }
}
