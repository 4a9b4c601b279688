//! The routing header: addresses to pass by. Type 0 is forbidden by now (RFC 5095), for it let anybody send packets in
//! circles; type 4 carries segment routing (RFC 8754).

use std::net::Ipv6Addr;

use super::options::UNIT;
use super::{address, names};
use crate::model::{Bits, FaultKind, FieldSpec, Header, Kind, LayerView, Value, Visitor};
use crate::proto::reading::{Binding, Found, Input, concluded, placed, row, rows};
use crate::proto::{Flaw, Protocol, numbers};

const ANYWHERE: Bits = Bits { start: 0, len: 0 };

static FIELDS: [FieldSpec; 14] = [
    FieldSpec::new("ipv6.routing.nxt", "Next Header", Bits::bytes(0, 1), Kind::Enum(&numbers::IP_PROTOCOLS)),
    FieldSpec::new("ipv6.routing.len", "Length", Bits::bytes(1, 1), Kind::Number),
    FieldSpec::new("ipv6.routing.len_oct", "Length", ANYWHERE, Kind::Number).generated(),
    FieldSpec::new("ipv6.routing.type", "Type", Bits::bytes(2, 1), Kind::Enum(&names::ROUTES)),
    FieldSpec::new("ipv6.routing.segleft", "Segments Left", Bits::bytes(3, 1), Kind::Number),
    FieldSpec::new("ipv6.routing.unknown_data", "Type-Specific Data", Bits { start: 32, len: 0 }, Kind::Bytes),
    FieldSpec::new("ipv6.routing.src.reserved", "Reserved", Bits::bytes(4, 4), Kind::Bytes),
    FieldSpec::new("ipv6.routing.src.addr", "Address", ANYWHERE, Kind::Ipv6),
    FieldSpec::new("ipv6.routing.mipv6.reserved", "Reserved", Bits::bytes(4, 4), Kind::Bytes),
    FieldSpec::new("ipv6.routing.mipv6.home_address", "Home Address", Bits::bytes(8, 16), Kind::Ipv6),
    FieldSpec::new("ipv6.routing.srh.last_entry", "Last Entry", Bits::bytes(4, 1), Kind::Number),
    FieldSpec::new("ipv6.routing.srh.flags", "Flags", Bits::bytes(5, 1), Kind::Hex),
    FieldSpec::new("ipv6.routing.srh.tag", "Tag", Bits::bytes(6, 2), Kind::Bytes),
    FieldSpec::new("ipv6.routing.srh.addr", "Address", ANYWHERE, Kind::Ipv6),
];
const LENGTH_IN_BYTES: usize = row(&FIELDS, "ipv6.routing.len_oct");
const KIND: usize = row(&FIELDS, "ipv6.routing.type");
const LEFT: usize = row(&FIELDS, "ipv6.routing.segleft");
const UNKNOWN: usize = row(&FIELDS, "ipv6.routing.unknown_data");
const SOURCE_ROUTE: usize = row(&FIELDS, "ipv6.routing.src.reserved");
const SOURCE_ADDRESS: usize = row(&FIELDS, "ipv6.routing.src.addr");
const MOBILE: usize = row(&FIELDS, "ipv6.routing.mipv6.reserved");
const HOME_ADDRESS: usize = row(&FIELDS, "ipv6.routing.mipv6.home_address");
const SEGMENTS: usize = row(&FIELDS, "ipv6.routing.srh.last_entry");
const TAG: usize = row(&FIELDS, "ipv6.routing.srh.tag");
const SEGMENT: usize = row(&FIELDS, "ipv6.routing.srh.addr");

/// The table of a routing header.
pub static HEADER: Header = Header {
    name: "ipv6.routing",
    title: "Routing Header for IPv6",
    source: "RFC 8200 §4.4",
    fields: &FIELDS,
    walk,
    info: Some(super::info::info),
};

/// As the registry knows it.
pub static PROTOCOL: Protocol = Protocol { header: &HEADER, dissect };

