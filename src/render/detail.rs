//! `-vv`: every field of every layer, with its bits, its value and its meaning, and the layer's bytes in the frame.

use std::fmt::Write as _;
use std::io;

use crate::explain::words::{self, Language};
use crate::model::{Field, Generated, Header, LayerView, Packet, Value};

use super::theme::{Look, Paint};
use super::{escape, hexdump, value, wrap};

/// Width of the column with a field's bits: sixteen of them in groups of four.
const BITS: usize = 19;
/// Where the label begins.
const LABEL: usize = 4 + BITS + 2;
/// Bytes that fit the column as hexadecimal numbers.
const BYTES: usize = 6;

/// Writes all layers of `packet`. What a field means is said where its key `is_new`.
pub(super) fn write(
    out: &mut dyn io::Write,
    look: Look,
    language: Language,
    packet: &Packet<'_>,
    is_new: &mut dyn FnMut(&'static str) -> bool,
) -> io::Result<()> {
    for view in packet.views() {
        let layer = view.layer();
        title(out, look, view)?;
        let fields = fields(view);
        for field in &fields {
            let bits = if field.spec.generated { String::new() } else { bits(packet, field) };
            let label = field.spec.label;
            row(out, look, &bits, field.spec.depth, label, &value::full(field, look), field.spec.generated)?;
            if is_new(field.spec.key) {
                meaning(out, look, language, field.spec.key)?;
            }
        }
        for generated in tracked(view, &fields) {
            tracked_row(out, look, layer.header, generated)?;
            if is_new(generated.what.key()) {
                meaning(out, look, language, generated.what.key())?;
            }
        }
        let bytes = &packet.frame.bytes;
        hexdump::marked(out, look, bytes, &(layer.offset..layer.offset.saturating_add(layer.length)))?;
    }
    Ok(())
}

/// Shows the keys of all that [`write`] writes, in the same order.
pub(super) fn keys(packet: &Packet<'_>, mut show: impl FnMut(&'static str)) {
    for view in packet.views() {
        let fields = fields(view);
        for field in &fields {
            show(field.spec.key);
        }
        tracked(view, &fields).for_each(|generated| show(generated.what.key()));
    }
}

fn fields<'p>(view: LayerView<'_, 'p>) -> Vec<Field<'p>> {
    let mut fields = Vec::new();
    view.walk(&mut |field| fields.push(field));
    fields
}

/// What the tracker found of this layer. A header may show some of it among its own `fields`.
fn tracked<'p>(view: LayerView<'p, '_>, fields: &[Field<'_>]) -> impl Iterator<Item = &'p Generated> {
    let walked = |key| fields.iter().any(|field| field.spec.key == key);
    let of_layer = view.packet.generated.iter().filter(move |generated| generated.is_of(view.index));
    of_layer.filter(move |generated| !walked(generated.what.key()))
}

/// Writes the fields of `packet` with this key: where each is, its bits, its value, and its bytes marked among the
/// frame's. `false` when there is none.
pub(super) fn field(out: &mut dyn io::Write, look: Look, packet: &Packet<'_>, key: &str) -> io::Result<bool> {
    let mut found = false;
    for view in packet.views() {
        let mut fields = Vec::new();
        view.walk(&mut |field| fields.extend((field.spec.key == key).then_some(field)));
        let tracked = packet.generated.iter().find(|one| one.is_of(view.index) && one.what.key() == key);
        if fields.is_empty() && tracked.is_none() {
            continue;
        }
        found = true;
        title(out, look, view)?;
        for field in &fields {
            let bits = if field.spec.generated { String::new() } else { bits(packet, field) };
            row(out, look, &bits, 0, field.spec.label, &value::full(field, look), field.spec.generated)?;
            let (start, end) = (field.start, field.start.saturating_add(field.bits));
            hexdump::marked(out, look, &packet.frame.bytes, &(start / 8..end.div_ceil(8)))?;
        }
        if let Some(generated) = tracked.filter(|_| fields.is_empty()) {
            tracked_row(out, look, view.layer().header, generated)?;
        }
    }
    Ok(found)
}

