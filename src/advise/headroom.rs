//! The ports that connections from here can take, and how long they last.

use crate::advise::forecast::Forecast;
use crate::advise::forecast::Stock;
use crate::advise::forecast::TIME_WAIT;
use crate::advise::forecast::forecast;
use crate::advise::forecast::lateness;
use crate::advise::forecast::rate;
use crate::facts::Address;
use crate::facts::Destination;
use crate::facts::Traffic;
use crate::setting::PortRange;
use crate::setting::PortSet;

/// The age that `tcp_tw_reuse` asks of a `TIME_WAIT` where the kernel has no setting for it, in milliseconds.
const REUSE_DELAY: u32 = 1000;

/// So many ports of one parity show that they were not taken by chance.
const TELLING: u32 = 8;

/// A difference in age of so many milliseconds is none of the clock's: what was filled at once tells nothing.
const CLEAR: u64 = 250;

/// A `TIME_WAIT` that began so many milliseconds ago still tells what the ports were like then.
const RECENT: u32 = 10_000;

/// The ports that the kernel gives out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ports {
    /// The range.
    pub range: PortRange,
    /// How many inside it are reserved.
    pub reserved: u32,
    /// How many are left.
    pub available: u32,
    /// How many of these have the parity that `connect()` tries first: that of the range's low end.
    pub first_parity: u32,
    /// How many of these sockets keep from everybody: those that listen, and those that were bound before they
    /// connected.
    pub blocked: u32,
    /// When `connect()` takes a port out of `TIME_WAIT`.
    pub reuse: Reuse,
    /// How late a timer of a minute may be, in milliseconds.
    pub late: u32,
}

/// When `connect()` takes a port out of `TIME_WAIT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    /// Never.
    Never,
    /// Never, although `tcp_tw_reuse` allows it: timestamps are off.
    WithoutTimestamps,
    /// On the loopback, from this age in milliseconds on.
    Loopback(u32),
    /// From this age in milliseconds on.
    Always(u32),
}

/// The ports for one destination.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Headroom {
    /// How many ports the kernel can choose from for it.
    pub capacity: u32,
    /// How many of them are free, or could be taken out of `TIME_WAIT`.
    pub headroom: u32,
    /// The age from which on `connect()` takes a port out of `TIME_WAIT`, in milliseconds.
    pub reuse: Option<u32>,
    /// Whether its sockets were bound before they connected, as the parity of their ports tells.
    pub bound: bool,
    /// Whether the ports that `connect()` tries first are used up, so that each call searches them in vain.
    pub slow: bool,
    /// Whether ports are not taken out of `TIME_WAIT` although the settings here allow it: the peer has no timestamps.
    pub reuse_fails: bool,
    /// Whether `tcp_tw_reuse` hides older closes.
    pub hidden: bool,
    /// What is to come.
    pub forecast: Forecast,
}

impl Ports {
    /// The ports of the namespace; those that sockets block are counted by [`headroom`].
    #[must_use]
    pub fn of(traffic: &Traffic) -> Self {
        let range = traffic.sockets.range;
        let reserved = traffic.text("net.ipv4.ip_local_reserved_ports").unwrap_or_default();
        let reserved = PortSet::parse(reserved).unwrap_or_default().within(range);
        let size = u32::from(range.high - range.low) + 1;
        let listening: PortSet = traffic
            .sockets
            .listeners
            .iter()
            .map(|listener| listener.local.port)
            .filter(|port| range.contains(*port) && !reserved.contains(*port))
            .collect();
        let delay = traffic.number("net.ipv4.tcp_tw_reuse_delay").and_then(|delay| u32::try_from(delay).ok());
        let delay = delay.unwrap_or(REUSE_DELAY);
        let timestamps = traffic.number("net.ipv4.tcp_timestamps") != Some(0);
        let reuse = match traffic.number("net.ipv4.tcp_tw_reuse") {
            Some(1 | 2) if !timestamps => Reuse::WithoutTimestamps,
            Some(1) => Reuse::Always(delay),
            Some(2) => Reuse::Loopback(delay),
            _ => Reuse::Never,
        };
        Self {
            range,
            reserved: reserved.count(),
            available: size - reserved.count(),
            // The range begins with one of them.
            first_parity: size.div_ceil(2) - reserved.count_like(range.low),
            blocked: listening.count(),
            reuse,
            late: lateness(traffic.tick),
        }
    }

