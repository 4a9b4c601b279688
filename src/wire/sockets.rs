//! Everything that needs privilege, opened first and together.

use std::collections::VecDeque;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::{RcvBufForce, ReceiveTimestampns};
use pnet::packet::ip::IpNextHeaderProtocol;
use pnet::transport::{TransportChannelType, TransportSender, transport_channel};
use socket2::{Domain, Socket, Type};

use super::packet_socket::descriptor;
use super::privilege::missing_raw;
use crate::error::Result;

/// The sockets of one run. Closing a packet socket takes the kernel 10 to 14 ms, so there are two and no more, and a
/// run prints its results before it drops them.
pub struct Sockets {
    /// For [`Sniffer::start`](super::Sniffer::start).
    pub sniff: SniffSocket,
    /// For [`Channel::open`](super::Channel::open). A packet socket never sees the frames sent through itself, which
    /// is why sniffing has its own.
    pub send: SendSockets,
}

/// An unbound packet socket that will receive.
pub struct SniffSocket {
    pub(super) socket: Socket,
    pub(super) own: OwnPackets,
    /// When the kernel was asked to stamp frames.
    pub(super) armed: Instant,
}

/// An unbound packet socket that will send frames, and a raw IP socket for links without Ethernet (closing that one
/// costs nothing).
pub struct SendSockets {
    pub(super) frames: Socket,
    pub(super) packets: TransportSender,
    pub(super) own: OwnPackets,
}

/// Packets this process sent over loopback and has not yet seen, oldest first. Over loopback the kernel marks both
/// sides' frames alike, so the channel tells the sniffer which are ours.
pub(super) type OwnPackets = Arc<Mutex<VecDeque<Vec<u8>>>>;

/// `IPPROTO_RAW`: send packets with our own IP header, receive nothing (raw(7)).
const RAW: u8 = 255;

/// How much the kernel may queue for us before it drops frames, in bytes: a second of a busy 100 Mbit/s link. The
/// kernel counts it only as it is used.
const QUEUE: usize = 32 << 20;

impl Sockets {
    /// Opens the sockets, bound to nothing yet: nothing arrives. `command` and `interface` are what the user typed,
    /// for the hints of the error.
    ///
    /// # Errors
    /// [`Kind::Privilege`](crate::error::Kind::Privilege) without `CAP_NET_RAW`,
    /// [`Kind::System`](crate::error::Kind::System) where the system has no such sockets.
    pub fn open(command: &str, interface: Option<&str>) -> Result<Self> {
        Self::try_open().map_err(|error| {
            let errno = error.raw_os_error().map_or(Errno::EIO, Errno::from_raw);
            missing_raw(errno, interface, command)
        })
    }

    fn try_open() -> std::io::Result<Self> {
        // socket2 sets CLOEXEC. Protocol 0 keeps a packet socket deaf until it is bound.
        let packet_socket = || Socket::new(Domain::PACKET, Type::RAW, None);
        let sniff = packet_socket()?;
        setsockopt(&sniff.as_fd(), ReceiveTimestampns, &true)?;
        let armed = Instant::now();
        let frames = packet_socket()?;
        let (packets, _) = transport_channel(0, TransportChannelType::Layer3(IpNextHeaderProtocol(RAW)))?;
        harden(&packets)?;
        enlarge_queue(&sniff);
        let own = OwnPackets::default();
        Ok(Self {
            sniff: SniffSocket { socket: sniff, own: own.clone(), armed },
            send: SendSockets { frames, packets, own },
        })
    }
}

/// pnet's raw socket is neither close-on-exec nor non-blocking; make it both.
fn harden(sender: &TransportSender) -> std::io::Result<()> {
    let socket = descriptor(sender);
    fcntl(socket, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    fcntl(socket, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    socket2::SockRef::from(&socket).set_broadcast(true)
}

fn enlarge_queue(socket: &Socket) {
    // Beyond the administrator's limit only with CAP_NET_ADMIN; below it is still worth having. If neither works the
    // default remains, and the drop counters tell.
    if setsockopt(&socket.as_fd(), RcvBufForce, &QUEUE).is_err() {
        drop(socket.set_recv_buffer_size(QUEUE));
    }
}
