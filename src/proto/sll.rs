//! Linux cooked captures, versions 1 and 2: what libpcap puts before a packet instead of its link header when it listens
//! on all interfaces together (`tcpdump -i any`), whose link headers differ. Nothing of it was on any wire.

use std::fmt::{self, Write as _};

use super::reading::{Binding, Found, Input, be16, broken, placed, row};
use super::{Protocol, ethernet, numbers};
use crate::model::{Bits, FieldSpec, Header, Kind, LayerView, LinkType, Visitor};

static PACKET_TYPES: [(u32, &str); 5] =
    [(0, "Unicast to us"), (1, "Broadcast"), (2, "Multicast"), (3, "Unicast to another host"), (4, "Sent by us")];

/// Values below Ethernet's types that Linux gives a meaning of its own.
static LINUX_TYPES: [(u32, &str); 9] = [
    (0x01, "Raw 802.3"),
    (0x03, "Ethernet"),
    (0x04, "802.2 LLC"),
    (0x07, "PPP (HDLC)"),
    (0x0c, "CAN"),
    (0x0d, "CAN FD"),
    (0x17, "IrDA LAP"),
    (0xf5, "ISI"),
    (0xf6, "IEEE 802.15.4"),
];

static TUNNEL_TYPES: [(u32, &str); 4] =
    [(0x800, "IP"), (0x806, "ARP"), (0x6558, "Transparent Ethernet bridging"), (0x86dd, "IPv6")];

/// Where the fields lie in version 1; `V2` says where in version 2.
static FIELDS: [FieldSpec; 12] = [
    FieldSpec::new("sll.pkttype", "Packet type", Bits::bytes(0, 2), Kind::Enum(&PACKET_TYPES)),
    FieldSpec::new("sll.hatype", "Link-layer address type", Bits::bytes(2, 2), Kind::Enum(&numbers::ARP_HARDWARE)),
    FieldSpec::new("sll.halen", "Link-layer address length", Bits::bytes(4, 2), Kind::Number),
    FieldSpec::new("sll.src.eth", "Source", Bits::bytes(6, 6), Kind::Mac),
    FieldSpec::new("sll.src.ipv4", "Source", Bits::bytes(6, 4), Kind::Ipv4),
    FieldSpec::new("sll.src.other", "Source", Bits::bytes(6, 8), Kind::Bytes),
    FieldSpec::new("sll.unused", "Unused", Bits::bytes(12, 2), Kind::Bytes),
    FieldSpec::new("sll.etype", "Protocol", Bits::bytes(14, 2), Kind::Enum(&numbers::ETHERTYPES)),
    FieldSpec::new("sll.ltype", "Protocol", Bits::bytes(14, 2), Kind::Enum(&LINUX_TYPES)),
    FieldSpec::new("sll.gretype", "Protocol", Bits::bytes(14, 2), Kind::Enum(&TUNNEL_TYPES)),
    FieldSpec::new("sll.ifindex", "Interface index", Bits { start: 0, len: 0 }, Kind::Number),
    FieldSpec::new("sll.trailer", "Trailer", Bits { start: 0, len: 0 }, Kind::Bytes),
];
const PACKET_TYPE: usize = row(&FIELDS, "sll.pkttype");
const HARDWARE: usize = row(&FIELDS, "sll.hatype");
const ADDRESS_LENGTH: usize = row(&FIELDS, "sll.halen");
const MAC: usize = row(&FIELDS, "sll.src.eth");
const IPV4: usize = row(&FIELDS, "sll.src.ipv4");
const OTHER: usize = row(&FIELDS, "sll.src.other");
const UNUSED: usize = row(&FIELDS, "sll.unused");
const ETHER_TYPE: usize = row(&FIELDS, "sll.etype");
const LINUX_TYPE: usize = row(&FIELDS, "sll.ltype");
const TUNNEL_TYPE: usize = row(&FIELDS, "sll.gretype");
const INTERFACE: usize = row(&FIELDS, "sll.ifindex");
const TRAILER: usize = row(&FIELDS, "sll.trailer");

