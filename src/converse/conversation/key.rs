//! Which conversation a packet belongs to, as far as the packet itself says.

use std::net::IpAddr;

use super::{End, Kind};
use crate::model::{LayerView, Packet, Value};
use crate::proto::arp::{self, Arp};
use crate::proto::icmp::{self, Echo, Report};
use crate::proto::ipv4::{self, Ipv4};
use crate::proto::tcp::{self, Tcp};
use crate::proto::udp::{self, Udp};
use crate::proto::{ethernet, ip};

/// How conversations are told apart: both directions have the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Neighbour(IpAddr, IpAddr),
    Echo(IpAddr, IpAddr, u16),
    Tcp(u32),
    Udp(End, End),
    Ip(IpAddr, IpAddr, u8),
    Link,
}

/// The layers of a packet that conversations are made of.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Outline<'p, 'f> {
    pub eth: Option<LayerView<'p, 'f>>,
    pub arp: Option<LayerView<'p, 'f>>,
    pub ip: Option<LayerView<'p, 'f>>,
    pub icmp: Option<LayerView<'p, 'f>>,
    pub tcp: Option<LayerView<'p, 'f>>,
    pub udp: Option<LayerView<'p, 'f>>,
    /// There is a quotation.
    pub quotes: bool,
}

/// What makes fragments pieces of one datagram.
pub(super) type Datagram = (IpAddr, IpAddr, u8, u32);

/// A fragment: of which datagram, and whether it is the first or the last piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fragment {
    pub datagram: Datagram,
    pub is_first: bool,
}

/// What an ICMP error says of the packet that it quotes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quote {
    pub report: Report,
    /// Where the packet was going, and the conversation it seems to be of.
    pub target: Option<IpAddr>,
    pub kind: Option<Quoted>,
}

/// What is known of the conversation of a quoted packet.
#[derive(Clone, Copy, Debug)]
pub(super) enum Quoted {
    /// The ports of a TCP segment, the smaller end first.
    Tcp(End, End),
    /// Any other.
    Other(Key),
}

impl<'p, 'f> Outline<'p, 'f> {
    pub(super) fn of(packet: &'p Packet<'f>) -> Self {
        let mut outline = Self::default();
        for view in packet.views() {
            if view.layer().quoted {
                outline.quotes = true;
                break;
            }
            let places = [
                (&ethernet::HEADER, &mut outline.eth),
                (&ipv4::HEADER, &mut outline.ip),
                (&tcp::HEADER, &mut outline.tcp),
                (&udp::HEADER, &mut outline.udp),
                (&icmp::HEADER, &mut outline.icmp),
                (&arp::HEADER, &mut outline.arp),
            ];
            for (header, place) in places {
                if place.is_none() && view.is(header) {
                    *place = Some(view);
                    break;
                }
            }
        }
        outline
    }

    /// What tells this packet's conversation from others, what kind it would be if this packet began it, and who sent
    /// the packet (port 0 where there are none).
    pub(super) fn read(&self, packet: &Packet<'_>) -> (Key, Kind, Option<End>) {
        if let Some(arp) = self.arp.and_then(|view| Arp::read(view.bytes())) {
            return neighbour(arp.sender_ip.into(), arp.target_ip.into());
        }
        let Some((from, to)) = ip::addresses(packet) else { return (Key::Link, Kind::Link, None) };
        let sender = Some((from, 0));
        if let (Some(tcp), Some(Value::Number(stream))) =
            (self.tcp.and_then(|view| Tcp::read(view.bytes())), packet.generated("tcp.stream"))
        {
            let stream = u32::try_from(stream).unwrap_or(u32::MAX);
            let (from, to) = ((from, tcp.source_port), (to, tcp.destination_port));
            return (Key::Tcp(stream), Kind::Tcp(from, to, stream), Some(from));
        }
        if let Some(udp) = self.udp.and_then(|view| Udp::read(view.bytes())) {
            let (from, to) = ((from, udp.source_port), (to, udp.destination_port));
            let (low, high) = sorted(from, to);
            return (Key::Udp(low, high), Kind::Udp(from, to), Some(from));
        }
        let (low, high) = sorted(from, to);
        if let Some(echo) = self.icmp.and_then(|view| Echo::read(view.bytes())) {
            let (asker, target) = if echo.reply { (to, from) } else { (from, to) };
            return (Key::Echo(low, high, echo.identifier), Kind::Echo(asker, target, echo.identifier), sender);
        }
        let protocol = self.ip.and_then(|view| Ipv4::read(view.bytes())).map_or(0, |ip| ip.protocol);
        (Key::Ip(low, high, protocol), Kind::Ip(from, to, protocol), sender)
    }

    /// What an ICMP error complains about.
    pub(super) fn quote(&self, packet: &Packet<'_>) -> Option<Quote> {
        let report = Report::read(self.icmp?.bytes())?;
        let quoted = packet.find_quoted(&ipv4::HEADER).and_then(|view| Ipv4::read(view.bytes()));
        let target = quoted.map(|header| header.destination.into());
        Some(Quote { report, target, kind: quoted.map(|header| quoted_kind(packet, &header)) })
    }

    /// Whether this is a fragment, and of what.
    pub(super) fn fragment(&self) -> Option<Fragment> {
        let header = Ipv4::read(self.ip?.bytes())?;
        let id = u32::from(header.identification);
        let datagram = (header.source.into(), header.destination.into(), header.protocol, id);
        let is_piece = header.more_fragments || header.fragment_offset > 0;
        is_piece.then_some(Fragment { datagram, is_first: header.fragment_offset == 0 })
    }

    /// The TTL that the packet has left.
    pub(super) fn ttl(&self) -> Option<u8> {
        Some(Ipv4::read(self.ip?.bytes())?.ttl)
    }
}

fn quoted_kind(packet: &Packet<'_>, header: &Ipv4) -> Quoted {
    let (from, to): (IpAddr, IpAddr) = (header.source.into(), header.destination.into());
    if let Some(udp) = packet.find_quoted(&udp::HEADER).and_then(|view| Udp::read(view.bytes())) {
        let (low, high) = sorted((from, udp.source_port), (to, udp.destination_port));
        return Quoted::Other(Key::Udp(low, high));
    }
    // Eight bytes of a segment are enough for its ports.
    if let Some(ports) = packet.find_quoted(&tcp::HEADER).and_then(|view| Udp::read(view.bytes())) {
        let (low, high) = sorted((from, ports.source_port), (to, ports.destination_port));
        return Quoted::Tcp(low, high);
    }
    let (low, high) = sorted(from, to);
    Quoted::Other(match packet.find_quoted(&icmp::HEADER).and_then(|view| Echo::read(view.bytes())) {
        Some(echo) => Key::Echo(low, high, echo.identifier),
        None => Key::Ip(low, high, header.protocol),
    })
}

fn neighbour(from: IpAddr, to: IpAddr) -> (Key, Kind, Option<End>) {
    let (low, high) = sorted(from, to);
    (Key::Neighbour(low, high), Kind::Neighbour(from, to), Some((from, 0)))
}

pub(super) fn sorted<T: Ord>(one: T, other: T) -> (T, T) {
    if one <= other { (one, other) } else { (other, one) }
}
