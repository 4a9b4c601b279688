//! IPv4: from here to there across any number of links, packet by packet.

mod options;

use std::fmt::{self, Write as _};
use std::net::Ipv4Addr;

use pnet::packet::ip::IpNextHeaderProtocol;
use pnet::packet::ipv4::{Ipv4Flags, MutableIpv4Packet};

use super::checksum::{STATUS_NAMES, Sum};
use super::reading::{Binding, Found, Input, RawOptions, be16, broken, concluded, row, rows};
use super::{Flaw, Protocol, numbers};
use crate::model::{Bits, FaultKind, FieldSpec, Header, Kind, LayerView, Visitor};

const SET: Kind = Kind::Flag("Set", "Not set");
const YES: Kind = Kind::Flag("True", "False");
const ANYWHERE: Bits = Bits { start: 0, len: 0 };

static OPTION_CLASSES: [(u32, &str); 4] =
    [(0, "Control"), (1, "Reserved for future use"), (2, "Debugging and measurement"), (3, "Reserved for future use")];
static TIMESTAMP_FLAGS: [(u32, &str); 3] =
    [(0, "Time stamps only"), (1, "Time stamp and address"), (3, "Time stamps for prespecified addresses")];

/// What other fragments say about this one.
const fn concluded_row(key: &'static str, label: &'static str, kind: Kind) -> FieldSpec {
    FieldSpec::new(key, label, ANYWHERE, kind).generated()
}

/// Rows of options are counted from the option's first byte.
static FIELDS: [FieldSpec; 41] = [
    FieldSpec::new("ip.version", "Version", Bits { start: 0, len: 4 }, Kind::Number),
    FieldSpec::new("ip.hdr_len", "Header Length", Bits { start: 4, len: 4 }, Kind::Scaled(4)),
    FieldSpec::new("ip.dsfield", "Differentiated Services Field", Bits::bytes(1, 1), Kind::Hex),
    FieldSpec::new(
        "ip.dsfield.dscp",
        "Differentiated Services Codepoint",
        Bits { start: 8, len: 6 },
        Kind::Enum(&numbers::DSCP),
    )
    .part(),
    FieldSpec::new(
        "ip.dsfield.ecn",
        "Explicit Congestion Notification",
        Bits { start: 14, len: 2 },
        Kind::Enum(&numbers::ECN),
    )
    .part(),
    FieldSpec::new("ip.len", "Total Length", Bits::bytes(2, 2), Kind::Number),
    FieldSpec::new("ip.id", "Identification", Bits::bytes(4, 2), Kind::Hex),
    FieldSpec::new("ip.flags", "Flags", Bits { start: 48, len: 3 }, Kind::Hex),
    FieldSpec::new("ip.flags.rb", "Reserved bit", Bits { start: 48, len: 1 }, SET).part(),
    FieldSpec::new("ip.flags.df", "Don't fragment", Bits { start: 49, len: 1 }, SET).part(),
    FieldSpec::new("ip.flags.mf", "More fragments", Bits { start: 50, len: 1 }, SET).part(),
    // Counted in units of eight bytes; Wireshark's value is the field itself too.
    FieldSpec::new("ip.frag_offset", "Fragment Offset", Bits { start: 51, len: 13 }, Kind::Number),
    FieldSpec::new("ip.ttl", "Time to Live", Bits::bytes(8, 1), Kind::Number),
    FieldSpec::new("ip.proto", "Protocol", Bits::bytes(9, 1), Kind::Enum(&numbers::IP_PROTOCOLS)),
    FieldSpec::new("ip.checksum", "Header Checksum", Bits::bytes(10, 2), Kind::Hex),
    FieldSpec::new("ip.checksum.status", "Header checksum status", ANYWHERE, Kind::Enum(&STATUS_NAMES)).generated(),
    FieldSpec::new("ip.src", "Source Address", Bits::bytes(12, 4), Kind::Ipv4),
    FieldSpec::new("ip.dst", "Destination Address", Bits::bytes(16, 4), Kind::Ipv4),
    concluded_row("ip.fragment", "IPv4 Fragment", Kind::Number),
    concluded_row("ip.fragment.overlap", "Fragment overlap", YES),
    concluded_row("ip.fragment.overlap.conflict", "Conflicting data in fragment overlap", YES),
    concluded_row("ip.fragment.multipletails", "Multiple tail fragments found", YES),
    concluded_row("ip.fragment.toolongfragment", "Fragment too long", YES),
    concluded_row("ip.fragment.error", "Defragmentation error", Kind::Number),
    concluded_row("ip.fragment.count", "Fragment count", Kind::Number),
    concluded_row("ip.reassembled.length", "Reassembled IPv4 length", Kind::Number),
    FieldSpec::new("ip.opt.type", "Type", Bits::bytes(0, 1), Kind::Number),
    FieldSpec::new("ip.opt.type.copy", "Copy on fragmentation", Bits { start: 0, len: 1 }, Kind::Flag("Yes", "No"))
        .part(),
    FieldSpec::new("ip.opt.type.class", "Class", Bits { start: 1, len: 2 }, Kind::Enum(&OPTION_CLASSES)).part(),
    FieldSpec::new("ip.opt.type.number", "Number", Bits { start: 3, len: 5 }, Kind::Enum(&numbers::IP_OPTIONS)).part(),
    FieldSpec::new("ip.opt.len", "Length", Bits::bytes(1, 1), Kind::Number),
    FieldSpec::new("ip.opt.ptr", "Pointer", Bits::bytes(2, 1), Kind::Number),
    FieldSpec::new("ip.rec_rt", "Recorded Route", ANYWHERE, Kind::Ipv4),
    FieldSpec::new("ip.src_rt", "Source Route", ANYWHERE, Kind::Ipv4),
    FieldSpec::new("ip.empty_rt", "Empty Route", ANYWHERE, Kind::Ipv4),
    FieldSpec::new("ip.opt.overflow", "Overflow", Bits { start: 24, len: 4 }, Kind::Number),
    FieldSpec::new("ip.opt.flag", "Flag", Bits { start: 28, len: 4 }, Kind::Enum(&TIMESTAMP_FLAGS)),
    FieldSpec::new("ip.opt.time_stamp_addr", "Address", ANYWHERE, Kind::Ipv4),
    FieldSpec::new("ip.opt.time_stamp", "Time stamp", ANYWHERE, Kind::Number),
    FieldSpec::new("ip.opt.sid", "Stream Identifier", Bits::bytes(2, 2), Kind::Number),
    FieldSpec::new("ip.opt.ra", "Router Alert", Bits::bytes(2, 2), Kind::Number),
];
const STATUS: usize = row(&FIELDS, "ip.checksum.status");
const OPTION: usize = row(&FIELDS, "ip.opt.type");

