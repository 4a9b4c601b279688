//! One end of a TCP connection, ours: what RFC 9293 §3.10 says to do on each segment and at each timer, with the
//! stricter checks of RFC 5961 and the options of RFC 7323 and RFC 2018.
//!
//! The far end is a real stack, so this one has to keep the rules. It leaves out what a short visit does not need:
//! growing a congestion window, delaying acknowledgements, urgent data, and the two minutes of TIME-WAIT.

use std::collections::VecDeque;

use super::inbound::Inbound;
use super::outbound::{Acknowledged, Outbound};
use super::timeout::Timeout;
use super::{Ending, Plan};
use crate::model::{Gone, Nanos, Negotiated, Offer, SeqNo, TcpState};
use crate::proto::ipv4::{self, Ipv4};
use crate::proto::tcp::{self, Flags, Tcp, TcpOption};

/// However much the peer has to say, a visit ends after this long.
const LONGEST: Nanos = Nanos(60_000_000_000);
/// Acknowledgements that only object to what came, at most: two ends that object to each other would never stop
/// (RFC 5961 §7).
const OBJECTIONS: u32 = 100;

/// What became of an arriving segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It moved the connection on, or fitted into it.
    Accepted,
    /// It acknowledges something that we never sent.
    WrongAck,
    /// It lies outside the window, is old, or has no business in this state.
    Ignored,
}

/// A segment from the peer. Its addresses, ports and checksum are right.
#[derive(Clone, Debug)]
pub struct Arrived<'p> {
    /// Fixed header.
    pub header: Tcp,
    /// What a SYN offers.
    pub offer: Offer,
    /// Timestamp value and echo, where it has them.
    pub timestamps: Option<(u32, u32)>,
    /// Payload.
    pub payload: &'p [u8],
}

impl Arrived<'_> {
    fn has(&self, flags: Flags) -> bool {
        self.header.flags.contains(flags)
    }

    fn sequence(&self) -> SeqNo {
        SeqNo(self.header.sequence)
    }

    fn acknowledgment(&self) -> SeqNo {
        SeqNo(self.header.acknowledgment)
    }

    /// How many sequence numbers it takes up: SYN and FIN count as one each (RFC 9293 §3.4).
    fn length(&self) -> u32 {
        let payload = u32::try_from(self.payload.len()).unwrap_or(u32::MAX);
        payload.saturating_add(u32::from(self.has(Flags::SYN)) + u32::from(self.has(Flags::FIN)))
    }
}

/// Our end.
#[derive(Debug)]
pub struct Connection {
    plan: Plan,
    state: TcpState,
    gone: Option<Gone>,
    agreed: Option<Negotiated>,
    outbound: Outbound,
    inbound: Inbound,
    timeout: Timeout,
    /// When the oldest unacknowledged segment went out first, to measure by if it is never repeated.
    timed: Option<(SeqNo, Nanos)>,
    /// When to send it again, how often that was done, and since when nothing new was acknowledged.
    timer: Option<Nanos>,
    attempts: u32,
    waiting_since: Nanos,
    /// How often we sent a segment again.
    repeated: u32,
    /// When to stop waiting for the peer to say more, and when to stop at all.
    patience: Option<Nanos>,
    limit: Option<Nanos>,
    /// The peer's latest timestamp, to be echoed, and the number acknowledged by our last segment.
    recent: u32,
    last_acknowledged: SeqNo,
    /// The segment in hand wants an acknowledgement; any segment of ours is one.
    owed: bool,
    objections: u32,
    closed_first: bool,
    out: VecDeque<Vec<u8>>,
    identification: u16,
}

impl Connection {
    /// A closed end that will follow `plan`.
    pub fn new(plan: Plan) -> Self {
        Self {
            state: TcpState::Closed,
            gone: None,
            agreed: None,
            outbound: Outbound::new(SeqNo(plan.isn), plan.request.clone()),
            inbound: Inbound::default(),
            timeout: Timeout::before_the_first_answer(plan.patience),
            timed: None,
            timer: None,
            attempts: 0,
            waiting_since: Nanos(0),
            repeated: 0,
            patience: None,
            limit: None,
            recent: 0,
            last_acknowledged: SeqNo(0),
            owed: false,
            objections: 0,
            closed_first: false,
            out: VecDeque::new(),
            identification: plan.identification,
            plan,
        }
    }

    /// What it follows.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The state it is in.
    pub fn state(&self) -> TcpState {
        self.state
    }

    /// Why it is over; `None` while it lasts and when it never began.
    pub fn gone(&self) -> Option<Gone> {
        self.gone
    }

