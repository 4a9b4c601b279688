//! LLC: what follows the length in an IEEE 802.3 frame, and says which protocol the frame carries.

use std::fmt::{self, Write as _};

use super::reading::{Binding, Found, Input, be16, broken, placed, row, rows};
use super::{Protocol, bound, numbers};
use crate::model::{Bits, Field, FieldSpec, Header, Kind, LayerView, Value, Visitor};

/// Which protocol speaks, or is spoken to (IEEE 802, "LLC Addresses").
static SERVICES: [(u32, &str); 35] = [
    (0x00, "NULL LSAP"),
    (0x01, "NULL LSAP"),
    (0x02, "LLC Sub-Layer Management"),
    (0x04, "SNA Path Control"),
    (0x06, "TCP/IP"),
    (0x08, "SNA"),
    (0x0c, "SNA"),
    (0x0e, "PROWAY (IEC955) Network Management and Initialization"),
    (0x10, "NetWare (unofficial?)"),
    (0x14, "ISO Network Layer (OSLAN 1)"),
    (0x18, "Texas Instruments"),
    (0x20, "ISO Network Layer (unofficial?)"),
    (0x34, "ISO Network Layer (unofficial?)"),
    (0x42, "Spanning Tree BPDU"),
    (0x4e, "EIA RS-511 Manufacturing Message Service"),
    (0x54, "ISO Network Layer (OSLAN 2)"),
    (0x7e, "ISO 8208 (X.25 over 802.2)"),
    (0x7f, "ISO 802.2"),
    (0x80, "XNS"),
    (0x82, "BACnet"),
    (0x86, "Nestar"),
    (0x8e, "PROWAY (IEC955) Active Station List Maintenance"),
    (0x98, "ARP"),
    (0xaa, "SNAP"),
    (0xb4, "HP JetDirect Printer"),
    (0xba, "Banyan Vines"),
    (0xbc, "Banyan Vines"),
    (0xe0, "NetWare"),
    (0xf0, "NetBIOS"),
    (0xf4, "IBM Net Management"),
    (0xf8, "HP Extended LLC"),
    (0xfa, "Ungermann-Bass"),
    (0xfc, "Remote Program Load"),
    (0xfe, "ISO Network Layer"),
    (0xff, "Global LSAP"),
];

/// Commands of frames without a number, by their five modifier bits.
static COMMANDS: [(u32, &str); 14] = [
    (0x00, "Unnumbered Information"),
    (0x01, "Set Initialization Mode"),
    (0x03, "Set Asynchronous Response Mode"),
    (0x08, "Unnumbered Poll"),
    (0x0b, "Set Asynchronous Balanced Mode"),
    (0x10, "Disconnect"),
    (0x13, "Set Asynchronous Response Mode Extended"),
    (0x18, "Unnumbered Acknowledge"),
    (0x1b, "Set Asynchronous Balanced Mode Extended"),
    (0x20, "Set Normal Response Mode"),
    (0x23, "Reset"),
    (0x2b, "Exchange identification"),
    (0x33, "Set Normal Response Mode Extended"),
    (0x38, "Test"),
];
static RESPONSES: [(u32, &str); 7] = [
    (0x00, "Unnumbered Information"),
    (0x03, "Disconnected mode"),
    (0x10, "Request Disconnect"),
    (0x18, "Unnumbered Acknowledge"),
    (0x21, "Frame reject"),
    (0x2b, "Exchange identification"),
    (0x38, "Test"),
];
/// The same in the Info column, which has a word for a command and another for a response.
static WORDS: [(u8, &str, &str); 15] = [
    (0x00, "UI", "UI"),
    (0x01, "SIM", "RIM"),
    (0x03, "SARM", "DM"),
    (0x08, "UP", "UP"),
    (0x0b, "SABM", "SABM"),
    (0x10, "DISC", "RD"),
    (0x13, "SARME", "SARME"),
    (0x18, "UA", "UA"),
    (0x1b, "SABME", "SABME"),
    (0x20, "SNRM", "SNRM"),
    (0x21, "FRMR", "FRMR"),
    (0x23, "RESET", "RESET"),
    (0x2b, "XID", "XID"),
    (0x33, "SNRME", "SNRME"),
    (0x38, "TEST", "TEST"),
];
static FORMATS: [(u32, &str); 3] = [(0, "Information frame"), (1, "Supervisory frame"), (3, "Unnumbered frame")];
static ORGANISATIONS: [(u32, &str); 3] =
    [(0x00_0000, "Officially Xerox, but"), (0x00_000c, "Cisco Systems, Inc"), (0x08_0007, "Apple, Inc.")];

