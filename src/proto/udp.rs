//! UDP: a datagram from one program to another, with nothing promised.

use std::fmt::{self, Write as _};
use std::net::IpAddr;

use pnet::packet::udp::MutableUdpPacket;

use super::checksum::{STATUS_NAMES, Status, pseudo_header};
use super::reading::{Found, Input, LIMITED, MALFORMED, be16, broken, concluded, decimal, row, rows};
use super::{Flaw, Protocol, in_datagram, ip, ipv4, ipv6};
use crate::model::{Bits, FaultKind, FieldSpec, Header, Kind, LayerView, Visitor};

static FIELDS: [FieldSpec; 6] = [
    FieldSpec::new("udp.srcport", "Source Port", Bits::bytes(0, 2), Kind::Number),
    FieldSpec::new("udp.dstport", "Destination Port", Bits::bytes(2, 2), Kind::Number),
    FieldSpec::new("udp.stream", "Stream index", Bits { start: 0, len: 0 }, Kind::Number).generated(),
    FieldSpec::new("udp.length", "Length", Bits::bytes(4, 2), Kind::Number),
    FieldSpec::new("udp.checksum", "Checksum", Bits::bytes(6, 2), Kind::Hex),
    FieldSpec::new("udp.checksum.status", "Checksum Status", Bits { start: 0, len: 0 }, Kind::Enum(&STATUS_NAMES))
        .generated(),
];
const STATUS: usize = row(&FIELDS, "udp.checksum.status");

/// The table of a UDP header.
pub static HEADER: Header =
    Header { name: "udp", title: "User Datagram Protocol", source: "RFC 768", fields: &FIELDS, walk, info: Some(info) };

/// As the registry knows it.
pub static PROTOCOL: Protocol = Protocol { header: &HEADER, dissect };

/// Bytes of the header.
pub const HEADER_LENGTH: usize = 8;
/// Where the length lies.
pub(super) const LENGTH: usize = 4;
/// Where the checksum lies.
pub(super) const CHECKSUM: usize = 6;

/// A UDP header; length and checksum follow from what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Udp {
    /// The sending program's port.
    pub source_port: u16,
    /// The receiving program's port.
    pub destination_port: u16,
}

impl Udp {
    /// The ports at the start of `bytes`, which may be as short as a quotation in an ICMP error is.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        Some(Self { source_port: be16(bytes, 0)?, destination_port: be16(bytes, 2)? })
    }
}

fn dissect(input: &Input<'_>) -> Found {
    let Some(length) = be16(input.bytes, LENGTH).filter(|_| input.bytes.len() >= HEADER_LENGTH) else {
        return Found::truncated(input, HEADER_LENGTH, None);
    };
    // A datagram too long for the field (RFC 2675 §4).
    let length = if length == 0 && input.version_6 { input.reported } else { usize::from(length) };
    if length < HEADER_LENGTH {
        return Found::malformed(input, HEADER_LENGTH, LENGTH, HEADER_LENGTH, length, "udp.length");
    }
    let room = input.reported;
    let flaw = (length > room && !input.quoted && input.whole).then_some(Flaw {
        kind: FaultKind::Truncated,
        at: 0,
        needed: length,
        available: room,
        because: "udp.length",
    });
    let ends = (length < room).then_some("udp.length");
    let payload = input.bytes.get(HEADER_LENGTH..length.min(input.bytes.len())).unwrap_or(&[]);
    // Of data that the capture cut off altogether, nobody can say what they are.
    let ports = Udp::read(input.bytes).filter(|_| !payload.is_empty());
    let next = ports.map(|ports| in_datagram(ports.source_port, ports.destination_port, payload));
    Found { payload: length.min(room) - HEADER_LENGTH, ends, flaw, ..Found::new(input, HEADER_LENGTH, next) }
}

/// Bytes of header and data; `None` when the field is not here.
pub(super) fn length(view: LayerView<'_, '_>) -> Option<usize> {
    let length = usize::from(be16(view.bytes(), LENGTH)?);
    Some(jumbo(view, length).unwrap_or(length))
}

