//! A packet in a line.

use crate::engine::Seen;
use crate::model::{Direction, MacAddr, Nanos, Packet, Value, tracked};
use crate::proto::arp::{self, Arp};
use crate::proto::ethernet::{self, Ethernet};
use crate::proto::ip;
use crate::proto::ipv4::{self, Ipv4};
use crate::render::theme::{self, Glyphs, Look, Paint};
use crate::render::{escape, figures, value, wrap};

use super::INDENT;

/// What a line is put together in.
#[derive(Debug, Default)]
pub(in crate::render) struct Scratch {
    info: String,
    pub(super) line: Vec<u8>,
}

/// A packet's line: when it came, its number, which way it went, what it says, and what is decisive about it at the
/// right margin.
#[derive(Clone, Copy, Debug)]
pub(in crate::render) struct Line {
    pub look: Look,
    /// Since the first packet.
    pub time: Nanos,
    /// Which way its arrow points.
    pub way: Option<Direction>,
    /// It stands below a heading that says who talks to whom, and among lines that say the rest.
    pub in_context: bool,
}

impl Line {
    /// The line of a packet that stands alone: its arrow is the direction in which it was captured.
    pub(super) fn of(look: Look, packet: &Packet<'_>, time: Nanos) -> Self {
        Self { look, time, way: packet.frame.direction, in_context: false }
    }

    /// Writes the line of `packet`; where it was `seen` among others, with what it completes.
    pub(in crate::render) fn write(
        self,
        out: &mut Vec<u8>,
        scratch: &mut Scratch,
        packet: &Packet<'_>,
        seen: Option<&Seen<'_, '_, '_>>,
    ) {
        figures::millis(out, self.time, 8);
        out.push(b' ');
        figures::right(out, packet.frame.number.0.into(), 3);
        out.push(b' ');
        self.described(out, scratch, packet, seen, self.look.glyphs.arrow(self.way));
    }

    /// Goes on with the arrow and with what the packet says, behind what the line begins with.
    pub(super) fn described(
        self,
        out: &mut Vec<u8>,
        scratch: &mut Scratch,
        packet: &Packet<'_>,
        seen: Option<&Seen<'_, '_, '_>>,
        arrow: char,
    ) {
        let look = self.look;
        let begun = out.len() - out.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        let margin = self.margin(seen.map_or(packet, Seen::last));
        self.info(scratch, packet, seen, margin.is_some());
        let paint = match self.way {
            Some(Direction::Out) => Paint::Out,
            Some(Direction::In) => Paint::In,
            _ => Paint::Aside,
        };
        theme::paint(out, look, paint, |out| out.extend_from_slice(arrow.encode_utf8(&mut [0; 4]).as_bytes()));
        out.push(b' ');
        let (first, rest) = (look.width.saturating_sub(begun + 2), look.width.saturating_sub(INDENT));
        if scratch.line.is_empty() {
            out.pop();
        }
        let mut column = begun + 2;
        for (number, piece) in wrap::pieces(&scratch.line, first, rest).enumerate() {
            if number > 0 {
                out.push(b'\n');
                figures::spaces(out, INDENT);
                column = INDENT;
            }
            out.extend_from_slice(piece);
            if margin.is_some() {
                column += wrap::width(&String::from_utf8_lossy(piece));
            }
        }
        if let Some(margin) = margin {
            let fits = column + 2 + margin.len() <= look.width;
            if !fits {
                out.push(b'\n');
            }
            figures::spaces(out, if fits { look.width - column - margin.len() } else { INDENT });
            theme::paint(out, look, Paint::Measure, |out| out.extend_from_slice(margin.as_bytes()));
        }
        out.push(b'\n');
    }

    /// The packet's Info line, escaped. Beside a measured time, which rests on the pair, the pair itself is not
    /// repeated; and where nothing else says which way the frame went, the line says from whom to whom.
    fn info(
        self,
        Scratch { info, line }: &mut Scratch,
        packet: &Packet<'_>,
        seen: Option<&Seen<'_, '_, '_>>,
        measured: bool,
    ) {
        line.clear();
        info.clear();
        let glyphs = self.look.glyphs;
        let told = matches!(packet.frame.direction, Some(Direction::Out | Direction::In));
        if !(told || self.in_context) {
            let arrow = if glyphs == Glyphs::Unicode { " → " } else { " -> " }.as_bytes();
            let link = || packet.find(&ethernet::HEADER).and_then(|view| Ethernet::read(view.bytes()));
            if let Some((from, to)) = ip::addresses(packet) {
                figures::address(line, from);
                line.extend_from_slice(arrow);
                figures::address(line, to);
                line.extend_from_slice(b"  ");
            } else if let Some(link) = link() {
                figures::mac(line, link.source);
                line.extend_from_slice(arrow);
                figures::mac(line, link.destination);
                line.extend_from_slice(b"  ");
            }
        }
        // Writing to a string does not fail.
        let _ = match seen {
            Some(seen) => seen.info(info),
            None => packet.info(info),
        };
        if measured && let Some(pair) = info.rfind(" (request in ") {
            info.truncate(pair);
        }
        // Clocks that tick in every segment say nothing about this one.
        if self.in_context
            && let Some(stamps) = info.find(" TSval=")
        {
            let length = info[stamps..].match_indices(' ').nth(2).map_or(info.len() - stamps, |(end, _)| end);
            info.replace_range(stamps..stamps + length, "");
        }
        if let Some(vendor) = answerer(packet).and_then(MacAddr::vendor) {
            info.push_str(" (");
            info.push_str(vendor);
            info.push(')');
        }
        escape::append(line, info, glyphs);
        // A packet without a word leaves nothing behind its addresses.
        line.truncate(line.trim_ascii_end().len());
    }

    /// What is decisive about the packet: how long the answer took, or who reports.
    fn margin(self, packet: &Packet<'_>) -> Option<String> {
        if let Some(Value::Span(rtt)) = packet.generated(tracked!("icmp.resptime")) {
            // A first fragment is no answer yet: the time stands beside the whole.
            let header = packet.find(&ipv4::HEADER).and_then(|view| Ipv4::read(view.bytes()));
            let is_piece = header.is_some_and(|header| header.more_fragments);
            return (!is_piece).then(|| value::milliseconds(rtt));
        }
        let reports = packet.layers.iter().any(|layer| layer.quoted);
        let from_afar = self.way == Some(Direction::In) || self.in_context;
        (reports && from_afar).then(|| ip::addresses(packet))?.map(|(from, _)| format!("from {from}"))
    }
}

/// The MAC address that an ARP reply tells.
fn answerer(packet: &Packet<'_>) -> Option<MacAddr> {
    let arp = packet.find(&arp::HEADER).and_then(|view| Arp::read(view.bytes()))?;
    (arp.operation == arp::REPLY).then_some(arp.sender_mac)
}
