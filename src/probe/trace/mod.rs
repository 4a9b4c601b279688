//! Finds the routers on the way: probes whose TTL runs out at each of them in turn (RFC 792, type 11).
//!
//! All TTLs are asked at once, as far as [`Plan::parallel`] allows, so a path whose every hop answers is known after
//! one round trip to its far end. An answer belongs to the probe that it quotes (see `flow.rs`), never to the one that
//! happened to be next. Three rules decide how long to wait:
//!
//! - A hop below one that has answered is waited for a little longer than one and a half times the slowest answer so
//!   far.
//! - Hops beyond the last one that answered are waited for the whole [`Plan::patience`], all of them together; the first
//!   of them is asked again every second meanwhile, since a router that limits its reports is silent just like that.
//! - A hop that stayed silent although hops behind it answer is asked once more. Where the pattern looks like a router
//!   that limits its reports (it answered the first probes and not the last, or every router is silent), it is asked
//!   up to twice again, a second apart: Linux routers send one report a second to each host after a burst.

mod flow;
mod watch;

use std::net::IpAddr;

pub use flow::{Flow, Method};
pub use watch::{Watch, WatchPlan, Watched};

use super::{Errno, Outgoing, Probe, Step};
use crate::model::{
    Answer, Event, FrameNo, HopProbe, HopReport, Mismatch, Nanos, Packet, Probed, Status, TraceSummary,
};
use flow::Answered;

/// How long to wait between questions to a router that may limit its reports: a little more than the second of
/// Linux's `icmp_ratelimit`.
const SLOWLY: Nanos = Nanos(1_050_000_000);

/// What a router may take longer for its report than for passing a packet on.
const MARGIN: Nanos = Nanos(15_000_000);

/// How often a hop is asked again at most: once soon, twice slowly.
const AGAIN: u8 = 3;

/// How long a TCP probe keeps the next one to the same hop waiting: a target takes two SYNs at once for one
/// connection, and answers only the first.
const APART: Nanos = Nanos(500_000_000);

/// Which hops to ask, how often, and how long to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What the probes look like.
    pub flow: Flow,
    /// First TTL, at least 1.
    pub first: u8,
    /// Last TTL, at least `first`.
    pub last: u8,
    /// Probes a hop, 1–10.
    pub queries: u8,
    /// How long a probe may stay unanswered at most.
    pub patience: Nanos,
    /// How many probes may be on their way at once, at least 1.
    pub parallel: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Open,
    Answered,
    Refused,
}

/// One probe.
#[derive(Clone, Copy, Debug)]
struct Shot {
    hop: usize,
    fate: Fate,
    sent_at: Nanos,
    /// Its frame, seen leaving.
    seen: Option<(FrameNo, Nanos)>,
    result: HopProbe,
}

impl Shot {
    /// It was sent slowly, and answered.
    fn slow_answer(&self) -> bool {
        self.result.again > 1 && self.fate == Fate::Answered
    }
}

/// One TTL.
#[derive(Clone, Debug, Default)]
struct Asked {
    shots: Vec<usize>,
    /// How often to ask again, how often that was done, and when the next time is due.
    wanted: u8,
    again: u8,
    due: Nanos,
    /// Asking again has only this reason: nobody behind it has answered yet.
    beyond: bool,
    settled: bool,
}

/// A trace in progress.
#[derive(Debug)]
pub struct Trace {
    plan: Plan,
    /// Probe `i` has the tag `i + 1`.
    shots: Vec<Shot>,
    /// Hop `i` has the TTL `first + i`.
    hops: Vec<Asked>,
    /// Hops that were reported; later answers to them are late.
    told: usize,
    done: bool,
    slowest: Nanos,
    /// The hop that the packet handed out last was for.
    sending: usize,
    reports: Vec<HopReport>,
    events: Vec<Event>,
}

impl Trace {
    /// A trace that follows `plan`.
    #[must_use]
    pub fn new(plan: Plan) -> Self {
        let count = usize::from(plan.last.saturating_sub(plan.first)) + 1;
        Self {
            plan,
            shots: Vec::new(),
            hops: vec![Asked::default(); count],
            told: 0,
            done: false,
            slowest: Nanos(0),
            sending: 0,
            reports: Vec::new(),
            events: Vec::new(),
        }
    }

    /// Ends the trace before its time: reports what is known of the hops that were not reported yet, as far as
    /// anybody answered.
    pub fn stop(&mut self) {
        let end = self.end().or(self.farthest()).map_or(0, |end| end + 1);
        while self.told < end.min(self.hops.len()) {
            self.report();
        }
        self.done = true;
    }

