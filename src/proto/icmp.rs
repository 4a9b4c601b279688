//! ICMP: what hosts and routers tell each other about IPv4 itself.

mod names;

use std::fmt::{self, Write as _};

use pnet::packet::icmp::echo_request::MutableEchoRequestPacket;
use pnet::packet::icmp::{IcmpCode, IcmpType};

pub use names::{name, type_name};

use names::codes;

use super::checksum::{STATUS_NAMES, Sum};
use super::reading::{Binding, Found, Input, be16, broken, concluded, pair, placed, row, rows};
use super::{Flaw, Protocol, ethernet, ip, ipv4, numbers};
use crate::model::{
    Bits, FaultKind, Field, FieldSpec, Header, Kind, LayerView, Nanos, Tracked, Value, Visitor, tracked,
};

const ANYWHERE: Bits = Bits { start: 0, len: 0 };

static FIELDS: [FieldSpec; 30] = [
    FieldSpec::new("icmp.type", "Type", Bits::bytes(0, 1), Kind::Enum(&names::TYPES)),
    FieldSpec::new("icmp.code", "Code", Bits::bytes(1, 1), Kind::Number),
    FieldSpec::new("icmp.checksum", "Checksum", Bits::bytes(2, 2), Kind::Hex),
    FieldSpec::new("icmp.checksum.status", "Checksum Status", ANYWHERE, Kind::Enum(&STATUS_NAMES)).generated(),
    FieldSpec::new("icmp.ident", "Identifier (BE)", Bits::bytes(4, 2), Kind::Number),
    FieldSpec::new("icmp.ident_le", "Identifier (LE)", Bits::bytes(4, 2), Kind::Number),
    FieldSpec::new("icmp.seq", "Sequence Number (BE)", Bits::bytes(6, 2), Kind::Number),
    FieldSpec::new("icmp.seq_le", "Sequence Number (LE)", Bits::bytes(6, 2), Kind::Number),
    FieldSpec::new("icmp.originate_timestamp", "Originate Timestamp", Bits::bytes(8, 4), Kind::Number),
    FieldSpec::new("icmp.receive_timestamp", "Receive Timestamp", Bits::bytes(12, 4), Kind::Number),
    FieldSpec::new("icmp.transmit_timestamp", "Transmit Timestamp", Bits::bytes(16, 4), Kind::Number),
    FieldSpec::new("icmp.address_mask", "Address Mask", Bits::bytes(8, 4), Kind::Ipv4),
    FieldSpec::new("icmp.redir_gw", "Gateway Address", Bits::bytes(4, 4), Kind::Ipv4),
    FieldSpec::new("icmp.pointer", "Pointer", Bits::bytes(4, 1), Kind::Number),
    FieldSpec::new("icmp.unused", "Unused", Bits::bytes(4, 4), Kind::Bytes),
    FieldSpec::new("icmp.length", "Length", Bits::bytes(5, 1), Kind::Number),
    FieldSpec::new("icmp.length.original_datagram", "Length of original datagram", Bits::bytes(5, 1), Kind::Scaled(4)),
    FieldSpec::new("icmp.mtu", "MTU of next hop", Bits::bytes(6, 2), Kind::Number),
    FieldSpec::new("icmp.num_addrs", "Number of addresses", Bits::bytes(4, 1), Kind::Number),
    FieldSpec::new("icmp.addr_entry_size", "Address entry size", Bits::bytes(5, 1), Kind::Number),
    FieldSpec::new("icmp.lifetime", "Lifetime", Bits::bytes(6, 2), Kind::Number),
    FieldSpec::new("icmp.router_address", "Router address", Bits::bytes(8, 4), Kind::Ipv4),
    // A signed number on the wire (RFC 1256 §3); shown as its 32 bits.
    FieldSpec::new("icmp.pref_level", "Preference level", Bits::bytes(12, 4), Kind::Hex),
    FieldSpec::new("icmp.data_time", "Timestamp from icmp data", Bits::bytes(8, 8), Kind::Span),
    FieldSpec::new("icmp.data_time_relative", "Timestamp from icmp data (relative)", ANYWHERE, Kind::Span).generated(),
    FieldSpec::new("icmp.resp_in", "Response frame", ANYWHERE, Kind::Number).generated(),
    FieldSpec::new("icmp.resp_to", "Request frame", ANYWHERE, Kind::Number).generated(),
    FieldSpec::new("icmp.resptime", "Response time", ANYWHERE, Kind::Span).generated(),
    FieldSpec::new("icmp.no_resp", "No response seen", ANYWHERE, Kind::Flag("True", "False")).generated(),
    FieldSpec::new("icmp.resp_not_found", "Response not found", ANYWHERE, Kind::Flag("True", "False")).generated(),
];
const STATUS: usize = row(&FIELDS, "icmp.checksum.status");
const IDENTIFIER: usize = row(&FIELDS, "icmp.ident");
const ORIGINATE: usize = row(&FIELDS, "icmp.originate_timestamp");
const TRANSMIT: usize = row(&FIELDS, "icmp.transmit_timestamp");
const MASK: usize = row(&FIELDS, "icmp.address_mask");
const GATEWAY: usize = row(&FIELDS, "icmp.redir_gw");
const POINTER: usize = row(&FIELDS, "icmp.pointer");
const UNUSED: usize = row(&FIELDS, "icmp.unused");
const QUOTED_WORDS: usize = row(&FIELDS, "icmp.length");
const QUOTED_LENGTH: usize = row(&FIELDS, "icmp.length.original_datagram");
const MTU: usize = row(&FIELDS, "icmp.mtu");
const ADDRESSES: usize = row(&FIELDS, "icmp.num_addrs");
const LIFETIME: usize = row(&FIELDS, "icmp.lifetime");
const ROUTER: usize = row(&FIELDS, "icmp.router_address");
const PREFERENCE: usize = row(&FIELDS, "icmp.pref_level");
const SENT: usize = row(&FIELDS, "icmp.data_time");
const AGE: usize = row(&FIELDS, "icmp.data_time_relative");

