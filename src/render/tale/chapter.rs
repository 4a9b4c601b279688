//! One conversation of a capture, as it will be told: lines of packets, with what repeats folded.
//!
//! A chapter is bounded whatever the conversation holds: its beginning and its end stay, and what is remarkable in
//! between as far as there is room; the rest is counted.

use std::collections::VecDeque;

use smallvec::SmallVec;

use crate::converse::conversation::Kind;
use crate::converse::{ConversationNo, Speaker};
use crate::model::{FrameNo, Nanos, Note, Severity};

/// Packets alike that are told in full before they are folded.
const ALIKE: usize = 3;

/// How much of a conversation is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// Entries of its beginning.
    pub head: usize,
    /// Entries of its end.
    pub tail: usize,
    /// Remarkable ones in between.
    pub remarkable: usize,
}

/// One thing that is told.
#[derive(Debug)]
pub(super) enum Entry {
    /// A packet's line or lines as they are printed, and what may be said about it.
    Packet(Told),
    /// Packets that are only counted.
    Fold(Fold),
}

/// A packet's lines.
#[derive(Debug)]
pub(super) struct Told {
    pub text: Vec<u8>,
    pub notes: Vec<Note>,
    pub remarkable: bool,
    as_counted: Counted,
}

/// What a packet counts as where it is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counted {
    pub what: What,
    pub speaker: Speaker,
    /// Bytes of data.
    pub bytes: u64,
    pub frame: FrameNo,
    pub time: Nanos,
}

/// Kinds of packets that repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A TCP segment with data.
    Data,
    /// A TCP segment without, and with nothing but the ACK bit.
    Acknowledgement,
    /// A ping's question.
    Request,
    /// A ping's answer.
    Reply,
    /// A UDP datagram.
    Datagram,
    /// Anything else.
    Packet,
}

impl What {
    /// The id of the phrase that counts such packets.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Data => "story.fold-data",
            Self::Acknowledgement => "story.fold-ack",
            Self::Request => "story.fold-request",
            Self::Reply => "story.fold-reply",
            Self::Datagram => "story.fold-datagram",
            Self::Packet => "story.fold-packet",
        }
    }
}

/// Packets of which only the numbers are left.
#[derive(Debug)]
pub(super) struct Fold {
    /// The packet, as long as it is the only one.
    only: Option<Box<Told>>,
    pub first: Counted,
    pub last: (FrameNo, Nanos),
    /// What, by whom, how many, with how many bytes; in the order in which they came.
    pub counts: SmallVec<[(What, Speaker, u32, u64); 2]>,
}

/// What one conversation came to.
#[derive(Debug)]
pub(super) struct Chapter {
    pub number: ConversationNo,
    pub kind: Kind,
    pub packets: u32,
    pub bytes: u64,
    pub last: (FrameNo, Nanos),
    /// The worst that was noted, and how many packets are remarkable.
    pub worst: Severity,
    pub remarkable: u32,
    room: Room,
    /// Beginning and what is remarkable.
    body: Vec<Entry>,
    kept: usize,
    tail: VecDeque<Entry>,
    /// Packets alike that have come one after the other: the first few as they would be told, and all as a fold.
    waiting: Vec<Told>,
    run: Option<Fold>,
    seen: SmallVec<[(What, Speaker); 6]>,
}

impl Fold {
    fn new(one: Counted) -> Self {
        let mut fold = Self { only: None, first: one, last: (one.frame, one.time), counts: SmallVec::new() };
        fold.add(one);
        fold
    }

    fn add(&mut self, one: Counted) {
        self.count(one.what, one.speaker, 1, one.bytes);
        self.last = (one.frame, one.time);
    }

    fn merge(&mut self, later: &Self) {
        self.only = None;
        for &(what, speaker, packets, bytes) in &later.counts {
            self.count(what, speaker, packets, bytes);
        }
        self.last = later.last;
    }

    fn count(&mut self, what: What, speaker: Speaker, packets: u32, bytes: u64) {
        match self.counts.iter_mut().find(|row| (row.0, row.1) == (what, speaker)) {
            Some(row) => (row.2, row.3) = (row.2.saturating_add(packets), row.3.saturating_add(bytes)),
            None => self.counts.push((what, speaker, packets, bytes)),
        }
    }
}

impl Chapter {
    /// A conversation that begins with a packet of `first`.
    pub fn new(number: ConversationNo, kind: Kind, first: (FrameNo, Nanos), room: Room) -> Self {
        Self {
            number,
            kind,
            packets: 0,
            bytes: 0,
            last: first,
            worst: Severity::Chat,
            remarkable: 0,
            room,
            body: Vec::new(),
            kept: 0,
            tail: VecDeque::new(),
            waiting: Vec::new(),
            run: None,
            seen: SmallVec::new(),
        }
    }

    /// Makes do with less from now on.
    pub fn shrink(&mut self, room: Room) {
        self.room = room;
    }