    /// Takes back events that were handed over and not told to anybody; they come again, first.
    pub fn put_back(&mut self, events: Vec<Event>) {
        self.events.splice(..0, events);
    }

    /// The hops reported so far, in the order of their TTLs.
    #[must_use]
    pub fn reports(&self) -> &[HopReport] {
        &self.reports
    }

    /// The end of the trace.
    #[must_use]
    pub fn summary(&self) -> TraceSummary {
        TraceSummary::of(&self.reports)
    }

    fn ttl(&self, hop: usize) -> u8 {
        u8::try_from(hop).map_or(u8::MAX, |hop| self.plan.first.saturating_add(hop))
    }

    fn answers(&self, hop: usize) -> impl Iterator<Item = Answer> {
        self.hops[hop].shots.iter().filter_map(|&shot| self.shots[shot].result.answer)
    }

    /// The hop at which the path ends, as far as is known: somebody answered finally, and nobody's TTL ran out.
    fn end(&self) -> Option<usize> {
        (0..self.hops.len()).find(|&hop| {
            let mut answers = self.answers(hop).peekable();
            answers.peek().is_some() && answers.all(Answer::ends)
        })
    }

    /// The farthest hop that answered, up to the end of the path.
    fn farthest(&self) -> Option<usize> {
        self.end().or_else(|| (0..self.hops.len()).rev().find(|&hop| self.answers(hop).next().is_some()))
    }

    /// How many hops matter.
    fn horizon(&self) -> usize {
        self.end().map_or(self.hops.len(), |end| end + 1)
    }

    /// How long a probe of this hop is worth waiting for.
    fn worth(&self, hop: usize, farthest: Option<usize>) -> Nanos {
        let soon = self.slowest + Nanos(self.slowest.0 / 2) + MARGIN;
        if farthest.is_some_and(|farthest| hop <= farthest) { soon.min(self.plan.patience) } else { self.plan.patience }
    }

    /// Until when `shot` is worth waiting for; `None` when it is answered or was refused.
    fn expiry(&self, shot: usize, farthest: Option<usize>) -> Option<Nanos> {
        let shot = &self.shots[shot];
        let beyond = shot.result.again > 0 && farthest.is_none_or(|farthest| shot.hop > farthest);
        // Asking again beyond the last answer uses the time of waiting, and does not make it longer.
        let until = if beyond { self.patience_ends(shot.hop) } else { shot.sent_at + self.worth(shot.hop, farthest) };
        (shot.fate == Fate::Open).then_some(until)
    }

    /// When the patience with the first probes of `hop` ends.
    fn patience_ends(&self, hop: usize) -> Nanos {
        let first = self.hops[hop].shots.iter().map(|&shot| &self.shots[shot]).filter(|shot| shot.result.again == 0);
        first.map(|shot| shot.sent_at).max().unwrap_or_default() + self.plan.patience
    }

    /// Has the first hop beyond the last answer asked again while the patience lasts, and no other such hop.
    fn ask_beyond(&mut self, farthest: Option<usize>) {
        let next = farthest.map_or(0, |farthest| farthest + 1);
        for hop in self.told..self.horizon() {
            let asked = &self.hops[hop];
            let last = asked.shots.last().map(|&shot| self.shots[shot]);
            let all_sent = asked.shots.len() >= usize::from(self.plan.queries) && asked.again == asked.wanted;
            if hop == next && all_sent && !asked.settled && asked.wanted < AGAIN {
                let Some(last) = last.filter(|last| last.fate == Fate::Open) else { continue };
                // The hop before it may be the same router, and have spent its next report on the question before.
                let again = self.shots.iter().rev().find(|shot| shot.result.again > 0);
                let due = again.map_or(last.sent_at, |again| again.sent_at.max(last.sent_at)) + SLOWLY;
                if due < self.patience_ends(hop) {
                    let asked = &mut self.hops[hop];
                    (asked.wanted, asked.due, asked.beyond) = (asked.wanted + 1, due, true);
                }
            } else if hop != next && asked.beyond {
                let asked = &mut self.hops[hop];
                (asked.wanted, asked.beyond) = (asked.again, false);
            }
        }
    }

    /// Until when a probe of `hop` is on its way; `None` when none is.
    fn live(&self, hop: usize, farthest: Option<usize>, now: Nanos) -> Option<Nanos> {
        let open = self.hops[hop].shots.iter().filter_map(|&shot| self.expiry(shot, farthest));
        open.filter(|&until| now < until).max()
    }

