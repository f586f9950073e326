//! What is wrong with a file is said, at its place and all at once; nothing hangs, nothing breaks down.

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use serde_json::Value;

use crate::cli_check::rule;
use crate::host::Host;
use crate::host::within;
use crate::host::worth;
use crate::schema;
use crate::schema::list;

const FIN: &str = "net.ipv4.tcp_fin_timeout";
const HEAD: &str = "schema = 1\nname = \"bad\"\nsummary = \"A profile of a test\"\n";

/// More than enough for any file, far less than for ever.
const LIMIT: Duration = Duration::from_secs(10);
/// The processor's time for what is large, which a debug build needs a third of.
const SECONDS: u32 = 10;

/// Every command that reads the profile refuses it; the problems they name.
fn refused(host: &Host, path: &str) -> Value {
    let text = fs::read(host.path(path.trim_start_matches("[ROOT]/"))).unwrap_or_default();
    let text = String::from_utf8_lossy(&text[..text.len().min(600)]).into_owned();
    let mut problems = Value::Null;
    for line in ["profile lint FILE", "check FILE", "plan FILE", "apply FILE --yes", "profile show FILE"] {
        let line = line.replace("FILE", path);
        let name = path.rsplit('/').next().unwrap_or(path);
        let run = within(host, LIMIT, &line);
        assert_eq!(run.code, Some(3), "{run:#?}\n{text}");
        assert!(run.stderr.contains(name), "the file is named: {run:#?}\n{text}");
        assert!(
            run.stderr.len() < 20_000,
            "the answer to rubbish is not more rubbish: {} bytes",
            run.stderr.len()
        );
        let harmless = run.stderr.chars().all(|c| (!c.is_control() || c == '\n') && c != '\u{202e}');
        assert!(harmless, "control characters are escaped: {run:#?}");
        let report = within(host, LIMIT, &format!("{line} --format json")).exits(3).report("error");
        schema::error(&report, 3);
        problems = report["problems"].clone();
    }
    problems
}

/// The lines that the problems point at.
fn lines(problems: &Value) -> Vec<u64> {
    let mut found: Vec<u64> = list(problems).iter().filter_map(|problem| problem["line"].as_u64()).collect();
    found.sort_unstable();
    found
}

#[test]
fn ten_faults_are_reported_at_once_with_line_and_column() {
    let Some(host) = Host::start() else { return };
    let text = r#"schema = 1
name = "ten"
summary = "ten different faults"
colour = "red"

[[rule]]
key = "net.ipv4.tcp_fin_timout"
want = 30
level = "required"
why = "an unknown key"

[[rule]]
key = "net.ipv4.tcp_tw_reuse"
want = 3
level = "required"
why = "a value outside the accepted range"

[[rule]]
key = "net.ipv4.tcp_sack"
want = 1
level = "required"

[[rule]]
key = "net.ipv4.tcp_retries2"
wants = 8
level = "required"
why = "an unknown field, and so no constraint"

[[rule]]
key = "net.core.somaxconn"
at_least = "plenty"
level = "required"
why = "a value of the wrong type"

[[rule]]
key = "net.ipv4.tcp_keepalive_time"
want = 300
level = "essential"
why = "an unknown level"

[[rule]]
key = "net.ipv4.ip_local_port_range"
covers = [60999, 15000]
level = "required"
why = "a range upside down"

[[rule]]
key = "net.ipv4.tcp_syncookies"
want = 1
at_least = 1
level = "required"
why = "two constraints"

[[rule]]
key = "net.ipv4.tcp_timestamps"
want = 1
level = "required"
when = "linux => 4.12"
why = "a condition that is none"

[[rule]]
key = "net.ipv4.tcp_keepalive_intvl"
want = 10
level = "required"
why = "a control\ncharacter"
"#;
    host.file("ten.toml", text);
    let problems = refused(&host, "[ROOT]/ten.toml");
    for problem in list(&problems) {
        assert_eq!(
            problem["file"].as_str().map(|file| file.ends_with("ten.toml")),
            Some(true),
            "{problem:#}"
        );
        assert!(problem["line"].is_u64() && problem["column"].is_u64(), "{problem:#}");
    }
    let at = lines(&problems);
    // Each fault with the lines that may be meant: the rule's head, the field, or the value.
    for (what, first, last) in [
        ("unknown field at the top", 4, 4),
        ("unknown key", 7, 7),
        ("outside the accepted range", 14, 14),
        ("no why", 18, 21),
        ("unknown field of a rule", 25, 25),
        ("wrong type", 31, 31),
        ("unknown level", 38, 38),
        ("upside down", 43, 43),
        ("two constraints", 47, 51),
        ("no condition", 58, 58),
        ("control character", 65, 65),
    ] {
        assert!(at.iter().any(|line| (first..=last).contains(line)), "{what}: lines {at:?} in {problems:#}");
    }
    let text = host.twtune("profile lint [ROOT]/ten.toml").stderr;
    for place in ["ten.toml:4:", "ten.toml:7:", "ten.toml:14:", "ten.toml:65:"] {
        assert!(text.contains(place), "{place}: {text}");
    }
    assert!(text.contains("tcp_fin_timeout"), "did you mean: {text}");
}