const ANYWHERE: Bits = Bits { start: 0, len: 0 };

static FIELDS: [FieldSpec; 12] = [
    FieldSpec::new("llc.dsap", "DSAP", Bits::bytes(0, 1), Kind::Enum(&SERVICES)),
    FieldSpec::new("llc.dsap.sap", "SAP", Bits { start: 0, len: 7 }, Kind::Number).part(),
    FieldSpec::new("llc.dsap.ig", "IG Bit", Bits { start: 7, len: 1 }, Kind::Flag("Group", "Individual")).part(),
    FieldSpec::new("llc.ssap", "SSAP", Bits::bytes(1, 1), Kind::Enum(&SERVICES)),
    FieldSpec::new("llc.ssap.sap", "SAP", Bits { start: 8, len: 7 }, Kind::Number).part(),
    FieldSpec::new("llc.ssap.cr", "CR Bit", Bits { start: 15, len: 1 }, Kind::Flag("Response", "Command")).part(),
    FieldSpec::new("llc.control", "Control", Bits::bytes(2, 1), Kind::Hex),
    FieldSpec::new("llc.control.u_modifier_cmd", "Command", ANYWHERE, Kind::Enum(&COMMANDS)).part(),
    FieldSpec::new("llc.control.u_modifier_resp", "Response", ANYWHERE, Kind::Enum(&RESPONSES)).part(),
    FieldSpec::new("llc.control.ftype", "Frame type", ANYWHERE, Kind::Enum(&FORMATS)).part(),
    FieldSpec::new("llc.oui", "Organization Code", Bits::bytes(3, 3), Kind::Enum(&ORGANISATIONS)),
    FieldSpec::new("llc.type", "Type", Bits::bytes(6, 2), Kind::Enum(&numbers::ETHERTYPES)),
];
const CONTROL: usize = row(&FIELDS, "llc.control");
const COMMAND: usize = row(&FIELDS, "llc.control.u_modifier_cmd");
const RESPONSE: usize = row(&FIELDS, "llc.control.u_modifier_resp");
const FORMAT: usize = row(&FIELDS, "llc.control.ftype");
const ORGANISATION: usize = row(&FIELDS, "llc.oui");
const TYPE: usize = row(&FIELDS, "llc.type");

/// The table of an LLC header.
pub static HEADER: Header = Header {
    name: "llc",
    title: "Logical-Link Control",
    source: "ISO/IEC 8802-2",
    fields: &FIELDS,
    walk,
    info: Some(info),
};

/// As the registry knows it.
pub static PROTOCOL: Protocol = Protocol { header: &HEADER, dissect };

/// The service of spanning trees.
pub const SPANNING_TREE: u8 = 0x42;
/// The service that says by an Ethernet type what it carries (RFC 1042).
const SNAP: u8 = 0xaa;
/// Cisco's number and its protocol 0x010b: a spanning tree for each VLAN.
const PER_VLAN_SPANNING_TREE: [u8; 5] = [0x00, 0x00, 0x0c, 0x01, 0x0b];
/// The control byte of a frame without a number that carries information.
const INFORMATION: u8 = 0x03;

/// Bytes of the control field: two where frames are numbered.
fn control_length(control: u8) -> usize {
    if control & 3 == 3 { 1 } else { 2 }
}

fn dissect(input: &Input<'_>) -> Found {
    let Some(&[destination, source, control]) = input.bytes.first_chunk::<3>() else {
        return Found::truncated(input, 3, None);
    };
    let length = 2 + control_length(control);
    if (destination, source, control) == (SNAP, SNAP, INFORMATION) {
        return match input.bytes.get(3..8) {
            Some(&[0, 0, 0, ..]) => {
                Found::new(input, 8, Some(Binding::EtherType(be16(input.bytes, 6).unwrap_or_default())))
            }
            Some(bytes) if *bytes == PER_VLAN_SPANNING_TREE => {
                Found::new(input, 8, Some(Binding::Service(SPANNING_TREE)))
            }
            Some(_) => Found::new(input, 8, Some(Binding::Data)),
            None => Found::truncated(input, 8, None),
        };
    }
    if input.bytes.len() < length {
        return Found::truncated(input, length, None);
    }
    let carries = control == INFORMATION && bound(Binding::Service(destination)).is_some();
    let next = if carries { Binding::Service(destination) } else { Binding::Data };
    Found::new(input, length, Some(next))
}

