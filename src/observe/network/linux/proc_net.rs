//! The tables of `/proc/net`: what there is where netlink is not to be had.

use std::fs::File;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::path::Path;

use crate::facts::Address;
use crate::facts::Endpoint;
use crate::facts::Socket;
use crate::facts::State;

/// `TIME_WAIT`'s timer, as the kernel numbers timers.
const TIMER_TIME_WAIT: &str = "03";

/// Calls `visit` with each socket of a table (`tcp`, `udp6`) until it says stop. A table that is not there is empty:
/// a kernel may have no IPv6.
///
/// # Errors
/// The table is there and cannot be read.
pub(in crate::observe) fn visit_table(
    folder: &Path,
    table: &str,
    visit: &mut dyn FnMut(&Socket) -> bool,
) -> io::Result<()> {
    let file = match File::open(folder.join(table)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut reader = BufReader::with_capacity(2 * PAGE, Whole { table: file, ended: false });
    let mut line = String::new();
    reader.read_line(&mut line)?;
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if let Some(socket) = socket(&line, table.ends_with('6'))
            && !visit(&socket)
        {
            return Ok(());
        }
    }
}

/// A table that is not asked for more when what it gave cannot have been cut off: each further read would walk all of
/// the machine's sockets once more, only to say that there are none left.
struct Whole {
    table: File,
    ended: bool,
}

/// The kernel gives lines until the next does not fit into a page, which is nowhere smaller.
const PAGE: usize = 4096;
/// Far longer than any line, which have about 160 characters.
const LONGEST_LINE: usize = 512;

impl Read for Whole {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ended {
            return Ok(0);
        }
        let count = self.table.read(buffer)?;
        self.ended = count + LONGEST_LINE <= PAGE.min(buffer.len());
        Ok(count)
    }
}

/// `sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode`
fn socket(line: &str, v6: bool) -> Option<Socket> {
    let mut fields = line.split_ascii_whitespace().skip(1);
    let local = endpoint(fields.next()?)?;
    let remote = endpoint(fields.next()?)?;
    let state = State::numbered(u8::from_str_radix(fields.next()?, 16).ok()?)?;
    let (sent, received) = fields.next()?.split_once(':')?;
    let (timer, when) = fields.next()?.split_once(':')?;
    let inode = fields.nth(3)?.parse().ok()?;
    let hexadecimal = |text| u32::from_str_radix(text, 16).ok();
    Some(Socket {
        v6,
        state,
        local,
        remote,
        // In hundredths of a second, whatever the kernel's own clock.
        expires: if timer == TIMER_TIME_WAIT { Some(hexadecimal(when)?.saturating_mul(10)) } else { None },
        receive_queue: hexadecimal(received)?,
        send_queue: hexadecimal(sent)?,
        inode,
        v6_only: None,
        no_port: None,
    })
}

/// Words as the kernel has them in memory, printed as numbers.
fn endpoint(text: &str) -> Option<Endpoint> {
    let (address, port) = text.rsplit_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| {
        let word = u32::from_str_radix(address.get(at * 8..at * 8 + 8)?, 16).ok()?;
        Some(word.to_ne_bytes())
    };
    let address = match address.len() {
        8 => Address::v4(word(0)?),
        32 => {
            let mut octets = [0; 16];
            for (at, octets) in octets.chunks_exact_mut(4).enumerate() {
                octets.copy_from_slice(&word(at)?);
            }
            Address::v6(octets)
        }
        _ => return None,
    };
    Some(Endpoint { address, port })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_understood() {
        let line = "   4: 0100007F:8000 0200007F:1F90 06 00000000:00000000 03:00000383 00000000     0        0 0 3 000";
        let found = socket(line, false).expect("a socket");
        assert_eq!(found.local.to_string(), "127.0.0.1:32768");
        assert_eq!(found.remote.to_string(), "127.0.0.2:8080");
        assert_eq!((found.state, found.expires), (State::TimeWait, Some(8990)));
        let line = "   0: 0000000000000000FFFF00000100007F:0050 00000000000000000000000001000000:0000 0A 00000000:00000002 00:00000000 00000000     0        0 1234 1";
        let found = socket(line, true).expect("a socket");
        assert_eq!(found.local.to_string(), "127.0.0.1:80");
        assert_eq!(found.remote.to_string(), "[::1]:0");
        assert_eq!((found.receive_queue, found.inode), (2, 1234));
        for broken in ["", "sl local", "0: 0100007F:8000 0200007F:1F90 06", "0: zz:1 zz:1 06 0:0 0:0 0 0 0 1"]
        {
            assert_eq!(socket(broken, false), None, "{broken}");
        }
    }
}