/// The table of an IPv4 header.
pub static HEADER: Header = Header {
    name: "ip",
    title: "Internet Protocol Version 4",
    source: "RFC 791 §3.1",
    fields: &FIELDS,
    walk,
    info: Some(info),
};

/// As the registry knows it.
pub static PROTOCOL: Protocol = Protocol { header: &HEADER, dissect };

/// Protocol number of IPv4 itself: a tunnel.
pub const IPV4: u8 = 4;
/// Protocol number of IPv6: a tunnel.
pub const IPV6: u8 = 41;
/// Protocol number of ICMP.
pub const ICMP: u8 = 1;
/// Protocol number of TCP.
pub const TCP: u8 = 6;
/// Protocol number of UDP.
pub const UDP: u8 = 17;
/// Bytes of a header without options.
pub const LENGTH: usize = 20;
/// The bits of the word that holds flags and fragment offset.
const DONT_FRAGMENT: u16 = 0x4000;
const MORE_FRAGMENTS: u16 = 0x2000;
const FRAGMENT_OFFSET: u16 = 0x1fff;
/// Where the checksum lies.
pub(super) const CHECKSUM: usize = 10;
/// Byte of the time to live.
pub const TTL: usize = 8;

/// An IPv4 header without options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv4 {
    /// Differentiated services code point (upper six bits) and explicit congestion notification.
    pub dsfield: u8,
    /// Which packet a fragment belongs to; without meaning on others (RFC 6864).
    pub identification: u16,
    /// Routers must not fragment it.
    pub dont_fragment: bool,
    /// Another fragment follows.
    pub more_fragments: bool,
    /// Where this fragment's payload belongs in the whole packet's, in bytes; a multiple of 8.
    pub fragment_offset: u16,
    /// How many routers it may still pass.
    pub ttl: u8,
    /// What is inside.
    pub protocol: u8,
    /// Who sent it.
    pub source: Ipv4Addr,
    /// Who shall receive it.
    pub destination: Ipv4Addr,
}

