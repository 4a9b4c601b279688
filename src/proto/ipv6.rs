//! IPv6: from here to there across any number of links, with addresses enough for everybody.
//!
//! The fixed header is short; what is rare stands in extension headers behind it, each a layer of its own. The
//! addresses, the length and the Info column of a packet depend on all of them, so that is told here.

pub mod fragment;
mod info;
mod names;
pub mod options;
pub mod routing;

use std::net::Ipv6Addr;

use pnet::packet::ip::IpNextHeaderProtocol;
use pnet::packet::ipv6::MutableIpv6Packet;

pub(super) use info::before;

use super::reading::{Binding, Found, Input, be16, concluded, row, rows};
use super::{Flaw, Protocol, numbers};
use crate::model::{Bits, FaultKind, FieldSpec, Header, Kind, LayerView, MacAddr, Value, Visitor};

const ANYWHERE: Bits = Bits { start: 0, len: 0 };

const YES: Kind = Kind::Flag("True", "False");

const fn concluded_row(key: &'static str, label: &'static str, kind: Kind) -> FieldSpec {
    FieldSpec::new(key, label, ANYWHERE, kind).generated()
}

static FIELDS: [FieldSpec; 20] = [
    FieldSpec::new("ipv6.version", "Version", Bits { start: 0, len: 4 }, Kind::Number),
    FieldSpec::new("ipv6.tclass", "Traffic Class", Bits { start: 4, len: 8 }, Kind::Hex),
    FieldSpec::new(
        "ipv6.tclass.dscp",
        "Differentiated Services Codepoint",
        Bits { start: 4, len: 6 },
        Kind::Enum(&numbers::DSCP),
    )
    .part(),
    FieldSpec::new(
        "ipv6.tclass.ecn",
        "Explicit Congestion Notification",
        Bits { start: 10, len: 2 },
        Kind::Enum(&numbers::ECN),
    )
    .part(),
    FieldSpec::new("ipv6.flow", "Flow Label", Bits { start: 12, len: 20 }, Kind::Hex),
    FieldSpec::new("ipv6.plen", "Payload Length", Bits::bytes(4, 2), Kind::Number),
    FieldSpec::new("ipv6.nxt", "Next Header", Bits::bytes(6, 1), Kind::Enum(&numbers::IP_PROTOCOLS)),
    FieldSpec::new("ipv6.hlim", "Hop Limit", Bits::bytes(7, 1), Kind::Number),
    FieldSpec::new("ipv6.src", "Source Address", Bits::bytes(8, 16), Kind::Ipv6),
    FieldSpec::new("ipv6.dst", "Destination Address", Bits::bytes(24, 16), Kind::Ipv6),
    concluded_row("ipv6.src_slaac_mac", "Source SLAAC MAC", Kind::Mac),
    concluded_row("ipv6.dst_slaac_mac", "Destination SLAAC MAC", Kind::Mac),
    concluded_row("ipv6.fragment", "IPv6 Fragment", Kind::Number),
    concluded_row("ipv6.fragment.overlap", "Fragment overlap", YES),
    concluded_row("ipv6.fragment.overlap.conflict", "Conflicting data in fragment overlap", YES),
    concluded_row("ipv6.fragment.multipletails", "Multiple tail fragments found", YES),
    concluded_row("ipv6.fragment.toolongfragment", "Fragment too long", YES),
    concluded_row("ipv6.fragment.error", "Defragmentation error", Kind::Number),
    concluded_row("ipv6.fragment.count", "Fragment count", Kind::Number),
    concluded_row("ipv6.reassembled.length", "Reassembled IPv6 length", Kind::Number),
];
/// Byte of the hop limit.
pub const HOP_LIMIT: usize = 7;
const SOURCE: usize = row(&FIELDS, "ipv6.src");
const DESTINATION: usize = row(&FIELDS, "ipv6.dst");
const SOURCE_MAC: usize = row(&FIELDS, "ipv6.src_slaac_mac");
const DESTINATION_MAC: usize = row(&FIELDS, "ipv6.dst_slaac_mac");

