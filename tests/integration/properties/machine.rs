//! A machine in memory whose writes can be refused, ignored, interrupted, or end the program.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::panic::resume_unwind;
use std::path::Path;
use std::time::Duration;

use twtune::facts::BootLoader;
use twtune::facts::Identity;
use twtune::facts::LiveState;
use twtune::facts::Writable;
use twtune::facts::boot::BootFiles;
use twtune::plan::Change;
use twtune::plan::Origin;
use twtune::plan::Plan;
use twtune::plan::Target as PlanTarget;
use twtune::platform::Platform;
use twtune::platform::PlatformError;
use twtune::platform::Target;
use twtune::platform::memory::Memory;
use twtune::platform::stored::BootFolder;
use twtune::platform::stored::FileError;
use twtune::platform::stored::StoredFile;
use twtune::setting::Key;
use twtune::setting::catalogue;
use twtune::transaction;
use twtune::transaction::Done;
use twtune::transaction::Probation;
use twtune::transaction::Request;
use twtune::transaction::Store;
use twtune::transaction::TransactionError;
use twtune::transaction::Undo;

/// Settings by themselves, and some that a write of others resets: two of them are one value.
pub(crate) const KEYS: [&str; 7] = [
    "net.ipv4.ip_forward",
    "net.ipv4.conf.all.forwarding",
    "net.ipv4.conf.lo.forwarding",
    "net.ipv4.conf.all.accept_redirects",
    "net.ipv4.tcp_fin_timeout",
    "net.core.somaxconn",
    "net.ipv4.tcp_keepalive_time",
];

/// Wanted values by the place of the key.
pub(crate) type Wanted = BTreeMap<usize, u8>;
pub(crate) type Values = BTreeMap<Key, String>;

/// What goes wrong, counted from the writes of the command.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// These writes are refused, and these are taken and change nothing.
    Fails { refused: Vec<usize>, ignored: Vec<usize> },
    /// A signal comes, noticed at this look for one.
    Signal(usize),
    /// The program ends at this write, before or behind it.
    Kill { at: usize, written: bool },
}

pub(crate) fn key(at: usize) -> Key {
    Key::parse(KEYS[at]).expect("a key")
}

/// What a command came to.
pub(crate) enum End {
    Done(Done),
    Nothing,
    Refused(TransactionError),
    Killed,
}

pub(crate) struct Machine<'a> {
    pub(crate) memory: Memory,
    state: &'a Path,
    boots: usize,
    boot_values: Values,
    kill: Cell<Option<(usize, bool)>>,
}

struct Killed;

impl<'a> Machine<'a> {
    pub(crate) fn new(state: &'a Path) -> Self {
        let boot_values: Values = (0..KEYS.len()).map(|at| (key(at), "1".to_owned())).collect();
        let memory = Memory::new(boot_values.clone());
        // As the kernel does it; the two names of one value each set the other.
        for value in 0..3_u8 {
            for (one, other) in [(0, 1), (1, 0)] {
                let set = [(other, value), (2, value), (3, u8::from(value == 0))];
                let set = set.map(|(at, value)| (key(at), value.to_string())).to_vec();
                memory.besides.borrow_mut().insert((key(one), value.to_string()), set);
            }
        }
        Self { memory, state, boots: 0, boot_values, kill: Cell::new(None) }
    }

    pub(crate) fn values(&self) -> Values {
        self.memory.values.borrow().clone()
    }

    /// Somebody else's write.
    pub(crate) fn set(&self, at: usize, value: u8) {
        self.memory
            .open(&key(at))
            .and_then(|mut target| target.write(Some(&value.to_string())))
            .expect("a write");
    }

    pub(crate) fn reboot(&mut self) {
        self.boots += 1;
        *self.memory.values.borrow_mut() = self.boot_values.clone();
    }

    pub(crate) fn here(&self) -> Identity {
        let known = |text: String| Some(text);
        Identity {
            machine_id: known("machine".into()),
            boot_id: known(format!("boot {}", self.boots)),
            netns: known("1".into()),
        }
    }

    fn origin(&self) -> Origin {
        let Identity { machine_id, boot_id, netns } = self.here();
        Origin { host: "fixture".into(), machine_id, boot_id, netns, entered: None }
    }

    pub(crate) fn store(&self) -> Store {
        Store::create(self.state).expect("a state directory")
    }

