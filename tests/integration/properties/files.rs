//! Random histories of a machine whose next boot is set as well. Nothing but which applies are in force, and in which
//! order, says what the live values are, what twtune's own file says, and which lines of somebody else's are commented out.

mod confirm;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use proptest::collection::btree_map;
use proptest::collection::vec;
use proptest::prelude::Just;
use proptest::prelude::Strategy;
use proptest::prop_oneof;
use proptest::test_runner::TestCaseError;
use proptest::test_runner::TestRunner;
use twtune::plan::Change;
use twtune::plan::DROP_IN;
use twtune::plan::Edit;
use twtune::plan::Plan;
use twtune::plan::Target;
use twtune::platform::stored::StoredFile;
use twtune::setting::catalogue;
use twtune::transaction;
use twtune::transaction::Done;
use twtune::transaction::Outcome;
use twtune::transaction::State;
use twtune::transaction::Step;
use twtune::transaction::TransactionError;

use crate::properties::cases;
use crate::properties::config;
use crate::properties::fault;
use crate::properties::machine::End;
use crate::properties::machine::Fault;
use crate::properties::machine::Machine;
use crate::properties::machine::Wanted;
use crate::properties::machine::key;
use crate::properties::state;

type Told = Result<(), String>;

/// Three settings by themselves; of two of them somebody else's file says something.
const KEYS: std::ops::Range<usize> = 4..7;
const THEIRS: std::ops::Range<usize> = 4..6;
const OTHER: &str = "/etc/sysctl.d/zz-other.conf";

#[derive(Clone, Debug)]
enum Event {
    Apply {
        wanted: Wanted,
        probation: bool,
        fault: Option<Fault>,
    },
    /// Of the newest apply in force, or of this one of the records.
    Rollback {
        which: Option<usize>,
        fault: Option<Fault>,
    },
    /// What was killed is confirmed again, rolled back, or its time is over.
    Confirm {
        fault: Option<Fault>,
        way: usize,
    },
    Expire {
        fault: Option<Fault>,
    },
    /// One of the applies in force is rolled back, and then that rollback.
    Revive(usize),
    /// Somebody else has an editor open while a rollback is tried, and then thinks better of it.
    Edit {
        own: bool,
    },
    /// Somebody writes a note into their file, at its top.
    Note,
    /// Somebody adds a line to their file that an apply on probation knew nothing of, and confirms.
    Shadow,
    Reboot,
}

/// A confirmation has few writes.
fn killed() -> impl Strategy<Value = Option<Fault>> {
    (0_usize..3, proptest::bool::ANY).prop_map(|(at, written)| Some(Fault::Kill { at, written }))
}

fn event() -> impl Strategy<Value = Event> {
    let wanted = || btree_map(KEYS, 0_u8..3, 1..4);
    let probation = || proptest::bool::weighted(0.4);
    prop_oneof![
        8 => (wanted(), probation(), fault())
            .prop_map(|(wanted, probation, fault)| Event::Apply { wanted, probation, fault }),
        5 => (proptest::option::weighted(0.6, 0_usize..12), fault())
            .prop_map(|(which, fault)| Event::Rollback { which, fault }),
        4 => (prop_oneof![1 => fault(), 1 => killed()], 0_usize..3).prop_map(|(fault, way)| Event::Confirm { fault, way }),
        2 => fault().prop_map(|fault| Event::Expire { fault }),
        2 => (0_usize..6).prop_map(Event::Revive),
        1 => proptest::bool::ANY.prop_map(|own| Event::Edit { own }),
        1 => Just(Event::Note),
        1 => Just(Event::Shadow),
        2 => Just(Event::Reboot),
    ]
}

/// An apply in force.
#[derive(Clone, Debug)]
struct InForce {
    id: String,
    wanted: Wanted,
    /// Whether it waits to be confirmed, and has written no file.
    pending: bool,
    /// Whether its time is over.
    overdue: bool,
}

