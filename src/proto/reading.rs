//! What every dissector works with: the bytes it is given, what it answers, and the rows of its table.

use std::fmt;

use super::stream::Part;
use crate::model::{Bits, FaultKind, Field, FieldSpec, LayerView, LinkType, Nanos, Value, Visitor};

/// Where a protocol is found: the value in the enclosing header that announces it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// The first header of a frame of this kind.
    Link(LinkType),
    /// Ethernet's (or a tag's) type field.
    EtherType(u16),
    /// The length of an IEEE 802.3 frame, which has no type.
    Llc,
    /// LLC's destination service.
    Service(u8),
    /// IPv4's protocol field, IPv6's next header.
    IpProtocol(u8),
    /// A datagram to or from this UDP port.
    UdpPort(u16),
    /// A part of a TCP segment, as whoever follows the stream understands it. No header announces it.
    Stream(Part),
    /// Bytes without a dissector.
    Data,
}

/// The bytes that the enclosing layer hands on.
#[derive(Clone, Copy, Debug)]
pub struct Input<'f> {
    /// As many as were captured.
    pub bytes: &'f [u8],
    /// How many there were on the wire, as far as the enclosing headers can be believed.
    pub reported: usize,
    /// Key of the field that set `reported`.
    pub limit: &'static str,
    /// Inside an ICMP error.
    pub quoted: bool,
    /// Not a fragment: the payload of the IP packet is all here, or the capture cut it.
    pub whole: bool,
    /// When the frame was captured.
    pub time: Nanos,
    /// Inside IPv6, whose rules for UDP differ from IPv4's.
    pub version_6: bool,
}

/// What a dissector found out about its header.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// Length of the header in bytes; may exceed what was captured.
    pub length: usize,
    /// Bytes of the payload that the header explains itself, so that they are not handed on.
    pub skip: usize,
    /// Bytes of payload, the skipped ones included; may exceed what was captured.
    pub payload: usize,
    /// Bytes at the end of the payload that the header explains itself too.
    pub tail: usize,
    /// What the payload is; `None` when nothing is to be read there.
    pub next: Option<Binding>,
    /// Key of the field that ends the payload before the enclosing layer does.
    pub ends: Option<&'static str>,
    /// The payload must be there, be it as short as can be: an empty one is a fault.
    pub promises: bool,
    /// The payload is a part of a larger one, whose other parts are in other frames.
    pub fragment: bool,
    /// The payload is a copy of somebody else's packet.
    pub quotes: bool,
    /// What was wrong.
    pub flaw: Option<Flaw>,
}

/// A fault before it is known where in the frame it lies.
#[derive(Clone, Copy, Debug)]
pub struct Flaw {
    /// In which way.
    pub kind: FaultKind,
    /// Where, counted from the header's first byte.
    pub at: usize,
    /// What was needed.
    pub needed: usize,
    /// What was there.
    pub available: usize,
    /// Key of the field that promised it.
    pub because: &'static str,
}

/// Key of the field that says how much the capture kept.
pub const CUT: &str = "frame.cap_len";
/// What Wireshark says where the capture ends before the packet does.
pub const LIMITED: &str = "[Packet size limited during capture]";
/// What Wireshark says where an item of a list goes on beyond the packet.
pub const CONTAINED: &str = "[Malformed Packet: length of contained item exceeds length of containing item]";
/// What Wireshark says where the packet ends before its headers do.
pub const MALFORMED: &str = "[Malformed Packet]";

impl Found {
    /// A header of `length` bytes; the rest of `input` is its payload.
    #[must_use]
    pub fn new(input: &Input<'_>, length: usize, next: Option<Binding>) -> Self {
        let payload = input.reported.saturating_sub(length);
        Self {
            length,
            skip: 0,
            payload,
            tail: 0,
            next,
            ends: None,
            promises: false,
            fragment: false,
            quotes: false,
            flaw: None,
        }
    }

    /// The header is wrong in a way that forbids to read on.
    #[must_use]
    pub fn malformed(
        input: &Input<'_>,
        length: usize,
        at: usize,
        needed: usize,
        available: usize,
        key: &'static str,
    ) -> Self {
        let flaw = Flaw { kind: FaultKind::Malformed, at, needed, available, because: key };
        Self { flaw: Some(flaw), ..Self::new(input, length, None) }
    }

    /// The bytes end before the header's `needed` bytes do. `promise` is the header's own field that asks for them, if
    /// it is not the format itself.
    #[must_use]
    pub fn truncated(input: &Input<'_>, needed: usize, promise: Option<&'static str>) -> Self {
        // What the capture cut is missed first, whatever else is wrong. Most fields have two bytes.
        let missed = (input.bytes.len() / 2 + 1) * 2;
        let because = if missed.min(needed) <= input.reported { CUT } else { promise.unwrap_or(input.limit) };
        let flaw = Flaw { kind: FaultKind::Truncated, at: 0, needed, available: input.bytes.len(), because };
        Self { flaw: Some(flaw), ..Self::new(input, input.bytes.len(), None) }
    }
}

