//! A trace that keeps going: one probe a hop in every round, and figures instead of single answers.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::flow::{self, Flow};
use crate::model::{Event, FrameNo, HopFigures, Nanos, Packet, Probed, Status};
use crate::probe::{Errno, Outgoing, Probe, Step};

/// Addresses remembered for one hop at most.
const ADDRESSES: usize = 8;

/// How many silent hops are asked beyond the last one that answered, once the first round is over.
const BEYOND: usize = 3;

/// Which hops to watch, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchPlan {
    /// What the probes look like.
    pub flow: Flow,
    /// First TTL, at least 1.
    pub first: u8,
    /// Last TTL, at least `first`.
    pub last: u8,
    /// How long a probe may stay unanswered.
    pub patience: Nanos,
    /// How many probes may be on their way at once, at least 1.
    pub parallel: usize,
    /// From one round to the next.
    pub interval: Nanos,
    /// How many rounds; `None` goes on until somebody stops it.
    pub rounds: Option<u32>,
}

/// One hop of a watched trace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Watched {
    /// Its TTL.
    pub ttl: u8,
    /// Who answered, each once, the first first.
    pub addresses: Vec<IpAddr>,
    /// Its figures.
    pub figures: HopFigures,
    /// The target answered here.
    pub reached: bool,
    /// Somebody's TTL ran out here, so the path goes on.
    pub passed: bool,
    /// Somebody said that nothing goes farther.
    pub refused: bool,
}

#[derive(Clone, Copy, Debug)]
struct Shot {
    hop: usize,
    sent_at: Nanos,
    seen: Option<(FrameNo, Nanos)>,
}

/// A watched trace in progress.
#[derive(Debug)]
pub struct Watch {
    plan: WatchPlan,
    hops: Vec<Watched>,
    /// Probes on their way, by tag.
    open: BTreeMap<u16, Shot>,
    tag: u16,
    /// Rounds begun, the hop to ask next in this one, and when the next one begins.
    round: u32,
    cursor: usize,
    due: Option<Nanos>,
    events: Vec<Event>,
}

impl Watch {
    /// A watched trace that follows `plan`.
    #[must_use]
    pub fn new(plan: WatchPlan) -> Self {
        let hops = (plan.first..=plan.last.max(plan.first)).map(|ttl| Watched { ttl, ..Watched::default() }).collect();
        Self { plan, hops, open: BTreeMap::new(), tag: 1, round: 0, cursor: 0, due: None, events: Vec::new() }
    }

    /// The hops up to the end of the path, or up to the last one that answered.
    #[must_use]
    pub fn hops(&self) -> &[Watched] {
        let farthest = self.hops.iter().rposition(|hop| !hop.addresses.is_empty());
        &self.hops[..self.end().or(farthest).map_or(0, |last| last + 1)]
    }

    /// Rounds begun so far.
    #[must_use]
    pub fn round(&self) -> u32 {
        self.round
    }

    fn end(&self) -> Option<usize> {
        self.hops.iter().position(|hop| (hop.reached || hop.refused) && !hop.passed)
    }

    /// How many hops this round asks.
    fn horizon(&self) -> usize {
        match self.end() {
            Some(end) => end + 1,
            None if self.round <= 1 => self.hops.len(),
            None => (self.hops().len() + BEYOND).min(self.hops.len()),
        }
    }

    /// Counts the probes whose time is up as lost.
    fn expire(&mut self, now: Nanos) {
        let horizon = self.horizon();
        let patience = self.plan.patience;
        let over: Vec<u16> =
            self.open.iter().filter(|(_, shot)| now >= shot.sent_at + patience).map(|(&tag, _)| tag).collect();
        for tag in over {
            let Some(shot) = self.open.remove(&tag) else { continue };
            self.hops[shot.hop].figures.lost += 1;
            if shot.hop < horizon {
                self.report(tag, &shot, Status::Timeout, None, None);
            }
        }
    }

    fn report(&mut self, tag: u16, shot: &Shot, status: Status, from: Option<IpAddr>, answer: Option<&Packet<'_>>) {
        self.events.push(Event::Probed(Probed {
            seq: tag,
            ttl: self.hops[shot.hop].ttl,
            status,
            from,
            rtt: shot.seen.zip(answer).map(|((_, asked), answer)| answer.frame.time - asked),
            request: shot.seen.map(|(number, _)| number),
            response: answer.map(|answer| answer.frame.number),
        }));
    }
}

impl Probe for Watch {
    fn next(&mut self, now: Nanos) -> Step {
        self.expire(now);
        let due = self.due.unwrap_or(now);
        let horizon = self.horizon();
        let over = self.plan.rounds.is_some_and(|rounds| self.round >= rounds);
        if self.cursor >= horizon || self.round == 0 {
            let wake = self.open.values().map(|shot| shot.sent_at + self.plan.patience).min();
            if over {
                // Probes to hops beyond the end of the path are of no interest any more.
                let waiting = self.open.values().any(|shot| shot.hop < horizon);
                return wake.filter(|_| waiting).map_or(Step::Done, Step::Wait);
            }
            if now < due {
                return Step::Wait(wake.map_or(due, |wake| wake.min(due)));
            }
            self.round += 1;
            self.cursor = 0;
            self.due = Some(now + self.plan.interval);
        }
        if self.open.len() >= self.plan.parallel {
            let wake = self.open.values().map(|shot| shot.sent_at + self.plan.patience).min();
            return wake.map_or(Step::Done, Step::Wait);
        }
        let ttl = self.hops[self.cursor].ttl;
        Step::Send(Outgoing::Ip(vec![self.plan.flow.craft(self.tag, ttl)]))
    }

    fn sent(&mut self, now: Nanos, result: Result<(), Errno>) {
        let (tag, hop) = (self.tag, self.cursor);
        self.tag = if tag >= flow::LAST_TAG { 1 } else { tag + 1 };
        self.cursor += 1;
        let shot = Shot { hop, sent_at: now, seen: None };
        match result {
            Ok(()) => {
                self.hops[hop].figures.sent += 1;
                self.open.insert(tag, shot);
            }
            Err(errno) => self.report(tag, &shot, Status::NotSent { errno }, None, None),
        }
    }

    fn heard(&mut self, now: Nanos, packet: &Packet<'_>) {
        self.expire(now);
        if let Some(tag) = self.plan.flow.own(packet) {
            if let Some(shot) = self.open.get_mut(&tag) {
                shot.seen.get_or_insert((packet.frame.number, packet.frame.time));
            }
            return;
        }
        let Some(answered) = self.plan.flow.answered(packet) else { return };
        let Some(shot) = self.open.remove(&answered.tag) else { return };
        let from = IpAddr::V4(answered.from);
        let hop = &mut self.hops[shot.hop];
        hop.figures.answer(shot.seen.map(|(_, asked)| packet.frame.time - asked));
        hop.reached |= answered.answer.reached();
        hop.passed |= !answered.answer.ends();
        hop.refused |= answered.answer.ends() && !answered.answer.reached();
        if !hop.addresses.contains(&from) && hop.addresses.len() < ADDRESSES {
            hop.addresses.push(from);
        }
        if shot.hop < self.horizon() {
            self.report(answered.tag, &shot, answered.answer.status(), Some(from), Some(packet));
        }
    }

    fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }
}
