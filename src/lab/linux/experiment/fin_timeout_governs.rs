//! What `tcp_fin_timeout` is for, and what it does above 60.

use std::io;
use std::net::Shutdown;
use std::thread;
use std::time::Duration;

use crate::facts::State;
use crate::lab::Course;
use crate::lab::Experiment;
use crate::lab::Verdict;
use crate::lab::system::life;
use crate::lab::system::look;
use crate::lab::system::look::End;
use crate::lab::system::notes::Notes;
use crate::lab::system::side::Side;
use crate::lab::system::side::set;
use crate::lab::system::tcp;
use crate::setting::Version;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "fin-timeout-governs-fin-wait-2",
    claim: "net.ipv4.tcp_fin_timeout is how long a FIN_WAIT_2 lives that no program holds any more; above 60 it lives \
            twice what is above 60. One that a program holds is not timed out at all.",
    method: "A namespace and a connection for each of several values, closed by the client while the server keeps its end open; the \
             time until the client's FIN_WAIT_2 is gone. One more is only shut down by its client, which keeps it.",
    expected: &[(Version::ZERO, Verdict::Confirmed)],
    proves: &["states", "fin-wait-2-piles-up", "net.ipv4.tcp_fin_timeout"],
    seconds: 64,
    course: Course::Waits,
};

const VALUES: [u32; 7] = [1, 5, 15, 30, 61, 65, 90];
/// The port of the connection whose client keeps it.
const KEPT: u16 = 8070;

pub(super) fn run(notes: &mut Notes) -> io::Result<String> {
    set("net.ipv4.tcp_fin_timeout", "1")?;
    let kept = tcp::connect(&tcp::listen(KEPT)?)?;
    kept.client.shutdown(Shutdown::Write)?;
    let lives: Vec<Option<Duration>> = thread::scope(|scope| {
        let running: Vec<_> = VALUES.iter().map(|value| scope.spawn(|| orphan(*value))).collect();
        running
            .into_iter()
            .map(|one| one.join().unwrap_or_else(|_| Err(io::Error::other("broke down"))))
            .collect::<io::Result<_>>()
    })?;
    for (value, life) in VALUES.iter().zip(&lives) {
        notes.saw(format!("FIN_WAIT_2 with tcp_fin_timeout {value}"), life::seconds(*life));
        let wanted = f64::from(if *value <= 60 { *value } else { 2 * (value - 60) });
        // The longer a timer of the kernel runs, the coarser it is: up to an eighth.
        let range = wanted - 0.5..wanted * 1.15 + 3.0;
        let holds = life.is_some_and(|life| range.contains(&life.as_secs_f64()));
        notes.claims(format!("FIN_WAIT_2 lives about {wanted} s with tcp_fin_timeout {value}"), holds);
    }
    let state = look::state(End::Client, KEPT)?;
    notes.saw("half closed and kept by its program, with tcp_fin_timeout 1", look::name(state));
    notes.claims("a FIN_WAIT_2 that its program keeps is not timed out", state == Some(State::FinWait2));
    let pairs = VALUES.iter().zip(&lives).map(|(value, life)| format!("{value}: {}", life::seconds(*life)));
    Ok(format!("by tcp_fin_timeout FIN_WAIT_2 was gone after {}", pairs.collect::<Vec<_>>().join(", ")))
}

/// How long an orphan lives with this value. Above 60 the kernel reads it again halfway, so each has a namespace.
fn orphan(value: u32) -> io::Result<Option<Duration>> {
    Side::new()?.go()?;
    set("net.ipv4.tcp_fin_timeout", &value.to_string())?;
    let connection = tcp::connect(&tcp::listen(tcp::PORT)?)?;
    let watched = life::watch(End::Client, tcp::PORT, State::FinWait2, || drop(connection.client))?;
    let lives = life::lives(&[watched], Duration::from_secs(150))?;
    drop(connection.server);
    Ok(lives[0])
}
