//! The README's examples are run. A block fenced as `console` holds commands, each behind `$ `, with what they
//! print below; a block fenced as `toml` that begins with `schema` is a profile.
//!
//! A command has to succeed unless the next one is `$ echo $?` and shows another code; a check may also find
//! differences, for that depends on the host. Each block has a fresh host, and what is written below /tmp goes to
//! the host's own folder. A block fenced as `sh` is for copying; it is run as well where it begins with `twtune`.

use std::fs;
use std::path::Path;

use crate::host::Host;
use crate::sandbox;

/// Commands that the test does not run, each with the reason.
const NOT_RUN: &[(&str, &str)] = &[
    ("cargo test", "this is it"),
    ("cargo build", "the program is there already"),
    ("cargo install", "it would install"),
    ("git clone", "needs the network"),
    ("cd ", "the commands do not depend on it"),
    (".ci/run", "runs this test"),
];

struct Block {
    line: usize,
    language: String,
    text: String,
}

fn blocks(markdown: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    for (at, line) in markdown.lines().enumerate() {
        match (&mut open, line.trim_start().strip_prefix("```")) {
            (None, Some(language)) => {
                open =
                    Some(Block { line: at + 1, language: language.trim().to_owned(), text: String::new() });
            }
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some(block), None) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    found
}

/// A command of an example, and the exit code that the example shows for it.
struct Example {
    command: String,
    shown: Option<i32>,
}

fn examples(block: &str) -> Vec<Example> {
    let mut found: Vec<Example> = Vec::new();
    let mut lines = block.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(command) = line.strip_prefix("$ ").or_else(|| line.strip_prefix("# ")) else {
            continue;
        };
        let mut command = command.to_owned();
        while command.ends_with('\\') {
            command.pop();
            command.push_str(lines.next().unwrap_or_default().trim_start_matches("> "));
        }
        if command.trim() == "echo $?" {
            let code = lines.peek().and_then(|line| line.trim().parse().ok());
            let before = found.last_mut().expect("a command before `echo $?`");
            before.shown = Some(code.expect("a code below `echo $?`"));
        } else {
            found.push(Example { command, shown: None });
        }
    }
    found
}

#[test]
fn the_examples_run() {
    let readme =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("README.md");
    for needed in ["cargo run --release -- check", "cargo test"] {
        assert!(readme.contains(needed), "the README names `{needed}`");
    }
    let mut ran = 0;
    for block in blocks(&readme) {
        match block.language.as_str() {
            "console" => {}
            "sh" if block.text.starts_with("twtune ") => {}
            "toml" if block.text.starts_with("schema") => {
                let Some(host) = Host::start() else { return };
                host.file("readme.toml", &block.text);
                host.twtune("profile lint [ROOT]/readme.toml").exits(0);
                ran += 1;
                continue;
            }
            "sh" | "bash" | "shell" | "" if block.text.lines().any(|line| line.starts_with("$ ")) => {
                panic!("README.md:{}: an example that is not marked as `console` is not run", block.line);
            }
            _ => continue,
        }
        let Some(host) = Host::start() else { return };
        let examples = if block.language == "sh" {
            vec![Example { command: block.text.clone(), shown: None }]
        } else {
            examples(&block.text)
        };
        assert!(!examples.is_empty(), "README.md:{}: no command behind `$ `", block.line);
        // What is typed is what is run: `twtune`, `cargo run` and `sudo` stand for the program that was built.
        // Nobody sits at the terminal, so the question is answered beforehand.
        host.sh("mkdir bin; cat >bin/twtune <<'END'
#!/bin/bash
case \"$1\" in apply|rollback) exec \"$TWTUNE\" \"$@\" --yes ;; *) exec \"$TWTUNE\" \"$@\" ;; esac
END
printf '#!/bin/bash\\nwhile [ \"$1\" != -- ]; do shift; done; shift; exec twtune \"$@\"\\n' >bin/cargo
printf '#!/bin/bash\\nexec \"$@\"\\n' >bin/sudo
chmod +x bin/*; : >codes");
        for example in &examples {
            if let Some((_, why)) = NOT_RUN.iter().find(|(start, _)| example.command.starts_with(start)) {
                eprintln!("README.md:{}: not run, {why}: {}", block.line, example.command);
                continue;
            }
            let words: Vec<&str> = example.command.split_whitespace().collect();
            let known =
                [&["twtune"][..], &["sudo", "twtune"], &["unshare", "-rn", "twtune"], &["cargo", "run"]];
            assert!(
                known.iter().any(|start| words.starts_with(start)),
                "README.md:{}: do not know how to run `{}`",
                block.line,
                example.command
            );
            if words.contains(&"python3") && !sandbox::has("python3", "python3") {
                return;
            }
            let command = example.command.replace(" --yes", "").replace(" /tmp/", " \"$PWD\"/");
            host.file("command", format!("export PATH=\"$PWD/bin:$PATH\"\n{command}\n"));
            let code: i32 = host
                .sh("code=0; bash command >out 2>err || code=$?; echo $code")
                .trim()
                .parse()
                .expect("a code");
            let fine = match example.shown {
                Some(shown) => code == shown,
                None if words.contains(&"check") || words.contains(&"--exit-code") => code == 0 || code == 1,
                None => code == 0,
            };
            assert!(
                fine,
                "README.md:{}: `{}` ended with {code}\n{}",
                block.line,
                example.command,
                host.sh("cat out err")
            );
            ran += 1;
        }
    }
    assert!(ran >= 5, "only {ran} examples were found");
}

#[test]
fn examples_are_told_from_their_output() {
    let found = examples("$ twtune check \\\n    general\nnet.x differs\n$ echo $?\n1\n$ twtune plan\n");
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].command.as_str(), found[0].shown), ("twtune check     general", Some(1)));
    assert_eq!((found[1].command.as_str(), found[1].shown), ("twtune plan", None));
    let marked = blocks("a\n```console\n$ x\n```\n```toml\nschema = 1\n```\n");
    assert_eq!(marked.len(), 2);
    assert_eq!(
        (marked[0].line, marked[0].language.as_str(), marked[0].text.as_str()),
        (2, "console", "$ x\n")
    );
}