/// Generated: the echo request that a reply answers once more. A value of our own, as Wireshark leaves such replies
/// alone.
pub const AGAIN: Tracked = Tracked::of("netlab.echo.again");

/// The table of an ICMP message.
pub static HEADER: Header = Header {
    name: "icmp",
    title: "Internet Control Message Protocol",
    source: "RFC 792",
    fields: &FIELDS,
    walk,
    info: Some(info),
};

/// As the registry knows it.
pub static PROTOCOL: Protocol = Protocol { header: &HEADER, dissect };

/// Type: an echo request's answer.
pub const ECHO_REPLY: u8 = 0;
/// Type: the original datagram could not be delivered; the code says why.
pub const UNREACHABLE: u8 = 3;
/// Type: send slower. Deprecated by RFC 6633.
pub const SOURCE_QUENCH: u8 = 4;
/// Type: there is a shorter way.
pub const REDIRECT: u8 = 5;
/// Type: answer me.
pub const ECHO_REQUEST: u8 = 8;
const ROUTER_ADVERTISEMENT: u8 = 9;
/// Type: the original datagram's time ran out; in transit (code 0) or while its fragments were awaited (1).
pub const TIME_EXCEEDED: u8 = 11;
/// Type: a header of the original datagram is wrong.
pub const PARAMETER_PROBLEM: u8 = 12;
/// Code of [`UNREACHABLE`]: too long for the next link, and DF forbids fragments (RFC 1191 §4).
pub const FRAGMENTATION_NEEDED: u8 = 4;
/// Bytes that every message has.
pub const LENGTH: usize = 8;
/// Where the checksum lies.
pub(super) const CHECKSUM: usize = 2;

