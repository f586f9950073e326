//! Transactions over the platform in memory: whatever fails, the settings are as before or as planned, and the
//! report says which.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

use proptest::collection::btree_map;
use proptest::collection::btree_set;
use proptest::prelude::ProptestConfig;
use proptest::prelude::any;
use proptest::prelude::prop;
use proptest::prop_assert;
use proptest::prop_assert_eq;
use proptest::proptest;
use tempfile::TempDir;
use twtune::facts::Identity;
use twtune::plan::Change;
use twtune::plan::Origin;
use twtune::plan::Plan;
use twtune::plan::Target;
use twtune::platform::memory::Memory;
use twtune::setting::Key;
use twtune::setting::catalogue;
use twtune::transaction;
use twtune::transaction::Done;
use twtune::transaction::Outcome;
use twtune::transaction::Request;
use twtune::transaction::Store;
use twtune::transaction::TransactionError;
use twtune::transaction::Undo;

const KEYS: [&str; 5] = [
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_max_tw_buckets",
    "net.core.somaxconn",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_max_syn_backlog",
];

fn key(at: usize) -> Key {
    Key::parse(KEYS[at]).expect("a key")
}

fn identity(boot: &str) -> Identity {
    let known = |text: &str| Some(text.to_owned());
    Identity { machine_id: known("machine"), boot_id: known(boot), netns: known("1") }
}

fn origin(here: &Identity) -> Origin {
    let Identity { machine_id, boot_id, netns } = here.clone();
    Origin { host: "fixture".into(), machine_id, boot_id, netns, entered: None }
}

type Values = BTreeMap<Key, String>;

/// A machine in memory and its state directory.
struct Machine {
    memory: Memory,
    state: TempDir,
    here: Identity,
}

impl Machine {
    fn new() -> Self {
        let values = (0..KEYS.len()).map(|at| (key(at), "100".to_owned()));
        Self { memory: Memory::new(values), state: TempDir::new().expect("a folder"), here: identity("boot") }
    }

    fn values(&self) -> Values {
        self.memory.values.borrow().clone()
    }

    fn plan(&self, wanted: &BTreeMap<usize, u16>) -> Plan {
        let values = self.values();
        let change = |(at, value): (&usize, &u16)| Change {
            setting: catalogue::find(&key(*at)).expect("a setting"),
            target: Target::Live,
            before: values.get(&key(*at)).cloned(),
            after: Some(value.to_string()),
            why: "Because.".into(),
            profile: "p".into(),
            key: key(*at),
        };
        let changes = wanted.iter().map(change).filter(|change| change.before != change.after);
        Plan { changes: changes.collect(), ..Plan::default() }
    }

    fn apply(&self, plan: &Plan, interrupted_after: Option<usize>) -> Result<Done, TransactionError> {
        let request = Request {
            plan,
            profiles: vec!["p".into()],
            origin: origin(&self.here),
            here: self.here.clone(),
            time: "2026-01-01T00:00:00Z".into(),
            copy: None,
            state: self.state.path(),
            settled: None,
            probation: None,
            folder: None,
            kernel: None,
        };
        let asked = Cell::new(0);
        let interruption = || {
            asked.set(asked.get() + 1);
            interrupted_after.filter(|after| asked.get() > *after).map(|_| "interrupted".to_owned())
        };
        transaction::apply(&request, &self.memory, &interruption, &|_| {})
    }

    fn store(&self) -> Store {
        Store::create(self.state.path()).expect("a state directory")
    }

    /// Rolls back; None where there is nothing to undo.
    fn rollback(&self, named: Option<&str>, forced: &[Key]) -> Result<Option<Done>, TransactionError> {
        let store = self.store();
        let Some(choice) = transaction::choose(Some(&store), named, &self.here, &[])? else {
            return Ok(None);
        };
        let undo = Undo {
            choice: &choice,
            origin: origin(&self.here),
            here: self.here.clone(),
            time: "2026-01-02T00:00:00Z".into(),
            forced,
            unconfirmed: false,
            folder: None,
        };
        transaction::rollback(&store, &undo, &self.memory, &|| None, &|_| {}).map(Some)
    }

