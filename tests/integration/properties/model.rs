//! The promise, said as plainly as can be: what each record did to which setting, in which order they lie, and what
//! the values therefore have to be.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

use twtune::setting::Key;
use twtune::transaction;
use twtune::transaction::Done;
use twtune::transaction::Outcome;
use twtune::transaction::State;
use twtune::transaction::Step;
use twtune::transaction::StepResult;
use twtune::transaction::TransactionError;

use crate::properties::Event;
use crate::properties::machine::End;
use crate::properties::machine::Fault;
use crate::properties::machine::Machine;
use crate::properties::machine::Values;
use crate::properties::machine::Wanted;
use crate::properties::machine::key;
use crate::properties::tally::Tally;

type Told = Result<(), String>;

/// What a record did: for each setting the value before and after, and whether that was written or came besides.
type Effects = BTreeMap<Key, Effect>;

#[derive(Clone, Debug)]
struct Effect {
    before: String,
    after: String,
    written: bool,
}

#[allow(clippy::struct_excessive_bools, reason = "each says something else")]
struct Record {
    undoes: Option<usize>,
    effects: Effects,
    in_force: bool,
    pending: bool,
    overdue: bool,
}

pub(crate) struct Model<'a> {
    machine: Machine<'a>,
    records: Vec<Record>,
    /// For each setting the records in force that changed it, with the value below and their own; the newest last.
    stacks: BTreeMap<Key, Vec<(usize, String, String)>>,
    /// What goes wrong once more where a command that failed is given again.
    again: Option<Fault>,
    pub(crate) tally: Tally,
}

impl<'a> Model<'a> {
    pub(crate) fn new(state: &'a Path) -> Self {
        Self {
            machine: Machine::new(state),
            records: Vec::new(),
            stacks: BTreeMap::new(),
            again: None,
            tally: Tally::default(),
        }
    }

    pub(crate) fn meet(&mut self, event: &Event, again: Option<&Fault>) -> Told {
        self.tally.events += 1;
        self.again = again.cloned();
        match event {
            Event::Apply { wanted, probation, fault } => self.apply(wanted, *probation, fault.as_ref())?,
            Event::Rollback { which, force, fault } => {
                let which = which.filter(|_| !self.records.is_empty()).map(|at| at % self.records.len());
                self.rollback(which, *force, false, fault.as_ref())?;
            }
            Event::Confirm => {
                let kept = transaction::confirm(&self.machine.store(), &self.machine.here(), None, &|_| {});
                let kept = kept.map_err(|error| error.to_string())?;
                let in_time = |record: &&mut Record| record.pending && !record.overdue;
                let confirmed = self.records.iter_mut().filter(in_time).map(|record| record.pending = false);
                expect("applies kept", &kept.len(), &confirmed.count())?;
            }
            Event::Expire { fault } => {
                if let Some(at) = self.records.iter().position(|record| record.pending) {
                    self.records[at].overdue = true;
                    self.rollback(Some(at), false, true, fault.as_ref())?;
                }
            }
            Event::Foreign { key, value } => self.machine.set(*key, *value),
            Event::Reboot => {
                self.machine.reboot();
                self.stacks.clear();
                for record in &mut self.records {
                    (record.in_force, record.pending) = (false, false);
                }
            }
        }
        self.history().map_err(|why| format!("{event:?}: {why}"))
    }

    /// Takes everything back, whoever changed what: in the end nothing is in force.
    pub(crate) fn end(&mut self) -> Told {
        for met in self.machine.beside_damage(self.records.len())? {
            self.tally.count(met);
        }
        while self.newest().is_some() {
            self.rollback(None, true, false, None)?;
        }
        self.rollback(None, true, false, None)?;
        self.history()
    }

    /// The apply that a record is about.
    fn apply_of(&self, at: usize) -> usize {
        self.records[at].undoes.map_or(at, |undone| self.apply_of(undone))
    }

    fn newest(&self) -> Option<usize> {
        self.records.iter().rposition(|record| record.in_force && record.undoes.is_none())
    }

    /// The history says what the model knows.
    fn history(&self) -> Told {
        let entries = transaction::history(&self.machine.store(), &self.machine.here());
        let entries = entries.map_err(|error| error.to_string())?;
        expect("entries", &entries.len(), &self.records.len())?;
        for (entry, record) in entries.iter().zip(&self.records) {
            let id = &entry.record.id;
            expect(
                &format!("{id} in force"),
                &entry.in_force,
                &(record.in_force && record.undoes.is_none()),
            )?;
            let pending = entry.state == State::Ended(Outcome::Pending);
            expect(&format!("{id} pending"), &pending, &record.pending)?;
            if entry.state == State::Interrupted {
                return Err(format!("{id} is interrupted"));
            }
        }
        Ok(())
    }

