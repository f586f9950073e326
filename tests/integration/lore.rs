//! Laws over the concepts, over what is said of recipes, and over finding things by words.

use std::collections::BTreeSet;

use twtune::advise::checks;
use twtune::lore;
use twtune::lore::Topic;
use twtune::setting::Key;
use twtune::setting::Value;
use twtune::setting::catalogue;

/// What a page is made of.
const HEADINGS: [&str; 5] = ["What it is", "What people believe", "What is true", "What to do", "Sources"];

#[test]
fn every_concept_has_a_page_of_one_form() {
    let mut seen = BTreeSet::new();
    for concept in lore::CONCEPTS {
        let (id, page) = (concept.id, concept.page);
        assert!(seen.insert(id), "{id} is there twice");
        assert!(id.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{id}: not in kebab-case");
        let mut lines = page.lines();
        assert_eq!(lines.next(), Some(format!("# {id}").as_str()), "the title of {id}");
        let summary = lore::summary(page);
        assert!(summary.ends_with('.') && summary.len() < 120, "{id}: {summary}");
        let headings: Vec<&str> = lines.filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(headings, HEADINGS, "{id}");
        assert_eq!(page.lines().find(|line| line.chars().count() > 120), None, "{id}: a long line");
        for part in page.split("\n## ").skip(1) {
            assert!(part.lines().skip(1).any(|line| !line.trim().is_empty()), "{id}: an empty part");
        }
        assert!(page.contains("\n## Sources\n\n- "), "{id}: sources are a list");
    }
}

#[test]
fn a_concept_is_found_however_its_name_is_written() {
    for name in ["time-wait", "TIME_WAIT", "Time Wait", "time_wait"] {
        assert_eq!(lore::concept(name).expect(name).id, "time-wait");
    }
    assert!(lore::concept("time").is_none());
}

/// What `twtune explain` has to know, because people are told it.
#[test]
fn every_claim_has_its_page() {
    for name in [
        "so-reuseaddr",
        "close-wait",
        "so-linger",
        "so-dontlinger",
        "time-wait",
        "two-msl",
        "server-closes-first",
        "half-open",
        "tcp-fast-open",
        "states",
    ] {
        assert!(lore::concept(name).is_some(), "{name}");
    }
}

/// Verdicts that must not get lost: the page and words that it holds.
#[test]
fn the_verdicts_on_myths_are_told() {
    for (name, told) in [
        ("time-wait", "TCP_TIMEWAIT_LEN"),
        ("time-wait", "kill -9 of either end"),
        ("time-wait", "256 bytes"),
        ("time-wait", "Whoever closes first holds it"),
        ("close-wait", "the descriptor stayed open"),
        ("so-linger", "always sends a RST"),
        ("so-linger", "113,152"),
        ("so-linger", "TIME_WAIT already"),
        ("so-reuseaddr", "only if the old listener had set it too"),
        ("so-dontlinger", "It is the default"),
        ("ephemeral-ports", "is refused while net.ipv4.ip_unprivileged_port_start is 1024"),
        ("ephemeral-ports", "IP_BIND_ADDRESS_NO_PORT"),
        ("namespaces", "compile-time defaults"),
        ("connection-tracking", "Its timers are its own"),
        ("states", "61 gave 2 seconds"),
        ("half-open", "924 seconds"),
        ("server-closes-first", "37,500 connections a second"),
    ] {
        let page = lore::concept(name).expect(name).page;
        let flat = page.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(told), "{name} does not say `{told}`");
    }
}

#[test]
fn what_is_said_of_recipes_is_one_sentence_about_a_known_setting() {
    for setting in catalogue::all() {
        let key = Key::parse(setting.key).expect("a key");
        for advice in lore::advice_about(&key) {
            let why = advice.why;
            assert!(why.ends_with('.') && !why.trim_end_matches('.').contains(". "), "{key}: {why}");
            assert!(why.len() <= 160, "{key}: {why}");
        }
    }
}

#[test]
fn lines_of_recipes_are_judged() {
    for (line, expected) in [
        ("net.ipv4.tcp_tw_recycle = 1", "harmful"),
        ("net.ipv4.tcp_tw_recycle = 0", "useless"),
        ("net.ipv4.tcp_fin_timeout = 15", "useless"),
        ("net.ipv4.tcp_fin_timeout = 1", "harmful"),
        ("net.ipv4.tcp_fin_timeout = 120", "harmful"),
        ("net.ipv4.tcp_fin_timeout = 60", ""),
        ("net.ipv4.tcp_max_tw_buckets = 5000", "harmful"),
        ("net.ipv4.tcp_max_tw_buckets = 1440000", "note"),
        ("net.ipv4.ip_local_port_range = 1024 65535", "risky"),
        ("net.ipv4.ip_local_port_range = 1000 65535", "harmful"),
        ("net.ipv4.ip_local_port_range = 16384 60999", ""),
        ("fs.file-max = 100000", "harmful"),
        ("net.core.somaxconn = 1024", "harmful"),
        ("net.core.somaxconn = 65535", "note"),
        ("net.ipv4.tcp_max_syn_backlog = 65536", "useless"),
        ("net.ipv4.tcp_timestamps = 0", "harmful"),
        ("net.ipv4.tcp_mem = 786432 1048576 1572864", "harmful"),
        ("net.ipv4.tcp_rmem = 4096 87380 16777216", "risky"),
        ("net.ipv4.tcp_rmem = 4096 131072 33554432", ""),
        ("net.ipv4.tcp_wmem = 4096 8388608 16777216", "harmful"),
        ("net.ipv4.tcp_congestion_control = htcp", "note"),
        ("net.netfilter.nf_conntrack_tcp_timeout_established = 600", "harmful"),
        ("kernel.shmmax = 68719476736", "harmful"),
    ] {
        let (key, text) = line.split_once(" = ").expect("a line");
        let key = Key::parse(key).expect("a key");
        let value = Value::parse(catalogue::find(&key).expect("catalogued").kind, text).expect("a value");
        let verdict = lore::advice(&key, &value).map_or("", |advice| advice.verdict.name());
        assert_eq!(verdict, expected, "{line}");
    }
}

