//! Profiles, from their text to the values that they propose.

use std::collections::BTreeMap;

use twtune::advise::Status;
use twtune::advise::Target;
use twtune::advise::judge;
use twtune::advise::lint;
use twtune::facts::Boot;
use twtune::facts::BootLoader;
use twtune::facts::Host;
use twtune::facts::LiveReading;
use twtune::facts::LiveState;
use twtune::facts::Os;
use twtune::facts::Snapshot;
use twtune::facts::Writable;
use twtune::plan;
use twtune::profile::Amount;
use twtune::profile::Condition;
use twtune::profile::Constraint;
use twtune::profile::Document;
use twtune::profile::Level;
use twtune::profile::Literal;
use twtune::profile::RankedRule;
use twtune::profile::Rule;
use twtune::profile::SelectError;
use twtune::profile::load;
use twtune::profile::select;
use twtune::setting::Key;
use twtune::setting::Kind;
use twtune::setting::PortSet;
use twtune::setting::Value;
use twtune::setting::Version;
use twtune::setting::catalogue;

use super::Dice;

const FILE: &str = "fuzz.toml";

/// What every name stands for that a profile extends.
const BASE: &str = r#"
schema = 1
name = "base"
summary = "What others extend"
rule = [
    { key = "net.core.somaxconn", at_least = 4096, why = "A base." },
    { key = "net.ipv4.tcp_fin_timeout", between = [1, 60], level = "required", why = "A base." },
]
"#;

/// It is refused with all its problems in their places; or its rules can be held against any host, and the values
/// that are proposed satisfy them.
pub(crate) fn profile(text: &str) {
    let profile = match load(FILE, text) {
        Ok(profile) => profile,
        Err(problems) => {
            assert!(!problems.is_empty(), "refused without a reason");
            assert!(problems.len() <= 201, "{} problems", problems.len());
            return super::problems(text, &problems);
        }
    };
    for rule in &profile.rules {
        printed(rule);
    }
    let selection = match select(&[FILE.into()], &mut |name, _| find(name, text)) {
        Ok(selection) => selection,
        Err(SelectError::Read(why)) => panic!("{why}"),
        Err(SelectError::Faulty(problems)) => return super::problems(text, &problems),
    };
    let mut dice = Dice::of(text.as_bytes());
    let os = dice.pick(&[Os::Linux, Os::Linux, Os::Linux, Os::Windows]);
    let rules = selection.rules(os, dice.pick(&[Level::Recommended, Level::Required]), &[]);
    super::problems(text, &lint(&rules).0);
    let host = host(os, &mut dice);
    judged(text, &host, &rules, &mut dice);
}

fn find(name: &str, text: &str) -> Result<Document, String> {
    if name == FILE {
        return Ok(Document { file: FILE.into(), text: text.to_owned().into() });
    }
    // The built-ins are held by tests of their own, and reading one takes longer than all else here.
    if name.contains(|c: char| !c.is_ascii_lowercase() && c != '-') {
        return Err(format!("there is no `{name}`"));
    }
    Ok(Document { file: name.into(), text: BASE.into() })
}

/// What is shown of a rule means what the rule means.
fn printed(rule: &Rule) {
    if let Some(when) = &rule.when {
        assert_eq!(Condition::parse(&when.to_string()).as_ref(), Ok(when));
    }
    let amounts = |numbers: &[Option<Amount>]| {
        for amount in numbers.iter().flatten() {
            assert_eq!(Amount::parse(&amount.to_string(), rule.setting.unit), Ok(*amount));
        }
    };
    let literal = |literal: &Literal| {
        let read = || Value::parse(rule.setting.kind, &literal.to_string());
        match literal {
            Literal::Numbers(numbers) => amounts(numbers),
            Literal::Range(range) => assert_eq!(read(), Ok(Value::Range(*range))),
            Literal::Ports(ports) => assert_eq!(read(), Ok(Value::Ports(ports.clone()))),
            Literal::Word(word) => assert_eq!(read(), Ok(Value::Word(word.clone()))),
        }
    };
    match &rule.constraint {
        Constraint::Want(wanted) => literal(wanted),
        Constraint::OneOf(listed) => listed.iter().for_each(literal),
        Constraint::AtLeast(numbers) | Constraint::AtMost(numbers) => amounts(numbers),
        Constraint::Between { low, high, propose } => {
            [low, high].into_iter().chain(propose).for_each(|numbers| amounts(numbers));
        }
        Constraint::Covers(_) | Constraint::Absent => {}
    }
    assert_eq!(rule.constraint.value().is_none(), rule.constraint == Constraint::Absent);
}

fn host(os: Os, dice: &mut Dice) -> Host {
    Host {
        name: "fixture".into(),
        os,
        kernel: "6.18.0".into(),
        version: dice.pick(&[None, Some(Version::new(4, 19)), Some(Version::new(6, 18))]),
        memory: dice.pick(&[None, Some(0), Some(16 << 30), Some(u64::MAX)]),
        processors: dice.pick(&[None, Some(1), Some(8)]),
        initial: dice.pick(&[true, true, false]),
        boot_loader: BootLoader::Unknown,
        identity: None,
    }
}

