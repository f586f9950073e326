//! Holds the house's plan against the source: who may import whom, what the pure rooms may not do, and habits
//! that keep a file easy to find. Each rule has a snippet below that breaks it.

mod scan;

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use scan::attributes;
use scan::code_only;
use scan::paths;
use scan::tokens;

/// Every room, and the rooms it may import. Data flows one way, so this has no circles.
const ROOMS: &[(&str, &[&str])] = &[
    ("setting", &[]),
    ("facts", &["setting"]),
    ("lore", &["setting"]),
    ("profile", &["setting", "facts"]),
    ("advise", &["setting", "facts", "profile", "lore"]),
    ("plan", &["setting", "facts", "profile", "advise"]),
    ("platform", &["setting", "facts"]),
    ("observe", &["setting", "facts"]),
    ("transaction", &["setting", "facts", "plan", "platform"]),
    ("lab", &["setting", "facts", "profile", "platform", "observe"]),
    (
        "render",
        &[
            "setting",
            "facts",
            "profile",
            "advise",
            "lore",
            "plan",
            "platform",
            "observe",
            "transaction",
            "lab",
        ],
    ),
    (
        "cli",
        &[
            "setting",
            "facts",
            "profile",
            "advise",
            "lore",
            "plan",
            "platform",
            "observe",
            "transaction",
            "lab",
            "render",
        ],
    ),
];

/// Rooms whose answer depends on nothing but what they are given.
const PURE: &[&str] = &["setting", "facts", "profile", "advise", "lore", "plan", "render"];

/// What a pure room may not name: files, the environment, the network, processes, clocks, the terminal.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::env",
    "std::net",
    "std::process",
    "std::os",
    "std::thread",
    "std::time::SystemTime",
    "std::time::Instant",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
    "jiff::Timestamp::now",
    "jiff::Zoned::now",
    "Timestamp::now",
    "Zoned::now",
    "SystemTime::now",
    "Instant::now",
    "rustix",
    "libc",
    "signal_hook",
    "tempfile",
];

/// Parts of the above that are plain data.
const DATA: &[&str] = &[
    "std::net::IpAddr",
    "std::net::Ipv4Addr",
    "std::net::Ipv6Addr",
    "std::net::SocketAddr",
    "std::net::AddrParseError",
];

/// Macros that panic where standard output is a closed pipe, and print from where nothing should be printed.
const PRINTING: &[&str] = &["print!", "println!", "dbg!"];
const PRINTING_ERRORS: &[&str] = &["eprint!", "eprintln!"];

/// The files that hold `unsafe`, each for a system call that leaves no other way.
const UNSAFE: &[&str] = &[
    "cli/linux/detach.rs",
    "cli/linux/hangup.rs",
    "cli/windows/detach.rs",
    "lab/linux/namespace.rs",
    "lab/linux/option.rs",
    "observe/netns_cookie.rs",
    "observe/process/linux/bind_no_port.rs",
    "platform/windows/age.rs",
    "platform/windows/folder.rs",
    "platform/windows/security.rs",
];

/// Names that say nothing about what is in a file.
const EMPTY_NAMES: &[&str] =
    &["util", "utils", "common", "core", "helper", "helpers", "manager", "managers", "misc", "shared"];

const LONGEST_FILE: usize = 500;

/// A file below `src/`, its path with slashes.
struct File {
    path: String,
    source: String,
}

impl File {
    /// The room it lives in; None for `lib.rs`, `main.rs` and what else is directly in `src/`.
    fn room(&self) -> Option<&str> {
        let (first, rest) = self.path.split_once('/').unwrap_or((&self.path, ""));
        if rest.is_empty() {
            first.strip_suffix(".rs").filter(|name| room(name).is_some())
        } else {
            Some(first)
        }
    }

    /// How many modules deep its code is: 1 for a room's own `mod.rs`.
    fn depth(&self) -> usize {
        let parts = self.path.split('/').count();
        if self.path.ends_with("mod.rs") { parts - 1 } else { parts }
    }
}

fn room(name: &str) -> Option<&'static [&'static str]> {
    ROOMS.iter().find(|(known, _)| *known == name).map(|(_, imports)| *imports)
}

