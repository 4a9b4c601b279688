//! The same for programs: one JSON object a line.
//!
//! Written by hand straight into a buffer that is used again, because a capture has a million packets with fifty
//! fields each. The caller flushes: at once while packets arrive, when the buffer is full while reading a file.

mod claims;
mod field;
mod members;
mod packet;
mod places;
mod probes;
mod runs;
mod stamp;
mod start;
mod summary;

use std::io::{self, Write as _};

use crate::engine::{self, Seen};
use crate::explain::words::Language;
use crate::model::{Nanos, Note, Packet, Value, tracked};

use super::{escape, figures};

/// Writes the lines of one run.
#[derive(Debug)]
pub struct Json {
    claims: claims::Claims,
    origin: Option<Nanos>,
    buffer: Vec<u8>,
    text: String,
    generated: Vec<u8>,
    known: packet::Known,
}

impl Json {
    /// A run that has not begun; sentences are in `language`.
    #[must_use]
    pub fn new(language: Language) -> Self {
        Self {
            claims: claims::Claims::new(language),
            origin: None,
            buffer: Vec::new(),
            text: String::new(),
            generated: Vec::new(),
            known: packet::Known::default(),
        }
    }

    /// Times count from this point on, and not from the first packet.
    pub fn count_from(&mut self, origin: Nanos) {
        self.origin = Some(origin);
    }

    /// A packet with all its layers, fields, notes and faults.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn packet(&mut self, out: &mut dyn io::Write, packet: &Packet<'_>, notes: &[Note]) -> io::Result<()> {
        self.line(out, |json, line| json.packet_on(line, packet, &[], notes))
    }

    /// The same for a packet of a whole capture: also with the layers of what it completes.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn seen(&mut self, out: &mut dyn io::Write, seen: &Seen<'_, '_, '_>, notes: &[Note]) -> io::Result<()> {
        self.line(out, |json, line| json.packet_on(line, seen.packet, seen.whole, notes))
    }

    /// The same on a `page`, where many lines wait to be written.
    pub fn seen_on(&mut self, page: &mut Vec<u8>, seen: &Seen<'_, '_, '_>, notes: &[Note]) {
        self.packet_on(page, seen.packet, seen.whole, notes);
        page.push(b'\n');
    }

    fn packet_on(&mut self, line: &mut Vec<u8>, packet: &Packet<'_>, whole: &[Packet<'_>], notes: &[Note]) {
        let frame = packet.frame;
        let origin = *self.origin.get_or_insert(frame.time);
        let Self { text, claims, generated, known, .. } = self;
        packet::head(line, frame, frame.time - origin);
        line.extend_from_slice(b",\"stream\":");
        match packet.generated(tracked!("tcp.stream")) {
            Some(Value::Number(stream)) => figures::decimal(line, stream),
            _ => line.extend_from_slice(b"null"),
        }
        text.clear();
        // Writing to a string does not fail.
        let _ = engine::info(packet, whole, text);
        line.extend_from_slice(b",\"info\":");
        string(line, text);
        line.extend_from_slice(b",\"layers\":");
        packet::layers(line, generated, known, std::slice::from_ref(packet));
        if !whole.is_empty() {
            line.extend_from_slice(b",\"reassembled\":");
            packet::layers(line, generated, known, whole);
        }
        line.extend_from_slice(b",\"notes\":[");
        for one in notes {
            claims.write(line, one);
            line.push(b',');
        }
        close_list(line);
        line.extend_from_slice(b",\"faults\":[");
        for one in &packet.faults {
            packet::fault(line, one);
            line.push(b',');
        }
        close_list(line);
        line.push(b'}');
    }

    /// A claim that stands for itself: a line of the heading or the verdict.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn note(&mut self, out: &mut dyn io::Write, one: &Note) -> io::Result<()> {
        self.line(out, |json, line| json.claims.write(line, one))
    }

    /// The same on a `page`.
    pub fn note_on(&mut self, page: &mut Vec<u8>, one: &Note) {
        self.claims.write(page, one);
        page.push(b'\n');
    }

    /// Writes the line that `write` makes up.
    fn line(&mut self, out: &mut dyn io::Write, write: impl FnOnce(&mut Self, &mut Vec<u8>)) -> io::Result<()> {
        let mut line = std::mem::take(&mut self.buffer);
        write(self, &mut line);
        self.buffer = line;
        self.end(out)
    }

    fn end(&mut self, out: &mut dyn io::Write) -> io::Result<()> {
        self.buffer.push(b'\n');
        let written = out.write_all(&self.buffer);
        self.buffer.clear();
        written
    }
}

fn integer(line: &mut Vec<u8>, name: &str, number: Option<impl std::fmt::Display>) -> io::Result<()> {
    match number {
        Some(number) => write!(line, ",\"{name}\":{number}"),
        None => write!(line, ",\"{name}\":null"),
    }
}

fn string(line: &mut Vec<u8>, text: &str) {
    line.push(b'"');
    escape::json(line, text);
    line.push(b'"');
}

fn close_list(line: &mut Vec<u8>) {
    close(line, b']');
}

/// Ends a list or object, whose last member left a comma behind.
fn close(line: &mut Vec<u8>, bracket: u8) {
    if line.last() == Some(&b',') {
        line.pop();
    }
    line.push(bracket);
}

#[cfg(test)]
mod tests;