/// The first eight bytes of an echo request or reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Echo {
    /// Reply instead of request.
    pub reply: bool,
    /// Which pinging program is meant.
    pub identifier: u16,
    /// Which of its requests.
    pub sequence: u16,
}

impl Echo {
    /// The message at the start of `bytes`, if it is an echo.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let reply = match *bytes.first()? {
            ECHO_REPLY => true,
            ECHO_REQUEST => false,
            _ => return None,
        };
        Some(Self { reply, identifier: be16(bytes, 4)?, sequence: be16(bytes, 6)? })
    }
}

/// A message that quotes the datagram it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Type.
    pub kind: u8,
    /// Code.
    pub code: u8,
    /// The largest packet the next link takes, in bytes; `None` where the message does not say (before RFC 1191
    /// routers sent 0).
    pub next_hop_mtu: Option<u16>,
}

impl Report {
    /// The message at the start of `bytes`, if it is of a type that quotes.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (kind, code) = (*bytes.first()?, *bytes.get(1)?);
        let too_long = kind == UNREACHABLE && code == FRAGMENTATION_NEEDED;
        let next_hop_mtu = be16(bytes, 6).filter(|&mtu| too_long && mtu > 0);
        quotes(kind).then_some(Self { kind, code, next_hop_mtu })
    }
}

fn quotes(kind: u8) -> bool {
    matches!(kind, UNREACHABLE | SOURCE_QUENCH | REDIRECT | TIME_EXCEEDED | PARAMETER_PROBLEM)
}

fn has_identifier(kind: u8) -> bool {
    matches!(kind, ECHO_REPLY | ECHO_REQUEST | 13..=18)
}

fn dissect(input: &Input<'_>) -> Found {
    let Some(header) = input.bytes.first_chunk::<LENGTH>() else { return Found::truncated(input, LENGTH, None) };
    let kind = header[0];
    let (length, promise) = match kind {
        13 | 14 => (20, Some("icmp.type")),
        17 | 18 => (12, Some("icmp.type")),
        ROUTER_ADVERTISEMENT => (LENGTH + 4 * usize::from(header[4]) * usize::from(header[5]), Some("icmp.num_addrs")),
        _ => (LENGTH, None),
    };
    if length > input.bytes.len() {
        return Found::truncated(input, length, promise);
    }
    let mut found = Found::new(input, length, None);
    if quotes(kind) {
        found.next = Some(Binding::EtherType(ethernet::IPV4));
        found.quotes = true;
        if found.payload == 0 {
            let (at, because) = (LENGTH, "icmp.type");
            found.flaw = Some(Flaw { kind: FaultKind::Truncated, at, needed: ipv4::LENGTH, available: 0, because });
        }
    } else if matches!(kind, ECHO_REPLY | ECHO_REQUEST) {
        found.next = Some(Binding::Data);
        if timestamp(&input.bytes[LENGTH..], input.time).is_some() {
            found.skip = 8;
        }
    }
    found
}

/// The time that ping writes at the start of its payload: seconds and microseconds, in either byte order. As Wireshark
/// does, it is taken for one when it lies within a day of the frame's own time.
fn timestamp(payload: &[u8], captured: Nanos) -> Option<Nanos> {
    let words: &[u8; 8] = payload.first_chunk()?;
    let [seconds, micros] = [&words[..4], &words[4..]].map(|word| [word[0], word[1], word[2], word[3]]);
    let orders = [
        (u32::from_be_bytes(seconds), u32::from_be_bytes(micros)),
        (u32::from_le_bytes(seconds), u32::from_le_bytes(micros)),
    ];
    orders.into_iter().find_map(|(seconds, micros)| {
        let near = (i64::from(seconds) - captured.0.div_euclid(1_000_000_000)).abs() < 24 * 60 * 60;
        (near && micros < 1_000_000).then(|| Nanos(i64::from(seconds) * 1_000_000_000 + i64::from(micros) * 1000))
    })
}

