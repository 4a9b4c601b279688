//! The line of a packet. A capture has a million of them with fifty fields each, so what is the same each time is made up
//! once, and hardly anything is allocated.

use super::members::{Members, Names};
use super::places::Places;
use super::runs::Runs;
use super::{close, close_list, string};
use crate::model::{
    Direction, Fault, FaultKind, Field, FieldSpec, Frame, Generated, Header, Layer, LayerView, Nanos, Packet, Value,
    Visitor,
};
use crate::render::again::Again;
use crate::render::{escape, figures};

/// What every packet's object begins with.
pub(super) fn head(line: &mut Vec<u8>, frame: &Frame, relative: Nanos) {
    let number = |line: &mut Vec<u8>, name: &[u8], number: i64| {
        line.extend_from_slice(name);
        figures::signed(line, number);
    };
    let size = |bytes: usize| i64::try_from(bytes).unwrap_or(i64::MAX);
    number(line, b"{\"type\":\"packet\",\"number\":", frame.number.0.into());
    number(line, b",\"time\":", frame.time.0);
    number(line, b",\"relative\":", relative.0);
    line.extend_from_slice(match frame.direction {
        Some(Direction::Out) => b",\"direction\":\"out\"",
        Some(Direction::In) => b",\"direction\":\"in\"",
        Some(Direction::Other) => b",\"direction\":\"other\"",
        None => b",\"direction\":null",
    });
    number(line, b",\"length\":", size(frame.original));
    number(line, b",\"captured\":", size(frame.bytes.len()));
}

/// The layers of `packets`, as a list; `generated` is a buffer.
pub(super) fn layers(line: &mut Vec<u8>, generated: &mut Vec<u8>, known: &mut Known, packets: &[Packet<'_>]) {
    line.push(b'[');
    for packet in packets {
        // Of most layers the tracker found nothing.
        let tracked = packet.generated.iter().fold(0, |all, one| all | bit(one.layer as usize));
        for view in packet.views() {
            let tracked = if tracked & bit(view.index) == 0 { &[] } else { &packet.generated[..] };
            layer(line, generated, known, view, tracked);
            line.push(b',');
        }
    }
    close_list(line);
}

/// The bit that stands for a layer; those beyond the 63rd share one.
fn bit(layer: usize) -> u64 {
    1 << layer.min(63)
}

fn layer(
    line: &mut Vec<u8>,
    generated: &mut Vec<u8>,
    known: &mut Known,
    view: LayerView<'_, '_>,
    tracked: &[Generated],
) {
    known.begin(line, view.layer());
    generated.clear();
    let mut writer = Writer::new(known, line, generated);
    view.show(&mut writer);
    // A header may show what the tracker found among its own fields.
    let tracked = tracked.iter().filter(|tracked| tracked.is_of(view.index));
    tracked.for_each(|tracked| writer.concluded.add_behind(&mut writer.known.names, tracked.what, tracked.value));
    writer.finish();
    close(line, b'}');
    if !generated.is_empty() {
        line.extend_from_slice(b",\"generated\":{");
        line.extend_from_slice(generated);
        close(line, b'}');
    }
    line.push(b'}');
}

/// What is known from earlier packets of how things are written.
#[derive(Debug, Default)]
pub(super) struct Known {
    names: Names,
    runs: Runs,
    /// Of each header, how its layers began, and where that is.
    layers: Vec<Again>,
    places: Places<Header>,
}

impl Known {
    /// What a layer's object begins with.
    fn begin(&mut self, line: &mut Vec<u8>, layer: &Layer) {
        let Self { layers, places, .. } = self;
        let place = places.of(std::slice::from_ref(layer.header), || {
            layers.push(Again::default());
            layers.len() - 1
        });
        let bits = (layer.offset as u128) << 64 | (layer.length as u128) << 1 | u128::from(layer.quoted);
        layers[place].write(line, bits, |text| {
            text.extend_from_slice(b"{\"name\":\"");
            text.extend_from_slice(layer.header.name.as_bytes());
            text.extend_from_slice(b"\",\"offset\":");
            figures::decimal(text, layer.offset as u64);
            text.extend_from_slice(b",\"length\":");
            figures::decimal(text, layer.length as u64);
            if layer.quoted {
                text.extend_from_slice(b",\"quoted\":true");
            }
            text.extend_from_slice(b",\"fields\":{");
        });
    }
}

/// Writes the fields of a layer: those of its bytes, and what is concluded.
pub(super) struct Writer<'t, 'k> {
    known: &'k mut Known,
    fields: Members<'t>,
    concluded: Members<'t>,
}

impl<'t, 'k> Writer<'t, 'k> {
    pub fn new(known: &'k mut Known, fields: &'t mut Vec<u8>, concluded: &'t mut Vec<u8>) -> Self {
        let (fields, concluded) = (known.names.object(fields), known.names.object(concluded));
        Self { known, fields, concluded }
    }

    pub fn finish(&mut self) {
        self.fields.finish(&mut self.known.names);
        self.concluded.finish(&mut self.known.names);
    }
}

impl<'f> Visitor<'f> for Writer<'_, '_> {
    fn field(&mut self, Field { spec, value, .. }: Field<'f>) {
        let members = if spec.generated { &mut self.concluded } else { &mut self.fields };
        members.add(&mut self.known.names, spec.key, value);
    }

    fn rows(&mut self, rows: &'static [FieldSpec], header: &'f [u8], offset: usize) {
        let Known { names, runs, .. } = &mut *self.known;
        runs.write(rows, header, offset, &mut self.fields, names);
    }
}

pub(super) fn value(line: &mut Vec<u8>, value: Value<'_>) {
    match value {
        Value::Number(number) => return figures::decimal(line, number),
        Value::Flag(true) => return line.extend_from_slice(b"true"),
        Value::Flag(false) => return line.extend_from_slice(b"false"),
        Value::Span(span) => return figures::signed(line, span.0),
        _ => {}
    }
    line.push(b'"');
    match value {
        Value::Mac(mac) => figures::mac(line, mac),
        Value::Ipv4(address) => figures::ipv4(line, address),
        Value::Ipv6(address) => figures::ipv6(line, address),
        Value::Bytes(bytes) => figures::bytes(line, bytes),
        Value::Text(text) => escape::json(line, text),
        Value::Composed(text) => escape::json_pieces(line, text),
        Value::Number(_) | Value::Flag(_) | Value::Span(_) => {}
    }
    line.push(b'"');
}

/// What is wrong with the bytes.
pub(super) fn fault(line: &mut Vec<u8>, fault: &Fault) {
    let Fault { kind, layer, offset, needed, available, because } = fault;
    line.extend_from_slice(match kind {
        FaultKind::Truncated => b"{\"kind\":\"truncated\",\"layer\":",
        FaultKind::Malformed => b"{\"kind\":\"malformed\",\"layer\":",
    });
    string(line, layer);
    for (name, number) in [("offset", offset), ("needed", needed), ("available", available)] {
        line.extend_from_slice(b",\"");
        line.extend_from_slice(name.as_bytes());
        line.extend_from_slice(b"\":");
        figures::decimal(line, *number as u64);
    }
    line.extend_from_slice(b",\"because\":");
    string(line, because);
    line.push(b'}');
}
