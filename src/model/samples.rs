//! What tests below `proto` look at: small tables of their own, and frames for them.

use std::fmt::{self, Write as _};

use super::{
    Bits, Direction, Field, FieldSpec, Frame, FrameNo, Header, Kind, Layer, LayerView, LinkType, Nanos, Packet, Value,
    Visitor,
};

const fn bits(start: usize, len: usize) -> Bits {
    Bits { start, len }
}

static ETHERTYPES: &[(u32, &str)] = &[(0x0800, "IPv4"), (0x0806, "ARP")];
static PROTOCOLS: &[(u32, &str)] = &[(1, "ICMP"), (6, "TCP"), (17, "UDP")];
static TYPES: &[(u32, &str)] = &[(0, "Echo (ping) reply"), (8, "Echo (ping) request"), (11, "Time-to-live exceeded")];

static ETH_FIELDS: [FieldSpec; 3] = [
    FieldSpec::new("eth.dst", "Destination", Bits::bytes(0, 6), Kind::Mac),
    FieldSpec::new("eth.src", "Source", Bits::bytes(6, 6), Kind::Mac),
    FieldSpec::new("eth.type", "Type", Bits::bytes(12, 2), Kind::Enum(ETHERTYPES)),
];
static IP_FIELDS: [FieldSpec; 18] = [
    FieldSpec::new("ip.version", "Version", bits(0, 4), Kind::Number),
    FieldSpec::new("ip.hdr_len", "Header Length", bits(4, 4), Kind::Scaled(4)),
    FieldSpec::new("ip.dsfield", "Differentiated Services Field", bits(8, 8), Kind::Hex),
    FieldSpec::new("ip.dsfield.dscp", "Differentiated Services Codepoint", bits(8, 6), Kind::Number).part(),
    FieldSpec::new("ip.len", "Total Length", Bits::bytes(2, 2), Kind::Number),
    FieldSpec::new("ip.id", "Identification", Bits::bytes(4, 2), Kind::Hex),
    FieldSpec::new("ip.flags", "Flags", bits(48, 3), Kind::Hex),
    FieldSpec::new("ip.flags.rb", "Reserved bit", bits(48, 1), Kind::Flag("Set", "Not set")).part(),
    FieldSpec::new("ip.flags.df", "Don't fragment", bits(49, 1), Kind::Flag("Set", "Not set")).part(),
    FieldSpec::new("ip.flags.mf", "More fragments", bits(50, 1), Kind::Flag("Set", "Not set")).part(),
    FieldSpec::new("ip.frag_offset", "Fragment Offset", bits(51, 13), Kind::Number),
    FieldSpec::new("ip.ttl", "Time to Live", Bits::bytes(8, 1), Kind::Number),
    FieldSpec::new("ip.proto", "Protocol", Bits::bytes(9, 1), Kind::Enum(PROTOCOLS)),
    FieldSpec::new("ip.checksum", "Header Checksum", Bits::bytes(10, 2), Kind::Hex),
    FieldSpec::new("ip.checksum.status", "Header checksum status", bits(0, 0), Kind::Number).generated(),
    FieldSpec::new("ip.src", "Source Address", Bits::bytes(12, 4), Kind::Ipv4),
    FieldSpec::new("ip.dst", "Destination Address", Bits::bytes(16, 4), Kind::Ipv4),
    FieldSpec::new("ip.opt.type", "Type", Bits::bytes(0, 1), Kind::Number),
];
static ICMP_FIELDS: [FieldSpec; 9] = [
    FieldSpec::new("icmp.type", "Type", Bits::bytes(0, 1), Kind::Enum(TYPES)),
    FieldSpec::new("icmp.code", "Code", Bits::bytes(1, 1), Kind::Number),
    FieldSpec::new("icmp.checksum", "Checksum", Bits::bytes(2, 2), Kind::Hex),
    FieldSpec::new("icmp.ident", "Identifier (BE)", Bits::bytes(4, 2), Kind::Hex),
    FieldSpec::new("icmp.seq", "Sequence Number (BE)", Bits::bytes(6, 2), Kind::Number),
    FieldSpec::new("icmp.mtu", "MTU of next hop", Bits::bytes(6, 2), Kind::Number),
    FieldSpec::new("icmp.redir_gw", "Gateway Address", Bits::bytes(4, 4), Kind::Ipv4),
    FieldSpec::new("icmp.pointer", "Pointer", Bits::bytes(4, 1), Kind::Number),
    FieldSpec::new("icmp.resptime", "Response time", bits(0, 0), Kind::Span).generated(),
];
static ARP_FIELDS: [FieldSpec; 9] = [
    FieldSpec::new("arp.hw.type", "Hardware type", Bits::bytes(0, 2), Kind::Number),
    FieldSpec::new("arp.proto.type", "Protocol type", Bits::bytes(2, 2), Kind::Enum(ETHERTYPES)),
    FieldSpec::new("arp.hw.size", "Hardware size", Bits::bytes(4, 1), Kind::Number),
    FieldSpec::new("arp.proto.size", "Protocol size", Bits::bytes(5, 1), Kind::Number),
    FieldSpec::new("arp.opcode", "Opcode", Bits::bytes(6, 2), Kind::Enum(&[(1, "request"), (2, "reply")])),
    FieldSpec::new("arp.src.hw_mac", "Sender MAC address", Bits::bytes(8, 6), Kind::Mac),
    FieldSpec::new("arp.src.proto_ipv4", "Sender IP address", Bits::bytes(14, 4), Kind::Ipv4),
    FieldSpec::new("arp.dst.hw_mac", "Target MAC address", Bits::bytes(18, 6), Kind::Mac),
    FieldSpec::new("arp.dst.proto_ipv4", "Target IP address", Bits::bytes(24, 4), Kind::Ipv4),
];
static TEXT_FIELDS: [FieldSpec; 2] = [
    FieldSpec::new("odd.name", "Name", bits(0, 0), Kind::Text),
    FieldSpec::new("odd.byte", "Byte", Bits::bytes(0, 1), Kind::Number),
];

