//! `-v`: one line a layer.

use crate::model::{Bits, FieldSpec, Header, Kind, LayerView, MacAddr, Packet, Value};

use super::again::Again;
use super::theme::{Glyphs, Look, Paint};
use super::{text, theme, value, wrap};

/// How the fields of a line are found.
#[derive(Clone, Copy, Debug)]
enum By {
    /// Each lies where its row says, in a header of which this is true.
    Place(fn(&[u8]) -> bool),
    /// By a walk over the layer's fields.
    Walk,
}

/// The line of a layer: literal text, and keys in braces that are replaced by the field's value. Of a layer with several
/// lines the first one holds that fits the header.
static LINES: &[(&str, By, &str)] = &[
    ("eth", By::Place(|header| header.get(12).is_some_and(|&byte| byte >= 6)), "{eth.src} → {eth.dst}, {eth.type}"),
    ("eth", By::Walk, "{eth.src} → {eth.dst}, {eth.len} bytes"),
    ("sll", By::Walk, "{sll.pkttype}, {sll.hatype}"),
    ("vlan", By::Place(always), "network {vlan.id}, priority {vlan.priority}, {vlan.etype}"),
    ("arp", By::Walk, "{arp.opcode}: {arp.src.proto_ipv4} ({arp.src.hw_mac}) → {arp.dst.proto_ipv4}"),
    ("ip", By::Place(always), "{ip.src} → {ip.dst}, {ip.proto}, TTL {ip.ttl}, {ip.len} bytes"),
    (
        "ipv6",
        By::Place(|header| header.first().is_some_and(|&byte| byte >> 4 == 6)),
        "{ipv6.src} → {ipv6.dst}, {ipv6.nxt}, hop limit {ipv6.hlim}, {ipv6.plen} bytes",
    ),
    (
        "ipv6.fraghdr",
        By::Place(always),
        "offset {ipv6.fraghdr.offset} times 8 bytes, more fragments: {ipv6.fraghdr.more}, id {ipv6.fraghdr.ident}",
    ),
    ("icmp", By::Place(always), "{icmp.type}, code {icmp.code}, checksum {icmp.checksum}"),
    ("icmpv6", By::Place(always), "{icmpv6.type}, code {icmpv6.code}, checksum {icmpv6.checksum}"),
    ("udp", By::Place(always), "port {udp.srcport} → {udp.dstport}, {udp.length} bytes"),
    (
        "tcp",
        By::Place(always),
        "port {tcp.srcport} → {tcp.dstport}, flags {tcp.flags}, seq {tcp.seq_raw}, ack {tcp.ack_raw}",
    ),
    ("data", By::Walk, "{data.len} bytes: {data.data}"),
];

fn always(_: &[u8]) -> bool {
    true
}

/// Width of a layer's name.
const NAME: usize = 6;

/// Writes the layers of packets. A line's keys are looked up once.
#[derive(Debug)]
pub(super) struct Layers {
    look: Look,
    /// The lines of the headers that were seen.
    lines: Vec<(&'static Header, Vec<Line>)>,
    said: Vec<u8>,
}

#[derive(Debug)]
struct Line {
    template: Template,
    /// The bits of the header that it is made of, where they are known and can be compared at once.
    made_of: Option<Vec<Bits>>,
    again: Again,
}

#[derive(Debug)]
struct Template {
    by: By,
    pieces: Vec<Piece>,
}

#[derive(Clone, Copy, Debug)]
enum Piece {
    Words(&'static str),
    Arrow,
    /// A row of the layer's table, and how it is read where it lies in its place.
    Row(&'static FieldSpec, Read),
}

/// A field in its place.
#[derive(Clone, Copy, Debug)]
enum Read {
    Byte(usize),
    Half(usize),
    Word(usize),
    Mac(usize),
    Ipv4(usize),
    /// In the way that its row says.
    Row,
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
            let known = lines.iter().position(|(header, _)| std::ptr::eq(*header, layer.header));
            let index = known.unwrap_or_else(|| {
                lines.push((layer.header, Line::all_of(layer.header)));
                lines.len() - 1
            });
            match lines[index].1.iter_mut().find(|line| line.template.fits(view)) {
                Some(line) => line.write(out, *look, view, said),
                None => {
                    said.clear();
                    said.extend_from_slice(quoted(view));
                    said.extend_from_slice(layer.header.title.as_bytes());
                    beside(out, *look, layer.header.name, said);
                }
            }
        }
    }
}

fn quoted(view: LayerView<'_, '_>) -> &'static [u8] {
    if view.layer().quoted { b"quoted: " } else { b"" }
}

/// Writes `said` behind `name`, in as many lines as it takes. It has been escaped.
pub(super) fn beside(out: &mut Vec<u8>, look: Look, name: &str, said: &[u8]) {
    const MARGIN: &[u8; text::INDENT + NAME] = &[b' '; text::INDENT + NAME];
    let room = |name: usize| look.width.saturating_sub(text::INDENT + name).max(20);
    for (number, part) in wrap::pieces(said, room(NAME.max(name.len() + 1)), room(NAME)).enumerate() {
        if number == 0 {
            out.extend_from_slice(&MARGIN[..text::INDENT]);
            theme::paint(out, look, Paint::Aside, |out| {
                out.extend_from_slice(name.as_bytes());
                out.extend_from_slice(&MARGIN[..NAME.saturating_sub(name.len()).max(1)]);
            });
        } else {
            out.extend_from_slice(MARGIN);
        }
        out.extend_from_slice(part);
        out.push(b'\n');
    }
}

