//! Laws over all built-in profiles.

use std::convert::Infallible;

use twtune::advise;
use twtune::facts::Os;
use twtune::profile::BUILTINS;
use twtune::profile::Document;
use twtune::profile::Level;
use twtune::profile::Profile;
use twtune::profile::SelectError;
use twtune::profile::Selection;
use twtune::profile::load;
use twtune::profile::select;

fn builtin(name: &str) -> Document {
    let found = BUILTINS.iter().find(|builtin| builtin.name == name).expect("a built-in profile");
    Document { file: name.into(), text: found.text.into() }
}

pub(crate) fn selection(names: &[&str]) -> Selection {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let found: Result<Selection, SelectError<Infallible>> = select(&names, &mut |name, _| Ok(builtin(name)));
    found.expect("sound profiles")
}

fn all() -> Vec<Profile> {
    BUILTINS.iter().map(|builtin| load(builtin.name, builtin.text).expect("a sound profile")).collect()
}

#[test]
fn a_profile_is_named_as_its_file() {
    for (builtin, profile) in BUILTINS.iter().zip(all()) {
        assert_eq!(builtin.name, profile.name);
    }
}

#[test]
fn general_is_under_every_profile() {
    for builtin in BUILTINS {
        let selection = selection(&[builtin.name]);
        assert!(selection.profiles().any(|(profile, _)| profile.name == "general"), "{}", builtin.name);
    }
}

#[test]
fn every_rule_says_why_in_one_sentence_and_where_it_comes_from() {
    for profile in all() {
        for rule in &profile.rules {
            let (why, key) = (&rule.why, &rule.key);
            assert!(why.ends_with('.') && !why.trim_end_matches('.').contains(". "), "{key}: {why}");
            assert!(why.len() <= 140, "{key}: a reason that nobody reads to its end: {why}");
            assert!(rule.source.as_ref().is_some_and(|source| source.starts_with("https://")), "{key}");
        }
    }
}

#[test]
fn no_profile_contradicts_itself_or_those_that_it_extends() {
    for builtin in BUILTINS {
        let selection = selection(&[builtin.name]);
        for level in [Level::Recommended, Level::Required] {
            let rules = selection.rules(Os::Linux, level, &[]);
            let (problems, overruled) = advise::lint(&rules);
            assert!(problems.is_empty(), "{}: {problems:?}", builtin.name);
            assert!(overruled.is_empty(), "{}: {overruled:?}", builtin.name);
        }
    }
}

/// What is told as folklore must never be what a profile does.
#[test]
fn no_profile_spreads_folklore() {
    for profile in all() {
        for rule in &profile.rules {
            let (key, wanted) = (rule.key.as_str(), rule.constraint.to_string());
            match key {
                "net.ipv4.tcp_tw_recycle" => assert!(["0", "not set"].contains(&wanted.as_str()), "{wanted}"),
                "net.ipv4.tcp_max_tw_buckets" | "fs.file-max" | "net.core.somaxconn" => {
                    assert!(wanted.starts_with("at least "), "{key}: only ever raised, not {wanted}");
                }
                "net.ipv4.tcp_fin_timeout" => assert_eq!(wanted, "between 1 and 60"),
                "net.ipv4.tcp_rfc1337" | "net.ipv4.tcp_mem" | "net.ipv4.tcp_max_syn_backlog" => {
                    panic!("{key} is not recommended anywhere")
                }
                _ => {}
            }
        }
    }
}
