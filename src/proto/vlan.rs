//! IEEE 802.1Q tags: which virtual LAN a frame belongs to.

use std::fmt;

use super::{Binding, Dissected, Next, Protocol, ethernet, u16_at};
use crate::model::{Bits, Field, FieldSpec, Header, Kind, LayerView};

/// Tag control information and the type of what follows.
const HEADER_LENGTH: usize = 4;

const PRIORITIES: &[(u32, &str)] = &[
    (0, "Best Effort (default)"),
    (1, "Background"),
    (2, "Excellent Effort"),
    (3, "Critical Applications"),
    (4, "Video, < 100ms latency and jitter"),
    (5, "Voice, < 10ms latency and jitter"),
    (6, "Internetwork Control"),
    (7, "Network Control"),
];

static FIELDS: [FieldSpec; 4] = [
    FieldSpec::new("vlan.priority", "Priority", Bits { start: 0, len: 3 }, Kind::Enum(PRIORITIES)),
    FieldSpec::new("vlan.dei", "DEI", Bits { start: 3, len: 1 }, Kind::Flag("Eligible", "Ineligible")),
    FieldSpec::new("vlan.id", "ID", Bits { start: 4, len: 12 }, Kind::Number),
    FieldSpec::new("vlan.etype", "Type", Bits::bytes(2, 2), Kind::Enum(ethernet::ETHERTYPES)),
];

/// One tag.
pub static HEADER: Header = Header {
    name: "vlan",
    title: "802.1Q Virtual LAN",
    source: "IEEE 802.1Q §9.6",
    fields: &FIELDS,
    walk,
    info: Some(info),
};

/// One tag; tags may follow each other (Q-in-Q).
pub static PROTOCOL: Protocol =
    Protocol { header: &HEADER, dissect, bindings: &[Binding::EtherType(ethernet::VLAN), Binding::EtherType(0x88a8)] };

fn dissect(bytes: &[u8]) -> Dissected {
    match u16_at(bytes, 2) {
        Some(kind) => Dissected::whole(HEADER_LENGTH, Next::Bound(Binding::EtherType(kind))),
        None => Dissected::cut("vlan", HEADER_LENGTH, bytes.len(), "eth.type"),
    }
}

fn walk<'f>(view: LayerView<'_, 'f>, each: &mut dyn FnMut(Field<'f>)) {
    FIELDS.iter().filter_map(|spec| spec.read(view.bytes(), view.layer().offset)).for_each(each);
}

fn info(view: LayerView<'_, '_>, out: &mut dyn fmt::Write) -> fmt::Result {
    let number = |key| view.number(key).unwrap_or(0);
    write!(out, "PRI: {}  DEI: {}  ID: {}", number("vlan.priority"), number("vlan.dei"), number("vlan.id"))
}
