//! What can still be taken back beside damaged records: whatever the intact ones tell alone.

use crate::transaction::Choice;
use crate::transaction::Record;
use crate::transaction::Records;
use crate::transaction::StoreError;
use crate::transaction::TransactionError;
use crate::transaction::record::Ending;

/// The part of a history that no damaged record has a say in: all of it, or the newest records.
#[derive(Default)]
pub(super) struct Told {
    pub(super) records: Records,
    /// The damaged record that hides what came before.
    damage: Option<StoreError>,
}

impl Told {
    /// Each record saves the values that it found, which are what lies below it. So the newest ones tell by themselves
    /// what lies on top of what, as long as none of them takes an older one out from below them.
    ///
    /// # Errors
    /// A record cannot be read for another reason, or an older one has to be settled first.
    pub(super) fn of((mut records, mut damaged): (Records, Vec<StoreError>)) -> Result<Self, StoreError> {
        let Some(damage) = damaged.pop() else { return Ok(Self { records, damage: None }) };
        let all_damaged = damaged.iter().all(|error| matches!(error, StoreError::Damaged { .. }));
        let StoreError::Damaged { id, .. } = &damage else { return Err(damage) };
        if !all_damaged {
            return Err(damaged.remove(0));
        }
        let mut least = id + 1;
        let reaches_below = |record: &Record, least: u64| {
            let undone = record.undoes.as_deref().map(number);
            number(&record.id) >= least && undone.is_some_and(|undone| undone < least)
        };
        while let Some((last, _)) = records.iter().rfind(|(record, _)| reaches_below(record, least)) {
            least = number(&last.id) + 1;
        }
        let is_below = |(record, _): &(Record, Option<Ending>)| number(&record.id) < least;
        if records.iter().any(|entry| is_below(entry) && entry.1.is_none()) {
            return Err(damage);
        }
        records.retain(|entry| !is_below(entry));
        Ok(Self { records, damage: Some(damage) })
    }

    /// What was chosen, where it can be taken back by these records: a file that the next boot reads is made of all.
    ///
    /// # Errors
    /// Which record is damaged.
    pub(super) fn permit(self, choice: Option<&Choice>) -> Result<Records, TransactionError> {
        let is_told = |choice: &Choice| {
            choice.known
                && !choice.record.touches_boot()
                && self.records.iter().any(|(record, _)| record.id == choice.record.id)
        };
        match self.damage {
            Some(damage) if !choice.is_some_and(is_told) => Err(damage.into()),
            _ => Ok(self.records),
        }
    }
}

fn number(id: &str) -> u64 {
    id.parse().unwrap_or(0)
}
