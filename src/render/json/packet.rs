//! The line of a packet. A capture has a million of them with fifty fields each, so nothing here is looked for twice and
//! nothing is allocated.

use smallvec::SmallVec;

use super::{close, close_list, string};
use crate::explain::words::{self, Language};
use crate::model::{
    Direction, Fault, FaultKind, Field, FieldSpec, Frame, FrameNo, Header, LayerView, Nanos, Note, Packet, Value,
};
use crate::render::{escape, figures};

/// Rows of a table that are told apart by their number; of a larger one, the keys are compared.
const ROWS: usize = 256;

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

/// The layers of `packet`, as a list.
pub(super) fn layers(line: &mut Vec<u8>, packet: &Packet<'_>) {
    let mut rows = Rows::new();
    line.push(b'[');
    for view in packet.views() {
        rows.clear();
        fill(&mut rows, view);
        layer(line, view, &mut rows);
        line.push(b',');
    }
    close_list(line);
}

/// The fields of one layer. Too large to be handed around by value.
type Rows<'f> = SmallVec<[Row<'f>; 64]>;

/// A field, and whether it is one of several with its key.
struct Row<'f> {
    key: &'static str,
    value: Value<'f>,
    generated: bool,
    /// Others with the same key follow.
    repeats: bool,
    /// It was written with the first of its key.
    written: bool,
}

fn layer(line: &mut Vec<u8>, view: LayerView<'_, '_>, rows: &mut [Row<'_>]) {
    let layer = view.layer();
    line.extend_from_slice(b"{\"name\":\"");
    line.extend_from_slice(layer.header.name.as_bytes());
    line.extend_from_slice(b"\",\"offset\":");
    figures::decimal(line, layer.offset as u64);
    line.extend_from_slice(b",\"length\":");
    figures::decimal(line, layer.length as u64);
    if layer.quoted {
        line.extend_from_slice(b",\"quoted\":true");
    }
    line.extend_from_slice(b",\"fields\":");
    object(line, rows, false);
    if rows.iter().any(|row| row.generated) {
        line.extend_from_slice(b",\"generated\":");
        object(line, rows, true);
    }
    line.push(b'}');
}

/// The fields of a layer: its own, then what the tracker says of it and its header does not show itself.
fn fill<'f>(rows: &mut Rows<'f>, view: LayerView<'_, 'f>) {
    let header = view.layer().header;
    // Where the first row of each key is, counted from 1.
    let mut firsts = [0_u16; ROWS];
    view.walk(&mut |Field { spec, value, .. }| {
        let first = match firsts.get_mut(place(header, spec)) {
            Some(0) => None,
            Some(first) => Some(usize::from(*first) - 1),
            None => rows.iter().position(|row| row.key == spec.key),
        };
        if let Some(row) = first.and_then(|first| rows.get_mut(first)) {
            row.repeats = true;
        } else if let (Some(first), Ok(number)) = (firsts.get_mut(place(header, spec)), u16::try_from(rows.len() + 1)) {
            *first = number;
        }
        rows.push(Row { key: spec.key, value, generated: spec.generated, repeats: false, written: false });
    });
    let walked = rows.len();
    for tracked in view.packet.generated.iter().filter(|tracked| tracked.layer == view.index) {
        let same = |row: &Row<'_>| row.generated && row.key == tracked.key;
        if rows[..walked].iter().any(same) {
            continue;
        }
        if let Some(first) = rows[walked..].iter().position(same) {
            rows[walked + first].repeats = true;
        }
        rows.push(Row { key: tracked.key, value: tracked.value, generated: true, repeats: false, written: false });
    }
}

/// The number of a row in its table.
fn place(header: &Header, spec: &'static FieldSpec) -> usize {
    let (start, row) = (header.fields.as_ptr() as usize, std::ptr::from_ref(spec) as usize);
    row.wrapping_sub(start) / size_of::<FieldSpec>()
}

/// The fields that are or are not generated, as an object; a key that repeats has a list.
fn object(line: &mut Vec<u8>, rows: &mut [Row<'_>], generated: bool) {
    line.push(b'{');
    for at in 0..rows.len() {
        let (row, later) = match rows.get_mut(at..).and_then(<[_]>::split_first_mut) {
            Some((row, later)) if row.generated == generated && !row.written => (row, later),
            _ => continue,
        };
        line.push(b'"');
        line.extend_from_slice(row.key.as_bytes());
        line.extend_from_slice(b"\":");
        if row.repeats {
            line.push(b'[');
            value(line, row.value);
            for other in later.iter_mut().filter(|other| other.generated == generated && other.key == row.key) {
                line.push(b',');
                value(line, other.value);
                other.written = true;
            }
            line.push(b']');
        } else {
            value(line, row.value);
        }
        line.push(b',');
    }
    close(line, b'}');
}

fn value(line: &mut Vec<u8>, value: Value<'_>) {
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

/// A claim. `words` is a buffer for its sentence.
pub(super) fn note(line: &mut Vec<u8>, words: &mut String, language: Language, note: &Note) {
    line.extend_from_slice(b"{\"type\":\"note\",\"id\":");
    string(line, note.id);
    line.extend_from_slice(b",\"kind\":");
    string(line, note.kind.word());
    line.extend_from_slice(b",\"severity\":");
    string(line, note.severity.word());
    line.extend_from_slice(b",\"frames\":[");
    for FrameNo(frame) in &note.frames {
        figures::decimal(line, (*frame).into());
        line.push(b',');
    }
    close_list(line);
    words.clear();
    words::append(words, language, note);
    line.extend_from_slice(b",\"text\":");
    string(line, words);
    line.extend_from_slice(b",\"source\":");
    match note.source {
        Some(source) => string(line, source),
        None => line.extend_from_slice(b"null"),
    }
    line.push(b'}');
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