/// Whether `path` is `prefix` or something inside it.
fn is_in(path: &str, prefix: &str) -> bool {
    path == prefix || path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with("::"))
}

/// Everything in the file that breaks the plan, as `src/path:line: what`.
fn faults(file: &File) -> Vec<String> {
    let code = code_only(&file.source);
    let words = tokens(&code);
    let mut faults = Vec::new();
    let mut fault = |line: usize, what: String| faults.push(format!("src/{}:{line}: {what}", file.path));

    let own = file.room();
    if let Some(name) = own
        && room(name).is_none()
    {
        fault(1, format!("`{name}` is no room: add it to the table of rooms, or move the file"));
    }
    path_faults(file, &code, &paths(&words), &mut fault);
    attribute_faults(&words, &mut fault);
    word_faults(file, &words, &mut fault);

    let lines = file.source.lines().count();
    if lines > LONGEST_FILE && !file.path.starts_with("setting/catalogue/") {
        fault(lines, format!("{lines} lines: split before {LONGEST_FILE}"));
    }
    for part in file.path.split('/') {
        if EMPTY_NAMES.contains(&part.strip_suffix(".rs").unwrap_or(part)) {
            fault(1, format!("`{part}` says nothing about what is in it"));
        }
    }
    faults
}

/// What the paths in the code say of imports and of what a room may do.
fn path_faults(file: &File, code: &str, paths: &[(String, usize)], fault: &mut dyn FnMut(usize, String)) {
    let own = file.room();
    let pure = own.is_some_and(|name| PURE.contains(&name));
    let prints_errors = matches!(own, Some("cli")) || file.path == "main.rs";

    for (path, line) in paths {
        let mut parts = path.split("::");
        match (parts.next(), parts.next()) {
            (Some("crate"), Some(target)) if room(target).is_some() => {
                if let Some(name) = own
                    && name != target
                    && !room(name).is_some_and(|imports| imports.contains(&target))
                {
                    fault(*line, format!("{name} may not import {target}"));
                }
            }
            (Some("twtune"), Some(target)) if file.path != "main.rs" || target != "cli" => {
                fault(*line, format!("`{path}`: main may call cli; everything else says `crate::`"));
            }
            _ => {}
        }
        let climbed = path.split("::").filter(|part| *part == "super").count();
        let inline = usize::from(code.contains("mod tests {"));
        if climbed > 0 && climbed >= file.depth() + inline {
            fault(*line, format!("`{path}` climbs out of the room: say `crate::`"));
        }
        if pure
            && IMPURE.iter().any(|prefix| is_in(path, prefix))
            && !DATA.iter().any(|prefix| is_in(path, prefix))
        {
            fault(*line, format!("`{path}` in a pure room"));
        }
        if PRINTING.contains(&path.as_str()) || (PRINTING_ERRORS.contains(&path.as_str()) && !prints_errors) {
            fault(
                *line,
                format!("`{path}`: render makes text, cli writes it, and a closed pipe must not panic"),
            );
        }
        if is_in(path, "sysinfo") && own != Some("observe") {
            fault(*line, "only observe imports sysinfo".into());
        }
        if is_in(path, "colored") && file.path != "render/style.rs" {
            fault(*line, "only render/style.rs imports colored".into());
        }
        if (is_in(path, "std::process::ExitCode") || path == "ExitCode")
            && own != Some("cli")
            && file.path != "main.rs"
        {
            fault(*line, "only cli knows exit codes".into());
        }
        if path == "cfg!" || path == "cfg_select!" {
            fault(
                *line,
                format!("`{path}`: put what differs into a module of its own, cfg stands on `mod` lines"),
            );
        }
    }
}