/// Judges twice: the values that the first judgement proposes satisfy the second, and leave a plan nothing to do.
fn judged(text: &str, host: &Host, rules: &[RankedRule<'_>], dice: &mut Dice) {
    let present = |text: String| LiveReading {
        state: LiveState::Present(text),
        writable: Some(Writable::Yes),
        newer_than_boot: false,
    };
    let mut live = Snapshot::new();
    for rule in rules {
        live.entry(rule.rule.key.clone()).or_insert_with(|| reading(rule.rule.setting.kind, dice));
    }
    let report = match judge(host, rules, &live, &Boot::new(), Target::Live) {
        Ok(report) => report,
        Err(conflicts) => {
            assert!(!conflicts.is_empty(), "a conflict of nothing");
            return super::problems(text, &conflicts);
        }
    };
    assert_eq!(report.findings.len() + report.overruled.len(), rules.len(), "every rule has a verdict");
    let mut proposed: BTreeMap<&Key, &Value> = BTreeMap::new();
    for finding in &report.findings {
        let rule = finding.rule.rule;
        if let Some(value) = &finding.proposed {
            assert_eq!(Value::parse(rule.setting.kind, &value.to_string()).as_ref(), Ok(value));
            let before = proposed.insert(&rule.key, value);
            assert!(before.is_none_or(|before| before == value), "two proposals for {}", rule.key);
        }
        if !rule.constraint.needs_memory() {
            let contradicts = finding.reason.as_ref().is_some_and(|why| why.contains("lower end"));
            assert!(!contradicts, "{} is a contradiction on every host, and was loaded", rule.constraint);
        }
    }
    let draw = |report, live: &Snapshot| plan::draw(host, report, live, &PortSet::default(), &[]);
    for key in plan::concerned(&report) {
        let setting = catalogue::find_or_text(&key).expect("a key that a profile may name");
        live.entry(key).or_insert_with(|| reading(setting.kind, dice));
    }
    for change in &draw(&report, &live).changes {
        let value = |text: &Option<String>| text.as_ref().map(|text| Value::parse(change.setting.kind, text));
        let (before, after) = (value(&change.before), value(&change.after));
        assert_ne!(before, after, "{} changes nothing", change.key);
        // The registry may hold anything.
        assert!(change.setting.may_be_absent() || matches!(before, Some(Ok(_))), "{}", change.key);
        assert!(change.setting.may_be_absent() || matches!(after, Some(Ok(_))), "{}", change.key);
    }
    let mut then = live.clone();
    for change in draw(&report, &live).changes.iter().filter(|change| change.after.is_none()) {
        then.insert(change.key.clone(), LiveReading { state: LiveState::Absent, ..present(String::new()) });
    }
    for (key, value) in proposed {
        then.insert(key.clone(), present(value.to_string()));
    }
    let again =
        judge(host, rules, &then, &Boot::new(), Target::Live).expect("what did not contradict itself before");
    for (first, second) in report.findings.iter().zip(&again.findings) {
        let rule = first.rule.rule;
        // What this version does not take is refused, and an old one may not take what a profile may say.
        let untaken =
            |value| rule.setting.may_be_absent() && plan::refused_by(host, rule.setting, value).is_some();
        let removed = rule.constraint == Constraint::Absent && rule.setting.may_be_absent();
        let expected = match &first.proposed {
            Some(value) if untaken(value) => Status::LiveDiffers,
            Some(_) => Status::Ok,
            None if removed && first.status == Status::LiveDiffers => Status::Ok,
            None => first.status,
        };
        assert_eq!(second.status, expected, "{}: {}", first.rule.rule.key, first.rule.rule.constraint);
    }
    assert!(draw(&again, &then).changes.is_empty(), "a plan of a planned state is empty");
}

fn reading(kind: Kind, dice: &mut Dice) -> LiveReading {
    let mut number =
        || dice.pick(&["0", "1", "-1", "-7", "60", "4096", "16384", "2147483647", "-2147483648"]);
    let text = match kind {
        Kind::Integer => number().to_owned(),
        Kind::Tuple(names) => names.iter().map(|_| number()).collect::<Vec<_>>().join(" "),
        Kind::PortRange => dice.pick(&["32768 60999", "1 1", "1024 65535", "65535 65535"]).into(),
        Kind::PortList => dice.pick(&["", "0", "80,443,30000-32767", "0-65535"]).into(),
        Kind::Word | Kind::Text => dice.pick(&["cubic", "bbr", "fq"]).into(),
    };
    let state = match dice.next() % 16 {
        0 => LiveState::Absent,
        1 => LiveState::Unreadable("permission denied".into()),
        2 => LiveState::Present("not a value".into()),
        _ => LiveState::Present(text),
    };
    LiveReading { state, writable: Some(Writable::Yes), newer_than_boot: false }
}
