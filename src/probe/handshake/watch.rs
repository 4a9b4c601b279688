//! Watches a connection that somebody else on this host makes (`--kernel`): sends nothing, keeps the same record.

use std::cell::Cell;
use std::net::Ipv4Addr;
use std::rc::Rc;

use super::inbound::Inbound;
use super::{Errno, Probe, REMEMBERED, Step, ttl};
use crate::converse::tcp::offer;
use crate::model::{
    ConnectionSummary, Event, FrameNo, Gone, Heard, LayerView, Nanos, Negotiated, Packet, PortState, SeqNo,
};
use crate::proto::ipv4::{self, Ipv4};
use crate::proto::tcp::{self, Flags, Tcp};

/// How often to look whether the connection was let go.
const LOOK: Nanos = Nanos(5_000_000);

/// A connection as its frames show it.
#[derive(Debug)]
pub struct Watch {
    ours: (Ipv4Addr, u16),
    theirs: (Ipv4Addr, u16),
    /// Whoever makes the connection is done with it.
    released: Rc<Cell<bool>>,
    patience: Nanos,
    until: Option<Nanos>,
    summary: ConnectionSummary,
    /// SYNs with their frames, capture times and timestamp values.
    syns: Vec<(FrameNo, Nanos, Option<u32>)>,
    /// First and next number of what we send.
    sent: Option<(SeqNo, SeqNo)>,
    inbound: Inbound,
    /// The numbers after our FIN and after theirs, and whether each was acknowledged.
    fins: [Option<SeqNo>; 2],
    acknowledged: [bool; 2],
}

impl Watch {
    /// Watches what passes between `ours` and `theirs`, until it is closed, or until `patience` after `released`.
    #[must_use]
    pub fn new(ours: (Ipv4Addr, u16), theirs: (Ipv4Addr, u16), patience: Nanos, released: Rc<Cell<bool>>) -> Self {
        Self {
            ours,
            theirs,
            released,
            patience,
            until: None,
            summary: ConnectionSummary::default(),
            syns: Vec::new(),
            sent: None,
            inbound: Inbound::default(),
            fins: [None; 2],
            acknowledged: [false; 2],
        }
    }

    /// What the frames show so far.
    #[must_use]
    pub fn summary(&self) -> ConnectionSummary {
        let data = |(first, next): (SeqNo, SeqNo)| u64::from(next - first);
        ConnectionSummary {
            syns: self.syns.iter().map(|(frame, ..)| *frame).collect(),
            bytes_sent: self.sent.map_or(0, data),
            bytes_received: self.inbound.total(),
            ..self.summary.clone()
        }
    }

    /// What the peer said, in order: the beginning, 1 MiB at most.
    #[must_use]
    pub fn received(&self) -> &[u8] {
        self.inbound.bytes()
    }

    fn hear_segment(&mut self, packet: &Packet<'_>, view: LayerView<'_, '_>, header: &Tcp, own: bool) {
        let number = packet.frame.number;
        let has = |flags| header.flags.contains(flags);
        let heard = Heard { frame: number, ttl: ttl(packet) };
        let sequence = SeqNo(header.sequence);
        let payload = view.payload();
        let end = sequence + u32::try_from(payload.len()).unwrap_or(0);
        if has(Flags::RST) {
            self.summary.reset.get_or_insert(heard);
            let waiting = self.summary.answer.is_none();
            match (own, waiting) {
                (false, true) => self.summary.port = PortState::Closed,
                (false, false) => self.summary.gone = self.summary.gone.or(Some(Gone::ResetByPeer)),
                (true, _) => self.summary.gone = self.summary.gone.or(Some(Gone::ResetAsPlanned)),
            }
            return;
        }
        if own {
            self.hear_own(packet, view, header, end);
        } else {
            if has(Flags::SYN | Flags::ACK) && self.summary.answer.is_none() {
                self.hear_answer(packet, view, sequence, heard);
            } else if self.summary.answer.is_some() {
                self.summary.proof.get_or_insert(number);
            }
            self.inbound.take(sequence, payload, has(Flags::FIN));
        }
        let end = end + u32::from(has(Flags::FIN));
        if has(Flags::FIN) && self.fins[usize::from(!own)].is_none() {
            self.summary.closed_first |= own && self.fins[1].is_none();
            self.fins[usize::from(!own)] = Some(end);
        }
        // An acknowledgement is of the other one's FIN.
        let other = usize::from(own);
        let covers = |fin: SeqNo| has(Flags::ACK) && !SeqNo(header.acknowledgment).is_before(fin);
        self.acknowledged[other] |= self.fins[other].is_some_and(covers);
        let parting = self.fins.iter().any(Option::is_some);
        if parting && (has(Flags::FIN) || payload.is_empty()) && self.summary.goodbye.len() < REMEMBERED {
            self.summary.goodbye.push(number);
        }
        if self.acknowledged == [true; 2] {
            self.summary.gone = self.summary.gone.or(Some(Gone::Finished));
        }
    }