    /// What a write of this setting changes besides.
    pub(crate) fn also(&self, key: &Key) -> Vec<Key> {
        let patterns = catalogue::find(key).expect("a setting").also_changes;
        let others = patterns.iter().flat_map(|pattern| self.memory.expand(pattern));
        others.filter(|other| other != key).collect()
    }

    /// The changes that lead to these values, in the order that a plan has them in.
    pub(crate) fn plan(&self, wanted: &Wanted) -> Plan {
        let values = self.values();
        let change = |(at, value): (&usize, &u8)| Change {
            setting: catalogue::find(&key(*at)).expect("a setting"),
            target: PlanTarget::Live,
            before: values.get(&key(*at)).cloned(),
            after: Some(value.to_string()),
            why: "Because.".into(),
            profile: "p".into(),
            key: key(*at),
        };
        let changes = wanted.iter().map(change).filter(|change| change.before != change.after);
        Plan { changes: changes.collect(), ..Plan::default() }
    }

    pub(crate) fn apply(&self, plan: &Plan, probation: bool, fault: Option<&Fault>) -> End {
        self.under(fault, |interruption| {
            let start_watcher = |_: &str| Ok(());
            let within = Duration::from_hours(1);
            let request = Request {
                plan,
                profiles: vec!["p".into()],
                origin: self.origin(),
                here: self.here(),
                time: "2026-01-01T00:00:00Z".into(),
                copy: None,
                state: self.state,
                settled: None,
                probation: probation.then_some(Probation { within, start_watcher: &start_watcher }),
                folder: Some(self),
                kernel: None,
            };
            transaction::apply(&request, self, interruption, &|_| {}).map(Some)
        })
    }

    pub(crate) fn rollback(&self, named: Option<&str>, forced: bool, fault: Option<&Fault>) -> End {
        self.undo(named, forced, false, fault)
    }

    /// What the watcher does when the time of an apply on probation is over.
    pub(crate) fn expire(&self, id: &str, fault: Option<&Fault>) -> End {
        let due = self.state.join(format!("{id}.due"));
        if due.exists() {
            std::fs::write(due, "0\n").expect("the moment of a record on probation");
        }
        self.undo(Some(id), false, true, fault)
    }

    /// Keeps what is on probation and in time; the ids, None where it was killed.
    pub(crate) fn confirm(&self, fault: Option<&Fault>) -> Option<Result<Vec<String>, TransactionError>> {
        let kept = std::cell::RefCell::new(None);
        let end = self.under(fault, |_| {
            let confirmed = transaction::confirm(&self.store(), &self.here(), Some((self, None)), &|_| {});
            kept.replace(Some(confirmed));
            Ok(None)
        });
        if matches!(end, End::Killed) { None } else { kept.take() }
    }

    fn undo(&self, named: Option<&str>, forced: bool, unconfirmed: bool, fault: Option<&Fault>) -> End {
        self.under(fault, |interruption| {
            let store = self.store();
            let Some(choice) = transaction::choose(Some(&store), named, &self.here(), &[])? else {
                return Ok(None);
            };
            let forced: Vec<Key> = if forced { (0..KEYS.len()).map(key).collect() } else { Vec::new() };
            let undo = Undo {
                choice: &choice,
                origin: self.origin(),
                here: self.here(),
                time: "2026-01-02T00:00:00Z".into(),
                forced: &forced,
                unconfirmed,
                folder: Some(self),
            };
            transaction::rollback(&store, &undo, self, interruption, &|_| {}).map(Some)
        })
    }

    /// What a rollback of a record would do; None where it is refused.
    pub(crate) fn preview(&self, id: &str) -> Option<String> {
        let store = self.store();
        let choice = transaction::choose(Some(&store), Some(id), &self.here(), &[]).ok()??;
        let undo = Undo {
            choice: &choice,
            origin: self.origin(),
            here: self.here(),
            time: "2026-01-02T00:00:00Z".into(),
            forced: &[],
            unconfirmed: false,
            folder: Some(self),
        };
        let done = transaction::preview(&store, &undo, self).ok()?;
        Some(format!("{:?} {:?} {:#?}", done.outcome, done.failure, done.steps))
    }

