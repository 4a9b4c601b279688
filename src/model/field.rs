//! Headers as data: the rows from which every view of a header is made.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Composed, LayerView, MacAddr, Nanos};

/// A run of bits inside a header, counted from the header's first bit (the most significant bit of
/// its first byte), as RFCs draw them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bits {
    /// First bit.
    pub start: usize,
    /// How many bits; 0 means "to the end of the bytes that the walk gives".
    pub len: usize,
}

/// How the bits of a field become a value, and the value becomes a word.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// An unsigned number, read as decimal.
    Number,
    /// An unsigned number that the field's community writes in hexadecimal (identifiers, checksums).
    Hex,
    /// A number in units of `.0` (header lengths count 4 octets, fragment offsets 8); its value is the product.
    Scaled(u32),
    /// A number with names for some of its values, lowest first.
    Enum(&'static [(u32, &'static str)]),
    /// One bit; the two words say what set and not set mean.
    Flag(&'static str, &'static str),
    /// A MAC address.
    Mac,
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// Bytes without further structure.
    Bytes,
    /// A span of time; or a point in time, since the Unix epoch, in the one field that holds one (`icmp.data_time`).
    Span,
    /// Text from the bytes; may be hostile.
    Text,
}

/// One row of a header's table.
#[derive(Clone, Copy, Debug)]
pub struct FieldSpec {
    /// Wireshark's display-filter name, such as `ip.ttl`.
    pub key: &'static str,
    /// The field's English name, such as `Time to Live`.
    pub label: &'static str,
    /// Where the field lies when the header's walk does not say otherwise.
    pub at: Bits,
    /// How it reads.
    pub kind: Kind,
    /// 0 for a field of the header itself, 1 for a part of the field before it (a flag of a flags byte).
    pub depth: u8,
    /// Not bytes on the wire but concluded from them (Wireshark shows such fields in brackets).
    pub generated: bool,
}

/// Writes one layer's part of the Info column.
pub type Info = for<'p, 'f> fn(LayerView<'p, 'f>, &mut String) -> fmt::Result;

/// A protocol's header as a table.
#[derive(Debug)]
pub struct Header {
    /// The layer's name in JSON, such as `ip`.
    pub name: &'static str,
    /// Its full name, such as `Internet Protocol Version 4`.
    pub title: &'static str,
    /// Where it is defined, such as `RFC 791 §3.1`.
    pub source: &'static str,
    /// Every field that this header can have, options and generated fields included, in wire order.
    pub fields: &'static [FieldSpec],
    /// Shows each field that these bytes do have, in order.
    pub walk: for<'p, 'f> fn(LayerView<'p, 'f>, &mut dyn Visitor<'f>),
    /// Writes the packet's one-line summary in the words of Wireshark's Info column; `None` for a layer that
    /// has nothing to say there (the innermost layer that has wins).
    pub info: Option<Info>,
}

/// A value read from a frame. Borrows from the frame where it is longer than a machine word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'f> {
    /// A number.
    Number(u64),
    /// A single bit.
    Flag(bool),
    /// A MAC address.
    Mac(MacAddr),
    /// An IPv4 address.
    Ipv4(Ipv4Addr),
    /// An IPv6 address.
    Ipv6(Ipv6Addr),
    /// Raw bytes.
    Bytes(&'f [u8]),
    /// Text, not yet escaped.
    Text(&'f str),
    /// Text that does not stand in the frame as it reads; not yet escaped either.
    Composed(Composed<'f>),
    /// A span of time.
    Span(Nanos),
}

/// One field of one frame: which row, which bits of the frame, which value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'f> {
    /// The row.
    pub spec: &'static FieldSpec,
    /// First bit, counted from the start of the frame.
    pub start: usize,
    /// Number of bits; 0 for generated fields.
    pub bits: usize,
    /// What it says.
    pub value: Value<'f>,
}

/// Somebody to whom a layer's fields are shown, in order. Any closure that takes a field will do.
pub trait Visitor<'f> {
    /// A field.
    fn field(&mut self, field: Field<'f>);

    /// The `rows` of a header whose first byte lies at byte `offset` of the frame, each where it says, as far as the
    /// header reaches; of conclusions, none. Nearly all fields are among these, and whoever can do with the bytes of
    /// many at once need not have each of them read.
    fn rows(&mut self, rows: &'static [FieldSpec], header: &'f [u8], offset: usize) {
        for field in rows.iter().filter(|row| !row.generated).filter_map(|row| row.read(header, offset)) {
            self.field(field);
        }
    }
}

impl<'f, F: FnMut(Field<'f>)> Visitor<'f> for F {
    fn field(&mut self, field: Field<'f>) {
        self(field);
    }
}

impl PartialEq for FieldSpec {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.at == other.at
    }
}

impl Eq for FieldSpec {}

impl Bits {
    /// `len` whole bytes from byte `offset`.
    #[must_use]
    pub const fn bytes(offset: usize, len: usize) -> Self {
        Self { start: offset * 8, len: len * 8 }
    }

