//! What strace saw: the calls of a run in order, each with how many of its name came before.

use std::collections::BTreeMap;

/// One system call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) name: String,
    /// The how-manieth of its name, from 1: strace counts each name by itself.
    pub(crate) nth: usize,
    /// Its arguments and what it gave, as strace prints them.
    pub(crate) text: String,
}

/// The calls of the traced process, in order.
pub(crate) fn parse(trace: &str) -> Vec<Call> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut calls = Vec::new();
    for line in trace.lines() {
        // `PID name(arguments) = result`; lines about signals and the end have no name.
        let Some((_, rest)) = line.trim_start().split_once(' ') else { continue };
        let Some((name, text)) = rest.trim_start().split_once('(') else { continue };
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            continue;
        }
        let count = seen.entry(name.to_owned()).or_default();
        *count += 1;
        calls.push(Call { name: name.to_owned(), nth: *count, text: text.to_owned() });
    }
    calls
}

impl Call {
    /// Whether it changes something on disk, in the kernel or for other processes, or asks for the right to.
    pub(crate) fn is_write_like(&self) -> bool {
        match self.name.as_str() {
            "open" | "openat" | "openat2" => {
                ["O_CREAT", "O_WRONLY", "O_RDWR"].iter().any(|flag| self.text.contains(flag))
            }
            "write" | "writev" | "pwrite64" | "fsync" | "fdatasync" | "ftruncate" | "flock" | "mkdir"
            | "mkdirat" | "fchmod" | "fchmodat" | "fchown" => true,
            name => ["rename", "unlink", "link", "symlink"].iter().any(|start| name.starts_with(start)),
        }
    }

    /// The path of the file that it works on, where strace was asked to name it (`-y`).
    pub(crate) fn file(&self) -> &str {
        let named = self.text.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
        named.map_or("", |(path, _)| path)
    }

    /// The arguments between quotation marks: the names of files.
    pub(crate) fn quoted(&self) -> Vec<&str> {
        self.text.split('"').skip(1).step_by(2).collect()
    }

    /// Whether it did what it was asked to.
    pub(crate) fn succeeded(&self) -> bool {
        self.text.rsplit_once(" = ").is_some_and(|(_, result)| !result.starts_with(['-', '?']))
    }
}

#[test]
fn calls_are_counted_by_name() {
    let trace =
        "7 write(1</a b>, \"x\", 1) = 1\n7 fsync(3</d>) = -1 EIO (x) (INJECTED)\n7 write(1, \"y\", 1) = 1
7 --- SIGTERM {si_signo=SIGTERM} ---\n7 exit_group(0) = ?\n7 +++ exited with 0 +++\n";
    let calls = parse(trace);
    let counted: Vec<_> = calls.iter().map(|call| (call.name.as_str(), call.nth)).collect();
    assert_eq!(counted, [("write", 1), ("fsync", 1), ("write", 2), ("exit_group", 1)]);
    assert_eq!((calls[0].file(), calls[0].quoted()), ("/a b", vec!["x"]));
    assert_eq!(calls.iter().map(Call::succeeded).collect::<Vec<_>>(), [true, false, true, false]);
}
