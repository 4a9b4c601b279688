//! `-v`: one line a layer.

use std::io;

use crate::model::{LayerView, Packet};

use super::theme::{Look, Paint};
use super::{escape, text, value, wrap};

/// The line of a layer: literal text, and keys in braces that are replaced by the field's value.
static LINES: &[(&str, &str)] = &[
    ("eth", "{eth.src} → {eth.dst}, {eth.type}"),
    ("vlan", "network {vlan.id}, priority {vlan.priority}, {vlan.etype}"),
    ("arp", "{arp.opcode}: {arp.src.proto_ipv4} ({arp.src.hw_mac}) → {arp.dst.proto_ipv4}"),
    ("ip", "{ip.src} → {ip.dst}, {ip.proto}, TTL {ip.ttl}, {ip.len} bytes"),
    ("icmp", "{icmp.type}, code {icmp.code}, checksum {icmp.checksum}"),
    ("udp", "port {udp.srcport} → {udp.dstport}, {udp.length} bytes"),
    ("tcp", "port {tcp.srcport} → {tcp.dstport}, flags {tcp.flags}, seq {tcp.seq_raw}, ack {tcp.ack_raw}"),
    ("data", "{data.len} bytes: {data.data}"),
];

/// Column of a layer's name, and width of the name.
const NAME: usize = 6;

/// Writes one line for each layer of `packet`; a quoted one is marked as such.
pub(super) fn write(out: &mut dyn io::Write, look: Look, packet: &Packet<'_>) -> io::Result<()> {
    for view in packet.views() {
        let layer = view.layer();
        let quoted = if layer.quoted { "quoted: " } else { "" };
        let said = format!("{quoted}{}", line(view, look));
        let room = look.width.saturating_sub(text::INDENT + NAME).max(20);
        for (number, part) in wrap::lines(&escape::line(&said, look.glyphs), room, room).iter().enumerate() {
            let name = if number == 0 { layer.header.name } else { "" };
            let name = look.paint(Paint::Aside, format!("{name:<NAME$}"));
            writeln!(out, "{:indent$}{name}{part}", "", indent = text::INDENT)?;
        }
    }
    Ok(())
}

fn line(view: LayerView<'_, '_>, look: Look) -> String {
    let header = view.layer().header;
    let Some((_, template)) = LINES.iter().find(|(name, _)| *name == header.name) else {
        return format!("{}, {} bytes", header.title, view.layer().length);
    };
    let mut line = String::new();
    for piece in template.split('{') {
        match piece.split_once('}') {
            None => line.push_str(piece),
            Some((key, literal)) => {
                match view.field(key) {
                    Some(field) => line.push_str(&value::brief(field.spec, field.value, look.glyphs)),
                    None => line.push('?'),
                }
                line.push_str(literal);
            }
        }
    }
    line
}

#[cfg(test)]
mod tests;