fn walk<'f>(view: LayerView<'_, 'f>, each: &mut dyn Visitor<'f>) {
    rows(view, &FIELDS[..STATUS], each);
    let bytes = view.bytes();
    let &[kind, code, ..] = bytes else { return };
    if let Some(status) = view.layer().checksum {
        each.field(concluded(view, &FIELDS[STATUS], status.value()));
    }
    let mut read = |first: usize, last: usize| rows(view, &FIELDS[first..=last], each);
    match kind {
        kind if has_identifier(kind) => {
            walk_identifier(view, each);
            match kind {
                13 | 14 => rows(view, &FIELDS[ORIGINATE..=TRANSMIT], each),
                17 | 18 => rows(view, &FIELDS[MASK..=MASK], each),
                _ => walk_timestamp(view, each),
            }
        }
        UNREACHABLE | TIME_EXCEEDED | PARAMETER_PROBLEM => walk_report(view, kind, code, each),
        REDIRECT => read(GATEWAY, GATEWAY),
        ROUTER_ADVERTISEMENT => {
            read(ADDRESSES, LIFETIME);
            walk_routers(view, each);
        }
        _ => {}
    }
}

/// The second word of an error message: in its second byte newer senders say how much they quote (RFC 4884 §4).
fn walk_report<'f>(view: LayerView<'_, 'f>, kind: u8, code: u8, each: &mut dyn Visitor<'f>) {
    let mut at = 4;
    if kind == PARAMETER_PROBLEM {
        rows(view, &FIELDS[POINTER..=POINTER], each);
        at = 5;
    }
    let unused = |from: usize, to: usize, each: &mut dyn Visitor<'f>| {
        if from < to.min(view.bytes().len()) {
            placed(view, &FIELDS[UNUSED], from, to - from, each);
        }
    };
    if view.bytes().get(5).is_some_and(|&words| words != 0) {
        unused(at, 5, each);
        rows(view, &FIELDS[QUOTED_WORDS..=QUOTED_LENGTH], each);
        at = 6;
    }
    let too_long = kind == UNREACHABLE && code == FRAGMENTATION_NEEDED;
    unused(at, if too_long { 6 } else { LENGTH }, each);
    if too_long {
        rows(view, &FIELDS[MTU..=MTU], each);
    }
}

/// Identifier and sequence number, each read in both byte orders: some senders write them in the wrong one.
fn walk_identifier<'f>(view: LayerView<'_, 'f>, each: &mut dyn Visitor<'f>) {
    rows(view, &FIELDS[IDENTIFIER..ORIGINATE], &mut |mut field: Field<'f>| {
        if let (Value::Number(number), true) = (field.value, field.spec.key.ends_with("_le")) {
            field.value = Value::Number((number & 0xff) << 8 | number >> 8);
        }
        each.field(field);
    });
}

fn walk_timestamp<'f>(view: LayerView<'_, 'f>, each: &mut dyn Visitor<'f>) {
    let captured = view.packet.frame.time;
    if let Some(sent) = timestamp(view.payload(), captured) {
        let start = (view.layer().offset + LENGTH) * 8;
        each.field(Field { spec: &FIELDS[SENT], start, bits: 64, value: Value::Span(sent) });
        each.field(concluded(view, &FIELDS[AGE], Value::Span(captured - sent)));
    }
}

/// The entries of a router advertisement (RFC 1256 §3); other entry sizes than two words have no known form.
fn walk_routers<'f>(view: LayerView<'_, 'f>, each: &mut dyn Visitor<'f>) {
    let bytes = view.bytes();
    if bytes.get(5) != Some(&2) {
        return;
    }
    for at in (LENGTH..bytes.len()).step_by(8) {
        placed(view, &FIELDS[ROUTER], at, 4, each);
        placed(view, &FIELDS[PREFERENCE], at + 4, 4, each);
    }
}

