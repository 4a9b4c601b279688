//! How a field's value reads.

use std::fmt::Write as _;

use crate::model::{Field, FieldSpec, Kind, Nanos, Value};

use super::escape;
use super::theme::{Glyphs, Look};

/// Most bytes of a value that are shown on a line.
const BYTES: usize = 16;

/// The value in a word: a name instead of its number, where it has one.
pub(super) fn brief(spec: &FieldSpec, value: Value<'_>, glyphs: Glyphs) -> String {
    match (spec.kind, value) {
        (Kind::Enum(names), Value::Number(number)) => match name(names, number) {
            Some(word) => word.to_owned(),
            None => numeral(spec, number),
        },
        (Kind::Hex, Value::Number(number)) => hex(number, spec.at.len),
        (Kind::Flag(set, unset), Value::Flag(flag)) => (if flag { set } else { unset }).to_owned(),
        (_, value) => plain(value, glyphs),
    }
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
    if spec.at.len >= 16 && number > 255 { hex(number, spec.at.len) } else { number.to_string() }
}

/// A span in milliseconds, to the microsecond.
pub(super) fn milliseconds(span: Nanos) -> String {
    format!("{:.3} ms", span.as_millis_f64())
}

/// Bytes as hexadecimal digits, without separators.
pub(super) fn digits(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
}

fn hex(number: u64, bits: usize) -> String {
    format!("0x{number:0width$x}", width = bits.div_ceil(4))
}

/// A value that no table describes.
pub(super) fn plain(value: Value<'_>, glyphs: Glyphs) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        Value::Flag(flag) => (if flag { "Set" } else { "Not set" }).to_owned(),
        Value::Mac(mac) => mac.to_string(),
        Value::Ipv4(address) => address.to_string(),
        Value::Ipv6(address) => address.to_string(),
        Value::Text(text) => escape::value(text, glyphs).into_owned(),
        Value::Span(span) => milliseconds(span),
        Value::Bytes(bytes) => {
            let mut out = String::new();
            digits(&mut out, &bytes[..bytes.len().min(BYTES)]);
            if bytes.len() > BYTES {
                out.push_str(if glyphs == Glyphs::Unicode { "…" } else { "..." });
            }
            out
        }
    }
}
