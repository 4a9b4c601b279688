//! A dissected frame: where each layer lies, and what was wrong with it.

use std::fmt::{self, Write as _};
use std::ops::{Deref, DerefMut};

use super::{ChecksumStatus, Conclusions, Field, FieldSpec, Frame, Header, LinkType, Tracked, Value, Visitor};

/// One protocol's part of a frame.
#[derive(Clone, Copy, Debug)]
pub struct Layer {
    /// The table that describes it.
    pub header: &'static Header,
    /// First byte of the header, counted from the start of the frame.
    pub offset: usize,
    /// Length of the header in bytes, options included, as far as the frame holds it.
    pub length: usize,
    /// Bytes after the header that belong to it, as far as the frame holds them (padding excluded).
    pub payload: usize,
    /// Part of the original datagram inside an ICMP error: something that somebody else saw.
    pub quoted: bool,
    /// The payload is a piece of a larger one, and all of the piece is here.
    pub fragment: bool,
    /// What its checksum is worth; `None` for a layer without one, or without that field.
    pub checksum: Option<ChecksumStatus>,
}

/// In which way bytes failed their own format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The bytes end before the header or the promised length does.
    Truncated,
    /// A value contradicts the format (a header length below its minimum).
    Malformed,
}

/// What a dissector needed, what was there, and which field promised it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// In which way.
    pub kind: FaultKind,
    /// Name of the layer.
    pub layer: &'static str,
    /// Where in the frame the missing or wrong bytes begin.
    pub offset: usize,
    /// How many bytes were needed from there.
    pub needed: usize,
    /// How many there were.
    pub available: usize,
    /// Key of the field that promised them, or what requires them.
    pub because: &'static str,
}

/// A frame with its layers found, outermost first.
#[derive(Clone, Debug)]
pub struct Packet<'f> {
    /// The frame it was read from.
    pub frame: &'f Frame,
    parts: Box<Parts>,
}

/// What was found in a frame: a packet without it. Its lists keep their room, for the next of a million packets.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// The layers that could be read; a quoted datagram's layers follow the ICMP layer that quotes it.
    pub layers: Vec<Layer>,
    /// What was wrong. Empty for a well-formed packet.
    pub faults: Vec<Fault>,
    /// What other frames say about this one; filled by the conversation tracker.
    pub generated: Conclusions,
}

impl Parts {
    /// The packet of `frame` that these parts were taken from.
    #[must_use]
    pub fn of(self: Box<Self>, frame: &Frame) -> Packet<'_> {
        Packet { frame, parts: self }
    }
}

impl Deref for Packet<'_> {
    type Target = Parts;

    #[inline]
    fn deref(&self) -> &Parts {
        &self.parts
    }
}

impl DerefMut for Packet<'_> {
    #[inline]
    fn deref_mut(&mut self) -> &mut Parts {
        &mut self.parts
    }
}

/// One layer of one packet, with its bytes at hand.
#[derive(Clone, Copy, Debug)]
pub struct LayerView<'p, 'f> {
    /// The packet.
    pub packet: &'p Packet<'f>,
    /// Which of its layers.
    pub index: usize,
}

impl<'f> Packet<'f> {
    /// A packet of which nothing is known yet, in the room of an earlier one.
    #[must_use]
    pub fn new(frame: &'f Frame, room: Option<Box<Parts>>) -> Self {
        let mut packet = room.unwrap_or_default().of(frame);
        packet.layers.clear();
        packet.faults.clear();
        packet.generated.clear();
        packet
    }

    /// All but the frame.
    #[must_use]
    pub fn into_parts(self) -> Box<Parts> {
        self.parts
    }