fn walk<'f>(view: LayerView<'_, 'f>, each: &mut dyn Visitor<'f>) {
    rows(view, &FIELDS[..CONTROL], each);
    let (Some(&source), Some(&control)) = (view.bytes().get(1), view.bytes().get(2)) else { return };
    if control_length(control) == 1 {
        rows(view, &FIELDS[CONTROL..=CONTROL], each);
        let row = if source & 1 == 0 { COMMAND } else { RESPONSE };
        placed(view, &FIELDS[row], 2, 1, &mut |mut field: Field<'f>| {
            field.value = Value::Number(modifier(control).into());
            each.field(field);
        });
    } else if let Some(&second) = view.bytes().get(3) {
        placed(view, &FIELDS[CONTROL], 2, 2, &mut |mut field: Field<'f>| {
            // The lower byte comes first.
            field.value = Value::Number(u16::from_le_bytes([control, second]).into());
            each.field(field);
        });
    } else {
        return;
    }
    let format = if control & 1 == 0 { 0 } else { control & 3 };
    placed(view, &FIELDS[FORMAT], 2, 1, &mut |mut field: Field<'f>| {
        field.value = Value::Number(format.into());
        each.field(field);
    });
    if view.bytes().len() >= 8 {
        rows(view, &FIELDS[ORGANISATION..=ORGANISATION], each);
        if view.bytes().get(3..6) == Some(&[0, 0, 0]) {
            rows(view, &FIELDS[TYPE..=TYPE], each);
        }
    }
}

/// What a frame without a number is for: all bits but those that say so and the poll bit.
fn modifier(control: u8) -> u8 {
    (control & 0xec) >> 2
}

fn info(view: LayerView<'_, '_>, out: &mut String) -> fmt::Result {
    let bytes = view.bytes();
    let broken = broken(view).unwrap_or_default();
    let &[destination, source, control, ..] = bytes else { return out.write_str(broken) };
    let second = bytes.get(3).copied();
    let response = source & 1 == 1;
    let polls = if control & 3 == 3 { control & 0x10 != 0 } else { second.is_some_and(|second| second & 1 == 1) };
    let mark = match (polls, response) {
        (false, _) => "",
        (true, false) => " P",
        (true, true) => " F",
    };
    match (control & 3, second) {
        (3, _) => {
            let word = WORDS.iter().find(|(bits, ..)| *bits == modifier(control));
            let word = word.map_or("Unknown", |&(_, command, answer)| if response { answer } else { command });
            write!(out, "U{mark}, func={word}")?;
        }
        (_, None) => return out.write_str(broken),
        (1, Some(second)) => {
            let word = ["RR", "RNR", "REJ", "SREJ"][usize::from(control >> 2 & 3)];
            write!(out, "S{mark}, func={word}, N(R)={}", second >> 1)?;
        }
        (_, Some(second)) => write!(out, "I{mark}, N(R)={}, N(S)={}", second >> 1, control >> 1)?,
    }
    if broken.is_empty() {
        if (destination, source, control) == (SNAP, SNAP, INFORMATION) {
            let organisation =
                bytes.get(3..6).map_or(0, |bytes| bytes.iter().fold(0, |all, &byte| all << 8 | u32::from(byte)));
            let name = numbers::name(&ORGANISATIONS, organisation).unwrap_or("Unknown");
            return write!(out, "; SNAP, OUI 0x{organisation:06X} ({name}), PID {:#06X}", be16(bytes, 6).unwrap_or(0));
        }
        let service = |service: u8, out: &mut String| match numbers::name(&SERVICES, (service & 0xfe).into()) {
            Some(name) => out.write_str(name),
            None => write!(out, "{:#04x}", service & 0xfe),
        };
        out.write_str("; DSAP ")?;
        service(destination, out)?;
        out.write_str(if destination & 1 == 1 { " Group, SSAP " } else { " Individual, SSAP " })?;
        service(source, out)?;
        out.write_str(if response { " Response" } else { " Command" })?;
    }
    out.write_str(broken)
}
