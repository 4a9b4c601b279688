//! A TCP connection by hand: SYN, data if any, FIN, every segment crafted (RFC 9293).
//!
//! `connection.rs` is our end. This file lends it a wire: it picks the segments of the connection out of what the
//! sniffer saw, and keeps the frames that tell what became of the attempt.

mod connection;
mod inbound;
mod outbound;
mod timeout;
mod watch;

use std::net::{IpAddr, Ipv4Addr};

use self::connection::{Arrived, Connection, Fate};
pub use self::watch::Watch;
use super::{Errno, Outgoing, Probe, Step};
use crate::converse::tcp::offer;
use crate::model::{
    Complaint, ConnectionSummary, Event, FrameNo, Gone, Heard, LayerView, Mismatch, Nanos, Offer, Packet, PortState,
    Probed, SeqNo, Status, TcpState,
};
use crate::proto::ipv4::{self, Ipv4};
use crate::proto::tcp::{self, Flags, Tcp};
use crate::proto::{checksum, icmp};

/// How long to wait for the sniffer to show the last segment that was sent.
const LAST_LOOK: Nanos = Nanos(100_000_000);
/// Frames of the goodbye, and complaints, remembered at most.
const REMEMBERED: usize = 32;

/// How to leave once everything is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// FIN, and wait for theirs.
    Fin,
    /// RST (`--abort`).
    Abort,
    /// RST as soon as the SYN/ACK has come (`--half-open`).
    HalfOpen,
    /// Send nothing, and see how our own kernel answers the SYN/ACK (`--let-kernel-reset`).
    KernelReset,
}

/// Whom to talk to, what to offer, what to say, and how to leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Our address.
    pub source: Ipv4Addr,
    /// Whom to connect to.
    pub target: Ipv4Addr,
    /// Our port.
    pub source_port: u16,
    /// Their port.
    pub port: u16,
    /// Our initial sequence number; should be random (RFC 9293 §3.4.1).
    pub isn: u32,
    /// IPv4 identification of the first packet; each further one adds 1.
    pub identification: u16,
    /// Where our timestamp clock starts; should be random (RFC 7323 §5.4).
    pub timestamp_offset: u32,
    /// What our SYN offers.
    pub offer: Offer,
    /// Bytes that we take beyond the ones acknowledged: the window field of the SYN.
    pub window: u16,
    /// Time to live.
    pub ttl: u8,
    /// Largest IP packet of the link, in bytes.
    pub mtu: usize,
    /// How long to wait for an answer to the first SYN, and for the peer to say or do more later.
    pub patience: Nanos,
    /// How often a segment is sent again; the wait doubles each time.
    pub retries: u32,
    /// What to say.
    pub request: Vec<u8>,
    /// How to leave.
    pub ending: Ending,
}

/// A SYN of ours.
#[derive(Clone, Copy, Debug)]
struct Syn {
    seen: Option<(FrameNo, Nanos)>,
    /// Its timestamp value, which the answer echoes.
    value: Option<u32>,
    open: bool,
}

/// A handshake in progress, and all that follows it.
#[derive(Debug)]
pub struct Handshake {
    connection: Connection,
    began: bool,
    syns: Vec<Syn>,
    /// Segments that left and that the sniffer did not show yet, and when the last of them left.
    unseen: usize,
    last_sent: Nanos,
    /// A packet is on its way to [`Probe::sent`]; true when it is a SYN.
    in_hand: Option<bool>,
    resets_sent: usize,
    resets_seen: usize,
    summary: ConnectionSummary,
    goodbye: bool,
    events: Vec<Event>,
}

impl Handshake {
    /// A handshake that follows `plan`.
    #[must_use]
    pub fn new(plan: Plan) -> Self {
        Self {
            connection: Connection::new(plan),
            began: false,
            syns: Vec::new(),
            unseen: 0,
            last_sent: Nanos(0),
            in_hand: None,
            resets_sent: 0,
            resets_seen: 0,
            summary: ConnectionSummary::default(),
            goodbye: false,
            events: Vec::new(),
        }
    }

