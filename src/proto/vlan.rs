//! VLAN tags: IEEE 802.1Q, and the provider's tag of IEEE 802.1ad in front of it.

use std::fmt;

use super::reading::{Binding, Found, Input, be16, broken, rows};
use super::{Protocol, numbers};
use crate::model::{Bits, Field, FieldSpec, Header, Kind, LayerView};

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

static FIELDS: [FieldSpec; 4] = [
    FieldSpec::new("vlan.priority", "Priority", Bits { start: 0, len: 3 }, Kind::Enum(&PRIORITIES)),
    FieldSpec::new("vlan.dei", "DEI", Bits { start: 3, len: 1 }, Kind::Flag("Eligible", "Ineligible")),
    FieldSpec::new("vlan.id", "ID", Bits { start: 4, len: 12 }, Kind::Number),
    FieldSpec::new("vlan.etype", "Type", Bits::bytes(2, 2), Kind::Enum(&numbers::ETHERTYPES)),
];

static PROVIDER_FIELDS: [FieldSpec; 4] = [
    FieldSpec::new("ieee8021ad.priority", "Priority", Bits { start: 0, len: 3 }, Kind::Number),
    FieldSpec::new("ieee8021ad.dei", "DEI", Bits { start: 3, len: 1 }, Kind::Flag("Eligible", "Ineligible")),
    FieldSpec::new("ieee8021ad.id", "ID", Bits { start: 4, len: 12 }, Kind::Number),
    FieldSpec::new("ieee8021ah.etype", "Type", Bits::bytes(2, 2), Kind::Enum(&numbers::ETHERTYPES)),
];

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

fn walk<'f>(view: LayerView<'_, 'f>, each: &mut dyn FnMut(Field<'f>)) {
    rows(view, view.layer().header.fields, each);
}

fn info(view: LayerView<'_, '_>, out: &mut dyn fmt::Write) -> fmt::Result {
    let bytes = view.bytes();
    let (Some(tag), Some(kind)) = (be16(bytes, 0), be16(bytes, 2)) else {
        return out.write_str(broken(view).unwrap_or_default());
    };
    match numbers::name(&numbers::ETHERTYPES, kind.into()) {
        Some(name) => out.write_str(name),
        None => write!(out, "PRI: {}  DEI: {}  ID: {}", tag >> 13, tag >> 12 & 1, tag & 0xfff),
    }
}
