//! Confirmations among whatever else happens to the files: they come through, or can be made again or taken back.

use twtune::transaction;
use twtune::transaction::Outcome;
use twtune::transaction::State;
use twtune::transaction::TransactionError;

use crate::properties::files::InForce;
use crate::properties::files::Model;
use crate::properties::files::OTHER;
use crate::properties::files::Told;
use crate::properties::machine::End;
use crate::properties::machine::Fault;
use crate::properties::machine::key;

impl Model<'_> {
    pub(super) fn confirm(&mut self, fault: Option<&Fault>, way: usize) -> Told {
        let waits = |apply: &&InForce| apply.pending && !apply.overdue;
        let waiting = self.in_force.iter().filter(waits).count();
        match self.machine.confirm(fault) {
            Some(Ok(kept)) if kept.len() == waiting => {}
            Some(Ok(kept)) => return Err(format!("{} kept of {waiting}", kept.len())),
            None | Some(Err(_)) if fault.is_some() => {
                self.count("confirmation killed or failed");
                self.look_who_waits()?;
                if way > 0 {
                    return self.take_back_what_waits(way == 1);
                }
                match self.machine.confirm(None) {
                    Some(Ok(kept)) if kept.len() == self.in_force.iter().filter(waits).count() => {}
                    other => return Err(format!("confirmed again: {other:?}")),
                }
            }
            None => return Err("nobody killed it".into()),
            Some(Err(error)) => return Err(format!("nobody expected: {error}")),
        }
        if waiting > 0 {
            self.count("confirmed");
        }
        self.in_force.iter_mut().for_each(|apply| apply.pending &= apply.overdue);
        Ok(())
    }

    /// A confirmation of several may have got through with some.
    fn look_who_waits(&mut self) -> Told {
        let entries = transaction::history(&self.machine.store(), &self.machine.here());
        for entry in entries.map_err(|error| error.to_string())? {
            if let Some(apply) = self.in_force.iter_mut().find(|apply| apply.id == entry.record.id) {
                apply.pending = entry.state == State::Ended(Outcome::Pending);
            }
        }
        Ok(())
    }

    /// Whatever waits to be confirmed is undone, that first whose confirmation did not come to its end.
    fn take_back_what_waits(&mut self, by_hand: bool) -> Told {
        while let Some(apply) = self.in_force.iter().rfind(|apply| apply.pending) {
            let undo = |id: &str| {
                if by_hand {
                    self.machine.rollback(Some(id), false, None)
                } else {
                    self.machine.expire(id, None)
                }
            };
            let mut id = apply.id.clone();
            let mut end = undo(&id);
            if let End::Refused(TransactionError::HalfConfirmed(half)) = end {
                self.tally.entry("half confirmed").and_modify(|count| *count += 1).or_insert(1);
                (end, id) = (undo(&half), half);
            }
            match end {
                End::Done(done) if done.outcome == Outcome::RolledBack => {}
                End::Done(done) => {
                    return Err(format!("{id} waited, and {:?}: {:#?}", done.outcome, done.steps));
                }
                End::Refused(error) => return Err(format!("{id} waited: {error}")),
                _ => return Err(format!("{id} waited, and is not undone")),
            }
            self.in_force.retain(|apply| apply.id != id);
        }
        Ok(())
    }

    pub(super) fn write(&self, path: &str, text: impl Fn(String) -> String) {
        let file = self.machine.memory.files.borrow()[path].clone();
        let content = text(String::from_utf8_lossy(&file.content).into_owned());
        self.machine.memory.files.borrow_mut().insert(path.into(), file.with(content.into()));
    }

    /// What nobody knew of when it was applied is not overruled by a confirmation.
    pub(super) fn shadow(&mut self) -> Told {
        let waiting: Vec<usize> = (0..self.in_force.len())
            .filter(|at| self.in_force[*at].pending && !self.in_force[*at].overdue)
            .collect();
        let [at] = waiting[..] else { return Ok(()) };
        let held = |key: &usize| self.in_force[at + 1..].iter().any(|later| later.wanted.contains_key(key));
        let Some(shadowed) = self.in_force[at].wanted.keys().find(|key| !held(key)) else { return Ok(()) };
        let line = format!("{} = 8", key(*shadowed));
        self.write(OTHER, |text| format!("{text}{line}\n"));
        let before = self.machine.memory.files.borrow().clone();
        match self.machine.confirm(None) {
            Some(Err(TransactionError::NotConfirmed { why, .. })) if is_shadowed_by(&why, &line) => {
                self.count("shadowed");
            }
            other => return Err(format!("{line} was added, and confirmed all the same: {other:?}")),
        }
        if before != *self.machine.memory.files.borrow() {
            return Err("what is refused changed a file".into());
        }
        self.write(OTHER, |text| text.replace(&format!("{line}\n"), ""));
        Ok(())
    }
}

fn is_shadowed_by(why: &TransactionError, line: &str) -> bool {
    matches!(why, TransactionError::Shadowed { line: found, .. } if found == line)
}