/// The length of a datagram that is too long for the field, which is 0 then (RFC 2675 §4).
fn jumbo(view: LayerView<'_, '_>, length: usize) -> Option<usize> {
    let ip = ip::enclosing(view).filter(|ip| length == 0 && ip.is(&ipv6::HEADER))?;
    Some(ip::reported_payload(ip))
}

fn walk<'f>(view: LayerView<'_, 'f>, each: &mut dyn Visitor<'f>) {
    rows(view, &FIELDS, each);
    if let Some(status) = view.layer().checksum {
        each.field(concluded(view, &FIELDS[STATUS], status.value()));
    }
}

/// A datagram around `payload`, to be carried from `source` to `destination`. Payload beyond what the length field can
/// say is left out.
#[must_use]
pub fn craft(header: &Udp, source: impl Into<IpAddr>, destination: impl Into<IpAddr>, payload: &[u8]) -> Vec<u8> {
    let payload = &payload[..payload.len().min(usize::from(u16::MAX) - HEADER_LENGTH)];
    let mut bytes = vec![0; HEADER_LENGTH + payload.len()];
    let length = bytes.len();
    if let Some(mut packet) = MutableUdpPacket::new(&mut bytes) {
        packet.set_source(header.source_port);
        packet.set_destination(header.destination_port);
        packet.set_length(u16::try_from(length).unwrap_or(u16::MAX));
        packet.set_payload(payload);
    }
    let sum = pseudo_header(source, destination, ipv4::UDP, length).plus(&bytes);
    // 0 would mean "not computed" (RFC 768).
    let checksum = match sum.checksum() {
        0 => u16::MAX,
        checksum => checksum,
    };
    bytes[CHECKSUM..HEADER_LENGTH].copy_from_slice(&checksum.to_be_bytes());
    bytes
}

fn info(view: LayerView<'_, '_>, out: &mut String) -> fmt::Result {
    let bytes = view.bytes();
    let end = broken(view).unwrap_or_default();
    let Some(ports) = Udp::read(bytes) else {
        ipv6::before(view, out)?;
        return out.write_str(end);
    };
    decimal(out, ports.source_port)?;
    out.write_str(" → ")?;
    decimal(out, ports.destination_port)?;
    let Some(length) = length(view) else { return out.write_str(end) };
    if length < HEADER_LENGTH {
        return write!(out, " [BAD UDP LENGTH {length} < 8]");
    }
    if ip::enclosing(view).is_some_and(|ip| ip::is_unfragmented(ip) && length > ip::reported_payload(ip)) {
        write!(out, " [BAD UDP LENGTH {length} > IP PAYLOAD LENGTH]")?;
    }
    out.write_str(" Len=")?;
    decimal(out, (length - HEADER_LENGTH) as u64)?;
    if jumbo(view, usize::from(be16(bytes, LENGTH).unwrap_or_default())).is_some() {
        out.write_str(" [Jumbogram]")?;
    }
    out.write_str(match view.layer().checksum {
        Some(Status::Bad { .. }) => " [UDP CHECKSUM INCORRECT]",
        Some(Status::Missing) => " [ILLEGAL CHECKSUM (0)]",
        _ => "",
    })?;
    // Wireshark misses the data only where there is none at all.
    if length == HEADER_LENGTH || view.layer().payload > 0 || !end.is_empty() {
        return out.write_str(end);
    }
    let cut = ip::enclosing(view).is_some_and(|ip| ip::reported_payload(ip) > HEADER_LENGTH);
    out.write_str(if cut { LIMITED } else { MALFORMED })
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn a_crafted_datagram_sums_to_ones_and_never_says_zero() {
        let (source, destination) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2));
        let header = Udp { source_port: 53451, destination_port: 33434 };
        let mut zeros = 0;
        for word in 0..=u16::MAX {
            let datagram = craft(&header, source, destination, &word.to_be_bytes());
            let field = be16(&datagram, CHECKSUM).expect("a checksum");
            assert_ne!(field, 0);
            zeros += usize::from(field == 0xffff);
            let sum = pseudo_header(source, destination, ipv4::UDP, datagram.len()).plus(&datagram);
            assert_eq!(sum.fold(), 0xffff);
        }
        assert_eq!(zeros, 1, "one payload of all gives the sum that must not be sent as 0");
        assert_eq!(Udp::read(&craft(&header, source, destination, b"x")), Some(header));
    }
}
