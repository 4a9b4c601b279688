//! One end of a TCP connection, ours: what RFC 9293 §3.10 says to do on each segment and at each timer, with the
//! stricter checks of RFC 5961 and the options of RFC 7323 and RFC 2018.
//!
//! The far end is a real stack, so this one has to keep the rules. It leaves out what a short visit does not need:
//! growing a congestion window, delaying acknowledgements, urgent data, and the two minutes of TIME-WAIT.

mod arriving;
mod speaking;

use std::collections::VecDeque;

use super::inbound::Inbound;
use super::outbound::Outbound;
use super::timeout::Timeout;
use super::{Ending, Plan};
use crate::model::{Gone, Nanos, Negotiated, Offer, SeqNo, TcpState};
use crate::proto::ipv4;
use crate::proto::tcp::{self, Flags, Tcp};

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
}
