//! VLAN tags: IEEE 802.1Q, and the provider's tag of IEEE 802.1ad in front of it.

use std::fmt::{self, Write as _};

use super::reading::{Binding, Found, Input, be16, broken, row, rows};
use super::{Protocol, ethernet, numbers};
use crate::model::{Bits, FieldSpec, Header, Kind, LayerView, Visitor};

/// IEEE 802.1Q-2005's names of the priorities, which Wireshark shows by default.
static PRIORITIES: [(u32, &str); 8] = [
    (0, "Best Effort (default)"),
    (1, "Background"),
    (2, "Spare"),
    (3, "Excellent Effort"),
    (4, "Controlled Load"),
    (5, "Video, < 100ms latency and jitter"),
    (6, "Voice, < 10ms latency and jitter"),
    (7, "Network Control"),
];

static FIELDS: [FieldSpec; 5] = [
    FieldSpec::new("vlan.priority", "Priority", Bits { start: 0, len: 3 }, Kind::Enum(&PRIORITIES)),
    FieldSpec::new("vlan.dei", "DEI", Bits { start: 3, len: 1 }, Kind::Flag("Eligible", "Ineligible")),
    FieldSpec::new("vlan.id", "ID", Bits { start: 4, len: 12 }, Kind::Number),
    FieldSpec::new("vlan.etype", "Type", Bits::bytes(2, 2), Kind::Enum(&numbers::ETHERTYPES)),
    FieldSpec::new("vlan.trailer", "Trailer", Bits { start: 0, len: 0 }, Kind::Bytes),
];

static PROVIDER_FIELDS: [FieldSpec; 5] = [
    FieldSpec::new("ieee8021ad.priority", "Priority", Bits { start: 0, len: 3 }, Kind::Number),
    FieldSpec::new("ieee8021ad.dei", "DEI", Bits { start: 3, len: 1 }, Kind::Flag("Eligible", "Ineligible")),
    FieldSpec::new("ieee8021ad.id", "ID", Bits { start: 4, len: 12 }, Kind::Number),
    FieldSpec::new("ieee8021ah.etype", "Type", Bits::bytes(2, 2), Kind::Enum(&numbers::ETHERTYPES)),
    FieldSpec::new("ieee8021ah.trailer", "Trailer", Bits { start: 0, len: 0 }, Kind::Bytes),
];

const TRAILER: usize = row(&FIELDS, "vlan.trailer");

/// The table of an IEEE 802.1Q tag.
pub static HEADER: Header = Header {
    name: "vlan",
    title: "802.1Q Virtual LAN",
    source: "IEEE 802.1Q-2022 §9.6",
    fields: &FIELDS,
    walk,
    info: Some(info),
};

/// The table of a provider's tag.
pub static PROVIDER: Header = Header {
    name: "ieee8021ad",
    title: "IEEE 802.1ad",
    source: "IEEE 802.1Q-2022 §9.6",
    fields: &PROVIDER_FIELDS,
    walk,
    info: Some(info),
};

/// As the registry knows the tag.
pub static PROTOCOL: Protocol = Protocol { header: &HEADER, dissect };
/// As the registry knows the provider's tag.
pub static PROVIDER_PROTOCOL: Protocol = Protocol { header: &PROVIDER, dissect };

/// Bytes of a tag, counted from behind the `EtherType` that announces it.
pub const LENGTH: usize = 4;

fn dissect(input: &Input<'_>) -> Found {
    match be16(input.bytes, 2) {
        Some(kind) => Found::new(input, LENGTH, Some(Binding::EtherType(kind))),
        None => Found::truncated(input, LENGTH, None),
    }
}

/// Whether this layer is there, and a tag.
pub(super) fn is_tag(view: LayerView<'_, '_>) -> bool {
    view.index < view.packet.layers.len() && (view.is(&HEADER) || view.is(&PROVIDER))
}

fn walk<'f>(view: LayerView<'_, 'f>, each: &mut dyn Visitor<'f>) {
    let fields = view.layer().header.fields;
    rows(view, &fields[..TRAILER], each);
    // What follows the frame's payload is shown with the innermost tag.
    let innermost = !is_tag(LayerView { packet: view.packet, index: view.index + 1 });
    let Some(frame) = view.packet.find(&ethernet::HEADER).filter(|_| innermost) else { return };
    let (start, padding, trailer) = ethernet::behind(frame);
    if let Some(field) = fields[TRAILER].read(trailer, start + padding.len()).filter(|field| field.bits > 0) {
        each.field(field);
    }
}

fn info(view: LayerView<'_, '_>, out: &mut String) -> fmt::Result {
    let bytes = view.bytes();
    let end = broken(view).unwrap_or_default();
    let Some(tag) = be16(bytes, 0) else { return out.write_str(end) };
    let (priority, eligible, id) = (tag >> 13, tag >> 12 & 1, tag & 0xfff);
    match be16(bytes, 2).and_then(|kind| numbers::name(&numbers::ETHERTYPES, kind.into())) {
        Some(name) => out.write_str(name),
        None if view.is(&PROVIDER) => write!(out, "PRI: {priority}  DROP: {eligible} ID: {id}{end}"),
        None => write!(out, "PRI: {priority}  DEI: {eligible}  ID: {id}{end}"),
    }
}
