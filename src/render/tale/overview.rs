//! Many conversations at a glance, and what looks wrong in the whole capture.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io;

use super::chapter::Chapter;
use super::{grouped, names};
use crate::converse::ConversationNo;
use crate::converse::conversation::Kind;
use crate::explain::words::{self, Language};
use crate::model::{Claim, FrameNo, Note, Severity};
use crate::render::theme::{Look, Paint};
use crate::render::{claims, escape, wrap};

/// Conversations in the table.
const ROWS: usize = 12;
/// Rows kept until it is known which ones matter.
const KEPT: usize = 256;
/// Problems told of one capture: what fills a screen. The others stand beside their packets.
const PROBLEMS: usize = 8;
/// Frames named beside a problem.
const FRAMES: usize = 6;

/// The conversations that matter most, and the number of the others.
#[derive(Debug, Default)]
pub(super) struct Overview {
    rows: Vec<Row>,
    /// Conversations that are not among the rows, by what they are.
    others: BTreeMap<&'static str, u64>,
}

#[derive(Debug)]
struct Row {
    number: ConversationNo,
    kind: Kind,
    packets: u32,
    bytes: u64,
    worst: Severity,
}

impl Row {
    /// What makes one row matter more than another.
    fn weight(&self) -> (Severity, u32, Reverse<ConversationNo>) {
        // Hints at the unusual do not outweigh a conversation of a thousand packets.
        let worst = if self.worst >= Severity::Warn { self.worst } else { Severity::Chat };
        (worst, self.packets, Reverse(self.number))
    }
}

impl Overview {
    /// Takes in a conversation that is over.
    pub fn add(&mut self, chapter: &Chapter) {
        let Chapter { number, kind, packets, bytes, worst, .. } = *chapter;
        self.rows.push(Row { number, kind, packets, bytes, worst });
        if self.rows.len() > KEPT {
            self.cut(KEPT / 2);
        }
    }

    fn cut(&mut self, length: usize) {
        self.rows.sort_by_key(|row| Reverse(row.weight()));
        let others = self.rows.drain(length.min(self.rows.len())..);
        for row in others {
            *self.others.entry(word(row.kind)).or_default() += 1;
        }
    }

    /// Writes the table.
    pub fn write(&mut self, out: &mut dyn io::Write, look: Look, language: Language) -> io::Result<()> {
        self.cut(ROWS);
        self.rows.sort_by_key(|row| row.number);
        writeln!(out, "{:>6} {:>8} {:>11}   {:<5}stream", "#", "packets", "bytes", "what")?;
        for row in &self.rows {
            let mark = if row.worst >= Severity::Warn { "!" } else { "" };
            let stream = if let Kind::Tcp(.., stream) = row.kind { stream.to_string() } else { String::new() };
            let (number, packets, bytes) = (row.number.0, grouped(row.packets.into()), grouped(row.bytes));
            let left = format!("{number:>6} {packets:>8} {bytes:>11} {mark:1} {:<5}{stream:<6} ", word(row.kind));
            let room = look.width.saturating_sub(left.len());
            let (first, second) = names(language, row.kind);
            let mut lines = vec![if second.is_empty() { first } else { format!("{first} → {second}") }];
            // Rather an end a line than a break inside one.
            if lines[0].chars().count() > room
                && let Some((first, second)) = lines[0].split_once(" → ")
            {
                lines = vec![first.to_owned(), format!("→ {second}")];
            }
            let escaped: Vec<String> = lines.iter().map(|line| escape::line(line, look.glyphs).into()).collect();
            let lines = escaped.iter().flat_map(|line| wrap::lines(line, room, room));
            for (number, line) in lines.enumerate() {
                if number == 0 {
                    writeln!(out, "{left}{line}")?;
                } else {
                    writeln!(out, "{:indent$}{line}", "", indent = left.len())?;
                }
            }
        }
        let rest: u64 = self.others.values().sum();
        if rest > 0 {
            let kinds = self.others.iter().map(|(word, count)| format!("{} {word}", grouped(*count)));
            let said = format!("and {} more: {}", grouped(rest), kinds.collect::<Vec<_>>().join(", "));
            for line in wrap::lines(&said, look.width.saturating_sub(34), look.width.saturating_sub(34)) {
                writeln!(out, "{:34}{}", "", look.paint(Paint::Aside, line))?;
            }
        }
        writeln!(out)
    }
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Neighbour(asker, _) => {
            if asker.is_ipv4() {
                "ARP"
            } else {
                "NDP"
            }
        }
        Kind::Echo(..) => "ping",
        Kind::Tcp(..) => "TCP",
        Kind::Udp(..) => "UDP",
        Kind::Ip(..) => "IP",
        Kind::Link => "link",
    }
}

/// What looks wrong: every warning once, with the frames that give cause to it.
#[derive(Debug, Default)]
pub(super) struct Problems {
    found: Vec<Problem>,
}

#[derive(Debug)]
struct Problem {
    note: Note,
    times: u64,
}

impl Problems {
    /// Takes in what was said. What may have caused it stands beside the conversation.
    pub fn add(&mut self, notes: &[Note]) {
        for note in notes.iter().filter(|note| note.severity >= Severity::Warn && note.kind != Claim::Guess) {
            match self.found.iter_mut().find(|known| known.note.id == note.id) {
                Some(known) => {
                    known.times += 1;
                    let frames: Vec<FrameNo> =
                        note.frames.iter().copied().filter(|frame| !known.note.frames.contains(frame)).collect();
                    let room = FRAMES.saturating_sub(known.note.frames.len());
                    known.note.frames.extend(frames.into_iter().take(room));
                }
                None => {
                    let mut note = note.clone();
                    note.frames.truncate(FRAMES);
                    self.found.push(Problem { note, times: 1 });
                }
            }
        }
    }

    /// Writes them, the worst first.
    pub fn write(&mut self, out: &mut dyn io::Write, look: Look, language: Language) -> io::Result<()> {
        self.found.sort_by_key(|problem| Reverse((problem.note.severity, problem.times)));
        for Problem { note, times } in self.found.iter().take(PROBLEMS) {
            let again = match *times {
                1 => String::new(),
                more => format!(" (And {} more like it.)", grouped(more - 1)),
            };
            claims::warning(out, look, language, note, &again)?;
        }
        if let Some(count) = self.found.len().checked_sub(PROBLEMS + 1).and_then(|more| u32::try_from(more + 1).ok()) {
            let said = words::text(language, "story.more-problems", &[("count", count.into())]);
            writeln!(out, "{:7}{}", "", look.paint(Paint::Aside, said))?;
        }
        Ok(())
    }
}
