//! What a packet says about who talks to whom.

use std::net::{IpAddr, SocketAddr};

use crate::model::{Direction, MacAddr, Packet};
use crate::proto::arp::Arp;
use crate::proto::ethernet::Ethernet;
use crate::proto::icmp::{self, Echo};
use crate::proto::icmpv6::{self, Neighbor};
use crate::proto::ipv4::{self, Ipv4};
use crate::proto::ipv6::fragment::{self, Fragment};
use crate::proto::{arp, ethernet, ip, tcp, udp};
use crate::wire::cause::Claim;

/// One conversation as seen from our end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Flow {
    pub protocol: u8,
    /// For echo requests and replies the port is their identifier.
    pub local: SocketAddr,
    pub remote: SocketAddr,
}

const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMPV6: u8 = 58;

impl Flow {
    /// Seen from the other end.
    pub fn turned(self) -> Self {
        Self { local: self.remote, remote: self.local, ..self }
    }

    /// Whether a socket with this claim can be at our end of it.
    pub fn fits(self, claim: &Claim) -> bool {
        let local = claim.local.ip();
        let is_echo = matches!(self.protocol, ICMP | ICMPV6);
        let is_there =
            |remote: SocketAddr| remote.ip() == self.remote.ip() && (is_echo || remote.port() == self.remote.port());
        claim.local.port() == self.local.port()
            && (local.is_unspecified() || local == self.local.ip())
            && claim.remote.is_none_or(is_there)
    }
}

/// The flow that a packet belongs to, or that it reports an error about.
pub(super) fn flow(packet: &Packet<'_>) -> Option<Flow> {
    let out = packet.frame.direction == Some(Direction::Out);
    let quoted = packet.layers.iter().any(|layer| layer.quoted);
    let mut views = packet.views().filter(|view| view.layer().quoted == quoted);
    let (source, destination) = ip::addresses_of(views.by_ref().find(|view| ip::is_ip(*view))?)?;
    let headers = [&tcp::HEADER, &udp::HEADER, &icmp::HEADER, &icmpv6::HEADER];
    let view = views.find(|view| headers.iter().any(|header| view.is(header)))?;
    let ports = |bytes: &[u8]| {
        let half = |at: usize| bytes.get(at..)?.first_chunk().map(|bytes| u16::from_be_bytes(*bytes));
        Some((half(0)?, half(2)?))
    };
    let (protocol, (from, to)) = if view.is(&tcp::HEADER) {
        (TCP, ports(view.bytes())?)
    } else if view.is(&udp::HEADER) {
        (UDP, ports(view.bytes())?)
    } else {
        let (protocol, echo) = match Echo::read(view.bytes()).filter(|_| view.is(&icmp::HEADER)) {
            Some(echo) => (ICMP, echo),
            None => (ICMPV6, icmpv6::read_echo(view.bytes()).filter(|_| view.is(&icmpv6::HEADER))?),
        };
        // The identifier is the asker's end; the other end has none.
        (protocol, if echo.reply { (0, echo.identifier) } else { (echo.identifier, 0) })
    };
    let (from, to) = (SocketAddr::new(source, from), SocketAddr::new(destination, to));
    // What an error quotes went the other way.
    let (local, remote) = if out == quoted { (to, from) } else { (from, to) };
    Some(Flow { protocol, local, remote })
}

/// What the pieces of one datagram have in common: source, destination, protocol, identification.
pub(super) type Datagram = (IpAddr, IpAddr, u8, u32);

/// A piece of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub datagram: Datagram,
    /// It begins the datagram, and so has the ports.
    pub is_first: bool,
}

/// Which piece of what a packet is, where it is not a whole one.
pub(super) fn piece(packet: &Packet<'_>) -> Option<Piece> {
    if let Some(header) = packet.find(&ipv4::HEADER).and_then(|view| Ipv4::read(view.bytes())) {
        let id = u32::from(header.identification);
        let datagram = (header.source.into(), header.destination.into(), header.protocol, id);
        let is_first = header.fragment_offset == 0;
        return (header.more_fragments || !is_first).then_some(Piece { datagram, is_first });
    }
    let view = packet.find(&fragment::HEADER)?;
    let header = Fragment::of(view).filter(|header| !header.is_whole())?;
    let (source, destination) = ip::addresses(packet)?;
    // What follows the header, only the first piece has to say right (RFC 8200 §4.5).
    let datagram = (source, destination, 0, header.identification);
    Some(Piece { datagram, is_first: header.offset == 0 })
}

/// The MAC address of the other end of the link.
pub(super) fn across(packet: &Packet<'_>) -> Option<MacAddr> {
    let header = packet.find(&ethernet::HEADER).and_then(|view| Ethernet::read(view.bytes()))?;
    Some(if packet.frame.direction == Some(Direction::Out) { header.destination } else { header.source })
}

/// Who asks for, or tells, whose MAC address; and the speaker's own where the packet tells it.
pub(super) fn neighbour(packet: &Packet<'_>) -> Option<(IpAddr, IpAddr, Option<MacAddr>)> {
    if let Some(arp) = packet.find(&arp::HEADER).and_then(|view| Arp::read(view.bytes())) {
        let mac = (!arp.sender_ip.is_unspecified()).then_some(arp.sender_mac);
        return Some((arp.sender_ip.into(), arp.target_ip.into(), mac));
    }
    let view = packet.find(&icmpv6::HEADER)?;
    let neighbour = Neighbor::read(view.bytes())?;
    let (source, _) = ip::addresses_of(ip::enclosing(view)?)?;
    let mac = packet.find(&ethernet::HEADER).and_then(|view| Ethernet::read(view.bytes())).map(|header| header.source);
    Some((source, neighbour.target.into(), mac))
}