#[test]
fn hostile_keys_are_refused() {
    let Some(host) = Host::start() else { return };
    let long = "a".repeat(5000);
    let deep = format!("net.{}", "a.".repeat(2000));
    for key in [
        "../../etc/passwd",
        "net.ipv4.../../vm.swappiness",
        "net/ipv4/../../vm/swappiness",
        "net.ipv4.conf.eth0//../x",
        "net..ipv4",
        ".",
        "..",
        "/",
        "/etc/passwd",
        "",
        " ",
        "net.ipv4.tcp_fin_timeout\\u0000",
        "net.ipv4.tcp_fin_timeout\\n",
        "net.ipv4.tcp fin",
        "net.ipv4.conf.*.rp_filter",
        "net.ipv4.conf.../..rp_filter",
        "kernel.core_pattern",
        "kernel.modprobe",
        "net.ipv4.tcp_fin_timeout.",
        "\\u001b[31mnet",
        "\\u202enet.ipv4",
        &long,
        &deep,
    ] {
        host.file("bad.toml", format!("{HEAD}{}", rule(key, "want = 1")));
        let problems = refused(&host, "[ROOT]/bad.toml");
        assert_eq!(lines(&problems), [5], "{key:.60}: {problems:#}");
    }
}

#[test]
fn a_value_that_cannot_be_is_refused_at_its_place() {
    let Some(host) = Host::start() else { return };
    let range = "net.ipv4.ip_local_port_range";
    for (key, constraint) in [
        (FIN, "want = true"),
        (FIN, "want = 1.5"),
        (FIN, "want = \"sixty\""),
        (FIN, "want = [60]\nlevel_ = 1"),
        (FIN, "want = { a = 1 }"),
        (FIN, "want = 1979-05-27"),
        (FIN, "want = \"16MiB\""),
        (FIN, "want = 99999999999"),
        (FIN, "want = 9223372036854775807"),
        (FIN, "want = \"99999999999999999999999999999999999999999999999\""),
        (FIN, "between = [60, 1]"),
        (FIN, "between = [1]"),
        (FIN, "between = [1, 2, 3]"),
        (FIN, "between = [1, 60]\npropose = 90"),
        (FIN, "one_of = []"),
        (FIN, "absent = false"),
        (FIN, "covers = [1, 2]"),
        (FIN, ""),
        ("net.ipv4.tcp_tw_reuse", "want = -1"),
        ("net.ipv4.tcp_tw_reuse", "want = 256"),
        (range, "covers = [60999, 15000]"),
        (range, "covers = [0, 15000]"),
        (range, "covers = [15000, 65536]"),
        (range, "covers = [-1, 5]"),
        (range, "want = \"32768-60999\""),
        ("net.ipv4.ip_local_reserved_ports", "covers = [\"200-100\"]"),
        ("net.ipv4.ip_local_reserved_ports", "covers = [70000]"),
        ("net.ipv4.ip_local_reserved_ports", "covers = [\"a-b\"]"),
        ("net.ipv4.tcp_rmem", "at_least = [\"_\", \"_\"]"),
        ("net.ipv4.tcp_rmem", "at_least = \"_\""),
        ("net.ipv4.tcp_rmem", "at_least = [\"_\", \"_\", \"32 parsecs\"]"),
        ("net.ipv4.tcp_rmem", "at_least = [\"_\", \"_\", \"1/0 mem\"]"),
    ] {
        host.file("bad.toml", format!("{HEAD}{}", rule(key, constraint)));
        let problems = refused(&host, "[ROOT]/bad.toml");
        let at = lines(&problems);
        assert!(
            !at.is_empty() && at.iter().all(|line| (4..=11).contains(line)),
            "{key} {constraint}: {problems:#}"
        );
    }
}

