//! What is measured of a profile: short connections at full speed, under the values of now and under the profile's.

/// A kind of load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    /// Short connections to one address and port, one after another.
    OneDestination,
    /// Short connections to several addresses in turn.
    SeveralDestinations,
    /// Many clients at once, while the server accepts nothing for a moment.
    AcceptBurst,
}

impl Workload {
    /// All of them, as reports list them.
    pub const ALL: [Self; 3] = [Self::OneDestination, Self::SeveralDestinations, Self::AcceptBurst];

    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OneDestination => "one-destination",
            Self::SeveralDestinations => "several-destinations",
            Self::AcceptBurst => "accept-burst",
        }
    }
}

/// What a load came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// Connections that were made.
    pub connections: u64,
    /// How long it took, in milliseconds.
    pub milliseconds: u64,
    /// Connections before the first that failed; None where none failed.
    pub until_failure: Option<u64>,
    /// Connections a second until then.
    pub rate_until_failure: u64,
    /// Connections a second in the second half of the time.
    pub sustained_rate: u64,
    /// Connections that failed.
    pub failures: u64,
    /// `TIME_WAIT` sockets at the end, on the side that closed first.
    pub time_wait: u64,
}

/// One kind of load under both sets of values.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The load.
    pub workload: Workload,
    /// Under the host's present values.
    pub before: Measured,
    /// Under the profile's.
    pub after: Measured,
    /// The settings that a namespace does not have, or not with that value.
    pub untried: Vec<String>,
}
