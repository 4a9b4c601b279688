//! The sequence diagram of a TCP conversation: both ends as rails, every segment as a rung, and beside it the state
//! that each end is in afterwards.
//!
//! ```text
//!       192.168.11.2:49152                             93.184.216.34:80
//!       CLOSED          |                          |  (LISTEN?)
//!      0.0  #3          |-- SYN ------------------>|  seq=0 MSS=1460 WS=128 SACK
//!       SYN-SENT        |                          |
//! ```
//!
//! Fed with dissected packets that the conversation tracker has seen, so that a saved capture draws the same. The
//! far end's states are concluded from what it sends: they stand in parentheses, and `?` marks those that hold only
//! if our last segment arrived.

use std::io;
use std::net::Ipv4Addr;

use crate::model::{Direction, LayerView, Note, Packet, Value};

use super::text::{Story, Verbosity};
use super::theme::{Glyphs, Look, Paint};
use super::{escape, wrap};

/// Columns before the left rail, between the rails, and from the left margin to the text beside the right rail.
const LEFT: usize = 22;
const LANE: usize = 27;
const RIGHT: usize = LEFT + LANE + 4;
/// Where states on the left begin.
const STATE: usize = 6;

/// One end: address and port.
type End = (Ipv4Addr, u64);

/// A conversation as it is drawn; everything else is told as in a [`Story`].
#[derive(Debug)]
pub struct Ladder {
    story: Story,
    look: Look,
    verbosity: Verbosity,
    drawn: Option<Drawn>,
}

/// The conversation on the page.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Drawn {
    stream: u64,
    left: End,
    states: [String; 2],
}

impl Ladder {
    /// A ladder that continues `story`.
    #[must_use]
    pub fn new(story: Story, look: Look, verbosity: Verbosity) -> Self {
        Self { story, look, verbosity, drawn: None }
    }

    /// What is told beside the ladder.
    pub fn story(&mut self) -> &mut Story {
        &mut self.story
    }

    /// Draws `packet` if it is a segment, and tells it otherwise.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn packet(&mut self, out: &mut dyn io::Write, packet: &Packet<'_>, notes: &[Note]) -> io::Result<()> {
        let Some(rung) = Rung::read(packet) else { return self.story.packet(out, packet, notes) };
        let time = self.story.since_the_first(packet);
        self.rails(out, &rung)?;
        let Some(drawn) = &mut self.drawn else { return Ok(()) };
        let rightward = rung.from == drawn.left;
        let [near, far] = if rightward { [0, 1] } else { [1, 0] };
        let mut states = drawn.states.clone();
        for (end, state) in [(near, &rung.sender), (far, &rung.receiver)] {
            if let Some((name, assumed)) = state {
                states[end] = beside(end, name, *assumed);
            }
        }
        let changed = states != drawn.states;
        let shown =
            [0, 1].map(|end| if states[end] == drawn.states[end] { String::new() } else { states[end].clone() });
        drawn.states = states;
        self.rung(out, packet, &rung, rightward, time)?;
        if changed {
            self.line(out, &format!("{:STATE$}{}", "", shown[0]), None, &shown[1])?;
        }
        self.story.sentences(out, notes)?;
        self.story.depths(out, packet)
    }

    /// Names the two ends where a conversation begins.
    fn rails(&mut self, out: &mut dyn io::Write, rung: &Rung) -> io::Result<()> {
        if self.drawn.as_ref().is_some_and(|drawn| drawn.stream == rung.stream) {
            return Ok(());
        }
        // We stand on the left; where the capture does not say who we are, whoever speaks first does.
        let (left, right) =
            if rung.direction == Some(Direction::In) { (rung.to, rung.from) } else { (rung.from, rung.to) };
        let begins = rung.flags == "SYN";
        let (ours, theirs) = if begins { ("CLOSED", "(LISTEN?)") } else { ("", "") };
        let name = |(address, port): End| format!("{address}:{port}");
        let (left_name, right_name) = (name(left), name(right));
        let gap = RIGHT.saturating_sub(STATE + left_name.len());
        writeln!(out, "\n{:STATE$}{left_name}{:gap$}{right_name}", "", "")?;
        self.drawn = Some(Drawn { stream: rung.stream, left, states: [ours.to_owned(), theirs.to_owned()] });
        self.line(out, &format!("{:STATE$}{ours}", ""), None, theirs)
    }

    fn rung(
        &self,
        out: &mut dyn io::Write,
        packet: &Packet<'_>,
        rung: &Rung,
        rightward: bool,
        time: f64,
    ) -> io::Result<()> {
        let left = format!("{time:>8.1}  #{}", packet.frame.number.0);
        let lane = arrow(&rung.label(), rightward, self.look.glyphs);
        let paint = if rightward { Paint::Out } else { Paint::In };
        let room = self.look.width.saturating_sub(RIGHT);
        let wrapped = |text: &String| wrap::lines(&escape::line(text, self.look.glyphs), room, room);
        let lines: Vec<String> = rung.text(self.verbosity).iter().flat_map(wrapped).collect();
        for (number, text) in lines.iter().enumerate() {
            if number == 0 {
                self.line(out, &left, Some((paint, &lane)), text)?;
            } else {
                self.line(out, "", None, text)?;
            }
        }
        Ok(())
    }

    /// One line: what stands left, between and right of the rails.
    fn line(&self, out: &mut dyn io::Write, left: &str, lane: Option<(Paint, &str)>, right: &str) -> io::Result<()> {
        let rail = if self.look.glyphs == Glyphs::Unicode { '│' } else { '|' };
        write!(out, "{left:<LEFT$}{rail}")?;
        match lane {
            Some((paint, lane)) => write!(out, "{}", self.look.paint(paint, lane))?,
            None => write!(out, "{:LANE$}", "")?,
        }
        writeln!(out, "{rail}{}{right}", if right.is_empty() { "" } else { "  " })
    }
}