/// The table of the fixed header.
pub static HEADER: Header = Header {
    name: "ipv6",
    title: "Internet Protocol Version 6",
    source: "RFC 8200 §3",
    fields: &FIELDS,
    walk,
    info: Some(info::info),
};

/// As the registry knows it.
pub static PROTOCOL: Protocol = Protocol { header: &HEADER, dissect };

/// Next header: options that every router on the way reads.
pub const HOP_BY_HOP: u8 = 0;
/// Next header: a route to take.
pub const ROUTING: u8 = 43;
/// Next header: a piece of a packet.
pub const FRAGMENT: u8 = 44;
/// Next header: ICMPv6.
pub const ICMPV6: u8 = 58;
/// Next header: nothing follows.
pub const NOTHING: u8 = 59;
/// Next header: options for the receiver.
pub const DESTINATION_OPTIONS: u8 = 60;
/// Bytes of the fixed header.
pub const LENGTH: usize = 40;

/// The fixed header; the payload's length follows from what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv6 {
    /// Differentiated services code point (upper six bits) and explicit congestion notification.
    pub traffic_class: u8,
    /// Twenty bits that name a conversation, so that routers need not look into it (RFC 6437).
    pub flow: u32,
    /// What follows: an extension header, or what is inside.
    pub next_header: u8,
    /// How many routers it may still pass.
    pub hop_limit: u8,
    /// Who sent it.
    pub source: Ipv6Addr,
    /// Who shall receive it.
    pub destination: Ipv6Addr,
}

impl Default for Ipv6 {
    /// A packet that may pass 64 routers, with everything else zero.
    fn default() -> Self {
        Self {
            traffic_class: 0,
            flow: 0,
            next_header: NOTHING,
            hop_limit: 64,
            source: Ipv6Addr::UNSPECIFIED,
            destination: Ipv6Addr::UNSPECIFIED,
        }
    }
}

impl Ipv6 {
    /// The header at the start of `bytes`.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let header: &[u8; LENGTH] = bytes.first_chunk()?;
        let [a, b, c, d] = [header[0], header[1], header[2], header[3]];
        (a >> 4 == 6).then_some(Self {
            traffic_class: a << 4 | b >> 4,
            flow: u32::from_be_bytes([0, b & 15, c, d]),
            next_header: header[6],
            hop_limit: header[7],
            source: address(header, 8)?,
            destination: address(header, 24)?,
        })
    }
}

/// The address in the 16 bytes at `at`.
pub(super) fn address(bytes: &[u8], at: usize) -> Option<Ipv6Addr> {
    Some(Ipv6Addr::from(<[u8; 16]>::try_from(bytes.get(at..at.checked_add(16)?)?).ok()?))
}

/// The network card's address inside an IPv6 address that was made from one (RFC 4291 Appendix A).
fn card(address: Ipv6Addr) -> Option<MacAddr> {
    let octets = address.octets();
    let mut mac = [0; 6];
    mac[..3].copy_from_slice(&octets[8..11]);
    mac[3..].copy_from_slice(&octets[13..]);
    let made = octets[11..13] == [0xff, 0xfe] && mac[0] & 2 == 2;
    mac[0] &= !2;
    made.then_some(MacAddr(mac))
}

/// Whether this layer is one of IPv6's extension headers.
pub(super) fn is_extension(view: LayerView<'_, '_>) -> bool {
    info::EXTENSIONS.iter().any(|(header, _)| view.is(header))
}

/// The extension headers right behind this layer.
fn extensions<'p, 'f>(ip: LayerView<'p, 'f>) -> impl Iterator<Item = LayerView<'p, 'f>> {
    let behind = ip.index + 1..ip.packet.layers.len();
    behind.map(move |index| LayerView { packet: ip.packet, index }).take_while(|view| is_extension(*view))
}