    fn apply(&mut self, wanted: &Wanted, probation: bool, fault: Option<&Fault>) -> Told {
        let before = self.machine.values();
        let plan = self.machine.plan(wanted);
        if plan.changes.is_empty() {
            return Ok(());
        }
        let planned = plan.changes.iter().fold(before.clone(), |mut values, change| {
            let value = change.after.clone().expect("a value");
            values.insert(change.key.clone(), value.clone());
            let besides = self.machine.memory.besides.borrow();
            values.extend(besides.get(&(change.key.clone(), value)).into_iter().flatten().cloned());
            values
        });
        let contradict = plan.changes.iter().any(|change| planned.get(&change.key) != change.after.as_ref());
        let end = self.machine.apply(&plan, probation, fault);
        let (now, id) = (self.machine.values(), self.records.len());
        match end {
            End::Done(done) => {
                expect("the id", &done.id, &Some((id + 1).to_string()))?;
                match done.outcome {
                    Outcome::Applied | Outcome::Pending => {
                        self.tally.count("applied");
                        expect("pending", &(done.outcome == Outcome::Pending), &probation)?;
                        expect("contradict", &contradict, &false)?;
                        same("as planned", &now, &planned)?;
                        let effects = self.effects(&written(&done), &before);
                        self.put_on(id, &effects);
                        self.add(None, effects, true, probation);
                    }
                    Outcome::Undone => {
                        self.tally.count("undone");
                        expect("a reason", &(fault.is_some() || contradict), &true)?;
                        same("as before", &now, &before)?;
                        self.add(None, Effects::new(), false, false);
                    }
                    Outcome::Incomplete => {
                        self.tally.count("incomplete");
                        names_what_differs(&done, &before, &now)?;
                        // It counts as in force until it is taken back, which one command does.
                        self.add(None, Effects::new(), true, false);
                        self.back_to(&before, "an incomplete apply")?;
                    }
                    other => return Err(format!("an apply ends {other:?}")),
                }
            }
            End::Killed => {
                self.tally.count("killed");
                self.is_in_the_way()?;
                self.add(None, Effects::new(), false, false);
                self.settle(&before)?;
            }
            End::Refused(error) => return Err(format!("nobody expected: {error}")),
            End::Nothing => return Err("an apply of nothing".into()),
        }
        Ok(())
    }

    fn rollback(
        &mut self,
        which: Option<usize>,
        force: bool,
        unconfirmed: bool,
        fault: Option<&Fault>,
    ) -> Told {
        let before = self.machine.values();
        let Some(at) = which.or_else(|| self.newest()) else {
            return match self.machine.rollback(None, force, fault) {
                End::Nothing => {
                    self.tally.count("nothing");
                    Ok(())
                }
                _ => Err("there was something to take back".into()),
            };
        };
        let name = (at + 1).to_string();
        // The undoing of a rollback is undone by taking back the apply that it brought back.
        let is_undoing =
            |at: usize| self.records[at].undoes.is_some_and(|undone| self.records[undone].undoes.is_some());
        let at = if is_undoing(at) { self.apply_of(at) } else { at };
        let run = |model: &Self, fault: Option<&Fault>| {
            if unconfirmed {
                model.machine.expire(&name, fault)
            } else {
                model.machine.rollback(which.map(|_| name.as_str()), force, fault)
            }
        };
        let (goal, conflict) = self.goal(at, &before, force);
        let end = run(self, fault);
        let now = self.machine.values();
        let done = match end {
            End::Done(done) => done,
            End::Killed => {
                self.tally.count("killed");
                self.is_in_the_way()?;
                // The rollback that was killed is brought to its end by the next, which is no other record.
                let written = self.written_by_rollback(at, &before, &goal);
                self.settle(&goal)?;
                let effects = self.effects(&written, &before);
                self.take_back(at, effects);
                return Ok(());
            }
            End::Refused(error) => return Err(format!("nobody expected: {error}")),
            End::Nothing => return Err("there was nothing to take back".into()),
        };
        if !self.records[at].in_force {
            expect("outcome", &done.outcome, &Outcome::Unchanged)?;
            return same("nothing to undo", &now, &before);
        }
        if conflict && !unconfirmed {
            self.tally.count("conflict");
            expect("outcome", &done.outcome, &Outcome::Refused)?;
            let named = done.steps.iter().any(|step| step.result == StepResult::Conflict);
            expect("a conflict is named", &named, &true)?;
            return same("a conflict changes nothing", &now, &before);
        }
        match done.outcome {
            Outcome::RolledBack | Outcome::Incomplete if done.failure.is_none() => {
                self.tally.count("rolled back");
                expect("complete", &(done.outcome == Outcome::RolledBack), &!conflict)?;
                same("rolled back", &now, &goal)?;
                let effects = self.effects(&written(&done), &before);
                self.take_back(at, effects);
            }
            Outcome::Undone => {
                self.tally.count("undone");
                expect("a fault", &fault.is_some(), &true)?;
                same("as before", &now, &before)?;
                self.add(Some(at), Effects::new(), false, false);
            }
            Outcome::Incomplete => {
                self.tally.count("incomplete");
                names_what_differs(&done, &before, &now)?;
                self.add(Some(at), Effects::new(), false, false);
                let again = self.insist(Some(at), run)?;
                same("the same again", &self.machine.values(), &goal)?;
                let effects = self.effects(&written(&again), &before);
                self.take_back(at, effects);
            }
            other => return Err(format!("a rollback ends {other:?}: {:?}", done.failure)),
        }
        Ok(())
    }

