//! Keeps this host's own TCP out of a conversation that we hold by hand.
//!
//! A SYN/ACK for a connection that the kernel knows nothing of makes it answer with RST. A firewall rule would stop
//! that, but needs rights and leaves traces. A socket that listens on the port, with a filter that lets nothing
//! through, needs neither: the kernel hands every segment to the filter, which throws it away without a word, while
//! packet sockets have seen it long before. It also keeps the port ours for as long as it lives.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};

use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::setsockopt;
use nix::{setsockopt_impl, sockopt_impl};
use socket2::{Domain, SockFilter, Socket, Type};

use crate::error::{Error, Kind, Result};

/// "Return 0": accept no byte of any segment (classic BPF, `BPF_RET | BPF_K`).
const NOTHING: SockFilter = SockFilter::new(0x06, 0, 0, 0);

// The least TTL that a segment must come with (ip(7)).
sockopt_impl!(MinTtl, SetOnly, libc::IPPROTO_IP, libc::IP_MINTTL, i32);

/// A socket that is bound to nothing yet, and already lets nothing through.
#[derive(Debug)]
pub struct Gate {
    socket: Socket,
}

/// A port of ours, reserved until this is dropped.
#[derive(Debug)]
pub struct Guard {
    // Only held: closing it gives the port back.
    _socket: Socket,
    port: u16,
}

impl Gate {
    /// A socket with the filter, where this process may attach one: recent kernels ask for `CAP_NET_ADMIN`, so call
    /// this before privileges are given up. Without the right, a rule that any process may set does nearly the same:
    /// nothing below the highest TTL, 255, is let through, and hardly any system sends with that.
    ///
    /// # Errors
    /// [`Kind::System`] where there are no TCP sockets.
    pub fn shut() -> Result<Self> {
        let shut = || {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
            // Before listening: a segment must find the filter there.
            if socket.attach_filter(&[NOTHING]).is_err() {
                setsockopt(&socket, MinTtl, &255)?;
            }
            Ok(Self { socket })
        };
        shut().map_err(|error| refused(&error, None))
    }

    /// Reserves `port` (or, with `None`, one that the kernel chooses) on `source`, and keeps the kernel silent on it.
    ///
    /// # Errors
    /// [`Kind::Usage`] for a port that is taken or needs privilege, [`Kind::System`] where the kernel refuses
    /// otherwise.
    pub fn guard(self, source: Ipv4Addr, port: Option<u16>) -> Result<Guard> {
        let listening = || {
            self.socket.bind(&SocketAddrV4::new(source, port.unwrap_or(0)).into())?;
            self.socket.listen(1)?;
            own_port(&self.socket)
        };
        match listening() {
            Ok(port) => Ok(Guard { _socket: self.socket, port }),
            Err(error) => Err(refused(&error, port)),
        }
    }
}

impl Guard {
    /// Reserves the port only: the kernel will answer with RST, as it does to any stray segment.
    ///
    /// # Errors
    /// As [`Gate::guard`].
    pub fn talkative(source: Ipv4Addr, port: Option<u16>) -> Result<Self> {
        let bound = || {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
            socket.bind(&SocketAddrV4::new(source, port.unwrap_or(0)).into())?;
            let port = own_port(&socket)?;
            Ok(Self { _socket: socket, port })
        };
        bound().map_err(|error| refused(&error, port))
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

fn own_port(socket: &Socket) -> io::Result<u16> {
    let bound = socket.local_addr()?.as_socket_ipv4().ok_or(io::ErrorKind::AddrNotAvailable)?;
    Ok(bound.port())
}

pub(super) fn refused(error: &io::Error, port: Option<u16>) -> Error {
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

    fn connect(port: u16) -> ErrorKind {
        let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port).into();
        TcpStream::connect_timeout(&address, Duration::from_millis(200)).expect_err("nobody accepts").kind()
    }

    #[test]
    fn a_guarded_port_is_silent_and_a_talkative_one_is_not() {
        let guard = Gate::shut().and_then(|gate| gate.guard(Ipv4Addr::LOCALHOST, None)).expect("a port");
        assert_eq!(connect(guard.port()), ErrorKind::TimedOut);
        let open = Guard::talkative(Ipv4Addr::LOCALHOST, None).expect("a port");
        assert_eq!(connect(open.port()), ErrorKind::ConnectionRefused);
    }

    #[test]
    fn the_rule_without_rights_is_silent_too() {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        setsockopt(&socket, MinTtl, &255).expect("any process may");
        let guard = Gate { socket }.guard(Ipv4Addr::LOCALHOST, None).expect("a port");
        assert_eq!(connect(guard.port()), ErrorKind::TimedOut);
    }

    #[test]
    fn a_taken_port_is_named() {
        let gate = || Gate::shut().expect("a socket");
        let guard = gate().guard(Ipv4Addr::LOCALHOST, None).expect("a port");
        let error = gate().guard(Ipv4Addr::LOCALHOST, Some(guard.port())).expect_err("it is taken");
        assert_eq!(error.kind(), Kind::Usage);
        assert!(error.to_string().contains(&guard.port().to_string()), "{error}");
    }
}