#[test]
fn what_is_no_profile_is_refused() {
    let Some(host) = Host::start() else { return };
    let sound = rule(FIN, "want = 60");
    for (what, text) in [
        ("empty", String::new()),
        ("no TOML", "]]]\n".into()),
        ("unclosed", format!("{HEAD}[[rule]\n")),
        ("a newer schema", format!("{}{sound}", HEAD.replace("schema = 1", "schema = 2"))),
        ("no schema", format!("{}{sound}", HEAD.replace("schema = 1\n", ""))),
        ("a schema that is text", format!("{}{sound}", HEAD.replace("schema = 1", "schema = \"1\""))),
        ("no name", format!("{}{sound}", HEAD.replace("name = \"bad\"\n", ""))),
        ("a name twice", format!("name = \"x\"\n{HEAD}{sound}")),
        ("a name that is a path", format!("{}{sound}", HEAD.replace("\"bad\"", "\"../bad\""))),
        ("rule is no list", format!("{HEAD}rule = 1\n")),
        ("a rule without a key", format!("{HEAD}[[rule]]\nwant = 1\nlevel = \"required\"\nwhy = \"x\"\n")),
        (
            "a key that is a number",
            format!("{HEAD}[[rule]]\nkey = 1\nwant = 1\nlevel = \"required\"\nwhy = \"x\"\n"),
        ),
        ("an empty why", format!("{HEAD}{}", sound.replace("A test wants it.", ""))),
        (
            "a newline in why",
            format!("{HEAD}{}", sound.replace("A test wants it.", "x\\nnet.ipv4.ip_forward = 1")),
        ),
        ("an escape in why", format!("{HEAD}{}", sound.replace("A test wants it.", "x\\u001b[2J"))),
        ("NUL in why", format!("{HEAD}{}", sound.replace("A test wants it.", "x\\u0000"))),
        ("a lone return in summary", format!("{}{sound}", HEAD.replace("A profile", "A\\rprofile"))),
        ("a line separator in why", format!("{HEAD}{}", sound.replace("A test wants it.", "x\\u0085y"))),
        ("unknown base", format!("{HEAD}extends = [\"genral\"]\n{sound}")),
        ("extends itself", format!("{HEAD}extends = [\"./bad.toml\"]\n{sound}")),
        ("extends a number", format!("{HEAD}extends = [1]\n{sound}")),
        ("a bad condition", format!("{HEAD}{}", rule(FIN, "want = 60\nwhen = \"linux >=\""))),
        ("an unknown word", format!("{HEAD}{}", rule(FIN, "want = 60\nwhen = \"moon > 3\""))),
        ("a condition with or", format!("{HEAD}{}", rule(FIN, "want = 60\nwhen = \"host or host\""))),
    ] {
        host.file("bad.toml", text);
        let problems = refused(&host, "[ROOT]/bad.toml");
        assert!(!list(&problems).is_empty(), "{what}");
    }
}

