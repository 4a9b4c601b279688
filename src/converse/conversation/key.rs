//! Which conversation a packet belongs to, as far as the packet itself says.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::asking::Word;
use super::{End, Kind};
use crate::model::{LayerView, Packet, Value, tracked};
use crate::proto::arp::{self, Arp};
use crate::proto::dhcp::{self, Dhcp};
use crate::proto::dns;
use crate::proto::ethernet::{self, Ethernet};
use crate::proto::icmp::{self, Echo};
use crate::proto::icmpv6::{self, Neighbor};
use crate::proto::ip;
use crate::proto::ipv4::{self, Ipv4};
use crate::proto::ipv6::{self, Ipv6, fragment};
use crate::proto::tcp::{self, Tcp};
use crate::proto::udp::{self, Udp};

/// How conversations are told apart: both directions have the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Neighbour(IpAddr, IpAddr),
    Echo(IpAddr, IpAddr, u16),
    Tcp(u32),
    Udp(End, End),
    /// DHCP, by the number of the transaction: the client's address changes within it.
    Lease(u32),
    Ip(IpAddr, IpAddr, u8),
    Link,
}

/// The layers of a packet that conversations are made of.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Outline<'p, 'f> {
    pub eth: Option<LayerView<'p, 'f>>,
    pub arp: Option<LayerView<'p, 'f>>,
    pub ip: Option<LayerView<'p, 'f>>,
    fragment: Option<LayerView<'p, 'f>>,
    /// ICMP or ICMPv6.
    pub icmp: Option<LayerView<'p, 'f>>,
    pub tcp: Option<LayerView<'p, 'f>>,
    pub udp: Option<LayerView<'p, 'f>>,
    pub dns: Option<LayerView<'p, 'f>>,
    pub dhcp: Option<LayerView<'p, 'f>>,
    /// The first quoted layer.
    quoted: Option<LayerView<'p, 'f>>,
}

/// What makes fragments pieces of one datagram.
pub(super) type Datagram = (IpAddr, IpAddr, u8, u32);

/// A fragment: of which datagram, and whether it is the first piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fragment {
    pub datagram: Datagram,
    pub is_first: bool,
}