    /// The plan it follows.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        self.connection.plan()
    }

    /// The state of our end.
    #[must_use]
    pub fn state(&self) -> TcpState {
        self.connection.state()
    }

    /// What the peer said, in order: the beginning, 1 MiB at most.
    #[must_use]
    pub fn received(&self) -> &[u8] {
        self.connection.inbound().bytes()
    }

    /// The user wants to stop: a connection that exists is closed with RST; run the probe on until it is done.
    pub fn interrupt(&mut self, now: Nanos) {
        self.connection.abort(now, Gone::Interrupted);
    }

    /// What became of it, as far as it got.
    #[must_use]
    pub fn summary(&self) -> ConnectionSummary {
        let reached_wire = self.syns.iter().any(|syn| syn.seen.is_some()) || self.summary.refused.is_none();
        let known = self.summary.port != PortState::Filtered;
        ConnectionSummary {
            port: if known || reached_wire { self.summary.port } else { PortState::Error },
            gone: self.connection.gone(),
            bytes_sent: u64::try_from(self.connection.outbound().offered()).unwrap_or(u64::MAX),
            bytes_received: self.connection.inbound().total(),
            negotiated: self.connection.agreed(),
            syns: self.syns.iter().filter_map(|syn| syn.seen).map(|(frame, _)| frame).collect(),
            closed_first: self.connection.closed_first(),
            repeated: self.connection.repeated(),
            ..self.summary.clone()
        }
    }

    fn report(&mut self, index: usize, status: Status, from: Option<Ipv4Addr>, answer: Option<&Packet<'_>>) {
        let Some(syn) = self.syns.get_mut(index) else { return };
        syn.open = false;
        let (seen, ttl) = (syn.seen, self.connection.plan().ttl);
        self.events.push(Event::Probed(Probed {
            seq: u16::try_from(index + 1).unwrap_or(u16::MAX),
            ttl,
            status,
            from: from.map(IpAddr::V4),
            rtt: seen.zip(answer).map(|((_, asked), answer)| answer.frame.time - asked),
            request: seen.map(|(frame, _)| frame),
            response: answer.map(|answer| answer.frame.number),
        }));
    }

    /// Reports the SYN that `packet` answers. Which one, an echoed timestamp tells; without it, the latest.
    fn report_answer(&mut self, packet: &Packet<'_>, status: Status, from: Ipv4Addr, echo: Option<u32>) {
        let echoed = echo.and_then(|echo| self.syns.iter().rposition(|syn| syn.value == Some(echo)));
        let Some(index) = echoed.or_else(|| self.syns.len().checked_sub(1)) else { return };
        if matches!(status, Status::Reply) && self.summary.port == PortState::Open {
            let asked = self.syns.get(index).and_then(|syn| syn.seen);
            self.summary.connect_rtt = asked.map(|(_, asked)| packet.frame.time - asked);
        }
        self.report(index, status, Some(from), Some(packet));
    }

    /// A segment of ours, seen leaving.
    fn hear_own(&mut self, packet: &Packet<'_>, header: &Tcp, view: LayerView<'_, '_>) {
        let number = packet.frame.number;
        if header.flags.contains(Flags::RST) {
            self.resets_seen += 1;
            self.summary.reset.get_or_insert(Heard { frame: number, ttl: ttl(packet) });
            if self.resets_seen > self.resets_sent {
                // Not ours: this host's kernel sent it.
                self.connection.leave(Some(Gone::ResetByKernel));
                return;
            }
        }
        self.unseen = self.unseen.saturating_sub(1);
        if header.flags.contains(Flags::SYN) {
            // Repeated SYNs differ in their timestamp; where they carry none, they are seen in the order of sending.
            let value = tcp::timestamps(view.bytes()).map(|(value, _)| value);
            if let Some(syn) = self.syns.iter_mut().find(|syn| syn.seen.is_none() && syn.value == value) {
                syn.seen = Some((number, packet.frame.time));
            }
        } else if self.summary.established && header.flags.contains(Flags::ACK) {
            self.summary.confirmed.get_or_insert(number);
        }
        self.part(number, header, view);
    }

    /// Remembers the frames of the goodbye: FINs, and whatever bare segments follow the first of them.
    fn part(&mut self, number: FrameNo, header: &Tcp, view: LayerView<'_, '_>) {
        let fin = header.flags.contains(Flags::FIN);
        self.goodbye |= fin;
        if self.goodbye && (fin || view.payload().is_empty()) && self.summary.goodbye.len() < REMEMBERED {
            self.summary.goodbye.push(number);
        }
    }

    /// A segment of the other end.
    fn hear_theirs(&mut self, now: Nanos, packet: &Packet<'_>, header: Tcp, view: LayerView<'_, '_>) {
        let number = packet.frame.number;
        let readable = matches!(
            view.layer().checksum,
            None | Some(checksum::Status::Good | checksum::Status::Pending | checksum::Status::Unverified)
        );
        if !readable {
            self.events.push(Event::Rejected { frame: number, mismatch: Mismatch::Checksum });
            return;
        }
        let (before, target) = (self.connection.state(), self.connection.plan().target);
        let resets = header.flags.contains(Flags::RST);
        let stamped = tcp::timestamps(view.bytes());
        let segment = Arrived { header, offer: offer(view.bytes()), timestamps: stamped, payload: view.payload() };
        let fate = self.connection.arrive(now, &segment);
        if fate == Fate::WrongAck {
            self.events.push(Event::Rejected { frame: number, mismatch: Mismatch::Acknowledgment });
        }
        if fate != Fate::Accepted {
            return;
        }
        let heard = Heard { frame: number, ttl: ttl(packet) };
        if resets {
            self.summary.reset.get_or_insert(heard);
        }
        if self.summary.answer.is_some() {
            self.summary.proof.get_or_insert(number);
        } else if matches!(before, TcpState::SynSent | TcpState::SynReceived) {
            if resets {
                self.summary.port = PortState::Closed;
            } else if header.flags.contains(Flags::ACK) {
                self.summary.port = PortState::Open;
                self.summary.answer = Some(heard);
                let ending = self.connection.plan().ending;
                self.summary.established = !matches!(ending, Ending::HalfOpen | Ending::KernelReset);
            }
            if resets || header.flags.contains(Flags::ACK) {
                self.report_answer(packet, Status::Reply, target, stamped.map(|(_, echo)| echo));
            }
        }
        self.part(number, &header, view);
    }

    /// An ICMP error; it counts when it quotes a segment of ours that is in flight (RFC 5927 §4).
    fn hear_error(&mut self, now: Nanos, packet: &Packet<'_>, ip: &Ipv4) {
        let plan = self.connection.plan();
        let (ours, theirs) = ((plan.source, plan.source_port), (plan.target, plan.port));
        let Some((complaint, sequence)) = complaint(packet, ip, ours, theirs) else { return };
        let Some(error) = packet.find(&icmp::HEADER).and_then(|view| icmp::Report::read(view.bytes())) else { return };
        if !self.connection.outbound().is_in_flight(sequence) {
            return;
        }
        if self.summary.complaints.len() < REMEMBERED {
            self.summary.complaints.push(complaint);
        }
        if (error.kind, error.code) == (icmp::UNREACHABLE, icmp::FRAGMENTATION_NEEDED) {
            // Old routers do not say how much the next link takes; then the size that every host takes will do
            // (RFC 791 §3.1).
            let mtu = error.next_hop_mtu.filter(|&mtu| mtu > 0).unwrap_or(576);
            return self.connection.shrink(now, mtu);
        }
        // Before there is a connection, an error ends the attempt, as in Linux; afterwards it may be passing
        // (RFC 9293 §3.9.2.2).
        if self.connection.state() == TcpState::SynSent {
            let status = match error.kind {
                icmp::UNREACHABLE | icmp::PARAMETER_PROBLEM => {
                    Status::Unreachable { kind: error.kind, code: error.code }
                }
                icmp::TIME_EXCEEDED => Status::TimeExceeded { code: error.code },
                _ => return,
            };
            self.summary.port = PortState::Unreachable;
            self.report_answer(packet, status, ip.source, None);
            self.connection.leave(None);
        }
    }

    /// Reports the SYNs that are still open: the time of each is up when the next one is due.
    fn expire(&mut self) {
        for index in 0..self.syns.len() {
            if self.syns[index].open {
                self.report(index, Status::Timeout, None, None);
            }
        }
    }
}

