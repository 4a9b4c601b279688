//! What one packet is on the ladder: the words on its arrow and beside it, and what it tells of both ends' states.

use std::fmt::Write as _;
use std::net::IpAddr;

use super::rails::LABEL;
use crate::converse::Speaker;
use crate::engine::Seen;
use crate::model::{Direction, Packet, Value, tracked};
use crate::proto::tcp::{self, Flags, Tcp, TcpOption};
use crate::proto::{ip, segment, udp};
use crate::render::summary;
use crate::render::text::Verbosity;

/// One end: its address, and its port where it has one.
pub(super) type End = (IpAddr, Option<u16>);

/// A packet as it is drawn.
pub(super) enum Rung {
    /// A TCP segment.
    Segment(Box<Segment>),
    /// Anything else: what is on the arrow, and what is beside it.
    Other(String, String),
}

/// A TCP segment as it is drawn.
pub(super) struct Segment {
    pub stream: u64,
    pub from: End,
    pub to: End,
    flags: Flags,
    bytes: usize,
    again: bool,
    sequence: (u64, u32),
    acknowledgment: Option<(u64, u32)>,
    window: u64,
    options: Vec<String>,
    /// Its signs of trouble, in Wireshark's words.
    signs: String,
    /// What the segment completes says, where it completes something.
    completes: Option<String>,
    pub sender: Option<(&'static str, bool)>,
    pub receiver: Option<(&'static str, bool)>,
}

/// The flags in the order in which they are read aloud (`SYN, ACK`, not `ACK, SYN`), and as letters.
const FLAGS: [(Flags, &str); 8] = [
    (Flags::FIN, "FIN"),
    (Flags::SYN, "SYN"),
    (Flags::RST, "RST"),
    (Flags::PSH, "PSH"),
    (Flags::ACK, "ACK"),
    (Flags::URG, "URG"),
    (Flags::ECE, "ECE"),
    (Flags::CWR, "CWR"),
];

impl Rung {
    /// The rung of a packet, with what it completes.
    pub fn read(seen: &Seen<'_, '_, '_>) -> Self {
        if let Some(segment) = Segment::read(seen.packet, Some(seen)) {
            return Self::Segment(Box::new(segment));
        }
        let speaker = seen.last();
        let protocol = speaker.speaker().map_or("frame", summary::protocol);
        let mut info = String::new();
        // Writing to a string does not fail.
        let _ = seen.info(&mut info);
        info.truncate(info.trim_end().len());
        // Whose rail the arrow does not begin at.
        if let (Speaker::Between, Some((from, _))) = (seen.speaker, ip::addresses(seen.packet)) {
            let _ = write!(info, ", from {from}");
        }
        let bytes = speaker.find(&udp::HEADER).map(|view| view.payload().len());
        let label = match bytes {
            Some(bytes) if protocol == "UDP" => format!("UDP {}", counted(bytes)),
            _ => protocol.to_owned(),
        };
        Self::Other(label, info)
    }
}

fn counted(bytes: usize) -> String {
    if bytes == 1 { "1 byte".to_owned() } else { format!("{bytes} bytes") }
}

impl Segment {
    pub fn read(packet: &Packet<'_>, seen: Option<&Seen<'_, '_, '_>>) -> Option<Self> {
        let view = packet.find(&tcp::HEADER)?;
        let header = Tcp::read(view.bytes())?;
        let (from, to) = ip::addresses(packet)?;
        let generated = |key| match packet.generated(key) {
            Some(Value::Number(number)) => Some(number),
            _ => None,
        };
        let state = |key, assumed| match packet.generated(key) {
            Some(Value::Text(name)) => Some((name, packet.generated(assumed).is_some())),
            _ => None,
        };
        let receiver = state(tracked!("netlab.state.dst"), tracked!("netlab.state.dst.assumed"));
        let acknowledgment = (generated(tracked!("tcp.ack"))?, header.acknowledgment);
        let mut signs = String::new();
        // Writing to a string does not fail.
        let _ = tcp::signs(view, &mut signs);
        let more = |view| summary::protocol(view) != "TCP" || view.is(&segment::BEGUN);
        let says_more = seen.map_or(packet, Seen::last).speaker().is_some_and(more);
        Some(Self {
            stream: generated(tracked!("tcp.stream"))?,
            from: (from, Some(header.source_port)),
            to: (to, Some(header.destination_port)),
            flags: header.flags,
            bytes: view.payload().len(),
            again: packet.generated(tracked!("tcp.analysis.retransmission")).is_some(),
            sequence: (generated(tracked!("tcp.seq"))?, header.sequence),
            acknowledgment: header.flags.contains(Flags::ACK).then_some(acknowledgment),
            window: generated(tracked!("tcp.window_size"))?,
            options: options(view.bytes(), acknowledgment),
            signs: signs.trim_end().to_owned(),
            completes: says_more.then(|| {
                let mut info = String::new();
                let _ = match seen {
                    Some(seen) => seen.info(&mut info),
                    None => packet.info(&mut info),
                };
                info.truncate(info.trim_end().len());
                info
            }),
            sender: state(tracked!("netlab.state.src"), tracked!("netlab.state.src.assumed")),
            // What we captured coming in did arrive.
            receiver: receiver.map(|(name, assumed)| (name, assumed && packet.frame.direction != Some(Direction::In))),
        })
    }

    /// Whether it asks for a connection.
    pub fn begins(&self) -> bool {
        self.flags.contains(Flags::SYN) && !self.flags.contains(Flags::ACK)
    }

    /// What stands on the arrow.
    pub fn label(&self) -> String {
        let set = FLAGS.iter().filter(|(flag, _)| self.flags.contains(*flag)).map(|(_, name)| *name);
        let mut label = set.collect::<Vec<_>>().join(", ");
        let again = if self.again { " again" } else { "" };
        if self.bytes == 0 {
            return label + again;
        }
        let long = format!("{label} {}{again}", counted(self.bytes));
        if long.len() <= LABEL {
            return long;
        }
        label.retain(|character| character != ' ');
        format!("{label} {} B{again}", self.bytes)
    }

    /// What stands beside the right rail, in lines. The numbers that a SYN chooses, and the one that answers them, are
    /// also there as they are on the wire.
    pub fn text(&self, verbosity: Verbosity) -> Vec<String> {
        let syn = self.flags.contains(Flags::SYN);
        let deep = verbosity >= Verbosity::Layers;
        let sequence = format!("seq={}", self.sequence.0);
        let acknowledgment = self.acknowledgment.map(|(relative, _)| format!("ack={relative}"));
        let mut lines = Vec::new();
        if !syn && !deep {
            let shut = (self.window == 0 && !self.flags.contains(Flags::RST)).then(|| "win=0".to_owned());
            let words = [Some(sequence), acknowledgment, shut].into_iter().flatten().chain(self.shown_options(false));
            lines.push(words.collect::<Vec<_>>().join(" "));
        } else {
            lines.push(format!("{sequence} (raw {})", self.sequence.1));
            lines.extend(acknowledgment.zip(self.acknowledgment).map(|(text, (_, raw))| format!("{text} (raw {raw})")));
            let letter =
                |(flag, name): &(Flags, &'static str)| if self.flags.contains(*flag) { &name[..1] } else { "." };
            let bits = deep.then(|| format!("flags={}", FLAGS.iter().rev().map(letter).collect::<String>()));
            let rest = [Some(format!("win={}", self.window)), bits].into_iter().flatten();
            lines.push(rest.chain(self.shown_options(true)).collect::<Vec<_>>().join(" "));
        }
        lines.extend((!self.signs.is_empty()).then(|| self.signs.clone()));
        lines.extend(self.completes.clone());
        lines
    }

    /// The options worth showing: timestamps are in every segment, and that they are is seen in the SYNs.
    fn shown_options(&self, all: bool) -> impl Iterator<Item = String> {
        self.options.iter().filter(move |word| all || *word != "TS").cloned()
    }
}

/// The options in Wireshark's short words; edges of SACK blocks are relative, as the acknowledgement is.
fn options(header: &[u8], (relative, raw): (u64, u32)) -> Vec<String> {
    let near = |edge: u32| u64::from(edge.wrapping_sub(raw)).wrapping_add(relative) & u64::from(u32::MAX);
    let mut words = Vec::new();
    for option in tcp::options(header) {
        match option {
            TcpOption::MaximumSegmentSize(size) => words.push(format!("MSS={size}")),
            TcpOption::WindowScale(shift) => words.push(format!("WS={}", 1_u64 << shift.min(14))),
            TcpOption::SackPermitted => words.push("SACK_PERM".to_owned()),
            TcpOption::Timestamps { .. } => words.push("TS".to_owned()),
            TcpOption::Sack(blocks) => {
                words.extend(blocks.iter().map(|&(left, right)| format!("SACK={}-{}", near(left), near(right))));
            }
            _ => {}
        }
    }
    words
}
