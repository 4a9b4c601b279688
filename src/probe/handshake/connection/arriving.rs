//! What an arriving segment changes (RFC 9293 §3.10.7).

use super::super::Ending;
use super::{Arrived, Connection, Fate, LONGEST, OBJECTIONS};
use crate::model::{Gone, Nanos, Negotiated, SeqNo, TcpState};
use crate::probe::handshake::outbound::Acknowledged;
use crate::proto::ipv4;
use crate::proto::tcp::{self, Flags};

impl Connection {
    /// A segment from the peer.
    pub fn arrive(&mut self, now: Nanos, segment: &Arrived<'_>) -> Fate {
        let fate = match self.state {
            TcpState::Closed | TcpState::Listen => Fate::Ignored,
            TcpState::SynSent => self.arrive_first(now, segment),
            _ => self.arrive_later(now, segment),
        };
        if self.owed && self.state != TcpState::Closed {
            self.emit(now, Flags::ACK, self.outbound.next(), &[]);
        }
        self.owed = false;
        fate
    }

    /// In SYN-SENT (RFC 9293 §3.10.7.3).
    pub(super) fn arrive_first(&mut self, now: Nanos, segment: &Arrived<'_>) -> Fate {
        let acknowledges = segment.has(Flags::ACK);
        if acknowledges && segment.acknowledgment() != self.outbound.next() {
            // It answers somebody else's SYN, an old one: say so, and go on waiting for an answer to ours.
            if !segment.has(Flags::RST) {
                self.emit(now, Flags::RST, segment.acknowledgment(), &[]);
            }
            return Fate::WrongAck;
        }
        if segment.has(Flags::RST) {
            if !acknowledges {
                return Fate::Ignored;
            }
            self.leave(None);
            return Fate::Accepted;
        }
        if !segment.has(Flags::SYN) {
            return Fate::Ignored;
        }
        self.agree(segment);
        if !acknowledges {
            // Simultaneous open (RFC 9293 §3.5): the two SYNs crossed.
            self.state = TcpState::SynReceived;
            self.emit(now, Flags::SYN | Flags::ACK, self.outbound.isn(), &[]);
            self.timer = Some(now + self.timeout.value());
            return Fate::Accepted;
        }
        self.take_acknowledgement(now, segment);
        self.establish(now);
        Fate::Accepted
    }

    /// What the peer's SYN says.
    pub(super) fn agree(&mut self, segment: &Arrived<'_>) {
        let agreed = Negotiated { ours: self.plan.offer, theirs: segment.offer };
        let sequence = segment.sequence();
        self.agreed = Some(agreed);
        self.recent = segment.timestamps.map_or(0, |(value, _)| value);
        // A window in a SYN is never scaled (RFC 7323 §2.2). The MSS does not count options (RFC 6691 §2).
        let ours = self.plan.mtu.saturating_sub(ipv4::LENGTH + tcp::LENGTH);
        let segment_size = usize::from(agreed.their_mss()).min(ours).saturating_sub(self.option_space());
        let window = u32::from(segment.header.window);
        self.outbound.agree(u32::try_from(segment_size).unwrap_or(1), window, sequence);
        self.inbound.begin(sequence + 1, self.announced());
    }

    pub(super) fn is_synchronised(&self) -> bool {
        !matches!(self.state, TcpState::Closed | TcpState::Listen | TcpState::SynSent | TcpState::SynReceived)
    }

    pub(super) fn establish(&mut self, now: Nanos) {
        self.state = TcpState::Established;
        self.limit = Some(now + LONGEST);
        match self.plan.ending {
            Ending::HalfOpen => {
                self.emit(now, Flags::RST, self.outbound.next(), &[]);
                self.leave(Some(Gone::ResetAsPlanned));
            }
            // Our kernel answers instead of us, and it knows of no connection.
            Ending::KernelReset => self.patience = Some(now + self.plan.patience),
            Ending::Abort | Ending::Fin => {
                self.emit(now, Flags::ACK, self.outbound.next(), &[]);
                if !self.outbound.is_said() {
                    self.push(now);
                    self.patience = Some(now + self.plan.patience);
                } else if self.plan.ending == Ending::Abort {
                    self.abort(now, Gone::ResetAsPlanned);
                } else {
                    self.finish(now);
                }
            }
        }
    }

    /// In every later state (RFC 9293 §3.10.7.4).
    pub(super) fn arrive_later(&mut self, now: Nanos, segment: &Arrived<'_>) -> Fate {
        let resets = segment.has(Flags::RST);
        if !resets && !self.take_timestamp(segment) {
            return Fate::Ignored;
        }
        let answers_syn = segment.has(Flags::SYN | Flags::ACK);
        if self.state == TcpState::SynReceived && answers_syn && segment.sequence() + 1 == self.inbound.next() {
            // The peer's half of a simultaneous open.
            self.owed = true;
            return self.confirm(now, segment);
        }
        let acceptable = self.inbound.is_acceptable(segment.sequence(), segment.length());
        // With a shut window only acknowledgements and resets may pass.
        let passes = acceptable || (segment.sequence() == self.inbound.next() && !segment.has(Flags::SYN));
        if !passes {
            if !resets {
                self.object();
            }
            return Fate::Ignored;
        }
        if resets {
            // Only the exact number is believed; anything near it is asked about (RFC 5961 §3.2).
            if segment.sequence() != self.inbound.next() {
                self.object();
                return Fate::Ignored;
            }
            self.leave(Some(Gone::ResetByPeer));
            return Fate::Accepted;
        }
        if segment.has(Flags::SYN) {
            self.object(); // RFC 5961 §4.2
            return Fate::Ignored;
        }
        if !segment.has(Flags::ACK) {
            return Fate::Ignored;
        }
        if self.state == TcpState::SynReceived {
            let fate = self.confirm(now, segment);
            if fate != Fate::Accepted {
                return fate;
            }
        } else if !self.take_acknowledgement(now, segment) {
            return Fate::WrongAck;
        }
        self.take_payload(now, segment);
        Fate::Accepted
    }

