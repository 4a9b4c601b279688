//! What changed since the packet before: of the same conversation, in the same direction.

use crate::converse::{ConversationNo, Speaker};
use crate::engine::Seen;
use crate::model::{FrameNo, LayerView, MacAddr, Packet, Value, tracked};
use crate::proto::ethernet::{self, Ethernet};
use crate::proto::icmp::{self, Echo};
use crate::proto::ipv4::{self, Ipv4};
use crate::proto::tcp::{self, Tcp};
use crate::proto::{ip, ipv6};

use super::figures;
use super::theme::Glyphs;

/// Conversations whose packets are remembered. A later one takes the place of an earlier one.
const REMEMBERED: usize = 2048;

/// How a change reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// By how much it grew.
    Step,
    /// From which number to which.
    Number,
    /// The same in hexadecimal, with this many digits.
    Hex(usize),
    Mac,
}

/// What is compared, under Wireshark's names.
static WATCHED: [(&str, How); 14] = [
    ("eth.src", How::Mac),
    ("eth.dst", How::Mac),
    ("ip.dsfield", How::Hex(2)),
    ("ip.id", How::Step),
    ("ip.ttl", How::Number),
    ("ipv6.tclass", How::Hex(2)),
    ("ipv6.flow", How::Hex(5)),
    ("ipv6.hlim", How::Number),
    ("icmp.seq", How::Step),
    ("tcp.seq", How::Step),
    ("tcp.ack", How::Step),
    ("tcp.flags", How::Hex(3)),
    ("tcp.window_size", How::Number),
    ("tcp.options.timestamp.tsval", How::Step),
];

/// The number of each row of [`WATCHED`] in one packet. Small, for thousands are remembered.
#[derive(Clone, Copy, Debug, Default)]
struct Values {
    numbers: [u64; WATCHED.len()],
    /// A bit for each that the packet has.
    present: u16,
}

/// The latest packets of conversations.
#[derive(Debug, Default)]
pub(super) struct Changes {
    places: Vec<Place>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Place {
    conversation: Option<ConversationNo>,
    /// The latest packet of the first end, and of the other.
    latest: [(FrameNo, Values); 2],
}

impl Changes {
    /// Writes what changed since the packet before, and which that was; nothing where there is none, or no change.
    pub fn write(&mut self, out: &mut Vec<u8>, seen: &Seen<'_, '_, '_>, glyphs: Glyphs) {
        let side = match seen.speaker {
            Speaker::First => 0,
            Speaker::Second => 1,
            // Whoever complains from the way says nothing about the packet that another complained before.
            Speaker::Between => return,
        };
        if self.places.is_empty() {
            self.places.resize(REMEMBERED, Place::default());
        }
        let place = &mut self.places[seen.conversation.0 as usize % REMEMBERED];
        if place.conversation != Some(seen.conversation) {
            *place = Place { conversation: Some(seen.conversation), ..Place::default() };
        }
        let new = Values::of(&read(seen.packet));
        let (before, old) = std::mem::replace(&mut place.latest[side], (seen.packet.frame.number, new));
        let start = out.len();
        let mut changed = new.unlike(&old);
        while changed != 0 {
            let row = changed.trailing_zeros() as usize;
            changed &= changed - 1;
            out.extend_from_slice(if out.len() == start { b"#" } else { b", " });
            if out.len() == start + 1 {
                figures::decimal(out, before.0.into());
                out.extend_from_slice(b": ");
            }
            let (key, how) = WATCHED[row];
            out.extend_from_slice(key.as_bytes());
            out.push(b' ');
            how.write(out, old.numbers[row], new.numbers[row], glyphs);
        }
    }
}

impl Values {
    fn of(read: &[Option<u64>; WATCHED.len()]) -> Self {
        let present = read.iter().rev().fold(0, |present, number| present << 1 | u16::from(number.is_some()));
        Self { numbers: read.map(Option::unwrap_or_default), present }
    }

