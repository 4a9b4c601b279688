//! The story of a whole capture: its conversations in the order in which they began, each with its packets, what
//! repeats folded, and with its verdict; then what the capture comes to.
//!
//! A few conversations are told one by one. Of many, the ones where something looks wrong are told, behind an overview
//! of those that matter most. Memory is bounded either way.

mod chapter;
mod overview;
mod role;

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};

use chapter::{Chapter, Entry, Fold, Room, What};
use overview::{Overview, Problems};
use role::{counted, is_remarkable, side, way};

use crate::converse::conversation::{Conversation, Kind};
use crate::converse::{ConversationNo, Speaker};
use crate::engine::Seen;
use crate::explain::words::{self, Language};
use crate::model::{Arg, Direction, FrameNo, Nanos, Note, Severity};
use crate::proto::numbers;

use super::ladder::Drawing;
use super::text::{Line, Scratch, Story, Verbosity};
use super::theme::{Look, Paint};
use super::{claims, escape, figures, wrap};

/// Conversations that are told one by one; of more, only those that matter.
const FEW: usize = 8;
/// Conversations with problems that are told where there are many.
const TOLD: usize = 3;
/// How much of a conversation is kept: of a few, and of many.
const LARGE: Room = Room { head: 24, tail: 8, remarkable: 24 };
const SMALL: Room = Room { head: 7, tail: 4, remarkable: 6 };

/// A capture as it is understood.
#[derive(Debug)]
pub struct Tale {
    quiet: bool,
    drawn: Option<Verbosity>,
    story: Story,
    scratch: Scratch,
    look: Look,
    language: Language,
    origin: Option<Nanos>,
    last: Nanos,
    packets: u64,
    open: BTreeMap<ConversationNo, Open>,
    /// Conversations that are over, with their verdicts: while they are few, all of them; then those to be told.
    over: Vec<(Chapter, Vec<Note>)>,
    begun: u64,
    overview: Overview,
    problems: Problems,
}

/// A conversation that goes on.
#[derive(Debug)]
struct Open {
    chapter: Chapter,
    /// Its page, where it is drawn.
    drawing: Option<Drawing>,
    /// Whoever spoke first stands on the right.
    mirrored: bool,
}

/// What is known of the capture as a whole, besides its packets.
#[derive(Clone, Copy, Debug)]
pub struct Whole<'a> {
    /// Its name, as the user gave it.
    pub name: &'a str,
    /// Packets that the capturing host missed.
    pub dropped: u64,
    /// The command that shows more, with the id of what it shows, where there is one.
    pub more: Option<(&'a str, &'a str)>,
}

impl Tale {
    /// A tale that has not begun; a quiet one tells only what the capture comes to.
    #[must_use]
    pub fn new(look: Look, language: Language, quiet: bool) -> Self {
        Self {
            quiet,
            drawn: None,
            story: Story::new(look, language, Verbosity::Story),
            scratch: Scratch::default(),
            look,
            language,
            origin: None,
            last: Nanos(0),
            packets: 0,
            open: BTreeMap::new(),
            over: Vec::new(),
            begun: 0,
            overview: Overview::default(),
            problems: Problems::default(),
        }
    }

    /// Draws conversations as ladders, as deep as `verbosity` says, instead of telling them line by line.
    #[must_use]
    pub fn drawn(mut self, verbosity: Verbosity) -> Self {
        self.drawn = Some(verbosity);
        self
    }

    /// Times count from this point on, and not from the first packet.
    pub fn count_from(&mut self, origin: Nanos) {
        self.origin = Some(origin);
    }

    /// Takes in a packet and what there is to say about it.
    pub fn packet(&mut self, seen: &Seen<'_, '_, '_>, notes: &[Note]) {
        let (packet, frame) = (seen.packet, seen.packet.frame);
        let origin = *self.origin.get_or_insert(frame.time);
        self.last = self.last.max(frame.time);
        self.packets += 1;
        self.problems.add(notes);
        let now = (frame.number, frame.time);
        if !self.open.contains_key(&seen.conversation) {
            self.begin(seen, now);
        }
        let Some(Open { chapter, drawing, mirrored }) = self.open.get_mut(&seen.conversation) else { return };
        if self.quiet {
            return;
        }
        let (look, language) = (self.look, self.language);
        let remarkable = is_remarkable(packet, notes);
        let (kind, way, time) = (chapter.kind, way(seen), frame.time - origin);
        let scratch = &mut self.scratch;
        chapter.add(counted(seen), frame.original as u64, remarkable, notes, |text| {
            match drawing {
                Some(drawing) => {
                    let (first, second) = names(language, kind);
                    let names = if *mirrored { (second, first) } else { (first, second) };
                    // Writing to a vector does not fail.
                    let _ = drawing.packet(text, seen, (&names.0, &names.1), side(seen, *mirrored), time);
                }
                None => {
                    let line = Line { look, time, way: Some(way), in_context: true };
                    line.write(text, scratch, packet, Some(seen));
                }
            }
        });
        if let Some(drawing) = drawing {
            drawing.pass(frame.time);
        }
    }

