//! How a field's value reads.

use crate::model::{Field, FieldSpec, Kind, Millis, Nanos, Value};

use super::theme::{Glyphs, Look};
use super::{escape, figures};

/// Most bytes of a value that are shown on a line.
const BYTES: usize = 16;

/// The value in a word: a name instead of its number, where it has one.
pub(super) fn brief(spec: &FieldSpec, value: Value<'_>, glyphs: Glyphs) -> String {
    text(|out| write(out, spec, value, glyphs))
}

/// Writes the same.
pub(super) fn write(out: &mut Vec<u8>, spec: &FieldSpec, value: Value<'_>, glyphs: Glyphs) {
    match (spec.kind, value) {
        (Kind::Enum(names), Value::Number(number)) => match name(names, number) {
            Some(word) => out.extend_from_slice(word.as_bytes()),
            None => write_numeral(out, spec, number),
        },
        (Kind::Hex, Value::Number(number)) => figures::hex(out, number, spec.at.len.div_ceil(4)),
        (Kind::Flag(set, unset), Value::Flag(flag)) => {
            out.extend_from_slice((if flag { set } else { unset }).as_bytes());
        }
        (_, value) => write_plain(out, value, glyphs),
    }
}

fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).unwrap_or_default()
}

/// The value with everything there is to say about it: `ICMP (1)`, `0x3a1f (14879)`, `20 (5 × 4)`.
pub(super) fn full(field: &Field<'_>, look: Look) -> String {
    let Field { spec, value, .. } = *field;
    let short = brief(spec, value, look.glyphs);
    match (spec.kind, value) {
        (Kind::Enum(names), Value::Number(number)) if name(names, number).is_some() => {
            format!("{short} ({})", numeral(spec, number))
        }
        (Kind::Hex, Value::Number(number)) => format!("{short} ({number})"),
        (Kind::Scaled(unit), Value::Number(number)) if number > 0 && unit > 1 => {
            let times = if look.glyphs == Glyphs::Unicode { '×' } else { 'x' };
            format!("{short} ({} {times} {unit})", number / u64::from(unit))
        }
        (_, Value::Bytes(bytes)) if bytes.len() > BYTES => format!("{short} ({} bytes)", bytes.len()),
        _ => short,
    }
}

/// What a number stands for.
pub(super) fn name(names: &'static [(u32, &'static str)], number: u64) -> Option<&'static str> {
    let number = u32::try_from(number).ok()?;
    let index = names.binary_search_by_key(&number, |(value, _)| *value).ok()?;
    Some(names[index].1)
}

/// A number of an enumeration. Large ones in wide fields are identifiers that people write in hexadecimal
/// (`EtherType` 0x0800), small ones are counted.
pub(super) fn numeral(spec: &FieldSpec, number: u64) -> String {
    text(|out| write_numeral(out, spec, number))
}

fn write_numeral(out: &mut Vec<u8>, spec: &FieldSpec, number: u64) {
    if spec.at.len >= 16 && number > 255 {
        figures::hex(out, number, spec.at.len.div_ceil(4));
    } else {
        figures::decimal(out, number);
    }
}

/// A span in milliseconds, to the microsecond.
pub(super) fn milliseconds(span: Nanos) -> String {
    format!("{} ms", Millis(span))
}

/// A value that no table describes.
pub(super) fn plain(value: Value<'_>, glyphs: Glyphs) -> String {
    text(|out| write_plain(out, value, glyphs))
}

fn write_plain(out: &mut Vec<u8>, value: Value<'_>, glyphs: Glyphs) {
    match value {
        Value::Number(number) => figures::decimal(out, number),
        Value::Flag(flag) => out.extend_from_slice(if flag { b"Set" } else { b"Not set" }),
        Value::Mac(mac) => figures::mac(out, mac),
        Value::Ipv4(address) => figures::ipv4(out, address),
        Value::Ipv6(address) => figures::ipv6(out, address),
        Value::Text(text) => out.extend_from_slice(escape::value(text, glyphs).as_bytes()),
        Value::Composed(text) => out.extend_from_slice(escape::value(&text.to_string(), glyphs).as_bytes()),
        Value::Span(span) => out.extend_from_slice(milliseconds(span).as_bytes()),
        Value::Bytes(bytes) => {
            figures::bytes(out, &bytes[..bytes.len().min(BYTES)]);
            if bytes.len() > BYTES {
                out.extend_from_slice(if glyphs == Glyphs::Unicode { "…" } else { "..." }.as_bytes());
            }
        }
    }
}
