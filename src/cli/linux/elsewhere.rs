//! Looking into every other network namespace of this machine. One thread goes from one to the next, so that ours
//! stays where it is.

use std::collections::BTreeSet;
use std::thread;

use rustix::io::Errno;

use crate::cli::error::CliError;
use crate::cli::place::Place;
use crate::cli::system::open_settings;
use crate::facts::Closed;
use crate::facts::Elsewhere;
use crate::facts::Namespace;
use crate::observe;
use crate::platform::linux::netns;

/// Looks into every network namespace but our own. What is gone by then is left out.
pub(crate) fn elsewhere<T: Send>(
    look: impl Fn(&Namespace, &Place) -> Result<T, CliError> + Send,
) -> Result<Vec<Elsewhere<T>>, CliError> {
    let others = observe::namespace::others()
        .map_err(|error| CliError::io("look for", "the network namespaces of this machine", &error))?;
    let mut known: BTreeSet<String> = observe::netns().into_iter().collect();
    let tour = move || {
        let mut all = Vec::new();
        for namespace in others {
            let place = match enter(&namespace) {
                Ok(()) => Ok(Place::here(open_settings(None)?)),
                Err(Some(closed)) => Err(closed),
                Err(None) => continue,
            };
            let id = match &place {
                Ok(_) => observe::netns(),
                Err(_) => namespace.inode.map(|inode| inode.to_string()),
            };
            if id.as_ref().is_some_and(|id| !known.insert(id.clone())) {
                continue;
            }
            let name = match &place {
                Ok(place) if place.initial => "host".into(),
                _ => namespace.to_string(),
            };
            let seen = match place {
                Ok(place) => Ok(look(&namespace, &place)?),
                Err(closed) => Err(closed),
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

/// Moves the calling thread there. None where it is gone.
fn enter(namespace: &Namespace) -> Result<(), Option<Closed>> {
    let Some(door) = &namespace.door else {
        return Err(Some(Closed {
            why: "it belongs to another user (root may look into it)".into(),
            try_pid: None,
        }));
    };
    match netns::enter_network(door) {
        // A process's number may be another's by now.
        Ok(()) if observe::namespace::own_inode() == namespace.inode => Ok(()),
        Ok(()) | Err(Errno::NOENT | Errno::SRCH | Errno::INVAL) => Err(None),
        Err(Errno::PERM | Errno::ACCESS) => Err(Some(Closed {
            why: "not permitted to enter it (root may)".into(),
            try_pid: namespace.process.as_ref().map(|process| process.pid),
        })),
        Err(error) => {
            let why = format!("cannot enter it: {}", std::io::Error::from(error));
            Err(Some(Closed { why, try_pid: None }))
        }
    }
}
