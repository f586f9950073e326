//! Whether a network namespace has any sockets. Asking for the sockets of one without any walks the machine's
//! whole tables of them; these two small files do not.

use std::path::Path;

/// Which protocols have sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InUse {
    /// TCP, those in `TIME_WAIT` included; one that is neither connected nor listening does not count.
    pub tcp: bool,
    /// UDP; one without a port does not count.
    pub udp: bool,
}

/// Which protocols have sockets in the namespace whose `/proc/.../net` this folder is. None where the folder does not
/// tell.
#[must_use]
pub fn sockets_in_use(net: &Path) -> Option<InUse> {
    let v4 = std::fs::read_to_string(net.join("sockstat")).ok()?;
    // A kernel may have no IPv6.
    let v6 = std::fs::read_to_string(net.join("sockstat6")).unwrap_or_default();
    // `tw` counts TIME_WAIT and orphaned FIN_WAIT_2 of both families; `orphan` and `alloc` are the machine's.
    Some(InUse {
        tcp: number(&v4, "TCP:", "inuse")? > 0
            || number(&v4, "TCP:", "tw")? > 0
            || number(&v6, "TCP6:", "inuse") > Some(0),
        udp: number(&v4, "UDP:", "inuse")? > 0 || number(&v6, "UDP6:", "inuse") > Some(0),
    })
}

/// `TCP: inuse 1 orphan 0 tw 0 alloc 1 mem 56`
fn number(text: &str, protocol: &str, name: &str) -> Option<u64> {
    let mut words = text.lines().find_map(|line| line.strip_prefix(protocol))?.split_ascii_whitespace();
    words.by_ref().find(|word| *word == name)?;
    words.next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_by_protocol_and_name() {
        let text = "sockets: used 20\nTCP: inuse 3 orphan 0 tw 7 alloc 1 mem 56\nUDP: inuse 9 mem 0\n";
        assert_eq!(number(text, "TCP:", "inuse"), Some(3));
        assert_eq!(number(text, "TCP:", "tw"), Some(7));
        assert_eq!(number(text, "UDP:", "tw"), None);
        assert_eq!(number(text, "TCP6:", "inuse"), None);
        assert_eq!(number("TCP: inuse", "TCP:", "inuse"), None);
    }
}
