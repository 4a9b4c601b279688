//! Ethernet II and IEEE 802.3 frames: who on this link gets the frame, and what is inside.

use std::fmt::{self, Write as _};

use pnet::packet::ethernet::{EtherType, MutableEthernetPacket};
use pnet::util::MacAddr as PnetMac;

use super::reading::{Binding, Found, Input, be16, broken, row, rows};
use super::{Flaw, Protocol, numbers, vlan};
use crate::model::{Bits, FaultKind, FieldSpec, Header, Kind, LayerView, MacAddr, Visitor};

const LOCAL: Kind = Kind::Flag(
    "Locally administered address (this is NOT the factory default)",
    "Globally unique address (factory default)",
);
const GROUP: Kind = Kind::Flag("Group address (multicast/broadcast)", "Individual address (unicast)");

static FIELDS: [FieldSpec; 11] = [
    FieldSpec::new("eth.dst", "Destination", Bits::bytes(0, 6), Kind::Mac),
    FieldSpec::new("eth.dst.lg", "LG bit", Bits { start: 6, len: 1 }, LOCAL).part(),
    FieldSpec::new("eth.dst.ig", "IG bit", Bits { start: 7, len: 1 }, GROUP).part(),
    FieldSpec::new("eth.src", "Source", Bits::bytes(6, 6), Kind::Mac),
    FieldSpec::new("eth.src.lg", "LG bit", Bits { start: 54, len: 1 }, LOCAL).part(),
    FieldSpec::new("eth.src.ig", "IG bit", Bits { start: 55, len: 1 }, GROUP).part(),
    FieldSpec::new("eth.type", "Type", Bits::bytes(12, 2), Kind::Enum(&numbers::ETHERTYPES)),
    FieldSpec::new("eth.len", "Length", Bits::bytes(12, 2), Kind::Number),
    FieldSpec::new("eth.invalid_lentype", "Invalid length/type", Bits::bytes(12, 2), Kind::Hex),
    FieldSpec::new("eth.padding", "Padding", Bits { start: 0, len: 0 }, Kind::Bytes),
    FieldSpec::new("eth.trailer", "Trailer", Bits { start: 0, len: 0 }, Kind::Bytes),
];
const TYPE: usize = row(&FIELDS, "eth.type");
const LEN: usize = row(&FIELDS, "eth.len");
const INVALID: usize = row(&FIELDS, "eth.invalid_lentype");
const PADDING: usize = row(&FIELDS, "eth.padding");
const TRAILER: usize = row(&FIELDS, "eth.trailer");

/// The table of an Ethernet header.
pub static HEADER: Header = Header {
    name: "eth",
    title: "Ethernet II",
    source: "IEEE 802.3-2022 §3.2",
    fields: &FIELDS,
    walk,
    info: Some(info),
};

/// As the registry knows it.
pub static PROTOCOL: Protocol = Protocol { header: &HEADER, dissect };

/// `EtherType` of IPv4.
pub const IPV4: u16 = 0x0800;
/// `EtherType` of IPv6.
pub const IPV6: u16 = 0x86dd;
/// `EtherType` of ARP.
pub const ARP: u16 = 0x0806;
/// `EtherType` of an IEEE 802.1Q tag.
pub const TAGGED: u16 = 0x8100;
/// `EtherType` of an IEEE 802.1ad (provider's) tag.
pub const PROVIDER_TAGGED: u16 = 0x88a8;

/// Bytes of the header.
pub const LENGTH: usize = 14;
/// Up to here the type field is a length instead (IEEE 802.3-2022 §3.2.6); 0 is neither.
const LARGEST_LENGTH: u16 = 1500;
/// From here it is a type.
const SMALLEST_TYPE: u16 = 0x0600;
/// A shorter frame is padded by its sender (to 64 bytes with the frame check sequence that captures do not have).
const SMALLEST_FRAME: usize = 60;

/// An Ethernet II header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ethernet {
    /// Who shall receive it.
    pub destination: MacAddr,
    /// Who sent it, on this link.
    pub source: MacAddr,
    /// What is inside.
    pub ethertype: u16,
}

impl Ethernet {
    /// The header at the start of `bytes`.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            destination: MacAddr::read(bytes)?,
            source: MacAddr::read(bytes.get(6..)?)?,
            ethertype: be16(bytes, 12)?,
        })
    }
}