    /// What both SYNs say; `None` until the peer's came.
    pub fn agreed(&self) -> Option<Negotiated> {
        self.agreed
    }

    /// What the peer said.
    pub fn inbound(&self) -> &Inbound {
        &self.inbound
    }

    /// What we said.
    pub fn outbound(&self) -> &Outbound {
        &self.outbound
    }

    /// How often we sent a segment again.
    pub fn repeated(&self) -> u32 {
        self.repeated
    }

    /// Our FIN went out before the peer's came.
    pub fn closed_first(&self) -> bool {
        self.closed_first
    }

    /// Nothing more will happen: both ends are done, or there is nobody to talk to.
    pub fn is_over(&self) -> bool {
        matches!(self.state, TcpState::Closed | TcpState::TimeWait) && self.out.is_empty()
    }

    /// The next packet that wants to leave.
    pub fn outgoing(&mut self) -> Option<Vec<u8>> {
        self.out.pop_front()
    }

    /// The next moment at which [`Connection::tick`] has something to do.
    pub fn wake(&self) -> Option<Nanos> {
        [self.timer, self.patience, self.limit].into_iter().flatten().min()
    }

    /// Sends the first SYN.
    pub fn open(&mut self, now: Nanos) {
        self.state = TcpState::SynSent;
        self.outbound.sent_syn();
        self.timed = Some((self.outbound.next(), now));
        self.waiting_since = now;
        self.emit(now, Flags::SYN, self.outbound.isn(), &[]);
        self.timer = Some(now + self.timeout.value());
    }

    /// Ends the connection at once: RST tells the peer that nothing more will come.
    pub fn abort(&mut self, now: Nanos, why: Gone) {
        match self.state {
            TcpState::Closed | TcpState::TimeWait => {}
            TcpState::SynSent => self.leave(None),
            _ => {
                self.emit(now, Flags::RST | Flags::ACK, self.outbound.next(), &[]);
                self.leave(Some(why));
            }
        }
    }

    /// Something else ended the connection: an ICMP error, or this host's kernel.
    pub fn leave(&mut self, why: Option<Gone>) {
        self.state = TcpState::Closed;
        self.gone = self.gone.or(why);
        (self.timer, self.patience, self.limit) = (None, None, None);
    }

    /// A router on the way takes only packets of `mtu` bytes (RFC 1191): what is too long goes out again, shorter.
    pub fn shrink(&mut self, now: Nanos, mtu: u16) {
        let headers = u32::try_from(ipv4::LENGTH + tcp::LENGTH + self.option_space()).unwrap_or(0);
        // RFC 791 §3.2: every link takes 68 bytes.
        self.outbound.shrink(u32::from(mtu).max(68).saturating_sub(headers));
        if self.is_synchronised() && !self.outbound.is_settled() {
            self.outbound.repair();
            self.repeat(now);
        }
    }

    /// A timer may have run out.
    pub fn tick(&mut self, now: Nanos) {
        let due = |at: Option<Nanos>| at.is_some_and(|at| now >= at);
        if due(self.limit) {
            self.abort(now, Gone::ResetStillOpen);
        } else if due(self.patience) {
            self.patience = None;
            self.lose_patience(now);
        } else if due(self.timer) {
            self.time_out(now);
        }
    }

    /// The peer acknowledges nothing (RFC 6298 §5.4–5.7).
    fn time_out(&mut self, now: Nanos) {
        let patient = self.is_synchronised() && now < self.waiting_since + self.plan.patience;
        if self.attempts >= self.plan.retries && !patient {
            return self.abort(now, Gone::GaveUp);
        }
        self.attempts += 1;
        self.timeout.back_off();
        self.timer = Some(now + self.timeout.value());
        if self.outbound.is_settled() {
            // The peer has no room: is that still so?
            if let Some((sequence, range)) = self.outbound.probe_window() {
                self.say(now, sequence, range);
            }
        } else {
            self.outbound.repair();
            self.repeat(now);
        }
    }

