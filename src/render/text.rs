//! The story of a run: a heading, then a line or two a packet as it happens.
//!
//! ```text
//!       ms   #
//!      0.0   1 → Who has 192.168.11.1? Tell 192.168.11.2
//!                You know its IP address, not its MAC address, so you ask everyone.
//! ```

use std::collections::HashSet;
use std::fmt;
use std::io;

use crate::explain::words::{self, Language};
use crate::model::{Direction, MacAddr, Nanos, Note, Packet, Value};
use crate::proto::arp::Arp;
use crate::proto::ethernet::{self, Ethernet};
use crate::proto::ipv4::Ipv4;
use crate::proto::{arp, ip, ipv4};

use super::theme::{Look, Paint};
use super::{detail, escape, layers, value, wrap};

/// Where Info lines and sentences begin.
pub(super) const INDENT: usize = 15;

/// How much of a packet is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Its line and, the first time, its sentence.
    #[default]
    Story,
    /// One more line for each layer (`-v`).
    Layers,
    /// Every field with its bits, its value and its meaning, and each layer's bytes (`-vv`).
    Fields,
}

/// A run as it is told. Remembers what it has explained already, because a sentence helps only once.
#[derive(Debug)]
pub struct Story {
    look: Look,
    language: Language,
    verbosity: Verbosity,
    origin: Option<Nanos>,
    time_of_day: bool,
    told: HashSet<&'static str>,
}

impl Story {
    /// A story that has not begun.
    #[must_use]
    pub fn new(look: Look, language: Language, verbosity: Verbosity) -> Self {
        Self { look, language, verbosity, origin: None, time_of_day: false, told: HashSet::new() }
    }

    /// Shows the time of day of each packet, in seconds since 1970 as `ping -D` does, on a line of its own before it.
    pub fn absolute_times(&mut self) {
        self.time_of_day = true;
    }

    /// Times count from this point on, and not from the first packet.
    pub fn count_from(&mut self, origin: Nanos) {
        self.origin = Some(origin);
    }

    /// Writes a sentence that belongs to no packet line, each time.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn note(&mut self, out: &mut dyn io::Write, note: &Note) -> io::Result<()> {
        self.sentence(out, note, INDENT, Paint::Sentence)
    }

    /// Writes the datagram that the fragments up to `packet` make together.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn whole(&mut self, out: &mut dyn io::Write, packet: &Packet<'_>) -> io::Result<()> {
        let line = Line::of(self.look, packet, 0.0);
        line.described(out, packet, &format!("{:>12} ", "together"), '=')?;
        self.depths(out, packet)
    }

    /// Writes the heading's sentences, then the titles of the packet lines' columns.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn heading(&mut self, out: &mut dyn io::Write, notes: &[Note]) -> io::Result<()> {
        self.title(out, notes)?;
        writeln!(out, "\n{:>8} {:>3}", "ms", "#")
    }

    /// Writes the heading's sentences, for a run that shows no packets.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn title(&mut self, out: &mut dyn io::Write, notes: &[Note]) -> io::Result<()> {
        for (number, note) in notes.iter().enumerate() {
            let paint = if number == 0 { Paint::Title } else { Paint::Sentence };
            self.sentence(out, note, 0, paint)?;
        }
        Ok(())
    }

    /// Writes what `packet` is and, the first time that it needs saying, what it means. Times count from the first
    /// packet.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn packet(&mut self, out: &mut dyn io::Write, packet: &Packet<'_>, notes: &[Note]) -> io::Result<()> {
        self.line(out, packet)?;
        self.sentences(out, notes)?;
        self.depths(out, packet)
    }

    /// Writes the packet's line, and the fields with this key: their bits, values and bytes, and what they mean.
    /// `false` when the packet has none.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn field(&mut self, out: &mut dyn io::Write, packet: &Packet<'_>, key: &str) -> io::Result<bool> {
        self.line(out, packet)?;
        let found = detail::field(out, self.look, packet, key)?;
        if found {
            detail::meaning(out, self.look, self.language, key)?;
        }
        Ok(found)
    }

    /// Writes those of `notes` that were not said before.
    pub(super) fn sentences(&mut self, out: &mut dyn io::Write, notes: &[Note]) -> io::Result<()> {
        for note in notes {
            if self.told.insert(note.id) {
                self.sentence(out, note, INDENT, Paint::Sentence)?;
            }
        }
        Ok(())
    }

    /// Writes the packet's layers or fields, where they are asked for.
    pub(super) fn depths(&mut self, out: &mut dyn io::Write, packet: &Packet<'_>) -> io::Result<()> {
        match self.verbosity {
            Verbosity::Story => Ok(()),
            Verbosity::Layers => layers::write(out, self.look, packet),
            Verbosity::Fields => detail::write(out, self.look, self.language, packet, &mut self.told),
        }
    }

    /// Milliseconds from the first packet to this one.
    pub(super) fn since_the_first(&mut self, packet: &Packet<'_>) -> f64 {
        let origin = *self.origin.get_or_insert(packet.frame.time);
        (packet.frame.time - origin).as_millis_f64()
    }

    fn line(&mut self, out: &mut dyn io::Write, packet: &Packet<'_>) -> io::Result<()> {
        let frame = packet.frame;
        let time = self.since_the_first(packet);
        if self.time_of_day {
            let (seconds, rest) = (frame.time.0.div_euclid(Nanos::SECOND.0), frame.time.0.rem_euclid(Nanos::SECOND.0));
            writeln!(out, "[{seconds}.{:06}]", rest / 1000)?;
        }
        Line::of(self.look, packet, time).write(out, packet, packet)
    }

    fn sentence(&self, out: &mut dyn io::Write, note: &Note, indent: usize, paint: Paint) -> io::Result<()> {
        let words = words::of(self.language, note);
        let room = self.look.width.saturating_sub(indent).max(20);
        for line in wrap::lines(&escape::line(&words, self.look.glyphs), room, room) {
            writeln!(out, "{:indent$}{}", "", self.look.paint(paint, line))?;
        }
        Ok(())
    }
}

