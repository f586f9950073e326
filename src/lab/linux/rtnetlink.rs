//! The few requests of rtnetlink(7) that lay a cable between two namespaces: iproute2 may not be there.

use std::io;
use std::net::Ipv4Addr;

use rustix::fd::AsRawFd;
use rustix::fd::BorrowedFd;
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::AddressFamily;
use rustix::net::RecvFlags;
use rustix::net::SendFlags;
use rustix::net::SocketFlags;
use rustix::net::SocketType;

/// The loopback interface: the first of every namespace.
pub(super) const LOOPBACK: i32 = 1;
/// The cable's end. The kernel may have put tunnels of its own behind the loopback interface, so not 2.
pub(super) const CABLE: i32 = 100;

/// A hardware address.
pub(super) type Mac = [u8; 6];

const NEWLINK: u16 = 16;
const NEWADDR: u16 = 20;
const NEWNEIGH: u16 = 28;
const ERROR: u16 = 2;

/// `NLM_F_REQUEST | NLM_F_ACK`.
const REQUEST: u16 = 0x5;
/// `NLM_F_CREATE`, and with `NLM_F_EXCL` or `NLM_F_REPLACE`.
const CREATE: u16 = 0x400;
const EXCLUSIVE: u16 = 0x200;
const REPLACE: u16 = 0x100;

const IFF_UP: u32 = 1;
const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_LINKINFO: u16 = 18;
const IFLA_NET_NS_FD: u16 = 28;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const VETH_INFO_PEER: u16 = 1;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const NDA_DST: u16 = 1;
const NDA_LLADDR: u16 = 2;
const NUD_PERMANENT: u16 = 0x80;
const INET: u8 = 2;

/// Switches an interface of the calling thread's namespace on or off.
pub(super) fn switch(interface: i32, on: bool) -> io::Result<()> {
    let mut message = Message::new(NEWLINK, REQUEST);
    message.link(interface, if on { IFF_UP } else { 0 }, IFF_UP);
    message.send()
}

/// Lays a cable (`veth`) between the calling thread's namespace and another; both ends are off.
pub(super) fn lay_cable(own: Mac, peer: Mac, other: BorrowedFd<'_>) -> io::Result<()> {
    let mut message = Message::new(NEWLINK, REQUEST | CREATE | EXCLUSIVE);
    message.link(CABLE, 0, 0);
    message.attribute(IFLA_IFNAME, b"cable\0");
    message.attribute(IFLA_ADDRESS, &own);
    message.nest(IFLA_LINKINFO, |message| {
        message.attribute(IFLA_INFO_KIND, b"veth\0");
        message.nest(IFLA_INFO_DATA, |message| {
            message.nest(VETH_INFO_PEER, |message| {
                message.link(CABLE, 0, 0);
                message.attribute(IFLA_IFNAME, b"cable\0");
                message.attribute(IFLA_ADDRESS, &peer);
                message.attribute(IFLA_NET_NS_FD, &other.as_raw_fd().to_ne_bytes());
            });
        });
    });
    message.send()
}

/// Gives an interface an address.
pub(super) fn add_address(interface: i32, address: Ipv4Addr, prefix: u8) -> io::Result<()> {
    let mut message = Message::new(NEWADDR, REQUEST | CREATE | EXCLUSIVE);
    // struct ifaddrmsg
    message.0.extend([INET, prefix, 0, 0]);
    message.0.extend(interface.to_ne_bytes());
    message.attribute(IFA_LOCAL, &address.octets());
    message.attribute(IFA_ADDRESS, &address.octets());
    message.send()
}

/// Says for good at which hardware address a neighbour is.
pub(super) fn set_neighbour(address: Ipv4Addr, mac: Mac) -> io::Result<()> {
    let mut message = Message::new(NEWNEIGH, REQUEST | CREATE | REPLACE);
    // struct ndmsg
    message.0.extend([INET, 0, 0, 0]);
    message.0.extend(CABLE.to_ne_bytes());
    message.0.extend(NUD_PERMANENT.to_ne_bytes());
    message.0.extend([0, 0]);
    message.attribute(NDA_DST, &address.octets());
    message.attribute(NDA_LLADDR, &mac);
    message.send()
}

/// A request as it grows.
struct Message(Vec<u8>);

impl Message {
    fn new(kind: u16, flags: u16) -> Self {
        let mut bytes = vec![0; 4];
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(flags.to_ne_bytes());
        bytes.extend([0; 8]);
        Self(bytes)
    }

    /// `struct ifinfomsg`.
    fn link(&mut self, interface: i32, flags: u32, change: u32) {
        self.0.extend([0; 4]);
        self.0.extend(interface.to_ne_bytes());
        self.0.extend(flags.to_ne_bytes());
        self.0.extend(change.to_ne_bytes());
    }

    fn attribute(&mut self, kind: u16, payload: &[u8]) {
        self.nest(kind, |message| message.0.extend(payload));
    }

    fn nest(&mut self, kind: u16, fill: impl FnOnce(&mut Self)) {
        let start = self.0.len();
        self.0.extend([0; 2]);
        self.0.extend(kind.to_ne_bytes());
        fill(self);
        // The length leaves out what aligns the next attribute.
        let length = u16::try_from(self.0.len() - start).unwrap_or(u16::MAX);
        self.0[start..start + 2].copy_from_slice(&length.to_ne_bytes());
        self.0.resize(self.0.len().next_multiple_of(4), 0);
    }

    /// Sends it and waits for the kernel's word.
    fn send(mut self) -> io::Result<()> {
        let length = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        self.0[..4].copy_from_slice(&length.to_ne_bytes());
        let socket: OwnedFd = rustix::net::socket_with(
            AddressFamily::NETLINK,
            SocketType::RAW,
            SocketFlags::CLOEXEC,
            // NETLINK_ROUTE, which is 0 and so the protocol of whoever names none.
            None,
        )?;
        rustix::net::send(&socket, &self.0, SendFlags::empty())?;
        let mut answer = [0; 4096];
        let (length, _) =
            rustix::io::retry_on_intr(|| rustix::net::recv(&socket, &mut answer, RecvFlags::empty()))?;
        match answer[..length] {
            [_, _, _, _, low, high, _, _, _, _, _, _, _, _, _, _, a, b, c, d, ..]
                if u16::from_ne_bytes([low, high]) == ERROR =>
            {
                match i32::from_ne_bytes([a, b, c, d]) {
                    0 => Ok(()),
                    code => Err(io::Error::from_raw_os_error(code.saturating_neg())),
                }
            }
            _ => Err(Errno::BADMSG.into()),
        }
    }
}