    /// A bit for each number that both have, and that is not the same.
    fn unlike(&self, other: &Self) -> u16 {
        let pairs = self.numbers.iter().zip(&other.numbers);
        let unlike = pairs.rev().fold(0, |unlike, (one, other)| unlike << 1 | u16::from(one != other));
        unlike & self.present & other.present
    }
}

impl How {
    fn write(self, out: &mut Vec<u8>, old: u64, new: u64, glyphs: Glyphs) {
        let one = |out: &mut Vec<u8>, number| match self {
            Self::Hex(digits) => figures::hex(out, number, digits),
            Self::Mac => figures::mac(out, unpacked(number)),
            Self::Step | Self::Number => figures::decimal(out, number),
        };
        if self == Self::Step {
            out.push(if new > old { b'+' } else { b'-' });
            figures::decimal(out, new.abs_diff(old));
            return;
        }
        one(out, old);
        out.extend_from_slice(if glyphs == Glyphs::Unicode { " → " } else { " -> " }.as_bytes());
        one(out, new);
    }
}

fn packed(MacAddr(bytes): MacAddr) -> u64 {
    bytes.iter().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

fn unpacked(number: u64) -> MacAddr {
    let [_, _, mac @ ..] = number.to_be_bytes();
    MacAddr(mac)
}

fn read(packet: &Packet<'_>) -> [Option<u64>; WATCHED.len()] {
    let link = packet.find(&ethernet::HEADER).and_then(|view| Ethernet::read(view.bytes()));
    let outer = ip::outermost(packet);
    let old_ip = outer.filter(|view| view.is(&ipv4::HEADER)).and_then(|view| Ipv4::read(view.bytes()));
    let new_ip = outer.filter(|view| view.is(&ipv6::HEADER)).map(LayerView::bytes);
    let echo = packet.find(&icmp::HEADER).and_then(|view| Echo::read(view.bytes()));
    let segment = packet.find(&tcp::HEADER);
    let header = segment.and_then(|view| Tcp::read(view.bytes()));
    let generated = |what| match packet.generated(what) {
        Some(Value::Number(number)) => Some(number),
        _ => None,
    };
    let counted = |what, raw: fn(Tcp) -> u64| header.map(|header| generated(what).unwrap_or_else(|| raw(header)));
    // The first word of an IPv6 header: version, traffic class, flow label.
    let word = new_ip.and_then(|bytes| bytes.first_chunk()).map(|word| u64::from(u32::from_be_bytes(*word)));
    let stamp = segment.and_then(|view| tcp::timestamps(view.bytes())).map(|(value, _)| u64::from(value));
    [
        link.map(|link| packed(link.source)),
        link.map(|link| packed(link.destination)),
        old_ip.map(|ip| ip.dsfield.into()),
        old_ip.map(|ip| ip.identification.into()),
        old_ip.map(|ip| ip.ttl.into()),
        word.map(|word| word >> 20 & 0xff),
        word.map(|word| word & 0xf_ffff),
        new_ip.and_then(|bytes| bytes.get(7)).map(|&hops| hops.into()),
        echo.map(|echo| echo.sequence.into()),
        counted(tracked!("tcp.seq"), |header| header.sequence.into()),
        counted(tracked!("tcp.ack"), |header| header.acknowledgment.into()),
        header.map(|header| header.flags.0.into()),
        counted(tracked!("tcp.window_size"), |header| header.window.into()),
        stamp,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_a_field() {
        for (key, _) in WATCHED {
            assert!(crate::proto::lookup(key).is_some(), "{key}");
        }
    }

    #[test]
    fn changes_read_as_steps_or_from_one_to_the_other() {
        let said = |how: How, old, new| {
            let mut out = Vec::new();
            how.write(&mut out, old, new, Glyphs::Ascii);
            String::from_utf8(out).expect("ASCII")
        };
        assert_eq!(said(How::Step, 1, 1449), "+1448");
        assert_eq!(said(How::Step, 1449, 1), "-1448");
        assert_eq!(said(How::Number, 501, 0), "501 -> 0");
        assert_eq!(said(How::Hex(3), 0x10, 0x18), "0x010 -> 0x018");
        let mac = MacAddr([2, 0, 0, 0, 0xb, 2]);
        assert_eq!(said(How::Mac, packed(mac), 0), "02:00:00:00:0b:02 -> 00:00:00:00:00:00");
    }
}
