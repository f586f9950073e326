//! How long the ports for one destination last: `TIME_WAIT` keeps each for a minute, so what expires is known, and what
//! comes is told by how old those are that are there.

use crate::facts::Wait;

/// How long the kernel keeps a port in `TIME_WAIT` at least, in milliseconds: `TCP_TIMEWAIT_LEN`.
pub const TIME_WAIT: u32 = 60_000;

/// So many closes tell a rate; fewer are taken as they are.
const ENOUGH: usize = 32;

/// Over less than so many milliseconds there is no rate: the kernel's clock ticks every one to ten, and a program that
/// begins many connections at once need not go on.
const SHORTEST_SPAN: u32 = 100;

/// From so many on it takes less time to sort by digits.
const MANY: usize = 200;

/// A pause that is so many times longer than the mean distance between closes is no chance.
const PAUSE: f64 = 12.0;

/// The shortest pause that parts two bursts, in milliseconds: below, a scheduler or a round trip may be behind it.
const SHORTEST_PAUSE: f64 = 500.0;

/// Nothing is foreseen beyond a day, in milliseconds.
const FAR: f64 = 86_400_000.0;

/// The ports for one destination.
#[derive(Clone, Copy, Debug)]
pub struct Stock<'a> {
    /// How many ports the kernel can choose from for it.
    pub capacity: u32,
    /// How many are kept by connections that are not in `TIME_WAIT`.
    pub held: u32,
    /// How many more of these there are each second.
    pub growth: f64,
    /// Those in `TIME_WAIT`.
    pub waits: &'a [Wait],
    /// The age in milliseconds from which on `connect()` takes a port out of `TIME_WAIT`, where it does.
    pub reuse: Option<u32>,
    /// Whether some were taken that way, so that of closes older than that not all are to be seen.
    pub hidden: bool,
    /// How late a timer of a minute may be, in milliseconds.
    pub late: u32,
}

/// What comes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Arrivals {
    /// So many a second.
    Steady(f64),
    /// So many at once, again and again: how many, every how many milliseconds, the next one in how many.
    Bursts { size: f64, period: f64, next: f64 },
}

/// What is foreseen for one destination.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Forecast {
    /// Connections a second at present, as those tell that are closed here, and more that are kept open.
    pub rate: f64,
    /// How many a second go on for ever.
    pub sustainable: f64,
    /// Seconds until a connection fails for want of a port, if everything goes on as it does.
    pub seconds_to_exhaustion: Option<f64>,
    /// How many ports in `TIME_WAIT` could be taken at once.
    pub reusable: u32,
}

/// Foresees how long the stock lasts.
#[must_use]
pub fn forecast(stock: &Stock<'_>) -> Forecast {
    let ages = ages(stock.waits);
    let reusable = stock.reuse.map_or(0, |delay| count(ages.iter().filter(|age| **age >= delay).count()));
    let kept_for = stock.reuse.unwrap_or(TIME_WAIT.saturating_add(stock.late));
    let free = stock.capacity.saturating_sub(stock.held);
    let sustainable = f64::from(free) * 1000.0 / f64::from(kept_for.max(1));
    let seen = match stock.reuse {
        Some(delay) if stock.hidden => &ages[..ages.partition_point(|age| *age < delay)],
        _ => &ages[..],
    };
    let arrivals = arrivals(seen);
    let rate = arrivals.rate() + stock.growth;
    let seconds_to_exhaustion = exhaustion(stock, &ages, kept_for, arrivals);
    Forecast { rate, sustainable, seconds_to_exhaustion, reusable }
}

/// Connections a second at present, as those tell that are in `TIME_WAIT`.
#[must_use]
pub fn rate(waits: &[Wait]) -> f64 {
    arrivals(&ages(waits)).rate()
}

/// The ages of those in `TIME_WAIT` in milliseconds, the youngest first. There can be a million: many are sorted digit by
/// digit, for to compare them would take longer than all else that is done with them.
fn ages(waits: &[Wait]) -> Vec<u32> {
    let mut ages: Vec<u32> = waits.iter().map(|wait| TIME_WAIT.saturating_sub(wait.left())).collect();
    if ages.len() < MANY {
        ages.sort_unstable();
        return ages;
    }
    let mut sorted = vec![0; ages.len()];
    // All are even, and at most 60,000.
    for shift in [1, 9] {
        let digit = |age: u32| (age >> shift) as usize % 256;
        let mut places = [0; 256];
        for age in &ages {
            places[digit(*age)] += 1;
        }
        let mut place = 0;
        for here in &mut places {
            place += std::mem::replace(here, place);
        }
        for age in &ages {
            let place = &mut places[digit(*age)];
            sorted[*place] = *age;
            *place += 1;
        }
        std::mem::swap(&mut ages, &mut sorted);
    }
    ages
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "counts of ports are small")]
fn real(number: usize) -> f64 {
    number as f64
}

/// What the ages of those that are there, the youngest first, tell of what comes.
fn arrivals(ages: &[u32]) -> Arrivals {
    let [youngest, .., _] = *ages else { return Arrivals::Steady(real(ages.len()) * 1000.0 / 60_000.0) };
    let rate = steady_rate(ages);
    let pause = SHORTEST_PAUSE.max(PAUSE * 1000.0 / rate);
    let quiet = f64::from(youngest);
    match bursts(ages, pause) {
        // One that is overdue has not come: they have ended.
        Some(Arrivals::Bursts { period, .. }) if quiet > 2.0 * period => Arrivals::Steady(0.0),
        Some(bursts) => bursts,
        None if quiet > pause => Arrivals::Steady(0.0),
        None => Arrivals::Steady(rate),
    }
}

