//! Who may write a file of Windows: its security descriptor as text (SDDL), read without asking Windows.

/// The system, the administrators, and the service that owns Windows' own files.
const TRUSTED: [&str; 5] = [
    "SY",
    "S-1-5-18",
    "BA",
    "S-1-5-32-544",
    "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",
];

/// Stands for whoever makes a file, so that it lets nobody else in.
const CREATOR: [&str; 2] = ["CO", "S-1-3-0"];

/// The rights with which a file or folder, or who may do what with it, can be changed.
const CHANGING: u32 = 0x5000_0000 | 0x000d_0156;

/// Rights that have a name of two letters in SDDL, as bits.
const RIGHTS: [(&str, u32); 22] = [
    ("GA", 0x1000_0000),
    ("GX", 0x2000_0000),
    ("GW", 0x4000_0000),
    ("GR", 0x8000_0000),
    ("FA", 0x001f_01ff),
    ("FR", 0x0012_0089),
    ("FW", 0x0012_0116),
    ("FX", 0x0012_00a0),
    ("SD", 0x0001_0000),
    ("RC", 0x0002_0000),
    ("WD", 0x0004_0000),
    ("WO", 0x0008_0000),
    ("CC", 0x0000_0001),
    ("DC", 0x0000_0002),
    ("LC", 0x0000_0004),
    ("SW", 0x0000_0008),
    ("RP", 0x0000_0010),
    ("WP", 0x0000_0020),
    ("DT", 0x0000_0040),
    ("LO", 0x0000_0080),
    ("CR", 0x0000_0100),
    ("KA", 0x000f_003f),
];

/// Why others than this user and the administrators could change what this descriptor guards; None where they could
/// not. What is not understood counts against it.
#[must_use]
pub fn others_who_may_change(descriptor: &str, user: &str) -> Option<String> {
    let trusted = |sid: &str| sid == user || TRUSTED.contains(&sid);
    let Some(rest) = descriptor.strip_prefix("O:") else { return Some("it has no owner".into()) };
    let (owner, lists) = rest.split_at(owner_length(rest));
    if !trusted(owner) {
        return Some(format!(
            "it belongs to {owner}, not to the administrators or to {user} who runs twtune"
        ));
    }
    let Some(list) = lists.find("D:").map(|at| &lists[at + 2..]) else {
        return Some("everybody has all rights to it".into());
    };
    let list = list.split("S:").next().unwrap_or(list);
    let flags = list.split('(').next().unwrap_or_default();
    if flags.contains("NO_ACCESS_CONTROL") {
        return Some("everybody has all rights to it".into());
    }
    for entry in list[flags.len()..].split_terminator(')') {
        let parts: Vec<&str> = entry.trim_start_matches('(').split(';').collect();
        let [kind, _, rights, _, _, sid] = parts[..] else {
            return Some(format!("its access list has an entry that twtune does not know: {entry}"));
        };
        let denies = kind == "D";
        if denies
            || trusted(sid)
            || CREATOR.contains(&sid)
            || bits(rights).is_some_and(|bits| bits & CHANGING == 0)
        {
            continue;
        }
        return Some(format!("{sid} may change it ({rights})"));
    }
    None
}

/// Where an owner's name ends: two letters, or a SID.
fn owner_length(text: &str) -> usize {
    if text.starts_with("S-") {
        text.find(|c: char| c != 'S' && c != '-' && !c.is_ascii_digit()).unwrap_or(text.len())
    } else {
        text.len().min(2)
    }
}

/// The bits of a right as SDDL writes it: a number, or names of two letters in a row.
fn bits(rights: &str) -> Option<u32> {
    if let Some(hex) = rights.strip_prefix("0x") {
        return u32::from_str_radix(hex, 16).ok();
    }
    let mut bits = 0;
    for pair in rights.as_bytes().chunks(2) {
        bits |= RIGHTS.iter().find(|(name, _)| name.as_bytes() == pair)?.1;
    }
    Some(bits)
}
