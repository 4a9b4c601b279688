//! The story of a run: a heading, then a line or two a packet as it happens.
//!
//! ```text
//!       ms   #
//!      0.0   1 → Who has 192.168.11.1? Tell 192.168.11.2
//!                You know its IP address, not its MAC address, so you ask everyone.
//! ```

mod line;
mod memory;

use std::io;

use crate::engine::Seen;
use crate::explain::words::{self, Language};
use crate::model::{Nanos, Note, Packet};

pub(super) use line::{Line, Scratch};
pub use memory::Memory;

use super::layers::{self, Layers};
use super::theme::{Look, Paint};
use super::{detail, escape, figures, wrap};

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
    memory: Memory,
    layers: Layers,
    /// Buffers that are used again for every packet.
    page: Vec<u8>,
    scratch: Scratch,
}

impl Story {
    /// A story that has not begun.
    #[must_use]
    pub fn new(look: Look, language: Language, verbosity: Verbosity) -> Self {
        Self {
            look,
            language,
            verbosity,
            origin: None,
            time_of_day: false,
            memory: Memory::default(),
            layers: Layers::new(look),
            page: Vec::new(),
            scratch: Scratch::default(),
        }
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
        self.page(out, |story, page| {
            let line = Line::of(story.look, packet, Nanos(0));
            page.extend_from_slice(b"    together ");
            line.described(page, &mut story.scratch, packet, None, '=');
            story.depths(page, packet)
        })
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
        self.page(out, |story, page| {
            story.line(page, packet, None);
            story.sentences(page, notes)?;
            story.depths(page, packet)
        })
    }

    /// The same for a packet of a whole capture: also what it completes, and with `-v` what changed since the packet
    /// before.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn seen(&mut self, out: &mut dyn io::Write, seen: &Seen<'_, '_, '_>, notes: &[Note]) -> io::Result<()> {
        self.page(out, |story, page| {
            story.line(page, seen.packet, Some(seen));
            story.sentences(page, notes)?;
            story.depths(page, seen.packet)?;
            if story.verbosity >= Verbosity::Layers {
                let Self { memory, scratch, look, .. } = story;
                scratch.line.clear();
                memory.since(&mut scratch.line, seen, look.glyphs);
                since(page, *look, &scratch.line);
            }
            seen.whole.iter().try_for_each(|whole| story.whole(page, whole))
        })
    }

    /// Keeps those of `notes` that `memory` does not know, and writes what changed since the packet before: for packets
    /// that are written by [`Self::recalled`], in whatever order.
    pub fn recall(&self, memory: &mut Memory, seen: &Seen<'_, '_, '_>, notes: &mut Vec<Note>, since: &mut Vec<u8>) {
        notes.retain(|note| memory.is_new(note.id));
        since.clear();
        memory.since(since, seen, self.look.glyphs);
    }

    /// The same where a memory of its own has picked the `notes` to be said, and said what changed `since` the packet
    /// before.
    ///
    /// # Errors
    /// None: there is always room on a page.
    pub fn recalled(
        &mut self,
        page: &mut Vec<u8>,
        seen: &Seen<'_, '_, '_>,
        notes: &[Note],
        since: &[u8],
    ) -> io::Result<()> {
        self.line(page, seen.packet, Some(seen));
        for note in notes {
            self.sentence(page, note, INDENT, Paint::Sentence)?;
        }
        self.depths(page, seen.packet)?;
        self::since(page, self.look, since);
        seen.whole.iter().try_for_each(|whole| self.whole(page, whole))
    }

    /// Writes what `write` puts on a page in one piece.
    fn page(
        &mut self,
        out: &mut dyn io::Write,
        write: impl FnOnce(&mut Self, &mut Vec<u8>) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut page = std::mem::take(&mut self.page);
        page.clear();
        let written = write(self, &mut page).and_then(|()| out.write_all(&page));
        self.page = page;
        written
    }

    /// Writes the packet's line, and the fields with this key: their bits, values and bytes, and what they mean.
    /// `false` when the packet has none.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn field(&mut self, out: &mut dyn io::Write, packet: &Packet<'_>, key: &str) -> io::Result<bool> {
        let mut found = false;
        self.page(out, |story, page| {
            story.line(page, packet, None);
            found = detail::field(page, story.look, packet, key)?;
            if found { detail::meaning(page, story.look, story.language, key) } else { Ok(()) }
        })?;
        Ok(found)
    }

    /// Writes those of `notes` that were not said before.
    pub(super) fn sentences(&mut self, out: &mut dyn io::Write, notes: &[Note]) -> io::Result<()> {
        for note in notes {
            if self.memory.is_new(note.id) {
                self.sentence(out, note, INDENT, Paint::Sentence)?;
            }
        }
        Ok(())
    }

    /// Writes the packet's layers or fields, where they are asked for.
    pub(super) fn depths(&mut self, out: &mut dyn io::Write, packet: &Packet<'_>) -> io::Result<()> {
        match self.verbosity {
            Verbosity::Story => Ok(()),
            Verbosity::Layers => {
                self.scratch.line.clear();
                self.layers.write(&mut self.scratch.line, packet);
                out.write_all(&self.scratch.line)
            }
            Verbosity::Fields => detail::write(out, self.look, self.language, packet, self.memory.told()),
        }
    }

    /// Time from the first packet to this one.
    pub(super) fn since_the_first(&mut self, packet: &Packet<'_>) -> Nanos {
        packet.frame.time - *self.origin.get_or_insert(packet.frame.time)
    }

    fn line(&mut self, page: &mut Vec<u8>, packet: &Packet<'_>, seen: Option<&Seen<'_, '_, '_>>) {
        let time = self.since_the_first(packet);
        if self.time_of_day {
            let now = packet.frame.time.0;
            page.push(b'[');
            figures::signed(page, now.div_euclid(Nanos::SECOND.0));
            page.push(b'.');
            figures::zeros(page, now.rem_euclid(Nanos::SECOND.0).unsigned_abs() / 1000, 6);
            page.extend_from_slice(b"]\n");
        }
        Line::of(self.look, packet, time).write(page, &mut self.scratch, packet, seen);
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

/// Writes the line of what changed, if anything did.
fn since(page: &mut Vec<u8>, look: Look, changes: &[u8]) {
    if !changes.is_empty() {
        layers::beside(page, look, "since", changes);
    }
}

#[cfg(test)]
mod tests;
