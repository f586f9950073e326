//! `check --all-netns` and `diagnose --all-netns` among 1,000 empty network namespaces. The limit goes into each of them and reads the same
//! settings, and nothing else.

use std::fmt::Write as _;
use std::fs;
use std::fs::File;
use std::io::Read;
use std::io::Write;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;

use rustix::thread::LinkNameSpaceType;
use rustix::thread::move_into_link_name_space;

use crate::compare;
use crate::keys_of;
use crate::own;
use crate::path_of;
use crate::twtune;

const NAMESPACES: usize = 1000;

pub(crate) fn limit(keys: &[&str]) {
    let mut buffer = [0; 4096];
    for entry in fs::read_dir("/run/netns").expect("the namespaces") {
        let file = File::open(entry.expect("a namespace").path()).expect("a namespace");
        move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network)).expect("entered");
        for key in keys {
            let _ = File::open(path_of(key)).and_then(|mut file| file.read(&mut buffer));
        }
    }
}

/// To be run in the sandbox, with which the namespaces are gone again.
pub(crate) fn bench() {
    let keys = keys_of(&["general"]);
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let mut batch = String::new();
    for number in 0..NAMESPACES {
        let _ = writeln!(batch, "netns add bench{number}");
    }
    let mut ip = Command::new("ip").args(["-batch", "-"]).stdin(Stdio::piped()).spawn().expect("ip");
    ip.stdin.take().expect("piped").write_all(batch.as_bytes()).expect("written");
    assert!(ip.wait().is_ok_and(|status| status.success()), "ip made the namespaces");
    assert!(Path::new("/run/netns/bench0").exists());
    println!("\ncheck general --all-netns, {NAMESPACES} empty namespaces, {} settings in each", keys.len());
    let people = || {
        let mut command = twtune();
        command.args(["check", "general", "--all-netns"]);
        command
    };
    let programs = || {
        let mut command = twtune();
        command.args(["check", "general", "--all-netns", "--format", "json"]);
        command
    };
    let diagnose = || {
        let mut command = twtune();
        command.args(["diagnose", "--all-netns"]);
        command
    };
    let limit = || {
        let mut command = Command::new(own());
        command.args(["--limit", "namespaces"]).args(&keys);
        command
    };
    compare(
        &[
            ("twtune check --all-netns", &people),
            ("the same, as JSON", &programs),
            ("twtune diagnose --all-netns", &diagnose),
            ("limit: enter, open, read, close", &limit),
        ],
        20,
    );
}