/// An echo request or reply around `payload`.
#[must_use]
pub fn craft_echo(echo: &Echo, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; LENGTH + payload.len()];
    // A reply has the form of a request.
    if let Some(mut packet) = MutableEchoRequestPacket::new(&mut bytes) {
        packet.set_icmp_type(IcmpType(if echo.reply { ECHO_REPLY } else { ECHO_REQUEST }));
        packet.set_icmp_code(IcmpCode(0));
        packet.set_identifier(echo.identifier);
        packet.set_sequence_number(echo.sequence);
        packet.set_payload(payload);
    }
    let checksum = Sum::default().plus(&bytes).checksum();
    bytes[CHECKSUM..CHECKSUM + 2].copy_from_slice(&checksum.to_be_bytes());
    bytes
}

fn info(view: LayerView<'_, '_>, out: &mut String) -> fmt::Result {
    let bytes = view.bytes();
    let broken = broken(view);
    // Wireshark reads the checksum, and two bytes more, before it says anything.
    let &[kind, code, _, _, _, _, ..] = bytes else { return out.write_str(broken.unwrap_or_default()) };
    let named = codes(kind).map(|names| numbers::name(names, code.into()));
    // Of the two kinds of it, Wireshark names the later one wherever the code is known.
    let name =
        if (kind, named) == (ROUTER_ADVERTISEMENT, Some(None)) { "Router advertisement" } else { type_name(kind) };
    out.write_str(name)?;
    out.write_str(&"                    "[name.len().min(20)..])?;
    match named {
        Some(Some(name)) => write!(out, " ({name})")?,
        Some(None) => write!(out, " (Unknown code: {code})")?,
        None => {}
    }
    if let (true, Some(identifier), Some(sequence)) = (has_identifier(kind), be16(bytes, 4), be16(bytes, 6)) {
        write!(out, " id={identifier:#06x}")?;
        pair(out, ", seq=", sequence)?;
        pair(out, "/", sequence.swap_bytes())?;
        if let Some(ttl) = ip::enclosing(view).filter(|ip| ip.is(&ipv4::HEADER)).and_then(ip::hops_left) {
            pair(out, ", ttl=", ttl)?;
        }
        for (what, words) in [(tracked!("icmp.resp_in"), " (reply in "), (tracked!("icmp.resp_to"), " (request in ")] {
            if let Some(Value::Number(number)) = view.packet.generated(what) {
                pair(out, words, number)?;
                out.write_str(")")?;
            }
        }
    }
    // Wireshark misses the quotation here only.
    let nothing = (kind == REDIRECT && broken.is_none() && view.payload().is_empty()).then_some("[Malformed Packet]");
    out.write_str(broken.or(nothing).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crafted_echo_reads_back_and_sums_to_ones() {
        for payload in [&b""[..], b"odd", b"even"] {
            for reply in [false, true] {
                let echo = Echo { reply, identifier: 0x1a2b, sequence: 0x0304 };
                let message = craft_echo(&echo, payload);
                assert_eq!(Echo::read(&message), Some(echo));
                assert_eq!(Sum::default().plus(&message).fold(), 0xffff);
                assert_eq!(&message[LENGTH..], payload);
            }
        }
        assert_eq!(Echo::read(&[13, 0, 0, 0, 0, 0, 0, 0]), None);
    }

    #[test]
    fn a_report_says_the_mtu_only_where_it_means_one() {
        let read = |kind, code, mtu: u8| Report::read(&[kind, code, 0, 0, 0, 0, 5, mtu]).map(|r| r.next_hop_mtu);
        assert_eq!(read(UNREACHABLE, FRAGMENTATION_NEEDED, 0x78), Some(Some(1400)));
        assert_eq!(read(UNREACHABLE, 3, 0x78), Some(None));
        assert_eq!(read(ECHO_REPLY, 0, 0), None);
        assert_eq!(Report::read(&[3, 4, 0, 0, 0, 0, 0, 0]).map(|r| r.next_hop_mtu), Some(None));
    }
}
