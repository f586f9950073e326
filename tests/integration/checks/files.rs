//! What each check of boot files finds, and what it leaves alone, on trees in memory.

use std::collections::HashSet;

use twtune::advise::checks;
use twtune::advise::checks::BootView;
use twtune::advise::checks::Concern;
use twtune::facts::Boot;
use twtune::facts::BootLoader;
use twtune::facts::BootReading;
use twtune::facts::Host;
use twtune::facts::LiveReading;
use twtune::facts::LiveState;
use twtune::facts::Loader;
use twtune::facts::Snapshot;
use twtune::facts::boot::BootFile;
use twtune::facts::boot::BootFiles;
use twtune::facts::boot::Content;
use twtune::facts::boot::Reading;
use twtune::facts::boot::on_kernel;
use twtune::setting::Key;
use twtune::setting::Os;
use twtune::setting::Version;
use twtune::setting::catalogue;

/// A host under test: its files, its loader, its live values, and what it lacks.
#[derive(Default)]
struct Fixture<'a> {
    files: BootFiles,
    loader: Option<Loader>,
    live: &'a [(&'a str, &'a str)],
    missing: &'a [&'a str],
    modules: &'a [&'a str],
}

impl Fixture<'_> {
    fn with(files: &[(&str, &str)]) -> Self {
        let tree = files.iter().fold(BootFiles::default(), |tree, (path, text)| tree.with(path, *text));
        Self { files: tree, loader: Some(Loader::SystemdSysctl), ..Self::default() }
    }

    /// What this check finds, as `subject: name value, ...`.
    fn finds(&self, check: &str) -> Vec<String> {
        let host = Host {
            name: "fixture".into(),
            os: Os::Linux,
            kernel: "6.18.0".into(),
            version: Some(Version::new(6, 18)),
            memory: None,
            processors: None,
            initial: true,
            boot_loader: self.loader.map_or(BootLoader::Unknown, BootLoader::Is),
            identity: None,
        };
        let readings = Loader::ALL.map(|loader| Reading::new(&self.files, loader));
        let (mut boot, mut snapshot) = (Boot::new(), Snapshot::new());
        for (name, value) in self.live {
            let key = Key::parse(name).expect("a key");
            let [systemd, procps] = readings.each_ref().map(|reading| reading.value(&key));
            let setting = catalogue::find(&key).expect("a setting");
            boot.insert(key.clone(), on_kernel(BootReading { systemd, procps }, setting, host.version));
            let state = LiveState::Present((*value).into());
            snapshot.insert(key, LiveReading { state, writable: None, newer_than_boot: false });
        }
        let missing: Vec<String> = self.missing.iter().map(|key| key.replace('.', "/")).collect();
        let missing: HashSet<&[u8]> = missing.iter().map(String::as_bytes).collect();
        let modules: Vec<String> = self.modules.iter().map(|name| (*name).to_owned()).collect();
        let view = BootView {
            files: &self.files,
            readings: &readings,
            boot: &boot,
            host: &host,
            snapshot: &snapshot,
            missing: Some(&missing),
            modules: &modules,
        };
        let found = checks::over_files(&view);
        assert!(found.iter().all(|concern| !concern.advice.is_empty()), "{found:?}");
        found.iter().filter(|concern| concern.check.id == check).map(told).collect()
    }
}

fn told(concern: &Concern) -> String {
    let seen: Vec<String> = concern.evidence.iter().map(|(name, seen)| format!("{name} {seen}")).collect();
    format!("{}: {}", concern.subject, seen.join(", "))
}

const FIN: &str = "net.ipv4.tcp_fin_timeout";