    /// Damages every record in turn: what would be taken back beside it is what would be if it were whole.
    pub(crate) fn beside_damage(&self, records: usize) -> Result<Vec<&'static str>, String> {
        let previews =
            || -> Vec<Option<String>> { (1..=records).map(|id| self.preview(&id.to_string())).collect() };
        let (whole, mut met) = (previews(), Vec::new());
        for damaged in 1..=records {
            let path = self.state.join(format!("{damaged}.json"));
            let text = std::fs::read(&path).expect("a record");
            std::fs::write(&path, &text[..text.len() / 2]).expect("it can be written");
            let told = previews();
            std::fs::write(&path, text).expect("it can be written");
            for (at, told) in told.into_iter().enumerate() {
                match told {
                    Some(_) if at < damaged => {
                        return Err(format!("{} is taken back where {damaged} is damaged", at + 1));
                    }
                    Some(_) if told != whole[at] => {
                        let id = at + 1;
                        return Err(format!("{id}, {damaged} damaged: {told:?} and not {:?}", whole[at]));
                    }
                    Some(_) => met.push("told beside damage"),
                    None if at >= damaged => met.push("hidden by damage"),
                    None => {}
                }
            }
        }
        Ok(met)
    }

    /// Runs a command while this goes wrong.
    fn under(
        &self,
        fault: Option<&Fault>,
        command: impl FnOnce(&dyn Fn() -> Option<String>) -> Result<Option<Done>, TransactionError>,
    ) -> End {
        let base = self.memory.writes.get();
        let at = |places: &[usize]| places.iter().map(|place| base + place).collect();
        let mut signal = None;
        match fault {
            Some(Fault::Fails { refused, ignored }) => {
                *self.memory.failing.borrow_mut() = at(refused);
                *self.memory.ignored.borrow_mut() = at(ignored);
            }
            Some(Fault::Signal(after)) => signal = Some(*after),
            Some(Fault::Kill { at, written }) => self.kill.set(Some((base + at, *written))),
            None => {}
        }
        let looks = Cell::new(0);
        let interruption = || {
            looks.set(looks.get() + 1);
            signal.filter(|after| looks.get() > *after).map(|_| "interrupted".to_owned())
        };
        let end = catch_unwind(AssertUnwindSafe(|| command(&interruption)));
        self.memory.failing.borrow_mut().clear();
        self.memory.ignored.borrow_mut().clear();
        self.kill.set(None);
        match end {
            Ok(Ok(Some(done))) => End::Done(done),
            Ok(Ok(None)) => End::Nothing,
            Ok(Err(error)) => End::Refused(error),
            Err(cause) if cause.is::<Killed>() => End::Killed,
            Err(cause) => resume_unwind(cause),
        }
    }
}

impl Platform for Machine<'_> {
    fn read(&self, key: &Key) -> LiveState {
        self.memory.read(key)
    }

    fn writable(&self, key: &Key) -> Writable {
        self.memory.writable(key)
    }

    fn expand(&self, pattern: &str) -> Vec<Key> {
        self.memory.expand(pattern)
    }

    fn open(&self, key: &Key) -> Result<Box<dyn Target + '_>, PlatformError> {
        let target = self.memory.open(key)?;
        Ok(Box::new(Mortal { target, machine: self }))
    }
}

struct Mortal<'a> {
    target: Box<dyn Target + 'a>,
    machine: &'a Machine<'a>,
}

impl Machine<'_> {
    /// Makes a write, unless the program ends before it; it may end behind it.
    fn survive<T>(&self, write: impl FnOnce() -> T) -> T {
        let number = self.memory.writes.get();
        let dies = self.kill.get().filter(|(at, _)| *at == number);
        if dies != Some((number, false)) {
            let written = write();
            if dies.is_none() {
                return written;
            }
        }
        // Nothing is said of it: the panic hook is passed by.
        resume_unwind(Box::new(Killed))
    }
}

impl BootFolder for Machine<'_> {
    fn boot_files(&self) -> (BootFiles, BootLoader) {
        self.memory.boot_files()
    }

    fn read_file(&self, path: &str) -> Result<Option<StoredFile>, FileError> {
        self.memory.read_file(path)
    }

    fn replace_file(&self, path: &str, file: Option<&StoredFile>) -> Result<(), FileError> {
        self.survive(|| self.memory.replace_file(path, file))
    }

    fn tidy(&self, _: &str) {}

    fn obstacle(&self, _: &str) -> Option<String> {
        None
    }
}

impl Target for Mortal<'_> {
    fn write(&mut self, value: Option<&str>) -> Result<(), PlatformError> {
        self.machine.survive(|| self.target.write(value))
    }

    fn read(&mut self) -> Result<Option<String>, PlatformError> {
        self.target.read()
    }
}
