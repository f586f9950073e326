//! Takes an apply back: the inverse of its record on the same road, without treading on what somebody else
//! changed since.

use std::collections::BTreeMap;
use std::path::Path;

use crate::facts::Identity;
use crate::platform::Platform;
use crate::setting::Key;
use crate::setting::Kind;
use crate::setting::catalogue;
use crate::transaction::Command;
use crate::transaction::Done;
use crate::transaction::Origin;
use crate::transaction::Outcome;
use crate::transaction::Record;
use crate::transaction::Step;
use crate::transaction::StepResult;
use crate::transaction::Store;
use crate::transaction::TransactionError;
use crate::transaction::apply::also_changed;
use crate::transaction::apply::finish;
use crate::transaction::apply::recorded;
use crate::transaction::apply::transact;
use crate::transaction::execute::Write;
use crate::transaction::execute::execute;
use crate::transaction::execute::same;
use crate::transaction::history::in_force;
use crate::transaction::record::Ending;
use crate::transaction::record::is_id;
use crate::transaction::store;

type Records = Vec<(Record, Option<Ending>)>;

/// What a rollback is about.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The record to undo.
    pub record: Record,
    /// Whether it was interrupted, so that this settles it.
    pub interrupted: bool,
}

/// Finds the record that a rollback is about: the one of this id or file, else an interrupted one, else the newest
/// apply in force. None where there is nothing to undo.
///
/// # Errors
/// The state or the file is not acceptable, or there is no such record.
pub fn choose(
    store: Option<&Store>,
    named: Option<&str>,
    here: &Identity,
) -> Result<Option<Choice>, TransactionError> {
    let records = store.map(Store::records).transpose()?.unwrap_or_default();
    if let Some(name) = named.filter(|name| !is_id(name)) {
        let record = store::read_record(Path::new(name))?;
        let ending = records
            .iter()
            .find(|(known, _)| *known == record)
            .map(|(_, ending)| ending);
        let interrupted = ending.is_some_and(Option::is_none);
        return Ok(Some(Choice { record, interrupted }));
    }
    let chosen = match named {
        Some(id) => {
            let found = records.iter().find(|(record, _)| record.id == id);
            Some(found.ok_or_else(|| TransactionError::UnknownId(id.into()))?)
        }
        None => records.iter().find(|(_, ending)| ending.is_none()).or_else(|| {
            let in_force = in_force(&records, here);
            let newest = |at: &usize| in_force[*at] && records[*at].0.command == Command::Apply;
            (0..records.len()).rev().find(newest).map(|at| &records[at])
        }),
    };
    Ok(chosen.map(|(record, ending)| Choice {
        record: record.clone(),
        interrupted: ending.is_none(),
    }))
}

