//! A larger `tcp_fin_timeout` may be a shorter one.

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
    name: "larger-fin-timeout-waits-longer",
    claim: "A larger net.ipv4.tcp_fin_timeout waits longer.",
    method: "Two connections closed by the client while the server keeps its end open, one with tcp_fin_timeout 20 and \
             one with 61; the time until each FIN_WAIT_2 is gone.",
    expected: &[(Version::ZERO, Verdict::Refuted)],
    proves: &["sysctl-recipes", "net.ipv4.tcp_fin_timeout"],
    seconds: 22,
    course: Course::Waits,
};

pub(super) fn run(notes: &mut Notes) -> io::Result<String> {
    let mut watched = Vec::new();
    let mut servers = Vec::new();
    for (port, value) in (tcp::PORT..).zip(["20", "61"]) {
        set("net.ipv4.tcp_fin_timeout", value)?;
        let connection = tcp::connect(&tcp::listen(port)?)?;
        servers.push(connection.server);
        watched.push(life::watch(End::Client, port, State::FinWait2, || drop(connection.client))?);
    }
    let lives = life::lives(&watched, Duration::from_secs(150))?;
    let (short, long) = (life::seconds(lives[0]), life::seconds(lives[1]));
    notes.saw("FIN_WAIT_2 with tcp_fin_timeout 20", &short);
    notes.saw("FIN_WAIT_2 with tcp_fin_timeout 61", &long);
    let longer = match (lives[0], lives[1]) {
        (Some(short), Some(long)) => long > short,
        (short, _) => short.is_some(),
    };
    notes.claims("61 waits longer than 20", longer);
    Ok(format!("{short} with 20 and {long} with 61"))
}