/// The position of the row with this key; the compiler refuses a key that is not there.
pub const fn row(fields: &[FieldSpec], key: &str) -> usize {
    let mut index = 0;
    while index < fields.len() {
        if same(fields[index].key.as_bytes(), key.as_bytes()) {
            return index;
        }
        index += 1;
    }
    panic!("no row has this key")
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut index = 0;
    while index < a.len() {
        if a[index] != b[index] {
            return false;
        }
        index += 1;
    }
    true
}

/// Reads the rows whose place is fixed, as far as the header reaches.
pub fn rows<'f>(view: LayerView<'_, 'f>, specs: &'static [FieldSpec], each: &mut dyn Visitor<'f>) {
    each.rows(specs, view.bytes(), view.layer().offset);
}

/// Reads a row that lies in the `length` bytes from byte `start` of the layer, header or payload.
pub fn placed<'f>(
    view: LayerView<'_, 'f>,
    spec: &'static FieldSpec,
    start: usize,
    length: usize,
    each: &mut dyn Visitor<'f>,
) {
    let (offset, end) = (view.layer().offset, view.layer().offset + view.layer().length + view.layer().payload);
    let layer = view.packet.frame.bytes.get(offset..end).unwrap_or(&[]);
    if let Some(field) = spec.read_at(Bits::bytes(start, length), layer, offset) {
        each.field(field);
    }
}

/// Reads rows of an option, which are counted from its first byte; `start` is where it begins in the header.
pub fn option_rows<'f>(
    view: LayerView<'_, 'f>,
    specs: &'static [FieldSpec],
    start: usize,
    option: &RawOption<'f>,
    each: &mut dyn Visitor<'f>,
) {
    let offset = view.layer().offset + start;
    let fields = specs.iter().filter(|spec| !spec.generated).filter_map(|spec| spec.read(option.bytes, offset));
    fields.for_each(|field| each.field(field));
}

/// A conclusion shown with the header's fields.
pub fn concluded<'f>(view: LayerView<'_, 'f>, spec: &'static FieldSpec, value: Value<'f>) -> Field<'f> {
    Field { spec, start: view.layer().offset * 8, bits: 0, value }
}

/// What the Info column says at its end about a header that could not be read whole.
pub fn broken(view: LayerView<'_, '_>) -> Option<&'static str> {
    let layer = view.layer();
    let mut faults = view.packet.faults.iter().filter(|fault| fault.kind == FaultKind::Truncated);
    let fault = faults.find(|fault| {
        fault.layer == layer.header.name && fault.offset == layer.offset
            || fault.offset > layer.offset && fault.because == CUT
    })?;
    match fault.because {
        CUT => Some(LIMITED),
        // The header itself is whole; only what it promises behind it is not.
        because if layer.header.fields.iter().any(|spec| spec.key == because) && because != "tcp.hdr_len" => None,
        _ => Some(MALFORMED),
    }
}

/// The same for a header that counts as broken wherever something is missing in it.
pub fn cut_short(view: LayerView<'_, '_>) -> Option<&'static str> {
    let layer = view.layer();
    let inside = layer.offset..layer.offset + layer.length.max(1);
    let mut faults = view.packet.faults.iter().filter(|fault| fault.kind == FaultKind::Truncated);
    let fault = faults.find(|fault| {
        fault.layer == layer.header.name && inside.contains(&fault.offset)
            || fault.offset > layer.offset && fault.because == CUT
    })?;
    Some(if fault.because == CUT { LIMITED } else { MALFORMED })
}

/// Characters that have no place of their own on a screen: controls, and Unicode's format characters.
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0001}'..='\u{e007f}')
}

/// Writes text of a frame as the Info column shows it: what cannot be seen as C escapes, and U+FFFD for what is no UTF-8.
///
/// # Errors
/// Only those of `out`.
pub fn printable(text: &[u8], out: &mut dyn fmt::Write) -> fmt::Result {
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\x07' => out.write_str("\\a")?,
                '\x08' => out.write_str("\\b")?,
                '\t' => out.write_str("\\t")?,
                '\n' => out.write_str("\\n")?,
                '\x0b' => out.write_str("\\v")?,
                '\x0c' => out.write_str("\\f")?,
                '\r' => out.write_str("\\r")?,
                _ if character.is_ascii_control() => write!(out, "\\{:03o}", u32::from(character))?,
                _ if !is_invisible(character) => out.write_char(character)?,
                '\u{10000}'.. => write!(out, "\\U{:08X}", u32::from(character))?,
                _ => write!(out, "\\u{:04X}", u32::from(character))?,
            }
        }
        out.write_str(if chunk.invalid().is_empty() { "" } else { "\u{fffd}" })?;
    }
    Ok(())
}