    /// Sends the oldest unacknowledged segment again.
    fn repeat(&mut self, now: Nanos) {
        self.repeated += 1;
        self.timed = None; // which of the two is answered would be a guess (Karn, RFC 6298 §3)
        match self.state {
            TcpState::SynSent => self.emit(now, Flags::SYN, self.outbound.isn(), &[]),
            TcpState::SynReceived => self.emit(now, Flags::SYN | Flags::ACK, self.outbound.isn(), &[]),
            _ => match self.outbound.oldest() {
                Some((sequence, range)) => self.say(now, sequence, range),
                None => self.emit(now, Flags::FIN | Flags::ACK, self.outbound.next() - 1, &[]),
            },
        }
    }

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
    fn arrive_first(&mut self, now: Nanos, segment: &Arrived<'_>) -> Fate {
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
    fn agree(&mut self, segment: &Arrived<'_>) {
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

    /// Bytes of options in every later segment.
    fn option_space(&self) -> usize {
        if self.agreed.is_some_and(|agreed| agreed.timestamps()) { 12 } else { 0 }
    }

    /// Bytes beyond the next that we take. Rounded up to what the scaled field can say, as Linux does.
    fn announced(&self) -> u32 {
        u32::from(self.window_field()) << self.shift()
    }

    fn shift(&self) -> u8 {
        self.agreed.and_then(|agreed| agreed.shifts()).map_or(0, |(ours, _)| ours)
    }

    /// The window field of a segment without SYN.
    fn window_field(&self) -> u16 {
        u16::try_from(u32::from(self.plan.window).div_ceil(1 << self.shift())).unwrap_or(u16::MAX)
    }

    fn is_synchronised(&self) -> bool {
        !matches!(self.state, TcpState::Closed | TcpState::Listen | TcpState::SynSent | TcpState::SynReceived)
    }

    fn establish(&mut self, now: Nanos) {
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
    fn arrive_later(&mut self, now: Nanos, segment: &Arrived<'_>) -> Fate {
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
    fn confirm(&mut self, now: Nanos, segment: &Arrived<'_>) -> Fate {
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
    fn take_timestamp(&mut self, segment: &Arrived<'_>) -> bool {
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
    fn object(&mut self) {
        if self.objections < OBJECTIONS {
            self.objections += 1;
            self.owed = true;
        }
    }

    /// What the acknowledgement number and the window of `segment` change. `false` when the number is impossible.
    fn take_acknowledgement(&mut self, now: Nanos, segment: &Arrived<'_>) -> bool {
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
    fn measure(&mut self, now: Nanos, number: SeqNo, timestamps: Option<(u32, u32)>) {
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

    fn hear_fin_acknowledged(&mut self, now: Nanos) {
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
    fn rest(&mut self) {
        self.leave(Some(Gone::Finished));
        self.state = TcpState::TimeWait;
    }

    fn take_payload(&mut self, now: Nanos, segment: &Arrived<'_>) {
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
    fn hear_fin(&mut self, now: Nanos) {
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

    /// Sends what the peer has room for.
    fn push(&mut self, now: Nanos) {
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
    fn finish(&mut self, now: Nanos) {
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

    /// The peer said nothing new for as long as the plan allows.
    fn lose_patience(&mut self, now: Nanos) {
        let settled = self.outbound.is_settled() && self.outbound.is_said();
        match (self.state, self.plan.ending) {
            (TcpState::Established, Ending::Fin) if settled => self.finish(now),
            (TcpState::Established, Ending::KernelReset) => self.leave(None),
            (TcpState::Established, _) if settled => self.abort(now, Gone::ResetAsPlanned),
            (TcpState::FinWait2, _) => self.abort(now, Gone::ResetStillOpen),
            _ => self.abort(now, Gone::GaveUp),
        }
    }

    /// Sends bytes of the request.
    fn say(&mut self, now: Nanos, sequence: SeqNo, range: std::ops::Range<usize>) {
        // "Deliver now" stands on the last segment of what we have to say (RFC 9293 §3.9.1.2).
        let last = range.end == self.plan.request.len();
        let flags = if last { Flags::PSH | Flags::ACK } else { Flags::ACK };
        let payload = self.outbound.bytes(range).to_vec();
        self.emit(now, flags, sequence, &payload);
    }

    /// Puts a segment into the queue.
    fn emit(&mut self, now: Nanos, flags: Flags, sequence: SeqNo, payload: &[u8]) {
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
    fn supersede(&mut self) {
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
    fn timestamp(&self, now: Nanos) -> u32 {
        // The remainder is below 2³².
        let milliseconds = u32::try_from((now.0 / Nanos::MILLISECOND.0).rem_euclid(1 << 32)).unwrap_or(0);
        self.plan.timestamp_offset.wrapping_add(milliseconds)
    }

    /// In the order and with the padding that Linux uses.
    fn syn_options(&self, now: Nanos) -> Vec<TcpOption<'static>> {
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

    fn later_options(&self, now: Nanos, flags: Flags) -> Vec<TcpOption<'static>> {
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