pub(crate) static ETH: Header = table("eth", "Ethernet II", "RFC 894", &ETH_FIELDS);
pub(crate) static IP: Header = table("ip", "Internet Protocol Version 4", "RFC 791 §3.1", &IP_FIELDS);
pub(crate) static ICMP: Header =
    Header { info: Some(icmp_info), ..table("icmp", "Internet Control Message Protocol", "RFC 792", &ICMP_FIELDS) };
pub(crate) static ARP: Header =
    Header { info: Some(arp_info), ..table("arp", "Address Resolution Protocol", "RFC 826", &ARP_FIELDS) };
pub(crate) static ODD: Header =
    Header { info: Some(odd_info), walk: odd_walk, ..table("odd", "Odd Protocol", "RFC 0", &TEXT_FIELDS) };

const fn table(name: &'static str, title: &'static str, source: &'static str, fields: &'static [FieldSpec]) -> Header {
    Header { name, title, source, fields, walk, info: None }
}

/// Every field but those that this message or header does not have.
fn walk<'f>(view: LayerView<'_, 'f>, each: &mut dyn Visitor<'f>) {
    let (bytes, offset) = (view.bytes(), view.layer().offset);
    for spec in view.layer().header.fields {
        let present = match spec.key {
            "icmp.ident" | "icmp.seq" => matches!(bytes.first(), Some(0 | 8)),
            "icmp.mtu" => bytes.first() == Some(&3),
            "icmp.redir_gw" => bytes.first() == Some(&5),
            "icmp.pointer" => bytes.first() == Some(&12),
            "ip.checksum.status" => {
                each.field(Field { spec, start: offset * 8, bits: 0, value: Value::Number(1) });
                false
            }
            "ip.opt.type" => false,
            _ => !spec.generated,
        };
        if present {
            spec.read(bytes, offset).into_iter().for_each(|field| each.field(field));
        }
    }
}

/// The second row twice.
fn odd_walk<'f>(view: LayerView<'_, 'f>, each: &mut dyn Visitor<'f>) {
    let (bytes, offset) = (view.bytes(), view.layer().offset);
    walk(view, each);
    TEXT_FIELDS[1].read_at(Bits::bytes(1, 1), bytes, offset).into_iter().for_each(|field| each.field(field));
}