#[test]
fn a_circle_of_extends_ends() {
    let Some(host) = Host::start() else { return };
    host.sh("mkdir /etc/twtune/profiles.d");
    for (name, base) in [("a", "b"), ("b", "c"), ("c", "a"), ("self", "self")] {
        let head = format!("schema = 1\nname = \"{name}\"\nsummary = \"x\"\nextends = [\"{base}\"]\n");
        host.file(&format!("{name}.toml"), format!("{head}{}", rule(FIN, "want = 60")));
    }
    host.sh("cp a.toml b.toml c.toml self.toml /etc/twtune/profiles.d/");
    for name in ["a", "b", "self"] {
        let run = within(&host, LIMIT, &format!("check {name}")).exits(3);
        assert!(run.stderr.contains("extends"), "{run:#?}");
    }
    // The same base by two ways is no circle.
    for (name, bases) in [("left", "\"general\""), ("right", "\"general\""), ("top", "\"left\", \"right\"")] {
        host.file(
            &format!("{name}.toml"),
            format!("schema = 1\nname = \"{name}\"\nsummary = \"x\"\nextends = [{bases}]\n"),
        );
    }
    host.sh("cp left.toml right.toml top.toml /etc/twtune/profiles.d/");
    let run = within(&host, LIMIT, "check top");
    assert!(matches!(run.code, Some(0 | 1)), "{run:#?}");
    // A chain that doubles at every step is not walked path by path.
    for at in 0..40 {
        let bases = if at == 0 { "\"general\"".into() } else { format!("\"d{}\", \"e{}\"", at - 1, at - 1) };
        for side in ["d", "e"] {
            host.file(
                &format!("chain/{side}{at}.toml"),
                format!("schema = 1\nname = \"{side}{at}\"\nsummary = \"x\"\nextends = [{bases}]\n"),
            );
        }
    }
    host.sh("cp chain/*.toml /etc/twtune/profiles.d/");
    let run = within(&host, LIMIT, "check d39");
    assert!(matches!(run.code, Some(0 | 1 | 3)), "{run:#?}");
}

#[test]
fn depth_and_size_are_bounded() {
    let Some(host) = Host::start() else { return };
    let depth = 200_000;
    for (what, text) in [
        ("arrays", format!("x = {}{}\n", "[".repeat(depth), "]".repeat(depth))),
        ("open arrays", format!("x = {}", "[".repeat(depth))),
        ("tables", format!("x = {}1{}\n", "{a=".repeat(depth), "}".repeat(depth))),
        ("dotted", format!("a{} = 1\n", ".a".repeat(depth))),
        ("header", format!("[a{}]\n", ".a".repeat(depth))),
        (
            "in a rule",
            format!("{HEAD}{}", rule(FIN, &format!("want = {}1{}", "[".repeat(depth), "]".repeat(depth)))),
        ),
        (
            "in when",
            format!("{HEAD}{}", rule(FIN, &format!("want = 60\nwhen = \"{}\"", "host and ".repeat(depth)))),
        ),
        (
            "parentheses",
            format!("{HEAD}{}", rule(FIN, &format!("want = 60\nwhen = \"{}\"", "(".repeat(depth)))),
        ),
    ] {
        host.file("bad.toml", text);
        let run = within(&host, LIMIT, "check [ROOT]/bad.toml").exits(3);
        assert!(
            run.stderr.contains("bad.toml") && run.stderr.len() < 20_000,
            "{what}: {} bytes",
            run.stderr.len()
        );
        within(&host, LIMIT, "profile lint [ROOT]/bad.toml --format json").exits(3).report("error");
    }
    // As many faults as fit: the answer stays readable.
    let mut many = HEAD.to_owned();
    for at in 0..20_000 {
        let _ = writeln!(many, "field_{at} = 1");
    }
    host.file("bad.toml", many);
    within(&host, LIMIT, "check [ROOT]/bad.toml").exits(3);

    // 100 MB: of nothing, and of what looks like a profile.
    let huge = host.path("huge.toml");
    fs::File::create(&huge).and_then(|file| file.set_len(100 << 20)).expect("a sparse file");
    refused(&host, "[ROOT]/huge.toml");
    let comment = format!("# {}\n", "x".repeat(1021));
    fs::write(&huge, format!("{HEAD}{}{}", rule(FIN, "want = 60"), comment.repeat(100 << 10)))
        .expect("a big file");
    let before = std::time::Instant::now();
    refused(&host, "[ROOT]/huge.toml");
    assert!(before.elapsed() < LIMIT * 3);
}

