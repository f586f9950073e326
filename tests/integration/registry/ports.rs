//! What `netsh` prints of a dynamic port range, whatever language it speaks, and what it is asked.

use twtune::platform::registry::DynamicPort;
use twtune::setting::Key;
use twtune::setting::PortRange;

const RULER: &str = "---------------------------------";

fn parse(title: &str, start: &str, count: &str) -> Option<PortRange> {
    let text = format!("\r\n{title}\r\n{RULER}\r\n{start}\r\n{count}\r\n\r\n");
    DynamicPort::parse(text.as_bytes())
}

#[test]
fn every_language_has_the_start_before_the_count() {
    let untouched = Some(PortRange { low: 49152, high: 65535 });
    let cases = [
        ("Protocol tcp Dynamic Port Range", "Start Port      : 49152", "Number of Ports : 16384"),
        ("Protokoll tcp Dynamischer Portbereich", "Startport       : 49152", "Anzahl von Ports: 16384"),
        ("プロトコル tcp 動的ポート範囲", "開始ポート          : 49152", "ポート数            : 16384"),
        ("协议 tcp 动态端口范围", "启动端口        ： 49152", "端口数          ： 16384"),
    ];
    for (title, start, count) in cases {
        assert_eq!(parse(title, start, count), untouched, "{title}");
    }
    // As a console of that language has it: no UTF-8.
    let japanese = b"\x83\x76\x83\x8d tcp\r\n---\r\n\x8a\x4a\x8e\x6e : 49152\r\n\x83\x7c\x81\x5b : 16384\r\n";
    assert_eq!(DynamicPort::parse(japanese), untouched);
}

#[test]
fn what_is_no_range_is_not_taken_for_one() {
    let title = "Protocol tcp Dynamic Port Range";
    assert_eq!(
        parse(title, "Start Port : 1025", "Number of Ports : 64511"),
        Some(PortRange { low: 1025, high: 65535 })
    );
    let wrong = [
        ("Start Port : 1025", "Number of Ports : 64512"),
        ("Start Port : 0", "Number of Ports : 255"),
        ("Start Port : 1025", "Number of Ports : 0"),
        ("Start Port : 65536", "Number of Ports : 1"),
        ("Start Port : 4294967295", "Number of Ports : 4294967295"),
        ("Start Port : 99999999999", "Number of Ports : 255"),
        ("Start Port : x", "Number of Ports : 255"),
        ("Start Port : 1025", ""),
        ("a : 1\nb : 2", "c : 3"),
    ];
    for (start, count) in wrong {
        assert_eq!(parse(title, start, count), None, "{start}, {count}");
    }
    for text in ["", "The parameter is incorrect.", "\u{0}\u{1}", "1025 64511"] {
        assert_eq!(DynamicPort::parse(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn it_is_asked_as_microsoft_documents_it() {
    let of = |text: &str| DynamicPort::of(&Key::parse(text).expect("a key"));
    let tcp = of("ipv4.dynamicport.tcp").expect("a range");
    assert_eq!(tcp.show().join(" "), "int ipv4 show dynamicport tcp");
    let range = PortRange { low: 10000, high: 10999 };
    assert_eq!(tcp.set(range).join(" "), "int ipv4 set dynamicport tcp start=10000 num=1000");
    for wrong in [
        "ipv5.dynamicport.tcp",
        "ipv4.dynamicport.sctp",
        "ipv4.dynamicport",
        "ipv4.other.tcp",
        "ipv4.dynamicport.tcp.x",
    ] {
        assert_eq!(of(wrong), None, "{wrong}");
    }
}