/// The table of both versions.
pub static HEADER: Header = Header {
    name: "sll",
    title: "Linux cooked-mode capture",
    source: "https://www.tcpdump.org/linktypes.html",
    fields: &FIELDS,
    walk,
    info: Some(info),
};

/// As the registry knows version 1.
pub static PROTOCOL: Protocol = Protocol { header: &HEADER, dissect: |input| dissect(input, &V1) };
/// As the registry knows version 2.
pub static PROTOCOL2: Protocol = Protocol { header: &HEADER, dissect: |input| dissect(input, &V2) };

/// Up to here the protocol is one of Linux's own numbers, beyond it an `EtherType`.
const LARGEST_LINUX_TYPE: u16 = 0x0600;
/// A whole Ethernet frame follows.
const WHOLE_FRAME: u16 = 3;
/// Hardware type of a GRE tunnel, whose protocol is GRE's.
const GRE: u16 = 778;
/// GRE's protocol for a whole Ethernet frame.
const BRIDGED_FRAME: u16 = 0x6558;
/// Bytes kept for the address, however long it is.
const ADDRESS: usize = 8;

/// Where the fields of one version lie, in bytes.
struct Layout {
    /// Rows with their offset and length, in the order of the bytes.
    fixed: &'static [(usize, usize, usize)],
    address: usize,
    protocol: usize,
    length: usize,
}

static V1: Layout = Layout {
    fixed: &[(PACKET_TYPE, 0, 2), (HARDWARE, 2, 2), (ADDRESS_LENGTH, 4, 2)],
    address: 6,
    protocol: 14,
    length: 16,
};

static V2: Layout = Layout {
    fixed: &[(INTERFACE, 4, 4), (HARDWARE, 8, 2), (PACKET_TYPE, 10, 1), (ADDRESS_LENGTH, 11, 1)],
    address: 12,
    protocol: 0,
    length: 20,
};

impl Layout {
    fn of(view: LayerView<'_, '_>) -> &'static Self {
        if view.packet.frame.link == LinkType::Cooked2 { &V2 } else { &V1 }
    }

    /// The number in a row of `fixed`, which has one or two bytes.
    fn number(&self, row: usize, header: &[u8]) -> Option<u16> {
        let &(_, at, length) = self.fixed.iter().find(|fixed| fixed.0 == row)?;
        if length == 1 { header.get(at).map(|&byte| byte.into()) } else { be16(header, at) }
    }

    /// The protocol, and the row that it is: what its number means depends on the kind of hardware.
    fn protocol(&self, header: &[u8]) -> Option<(usize, u16)> {
        let row = match (self.number(HARDWARE, header), be16(header, self.protocol)?) {
            (_, ..=LARGEST_LINUX_TYPE) => LINUX_TYPE,
            (Some(GRE), _) => TUNNEL_TYPE,
            _ => ETHER_TYPE,
        };
        Some((row, be16(header, self.protocol)?))
    }
}

fn dissect(input: &Input<'_>, layout: &Layout) -> Found {
    let Some((row, protocol)) = input.bytes.get(..layout.length).and_then(|header| layout.protocol(header)) else {
        return Found::truncated(input, layout.length, None);
    };
    let next = match (row, protocol) {
        (LINUX_TYPE, WHOLE_FRAME) | (TUNNEL_TYPE, BRIDGED_FRAME) => Some(Binding::Link(LinkType::Ethernet)),
        (LINUX_TYPE, _) => Some(Binding::Data),
        (TUNNEL_TYPE, _) => numbers::name(&TUNNEL_TYPES, protocol.into()).map(|_| Binding::EtherType(protocol)),
        _ => Some(Binding::EtherType(protocol)),
    };
    Found::new(input, layout.length, next)
}

