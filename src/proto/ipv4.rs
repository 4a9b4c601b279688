//! Internet Protocol version 4 (RFC 791); DSCP and ECN of RFC 2474 and RFC 3168.

use std::fmt;
use std::net::Ipv4Addr;

use super::{Binding, Dissected, Next, Protocol, checksum, ethernet, u16_at};
use crate::model::{Bits, Fault, FaultKind, Field, FieldSpec, Header, Kind, LayerView, Value};

/// Protocol number of ICMP.
pub const ICMP: u8 = 1;
/// Protocol number of TCP.
pub const TCP: u8 = 6;
/// Protocol number of UDP.
pub const UDP: u8 = 17;
/// A header without options.
pub const HEADER_LENGTH: usize = 20;

/// Names of common protocol numbers, as Wireshark prints them.
pub const PROTOCOLS: &[(u32, &str)] = &[
    (0, "IPv6 Hop-by-Hop Option"),
    (1, "ICMP"),
    (2, "IGMP"),
    (4, "IPIP"),
    (6, "TCP"),
    (17, "UDP"),
    (41, "IPv6"),
    (47, "Generic Routing Encapsulation"),
    (50, "Encap Security Payload"),
    (51, "Authentication Header"),
    (58, "ICMPv6"),
    (89, "OSPF IGP"),
    (112, "VRRP"),
    (132, "SCTP"),
    (253, "Use for experimentation and testing"),
    (254, "Use for experimentation and testing"),
    (255, "Reserved"),
];
const DSCPS: &[(u32, &str)] = &[
    (0, "Default"),
    (8, "Class Selector 1"),
    (10, "Assured Forwarding 11"),
    (12, "Assured Forwarding 12"),
    (14, "Assured Forwarding 13"),
    (16, "Class Selector 2"),
    (18, "Assured Forwarding 21"),
    (20, "Assured Forwarding 22"),
    (22, "Assured Forwarding 23"),
    (24, "Class Selector 3"),
    (26, "Assured Forwarding 31"),
    (28, "Assured Forwarding 32"),
    (30, "Assured Forwarding 33"),
    (32, "Class Selector 4"),
    (34, "Assured Forwarding 41"),
    (36, "Assured Forwarding 42"),
    (38, "Assured Forwarding 43"),
    (40, "Class Selector 5"),
    (44, "Voice Admit"),
    (46, "Expedited Forwarding"),
    (48, "Class Selector 6"),
    (56, "Class Selector 7"),
];
const ECNS: &[(u32, &str)] = &[
    (0, "Not ECN-Capable Transport"),
    (1, "ECN-Capable Transport codepoint '01'"),
    (2, "ECN-Capable Transport codepoint '10'"),
    (3, "Congestion Experienced"),
];
const OPTIONS: &[(u32, &str)] = &[
    (0, "End of Options List (EOL)"),
    (1, "No-Operation (NOP)"),
    (7, "Record Route"),
    (68, "Time Stamp"),
    (130, "Security"),
    (131, "Loose Source Route"),
    (136, "Stream ID"),
    (137, "Strict Source Route"),
    (148, "Router Alert"),
];
const SET: Kind = Kind::Flag("Set", "Not set");

