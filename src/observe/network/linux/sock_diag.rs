//! The kernel's own list of TCP sockets by netlink (`sock_diag(7)`): asked for one state, it walks only what is in
//! that state, where `/proc/net/tcp` walks a hash table as large as the machine. Sockets are handed on one by one.

use std::cell::Cell;
use std::io;

use rustix::buffer::spare_capacity;
use rustix::fd::BorrowedFd;
use rustix::io::Errno;
use rustix::net::RecvFlags;
use rustix::net::SendFlags;

use crate::facts::Address;
use crate::facts::Endpoint;
use crate::facts::Socket;
use crate::facts::State;
use crate::observe::network::window::Window;

/// `TCPDIAG_GETSOCK`: the older request, which answers for IPv4 and IPv6 in a single walk.
const GETSOCK: u16 = 18;
const ERROR: u16 = 2;
const DONE: u16 = 3;
/// `NLM_F_REQUEST | NLM_F_DUMP`.
const DUMP: u16 = 0x301;
/// `NLM_F_DUMP_INTR`: what is listed changed while it was read.
const INTERRUPTED: u16 = 0x10;
/// `TCP_TIME_WAIT`'s timer, as the kernel numbers timers.
const TIMER_TIME_WAIT: u8 = 3;

/// `struct nlmsghdr`.
const HEADER: usize = 16;
/// `struct inet_diag_req`.
const REQUEST: usize = 60;
/// Where its bits of extensions are: behind family and lengths.
const REQUEST_EXTENSIONS: usize = 3;
/// Where its bits of states are: behind the socket's id.
const REQUEST_STATES: usize = 52;
/// `struct inet_diag_msg`, which attributes follow.
const MESSAGE: usize = 72;

const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;

/// `INET_DIAG_INFO`: `struct tcp_info`.
const INFO: u16 = 2;
/// Where `struct tcp_info` has the milliseconds since the peer last acknowledged anything.
const INFO_LAST_ACK: usize = 56;
/// `INET_DIAG_SKV6ONLY`.
const V6_ONLY: u16 = 11;
/// `INET_DIAG_SOCKOPT`: two bytes of bits.
const OPTIONS: u16 = 22;
/// `bind_address_no_port`, the first bit of the second byte as the compiler counts bits.
const NO_PORT: u8 = if is_little_endian() { 1 } else { 0x80 };

const fn is_little_endian() -> bool {
    1_u16.to_ne_bytes()[0] == 1
}

/// Every state that a socket can be in, requests for connections included.
pub(super) const ALL_STATES: u32 = 0x1ffe;

/// How far a list of sockets has been read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Whether this was the end of it.
    pub last: bool,
    /// Whether the kernel said that sockets may be missing.
    pub partial: bool,
}

/// What a socket's message tells besides the socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extra {
    /// Milliseconds since the peer last acknowledged anything, where it was asked for.
    pub quiet: Option<u32>,
}

/// What a list of sockets is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question {
    /// The states, as bits.
    pub(super) states: u32,
    /// Whether [`Extra`] is wanted, which costs.
    pub(super) extra: bool,
    /// After how many sockets to stop: the kernel lists them by a hash, so the first are a fair sample.
    pub(super) enough: usize,
}

/// Visits every TCP socket of a network namespace that is in one of these states; true where some may be missing.
///
/// # Errors
/// The kernel does not answer such requests here.
pub(super) fn visit(
    window: &Window,
    question: Question,
    visit: &mut dyn FnMut(&Socket, Extra),
) -> Result<bool, Errno> {
    window.ask(|socket| {
        rustix::net::send(socket, &request(question), SendFlags::empty())?;
        receive(socket, question.enough, visit)
    })
}

/// The local ports of all TCP sockets that listen in the calling thread's network namespace.
///
/// # Errors
/// The kernel does not answer such requests here.
pub(in crate::observe) fn listening_ports() -> Result<Vec<u16>, Errno> {
    let mut ports = Vec::new();
    let question = Question { states: 1 << State::Listen as u8, extra: false, enough: usize::MAX };
    visit(&Window::own(), question, &mut |socket, _| ports.push(socket.local.port))?;
    Ok(ports)
}

fn request(question: Question) -> [u8; HEADER + REQUEST] {
    let mut request = [0; HEADER + REQUEST];
    let length = u32::try_from(request.len()).unwrap_or(u32::MAX);
    request[0..4].copy_from_slice(&length.to_ne_bytes());
    request[4..6].copy_from_slice(&GETSOCK.to_ne_bytes());
    request[6..8].copy_from_slice(&DUMP.to_ne_bytes());
    request[HEADER..][REQUEST_EXTENSIONS] = u8::from(question.extra) << (INFO - 1);
    request[HEADER..][REQUEST_STATES..][..4].copy_from_slice(&question.states.to_ne_bytes());
    request
}

