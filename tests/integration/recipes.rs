//! Recipes as they are handed on: each is imported and judged line by line. Above each line that sets something stands
//! `#= JUDGEMENT`, as it has to be.

use std::fs;
use std::path::Path;

use twtune::advise::ImportedLine;
use twtune::advise::Judgement;
use twtune::advise::import;
use twtune::lore;
use twtune::profile::load;
use twtune::render::toml;

/// The recipes: name and text.
fn recipes() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/integration/recipes");
    let entries = fs::read_dir(folder).expect("the recipes").map(|entry| entry.expect("a file").path());
    let mut found: Vec<(String, String)> = entries
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).expect("a text"))
        })
        .collect();
    found.sort();
    found
}

fn profile_of(name: &str, lines: &[ImportedLine]) -> String {
    let mut text = Vec::new();
    toml::imported(&mut text, name, "recipe.conf", lines).expect("written to memory");
    String::from_utf8(text).expect("UTF-8")
}

#[test]
fn every_line_of_every_recipe_is_judged_as_it_should_be() {
    let recipes = recipes();
    assert!(recipes.len() >= 20, "{} recipes", recipes.len());
    for (name, text) in recipes {
        let judged = import(&text);
        let lines: Vec<&str> = text.lines().collect();
        let setting = |line: &&str| !line.is_empty() && !line.starts_with('#');
        assert_eq!(judged.len(), lines.iter().filter(|line| setting(line)).count(), "{name}: a line is lost");
        for line in &judged {
            let expected = lines[line.number - 2].strip_prefix("#= ");
            assert_eq!(Some(line.judgement.name()), expected, "{name}:{}: {}", line.number, line.key);
            // Whatever is not simply fine says why, in a sentence.
            assert_eq!(line.why.is_none(), line.judgement == Judgement::Fine, "{name}:{}", line.number);
            assert!(line.why.as_ref().is_none_or(|why| why.ends_with(['.', '?'])), "{name}: {:?}", line.why);
        }
    }
}

#[test]
fn the_harmful_lines_are_named_with_the_reason() {
    let mut harmful = 0;
    for (name, text) in recipes() {
        let judged = import(&text);
        let profile = profile_of(&name, &judged);
        for line in &judged {
            if line.judgement == Judgement::Lore(lore::Verdict::Harmful) {
                let why = line.why.as_deref().expect("a reason");
                let told =
                    format!("# line {}: {} = {}\n# harmful: {why}\n", line.number, line.key, line.value);
                assert!(profile.contains(&told), "{name}: {told}");
                harmful += 1;
            }
        }
    }
    assert!(harmful > 30, "only {harmful}");
}

#[test]
fn what_is_imported_is_a_sound_profile_of_the_lines_that_are_taken() {
    for (name, text) in recipes() {
        let judged = import(&text);
        let profile = profile_of(&name, &judged);
        let loaded =
            load(&name, &profile).unwrap_or_else(|problems| panic!("{name}: {problems:?}\n{profile}"));
        let taken: Vec<&str> =
            judged.iter().filter(|line| line.judgement.is_taken()).map(|line| line.key.as_str()).collect();
        let ruled: Vec<&str> = loaded.rules.iter().map(|rule| rule.key.as_str()).collect();
        assert_eq!(ruled, taken, "{name}");
        for (rule, line) in loaded.rules.iter().zip(judged.iter().filter(|line| line.judgement.is_taken())) {
            assert_eq!(rule.setting.is_catalogued(), line.judgement != Judgement::Uncatalogued, "{name}");
        }
        // What is only shown is well-formed too, for whoever wants it all the same.
        let whole = profile
            .replace("# [[rule]]", "[[rule]]")
            .replace("# key = ", "key = ")
            .replace("# want = ", "want = ")
            .replace("# why = ", "why = ");
        load(&name, &whole).unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
    }
}

