//! Follows TCP conversations: their numbers, both ends' counting, windows and states, and the signs of trouble.
//!
//! Adds to each segment what only the segments before it tell, under Wireshark's names and its conditions (those of
//! release 4.0): `tcp.stream`, `tcp.completeness`, the relative `tcp.seq`, `tcp.nxtseq`, `tcp.ack` and edges of
//! selective acknowledgements, the calculated `tcp.window_size` with its `tcp.window_size_scalefactor`, times, and
//! `tcp.analysis.*`. The states of both ends, for which Wireshark has no names, are `netlab.state.src` and
//! `netlab.state.dst` (of the sender and of the receiver, after the segment); `netlab.state.src.assumed` and
//! `netlab.state.dst.assumed` mark those that hold only if a segment arrived.
//!
//! Unlike Wireshark, it may forget. Of the conversations beyond `REMEMBERED`, those that are over go first, then those
//! of which only one end was heard, then those that were silent for longest. Of them it keeps for a while what later
//! segments need to get the right `tcp.stream`, relative numbers, windows and times; but what is judged by earlier
//! segments (`tcp.analysis.*`, states) begins anew, as if the capture had begun there.

mod analysis;
mod facts;
mod fast_open;
mod flow;
mod judgement;
mod segment;
mod sign;
mod states;
mod stream;
mod teller;
mod unacked;

use std::hash::BuildHasher;

use foldhash::HashMap;
use foldhash::fast::RandomState;

pub use super::pair::Endpoint;
pub use facts::{End, Ending, Facts, Moment, Sightings};
pub use judgement::{Judgement, Standard, Verdict};
pub use segment::offer;
pub use sign::{Condition, Sign, Signs, Weighed};
pub use states::Belief;

use super::is_read_alone;
use super::pair::Pair;
use super::remember::Memory;
use crate::model::{FrameNo, LayerView, Packet};
use crate::proto::tcp::{self, Flags};
use segment::Segment;
use stream::{Class, Stream, Trace};

/// Conversations remembered at most.
const REMEMBERED: usize = 4096;
/// Conversations of which only the numbers are remembered.
const TRACES: usize = 32_768;
/// Segments waiting for an acknowledgement that there is room for, in all conversations together.
const UNACKED: usize = 1 << 18;

/// What was found out about a packet's own segment, not about a quoted one.
#[derive(Clone, Copy, Debug)]
pub struct Heard {
    /// The number of its conversation.
    pub stream: u32,
    /// The signs of trouble that were told of it.
    pub signs: Signs,
    /// It carries data, or ends what its sender has to say.
    pub speaks: bool,
}

/// The conversations seen so far.
#[derive(Debug)]
pub struct Streams {
    known: Memory<Pair, Stream, 3>,
    /// Where each of them is kept, by its number.
    places: HashMap<u32, u32>,
    /// By a number made of the pair.
    traces: Memory<u64, Trace>,
    hasher: RandomState,
    /// The conversation of the latest segment, and its place: the next is likely to be of the same.
    latest: Option<(Pair, u32)>,
    count: u32,
    /// Room in the lists of all conversations, and how much it may be.
    room: usize,
    most_room: usize,
    asked: Option<FrameNo>,
    judgement: Option<Judgement>,
    forgotten: Vec<Facts>,
}

impl Default for Streams {
    fn default() -> Self {
        Self {
            known: Memory::new(REMEMBERED),
            places: HashMap::default(),
            traces: Memory::new(TRACES),
            hasher: RandomState::default(),
            latest: None,
            count: 0,
            room: 0,
            most_room: UNACKED,
            asked: None,
            judgement: None,
            forgotten: Vec::new(),
        }
    }
}

impl Streams {
    /// How many conversations there were.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// What the conversations that are remembered have come to, in no particular order.
    pub fn facts(&self) -> impl Iterator<Item = &Facts> {
        self.known.values().map(|stream| &stream.facts)
    }

    /// What the conversation with this number has come to, if it is remembered.
    #[must_use]
    pub fn facts_of(&self, stream: u32) -> Option<&Facts> {
        self.known.look(*self.places.get(&stream)?).map(|stream| &stream.facts)
    }

    /// What the conversations had come to that were forgotten since somebody asked last. To be asked after each packet.
    pub fn take_forgotten(&mut self) -> Vec<Facts> {
        std::mem::take(&mut self.forgotten)
    }

