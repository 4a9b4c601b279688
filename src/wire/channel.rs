//! Sending: frames where the link has Ethernet, IP packets where it has not.

use std::fmt;
use std::net::IpAddr;
use std::os::fd::IntoRawFd;
use std::time::Duration;

use nix::errno::Errno;
use pnet::datalink::{self, ChannelType, Config, DataLinkSender, NetworkInterface};
use pnet::packet::ipv4::Ipv4Packet;
use pnet::transport::TransportSender;
use socket2::Socket;

use super::interface::Interface;
use super::packet_socket::descriptor;
use super::sockets::{OwnPackets, SendSockets};
use crate::error::{Error, Kind, Result};
use crate::model::LinkType;

/// Sends on one interface.
pub struct Channel {
    way: Way,
    name: String,
}

enum Way {
    /// Whole Ethernet frames.
    Frames(Box<dyn DataLinkSender>),
    /// IPv4 packets with our own header; the kernel adds what the link needs. `spare` is the packet socket, closed
    /// only with the channel because closing takes 10 ms.
    Packets { sender: TransportSender, own: Option<OwnPackets>, _spare: Socket },
}

/// The operating system did not take a frame: it never reached the wire, so it is not lost but not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendError {
    /// The system's error number.
    pub errno: i32,
}

/// Longest wait for room in the send queue; a device that takes nothing for so long is reported as full.
const FULL_AFTER: Duration = Duration::from_millis(100);

/// How many sent loopback packets to remember until the sniffer sees them. The oldest goes first: it was dropped.
const REMEMBERED: usize = 1024;

impl Channel {
    /// A channel on `interface`.
    ///
    /// Over loopback it takes IP packets, not frames: the kernel discards frames that a packet socket puts on `lo` as
    /// martian (their addresses are this host's own), while raw IP packets are routed and answered.
    ///
    /// # Errors
    /// [`Kind::Interface`] when the interface cannot be sent on.
    pub fn open(sockets: SendSockets, interface: &Interface) -> Result<Self> {
        let name = interface.name.clone();
        let failed = |error: std::io::Error| {
            let errno = error.raw_os_error().map_or(Errno::EIO, Errno::from_raw);
            Error::new(Kind::Interface, format!("cannot send on {name}: {} ({errno:?})", errno.desc().to_lowercase()))
                .hint("see whether it still exists and is up: ip link")
        };
        let SendSockets { frames, packets, own } = sockets;
        let way = match interface.link {
            Some(LinkType::Ethernet) if !interface.is_loopback() => {
                Way::Frames(ethernet(frames, interface).map_err(failed)?)
            }
            Some(_) => {
                // Without this the routing table could pick another interface than the one asked for.
                if !interface.is_loopback() {
                    let socket = descriptor(&packets);
                    socket2::SockRef::from(&socket).bind_device(Some(name.as_bytes())).map_err(failed)?;
                }
                Way::Packets { sender: packets, own: interface.is_loopback().then_some(own), _spare: frames }
            }
            None => {
                let what = format!("interface {name} is a kind of link netlab does not know");
                return Err(Error::new(Kind::Interface, what));
            }
        };
        Ok(Self { way, name })
    }

    /// What [`Self::send`] takes: Ethernet frames, or IPv4 packets without anything before them. Over loopback it is
    /// the latter, though the sniffer shows Ethernet frames there.
    #[must_use]
    pub fn takes(&self) -> LinkType {
        match self.way {
            Way::Frames(_) => LinkType::Ethernet,
            Way::Packets { .. } => LinkType::RawIp,
        }
    }

    /// The interface's name.
    #[must_use]
    pub fn interface(&self) -> &str {
        &self.name
    }