impl Default for Ipv4 {
    /// A whole datagram that may pass 64 routers, with everything else zero.
    fn default() -> Self {
        Self {
            dsfield: 0,
            identification: 0,
            dont_fragment: false,
            more_fragments: false,
            fragment_offset: 0,
            ttl: 64,
            protocol: 0,
            source: Ipv4Addr::UNSPECIFIED,
            destination: Ipv4Addr::UNSPECIFIED,
        }
    }
}

impl Ipv4 {
    /// The header at the start of `bytes`, which may have options.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let header: &[u8; LENGTH] = bytes.first_chunk()?;
        let [dsfield, ttl, protocol] = [header[1], header[8], header[9]];
        let fragment = be16(header, 6)?;
        (header[0] >> 4 == 4).then_some(Self {
            dsfield,
            identification: be16(header, 4)?,
            dont_fragment: fragment & DONT_FRAGMENT != 0,
            more_fragments: fragment & MORE_FRAGMENTS != 0,
            fragment_offset: (fragment & FRAGMENT_OFFSET) << 3,
            ttl,
            protocol,
            source: address(header, 12)?,
            destination: address(header, 16)?,
        })
    }
}

fn address(bytes: &[u8], at: usize) -> Option<Ipv4Addr> {
    Some(Ipv4Addr::from(<[u8; 4]>::try_from(bytes.get(at..at + 4)?).ok()?))
}

/// The sender and the last receiver of the packet, as its checksums count them: under a source route that is not used
/// up yet, the receiver is the route's last address (RFC 1122 §3.2.1.8).
pub(super) fn ends(ip: LayerView<'_, '_>) -> Option<(Ipv4Addr, Ipv4Addr)> {
    let header = ip.bytes();
    let routed = RawOptions::new(header.get(LENGTH..)?)
        .filter(|option| matches!(option.kind, options::LOOSE_ROUTE | options::STRICT_ROUTE))
        .find(|option| option.bytes.get(2).is_some_and(|&pointer| usize::from(pointer) <= option.bytes.len() - 3));
    let last = routed.and_then(|option| address(option.bytes, option.bytes.len().checked_sub(4)?));
    Some((address(header, 12)?, last.or_else(|| address(header, 16))?))
}

/// Bytes of payload on the wire, as far as header and frame agree.
pub(super) fn reported_payload(ip: LayerView<'_, '_>) -> usize {
    let layer = ip.layer();
    let frame = ip.packet.frame;
    let room = frame.original.max(frame.bytes.len()).saturating_sub(layer.offset);
    let total = match be16(ip.bytes(), 2) {
        // Segments that the network card cuts up later can be too long for the field.
        None | Some(0) => room,
        Some(total) if layer.quoted => usize::from(total),
        Some(total) => room.min(usize::from(total)),
    };
    total.saturating_sub(layer.length)
}

/// Whether the payload is here from its first to its last byte.
pub(super) fn is_whole(ip: LayerView<'_, '_>) -> bool {
    is_unfragmented(ip) && ip.layer().payload >= reported_payload(ip)
}

/// Whether the packet is a whole one, as its sender says.
pub(super) fn is_unfragmented(ip: LayerView<'_, '_>) -> bool {
    be16(ip.bytes(), 6).is_some_and(|fragment| fragment & (MORE_FRAGMENTS | FRAGMENT_OFFSET) == 0)
}