static FIELDS: [FieldSpec; 21] = [
    FieldSpec::new("ip.version", "Version", Bits { start: 0, len: 4 }, Kind::Number),
    FieldSpec::new("ip.hdr_len", "Header Length", Bits { start: 4, len: 4 }, Kind::Scaled(4)),
    FieldSpec::new("ip.dsfield", "Differentiated Services Field", Bits::bytes(1, 1), Kind::Hex),
    FieldSpec::new(
        "ip.dsfield.dscp",
        "Differentiated Services Codepoint",
        Bits { start: 8, len: 6 },
        Kind::Enum(DSCPS),
    )
    .part(),
    FieldSpec::new("ip.dsfield.ecn", "Explicit Congestion Notification", Bits { start: 14, len: 2 }, Kind::Enum(ECNS))
        .part(),
    FieldSpec::new("ip.len", "Total Length", Bits::bytes(2, 2), Kind::Number),
    FieldSpec::new("ip.id", "Identification", Bits::bytes(4, 2), Kind::Hex),
    FieldSpec::new("ip.flags", "Flags", Bits { start: 48, len: 3 }, Kind::Hex),
    FieldSpec::new("ip.flags.rb", "Reserved bit", Bits { start: 48, len: 1 }, SET).part(),
    FieldSpec::new("ip.flags.df", "Don't fragment", Bits { start: 49, len: 1 }, SET).part(),
    FieldSpec::new("ip.flags.mf", "More fragments", Bits { start: 50, len: 1 }, SET).part(),
    FieldSpec::new("ip.frag_offset", "Fragment Offset", Bits { start: 51, len: 13 }, Kind::Scaled(8)),
    FieldSpec::new("ip.ttl", "Time to Live", Bits::bytes(8, 1), Kind::Number),
    FieldSpec::new("ip.proto", "Protocol", Bits::bytes(9, 1), Kind::Enum(PROTOCOLS)),
    FieldSpec::new("ip.checksum", "Header Checksum", Bits::bytes(10, 2), Kind::Hex),
    FieldSpec::new(
        "ip.checksum.status",
        "Header checksum status",
        Bits::bytes(10, 2),
        Kind::Enum(checksum::STATUS_NAMES),
    )
    .generated(),
    FieldSpec::new("ip.src", "Source Address", Bits::bytes(12, 4), Kind::Ipv4),
    FieldSpec::new("ip.dst", "Destination Address", Bits::bytes(16, 4), Kind::Ipv4),
    FieldSpec::new("ip.opt.type", "Type", Bits::bytes(0, 1), Kind::Enum(OPTIONS)),
    FieldSpec::new("ip.opt.len", "Length", Bits::bytes(1, 1), Kind::Number).part(),
    FieldSpec::new("ip.opt.ptr", "Pointer", Bits::bytes(2, 1), Kind::Number).part(),
];
/// Rows of the fixed header; the others belong to options.
const FIXED: usize = 18;

/// IPv4.
pub static HEADER: Header = Header {
    name: "ip",
    title: "Internet Protocol Version 4",
    source: "RFC 791 §3.1",
    fields: &FIELDS,
    walk,
    info: Some(info),
};

/// IPv4.
pub static PROTOCOL: Protocol =
    Protocol { header: &HEADER, dissect, bindings: &[Binding::EtherType(ethernet::IPV4), Binding::IpProtocol(4)] };

/// A header without options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv4 {
    /// DSCP (6 bits) and ECN (2 bits).
    pub dsfield: u8,
    /// Names the datagram among its fragments (RFC 6864).
    pub identification: u16,
    /// Routers must refuse rather than fragment.
    pub dont_fragment: bool,
    /// Not the last fragment.
    pub more_fragments: bool,
    /// Where this fragment's payload belongs, in bytes; a multiple of 8.
    pub fragment_offset: u16,
    /// Hops left.
    pub ttl: u8,
    /// What it carries.
    pub protocol: u8,
    /// From whom.
    pub source: Ipv4Addr,
    /// To whom.
    pub destination: Ipv4Addr,
}

impl Default for Ipv4 {
    fn default() -> Self {
        Self {
            dsfield: 0,
            identification: 0,
            dont_fragment: false,
            more_fragments: false,
            fragment_offset: 0,
            ttl: 64,
            protocol: 255,
            source: Ipv4Addr::UNSPECIFIED,
            destination: Ipv4Addr::UNSPECIFIED,
        }
    }
}

impl Ipv4 {
    /// The fixed header at the start of `bytes`; `None` when they are fewer than 20.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let address = |at: usize| Some(Ipv4Addr::from(<[u8; 4]>::try_from(bytes.get(at..at + 4)?).ok()?));
        let fragment = u16_at(bytes, 6)?;
        Some(Self {
            dsfield: *bytes.get(1)?,
            identification: u16_at(bytes, 4)?,
            dont_fragment: fragment & 0x4000 != 0,
            more_fragments: fragment & 0x2000 != 0,
            fragment_offset: (fragment & 0x1fff) * 8,
            ttl: *bytes.get(8)?,
            protocol: *bytes.get(9)?,
            source: address(12)?,
            destination: address(16)?,
        })
    }
}

