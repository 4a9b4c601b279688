//! Bytes that no dissector claims: the payload.

use super::Protocol;
use super::reading::{Found, Input, concluded, row, rows};
use crate::model::{Bits, Composed, Field, FieldSpec, Header, Kind, LayerView, Value, Visitor};

static FIELDS: [FieldSpec; 2] = [
    FieldSpec::new("data.data", "Data", Bits { start: 0, len: 0 }, Kind::Bytes),
    FieldSpec::new("data.len", "Length", Bits { start: 0, len: 0 }, Kind::Number).generated(),
];
const DATA: usize = row(&FIELDS, "data.data");
const LENGTH: usize = row(&FIELDS, "data.len");

/// Undecoded payload.
pub static HEADER: Header = Header {
    name: "data",
    title: "Data",
    source: "the payload of the layer before",
    fields: &FIELDS,
    walk,
    info: None,
};

/// As the registry knows it.
pub static PROTOCOL: Protocol = Protocol { header: &HEADER, dissect };

fn dissect(input: &Input<'_>) -> Found {
    Found::new(input, input.bytes.len(), None)
}

fn walk<'f>(view: LayerView<'_, 'f>, each: &mut dyn Visitor<'f>) {
    rows(view, &FIELDS, each);
    each.field(concluded(view, &FIELDS[LENGTH], Value::Number(view.bytes().len() as u64)));
}

/// The fields of payload that lies in several pieces: the bits from the first to the last of them in the frame, the
/// hexadecimal digits of the bytes, and how many bytes they are.
pub(super) fn scattered<'f>(place: Bits, digits: Composed<'f>, length: usize, each: &mut dyn Visitor<'f>) {
    let Bits { start, len: bits } = place;
    each.field(Field { spec: &FIELDS[DATA], start, bits, value: Value::Composed(digits) });
    each.field(Field { spec: &FIELDS[LENGTH], start, bits: 0, value: Value::Number(length as u64) });
}