fn receive(
    socket: BorrowedFd<'_>,
    enough: usize,
    visit: &mut dyn FnMut(&Socket, Extra),
) -> Result<bool, Errno> {
    // The kernel fills at most this much at a time.
    let mut buffer = Vec::with_capacity(32 << 10);
    let mut partial = false;
    let seen = Cell::new(0);
    let mut visit = |socket: &Socket, extra: Extra| {
        seen.set(seen.get() + 1);
        visit(socket, extra);
    };
    loop {
        buffer.clear();
        let (length, sent) = match rustix::net::recv(socket, spare_capacity(&mut buffer), RecvFlags::TRUNC) {
            Err(Errno::INTR) => continue,
            // The kernel had no memory for a part of the answer.
            Err(Errno::NOBUFS) => {
                partial = true;
                continue;
            }
            answer => answer?,
        };
        partial |= sent > length;
        let progress = decode(&buffer, &mut visit)?;
        partial |= progress.partial;
        if progress.last {
            return Ok(partial);
        }
        if seen.get() >= enough {
            return Ok(true);
        }
    }
}

/// Visits the sockets of one datagram.
///
/// # Errors
/// What the kernel refused, or `EBADMSG` where this is no answer of a kernel.
pub fn decode_datagram(
    datagram: &[u8],
    visit: &mut dyn FnMut(&Socket, Extra),
) -> Result<Progress, io::Error> {
    Ok(decode(datagram, visit)?)
}

fn decode(mut datagram: &[u8], visit: &mut dyn FnMut(&Socket, Extra)) -> Result<Progress, Errno> {
    let mut progress = Progress::default();
    while let Some(header) = datagram.first_chunk::<HEADER>() {
        let length = usize::try_from(word(header, 0).unwrap_or_default());
        let Some(message) = length.ok().and_then(|length| datagram.get(HEADER..length)) else {
            return Err(Errno::BADMSG);
        };
        progress.partial |= u16::from_ne_bytes([header[6], header[7]]) & INTERRUPTED != 0;
        match u16::from_ne_bytes([header[4], header[5]]) {
            DONE => {
                // A walk that could not go on ends with the reason.
                let code = message.first_chunk().map_or(0, |code| i32::from_ne_bytes(*code));
                progress.partial |= code < 0;
                progress.last = true;
                return Ok(progress);
            }
            ERROR => {
                let code = message.first_chunk().map_or(0, |code| i32::from_ne_bytes(*code));
                let code = code.checked_neg().filter(|code| (1..4096).contains(code)).unwrap_or(libc::EIO);
                return Err(Errno::from_raw_os_error(code));
            }
            GETSOCK => {
                let fixed = message.first_chunk::<MESSAGE>().ok_or(Errno::BADMSG)?;
                // A state that is newer than this program is no error.
                if let Some(mut socket) = socket(fixed) {
                    let extra = attributes(&message[MESSAGE..], &mut socket);
                    visit(&socket, extra);
                }
            }
            _ => {}
        }
        let next = (HEADER + message.len()).next_multiple_of(4);
        datagram = datagram.get(next..).unwrap_or_default();
    }
    // A datagram without any message would be asked for again and again.
    if datagram.is_empty() { Ok(progress) } else { Err(Errno::BADMSG) }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_ne_bytes(*bytes))
}

/// What `struct inet_diag_msg` tells.
fn socket(message: &[u8; MESSAGE]) -> Option<Socket> {
    let number = |at| word(message, at).unwrap_or_default();
    let v6 = match message[0] {
        AF_INET => false,
        AF_INET6 => true,
        _ => return None,
    };
    let endpoint = |address: usize, port: usize| {
        let octets: [u8; 16] = *message[address..].first_chunk()?;
        let address =
            if v6 { Address::v6(octets) } else { Address::v4([octets[0], octets[1], octets[2], octets[3]]) };
        Some(Endpoint { address, port: u16::from_be_bytes([message[port], message[port + 1]]) })
    };
    Some(Socket {
        v6,
        state: State::numbered(message[1])?,
        local: endpoint(8, 4)?,
        remote: endpoint(24, 6)?,
        expires: (message[2] == TIMER_TIME_WAIT).then(|| number(52)),
        receive_queue: number(56),
        send_queue: number(60),
        inode: number(68),
        v6_only: None,
        no_port: None,
    })
}

