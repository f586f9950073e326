//! The real loaders in a sandbox: trees are laid out, each loader is run over them, and the live values are read.

use std::collections::BTreeMap;
use std::fs;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use twtune::facts::Loader;
use twtune::setting::Key;
use twtune::setting::canonical;

pub(super) const SYSTEMD_SYSCTL: [&str; 2] =
    ["/usr/lib/systemd/systemd-sysctl", "/lib/systemd/systemd-sysctl"];

/// Where the credential lies that systemd passes on.
pub(super) const CREDENTIALS: &str = "/run/credentials/@system";

/// The places that loaders read.
const PLACES: [&str; 6] = [
    "/etc/sysctl.d",
    "/run/sysctl.d",
    "/usr/local/lib/sysctl.d",
    "/usr/lib/sysctl.d",
    "/etc/sysctl.conf",
    CREDENTIALS,
];

/// What lies at a path.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Text(Vec<u8>),
    Link(String),
    Folder,
}

/// A tree of files, by path.
pub(super) type Tree = BTreeMap<String, Node>;

/// Makes an interface whose name has a dot, and gives every interface values of its own, so that no write to
/// `conf.default` reaches them.
pub(super) fn prepare() {
    let made =
        Command::new("ip").args(["link", "add", "eth0.100", "type", "veth", "peer", "name", "v1"]).status();
    assert!(made.is_ok_and(|status| status.success()), "an interface could not be made");
    for interface in ["lo", "eth0/100", "v1"] {
        for name in ["rp_filter", "accept_redirects"] {
            let key = Key::parse(&format!("net.ipv4.conf.{interface}.{name}")).expect("a key");
            set(&key, &live(&key));
        }
    }
}

/// Fails unless the sandbox says of every place that it is its own, whatever version of it this runs in.
fn guard() {
    let private = fs::read_to_string("/run/sandbox/private").expect("a sandbox that says what is its own");
    let own = |place: &str| private.lines().any(|folder| Path::new(place).starts_with(folder));
    for place in PLACES {
        assert!(own(place), "{place} is the machine's own");
    }
}

/// Lays a tree out, and nothing else.
pub(super) fn lay_out(tree: &Tree) {
    guard();
    let places = |path: &str| PLACES.iter().any(|place| Path::new(path).starts_with(place));
    assert!(tree.keys().all(|path| places(path)), "a tree lies in the places of boot files: {tree:?}");
    for place in PLACES {
        let path = Path::new(place);
        let about = fs::symlink_metadata(path);
        match about {
            Ok(about) if about.is_dir() && place == "/usr/lib/sysctl.d" => {
                // A mount point; only what is in it can go.
                for entry in fs::read_dir(path).expect("a folder").flatten() {
                    let _ = fs::remove_file(entry.path()).or_else(|_| fs::remove_dir(entry.path()));
                }
            }
            Ok(about) if about.is_dir() => fs::remove_dir_all(path).expect("the sandbox's own"),
            Ok(_) => fs::remove_file(path).expect("the sandbox's own"),
            Err(_) => {}
        }
    }
    for (path, node) in tree {
        let path = Path::new(path);
        let _ = fs::create_dir_all(path.parent().expect("a folder"));
        match node {
            Node::Text(text) => fs::write(path, text).expect("a file of the sandbox"),
            Node::Link(target) => symlink(target, path).expect("a link of the sandbox"),
            Node::Folder => fs::create_dir_all(path).expect("a folder of the sandbox"),
        }
    }
}

/// The file behind a key.
pub(super) fn file(key: &Key) -> PathBuf {
    Path::new("/proc/sys").join(key.path())
}

/// The live value, with single spaces.
pub(super) fn live(key: &Key) -> String {
    canonical(&String::from_utf8_lossy(&fs::read(file(key)).unwrap_or_else(|why| panic!("{key}: {why}"))))
}

/// Writes a value past all loaders.
pub(super) fn set(key: &Key, value: &str) {
    let written = OpenOptions::new()
        .write(true)
        .open(file(key))
        .and_then(|mut file| file.write_all(format!("{value}\n").as_bytes()));
    written.unwrap_or_else(|why| panic!("{key} = {value}: {why}"));
}

/// Runs a loader as a boot does. What it says of faulty lines does not count.
pub(super) fn run(loader: Loader) {
    let mut command = match loader {
        Loader::SystemdSysctl => {
            let program = SYSTEMD_SYSCTL.iter().find(|path| Path::new(path).exists());
            let mut command = Command::new(program.expect("systemd-sysctl is installed"));
            if Path::new(CREDENTIALS).exists() {
                command.env("CREDENTIALS_DIRECTORY", CREDENTIALS);
            }
            command
        }
        Loader::Procps => {
            let mut command = Command::new("sysctl");
            command.args(["--quiet", "--system"]);
            command
        }
    };
    let status = command.env("LC_ALL", "C").stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(status.expect("the loader starts").code().is_some_and(|code| code < 100), "{loader} broke down");
}
