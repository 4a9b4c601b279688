//! The sequence diagram of a conversation: both ends as rails, every packet as a rung, and for a TCP connection beside it
//! the state that each end is in afterwards.
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

mod rails;
mod rung;

use std::io;

pub(super) use rails::Side;
use rung::{End, Rung, Segment};

use crate::engine::Seen;
use crate::model::{Direction, Nanos, Note, Packet};

use super::figures;
use super::text::{Story, Verbosity};
use super::theme::{Look, Paint};

/// A silence as long as this is drawn.
const SILENCE: Nanos = Nanos(200_000_000);

/// A run as it is drawn: TCP connections as ladders; everything else is told as in a [`Story`].
#[derive(Debug)]
pub struct Ladder {
    story: Story,
    look: Look,
    verbosity: Verbosity,
    drawn: Option<(u64, Drawing)>,
}

/// One conversation on the page.
#[derive(Clone, Debug)]
pub(super) struct Drawing {
    look: Look,
    verbosity: Verbosity,
    /// Who stands on the left, in a TCP connection.
    left: Option<End>,
    states: [String; 2],
    last: Option<Nanos>,
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
        let Some(segment) = Segment::read(packet, None) else { return self.story.packet(out, packet, notes) };
        let time = self.story.since_the_first(packet);
        if self.drawn.as_ref().is_none_or(|(stream, _)| *stream != segment.stream) {
            let mut drawing = Drawing::new(self.look, self.verbosity);
            // We stand on the left; where the capture does not say who we are, whoever speaks first does.
            let incoming = packet.frame.direction == Some(Direction::In);
            writeln!(out)?;
            drawing.begin_connection(out, &segment, incoming)?;
            self.drawn = Some((segment.stream, drawing));
        }
        if let Some((_, drawing)) = &mut self.drawn {
            drawing.segment(out, packet, &segment, time)?;
        }
        self.story.sentences(out, notes)?;
        self.story.depths(out, packet)
    }
}

impl Drawing {
    /// A page with nothing on it.
    pub(super) fn new(look: Look, verbosity: Verbosity) -> Self {
        Self { look, verbosity, left: None, states: [String::new(), String::new()], last: None }
    }

    /// Draws a packet of a conversation, and at the first one whose ends it has: `names` on the left and on the right.
    ///
    /// # Errors
    /// Those of `out`.
    pub(super) fn packet(
        &mut self,
        out: &mut dyn io::Write,
        seen: &Seen<'_, '_, '_>,
        names: (&str, &str),
        from: Side,
        time: Nanos,
    ) -> io::Result<()> {
        let first = self.last.is_none();
        let packet = seen.packet;
        self.silence(out, packet.frame.time)?;
        match Rung::read(seen) {
            Rung::Segment(segment) => {
                if self.left.is_none() {
                    self.begin_connection(out, &segment, from == Side::Right)?;
                }
                self.segment(out, packet, &segment, time)
            }
            Rung::Other(label, info) => {
                if first {
                    rails::names(out, self.look, names.0, names.1)?;
                }
                self.rung(out, packet, &label, &[info], from, time)
            }
        }
    }

    /// A packet went by that is not drawn.
    pub(super) fn pass(&mut self, now: Nanos) {
        self.last = Some(now);
    }

    /// A long time in which nothing was said.
    fn silence(&mut self, out: &mut dyn io::Write, now: Nanos) -> io::Result<()> {
        let Some(last) = self.last.replace(now) else { return Ok(()) };
        let silence = now - last;
        if silence < SILENCE {
            return Ok(());
        }
        let words = rails::middle(&format!("... {:.1} s ...", silence.as_millis_f64() / 1000.0));
        rails::line(out, self.look, "", Some((Paint::Aside, &words)), "")
    }

    /// Packets that are only counted, in `phrases`.
    pub(super) fn fold(&self, out: &mut dyn io::Write, phrases: &[String], time: Nanos) -> io::Result<()> {
        rails::rung(out, self.look, &stamp(time), (Paint::Aside, &rails::middle("...")), phrases)
    }

    /// Names the two ends of a connection; the first segment goes to the left where it is `incoming`.
    fn begin_connection(&mut self, out: &mut dyn io::Write, segment: &Segment, incoming: bool) -> io::Result<()> {
        let (left, right) = if incoming { (segment.to, segment.from) } else { (segment.from, segment.to) };
        self.left = Some(left);
        rails::names(out, self.look, &name(left), &name(right))?;
        let (ours, theirs) = if segment.begins() { ("CLOSED", "(LISTEN?)") } else { ("", "") };
        self.states = [ours.to_owned(), theirs.to_owned()];
        rails::states(out, self.look, [ours, theirs])
    }

    fn segment(
        &mut self,
        out: &mut dyn io::Write,
        packet: &Packet<'_>,
        segment: &Segment,
        time: Nanos,
    ) -> io::Result<()> {
        let rightward = self.left == Some(segment.from);
        let [near, far] = if rightward { [0, 1] } else { [1, 0] };
        let mut states = self.states.clone();
        for (end, state) in [(near, segment.sender), (far, segment.receiver)] {
            if let Some((name, assumed)) = state {
                states[end] = beside(end, name, assumed);
            }
        }
        let from = if rightward { Side::Left } else { Side::Right };
        self.rung(out, packet, &segment.label(), &segment.text(self.verbosity), from, time)?;
        if states != self.states {
            let shown = [0, 1].map(|end| if states[end] == self.states[end] { "" } else { states[end].as_str() });
            rails::states(out, self.look, shown)?;
            self.states = states;
        }
        Ok(())
    }

    fn rung(
        &self,
        out: &mut dyn io::Write,
        packet: &Packet<'_>,
        label: &str,
        beside: &[String],
        from: Side,
        time: Nanos,
    ) -> io::Result<()> {
        let left = format!("{}  #{}", stamp(time), packet.frame.number.0);
        let lane = rails::arrow(label, from, self.look.glyphs);
        let paint = match from {
            Side::Left => Paint::Out,
            Side::Right => Paint::In,
            Side::Between { .. } => Paint::Aside,
        };
        rails::rung(out, self.look, &left, (paint, &lane), beside)
    }
}

/// `192.168.11.2:49152`, `[2001:db8::1]:49152`.
fn name((address, port): End) -> String {
    match port {
        Some(port) => std::net::SocketAddr::new(address, port).to_string(),
        None => address.to_string(),
    }
}

/// Milliseconds since the first packet.
fn stamp(time: Nanos) -> String {
    let mut text = Vec::new();
    figures::millis(&mut text, time, 8);
    String::from_utf8(text).unwrap_or_default()
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

#[cfg(test)]
mod tests;