    /// Where a rollback of a record leads, and whether somebody else's value is in the way.
    fn goal(&self, at: usize, now: &Values, force: bool) -> (Values, bool) {
        let (mut goal, mut conflict, mut left) = (now.clone(), false, BTreeSet::new());
        let record = &self.records[at];
        if !record.in_force {
            return (goal, false);
        }
        for (key, effect) in &record.effects {
            let (mut below, mut after) = (&effect.before, &effect.after);
            if record.undoes.is_none() {
                let stack = &self.stacks[key];
                match stack.last() {
                    Some((top, lies_below, value)) if *top == at => (below, after) = (lies_below, value),
                    // A later one holds it.
                    _ => continue,
                }
            }
            if now[key] != *after && now[key] != *below && !force {
                conflict = true;
                left.extend(effect.written.then_some(key));
            } else {
                goal.insert(key.clone(), below.clone());
            }
        }
        // What a write changed besides is brought back behind that write, and left where that is.
        for key in record.effects.iter().filter(|(_, effect)| !effect.written).map(|(key, _)| key) {
            let mut by = record
                .effects
                .iter()
                .filter(|(by, effect)| effect.written && self.machine.also(by).contains(key));
            if by.clone().next().is_some() && by.all(|(by, _)| left.contains(by)) {
                goal.insert(key.clone(), now[key].clone());
            }
        }
        (goal, conflict)
    }

    /// What a command did: the steps that it tells of, and what these changed besides.
    fn effects(&self, written: &Effects, before: &Values) -> Effects {
        let mut effects = diff(before, &self.machine.values());
        let now = self.machine.values();
        for other in written.keys().flat_map(|key| self.machine.also(key)) {
            // Also what such a write left as it was: it would have changed another value.
            let (before, after) = (before[&other].clone(), now[&other].clone());
            effects.entry(other).or_insert(Effect { before, after, written: false });
        }
        effects.extend(written.clone());
        effects
    }

    /// What a rollback writes: not what is back already, with all that its write had changed besides.
    fn written_by_rollback(&self, at: usize, now: &Values, goal: &Values) -> Effects {
        let record = &self.records[at];
        let is_top = |key: &Key| {
            record.undoes.is_some() || self.stacks[key].last().is_some_and(|(holder, ..)| *holder == at)
        };
        let is_back = |key: &Key| {
            let also = self.machine.also(key);
            also.iter()
                .filter(|also| record.effects.get(also).is_some_and(|effect| !effect.written))
                .chain([key])
                .all(|key| now[key] == goal[key])
        };
        let written =
            record.effects.iter().filter(|(key, effect)| effect.written && is_top(key) && !is_back(key));
        let effect = |(key, _): (&Key, &Effect)| {
            (key.clone(), Effect { before: now[key].clone(), after: goal[key].clone(), written: true })
        };
        written.map(effect).collect()
    }

    fn add(&mut self, undoes: Option<usize>, effects: Effects, in_force: bool, pending: bool) {
        self.records.push(Record { undoes, effects, in_force, pending, overdue: false });
    }

    fn put_on(&mut self, holder: usize, effects: &Effects) {
        for (key, effect) in effects {
            let stack = self.stacks.entry(key.clone()).or_default();
            stack.push((holder, effect.before.clone(), effect.after.clone()));
        }
    }

