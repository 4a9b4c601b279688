//! One conversation: what it remembers, and what it says about each of its segments.

use super::Endpoint;
use super::analysis::{Analysis, analyse};
use super::facts::{Facts, Moment};
use super::fast_open::FastOpen;
use super::flow::{BLOCKS, Flow, Scale};
use super::judgement::Judgement;
use super::segment::Segment;
use super::sign::Signs;
use super::states::{Seen, States};
use super::teller::Teller;
use crate::model::{Conclusions, Nanos, SeqNo, TcpState, TrackedValue, tracked};
use crate::proto::tcp::Flags;

/// Bits of `tcp.completeness`.
mod complete {
    pub const SYN: u8 = 1;
    pub const SYN_ACK: u8 = 2;
    pub const ACK: u8 = 4;
    pub const DATA: u8 = 8;
    pub const FIN: u8 = 16;
    pub const RST: u8 = 32;
}

/// A larger shift counts as this one (RFC 7323 §2.3).
const LARGEST_SHIFT: u8 = 14;

/// What remains of a conversation that had to be forgotten: enough to give its later segments the right numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trace {
    number: u32,
    /// Of the smaller of the two ends, then of the other.
    bases: [Option<SeqNo>; 2],
    scales: [Scale; 2],
    completeness: u8,
    began: Nanos,
}

/// How likely it is that a conversation goes on; the least likely is forgotten first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// It was closed, reset or refused.
    Over,
    /// Only one end was heard.
    OneSided,
    /// It goes on.
    Alive,
}

/// One conversation.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub facts: Facts,
    flows: [Flow; 2],
    states: States,
    /// The latest SYN without ACK.
    syn: Option<Nanos>,
    /// Whether the latest SYN and the latest SYN/ACK agreed to count congestion marks (Accurate ECN).
    counts_marks: [bool; 2],
    fast_open: FastOpen,
}

impl Stream {
    pub fn new(number: u32, segment: &Segment) -> Self {
        let first = Moment { frame: segment.frame, time: segment.time };
        Self {
            facts: Facts::new(number, segment.from, segment.to, first),
            flows: [Flow::default(), Flow::default()],
            states: States::default(),
            syn: None,
            counts_marks: [false; 2],
            fast_open: FastOpen::default(),
        }
    }

    /// A conversation that had been forgotten goes on.
    pub fn again(trace: &Trace, from_first: bool, segment: &Segment) -> Self {
        let mut stream = Self::new(trace.number, segment);
        stream.facts.completeness = trace.completeness;
        stream.facts.first.time = trace.began;
        for (end, flow) in stream.flows.iter_mut().enumerate() {
            let place = usize::from((end == 0) != from_first);
            (flow.base, flow.scale) = (trace.bases[place], trace.scales[place]);
        }
        stream
    }

    /// What is to be kept when it is forgotten; `first_is_smaller` of the two ends.
    pub fn trace(&self, first_is_smaller: bool) -> Trace {
        let order = if first_is_smaller { [0, 1] } else { [1, 0] };
        Trace {
            number: self.facts.stream,
            bases: order.map(|end| self.flows[end].base),
            scales: order.map(|end| self.flows[end].scale),
            completeness: self.facts.completeness,
            began: self.facts.first.time,
        }
    }

    pub fn class(&self) -> Class {
        let [one, other] = &self.facts.ends;
        let closed = |end: usize| self.states.of(end).is_some_and(|belief| belief.state == TcpState::Closed);
        if self.facts.reset.is_some() || (one.fin.is_some() && other.fin.is_some()) || closed(0) || closed(1) {
            Class::Over
        } else if one.segments == 0 || other.segments == 0 {
            Class::OneSided
        } else {
            Class::Alive
        }
    }

    /// Gives back what it hardly will need any more.
    pub fn release(&mut self) {
        self.flows.iter_mut().for_each(|flow| flow.unacked.release());
    }

    /// Segments that its lists have room for.
    pub fn room(&self) -> usize {
        self.flows.iter().map(|flow| flow.unacked.room()).sum()
    }

    /// The end (0 or 1) with this address and port.
    pub fn end(&self, endpoint: Endpoint) -> usize {
        let first = &self.facts.ends[0];
        usize::from((first.address, first.port) != endpoint)
    }

    /// Whether a segment is a SYN with another number than this conversation has: a new one between the same ports.
    pub fn is_begun_anew_by(&self, segment: &Segment) -> bool {
        let base = self.flows[self.end(segment.from)].base;
        segment.has(Flags::SYN) && !segment.has(Flags::ACK) && base.is_some_and(|base| base != segment.sequence)
    }