fn dissect(input: &Input<'_>) -> Found {
    let Some(header) = Ethernet::read(input.bytes) else { return Found::truncated(input, LENGTH, None) };
    let room = input.reported.saturating_sub(LENGTH);
    match header.ethertype {
        length @ 1..=LARGEST_LENGTH => {
            let length = usize::from(length);
            let flaw = (length > room).then_some(Flaw {
                kind: FaultKind::Truncated,
                at: LENGTH,
                needed: length,
                available: room,
                because: "eth.len",
            });
            let ends = (length < room).then_some("eth.len");
            let next = if is_raw(input.bytes) { Binding::Data } else { Binding::Llc };
            Found { payload: length.min(room), ends, flaw, ..Found::new(input, LENGTH, Some(next)) }
        }
        1501..SMALLEST_TYPE => Found::new(input, LENGTH, Some(Binding::Data)),
        kind => Found::new(input, LENGTH, Some(Binding::EtherType(kind))),
    }
}

/// Whether Novell's protocol follows the length at once, without LLC.
fn is_raw(frame: &[u8]) -> bool {
    frame.get(LENGTH..LENGTH + 2) == Some(&[0xff, 0xff])
}

fn walk<'f>(view: LayerView<'_, 'f>, each: &mut dyn Visitor<'f>) {
    let instead = match be16(view.bytes(), 12) {
        Some(1..=LARGEST_LENGTH) => Some(LEN),
        Some(1501..SMALLEST_TYPE) => Some(INVALID),
        _ => None,
    };
    match instead {
        Some(row) => {
            rows(view, &FIELDS[..TYPE], each);
            rows(view, &FIELDS[row..=row], each);
        }
        None => rows(view, &FIELDS[..=TYPE], each),
    }
    trailing(view, &FIELDS[TRAILER], each);
}

/// What lies behind the payload of a link layer: padding, and a trailer, which is `row`.
pub(super) fn trailing<'f>(view: LayerView<'_, 'f>, row: &'static FieldSpec, each: &mut dyn Visitor<'f>) {
    let (start, padding, rest) = behind(view);
    if padding.is_empty() && rest.is_empty() {
        return;
    }
    // Wireshark shows a trailer with the innermost tag, if there is one.
    let tagged = vlan::is_tag(LayerView { packet: view.packet, index: view.index + 1 });
    let rest = if tagged { &[] } else { rest };
    for (row, bytes, at) in [(&FIELDS[PADDING], padding, start), (row, rest, start + padding.len())] {
        if let Some(field) = row.read(bytes, at).filter(|field| field.bits > 0) {
            each.field(field);
        }
    }
}

/// What follows the payload: where it begins, padding, trailer.
pub(super) fn behind<'f>(view: LayerView<'_, 'f>) -> (usize, &'f [u8], &'f [u8]) {
    let layer = view.layer();
    let start = layer.offset + layer.length + layer.payload;
    let trailer = view.packet.frame.bytes.get(start..).unwrap_or(&[]);
    // Senders fill a short frame up with zeros; whatever else is behind the payload is a trailer.
    let padding = trailer.len().min(SMALLEST_FRAME.saturating_sub(layer.length + layer.payload));
    let padded = view.packet.frame.original >= SMALLEST_FRAME && trailer[..padding].iter().all(|&byte| byte == 0);
    let (padding, rest) = trailer.split_at(if padded { padding } else { 0 });
    (start, padding, rest)
}

/// A frame around `payload`. It is not padded: the network card does that.
#[must_use]
pub fn craft(header: &Ethernet, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; LENGTH + payload.len()];
    if let Some(mut packet) = MutableEthernetPacket::new(&mut bytes) {
        packet.set_destination(PnetMac::from(header.destination.0));
        packet.set_source(PnetMac::from(header.source.0));
        packet.set_ethertype(EtherType(header.ethertype));
        packet.set_payload(payload);
    }
    bytes
}

fn info(view: LayerView<'_, '_>, out: &mut String) -> fmt::Result {
    match be16(view.bytes(), 12) {
        Some(1..=LARGEST_LENGTH) => {
            let frame = view.packet.frame.bytes.get(view.layer().offset..).unwrap_or(&[]);
            out.write_str("IEEE 802.3 Ethernet ")?;
            out.write_str(if is_raw(frame) { "Raw " } else { "" })
        }
        Some(kind @ 1501..SMALLEST_TYPE) => {
            write!(out, "Ethernet Unknown: Invalid length/type: {kind:#06x} ({kind})")
        }
        Some(kind) => out.write_str(numbers::name(&numbers::ETHERTYPES, kind.into()).unwrap_or("Ethernet II")),
        None => out.write_str(broken(view).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crafted_frame_reads_back() {
        let header = Ethernet {
            destination: MacAddr::BROADCAST,
            source: MacAddr([0x8c, 0x85, 0x90, 0x42, 0x64, 0xb2]),
            ethertype: ARP,
        };
        let frame = craft(&header, b"payload");
        assert_eq!(frame.len(), LENGTH + 7, "no padding");
        assert_eq!(Ethernet::read(&frame), Some(header));
        assert_eq!(&frame[LENGTH..], b"payload");
        assert_eq!(Ethernet::read(&frame[..13]), None);
    }
}
