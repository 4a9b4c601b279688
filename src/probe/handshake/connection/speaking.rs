//! What we say, and how it is written: segments, their windows and their options.

use super::Connection;
use crate::model::{Nanos, Offer, SeqNo, TcpState};
use crate::proto::ipv4::{self, Ipv4};
use crate::proto::tcp::{self, Flags, Tcp, TcpOption};

impl Connection {
    /// Bytes of options in every later segment.
    pub(super) fn option_space(&self) -> usize {
        if self.agreed.is_some_and(|agreed| agreed.timestamps()) { 12 } else { 0 }
    }

    /// Bytes beyond the next that we take. Rounded up to what the scaled field can say, as Linux does.
    pub(super) fn announced(&self) -> u32 {
        u32::from(self.window_field()) << self.shift()
    }

    pub(super) fn shift(&self) -> u8 {
        self.agreed.and_then(|agreed| agreed.shifts()).map_or(0, |(ours, _)| ours)
    }

    /// The window field of a segment without SYN.
    pub(super) fn window_field(&self) -> u16 {
        u16::try_from(u32::from(self.plan.window).div_ceil(1 << self.shift())).unwrap_or(u16::MAX)
    }

    /// Sends what the peer has room for.
    pub(super) fn push(&mut self, now: Nanos) {
        while let Some((sequence, range)) = self.outbound.advance() {
            self.say(now, sequence, range);
            if self.timed.is_none() {
                self.timed = Some((self.outbound.next(), now));
            }
            if self.timer.is_none() {
                self.waiting_since = now;
                self.timer = Some(now + self.timeout.value());
            }
        }
        if self.state == TcpState::CloseWait {
            self.finish(now); // the peer's FIN came while we still had something to say
        }
    }

    /// Says that we have nothing more to say, as soon as that is true.
    pub(super) fn finish(&mut self, now: Nanos) {
        if !self.outbound.is_said() {
            return;
        }
        self.closed_first = self.state == TcpState::Established;
        self.state = if self.closed_first { TcpState::FinWait1 } else { TcpState::LastAck };
        self.patience = None;
        self.emit(now, Flags::FIN | Flags::ACK, self.outbound.next(), &[]);
        self.outbound.sent_fin();
        if self.timed.is_none() {
            self.timed = Some((self.outbound.next(), now));
        }
        if self.timer.is_none() {
            self.waiting_since = now;
            self.timer = Some(now + self.timeout.value());
        }
    }

    /// Sends bytes of the request.
    pub(super) fn say(&mut self, now: Nanos, sequence: SeqNo, range: std::ops::Range<usize>) {
        // "Deliver now" stands on the last segment of what we have to say (RFC 9293 §3.9.1.2).
        let last = range.end == self.plan.request.len();
        let flags = if last { Flags::PSH | Flags::ACK } else { Flags::ACK };
        let payload = self.outbound.bytes(range).to_vec();
        self.emit(now, flags, sequence, &payload);
    }

    /// Puts a segment into the queue.
    pub(super) fn emit(&mut self, now: Nanos, flags: Flags, sequence: SeqNo, payload: &[u8]) {
        let acknowledges = flags.contains(Flags::ACK);
        let syn = flags.contains(Flags::SYN);
        let header = Tcp {
            source_port: self.plan.source_port,
            destination_port: self.plan.port,
            sequence: sequence.0,
            acknowledgment: if acknowledges { self.inbound.next().0 } else { 0 },
            flags,
            window: match (syn, flags.contains(Flags::RST)) {
                (true, _) => self.plan.window,
                (_, true) => 0,
                _ => self.window_field(),
            },
            urgent: 0,
        };
        if acknowledges {
            self.supersede();
            self.last_acknowledged = self.inbound.next();
            self.owed = false;
        }
        let options = if syn { self.syn_options(now) } else { self.later_options(now, flags) };
        let (source, destination) = (self.plan.source, self.plan.target);
        let bytes = tcp::craft(&header, &options, source, destination, payload);
        let envelope = Ipv4 {
            identification: self.identification,
            dont_fragment: true,
            ttl: self.plan.ttl,
            protocol: ipv4::TCP,
            source,
            destination,
            ..Ipv4::default()
        };
        self.identification = self.identification.wrapping_add(1);
        self.out.push_back(ipv4::craft(&envelope, &bytes));
    }

