//! May this address be taken, and: it is mine now (RFC 5227).

use std::net::Ipv4Addr;

use super::question;
use crate::model::{ArpSummary, Event, FrameNo, MacAddr, Nanos, Neighbour, Packet, RttSummary};
use crate::probe::{Errno, Outgoing, Probe, Step};
use crate::proto::arp::{self, Arp};

/// After the first objection, how long to listen for another machine's.
const SECOND_OPINION: Nanos = Nanos(200 * Nanos::MILLISECOND.0);
/// Objectors remembered. Nobody has so many; a flood of forged answers does.
const OBJECTORS: usize = 16;

/// What is said about the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// "Does anybody use it?" in nobody's name, so that nobody notes a wrong pair (RFC 5227 §2.1.1).
    Probe,
    /// "It is mine now" (RFC 5227 §2.3).
    Announce,
}

/// A packet that shows that somebody else uses the address, or is about to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Whose packet it is.
    pub mac: MacAddr,
    /// It probes for the address as we do; it does not use it yet.
    pub probing: bool,
    /// The packet.
    pub frame: FrameNo,
}

/// A claim in progress: packets at set times, and whoever objects.
#[derive(Debug)]
pub struct Claim {
    /// Our MAC address first, then those of this host's other interfaces: none of them is somebody else.
    own: Vec<MacAddr>,
    address: Ipv4Addr,
    intent: Intent,
    /// When each packet is due, counted from the first.
    times: Vec<Nanos>,
    patience: Nanos,
    deadline: Option<Nanos>,
    first: bool,
    started: Option<Nanos>,
    tried: usize,
    last_sent: Nanos,
    last_seen: Option<(FrameNo, Nanos)>,
    objected: Option<Nanos>,
    conflicts: Vec<Conflict>,
    summary: ArpSummary,
    refused: Option<Errno>,
    rtt: Vec<Nanos>,
    events: Vec<Event>,
}

impl Claim {
    /// Speaks about `address` at each of `times`, counted from the first, and listens for `patience` after the last.
    /// `own` are the MAC addresses of this host, the one to speak from first.
    #[must_use]
    pub fn new(intent: Intent, own: Vec<MacAddr>, address: Ipv4Addr, times: Vec<Nanos>, patience: Nanos) -> Self {
        Self {
            own,
            address,
            intent,
            times,
            patience,
            deadline: None,
            first: false,
            started: None,
            tried: 0,
            last_sent: Nanos(0),
            last_seen: None,
            objected: None,
            conflicts: Vec::new(),
            summary: ArpSummary::default(),
            refused: None,
            rtt: Vec::new(),
            events: Vec::new(),
        }
    }

    /// Ends after `deadline`, if there is one, and with the first objection if `first`.
    #[must_use]
    pub fn until(self, deadline: Option<Nanos>, first: bool) -> Self {
        Self { deadline, first, ..self }
    }

    /// Who objected, in the order they did.
    #[must_use]
    pub fn conflicts(&self) -> &[Conflict] {
        &self.conflicts
    }

    /// Whether everything was said and nothing more has to be waited for.
    #[must_use]
    pub fn complete(&self, now: Nanos) -> bool {
        self.tried == self.times.len() && now >= self.last_sent + self.patience
    }

    /// The figures so far.
    #[must_use]
    pub fn summary(&self) -> ArpSummary {
        ArpSummary { rtt: RttSummary::of(self.rtt.iter().copied()), ..self.summary }
    }

    /// The last reason for which the operating system refused to send.
    #[must_use]
    pub fn refused(&self) -> Option<Errno> {
        self.refused
    }

    fn mac(&self) -> MacAddr {
        self.own.first().copied().unwrap_or_default()
    }

    fn sender(&self) -> Ipv4Addr {
        match self.intent {
            Intent::Probe => Ipv4Addr::UNSPECIFIED,
            Intent::Announce => self.address,
        }
    }

    fn object(&mut self, now: Nanos, packet: &Packet<'_>, heard: &Arp, probing: bool) {
        if self.first && self.objected.is_some() {
            return;
        }
        let number = packet.frame.number;
        self.objected.get_or_insert(now);
        if !probing {
            self.summary.received = self.summary.received.saturating_add(1);
        }
        let known = |conflict: &Conflict| conflict.mac == heard.sender_mac && conflict.probing == probing;
        if self.conflicts.iter().any(known) || self.conflicts.len() == OBJECTORS {
            return;
        }
        let users = self.conflicts.iter().filter(|conflict| !conflict.probing).count();
        self.conflicts.push(Conflict { mac: heard.sender_mac, probing, frame: number });
        if probing {
            return;
        }
        match users {
            0 => self.summary.neighbours += 1,
            _ => self.summary.duplicates += 1,
        }
        // Only a reply has a question before it; other packets show the address by chance.
        let asked = self.last_seen.filter(|_| heard.operation == arp::REPLY);
        let rtt = asked.map(|(_, asked_at)| packet.frame.time - asked_at);
        self.rtt.extend(rtt);
        self.events.push(Event::Neighbour(Neighbour {
            address: self.address,
            mac: heard.sender_mac,
            rtt,
            request: asked.map(|(question, _)| question),
            response: number,
        }));
    }
}

impl Probe for Claim {
    fn next(&mut self, now: Nanos) -> Step {
        let started = *self.started.get_or_insert(now);
        let end = self.deadline.map(|deadline| started + deadline);
        let over = self.objected.map(|at| if self.first { at } else { at + SECOND_OPINION });
        let end = [end, over].into_iter().flatten().min();
        if end.is_some_and(|end| now >= end) {
            return Step::Done;
        }
        let until = |time: Nanos| Step::Wait(end.map_or(time, |end| time.min(end)));
        match self.times.get(self.tried) {
            // Who has heard an objection says no more.
            Some(_) if self.objected.is_some() => until(over.unwrap_or(now)),
            Some(&due) if now < started + due => until(started + due),
            Some(_) => Step::Send(Outgoing::Link(question(self.mac(), self.sender(), self.address))),
            None if now < self.last_sent + self.patience => until(self.last_sent + self.patience),
            None => Step::Done,
        }
    }

    fn sent(&mut self, now: Nanos, result: Result<(), Errno>) {
        match result {
            Ok(()) => self.summary.sent += 1,
            Err(errno) => {
                self.summary.not_sent += 1;
                self.refused = Some(errno);
            }
        }
        self.tried += 1;
        self.last_sent = now;
    }

    fn heard(&mut self, now: Nanos, packet: &Packet<'_>) {
        let Some(view) = packet.find(&arp::HEADER) else { return };
        let Some(heard) = Arp::read(view.bytes()) else { return };
        if self.own.contains(&heard.sender_mac) {
            if heard.sender_mac == self.mac() && heard.target_ip == self.address && heard.operation == arp::REQUEST {
                self.last_seen = Some((packet.frame.number, packet.frame.time));
            }
            return;
        }
        if heard.sender_mac.is_group() || heard.sender_mac == MacAddr::ZERO || self.started.is_none() {
            return;
        }
        if heard.sender_ip == self.address {
            self.object(now, packet, &heard, false);
        } else if heard.is_probe() && heard.target_ip == self.address && self.intent == Intent::Probe {
            self.object(now, packet, &heard, true);
        }
    }

    fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }
}