#[test]
fn shadowed_setting() {
    let found = Fixture::with(&[
        ("/etc/sysctl.d/50-a.conf", "net.ipv4.tcp_fin_timeout = 30\n"),
        ("/usr/lib/sysctl.d/90-b.conf", "net/ipv4/tcp_fin_timeout = 60\n"),
    ])
    .finds("shadowed-setting");
    let expected =
        format!("{FIN}: shadowed 30 (/etc/sysctl.d/50-a.conf:1), by 60 (/usr/lib/sysctl.d/90-b.conf:1)");
    assert_eq!(found, [expected]);
    // A vendor's default is there to be overridden, and the same value is no loss.
    for files in [
        [
            ("/usr/lib/sysctl.d/50-a.conf", "net.ipv4.tcp_fin_timeout = 30\n"),
            ("/etc/sysctl.d/90-b.conf", "net.ipv4.tcp_fin_timeout = 60\n"),
        ],
        [
            ("/etc/sysctl.d/50-a.conf", "net.ipv4.tcp_fin_timeout = 60\n"),
            ("/etc/sysctl.d/90-b.conf", "net.ipv4.tcp_fin_timeout = 60\n"),
        ],
    ] {
        assert_eq!(Fixture::with(&files).finds("shadowed-setting"), [""; 0]);
    }
}

#[test]
fn duplicate_assignment() {
    let file = "/etc/sysctl.d/a.conf";
    let found = Fixture::with(&[(file, "net.ipv4.tcp_fin_timeout = 30\n\nnet/ipv4/tcp_fin_timeout=31\n")]);
    assert_eq!(found.finds("duplicate-assignment"), [format!("{FIN}: file {file}, lines 1 3")]);
    let found = Fixture::with(&[(file, "net.ipv4.tcp_fin_timeout = 30\nnet.ipv4.tcp_sack = 1\n")]);
    assert_eq!(found.finds("duplicate-assignment"), [""; 0]);
}

#[test]
fn comment_inside_value() {
    let file = "/etc/sysctl.d/a.conf";
    let found = Fixture::with(&[(file, "# fine\nnet.ipv4.tcp_fin_timeout = 30 # seconds\n")]);
    assert_eq!(found.finds("comment-inside-value"), [format!("{FIN}: line {file}:2, value 30 # seconds")]);
    let found = Fixture::with(&[(file, "; fine\nkernel.core_pattern = core#%p;x\n")]);
    assert_eq!(found.finds("comment-inside-value"), [""; 0]);
}

#[test]
fn dead_sysctl_line() {
    let text =
        "net.ipv4.tcp_tw_recycle = 1\nnet.ipv4.tpc_sack = 1\n-net.ipv4.nothing = 1\nnet.ipv4.tcp_sack\n";
    let mut found = Fixture::with(&[("/etc/sysctl.d/a.conf", text)]);
    found.missing = &["net.ipv4.tpc_sack", "net.ipv4.nothing", "net.netfilter.nf_conntrack_max"];
    let line = |number| format!("line /etc/sysctl.d/a.conf:{number}");
    assert_eq!(
        found.finds("dead-sysctl-line"),
        [
            format!("net.ipv4.tcp_tw_recycle: {}, why removed in Linux 4.12", line(1)),
            format!("net.ipv4.tpc_sack: {}, why this kernel does not have it", line(2)),
            format!("net/ipv4/tcp_sack: {}, why it is not an assignment: there is no `=`", line(4))
                .replace("net/ipv4/tcp_sack", "net.ipv4.tcp_sack"),
        ]
    );
    assert_eq!(
        Fixture::with(&[("/etc/sysctl.d/a.conf", "net.ipv4.tcp_sack = 1\n")]).finds("dead-sysctl-line"),
        [""; 0]
    );
}

#[test]
fn loaders_disagree() {
    let mut found = Fixture::with(&[
        ("/etc/sysctl.conf", "net.ipv4.tcp_fin_timeout = 30\n"),
        ("/etc/sysctl.d/99-sysctl.conf", "net.ipv4.tcp_fin_timeout = 30\n"),
        ("/etc/sysctl.d/zz-app.conf", "net.ipv4.tcp_fin_timeout = 20\n"),
    ]);
    found.live = &[(FIN, "20")];
    let expected =
        format!("{FIN}: systemd_sysctl 20 (/etc/sysctl.d/zz-app.conf:1), procps 30 (/etc/sysctl.conf:1)");
    assert_eq!(found.finds("loaders-disagree"), [expected]);
    let mut found = Fixture::with(&[("/etc/sysctl.d/zz-app.conf", "net.ipv4.tcp_fin_timeout = 20\n")]);
    found.live = &[(FIN, "20")];
    assert_eq!(found.finds("loaders-disagree"), [""; 0]);
}

