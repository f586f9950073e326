//! Who may change a file, as Windows writes it.

use twtune::platform::descriptor::others_who_may_change;

const USER: &str = "S-1-5-21-1-2-3-1001";

fn judged(descriptor: &str) -> Option<String> {
    others_who_may_change(descriptor, USER)
}

#[test]
fn the_administrators_and_the_owner_are_no_others() {
    let private = "D:P(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)";
    for owner in ["BA", "SY", USER] {
        assert_eq!(judged(&format!("O:{owner}G:DU{private}")), None, "{owner}");
        assert_eq!(judged(&format!("O:{owner}{private}")), None, "{owner}");
    }
    for also in [
        "(A;;0x1200a9;;;BU)",
        "(A;OICI;FR;;;WD)",
        "(A;ID;FX;;;AU)",
        "(A;OICIIO;GA;;;CO)",
        "(D;;FA;;;WD)",
        "(A;;FA;;;S-1-5-21-1-2-3-1001)",
        "(A;;FA;;;S-1-5-32-544)",
    ] {
        assert_eq!(judged(&format!("O:BAG:SYD:AI(A;;FA;;;BA){also}")), None, "{also}");
    }
    assert_eq!(judged("O:BAD:P(A;;FA;;;BA)S:AI(AU;SA;FA;;;WD)"), None, "what is noted gives no rights");
}

#[test]
fn everybody_else_is() {
    let cases = [
        ("O:BUG:SYD:(A;;FA;;;BA)", "it belongs to BU"),
        ("O:S-1-5-21-1-2-3-1002D:(A;;FA;;;BA)", "it belongs to S-1-5-21-1-2-3-1002"),
        ("O:BAD:(A;;FA;;;BA)(A;;FA;;;WD)", "WD may change it (FA)"),
        ("O:BAD:(A;OICIID;0x1301bf;;;AU)", "AU may change it"),
        ("O:BAD:(A;;0x2;;;BU)", "BU may change it"),
        ("O:BAD:(A;CI;DCLCRPCR;;;BU)", "BU may change it"),
        ("O:BAD:(A;;GW;;;S-1-5-21-1-2-3-1002)", "S-1-5-21-1-2-3-1002 may change it"),
        ("O:BAD:(A;;WD;;;BU)", "BU may change it"),
        ("O:BAD:(A;;QQ;;;BU)", "BU may change it"),
        ("O:BAD:(A;;FA;;BU)", "an entry that twtune does not know"),
        ("O:BAD:NO_ACCESS_CONTROL", "everybody"),
        ("O:BA", "everybody"),
        ("D:(A;;FA;;;BA)", "it has no owner"),
        ("", "it has no owner"),
    ];
    for (descriptor, told) in cases {
        let why = judged(descriptor).unwrap_or_else(|| panic!("{descriptor}: nobody is told"));
        assert!(why.contains(told), "{descriptor}: {why}");
    }
}
