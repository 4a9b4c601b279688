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
pub use memory::{Memory, Recalled};

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
    recalled: Recalled,
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
            recalled: Recalled::default(),
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
            story.together(page, packet);
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
        let mut recalled = std::mem::take(&mut self.recalled);
        self.memory.recall(self.verbosity, self.look.glyphs, seen, notes, &mut recalled);
        let written = self.recalled(out, seen, notes, &mut recalled);
        self.recalled = recalled;
        written
    }

    /// Has `memory` say what the packets before say about this one: for those that are written by [`Self::recalled`], in
    /// whatever order.
    pub fn recall(&self, memory: &mut Memory, seen: &Seen<'_, '_, '_>, notes: &[Note], recalled: &mut Recalled) {
        memory.recall(self.verbosity, self.look.glyphs, seen, notes, recalled);
    }

    /// The same as [`Self::seen`] where a memory of its own has `recalled` what the packets before say about this one.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn recalled(
        &mut self,
        out: &mut dyn io::Write,
        seen: &Seen<'_, '_, '_>,
        notes: &[Note],
        recalled: &mut Recalled,
    ) -> io::Result<()> {
        self.page(out, |story, page| {
            story.line(page, seen.packet, Some(seen));
            for note in notes {
                if recalled.is_new(note.id) {
                    story.sentence(page, note, INDENT, Paint::Sentence)?;
                }
            }
            story.depths_where(page, seen.packet, &mut |key| recalled.is_new(key))?;
            let since = recalled.since();
            if !since.is_empty() {
                layers::beside(page, story.look, "since", since);
            }
            for whole in seen.whole {
                story.together(page, whole);
                story.depths_where(page, whole, &mut |key| recalled.is_new(key))?;
            }
            Ok(())
        })
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
        let mut memory = std::mem::take(&mut self.memory);
        let written = self.depths_where(out, packet, &mut |key| memory.is_new(key));
        self.memory = memory;
        written
    }

    /// The same; what a field means is said where its key `is_new`.
    fn depths_where(
        &mut self,
        out: &mut dyn io::Write,
        packet: &Packet<'_>,
        is_new: &mut dyn FnMut(&'static str) -> bool,
    ) -> io::Result<()> {
        match self.verbosity {
            Verbosity::Story => Ok(()),
            Verbosity::Layers => {
                self.scratch.line.clear();
                self.layers.write(&mut self.scratch.line, packet);
                out.write_all(&self.scratch.line)
            }
            Verbosity::Fields => detail::write(out, self.look, self.language, packet, is_new),
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

    fn together(&mut self, page: &mut Vec<u8>, packet: &Packet<'_>) {
        page.extend_from_slice(b"    together ");
        Line::of(self.look, packet, Nanos(0)).described(page, &mut self.scratch, packet, None, '=');
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

#[cfg(test)]
mod tests;