#[test]
fn live_value_lost_at_boot() {
    let mut found = Fixture::with(&[("/etc/sysctl.d/a.conf", "net.ipv4.tcp_fin_timeout = 20\n")]);
    found.live = &[(FIN, "30"), ("net.ipv4.tcp_sack", "0"), ("net.ipv4.tcp_timestamps", "1")];
    assert_eq!(
        found.finds("live-value-lost-at-boot"),
        [
            format!("{FIN}: live 30, boot 20, from /etc/sysctl.d/a.conf:1"),
            "net.ipv4.tcp_sack: live 0, boot 1, from the default, since no file sets it".into(),
        ]
    );
    // Where nobody knows what the boot reads, nothing can be said.
    found.loader = None;
    assert_eq!(found.finds("live-value-lost-at-boot"), [""; 0]);
}

#[test]
fn unreadable_drop_in() {
    let mut found = Fixture::with(&[("/etc/sysctl.d/a.conf", "")]);
    let add = |files: &mut BootFiles, path: &str, content: Content| {
        files.files.push(BootFile { path: path.into(), content, target: None });
    };
    add(&mut found.files, "/etc/sysctl.d/b.conf", Content::Unreadable("permission denied".into()));
    add(&mut found.files, "/etc/sysctl.d/c.conf", Content::NotFile);
    add(&mut found.files, "/etc/sysctl.d/d.conf", Content::Mask);
    let expected =
        ["/etc/sysctl.d/b.conf: why permission denied", "/etc/sysctl.d/c.conf: why it is not a file"];
    assert_eq!(found.finds("unreadable-drop-in"), expected);
}

#[test]
fn run_drop_in_lost_at_boot() {
    let text = "net.ipv4.tcp_fin_timeout = 30\nnet.ipv4.tcp_sack = 0\n-net.ipv4.tcp_rfc1337\n";
    let mut found = Fixture::with(&[
        ("/run/sysctl.d/50-a.conf", text),
        ("/usr/lib/sysctl.d/50-a.conf", "net.ipv4.tcp_fin_timeout = 60\n"),
        ("/run/sysctl.d/60-b.conf", "# nothing\n"),
        ("/run/sysctl.d/70-c.conf", "net.ipv4.tcp_fin_timeout = 30\n"),
        ("/etc/sysctl.d/70-c.conf", "net.ipv4.tcp_fin_timeout = 30\n"),
    ]);
    assert_eq!(found.finds("run-drop-in-lost-at-boot"), [""; 0], "what is not set apart is read");
    found.files = found.files.after_restart();
    let expected = [
        format!(
            "/run/sysctl.d/50-a.conf: sets {FIN}, net.ipv4.tcp_sack, hides_until_then /usr/lib/sysctl.d/50-a.conf"
        ),
        "/run/sysctl.d/60-b.conf: ".into(),
    ];
    assert_eq!(found.finds("run-drop-in-lost-at-boot"), expected);
}

#[test]
fn set_before_its_module() {
    let text = "net.netfilter.nf_conntrack_max = 1000\nnet.ipv4.conf.eth0/100.rp_filter = 1\nnet.ipv4.conf.all.rp_filter = 1\n";
    let mut found = Fixture::with(&[("/etc/sysctl.d/a.conf", text)]);
    let tracking =
        "net.netfilter.nf_conntrack_max: line /etc/sysctl.d/a.conf:1, waits_for the module nf_conntrack";
    assert_eq!(found.finds("set-before-its-module"), [tracking]);
    found.loader = Some(Loader::Procps);
    let interface =
        "net.ipv4.conf.eth0/100.rp_filter: line /etc/sysctl.d/a.conf:2, waits_for the interface eth0.100";
    assert_eq!(found.finds("set-before-its-module"), [tracking, interface]);
    found.modules = &["nf_conntrack"];
    assert_eq!(found.finds("set-before-its-module"), [interface]);
}

#[test]
fn a_tree_full_of_faults_is_told_briefly() {
    let text = "net.ipv4.nothing\n".repeat(1000);
    let found = Fixture::with(&[("/etc/sysctl.d/a.conf", &text)]).finds("dead-sysctl-line");
    assert_eq!(found.len(), 21);
    assert_eq!(found[20], "980 more like these: not_listed 980");
}