const SOURCE: u8 = 0;
const MOBILITY: u8 = 2;
const SEGMENT_ROUTING: u8 = 4;
/// Where the first address lies.
const LIST: usize = 8;

/// How many addresses this header has room for, by its own count where it has one.
fn count(header: &[u8]) -> Option<usize> {
    match *header.get(2)? {
        SOURCE => Some(header.len().saturating_sub(LIST) / 16),
        MOBILITY => Some(1),
        SEGMENT_ROUTING => Some(usize::from(*header.get(4)?) + 1),
        _ => None,
    }
}

/// Who gets the packet in the end, if it is not whom the fixed header names (RFC 8200 §8.1).
pub(super) fn last(header: &[u8]) -> Option<Ipv6Addr> {
    let at = match *header.get(2)? {
        SOURCE => LIST + 16 * count(header)?.checked_sub(1)?,
        // The list of segments is stored backwards.
        MOBILITY | SEGMENT_ROUTING => LIST,
        _ => return None,
    };
    address(header, at).filter(|_| header.get(3).is_some_and(|&left| left > 0))
}

/// Whether the packet ends before the header's list of addresses does.
pub(super) fn lacks_addresses(view: LayerView<'_, '_>) -> bool {
    let header = view.bytes();
    let length = header.get(1).map_or(0, |&units| (usize::from(units) + 1) * UNIT);
    let list = match header.get(2) {
        Some(&SOURCE) => Some(length),
        _ => count(header).map(|count| LIST + 16 * count),
    };
    view.is(&HEADER) && header.len() < length && header.len() >= LIST / 2 && list.is_some_and(|it| it > header.len())
}

fn dissect(input: &Input<'_>) -> Found {
    let Some(&[next, units, _, left]) = input.bytes.first_chunk() else { return Found::truncated(input, UNIT, None) };
    let length = (usize::from(units) + 1) * UNIT;
    let Some(header) = input.bytes.get(..length) else {
        return Found::truncated(input, length, Some("ipv6.routing.len"));
    };
    let mut found = Found::new(input, length, Some(Binding::IpProtocol(next)));
    found.promises = true;
    let (left, room) = (usize::from(left), (length - LIST) / 16);
    let count = count(header).unwrap_or(0);
    if count > room {
        let (at, needed, available, because) = (1, LIST + 16 * count, length, "ipv6.routing.len");
        found.flaw = Some(Flaw { kind: FaultKind::Truncated, at, needed, available, because });
        // Wireshark reads on in quotations.
        found.next = found.next.filter(|_| input.quoted);
    } else if left > count && count > 0 {
        let because = "ipv6.routing.segleft";
        found.flaw = Some(Flaw { kind: FaultKind::Malformed, at: 3, needed: left, available: count, because });
    }
    found
}

fn walk<'f>(view: LayerView<'_, 'f>, each: &mut dyn Visitor<'f>) {
    rows(view, &FIELDS[..LENGTH_IN_BYTES], each);
    if let Some(&units) = view.bytes().get(1) {
        let length = (u64::from(units) + 1) * UNIT as u64;
        each.field(concluded(view, &FIELDS[LENGTH_IN_BYTES], Value::Number(length)));
    }
    rows(view, &FIELDS[KIND..=LEFT], each);
    let header = view.bytes();
    let (first, last, entry) = match header.get(2) {
        Some(&SOURCE) => (SOURCE_ROUTE, SOURCE_ROUTE, Some(SOURCE_ADDRESS)),
        Some(&MOBILITY) => (MOBILE, HOME_ADDRESS, None),
        Some(&SEGMENT_ROUTING) => (SEGMENTS, TAG, Some(SEGMENT)),
        _ => (UNKNOWN, UNKNOWN, None),
    };
    if header.len() > LIST / 2 {
        rows(view, &FIELDS[first..=last], each);
    }
    for index in 0..count(header).unwrap_or_default().min(header.len() / 16) {
        if let (Some(entry), true) = (entry, header.len() >= LIST + 16 * (index + 1)) {
            placed(view, &FIELDS[entry], LIST + 16 * index, 16, each);
        }
    }
}