    /// A bare acknowledgement that has not left yet says nothing that one for more bytes does not say.
    pub(super) fn supersede(&mut self) {
        let next = self.inbound.next();
        let waiting = self.out.back().and_then(|packet| packet.get(ipv4::LENGTH..)).and_then(Tcp::read);
        let bare = self.out.back().is_some_and(|packet| {
            let words = packet.get(ipv4::LENGTH + 12).map_or(0, |first| first >> 4);
            packet.len() == ipv4::LENGTH + usize::from(words) * 4
        });
        if bare
            && waiting
                .is_some_and(|waiting| waiting.flags == Flags::ACK && SeqNo(waiting.acknowledgment).is_before(next))
        {
            self.out.pop_back();
        }
    }

    /// Our clock in milliseconds, from an arbitrary start (RFC 7323 §5.4).
    pub(super) fn timestamp(&self, now: Nanos) -> u32 {
        // The remainder is below 2³².
        let milliseconds = u32::try_from((now.0 / Nanos::MILLISECOND.0).rem_euclid(1 << 32)).unwrap_or(0);
        self.plan.timestamp_offset.wrapping_add(milliseconds)
    }

    /// In the order and with the padding that Linux uses.
    pub(super) fn syn_options(&self, now: Nanos) -> Vec<TcpOption<'static>> {
        // A SYN/ACK repeats only what the peer's SYN offered too (RFC 7323 §2.2, §3.2, RFC 2018 §2).
        let theirs = self.agreed.map(|agreed| agreed.theirs);
        let offered = |has: fn(Offer) -> bool| theirs.is_none_or(has);
        let offer = self.plan.offer;
        let mut options = Vec::new();
        options.extend(offer.mss.map(TcpOption::MaximumSegmentSize));
        let sack = offer.sack && offered(|theirs| theirs.sack);
        let timestamps = offer.timestamps && offered(|theirs| theirs.timestamps);
        match (sack, timestamps) {
            (true, true) => options.push(TcpOption::SackPermitted),
            (true, false) => options.extend([TcpOption::Nop, TcpOption::Nop, TcpOption::SackPermitted]),
            (false, true) => options.extend([TcpOption::Nop, TcpOption::Nop]),
            (false, false) => {}
        }
        if timestamps {
            options.push(TcpOption::Timestamps { value: self.timestamp(now), echo: self.recent });
        }
        if let Some(shift) = offer.window_scale.filter(|_| offered(|theirs| theirs.window_scale.is_some())) {
            options.extend([TcpOption::Nop, TcpOption::WindowScale(shift)]);
        }
        options
    }

    pub(super) fn later_options(&self, now: Nanos, flags: Flags) -> Vec<TcpOption<'static>> {
        let Some(agreed) = self.agreed.filter(|_| flags.contains(Flags::ACK)) else { return Vec::new() };
        let mut options = Vec::new();
        if agreed.timestamps() {
            let timestamps = TcpOption::Timestamps { value: self.timestamp(now), echo: self.recent };
            options.extend([TcpOption::Nop, TcpOption::Nop, timestamps]);
        }
        // The blocks that arrived beyond a gap, as many as fit beside the timestamps.
        let blocks = self.inbound.blocks(if agreed.timestamps() { 3 } else { 4 });
        if agreed.sack() && !blocks.is_empty() {
            options.extend([TcpOption::Nop, TcpOption::Nop, TcpOption::Sack(blocks.into_iter().collect())]);
        }
        options
    }
}
