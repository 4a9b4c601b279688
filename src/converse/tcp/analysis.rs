//! Judges one segment by what was seen before it, under the conditions of Wireshark's analysis, and remembers it.

use super::flow::{Flow, UNSEEN};
use super::judgement::Judgement;
use super::segment::Segment;
use super::sign::{Condition, KINDS, Met, Question, REPEATS, REUSE, Row, Sign, Signs, UNSEEN_DATA};
use super::unacked::Sent;
use crate::model::{FrameNo, Nanos, SeqNo};
use crate::proto::tcp::Flags;

/// More bytes than can be in flight: a calculation that went below zero.
const NOT_IN_FLIGHT: u32 = 2_000_000_000;

/// What is concluded about one segment.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Analysis {
    pub signs: Signs,
    /// There is something to tell, be it only the initial round-trip time.
    pub told: bool,
    /// The segment that this one acknowledges, and the time between.
    pub acks: Option<(FrameNo, Nanos)>,
    /// The first acknowledgement that said the same, and how often it was repeated.
    pub duplicate: Option<(FrameNo, u32)>,
    /// Bytes in flight and bytes since the last PSH.
    pub flight: Option<(u32, u32)>,
    /// How long the sender waited before it sent this again, and since which segment.
    pub timeout: Option<(FrameNo, Nanos)>,
}

impl Analysis {
    /// Nothing yet but whether an earlier conversation had the same ports.
    pub fn of_reuse(reused: bool) -> Self {
        let mut found = Self { told: reused, ..Self::default() };
        if reused {
            found.signs.add(Sign::ReusedPorts);
        }
        found
    }
}

/// Judges `segment` by its own direction (`forward`) and the other one, and changes both to what they are after it.
/// `judgement` takes down why.
pub(super) fn analyse(
    segment: &Segment,
    forward: &mut Flow,
    reverse: &mut Flow,
    initial_rtt: Option<Nanos>,
    reused: bool,
    judgement: Option<&mut Judgement>,
) -> Analysis {
    let mut court = Court { segment, initial_rtt, judgement };
    let mut found = Analysis::of_reuse(reused);
    bases(segment, forward, reverse);
    let signs = found.signs;
    let met = Met::of(&court.about(forward, reverse, found.signs));
    if reused {
        court.holds(&REUSE, met, forward, reverse, found.signs);
    }
    court.kinds(met, forward, reverse, &mut found);
    if segment.acknowledgment != forward.last_ack {
        forward.first_ack = segment.frame;
        forward.duplicates = 0;
    }
    let unseen = court.unseen(met, forward, reverse, &mut found);
    // What was found by now decides, too; but not of a segment that takes no numbers.
    let changes = met.has(Condition::TakesNumbers) && (unseen || found.signs != signs);
    let met = if changes { Met::of(&court.about(forward, reverse, found.signs)) } else { met };
    court.repeats(met, forward, reverse, &mut found);
    found.told |= !found.signs.is_empty();
    advance(segment, forward, found.signs.has(Sign::ZeroWindowProbe));
    forward.signs = found.signs;
    found.acks = reverse.unacked.acknowledge(segment.acknowledgment).map(|sent| (sent.frame, segment.time - sent.time));
    found.told |= found.acks.is_some();
    flight(segment, forward, reverse, &mut found);
    found
}

/// Where relative numbers begin. Without its SYN, the first byte that is seen of an end counts as number 1.
fn bases(segment: &Segment, forward: &mut Flow, reverse: &mut Flow) {
    let before = u32::from(!segment.has(Flags::SYN));
    forward.base.get_or_insert(segment.sequence - before);
    if segment.has(Flags::ACK) {
        reverse.base.get_or_insert(segment.acknowledgment - 1);
        reverse.counts_flight = true;
    }
}

/// Puts the questions of one segment.
struct Court<'a> {
    segment: &'a Segment,
    initial_rtt: Option<Nanos>,
    judgement: Option<&'a mut Judgement>,
}