fn attribute_faults(words: &[scan::Token<'_>], fault: &mut dyn FnMut(usize, String)) {
    for (text, line, after) in attributes(words) {
        let text = text.trim_start_matches('!');
        let conditional = text.starts_with("cfg(") || text.starts_with("cfg_attr(");
        let testing = text.starts_with("cfg(test)") || text.starts_with("cfg_attr(test");
        if conditional && !testing && !begins_module(after) {
            fault(line, format!("`{text}`: cfg stands on `mod` lines only"));
        }
    }
}

fn word_faults(file: &File, words: &[scan::Token<'_>], fault: &mut dyn FnMut(usize, String)) {
    for (at, word) in words.iter().enumerate() {
        match word.text {
            "use" if at == 0 || matches!(words[at - 1].text, ";" | "}" | "{" | "]" | "pub" | ")") => {
                let item: Vec<_> = words[at..].iter().take_while(|token| token.text != ";").collect();
                if item.iter().any(|token| matches!(token.text, "{" | ",")) {
                    fault(word.line, "one `use` item a line".into());
                }
            }
            "unsafe" if !UNSAFE.contains(&file.path.as_str()) => {
                fault(
                    word.line,
                    "unsafe: a small file of its own, with its reason, in this test's list".into(),
                );
            }
            "fn" if words.get(at + 1).is_some_and(|name| name.text.starts_with("get_")) => {
                fault(word.line, format!("`{}`: no get_", words[at + 1].text));
            }
            _ => {}
        }
    }
}

/// Whether what follows an attribute is `mod name;`, further attributes and a visibility in between.
fn begins_module(mut after: &[scan::Token<'_>]) -> bool {
    loop {
        match after {
            [hash, ..] if hash.text == "#" => {
                let Some((_, _, rest)) = attributes(after).into_iter().next() else {
                    return false;
                };
                after = rest;
            }
            [public, open, ..] if public.text == "pub" && open.text == "(" => {
                let Some(close) = after.iter().position(|token| token.text == ")") else {
                    return false;
                };
                after = &after[close + 1..];
            }
            [public, rest @ ..] if public.text == "pub" => after = rest,
            [module, _, end, ..] => return module.text == "mod" && end.text == ";",
            _ => return false,
        }
    }
}

fn source_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("src can be read") {
        let path = entry.expect("src can be read").path();
        if path.is_dir() {
            source_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn the_source_keeps_to_the_plan() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    source_files(&src, &mut found);
    found.sort();
    assert!(found.len() > 20, "the source was found: {found:?}");
    let mut all = Vec::new();
    for path in &found {
        let inside =
            path.strip_prefix(&src).expect("it was found there").to_string_lossy().replace('\\', "/");
        all.extend(faults(&File { path: inside, source: fs::read_to_string(path).expect("source is text") }));
    }
    for listed in UNSAFE {
        let source = fs::read_to_string(src.join(listed)).unwrap_or_default();
        if !code_only(&source).contains("unsafe") {
            all.push(format!("src/{listed}: is listed as unsafe and is not"));
        }
    }
    assert!(all.is_empty(), "{} faults:\n{}", all.len(), all.join("\n"));
}

#[test]
fn the_table_of_rooms_has_no_circle() {
    // A room may only import rooms that stand above it.
    for (at, (name, imports)) in ROOMS.iter().enumerate() {
        for import in *imports {
            let place = ROOMS.iter().position(|(known, _)| known == import);
            assert!(place.is_some_and(|place| place < at), "{name} imports {import}");
        }
    }
    for name in PURE {
        let impure: Vec<_> = room(name)
            .expect("pure rooms are rooms")
            .iter()
            .filter(|import| !PURE.contains(import) && *name != "render")
            .collect();
        assert!(impure.is_empty(), "{name} is pure and imports {impure:?}");
    }
}

#[test]
fn every_rule_can_be_broken() {
    let long = "\n".repeat(LONGEST_FILE + 1);
    let cases: &[(&str, &str, &str)] = &[
        ("setting/mod.rs", "use crate::facts::Host;", "setting may not import facts"),
        ("advise/rule.rs", "fn f() { crate::plan::order(); }", "advise may not import plan"),
        ("platform/linux/read.rs", "use crate::cli::Context;", "platform may not import cli"),
        ("facts/a.rs", "use super::super::plan::Plan;", "climbs out of the room"),
        ("facts/mod.rs", "use super::plan::Plan;", "climbs out of the room"),
        ("facts/a.rs", "use twtune::setting::Key;", "everything else says `crate::`"),
        ("main.rs", "use twtune::plan::Plan;", "main may call cli"),
        ("attic/mod.rs", "", "`attic` is no room"),
        ("profile/load.rs", "let x = std::fs::read(p);", "`std::fs::read` in a pure room"),
        ("plan/mod.rs", "use std :: env;", "`std::env` in a pure room"),
        ("facts/socket.rs", "use std::net::TcpStream;", "`std::net::TcpStream` in a pure room"),
        ("advise/a.rs", "let now = jiff::Timestamp::now();", "in a pure room"),
        ("advise/a.rs", "use std::time::Instant;", "in a pure room"),
        ("render/json.rs", "use rustix::fs;", "`rustix::fs` in a pure room"),
        ("render/human.rs", "println!(\"x\");", "`println!`"),
        ("cli/check.rs", "println!(\"x\");", "`println!`"),
        ("transaction/undo.rs", "eprintln!(\"x\");", "`eprintln!`"),
        ("cli/host.rs", "use sysinfo::System;", "only observe imports sysinfo"),
        ("render/human.rs", "use colored::Colorize;", "only render/style.rs imports colored"),
        ("transaction/mod.rs", "use std::process::ExitCode;", "only cli knows exit codes"),
        ("platform/mod.rs", "#[cfg(unix)]\nfn f() {}", "cfg stands on `mod` lines only"),
        ("platform/mod.rs", "#[cfg(unix)]\nmod linux { fn f() {} }", "cfg stands on `mod` lines only"),
        ("platform/mod.rs", "if cfg!(unix) {}", "`cfg!`"),
        ("cli/mod.rs", "use std::fmt::{self, Display};", "one `use` item a line"),
        ("cli/mod.rs", "pub(crate) use crate::plan::{a, b};", "one `use` item a line"),
        ("platform/a.rs", "unsafe { libc::getpid() }", "unsafe"),
        ("facts/a.rs", "pub fn get_host() {}", "no get_"),
        ("cli/a.rs", &long, "split before 500"),
        ("plan/util.rs", "", "says nothing"),
        ("platform/common/a.rs", "", "says nothing"),
    ];
    for (path, source, expected) in cases {
        let found = faults(&File { path: (*path).into(), source: (*source).into() });
        assert!(
            found.iter().any(|fault| fault.contains(expected)),
            "{path}: {source:.80}: expected {expected}, found {found:?}"
        );
    }
}

#[test]
fn what_the_plan_allows_is_no_fault() {
    let cases: &[(&str, &str)] = &[
        ("plan/order.rs", "use crate::setting::Key;\nuse crate::advise::Finding;\nuse super::Plan;"),
        ("plan/order.rs", "#[cfg(test)]\nmod tests {\n use super::*;\n use super::super::Plan;\n}"),
        ("facts/socket.rs", "use std::net::IpAddr;\nuse std::time::Duration;"),
        ("platform/linux/a.rs", "use std::fs::File;\nuse rustix::fs::openat;"),
        ("render/style.rs", "use colored::Colorize;"),
        ("render/human.rs", "// println! is for cli\nuse std::io::Write;\nwriteln!(out, \"std::fs {x}\")?;"),
        ("observe/host.rs", "use sysinfo::System;"),
        ("main.rs", "use std::process::ExitCode;\nfn main() -> ExitCode { twtune::cli::run() }"),
        ("cli/mod.rs", "eprintln!(\"x\"); std::process::ExitCode::from(2)"),
        (
            "platform/mod.rs",
            "#[cfg(unix)]\n#[path = \"x.rs\"]\npub(crate) mod linux;\n#[cfg(windows)]\nmod w;",
        ),
        ("cli/a.rs", "fn f() -> impl Iterator<Item = u8> + use<'_, T> {}\nuse std::fmt::Write as _;"),
        ("setting/catalogue/tcp.rs", &"\n".repeat(2000)),
    ];
    for (path, source) in cases {
        let found = faults(&File { path: (*path).into(), source: (*source).into() });
        assert!(found.is_empty(), "{path}: {found:?}");
    }
}