    /// Adds a packet. `tell` writes its lines and is only called where they may be printed.
    pub fn add(
        &mut self,
        counted: Counted,
        length: u64,
        remarkable: bool,
        notes: &[Note],
        tell: impl FnOnce(&mut Vec<u8>),
    ) {
        self.packets = self.packets.saturating_add(1);
        self.bytes = self.bytes.saturating_add(length);
        self.last = (counted.frame, counted.time);
        self.remarkable = self.remarkable.saturating_add(u32::from(remarkable));
        self.worst = notes.iter().map(|note| note.severity).max().unwrap_or(Severity::Chat).max(self.worst);
        let kind = (counted.what, counted.speaker);
        let repeats = self.seen.contains(&kind);
        let routine = !remarkable && repeats && counted.what != What::Packet;
        if routine && self.waiting.len() == ALIKE {
            if let Some(run) = &mut self.run {
                run.add(counted);
            }
            return;
        }
        let mut text = Vec::new();
        tell(&mut text);
        let told = Told { text, notes: notes.to_vec(), remarkable, as_counted: counted };
        if routine {
            match &mut self.run {
                Some(run) => run.add(counted),
                None => self.run = Some(Fold::new(counted)),
            }
            self.waiting.push(told);
            return;
        }
        self.end_run();
        if !repeats {
            self.seen.push(kind);
        }
        self.push(Entry::Packet(told));
    }

    /// Everything that is told, in order. The chapter is over.
    pub fn entries(&mut self) -> impl Iterator<Item = Entry> {
        self.end_run();
        let alone = |entry| match entry {
            Entry::Fold(Fold { only: Some(told), .. }) => Entry::Packet(*told),
            entry => entry,
        };
        self.body.drain(..).chain(self.tail.drain(..)).map(alone).collect::<Vec<_>>().into_iter()
    }

    /// Packets alike: told in full when they are few, else as a fold.
    fn end_run(&mut self) {
        let Some(run) = self.run.take() else { return };
        let waiting = std::mem::take(&mut self.waiting);
        let packets: u32 = run.counts.iter().map(|row| row.2).sum();
        if packets as usize > waiting.len() {
            self.push(Entry::Fold(run));
        } else {
            for told in waiting {
                self.push(Entry::Packet(told));
            }
        }
    }

    fn push(&mut self, entry: Entry) {
        self.tail.push_back(entry);
        while self.tail.len() > self.room.tail {
            let Some(oldest) = self.tail.pop_front() else { break };
            self.settle(oldest);
        }
    }

    /// Finds a place for what is no longer at the end.
    fn settle(&mut self, entry: Entry) {
        let remarkable = matches!(&entry, Entry::Packet(told) if told.remarkable);
        if self.body.len() < self.room.head {
            self.body.push(entry);
            return;
        }
        if remarkable && self.kept < self.room.remarkable {
            self.kept += 1;
            self.body.push(entry);
            return;
        }
        let fold = match entry {
            Entry::Packet(told) => {
                let fold = Fold::new(told.as_counted);
                Fold { only: Some(Box::new(told)), ..fold }
            }
            Entry::Fold(fold) => fold,
        };
        match self.body.last_mut() {
            Some(Entry::Fold(last)) => last.merge(&fold),
            _ => self.body.push(Entry::Fold(fold)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: Room = Room { head: 4, tail: 2, remarkable: 3 };

    fn chapter(packets: impl IntoIterator<Item = (What, Speaker, bool)>) -> String {
        let mut chapter = Chapter::new(ConversationNo(1), Kind::Link, (FrameNo(1), Nanos(0)), ROOM);
        for (number, (what, speaker, remarkable)) in (1..).zip(packets) {
            let counted = Counted { what, speaker, bytes: 10, frame: FrameNo(number), time: Nanos(number.into()) };
            chapter.add(counted, 60, remarkable, &[], |text| text.extend_from_slice(number.to_string().as_bytes()));
        }
        let shown = |entry| match entry {
            Entry::Packet(told) => String::from_utf8(told.text).expect("digits"),
            Entry::Fold(fold) => {
                let counts = fold.counts.iter().map(|row| format!("{}{:?}", row.2, row.0));
                format!("({}-{} {})", fold.first.frame.0, fold.last.0.0, counts.collect::<Vec<_>>().join(" "))
            }
        };
        chapter.entries().map(shown).collect::<Vec<_>>().join(" ")
    }

    use Speaker::{First, Second};
    use What::{Acknowledgement, Data, Packet};

    #[test]
    fn a_short_one_is_told_in_full() {
        let visit = [(Packet, First), (Packet, Second), (Data, First), (Acknowledgement, Second), (Data, First)];
        assert_eq!(chapter(visit.map(|(what, speaker)| (what, speaker, false))), "1 2 3 4 5");
    }

    #[test]
    fn what_repeats_is_folded_and_what_is_remarkable_is_not() {
        let (data, answer) = ((Data, First, false), (Acknowledgement, Second, false));
        let mut packets = vec![(Packet, First, false), data, answer];
        packets.extend([data, answer].into_iter().cycle().take(100));
        packets.push((Data, First, true));
        packets.push((Packet, Second, false));
        assert_eq!(chapter(packets), "1 2 3 (4-103 50Data 50Acknowledgement) 104 105");
    }

    #[test]
    fn it_is_bounded() {
        let all = (0..10_000).map(|index| (Packet, if index % 3 == 0 { First } else { Second }, index % 100 == 50));
        assert_eq!(
            chapter(all),
            "1 2 3 4 (5-50 31Packet 15Packet) 51 (52-150 33Packet 66Packet) 151 (152-250 66Packet 33Packet) 251 \
             (252-9998 6498Packet 3249Packet) 9999 10000"
        );
    }
}
