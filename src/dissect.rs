//! Bytes → [`Packet`]: walks the protocols' bindings and never fails.

use crate::model::{Fault, FaultKind, Frame, Layer, LayerView, LinkType, Packet, Parts};
use crate::proto::stream::Piece;
use crate::proto::{self, Binding, Input, checksum, data, tcp};

/// More layers than any real frame has; only hostile ones (tag in tag in tag) reach it.
const MOST_LAYERS: usize = 32;

/// Finds the layers of `frame`, outermost first, and what is wrong with them. Values are not read yet: that is what
/// [`LayerView::walk`](crate::model::LayerView::walk) does, when somebody asks.
#[must_use]
pub fn dissect(frame: &Frame) -> Packet<'_> {
    dissect_into(frame, None)
}

/// The same, in the room of an earlier packet.
#[must_use]
pub fn dissect_into(frame: &Frame, room: Option<Box<Parts>>) -> Packet<'_> {
    let captured = frame.bytes.len();
    let mut packet = Packet::new(frame, room);
    if frame.original > captured {
        packet.faults.push(Fault {
            kind: FaultKind::Truncated,
            layer: "frame",
            offset: 0,
            needed: frame.original,
            available: captured,
            because: "frame.cap_len",
        });
    }
    descend(&mut packet, first(frame), 0, frame.original.max(captured), "frame.len");
    // Quotations end where their sender cut them (RFC 792 asks for eight bytes): that is no fault.
    if let Some(first) = packet.layers.iter().find(|layer| layer.quoted).map(|layer| layer.offset) {
        packet.faults.retain(|fault| {
            fault.kind == FaultKind::Malformed || fault.offset < first || fault.because == "frame.cap_len"
        });
    }
    // Everybody asks, and more than once.
    for index in 0..packet.layers.len() {
        packet.layers[index].checksum = checksum::judge(LayerView { packet: &packet, index });
    }
    packet
}

/// Reads the payload of a TCP segment as whoever follows its stream understands it: `pieces` are counted from the
/// payload's first byte. They take the place of undecoded data.
pub fn dissect_pieces(packet: &mut Packet<'_>, pieces: &[Piece]) {
    let Some(tcp) = packet.find(&tcp::HEADER) else { return };
    let start = tcp.layer().offset + tcp.layer().length;
    if pieces.is_empty() {
        return;
    }
    packet.layers.retain(|layer| layer.offset < start || !std::ptr::eq(layer.header, &raw const data::HEADER));
    for piece in pieces {
        let at = start + piece.at;
        descend(packet, Binding::Stream(piece.part), at, at + piece.length, "tcp.len");
    }
}

/// The packet of a frame that holds nothing but messages, put together from several segments; `pieces` are counted from
/// its first byte.
#[must_use]
pub fn dissect_messages<'f>(frame: &'f Frame, pieces: &[Piece]) -> Packet<'f> {
    let mut packet = Packet::new(frame, None);
    for piece in pieces {
        let end = piece.at + piece.length;
        descend(&mut packet, Binding::Stream(piece.part), piece.at, end, "tcp.reassembled.length");
    }
    packet
}

/// Finds the layers of the bytes from `at` to `end`, the first of which `binding` announces. `limit` is the key of the
/// field that sets `end`.
fn descend(packet: &mut Packet<'_>, mut binding: Binding, mut at: usize, mut end: usize, mut limit: &'static str) {
    let frame = packet.frame;
    let captured = frame.bytes.len();
    let (mut quoted, mut whole, mut promised, mut version_6) = (false, true, true, false);
    while packet.layers.len() < MOST_LAYERS {
        let bytes = frame.bytes.get(at..end.min(captured)).unwrap_or(&[]);
        let reported = end.saturating_sub(at);
        let input = Input { bytes, reported, limit, quoted, whole, time: frame.time, version_6 };
        // An announced packet that is not there at all is a fault of its own; an empty payload is not.
        let announced = (promised || matches!(binding, Binding::EtherType(_) | Binding::Llc)) && !quoted;
        if reported == 0 && !announced {
            break;
        }
        binding = told(binding, bytes);
        let Some(protocol) = proto::bound(binding).or_else(|| proto::bound(Binding::Data)) else { break };
        if bytes.is_empty() && protocol.header.name == "data" {
            break;
        }
        let found = (protocol.dissect)(&input);
        let length = found.length.min(bytes.len());
        let payload = found.payload.min(bytes.len() - length);
        if found.ends.is_some() && matches!(binding, Binding::EtherType(_)) && !quoted {
            shrink_link_layers(&mut packet.layers, at + length + payload);
        }
        // Of IPv4's fragments Wireshark reads on in those that the capture cut.
        let here = version_6 || at + found.length + found.payload <= captured;
        let fragment = found.fragment && found.payload > 0 && here;
        packet.layers.push(Layer {
            header: protocol.header,
            offset: at,
            length,
            payload,
            quoted,
            fragment,
            checksum: None,
        });
        if let Some(flaw) = found.flaw {
            packet.faults.push(Fault {
                kind: flaw.kind,
                layer: protocol.header.name,
                offset: at + flaw.at,
                needed: flaw.needed,
                available: flaw.available,
                because: flaw.because,
            });
        }
        let Some(next) = found.next else { break };
        binding = next;
        end = (at + found.length).saturating_add(found.payload - found.tail.min(found.payload)).min(end);
        at = (at + found.length + found.skip).min(end);
        limit = found.ends.unwrap_or(limit);
        quoted |= found.quotes;
        whole &= !found.fragment;
        promised = found.promises;
        version_6 = protocol.header.name.starts_with("ipv6");
    }
}

fn first(frame: &Frame) -> Binding {
    match (frame.link, frame.bytes.first()) {
        (LinkType::RawIp, Some(byte)) if byte >> 4 == 4 => Binding::EtherType(proto::ethernet::IPV4),
        (LinkType::RawIp, Some(byte)) if byte >> 4 == 6 => Binding::EtherType(proto::ethernet::IPV6),
        (link, _) => Binding::Link(link),
    }
}

/// Where IPv4 is announced, a version of 6 counts more than the announcement.
fn told(binding: Binding, bytes: &[u8]) -> Binding {
    let announced = [Binding::EtherType(proto::ethernet::IPV4), Binding::IpProtocol(proto::ipv4::IPV4)];
    match bytes.first() {
        Some(first) if first >> 4 == 6 && announced.contains(&binding) => Binding::EtherType(proto::ethernet::IPV6),
        _ => binding,
    }
}

/// What follows the end of the inner packet is not the link layer's payload but its padding.
fn shrink_link_layers(layers: &mut [Layer], end: usize) {
    for layer in layers {
        layer.payload = layer.payload.min(end.saturating_sub(layer.offset + layer.length));
    }
}
