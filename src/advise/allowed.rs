//! The values that satisfy a rule, so that rules about one setting can be met together.

use crate::facts::Host;
use crate::profile::Amount;
use crate::profile::Constraint;
use crate::profile::Cover;
use crate::profile::Literal;
use crate::setting::PortRange;
use crate::setting::PortSet;
use crate::setting::Setting;
use crate::setting::UNLIMITED;
use crate::setting::Value;

/// Every value that satisfies all rules that went into it.
#[derive(Clone, Debug)]
pub(super) struct Allowed {
    /// The setting, which knows how its numbers rank.
    setting: &'static Setting,
    /// One of these, where a rule lists them.
    among: Option<Vec<Value>>,
    /// The interval of each number.
    numbers: Vec<Interval>,
    /// What a range must cover.
    range: Option<PortRange>,
    /// What a list must contain.
    ports: PortSet,
}

/// Both ends included, as ranks.
#[derive(Clone, Copy, Debug)]
struct Interval {
    low: i128,
    high: i128,
    /// Where a number outside goes; the nearer end without it.
    propose: Option<i128>,
}

impl Interval {
    const ALL: Self = Self { low: i128::MIN, high: i128::MAX, propose: None };

    fn holds(self, rank: i128) -> bool {
        (self.low..=self.high).contains(&rank)
    }

    fn nearest(self, rank: i128) -> i128 {
        if self.holds(rank) {
            return rank;
        }
        self.propose.filter(|propose| self.holds(*propose)).unwrap_or(rank.clamp(self.low, self.high))
    }
}