    fn hear_own(&mut self, packet: &Packet<'_>, view: LayerView<'_, '_>, header: &Tcp, end: SeqNo) {
        if header.flags.contains(Flags::SYN) {
            if self.syns.len() < REMEMBERED {
                let value = tcp::timestamps(view.bytes()).map(|(value, _)| value);
                self.syns.push((packet.frame.number, packet.frame.time, value));
            }
            let first = SeqNo(header.sequence) + 1;
            self.sent = Some((first, first));
            self.summary.negotiated.get_or_insert_default().ours = offer(view.bytes());
        } else if self.summary.answer.is_some() {
            self.summary.established = true;
            self.summary.confirmed.get_or_insert(packet.frame.number);
            if let Some((_, next)) = &mut self.sent {
                *next = next.later(end);
            }
        }
    }

    fn hear_answer(&mut self, packet: &Packet<'_>, view: LayerView<'_, '_>, sequence: SeqNo, heard: Heard) {
        self.summary.port = PortState::Open;
        self.summary.answer = Some(heard);
        let ours = self.summary.negotiated.unwrap_or_default().ours;
        self.summary.negotiated = Some(Negotiated { ours, theirs: offer(view.bytes()) });
        let echo = tcp::timestamps(view.bytes()).map(|(_, echo)| echo);
        let asked = self.syns.iter().rfind(|(.., value)| value.is_some() && *value == echo).or(self.syns.last());
        self.summary.connect_rtt = asked.map(|(_, time, _)| packet.frame.time - *time);
        // How large the window is, the kernel knows; here it only bounds memory.
        self.inbound.begin(sequence + 1, 1 << 30);
    }
}

impl Probe for Watch {
    fn next(&mut self, now: Nanos) -> Step {
        let over = self.summary.gone.is_some() || self.summary.port == PortState::Closed;
        if self.released.get() {
            let until = *self.until.get_or_insert(now + self.patience);
            if over || now >= until {
                return Step::Done;
            }
        }
        Step::Wait(now + LOOK)
    }

    fn sent(&mut self, _: Nanos, _: Result<(), Errno>) {}

    fn heard(&mut self, _: Nanos, packet: &Packet<'_>) {
        let Some(ip) = packet.find(&ipv4::HEADER).and_then(|view| Ipv4::read(view.bytes())) else { return };
        let Some(view) = packet.find(&tcp::HEADER) else {
            if let Some((complaint, _)) = super::complaint(packet, &ip, self.ours, self.theirs) {
                if self.summary.answer.is_none() {
                    self.summary.port = PortState::Unreachable;
                }
                if self.summary.complaints.len() < REMEMBERED {
                    self.summary.complaints.push(complaint);
                }
            }
            return;
        };
        let Some(header) = Tcp::read(view.bytes()) else { return };
        let (from, to) = ((ip.source, header.source_port), (ip.destination, header.destination_port));
        if (from, to) == (self.ours, self.theirs) {
            self.hear_segment(packet, view, &header, true);
        } else if (from, to) == (self.theirs, self.ours) {
            self.hear_segment(packet, view, &header, false);
        }
    }

    fn events(&mut self) -> Vec<Event> {
        Vec::new()
    }
}
