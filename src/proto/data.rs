//! Bytes that belong to no protocol with a dissector: an application's payload, or something yet unknown.

use super::{Dissected, Next, Protocol};
use crate::model::{Bits, Field, FieldSpec, Header, Kind, LayerView, Value};

static FIELDS: [FieldSpec; 2] = [
    FieldSpec::new("data.data", "Data", Bits { start: 0, len: 0 }, Kind::Bytes),
    FieldSpec::new("data.len", "Length", Bits { start: 0, len: 0 }, Kind::Number).generated(),
];

/// Payload.
pub static HEADER: Header =
    Header { name: "data", title: "Data", source: "the carrier's length", fields: &FIELDS, walk, info: None };

/// Read by carriers that know nothing better.
pub static PROTOCOL: Protocol =
    Protocol { header: &HEADER, dissect: |bytes| Dissected::whole(bytes.len(), Next::Nothing), bindings: &[] };

fn walk<'f>(view: LayerView<'_, 'f>, each: &mut dyn FnMut(Field<'f>)) {
    let bytes = view.bytes();
    if let Some(field) = FIELDS[0].read(bytes, view.layer().offset) {
        each(field);
    }
    let start = view.layer().offset * 8;
    each(Field { spec: &FIELDS[1], start, bits: 0, value: Value::Number(bytes.len() as u64) });
}
