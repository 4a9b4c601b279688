//! Keeps this host's own TCP out of a conversation that we hold by hand.
//!
//! A SYN/ACK for a connection that the kernel knows nothing of makes it answer with RST. A firewall rule would stop
//! that, but needs rights and leaves traces. A socket that listens on the port, with a filter that lets nothing
//! through, needs neither: the kernel hands every segment to the filter, which throws it away without a word, while
//! packet sockets have seen it long before. It also keeps the port ours for as long as it lives.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};

use nix::errno::Errno;
use socket2::{Domain, SockFilter, Socket, Type};

use crate::error::{Error, Kind, Result};

/// "Return 0": accept no byte of any segment (classic BPF, `BPF_RET | BPF_K`).
const NOTHING: SockFilter = SockFilter::new(0x06, 0, 0, 0);

/// A port of ours, reserved until this is dropped.
#[derive(Debug)]
pub struct Guard {
    // Only held: closing it gives the port back.
    _socket: Socket,
    port: u16,
}

impl Guard {
    /// Reserves `port` (or, with `None`, one that the kernel chooses) on `source`, and silences the kernel on it.
    ///
    /// # Errors
    /// [`Kind::Usage`] for a port that is taken or needs privilege, [`Kind::System`] where the kernel refuses
    /// otherwise.
    pub fn silent(source: Ipv4Addr, port: Option<u16>) -> Result<Self> {
        Self::reserve(source, port, true).map_err(|error| refused(&error, port))
    }

    /// Reserves the port only: the kernel will answer with RST as it does to any stray segment.
    ///
    /// # Errors
    /// As [`Guard::silent`].
    pub fn talkative(source: Ipv4Addr, port: Option<u16>) -> Result<Self> {
        Self::reserve(source, port, false).map_err(|error| refused(&error, port))
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    fn reserve(source: Ipv4Addr, port: Option<u16>, silent: bool) -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        if silent {
            // Before listening: a segment must find the filter there.
            socket.attach_filter(&[NOTHING])?;
        }
        socket.bind(&SocketAddrV4::new(source, port.unwrap_or(0)).into())?;
        if silent {
            socket.listen(1)?;
        }
        let bound = socket.local_addr()?.as_socket_ipv4().ok_or(io::ErrorKind::AddrNotAvailable)?;
        Ok(Self { _socket: socket, port: bound.port() })
    }
}

fn refused(error: &io::Error, port: Option<u16>) -> Error {
    let errno = error.raw_os_error().map_or(Errno::EIO, Errno::from_raw);
    let shown = port.map_or_else(|| "a source port".to_owned(), |port| format!("source port {port}"));
    let why = errno.desc().to_ascii_lowercase();
    match errno {
        Errno::EADDRINUSE => Error::new(Kind::Usage, format!("{shown} is in use on this host"))
            .hint("try: another --source-port, or leave it out to get a free one"),
        Errno::EACCES => Error::new(Kind::Usage, format!("{shown} needs privilege: ports below 1024 do"))
            .hint("try: a --source-port of 1024 or more"),
        _ => Error::new(Kind::System, format!("cannot reserve {shown}: {why} ({errno:?})")),
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::net::TcpStream;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_guarded_port_is_silent_and_a_talkative_one_is_not() {
        let guard = Guard::silent(Ipv4Addr::LOCALHOST, None).expect("a port");
        let connect = |port| {
            let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port).into();
            TcpStream::connect_timeout(&address, Duration::from_millis(200)).expect_err("nobody accepts").kind()
        };
        assert_eq!(connect(guard.port()), ErrorKind::TimedOut);
        let open = Guard::talkative(Ipv4Addr::LOCALHOST, None).expect("a port");
        assert_eq!(connect(open.port()), ErrorKind::ConnectionRefused);
    }

    #[test]
    fn a_taken_port_is_named() {
        let guard = Guard::silent(Ipv4Addr::LOCALHOST, None).expect("a port");
        let error = Guard::silent(Ipv4Addr::LOCALHOST, Some(guard.port())).expect_err("it is taken");
        assert_eq!(error.kind(), Kind::Usage);
        assert!(error.to_string().contains(&guard.port().to_string()), "{error}");
    }
}
