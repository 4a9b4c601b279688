//! BSD's loopback, and captures of links without a header of their own: a number for what follows.

use std::fmt::{self, Write as _};

use super::reading::{Binding, Found, Input, broken, row};
use super::{Protocol, ethernet, numbers};
use crate::model::{Bits, Field, FieldSpec, Header, Kind, LayerView, LinkType, Value, Visitor};

/// Address families as BSD numbers them; its descendants did not agree about IPv6.
static FAMILIES: [(u32, &str); 7] =
    [(2, "IP"), (7, "OSI"), (16, "Appletalk"), (23, "Netware IPX/SPX"), (24, "IPv6"), (28, "IPv6"), (30, "IPv6")];

static FIELDS: [FieldSpec; 2] = [
    FieldSpec::new("null.family", "Family", Bits::bytes(0, 4), Kind::Enum(&FAMILIES)),
    FieldSpec::new("null.type", "Type", Bits::bytes(0, 4), Kind::Enum(&numbers::ETHERTYPES)),
];
const FAMILY: usize = row(&FIELDS, "null.family");
const TYPE: usize = row(&FIELDS, "null.type");

/// The table of the header.
pub static HEADER: Header = Header {
    name: "null",
    title: "Null/Loopback",
    source: "https://www.tcpdump.org/linktypes.html",
    fields: &FIELDS,
    walk,
    info: Some(info),
};

/// As the registry knows it where the byte order is the capturing host's.
pub static PROTOCOL: Protocol = Protocol { header: &HEADER, dissect: |input| dissect(input, LinkType::Null) };
/// As the registry knows it where the number is big-endian.
pub static LOOP_PROTOCOL: Protocol = Protocol { header: &HEADER, dissect: |input| dissect(input, LinkType::Loop) };

/// Bytes of the header.
pub const LENGTH: usize = 4;
/// Up to here the number is an address family (IEEE 802.3's largest length), beyond it an `EtherType`.
const LARGEST_FAMILY: u32 = 1500;
/// Where a frame of PPP begins like this (RFC 1662 §3.1), there is no such header.
const PPP: [u8; 2] = [0xff, 0x03];

/// What the header says that follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Family(u32),
    Type(u16),
}

impl Next {
    /// Finds out the byte order, which nothing tells, in Wireshark's way: the number is small, so zeros are its upper
    /// half. Some old systems wrote two bytes, and two zeros behind or before them.
    fn guess(bytes: [u8; LENGTH]) -> Self {
        match bytes {
            [0, family @ ..6, 0, 0] | [_, _, family @ ..6, 0] if family > 0 => Self::Family(family.into()),
            [low, high, 0, 0] => Self::of(u16::from_le_bytes([low, high]).into()),
            all => Self::of(u32::from_be_bytes(all)),
        }
    }

    /// Whether a number is a family or an `EtherType`, of which only the lower half counts.
    #[allow(clippy::cast_possible_truncation)]
    fn of(number: u32) -> Self {
        if number <= LARGEST_FAMILY { Self::Family(number) } else { Self::Type(number as u16) }
    }

    fn read(bytes: &[u8], link: LinkType) -> Option<Self> {
        let number = *bytes.first_chunk()?;
        Some(if link == LinkType::Loop { Self::Family(u32::from_be_bytes(number)) } else { Self::guess(number) })
    }

    fn binding(self) -> Binding {
        match self {
            Self::Family(2) => Binding::EtherType(ethernet::IPV4),
            Self::Family(24 | 28 | 30) => Binding::EtherType(ethernet::IPV6),
            Self::Family(_) => Binding::Data,
            Self::Type(kind) => Binding::EtherType(kind),
        }
    }
}

fn dissect(input: &Input<'_>, link: LinkType) -> Found {
    if link == LinkType::Null && input.bytes.starts_with(&PPP) {
        return Found::new(input, 0, Some(Binding::Data));
    }
    match Next::read(input.bytes, link) {
        Some(next) => Found::new(input, LENGTH, Some(next.binding())),
        None => Found::truncated(input, LENGTH, None),
    }
}

fn walk<'f>(view: LayerView<'_, 'f>, each: &mut dyn Visitor<'f>) {
    let Some(next) = Next::read(view.bytes(), view.packet.frame.link) else { return };
    let (row, number) = match next {
        Next::Family(family) => (FAMILY, family.into()),
        Next::Type(kind) => (TYPE, kind.into()),
    };
    // Not read through its row: the bytes may be in either order.
    let (start, bits) = (view.layer().offset * 8, LENGTH * 8);
    each.field(Field { spec: &FIELDS[row], start, bits, value: Value::Number(number) });
}

fn info(view: LayerView<'_, '_>, out: &mut String) -> fmt::Result {
    // Wireshark looks for PPP in the first two bytes before it says anything.
    if view.packet.frame.link == LinkType::Loop || view.bytes().len() >= PPP.len() {
        out.write_str(HEADER.title)?;
    }
    out.write_str(broken(view).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_understood_in_either_byte_order() {
        for (bytes, next) in [
            ([2, 0, 0, 0], Next::Family(2)),
            ([0, 0, 0, 2], Next::Family(2)),
            ([30, 0, 0, 0], Next::Family(30)),
            ([0, 0, 0, 30], Next::Family(30)),
            ([0, 2, 0, 0], Next::Family(2)),
            ([0, 0, 2, 0], Next::Family(2)),
            ([0, 0, 0, 0], Next::Family(0)),
            ([0, 0, 0x86, 0xdd], Next::Type(0x86dd)),
            ([0xdd, 0x86, 0, 0], Next::Type(0x86dd)),
            ([0, 8, 0, 0], Next::Type(0x800)),
            ([255, 255, 255, 255], Next::Type(0xffff)),
        ] {
            assert_eq!(Next::guess(bytes), next, "{bytes:?}");
        }
    }
}