/// Whether they came in bursts that such pauses part: at least two that are over, of about one size.
fn bursts(ages: &[u32], pause: f64) -> Option<Arrivals> {
    let mut starts = Vec::new();
    let (mut begun, mut largest) = (0, 0);
    for (at, age) in ages.iter().enumerate() {
        let before = ages.get(at + 1).map_or(f64::MAX, |older| f64::from(older - age));
        if before > pause {
            starts.push(f64::from(*age));
            largest = largest.max(at + 1 - begun);
            begun = at + 1;
        }
    }
    let going_on = f64::from(*ages.first()?) <= pause;
    let [last, .., first] = starts[..] else { return None };
    let size = real(ages.len()) / real(starts.len());
    if starts.len() < 2 + usize::from(going_on) || size < 8.0 || real(largest) > 2.0 * size {
        return None;
    }
    let period = (first - last) / real(starts.len() - 1);
    Some(Arrivals::Bursts { size, period, next: (period - last).max(0.0) })
}

/// The rate of the longest time up to now over which it was steady: longer ones are taken as long as they differ from
/// the shorter by no more than chance does.
fn steady_rate(ages: &[u32]) -> f64 {
    let rate = |closes: usize| {
        let span = ages[closes - 1].saturating_sub(ages[0]).max(SHORTEST_SPAN);
        real(closes - 1) * 1000.0 / f64::from(span)
    };
    let recent = ages.partition_point(|age| *age <= ages[0].saturating_add(SHORTEST_SPAN));
    let mut closes = ages.len().min(ENOUGH.max(recent));
    let mut best = rate(closes);
    while closes < ages.len() {
        let more = ages.len().min(closes * 2);
        let longer = rate(more);
        if (longer - best).abs() > 3.0 * best / real(closes).sqrt() {
            break;
        }
        (closes, best) = (more, longer);
    }
    best
}

/// When the ports run out, if arrivals go on: each second's are added, each expiry taken away.
fn exhaustion(stock: &Stock<'_>, ages: &[u32], kept_for: u32, arrivals: Arrivals) -> Option<f64> {
    let capacity = f64::from(stock.capacity);
    let held = f64::from(stock.held);
    // What is there in so many milliseconds.
    let busy = |time: f64| {
        let gone = ages.partition_point(|age| f64::from(*age) + time < f64::from(kept_for));
        let came = arrivals.by(time) - arrivals.by(time - f64::from(kept_for));
        held + stock.growth * time / 1000.0 + real(gone) + came
    };
    if held >= capacity || busy(0.0) >= capacity {
        return Some(0.0);
    }
    let mut horizon = f64::from(kept_for) + arrivals.period();
    if stock.growth > 0.0 {
        // What only grows fills any stock; by then it is another day.
        horizon = horizon.max(FAR.min((capacity - held) * 1010.0 / stock.growth));
    } else if held + real(ages.len()) + arrivals.by(horizon) < capacity {
        return None;
    }
    // A burst that just fits fails nobody.
    let capacity = if matches!(arrivals, Arrivals::Bursts { .. }) { capacity + 1.0 } else { capacity };
    let step = horizon / 2000.0;
    let mut time = 0.0;
    while time <= horizon {
        if busy(time) >= capacity {
            return Some(time / 1000.0);
        }
        time += step;
    }
    None
}

impl Arrivals {
    /// How many a second.
    fn rate(self) -> f64 {
        match self {
            Self::Steady(rate) => rate,
            Self::Bursts { size, period, .. } => size * 1000.0 / period,
        }
    }

    /// How many come within so many milliseconds from now.
    fn by(self, time: f64) -> f64 {
        if time <= 0.0 {
            return 0.0;
        }
        match self {
            Self::Steady(rate) => rate * time / 1000.0,
            Self::Bursts { size, period, next } if time >= next => {
                size * (1.0 + ((time - next) / period).floor())
            }
            Self::Bursts { .. } => 0.0,
        }
    }

    fn period(self) -> f64 {
        match self {
            Self::Steady(_) => 0.0,
            Self::Bursts { period, .. } => period,
        }
    }
}

/// How late the kernel may end a `TIME_WAIT`, in milliseconds, where its clock ticks so often: its timer wheel sorts
/// those that are far away into coarser and coarser slots (`kernel/time/timer.c`).
#[must_use]
pub fn lateness(tick: u32) -> u32 {
    let tick = tick.max(1);
    let mut granularity = 1;
    while TIME_WAIT / tick >= 63 * granularity && granularity < 1 << 20 {
        granularity *= 8;
    }
    granularity * tick
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_ages_are_sorted_as_few_are() {
        let waits: Vec<Wait> = (0..5000_u32).map(|at| Wait::new(at * 7919 % 65_000, at % 3 == 0)).collect();
        let mut expected: Vec<u32> = waits.iter().map(|wait| TIME_WAIT.saturating_sub(wait.left())).collect();
        expected.sort_unstable();
        assert_eq!(ages(&waits), expected);
        assert_eq!((expected[0], expected[4999]), (0, 60_000));
    }

    #[test]
    fn what_came_within_a_tick_is_no_rate() {
        let closed = |ages: &[u32]| -> Vec<Wait> {
            ages.iter().map(|age| Wait::new(TIME_WAIT - age, false)).collect()
        };
        assert!(rate(&closed(&[4; 40])) < 400.0);
        // 10,000 a second for 300 milliseconds, all that came in a tick of 4 at once.
        let ages: Vec<u32> = (0..3000).map(|close| close / 40 * 4).collect();
        let found = rate(&closed(&ages));
        assert!((found - 10_000.0).abs() < 300.0, "{found}");
    }
}