fn dissect(input: &Input<'_>) -> Found {
    let Some(&header) = input.bytes.first_chunk::<LENGTH>() else { return Found::truncated(input, LENGTH, None) };
    let (version, length) = (usize::from(header[0] >> 4), usize::from(header[0] & 15) * 4);
    if version != 4 {
        return Found::malformed(input, LENGTH, 0, 4, version, "ip.version");
    }
    if length < LENGTH {
        return Found::malformed(input, LENGTH, 0, LENGTH, length, "ip.hdr_len");
    }
    let total = usize::from(u16::from_be_bytes([header[2], header[3]]));
    if total != 0 && total < length {
        return Found::malformed(input, LENGTH, 2, length, total, "ip.len");
    }
    let Some(options) = input.bytes.get(LENGTH..length) else {
        return Found::truncated(input, length, Some("ip.hdr_len"));
    };
    let total = if total == 0 { input.reported } else { total };
    let reported = total.min(input.reported);
    let fragment = u16::from_be_bytes([header[6], header[7]]);
    let binding = if fragment & FRAGMENT_OFFSET == 0 { Binding::IpProtocol(header[9]) } else { Binding::Data };
    let mut found = Found::new(input, length, Some(binding));
    found.payload = reported.saturating_sub(length);
    found.fragment = fragment & (MORE_FRAGMENTS | FRAGMENT_OFFSET) != 0;
    // What has a wrong checksum is not put together with others, so what it begins with has to speak for itself.
    if found.fragment && fragment & FRAGMENT_OFFSET == 0 && !input.quoted {
        found.fragment = is_sound(&input.bytes[..length]);
    }
    found.ends = (reported < input.reported).then_some("ip.len");
    if let Some((at, needed, available)) = RawOptions::new(options).flaw() {
        let because = "ip.opt.len";
        found.flaw = Some(Flaw { kind: FaultKind::Malformed, at: LENGTH + at, needed, available, because });
    }
    // A quotation is expected to end early (RFC 792 asks for eight bytes of payload only).
    if total > input.reported && !input.quoted {
        let available = input.reported;
        found.flaw = Some(Flaw { kind: FaultKind::Truncated, at: 0, needed: total, available, because: "ip.len" });
    }
    found
}

/// Whether the checksum of a whole header is right.
fn is_sound(header: &[u8]) -> bool {
    Sum::default().plus(header).fold() == 0xffff
}

fn walk<'f>(view: LayerView<'_, 'f>, each: &mut dyn Visitor<'f>) {
    rows(view, &FIELDS[..STATUS], each);
    if let Some(status) = view.layer().checksum {
        each.field(concluded(view, &FIELDS[STATUS], status.value()));
    }
    rows(view, &FIELDS[STATUS + 1..OPTION], each);
    for option in RawOptions::new(view.bytes().get(LENGTH..).unwrap_or(&[])) {
        options::walk(view, &option, each);
    }
}

/// A packet around `payload`. A total length beyond 65,535 does not fit the field; it is cut to what fits.
#[must_use]
pub fn craft(header: &Ipv4, payload: &[u8]) -> Vec<u8> {
    let payload = &payload[..payload.len().min(usize::from(u16::MAX) - LENGTH)];
    let mut bytes = vec![0; LENGTH + payload.len()];
    if let Some(mut packet) = MutableIpv4Packet::new(&mut bytes) {
        packet.set_version(4);
        packet.set_header_length(5);
        packet.set_dscp(header.dsfield >> 2);
        packet.set_ecn(header.dsfield & 3);
        packet.set_total_length(u16::try_from(LENGTH + payload.len()).unwrap_or(u16::MAX));
        packet.set_identification(header.identification);
        let dont = if header.dont_fragment { Ipv4Flags::DontFragment } else { 0 };
        let more = if header.more_fragments { Ipv4Flags::MoreFragments } else { 0 };
        packet.set_flags(dont | more);
        packet.set_fragment_offset(header.fragment_offset / 8);
        packet.set_ttl(header.ttl);
        packet.set_next_level_protocol(IpNextHeaderProtocol(header.protocol));
        packet.set_source(header.source);
        packet.set_destination(header.destination);
        packet.set_payload(payload);
    }
    let checksum = Sum::default().plus(&bytes[..LENGTH]).checksum();
    bytes[CHECKSUM..CHECKSUM + 2].copy_from_slice(&checksum.to_be_bytes());
    bytes
}

/// The packets that carry `payload` over a link of this MTU (the largest IP packet it takes, in bytes): one, if it
/// fits or `header` forbids fragments. Below the 28 bytes of a header and eight bytes of payload, 28 counts.
#[must_use]
pub fn fragments(header: &Ipv4, payload: &[u8], mtu: usize) -> Vec<Vec<u8>> {
    if header.dont_fragment || LENGTH + payload.len() <= mtu {
        return vec![craft(header, payload)];
    }
    // Every fragment but the last carries a multiple of eight bytes (RFC 791 §3.2).
    let size = (mtu.saturating_sub(LENGTH) & !7).max(8);
    let count = payload.len().div_ceil(size);
    payload
        .chunks(size)
        .enumerate()
        .filter_map(|(index, part)| {
            let fragment_offset = header.fragment_offset.checked_add(u16::try_from(index * size).ok()?)?;
            let more_fragments = header.more_fragments || index + 1 < count;
            Some(craft(&Ipv4 { more_fragments, fragment_offset, ..*header }, part))
        })
        .collect()
}

