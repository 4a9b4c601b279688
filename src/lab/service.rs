//! What the nodes serve: sockets opened while a node is made, served by threads once the lab runs.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::EventFd;
use socket2::{Domain, Protocol, SockFilter, Socket, Type};

use super::dns::Zone;
use super::http;
use super::topology::{Node, Service, ServiceKind};

/// Most connections that one service attends to at a time.
const MAX_CONNECTIONS: usize = 64;
/// How long a client may be silent.
const PATIENCE: Duration = Duration::from_secs(30);

const DEFAULT_PAGE: &str = "Hello from inside netlab's virtual network.\n";
const DEFAULT_BANNER: &str = "hello\r\n";

/// A service that is ready to be started. Dropped, it is gone.
#[derive(Debug)]
pub(super) enum Opened {
    /// The kernel alone is the service: the socket only has to be there.
    Quiet {
        _socket: Socket,
    },
    Names {
        socket: UdpSocket,
    },
    Streams {
        listener: TcpListener,
        kind: ServiceKind,
        text: String,
    },
}

/// Opens `service` of `node` in the calling thread's network namespace.
pub(super) fn open(node: &Node, service: &Service) -> io::Result<Opened> {
    let any = Ipv4Addr::UNSPECIFIED;
    let opened = match service.kind {
        ServiceKind::Dns => {
            // At its first address: bound to all, its answers could come from another one.
            let address = node.interfaces.first().map_or(any, |interface| interface.address.address);
            let socket = UdpSocket::bind((address, service.port))?;
            socket.set_nonblocking(true)?;
            Opened::Names { socket }
        }
        ServiceKind::Filtered => Opened::Quiet { _socket: filtered(service.port)? },
        kind @ (ServiceKind::Http | ServiceKind::Banner | ServiceKind::Echo) => {
            let listener = TcpListener::bind((any, service.port))?;
            listener.set_nonblocking(true)?;
            let default = if kind == ServiceKind::Http { DEFAULT_PAGE } else { DEFAULT_BANNER };
            let text = service.text.clone().unwrap_or_else(|| default.to_owned());
            Opened::Streams { listener, kind, text }
        }
    };
    Ok(opened)
}

/// A listening socket whose every packet the kernel discards before it looks at it: neither SYN/ACK nor RST.
fn filtered(port: u16) -> io::Result<Socket> {
    const RETURN_CONSTANT: u16 = 0x06; // BPF_RET | BPF_K: keep 0 bytes
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    socket.attach_filter(&[SockFilter::new(RETURN_CONSTANT, 0, 0, 0)])?;
    socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)).into())?;
    socket.listen(1)?;
    Ok(socket)
}

impl Opened {
    /// Serves until `stop` becomes readable. Returns the socket that only has to be kept, if it is such a service.
    pub(super) fn start(self, zone: &Arc<Zone>, stop: &Arc<EventFd>) -> io::Result<Option<Socket>> {
        let stop = Arc::clone(stop);
        let thread = thread::Builder::new().name("lab-service".to_owned());
        match self {
            Self::Quiet { _socket: socket } => return Ok(Some(socket)),
            Self::Names { socket } => {
                let zone = Arc::clone(zone);
                thread.spawn(move || serve_names(&socket, &zone, &stop))?;
            }
            Self::Streams { listener, kind, text } => {
                thread.spawn(move || serve_streams(&listener, kind, &Arc::from(text), &stop))?;
            }
        }
        Ok(None)
    }
}

fn serve_names(socket: &UdpSocket, zone: &Zone, stop: &EventFd) -> io::Result<()> {
    let mut buffer = [0; 1024];
    while wait(socket, stop)? {
        // A query that cannot be read, or an answer that cannot be sent, is lost like any datagram.
        let Ok((length, client)) = socket.recv_from(&mut buffer) else { continue };
        if let Some(answer) = buffer.get(..length).and_then(|query| zone.answer(query)) {
            let _ = socket.send_to(&answer, client);
        }
    }
    Ok(())
}

fn serve_streams(listener: &TcpListener, kind: ServiceKind, text: &Arc<str>, stop: &EventFd) -> io::Result<()> {
    let open = Arc::new(AtomicUsize::new(0));
    while wait(listener, stop)? {
        let Ok((stream, _)) = listener.accept() else { continue };
        if open.load(Ordering::Relaxed) >= MAX_CONNECTIONS {
            continue; // closed at once
        }
        open.fetch_add(1, Ordering::Relaxed);
        let (text, counted) = (Arc::clone(text), Arc::clone(&open));
        let attend = move || {
            // The client went away, or was silent for too long: nobody is left to be told.
            let _ = serve_stream(stream, kind, &text);
            counted.fetch_sub(1, Ordering::Relaxed);
        };
        if thread::Builder::new().name("lab-stream".to_owned()).spawn(attend).is_err() {
            open.fetch_sub(1, Ordering::Relaxed);
        }
    }
    Ok(())
}

fn serve_stream(mut stream: TcpStream, kind: ServiceKind, text: &str) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    match kind {
        ServiceKind::Http => http::serve(&mut stream, text)?,
        ServiceKind::Echo => {
            let mut buffer = [0; 4096];
            loop {
                match stream.read(&mut buffer)? {
                    0 => break,
                    count => stream.write_all(&buffer[..count])?,
                }
            }
        }
        ServiceKind::Banner => stream.write_all(text.as_bytes())?,
        ServiceKind::Dns | ServiceKind::Filtered => {}
    }
    // Closing with unread bytes would send RST instead of FIN.
    stream.shutdown(std::net::Shutdown::Write)?;
    let mut rest = [0; 4096];
    for _ in 0..16 {
        if stream.read(&mut rest)? == 0 {
            break;
        }
    }
    Ok(())
}

/// Waits for something at `socket`; false once `stop` is readable.
fn wait(socket: &impl AsFd, stop: &EventFd) -> io::Result<bool> {
    loop {
        let mut waiting =
            [PollFd::new(socket.as_fd(), PollFlags::POLLIN), PollFd::new(stop.as_fd(), PollFlags::POLLIN)];
        match poll(&mut waiting, PollTimeout::NONE) {
            Ok(_) => return Ok(!waiting[1].any().unwrap_or(true)),
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
