//! The part of a rule that says what is wanted: `at_least = ["_", "_", "32MiB"]`.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::DeInteger;
use toml::de::DeValue;

use crate::profile::Amount;
use crate::profile::Constraint;
use crate::profile::Cover;
use crate::profile::Literal;
use crate::setting::Accept;
use crate::setting::Kind;
use crate::setting::PortRange;
use crate::setting::PortSet;
use crate::setting::Setting;
use crate::setting::Value;

/// The forms of a constraint, as a profile writes them.
pub(super) const FORMS: &[&str] = &["want", "at_least", "at_most", "one_of", "between", "covers", "absent"];

/// No setting has more values that are each worth a name. Two lists are held against each other value by value.
const MOST_VALUES: usize = 100;

type Node<'i> = Spanned<DeValue<'i>>;
/// A fault and its place.
type Fault = (Range<usize>, String);
type Numbers = Vec<Option<Amount>>;

/// The shape of a setting that the catalogue does not know, by what its rule wants of it.
pub(super) fn kind_of(written: &[(&str, &Node<'_>)]) -> Kind {
    // A number in quotes is the same number: all rules about a setting have to see the same in its value.
    let number = |node: &Node<'_>| match node.get_ref() {
        DeValue::Integer(_) => true,
        DeValue::String(text) => text.parse::<i128>().is_ok(),
        _ => false,
    };
    match *written {
        [("at_least" | "at_most" | "between", _)] => Kind::Integer,
        [(_, node)] => match node.get_ref().as_array().and_then(|array| array.first()) {
            Some(first) if number(first) => Kind::Integer,
            None if number(node) => Kind::Integer,
            _ => Kind::Text,
        },
        _ => Kind::Text,
    }
}

/// Reads the constraint of a rule about this setting.
pub(super) fn read(
    form: &str,
    node: &Node<'_>,
    propose: Option<&Node<'_>>,
    setting: &'static Setting,
) -> Result<Constraint, Fault> {
    let fault = |message: String| (node.span(), message);
    let numeric = setting.kind.arity() > 0;
    match form {
        "want" => literal(node, setting).map(Constraint::Want),
        "at_least" | "at_most" | "between" if !numeric => Err(fault(format!(
            "`{form}` needs a setting of numbers, and {} is {}",
            setting.key,
            setting.kind.describe()
        ))),
        "at_least" => numbers(node, setting).map(Constraint::AtLeast),
        "at_most" => numbers(node, setting).map(Constraint::AtMost),
        "one_of" => match node.get_ref().as_array() {
            Some(array) if array.len() > MOST_VALUES => {
                Err(fault(format!("`one_of` lists at most {MOST_VALUES} values")))
            }
            Some(array) if !array.is_empty() => {
                array.iter().map(|item| whole(item, setting)).collect::<Result<_, _>>().map(Constraint::OneOf)
            }
            _ => Err(fault("`one_of` is a list of values".into())),
        },
        "between" => between(node, propose, setting),
        "covers" => match setting.kind {
            // What it is joined with may have the ports that it lacks by itself.
            Kind::PortRange => range(node, |range| Accept::PortRange.refuses(range))
                .map(|range| Constraint::Covers(Cover::Range(range))),
            Kind::PortList => ports(node).map(|ports| Constraint::Covers(Cover::Ports(ports))),
            _ => Err(fault(format!("`covers` needs a setting of ports, and {} is not one", setting.key))),
        },
        _ if node.get_ref().as_bool() == Some(true) => Ok(Constraint::Absent),
        _ => Err(fault("`absent` can only be true".into())),
    }
}

fn between(
    node: &Node<'_>,
    propose: Option<&Node<'_>>,
    setting: &'static Setting,
) -> Result<Constraint, Fault> {
    let ends: Option<Vec<&Node<'_>>> = node.get_ref().as_array().map(|array| array.iter().collect());
    let Some([low, high]) = ends.as_deref() else {
        return Err((node.span(), "`between` is a list of two: [lowest, highest]".into()));
    };
    let low = numbers(low, setting)?;
    let high = numbers(high, setting)?;
    // Below zero may be unlimited, and that is above every number.
    let rank = |amount: Option<Amount>| fixed(amount).map(|number| setting.rank(number));
    let pairs = || low.iter().zip(&high).map(|(low, high)| (rank(*low), rank(*high)));
    if pairs().any(|(low, high)| matches!((low, high), (Some(low), Some(high)) if low > high)) {
        return Err((node.span(), "`between` is upside down: the lower end comes first".into()));
    }
    let Some(propose_node) = propose else {
        return Ok(Constraint::Between { low, high, propose: None });
    };
    let wanted = numbers(propose_node, setting)?;
    let outside = wanted.iter().zip(pairs()).any(|(wanted, (low, high))| {
        rank(*wanted).is_some_and(|wanted| {
            low.is_some_and(|low| wanted < low) || high.is_some_and(|high| wanted > high)
        })
    });
    if outside {
        return Err((propose_node.span(), "`propose` lies outside `between`".into()));
    }
    Ok(Constraint::Between { low, high, propose: Some(wanted) })
}

fn fixed(amount: Option<Amount>) -> Option<i128> {
    match amount {
        Some(Amount::Fixed(number)) => Some(number),
        _ => None,
    }
}

/// A literal that leaves nothing open.
fn whole(node: &Node<'_>, setting: &'static Setting) -> Result<Literal, Fault> {
    match literal(node, setting)? {
        Literal::Numbers(numbers) if numbers.contains(&None) => {
            Err((node.span(), "`_` cannot stand in `one_of`".into()))
        }
        literal => Ok(literal),
    }
}

fn literal(node: &Node<'_>, setting: &'static Setting) -> Result<Literal, Fault> {
    let literal = match setting.kind {
        Kind::Integer | Kind::Tuple(_) => return numbers(node, setting).map(Literal::Numbers),
        Kind::PortRange => return range(node, |range| setting.refuses(range)).map(Literal::Range),
        Kind::PortList => return ports(node).map(Literal::Ports),
        Kind::Word | Kind::Text => {
            node.get_ref().as_str().ok_or_else(|| "is a text in quotes".to_owned()).and_then(|text| {
                let word = Value::parse(setting.kind, text)?;
                setting.refuses(&word).map_or(Ok(word), Err)
            })
        }
    };
    match literal {
        Ok(Value::Word(word)) if !word.chars().any(char::is_control) => Ok(Literal::Word(word)),
        Ok(_) => Err((node.span(), format!("{} is a word", setting.key))),
        Err(message) => Err((node.span(), format!("{}: {message}", setting.key))),
    }
}

/// One number, or as many as the setting has; `"_"` leaves one as it is.
fn numbers(node: &Node<'_>, setting: &'static Setting) -> Result<Numbers, Fault> {
    let Kind::Tuple(names) = setting.kind else {
        return match number(node, setting)? {
            None => {
                Err((node.span(), "`_` leaves one of several numbers as it is; this is a single one".into()))
            }
            single => Ok(vec![single]),
        };
    };
    match node.get_ref().as_array() {
        Some(array) if array.len() == names.len() => {
            let numbers: Numbers =
                array.iter().map(|item| number(item, setting)).collect::<Result<_, _>>()?;
            if numbers.iter().all(Option::is_none) {
                return Err((node.span(), "a rule that leaves every number as it is says nothing".into()));
            }
            Ok(numbers)
        }
        _ => Err((
            node.span(),
            format!("{} is a list of {}: [{}]", setting.key, names.len(), names.join(", ")),
        )),
    }
}

fn number(node: &Node<'_>, setting: &'static Setting) -> Result<Option<Amount>, Fault> {
    let amount = match node.get_ref() {
        DeValue::String(text) if text.as_ref() == "_" => return Ok(None),
        DeValue::String(text) if text.chars().any(char::is_control) || text.len() > 64 => {
            Err("is not a number".into())
        }
        DeValue::String(text) => Amount::parse(text, setting.unit),
        DeValue::Integer(integer) => whole_number(integer).map(Amount::Fixed),
        other => Err(format!("a number is wanted, this is a {}", other.type_str())),
    };
    let checked = amount.and_then(|amount| match amount {
        Amount::Fixed(number) => match setting.refuses(&Value::Numbers(vec![number])) {
            None => Ok(amount),
            Some(why) => Err(why),
        },
        Amount::MemoryShare { .. } => Ok(amount),
    });
    checked.map(Some).map_err(|message| (node.span(), format!("{}: {message}", setting.key)))
}

/// A number as TOML writes it: `60_999`, `0xee47`.
fn whole_number(integer: &DeInteger<'_>) -> Result<i128, String> {
    i128::from_str_radix(&integer.as_str().replace('_', ""), integer.radix())
        .map_err(|_| format!("`{integer}` is too large"))
}

fn range(node: &Node<'_>, refuses: impl Fn(&Value) -> Option<String>) -> Result<PortRange, Fault> {
    let fault = |message: String| (node.span(), message);
    let text = match node.get_ref() {
        DeValue::Array(array) => {
            let parts: Option<Vec<String>> = array
                .iter()
                .map(|part| Some(whole_number(part.get_ref().as_integer()?).ok()?.to_string()))
                .collect();
            parts.ok_or_else(|| fault("a range of ports is a list of two: [15000, 60999]".into()))?.join(" ")
        }
        _ => return Err(fault("a range of ports is a list of two: [15000, 60999]".into())),
    };
    match Value::parse(Kind::PortRange, &text) {
        Ok(value @ Value::Range(range)) => match refuses(&value) {
            None => Ok(range),
            Some(why) => Err(fault(why)),
        },
        Ok(_) => Err(fault("a range of ports is a list of two: [15000, 60999]".into())),
        Err(message) => Err(fault(message)),
    }
}

fn ports(node: &Node<'_>) -> Result<PortSet, Fault> {
    let help = || (node.span(), "ports are a list such as [\"30000-32767\", 9100]".to_owned());
    let array = node.get_ref().as_array().ok_or_else(help)?;
    let sets = array.iter().map(|item| {
        let text = match item.get_ref() {
            DeValue::String(text) => Cow::Borrowed(text.as_ref()),
            DeValue::Integer(integer) => {
                let number = whole_number(integer).map_err(|message| (item.span(), message))?;
                Cow::Owned(number.to_string())
            }
            _ => return Err(help()),
        };
        PortSet::parse(&text).map_err(|message| (item.span(), message))
    });
    sets.collect()
}