struct Model<'a> {
    machine: Machine<'a>,
    in_force: Vec<InForce>,
    /// The ids of all applies.
    applies: Vec<String>,
    /// How many notes are in their file.
    notes: usize,
    tally: BTreeMap<&'static str, usize>,
}

/// What is said of each setting, by applies in this order.
fn said<'a>(in_force: impl Iterator<Item = &'a InForce>) -> BTreeMap<usize, u8> {
    in_force.flat_map(|apply| apply.wanted.clone()).collect()
}

impl<'a> Model<'a> {
    fn new(state: &'a Path) -> Self {
        let machine = Machine::new(state);
        let theirs = THEIRS.map(|at| format!("{} = 9\n", key(at))).collect::<Vec<_>>().concat();
        machine.memory.files.borrow_mut().insert(OTHER.into(), StoredFile::new(theirs.into()));
        THEIRS.for_each(|at| machine.set(at, 9));
        Self { machine, in_force: Vec::new(), applies: Vec::new(), notes: 0, tally: BTreeMap::new() }
    }

    fn count(&mut self, what: &'static str) {
        *self.tally.entry(what).or_default() += 1;
    }

    fn text(&self, path: &str) -> Option<String> {
        let files = self.machine.memory.files.borrow();
        files.get(path).map(|file| String::from_utf8_lossy(&file.content).into_owned())
    }