    fn reuse_for(&self, destination: &Destination) -> Option<u32> {
        match self.reuse {
            Reuse::Never | Reuse::WithoutTimestamps => None,
            Reuse::Always(delay) => Some(delay),
            Reuse::Loopback(delay) => {
                (destination.source.is_loopback() || destination.peer.address.is_loopback()).then_some(delay)
            }
        }
    }
}

/// What the sockets that were bound at one source address keep: a port is theirs alone, whatever their peer.
#[derive(Debug)]
struct BoundSource<'a> {
    source: Address,
    held: u32,
    time_wait: u32,
    destinations: Vec<&'a Destination>,
}

/// How many ports each destination has left, in the order of the destinations. Counts the blocked ports.
#[must_use]
pub fn headroom(traffic: &Traffic, ports: &mut Ports) -> Vec<Headroom> {
    let destinations = &traffic.sockets.destinations;
    let mut sources: Vec<BoundSource<'_>> = Vec::new();
    let hidden = traffic.counters.seen("TcpExt.TWRecycled") > 0;
    let bound: Vec<bool> =
        destinations.iter().map(|destination| is_bound(destination, ports, hidden)).collect();
    for destination in destinations.iter().zip(&bound).filter(|(_, bound)| **bound).map(|(one, _)| one) {
        let at = sources.iter().position(|other| other.source == destination.source).unwrap_or_else(|| {
            sources.push(BoundSource {
                source: destination.source,
                held: 0,
                time_wait: 0,
                destinations: Vec::new(),
            });
            sources.len() - 1
        });
        sources[at].held += destination.held();
        sources[at].time_wait += destination.time_wait;
        sources[at].destinations.push(destination);
    }
    let listening = ports.blocked;
    for source in &sources {
        ports.blocked = ports.blocked.saturating_add(source.held).saturating_add(source.time_wait);
    }
    ports.blocked = ports.blocked.min(ports.available);

    // What they all share is foreseen once.
    let of_sources: Vec<Headroom> = sources
        .iter()
        .map(|source| {
            let waits: Vec<_> =
                source.destinations.iter().flat_map(|one| one.waits.iter().copied()).collect();
            let others = destinations.iter().zip(&bound);
            let others = others.filter(|(one, bound)| !**bound && one.source == source.source);
            let others = others.map(|(one, _)| one.used()).max().unwrap_or_default();
            let stock = Stock {
                capacity: ports.available.saturating_sub(listening).saturating_sub(others),
                held: source.held,
                growth: source.destinations.iter().map(|one| traffic.growth(one)).sum(),
                waits: &waits,
                reuse: None,
                hidden: false,
                late: ports.late,
            };
            look_at(&stock, source.time_wait, true, false)
        })
        .collect();
    let connectable = ports.available.saturating_sub(ports.blocked);
    let first = ports.first_parity;
    let table = traffic.number("net.ipv4.tcp_max_tw_buckets").and_then(|most| u32::try_from(most).ok());
    destinations
        .iter()
        .zip(&bound)
        .map(|(destination, bound)| {
            let of_source = sources.iter().position(|source| *bound && source.source == destination.source);
            if let Some(at) = of_source {
                let rate = rate(&destination.waits) + traffic.growth(destination);
                return Headroom { forecast: Forecast { rate, ..of_sources[at].forecast }, ..of_sources[at] };
            }
            let allowed = ports.reuse_for(destination);
            let reuse_fails = allowed.is_some_and(|delay| reuse_fails(destination, delay));
            let reuse = allowed.filter(|_| !reuse_fails);
            let stock = Stock {
                capacity: connectable,
                held: destination.held(),
                growth: traffic.growth(destination),
                waits: &destination.waits,
                reuse,
                hidden: hidden && reuse.is_some(),
                late: ports.late,
            };
            let slow = destination.used() - destination.last_parity.min(destination.used()) >= first.max(1);
            let mut room = look_at(&stock, destination.time_wait, false, slow);
            // Beyond the table's limit connections are closed without TIME_WAIT, and keep no port.
            let most = table.map(|most| destination.held().saturating_add(most));
            if stock.growth <= 0.0 && most.is_some_and(|most| most < stock.capacity) {
                room.forecast.seconds_to_exhaustion = None;
            }
            Headroom { reuse_fails, ..room }
        })
        .collect()
}