impl Court<'_> {
    fn about<'q>(&self, forward: &'q Flow, reverse: &'q Flow, signs: Signs) -> Question<'q>
    where
        Self: 'q,
    {
        Question { segment: self.segment, forward, reverse, signs, initial_rtt: self.initial_rtt }
    }

    /// Whether all conditions hold, of which `met` do.
    #[inline]
    fn holds(&mut self, row: &Row, met: Met, forward: &Flow, reverse: &Flow, signs: Signs) -> bool {
        let holds = met.gives(row);
        if self.judgement.is_some() {
            self.take_down(row, holds, forward, reverse, signs);
        }
        holds
    }

    #[cold]
    fn take_down(&mut self, row: &Row, holds: bool, forward: &Flow, reverse: &Flow, signs: Signs) {
        let about = self.about(forward, reverse, signs);
        if let Some(judgement) = &mut self.judgement {
            judgement.take_down(row.sign, holds, row.conditions, &about);
        }
    }

    fn kinds(&mut self, met: Met, forward: &mut Flow, reverse: &Flow, found: &mut Analysis) {
        for (row, last) in &KINDS {
            if !self.holds(row, met, forward, reverse, found.signs) {
                continue;
            }
            found.signs.add(row.sign);
            match row.sign {
                Sign::LostSegment => forward.counts_flight = false,
                Sign::DuplicateAck => {
                    forward.duplicates = if forward.duplicates == UNSEEN { 1 } else { forward.duplicates + 1 };
                    found.duplicate = Some((forward.first_ack, forward.duplicates));
                }
                _ => {}
            }
            if *last {
                break;
            }
        }
    }

    /// Whether it acknowledges what was not seen, which changes the other direction.
    fn unseen(&mut self, met: Met, forward: &Flow, reverse: &mut Flow, found: &mut Analysis) -> bool {
        let said = self.holds(&UNSEEN_DATA, met, forward, reverse, found.signs);
        if said {
            found.told = true;
            if reverse.contiguous.is_before(reverse.next) {
                reverse.contiguous = reverse.next;
                found.signs.add(Sign::AckLostSegment);
            } else {
                if reverse.duplicates == 0 {
                    found.signs.add(Sign::AckLostSegment);
                }
                reverse.duplicates = UNSEEN;
            }
        }
        said
    }

    fn repeats(&mut self, met: Met, forward: &Flow, reverse: &Flow, found: &mut Analysis) {
        for row in &REPEATS {
            if !self.holds(row, met, forward, reverse, found.signs) {
                continue;
            }
            found.signs.add(row.sign);
            if row.sign == Sign::Retransmission {
                let since = forward
                    .unacked
                    .oldest()
                    .map_or((forward.next_frame, forward.next_time), |sent| (sent.frame, sent.time));
                found.timeout = Some((since.0, self.segment.time - since.1));
            }
            break;
        }
    }
}

/// Moves on what is expected next.
fn advance(segment: &Segment, flow: &mut Flow, probe: bool) {
    let mut end = segment.data_end();
    let takes = segment.bytes() > 0 || segment.has_any(Flags::SYN | Flags::FIN);
    if takes && !flow.unacked.is_full() {
        end = segment.end();
        flow.unacked.push(Sent { start: segment.sequence, end, frame: segment.frame, time: segment.time });
    }
    if !probe && (end.is_after(flow.next) || flow.next == SeqNo(0)) {
        flow.next = end;
        flow.next_frame = segment.frame;
        flow.next_time = segment.time;
    }
    if !probe && (segment.sequence == flow.contiguous || flow.contiguous == SeqNo(0)) {
        flow.contiguous = flow.next;
    }
    flow.window = segment.window;
    flow.last_ack = segment.acknowledgment;
    flow.last_ack_time = segment.time;
    if segment.has(Flags::ACK) {
        let ack = segment.acknowledgment;
        flow.greatest_ack = Some(flow.greatest_ack.map_or(ack, |greatest| greatest.later(ack)));
    }
}

/// Counts what is on its way after a segment with data.
fn flight(segment: &Segment, forward: &mut Flow, reverse: &Flow, found: &mut Analysis) {
    if segment.bytes() == 0 || !forward.counts_flight {
        return;
    }
    let Some(span) = forward.unacked.span(forward.base.unwrap_or_default()) else { return };
    let mut flight = span.wrapping_sub(reverse.delivered());
    if !(1..NOT_IN_FLIGHT).contains(&flight) {
        flight = 0;
    } else if segment.has_any(Flags::SYN | Flags::FIN) {
        flight -= 1;
    }
    let pushes = segment.has(Flags::PSH);
    forward.pushed = if forward.pushes { segment.bytes() } else { forward.pushed.wrapping_add(segment.bytes()) };
    forward.pushes = pushes;
    found.told = true;
    found.flight = (flight > 0).then_some((flight, forward.pushed));
}
