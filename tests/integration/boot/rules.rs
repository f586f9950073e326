//! Every rule and every trap of the two loaders, each on a tree in memory.

use twtune::facts::BootReading;
use twtune::facts::BootState;
use twtune::facts::BootValue;
use twtune::facts::Loader;
use twtune::facts::boot::BootFile;
use twtune::facts::boot::BootFiles;
use twtune::facts::boot::Content;
use twtune::facts::boot::resolve;
use twtune::setting::Key;

const KEY: &str = "net.ipv4.tcp_fin_timeout";

fn tree(files: &[(&str, &str)]) -> BootFiles {
    files.iter().fold(BootFiles::default(), |tree, (path, text)| tree.with(path, *text))
}

fn reading(tree: &BootFiles, key: &str) -> BootReading {
    let key = Key::parse(key).expect("a key");
    resolve(tree, [&key]).remove(&key).expect("the key that was asked for")
}

/// `30 /etc/sysctl.d/a.conf:1`, `default`, or why it cannot be told.
fn told(value: &BootValue) -> String {
    let origin = value.origin.as_ref().map(ToString::to_string).unwrap_or_default();
    match &value.state {
        BootState::Present(value) => format!("{value} {origin}"),
        BootState::Default => "default".into(),
        BootState::Unreadable(why) | BootState::Unknown(why) => why.clone(),
    }
}

/// Holds both loaders against what they are to make of the key.
#[track_caller]
fn expect(tree: &BootFiles, key: &str, systemd: &str, procps: &str) {
    let reading = reading(tree, key);
    assert_eq!(told(reading.under(Loader::SystemdSysctl)), systemd, "systemd-sysctl of {tree:?}");
    assert_eq!(told(reading.under(Loader::Procps)), procps, "procps of {tree:?}");
    assert_eq!(reading.agree(), reading.systemd.state == reading.procps.state);
}

#[track_caller]
fn both(tree: &BootFiles, key: &str, expected: &str) {
    expect(tree, key, expected, expected);
}

#[test]
fn the_last_name_wins_across_all_folders() {
    let tree = tree(&[
        ("/etc/sysctl.d/10-a.conf", "net.ipv4.tcp_fin_timeout = 10\n"),
        ("/usr/lib/sysctl.d/90-b.conf", "# comment\n\n  net/ipv4/tcp_fin_timeout=20"),
        ("/run/sysctl.d/50-c.conf", "net.ipv4.tcp_fin_timeout = 30\n"),
    ]);
    both(&tree, KEY, "20 /usr/lib/sysctl.d/90-b.conf:3");
    let shadowed = reading(&tree, KEY).systemd.shadowed;
    let shadowed: Vec<_> = shadowed.iter().map(|line| (line.origin.to_string(), &*line.value)).collect();
    let expected =
        [("/etc/sysctl.d/10-a.conf:1".to_owned(), "10"), ("/run/sysctl.d/50-c.conf:1".to_owned(), "30")];
    assert_eq!(shadowed, expected);
}

#[test]
fn a_name_in_an_earlier_folder_hides_the_later_one() {
    let mut tree = tree(&[
        ("/usr/lib/sysctl.d/50-a.conf", "net.ipv4.tcp_fin_timeout = 10\n"),
        ("/run/sysctl.d/50-a.conf", "net.ipv4.tcp_fin_timeout = 20\n"),
    ]);
    both(&tree, KEY, "20 /run/sysctl.d/50-a.conf:1");
    let path = "/etc/sysctl.d/50-a.conf".to_owned();
    tree.files.push(BootFile { path, content: Content::Mask, target: Some("/dev/null".into()) });
    both(&tree, KEY, "default");
    assert_eq!(reading(&tree, KEY).systemd.shadowed, []);
}
