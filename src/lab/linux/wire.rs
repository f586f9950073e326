//! What goes over the wire: the TCP segments that arrive in a network namespace, read from a packet(7) socket.

use std::fmt;
use std::io;
use std::net::Ipv4Addr;
use std::net::SocketAddrV4;
use std::num::NonZeroU32;

use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::AddressFamily;
use rustix::net::Protocol;
use rustix::net::RecvFlags;
use rustix::net::SendFlags;
use rustix::net::SocketFlags;
use rustix::net::SocketType;
use rustix::net::ipproto;

/// `ETH_P_IP`: packets that arrive; on the loopback interface that is all of them, once.
const ETHERTYPE_IP: u16 = 0x0800;
const TCP: u8 = 6;

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const PUSH: u8 = 0x08;
const ACK: u8 = 0x10;

/// A segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) from: u16,
    pub(super) to: u16,
    /// The byte that its sender expects next.
    pub(super) acknowledged: u32,
    flags: u8,
    /// Bytes of data.
    pub(super) data: usize,
}

impl Segment {
    pub(super) const fn is_fin(&self) -> bool {
        self.flags & FIN != 0
    }

    pub(super) const fn is_syn(&self) -> bool {
        self.flags & SYN != 0
    }

    pub(super) const fn is_reset(&self) -> bool {
        self.flags & RST != 0
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [(SYN, "SYN"), (FIN, "FIN"), (RST, "RST"), (PUSH, "PSH"), (ACK, "ACK")];
        let set: Vec<&str> =
            names.into_iter().filter(|(bit, _)| self.flags & bit != 0).map(|(_, name)| name).collect();
        f.write_str(&set.join("+"))?;
        if self.data > 0 { write!(f, " with {} bytes", self.data) } else { Ok(()) }
    }
}

/// A look at the wire from now on.
pub(super) struct Wire(OwnedFd);

impl Wire {
    pub(super) fn tap() -> io::Result<Self> {
        let protocol = NonZeroU32::new(u32::from(ETHERTYPE_IP.to_be())).map(Protocol::from_raw);
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        Ok(Self(rustix::net::socket_with(AddressFamily::PACKET, SocketType::DGRAM, flags, protocol)?))
    }

    /// The segments from or to this port since the last time.
    pub(super) fn segments(&self, port: u16) -> io::Result<Vec<Segment>> {
        let mut found = Vec::new();
        // The headers at their longest.
        let mut packet = [0; 120];
        loop {
            match rustix::net::recv(&self.0, &mut packet, RecvFlags::TRUNC) {
                Ok((length, whole)) => {
                    let segment = segment(&packet[..length], whole);
                    found.extend(segment.filter(|segment| segment.from == port || segment.to == port));
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(found),
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}

/// Segments one behind another, as they were sent.
pub(super) fn listed<'a>(segments: impl IntoIterator<Item = &'a Segment>) -> String {
    let texts: Vec<String> = segments.into_iter().map(ToString::to_string).collect();
    if texts.is_empty() { "nothing".into() } else { texts.join(", ") }
}

/// Sends a RST over the loopback interface that nobody's kernel meant to send.
pub(super) fn forge_reset(from: u16, to: u16, sequence: u32) -> io::Result<()> {
    let socket = rustix::net::socket_with(
        AddressFamily::INET,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        Some(ipproto::TCP),
    )?;
    let mut header = Vec::with_capacity(20);
    header.extend(from.to_be_bytes());
    header.extend(to.to_be_bytes());
    header.extend(sequence.to_be_bytes());
    // No acknowledgement, five words of header, no window, the checksum still missing.
    header.extend([0, 0, 0, 0, 5 << 4, RST, 0, 0, 0, 0, 0, 0]);
    let sum = checksum(&header);
    header[16..18].copy_from_slice(&sum.to_be_bytes());
    rustix::net::sendto(&socket, &header, SendFlags::empty(), &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0))?;
    Ok(())
}

/// The checksum of a TCP header between two ends at 127.0.0.1 (RFC 9293, 3.1).
fn checksum(header: &[u8]) -> u16 {
    let address = [127, 0, 0, 1];
    let length = u8::try_from(header.len()).unwrap_or(u8::MAX);
    let words = [&address[..], &address, &[0, TCP, 0, length], header].concat();
    let sum: u32 = words.chunks_exact(2).map(|word| u32::from(u16::from_be_bytes([word[0], word[1]]))).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    !u16::try_from((folded & 0xffff) + (folded >> 16)).unwrap_or_default()
}

/// The TCP segment in an IPv4 packet of `whole` bytes, of which this is the beginning.
fn segment(packet: &[u8], whole: usize) -> Option<Segment> {
    let header = usize::from(packet.first()? & 0xf) * 4;
    if packet.first()? >> 4 != 4 || *packet.get(9)? != TCP {
        return None;
    }
    // With segmentation left to the interface the packet's own length may be 0 or cut off.
    let tcp = packet.get(header..)?;
    let port = |at: usize| Some(u16::from_be_bytes([*tcp.get(at)?, *tcp.get(at + 1)?]));
    let offset = usize::from(tcp.get(12)? >> 4) * 4;
    Some(Segment {
        from: port(0)?,
        to: port(2)?,
        acknowledged: u32::from_be_bytes(*tcp.get(8..)?.first_chunk()?),
        flags: *tcp.get(13)?,
        data: whole.saturating_sub(header + offset),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_makes_the_whole_add_up() {
        let mut header = vec![0x1f, 0x90, 0x80, 0, 0, 0, 0, 7, 0, 0, 0, 0, 5 << 4, RST, 0, 0, 0, 0, 0, 0];
        let sum = checksum(&header);
        header[16..18].copy_from_slice(&sum.to_be_bytes());
        assert_eq!(checksum(&header), 0);
    }

    #[test]
    fn a_packet_is_taken_apart() {
        let mut packet = vec![0x45, 0, 0, 45, 0, 0, 0, 0, 64, TCP, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1];
        packet.extend([0x80, 0, 0x1f, 0x90, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, FIN | ACK, 0, 0, 0, 0, 0, 0]);
        let found = segment(&packet, 45).expect("a segment");
        assert_eq!((found.from, found.to, found.data, found.acknowledged), (32768, 8080, 5, 2));
        assert!(found.is_fin() && !found.is_reset() && !found.is_syn());
        assert_eq!(found.to_string(), "FIN+ACK with 5 bytes");
        assert_eq!(segment(&packet[..30], 45), None);
        packet[9] = 17;
        assert_eq!(segment(&packet, 45), None);
    }
}
