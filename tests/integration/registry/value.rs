//! Values of the registry as texts: every one has a text of its own, and only a `REG_DWORD` is a bare number.

use proptest::prelude::any;
use proptest::prop_assert;
use proptest::prop_assert_eq;
use proptest::proptest;
use twtune::setting::Key;
use twtune::setting::Kind;
use twtune::setting::RegistryValue;
use twtune::setting::Value;
use twtune::setting::canonical;
use twtune::setting::catalogue;
use twtune::setting::registry_path;

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn typed(type_number: u32, bytes: &[u8]) -> RegistryValue {
    RegistryValue { type_number, bytes: bytes.to_vec() }
}

#[test]
fn a_type_shows_unless_it_is_the_right_one() {
    let cases = [
        (typed(4, &[0x1e, 0, 0, 0]), "30", Some(30)),
        (typed(4, &[0xff; 4]), "4294967295", Some(4_294_967_295)),
        (typed(4, &[0x1e]), "REG_DWORD:hex:1e", None),
        (typed(4, &[]), "REG_DWORD:hex:", None),
        (typed(5, &[0, 0, 0, 0x1e]), "REG_DWORD_BIG_ENDIAN:hex:00,00,00,1e", Some(30)),
        (typed(11, &[0x1e, 0, 0, 0, 0, 0, 0, 0]), "REG_QWORD:30", Some(30)),
        (typed(1, &wide("30\0")), "REG_SZ:\"30\"", Some(30)),
        (typed(1, &wide("0x1e\0")), "REG_SZ:\"0x1e\"", None),
        (typed(1, &wide("30")), "REG_SZ:hex:33,00,30,00", None),
        (typed(1, &wide("3 0\0")), "REG_SZ:hex:33,00,20,00,30,00,00,00", None),
        (typed(1, &[]), "REG_SZ:hex:", None),
        (typed(1, &wide("\0")), "REG_SZ:\"\"", None),
        (typed(2, &wide("%x%\0")), "REG_EXPAND_SZ:\"%x%\"", None),
        (typed(3, &[0x1e, 0, 0, 0]), "REG_BINARY:hex:1e,00,00,00", Some(30)),
        (typed(7, &wide("3\0\0")), "REG_MULTI_SZ:hex:33,00,00,00,00,00", None),
        (typed(0, &[]), "REG_NONE:hex:", None),
        (typed(512, &[1]), "REG_512:hex:01", None),
    ];
    for (value, text, number) in cases {
        assert_eq!(value.to_string(), text);
        assert_eq!(RegistryValue::parse(text).as_ref(), Some(&value), "{text}");
        assert_eq!(value.number(), number, "{text}");
        let is_number = Value::parse(Kind::Integer, text).is_ok();
        assert_eq!(is_number, text.bytes().all(|byte| byte.is_ascii_digit()), "{text}");
    }
}

#[test]
fn what_is_not_such_a_text_is_no_value() {
    let texts = [
        "",
        "-1",
        "030",
        "+30",
        "4294967296",
        "dword:0000001e",
        "REG_SZ:30",
        "REG_SZ:\"",
        "REG_SZ:\"a b\"",
        "REG_QWORD:030",
        "REG_BINARY:hex:1",
        "REG_BINARY:hex:1e,",
        "REG_BINARY:hex:1E",
        "REG_4:hex:1e",
        "REG_:hex:",
        "REG_SZ:\"30\" ",
        "REG_DWORD:30",
    ];
    for text in texts {
        assert_eq!(RegistryValue::parse(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn every_value_has_a_text_of_its_own(type_number in 0_u32..20, bytes in any::<Vec<u8>>()) {
        let value = RegistryValue { type_number, bytes };
        let text = value.to_string();
        prop_assert_eq!(RegistryValue::parse(&text), Some(value));
        prop_assert_eq!(canonical(&text), text, "one word, so that no report changes it");
    }

    #[test]
    fn what_is_read_prints_the_same(text in "(REG_[A-Z_]{2,9}|REG_[0-9]{1,4})?:?(hex:)?[\"0-9a-f,]{0,12}") {
        if let Some(value) = RegistryValue::parse(&text) {
            prop_assert!(value.to_string() == text);
        }
    }
}

#[test]
fn a_key_says_where_its_value_lies() {
    let path = |text: &str| registry_path(&Key::parse(text).expect("a key"));
    let parameters = r"SYSTEM\CurrentControlSet\Services\Tcpip\Parameters";
    assert_eq!(path("tcpip.TcpTimedWaitDelay"), Some((parameters, "TcpTimedWaitDelay".into())));
    assert_eq!(
        path("afd.EnableDynamicBacklog"),
        Some((r"SYSTEM\CurrentControlSet\Services\AFD\Parameters", "EnableDynamicBacklog".into()))
    );
    for elsewhere in
        ["net.ipv4.tcp_tw_reuse", "tcpip", "tcpip.Interfaces/x", "tcpip.a.b", "ipv4.dynamicport.tcp"]
    {
        assert_eq!(path(elsewhere), None, "{elsewhere}");
    }
    for setting in catalogue::all().filter(|setting| setting.may_be_absent()) {
        let (_, name) = path(setting.key).expect("a place in the registry");
        assert_eq!(setting.key.rsplit('.').next(), Some(name.as_str()));
    }
}