/// Writes `number` in decimal digits: what `write!` does, in a fraction of the time. An Info line is half numbers.
///
/// # Errors
/// Only those of `out`.
#[inline]
pub fn decimal(out: &mut impl fmt::Write, number: impl Into<u64>) -> fmt::Result {
    out.write_str(itoa::Buffer::new().format(number.into()))
}

/// Writes `words` and `number` in decimal digits.
///
/// # Errors
/// Only those of `out`.
#[inline]
pub fn pair(out: &mut impl fmt::Write, words: &str, number: impl Into<u64>) -> fmt::Result {
    out.write_str(words)?;
    decimal(out, number)
}

/// The big-endian number in the two bytes at `at`.
#[must_use]
pub fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

/// The big-endian number in the four bytes at `at`.
pub fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

/// One option of an IPv4 or TCP header; both have the same outer form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawOption<'f> {
    /// Its first byte, counted from the start of the options.
    pub at: usize,
    /// Its first byte's value.
    pub kind: u8,
    /// All of it: kind, length and contents. One byte for end and no-operation.
    pub bytes: &'f [u8],
}

/// The options of a header, up to the end of the list or the first that contradicts itself.
#[derive(Clone, Debug)]
pub struct RawOptions<'f> {
    bytes: &'f [u8],
    at: usize,
    padding: bool,
}

impl<'f> RawOptions<'f> {
    /// The options in `bytes`, which begin right after the fixed header.
    pub fn new(bytes: &'f [u8]) -> Self {
        Self { bytes, at: 0, padding: false }
    }

    /// Counts zeros behind the end of the list as further ends, as Wireshark does for TCP but not for IPv4.
    pub fn with_padding(self) -> Self {
        Self { padding: true, ..self }
    }

    /// The beginning of the option that the capture cut, if it cut one.
    pub fn cut(mut self) -> Option<RawOption<'f>> {
        while self.next().is_some() {}
        let bytes = self.bytes.get(self.at..)?;
        Some(RawOption { at: self.at, kind: *bytes.first()?, bytes })
    }

    /// Where the first option lies whose length is impossible, with that length and the bytes left; `None` when all
    /// options are well formed.
    pub fn flaw(mut self) -> Option<(usize, usize, usize)> {
        while self.next().is_some() {}
        let rest = self.bytes.get(self.at..)?;
        let kind = *rest.first()?;
        (kind > 1).then(|| (self.at, rest.get(1).map_or(2, |&length| usize::from(length.max(2))), rest.len()))
    }
}

impl<'f> Iterator for RawOptions<'f> {
    type Item = RawOption<'f>;

    fn next(&mut self) -> Option<RawOption<'f>> {
        let (at, rest) = (self.at, self.bytes.get(self.at..)?);
        let kind = *rest.first()?;
        let length = if kind > 1 { usize::from(*rest.get(1)?) } else { 1 };
        let bytes = rest.get(..length).filter(|_| length >= if kind > 1 { 2 } else { 1 })?;
        let over = kind == 0 && (!self.padding || rest.iter().any(|&byte| byte != 0));
        self.at = if over { self.bytes.len() } else { at + length };
        Some(RawOption { at, kind, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(bytes: &[u8]) -> Vec<(usize, u8, usize)> {
        RawOptions::new(bytes).map(|option| (option.at, option.kind, option.bytes.len())).collect()
    }

    #[test]
    fn options_end_where_their_lengths_say() {
        assert_eq!(kinds(&[2, 4, 5, 0xb4, 1, 3, 3, 7]), [(0, 2, 4), (4, 1, 1), (5, 3, 3)]);
        assert_eq!(kinds(&[1, 0, 0, 0]), [(0, 1, 1), (1, 0, 1)]);
        assert_eq!(RawOptions::new(&[1, 0, 0, 0]).with_padding().count(), 4);
        for options in [RawOptions::new(&[0, 1, 2, 3]), RawOptions::new(&[0, 1, 2, 3]).with_padding()] {
            assert_eq!(options.count(), 1, "what follows the end of the list is no option");
        }
    }

    #[test]
    fn an_impossible_length_ends_the_list_and_is_named() {
        for (bytes, flaw) in [
            (&[1, 2, 0, 0][..], Some((1, 2, 3))),
            (&[2, 40, 0, 0], Some((0, 40, 4))),
            (&[1, 1, 1, 8], Some((3, 2, 1))),
            (&[1, 1, 1, 0], None),
            (&[0, 9, 9, 9], None),
            (&[], None),
        ] {
            assert_eq!(RawOptions::new(bytes).flaw(), flaw, "{bytes:?}");
        }
    }
}
