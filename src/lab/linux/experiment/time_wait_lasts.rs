//! `TIME_WAIT` is a constant of the kernel.

use std::io;
use std::time::Duration;

use crate::facts::State;
use crate::lab::Course;
use crate::lab::Experiment;
use crate::lab::Verdict;
use crate::lab::system::life;
use crate::lab::system::look::End;
use crate::lab::system::notes::Notes;
use crate::lab::system::side::set;
use crate::lab::system::tcp;
use crate::setting::Version;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "time-wait-lasts-60s-whatever-fin-timeout",
    claim: "A TIME_WAIT lasts 60 seconds, whatever net.ipv4.tcp_fin_timeout says.",
    method: "A connection for each of several values of tcp_fin_timeout, closed by the client first; the time until its \
             TIME_WAIT is gone.",
    expected: &[(Version::ZERO, Verdict::Confirmed)],
    proves: &["time-wait", "two-msl", "sysctl-recipes", "net.ipv4.tcp_fin_timeout"],
    seconds: 62,
    course: Course::Waits,
};

const VALUES: [&str; 5] = ["0", "1", "15", "60", "180"];

pub(super) fn run(notes: &mut Notes) -> io::Result<String> {
    let mut watched = Vec::new();
    for (port, value) in (tcp::PORT..).zip(VALUES) {
        set("net.ipv4.tcp_fin_timeout", value)?;
        let connection = tcp::connect(&tcp::listen(port)?)?;
        watched.push(life::watch(End::Client, port, State::TimeWait, || drop(connection))?);
    }
    let lives = life::lives(&watched, Duration::from_secs(150))?;
    for (value, life) in VALUES.iter().zip(&lives) {
        notes.saw(format!("TIME_WAIT with tcp_fin_timeout {value}"), life::seconds(*life));
        // The kernel's timers come up to a second late, and so does this process on a busy machine.
        let sixty = life.is_some_and(|life| (59.0..66.0).contains(&life.as_secs_f64()));
        notes.claims(format!("TIME_WAIT lasts 60 s with tcp_fin_timeout {value}"), sixty);
    }
    let shown: Vec<String> = lives.iter().map(|life| life::seconds(*life)).collect();
    Ok(format!("with tcp_fin_timeout {}, TIME_WAIT was gone after {}", VALUES.join(", "), shown.join(", ")))
}