/// `  Internet Protocol Version 4: bytes 14-33 of the frame, RFC 791`
fn title(out: &mut dyn io::Write, look: Look, view: LayerView<'_, '_>) -> io::Result<()> {
    let layer = view.layer();
    let header = layer.header;
    let quoted = if layer.quoted { ", quoted" } else { "" };
    let last = (layer.offset + layer.length).saturating_sub(1);
    let title = format!("{}{quoted}: bytes {}-{last} of the frame, {}", header.title, layer.offset, header.source);
    for line in wrap::lines(&escape::line(&title, look.glyphs), look.width - 2, look.width - 4) {
        writeln!(out, "  {}", look.paint(Paint::Title, line))?;
    }
    Ok(())
}

/// What other frames say.
fn tracked_row(out: &mut dyn io::Write, look: Look, header: &Header, generated: &Generated) -> io::Result<()> {
    let spec = header.fields.iter().find(|spec| spec.key == generated.what.key());
    let label = spec.map_or(generated.what.key(), |spec| spec.label);
    let said = match (generated.value.into(), spec) {
        (Value::Number(number), None) => number.to_string(),
        (other, Some(spec)) => value::brief(spec, other, look.glyphs),
        (other, None) => value::plain(other, look.glyphs),
    };
    row(out, look, "", 0, label, &said, true)
}

/// `    .... ..1.            Label: value`; what is concluded instead of read stands in brackets, as in Wireshark.
fn row(
    out: &mut dyn io::Write,
    look: Look,
    bits: &str,
    depth: u8,
    label: &str,
    said: &str,
    generated: bool,
) -> io::Result<()> {
    let indent = LABEL + usize::from(depth) * 2;
    let text = if generated { format!("[{label}: {said}]") } else { format!("{label}: {said}") };
    let room = look.width.saturating_sub(indent).max(20);
    let lines = wrap::lines(&escape::line(&text, look.glyphs), room, room - 2);
    for (number, line) in lines.iter().enumerate() {
        let (bits, hang) = if number == 0 { (bits, 0) } else { ("", 2) };
        let bits = format!("{bits:<BITS$}");
        let gap = indent - LABEL + 2 + hang;
        writeln!(out, "{}", format!("    {}{:gap$}{line}", look.paint(Paint::Marked, bits), "").trim_end())?;
    }
    Ok(())
}

pub(super) fn meaning(out: &mut dyn io::Write, look: Look, language: Language, key: &str) -> io::Result<()> {
    let Some(words) = words::field(language, key) else { return Ok(()) };
    let room = look.width.saturating_sub(LABEL + 2).max(20);
    for line in wrap::lines(&escape::line(&words, look.glyphs), room, room) {
        writeln!(out, "{:indent$}{}", "", look.paint(Paint::Sentence, line), indent = LABEL + 2)?;
    }
    Ok(())
}

/// Whole bytes as hexadecimal numbers; a part of a byte or two as bits, with dots for what belongs to other fields.
fn bits(packet: &Packet<'_>, field: &Field<'_>) -> String {
    let (start, end) = (field.start, field.start.saturating_add(field.bits));
    let (first, last) = (start / 8, end.div_ceil(8));
    let Some(bytes) = packet.frame.bytes.get(first..last) else { return String::new() };
    let mut out = String::new();
    if start % 8 == 0 && end % 8 == 0 {
        for (position, byte) in bytes.iter().take(BYTES).enumerate() {
            let gap = if position > 0 { " " } else { "" };
            let _ = write!(out, "{gap}{byte:02x}");
        }
        if bytes.len() > BYTES {
            out.push_str(" +");
        }
        return out;
    }
    for at in (first * 8..last * 8).take(16) {
        if at % 4 == 0 && at > first * 8 {
            out.push(' ');
        }
        let set = bytes[at / 8 - first] >> (7 - at % 8) & 1 == 1;
        out.push(match set {
            _ if !(start..end).contains(&at) => '.',
            true => '1',
            false => '0',
        });
    }
    out
}