    /// Some of the first probes of `hop` were answered, others not, and asking again has not helped yet.
    fn partial(&self, hop: usize) -> bool {
        let answered = |shot: &&usize| self.shots[**shot].fate == Fate::Answered;
        let (first, again): (Vec<&usize>, Vec<&usize>) =
            self.hops[hop].shots.iter().partition(|&&shot| self.shots[shot].result.again == 0);
        let count = first.iter().filter(|shot| answered(shot)).count();
        count > 0 && count < first.len() && !again.iter().any(answered)
    }

    /// The silences look like routers that limit their reports.
    fn suspicious(&self, farthest: usize) -> bool {
        let all_silent = farthest > 0 && (0..farthest).all(|hop| self.answers(hop).next().is_none());
        let limits = |hop: usize| self.hops[hop].shots.iter().any(|&shot| self.shots[shot].slow_answer());
        all_silent || (0..=farthest).any(|hop| self.partial(hop) || limits(hop))
    }

    /// Finds out which hops are known well enough, and which have to be asked again.
    fn settle(&mut self, now: Nanos) {
        let farthest = self.farthest();
        self.ask_beyond(farthest);
        for hop in self.told..self.horizon() {
            let asked = &self.hops[hop];
            let all_sent = asked.shots.len() >= usize::from(self.plan.queries) && asked.again == asked.wanted;
            if asked.settled || !all_sent || self.live(hop, farthest, now).is_some() {
                continue;
            }
            let silent = asked.shots.iter().any(|&shot| self.shots[shot].fate == Fate::Open);
            let last = asked.shots.last().map_or(now, |&shot| self.shots[shot].sent_at);
            let helped = asked.shots.iter().any(|&shot| {
                let shot = &self.shots[shot];
                shot.result.again > 0 && shot.fate == Fate::Answered
            });
            let wanted = asked.wanted;
            let due = match farthest {
                Some(farthest) if silent && !helped && hop <= farthest => match wanted {
                    0 => Some(now),
                    wanted if wanted < AGAIN && self.suspicious(farthest) => Some(last + SLOWLY),
                    _ => None,
                },
                _ => None,
            };
            let asked = &mut self.hops[hop];
            match due {
                Some(due) => (asked.wanted, asked.due) = (wanted + 1, due),
                None => asked.settled = true,
            }
        }
    }

    /// Reports the hops that are known, in order.
    fn tell(&mut self) {
        while !self.done && self.told < self.hops.len() && self.hops[self.told].settled {
            let last = self.end() == Some(self.told) || self.told + 1 == self.hops.len();
            self.report();
            self.done = last;
        }
    }

    /// Reports the next hop, as it is.
    fn report(&mut self) {
        let hop = self.told;
        self.told += 1;
        let shots = self.hops[hop].shots.clone();
        for &shot in &shots {
            if self.shots[shot].fate == Fate::Open {
                self.shots[shot].result.probed.status = Status::Timeout;
                self.events.push(Event::Probed(self.shots[shot].result.probed));
            }
        }
        let probes: Vec<HopProbe> = shots.iter().map(|&shot| self.shots[shot].result).collect();
        let report = HopReport { ttl: self.ttl(hop), limited: limited(&probes), probes };
        self.reports.push(report.clone());
        self.events.push(Event::Hop(report));
    }

    /// The hop to ask next, if one is due; else when to look again.
    fn due(&self, now: Nanos) -> Result<usize, Option<Nanos>> {
        let farthest = self.farthest();
        let hops = self.told..self.horizon();
        let shots = || hops.clone().flat_map(|hop| self.hops[hop].shots.iter());
        let expiries = || shots().filter_map(|&shot| self.expiry(shot, farthest)).filter(|&until| now < until);
        let mut wake = expiries().min();
        let full = expiries().count() >= self.plan.parallel;
        for hop in hops.clone().filter(|&hop| !self.hops[hop].settled) {
            let asked = &self.hops[hop];
            let due = if asked.shots.len() >= usize::from(self.plan.queries) {
                // Asking again is one packet now and then: it need not wait for room.
                (asked.again < asked.wanted).then_some(asked.due)
            } else {
                (!full).then(|| self.apart(hop, farthest))
            };
            let Some(due) = due else { continue };
            if due <= now {
                return Ok(hop);
            }
            wake = Some(wake.map_or(due, |wake| wake.min(due)));
        }
        Err(wake)
    }