    /// Gives one frame or packet to the kernel. In an IP packet the kernel fills in total length and header checksum,
    /// and an identification of 0; it leaves frames alone.
    ///
    /// # Errors
    /// [`SendError`] when the kernel did not take it, with `EINVAL` for what is too short to be sent.
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), SendError> {
        match &mut self.way {
            Way::Frames(sender) => match sender.send_to(bytes, None) {
                Some(Ok(())) => Ok(()),
                Some(Err(error)) => Err(SendError::from(&error)),
                None => Err(SendError { errno: Errno::EINVAL as i32 }),
            },
            Way::Packets { sender, own, .. } => {
                let packet = Ipv4Packet::new(bytes).ok_or(SendError { errno: Errno::EINVAL as i32 })?;
                let destination = IpAddr::V4(packet.get_destination());
                // Remembered first: the sniffer may see the packet before the call returns.
                remember(own.as_ref(), bytes);
                sender.send_to(packet, destination).map(drop).map_err(|error| {
                    forget(own.as_ref());
                    SendError::from(&error)
                })
            }
        }
    }
}

fn ethernet(socket: Socket, interface: &Interface) -> std::io::Result<Box<dyn DataLinkSender>> {
    let description = NetworkInterface {
        name: interface.name.clone(),
        description: String::new(),
        index: interface.index,
        mac: None,
        ips: Vec::new(),
        flags: 0,
    };
    let config = Config {
        // pnet binds to protocol 0 this way: a socket that receives nothing costs the kernel no copy of each frame.
        channel_type: ChannelType::Layer3(0),
        promiscuous: false,
        read_buffer_size: 0,
        write_buffer_size: 0,
        write_timeout: Some(FULL_AFTER),
        // From here on pnet owns the descriptor and closes it, also when it fails.
        socket_fd: Some(socket.into_raw_fd()),
        ..Config::default()
    };
    match datalink::channel(&description, config)? {
        datalink::Channel::Ethernet(sender, _) => Ok(sender),
        _ => Err(Errno::EPROTONOSUPPORT.into()),
    }
}

fn remember(own: Option<&OwnPackets>, packet: &[u8]) {
    if let Some(own) = own {
        let mut own = own.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if own.len() >= REMEMBERED {
            own.pop_front();
        }
        own.push_back(packet.to_vec());
    }
}

fn forget(own: Option<&OwnPackets>) {
    if let Some(own) = own {
        own.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop_back();
    }
}

impl From<&std::io::Error> for SendError {
    fn from(error: &std::io::Error) -> Self {
        let errno = match (error.raw_os_error(), error.kind()) {
            (Some(errno), _) => errno,
            (None, std::io::ErrorKind::TimedOut) => Errno::EAGAIN as i32,
            (None, _) => Errno::EIO as i32,
        };
        Self { errno }
    }
}

impl SendError {
    /// The symbol of the error number, such as `ENOBUFS`.
    #[must_use]
    pub fn symbol(self) -> String {
        format!("{:?}", Errno::from_raw(self.errno))
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errno = Errno::from_raw(self.errno);
        let meaning = MEANINGS.iter().find(|(known, _)| *known == errno).map(|(_, meaning)| *meaning);
        write!(f, "{} ({errno:?})", meaning.unwrap_or(errno.desc()))
    }
}

impl std::error::Error for SendError {}

/// What the error numbers of sending mean to somebody who watches a link.
const MEANINGS: &[(Errno, &str)] = &[
    (Errno::ENOBUFS, "the send queue was full"),
    (Errno::EAGAIN, "the send queue stayed full"),
    (Errno::EMSGSIZE, "larger than the link allows"),
    (Errno::ENETDOWN, "the interface is down"),
    (Errno::ENXIO, "the interface was deleted"),
    (Errno::ENODEV, "the interface was deleted"),
    (Errno::EPERM, "a firewall rule of this host forbids it"),
    (Errno::ENETUNREACH, "no route leads there"),
    (Errno::EHOSTUNREACH, "no route leads there"),
    (Errno::EACCES, "the routing table forbids it"),
    (Errno::EINVAL, "not a packet that can be sent"),
];