    fn begin(&mut self, seen: &Seen<'_, '_, '_>, now: (FrameNo, Nanos)) {
        let kind = seen.conversations.and_then(|all| all.of(seen.conversation)).map_or(Kind::Link, |known| known.kind);
        self.begun += 1;
        if self.begun == FEW as u64 + 1 {
            self.open.values_mut().for_each(|open| open.chapter.shrink(SMALL));
        }
        let room = if self.begun <= FEW as u64 { LARGE } else { SMALL };
        let chapter = Chapter::new(seen.conversation, kind, now, room);
        let drawing = self.drawn.map(|verbosity| Drawing::new(self.look, verbosity));
        // We stand on the left, or else whoever spoke first.
        let mirrored =
            matches!((way(seen), seen.speaker), (Direction::In, Speaker::First) | (Direction::Out, Speaker::Second));
        self.open.insert(seen.conversation, Open { chapter, drawing, mirrored });
    }

    /// A conversation is over; this is its verdict.
    pub fn ended(&mut self, conversation: &Conversation, verdict: &[Note]) {
        let Some(Open { mut chapter, .. }) = self.open.remove(&conversation.number) else { return };
        chapter.worst = verdict.iter().map(|note| note.severity).fold(chapter.worst, Severity::max);
        self.problems.add(verdict);
        self.overview.add(&chapter);
        self.over.push((chapter, verdict.to_vec()));
        if self.begun > FEW as u64 && self.over.len() > FEW {
            self.choose();
        }
    }

    /// Keeps those conversations that are worth telling: the ones where most looks wrong, or else the longest.
    fn choose(&mut self) {
        let weight = |chapter: &Chapter| match chapter.worst {
            Severity::Warn | Severity::Error => (chapter.worst, chapter.remarkable, chapter.packets),
            _ => (Severity::Chat, 0, chapter.packets),
        };
        self.over.sort_by_key(|(chapter, _)| (std::cmp::Reverse(weight(chapter)), chapter.number));
        let troubled = self.over.iter().take_while(|(chapter, _)| chapter.worst >= Severity::Warn).count();
        self.over.truncate(troubled.clamp(1, TOLD));
        self.over.sort_by_key(|(chapter, _)| chapter.number);
    }