    /// These bits of `header` as a big-endian number; `None` where the header ends before them, or they are more than
    /// 64.
    #[inline]
    #[must_use]
    pub fn number(self, header: &[u8]) -> Option<u64> {
        let (first, skip) = (self.start / 8, self.start % 8);
        // Nearly always there are eight bytes to be taken at once.
        if let Some(word) = header.get(first..).and_then(<[u8]>::first_chunk)
            && (1..=64 - skip).contains(&self.len)
        {
            return Some(u64::from_be_bytes(*word) << skip >> (64 - self.len));
        }
        number_at_end(header.get(first..(self.start + self.len).div_ceil(8))?, skip, self.len)
    }
}

impl FieldSpec {
    /// A row for a field of the header itself.
    #[must_use]
    pub const fn new(key: &'static str, label: &'static str, at: Bits, kind: Kind) -> Self {
        Self { key, label, at, kind, depth: 0, generated: false }
    }

    /// The same row as a part of the field before it.
    #[must_use]
    pub const fn part(mut self) -> Self {
        self.depth = 1;
        self
    }

    /// The same row as a conclusion instead of bytes.
    #[must_use]
    pub const fn generated(mut self) -> Self {
        self.generated = true;
        self
    }

    /// Reads this field from `header`, whose first byte lies at byte `offset` of the frame.
    /// `None` when the bytes end before the field does.
    #[must_use]
    pub fn read<'f>(&'static self, header: &'f [u8], offset: usize) -> Option<Field<'f>> {
        self.read_at(self.at, header, offset)
    }

    /// The same, for a header in which the field does not lie where the row says, but at `at`.
    #[must_use]
    pub fn read_at<'f>(&'static self, at: Bits, header: &'f [u8], offset: usize) -> Option<Field<'f>> {
        let bits = if at.len == 0 { (header.len() * 8).checked_sub(at.start)? } else { at.len };
        let number = || Bits { len: bits, ..at }.number(header);
        let bytes = || header.get(at.start / 8..(at.start + bits).div_ceil(8));
        let value = match self.kind {
            Kind::Number | Kind::Hex | Kind::Enum(_) | Kind::Span => Value::Number(number()?),
            Kind::Flag(..) => Value::Flag(number()? != 0),
            Kind::Scaled(unit) => Value::Number(number()?.saturating_mul(u64::from(unit))),
            Kind::Mac => Value::Mac(MacAddr::read(bytes()?)?),
            Kind::Ipv4 => Value::Ipv4(Ipv4Addr::from(<[u8; 4]>::try_from(bytes()?).ok()?)),
            Kind::Ipv6 => Value::Ipv6(Ipv6Addr::from(<[u8; 16]>::try_from(bytes()?).ok()?)),
            Kind::Bytes => Value::Bytes(bytes()?),
            Kind::Text => bytes().map(|bytes| std::str::from_utf8(bytes).map_or(Value::Bytes(bytes), Value::Text))?,
        };
        Some(Field { spec: self, start: offset * 8 + at.start, bits, value })
    }
}

/// The big-endian number in the `len` bits of `bytes` from bit `skip` on, which are just those bytes that it takes.
fn number_at_end(bytes: &[u8], skip: usize, len: usize) -> Option<u64> {
    if bytes.len() > 9 || len > 64 {
        return None;
    }
    let all = bytes.iter().fold(0_u128, |all, &byte| all << 8 | u128::from(byte));
    let below = bytes.len() * 8 - skip - len;
    u64::try_from(all >> below & ((1_u128 << len) - 1)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    static VERSION: FieldSpec = FieldSpec::new("ip.version", "Version", Bits { start: 0, len: 4 }, Kind::Number);
    static LENGTH: FieldSpec =
        FieldSpec::new("ip.hdr_len", "Header Length", Bits { start: 4, len: 4 }, Kind::Scaled(4));
    static OFFSET: FieldSpec = FieldSpec::new("ip.frag_offset", "Offset", Bits { start: 3, len: 13 }, Kind::Number);

    #[test]
    fn bits_are_counted_from_the_most_significant() {
        let header = [0x45, 0x00];
        assert_eq!(VERSION.read(&header, 14).map(|f| (f.start, f.value)), Some((112, Value::Number(4))));
        assert_eq!(LENGTH.read(&header, 14).map(|f| (f.start, f.value)), Some((116, Value::Number(20))));
        assert_eq!(OFFSET.read(&[0xe1, 0x23], 0).map(|f| f.value), Some(Value::Number(0x123)));
    }

    #[test]
    fn a_number_is_the_same_wherever_the_header_ends() {
        let header: Vec<u8> = (1..=20_u8).map(|byte| byte.wrapping_mul(37)).collect();
        let bits: Vec<u128> =
            header.iter().flat_map(|byte| (0..8).rev().map(move |bit| u128::from(byte >> bit & 1))).collect();
        for (start, len) in (0..72).flat_map(|start| (0..=64).map(move |len| (start, len))) {
            let expected = bits[start..start + len].iter().fold(0, |all, bit| all << 1 | bit);
            for end in (start + len).div_ceil(8)..=header.len() {
                let found = Bits { start, len }.number(&header[..end]).map(u128::from);
                assert_eq!(found, Some(expected), "{len} bits from {start} of {end} bytes");
            }
        }
    }

    #[test]
    fn a_field_past_the_end_is_none() {
        assert_eq!(OFFSET.read(&[0xe1], 0), None);
        assert_eq!(VERSION.read(&[], 0), None);
    }
}