    fn set(&self, at: usize, value: u16) {
        self.memory.values.borrow_mut().insert(key(at), value.to_string());
    }
}

fn planned(plan: &Plan, before: &Values) -> Values {
    let mut after = before.clone();
    for change in &plan.changes {
        after.insert(change.key.clone(), change.after.clone().expect("a value"));
    }
    after
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn apply_is_all_or_nothing_and_rollback_is_its_inverse(
        wanted in btree_map(0..KEYS.len(), 1_u16..300, 1..KEYS.len()),
        failing in btree_set(0_usize..8, 0..3),
        ignored in btree_set(0_usize..8, 0..2),
        interrupted in prop::option::of(0_usize..8),
    ) {
        let machine = Machine::new();
        let before = machine.values();
        let plan = machine.plan(&wanted);
        if plan.changes.is_empty() {
            return Ok(());
        }
        *machine.memory.failing.borrow_mut() = failing;
        *machine.memory.ignored.borrow_mut() = ignored;
        let done = machine.apply(&plan, interrupted).expect("it begins");
        let after = machine.values();
        match done.outcome {
            Outcome::Applied => prop_assert_eq!(&after, &planned(&plan, &before)),
            Outcome::Undone => prop_assert_eq!(&after, &before),
            Outcome::Incomplete => {
                let left: BTreeSet<Key> = done
                    .steps
                    .iter()
                    .filter(|step| step.result == transaction::StepResult::Left)
                    .map(|step| step.key.clone())
                    .collect();
                prop_assert!(!left.is_empty());
                for (key, value) in &after {
                    prop_assert!(left.contains(key) || before[key] == *value, "{key} is {value} and not named");
                }
            }
            other => prop_assert!(false, "{other:?}"),
        }
        machine.memory.failing.borrow_mut().clear();
        machine.memory.ignored.borrow_mut().clear();
        if done.outcome != Outcome::Undone {
            let undone = machine.rollback(None, &[]).expect("it begins").expect("something to undo");
            prop_assert_eq!(undone.outcome, Outcome::RolledBack);
        }
        prop_assert_eq!(machine.values(), before);
        prop_assert!(machine.rollback(None, &[]).expect("it begins").is_none(), "running it twice is harmless");
    }

    /// Applies on top of each other, taken back in any order: what is left is what those in force want, and at the
    /// end everything is as it was.
    #[test]
    fn applies_come_off_in_any_order(
        wanted in prop::collection::vec(btree_map(0..KEYS.len(), 1_u16..20, 1..4), 1..5),
        order in any::<prop::sample::Index>(),
    ) {
        let machine = Machine::new();
        let before = machine.values();
        let mut ids = Vec::new();
        let mut layers: Vec<(String, Values)> = Vec::new();
        for wish in &wanted {
            let plan = machine.plan(wish);
            if plan.changes.is_empty() {
                continue;
            }
            let done = machine.apply(&plan, None).expect("it begins");
            prop_assert_eq!(done.outcome, Outcome::Applied);
            let id = done.id.expect("an id");
            layers.push((id.clone(), planned(&plan, &Values::new())));
            ids.push(id);
        }
        while !ids.is_empty() {
            let id = ids.remove(order.index(ids.len()));
            machine.rollback(Some(&id), &[]).expect("it begins");
            layers.retain(|(layer, _)| *layer != id);
            let mut expected = before.clone();
            for (_, values) in &layers {
                expected.extend(values.clone());
            }
            prop_assert_eq!(machine.values(), expected);
        }
        prop_assert_eq!(machine.values(), before);
    }
}

#[test]
fn what_somebody_changed_since_is_a_conflict_unless_it_is_forced() {
    let machine = Machine::new();
    let plan = machine.plan(&BTreeMap::from([(0, 30), (1, 40)]));
    machine.apply(&plan, None).expect("it begins");
    machine.set(0, 31);
    let refused = machine.rollback(None, &[]).expect("it begins").expect("something to undo");
    assert_eq!(refused.outcome, Outcome::Refused);
    assert_eq!((machine.values()[&key(0)].as_str(), machine.values()[&key(1)].as_str()), ("31", "40"));
    let forced = machine.rollback(None, &[key(0)]).expect("it begins").expect("something to undo");
    assert_eq!(forced.outcome, Outcome::RolledBack);
    assert_eq!(machine.values(), Machine::new().values());
}

