//! What the next boot sets, over a thousand files, and over a dozen beside the live values.
//!
//! The limit reads the files in the order of their names, the first folder hiding the same name in the others, and
//! keeps the last value of each key: no patterns, no exclusions, one loader, no origin.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::ROUNDS;
use crate::compare;
use crate::keys_of;
use crate::own;
use crate::twtune;

const FOLDERS: [&str; 3] = ["etc/sysctl.d", "run/sysctl.d", "usr/lib/sysctl.d"];
const FILES: usize = 1000;
const DOZEN: usize = 12;

/// Reads the files below a root.
pub(crate) fn limit(root: &str) {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for folder in FOLDERS {
        for entry in fs::read_dir(Path::new(root).join(folder)).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            files.entry(name).or_insert_with(|| entry.path().to_string_lossy().into_owned());
        }
    }
    let mut values: HashMap<String, String> = HashMap::new();
    for path in files.values() {
        let text = fs::read_to_string(path).expect("a file of the benchmark");
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';'])) {
            if let Some((key, value)) = line.split_once('=') {
                values.insert(key.trim().replace('/', "."), value.trim().to_owned());
            }
        }
    }
    println!("{} files, {} keys", files.len(), values.len());
}

/// A thousand realistic files: a head, eight values that others overrule, a foot; every twentieth hides another.
fn lay_out(root: &Path, files: usize) {
    let mut seed = 7_u64;
    let mut number = move |end: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) % end
    };
    let mut write = |folder: &str, at: usize| {
        let mut text = format!("# drop-in {at}\n# owner team-{}\n\n", at % 17);
        for _ in 0..8 {
            let _ = writeln!(text, "net.ipv4.bench_setting_{} = {}", number(450), number(1 << 20));
        }
        text.push_str("# end\n; end\n");
        let folder = root.join(folder);
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join(format!("{:02}-drop-{at:05}.conf", at % 100)), text).expect("a file");
    };
    for at in 0..files {
        write(FOLDERS[at % 3], at);
        if at % 20 == 0 {
            write(FOLDERS[(at + 1) % 3], at);
        }
    }
}

pub(crate) fn bench() {
    let root = tempfile::tempdir().expect("a folder");
    lay_out(root.path(), FILES);
    println!("\ncheck general of an image with {FILES} files of sysctl.d");
    let check = || {
        let mut command = twtune();
        command
            .args(["check", "general", "--assume", "linux=6.18,mem=16GiB,cpus=8", "--root"])
            .arg(root.path());
        command
    };
    let limit = || {
        let mut command = Command::new(own());
        command.args(["--limit", "files"]).arg(root.path());
        command
    };
    compare(
        &[("twtune check general --root", &check), ("limit: read the files, last one wins", &limit)],
        100,
    );
}

/// As on most machines: live and boot values, a dozen files. To be called in the sandbox, whose files these are.
pub(crate) fn bench_dozen() {
    lay_out(Path::new("/"), DOZEN);
    fs::create_dir_all("/run/systemd/system").expect("a folder of the sandbox");
    let keys = keys_of(&["general"]);
    println!("\ncheck general --target both, {DOZEN} files of sysctl.d, {} settings", keys.len());
    let check = || {
        let mut command = twtune();
        command.args(["check", "general", "--target", "both"]);
        command
    };
    let limit = || {
        let mut command = Command::new(own());
        command.args(["--limit", "read"]).args(&keys);
        command
    };
    compare(&[("twtune check --target both", &check), ("limit: open, read, close", &limit)], ROUNDS);
}
