//! Random histories over the platform in memory, held against a model of the promise: after any failure the settings
//! are as they were, as planned, or one command away, and the tool says which. `docs/reliability.md` has the figures.

mod files;
mod machine;
mod model;
mod tally;

use std::io::Write;
use std::path::Path;
use std::str::FromStr;

use proptest::collection::btree_map;
use proptest::collection::vec;
use proptest::prelude::Just;
use proptest::prelude::ProptestConfig;
use proptest::prelude::Strategy;
use proptest::prelude::any;
use proptest::prop_oneof;
use proptest::test_runner::RngSeed;
use proptest::test_runner::TestCaseError;
use proptest::test_runner::TestRunner;

use machine::Fault;
use machine::KEYS;
use machine::Wanted;
use model::Model;
use tally::Tally;

/// What happens to a machine.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// Somebody applies a plan, perhaps on probation.
    Apply {
        wanted: Wanted,
        probation: bool,
        fault: Option<Fault>,
    },
    /// Somebody takes something back: the newest apply in force, or this one of the records.
    Rollback {
        which: Option<usize>,
        force: bool,
        fault: Option<Fault>,
    },
    /// An apply on probation is confirmed, or its time is over.
    Confirm,
    Expire {
        fault: Option<Fault>,
    },
    /// Somebody else sets a value.
    Foreign {
        key: usize,
        value: u8,
    },
    /// The machine starts anew: its live values are those of the boot.
    Reboot,
}

fn fault() -> impl Strategy<Value = Option<Fault>> {
    let at = || 0_usize..9;
    let some = prop_oneof![
        2 => (vec(at(), 0..5), vec(at(), 0..4)).prop_map(|(refused, ignored)| Fault::Fails { refused, ignored }),
        1 => at().prop_map(Fault::Signal),
        1 => (at(), any::<bool>()).prop_map(|(at, written)| Fault::Kill { at, written }),
    ];
    prop_oneof![2 => Just(None), 1 => some.prop_map(Some)]
}

fn event() -> impl Strategy<Value = Event> {
    let wanted = || btree_map(0..KEYS.len(), 0_u8..3, 1..4);
    let which = || proptest::option::weighted(0.5, 0_usize..12);
    prop_oneof![
        8 => (wanted(), proptest::bool::weighted(0.2), fault())
            .prop_map(|(wanted, probation, fault)| Event::Apply { wanted, probation, fault }),
        6 => (which(), proptest::bool::weighted(0.3), fault())
            .prop_map(|(which, force, fault)| Event::Rollback { which, force, fault }),
        1 => Just(Event::Confirm),
        2 => fault().prop_map(|fault| Event::Expire { fault }),
        2 => (0..KEYS.len(), 0_u8..3).prop_map(|(key, value)| Event::Foreign { key, value }),
        1 => Just(Event::Reboot),
    ]
}

fn number<T: FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok()?.parse().ok()
}

fn cases() -> u32 {
    number("TWTUNE_CASES").unwrap_or(500)
}

/// The same cases each time, so that whoever changes something learns what that did; another seed has others.
fn config() -> ProptestConfig {
    let rng_seed = RngSeed::Fixed(number("TWTUNE_SEED").unwrap_or(1));
    ProptestConfig { cases: cases(), rng_seed, failure_persistence: None, ..ProptestConfig::default() }
}

/// A state directory, in memory where it can be had: nearly all of the time would be spent on syncs.
fn state() -> tempfile::TempDir {
    let folder = ["/dev/shm", "/tmp"].map(Path::new).into_iter().find(|folder| folder.is_dir());
    tempfile::tempdir_in(folder.expect("a folder")).expect("a folder")
}

#[test]
fn whatever_happens_the_promise_holds() {
    let cases = cases();
    let tally = std::cell::RefCell::new(Tally::default());
    let outcome = TestRunner::new(config()).run(&vec((event(), fault()), 1..12), |events| {
        let state = state();
        let mut model = Model::new(state.path());
        for (event, again) in &events {
            model.meet(event, again.as_ref()).map_err(TestCaseError::fail)?;
        }
        model.end().map_err(TestCaseError::fail)?;
        tally.borrow_mut().add(&model.tally);
        Ok(())
    });
    let tally = tally.into_inner();
    let _ = writeln!(std::io::stderr(), "PROPERTIES {cases} cases: {tally:?}");
    if let Err(why) = outcome {
        panic!("{why}");
    }
    assert!(cases < 300 || tally.met_everything(), "not every way to end was met: {tally:?}");
}
