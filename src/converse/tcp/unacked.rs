//! The segments of one direction that the other end has not acknowledged yet.

use std::collections::VecDeque;

use crate::model::{FrameNo, Nanos, SeqNo};

/// Segments kept at most in one direction, as many as Wireshark keeps; later ones are not added.
pub(super) const MOST: usize = 10_000;
/// An empty list gives back its memory when it had room for more than this.
const ROOMY: usize = 256;

/// A segment that carried data, SYN or FIN.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    /// Its first number that is not acknowledged.
    pub start: SeqNo,
    /// The number after its last.
    pub end: SeqNo,
    pub frame: FrameNo,
    pub time: Nanos,
}

/// A list of segments, oldest first.
#[derive(Clone, Debug)]
pub(super) struct Unacked {
    sent: VecDeque<Sent>,
    /// Neither first nor last numbers ever step back from one segment to the next.
    sorted: bool,
    /// The acknowledgement that was applied last, and how many of the segments it was applied to.
    applied: (SeqNo, usize),
}

impl Default for Unacked {
    fn default() -> Self {
        Self { sent: VecDeque::new(), sorted: true, applied: (SeqNo(0), 0) }
    }
}

impl Unacked {
    /// The oldest.
    pub fn oldest(&self) -> Option<&Sent> {
        self.sent.front()
    }

    /// Segments that there is room for: what the list costs.
    pub fn room(&self) -> usize {
        self.sent.capacity()
    }

    /// Gives back its memory, if it is empty.
    pub fn release(&mut self) {
        if self.sent.is_empty() {
            self.sent = VecDeque::new();
        }
    }

    pub fn is_full(&self) -> bool {
        self.sent.len() >= MOST
    }

    pub fn push(&mut self, sent: Sent) {
        if let Some(last) = self.sent.back() {
            self.sorted &= !sent.start.is_before(last.start) && !sent.end.is_before(last.end);
        }
        self.sent.push_back(sent);
    }

    /// Removes what `number` acknowledges; says which segment it acknowledges to exactly its end, the oldest if there
    /// are several.
    pub fn acknowledge(&mut self, number: SeqNo) -> Option<Sent> {
        let matched = if self.sorted && self.spans_less_than_half(number) {
            self.acknowledge_sorted(number)
        } else {
            self.acknowledge_any(number)
        };
        self.applied = (number, self.sent.len());
        if self.sent.is_empty() {
            self.sorted = true;
            if self.sent.capacity() > ROOMY {
                self.sent.shrink_to(ROOMY);
            }
        }
        matched
    }

    /// Whether "before" and "after" mean the same for all segments, seen from `number`.
    fn spans_less_than_half(&self, number: SeqNo) -> bool {
        const QUARTER: u32 = 1 << 29;
        let (Some(first), Some(last)) = (self.sent.front(), self.sent.back()) else { return true };
        last.end - first.start < QUARTER && (number - first.start < QUARTER || first.start - number < QUARTER)
    }

    fn acknowledge_sorted(&mut self, number: SeqNo) -> Option<Sent> {
        let mut matched = None;
        while let Some(first) = self.sent.front_mut() {
            if first.end.is_after(number) {
                break;
            }
            if first.end == number && matched.is_none() {
                matched = Some(*first);
            }
            self.sent.pop_front();
        }
        // Whatever else it reaches into has only its later part left.
        for sent in self.sent.iter_mut().take_while(|sent| number.is_after(sent.start)) {
            sent.start = number;
        }
        matched
    }

    fn acknowledge_any(&mut self, number: SeqNo) -> Option<Sent> {
        // Nothing changes for the segments that this same number was applied to before.
        let done = if self.applied.0 == number { self.applied.1.min(self.sent.len()) } else { 0 };
        let mut matched = None;
        let mut kept = done;
        let mut sorted = done == 0;
        let mut before: Option<(SeqNo, SeqNo)> = None;
        for index in done..self.sent.len() {
            let Some(&(mut sent)) = self.sent.get(index) else { break };
            if sent.end == number {
                matched = matched.or(Some(sent));
                continue;
            }
            if number.is_after(sent.start) && !number.is_after(sent.end) {
                sent.start = number;
            }
            if sent.end.is_after(number) {
                sorted &= before.is_none_or(|(start, end)| !sent.start.is_before(start) && !sent.end.is_before(end));
                before = Some((sent.start, sent.end));
                if let Some(place) = self.sent.get_mut(kept) {
                    *place = sent;
                }
                kept += 1;
            }
        }
        self.sent.truncate(kept);
        self.sorted = sorted;
        matched
    }

    /// How many numbers lie between the first and the last that are not acknowledged, counted from `base`.
    pub fn span(&self, base: SeqNo) -> Option<u32> {
        let (first, last) = (self.sent.front()?, self.sent.back()?);
        if self.sorted && first.start - base <= last.end - base {
            return Some((last.end - base) - (first.start - base));
        }
        let starts = self.sent.iter().map(|sent| sent.start - base).min()?;
        let ends = self.sent.iter().map(|sent| sent.end - base).max()?;
        Some(ends.wrapping_sub(starts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same by the book: a list that is walked from its newest to its oldest at every step.
    #[derive(Default)]
    struct Plain(Vec<Sent>);

    impl Plain {
        fn acknowledge(&mut self, number: SeqNo) -> Option<FrameNo> {
            let mut matched = None;
            for sent in self.0.iter_mut().rev() {
                if sent.end == number {
                    matched = Some(sent.frame);
                } else if number.is_after(sent.start) && !number.is_after(sent.end) {
                    sent.start = number;
                }
            }
            self.0.retain(|sent| sent.end.is_after(number));
            matched
        }

        fn span(&self, base: SeqNo) -> Option<u32> {
            let first = self.0.iter().map(|sent| sent.start - base).min()?;
            Some(self.0.iter().map(|sent| sent.end - base).max()?.wrapping_sub(first))
        }
    }

    #[test]
    fn the_short_ways_lead_to_the_same_place() {
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        let mut draw = |below: u32| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            u32::try_from(random >> 33).unwrap_or(0) % below
        };
        for round in 0..2000_u32 {
            let base = SeqNo([0, u32::MAX - 300, 0x7fff_ff00, 12345][round as usize % 4]);
            let (mut list, mut plain) = (Unacked::default(), Plain::default());
            let mut next = 0;
            for step in 0..60 {
                let wild = draw(40) == 0;
                if draw(2) == 0 {
                    let start = if draw(5) == 0 { draw(next + 1) } else { next + draw(2) * draw(20) };
                    let start = if wild { draw(u32::MAX) } else { start };
                    let end = start.wrapping_add(1 + draw(100));
                    next = next.max(if wild { next } else { end });
                    let sent = Sent { start: base + start, end: base + end, frame: FrameNo(step), time: Nanos(0) };
                    list.push(sent);
                    plain.0.push(sent);
                } else {
                    let number = base + if wild { draw(u32::MAX) } else { draw(next + 5) };
                    let matched = list.acknowledge(number).map(|sent| sent.frame);
                    assert_eq!(matched, plain.acknowledge(number));
                }
                let bounds = |list: &mut dyn Iterator<Item = &Sent>| {
                    list.map(|sent| (sent.start, sent.end, sent.frame)).collect::<Vec<_>>()
                };
                assert_eq!(bounds(&mut list.sent.iter()), bounds(&mut plain.0.iter()));
                assert_eq!(list.span(base), plain.span(base));
                assert_eq!(list.oldest().map(|sent| sent.frame), plain.0.first().map(|sent| sent.frame));
            }
        }
    }
}