    /// From now on, takes down how the segment in this frame is judged.
    pub fn ask(&mut self, frame: FrameNo) {
        (self.asked, self.judgement) = (Some(frame), None);
    }

    /// How the segment was judged that [`Self::ask`] asked for, once it has been seen.
    #[must_use]
    pub fn judgement(&self) -> Option<&Judgement> {
        self.judgement.as_ref()
    }

    /// Gives a packet's segments, quoted ones too, their generated values. Those in fragments have to wait until they
    /// are whole.
    pub fn observe(&mut self, packet: &mut Packet<'_>) -> Option<Heard> {
        let mut heard = None;
        for index in 0..packet.layers.len() {
            let view = LayerView { packet, index };
            if !view.is(&tcp::HEADER) {
                continue;
            }
            let quoted = view.layer().quoted;
            if let Some(segment) = Segment::read(packet, view).filter(|_| is_read_alone(view)) {
                let found = self.take_in(&segment, packet);
                heard = heard.or(found.filter(|_| !quoted));
            }
        }
        heard
    }

    fn take_in(&mut self, segment: &Segment, packet: &mut Packet<'_>) -> Option<Heard> {
        let pair = Pair::new(segment.from, segment.to);
        let (place, new, reused) = self.find(pair, segment);
        self.latest = Some((pair, place));
        let mut judgement =
            (self.asked == Some(segment.frame) && segment.length.is_some()).then(|| Judgement::new(segment.frame));
        let (_, stream) = self.known.at(place)?;
        let number = stream.facts.stream;
        let before = stream.room();
        let signs = stream.observe(segment, (new, reused), judgement.as_mut(), &mut packet.generated);
        let class = stream.class();
        if class == Class::Over {
            stream.release();
        }
        self.room = (self.room + stream.room()).saturating_sub(before);
        self.known.touch(place, class as u8);
        if judgement.is_some() {
            self.judgement = judgement;
        }
        while self.known.is_over() || (self.room > self.most_room && self.known.len() > 1) {
            self.forget();
        }
        let speaks = segment.length != Some(0) || segment.has(Flags::FIN);
        Some(Heard { stream: number, signs, speaks })
    }

    /// The place of the conversation that a segment belongs to, whether it begins with it, and whether another
    /// conversation had the same ports before.
    fn find(&mut self, pair: Pair, segment: &Segment) -> (u32, bool, bool) {
        let known = match self.latest {
            Some((latest, place)) if latest == pair => Some(place),
            _ => self.known.place(&pair),
        };
        if let Some(place) = known
            && let Some((_, stream)) = self.known.at(place)
        {
            if !stream.is_begun_anew_by(segment) {
                return (place, false, false);
            }
            self.room = self.room.saturating_sub(stream.room());
            self.places.remove(&stream.facts.stream);
            self.forgotten.push(stream.facts);
            let number = self.next_number();
            return (self.remember(pair, Stream::new(number, segment)), true, true);
        }
        let mark = self.hasher.hash_one(pair);
        let traced = self.traces.remove(&mark).map(|trace| Stream::again(&trace, pair.is_first(segment.from), segment));
        match traced {
            Some(stream) if !stream.is_begun_anew_by(segment) => (self.remember(pair, stream), false, false),
            traced => {
                let number = self.next_number();
                (self.remember(pair, Stream::new(number, segment)), true, traced.is_some())
            }
        }
    }

    fn remember(&mut self, pair: Pair, stream: Stream) -> u32 {
        let number = stream.facts.stream;
        let place = self.known.insert(pair, stream);
        self.places.insert(number, place);
        place
    }

    fn next_number(&mut self) -> u32 {
        let number = self.count;
        self.count = self.count.saturating_add(1);
        number
    }

    fn forget(&mut self) {
        let Some((pair, stream)) = self.known.forget() else { return };
        self.places.remove(&stream.facts.stream);
        let end = &stream.facts.ends[0];
        let trace = stream.trace(pair.is_first((end.address, end.port)));
        self.room = self.room.saturating_sub(stream.room());
        self.traces.insert(self.hasher.hash_one(pair), trace);
        if self.traces.is_over() {
            self.traces.forget();
        }
        self.latest = None;
        self.forgotten.push(stream.facts);
    }
}

#[cfg(test)]
mod tests;