    /// Takes in a segment and tells what is concluded about it. `reused`: an earlier conversation had the same ports;
    /// `new`: this is the first segment.
    pub fn observe(
        &mut self,
        segment: &Segment,
        (new, reused): (bool, bool),
        judgement: Option<&mut Judgement>,
        out: &mut Conclusions,
    ) -> Signs {
        let sender = self.end(segment.from);
        if new && reused {
            self.facts.completeness = complete::SYN;
        }
        let first = new && !reused;
        let (again, renumbered) = self.begin(sender, segment);
        let reused = reused || renumbered;
        let delta = segment.time - self.facts.last.time;
        let rtt = self.facts.initial_rtt;
        let (forward, reverse) = both(&mut self.flows, sender);
        forward.block_count = 0;
        let judged = segment.length.is_some();
        let mut analysis = if judged {
            analyse(segment, forward, reverse, rtt, reused, judgement)
        } else {
            Analysis::of_reuse(reused)
        };
        analysis.told |= again;
        let mut tell = Teller::new(segment.layer, out);
        tell.number(tracked!("tcp.stream"), self.facts.stream);
        tell.number(tracked!("tcp.completeness"), self.facts.completeness.into());
        if segment.sound {
            self.complete(first, segment);
        }
        if judged {
            self.tell_numbers(&mut tell, sender, segment);
        } else {
            // Where nobody counts along, the numbers are those in the header.
            tell.number(tracked!("tcp.seq"), segment.sequence.0);
            if segment.sound {
                tell.number(tracked!("tcp.ack"), segment.acknowledgment.0);
                tell.number(tracked!("tcp.window_size"), segment.window);
            }
        }
        tell.span(tracked!("tcp.time_relative"), segment.time - self.facts.first.time);
        tell.span(tracked!("tcp.time_delta"), delta);
        self.facts.last = Moment { frame: segment.frame, time: segment.time };
        if !segment.sound {
            return Signs::default();
        }
        self.tell_flags(&mut tell, sender, segment);
        self.time(sender, segment);
        self.hear_options(&mut tell, sender, segment);
        let told = judged || segment.whole;
        if told {
            tell.analysis(&analysis, self.facts.initial_rtt);
        }
        // What was cut off may have offered it.
        if segment.has(Flags::SYN) && segment.whole {
            self.settle_scales(sender, segment.has(Flags::ACK));
        }
        if judged {
            self.states.observe(
                sender,
                &Seen {
                    flags: segment.flags,
                    sequence: segment.sequence,
                    end: segment.end(),
                    acknowledgment: segment.acknowledgment,
                },
            );
            self.tell_states(&mut tell, sender);
            self.facts.note(sender, segment, &analysis, &self.states);
        }
        if told { analysis.signs } else { Signs::default() }
    }

    /// Whether this is a SYN that comes again, and whether it is a SYN/ACK with another number than before, which counts
    /// as ports that are used again.
    fn begin(&mut self, sender: usize, segment: &Segment) -> (bool, bool) {
        let flow = &mut self.flows[sender];
        let Some(base) = flow.base.filter(|_| segment.has(Flags::SYN)) else { return (false, false) };
        if !segment.has(Flags::ACK) {
            // A RST may have claimed a number that the sender never came to.
            flow.next = flow.contiguous;
            return (true, false);
        }
        let renumbered = base != segment.sequence;
        flow.base = Some(segment.sequence);
        (false, renumbered)
    }

    /// Which parts of a whole conversation were seen. Of the first segment only a SYN counts, as in Wireshark.
    fn complete(&mut self, new: bool, segment: &Segment) {
        let (syn, ack) = (segment.has(Flags::SYN), segment.has(Flags::ACK));
        let data = if segment.bytes() > 0 { complete::DATA } else { 0 };
        if new {
            self.facts.completeness = if syn && !ack { complete::SYN | data } else { 0 };
            return;
        }
        self.facts.completeness |= match (syn, ack) {
            (true, true) => complete::SYN_ACK,
            (false, true) if data == 0 => complete::ACK,
            (false, true) => data,
            (_, false) => 0,
        };
        if segment.has(Flags::FIN | Flags::ACK) {
            self.facts.completeness |= complete::FIN;
        }
        if segment.has(Flags::RST) {
            self.facts.completeness |= complete::RST;
        }
    }

    fn tell_numbers(&self, tell: &mut Teller<'_>, sender: usize, segment: &Segment) {
        let [forward, reverse] = [&self.flows[sender], &self.flows[1 - sender]];
        let base = forward.base.unwrap_or_default();
        let syn = segment.has(Flags::SYN);
        let ack = segment.acknowledgment;
        tell.number(tracked!("tcp.seq"), segment.sequence - base);
        tell.number(tracked!("tcp.nxtseq"), segment.end() - base);
        tell.number(
            tracked!("tcp.ack"),
            if segment.has(Flags::ACK) { ack - reverse.base.unwrap_or_default() } else { ack.0 },
        );
        let shift = match forward.scale {
            Scale::Shift(shift) if !syn => shift,
            _ => 0,
        };
        tell.number(tracked!("tcp.window_size"), segment.window << shift);
        if !syn {
            let factor = match forward.scale {
                Scale::Unknown => -1,
                Scale::Unused => -2,
                Scale::Shift(shift) => 1 << shift,
            };
            tell.signed(tracked!("tcp.window_size_scalefactor"), factor);
        }
    }