fn look_at(stock: &Stock<'_>, time_wait: u32, bound: bool, slow: bool) -> Headroom {
    let forecast = forecast(stock);
    let used = stock.held.saturating_add(time_wait).saturating_sub(forecast.reusable);
    Headroom {
        capacity: stock.capacity,
        headroom: stock.capacity.saturating_sub(used),
        reuse: stock.reuse,
        bound,
        slow: slow && forecast.reusable == 0,
        reuse_fails: false,
        hidden: stock.hidden,
        forecast,
    }
}

/// The ages of those that keep a port of one parity, in milliseconds.
fn ages(destination: &Destination, last_parity: bool) -> impl Iterator<Item = u32> {
    let waits = destination.waits.iter().filter(move |wait| wait.last_parity() == last_parity);
    waits.map(|wait| TIME_WAIT.saturating_sub(wait.left()))
}

/// Whether `connect()` went on to the other half of the ports while it could have taken some of the first out of
/// `TIME_WAIT`.
fn reuse_fails(destination: &Destination, delay: u32) -> bool {
    if destination.last_parity < TELLING {
        return false;
    }
    let Some(youngest) = ages(destination, true).min() else { return false };
    let passed_over =
        ages(destination, false).filter(|age| *age > youngest.saturating_add(2 * delay)).count();
    passed_over > TELLING as usize
}

/// Whether its sockets were bound before they connected. `connect()` takes the other half of the ports only when the
/// first is used up for this destination, `bind()` takes that other half first, and each port once for all destinations.
fn is_bound(destination: &Destination, ports: &Ports, recycled: bool) -> bool {
    let (used, last) = (destination.used(), destination.last_parity);
    if last < TELLING || destination.no_port > 0 {
        return false;
    }
    let first = used - last.min(used);
    let half = ports.first_parity;
    // Ports that are taken out of TIME_WAIT again and again are old in the other half, and were not bound.
    let oldest = ages(destination, false).max().unwrap_or_default();
    let reuse = ports.reuse_for(destination).filter(|_| recycled && first > 0);
    if reuse.is_some_and(|delay| oldest <= delay.saturating_mul(3)) {
        return false;
    }
    if u64::from(first) * 5 >= u64::from(half) * 4 {
        // Both are nearly full: whichever was taken first is older.
        let mean = |last_parity: bool| {
            let (sum, count) = ages(destination, last_parity)
                .fold((0_u64, 0_u64), |(s, c), age| (s + u64::from(age), c + 1));
            sum / count.max(1)
        };
        let (first_age, last_age) = (mean(false), mean(true));
        return last_age > first_age + CLEAR && u64::from(last) * 5 >= u64::from(half) * 4;
    }
    let Some(youngest) = ages(destination, true).min() else { return last > first.saturating_mul(2) };
    // The first half had room when the youngest of the other was taken: what has expired since is not half of it.
    let younger = ages(destination, false).filter(|age| *age < youngest).count();
    let then = (first as usize).saturating_sub(younger);
    youngest < RECENT && then * 2 < half as usize
}
