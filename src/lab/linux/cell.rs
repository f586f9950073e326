//! The inside of a cell: a process of the lab, in namespaces of its own.

use std::io;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::time::Duration;

use rustix::fs::Access;
use rustix::process::Resource;

use crate::lab::Workload;
use crate::lab::system::experiment;
use crate::lab::system::forbidden;
use crate::lab::system::namespace;
use crate::lab::system::notes::Notes;
use crate::lab::system::rtnetlink;
use crate::lab::system::rtnetlink::LOOPBACK;
use crate::lab::system::task::Answer;
use crate::lab::system::task::Task;
use crate::lab::system::task::Work;
use crate::lab::system::workload;

/// Longer than any experiment keeps another process.
const LONGEST: Duration = Duration::from_mins(10);

/// Does the work that another process of the lab started this one for.
///
/// # Errors
/// The task is none of the lab's, or nobody reads the answer.
pub fn enter_cell(task: &str) -> io::Result<()> {
    let answer = match Task::take(task)?.work {
        Work::Keep(count) => return keep(count),
        Work::Close(address, count) => return close(&address, count),
        work => leave().map_or_else(|error| forbidden::answer(&error), |()| answer(work)),
    };
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, &answer)?;
    out.flush()
}

/// Moves into namespaces of its own, and proves that it did.
fn leave() -> io::Result<()> {
    namespace::leave_the_machine()?;
    let machine = "/proc/sys/vm/swappiness";
    if rustix::fs::access(machine, Access::WRITE_OK).is_ok() {
        return Err(io::Error::other(format!("{machine} could be written here, so nothing is tried")));
    }
    let own = "/proc/sys/net/ipv4/tcp_fin_timeout";
    rustix::fs::access(own, Access::WRITE_OK)
        .map_err(|errno| io::Error::new(io::Error::from(errno).kind(), format!("{own}: {errno}")))?;
    rtnetlink::switch(LOOPBACK, true)?;
    // Each end of each connection is a descriptor.
    let mut limit = rustix::process::getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    Ok(rustix::process::setrlimit(Resource::Nofile, limit)?)
}

fn answer(work: Work) -> Answer {
    match work {
        Work::Experiment(name) => {
            let mut notes = Notes::default();
            let ended = match experiment::trial(&name) {
                Some(trial) => trial(&mut notes),
                None => Err(io::Error::other("there is no such experiment")),
            };
            notes.conclude(ended)
        }
        Work::Load { workload, settings } => {
            let measured = match Workload::ALL.into_iter().find(|one| one.name() == workload) {
                Some(workload) => workload::measure(workload, &settings),
                None => Err(io::Error::other("there is no such load")),
            };
            measured.map_or_else(|error| forbidden::answer(&error), Answer::Measured)
        }
        Work::Probe | Work::Keep(_) | Work::Close(..) => Answer::Possible,
    }
}

fn keep(count: usize) -> io::Result<()> {
    let listener = TcpListener::from(rustix::io::dup(rustix::stdio::stdin())?);
    let kept: io::Result<Vec<TcpStream>> = (0..count).map(|_| Ok(listener.accept()?.0)).collect();
    stay(kept?)
}

fn close(address: &str, count: usize) -> io::Result<()> {
    for _ in 0..count {
        drop(TcpStream::connect(address)?);
    }
    stay(())
}

fn stay<T>(_kept: T) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(b"ready\n")?;
    out.flush()?;
    std::thread::sleep(LONGEST);
    Ok(())
}