/// Undoes what was chosen. `forced` are the settings that are undone although somebody else changed them. Where
/// `dry_run` is set nothing is written: the steps are what would be done.
///
/// # Errors
/// Why nothing was changed.
#[allow(
    clippy::too_many_arguments,
    reason = "each is one thing the caller knows and this room may not"
)]
pub fn rollback(
    store: &Store,
    choice: &Choice,
    origin: &Origin,
    here: &Identity,
    time: &str,
    forced: &[Key],
    dry_run: bool,
    platform: &dyn Platform,
    interruption: &dyn Fn() -> Option<String>,
    say: &dyn Fn(&str),
) -> Result<Done, TransactionError> {
    let record = &choice.record;
    if !record.origin.same_machine(here) {
        let message = format!(
            "record {} was written on another machine, {}",
            record.id, record.origin.host
        );
        return Err(TransactionError::Foreign(message));
    }
    if !record.origin.same_boot(here) {
        return settle_rebooted(store, choice, dry_run);
    }
    if !record.origin.is_here(here) {
        let message = format!("record {} was written in another network namespace", record.id);
        return Err(TransactionError::Foreign(message));
    }
    let _lock = store.lock(say)?;
    let records = store.records()?;
    if let Some((other, _)) = records
        .iter()
        .find(|(other, ending)| ending.is_none() && other.id != record.id)
    {
        return Err(TransactionError::Interrupted {
            command: other.command,
            id: other.id.clone(),
        });
    }
    let settling = choice.interrupted
        && records
            .iter()
            .any(|(known, ending)| known == record && ending.is_none());
    let aims = aims(record, &records, settling, here);
    let mut steps = Vec::new();
    let mut writes = Vec::new();
    let mut conflict = false;
    for aim in aims {
        let mut target = platform.open(&aim.key)?;
        let found = target.read()?;
        let mut step = Step {
            key: aim.key.clone(),
            before: Some(found.clone()),
            after: Some(aim.to.clone()),
            result: StepResult::Left,
            note: None,
        };
        if aim.superseded {
            step.after = Some(found);
            step.note = Some("a later apply changed it too, and stays in force".into());
            steps.push(step);
        } else if same(aim.kind, &found, &aim.to) {
            step.note = Some("it has this value already".into());
            steps.push(step);
        } else if same(aim.kind, &found, &aim.from) || forced.contains(&aim.key) {
            writes.push(Write {
                also: also_changed(&aim.key, platform)?,
                key: aim.key,
                kind: aim.kind,
                before: found,
                after: aim.to,
                then: aim.also,
                target,
            });
        } else {
            conflict = true;
            step.result = StepResult::Conflict;
            step.note = Some(format!(
                "twtune wrote `{}`, and somebody has set `{found}` since",
                aim.from
            ));
            steps.push(step);
        }
    }
    if conflict || dry_run {
        steps.extend(writes.iter().map(|write| Step {
            key: write.key.clone(),
            before: Some(write.before.clone()),
            after: Some(write.after.clone()),
            result: if conflict {
                StepResult::Left
            } else {
                StepResult::Done
            },
            note: None,
        }));
        let failure = conflict.then(|| "somebody else changed a setting since".to_owned());
        let outcome = if conflict {
            Outcome::Refused
        } else {
            Outcome::RolledBack
        };
        let rollback_file = Some(store.path_of(&record.id));
        return Ok(Done {
            id: Some(record.id.clone()),
            outcome,
            rollback_file,
            steps,
            failure,
        });
    }
    let mut done = if settling {
        let execution = execute(&mut writes, platform, interruption);
        // Settling puts back what was; to put that back again would be wrong, so a failure leaves it interrupted.
        if let Some(failure) = execution.failure {
            let outcome = if execution.incomplete {
                Outcome::Incomplete
            } else {
                Outcome::Undone
            };
            let (id, steps) = (Some(record.id.clone()), execution.steps);
            return Ok(Done {
                id,
                outcome,
                rollback_file: None,
                steps,
                failure: Some(failure),
            });
        }
        let ended = match record.command {
            Command::Apply => Outcome::Undone,
            Command::Rollback => Outcome::RolledBack,
        };
        let mut done = finish(store, &record.id, execution, ended);
        done.outcome = Outcome::RolledBack;
        done
    } else {
        let mut inverse = Record::new(
            Command::Rollback,
            time.into(),
            origin.clone(),
            record.profiles.clone(),
        );
        inverse.undoes = Some(record.id.clone());
        inverse.changes = writes.iter().map(recorded).collect();
        transact(
            store,
            inverse,
            &mut writes,
            platform,
            None,
            interruption,
            Outcome::RolledBack,
        )?
    };
    steps.append(&mut done.steps);
    done.steps = steps;
    Ok(done)
}

/// A record of an earlier boot: its live values went with the machine.
fn settle_rebooted(store: &Store, choice: &Choice, dry_run: bool) -> Result<Done, TransactionError> {
    if choice.interrupted && !dry_run {
        store.write_ending(&Ending::new(&choice.record.id, Outcome::Undone, Vec::new()))?;
    }
    Ok(Done {
        id: Some(choice.record.id.clone()),
        outcome: if choice.interrupted {
            Outcome::RolledBack
        } else {
            Outcome::Unchanged
        },
        rollback_file: Some(store.path_of(&choice.record.id)),
        steps: Vec::new(),
        failure: None,
    })
}