impl Allowed {
    /// The values that satisfy one constraint.
    ///
    /// # Errors
    /// Why nobody can tell: a fact about the host is not known, or shares of this host contradict each other.
    pub(super) fn by(
        constraint: &Constraint,
        setting: &'static Setting,
        host: &Host,
    ) -> Result<Self, &'static str> {
        let allowed = Self::compute(constraint, setting, host).ok_or("this host's memory is not known")?;
        if allowed.numbers.iter().any(|interval| interval.low > interval.high) {
            return Err("the rule's lower end lies above its upper end on this host");
        }
        Ok(allowed)
    }

    fn compute(constraint: &Constraint, setting: &'static Setting, host: &Host) -> Option<Self> {
        let mut allowed = Self {
            setting,
            among: None,
            numbers: vec![Interval::ALL; setting.kind.arity()],
            range: None,
            ports: PortSet::default(),
        };
        match constraint {
            Constraint::Want(Literal::Numbers(numbers)) => {
                allowed.raise(numbers, host)?;
                allowed.lower(numbers, host)?;
            }
            Constraint::Want(literal) => allowed.among = Some(vec![fixed(literal, setting, host)?]),
            Constraint::OneOf(literals) => {
                allowed.among =
                    Some(literals.iter().map(|one| fixed(one, setting, host)).collect::<Option<_>>()?);
            }
            Constraint::AtLeast(numbers) => allowed.raise(numbers, host)?,
            Constraint::AtMost(numbers) => allowed.lower(numbers, host)?,
            Constraint::Between { low, high, propose } => {
                allowed.raise(low, host)?;
                allowed.lower(high, host)?;
                for (at, amount) in propose.iter().flatten().enumerate() {
                    if let Some(amount) = amount {
                        let rank = allowed.rank(amount.on(setting, host)?);
                        allowed.numbers[at].propose = Some(rank);
                    }
                }
            }
            Constraint::Covers(Cover::Range(range)) => allowed.range = Some(*range),
            Constraint::Covers(Cover::Ports(ports)) => allowed.ports = ports.clone(),
            // A key that must not be there has no value to compare; `judge` sees to it.
            Constraint::Absent => {}
        }
        Some(allowed)
    }

    fn raise(&mut self, numbers: &[Option<Amount>], host: &Host) -> Option<()> {
        for (at, amount) in numbers.iter().enumerate() {
            if let Some(amount) = amount {
                self.numbers[at].low = self.rank(amount.on(self.setting, host)?);
            }
        }
        Some(())
    }

    fn lower(&mut self, numbers: &[Option<Amount>], host: &Host) -> Option<()> {
        for (at, amount) in numbers.iter().enumerate() {
            if let Some(amount) = amount {
                self.numbers[at].high = self.rank(amount.on(self.setting, host)?);
            }
        }
        Some(())
    }

    fn rank(&self, number: i128) -> i128 {
        self.setting.rank(number)
    }

    fn unrank(rank: i128) -> i128 {
        if rank == UNLIMITED { -1 } else { rank }
    }

    /// The values that satisfy both; None where there is none.
    pub(super) fn meet(&self, other: &Self) -> Option<Self> {
        // Of a setting that the catalogue does not know, one rule may want a number and another a text.
        if self.setting.kind != other.setting.kind {
            return None;
        }
        let mut met = self.clone();
        for (mine, theirs) in met.numbers.iter_mut().zip(&other.numbers) {
            mine.low = mine.low.max(theirs.low);
            mine.high = mine.high.min(theirs.high);
            mine.propose = mine.propose.or(theirs.propose);
            if mine.low > mine.high {
                return None;
            }
        }
        met.range = match (self.range, other.range) {
            (Some(mine), Some(theirs)) => Some(mine.union(theirs)),
            (mine, theirs) => mine.or(theirs),
        };
        met.ports = self.ports.union(&other.ports);
        met.among = match (&self.among, &other.among) {
            (Some(mine), Some(theirs)) => {
                Some(mine.iter().filter(|value| theirs.contains(value)).cloned().collect())
            }
            (mine, theirs) => mine.clone().or_else(|| theirs.clone()),
        };
        let reachable =
            met.among.as_ref().is_none_or(|values| values.iter().any(|value| met.in_bounds(value)));
        reachable.then_some(met)
    }

    /// Whether the value satisfies.
    pub(super) fn holds(&self, value: &Value) -> bool {
        self.among.as_ref().is_none_or(|values| values.contains(value)) && self.in_bounds(value)
    }

    fn in_bounds(&self, value: &Value) -> bool {
        match value {
            Value::Numbers(numbers) => {
                numbers.iter().zip(&self.numbers).all(|(number, interval)| interval.holds(self.rank(*number)))
            }
            Value::Range(range) => self.range.is_none_or(|wanted| range.covers(wanted)),
            Value::Ports(ports) => ports.covers(&self.ports),
            Value::Word(_) => true,
        }
    }

    /// The satisfying value that changes least.
    pub(super) fn nearest(&self, value: &Value) -> Value {
        if self.holds(value) {
            return value.clone();
        }
        if let Some(values) = &self.among {
            let distance = |candidate: &Value| match (candidate, value) {
                (Value::Numbers(a), Value::Numbers(b)) => {
                    a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).fold(0, u128::saturating_add)
                }
                // Words have no distance: the first that the rule lists.
                _ => 0,
            };
            let best =
                values.iter().filter(|value| self.in_bounds(value)).min_by_key(|value| distance(value));
            return best.unwrap_or(value).clone();
        }
        match value {
            Value::Numbers(numbers) => Value::Numbers(
                numbers
                    .iter()
                    .zip(&self.numbers)
                    .map(|(number, interval)| {
                        if interval.holds(self.rank(*number)) {
                            *number
                        } else {
                            Self::unrank(interval.nearest(self.rank(*number)))
                        }
                    })
                    .collect(),
            ),
            Value::Range(range) => Value::Range(self.range.map_or(*range, |wanted| range.union(wanted))),
            Value::Ports(ports) => Value::Ports(ports.union(&self.ports)),
            Value::Word(_) => value.clone(),
        }
    }
}

fn fixed(literal: &Literal, setting: &Setting, host: &Host) -> Option<Value> {
    Some(match literal {
        Literal::Numbers(numbers) => {
            Value::Numbers(numbers.iter().map(|number| (*number)?.on(setting, host)).collect::<Option<_>>()?)
        }
        Literal::Range(range) => Value::Range(*range),
        Literal::Ports(ports) => Value::Ports(ports.clone()),
        Literal::Word(word) => Value::Word(word.clone()),
    })
}
