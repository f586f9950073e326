//! Looking into every other network namespace of this machine. One thread goes from one to the next, so that ours
//! stays where it is.

use std::collections::BTreeSet;
use std::path::Path;
use std::thread;

use rustix::io::Errno;

use crate::cli::error::CliError;
use crate::cli::place::Place;
use crate::cli::system::may_write;
use crate::cli::system::open_settings;
use crate::cli::system::place::PROC_SYS;
use crate::cli::system::this_program;
use crate::facts::Elsewhere;
use crate::facts::Namespace;
use crate::observe;
use crate::observe::network::Window;
use crate::platform::linux::Passage;
use crate::platform::linux::netns;
use crate::platform::linux::through;

/// Looks into every network namespace but our own. What is gone by then is left out.
pub(crate) fn elsewhere<T: Send>(
    look: impl Fn(&Window, &Place) -> Result<T, CliError> + Send,
) -> Result<Vec<Elsewhere<T>>, CliError> {
    let others = observe::namespace::others()
        .map_err(|error| CliError::denied("look for", "the network namespaces of this machine", &error))?;
    let mut known: BTreeSet<String> = observe::netns().into_iter().collect();
    let tour = move || {
        let mut all = Vec::new();
        for namespace in others {
            let opened = match enter(&namespace) {
                Entered::Here => Ok((Window::own(), Place::here(open_settings(None)?))),
                Entered::Handed(pid, passage) => {
                    Ok((Window::handed(pid, passage.sockets), Place::here(passage.settings)))
                }
                Entered::Closed(why) => Err(why),
                Entered::Gone => continue,
            };
            let id = opened.as_ref().ok().and_then(|(window, _)| window.id());
            let id = id.or(namespace.inode.map(|inode| inode.to_string()));
            if id.as_ref().is_some_and(|id| !known.insert(id.clone())) {
                continue;
            }
            let name = match &opened {
                Ok((_, place)) if place.initial => "host".into(),
                _ => namespace.to_string(),
            };
            let seen = match opened {
                Ok((window, place)) => Ok(look(&window, &place)?),
                Err(why) => Err(why),
            };
            all.push(Elsewhere { name, id, namespace, seen });
        }
        Ok(all)
    };
    thread::scope(|scope| match scope.spawn(tour).join() {
        Ok(all) => all,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

/// Whether the calling thread is in a network namespace now.
enum Entered {
    Here,
    /// No, but what is to be seen there was handed out, by way of this process.
    Handed(u32, Passage),
    /// No, for this reason.
    Closed(String),
    /// No, there is none any more.
    Gone,
}

/// Who may do that with another's namespace.
fn who_may(verb: &str) -> String {
    if may_write() { "not even root may here".into() } else { format!("root may {verb} it") }
}

/// Moves the calling thread there, or has another process go.
fn enter(namespace: &Namespace) -> Entered {
    let Some(door) = &namespace.door else {
        return Entered::Closed(format!("it belongs to another user ({})", who_may("look into")));
    };
    match netns::enter_network(door) {
        // A process's number may be another's by now.
        Ok(()) if observe::namespace::own_inode() == namespace.inode => Entered::Here,
        Ok(()) | Err(Errno::NOENT | Errno::SRCH | Errno::INVAL) => Entered::Gone,
        Err(Errno::PERM | Errno::ACCESS) => {
            let passage = namespace.process.as_ref().and_then(|process| {
                let mut command = this_program();
                command.args(["window", &process.pid.to_string()]);
                Some((process.pid, through(&mut command, Path::new(PROC_SYS)).ok()??))
            });
            match passage {
                Some((pid, passage)) if Some(passage.inode) == namespace.inode => {
                    Entered::Handed(pid, passage)
                }
                Some(_) => Entered::Gone,
                None => Entered::Closed(format!("not permitted to enter it ({})", who_may("enter"))),
            }
        }
        Err(error) => Entered::Closed(format!("cannot enter it: {}", std::io::Error::from(error))),
    }
}