#[test]
fn a_plan_that_is_no_longer_true_changes_nothing() {
    let machine = Machine::new();
    let plan = machine.plan(&BTreeMap::from([(0, 30), (1, 40)]));
    machine.set(1, 99);
    let error = machine.apply(&plan, None).expect_err("stale");
    assert!(matches!(error, TransactionError::Stale(_)), "{error}");
    assert_eq!(machine.values()[&key(0)], "100");
}

#[test]
fn one_setting_that_cannot_be_opened_stops_all() {
    let machine = Machine::new();
    let plan = machine.plan(&BTreeMap::from([(0, 30), (1, 40)]));
    machine.memory.read_only.borrow_mut().insert(key(1));
    let error = machine.apply(&plan, None).expect_err("not permitted");
    assert!(matches!(error, TransactionError::Platform(_)), "{error}");
    assert_eq!(machine.values()[&key(0)], "100");
    assert_eq!(machine.memory.writes.get(), 0);
}

#[test]
fn after_a_reboot_there_is_nothing_to_take_back() {
    let mut machine = Machine::new();
    let plan = machine.plan(&BTreeMap::from([(0, 30)]));
    machine.apply(&plan, None).expect("it begins");
    machine.here = identity("the next boot");
    machine.set(0, 77);
    assert!(machine.rollback(None, &[]).expect("it begins").is_none());
    let named = machine.rollback(Some("1"), &[]).expect("it begins").expect("a record");
    assert_eq!(named.outcome, Outcome::Unchanged);
    assert_eq!(machine.values()[&key(0)], "77");
}

#[test]
fn a_record_from_another_machine_is_refused() {
    let mut machine = Machine::new();
    let plan = machine.plan(&BTreeMap::from([(0, 30)]));
    machine.apply(&plan, None).expect("it begins");
    machine.here.machine_id = Some("another".into());
    let error = machine.rollback(Some("1"), &[]).expect_err("foreign");
    assert!(matches!(error, TransactionError::Foreign(_)), "{error}");
    assert_eq!(machine.values()[&key(0)], "30");
}

#[test]
fn what_a_write_changes_besides_is_brought_back() {
    let machine = Machine::new();
    let conf = |name: &str| Key::parse(&format!("net.ipv4.conf.{name}")).expect("a key");
    let forward = Key::parse("net.ipv4.ip_forward").expect("a key");
    let besides = [("all.forwarding", "0"), ("eth0/100.forwarding", "1"), ("all.accept_redirects", "1")];
    {
        let mut values = machine.memory.values.borrow_mut();
        values.insert(forward.clone(), "0".into());
        values.extend(besides.map(|(name, value)| (conf(name), value.to_owned())));
    }
    let before = machine.values();
    let change = Change {
        setting: catalogue::find(&forward).expect("a setting"),
        target: Target::Live,
        before: Some("0".into()),
        after: Some("1".into()),
        why: "Because.".into(),
        profile: "p".into(),
        key: forward,
    };
    // What the kernel does to the others when ip_forward is written, either way.
    for (value, redirects) in [("0", "1"), ("1", "0")] {
        let set =
            [("all.forwarding", value), ("eth0/100.forwarding", value), ("all.accept_redirects", redirects)];
        let set = set.map(|(name, value)| (conf(name), value.to_owned())).to_vec();
        machine.memory.besides.borrow_mut().insert((change.key.clone(), value.into()), set);
    }
    machine.apply(&Plan { changes: vec![change], ..Plan::default() }, None).expect("it begins");
    assert_eq!(machine.values()[&conf("all.accept_redirects")], "0");
    machine.rollback(None, &[]).expect("it begins");
    assert_eq!(machine.values(), before);
}
