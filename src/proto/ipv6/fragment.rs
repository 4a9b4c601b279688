//! The fragment header: in IPv6 only senders cut packets into pieces, and only pieces have an identification.

use std::fmt::{self, Write as _};

use super::{FRAGMENT, Ipv6};
use crate::model::{Bits, FieldSpec, Header, Kind, LayerView, Visitor};
use crate::proto::reading::{Binding, Found, Input, be16, be32, rows};
use crate::proto::{Protocol, numbers};

static FIELDS: [FieldSpec; 6] = [
    FieldSpec::new("ipv6.fraghdr.nxt", "Next header", Bits::bytes(0, 1), Kind::Enum(&numbers::IP_PROTOCOLS)),
    FieldSpec::new("ipv6.fraghdr.reserved_octet", "Reserved octet", Bits::bytes(1, 1), Kind::Hex),
    // Counted in units of eight bytes; Wireshark's value is the field itself too.
    FieldSpec::new("ipv6.fraghdr.offset", "Offset", Bits { start: 16, len: 13 }, Kind::Number),
    FieldSpec::new("ipv6.fraghdr.reserved_bits", "Reserved bits", Bits { start: 29, len: 2 }, Kind::Number),
    FieldSpec::new("ipv6.fraghdr.more", "More Fragments", Bits { start: 31, len: 1 }, Kind::Flag("Yes", "No")),
    FieldSpec::new("ipv6.fraghdr.ident", "Identification", Bits::bytes(4, 4), Kind::Hex),
];

/// The table of a fragment header.
pub static HEADER: Header = Header {
    name: "ipv6.fraghdr",
    title: "Fragment Header for IPv6",
    source: "RFC 8200 §4.5",
    fields: &FIELDS,
    walk,
    info: Some(super::info::info),
};

/// As the registry knows it.
pub static PROTOCOL: Protocol = Protocol { header: &HEADER, dissect };

/// Bytes of the header.
pub const LENGTH: usize = 8;

/// A fragment header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// What the whole packet's fragmentable part begins with.
    pub next_header: u8,
    /// Where this fragment's payload belongs in that part, in bytes; a multiple of 8.
    pub offset: u16,
    /// Another fragment follows.
    pub more: bool,
    /// Which packet the fragment belongs to.
    pub identification: u32,
}

impl Fragment {
    /// The header at the start of `bytes`.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let place = be16(bytes, 2)?;
        let (next_header, identification) = (*bytes.first()?, be32(bytes, 4)?);
        Some(Self { next_header, offset: place & !7, more: place & 1 == 1, identification })
    }

    /// The header that this layer is.
    #[must_use]
    pub fn of(view: LayerView<'_, '_>) -> Option<Self> {
        Self::read(view.bytes()).filter(|_| view.is(&HEADER))
    }

    /// Whether first and last fragment are this one (RFC 6946).
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.offset == 0 && !self.more
    }
}

fn dissect(input: &Input<'_>) -> Found {
    let Some(fragment) = Fragment::read(input.bytes) else { return Found::truncated(input, LENGTH, None) };
    let mut found = Found::new(input, LENGTH, None);
    let begins = fragment.offset == 0 || found.payload == 0;
    found.next = Some(if begins { Binding::IpProtocol(fragment.next_header) } else { Binding::Data });
    found.promises = true;
    found.fragment = !fragment.is_whole();
    found
}

fn walk<'f>(view: LayerView<'_, 'f>, each: &mut dyn Visitor<'f>) {
    rows(view, &FIELDS, each);
}

/// The header in front of `payload`.
#[must_use]
pub fn craft(header: &Fragment, payload: &[u8]) -> Vec<u8> {
    let place = header.offset & !7 | u16::from(header.more);
    let mut bytes = vec![header.next_header, 0];
    bytes.extend(place.to_be_bytes());
    bytes.extend(header.identification.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// The packets that carry `payload` over a link of this MTU (the largest IP packet it takes, in bytes): one without a
/// fragment header, if it fits. Below the 56 bytes of both headers and eight bytes of payload, 56 counts.
#[must_use]
pub fn fragments(header: &Ipv6, payload: &[u8], mtu: usize, identification: u32) -> Vec<Vec<u8>> {
    if super::LENGTH + payload.len() <= mtu {
        return vec![super::craft(header, payload)];
    }
    // Every fragment but the last carries a multiple of eight bytes (RFC 8200 §4.5).
    let size = (mtu.saturating_sub(super::LENGTH + LENGTH) & !7).max(8);
    let count = payload.len().div_ceil(size);
    let outer = Ipv6 { next_header: FRAGMENT, ..*header };
    payload
        .chunks(size)
        .enumerate()
        .filter_map(|(index, part)| {
            let (offset, more) = (u16::try_from(index * size).ok()?, index + 1 < count);
            let fragment = Fragment { next_header: header.next_header, offset, more, identification };
            Some(super::craft(&outer, &craft(&fragment, part)))
        })
        .collect()
}

/// The headers in front of this fragment header, `view`, as the whole packet has them: the last one announces what the
/// fragments carry. `ip` is the first of them.
#[must_use]
pub fn head_of_whole(view: LayerView<'_, '_>, ip: LayerView<'_, '_>) -> Option<Vec<u8>> {
    let before = view.packet.layers.get(view.index.checked_sub(1)?)?;
    let announcement = if view.index == ip.index + 1 { 6 } else { 0 };
    let mut head = view.packet.frame.bytes.get(ip.layer().offset..view.layer().offset)?.to_vec();
    *head.get_mut(before.offset - ip.layer().offset + announcement)? = Fragment::of(view)?.next_header;
    Some(head)
}

/// The whole packet that fragments carry `payload` of, behind these headers; `None` when it would be too long for one.
#[must_use]
pub fn joined(head: &[u8], payload: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = [head, payload].concat();
    let length = u16::try_from(bytes.len().checked_sub(super::LENGTH)?).ok()?;
    bytes.get_mut(4..6)?.copy_from_slice(&length.to_be_bytes());
    Some(bytes)
}

/// What the Info column says of a fragment.
pub(super) fn info(view: LayerView<'_, '_>, out: &mut String) -> fmt::Result {
    let Some(Fragment { next_header, offset, more, identification }) = Fragment::of(view) else { return Ok(()) };
    let more = if more { "y" } else { "n" };
    write!(out, "IPv6 fragment (off={offset} more={more} ident={identification:#010x} nxt={next_header})")
}