/// What an ICMP error says of the packet that it quotes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quote {
    pub kind: u8,
    pub code: u8,
    pub mtu: Option<u32>,
    /// Where the packet was going, and the conversation it seems to be of.
    pub target: Option<IpAddr>,
    pub about: Option<Quoted>,
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
                outline.quoted = Some(view);
                break;
            }
            let place = if view.is(&tcp::HEADER) {
                &mut outline.tcp
            } else if view.is(&ipv4::HEADER) || view.is(&ipv6::HEADER) {
                &mut outline.ip
            } else if view.is(&ethernet::HEADER) {
                &mut outline.eth
            } else if view.is(&udp::HEADER) {
                &mut outline.udp
            } else if view.is(&icmp::HEADER) || view.is(&icmpv6::HEADER) {
                &mut outline.icmp
            } else if view.is(&arp::HEADER) {
                &mut outline.arp
            } else if view.is(&dns::HEADER) {
                &mut outline.dns
            } else if view.is(&dhcp::HEADER) {
                &mut outline.dhcp
            } else if view.is(&fragment::HEADER) {
                &mut outline.fragment
            } else {
                continue;
            };
            place.get_or_insert(view);
        }
        outline
    }

    /// There is a quotation.
    pub(super) fn quotes(&self) -> bool {
        self.quoted.is_some()
    }

    pub(super) fn ethernet(&self) -> Option<Ethernet> {
        Ethernet::read(self.eth?.bytes())
    }

    /// Sender and receiver of the IP packet.
    pub(super) fn ends(&self) -> Option<(IpAddr, IpAddr)> {
        ip::addresses_of(self.ip?)
    }

    /// The echo request or reply that the packet is.
    pub(super) fn echo(&self) -> Option<Echo> {
        read_echo(self.icmp?)
    }

    /// What the packet says about who has which address.
    pub(super) fn word(&self) -> Option<Word> {
        let everyone = self.ethernet().is_none_or(|eth| eth.destination.is_group());
        if let Some(arp) = self.arp.and_then(|view| Arp::read(view.bytes())) {
            return Some(Word::of_arp(&arp, !everyone));
        }
        let view = self.icmp.filter(|view| view.is(&icmpv6::HEADER))?;
        let mac = self.ethernet().map(|eth| eth.source);
        Some(Word::of_discovery(&Neighbor::read(view.bytes())?, self.ends()?, mac))
    }

    /// What tells this packet's conversation from others, what kind it would be if this packet began it, and who sent
    /// the packet (port 0 where there are none).
    pub(super) fn read(&self, packet: &Packet<'_>) -> (Key, Kind, Option<End>) {
        let word = if self.arp.is_some() || self.icmp.is_some() { self.word() } else { None };
        if let Some(word) = word {
            let (asker, target) = word.about();
            let (low, high) = sorted(asker, target);
            return (Key::Neighbour(low, high), Kind::Neighbour(asker, target), Some((word.speaker(), 0)));
        }
        let Some((from, to)) = self.ends() else { return (Key::Link, Kind::Link, None) };
        if let (Some(tcp), Some(Value::Number(stream))) =
            (self.tcp.and_then(|view| Tcp::read(view.bytes())), packet.generated(tracked!("tcp.stream")))
        {
            let stream = u32::try_from(stream).unwrap_or(u32::MAX);
            let (from, to) = ((from, tcp.source_port), (to, tcp.destination_port));
            return (Key::Tcp(stream), Kind::Tcp(from, to, stream), Some(from));
        }
        if let Some(udp) = self.udp.and_then(|view| Udp::read(view.bytes())) {
            let (from, to) = ((from, udp.source_port), (to, udp.destination_port));
            let (low, high) = sorted(from, to);
            let key = match self.dhcp.and_then(|view| Dhcp::read(view.bytes())) {
                Some(dhcp) => Key::Lease(dhcp.id),
                None => Key::Udp(low, high),
            };
            return (key, Kind::Udp(from, to), Some(from));
        }
        let ((low, high), sender) = (sorted(from, to), Some((from, 0)));
        if let Some(echo) = self.echo() {
            let (asker, target) = if echo.reply { (to, from) } else { (from, to) };
            return (Key::Echo(low, high, echo.identifier), Kind::Echo(asker, target, echo.identifier), sender);
        }
        let protocol = self.protocol();
        (Key::Ip(low, high, protocol), Kind::Ip(from, to, protocol), sender)
    }

    /// The number of the protocol inside IP.
    fn protocol(&self) -> u8 {
        let Some(ip) = self.ip else { return 0 };
        let inside = |at: usize| ip.bytes().get(at).copied().unwrap_or(0);
        if ip.is(&ipv4::HEADER) {
            return inside(9);
        }
        match self.fragment.and_then(fragment::Fragment::of) {
            Some(fragment) => fragment.next_header,
            None if self.icmp.is_some() => ipv6::ICMPV6,
            None => inside(6),
        }
    }

    /// What an ICMP error complains about.
    pub(super) fn quote(&self, packet: &Packet<'_>) -> Option<Quote> {
        let view = self.icmp?;
        let (kind, code, mtu) = if view.is(&icmpv6::HEADER) {
            let report = icmpv6::Report::read(view.bytes())?;
            (report.kind, report.code, report.next_hop_mtu)
        } else {
            let report = icmp::Report::read(view.bytes())?;
            (report.kind, report.code, report.next_hop_mtu.map(u32::from))
        };
        let quoted = self.quoted.filter(|view| ip::is_ip(*view));
        let ends = quoted.and_then(ip::addresses_of);
        let about = quoted.zip(ends).map(|(quoted, ends)| quoted_kind(packet, quoted, ends));
        Some(Quote { kind, code, mtu, target: ends.map(|(_, to)| to), about })
    }

    /// Whether this is a fragment, and of what.
    pub(super) fn fragment(&self) -> Option<Fragment> {
        let ip = self.ip?;
        if let Some(piece) = self.fragment.and_then(fragment::Fragment::of) {
            let (from, to) = self.ends()?;
            let datagram = (from, to, piece.next_header, piece.identification);
            return (!piece.is_whole()).then_some(Fragment { datagram, is_first: piece.offset == 0 });
        }
        let word = ip.bytes().get(6..8).filter(|_| ip.is(&ipv4::HEADER))?;
        // Nothing but "don't fragment" and the reserved bit: a whole packet, as nearly all are.
        if matches!(word, [0 | 0x40 | 0x80 | 0xc0, 0]) {
            return None;
        }
        let header = Ipv4::read(ip.bytes())?;
        let id = u32::from(header.identification);
        let datagram = (header.source.into(), header.destination.into(), header.protocol, id);
        Some(Fragment { datagram, is_first: header.fragment_offset == 0 })
    }

    /// What tells an IPv4 packet from the others of its sender wherever it is seen, and the TTL that it has left.
    pub(super) fn mark(&self) -> Option<(u16, u8)> {
        let header = Ipv4::read(self.ip.filter(|view| view.is(&ipv4::HEADER))?.bytes())?;
        Some((header.identification, header.ttl))
    }

    /// The TTL or hop limit that the packet has left.
    pub(super) fn ttl(&self) -> Option<u8> {
        ip::hops_left(self.ip?)
    }
}

fn read_echo(view: LayerView<'_, '_>) -> Option<Echo> {
    if view.is(&icmpv6::HEADER) { icmpv6::read_echo(view.bytes()) } else { Echo::read(view.bytes()) }
}

fn quoted_kind(packet: &Packet<'_>, outer: LayerView<'_, '_>, (from, to): (IpAddr, IpAddr)) -> Quoted {
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
    let message = packet.find_quoted(&icmp::HEADER).or_else(|| packet.find_quoted(&icmpv6::HEADER));
    Quoted::Other(match message.and_then(read_echo) {
        Some(echo) => Key::Echo(low, high, echo.identifier),
        None => {
            let protocol = Ipv4::read(outer.bytes()).map(|header| header.protocol);
            let protocol = protocol.or_else(|| Ipv6::read(outer.bytes()).map(|header| header.next_header));
            Key::Ip(low, high, protocol.unwrap_or(0))
        }
    })
}

/// The key under which somebody finds out whether `address` is free.
pub(super) fn probed(address: IpAddr) -> Key {
    let nobody = if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let (low, high) = sorted(nobody, address);
    Key::Neighbour(low, high)
}

pub(super) fn sorted<T: Ord>(one: T, other: T) -> (T, T) {
    if one <= other { (one, other) } else { (other, one) }
}
