//! The settings catalogue: laws that hold for every entry, and the proof that the running kernel agrees with it.

#[cfg(target_os = "linux")]
mod kernel;

use std::collections::BTreeSet;

use twtune::setting::ByVersion;
use twtune::setting::DefaultValue;
use twtune::setting::Key;
use twtune::setting::Setting;
use twtune::setting::Value;
use twtune::setting::Version;
use twtune::setting::catalogue;

/// Every entry that breaks a law, in one message: a wrong table is mended in one go.
fn hold(law: impl Fn(&'static Setting) -> Result<(), String>) {
    let broken: Vec<String> = catalogue::all()
        .filter_map(|setting| law(setting).err().map(|why| format!("{}: {why}", setting.key)))
        .collect();
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

fn ensure(holds: bool, why: impl Into<String>) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why.into()) }
}

fn sorted<T>(table: ByVersion<T>) -> bool {
    table.windows(2).all(|pair| pair[0].0 < pair[1].0)
}

#[test]
fn keys_parse_and_are_unique() {
    let mut seen = BTreeSet::new();
    for setting in catalogue::all() {
        let key = Key::parse(setting.key).unwrap_or_else(|why| panic!("{}: {why}", setting.key));
        assert_eq!(key.as_str(), setting.key, "a key is written the way it is shown");
        assert!(seen.insert(setting.key), "{} is there twice", setting.key);
    }
}

#[test]
fn tables_are_sorted_by_version() {
    hold(|setting| {
        ensure(sorted(setting.defaults), "the defaults are out of order")?;
        ensure(sorted(setting.accepts), "the ranges are out of order")?;
        ensure(setting.until.is_none_or(|until| until > setting.since), "it is gone before it came")
    });
}

#[test]
fn every_default_is_a_value_that_the_same_version_takes() {
    hold(|setting| {
        for (version, default) in setting.defaults {
            let DefaultValue::Is(text) = default else { continue };
            let value = Value::parse(setting.kind, text)?;
            let accept = setting
                .accepts_in(*version)
                .ok_or_else(|| format!("has a default in {version} and no range"))?;
            accept.refuses(&value).map_or(Ok(()), Err)?;
        }
        Ok(())
    });
}

#[test]
fn every_entry_is_told_in_full() {
    let printable = |text: &str| !text.chars().any(char::is_control);
    hold(|setting| {
        ensure(setting.semantics.ends_with('.'), "the semantics do not end with a full stop")?;
        ensure(setting.semantics.len() > 40, "the semantics say hardly anything")?;
        ensure(printable(setting.semantics), "the semantics hold a control character")?;
        ensure(!setting.risk.note.is_empty(), "the risk has no note")?;
        ensure(
            !setting.risk.note.ends_with('.'),
            "the risk's note is put into sentences and ends without a full stop",
        )?;
        ensure(printable(setting.risk.note), "the risk's note holds a control character")?;
        ensure(!setting.defaults.is_empty(), "nothing says what an untuned machine has")?;
        ensure(!setting.accepts.is_empty(), "nothing says what it takes")?;
        ensure(!setting.sources.is_empty(), "nothing says where the facts come from")?;
        ensure(
            setting.sources.iter().all(|source| !source.is_empty() && printable(source)),
            "a source is empty",
        )
    });
}

#[test]
fn what_a_write_changes_besides_is_catalogued_too() {
    hold(|setting| {
        for pattern in setting.also_changes {
            let key = Key::parse(pattern)?;
            ensure(
                catalogue::find(&key).is_some(),
                format!("changes {pattern}, which is not in the catalogue"),
            )?;
            ensure(*pattern != setting.key, "names itself among what it changes besides")?;
        }
        Ok(())
    });
}

#[test]
fn every_setting_is_found_by_its_key() {
    hold(|setting| {
        let (key, found) =
            catalogue::resolve(setting.key).map_err(|near| format!("not found, but {near:?}"))?;
        ensure(key.as_str() == setting.key, format!("resolves to {key}"))?;
        ensure(found.key == setting.key, format!("finds {}, which stands before it", found.key))
    });
}

#[test]
fn an_interface_finds_its_pattern() {
    let key = Key::parse("net.ipv4.conf.eth0/100.rp_filter").unwrap();
    assert_eq!(catalogue::find(&key).unwrap().key, "net.ipv4.conf.*.rp_filter");
    let key = Key::parse("net.ipv4.conf.all.forwarding").unwrap();
    assert_eq!(catalogue::find(&key).unwrap().key, "net.ipv4.conf.all.forwarding");
}

#[test]
fn the_last_part_of_a_key_is_enough_where_it_is_unique() {
    assert_eq!(catalogue::resolve("tcp_tw_reuse").unwrap().1.key, "net.ipv4.tcp_tw_reuse");
    assert_eq!(
        catalogue::resolve("nf_conntrack_max").unwrap_err(),
        ["net.netfilter.nf_conntrack_max", "net.nf_conntrack_max"],
    );
}

#[test]
fn a_slip_of_the_finger_is_understood() {
    assert_eq!(catalogue::nearest("net.ipv4.tcp_tw_resue").first(), Some(&"net.ipv4.tcp_tw_reuse"));
    assert_eq!(catalogue::nearest("tcp_fin_timout").first(), Some(&"net.ipv4.tcp_fin_timeout"));
    assert!(catalogue::nearest("kernel.hostname").is_empty());
}

#[test]
fn facts_follow_the_version() {
    let reuse = catalogue::resolve("tcp_tw_reuse").unwrap().1;
    assert_eq!(reuse.default_in(Version::new(4, 9)), Some(&DefaultValue::Is("0")));
    assert_eq!(reuse.default_in(Version::new(6, 18)), Some(&DefaultValue::Is("2")));
    let somaxconn = catalogue::resolve("somaxconn").unwrap().1;
    assert_eq!(somaxconn.default_in(Version::new(5, 3)), Some(&DefaultValue::Is("128")));
    assert_eq!(somaxconn.default_in(Version::new(5, 4)), Some(&DefaultValue::Is("4096")));
    let recycle = catalogue::resolve("tcp_tw_recycle").unwrap().1;
    assert_eq!(recycle.missing_in(Version::new(4, 11)), None);
    assert_eq!(recycle.missing_in(Version::new(4, 12)).as_deref(), Some("removed in Linux 4.12"));
    let delay = catalogue::resolve("tcp_tw_reuse_delay").unwrap().1;
    assert_eq!(delay.missing_in(Version::new(6, 12)).as_deref(), Some("new in Linux 6.14"));
}