impl Line {
    /// The lines that a header may have.
    fn all_of(header: &'static Header) -> Vec<Self> {
        let own = LINES.iter().filter(|(name, ..)| *name == header.name);
        own.map(|(_, by, template)| Self::new(Template::of(header, *by, template))).collect()
    }

    fn new(template: Template) -> Self {
        let rows = template.pieces.iter().filter_map(|piece| match piece {
            Piece::Row(spec, _) => Some(spec.at),
            Piece::Words(_) | Piece::Arrow => None,
        });
        let rows: Vec<Bits> = rows.collect();
        let are_numbers = rows.iter().all(|bits| (1..=64).contains(&bits.len));
        let are_few = are_numbers && rows.iter().map(|bits| bits.len).sum::<usize>() <= 128;
        let made_of = (matches!(template.by, By::Place(_)) && are_few).then_some(rows);
        Self { template, made_of, again: Again::default() }
    }

    /// Writes the line, with `said` as a buffer.
    fn write(&mut self, out: &mut Vec<u8>, look: Look, view: LayerView<'_, '_>, said: &mut Vec<u8>) {
        let Self { template, made_of, again } = self;
        let layer = view.layer();
        let mut write = |out: &mut Vec<u8>| {
            said.clear();
            said.extend_from_slice(quoted(view));
            template.write(said, view, look.glyphs);
            beside(out, look, layer.header.name, said);
        };
        match made_of.as_ref().filter(|_| !layer.quoted).and_then(|made_of| in_a_row(made_of, view.bytes())) {
            Some(bits) => again.write(out, bits, write),
            None => write(out),
        }
    }
}

/// Several runs of bits, one behind the other.
fn in_a_row(made_of: &[Bits], header: &[u8]) -> Option<u128> {
    made_of.iter().try_fold(0, |all, bits| Some(all << bits.len | u128::from(bits.number(header)?)))
}

impl Template {
    fn of(header: &'static Header, by: By, template: &'static str) -> Self {
        let mut pieces = Vec::new();
        for piece in template.split('{') {
            let (key, words) = piece.split_once('}').map_or((None, piece), |(key, words)| (Some(key), words));
            let row = key.and_then(|key| header.fields.iter().find(|spec| spec.key == key));
            pieces.extend(row.map(|spec| Piece::Row(spec, Read::of(by, spec))));
            // The arrow is the only word that ASCII writes otherwise.
            for (number, words) in words.split('→').enumerate() {
                if number > 0 {
                    pieces.push(Piece::Arrow);
                }
                pieces.extend((!words.is_empty()).then_some(Piece::Words(words)));
            }
        }
        Self { by, pieces }
    }

    fn fits(&self, view: LayerView<'_, '_>) -> bool {
        match self.by {
            By::Place(fits) => fits(view.bytes()),
            By::Walk => true,
        }
    }

    fn write(&self, out: &mut Vec<u8>, view: LayerView<'_, '_>, glyphs: Glyphs) {
        let bytes = view.bytes();
        for piece in &self.pieces {
            match *piece {
                Piece::Arrow => out.extend_from_slice(if glyphs == Glyphs::Unicode { "→" } else { "->" }.as_bytes()),
                Piece::Words(words) => out.extend_from_slice(words.as_bytes()),
                Piece::Row(spec, read) => match read.value(bytes).or_else(|| self.read(view, spec)) {
                    Some(value) => value::write(out, spec, value, glyphs),
                    None => out.push(b'?'),
                },
            }
        }
    }

    fn read<'f>(&self, view: LayerView<'_, 'f>, spec: &'static FieldSpec) -> Option<Value<'f>> {
        let field = match self.by {
            By::Place(_) => spec.read(view.bytes(), view.layer().offset),
            By::Walk => view.field(spec.key),
        };
        field.map(|field| field.value)
    }
}

impl Read {
    fn of(by: By, spec: &FieldSpec) -> Self {
        let place = (spec.at.start.is_multiple_of(8) && matches!(by, By::Place(_))).then_some(spec.at.start / 8);
        match (place, spec.kind, spec.at.len) {
            (Some(at), Kind::Mac, 48) => Self::Mac(at),
            (Some(at), Kind::Ipv4, 32) => Self::Ipv4(at),
            (Some(at), Kind::Number | Kind::Hex | Kind::Enum(_), 8) => Self::Byte(at),
            (Some(at), Kind::Number | Kind::Hex | Kind::Enum(_), 16) => Self::Half(at),
            (Some(at), Kind::Number | Kind::Hex | Kind::Enum(_), 32) => Self::Word(at),
            _ => Self::Row,
        }
    }

    fn value(self, header: &[u8]) -> Option<Value<'static>> {
        fn chunk<const N: usize>(header: &[u8], at: usize) -> Option<[u8; N]> {
            header.get(at..)?.first_chunk().copied()
        }
        match self {
            Self::Byte(at) => header.get(at).map(|&byte| Value::Number(byte.into())),
            Self::Half(at) => chunk(header, at).map(|half| Value::Number(u16::from_be_bytes(half).into())),
            Self::Word(at) => chunk(header, at).map(|word| Value::Number(u32::from_be_bytes(word).into())),
            Self::Mac(at) => chunk(header, at).map(|mac| Value::Mac(MacAddr(mac))),
            Self::Ipv4(at) => chunk(header, at).map(|address: [u8; 4]| Value::Ipv4(address.into())),
            Self::Row => None,
        }
    }
}

#[cfg(test)]
mod tests;
