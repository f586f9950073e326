//! The profiles that come with twtune, embedded from `profiles/`.

/// A profile that comes with twtune.
#[derive(Debug)]
pub struct Builtin {
    /// Its name.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// What stands behind the rules in every built-in profile, and is for people only.
const ADVICE: &str = "\n[[not_recommended]]";

impl Builtin {
    /// Its text as far as a check needs it: it takes half as long to read.
    #[must_use]
    pub fn rules(&self) -> &'static str {
        self.text.find(ADVICE).map_or(self.text, |end| &self.text[..end])
    }
}

macro_rules! builtin {
    ($name:literal) => {
        Builtin { name: $name, text: include_str!(concat!("../../profiles/", $name, ".toml")) }
    };
}

/// Every built-in profile: the one that all others extend, those for a workload, those for a program.
pub const BUILTINS: &[Builtin] = &[
    builtin!("general"),
    builtin!("outbound"),
    builtin!("web-server"),
    builtin!("reverse-proxy"),
    builtin!("database"),
    builtin!("cache"),
    builtin!("message-broker"),
    builtin!("load-generator"),
    builtin!("nat-gateway"),
    builtin!("bulk-transfer"),
    builtin!("kubernetes-node"),
    builtin!("redis"),
    builtin!("kafka"),
    builtin!("rabbitmq"),
    builtin!("elasticsearch"),
    builtin!("mongodb"),
    builtin!("postgresql"),
    builtin!("nginx"),
    builtin!("haproxy"),
];
