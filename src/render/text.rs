//! The story of a run: a heading, then a line or two a packet as it happens.
//!
//! ```text
//!       ms   #
//!      0.0   1 → Who has 192.168.11.1? Tell 192.168.11.2
//!                You know its IP address, not its MAC address, so you ask everyone.
//! ```

use std::collections::HashSet;
use std::io;
use std::net::Ipv4Addr;

use crate::explain::words::{self, Language};
use crate::model::{Direction, LayerView, MacAddr, Nanos, Note, Packet, Value};

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
        self.described(out, packet, &format!("{:>12} ", "together"), '=')
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
        for note in notes {
            if self.told.insert(note.id) {
                self.sentence(out, note, INDENT, Paint::Sentence)?;
            }
        }
        match self.verbosity {
            Verbosity::Story => Ok(()),
            Verbosity::Layers => layers::write(out, self.look, packet),
            Verbosity::Fields => detail::write(out, self.look, self.language, packet, &mut self.told),
        }
    }

    fn line(&mut self, out: &mut dyn io::Write, packet: &Packet<'_>) -> io::Result<()> {
        let frame = packet.frame;
        let origin = *self.origin.get_or_insert(frame.time);
        let time = (frame.time - origin).as_millis_f64();
        if self.time_of_day {
            let (seconds, rest) = (frame.time.0.div_euclid(Nanos::SECOND.0), frame.time.0.rem_euclid(Nanos::SECOND.0));
            writeln!(out, "[{seconds}.{:06}]", rest / 1000)?;
        }
        let left = format!("{time:>8.1} {:>3} ", frame.number.0);
        self.described(out, packet, &left, self.look.glyphs.arrow(frame.direction))
    }

    fn described(&self, out: &mut dyn io::Write, packet: &Packet<'_>, left: &str, arrow: char) -> io::Result<()> {
        let (look, frame) = (self.look, packet.frame);
        let margin = margin(packet).unwrap_or_default();
        let info = info(packet, !margin.is_empty());
        let info = escape::line(&info, look.glyphs);
        let used = wrap::width(left) + 2;
        let lines = wrap::lines(&info, look.width.saturating_sub(used), look.width.saturating_sub(INDENT));
        let paint = match frame.direction {
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

    fn sentence(&self, out: &mut dyn io::Write, note: &Note, indent: usize, paint: Paint) -> io::Result<()> {
        let words = words::of(self.language, note);
        let room = self.look.width.saturating_sub(indent).max(20);
        for line in wrap::lines(&escape::line(&words, self.look.glyphs), room, room) {
            writeln!(out, "{:indent$}{}", "", self.look.paint(paint, line))?;
        }
        Ok(())
    }
}

/// The packet's Info line. Beside a measured time, which rests on the pair, the pair itself is not repeated; and
/// where the capture does not say which way the frame went, the line says from whom to whom.
fn info(packet: &Packet<'_>, measured: bool) -> String {
    let mut info = String::new();
    if !matches!(packet.frame.direction, Some(Direction::Out | Direction::In)) {
        let ends = |name, from, to| {
            let view = packet.views().find(|view| !view.layer().quoted && view.layer().header.name == name)?;
            Some((brief(view, from)?, brief(view, to)?))
        };
        if let Some((from, to)) = ends("ip", "ip.src", "ip.dst").or_else(|| ends("eth", "eth.src", "eth.dst")) {
            info = format!("{from} → {to}  ");
        }
    }
    // Writing to a string does not fail.
    let _ = packet.info(&mut info);
    if let (true, Some(pair)) = (measured, info.rfind(" (request in ")) {
        info.truncate(pair);
    }
    if let Some(vendor) = answerer(packet).and_then(MacAddr::vendor) {
        info = format!("{info} ({vendor})");
    }
    info
}

/// What is decisive about the packet: how long the answer took, or who reports.
fn margin(packet: &Packet<'_>) -> Option<String> {
    let find = |name| packet.views().find(|view| !view.layer().quoted && view.layer().header.name == name);
    // A first fragment is no answer yet: the time stands beside the whole.
    if find("ip").and_then(|view| view.number("ip.flags.mf")) == Some(1) {
        return None;
    }
    if let Some(Value::Span(rtt)) = packet.generated("icmp.resptime") {
        return Some(value::milliseconds(rtt));
    }
    let kind = find("icmp")?.number("icmp.type")?;
    let reporter = (packet.frame.direction == Some(Direction::In) && !matches!(kind, 0 | 8)).then(|| find("ip"))??;
    match reporter.field("ip.src")?.value {
        Value::Ipv4(address) => Some(from(address)),
        _ => None,
    }
}

fn from(address: Ipv4Addr) -> String {
    format!("from {address}")
}

/// The MAC address that an ARP reply tells.
fn answerer(packet: &Packet<'_>) -> Option<MacAddr> {
    const REPLY: u64 = 2;
    let arp = packet.views().find(|view| !view.layer().quoted && view.layer().header.name == "arp")?;
    match arp.field("arp.src.hw_mac")?.value {
        Value::Mac(mac) if arp.number("arp.opcode") == Some(REPLY) => Some(mac),
        _ => None,
    }
}

fn brief(view: LayerView<'_, '_>, key: &str) -> Option<String> {
    match view.field(key)?.value {
        Value::Ipv4(address) => Some(address.to_string()),
        Value::Mac(address) => Some(address.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