/// A packet in a line: when it came, its number, which way it went, what it says, and what is decisive about it at the
/// right margin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub look: Look,
    /// Milliseconds since the first packet.
    pub time: f64,
    /// Which way its arrow points.
    pub way: Option<Direction>,
    /// It stands below a heading that says who talks to whom, and among lines that say the rest.
    pub in_context: bool,
}

impl Line {
    /// The line of a packet that stands alone: its arrow is the direction in which it was captured.
    fn of(look: Look, packet: &Packet<'_>, time: f64) -> Self {
        let way = packet.frame.direction;
        Self { look, time, way, in_context: false }
    }

    /// Writes the line of `packet`, with what `speaker` says: the packet itself, or what it completes.
    pub(super) fn write(self, out: &mut dyn io::Write, packet: &Packet<'_>, speaker: &Packet<'_>) -> io::Result<()> {
        let left = format!("{:>8.1} {:>3} ", self.time, packet.frame.number.0);
        self.described(out, speaker, &left, self.look.glyphs.arrow(self.way))
    }

    fn described(self, out: &mut dyn io::Write, packet: &Packet<'_>, left: &str, arrow: char) -> io::Result<()> {
        let look = self.look;
        let margin = self.margin(packet).unwrap_or_default();
        let info = self.info(packet, !margin.is_empty());
        let info = escape::line(&info, look.glyphs);
        let used = wrap::width(left) + 2;
        let lines = wrap::lines(&info, look.width.saturating_sub(used), look.width.saturating_sub(INDENT));
        let paint = match self.way {
            Some(Direction::Out) => Paint::Out,
            Some(Direction::In) => Paint::In,
            _ => Paint::Aside,
        };
        let mut column = 0;
        for (number, line) in lines.iter().enumerate() {
            if number == 0 {
                write!(out, "{left}{} {line}", look.paint(paint, arrow))?;
                column = used + wrap::width(line);
            } else {
                write!(out, "\n{:INDENT$}{line}", "")?;
                column = INDENT + wrap::width(line);
            }
        }
        if !margin.is_empty() {
            let fits = column + 2 + margin.len() <= look.width;
            let gap = if fits { look.width - column - margin.len() } else { INDENT };
            let end = if fits { "" } else { "\n" };
            write!(out, "{end}{:gap$}{}", "", look.paint(Paint::Measure, &margin))?;
        }
        writeln!(out)
    }

    /// The packet's Info line. Beside a measured time, which rests on the pair, the pair itself is not repeated; and
    /// where nothing else says which way the frame went, the line says from whom to whom.
    fn info(self, packet: &Packet<'_>, measured: bool) -> String {
        let mut info = String::new();
        let told = matches!(packet.frame.direction, Some(Direction::Out | Direction::In));
        if !(told || self.in_context) {
            let link = || packet.find(&ethernet::HEADER).and_then(|view| Ethernet::read(view.bytes()));
            let words = |from: &dyn fmt::Display, to: &dyn fmt::Display| format!("{from} → {to}  ");
            info = match (ip::addresses(packet), link()) {
                (Some((from, to)), _) => words(&from, &to),
                (None, Some(link)) => words(&link.source, &link.destination),
                (None, None) => String::new(),
            };
        }
        // Writing to a string does not fail.
        let _ = packet.info(&mut info);
        if let (true, Some(pair)) = (measured, info.rfind(" (request in ")) {
            info.truncate(pair);
        }
        // Clocks that tick in every segment say nothing about this one.
        if let (true, Some(stamps)) = (self.in_context, info.find(" TSval=")) {
            let length = info[stamps..].match_indices(' ').nth(2).map_or(info.len() - stamps, |(end, _)| end);
            info.replace_range(stamps..stamps + length, "");
        }
        if let Some(vendor) = answerer(packet).and_then(MacAddr::vendor) {
            info = format!("{info} ({vendor})");
        }
        info
    }

    /// What is decisive about the packet: how long the answer took, or who reports.
    fn margin(self, packet: &Packet<'_>) -> Option<String> {
        // A first fragment is no answer yet: the time stands beside the whole.
        let header = packet.find(&ipv4::HEADER).and_then(|view| Ipv4::read(view.bytes()));
        if header.is_some_and(|header| header.more_fragments) {
            return None;
        }
        if let Some(Value::Span(rtt)) = packet.generated("icmp.resptime") {
            return Some(value::milliseconds(rtt));
        }
        let reports = packet.views().any(|view| view.layer().quoted);
        let from_afar = self.way == Some(Direction::In) || self.in_context;
        (reports && from_afar).then(|| ip::addresses(packet))?.map(|(from, _)| format!("from {from}"))
    }
}

/// The MAC address that an ARP reply tells.
fn answerer(packet: &Packet<'_>) -> Option<MacAddr> {
    let arp = packet.find(&arp::HEADER).and_then(|view| Arp::read(view.bytes()))?;
    (arp.operation == arp::REPLY).then_some(arp.sender_mac)
}

#[cfg(test)]
mod tests;
