//! Echo requests, one an interval, and what became of each (RFC 792).
//!
//! An answer counts only if the address, identifier, sequence number, payload and checksum are those of a request
//! of this run; an ICMP error only if the datagram it quotes is one of them. Everything else that looks like an
//! answer is reported as [`Event::Rejected`] and changes nothing.

use std::net::{IpAddr, Ipv4Addr};

use super::{Errno, Outgoing, Probe, Step};
use crate::model::{Event, FrameNo, LayerView, Mismatch, Nanos, Packet, Probed, Status};
use crate::proto::{checksum, icmp, ipv4};

/// Whether requests may be fragmented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fragmenting {
    /// The "don't fragment" flag on requests that fit the link, fragments otherwise: what Linux does by itself.
    WhereNeeded,
    /// Always the flag (`-M do`); a request larger than the link is refused by this host.
    Never,
    /// Never the flag (`-M dont`).
    Allowed,
}

/// What to ask, how often, and how long to wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Our address.
    pub source: Ipv4Addr,
    /// Whom to ask.
    pub target: Ipv4Addr,
    /// The target stands for many: anybody may answer.
    pub anyone: bool,
    /// Echo identifier, the same in every request.
    pub identifier: u16,
    /// IPv4 identification of the first request; each further one adds 1.
    pub identification: u16,
    /// Number of requests.
    pub count: u32,
    /// From one request to the next.
    pub interval: Nanos,
    /// How long each request may stay unanswered.
    pub patience: Nanos,
    /// The whole run ends after this long, whatever is still open.
    pub deadline: Option<Nanos>,
    /// Time to live.
    pub ttl: u8,
    /// The bytes to be echoed.
    pub payload: Vec<u8>,
    /// The "don't fragment" flag.
    pub fragmenting: Fragmenting,
    /// Largest IP packet of the link, in bytes.
    pub mtu: usize,
}

/// Two requests are never closer than this (or than the interval, where that is shorter), even after the process was
/// held up and the next ones are overdue.
const CLOSEST: Nanos = Nanos(200_000_000);

/// How far one request has come.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::struct_excessive_bools)] // any may hold beside any other: an error, then late, then an answer
struct Request {
    on_wire: bool,
    answered: bool,
    /// Reported as unanswered.
    timed_out: bool,
    /// An ICMP error quoted it.
    failed: bool,
    sent_at: Nanos,
    /// The frame that completed the request on the wire, and its capture time.
    seen: Option<(FrameNo, Nanos)>,
}

impl Request {
    /// Whether there still is something to wait for.
    fn is_open(&self) -> bool {
        self.on_wire && !self.answered && !self.timed_out && !self.failed
    }
}

/// A ping in progress.
#[derive(Debug)]
pub struct Ping {
    plan: Plan,
    started: Option<Nanos>,
    /// Request `i` has sequence number `i + 1`.
    requests: Vec<Request>,
    /// Requests before this one are no longer open.
    settled: usize,
    /// TTL of the first answer that counted.
    reply_ttl: Option<u8>,
    events: Vec<Event>,
}

impl Ping {
    /// A ping that follows `plan`; sequence numbers start at 1.
    #[must_use]
    pub fn new(plan: Plan) -> Self {
        Self { plan, started: None, requests: Vec::new(), settled: 0, reply_ttl: None, events: Vec::new() }
    }

    /// The plan it follows.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Shortens the deadline by `spent`, the time that went before the first request.
    pub fn hurry(&mut self, spent: Nanos) {
        self.plan.deadline = self.plan.deadline.map(|deadline| deadline - spent);
    }

    /// Requests that reached the wire.
    #[must_use]
    pub fn transmitted(&self) -> u32 {
        let sent = self.requests.iter().filter(|request| request.on_wire);
        u32::try_from(sent.count()).unwrap_or(u32::MAX)
    }

    /// When the first request was sent, on the session's clock.
    #[must_use]
    pub fn started(&self) -> Option<Nanos> {
        self.started
    }

    /// TTL with which the first answer that counted arrived.
    #[must_use]
    pub fn reply_ttl(&self) -> Option<u8> {
        self.reply_ttl
    }

