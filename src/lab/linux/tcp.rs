//! Connections, made step by step.

use std::io;
use std::io::Read;
use std::io::Write;
use std::net::Ipv4Addr;
use std::net::SocketAddrV4;
use std::net::TcpListener;
use std::net::TcpStream;
use std::time::Duration;

use rustix::fd::OwnedFd;
use rustix::net::AddressFamily;
use rustix::net::SocketFlags;
use rustix::net::SocketType;
use rustix::net::sockopt;

/// Where servers listen; outside every range that ports are taken from.
pub(super) const PORT: u16 = 8080;

/// Both ends of a connection; dropped, the client closes first.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) client: TcpStream,
    pub(super) server: TcpStream,
}

/// A server on the loopback interface.
pub(super) fn listen(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
}

/// Connects to a listener of this namespace.
pub(super) fn connect(listener: &TcpListener) -> io::Result<Connection> {
    let client = TcpStream::connect(listener.local_addr()?)?;
    let (server, _) = listener.accept()?;
    Ok(Connection { client, server })
}

/// A socket that is nothing yet.
pub(super) fn socket() -> io::Result<OwnedFd> {
    Ok(rustix::net::socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None)?)
}

/// A listener with or without `SO_REUSEADDR`.
pub(super) fn listen_with(address: SocketAddrV4, reuse: bool) -> io::Result<TcpListener> {
    let socket = socket()?;
    sockopt::set_socket_reuseaddr(&socket, reuse)?;
    rustix::net::bind(&socket, &address)?;
    rustix::net::listen(&socket, 128)?;
    Ok(socket.into())
}

/// Writes until nothing more is taken; how many bytes were.
pub(super) fn fill(mut stream: &TcpStream) -> io::Result<usize> {
    stream.set_nonblocking(true)?;
    let block = vec![b'x'; 64 << 10];
    let mut taken = 0;
    let mut quiet = 0;
    // What was sent makes room for more until the peer's buffer is full as well.
    while quiet < 20 {
        match stream.write(&block) {
            Ok(count) => {
                taken += count;
                quiet = 0;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                quiet += 1;
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(error) => return Err(error),
        }
    }
    stream.set_nonblocking(false)?;
    Ok(taken)
}

/// Reads to the end; how many bytes came, and the error that ended it, if any.
pub(super) fn drain(mut stream: &TcpStream, limit: Duration) -> io::Result<(usize, Option<io::Error>)> {
    stream.set_read_timeout(Some(limit))?;
    let mut block = vec![0; 64 << 10];
    let mut got = 0;
    loop {
        match stream.read(&mut block) {
            Ok(0) => return Ok((got, None)),
            Ok(count) => got += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Ok((got, Some(error))),
        }
    }
}

/// How reading ended, in a word.
pub(super) fn ending(error: Option<&io::Error>) -> String {
    match error {
        None => "end of file".into(),
        Some(error) => errno_name(error),
    }
}

/// The name of an error, as programs know it.
pub(super) fn errno_name(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::EADDRINUSE) => "EADDRINUSE".into(),
        Some(libc::EADDRNOTAVAIL) => "EADDRNOTAVAIL".into(),
        Some(libc::ECONNRESET) => "ECONNRESET".into(),
        Some(libc::EPIPE) => "EPIPE".into(),
        Some(libc::ETIMEDOUT) => "ETIMEDOUT".into(),
        Some(libc::EAGAIN) => "EAGAIN".into(),
        Some(libc::EINVAL) => "EINVAL".into(),
        Some(libc::ECONNREFUSED) => "ECONNREFUSED".into(),
        _ => error.to_string(),
    }
}

/// The outcome of a call that may fail, in a word.
pub(super) fn outcome<T>(result: &io::Result<T>) -> String {
    result.as_ref().err().map_or_else(|| "ok".into(), errno_name)
}
