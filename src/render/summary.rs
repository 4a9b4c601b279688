//! `--summary`: one line a packet, with the columns that Wireshark shows first.
//!
//! ```text
//!     3   0.000500    192.168.11.2 → 192.168.11.1    ICMP    98  Echo (ping) request  id=0x3a1f, seq=1/256, ttl=64
//! ```

use std::io;

use crate::engine::Seen;
use crate::model::{LayerView, Nanos, Packet};
use crate::proto::ethernet::{self, Ethernet};
use crate::proto::ip;

use super::theme::{Glyphs, Look};
use super::{escape, figures};

/// Widths of the columns; an IPv6 address needs more and moves what follows.
const NUMBER: usize = 5;
const SECONDS: usize = 4;
const ADDRESS: usize = 15;
const PROTOCOL: usize = 5;
const LENGTH: usize = 5;

/// What Wireshark's Protocol column calls a layer whose name is not simply written in capitals.
static PROTOCOLS: &[(&str, &str)] = &[
    ("eth", "Ethernet"),
    ("vlan", "VLAN"),
    ("ieee8021ad", "VLAN"),
    ("ip", "IPv4"),
    ("ipv6", "IPv6"),
    // Its extension headers speak for it.
    ("ipv6.hopopts", "IPv6"),
    ("ipv6.dstopts", "IPv6"),
    ("ipv6.routing", "IPv6"),
    ("ipv6.fraghdr", "IPv6"),
    ("icmpv6", "ICMPv6"),
    ("arp", "ARP"),
    ("icmp", "ICMP"),
    ("tcp", "TCP"),
    ("udp", "UDP"),
    ("dns", "DNS"),
    ("mdns", "MDNS"),
    ("llmnr", "LLMNR"),
    ("http", "HTTP"),
    ("dhcp", "DHCP"),
    ("llc", "LLC"),
    ("stp", "STP"),
];

/// A capture as a list. Its buffers are used again for every line.
#[derive(Debug)]
pub struct Summary {
    look: Look,
    origin: Option<Nanos>,
    line: Vec<u8>,
    info: String,
}

impl Summary {
    /// A list that has not begun.
    #[must_use]
    pub fn new(look: Look) -> Self {
        Self { look, origin: None, line: Vec::new(), info: String::new() }
    }

    /// Times count from this point on, and not from the first packet of the list.
    pub fn count_from(&mut self, origin: Nanos) {
        self.origin = Some(origin);
    }

    /// Writes the packet's line.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn packet(&mut self, out: &mut impl io::Write, seen: &Seen<'_, '_, '_>) -> io::Result<()> {
        let Self { look, line, info, .. } = self;
        let frame = seen.packet.frame;
        let origin = *self.origin.get_or_insert(frame.time);
        line.clear();
        figures::right(line, frame.number.0.into(), NUMBER);
        line.push(b' ');
        seconds(line, frame.time - origin);
        line.push(b' ');
        ends(line, seen.packet, look.glyphs);
        let protocol = seen.last().speaker().map_or("", protocol);
        column(line, protocol.as_bytes(), PROTOCOL);
        figures::right(line, frame.original as u64, LENGTH);
        line.extend_from_slice(b"  ");
        info.clear();
        // Writing to a string does not fail.
        let _ = seen.info(info);
        escape::append(line, info, look.glyphs);
        line.truncate(line.trim_ascii_end().len());
        line.push(b'\n');
        out.write_all(line)
    }
}

/// The layer's name in the Protocol column.
pub(super) fn protocol(view: LayerView<'_, '_>) -> &'static str {
    let name = match view.layer().header.name {
        // A part of a message is told as its segment's.
        "segment" => "tcp",
        name => name,
    };
    PROTOCOLS.iter().find(|(layer, _)| *layer == name).map_or(name, |(_, shown)| shown)
}

/// Seconds with six digits behind the point.
fn seconds(line: &mut Vec<u8>, time: Nanos) {
    let micros = time.0.unsigned_abs() / 1000;
    let seconds = micros / 1_000_000;
    if time.0 < 0 {
        // Not at the left of the column: the sign is read with its digits.
        let digits = seconds.checked_ilog10().unwrap_or(0) as usize + 1;
        figures::spaces(line, SECONDS.saturating_sub(digits + 1));
        line.push(b'-');
        figures::decimal(line, seconds);
    } else {
        figures::right(line, seconds, SECONDS);
    }
    line.push(b'.');
    figures::zeros(line, micros % 1_000_000, 6);
}

/// From whom to whom: IP addresses, or else those of the link.
fn ends(line: &mut Vec<u8>, packet: &Packet<'_>, glyphs: Glyphs) {
    let start = line.len();
    let link = || packet.find(&ethernet::HEADER).and_then(|view| Ethernet::read(view.bytes()));
    if let Some((from, to)) = ip::addresses(packet) {
        figures::address(line, from);
        between(line, start, glyphs);
        let start = line.len();
        figures::address(line, to);
        pad(line, start, ADDRESS);
    } else if let Some(link) = link() {
        figures::mac(line, link.source);
        between(line, start, glyphs);
        let start = line.len();
        figures::mac(line, link.destination);
        pad(line, start, ADDRESS);
    } else {
        between(line, start, glyphs);
        figures::spaces(line, ADDRESS);
    }
    line.push(b' ');
}

/// Moves what was written since `start` to the right of its column, and goes on with an arrow.
fn between(line: &mut Vec<u8>, start: usize, glyphs: Glyphs) {
    let written = line.len() - start;
    if written < ADDRESS {
        figures::spaces(line, ADDRESS - written);
        line[start..].rotate_right(ADDRESS - written);
    }
    line.extend_from_slice(if glyphs == Glyphs::Unicode { " → " } else { " -> " }.as_bytes());
}

fn column(line: &mut Vec<u8>, text: &[u8], width: usize) {
    let start = line.len();
    line.extend_from_slice(text);
    pad(line, start, width);
}

fn pad(line: &mut Vec<u8>, start: usize, width: usize) {
    figures::spaces(line, width.saturating_sub(line.len() - start));
}