    /// When the next of the first probes of `hop` may leave.
    fn apart(&self, hop: usize, farthest: Option<usize>) -> Nanos {
        let previous = self.hops[hop].shots.last().filter(|_| matches!(self.plan.flow.method, Method::Tcp { .. }));
        previous
            .and_then(|&shot| Some(self.expiry(shot, farthest)?.min(self.shots[shot].sent_at + APART)))
            .unwrap_or(Nanos(i64::MIN))
    }

    fn hear_answer(&mut self, now: Nanos, packet: &Packet<'_>, answered: &Answered) {
        let index = usize::from(answered.tag) - 1;
        let Some(shot) = self.shots.get_mut(index) else {
            self.events.push(Event::Rejected { frame: packet.frame.number, mismatch: Mismatch::Sequence });
            return;
        };
        let mut result = HopProbe {
            probed: Probed {
                status: answered.answer.status(),
                from: Some(IpAddr::V4(answered.from)),
                rtt: shot.seen.map(|(_, asked)| packet.frame.time - asked),
                response: Some(packet.frame.number),
                ..shot.result.probed
            },
            answer: Some(answered.answer),
            reply_ttl: Some(answered.reply_ttl),
            quote: answered.quote,
            ..shot.result
        };
        let hop = shot.hop;
        if shot.fate == Fate::Answered {
            result.probed.status = Status::Duplicate;
        } else if hop < self.told || now >= shot.sent_at + self.plan.patience {
            result.probed.status = Status::Late;
        } else {
            shot.fate = Fate::Answered;
            shot.result = result;
            self.slowest = self.slowest.max(result.probed.rtt.unwrap_or(now - shot.sent_at));
        }
        // What the target answered to probes with more TTL than it takes is no part of the story.
        if hop < self.horizon() {
            self.events.push(Event::Probed(result.probed));
        }
    }
}

impl Probe for Trace {
    fn next(&mut self, now: Nanos) -> Step {
        self.settle(now);
        self.tell();
        if self.done {
            return Step::Done;
        }
        match self.due(now) {
            Ok(hop) => {
                self.sending = hop;
                let tag = u16::try_from(self.shots.len()).map_or(flow::LAST_TAG, |index| index + 1);
                Step::Send(Outgoing::Ip(vec![self.plan.flow.craft(tag, self.ttl(hop))]))
            }
            Err(Some(wake)) => Step::Wait(wake),
            Err(None) => Step::Done,
        }
    }

    fn sent(&mut self, now: Nanos, result: Result<(), Errno>) {
        let hop = self.sending;
        let index = self.shots.len();
        let again = self.hops[hop].shots.len() >= usize::from(self.plan.queries);
        let asked = &mut self.hops[hop];
        asked.shots.push(index);
        asked.again += u8::from(again);
        let again = asked.again;
        let (fate, status) = match result {
            Ok(()) => (Fate::Open, Status::Timeout),
            Err(errno) => (Fate::Refused, Status::NotSent { errno }),
        };
        let seq = u16::try_from(index).map_or(flow::LAST_TAG, |index| index + 1);
        let probed = Probed { seq, ttl: self.ttl(hop), status, from: None, rtt: None, request: None, response: None };
        let result = HopProbe::silent(probed, again);
        self.shots.push(Shot { hop, fate, sent_at: now, seen: None, result });
        if fate == Fate::Refused {
            self.events.push(Event::Probed(probed));
        }
    }

    fn heard(&mut self, now: Nanos, packet: &Packet<'_>) {
        if let Some(tag) = self.plan.flow.own(packet) {
            if let Some(shot) = self.shots.get_mut(usize::from(tag) - 1) {
                shot.seen.get_or_insert((packet.frame.number, packet.frame.time));
                shot.result.probed.request.get_or_insert(packet.frame.number);
            }
        } else if let Some(answered) = self.plan.flow.answered(packet) {
            self.hear_answer(now, packet, &answered);
        }
    }

    fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }
}

/// Whether a hop answered when asked slowly what it had not answered when asked at once. One lost probe that comes
/// back when asked again soon is plain loss; several in a row at the end of a burst are a limit.
fn limited(probes: &[HopProbe]) -> bool {
    let silent = |probe: &&HopProbe| probe.answer.is_none();
    let helped = probes.iter().filter(|probe| probe.again > 0 && probe.answer.is_some()).map(|probe| probe.again);
    let first: Vec<&HopProbe> = probes.iter().filter(|probe| probe.again == 0).collect();
    let lost = first.iter().filter(|probe| silent(probe)).count();
    let at_the_end = first.iter().rev().take_while(|probe| silent(probe)).count();
    helped.min().is_some_and(|again| again > 1 || (lost > 1 && lost == at_the_end))
}

#[cfg(test)]
mod tests;
