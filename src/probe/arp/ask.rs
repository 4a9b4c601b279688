//! "Who has this address?", for one address or a whole network, paced.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use super::question;
use crate::model::{ArpSummary, Event, FrameNo, MacAddr, Nanos, Neighbour, Packet, RttSummary};
use crate::probe::{Errno, Outgoing, Probe, Step};
use crate::proto::arp::{self, Arp};

/// Most questions a second.
pub const RATE: u32 = 2000;

/// From one question to the next: a little more than [`RATE`] demands, so that a burst after a delay stays below it.
const GAP: Nanos = Nanos(1_020_000_000 / RATE as i64);
/// Questions that may leave together to make up for time lost. The event loop's timers tick once a millisecond, and a
/// wait for one tick may take two, so questions leave in small bursts instead of one each half millisecond.
const BURST: i64 = 8;
/// Where patience adapts: no answer is given less time than this after the last question …
const SHORTEST: Nanos = Nanos(80 * Nanos::MILLISECOND.0);
/// … and the silent are asked again so long after everyone was asked.
const PAUSE: Nanos = Nanos(40 * Nanos::MILLISECOND.0);
/// Others on the link are slower than the slowest so far, but seldom by more than this factor.
const SLOWER: i64 = 4;
/// After an answer, how long to listen for somebody else who answers for the same address.
const SECOND_OPINION: Nanos = Nanos(200 * Nanos::MILLISECOND.0);
/// Machines remembered for one address. Nobody has so many; a flood of forged answers does.
const CLAIMANTS: usize = 16;
/// Answers whose times are kept for the figures.
const TIMES: usize = 1 << 16;

/// Whom to ask, how often, and how long to wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Our MAC address, and the address of ours that questions come from.
    pub ours: (MacAddr, Ipv4Addr),
    /// The addresses, in the order in which they are asked for.
    pub targets: Vec<Ipv4Addr>,
    /// How often each is asked for, at least 1.
    pub rounds: u32,
    /// Who is asked again.
    pub again: Again,
    /// How long an answer may take.
    pub patience: Patience,
    /// The whole run ends after this long.
    pub deadline: Option<Nanos>,
    /// The run ends with the first answer.
    pub first: bool,
}

/// Who is asked again in the second round and later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// Everyone, this long after the last time.
    Everyone(Nanos),
    /// Whoever has not answered, soon after all have been asked.
    Silent,
}

/// How long an answer may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// So long.
    Fixed(Nanos),
    /// A multiple of what the slowest answer so far took; so long at most, and so long where nobody has answered.
    Adaptive(Nanos),
}

#[derive(Clone, Debug, Default)]
struct Target {
    /// The last question seen on the wire.
    asked: Option<(FrameNo, Nanos)>,
    claimants: Vec<MacAddr>,
}

/// Questions in progress.
#[derive(Debug)]
pub struct Ask {
    plan: Plan,
    targets: Vec<Target>,
    places: HashMap<Ipv4Addr, usize>,
    started: Option<Nanos>,
    /// The round that is being asked, from 0; `rounds` when all were.
    round: u32,
    /// The next target of this round, and when the round began.
    next: usize,
    round_began: Nanos,
    /// When the next question may leave.
    allowed: Nanos,
    last_sent: Nanos,
    last_answer: Option<Nanos>,
    slowest: Nanos,
    summary: ArpSummary,
    refused: Option<Errno>,
    times: Vec<Nanos>,
    events: Vec<Event>,
}

impl Ask {
    /// Questions that follow `plan`.
    #[must_use]
    pub fn new(plan: Plan) -> Self {
        let places = plan.targets.iter().enumerate().map(|(place, &target)| (target, place)).collect();
        Self {
            targets: vec![Target::default(); plan.targets.len()],
            places,
            plan,
            started: None,
            round: 0,
            next: 0,
            round_began: Nanos(0),
            allowed: Nanos(0),
            last_sent: Nanos(0),
            last_answer: None,
            slowest: Nanos(0),
            summary: ArpSummary::default(),
            refused: None,
            times: Vec::new(),
            events: Vec::new(),
        }
    }

    /// The figures so far.
    #[must_use]
    pub fn summary(&self) -> ArpSummary {
        ArpSummary { rtt: RttSummary::of(self.times.iter().copied()), ..self.summary }
    }

    /// The last reason for which the operating system refused to send.
    #[must_use]
    pub fn refused(&self) -> Option<Errno> {
        self.refused
    }