    /// The flags that begin and end conversations.
    fn tell_flags(&mut self, tell: &mut Teller<'_>, sender: usize, segment: &Segment) {
        let counter = segment.flags.0 >> 6 & 7;
        if segment.has(Flags::SYN) {
            let ack = segment.has(Flags::ACK);
            let base = segment.length.and(self.flows[1 - sender].base).unwrap_or_default();
            if let Some(what) = self.fast_open.observe(segment, segment.acknowledgment - base) {
                tell.yes(what);
            }
            let agrees = if ack { matches!(counter, 2 | 3 | 4 | 6) } else { counter == 7 };
            self.counts_marks[usize::from(ack)] = agrees;
        } else if self.counts_marks == [true; 2] {
            tell.number(tracked!("tcp.flags.ace"), counter.into());
        }
        if !segment.has_any(Flags::SYN | Flags::FIN | Flags::RST) {
            return;
        }
        if segment.has(Flags::SYN) {
            tell.yes(if segment.has(Flags::ACK) {
                tracked!("tcp.connection.synack")
            } else {
                tracked!("tcp.connection.syn")
            });
        }
        if segment.has(Flags::FIN) {
            tell.yes(tracked!("tcp.connection.fin"));
            let second = self.flows[1 - sender].closes_first;
            self.flows[sender].closes_first |= !second;
            tell.yes(if second {
                tracked!("tcp.connection.fin_passive")
            } else {
                tracked!("tcp.connection.fin_active")
            });
        }
        if segment.has(Flags::RST) {
            tell.yes(tracked!("tcp.connection.rst"));
        }
    }

    /// The time that the beginning takes.
    fn time(&mut self, sender: usize, segment: &Segment) {
        let (syn, ack) = (segment.has(Flags::SYN), segment.has(Flags::ACK));
        if syn {
            self.flows[sender].window_of_syn = true;
            if !ack {
                self.syn = Some(segment.time);
            }
        } else if ack {
            self.flows[sender].window_of_syn = false;
            if let (Some(asked), None) = (self.syn, self.facts.initial_rtt) {
                // A time of 0 is one that is not known, as in Wireshark.
                self.facts.initial_rtt = Some(segment.time - asked).filter(|time| *time != Nanos(0));
            }
        }
    }

    fn hear_options(&mut self, tell: &mut Teller<'_>, sender: usize, segment: &Segment) {
        let (forward, reverse) = both(&mut self.flows, sender);
        if let Some(shift) = segment.said.offer.window_scale {
            forward.scale = Scale::Shift(shift.min(LARGEST_SHIFT));
        }
        let Some(blocks) = &segment.said.blocks else { return };
        let base = reverse.base.unwrap_or_default().0;
        let relative = |edge: u32| edge.wrapping_sub(base);
        if segment.has(Flags::ACK) && is_duplicate_report(blocks, segment.acknowledgment.0) {
            let (left, right) = blocks[0];
            tell.number(tracked!("tcp.options.sack.dsack_le"), relative(left));
            tell.number(tracked!("tcp.options.sack.dsack_re"), relative(right));
        }
        for (left, right) in blocks {
            tell.number(tracked!("tcp.options.sack_le"), relative(*left));
            tell.number(tracked!("tcp.options.sack_re"), relative(*right));
        }
        forward.block_count = blocks.len().min(BLOCKS);
        for (place, (left, right)) in forward.blocks.iter_mut().zip(blocks) {
            *place = (relative(*left), relative(*right));
        }
    }

    /// Both scale their windows or neither does; the SYN/ACK is where that is settled.
    fn settle_scales(&mut self, sender: usize, answer: bool) {
        let (forward, reverse) = both(&mut self.flows, sender);
        if forward.scale == Scale::Unknown {
            (forward.scale, reverse.scale) = (Scale::Unused, Scale::Unused);
        } else if answer && reverse.scale == Scale::Unused {
            forward.scale = Scale::Unused;
        }
    }

    fn tell_states(&self, tell: &mut Teller<'_>, sender: usize) {
        for (end, name, assumed) in [
            (sender, tracked!("netlab.state.src"), tracked!("netlab.state.src.assumed")),
            (1 - sender, tracked!("netlab.state.dst"), tracked!("netlab.state.dst.assumed")),
        ] {
            if let Some(belief) = self.states.of(end) {
                tell.add(name, TrackedValue::State(belief.state));
                if belief.assumed {
                    tell.yes(assumed);
                }
            }
        }
    }
}

/// Whether the first block reports something that came twice (RFC 2883 §4): it is acknowledged already, or inside the
/// second block.
fn is_duplicate_report(blocks: &[(u32, u32)], acknowledged: u32) -> bool {
    let Some(&(_, right)) = blocks.first() else { return false };
    let right = SeqNo(right);
    let inside =
        blocks.get(1).is_some_and(|(left, end)| SeqNo(*left).is_before(right) && !SeqNo(*end).is_before(right));
    !right.is_after(SeqNo(acknowledged)) || inside
}

fn both(flows: &mut [Flow; 2], sender: usize) -> (&mut Flow, &mut Flow) {
    let [first, second] = flows;
    if sender == 0 { (first, second) } else { (second, first) }
}