/// A state as it stands beside end 0 (left) or 1 (right).
fn beside(end: usize, name: &str, assumed: bool) -> String {
    match (end, assumed) {
        (0, false) => name.to_owned(),
        (0, true) => format!("{name}?"),
        (_, false) => format!("({name})"),
        (_, true) => format!("({name}?)"),
    }
}

/// An arrow with `label` near its tail, as wide as the lane.
fn arrow(label: &str, rightward: bool, glyphs: Glyphs) -> String {
    let (shaft, right, left) = match glyphs {
        Glyphs::Unicode => ('─', '▶', '◀'),
        Glyphs::Ascii => ('-', '>', '<'),
    };
    let shafts = |count: usize| std::iter::repeat_n(shaft, count).collect::<String>();
    let label: String = label.chars().take(LANE - 6).collect();
    let rest = LANE - label.chars().count() - 5;
    if rightward {
        format!("{} {label} {}{right}", shafts(2), shafts(rest))
    } else {
        format!("{left}{} {label} {}", shafts(rest), shafts(2))
    }
}

/// A segment as it is drawn.
struct Rung {
    stream: u64,
    from: End,
    to: End,
    direction: Option<Direction>,
    flags: String,
    bits: String,
    bytes: usize,
    again: bool,
    sequence: (u64, u64),
    acknowledgment: Option<(u64, u64)>,
    window: u64,
    options: Vec<String>,
    sender: Option<(&'static str, bool)>,
    receiver: Option<(&'static str, bool)>,
}

/// The flags in the order in which they are read aloud: `SYN, ACK`, not `ACK, SYN`.
const FLAGS: [(&str, &str); 8] = [
    ("tcp.flags.fin", "FIN"),
    ("tcp.flags.syn", "SYN"),
    ("tcp.flags.reset", "RST"),
    ("tcp.flags.push", "PSH"),
    ("tcp.flags.ack", "ACK"),
    ("tcp.flags.urg", "URG"),
    ("tcp.flags.ece", "ECE"),
    ("tcp.flags.cwr", "CWR"),
];

impl Rung {
    fn read(packet: &Packet<'_>) -> Option<Self> {
        let find = |name| packet.views().find(|view| !view.layer().quoted && view.layer().header.name == name);
        let (ip, tcp) = (find("ip")?, find("tcp")?);
        let address = |key| match ip.field(key)?.value {
            Value::Ipv4(address) => Some(address),
            _ => None,
        };
        let generated = |key| match packet.generated(key) {
            Some(Value::Number(number)) => Some(number),
            _ => None,
        };
        let state = |key, assumed| match packet.generated(key) {
            Some(Value::Text(name)) => Some((name, packet.generated(assumed).is_some())),
            _ => None,
        };
        let direction = packet.frame.direction;
        let is_set = |key| tcp.number(key) == Some(1);
        let flags: Vec<_> = FLAGS.iter().filter(|(key, _)| is_set(key)).map(|(_, name)| *name).collect();
        let bits = FLAGS.iter().rev().map(|(key, name)| if is_set(key) { &name[..1] } else { "." }).collect();
        let (sequence, acknowledgment) = (tcp.number("tcp.seq_raw")?, tcp.number("tcp.ack_raw")?);
        let receiver = state("netlab.state.dst", "netlab.state.dst.assumed");
        Some(Self {
            stream: generated("tcp.stream")?,
            from: (address("ip.src")?, tcp.number("tcp.srcport")?),
            to: (address("ip.dst")?, tcp.number("tcp.dstport")?),
            direction,
            flags: flags.join(", "),
            bits,
            bytes: tcp.payload().len(),
            again: packet.generated("tcp.analysis.retransmission").is_some(),
            sequence: (generated("tcp.seq")?, sequence),
            acknowledgment: is_set("tcp.flags.ack").then_some((generated("tcp.ack")?, acknowledgment)),
            window: generated("tcp.window_size")?,
            options: options(tcp, (generated("tcp.ack")?, acknowledgment)),
            sender: state("netlab.state.src", "netlab.state.src.assumed"),
            // What we captured coming in did arrive.
            receiver: receiver.map(|(name, assumed)| (name, assumed && direction != Some(Direction::In))),
        })
    }

    /// What stands on the arrow.
    fn label(&self) -> String {
        let bytes = match self.bytes {
            0 => String::new(),
            1 => " 1 byte".to_owned(),
            many => format!(" {many} bytes"),
        };
        format!("{}{bytes}{}", self.flags, if self.again { " again" } else { "" })
    }

    /// What stands beside the right rail, in lines. The numbers that a SYN chooses, and the one that answers them, are
    /// also there as they are on the wire.
    fn text(&self, verbosity: Verbosity) -> Vec<String> {
        let syn = self.flags.contains("SYN");
        let deep = verbosity >= Verbosity::Layers;
        let sequence = format!("seq={}", self.sequence.0);
        let acknowledgment = self.acknowledgment.map(|(relative, _)| format!("ack={relative}"));
        if !syn && !deep {
            let words = [Some(sequence), acknowledgment].into_iter().flatten().chain(self.shown_options(false));
            return vec![words.collect::<Vec<_>>().join(" ")];
        }
        let mut lines = vec![format!("{sequence} (raw {})", self.sequence.1)];
        lines.extend(acknowledgment.zip(self.acknowledgment).map(|(text, (_, raw))| format!("{text} (raw {raw})")));
        let bits = deep.then(|| format!("flags={}", self.bits));
        let rest = [Some(format!("win={}", self.window)), bits].into_iter().flatten();
        lines.push(rest.chain(self.shown_options(true)).collect::<Vec<_>>().join(" "));
        lines
    }

    /// The options worth showing: timestamps are in every segment, and that they are is seen in the SYNs.
    fn shown_options(&self, all: bool) -> impl Iterator<Item = String> {
        self.options.iter().filter(move |word| all || *word != "TS").cloned()
    }
}

/// The options in Wireshark's short words; edges of SACK blocks are relative, as the acknowledgement is.
fn options(tcp: LayerView<'_, '_>, (relative, raw): (u64, u64)) -> Vec<String> {
    let mut words = Vec::new();
    let mut left = None;
    tcp.walk(&mut |field| {
        let Value::Number(number) = field.value else { return };
        let near = |edge: u64| (edge.wrapping_sub(raw).wrapping_add(relative)) & u64::from(u32::MAX);
        match field.spec.key {
            "tcp.options.mss_val" => words.push(format!("MSS={number}")),
            "tcp.options.wscale.shift" => words.push(format!("WS={}", 1_u64 << number.min(14))),
            "tcp.option_kind" if number == 4 => words.push("SACK_PERM".to_owned()),
            "tcp.option_kind" if number == 8 => words.push("TS".to_owned()),
            "tcp.options.sack_le" => left = Some(near(number)),
            "tcp.options.sack_re" => {
                if let Some(left) = left.take() {
                    words.push(format!("SACK={left}-{}", near(number)));
                }
            }
            _ => {}
        }
    });
    words
}

#[cfg(test)]
mod tests;