    /// How many addresses were asked for.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.targets.iter().filter(|target| target.asked.is_some()).count()
    }

    /// Whether every address was answered for.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.targets.iter().all(|target| !target.claimants.is_empty())
    }

    /// How long after the last question an answer may come.
    fn patience(&self) -> Nanos {
        match self.plan.patience {
            Patience::Fixed(patience) => patience,
            Patience::Adaptive(most) if self.last_answer.is_none() => most,
            Patience::Adaptive(most) => SHORTEST.max(Nanos(self.slowest.0.saturating_mul(SLOWER))).min(most),
        }
    }

    /// When the round that comes next begins.
    fn next_round(&self) -> Nanos {
        match self.plan.again {
            // A round that takes longer than the interval is followed by the next one at once.
            Again::Everyone(interval) => (self.round_began + interval).max(self.last_sent + GAP),
            Again::Silent => {
                self.last_sent
                    + match self.plan.patience {
                        Patience::Fixed(patience) => patience,
                        Patience::Adaptive(_) => {
                            PAUSE.max(Nanos(self.slowest.0.saturating_mul(2))).min(self.patience())
                        }
                    }
            }
        }
    }

    /// Passes over those who need not be asked again. `false` when this round has nobody left to ask.
    fn seek(&mut self) -> bool {
        if self.round > 0 && self.plan.again == Again::Silent {
            let skipped = self.targets[self.next..].iter().take_while(|target| !target.claimants.is_empty());
            self.next += skipped.count();
        }
        self.next < self.targets.len()
    }

    /// When nothing more is expected: answers are due, or somebody else may still answer.
    fn end(&self) -> Nanos {
        let silence_ends = self.last_sent + self.patience();
        match self.last_answer {
            Some(_) if self.plan.first => Nanos(0),
            Some(answer) if self.complete() => silence_ends.min(answer.max(self.last_sent) + SECOND_OPINION),
            _ => silence_ends,
        }
    }

    fn hear_question(&mut self, packet: &Packet<'_>, target: Ipv4Addr) {
        if let Some(&place) = self.places.get(&target) {
            self.targets[place].asked = Some((packet.frame.number, packet.frame.time));
        }
    }

    fn hear_answer(&mut self, now: Nanos, packet: &Packet<'_>, address: Ipv4Addr, mac: MacAddr) {
        if self.plan.first && self.last_answer.is_some() {
            return;
        }
        let Some(&place) = self.places.get(&address) else { return };
        let target = &mut self.targets[place];
        let Some((question, asked_at)) = target.asked else { return };
        let rtt = packet.frame.time - asked_at;
        self.summary.received = self.summary.received.saturating_add(1);
        self.slowest = self.slowest.max(rtt);
        self.last_answer = Some(now);
        if self.times.len() < TIMES {
            self.times.push(rtt);
        }
        if target.claimants.contains(&mac) || target.claimants.len() == CLAIMANTS {
            return;
        }
        if target.claimants.is_empty() {
            self.summary.neighbours += 1;
        } else {
            self.summary.duplicates += 1;
        }
        target.claimants.push(mac);
        self.events.push(Event::Neighbour(Neighbour {
            address,
            mac,
            rtt: Some(rtt),
            request: Some(question),
            response: packet.frame.number,
        }));
    }
}

impl Probe for Ask {
    fn next(&mut self, now: Nanos) -> Step {
        let started = *self.started.get_or_insert_with(|| {
            self.allowed = now;
            self.round_began = now;
            now
        });
        let end = self.plan.deadline.map(|deadline| started + deadline);
        if end.is_some_and(|end| now >= end) || (self.plan.first && self.last_answer.is_some()) {
            return Step::Done;
        }
        let until = |time: Nanos| Step::Wait(end.map_or(time, |end| time.min(end)));
        if self.round < self.plan.rounds && !self.seek() {
            // This round has been asked; the next one starts with the first who needs it.
            self.next = 0;
            self.round += 1;
            if self.round < self.plan.rounds && self.seek() {
                self.round_began = self.next_round();
                self.allowed = self.round_began;
            } else {
                self.round = self.plan.rounds;
            }
        }
        if self.round < self.plan.rounds {
            // Time that was lost is made up for, within the size of a burst.
            self.allowed = self.allowed.max(now - Nanos(GAP.0 * BURST));
            if now < self.allowed {
                return until(self.allowed);
            }
            let target = self.plan.targets[self.next];
            return Step::Send(Outgoing::Link(question(self.plan.ours.0, self.plan.ours.1, target)));
        }
        let over = self.end();
        if now < over { until(over) } else { Step::Done }
    }

    fn sent(&mut self, now: Nanos, result: Result<(), Errno>) {
        match result {
            Ok(()) => self.summary.sent += 1,
            Err(errno) => {
                self.summary.not_sent += 1;
                self.refused = Some(errno);
            }
        }
        self.last_sent = now;
        self.allowed = self.allowed + GAP;
        self.next += 1;
    }

    fn heard(&mut self, now: Nanos, packet: &Packet<'_>) {
        let Some(view) = packet.find(&arp::HEADER) else { return };
        let Some(heard) = Arp::read(view.bytes()) else { return };
        let (mac, address) = self.plan.ours;
        let ours = heard.sender_mac == mac;
        let usable = !heard.sender_mac.is_group() && heard.sender_mac != MacAddr::ZERO;
        match heard.operation {
            arp::REQUEST if ours && heard.sender_ip == address => self.hear_question(packet, heard.target_ip),
            arp::REPLY if !ours && usable && heard.target_ip == address && heard.target_mac == mac => {
                self.hear_answer(now, packet, heard.sender_ip, heard.sender_mac);
            }
            _ => {}
        }
    }

    fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }
}