    /// What lines of a file set.
    fn set_by(&self, path: &str) -> BTreeMap<String, String> {
        let text = self.text(path).unwrap_or_default();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let pairs = lines.filter_map(|line| line.split_once(" = "));
        pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    /// What the next boot makes of a setting; somebody else's file is read last.
    fn boots(&self, at: usize) -> Option<String> {
        let key = key(at).to_string();
        let value = |path| self.set_by(path).remove(&key);
        value(OTHER).or_else(|| value(DROP_IN))
    }

    /// The machine is as the applies in force say.
    fn holds(&self, what: &str) -> Told {
        let (live, boot) =
            (said(self.in_force.iter()), said(self.in_force.iter().filter(|apply| !apply.pending)));
        let own: BTreeMap<String, String> =
            boot.iter().map(|(at, value)| (key(*at).to_string(), value.to_string())).collect();
        let theirs = |at: usize| {
            if boot.contains_key(&at) { format!("#{} = 9\n", key(at)) } else { format!("{} = 9\n", key(at)) }
        };
        let expect = |name: &str, found: String, expected: String| {
            if found == expected {
                Ok(())
            } else {
                Err(format!("{what}: {name} is {found}, expected {expected}; in force: {:?}", self.in_force))
            }
        };
        expect("own file", format!("{:?}", self.set_by(DROP_IN)), format!("{own:?}"))?;
        let other = "# mine\n".repeat(self.notes) + &THEIRS.map(theirs).collect::<String>();
        expect("other file", self.text(OTHER).unwrap_or_default(), other)?;
        for at in KEYS {
            let without = if THEIRS.contains(&at) { 9 } else { 1 };
            let expected = live.get(&at).copied().unwrap_or(without).to_string();
            expect(&key(at).to_string(), self.machine.values()[&key(at)].clone(), expected)?;
        }
        let entries = transaction::history(&self.machine.store(), &self.machine.here());
        let entries = entries.map_err(|error| format!("{what}: {error}"))?;
        if entries.iter().any(|entry| entry.state == State::Interrupted) {
            return Err(format!("{what}: something is interrupted"));
        }
        let told = entries.iter().filter(|entry| entry.in_force).map(|entry| entry.record.id.clone());
        let mut known: Vec<String> = self.in_force.iter().map(|apply| apply.id.clone()).collect();
        known.sort_by_key(|id| id.parse::<usize>().unwrap_or(0));
        expect("in force", format!("{:?}", told.collect::<Vec<_>>()), format!("{known:?}"))
    }

    fn plan(&self, wanted: &Wanted) -> Plan {
        let mut plan = self.machine.plan(wanted);
        let text = self.text(OTHER).unwrap_or_default();
        let mut lines = Vec::new();
        for (at, value) in wanted {
            let before = self.boots(*at);
            if before.clone().unwrap_or_else(|| "1".into()) == value.to_string() {
                continue;
            }
            let theirs = format!("{} = 9", key(*at));
            lines.extend(text.lines().position(|line| line == theirs).map(|line| (line + 1, key(*at))));
            plan.changes.push(Change {
                setting: catalogue::find(&key(*at)).expect("a setting"),
                target: Target::Boot,
                before,
                after: Some(value.to_string()),
                why: "Because.".into(),
                profile: "p".into(),
                key: key(*at),
            });
        }
        if !lines.is_empty() {
            plan.edits.push(Edit { path: OTHER.into(), source: OTHER.into(), lines, text: text.into() });
        }
        plan
    }

    fn meet(&mut self, event: &Event) -> Told {
        match event {
            Event::Apply { wanted, probation, fault } => self.apply(wanted, *probation, fault.as_ref())?,
            Event::Rollback { which, fault } => {
                let which = which.filter(|_| !self.applies.is_empty());
                let id = which.map(|at| self.applies[at % self.applies.len()].clone());
                self.rollback(id.as_deref(), false, fault.as_ref())?;
            }
            Event::Confirm { fault, way } => self.confirm(fault.as_ref(), *way)?,
            Event::Expire { fault } => {
                if let Some(apply) = self.in_force.iter_mut().find(|apply| apply.pending) {
                    apply.overdue = true;
                    let id = apply.id.clone();
                    self.rollback(Some(&id), true, fault.as_ref())?;
                }
            }
            Event::Revive(which) => self.revive(*which)?,
            Event::Edit { own } => self.edit(*own)?,
            Event::Note => {
                let mut written = self.in_force.iter().filter(|apply| !apply.pending);
                if !written.any(|apply| apply.wanted.keys().any(|at| THEIRS.contains(at))) {
                    self.write(OTHER, |text| format!("# mine\n{text}"));
                    self.notes += 1;
                }
            }
            Event::Shadow => self.shadow()?,
            Event::Reboot => {
                self.count("reboot");
                self.machine.reboot();
                for at in KEYS {
                    let value = self.boots(at).unwrap_or_else(|| "1".into());
                    self.machine.memory.values.borrow_mut().insert(key(at), value);
                }
                // Whatever was on probation is undone by the next command.
                while let Some(at) = self.in_force.iter().position(|apply| apply.pending) {
                    let id = self.in_force[at].id.clone();
                    let End::Done(_) = self.machine.expire(&id, None) else {
                        return Err("it could not be undone".into());
                    };
                    self.in_force.remove(at);
                }
            }
        }
        self.holds(&format!("{event:?}"))
    }

    fn apply(&mut self, wanted: &Wanted, probation: bool, fault: Option<&Fault>) -> Told {
        let plan = self.plan(wanted);
        if plan.changes.is_empty() {
            return Ok(());
        }
        // What is so already is none of its changes. What one of both values is already would have to be told apart.
        let changes = |at: usize| plan.changes.iter().filter(|change| change.key == key(at)).count();
        if wanted.keys().any(|at| changes(*at) == 1) {
            return Ok(());
        }
        let wanted =
            wanted.iter().filter(|(at, _)| changes(**at) == 2).map(|(at, value)| (*at, *value)).collect();
        let id = self.next_id();
        match self.machine.apply(&plan, probation, fault) {
            End::Done(done) if matches!(done.outcome, Outcome::Applied | Outcome::Pending) => {
                self.count(if probation { "pending" } else { "applied" });
                self.applies.push(id.clone());
                self.in_force.push(InForce { id, wanted, pending: probation, overdue: false });
            }
            End::Done(done) => {
                self.count(done.outcome.name());
                if fault.is_none() {
                    return Err(format!("an apply fails without a fault: {:?}", done.failure));
                }
                self.applies.push(id);
                if done.outcome == Outcome::Incomplete {
                    self.settle("what could not be put back")?;
                }
            }
            End::Killed => {
                self.count("killed");
                self.applies.push(id);
                self.settle("what was killed")?;
            }
            End::Refused(error) => return Err(format!("nobody expected: {error}")),
            End::Nothing => return Err("an apply of nothing".into()),
        }
        Ok(())
    }

    fn next_id(&self) -> String {
        let entries = transaction::history(&self.machine.store(), &self.machine.here()).unwrap_or_default();
        (entries.len() + 1).to_string()
    }

    /// A rollback tells what the next boot sets now.
    fn tells(&self, done: &Done) -> Told {
        let is = |step: &&Step| {
            KEYS.map(key).position(|key| key == step.key).map(|at| self.boots(at + KEYS.start))
        };
        let mut steps = done.steps.iter().filter(|step| step.target == Target::Boot);
        let wrong = steps.find(|step| is(step) != Some(step.after.clone()));
        wrong.map_or(Ok(()), |step| Err(format!("it tells {step:?} where the files say {:?}", is(&step))))
    }

    /// One rollback without a name brings it to its end.
    fn settle(&self, what: &str) -> Told {
        match self.machine.rollback(None, false, None) {
            End::Done(done) if done.outcome == Outcome::RolledBack => self.tells(&done),
            End::Done(done) => {
                Err(format!("{what} ends {:?}: {:?} {:#?}", done.outcome, done.failure, done.steps))
            }
            End::Refused(error) => Err(format!("{what} is not settled: {error}")),
            _ => Err(format!("{what} is not settled")),
        }
    }

    fn rollback(&mut self, id: Option<&str>, unconfirmed: bool, fault: Option<&Fault>) -> Told {
        let newest = || self.in_force.iter().max_by_key(|apply| apply.id.parse::<usize>().unwrap_or(0));
        let meant = match id {
            Some(id) => self.in_force.iter().find(|apply| apply.id == id),
            None => newest(),
        };
        let meant = meant.map(|apply| apply.id.clone());
        let run = |machine: &Machine<'_>, fault| {
            if unconfirmed {
                machine.expire(id.unwrap_or_default(), fault)
            } else {
                machine.rollback(id, false, fault)
            }
        };
        let end = run(&self.machine, fault);
        match (end, meant) {
            (End::Nothing, None) => self.count("nothing"),
            (End::Done(done), None) if done.outcome == Outcome::Unchanged => self.count("unchanged"),
            (End::Done(done), Some(meant)) if done.outcome == Outcome::RolledBack => {
                self.count("rolled back");
                self.tells(&done)?;
                self.in_force.retain(|apply| apply.id != meant);
            }
            (End::Done(done), Some(_)) if done.outcome == Outcome::Undone && fault.is_some() => {
                self.count("undone");
            }
            (End::Done(done), Some(meant)) if done.outcome == Outcome::Incomplete && fault.is_some() => {
                self.count("incomplete");
                match run(&self.machine, None) {
                    End::Done(done) if done.failure.is_none() => {
                        self.in_force.retain(|apply| apply.id != meant);
                    }
                    _ => return Err("the same again does not do it".into()),
                }
            }
            (End::Killed, Some(meant)) => {
                self.count("killed");
                self.in_the_way()?;
                self.settle("a rollback that was killed")?;
                self.in_force.retain(|apply| apply.id != meant);
            }
            (End::Done(done), meant) => {
                return Err(format!(
                    "{meant:?} ends {:?}: {:?} {:#?}",
                    done.outcome, done.failure, done.steps
                ));
            }
            (End::Refused(error), _) => return Err(format!("nobody expected: {error}")),
            (_, meant) => return Err(format!("{meant:?} was to be rolled back")),
        }
        Ok(())
    }