    /// Tells everything: all conversations must have ended.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn finish(&mut self, out: &mut dyn io::Write, whole: &Whole<'_>) -> io::Result<()> {
        if self.packets == 0 {
            // Times count from a first packet where there is one, though it was not to be told.
            let empty = if self.origin.is_some() { "story.none-passes" } else { "story.empty" };
            return writeln!(out, "{}", words::text(self.language, empty, &[]));
        }
        if !self.quiet {
            if self.begun > FEW as u64 {
                self.choose();
                self.overview.write(out, self.look, self.language)?;
            } else {
                self.over.sort_by_key(|(chapter, _)| chapter.number);
            }
            for (mut chapter, verdict) in std::mem::take(&mut self.over) {
                self.chapter(out, &mut chapter, &verdict)?;
            }
        }
        self.conclude(out, whole)
    }

    fn chapter(&mut self, out: &mut dyn io::Write, chapter: &mut Chapter, verdict: &[Note]) -> io::Result<()> {
        let origin = self.origin.unwrap_or_default();
        let title = format!("{}. {}", chapter.number.0, title(self.language, chapter.kind));
        let title = escape::line(&title, self.look.glyphs);
        for line in wrap::lines(&title, self.look.width, self.look.width) {
            writeln!(out, "{}", self.look.paint(Paint::Title, line))?;
        }
        for entry in chapter.entries() {
            match entry {
                Entry::Packet(told) => {
                    out.write_all(&told.text)?;
                    self.story.sentences(out, &told.notes)?;
                }
                Entry::Fold(fold) => self.fold(out, &fold, origin)?,
            }
        }
        claims::write(out, self.look, self.language, verdict)?;
        writeln!(out)
    }

    /// `    12.3 ... 212 segments with 300,112 bytes ->, 106 acknowledgements <- (#4-#321)`
    fn fold(&self, out: &mut dyn io::Write, fold: &Fold, origin: Nanos) -> io::Result<()> {
        let time = fold.first.time - origin;
        let mut phrases: Vec<String> = fold.counts.iter().map(|row| self.phrase(row)).collect();
        let frames = format!("({}-{})", fold.first.frame, fold.last.0);
        if let Some(verbosity) = self.drawn {
            phrases.push(frames);
            return Drawing::new(self.look, verbosity).fold(out, &phrases, time);
        }
        let said = format!("… {} {frames}", phrases.join(", "));
        let said = escape::line(&said, self.look.glyphs);
        let room = self.look.width.saturating_sub(super::text::INDENT);
        for (number, line) in wrap::lines(&said, room, room.saturating_sub(4)).iter().enumerate() {
            if number == 0 {
                let mut stamp = Vec::new();
                figures::millis(&mut stamp, time, 8);
                out.write_all(&stamp)?;
                writeln!(out, "{:7}{}", "", self.look.paint(Paint::Aside, line))?;
            } else {
                writeln!(out, "{:19}{}", "", self.look.paint(Paint::Aside, line))?;
            }
        }
        Ok(())
    }

    fn phrase(&self, &(what, speaker, packets, bytes): &(What, Speaker, u32, u64)) -> String {
        let arrow = match speaker {
            Speaker::First => " →",
            Speaker::Second => " ←",
            Speaker::Between => "",
        };
        let args = [
            ("count", Arg::from(packets)),
            ("shown", grouped(packets.into()).into()),
            ("bytes", grouped(bytes).into()),
        ];
        format!("{}{arrow}", words::text(self.language, what.words(), &args))
    }

    fn conclude(&mut self, out: &mut dyn io::Write, whole: &Whole<'_>) -> io::Result<()> {
        let name = escape::line(whole.name, self.look.glyphs);
        writeln!(out, "--- {name} ---")?;
        let span = (self.last - self.origin.unwrap_or_default()).as_millis_f64() / 1000.0;
        let many = |count: u64, one: &str| {
            let plural = if count == 1 { "" } else { "s" };
            format!("{} {one}{plural}", grouped(count))
        };
        write!(out, "{}, {}", many(self.packets, "packet"), many(self.begun, "conversation"))?;
        if whole.dropped > 0 {
            write!(out, ", {} missed by whoever captured them", grouped(whole.dropped))?;
        }
        writeln!(out, ", {span:.3} s")?;
        writeln!(out)?;
        self.problems.write(out, self.look, self.language)?;
        if self.drawn.is_some() && !self.quiet {
            let legend = words::text(self.language, "story.ladder-legend", &[]);
            let room = self.look.width;
            for line in wrap::lines(&escape::line(&legend, self.look.glyphs), room, room) {
                writeln!(out, "{}", self.look.paint(Paint::Aside, line))?;
            }
        }
        match whole.more {
            Some((command, id)) => claims::more(out, self.look, self.language, command, id),
            None => Ok(()),
        }
    }
}

/// The names of the two ends.
fn names(language: Language, kind: Kind) -> (String, String) {
    let end = |(address, port): (IpAddr, u16)| SocketAddr::new(address, port).to_string();
    match kind {
        Kind::Tcp(first, second, _) | Kind::Udp(first, second) => (end(first), end(second)),
        Kind::Neighbour(first, second) | Kind::Echo(first, second, _) | Kind::Ip(first, second, _) => {
            (first.to_string(), second.to_string())
        }
        Kind::Link => (words::text(language, "story.anyone", &[]), String::new()),
    }
}

/// What a conversation is, in a line.
fn title(language: Language, kind: Kind) -> String {
    let (first, second) = names(language, kind);
    let (id, more) = match kind {
        Kind::Neighbour(asker, target) => {
            let id = match () {
                () if asker.is_unspecified() => "story.neighbour-probe",
                () if asker == target => "story.neighbour-told",
                () => "story.neighbour",
            };
            (id, Some(("protocol", if asker.is_ipv4() { "ARP" } else { "Neighbour Discovery" }.to_owned())))
        }
        Kind::Echo(..) => ("story.echo", None),
        Kind::Tcp(.., stream) => ("story.tcp", Some(("stream", stream.to_string()))),
        Kind::Udp(..) => ("story.udp", None),
        Kind::Ip(.., protocol) => {
            let name = super::value::name(&numbers::IP_PROTOCOLS, protocol.into());
            let name = name.map_or_else(|| format!("IP protocol {protocol}"), str::to_owned);
            ("story.ip", Some(("protocol", name)))
        }
        Kind::Link => return words::text(language, "story.link", &[]),
    };
    let mut args = vec![("first", Arg::from(first)), ("second", second.into())];
    args.extend(more.map(|(name, value)| (name, value.into())));
    words::text(language, id, &args)
}

/// A number with commas between its thousands.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
