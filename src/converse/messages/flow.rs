//! One direction of a conversation: the segments that are parts of the same messages.

use super::{Assembled, Once, Order, Outcome, Reading, Segment, Spoken, piece};
use crate::converse::filling::Filling;
use crate::model::FrameNo;
use crate::proto::http::Search;
use crate::proto::stream::{Application, Need, Part};

/// Runs of segments remembered at most, finished ones included: by these a segment that comes again is known.
const RUNS: usize = 32;
/// Segments of one run that are remembered by their frames.
const FRAMES: usize = 65_536;
/// Bytes that a segment may hold of a message that goes on, as in Wireshark.
const LONGEST_START: i64 = 1 << 20;
/// Further than any sequence number can be: the end of a message that ends with the stream.
const FAR: i64 = 0x4000_0000;

/// What is known of one direction.
#[derive(Debug, Default)]
pub(super) struct Flow {
    /// A sequence number and the position it stands for; positions do not wrap.
    known: Option<(u32, i64)>,
    runs: Runs,
    /// A message lasts as long as the stream.
    until_end: bool,
    ended: bool,
    /// There was more than could be kept, and it cannot be told any more where messages begin.
    lost: bool,
}

/// Runs by the position of their first byte, in order. Hardly ever is there more than one, so they are looked through.
#[derive(Debug, Default)]
struct Runs(Vec<(i64, Run)>);

impl Runs {
    /// The run that begins at a position.
    fn at(&self, first: i64) -> Option<&Run> {
        self.0.iter().find(|(known, _)| *known == first).map(|(_, run)| run)
    }

    /// The last run that begins at a position or before, and where it does.
    fn until(&mut self, position: i64) -> Option<(i64, &mut Run)> {
        self.0.iter_mut().rev().find(|(first, _)| *first <= position).map(|(first, run)| (*first, run))
    }

    /// Adds a run, or replaces the one that begins there. Of too many, the first goes.
    fn insert(&mut self, first: i64, run: Run) {
        match self.0.binary_search_by_key(&first, |(known, _)| *known) {
            Ok(at) => self.0[at].1 = run,
            Err(at) => {
                self.0.reserve_exact(1);
                self.0.insert(at, (first, run));
            }
        }
        if self.0.len() > RUNS {
            self.0.remove(0);
        }
    }
}

/// Segments that hold a message that none of them holds alone.
#[derive(Debug, Default)]
struct Run {
    filling: Filling,
    /// Frames, in the order they came: where its bytes belong and how many they are.
    frames: Vec<(usize, FrameNo, usize)>,
    /// Position where the message ends, as far as is known; it ends there or is looked at again.
    next: i64,
    /// The next segment belongs to it with all its bytes.
    greedy: bool,
    /// Bytes up to its end, once a segment came that reaches it.
    length: Option<usize>,
    search: Search,
    finished: bool,
}

impl Flow {
    /// How much memory its bytes take.
    pub(super) fn size(&self) -> usize {
        self.runs.0.iter().map(|(_, run)| run.filling.size()).sum()
    }

    pub(super) fn observe(&mut self, segment: &Segment<'_>, application: Application, spoken: &mut Spoken) -> Outcome {
        let start = self.position(segment.sequence);
        let whole = segment.payload.len() >= segment.length && !segment.broken;
        if self.lost || whole && segment.order == Order::ForNothing {
            return Outcome::default();
        }
        let mut outcome = Outcome::default();
        if segment.fin && self.until_end && !self.ended {
            self.ended = true;
            if self.finish(segment, start, application, spoken, &mut outcome) {
                return outcome;
            }
        }
        if segment.length > 0 && whole {
            self.follow(segment, start, application, spoken, &mut outcome);
        } else if segment.length > 0 && matches!(segment.order, Order::Again | Order::OutOfOrder) {
            outcome.pieces.push(piece(0, segment.length, Part::Silent));
        } else if segment.length > 0 {
            // What is cut or broken is read for itself.
            let once = Once { is_final: true, ..once(segment) };
            let reading = spoken.read(application, segment.payload, &mut Search::default(), once);
            outcome.pieces.extend(reading.messages);
            // What the capture cut belongs to the last message.
            if let Some(last) = outcome.pieces.last_mut().filter(|last| last.at + last.length == segment.payload.len())
            {
                last.length = segment.length - last.at;
            }
        }
        outcome
    }

