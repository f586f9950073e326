//! Transactions over the registry: values of every type, absent ones, ranges; whatever fails, everything is as before
//! or as planned, and the report says which.

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
use twtune::facts::LiveState;
use twtune::facts::Writable;
use twtune::plan::Change;
use twtune::plan::Origin;
use twtune::plan::Plan;
use twtune::platform::Platform;
use twtune::platform::PlatformError;
use twtune::platform::Target;
use twtune::setting::Key;
use twtune::setting::catalogue;
use twtune::transaction;
use twtune::transaction::Done;
use twtune::transaction::Outcome;
use twtune::transaction::Request;
use twtune::transaction::StepResult;
use twtune::transaction::Store;
use twtune::transaction::Undo;

use crate::registry::hive;
use crate::registry::hive::key;
use crate::registry::hive::keys;
use crate::registry::hive::values;

/// What a value of the registry can be before or after a transaction, and what a range can.
const VALUES: [Option<&str>; 7] = [
    None,
    Some("30"),
    Some("4294967295"),
    Some("REG_SZ:\"30\""),
    Some("REG_QWORD:30"),
    Some("REG_BINARY:hex:1e,00"),
    Some("REG_MULTI_SZ:hex:33,00,00,00,00,00"),
];
const RANGES: [Option<&str>; 3] = [Some("49152 65535"), Some("1025 65535"), Some("20000 20300")];

fn value_of(at: usize, dice: usize) -> Option<String> {
    let values = if keys()[at].contains("dynamicport") { &RANGES[..] } else { &VALUES[..] };
    values[dice % values.len()].map(str::to_owned)
}

type Values = BTreeMap<Key, Option<String>>;

/// A platform whose writes fail or are ignored on demand, counted from 0.
struct Faulty {
    inner: Box<dyn Platform>,
    failing: BTreeSet<usize>,
    ignored: BTreeSet<usize>,
    writes: Cell<usize>,
}

impl Platform for Faulty {
    fn read(&self, key: &Key) -> LiveState {
        self.inner.read(key)
    }

    fn writable(&self, key: &Key) -> Writable {
        self.inner.writable(key)
    }

    fn expand(&self, pattern: &str) -> Vec<Key> {
        self.inner.expand(pattern)
    }

    fn open(&self, key: &Key) -> Result<Box<dyn Target + '_>, PlatformError> {
        Ok(Box::new(FaultyTarget { inner: self.inner.open(key)?, key: key.clone(), world: self }))
    }
}

struct FaultyTarget<'a> {
    inner: Box<dyn Target + 'a>,
    key: Key,
    world: &'a Faulty,
}

impl Target for FaultyTarget<'_> {
    fn write(&mut self, value: Option<&str>) -> Result<(), PlatformError> {
        let number = self.world.writes.replace(self.world.writes.get() + 1);
        if self.world.failing.contains(&number) {
            let (operation, cause) = ("write to".into(), "refused".into());
            return Err(PlatformError { operation, key: self.key.clone(), cause, denied: false });
        }
        if self.world.ignored.contains(&number) { Ok(()) } else { self.inner.write(value) }
    }

    fn read(&mut self) -> Result<Option<String>, PlatformError> {
        self.inner.read()
    }
}

/// A machine and its state directory. Boots do not count: what is in the registry outlasts them.
struct Machine {
    platform: Faulty,
    state: TempDir,
    here: Identity,
}

impl Machine {
    fn new(found: &BTreeMap<usize, usize>) -> Self {
        let inner = hive::registry();
        for (at, name) in keys().iter().enumerate() {
            let value = found.get(&at).map_or_else(|| value_of(at, 0), |dice| value_of(at, *dice));
            hive::set(&*inner, name, value.as_deref());
        }
        let here = Identity { machine_id: Some("machine".into()), boot_id: None, netns: None };
        let platform =
            Faulty { inner, failing: BTreeSet::new(), ignored: BTreeSet::new(), writes: Cell::new(0) };
        Self { platform, state: TempDir::new().expect("a folder"), here }
    }

    fn values(&self) -> Values {
        values(&*self.platform.inner)
    }

    fn origin(&self) -> Origin {
        let Identity { machine_id, boot_id, netns } = self.here.clone();
        Origin { host: "fixture".into(), machine_id, boot_id, netns, entered: None }
    }

    fn plan(&self, wanted: &BTreeMap<usize, usize>) -> Plan {
        let found = self.values();
        let change = |(at, dice): (&usize, &usize)| Change {
            setting: catalogue::find(&key(keys()[*at])).expect("a setting"),
            target: twtune::plan::Target::Live,
            before: found[&key(keys()[*at])].clone(),
            after: value_of(*at, *dice),
            why: "Because.".into(),
            profile: "p".into(),
            key: key(keys()[*at]),
        };
        let changes = wanted.iter().map(change).filter(|change| change.before != change.after);
        Plan { changes: changes.collect(), ..Plan::default() }
    }