fn walk<'f>(view: LayerView<'_, 'f>, each: &mut dyn Visitor<'f>) {
    let (layout, header) = (Layout::of(view), view.bytes());
    let protocol = |each: &mut dyn Visitor<'f>| {
        if let Some((row, _)) = layout.protocol(header) {
            placed(view, &FIELDS[row], layout.protocol, 2, each);
        }
    };
    if layout.protocol == 0 {
        protocol(each);
    }
    for &(row, at, length) in layout.fixed {
        placed(view, &FIELDS[row], at, length, each);
    }
    if let Some(length) = layout.number(ADDRESS_LENGTH, header) {
        source(view, layout.address, length.into(), each);
    }
    if layout.protocol > 0 {
        protocol(each);
    }
    ethernet::trailing(view, &FIELDS[TRAILER], each);
}

/// The sender's link address of `length` bytes, as much of it as there is room for, and what is left of the room.
fn source<'f>(view: LayerView<'_, 'f>, at: usize, length: usize, each: &mut dyn Visitor<'f>) {
    let row = match length {
        4 => IPV4,
        6 => MAC,
        _ => OTHER,
    };
    let length = length.min(ADDRESS);
    for (row, at, length) in [(row, at, length), (UNUSED, at + length, ADDRESS - length)] {
        if length > 0 {
            placed(view, &FIELDS[row], at, length, each);
        }
    }
}

fn info(view: LayerView<'_, '_>, out: &mut String) -> fmt::Result {
    let (layout, header) = (Layout::of(view), view.bytes());
    let protocol = layout.protocol(header).filter(|_| header.len() >= layout.length);
    if let Some(name) = protocol
        .filter(|(row, _)| *row == ETHER_TYPE)
        .and_then(|(_, protocol)| numbers::name(&numbers::ETHERTYPES, protocol.into()))
    {
        return out.write_str(name);
    }
    // Wireshark has looked at both before it says anything.
    if let (Some(kind), Some(_)) = (layout.number(PACKET_TYPE, header), layout.number(HARDWARE, header)) {
        match numbers::name(&PACKET_TYPES, kind.into()) {
            Some(name) => out.write_str(name)?,
            None => write!(out, "Unknown ({kind})")?,
        }
    }
    out.write_str(broken(view).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::dissect;
    use crate::model::{Frame, FrameNo, MacAddr, Nanos, Value};

    fn frame(link: LinkType, bytes: &[u8]) -> Frame {
        let (number, time) = (FrameNo(1), Nanos(0));
        Frame {
            number,
            time,
            direction: None,
            link,
            original: bytes.len(),
            checksum_pending: false,
            bytes: bytes.to_vec(),
        }
    }

    #[test]
    fn both_versions_say_the_same_in_other_places() {
        let v1 = [0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 0x88, 0xb5];
        let v2 = [0x88, 0xb5, 0, 0, 0, 0, 0, 3, 0, 1, 4, 6, 2, 0, 0, 0, 0, 1, 0, 0];
        for (link, bytes) in [(LinkType::Cooked, &v1[..]), (LinkType::Cooked2, &v2)] {
            let frame = frame(link, bytes);
            let packet = dissect(&frame);
            let view = packet.find(&HEADER).expect("a cooked header");
            assert_eq!(view.number("sll.pkttype"), Some(4));
            assert_eq!(view.number("sll.hatype"), Some(1));
            assert_eq!(view.number("sll.halen"), Some(6));
            assert_eq!(view.number("sll.etype"), Some(0x88b5));
            assert_eq!(view.number("sll.ifindex"), (link == LinkType::Cooked2).then_some(3));
            let source = view.field("sll.src.eth").map(|field| field.value);
            assert_eq!(source, Some(Value::Mac(MacAddr([2, 0, 0, 0, 0, 1]))));
            assert_eq!(view.layer().length, bytes.len());
            for length in 0..bytes.len() {
                let frame = self::frame(link, &bytes[..length]);
                assert_eq!(dissect(&frame).faults.len(), 1, "{length} bytes of {link:?}");
            }
        }
    }
}