impl Probe for Handshake {
    fn next(&mut self, now: Nanos) -> Step {
        if !self.began {
            self.began = true;
            self.connection.open(now);
        }
        self.connection.tick(now);
        if let Some(packet) = self.connection.outgoing() {
            let (flags, value) = crafted(&packet);
            let syn = flags.contains(Flags::SYN) && !flags.contains(Flags::ACK);
            if syn {
                self.expire();
                self.syns.push(Syn { seen: None, value, open: true });
            }
            self.resets_sent += usize::from(flags.contains(Flags::RST));
            self.in_hand = Some(syn);
            return Step::Send(Outgoing::Ip(vec![packet]));
        }
        if self.connection.is_over() {
            if self.summary.port == PortState::Filtered {
                self.expire();
            }
            // The story wants its last segment too.
            let until = self.last_sent + LAST_LOOK;
            return if self.unseen > 0 && now < until { Step::Wait(until) } else { Step::Done };
        }
        // Always some timer runs while the connection is not over.
        Step::Wait(self.connection.wake().unwrap_or(now + Nanos::SECOND))
    }

    fn sent(&mut self, now: Nanos, result: Result<(), Errno>) {
        let syn = self.in_hand.take().unwrap_or(false);
        match result {
            Ok(()) => {
                self.unseen += 1;
                self.last_sent = now;
            }
            Err(errno) => {
                self.summary.refused.get_or_insert(errno);
                if syn {
                    self.report(self.syns.len().saturating_sub(1), Status::NotSent { errno }, None, None);
                }
            }
        }
    }

