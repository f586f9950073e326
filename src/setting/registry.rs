//! Values of the Windows registry, which have a type: as text, and where they lie. Pure, so that it is tested on
//! every system.

use std::fmt;

use crate::setting::Key;

/// The type of nearly every setting: 32 bits.
const REG_DWORD: u32 = 4;

/// The types that have a name, in the order of their numbers.
const TYPES: [&str; 12] = [
    "REG_NONE",
    "REG_SZ",
    "REG_EXPAND_SZ",
    "REG_BINARY",
    "REG_DWORD",
    "REG_DWORD_BIG_ENDIAN",
    "REG_LINK",
    "REG_MULTI_SZ",
    "REG_RESOURCE_LIST",
    "REG_FULL_RESOURCE_DESCRIPTOR",
    "REG_RESOURCE_REQUIREMENTS_LIST",
    "REG_QWORD",
];

/// Where a value lies below `HKEY_LOCAL_MACHINE`: the path of its key, and its name.
///
/// `tcpip.TcpTimedWaitDelay` is `TcpTimedWaitDelay` in `SYSTEM\CurrentControlSet\Services\Tcpip\Parameters`.
#[must_use]
pub fn registry_path(key: &Key) -> Option<(&'static str, String)> {
    let (service, name) = key.as_str().split_once('.')?;
    let folder = match service {
        "tcpip" => r"SYSTEM\CurrentControlSet\Services\Tcpip\Parameters",
        "afd" => r"SYSTEM\CurrentControlSet\Services\AFD\Parameters",
        _ => return None,
    };
    // Nothing that a path or a name in the registry would read otherwise.
    let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    plain.then(|| (folder, name.to_owned()))
}

/// A value of the registry with its type, kept to the byte.
///
/// As text, a `REG_DWORD` is its number alone, since that is what settings are. Everything else bears its type:
/// `REG_SZ:"30"`, `REG_QWORD:30`, and the bytes where they are no plain text: `REG_BINARY:hex:1e,00`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryValue {
    /// The number of its type.
    pub type_number: u32,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl RegistryValue {
    /// A `REG_DWORD`.
    #[must_use]
    pub fn dword(number: u32) -> Self {
        Self { type_number: REG_DWORD, bytes: number.to_le_bytes().to_vec() }
    }

    /// The name of its type.
    #[must_use]
    pub fn type_name(&self) -> String {
        let name = usize::try_from(self.type_number).ok().and_then(|at| TYPES.get(at));
        name.map_or_else(|| format!("REG_{}", self.type_number), ToString::to_string)
    }

    /// Reads what [`fmt::Display`] writes; None for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let Some((name, data)) = text.split_once(':') else {
            // To the digit: a text that reads the same is the same value.
            let number: u32 = text.parse().ok()?;
            return Some(Self::dword(number)).filter(|value| value.to_string() == text);
        };
        let known = TYPES.iter().position(|known| *known == name).and_then(|at| u32::try_from(at).ok());
        let type_number = known.or_else(|| name.strip_prefix("REG_")?.parse().ok())?;
        let bytes = if let Some(hex) = data.strip_prefix("hex:") {
            let byte = |byte: &str| u8::from_str_radix(byte, 16).ok();
            let pairs = hex.split(',').filter(|byte| !byte.is_empty());
            pairs.map(byte).collect::<Option<Vec<u8>>>()?
        } else if let Some(quoted) = data.strip_prefix('"') {
            let text = quoted.strip_suffix('"')?;
            text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
        } else {
            data.parse::<u64>().ok()?.to_le_bytes().to_vec()
        };
        Some(Self { type_number, bytes }).filter(|value| value.to_string() == text)
    }

    /// The number that whoever wrote it most likely meant, whatever type they chose for it.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        let narrow = || <[u8; 4]>::try_from(&self.bytes[..]).ok();
        match self.type_name().as_str() {
            "REG_DWORD" | "REG_BINARY" => narrow().map(|bytes| u32::from_le_bytes(bytes).into()),
            "REG_DWORD_BIG_ENDIAN" => narrow().map(|bytes| u32::from_be_bytes(bytes).into()),
            "REG_QWORD" => Some(u64::from_le_bytes(self.bytes[..].try_into().ok()?)),
            "REG_SZ" | "REG_EXPAND_SZ" => self.plain_text()?.parse().ok(),
            _ => None,
        }
    }

    /// Its text, where it is one that ends as it should and has no character that would read otherwise.
    fn plain_text(&self) -> Option<String> {
        let (units, rest) = self.bytes.as_chunks::<2>();
        let [units @ .., [0, 0]] = units else { return None };
        let plain = |unit: &[u8; 2]| {
            let c = char::from(unit[0]);
            (unit[1] == 0 && c.is_ascii_graphic() && c != '"' && c != '\\').then_some(c)
        };
        rest.is_empty().then(|| units.iter().map(plain).collect()).flatten()
    }
}

impl fmt::Display for RegistryValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.type_name();
        match (name.as_str(), self.number()) {
            ("REG_DWORD", Some(number)) => return write!(f, "{number}"),
            ("REG_QWORD", Some(number)) => return write!(f, "{name}:{number}"),
            ("REG_SZ" | "REG_EXPAND_SZ", _) => {
                if let Some(text) = self.plain_text() {
                    return write!(f, "{name}:\"{text}\"");
                }
            }
            _ => {}
        }
        write!(f, "{name}:hex:")?;
        for (at, byte) in self.bytes.iter().enumerate() {
            write!(f, "{}{byte:02x}", if at == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}