    /// The position that a sequence number stands for: the one nearest to where the stream is.
    #[allow(clippy::cast_possible_wrap)] // the sign of the distance is what is wanted
    fn position(&mut self, sequence: u32) -> i64 {
        let (known, at) = *self.known.get_or_insert((sequence, 0));
        let position = at + i64::from(sequence.wrapping_sub(known) as i32);
        if position > at {
            self.known = Some((sequence, position));
        }
        position
    }

    /// The stream ends: so does the message that lasts as long. `false` if something of it is missing.
    fn finish(
        &mut self,
        segment: &Segment<'_>,
        start: i64,
        application: Application,
        spoken: &mut Spoken,
        outcome: &mut Outcome,
    ) -> bool {
        let Some((first, run)) = self.runs.until(start) else { return false };
        run.add(start - first, segment, 0, segment.length, false);
        if run.finished || !run.is_whole() {
            return false;
        }
        let once = Once { is_final: true, ended: true, ..once(segment) };
        let reading = run.read(application, spoken, once);
        outcome.assembled = Some(run.complete(reading));
        if segment.length > 0 {
            outcome.pieces.push(piece(0, segment.length, Part::Silent));
        }
        true
    }

    /// Cuts a segment into what belongs to a run and what begins a new one.
    fn follow(
        &mut self,
        segment: &Segment<'_>,
        start: i64,
        application: Application,
        spoken: &mut Spoken,
        outcome: &mut Outcome,
    ) {
        let end = start + position(segment.length);
        let mut at = 0;
        while at < segment.length {
            let from = start + position(at);
            let left = segment.length - at;
            if self.runs.at(from).is_some_and(|run| end <= run.next) || segment.order == Order::Again {
                outcome.pieces.push(piece(at, left, Part::Silent));
                return;
            }
            let before = self.runs.until(from).filter(|(_, run)| run.next > from);
            let Some((first, run)) = before else {
                self.begin(segment, at, end, application, spoken, outcome);
                return;
            };
            let offset = from - first;
            let taken = if run.greedy { left } else { length(run.next.min(end) - from) };
            if run.finished {
                outcome.pieces.push(piece(at, left, Part::Late));
                return;
            }
            run.add(offset, segment, at, taken, end < run.next);
            if std::mem::take(&mut run.greedy) {
                run.next = end;
            }
            let follows = run.next < end;
            if !run.is_whole() {
                let (length, part) =
                    (if follows { taken } else { left }, if at == 0 { Part::Unfinished } else { Part::Silent });
                outcome.pieces.push(piece(at, length, part));
                at += length;
                continue;
            }
            let known = run.length.unwrap_or(0) - taken;
            let reading = run.read(application, spoken, once(segment));
            match reading.more {
                // More is needed for what seemed to be whole.
                Some((more, need, begun)) if more <= known => {
                    self.until_end |= need == Need::Rest;
                    if more == 0 && begun {
                        outcome.assembled = Some(Assembled::begun(run.filling.bytes()));
                    }
                    run.go_on(need, from, taken, left, end);
                    if run.is_too_long() {
                        self.lost = true;
                        self.runs = Runs::default();
                    }
                    let part = if more == 0 { Part::Unfinished } else { Part::Silent };
                    outcome.pieces.push(piece(at, left, part));
                    return;
                }
                more => {
                    let whole = run.length.unwrap_or(0);
                    let part = if follows { taken } else { left };
                    let unread = more.map(|(offset, need, begun)| (whole - offset, need, begun));
                    let search = std::mem::take(&mut run.search);
                    outcome.assembled = Some(run.complete(reading));
                    outcome.pieces.push(piece(at, part - unread.map_or(0, |unread| unread.0), Part::Silent));
                    if let Some((unread, need, begun)) = unread {
                        let part = if begun { Part::Begun } else { Part::Silent };
                        outcome.pieces.push(piece(segment.length - unread, unread, part));
                        self.open(segment, segment.length - unread, end, need, search);
                    }
                    at += part;
                }
            }
        }
    }