/// As much of everything as fits into a file, where one has to be held against another.
#[test]
fn work_does_not_grow_with_the_square_of_a_file() {
    let Some(host) = Host::start() else { return };
    let rules = |count: usize, key: &str, constraint: &dyn Fn(usize) -> String| {
        (0..count).fold(HEAD.to_owned(), |mut text, at| {
            let _ = write!(text, "[[rule]]\nkey=\"{key}\"\nwhy=\"x\"\n{}\n", constraint(at));
            text
        })
    };
    let list =
        |count: usize, item: &dyn Fn(usize) -> String| (0..count).map(item).collect::<Vec<_>>().join(",");
    let reserved = "net.ipv4.ip_local_reserved_ports";
    let ports = list(32_000, &|at| format!("{}", at * 2));
    for (what, text) in [
        ("rules about one setting", rules(15_000, FIN, &|at| format!("at_least = {}", at % 60))),
        (
            "values of one rule",
            rules(2, FIN, &|at| format!("one_of = [{}]", list(150_000, &|_| format!("{at}")))),
        ),
        ("unknown keys", rules(15_000, "net.ipv4.tcp_fin_timeouts", &|_| "want = 1".into())),
        ("unknown fields", rules(15_000, FIN, &|_| "wnat = 1".into())),
        ("conflicts", rules(900, FIN, &|at| format!("want = {at}"))),
        ("conflicts about much", {
            let most = format!("{HEAD}[[rule]]\nkey=\"{reserved}\"\nwhy=\"x\"\n");
            let more = rules(900, reserved, &|at| format!("want = [{at}]"));
            format!("{most}want = [{ports}]\n{}", more.trim_start_matches(HEAD))
        }),
        ("bases", format!("{HEAD}extends = [{}]\n", list(80_000, &|_| "\"general\"".into()))),
    ] {
        assert!(text.len() < 1 << 20, "{what}: {} bytes", text.len());
        host.file("bad.toml", text);
        for line in ["profile lint [ROOT]/bad.toml", "check [ROOT]/bad.toml"] {
            let run = worth(&host, SECONDS, line).exits(3);
            assert!(run.stderr.len() < 200_000, "{what}: {} bytes", run.stderr.len());
        }
    }
    // Rules that lose against as many others.
    host.file("base.toml", rules(1000, FIN, &|_| "want = 30".into()));
    let head = format!("{HEAD}extends = [\"./base.toml\"]\n");
    host.file("top.toml", rules(1000, FIN, &|_| "want = 31".into()).replace(HEAD, &head));
    let run = worth(&host, SECONDS, "profile show [ROOT]/top.toml").exits(0);
    assert!(run.stdout.len() < 1_000_000, "{} bytes", run.stdout.len());
    // A long list is nothing bad.
    let items = list(150_000, &|at| format!("{}", at * 2 % 65_536));
    let many = rules(900, reserved, &|at| format!("covers = [{at}]"));
    let long = format!("{many}[[rule]]\nkey=\"{reserved}\"\nwhy=\"x\"\ncovers = [{items}]\n");
    host.file("long.toml", long);
    worth(&host, SECONDS, "profile lint [ROOT]/long.toml").exits(0);
    worth(&host, SECONDS, "check [ROOT]/long.toml").exits(1);
}