    /// A rollback of a record went through.
    fn take_back(&mut self, at: usize, effects: Effects) {
        for stack in self.stacks.values_mut() {
            if let Some(place) = stack.iter().position(|(holder, ..)| *holder == at) {
                let (_, below, _) = stack.remove(place);
                if let Some(above) = stack.get_mut(place) {
                    above.1 = below;
                }
            }
        }
        let revived = self.records[at].undoes;
        let apply = revived.unwrap_or(at);
        for place in 0..self.records.len() {
            if self.apply_of(place) == apply {
                (self.records[place].in_force, self.records[place].pending) = (false, false);
            }
        }
        // To undo a rollback brings back what it had undone.
        if revived.is_some() {
            self.records[apply].in_force = true;
            self.records[apply].effects.clone_from(&effects);
            self.put_on(apply, &effects);
        }
        self.add(Some(at), effects, true, false);
    }

    /// While something is open, nobody writes.
    fn is_in_the_way(&mut self) -> Told {
        let before = self.machine.values();
        let differs = u8::from(before[&key(4)] == "0");
        let plan = self.machine.plan(&Wanted::from([(4, differs)]));
        match self.machine.apply(&plan, false, None) {
            End::Refused(TransactionError::Interrupted { .. }) => {
                self.tally.count("stopped by what is open");
                same("what is open stops an apply", &self.machine.values(), &before)
            }
            _ => Err("an apply went ahead while something was open".into()),
        }
    }

    /// The same again does it; where that fails once more, the same again.
    fn insist(
        &mut self,
        undoes: Option<usize>,
        run: impl Fn(&Self, Option<&Fault>) -> End,
    ) -> Result<Done, String> {
        // What is killed while it is settled is no other record.
        let fault =
            self.again.take().filter(|fault| undoes.is_none() || !matches!(fault, Fault::Kill { .. }));
        match (run(self, fault.as_ref()), fault.is_some()) {
            (End::Done(done), _) if done.failure.is_none() => return Ok(done),
            (End::Done(_), true) if undoes.is_some() => self.add(undoes, Effects::new(), false, false),
            (End::Done(_) | End::Killed, true) => {}
            _ => return Err("the same again does not do it".into()),
        }
        self.tally.count("failed again");
        match run(self, None) {
            End::Done(done) if done.failure.is_none() => Ok(done),
            _ => Err("the same once more does not do it".into()),
        }
    }

    /// One rollback without a name settles what was interrupted.
    fn settle(&mut self, expected: &Values) -> Told {
        let done = self.insist(None, |model, fault| model.machine.rollback(None, false, fault))?;
        expect("settled", &done.outcome, &Outcome::RolledBack)?;
        same("settled", &self.machine.values(), expected)
    }

    /// One rollback without a name takes back the apply that was just made in part.
    fn back_to(&mut self, expected: &Values, what: &str) -> Told {
        let at = self.records.len() - 1;
        let before = self.machine.values();
        let done = self.insist(Some(at), |model, fault| model.machine.rollback(None, false, fault))?;
        same(what, &self.machine.values(), expected)?;
        let effects = self.effects(&written(&done), &before);
        self.take_back(at, effects);
        Ok(())
    }
}

/// What a command says that it wrote.
fn written(done: &Done) -> Effects {
    let made = done.steps.iter().filter(|step| step.result == StepResult::Done);
    let effect = |step: &Step| {
        let (before, after) =
            (step.before.clone().unwrap_or_default(), step.after.clone().unwrap_or_default());
        (step.key.clone(), Effect { before, after, written: true })
    };
    made.map(effect).collect()
}

fn diff(before: &Values, after: &Values) -> Effects {
    let differing = before.iter().filter(|(key, value)| after[*key] != **value);
    let effect = |(key, value): (&Key, &String)| {
        (key.clone(), Effect { before: value.clone(), after: after[key].clone(), written: false })
    };
    differing.map(effect).collect()
}

/// Whatever is not as before is said to be left.
fn names_what_differs(done: &Done, before: &Values, now: &Values) -> Told {
    let untold: BTreeSet<Key> =
        diff(before, now).into_keys().filter(|key| !is_named_left(done, key)).collect();
    if untold.is_empty() { Ok(()) } else { Err(format!("{untold:?} differ and are not named: {done:#?}")) }
}

fn is_named_left(done: &Done, key: &Key) -> bool {
    let mut left = done.steps.iter().filter(|step| step.result == StepResult::Left);
    left.any(|step| step.key == *key || step.note.as_ref().is_some_and(|note| note.contains(key.as_str())))
}

fn expect<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, expected: &T) -> Told {
    if found == expected { Ok(()) } else { Err(format!("{what}: {found:?}, expected {expected:?}")) }
}

fn same(what: &str, found: &Values, expected: &Values) -> Told {
    let differing = diff(expected, found);
    if differing.is_empty() { Ok(()) } else { Err(format!("{what}: {differing:?} (expected, found)")) }
}