/// Adds what the attributes behind a message tell; those that make no sense are left out.
fn attributes(mut rest: &[u8], socket: &mut Socket) -> Extra {
    let mut extra = Extra::default();
    while let Some(head) = rest.first_chunk::<4>() {
        let length = usize::from(u16::from_ne_bytes([head[0], head[1]]));
        let Some(value) = rest.get(4..length) else { break };
        match u16::from_ne_bytes([head[2], head[3]]) {
            V6_ONLY => socket.v6_only = value.first().map(|only| *only != 0),
            OPTIONS => socket.no_port = value.get(1).map(|bits| bits & NO_PORT != 0),
            INFO => extra.quiet = word(value, INFO_LAST_ACK),
            _ => {}
        }
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    extra
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

    fn body(state: u8) -> [u8; MESSAGE] {
        let mut body = [0; MESSAGE];
        body[0] = AF_INET;
        body[1] = state;
        body[4..6].copy_from_slice(&8080_u16.to_be_bytes());
        body[8..12].copy_from_slice(&[192, 0, 2, 1]);
        body
    }

    fn ports(datagram: &[u8]) -> Result<(Progress, Vec<u16>), Errno> {
        let mut ports = Vec::new();
        let progress = decode(datagram, &mut |socket, _| ports.push(socket.local.port))?;
        Ok((progress, ports))
    }

    #[test]
    fn sockets_are_read_until_the_last_message() {
        let more = Progress::default();
        assert_eq!(ports(&message(GETSOCK, &body(10))), Ok((more, vec![8080])));
        let last = [message(GETSOCK, &body(1)), message(DONE, &[0; 4])].concat();
        assert_eq!(ports(&last), Ok((Progress { last: true, partial: false }, vec![8080])));
        // A state or a family that nobody knows yet.
        assert_eq!(ports(&message(GETSOCK, &body(13))), Ok((more, vec![])));
        assert_eq!(ports(&message(GETSOCK, &[7; MESSAGE])), Ok((more, vec![])));
    }

    #[test]
    fn everything_that_is_told_is_understood() {
        let mut body = body(6);
        body[2] = TIMER_TIME_WAIT;
        body[52..56].copy_from_slice(&59_996_u32.to_ne_bytes());
        body[68..72].copy_from_slice(&77_u32.to_ne_bytes());
        let attribute = |kind: u16, value: &[u8]| {
            let mut bytes = u16::try_from(4 + value.len()).expect("short").to_ne_bytes().to_vec();
            bytes.extend(kind.to_ne_bytes());
            bytes.extend(value);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
            bytes
        };
        let mut info = [0; 104];
        info[INFO_LAST_ACK..INFO_LAST_ACK + 4].copy_from_slice(&1500_u32.to_ne_bytes());
        let all = [
            body.to_vec(),
            attribute(V6_ONLY, &[1]),
            attribute(OPTIONS, &[0, NO_PORT]),
            attribute(INFO, &info),
            vec![9, 0, 0, 0],
        ]
        .concat();
        let mut seen = Vec::new();
        decode(&message(GETSOCK, &all), &mut |socket, extra| seen.push((*socket, extra))).expect("sound");
        let [(socket, extra)] = seen[..] else { panic!("{seen:?}") };
        assert_eq!(socket.local.to_string(), "192.0.2.1:8080");
        assert_eq!((socket.state, socket.expires, socket.inode), (State::TimeWait, Some(59_996), 77));
        assert_eq!((socket.v6_only, socket.no_port, extra.quiet), (Some(true), Some(true), Some(1500)));
    }

    #[test]
    fn what_ended_early_is_partial() {
        let failed = message(DONE, &(-12_i32).to_ne_bytes());
        assert_eq!(ports(&failed), Ok((Progress { last: true, partial: true }, vec![])));
        let mut changed = message(GETSOCK, &body(1));
        changed[6..8].copy_from_slice(&INTERRUPTED.to_ne_bytes());
        assert_eq!(ports(&changed), Ok((Progress { last: false, partial: true }, vec![8080])));
    }

    #[test]
    fn what_is_no_message_is_an_error() {
        assert_eq!(ports(&message(ERROR, &(-2_i32).to_ne_bytes())), Err(Errno::NOENT));
        assert_eq!(ports(&message(ERROR, &i32::MIN.to_ne_bytes())), Err(Errno::IO));
        assert_eq!(ports(&message(GETSOCK, &[0; 4])), Err(Errno::BADMSG));
        for length in [0_u32, 1, 15, 17, u32::MAX] {
            let mut wrong = message(GETSOCK, &[]);
            wrong[..4].copy_from_slice(&length.to_ne_bytes());
            assert_eq!(ports(&wrong), Err(Errno::BADMSG), "{length}");
        }
        assert_eq!(ports(&[1, 2, 3]), Err(Errno::BADMSG));
    }
}
