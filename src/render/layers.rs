//! `-v`: one line a layer.

use crate::model::{Field, FieldSpec, Header, LayerView, Packet};

use super::theme::{Glyphs, Look, Paint};
use super::{figures, text, theme, value, wrap};

/// How the fields of a line are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// Each lies where its row says, whatever the message.
    Place,
    /// By a walk over the layer's fields.
    Walk,
}

/// The line of a layer: literal text, and keys in braces that are replaced by the field's value.
static LINES: &[(&str, By, &str)] = &[
    ("eth", By::Place, "{eth.src} → {eth.dst}, {eth.type}"),
    ("sll", By::Walk, "{sll.pkttype}, {sll.hatype}"),
    ("vlan", By::Place, "network {vlan.id}, priority {vlan.priority}, {vlan.etype}"),
    ("arp", By::Walk, "{arp.opcode}: {arp.src.proto_ipv4} ({arp.src.hw_mac}) → {arp.dst.proto_ipv4}"),
    ("ip", By::Place, "{ip.src} → {ip.dst}, {ip.proto}, TTL {ip.ttl}, {ip.len} bytes"),
    ("ipv6", By::Place, "{ipv6.src} → {ipv6.dst}, {ipv6.nxt}, hop limit {ipv6.hlim}, {ipv6.plen} bytes"),
    ("icmp", By::Place, "{icmp.type}, code {icmp.code}, checksum {icmp.checksum}"),
    ("icmpv6", By::Place, "{icmpv6.type}, code {icmpv6.code}, checksum {icmpv6.checksum}"),
    ("udp", By::Place, "port {udp.srcport} → {udp.dstport}, {udp.length} bytes"),
    ("tcp", By::Place, "port {tcp.srcport} → {tcp.dstport}, flags {tcp.flags}, seq {tcp.seq_raw}, ack {tcp.ack_raw}"),
    ("data", By::Walk, "{data.len} bytes: {data.data}"),
];

/// Width of a layer's name.
const NAME: usize = 6;

/// Writes the layers of packets. A line's keys are looked up once.
#[derive(Debug)]
pub(super) struct Layers {
    look: Look,
    lines: Vec<(&'static Header, Line)>,
    said: Vec<u8>,
}

#[derive(Debug)]
struct Line {
    by: By,
    pieces: Vec<Piece>,
}

#[derive(Clone, Copy, Debug)]
enum Piece {
    Words(&'static str),
    /// A row of the layer's table.
    Row(usize),
}

impl Layers {
    pub fn new(look: Look) -> Self {
        Self { look, lines: Vec::new(), said: Vec::new() }
    }

    /// Writes one line for each layer of `packet`; a quoted one is marked as such.
    pub fn write(&mut self, out: &mut Vec<u8>, packet: &Packet<'_>) {
        for view in packet.views() {
            let Self { look, lines, said } = self;
            let layer = view.layer();
            said.clear();
            if layer.quoted {
                said.extend_from_slice(b"quoted: ");
            }
            let known = lines.iter().position(|(header, _)| std::ptr::eq(*header, layer.header));
            let index = known.unwrap_or_else(|| {
                lines.push((layer.header, Line::of(layer.header)));
                lines.len() - 1
            });
            lines[index].1.write(said, view, look.glyphs);
            beside(out, *look, layer.header.name, said);
        }
    }
}

/// Writes `said` behind `name`, in as many lines as it takes. It has been escaped.
pub(super) fn beside(out: &mut Vec<u8>, look: Look, name: &str, said: &[u8]) {
    let room = look.width.saturating_sub(text::INDENT + NAME).max(20);
    let said = std::str::from_utf8(said).unwrap_or_default();
    for (number, part) in wrap::pieces(said, room, room).enumerate() {
        figures::spaces(out, text::INDENT);
        let start = out.len();
        let name = if number == 0 { name } else { "" };
        theme::paint(out, look, Paint::Aside, |out| {
            out.extend_from_slice(name.as_bytes());
            figures::spaces(out, NAME.saturating_sub(name.len()).max(usize::from(number == 0)));
        });
        debug_assert!(out.len() >= start + NAME);
        out.extend_from_slice(part.as_bytes());
        out.push(b'\n');
    }
}

impl Line {
    fn of(header: &'static Header) -> Self {
        let Some((_, by, template)) = LINES.iter().find(|(name, ..)| *name == header.name) else {
            return Self { by: By::Place, pieces: vec![Piece::Words(header.title)] };
        };
        let mut pieces = Vec::new();
        for piece in template.split('{') {
            let (key, words) = piece.split_once('}').map_or((None, piece), |(key, words)| (Some(key), words));
            let row = key.and_then(|key| header.fields.iter().position(|spec| spec.key == key));
            pieces.extend(row.map(Piece::Row));
            // The arrow is the only word that ASCII writes otherwise.
            let mut words = words.split('→').peekable();
            while let Some(part) = words.next() {
                pieces.push(Piece::Words(part));
                if words.peek().is_some() {
                    pieces.push(Piece::Words("→"));
                }
            }
        }
        Self { by: *by, pieces }
    }

    fn write(&self, out: &mut Vec<u8>, view: LayerView<'_, '_>, glyphs: Glyphs) {
        let fields = view.layer().header.fields;
        for piece in &self.pieces {
            match piece {
                Piece::Words("→") if glyphs == Glyphs::Ascii => out.extend_from_slice(b"->"),
                Piece::Words(words) => out.extend_from_slice(words.as_bytes()),
                Piece::Row(row) => match self.read(view, &fields[*row]) {
                    Some(field) => value::write(out, field.spec, field.value, glyphs),
                    None => out.push(b'?'),
                },
            }
        }
    }

    fn read<'f>(&self, view: LayerView<'_, 'f>, spec: &'static FieldSpec) -> Option<Field<'f>> {
        match self.by {
            By::Place => spec.read(view.bytes(), view.layer().offset),
            By::Walk => view.field(spec.key),
        }
    }
}

#[cfg(test)]
mod tests;
