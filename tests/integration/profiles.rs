//! Laws over all built-in profiles.

use std::convert::Infallible;

use twtune::advise;
use twtune::facts::BootLoader;
use twtune::facts::Host;
use twtune::facts::Os;
use twtune::profile::BUILTINS;
use twtune::profile::Constraint;
use twtune::profile::Document;
use twtune::profile::Level;
use twtune::profile::Literal;
use twtune::profile::Outcome;
use twtune::profile::Profile;
use twtune::profile::SelectError;
use twtune::profile::Selection;
use twtune::profile::load;
use twtune::profile::select;
use twtune::setting::Value;
use twtune::setting::Version;

fn fixture() -> Host {
    Host {
        name: "fixture".into(),
        os: Os::Linux,
        kernel: String::new(),
        version: None,
        memory: Some(64 << 30),
        processors: Some(8),
        initial: true,
        boot_loader: BootLoader::Unknown,
        identity: None,
    }
}

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

/// A check reads no further than the rules: what stands behind them is for people.
#[test]
fn what_a_check_leaves_out_is_no_rule() {
    for (builtin, whole) in BUILTINS.iter().zip(all()) {
        let part = load(builtin.name, builtin.rules()).expect("sound");
        assert!(builtin.rules().len() < builtin.text.len(), "{}", builtin.name);
        let told =
            |profile: &Profile| profile.rules.iter().map(|rule| format!("{rule:?}")).collect::<Vec<_>>();
        assert_eq!(told(&part), told(&whole), "{}", builtin.name);
        assert_eq!((part.clashes, part.exceptions), (whole.clashes, whole.exceptions), "{}", builtin.name);
        assert!(part.not_recommended.is_empty());
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

/// Every number that a rule wants is taken by every kernel in use in which the rule counts.
#[test]
fn every_value_lies_in_the_range_of_every_version_in_use() {
    let in_use = [(4, 19), (5, 4), (5, 10), (5, 15), (6, 1), (6, 6), (6, 12), (6, 18), (7, 3)];
    for profile in all() {
        for rule in &profile.rules {
            let numbers = match &rule.constraint {
                Constraint::Want(Literal::Numbers(numbers))
                | Constraint::AtLeast(numbers)
                | Constraint::AtMost(numbers) => numbers.clone(),
                Constraint::Between { low, high, .. } => [low.clone(), high.clone()].concat(),
                _ => continue,
            };
            for (major, minor) in in_use {
                let host = Host { version: Some(Version::new(major, minor)), ..fixture() };
                if matches!(rule.when.as_ref().map(|when| when.on(&host)), Some(Outcome::NotMet(_))) {
                    continue;
                }
                let Some(accept) = rule.setting.accepts_in(Version::new(major, minor)) else { continue };
                for number in numbers.iter().flatten().filter_map(|amount| amount.on(rule.setting, &host)) {
                    let refused = accept.refuses(&Value::Numbers(vec![number]));
                    assert_eq!(refused, None, "{}: {} in {major}.{minor}", profile.name, rule.key);
                }
            }
        }
    }
}

#[test]
fn what_is_not_recommended_says_why_in_one_sentence_and_where_it_comes_from() {
    let mut told = 0;
    for profile in all() {
        assert!(!profile.not_recommended.is_empty(), "{} advises against nothing", profile.name);
        for advice in &profile.not_recommended {
            let (what, why) = (&advice.what, &advice.why);
            assert!(why.ends_with('.') && !why.trim_end_matches('.').contains(". "), "{what}: {why}");
            assert!(why.len() <= 140, "{what}: a reason that nobody reads to its end: {why}");
            assert!(advice.source.as_ref().is_some_and(|source| source.starts_with("https://")), "{what}");
            told += 1;
        }
    }
    assert!(told > 50);
}

/// Where one of two profiles overrules the other, one of them says so.
#[test]
fn no_two_profiles_clash_without_a_word_on_it() {
    for one in BUILTINS {
        for other in BUILTINS {
            let pair = selection(&[one.name, other.name]);
            let (problems, overruled) = advise::lint(&pair.rules(Os::Linux, Level::Recommended, &[]));
            assert!(problems.is_empty(), "{} {}: {problems:?}", one.name, other.name);
            let silent = overruled.iter().filter(|lost| {
                let (a, b) = (lost.rule.profile(), lost.winner.profile());
                !pair
                    .clashes()
                    .any(|(by, clash)| (by == a && clash.with == b) || (by == b && clash.with == a))
            });
            let silent: Vec<String> = silent.map(|lost| lost.rule.rule.key.to_string()).collect();
            assert!(silent.is_empty(), "{} {}: {silent:?}", one.name, other.name);
        }
    }
    for profile in all() {
        for clash in &profile.clashes {
            assert!(BUILTINS.iter().any(|builtin| builtin.name == clash.with), "{}", clash.with);
            assert!(clash.why.ends_with('.'), "{}", clash.why);
        }
    }
    let told: Vec<String> = selection(&["kubernetes-node", "outbound"])
        .clashes()
        .map(|(by, clash)| format!("{by} {}", clash.with))
        .collect();
    assert_eq!(told, ["kubernetes-node outbound"]);
    assert_eq!(selection(&["kubernetes-node"]).clashes().count(), 0, "the other one is not there");
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
                // RFC 1122 and RFC 5382.
                "net.ipv4.tcp_retries2" => assert_eq!(wanted, "at most 8"),
                "net.netfilter.nf_conntrack_tcp_timeout_established" => {
                    assert!(["at least 7440", "at most 86400"].contains(&wanted.as_str()), "{wanted}");
                }
                "vm.overcommit_memory" => assert_eq!(wanted, "1"),
                // A low end below it collides with more services than it gains ports.
                "net.ipv4.ip_local_port_range" => assert!(wanted.starts_with("covering 16384-"), "{wanted}"),
                "net.ipv4.tcp_rmem" | "net.ipv4.tcp_wmem" => {
                    assert!(wanted.starts_with("at least _ _ "), "every socket pays for it: {wanted}");
                }
                "net.ipv4.tcp_rfc1337"
                | "net.ipv4.tcp_mem"
                | "net.ipv4.tcp_max_syn_backlog"
                | "net.ipv4.tcp_fastopen"
                | "net.ipv4.ip_autobind_reuse"
                | "net.ipv4.tcp_tw_reuse_delay"
                | "net.ipv4.tcp_no_metrics_save"
                | "net.netfilter.nf_conntrack_tcp_be_liberal"
                | "vm.swappiness"
                | "kernel.shmmax"
                | "kernel.shmall"
                | "fs.nr_open" => panic!("{key} is not recommended anywhere"),
                _ => {}
            }
        }
    }
}