fn icmp_info(view: LayerView<'_, '_>, out: &mut String) -> fmt::Result {
    let number = |key| view.number(key).unwrap_or_default();
    if number("icmp.type") == 11 {
        return out.write_str("Time-to-live exceeded (Time to live exceeded in transit)");
    }
    let what = if number("icmp.type") == 8 { "Echo (ping) request" } else { "Echo (ping) reply" };
    let (id, seq) = (number("icmp.ident"), number("icmp.seq"));
    write!(out, "{what:<20} id=0x{id:04x}, seq={seq}/{}, ttl=64", seq << 8)?;
    match view.packet.generated(super::tracked!("icmp.resp_to")) {
        Some(Value::Number(request)) => write!(out, " (request in {request})"),
        _ => Ok(()),
    }
}

fn arp_info(view: LayerView<'_, '_>, out: &mut String) -> fmt::Result {
    match view.number("arp.opcode") {
        Some(1) => out.write_str("Who has 192.168.11.1? Tell 192.168.11.2"),
        _ => out.write_str("192.168.11.1 is at 4c:e6:76:0a:11:01"),
    }
}

fn odd_info(_view: LayerView<'_, '_>, out: &mut String) -> fmt::Result {
    out.write_str(
        "53451 → 80 [SYN] Seq=0 Win=65535 Len=0 MSS=1460 WS=32 TSval=1 TSecr=0 SACK_PERM a\u{1b}[31mb\u{202e}c",
    )
}

/// The bytes written in hexadecimal, spaces allowed.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .bytes()
        .filter_map(|byte| char::from(byte).to_digit(16))
        .filter_map(|digit| u8::try_from(digit).ok())
        .collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

pub(crate) fn frame(number: u32, microseconds: i64, direction: Direction, bytes: &str) -> Frame {
    let bytes = hex(bytes);
    Frame {
        number: FrameNo(number),
        time: Nanos(1_732_150_000_000_000_000 + microseconds * 1000),
        direction: Some(direction),
        link: LinkType::Ethernet,
        original: bytes.len(),
        checksum_pending: false,
        bytes,
    }
}

/// `frame` with these layers one after the other, the rest being the last one's payload.
pub(crate) fn packet<'f>(frame: &'f Frame, layers: &[(&'static Header, usize)]) -> Packet<'f> {
    let mut packet = Packet::new(frame, None);
    let (mut offset, mut within_icmp) = (0, false);
    for &(header, length) in layers {
        let payload = frame.bytes.len() - offset - length;
        packet.layers.push(Layer {
            header,
            offset,
            length,
            payload,
            quoted: within_icmp,
            fragment: false,
            checksum: None,
        });
        within_icmp |= header.name == "icmp";
        offset += length;
    }
    packet
}

pub(crate) const ARP_REQUEST: &str = "ffffffffffff 020000000b02 0806 0001 0800 06 04 0001
    020000000b02 c0a80b02 000000000000 c0a80b01";
pub(crate) const ARP_REPLY: &str = "020000000b02 4ce6760a1101 0806 0001 0800 06 04 0002
    4ce6760a1101 c0a80b01 020000000b02 c0a80b02";
pub(crate) const REQUEST: &str = "4ce6760a1101 020000000b02 0800 4500 0024 1c46 4000 40 01 873f c0a80b02 c0a80b01
    0800 588a 3a1f 0001 6e65746c61622121";
pub(crate) const REPLY: &str = "020000000b02 4ce6760a1101 0800 4500 0024 0bad 0000 40 01 d7d8 c0a80b01 c0a80b02
    0000 608a 3a1f 0001 6e65746c61622121";
pub(crate) const EXPIRED: &str = "020000000b02 4ce6760a1101 0800 4500 0038 0bad 0000 40 01 d7c4 c0a80b01 c0a80b02
    0b00 e991 00000000 4500 0024 1c46 4000 01 01 c631 c0a80b02 5db8d822 0800 5f2a 3a1f 0001";

pub(crate) static LINK_ARP: &[(&Header, usize)] = &[(&ETH, 14), (&ARP, 28)];
pub(crate) static LINK_ICMP: &[(&Header, usize)] = &[(&ETH, 14), (&IP, 20), (&ICMP, 8)];
pub(crate) static LINK_ERROR: &[(&Header, usize)] = &[(&ETH, 14), (&IP, 20), (&ICMP, 8), (&IP, 20), (&ICMP, 8)];