/// The length that the header itself claims, options included, in bytes.
#[must_use]
pub fn header_length(bytes: &[u8]) -> usize {
    usize::from(bytes.first().copied().unwrap_or(0) & 0x0f) * 4
}

/// A packet that carries `payload`, which must fit (65,515 bytes); its checksum is right.
#[must_use]
pub fn craft(header: &Ipv4, payload: &[u8]) -> Vec<u8> {
    let total = u16::try_from(HEADER_LENGTH + payload.len()).unwrap_or(u16::MAX);
    let flags = u16::from(header.dont_fragment) << 14 | u16::from(header.more_fragments) << 13;
    let mut packet = Vec::with_capacity(HEADER_LENGTH + payload.len());
    packet.extend_from_slice(&[0x45, header.dsfield]);
    packet.extend_from_slice(&total.to_be_bytes());
    packet.extend_from_slice(&header.identification.to_be_bytes());
    packet.extend_from_slice(&(flags | (header.fragment_offset / 8)).to_be_bytes());
    packet.extend_from_slice(&[header.ttl, header.protocol, 0, 0]);
    packet.extend_from_slice(&header.source.octets());
    packet.extend_from_slice(&header.destination.octets());
    let sum = checksum::internet(&packet);
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    packet.extend_from_slice(payload);
    packet
}

/// The same in as many packets as links of `mtu` bytes need (at least 28: one unit of 8 bytes a packet).
#[must_use]
pub fn fragments(header: &Ipv4, payload: &[u8], mtu: usize) -> Vec<Vec<u8>> {
    let room = (mtu.saturating_sub(HEADER_LENGTH) / 8 * 8).max(8);
    let last = payload.len().div_ceil(room).saturating_sub(1);
    let fragment = |(index, piece): (usize, &[u8])| {
        let offset = u16::try_from(index * room).unwrap_or(u16::MAX);
        craft(&Ipv4 { fragment_offset: offset, more_fragments: index < last, ..*header }, piece)
    };
    payload.chunks(room).enumerate().map(fragment).collect()
}

fn dissect(bytes: &[u8]) -> Dissected {
    if bytes.len() < HEADER_LENGTH {
        return Dissected::cut("ip", HEADER_LENGTH, bytes.len(), "ip");
    }
    let fault =
        |kind, offset, needed, available, because| Fault { kind, layer: "ip", offset, needed, available, because };
    let claimed = header_length(bytes);
    if claimed < HEADER_LENGTH {
        let fault = fault(FaultKind::Malformed, 0, HEADER_LENGTH, claimed, "ip.hdr_len");
        return Dissected { payload: Some(0), faults: vec![fault], ..Dissected::whole(HEADER_LENGTH, Next::Nothing) };
    }
    let length = claimed.min(bytes.len());
    let total = usize::from(u16_at(bytes, 2).unwrap_or(0));
    let mut faults = Vec::new();
    if claimed > bytes.len() {
        faults.push(fault(
            FaultKind::Truncated,
            HEADER_LENGTH,
            claimed - HEADER_LENGTH,
            bytes.len() - HEADER_LENGTH,
            "ip.hdr_len",
        ));
    }
    // A total length of zero is how Linux writes packets too long for the field (BIG TCP, segmentation offload).
    let payload = match total.checked_sub(claimed) {
        _ if total == 0 => bytes.len() - length,
        None => {
            faults.push(fault(FaultKind::Malformed, 2, claimed, total, "ip.len"));
            0
        }
        Some(payload) => {
            let here = bytes.len() - length;
            if payload > here {
                faults.push(fault(FaultKind::Truncated, length, payload, here, "ip.len"));
            }
            payload.min(here)
        }
    };
    let header = Ipv4::read(bytes).unwrap_or_default();
    let next = match (header.fragment_offset, payload) {
        (_, 0) => Next::Nothing,
        (0, _) => Next::Bound(Binding::IpProtocol(header.protocol)),
        _ => Next::Data,
    };
    Dissected { length, payload: Some(payload), next, faults }
}