/// The sender and the last receiver of the packet, as its checksums count them: the end of a route that is not used up
/// yet (RFC 8200 §8.1), and the home address of a traveller (RFC 6275 §6.3).
pub(super) fn ends(ip: LayerView<'_, '_>) -> Option<(Ipv6Addr, Ipv6Addr)> {
    let header = ip.bytes();
    let mut ends = (address(header, 8)?, address(header, 24)?);
    for extension in extensions(ip) {
        if extension.is(&routing::HEADER) {
            ends.1 = routing::last(extension.bytes()).unwrap_or(ends.1);
        } else {
            ends.0 = options::home(extension.bytes()).unwrap_or(ends.0);
        }
    }
    Some(ends)
}

/// Bytes of payload on the wire, as far as header and frame agree; extension headers do not count.
pub(super) fn reported_payload(ip: LayerView<'_, '_>) -> usize {
    let layer = ip.layer();
    let frame = ip.packet.frame;
    let room = frame.original.max(frame.bytes.len()).saturating_sub(layer.offset + LENGTH);
    let total = match promised(ip.bytes(), ip.payload()) {
        None => room,
        Some(total) if layer.quoted => total,
        Some(total) => room.min(total),
    };
    extensions(ip).fold(total, |rest, extension| rest.saturating_sub(extension.layer().length))
}

/// Whether the payload is here from its first to its last byte.
pub(super) fn is_whole(ip: LayerView<'_, '_>) -> bool {
    let last = extensions(ip).last().unwrap_or(ip);
    is_unfragmented(ip) && last.layer().payload >= reported_payload(ip)
}

/// Whether the packet is a whole one, as its sender says.
pub(super) fn is_unfragmented(ip: LayerView<'_, '_>) -> bool {
    extensions(ip).filter_map(fragment::Fragment::of).all(|fragment| fragment.is_whole())
}

/// Bytes behind the fixed header, as the packet says: more than 65,535 stand in an option (RFC 2675 §3).
fn promised(header: &[u8], payload: &[u8]) -> Option<usize> {
    let length = usize::from(be16(header, 4)?);
    let jumbo = (length == 0 && header.get(6) == Some(&HOP_BY_HOP)).then(|| options::jumbo(payload)).flatten();
    Some(jumbo.unwrap_or(length))
}

fn dissect(input: &Input<'_>) -> Found {
    let version = usize::from(input.bytes.first().map_or(6, |first| first >> 4));
    if version != 6 {
        return Found::malformed(input, LENGTH, 0, 6, version, "ipv6.version");
    }
    let Some((header, rest)) = input.bytes.split_first_chunk::<LENGTH>() else {
        return Found::truncated(input, LENGTH, None);
    };
    let total = promised(header, rest).unwrap_or_default();
    let room = input.reported.saturating_sub(LENGTH);
    let mut found = Found::new(input, LENGTH, Some(Binding::IpProtocol(header[6])));
    found.payload = total.min(room);
    found.ends = (total < room).then_some("ipv6.plen");
    found.promises = true;
    // A quotation is expected to end early.
    if total > room && !input.quoted {
        let (at, because) = (LENGTH, "ipv6.plen");
        found.flaw = Some(Flaw { kind: FaultKind::Truncated, at, needed: total, available: room, because });
    }
    found
}

fn walk<'f>(view: LayerView<'_, 'f>, each: &mut dyn Visitor<'f>) {
    rows(view, &FIELDS, each);
    for (at, spec) in [(SOURCE, SOURCE_MAC), (DESTINATION, DESTINATION_MAC)] {
        if let Some(mac) = address(view.bytes(), FIELDS[at].at.start / 8).and_then(card) {
            each.field(concluded(view, &FIELDS[spec], Value::Mac(mac)));
        }
    }
}