/// Where a rollback takes a setting.
struct Aim {
    key: Key,
    kind: Kind,
    /// The value that we left there.
    from: String,
    /// The value to bring back.
    to: String,
    also: Vec<(Key, Kind, String)>,
    /// Whether a later record in force holds the setting.
    superseded: bool,
}

/// Where each setting of the record goes, the last change first.
fn aims(record: &Record, records: &Records, settling: bool, here: &Identity) -> Vec<Aim> {
    let chains = Chains::replay(records, here);
    // An interrupted rollback is brought to its end, anything else is undone.
    let forward = settling && record.command == Command::Rollback;
    let mut changes: Vec<_> = record.changes.iter().collect();
    if !forward {
        changes.reverse();
    }
    changes
        .into_iter()
        .filter_map(|change| {
            let key = Key::parse(&change.key).ok()?;
            let kind = catalogue::find(&key)?.kind;
            let (before, after) = (change.before.clone()?, change.after.clone()?);
            let link = chains.link(&change.key, &record.id);
            let (from, to, superseded) = match link {
                _ if forward => (before, after, false),
                _ if settling => (after, before, false),
                Some((link, top)) => (link.after.clone(), link.before.clone(), !top),
                None => (after, before, false),
            };
            let also = change.also.iter().filter_map(|also| {
                let key = Key::parse(&also.key).ok()?;
                let kind = catalogue::find(&key)?.kind;
                Some((key, kind, also.before.clone()))
            });
            Some(Aim {
                kind,
                from,
                to,
                also: also.collect(),
                superseded,
                key,
            })
        })
        .collect()
}

/// For every setting, the records in force that changed it, oldest first: what lies below each is what its
/// rollback brings back.
struct Chains {
    by_key: BTreeMap<String, Vec<Link>>,
}

struct Link {
    id: String,
    before: String,
    after: String,
}

impl Chains {
    /// Replays the history of this boot and namespace.
    fn replay(records: &Records, here: &Identity) -> Self {
        let mut chains = Self {
            by_key: BTreeMap::new(),
        };
        for (record, ending) in records {
            let outcome = ending.as_ref().map(|ending| ending.outcome);
            let counts = matches!(
                outcome,
                Some(Outcome::Applied | Outcome::RolledBack | Outcome::Incomplete)
            );
            if !counts || !record.origin.is_here(here) {
                continue;
            }
            if let Some(undone) = &record.undoes {
                chains.take_out(undone);
            }
            // A rollback of an apply only takes out; of a rollback, it brings the apply back.
            let holder = match &record.undoes {
                None => Some(record.id.clone()),
                Some(undone) => records
                    .iter()
                    .find(|(other, _)| other.id == *undone)
                    .and_then(|(other, _)| other.undoes.clone()),
            };
            let Some(holder) = holder else { continue };
            for change in &record.changes {
                if let (Some(before), Some(after)) = (&change.before, &change.after) {
                    let (id, before, after) = (holder.clone(), before.clone(), after.clone());
                    chains
                        .by_key
                        .entry(change.key.clone())
                        .or_default()
                        .push(Link { id, before, after });
                }
            }
        }
        chains
    }

    /// Takes a record out of every chain; what lay above it now lies on what lay below it.
    fn take_out(&mut self, id: &str) {
        for chain in self.by_key.values_mut() {
            if let Some(at) = chain.iter().position(|link| link.id == id) {
                let gone = chain.remove(at);
                if let Some(above) = chain.get_mut(at) {
                    above.before = gone.before;
                }
            }
        }
    }

    /// The record's link in a setting's chain, and whether it is the last.
    fn link(&self, key: &str, id: &str) -> Option<(&Link, bool)> {
        let chain = self.by_key.get(key)?;
        let at = chain.iter().position(|link| link.id == id)?;
        Some((&chain[at], at + 1 == chain.len()))
    }
}
