//! What every platform promises: the stand-in in memory, the kernel's files below a folder, and the registry.

use twtune::facts::LiveState;
use twtune::facts::Writable;
use twtune::platform::Platform;
use twtune::platform::memory;
use twtune::platform::registry::Registry;
use twtune::setting::Key;

use crate::registry::hive;
use crate::registry::hive::key;
use crate::registry::procfs;

/// A platform, a setting that it has, one that it has not, and two values of the first.
struct World {
    name: &'static str,
    platform: Box<dyn Platform>,
    there: Key,
    missing: Key,
    values: [&'static str; 2],
    /// Whether a setting can be taken away and made again.
    removes: bool,
}

fn worlds() -> Vec<World> {
    let (there, missing) = (key("net.ipv4.tcp_fin_timeout"), key("net.ipv4.tcp_tw_recycle"));
    let stand_in = memory::Memory::new([(there.clone(), "60".to_owned())]);
    let mut worlds = vec![World {
        name: "memory",
        platform: Box::new(stand_in),
        there: there.clone(),
        missing: missing.clone(),
        values: ["60", "30"],
        removes: false,
    }];
    if let Some(platform) = procfs::with(&there, "60") {
        worlds.push(World { name: "procfs", platform, there, missing, values: ["60", "30"], removes: false });
    }
    for (name, there, values, removes) in [
        ("registry", "tcpip.TcpMaxDataRetransmissions", ["5", "REG_SZ:\"7\""], true),
        ("dynamic ports", "ipv6.dynamicport.udp", ["49152 65535", "20000 50000"], false),
    ] {
        let (platform, missing) = (hive::registry(), key("net.ipv4.tcp_tw_recycle"));
        worlds.push(World { name, platform, there: key(there), missing, values, removes });
    }
    worlds
}

fn present(value: &str) -> LiveState {
    LiveState::Present(value.to_owned())
}

#[test]
fn what_is_written_is_read() {
    for World { name, platform, there, values: [first, second], .. } in worlds() {
        let mut target = platform.open(&there).unwrap_or_else(|error| panic!("{name}: {error}"));
        for value in [first, second, second, first] {
            target.write(Some(value)).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(target.read().expect("it is there").as_deref(), Some(value), "{name}");
            assert_eq!(platform.read(&there), present(value), "{name}: not only through what was opened");
        }
        assert_eq!(platform.writable(&there), Writable::Yes, "{name}");
    }
}

#[test]
fn what_is_not_there_is_absent_and_not_opened() {
    for World { name, platform, missing, .. } in worlds() {
        assert_eq!(platform.read(&missing), LiveState::Absent, "{name}");
        assert!(matches!(platform.writable(&missing), Writable::No(_)), "{name}");
        let error = platform.open(&missing).map(|_| ()).expect_err("there is nothing to open");
        assert!(error.to_string().contains(missing.as_str()), "{name}: {error}");
        assert!(platform.expand("net.ipv4.conf.*.forwarding").is_empty(), "{name}");
    }
}

#[test]
fn a_setting_is_taken_away_whole_or_stays() {
    for World { name, platform, there, values: [first, _], removes, .. } in worlds() {
        let mut target = platform.open(&there).unwrap_or_else(|error| panic!("{name}: {error}"));
        target.write(Some(first)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let removed = target.write(None);
        assert_eq!(removed.is_ok(), removes, "{name}");
        let expected = if removes { LiveState::Absent } else { present(first) };
        assert_eq!(platform.read(&there), expected, "{name}");
        if removes {
            assert_eq!(target.read().expect("it can be read"), None, "{name}");
            target.write(None).unwrap_or_else(|error| panic!("{name}: once more is harmless: {error}"));
            target.write(Some(first)).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(platform.read(&there), present(first), "{name}");
            target.write(None).expect("it leaves nothing behind");
        }
    }
}

#[test]
fn a_key_that_may_not_be_written_or_is_not_there_is_known_before_a_write() {
    for (fill, denied) in [(true, true), (false, false)] {
        let memory = hive::Memory::default();
        let keys = if fill { &memory.read_only } else { &memory.missing };
        keys.borrow_mut().insert(hive::PARAMETERS.into());
        let registry = Registry::new(memory);
        for name in ["tcpip.TcpTimedWaitDelay", "ipv4.dynamicport.tcp"] {
            assert!(matches!(registry.writable(&key(name)), Writable::No(_)), "{name}");
            let error = registry.open(&key(name)).map(|_| ()).expect_err("it is refused");
            assert_eq!(error.denied, denied, "{error}");
        }
        assert_eq!(registry.read(&key("tcpip.TcpTimedWaitDelay")), LiveState::Absent, "reading goes on");
    }
}

#[test]
fn what_is_no_value_is_refused() {
    let registry = hive::registry();
    for (name, value) in [
        ("tcpip.TcpMaxDataRetransmissions", "many"),
        ("ipv6.dynamicport.udp", "50000 20000"),
        ("ipv6.dynamicport.udp", ""),
    ] {
        let mut target = registry.open(&key(name)).expect("it may be written");
        let before = target.read().expect("it can be read");
        let error = target.write(Some(value)).expect_err("it is no value");
        assert!(error.to_string().starts_with(&format!("cannot write `{value}` to {name}: ")), "{error}");
        assert_eq!(target.read().expect("it can be read"), before);
    }
}