#[test]
fn a_tuned_profile_is_read_as_one() {
    let text = "[main]\nsummary=Throughput\ninclude=balanced\n[cpu]\ngovernor=performance\n[sysctl]\n\
                # comment\nnet.core.somaxconn=>8192\nnet.ipv4.tcp_rmem=\"4096 131072 16777216\"\n\
                vm.swappiness=10\nkernel.sched_latency_ns=1\nnet.ipv4.tcp_fin_timeout=<60\n\
                vm.dirty_ratio=${ratio}\n[vm]\ntransparent_hugepages=never\n";
    let lines = import(text);
    let found: Vec<(usize, &str, &str, Option<&str>)> = lines
        .iter()
        .map(|line| {
            let rule = line.rule.as_ref().map(|rule| rule.constraint.as_str());
            (line.number, line.key.as_str(), line.judgement.name(), rule)
        })
        .collect();
    assert_eq!(
        found,
        [
            (3, "include", "inexpressible", None),
            (4, "[cpu]", "inexpressible", None),
            (8, "net.core.somaxconn", "note", Some("at_least = 8192")),
            (9, "net.ipv4.tcp_rmem", "fine", Some("want = [4096, 131072, 16777216]")),
            (10, "vm.swappiness", "note", Some("want = 10")),
            (11, "kernel.sched_latency_ns", "gone", None),
            (12, "net.ipv4.tcp_fin_timeout", "default", Some("at_most = 60")),
            (13, "vm.dirty_ratio", "inexpressible", None),
            (14, "[vm]", "inexpressible", None),
        ]
    );
}

#[test]
fn what_the_kernel_reads_of_a_line_is_what_becomes_a_rule() {
    let lines = import("net.ipv4.tcp_retries2 = 9   # shorter\nnet.core.somaxconn = # none\n");
    let rule = |line: usize| lines[line].rule.as_ref().map(|rule| rule.constraint.as_str());
    assert_eq!(rule(0), Some("want = 9"), "{lines:#?}");
    assert!(lines[0].why.as_deref().is_some_and(|why| why.contains("no part of it")), "{lines:#?}");
    assert_eq!((rule(1), lines[1].judgement), (None, Judgement::Refused), "{lines:#?}");
}

#[test]
fn nothing_that_a_file_says_breaks_the_profile() {
    let text = "net.x = \"quoted\" \\ backslash\nnet.y = 'single'\nnet.z = \u{1b}[31mred\nnet.a = [[rule]]\n\
                net.ipv4.tcp_sack = 01\nnet.b = 00017\nfs.binfmt_misc.register = :x:\nkernel.modprobe = /bin/sh\n\
                net.ipv4.tcp_sack\n= 5\n-net.c\nnet.ipv4.ip_local_reserved_ports = 9000,80,79-81\n\
                net/core/somaxconn = 8192\nnet.d =\n../../etc/passwd = 1\n";
    let lines = import(text);
    let profile = profile_of("odd", &lines);
    assert!(!profile.contains('\u{1b}'));
    let loaded = load("odd", &profile).unwrap_or_else(|problems| panic!("{problems:?}\n{profile}"));
    let rules: Vec<String> =
        loaded.rules.iter().map(|rule| format!("{} {}", rule.key, rule.constraint)).collect();
    for expected in [
        "net.x \"quoted\" \\ backslash",
        "net.a [[rule]]",
        "net.b 17",
        "net.ipv4.tcp_sack 1",
        "net.ipv4.ip_local_reserved_ports 79-81,9000",
        "net.core.somaxconn 8192",
    ] {
        assert!(rules.iter().any(|rule| rule == expected), "{expected}: {rules:?}");
    }
    assert!(!rules.iter().any(|rule| rule.contains("binfmt") || rule.contains("modprobe")), "{rules:?}");
    for line in &lines {
        assert!(line.rule.is_none() || line.key != "fs.binfmt_misc.register", "{line:?}");
    }
}