#[test]
fn what_is_no_file_is_refused_at_once() {
    let Some(host) = Host::start() else { return };
    host.sh("mkdir folder.toml; mkfifo pipe.toml; ln -s nowhere dangling.toml; ln -s loop.toml loop.toml; ln -s /dev/zero zero.toml; ln -s /dev/tty tty.toml; ln -s /proc/kmsg kmsg.toml; : >empty.toml");
    for name in
        ["folder.toml", "pipe.toml", "dangling.toml", "loop.toml", "zero.toml", "missing.toml", "empty.toml"]
    {
        for line in [
            format!("check [ROOT]/{name}"),
            format!("profile lint [ROOT]/{name}"),
            format!("check --config [ROOT]/{name}"),
        ] {
            if line.contains("--config") && name == "empty.toml" {
                // A configuration that says nothing is one.
                continue;
            }
            let run = within(&host, LIMIT, &line).exits(3);
            assert!(run.stderr.contains(name), "{run:#?}");
            schema::error(
                &within(&host, LIMIT, &format!("{line} --format json")).exits(3).report("error"),
                3,
            );
        }
    }
    for device in ["/dev/zero", "/dev/null", "/dev/random", "/proc/self/mem", "/proc/kmsg", "/dev/stdin"] {
        let run = within(&host, LIMIT, &format!("check {device}"));
        // 4 where this user may not even open it.
        assert!(matches!(run.code, Some(3 | 4)), "{run:#?}");
    }
}

#[test]
fn text_that_is_no_text_is_refused() {
    let Some(host) = Host::start() else { return };
    for bytes in [
        &b"schema = 1\nname = \"\xff\xfe\"\n"[..],
        b"\xff\xfes\0c\0h\0e\0m\0a\0",
        b"\0\0\0\0",
        b"schema = 1\nname = \"a\0b\"\n",
        b"schema = 1\nname = \"\xed\xa0\x80\"\n",
        b"\x7fELF\x02\x01\x01",
    ] {
        host.file("bad.toml", bytes);
        refused(&host, "[ROOT]/bad.toml");
    }
    // A mark at the beginning and the line ends of another system are text.
    let text = format!("{HEAD}{}", rule(FIN, "want = 60")).replace('\n', "\r\n");
    host.file("marked.toml", [b"\xef\xbb\xbf", text.as_bytes()].concat());
    within(&host, LIMIT, "check [ROOT]/marked.toml").exits(0);
}

#[test]
fn names_on_the_command_line_may_be_anything() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let Some(host) = Host::start() else { return };
    let long = "x".repeat(100_000);
    for name in [&b"\xff\xfe"[..], b"a\nb", b"\x1b[31mred", b" ", b"", b"a\\b", b"CON", long.as_bytes()] {
        for verb in ["check", "explain", "rollback"] {
            let mut command = host.command(verb);
            command.arg(OsStr::from_bytes(name));
            if verb == "rollback" {
                command.arg("--yes");
            }
            let run = host.judge(crate::sandbox::run_within(&mut command, LIMIT));
            assert!(matches!(run.code, Some(2..=4)), "{run:#?}");
            assert!(!run.stderr.contains('\x1b'), "escaped: {run:#?}");
        }
    }
}

#[test]
fn a_configuration_that_is_not_acceptable_is_refused() {
    let Some(host) = Host::start() else { return };
    for text in [
        "profiles = 1\n",
        "profiles = [\n",
        "profiles = [\"no-such\"]\n",
        "unknown = 1\n",
        "profiles = [\"a\\u0000\"]\n",
    ] {
        host.file("twtune.toml", text);
        for line in ["check --config [ROOT]/twtune.toml", "apply --yes --config [ROOT]/twtune.toml"] {
            let run = within(&host, LIMIT, line).exits(3);
            assert!(
                ["twtune.toml", "no-such", "a\\u{0}"].iter().any(|named| run.stderr.contains(named)),
                "{run:#?}"
            );
        }
    }
    host.twtune("check --config [ROOT]/missing.toml").exits(3);
}