    /// In SYN-RECEIVED: the acknowledgement of our SYN opens the connection, any other is refused.
    pub(super) fn confirm(&mut self, now: Nanos, segment: &Arrived<'_>) -> Fate {
        if segment.acknowledgment() != self.outbound.next() {
            self.emit(now, Flags::RST, segment.acknowledgment(), &[]);
            return Fate::WrongAck;
        }
        self.take_acknowledgement(now, segment);
        self.establish(now);
        Fate::Accepted
    }

    /// PAWS (RFC 7323 §5.3): a timestamp from the past marks an old duplicate. `false` when the segment must not be
    /// looked at any further.
    pub(super) fn take_timestamp(&mut self, segment: &Arrived<'_>) -> bool {
        if !self.agreed.is_some_and(|agreed| agreed.timestamps()) {
            return true;
        }
        let Some((value, _)) = segment.timestamps else { return false };
        // Timestamps wrap as sequence numbers do.
        if SeqNo(value).is_before(SeqNo(self.recent)) {
            self.object();
            return false;
        }
        if !segment.sequence().is_after(self.last_acknowledged) {
            self.recent = value;
        }
        true
    }

    /// Answers what should not have come with where we are.
    pub(super) fn object(&mut self) {
        if self.objections < OBJECTIONS {
            self.objections += 1;
            self.owed = true;
        }
    }

    /// What the acknowledgement number and the window of `segment` change. `false` when the number is impossible.
    pub(super) fn take_acknowledgement(&mut self, now: Nanos, segment: &Arrived<'_>) -> bool {
        let scaled = !segment.has(Flags::SYN);
        let shift = self.agreed.and_then(|agreed| agreed.shifts()).filter(|_| scaled).map_or(0, |(_, theirs)| theirs);
        let window = u32::from(segment.header.window) << shift;
        let number = segment.acknowledgment();
        let bare = segment.length() == 0;
        match self.outbound.acknowledge(segment.sequence(), number, window, bare) {
            Acknowledged::Impossible => {
                self.object();
                return false;
            }
            Acknowledged::News { repair } => {
                self.measure(now, number, segment.timestamps);
                self.timeout.recover();
                self.attempts = 0;
                self.waiting_since = now;
                self.timer = None;
                if repair && self.is_synchronised() {
                    self.repeat(now);
                }
                self.hear_fin_acknowledged(now);
            }
            // While its window is shut, a peer that answers is alive (RFC 9293 §3.8.6.1).
            Acknowledged::Nothing { .. } if window == 0 => self.attempts = 0,
            Acknowledged::Nothing { repair } => {
                if repair {
                    self.repeat(now);
                }
            }
        }
        if matches!(self.state, TcpState::Established | TcpState::CloseWait) {
            self.push(now);
        }
        let waits = !self.outbound.is_settled() || !self.outbound.is_said();
        if waits && self.timer.is_none() && self.state != TcpState::Closed {
            self.timer = Some(now + self.timeout.value());
        }
        true
    }

    /// The echoed timestamp tells which of our segments is answered; without it, only one that was never repeated.
    pub(super) fn measure(&mut self, now: Nanos, number: SeqNo, timestamps: Option<(u32, u32)>) {
        let timed = self.timed.filter(|(end, _)| !number.is_before(*end));
        if timed.is_some() {
            self.timed = None;
        }
        if let Some((_, sent)) = timed {
            self.timeout.measure(now - sent);
        } else if let Some((_, echo)) = timestamps.filter(|_| self.plan.offer.timestamps) {
            let ago = self.timestamp(now).wrapping_sub(echo);
            if ago < 60_000 {
                self.timeout.measure(Nanos(i64::from(ago) * Nanos::MILLISECOND.0));
            }
        }
    }

    pub(super) fn hear_fin_acknowledged(&mut self, now: Nanos) {
        if !self.outbound.is_finished() {
            return;
        }
        match self.state {
            TcpState::FinWait1 => {
                self.state = TcpState::FinWait2;
                self.patience = Some(now + self.plan.patience);
            }
            TcpState::Closing => self.rest(),
            TcpState::LastAck => self.leave(Some(Gone::Finished)),
            _ => {}
        }
    }

    /// Enters TIME-WAIT, where only a repeated FIN would be answered.
    pub(super) fn rest(&mut self) {
        self.leave(Some(Gone::Finished));
        self.state = TcpState::TimeWait;
    }

    pub(super) fn take_payload(&mut self, now: Nanos, segment: &Arrived<'_>) {
        let fin = segment.has(Flags::FIN);
        if self.state == TcpState::Closed || (segment.payload.is_empty() && !fin) {
            return;
        }
        let news = self.inbound.take(segment.sequence(), segment.payload, fin);
        self.owed = true;
        if news.bytes && self.patience.is_some() {
            self.patience = Some(now + self.plan.patience);
        }
        if news.fresh && self.inbound.finished() {
            self.hear_fin(now);
        }
    }

    /// The peer's FIN came, and everything before it.
    pub(super) fn hear_fin(&mut self, now: Nanos) {
        match self.state {
            TcpState::Established => {
                self.state = TcpState::CloseWait;
                match self.plan.ending {
                    Ending::Fin => self.finish(now),
                    _ => self.abort(now, Gone::ResetAsPlanned),
                }
            }
            TcpState::FinWait1 => self.state = TcpState::Closing,
            TcpState::FinWait2 => self.rest(),
            _ => {}
        }
    }
}