    fn apply(&self, plan: &Plan, interrupted_after: Option<usize>) -> Done {
        let request = Request {
            plan,
            profiles: vec!["p".into()],
            origin: self.origin(),
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
        transaction::apply(&request, &self.platform, &interruption, &|_| {}).expect("it begins")
    }

    /// Rolls back; None where there is nothing to undo.
    fn rollback(&self, named: Option<&str>) -> Option<Done> {
        let store = Store::create(self.state.path()).expect("a state directory");
        let choice = transaction::choose(Some(&store), named, &self.here, &[]).expect("a sound history")?;
        let undo = Undo {
            choice: &choice,
            origin: self.origin(),
            here: self.here.clone(),
            time: "2026-01-02T00:00:00Z".into(),
            forced: &[],
            unconfirmed: false,
            folder: None,
        };
        Some(transaction::rollback(&store, &undo, &self.platform, &|| None, &|_| {}).expect("it begins"))
    }
}

/// The state is in files, which take their time on Windows.
fn cases() -> u32 {
    if std::env::var_os("TWTUNE_OWN_REGISTRY").is_some() { 25 } else { 300 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn apply_is_all_or_nothing_and_rollback_is_its_inverse(
        found in btree_map(0..keys().len(), 0_usize..7, 0..keys().len()),
        wanted in btree_map(0..keys().len(), 0_usize..7, 1..keys().len()),
        failing in btree_set(0_usize..8, 0..3),
        ignored in btree_set(0_usize..8, 0..2),
        interrupted in prop::option::of(0_usize..8),
    ) {
        let mut machine = Machine::new(&found);
        let before = machine.values();
        let plan = machine.plan(&wanted);
        if plan.changes.is_empty() {
            return Ok(());
        }
        let mut planned = before.clone();
        planned.extend(plan.changes.iter().map(|change| (change.key.clone(), change.after.clone())));
        (machine.platform.failing, machine.platform.ignored) = (failing, ignored);
        let done = machine.apply(&plan, interrupted);
        let after = machine.values();
        match done.outcome {
            Outcome::Applied => prop_assert_eq!(&after, &planned),
            Outcome::Undone => prop_assert_eq!(&after, &before),
            Outcome::Incomplete => {
                let left: BTreeSet<&Key> = done
                    .steps
                    .iter()
                    .filter(|step| step.result == StepResult::Left)
                    .map(|step| &step.key)
                    .collect();
                prop_assert!(!left.is_empty());
                for (key, value) in &after {
                    prop_assert!(left.contains(key) || before[key] == *value, "{key} is {value:?} and not named");
                }
            }
            other => prop_assert!(false, "{other:?}"),
        }
        (machine.platform.failing, machine.platform.ignored) = (BTreeSet::new(), BTreeSet::new());
        if done.outcome != Outcome::Undone {
            let undone = machine.rollback(None).expect("something to undo");
            prop_assert_eq!(undone.outcome, Outcome::RolledBack);
        }
        prop_assert_eq!(machine.values(), before, "with their types");
        prop_assert!(machine.rollback(None).is_none(), "running it twice is harmless");
    }

    /// Applies on top of each other, taken back in any order: what is left is what those in force want.
    #[test]
    fn applies_come_off_in_any_order(
        found in btree_map(0..keys().len(), 0_usize..7, 0..keys().len()),
        wanted in prop::collection::vec(btree_map(0..keys().len(), 0_usize..7, 1..4), 1..4),
        order in any::<prop::sample::Index>(),
    ) {
        let machine = Machine::new(&found);
        let before = machine.values();
        let mut layers: Vec<(String, Values)> = Vec::new();
        for wish in &wanted {
            let plan = machine.plan(wish);
            if plan.changes.is_empty() {
                continue;
            }
            let done = machine.apply(&plan, None);
            prop_assert_eq!(done.outcome, Outcome::Applied);
            let values = plan.changes.iter().map(|change| (change.key.clone(), change.after.clone()));
            layers.push((done.id.expect("an id"), values.collect()));
        }
        while !layers.is_empty() {
            let (id, _) = layers.remove(order.index(layers.len()));
            machine.rollback(Some(&id));
            let mut expected = before.clone();
            for (_, values) in &layers {
                expected.extend(values.clone());
            }
            prop_assert_eq!(machine.values(), expected);
        }
        prop_assert_eq!(machine.values(), before);
    }
}