/// The whole packet that fragments carry `payload` of, under the first fragment's header, options included; `None` when
/// it would be too long for one.
#[must_use]
pub fn joined(header: &[u8], payload: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = [header, payload].concat();
    let total = u16::try_from(bytes.len()).ok()?;
    bytes.get_mut(2..4)?.copy_from_slice(&total.to_be_bytes());
    let flags = be16(header, 6)? & !(MORE_FRAGMENTS | FRAGMENT_OFFSET);
    bytes.get_mut(6..8)?.copy_from_slice(&flags.to_be_bytes());
    bytes.get_mut(CHECKSUM..CHECKSUM + 2)?.fill(0);
    let checksum = Sum::default().plus(header_of(&bytes, header.len())).checksum();
    bytes.get_mut(CHECKSUM..CHECKSUM + 2)?.copy_from_slice(&checksum.to_be_bytes());
    Some(bytes)
}

fn header_of(packet: &[u8], length: usize) -> &[u8] {
    packet.get(..length).unwrap_or(&[])
}

fn info(view: LayerView<'_, '_>, out: &mut String) -> fmt::Result {
    if let Some(version) = view.bytes().first().map(|first| first >> 4).filter(|version| *version != 4) {
        return match super::ip::enclosing(view) {
            None => write!(out, "Bogus IPv4 version ({version}, must be 4)"),
            Some(_) => write!(out, "Bogus IP version ({version})"),
        };
    }
    let Some(header) = view.bytes().first_chunk::<LENGTH>() else {
        return out.write_str(broken(view).unwrap_or_default());
    };
    let length = usize::from(header[0] & 15) * 4;
    let total = usize::from(u16::from_be_bytes([header[2], header[3]]));
    let protocol = header[9];
    if length < LENGTH {
        return write!(out, "Bogus IP header length ({length}, must be at least 20)");
    }
    if total != 0 && total < length {
        return write!(out, "Bogus IP length ({total}, less than header length {length})");
    }
    if let Some(broken) = broken(view) {
        return out.write_str(broken);
    }
    let name = numbers::protocol_name(protocol);
    let fragment = u16::from_be_bytes([header[6], header[7]]) & FRAGMENT_OFFSET;
    if fragment > 0 || view.layer().fragment {
        let identification = u16::from_be_bytes([header[4], header[5]]);
        return write!(
            out,
            "Fragmented IP protocol (proto={name} {protocol}, off={}, ID={identification:04x})",
            u32::from(fragment) * 8
        );
    }
    match super::bound(Binding::IpProtocol(protocol)) {
        Some(_) => Ok(()),
        None => write!(out, "{name} ({protocol})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: Ipv4 = Ipv4 {
        dsfield: 0xb9,
        identification: 0xbeef,
        dont_fragment: false,
        more_fragments: false,
        fragment_offset: 0,
        ttl: 3,
        protocol: UDP,
        source: Ipv4Addr::new(192, 168, 11, 2),
        destination: Ipv4Addr::new(93, 184, 216, 34),
    };

    #[test]
    fn a_crafted_packet_reads_back_and_sums_to_ones() {
        let packet = craft(&HEADER, b"payload");
        assert_eq!(Ipv4::read(&packet), Some(HEADER));
        assert_eq!(Sum::default().plus(&packet[..LENGTH]).fold(), 0xffff);
        assert_eq!(be16(&packet, 2), Some(27));
        assert_eq!(Ipv4::read(&packet[..19]), None);
    }

    #[test]
    fn fragments_join_to_the_whole_and_fit_the_link() {
        let payload: Vec<u8> = (0..=255).cycle().take(4008).collect();
        for mtu in [1500, 1400, 68, 576, 29] {
            let mut joined = Vec::new();
            let parts = fragments(&HEADER, &payload, mtu);
            for (index, part) in parts.iter().enumerate() {
                let header = Ipv4::read(part).expect("a header");
                assert!(part.len() <= mtu.max(28));
                assert_eq!(usize::from(header.fragment_offset), joined.len());
                assert_eq!(header.more_fragments, index + 1 < parts.len());
                joined.extend_from_slice(&part[LENGTH..]);
            }
            assert_eq!(joined, payload);
        }
        assert_eq!(fragments(&HEADER, &payload[..1480], 1500).len(), 1);
        assert_eq!(fragments(&Ipv4 { dont_fragment: true, ..HEADER }, &payload, 1500).len(), 1);
    }
}
