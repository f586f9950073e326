//! Keys, values, amounts, conditions and versions.

use twtune::facts::BootLoader;
use twtune::facts::Host;
use twtune::facts::Os;
use twtune::profile::Amount;
use twtune::profile::Condition;
use twtune::profile::Outcome;
use twtune::setting::Key;
use twtune::setting::Kind;
use twtune::setting::PortRange;
use twtune::setting::PortSet;
use twtune::setting::Unit;
use twtune::setting::Value;
use twtune::setting::Version;
use twtune::setting::canonical;
use twtune::setting::catalogue;

use super::Dice;

const KINDS: [Kind; 5] =
    [Kind::Integer, Kind::Tuple(&["min", "default", "max"]), Kind::PortRange, Kind::PortList, Kind::Word];

const UNITS: [Unit; 8] = [
    Unit::Mode,
    Unit::Count,
    Unit::Limit,
    Unit::Port,
    Unit::Byte,
    Unit::Page,
    Unit::Millisecond,
    Unit::Second,
];

/// What is read prints as what reads the same; sets are sets. Laws about two take the two halves that a `|` parts.
pub(crate) fn values(text: &str) {
    let (left, right) = text.split_once('|').unwrap_or((text, ""));
    key(left);
    for kind in KINDS {
        value(kind, left);
    }
    for unit in UNITS {
        amount(unit, left);
    }
    if let Some(version) = Version::parse(left) {
        assert_eq!(Version::parse(&version.to_string()), Some(version));
    }
    if let (Ok(left), Ok(right)) = (PortSet::parse(left), PortSet::parse(right)) {
        sets(&left, &right, &mut Dice::of(text.as_bytes()));
    }
    conditions(left, right);
    // Looking for what a name may have meant compares it with every key: too slow for every text.
    if Dice::of(text.as_bytes()).next().is_multiple_of(64) {
        assert!(catalogue::nearest(left).len() <= 3);
    }
}

fn key(text: &str) {
    let Ok(key) = Key::parse(text) else { return };
    assert_eq!(Key::parse(&key.to_string()).as_ref(), Ok(&key));
    let path = key.path();
    for segment in path.split('/') {
        let inside = !segment.is_empty() && segment != "." && segment != ".." && !segment.contains('\0');
        assert!(inside, "{segment:?} of {key} is no name of a file");
    }
    // A key of one segment has no separator that could tell which spelling it is.
    if path.contains('/') {
        assert_eq!(Key::parse(&path).as_ref(), Ok(&key), "the path means the same key");
    }
    assert!(key.matches(key.as_str()));
    if let Some(setting) = catalogue::find(&key) {
        assert!(key.matches(setting.key));
    }
}

fn value(kind: Kind, text: &str) {
    let Ok(value) = Value::parse(kind, text) else { return };
    let printed = value.to_string();
    assert_eq!(Value::parse(kind, &printed).as_ref(), Ok(&value));
    assert_eq!(canonical(&printed), printed, "it prints as reports show it");
    // Every part of a list is parted by a comma where it stands in one line.
    if kind != Kind::PortList || !text.contains('\n') {
        assert_eq!(Value::parse(kind, &canonical(text)).as_ref(), Ok(&value));
    }
    let alike: Vec<_> = catalogue::all().filter(|setting| setting.kind == kind).collect();
    if !alike.is_empty() {
        let setting = Dice::of(text.as_bytes()).pick(&alike);
        if setting.refuses(&value).is_none() {
            assert!(setting.accepts.iter().any(|(_, accept)| accept.refuses(&value).is_none()));
        }
        let _ = setting.risk_of(&value, &value);
    }
}

fn amount(unit: Unit, text: &str) {
    let Ok(amount) = Amount::parse(text, unit) else { return };
    assert_eq!(Amount::parse(&amount.to_string(), unit), Ok(amount));
    let Some(setting) = catalogue::all().find(|setting| setting.unit == unit) else { return };
    for memory in [None, Some(0), Some(16 << 30), Some(u64::MAX)] {
        let host = host(memory);
        let number = amount.on(setting, &host);
        assert!(number.is_some() || memory.is_none(), "{amount} of {memory:?} is not known");
        if let (Amount::MemoryShare { .. }, Some(number)) = (amount, number) {
            let accept = host.version.and_then(|version| setting.accepts_in(version));
            assert!(accept.is_none_or(|accept| accept.nearest(number) == number));
        }
    }
}

fn sets(left: &PortSet, right: &PortSet, dice: &mut Dice) {
    let both = left.union(right);
    assert_eq!(both, right.union(left));
    assert_eq!(both.union(&both), both);
    assert!(both.covers(left) && both.covers(right));
    assert_eq!(left.covers(right), both == *left);
    assert_eq!(left.is_empty(), left.to_string().is_empty());
    assert_eq!(both.count_like(0) + both.count_like(1), both.count());
    let mut port = || u16::try_from(dice.next() >> 48).expect("sixteen bits");
    for _ in 0..8 {
        let (one, other) = (port(), port());
        assert_eq!(both.contains(one), left.contains(one) || right.contains(one));
        let range = PortRange { low: one.min(other), high: one.max(other) };
        let within = both.within(range);
        assert!(both.covers(&within));
        let inside = port();
        assert_eq!(within.contains(inside), both.contains(inside) && range.contains(inside));
        assert_eq!(both.covers(&PortSet::from_iter([inside])), both.contains(inside));
        let near = PortRange { low: one, high: one.saturating_add(64) };
        let alike = (near.low..=near.high).step_by(2).filter(|port| both.contains(*port));
        assert_eq!(both.within(near).count_like(one) as usize, alike.count());
    }
}

fn conditions(left: &str, right: &str) {
    let Ok(left) = Condition::parse(left) else { return };
    assert_eq!(Condition::parse(&left.to_string()).as_ref(), Ok(&left));
    let Ok(right) = Condition::parse(right) else {
        for memory in [None, Some(16 << 30)] {
            let _ = left.on(&host(memory));
        }
        return;
    };
    assert_eq!(left.excludes(&right), right.excludes(&left));
    for memory in [None, Some(0), Some(16 << 30)] {
        let host = host(memory);
        let met = left.on(&host) == Outcome::Met && right.on(&host) == Outcome::Met;
        assert!(!(met && left.excludes(&right)), "a host meets `{left}` and `{right}`");
    }
}

/// A host of a test.
pub(crate) fn host(memory: Option<u64>) -> Host {
    Host {
        name: "fixture".into(),
        os: Os::Linux,
        kernel: "6.18.0".into(),
        version: Some(Version::new(6, 18)),
        memory,
        processors: Some(8),
        initial: true,
        boot_loader: BootLoader::Unknown,
        identity: None,
    }
}