    /// The first layer with this header that is not quoted.
    #[must_use]
    pub fn find<'p>(&'p self, header: &'static Header) -> Option<LayerView<'p, 'f>> {
        self.views().find(|view| !view.layer().quoted && view.is(header))
    }

    /// The first quoted layer with this header.
    #[must_use]
    pub fn find_quoted<'p>(&'p self, header: &'static Header) -> Option<LayerView<'p, 'f>> {
        self.views().find(|view| view.layer().quoted && view.is(header))
    }

    /// Every layer, outermost first.
    pub fn views<'p>(&'p self) -> impl Iterator<Item = LayerView<'p, 'f>> {
        (0..self.layers.len()).map(move |index| LayerView { packet: self, index })
    }

    /// The layer that speaks for the packet: the innermost that is not quoted and has something to say. What a piece
    /// begins with is readable, but only the whole can speak for it.
    #[must_use]
    pub fn speaker<'p>(&'p self) -> Option<LayerView<'p, 'f>> {
        let piece = self.layers.iter().position(|layer| layer.fragment && !layer.quoted);
        let layers = &self.layers[..piece.map_or(self.layers.len(), |piece| piece + 1)];
        let index = layers.iter().rposition(|layer| !layer.quoted && layer.header.info.is_some())?;
        Some(LayerView { packet: self, index })
    }

    /// Writes the packet's one-line summary in the words of Wireshark's Info column. Never writes bytes
    /// of the frame unescaped.
    ///
    /// # Errors
    /// None: a string takes everything.
    pub fn info(&self, out: &mut String) -> fmt::Result {
        match self.speaker().and_then(|view| Some((view.layer().header.info?, view))) {
            Some((info, view)) => info(view, out),
            None if self.frame.link == LinkType::RawIp => out.write_str("Raw packet data"),
            None => out.write_str("Undecoded frame"),
        }
    }

    /// A value that the conversation tracker added.
    #[inline]
    #[must_use]
    pub fn generated(&self, what: Tracked) -> Option<Value<'static>> {
        self.generated.of(what).map(Value::from)
    }
}

impl<'p, 'f> LayerView<'p, 'f> {
    /// The layer's position and table.
    #[inline]
    #[must_use]
    pub fn layer(self) -> &'p Layer {
        &self.packet.layers[self.index]
    }

    /// Whether this layer's header is `header`.
    #[inline]
    #[must_use]
    pub fn is(self, header: &'static Header) -> bool {
        std::ptr::eq(self.layer().header, header)
    }

    /// The header's bytes.
    #[inline]
    #[must_use]
    pub fn bytes(self) -> &'f [u8] {
        let layer = self.layer();
        self.packet.frame.bytes.get(layer.offset..layer.offset + layer.length).unwrap_or(&[])
    }

    /// The bytes after the header that belong to this layer.
    #[inline]
    #[must_use]
    pub fn payload(self) -> &'f [u8] {
        let layer = self.layer();
        let start = layer.offset + layer.length;
        self.packet.frame.bytes.get(start..start + layer.payload).unwrap_or(&[])
    }

    /// Calls back once for each field, in order.
    pub fn walk(self, each: &mut dyn FnMut(Field<'f>)) {
        self.show(&mut &mut *each);
    }

    /// Shows each field to `visitor`, in order.
    pub fn show(self, visitor: &mut dyn Visitor<'f>) {
        (self.layer().header.walk)(self, visitor);
    }

    /// The first field with this key.
    #[must_use]
    pub fn field(self, key: &str) -> Option<Field<'f>> {
        let mut search = Search { key, found: None };
        self.show(&mut search);
        search.found
    }

    /// The first field with this key as a number (a flag counts as 0 or 1).
    #[must_use]
    pub fn number(self, key: &str) -> Option<u64> {
        match self.field(key)?.value {
            Value::Number(number) => Some(number),
            Value::Flag(flag) => Some(u64::from(flag)),
            _ => None,
        }
    }
}

/// Looks for the first field with a key.
struct Search<'k, 'f> {
    key: &'k str,
    found: Option<Field<'f>>,
}

impl<'f> Visitor<'f> for Search<'_, 'f> {
    fn field(&mut self, field: Field<'f>) {
        if self.found.is_none() && field.spec.key == self.key {
            self.found = Some(field);
        }
    }

    fn rows(&mut self, rows: &'static [FieldSpec], header: &'f [u8], offset: usize) {
        if self.found.is_none() {
            let row = rows.iter().find(|row| !row.generated && row.key == self.key);
            self.found = row.and_then(|row| row.read(header, offset));
        }
    }
}