    fn heard(&mut self, now: Nanos, packet: &Packet<'_>) {
        let Some(ip) = packet.find(&ipv4::HEADER).and_then(|view| Ipv4::read(view.bytes())) else { return };
        let Some(view) = packet.find(&tcp::HEADER) else { return self.hear_error(now, packet, &ip) };
        let Some(header) = Tcp::read(view.bytes()) else { return };
        let plan = self.connection.plan();
        let ours = (plan.source, plan.source_port);
        let theirs = (plan.target, plan.port);
        let from = (ip.source, header.source_port);
        let to = (ip.destination, header.destination_port);
        if (from, to) == (ours, theirs) {
            self.hear_own(packet, &header, view);
        } else if (from, to) == (theirs, ours) {
            self.hear_theirs(now, packet, header, view);
        }
    }

    fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }
}

/// The flags and the timestamp value of a packet that we crafted.
fn crafted(packet: &[u8]) -> (Flags, Option<u32>) {
    let segment = packet.get(ipv4::LENGTH..).unwrap_or_default();
    let flags = Tcp::read(segment).map_or(Flags::default(), |header| header.flags);
    (flags, tcp::timestamps(segment).map(|(value, _)| value))
}

fn ttl(packet: &Packet<'_>) -> u8 {
    packet.find(&ipv4::HEADER).and_then(|view| Ipv4::read(view.bytes())).map_or(0, |ip| ip.ttl)
}

/// The ICMP error that `packet` is, if it quotes a segment from `ours` to `theirs`; and that segment's number.
fn complaint(
    packet: &Packet<'_>,
    ip: &Ipv4,
    ours: (Ipv4Addr, u16),
    theirs: (Ipv4Addr, u16),
) -> Option<(Complaint, SeqNo)> {
    let error = icmp::Report::read(packet.find(&icmp::HEADER)?.bytes())?;
    let quoted = packet.find_quoted(&ipv4::HEADER)?;
    let header = Ipv4::read(quoted.bytes())?;
    // Eight bytes of the segment are quoted at least (RFC 792): the ports and the sequence number.
    let [a, b, c, d, number @ ..]: [u8; 8] = quoted.payload().get(..8)?.try_into().ok()?;
    let from = (header.source, u16::from_be_bytes([a, b]));
    let to = (header.destination, u16::from_be_bytes([c, d]));
    let matches = header.protocol == ipv4::TCP && (from, to) == (ours, theirs) && ip.destination == ours.0;
    let complaint = Complaint { frame: packet.frame.number, from: ip.source, kind: error.kind, code: error.code };
    matches.then_some((complaint, SeqNo(u32::from_be_bytes(number))))
}

#[cfg(test)]
mod tests;