/// A packet around `payload`, which begins with what `header` says is next. Payload beyond the 65,535 bytes that the
/// length field can say is left out.
#[must_use]
pub fn craft(header: &Ipv6, payload: &[u8]) -> Vec<u8> {
    let payload = &payload[..payload.len().min(usize::from(u16::MAX))];
    let mut bytes = vec![0; LENGTH + payload.len()];
    if let Some(mut packet) = MutableIpv6Packet::new(&mut bytes) {
        packet.set_version(6);
        packet.set_traffic_class(header.traffic_class);
        packet.set_flow_label(header.flow & 0xf_ffff);
        packet.set_payload_length(u16::try_from(payload.len()).unwrap_or(u16::MAX));
        packet.set_next_header(IpNextHeaderProtocol(header.next_header));
        packet.set_hop_limit(header.hop_limit);
        packet.set_source(header.source);
        packet.set_destination(header.destination);
        packet.set_payload(payload);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::dissect;
    use crate::model::{Frame, FrameNo, LinkType, Nanos};
    use crate::proto::ip;

    const HERE: Ipv6Addr = Ipv6Addr::new(0xfd00, 7, 0, 0, 0, 0, 0, 2);
    const THERE: Ipv6Addr = Ipv6Addr::new(0xfd00, 7, 0, 0, 0, 0, 0, 1);

    fn header(next_header: u8) -> Ipv6 {
        Ipv6 { traffic_class: 0xb9, flow: 0xf_ffff, next_header, hop_limit: 3, source: HERE, destination: THERE }
    }

    fn frame(bytes: Vec<u8>) -> Frame {
        Frame {
            number: FrameNo(1),
            time: Nanos(0),
            direction: None,
            link: LinkType::RawIp,
            original: bytes.len(),
            checksum_pending: false,
            bytes,
        }
    }

    #[test]
    fn a_crafted_packet_reads_back() {
        let packet = craft(&header(17), b"payload");
        assert_eq!(Ipv6::read(&packet), Some(header(17)));
        assert_eq!(be16(&packet, 4), Some(7));
        assert_eq!(Ipv6::read(&packet[..39]), None);
    }

    #[test]
    fn fragments_join_to_the_whole_and_fit_the_link() {
        let payload: Vec<u8> = (0..=255).cycle().take(4008).collect();
        for mtu in [1500, 1280, 57, 576] {
            let mut joined = Vec::new();
            let parts = fragment::fragments(&header(17), &payload, mtu, 0xbeef);
            for (index, part) in parts.iter().enumerate() {
                let fragment = fragment::Fragment::read(&part[LENGTH..]).expect("a fragment header");
                assert!(part.len() <= mtu.max(56));
                assert_eq!((fragment.next_header, fragment.identification), (17, 0xbeef));
                assert_eq!(usize::from(fragment.offset), joined.len());
                assert_eq!(fragment.more, index + 1 < parts.len());
                joined.extend_from_slice(&part[LENGTH + fragment::LENGTH..]);
            }
            assert_eq!(joined, payload);
        }
        assert_eq!(fragment::fragments(&header(17), &payload[..1460], 1500, 0).len(), 1);
    }

    #[test]
    fn a_route_that_is_not_used_up_says_who_the_receiver_is() {
        let last: Ipv6Addr = "2001:db8::9".parse().expect("an address");
        for (left, receiver) in [(1, last), (0, THERE)] {
            // RFC 5095 forbids this route; the sum is counted to its end all the same.
            let mut route = vec![17, 2, 0, left, 0, 0, 0, 0];
            route.extend(last.octets());
            route.extend(b"udp data");
            let frame = frame(craft(&header(ROUTING), &route));
            let packet = dissect(&frame);
            let inside = packet.find(&crate::proto::udp::HEADER).and_then(ip::enclosing).expect("IP around UDP");
            assert_eq!(ip::ends(inside), Some((HERE.into(), receiver.into())));
            assert_eq!(ip::addresses(&packet), Some((HERE.into(), THERE.into())), "what the header says stays");
            assert_eq!(ip::reported_payload(inside), 8);
        }
    }

    #[test]
    fn a_card_s_address_is_seen_in_an_address_made_from_it() {
        let made: Ipv6Addr = "fe80::8e85:90ff:fe42:64b2".parse().expect("an address");
        assert_eq!(card(made), Some(MacAddr([0x8c, 0x85, 0x90, 0x42, 0x64, 0xb2])));
        assert_eq!(card(HERE), None);
    }
}
