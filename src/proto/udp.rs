//! User Datagram Protocol (RFC 768).

use std::fmt;
use std::net::Ipv4Addr;

use super::{Binding, Dissected, Next, Protocol, checksum, ipv4, u16_at};
use crate::model::{Bits, Fault, FaultKind, Field, FieldSpec, Header, Kind, LayerView, Value};

/// Two ports, a length and a checksum.
pub const HEADER_LENGTH: usize = 8;

static FIELDS: [FieldSpec; 5] = [
    FieldSpec::new("udp.srcport", "Source Port", Bits::bytes(0, 2), Kind::Number),
    FieldSpec::new("udp.dstport", "Destination Port", Bits::bytes(2, 2), Kind::Number),
    FieldSpec::new("udp.length", "Length", Bits::bytes(4, 2), Kind::Number),
    FieldSpec::new("udp.checksum", "Checksum", Bits::bytes(6, 2), Kind::Hex),
    FieldSpec::new("udp.checksum.status", "Checksum Status", Bits::bytes(6, 2), Kind::Enum(checksum::STATUS_NAMES))
        .generated(),
];

/// UDP.
pub static HEADER: Header =
    Header { name: "udp", title: "User Datagram Protocol", source: "RFC 768", fields: &FIELDS, walk, info: Some(info) };

/// UDP.
pub static PROTOCOL: Protocol = Protocol { header: &HEADER, dissect, bindings: &[Binding::IpProtocol(ipv4::UDP)] };

/// The ports of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Udp {
    /// Sender's port; 0 when no answer is wanted.
    pub source_port: u16,
    /// Receiver's port.
    pub destination_port: u16,
}

impl Udp {
    /// The ports at the start of `bytes`.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        Some(Self { source_port: u16_at(bytes, 0)?, destination_port: u16_at(bytes, 2)? })
    }
}

/// A datagram that carries `payload` (at most 65,507 bytes); its checksum is right.
#[must_use]
pub fn craft(header: &Udp, source: Ipv4Addr, destination: Ipv4Addr, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(HEADER_LENGTH + payload.len()).unwrap_or(u16::MAX);
    let mut datagram = Vec::with_capacity(HEADER_LENGTH + payload.len());
    datagram.extend_from_slice(&header.source_port.to_be_bytes());
    datagram.extend_from_slice(&header.destination_port.to_be_bytes());
    datagram.extend_from_slice(&length.to_be_bytes());
    datagram.extend_from_slice(&[0, 0]);
    datagram.extend_from_slice(payload);
    // Zero would mean "no checksum", so its other spelling is sent (RFC 768).
    let sum = match checksum::transport(source, destination, ipv4::UDP, &datagram) {
        0 => 0xffff,
        sum => sum,
    };
    datagram[6..8].copy_from_slice(&sum.to_be_bytes());
    datagram
}

fn dissect(bytes: &[u8]) -> Dissected {
    let Some(claimed) = u16_at(bytes, 4).map(usize::from).filter(|_| bytes.len() >= HEADER_LENGTH) else {
        return Dissected::cut("udp", HEADER_LENGTH, bytes.len(), "udp");
    };
    let here = bytes.len() - HEADER_LENGTH;
    let fault = |kind, offset, needed, available| Fault {
        kind,
        layer: "udp",
        offset,
        needed,
        available,
        because: "udp.length",
    };
    let (payload, faults) = match claimed.checked_sub(HEADER_LENGTH) {
        None => (0, vec![fault(FaultKind::Malformed, 4, HEADER_LENGTH, claimed)]),
        Some(payload) if payload > here => (here, vec![fault(FaultKind::Truncated, HEADER_LENGTH, payload, here)]),
        Some(payload) => (payload, Vec::new()),
    };
    let next = if payload == 0 { Next::Nothing } else { Next::Data };
    Dissected { length: HEADER_LENGTH, payload: Some(payload), next, faults }
}

fn walk<'f>(view: LayerView<'_, 'f>, each: &mut dyn FnMut(Field<'f>)) {
    let (bytes, offset) = (view.bytes(), view.layer().offset);
    FIELDS[..4].iter().filter_map(|spec| spec.read(bytes, offset)).for_each(&mut *each);
    if let Some(status) = checksum::status(view) {
        let spec = &FIELDS[4];
        each(Field { spec, start: offset * 8 + spec.at.start, bits: 0, value: Value::Number(status.number()) });
    }
}

fn info(view: LayerView<'_, '_>, out: &mut dyn fmt::Write) -> fmt::Result {
    let Some(udp) = Udp::read(view.bytes()) else { return out.write_str("UDP, cut short") };
    let length = u16_at(view.bytes(), 4).map_or(0, |length| usize::from(length).saturating_sub(HEADER_LENGTH));
    write!(out, "{} → {} Len={length}", udp.source_port, udp.destination_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_crafted_is_read() {
        let (source, destination) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2));
        let ports = Udp { source_port: 49152, destination_port: 33434 };
        let datagram = craft(&ports, source, destination, b"odd");
        assert_eq!(Udp::read(&datagram), Some(ports));
        assert_eq!(checksum::transport(source, destination, ipv4::UDP, &datagram), 0);
    }

    #[test]
    fn a_checksum_of_zero_is_sent_as_all_ones() {
        let (source, destination) = (Ipv4Addr::UNSPECIFIED, Ipv4Addr::UNSPECIFIED);
        let ports = Udp { source_port: 0, destination_port: 0 };
        let zero = (0..=u16::MAX).map(|word| craft(&ports, source, destination, &word.to_be_bytes()));
        assert!(zero.into_iter().all(|datagram| datagram[6..8] != [0, 0]));
    }
}