    /// The packets of request `index`.
    fn request(&self, index: usize) -> Vec<Vec<u8>> {
        let echo = icmp::Echo { reply: false, identifier: self.plan.identifier, sequence: sequence(index) };
        let message = icmp::craft_echo(&echo, &self.plan.payload);
        let fits = ipv4::LENGTH + message.len() <= self.plan.mtu;
        let header = ipv4::Ipv4 {
            identification: self.plan.identification.wrapping_add(sequence(index)),
            dont_fragment: match self.plan.fragmenting {
                Fragmenting::WhereNeeded => fits,
                Fragmenting::Never => true,
                Fragmenting::Allowed => false,
            },
            ttl: self.plan.ttl,
            protocol: ipv4::ICMP,
            source: self.plan.source,
            destination: self.plan.target,
            ..ipv4::Ipv4::default()
        };
        if fits || header.dont_fragment {
            vec![ipv4::craft(&header, &message)]
        } else {
            ipv4::fragments(&header, &message, self.plan.mtu)
        }
    }

    /// When request `index` is due: on the beat, but never at once after the one before.
    fn due(&self, index: usize, now: Nanos) -> Nanos {
        let beat = i64::try_from(index).unwrap_or(i64::MAX);
        let due = self.started.map_or(now, |start| start + Nanos(self.plan.interval.0.saturating_mul(beat)));
        let pause = self.plan.interval.min(CLOSEST);
        self.requests.last().map_or(due, |last| due.max(last.sent_at + pause))
    }

    /// Reports open requests whose time is up.
    fn expire(&mut self, now: Nanos) {
        for index in self.settled..self.requests.len() {
            let request = self.requests[index];
            if request.is_open() && now >= request.sent_at + self.plan.patience {
                self.time_out(index);
            }
        }
        let open = self.requests[self.settled..].iter().position(Request::is_open);
        self.settled = open.map_or(self.requests.len(), |offset| self.settled + offset);
    }

    fn time_out(&mut self, index: usize) {
        self.requests[index].timed_out = true;
        self.report(index, Status::Timeout, None, None);
    }

    fn report(&mut self, index: usize, status: Status, from: Option<Ipv4Addr>, answer: Option<&Packet<'_>>) {
        let request = self.requests[index].seen;
        self.events.push(Event::Probed(Probed {
            seq: sequence(index),
            ttl: self.plan.ttl,
            status,
            from: from.map(IpAddr::V4),
            rtt: request.zip(answer).map(|((_, asked), answer)| answer.frame.time - asked),
            request: request.map(|(number, _)| number),
            response: answer.map(|answer| answer.frame.number),
        }));
    }

    /// The request that `echo` belongs to.
    fn index(&self, echo: icmp::Echo) -> Option<usize> {
        let index = usize::from(echo.sequence.wrapping_sub(1));
        (echo.identifier == self.plan.identifier && index < self.requests.len()).then_some(index)
    }

    /// Our own request, seen leaving.
    fn hear_request(&mut self, packet: &Packet<'_>, ip: &ipv4::Ipv4, echo: icmp::Echo) {
        if ip.source == self.plan.source
            && ip.destination == self.plan.target
            && let Some(index) = self.index(echo)
        {
            self.requests[index].seen.get_or_insert((packet.frame.number, packet.frame.time));
        }
    }

    fn hear_reply(&mut self, now: Nanos, packet: &Packet<'_>, ip: &ipv4::Ipv4, echo: icmp::Echo) {
        if let Some(mismatch) = self.mismatch(packet, ip, echo) {
            // Another program's ping to another host is none of our business, so only near misses are reported.
            if ip.destination == self.plan.source
                && (ip.source == self.plan.target || echo.identifier == self.plan.identifier)
            {
                self.events.push(Event::Rejected { frame: packet.frame.number, mismatch });
            }
            return;
        }
        let Some(index) = self.index(echo) else { return };
        let request = self.requests[index];
        // The frames' own times decide, however late this process came to read them.
        let took = request.seen.map_or(now - request.sent_at, |(_, asked)| packet.frame.time - asked);
        if request.is_open() && took > self.plan.patience {
            self.time_out(index);
        }
        let status = match self.requests[index] {
            Request { answered: true, .. } => Status::Duplicate,
            Request { timed_out: true, .. } => Status::Late,
            _ => Status::Reply,
        };
        if status == Status::Reply {
            self.requests[index].answered = true;
            self.reply_ttl.get_or_insert(ip.ttl);
        }
        self.report(index, status, Some(ip.source), Some(packet));
    }