#[test]
fn questions_find_their_answer() {
    let checks = checks::ALL.iter().map(|check| lore::topic_of_page(check.id, check.page));
    let concepts = lore::CONCEPTS.iter().map(lore::Concept::topic);
    let topics: Vec<Topic<'_>> = concepts.chain(checks).chain(catalogue::all().map(lore::topic_of)).collect();
    for (question, answer) in [
        ("how do I get rid of TIME_WAIT", "time-wait"),
        ("kill -9 does not remove TIME_WAIT", "time-wait"),
        ("why are there so many close_wait sockets", "close-wait"),
        ("Address already in use", "so-reuseaddr"),
        ("Cannot assign requested address", "ephemeral-ports"),
        ("I run out of ports", "ephemeral-ports"),
        ("Connection reset by peer", "so-linger"),
        ("SO_LINGER 0", "so-linger"),
        ("how is a dead peer noticed", "half-open"),
        ("who closes first", "server-closes-first"),
        ("nf_conntrack: table full, dropping packet", "connection-tracking"),
        ("do containers inherit sysctl", "namespaces"),
        ("how long is 2 MSL", "two-msl"),
        ("tcp_tw_recycle", "net.ipv4.tcp_tw_recycle"),
        ("what does tcp_max_orphans do", "net.ipv4.tcp_max_orphans"),
        // What a log or a program says.
        ("TCP: too many orphaned sockets", "net.ipv4.tcp_max_orphans"),
        ("TCP: out of memory -- consider tuning tcp_mem", "net.ipv4.tcp_mem"),
        ("TCP: time wait bucket table overflow", "time-wait-table-full"),
        ("TCP: request_sock_TCP: Possible SYN flooding on port 80. Sending cookies.", "listen-queue"),
        ("bind: Address already in use", "so-reuseaddr"),
        ("connect: Cannot assign requested address", "ephemeral-ports"),
        ("table full", "connection-tracking"),
        ("Connection timed out", "half-open"),
        ("too many open files", "close-wait"),
        // Single words.
        ("EADDRNOTAVAIL", "ephemeral-ports"),
        ("EADDRINUSE", "so-reuseaddr"),
        ("ECONNRESET", "so-linger"),
        ("WSAEADDRINUSE", "ephemeral-ports"),
        ("10048", "ephemeral-ports"),
        ("10055", "ephemeral-ports"),
        ("ports", "ephemeral-ports"),
        ("ephemeral", "ephemeral-ports"),
        ("conntrack", "connection-tracking"),
        ("backlog", "listen-queue"),
        ("linger", "so-linger"),
        ("leak", "close-wait"),
        ("Broken pipe", "half-open"),
        ("LAST_ACK", "states"),
        ("2MSL", "two-msl"),
        ("FIN_WAIT2", "fin-wait-2-piles-up"),
        ("max_tw_buckets", "net.ipv4.tcp_max_tw_buckets"),
        ("syncookies", "net.ipv4.tcp_syncookies"),
    ] {
        let found = lore::search(question, &topics, 5);
        assert_eq!(found.first().map(|topic| topic.name), Some(answer), "{question}");
        assert!(question.contains(' ') || lore::knows(question, &topics), "{question}");
    }
    for slip in ["tcp_tw_resue", "somaxcon", "TIME_WIAT", "xyzzy", "tcp", "", "-"] {
        assert!(!lore::knows(slip, &topics), "{slip}");
    }
    // Whoever is asked by other words is there to be asked.
    for name in lore::asked_names() {
        assert!(topics.iter().any(|topic| topic.name == name && !topic.asked.is_empty()), "{name}");
    }
    assert!(lore::search("xyzzy plugh", &topics, 5).is_empty());
    assert!(lore::search("", &topics, 5).is_empty());
    assert!(lore::search(&"ports ".repeat(10_000), &topics, 5).len() <= 5);
}

#[test]
fn a_misspelt_name_gets_the_nearest() {
    let names = || lore::CONCEPTS.iter().map(|concept| concept.id);
    for (typed, meant) in [("time-wiat", "time-wait"), ("SO_LNGER", "so-linger"), ("closewait", "close-wait")]
    {
        assert_eq!(lore::nearest(typed, names()).first(), Some(&meant), "{typed}");
    }
    assert!(lore::nearest("xyzzy", names()).is_empty());
}

#[test]
fn what_is_gone_is_no_setting_and_says_what_there_is_instead() {
    for gone in catalogue::gone_settings() {
        let key = Key::parse(gone.key.trim_end_matches('*').trim_end_matches('.')).expect("a key");
        assert!(catalogue::find(&key).is_none(), "{} is in the catalogue", gone.key);
        assert!(!gone.what.ends_with('.') && !gone.source.is_empty(), "{}", gone.key);
    }
    let key = Key::parse("net.ipv4.netfilter.ip_conntrack_tcp_timeout_established").expect("a key");
    assert!(catalogue::gone(&key).is_some());
}
