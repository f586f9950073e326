//! What becomes of a text that is written to a setting: the kernel reads less strictly than twtune does, takes
//! texts in part, and keeps what it took before it found fault.

use crate::setting::Accept;
use crate::setting::Kind;
use crate::setting::PortRange;
use crate::setting::PortSet;
use crate::setting::Value;

/// What a write leaves behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// This value.
    Value(Value),
    /// What was there before: the kernel refuses the text; why.
    Refused(String),
    /// It cannot be told; why.
    Unknown(String),
}

/// The kernel looks at no more than a page of a text that is to be numbers, and procps writes a longer one in pieces.
const LONGEST: usize = 4000;

/// What is there after this text was written to a setting of this kind that had the value `before`, None where that
/// is not known. Measured on Linux 6.18: a number ends at white space and whatever follows the last one is ignored;
/// numbers may be octal or hexadecimal; of a tuple the numbers before the first faulty one are taken.
#[must_use]
pub fn written(kind: Kind, accept: Option<&Accept>, text: &str, before: Option<&Value>) -> Written {
    match kind {
        Kind::Integer | Kind::Tuple(_) | Kind::PortRange if text.len() > LONGEST => {
            Written::Unknown("it is longer than a page, of which the kernel takes a part".into())
        }
        Kind::Integer | Kind::Tuple(_) => numbers(kind, accept, text, before),
        Kind::PortRange => range(text, before),
        Kind::PortList => match ports(text) {
            Some(ports) => Written::Value(Value::Ports(ports)),
            None => Written::Refused(format!("`{text}` is not a list of ports without white space")),
        },
        Kind::Word | Kind::Text => match Value::parse(kind, text) {
            Ok(word) => match accept.and_then(|accept| accept.refuses(&word)) {
                None => Written::Value(word),
                Some(why) => Written::Refused(why),
            },
            Err(why) => Written::Refused(why),
        },
    }
}

fn numbers(kind: Kind, accept: Option<&Accept>, text: &str, before: Option<&Value>) -> Written {
    let mut taken = Vec::with_capacity(kind.arity());
    let mut fault = None;
    for word in words(text).take(kind.arity()) {
        let Some(number) = kernel_number(word) else {
            fault = Some(format!("`{word}` is not a number"));
            break;
        };
        match accept.map(|accept| accept.takes(number)) {
            Some(Err(why)) => {
                fault = Some(why);
                break;
            }
            Some(Ok(number)) => taken.push(number),
            None => taken.push(number),
        }
    }
    if taken.is_empty() {
        return Written::Refused(fault.unwrap_or_else(|| "it is empty".into()));
    }
    if taken.len() < kind.arity() {
        let Some(Value::Numbers(before)) = before else {
            let (count, all) = (taken.len(), kind.arity());
            return Written::Unknown(format!(
                "only {count} of {all} numbers are set, and the others are not known"
            ));
        };
        taken.extend(before.iter().skip(taken.len()));
    }
    Written::Value(Value::Numbers(taken))
}

/// A range is taken as a whole or not at all; one port alone is its low end.
fn range(text: &str, before: Option<&Value>) -> Written {
    let mut words = words(text);
    let mut port = || words.next().map(|word| kernel_number(word).and_then(|port| u16::try_from(port).ok()));
    let (low, high) = match (port(), port()) {
        (Some(Some(low)), Some(Some(high))) => (low, high),
        (Some(Some(low)), None) => match before {
            Some(Value::Range(range)) => (low, range.high),
            _ => return Written::Unknown("only the low end is set, and the high one is not known".into()),
        },
        _ => return Written::Refused(format!("`{text}` is not two ports")),
    };
    match (low, low <= high) {
        (0, _) => Written::Refused("a range of ports begins at 1".into()),
        (_, false) => Written::Refused(format!("the range {low} {high} is upside down")),
        (_, true) => Written::Value(Value::Range(PortRange { low, high })),
    }
}

/// A list of ports is taken as a whole or not at all. A comma may stand behind it, but no white space in it.
fn ports(text: &str) -> Option<PortSet> {
    let port = |word: &str| kernel_number(word).and_then(|port| u16::try_from(port).ok());
    let mut plain = Vec::new();
    for part in text.strip_suffix(',').unwrap_or(text).split(',').filter(|_| !text.is_empty()) {
        let (low, high) = part.split_once('-').unwrap_or((part, part));
        let (low, high) = (port(low)?, port(high)?);
        plain.push(format!("{low}-{high}"));
    }
    PortSet::parse(&plain.join(",")).ok()
}

/// The words that the kernel takes for numbers: any white space may stand before one, but only a space, a tab or a
/// line break ends it.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r']);
        let (word, behind) = rest.split_at(rest.find([' ', '\t', '\n']).unwrap_or(rest.len()));
        rest = behind;
        (!word.is_empty()).then_some(word)
    })
}

/// A number as `proc_get_long()` reads it: `0x` begins a hexadecimal and `0` an octal one.
fn kernel_number(word: &str) -> Option<i128> {
    let (negative, digits) = word.strip_prefix('-').map_or((false, word), |digits| (true, digits));
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', _, ..] => (16, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let number = i128::from(u64::from_str_radix(digits, radix).ok()?);
    Some(if negative { -number } else { number })
}