    /// The first thing that keeps a reply from being an answer to one of our requests.
    fn mismatch(&self, packet: &Packet<'_>, ip: &ipv4::Ipv4, echo: icmp::Echo) -> Option<Mismatch> {
        let view = packet.find(&icmp::HEADER)?;
        let payload = view.payload();
        [
            (ip.destination != self.plan.source, Mismatch::Destination),
            (!self.plan.anyone && ip.source != self.plan.target, Mismatch::Source),
            (echo.identifier != self.plan.identifier, Mismatch::Identifier),
            (self.index(echo).is_none(), Mismatch::Sequence),
            (payload != self.plan.payload, Mismatch::Payload),
            (!is_intact(view), Mismatch::Checksum),
        ]
        .into_iter()
        .find_map(|(wrong, mismatch)| wrong.then_some(mismatch))
    }

    /// An ICMP error; it counts when it quotes one of our requests.
    fn hear_error(&mut self, packet: &Packet<'_>, ip: &ipv4::Ipv4, error: icmp::Report) {
        let status = match error.kind {
            icmp::UNREACHABLE | icmp::PARAMETER_PROBLEM => Status::Unreachable { kind: error.kind, code: error.code },
            icmp::TIME_EXCEEDED => Status::TimeExceeded { code: error.code },
            _ => return,
        };
        let quoted_ip = packet.find_quoted(&ipv4::HEADER).and_then(|view| ipv4::Ipv4::read(view.bytes()));
        let quoted_echo = packet.find_quoted(&icmp::HEADER).and_then(|view| icmp::Echo::read(view.bytes()));
        if ip.destination != self.plan.source {
            return;
        }
        let ours = quoted_ip.zip(quoted_echo).and_then(|(quoted_ip, echo)| {
            let same_ends = quoted_ip.source == self.plan.source && quoted_ip.destination == self.plan.target;
            self.index(echo).filter(|_| same_ends && !echo.reply)
        });
        let reject = |mismatch| Event::Rejected { frame: packet.frame.number, mismatch };
        match ours {
            None => self.events.push(reject(Mismatch::Quotation)),
            Some(_) if !packet.find(&icmp::HEADER).is_some_and(is_intact) => {
                self.events.push(reject(Mismatch::Checksum));
            }
            Some(index) if !self.requests[index].answered && !self.requests[index].failed => {
                self.requests[index].failed = true;
                self.report(index, status, Some(ip.source), Some(packet));
            }
            Some(_) => {}
        }
    }
}

/// Whether the message arrived as it was sent, as far as its checksum can tell.
fn is_intact(view: LayerView<'_, '_>) -> bool {
    !matches!(view.layer().checksum, None | Some(checksum::Status::Bad { .. }))
}

impl Probe for Ping {
    fn next(&mut self, now: Nanos) -> Step {
        self.expire(now);
        let over = self.started.zip(self.plan.deadline).map(|(start, span)| start + span);
        if over.is_some_and(|over| now >= over) {
            return Step::Done;
        }
        let asked = self.requests.len();
        let more = u32::try_from(asked).is_ok_and(|asked| asked < self.plan.count);
        let due = self.due(asked, now);
        if more && now >= due {
            return Step::Send(Outgoing::Ip(self.request(asked)));
        }
        let patience = self.plan.patience;
        let expiry =
            self.requests[self.settled..].iter().find(|request| request.is_open()).map(|r| r.sent_at + patience);
        match [more.then_some(due), expiry].into_iter().flatten().min() {
            Some(until) => Step::Wait(over.map_or(until, |over| until.min(over))),
            None => Step::Done,
        }
    }

    fn sent(&mut self, now: Nanos, result: Result<(), Errno>) {
        self.started.get_or_insert(now);
        self.requests.push(Request {
            on_wire: result.is_ok(),
            answered: false,
            timed_out: false,
            failed: false,
            sent_at: now,
            seen: None,
        });
        if let Err(errno) = result {
            self.report(self.requests.len() - 1, Status::NotSent { errno }, None, None);
        }
    }

    fn heard(&mut self, now: Nanos, packet: &Packet<'_>) {
        let Some(ip) = packet.find(&ipv4::HEADER).and_then(|view| ipv4::Ipv4::read(view.bytes())) else { return };
        let Some(view) = packet.find(&icmp::HEADER) else { return };
        if let Some(echo) = icmp::Echo::read(view.bytes()) {
            if echo.reply {
                self.hear_reply(now, packet, &ip, echo);
            } else {
                self.hear_request(packet, &ip, echo);
            }
        } else if let Some(error) = icmp::Report::read(view.bytes()) {
            self.hear_error(packet, &ip, error);
        }
    }

    fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }
}

/// Sequence number of request `index`; wraps after 65,536 requests.
#[allow(clippy::cast_possible_truncation)] // wrapping is meant
fn sequence(index: usize) -> u16 {
    (index as u16).wrapping_add(1)
}

#[cfg(test)]
mod tests;