    /// What comes back is what the rollback took away: not what a later apply holds.
    fn revive(&mut self, which: usize) -> Told {
        if self.in_force.is_empty() || self.in_force.iter().any(|apply| apply.pending) {
            return Ok(());
        }
        let which = which % self.in_force.len();
        let later: BTreeMap<usize, u8> = said(self.in_force[which + 1..].iter());
        for id in [self.in_force[which].id.clone(), self.next_id()] {
            match self.machine.rollback(Some(&id), false, None) {
                End::Done(done) if done.outcome == Outcome::RolledBack => {}
                _ => return Err(format!("{id} is not rolled back")),
            }
        }
        self.count("revived");
        self.in_force[which].wanted.retain(|at, _| !later.contains_key(at));
        Ok(())
    }

    /// While something is open, nobody writes.
    fn in_the_way(&self) -> Told {
        let differs = u8::from(self.machine.values()[&key(6)] == "0");
        let plan = self.plan(&Wanted::from([(6, differs)]));
        match self.machine.apply(&plan, false, None) {
            End::Refused(TransactionError::Interrupted { .. }) => Ok(()),
            _ => Err("an apply went ahead while something was open".into()),
        }
    }

    fn edit(&mut self, own: bool) -> Told {
        let path = if own { DROP_IN } else { OTHER };
        let newest = self.in_force.iter().max_by_key(|apply| apply.id.parse::<usize>().unwrap_or(0));
        let Some(apply) = newest.filter(|apply| !apply.pending).cloned() else { return Ok(()) };
        let Some(file) = self.machine.memory.files.borrow().get(path).cloned() else { return Ok(()) };
        let mut content = file.content.clone();
        content.extend_from_slice(b"# mine\n");
        self.machine.memory.files.borrow_mut().insert(path.into(), file.with(content));
        let before = (self.machine.values(), self.machine.memory.files.borrow().clone());
        match self.machine.rollback(Some(&apply.id), false, None) {
            End::Done(done) if done.outcome == Outcome::Refused => {
                self.count("conflict");
                if before != (self.machine.values(), self.machine.memory.files.borrow().clone()) {
                    return Err("a conflict changed something".into());
                }
            }
            // It had nothing to do with that file.
            End::Done(done) if done.outcome == Outcome::RolledBack => {
                self.in_force.retain(|other| other.id != apply.id);
            }
            _ => return Err("a rollback beside an editor".into()),
        }
        // What it wrote since is not overwritten by the editor.
        if before.1.get(path) == self.machine.memory.files.borrow().get(path) {
            self.machine.memory.files.borrow_mut().insert(path.into(), file);
        }
        Ok(())
    }

