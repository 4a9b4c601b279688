//! STP: how switches agree on a tree of links without a circle.

use std::fmt::{self, Write as _};

use super::Protocol;
use super::reading::{Found, Input, be16, be32, broken, row, rows};
use crate::model::{Bits, Field, FieldSpec, Header, Kind, LayerView, MacAddr, Nanos, Value, Visitor};

static VERSIONS: [(u32, &str); 4] =
    [(0, "Spanning Tree"), (2, "Rapid Spanning Tree"), (3, "Multiple Spanning Tree"), (4, "Shortest Path Tree")];
static TYPES: [(u32, &str); 3] =
    [(0, "Configuration"), (2, "Rapid/Multiple Spanning Tree"), (0x80, "Topology Change Notification")];
static ROLES: [(u32, &str); 3] = [(1, "Alternate or Backup"), (2, "Root"), (3, "Designated")];
const YES: Kind = Kind::Flag("Yes", "No");

/// One of the eight flags, counted from the highest.
const fn flag(key: &'static str, label: &'static str, bit: usize) -> FieldSpec {
    FieldSpec::new(key, label, Bits { start: 32 + bit, len: 1 }, YES).part()
}

static FIELDS: [FieldSpec; 24] = [
    FieldSpec::new("stp.protocol", "Protocol Identifier", Bits::bytes(0, 2), Kind::Hex),
    FieldSpec::new("stp.version", "Protocol Version Identifier", Bits::bytes(2, 1), Kind::Enum(&VERSIONS)),
    FieldSpec::new("stp.type", "BPDU Type", Bits::bytes(3, 1), Kind::Enum(&TYPES)),
    FieldSpec::new("stp.flags", "BPDU flags", Bits::bytes(4, 1), Kind::Hex),
    flag("stp.flags.tcack", "Topology Change Acknowledgment", 0),
    flag("stp.flags.agreement", "Agreement", 1),
    flag("stp.flags.forwarding", "Forwarding", 2),
    flag("stp.flags.learning", "Learning", 3),
    FieldSpec::new("stp.flags.port_role", "Port Role", Bits { start: 36, len: 2 }, Kind::Enum(&ROLES)).part(),
    flag("stp.flags.proposal", "Proposal", 6),
    flag("stp.flags.tc", "Topology Change", 7),
    FieldSpec::new("stp.root.prio", "Root Bridge Priority", Bits { start: 40, len: 4 }, Kind::Scaled(4096)),
    FieldSpec::new("stp.root.ext", "Root Bridge System ID Extension", Bits { start: 44, len: 12 }, Kind::Number),
    FieldSpec::new("stp.root.hw", "Root Bridge System ID", Bits::bytes(7, 6), Kind::Mac),
    FieldSpec::new("stp.root.cost", "Root Path Cost", Bits::bytes(13, 4), Kind::Number),
    FieldSpec::new("stp.bridge.prio", "Bridge Priority", Bits { start: 136, len: 4 }, Kind::Scaled(4096)),
    FieldSpec::new("stp.bridge.ext", "Bridge System ID Extension", Bits { start: 140, len: 12 }, Kind::Number),
    FieldSpec::new("stp.bridge.hw", "Bridge System ID", Bits::bytes(19, 6), Kind::Mac),
    FieldSpec::new("stp.port", "Port identifier", Bits::bytes(25, 2), Kind::Hex),
    FieldSpec::new("stp.msg_age", "Message Age", Bits::bytes(27, 2), Kind::Span),
    FieldSpec::new("stp.max_age", "Max Age", Bits::bytes(29, 2), Kind::Span),
    FieldSpec::new("stp.hello", "Hello Time", Bits::bytes(31, 2), Kind::Span),
    FieldSpec::new("stp.forward", "Forward Delay", Bits::bytes(33, 2), Kind::Span),
    FieldSpec::new("stp.version_1_length", "Version 1 Length", Bits::bytes(35, 1), Kind::Number),
];
const FLAGS: usize = row(&FIELDS, "stp.flags");
const AGREEMENT: usize = row(&FIELDS, "stp.flags.agreement");
const CHANGE: usize = row(&FIELDS, "stp.flags.tc");
const ROOT: usize = row(&FIELDS, "stp.root.prio");
const AGE: usize = row(&FIELDS, "stp.msg_age");

/// The table of a bridge's message (BPDU).
pub static HEADER: Header = Header {
    name: "stp",
    title: "Spanning Tree Protocol",
    source: "IEEE 802.1D-2004 §9.3",
    fields: &FIELDS,
    walk,
    info: Some(info),
};

/// As the registry knows it.
pub static PROTOCOL: Protocol = Protocol { header: &HEADER, dissect };

const CONFIGURATION: u8 = 0;
const RAPID: u8 = 2;
const NOTIFICATION: u8 = 0x80;
/// Ages and times are counted in this many parts of a second.
const TICKS: i64 = 256;

/// Bytes of a message of this type.
fn length(kind: u8) -> usize {
    match kind {
        CONFIGURATION => 35,
        RAPID => 36,
        _ => 4,
    }
}

fn dissect(input: &Input<'_>) -> Found {
    let Some(&[_, _, _, kind]) = input.bytes.first_chunk::<4>() else { return Found::truncated(input, 4, None) };
    let needed = length(kind);
    if input.bytes.len() < needed {
        return Found::truncated(input, needed, None);
    }
    Found::new(input, needed, None)
}

fn walk<'f>(view: LayerView<'_, 'f>, each: &mut dyn Visitor<'f>) {
    rows(view, &FIELDS[..FLAGS], each);
    let kind = view.bytes().get(3).copied();
    match kind {
        Some(CONFIGURATION) => {
            rows(view, &FIELDS[FLAGS..AGREEMENT], each);
            rows(view, &FIELDS[CHANGE..=CHANGE], each);
        }
        Some(RAPID) => rows(view, &FIELDS[FLAGS..=CHANGE], each),
        _ => return,
    }
    rows(view, &FIELDS[ROOT..AGE], each);
    rows(view, &FIELDS[AGE..], &mut |mut field: Field<'f>| {
        if let (Kind::Span, Value::Number(ticks)) = (field.spec.kind, field.value) {
            let ticks = i64::try_from(ticks).unwrap_or(0);
            field.value = Value::Span(Nanos(ticks * Nanos::SECOND.0 / TICKS));
        }
        each.field(field);
    });
}

fn info(view: LayerView<'_, '_>, out: &mut String) -> fmt::Result {
    let bytes = view.bytes();
    let broken = broken(view).unwrap_or_default();
    let &[_, _, version, kind, ..] = bytes else { return out.write_str(broken) };
    let word = match kind {
        NOTIFICATION => return out.write_str("Topology Change Notification"),
        CONFIGURATION => "Conf. ",
        RAPID if version == 3 => "MST. ",
        RAPID if version == 4 => "SPT. ",
        RAPID => "RST. ",
        other => return write!(out, "Unknown BPDU type ({other})"),
    };
    let (Some(&flags), Some(root), Some(mac), Some(cost), Some(port)) =
        (bytes.get(4), be16(bytes, 5), bytes.get(7..).and_then(MacAddr::read), be32(bytes, 13), be16(bytes, 25))
    else {
        return out.write_str(broken);
    };
    out.write_str(word)?;
    out.write_str(if flags & 0x01 != 0 { "TC + " } else { "" })?;
    write!(out, "Root = {}/{}/{mac}", root & 0xf000, root & 0x0fff)?;
    write!(out, "  Cost = {cost}  Port = {port:#06x}")?;
    out.write_str(broken)
}
