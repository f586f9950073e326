//! A `TIME_WAIT` belongs to no process.

use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::net::TcpStream;
use std::process::Child;
use std::process::Stdio;
use std::time::Duration;

use rustix::fd::OwnedFd;

use crate::facts::State;
use crate::lab::Course;
use crate::lab::Experiment;
use crate::lab::Verdict;
use crate::lab::system::look;
use crate::lab::system::look::End;
use crate::lab::system::notes::Notes;
use crate::lab::system::rtnetlink;
use crate::lab::system::rtnetlink::LOOPBACK;
use crate::lab::system::side::wait_until;
use crate::lab::system::task;
use crate::lab::system::task::Work;
use crate::lab::system::tcp;
use crate::setting::Version;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "kill-does-not-remove-time-wait",
    claim: "TIME_WAIT belongs to no process: killing whoever made it, or switching the interface off, removes none.",
    method: "A client process makes 40 and is killed with SIGKILL; a server process with 40 open connections is killed; \
             the interface is switched off. The TIME_WAITs are counted each time, and their inodes looked at.",
    expected: &[(Version::ZERO, Verdict::Confirmed)],
    proves: &["time-wait", "time-wait-harmless"],
    seconds: 3,
    course: Course::Waits,
};

const COUNT: usize = 40;
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn run(notes: &mut Notes) -> io::Result<String> {
    let (first, second) = (tcp::PORT, tcp::PORT + 1);
    let listener = tcp::listen(first)?;
    let mut client = task::start(Work::Close(listener.local_addr()?.to_string(), COUNT), Stdio::null())?;
    for _ in 0..COUNT {
        let (server, _) = listener.accept()?;
        tcp::drain(&server, PATIENCE)?;
    }
    wait_for_ready(&mut client)?;
    let count = |end, port| look::count(end, port, State::TimeWait);
    wait_until(PATIENCE, || Ok(count(End::Client, first)? == COUNT))?;
    let made = count(End::Client, first)?;
    let holders = look::sockets(End::Client, first)?.iter().filter(|socket| socket.inode != 0).count();
    kill(client)?;
    let after_kill = count(End::Client, first)?;

    let listener = tcp::listen(second)?;
    let address = listener.local_addr()?;
    let mut server = task::start(Work::Keep(COUNT), Stdio::from(OwnedFd::from(listener)))?;
    let clients: Vec<TcpStream> =
        (0..COUNT).map(|_| TcpStream::connect(address)).collect::<io::Result<_>>()?;
    wait_for_ready(&mut server)?;
    kill(server)?;
    drop(clients);
    wait_until(PATIENCE, || Ok(count(End::Server, second)? == COUNT))?;
    let of_server = count(End::Server, second)?;

    rtnetlink::switch(LOOPBACK, false)?;
    let after_switch = (count(End::Client, first)?, count(End::Server, second)?);

    notes.saw("TIME_WAIT of the client", made);
    notes.saw("of these held by a process", holders);
    notes.saw("after SIGKILL of the client", after_kill);
    notes.saw("TIME_WAIT of a server that was killed with open connections", of_server);
    notes.saw(
        "after the interface was switched off (client's, server's)",
        format!("{}, {}", after_switch.0, after_switch.1),
    );
    notes.claims("no process holds them", made == COUNT && holders == 0);
    notes.claims("they outlive the client", after_kill == COUNT);
    notes.claims("killing a server makes them", of_server == COUNT);
    notes.claims("they outlive the interface", after_switch == (COUNT, COUNT));
    Ok(format!(
        "of {COUNT} TIME_WAITs {after_kill} were left when their process was killed, and killing a server left \
                {of_server} new ones"
    ))
}

fn kill(mut child: Child) -> io::Result<()> {
    child.kill()?;
    child.wait().map(drop)
}

/// Waits until a process of the experiment has done its part.
pub(super) fn wait_for_ready(child: &mut Child) -> io::Result<()> {
    let mut line = String::new();
    if let Some(out) = child.stdout.as_mut() {
        BufReader::new(out).read_line(&mut line)?;
    }
    if line == "ready\n" { Ok(()) } else { Err(io::Error::other("a process of the experiment broke down")) }
}