    /// Reads bytes that continue nothing.
    fn begin(
        &mut self,
        segment: &Segment<'_>,
        at: usize,
        end: i64,
        application: Application,
        spoken: &mut Spoken,
        outcome: &mut Outcome,
    ) {
        let bytes = &segment.payload[at..segment.length];
        let mut search = Search::default();
        let reading = spoken.read(application, bytes, &mut search, once(segment));
        outcome.pieces.extend(reading.messages.into_iter().map(|one| piece(at + one.at, one.length, one.part)));
        if let Some((offset, need, begun)) = reading.more {
            let part = match (offset, begun) {
                (_, true) => Part::Begun,
                (0, false) if at == 0 => Part::Unfinished,
                _ => Part::Silent,
            };
            outcome.pieces.push(piece(at + offset, bytes.len() - offset, part));
            self.open(segment, at + offset, end, need, search);
        }
    }

    /// Begins a run with what a segment holds from byte `at` on.
    fn open(&mut self, segment: &Segment<'_>, at: usize, end: i64, need: Need, search: Search) {
        let first = end - position(segment.length - at);
        if end - first > LONGEST_START {
            return;
        }
        let mut run = Run { search, ..Run::default() };
        match need {
            Need::Any => (run.next, run.greedy) = (end + 1, true),
            Need::Exactly(missing) => run.next = end + position(missing),
            Need::Rest => {
                self.until_end = true;
                run.next = end + FAR;
            }
        }
        run.add(0, segment, at, segment.length - at, end < run.next);
        self.runs.insert(first, run);
    }
}

impl Run {
    /// Takes in `length` bytes of the segment's payload from byte `from` on, which belong at `offset`. Unless `more` is to
    /// come, the message ends with them.
    fn add(&mut self, offset: i64, segment: &Segment<'_>, from: usize, taken: usize, more: bool) {
        let offset = length(offset);
        self.filling.add(offset, taken, segment.payload.get(from..from + taken).unwrap_or(&[]));
        if self.frames.len() < FRAMES {
            self.frames.push((offset, segment.frame, taken));
        }
        if !more {
            self.length = Some(self.length.map_or(offset + taken, |known| known.max(offset + taken)));
        }
    }

    fn is_whole(&self) -> bool {
        self.length.is_some_and(|length| self.filling.whole() >= length)
    }

    /// More bytes than are kept, of a message whose end they alone would tell.
    fn is_too_long(&self) -> bool {
        self.greedy && self.filling.whole() > Filling::KEPT
    }

    fn read(&mut self, application: Application, spoken: &mut Spoken, once: Once) -> Reading {
        let bytes = self.filling.bytes();
        // Of a message that is too long to be kept, the end is known by its length.
        let is_final = once.is_final || self.filling.whole() > bytes.len();
        spoken.read(application, bytes, &mut self.search, Once { is_final, ..once })
    }

    /// The message is not whole yet.
    fn go_on(&mut self, need: Need, from: i64, taken: usize, left: usize, end: i64) {
        self.length = None;
        match need {
            Need::Any => (self.next, self.greedy) = (from + position(left) + 1, true),
            Need::Rest => self.next = end + FAR,
            Need::Exactly(missing) => {
                let here = from + position(taken);
                self.next = here.max(self.next) + position(missing);
            }
        }
    }

    /// The message is whole.
    fn complete(&mut self, reading: Reading) -> Assembled {
        self.finished = true;
        let length = self.length.unwrap_or(0);
        let mut frames = std::mem::take(&mut self.frames);
        frames.sort_by_key(|&(offset, ..)| offset);
        let bytes = std::mem::take(&mut self.filling).into_bytes();
        let mut pieces = reading.messages;
        // Of the bytes that were not kept, the last message has all.
        if let Some(last) = pieces.last_mut().filter(|last| last.at + last.length == bytes.len()) {
            last.length = length.max(bytes.len()) - last.at;
        }
        let segments = frames.into_iter().map(|(_, frame, taken)| (frame, taken)).collect();
        Assembled { bytes, length, pieces, segments }
    }
}

/// How the protocol is asked about the bytes of a segment.
fn once(segment: &Segment<'_>) -> Once {
    Once {
        frame: segment.frame,
        is_final: false,
        ended: segment.fin,
        is_mute: matches!(segment.order, Order::OutOfOrder | Order::KeepAlive),
    }
}

/// A length as a distance between positions.
fn position(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX / 4)
}

/// A distance as a length.
fn length(distance: i64) -> usize {
    usize::try_from(distance).unwrap_or(0)
}
