//! The kernel's own list of TCP sockets by netlink (`sock_diag(7)`): asked for one state, it walks only what is in
//! that state, where `/proc/net/tcp` walks a hash table as large as the machine.

use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::AddressFamily;
use rustix::net::RecvFlags;
use rustix::net::SendFlags;
use rustix::net::SocketFlags;
use rustix::net::SocketType;
use rustix::net::netlink;

/// `TCPDIAG_GETSOCK`: the older request, which answers for IPv4 and IPv6 in a single walk.
const GETSOCK: u16 = 18;
const ERROR: u16 = 2;
const DONE: u16 = 3;
/// `NLM_F_REQUEST | NLM_F_DUMP`.
const DUMP: u16 = 0x301;
/// The state of a socket that listens.
const LISTEN: u32 = 10;

/// `struct nlmsghdr`.
const HEADER: usize = 16;
/// `struct inet_diag_req`.
const REQUEST: usize = 60;
/// Where its bits of states are: behind family, lengths, extensions and the socket's id.
const REQUEST_STATES: usize = 52;
/// Where `struct inet_diag_msg` has the local port.
const MESSAGE_PORT: usize = 4;

/// The local ports of all TCP sockets that listen in the calling thread's network namespace.
///
/// # Errors
/// The kernel does not answer such requests here.
pub(super) fn listening_ports() -> Result<Vec<u16>, Errno> {
    let flags = SocketFlags::CLOEXEC;
    let socket =
        rustix::net::socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, Some(netlink::SOCK_DIAG))?;
    rustix::net::send(&socket, &request(1 << LISTEN), SendFlags::empty())?;
    receive(&socket)
}

fn request(states: u32) -> [u8; HEADER + REQUEST] {
    let mut request = [0; HEADER + REQUEST];
    let length = u32::try_from(request.len()).unwrap_or(u32::MAX);
    request[0..4].copy_from_slice(&length.to_ne_bytes());
    request[4..6].copy_from_slice(&GETSOCK.to_ne_bytes());
    request[6..8].copy_from_slice(&DUMP.to_ne_bytes());
    request[HEADER..][REQUEST_STATES..][..4].copy_from_slice(&states.to_ne_bytes());
    request
}

fn receive(socket: &OwnedFd) -> Result<Vec<u16>, Errno> {
    let mut ports = Vec::new();
    let mut buffer = vec![0; 32 << 10];
    loop {
        let (length, _) = match rustix::net::recv(socket, &mut *buffer, RecvFlags::empty()) {
            Err(Errno::INTR) => continue,
            answer => answer?,
        };
        if read_datagram(&buffer[..length], &mut ports)? {
            return Ok(ports);
        }
    }
}

/// Takes the ports out of one datagram; true where it is the last.
fn read_datagram(mut datagram: &[u8], ports: &mut Vec<u16>) -> Result<bool, Errno> {
    while let Some(header) = datagram.first_chunk::<HEADER>() {
        let length = usize::try_from(u32::from_ne_bytes([header[0], header[1], header[2], header[3]]));
        let Some(message) = length.ok().and_then(|length| datagram.get(HEADER..length)) else {
            return Err(Errno::BADMSG);
        };
        match u16::from_ne_bytes([header[4], header[5]]) {
            DONE => return Ok(true),
            ERROR => {
                let code = message.first_chunk().map_or(0, |code| i32::from_ne_bytes(*code));
                return Err(Errno::from_raw_os_error(
                    code.checked_neg().filter(|code| *code > 0).unwrap_or(5),
                ));
            }
            GETSOCK => {
                let port = message.get(MESSAGE_PORT..MESSAGE_PORT + 2).ok_or(Errno::BADMSG)?;
                ports.push(u16::from_be_bytes([port[0], port[1]]));
            }
            _ => {}
        }
        let next = (HEADER + message.len()).next_multiple_of(4);
        datagram = datagram.get(next..).unwrap_or_default();
    }
    // A datagram without any message would be asked for again and again.
    if datagram.is_empty() { Ok(false) } else { Err(Errno::BADMSG) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u16, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(HEADER + body.len()).expect("short");
        let mut message = length.to_ne_bytes().to_vec();
        message.extend(kind.to_ne_bytes());
        message.resize(HEADER, 0);
        message.extend(body);
        message.resize(message.len().next_multiple_of(4), 0);
        message
    }

    #[test]
    fn ports_are_read_until_the_last_message() {
        let mut socket = [0; 72];
        socket[MESSAGE_PORT..MESSAGE_PORT + 2].copy_from_slice(&8080_u16.to_be_bytes());
        let mut ports = Vec::new();
        assert_eq!(read_datagram(&message(GETSOCK, &socket), &mut ports), Ok(false));
        let last = [message(GETSOCK, &socket), message(DONE, &[0; 4])].concat();
        assert_eq!(read_datagram(&last, &mut ports), Ok(true));
        assert_eq!(ports, [8080, 8080]);
    }

    #[test]
    fn what_is_no_message_is_an_error() {
        let mut ports = Vec::new();
        let refused = message(ERROR, &(-2_i32).to_ne_bytes());
        assert_eq!(read_datagram(&refused, &mut ports), Err(Errno::NOENT));
        assert_eq!(read_datagram(&message(GETSOCK, &[0; 4]), &mut ports), Err(Errno::BADMSG));
        for length in [0_u32, 1, 15, 17, u32::MAX] {
            let mut wrong = message(GETSOCK, &[]);
            wrong[..4].copy_from_slice(&length.to_ne_bytes());
            assert_eq!(read_datagram(&wrong, &mut ports), Err(Errno::BADMSG), "{length}");
        }
        assert_eq!(read_datagram(&[1, 2, 3], &mut ports), Err(Errno::BADMSG));
        assert!(ports.is_empty());
    }
}