fn walk<'f>(view: LayerView<'_, 'f>, each: &mut dyn FnMut(Field<'f>)) {
    let (bytes, offset) = (view.bytes(), view.layer().offset);
    for spec in &FIELDS[..FIXED] {
        if spec.generated {
            if let Some(status) = checksum::status(view) {
                each(Field { spec, start: offset * 8 + spec.at.start, bits: 0, value: Value::Number(status.number()) });
            }
        } else if let Some(field) = spec.read(bytes, offset) {
            each(field);
        }
    }
    let mut at = HEADER_LENGTH;
    while let Some(option) = bytes.get(at..).filter(|option| !option.is_empty()) {
        let single = option[0] < 2;
        let length = if single { 1 } else { usize::from(option.get(1).copied().unwrap_or(0)) };
        let whole = &option[..length.min(option.len())];
        let rows = match (single, option[0]) {
            (true, _) => 1,
            (_, 7 | 68 | 131 | 137) => 3,
            _ => 2,
        };
        FIELDS[FIXED..FIXED + rows].iter().filter_map(|spec| spec.read(whole, offset + at)).for_each(&mut *each);
        if option[0] == 0 || length == 0 {
            break; // end of list, or a length that leads nowhere
        }
        at += length;
    }
}

fn info(view: LayerView<'_, '_>, out: &mut dyn fmt::Write) -> fmt::Result {
    let Some(ip) = Ipv4::read(view.bytes()) else { return out.write_str("IPv4 packet, cut short") };
    let name =
        PROTOCOLS.iter().find(|(number, _)| *number == u32::from(ip.protocol)).map_or("Unknown", |(_, name)| name);
    if ip.more_fragments || ip.fragment_offset != 0 {
        return write!(
            out,
            "Fragmented IP protocol (proto={name} {}, off={}, ID={:04x})",
            ip.protocol, ip.fragment_offset, ip.identification
        );
    }
    write!(out, "{name} ({})", ip.protocol)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Ipv4 {
        Ipv4 {
            identification: 0xbeef,
            ttl: 7,
            protocol: UDP,
            source: Ipv4Addr::new(10, 0, 0, 1),
            destination: Ipv4Addr::new(10, 0, 0, 2),
            ..Ipv4::default()
        }
    }

    #[test]
    fn what_is_crafted_is_read() {
        let header = Ipv4 { dont_fragment: true, dsfield: 0xb9, ..header() };
        let packet = craft(&header, b"payload");
        assert_eq!(Ipv4::read(&packet), Some(header));
        assert_eq!(checksum::internet(&packet[..HEADER_LENGTH]), 0, "a right header sums to zero");
        assert_eq!(u16_at(&packet, 2), Some(27));
    }

    #[test]
    fn fragments_carry_multiples_of_eight_bytes_but_the_last() {
        let pieces = fragments(&header(), &[1; 1481], 1500);
        let heads: Vec<_> = pieces.iter().map(|piece| Ipv4::read(piece).expect("a header")).collect();
        assert_eq!(
            heads.iter().map(|ip| (ip.fragment_offset, ip.more_fragments)).collect::<Vec<_>>(),
            [(0, true), (1480, false)]
        );
        assert_eq!(pieces.iter().map(Vec::len).collect::<Vec<_>>(), [1500, 21]);
        assert_eq!(fragments(&header(), b"small", 1500), [craft(&header(), b"small")]);
    }

    #[test]
    fn contradictions_are_faults_and_never_more() {
        let good = craft(&header(), b"payload");
        let with = |at: usize, value: u8| {
            let mut bytes = good.clone();
            bytes[at] = value;
            dissect(&bytes)
        };
        assert!(dissect(&good).faults.is_empty());
        assert_eq!(with(0, 0x44).faults[0].because, "ip.hdr_len");
        assert_eq!(with(0, 0x4f).faults[0].because, "ip.hdr_len");
        let long = with(3, 200);
        assert_eq!((long.faults[0].because, long.faults[0].needed, long.faults[0].available), ("ip.len", 180, 7));
        assert_eq!(with(3, 10).faults[0].because, "ip.len");
        assert_eq!(dissect(&good[..12]).faults[0].needed, 20);
    }
}
