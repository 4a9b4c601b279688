//! Ethernet II frames (IEEE 802.3, RFC 894).

use std::fmt;

use super::{Binding, Dissected, Next, Protocol, u16_at};
use crate::model::{Bits, Field, FieldSpec, Header, Kind, LayerView, MacAddr};

/// EtherType of IPv4.
pub const IPV4: u16 = 0x0800;
/// EtherType of ARP.
pub const ARP: u16 = 0x0806;
/// EtherType of an IEEE 802.1Q tag.
pub const VLAN: u16 = 0x8100;
/// Two addresses and a type.
pub const HEADER_LENGTH: usize = 14;
/// From here on the field is a type, below it is a length (IEEE 802.3 §3.2.6).
const FIRST_TYPE: u16 = 0x0600;

/// Names of common EtherTypes, as Wireshark prints them.
pub const ETHERTYPES: &[(u32, &str)] = &[
    (0x0800, "IPv4"),
    (0x0806, "ARP"),
    (0x0842, "Wake on LAN"),
    (0x8035, "RARP"),
    (0x8100, "802.1Q Virtual LAN"),
    (0x86dd, "IPv6"),
    (0x8808, "MAC Control"),
    (0x8809, "Slow Protocols"),
    (0x8847, "MPLS label switched packet"),
    (0x8863, "PPPoE Discovery"),
    (0x8864, "PPPoE Session"),
    (0x888e, "802.1X Authentication"),
    (0x88a8, "802.1ad Provider Bridge (Q-in-Q)"),
    (0x88cc, "802.1 Link Layer Discovery Protocol (LLDP)"),
    (0x9000, "Loopback"),
];

const IG: Kind = Kind::Flag("Group address (multicast/broadcast)", "Individual address (unicast)");
const LG: Kind = Kind::Flag("Locally administered address", "Globally unique address (factory default)");

static FIELDS: [FieldSpec; 8] = [
    FieldSpec::new("eth.dst", "Destination", Bits::bytes(0, 6), Kind::Mac),
    FieldSpec::new("eth.dst.lg", "LG bit", Bits { start: 6, len: 1 }, LG).part(),
    FieldSpec::new("eth.dst.ig", "IG bit", Bits { start: 7, len: 1 }, IG).part(),
    FieldSpec::new("eth.src", "Source", Bits::bytes(6, 6), Kind::Mac),
    FieldSpec::new("eth.src.lg", "LG bit", Bits { start: 54, len: 1 }, LG).part(),
    FieldSpec::new("eth.src.ig", "IG bit", Bits { start: 55, len: 1 }, IG).part(),
    FieldSpec::new("eth.type", "Type", Bits::bytes(12, 2), Kind::Enum(ETHERTYPES)),
    FieldSpec::new("eth.len", "Length", Bits::bytes(12, 2), Kind::Number),
];

/// Ethernet II.
pub static HEADER: Header =
    Header { name: "eth", title: "Ethernet II", source: "IEEE 802.3 §3", fields: &FIELDS, walk, info: Some(info) };

/// Ethernet II.
pub static PROTOCOL: Protocol = Protocol { header: &HEADER, dissect, bindings: &[] };

/// The header of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ethernet {
    /// For whom the frame is.
    pub destination: MacAddr,
    /// From whom it is.
    pub source: MacAddr,
    /// What it carries.
    pub ethertype: u16,
}

impl Ethernet {
    /// The header at the start of `bytes`; `None` when they are fewer than 14.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            destination: MacAddr::read(bytes)?,
            source: MacAddr::read(bytes.get(6..)?)?,
            ethertype: u16_at(bytes, 12)?,
        })
    }
}

/// A frame that carries `payload`. Not padded: the card or the kernel does that.
#[must_use]
pub fn craft(header: &Ethernet, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(HEADER_LENGTH + payload.len());
    frame.extend_from_slice(&header.destination.0);
    frame.extend_from_slice(&header.source.0);
    frame.extend_from_slice(&header.ethertype.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

fn dissect(bytes: &[u8]) -> Dissected {
    match u16_at(bytes, 12) {
        None => Dissected::cut("eth", HEADER_LENGTH, bytes.len(), "eth"),
        Some(kind) if kind >= FIRST_TYPE => Dissected::whole(HEADER_LENGTH, Next::Bound(Binding::EtherType(kind))),
        Some(length) => {
            let here = bytes.len() - HEADER_LENGTH;
            Dissected { payload: Some(usize::from(length).min(here)), ..Dissected::whole(HEADER_LENGTH, Next::Data) }
        }
    }
}

fn walk<'f>(view: LayerView<'_, 'f>, each: &mut dyn FnMut(Field<'f>)) {
    let bytes = view.bytes();
    let is_length = u16_at(bytes, 12).is_some_and(|kind| kind < FIRST_TYPE);
    let absent = if is_length { "eth.type" } else { "eth.len" };
    for spec in FIELDS.iter().filter(|spec| spec.key != absent) {
        if let Some(field) = spec.read(bytes, view.layer().offset) {
            each(field);
        }
    }
}

fn info(view: LayerView<'_, '_>, out: &mut dyn fmt::Write) -> fmt::Result {
    let Some(header) = Ethernet::read(view.bytes()) else { return out.write_str("Ethernet frame, cut short") };
    match ETHERTYPES.iter().find(|(number, _)| *number == u32::from(header.ethertype)) {
        Some((_, name)) => out.write_str(name),
        None if header.ethertype < FIRST_TYPE => write!(out, "802.3 frame, {} bytes", header.ethertype),
        None => write!(out, "Ethernet II"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_crafted_is_read() {
        let header = Ethernet { destination: MacAddr::BROADCAST, source: MacAddr([2, 0, 0, 0, 0, 1]), ethertype: ARP };
        let frame = craft(&header, b"payload");
        assert_eq!(Ethernet::read(&frame), Some(header));
        assert_eq!(&frame[HEADER_LENGTH..], b"payload");
        assert_eq!(Ethernet::read(&frame[..13]), None);
    }
}