    fn end(&mut self) -> Told {
        while !self.in_force.is_empty() {
            self.rollback(None, false, None)?;
            self.holds("at the end")?;
        }
        self.rollback(None, false, None)
    }
}

#[test]
fn whatever_happens_the_next_boot_is_what_the_history_says() {
    let tally = RefCell::new(BTreeMap::<&str, usize>::new());
    let outcome = TestRunner::new(config()).run(&vec(event(), 1..12), |events| {
        let state = state();
        let mut model = Model::new(state.path());
        model.holds("at the start").map_err(TestCaseError::fail)?;
        for event in &events {
            model.meet(event).map_err(TestCaseError::fail)?;
        }
        model.end().map_err(TestCaseError::fail)?;
        for (what, count) in &model.tally {
            *tally.borrow_mut().entry(what).or_default() += count;
        }
        Ok(())
    });
    let tally = tally.into_inner();
    let _ = writeln!(std::io::stderr(), "PROPERTIES of files, {} cases: {tally:?}", cases());
    if let Err(why) = outcome {
        panic!("{why}");
    }
    for what in [
        "applied",
        "undone",
        "killed",
        "rolled back",
        "revived",
        "confirmed",
        "shadowed",
        "conflict",
        "reboot",
    ] {
        assert!(cases() < 300 || tally.contains_key(what), "{what} was not met: {tally:?}");
    }
}
