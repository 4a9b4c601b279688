//! The signs of trouble that Wireshark marks segments with, and the conditions of each.
//!
//! A sign is given when all its conditions hold. Both are data, so that what decides is also what can be told.

use crate::model::{Nanos, SeqNo, Tracked, tracked};
use crate::proto::tcp::Flags;

use super::flow::{Flow, Scale};
use super::segment::Segment;

/// A sign; `tcp.analysis.*` has one key for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Sign {
    /// One byte beyond a closed window: "is there room again?"
    ZeroWindowProbe,
    /// "I have no room left."
    ZeroWindow,
    /// Something before this segment is not in the capture.
    LostSegment,
    /// "Are you still there?"
    KeepAlive,
    /// "I have room for so much now."
    WindowUpdate,
    /// As much as the other end will take.
    WindowFull,
    /// "Yes, I am."
    KeepAliveAck,
    /// "No, there is none."
    ZeroWindowProbeAck,
    /// The same acknowledgement once more.
    DuplicateAck,
    /// What this acknowledges is not in the capture.
    AckLostSegment,
    /// Sent again although it had been acknowledged.
    SpuriousRetransmission,
    /// Sent again because duplicate acknowledgements asked for it.
    FastRetransmission,
    /// Overtaken by a later one.
    OutOfOrder,
    /// Sent again.
    Retransmission,
    /// A new conversation between addresses and ports that had one before.
    ReusedPorts,
}

impl Sign {
    /// Every sign, in the order in which segments are asked for them.
    pub const ALL: [Self; 15] = [
        Self::ReusedPorts,
        Self::ZeroWindowProbe,
        Self::ZeroWindow,
        Self::LostSegment,
        Self::KeepAlive,
        Self::WindowUpdate,
        Self::WindowFull,
        Self::KeepAliveAck,
        Self::ZeroWindowProbeAck,
        Self::DuplicateAck,
        Self::AckLostSegment,
        Self::SpuriousRetransmission,
        Self::FastRetransmission,
        Self::OutOfOrder,
        Self::Retransmission,
    ];

    /// By what name it is told.
    #[must_use]
    pub fn what(self) -> Tracked {
        match self {
            Self::ZeroWindowProbe => tracked!("tcp.analysis.zero_window_probe"),
            Self::ZeroWindow => tracked!("tcp.analysis.zero_window"),
            Self::LostSegment => tracked!("tcp.analysis.lost_segment"),
            Self::KeepAlive => tracked!("tcp.analysis.keep_alive"),
            Self::WindowUpdate => tracked!("tcp.analysis.window_update"),
            Self::WindowFull => tracked!("tcp.analysis.window_full"),
            Self::KeepAliveAck => tracked!("tcp.analysis.keep_alive_ack"),
            Self::ZeroWindowProbeAck => tracked!("tcp.analysis.zero_window_probe_ack"),
            Self::DuplicateAck => tracked!("tcp.analysis.duplicate_ack"),
            Self::AckLostSegment => tracked!("tcp.analysis.ack_lost_segment"),
            Self::SpuriousRetransmission => tracked!("tcp.analysis.spurious_retransmission"),
            Self::FastRetransmission => tracked!("tcp.analysis.fast_retransmission"),
            Self::OutOfOrder => tracked!("tcp.analysis.out_of_order"),
            Self::Retransmission => tracked!("tcp.analysis.retransmission"),
            Self::ReusedPorts => tracked!("tcp.analysis.reused_ports"),
        }
    }
}

/// Some signs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signs(u16);

impl Signs {
    /// Whether `sign` is among them.
    #[must_use]
    pub fn has(self, sign: Sign) -> bool {
        self.0 >> sign as u8 & 1 == 1
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn add(&mut self, sign: Sign) {
        self.0 |= 1 << sign as u8;
    }
}

/// Names the conditions once, for the list and for asking them all.
macro_rules! conditions {
    ($($(#[$words:meta])* $name:ident,)*) => {
        /// What a condition asks.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Condition {
            $($(#[$words])* $name,)*
        }

        impl Met {
            /// Asks all at once, which costs less than to ask a few one by one.
            pub(super) fn of(about: &Question<'_>) -> Self {
                Self(0 $(| u64::from(Condition::$name.weigh(about).met) << Condition::$name as u32)*)
            }
        }
    };
}

conditions! {
    /// The segment carries no data.
    NoData,
    /// It carries exactly one byte.
    OneByte,
    /// It carries one byte or none.
    AtMostOneByte,
    /// It carries data.
    Data,
    /// It carries data, SYN or FIN: something that takes up a number.
    TakesNumbers,
    /// It has none of SYN, FIN and RST.
    Ordinary,
    /// It has no RST.
    NoReset,
    /// It has the ACK flag.
    Ack,
    /// Something of this direction was seen before.
    KnownNext,
    /// Its number is the one expected next.
    AtNext,
    /// Its number is one below the one expected next.
    OneBelowNext,
    /// Its number lies beyond the one expected next.
    BeyondNext,
    /// Its number lies before the one expected next.
    BeforeNext,
    /// Not more than one byte from one below the next number: that would be new data after a probe.
    NoProbeWithMore,
    /// The window is 0.
    WindowShut,
    /// The window is not 0.
    WindowOpen,
    /// The window is the same as in the segment before.
    SameWindow,
    /// The window is another one than in the segment before.
    OtherWindow,
    /// It acknowledges the same number as the segment before.
    SameAck,
    /// The other end's latest window is 0.
    PeerWindowShut,
    /// How the other end's windows are scaled is known.
    PeerScaleKnown,
    /// Its last byte is the last that the other end's window has room for.
    FillsPeerWindow,
    /// The other end's latest segment was a keep-alive.
    PeerKeptAlive,
    /// The other end's latest segment probed a closed window.
    PeerProbed,
    /// Something of the other direction was seen before.
    KnownPeerData,
    /// It acknowledges more than was seen without a gap.
    AckBeyondSeen,
    /// It is not a keep-alive.
    NoKeepAlive,
    /// The other end has acknowledged something.
    KnownPeerAck,
    /// All its data had been acknowledged.
    AllAcked,
    /// The other end sent two duplicate acknowledgements or more.
    TwoDuplicates,
    /// Its number is just the one that the other end asks for.
    AtPeerAck,
    /// It came within 20 ms of the other end's latest segment.
    SoonAfterPeer,
    /// It came within the initial round-trip time (3 ms where that is unknown) of the highest number.
    SoonAfterHighest,
    /// It does not end where the highest number seen does: that would be the latest segment once more.
    NotTheHighest,
    /// It has the SYN flag.
    Syn,
    /// A conversation of these addresses and ports was seen before that counted from another number.
    PortsUsedBefore,
}

/// How one condition was met or not, and the two numbers that were compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weighed {
    /// Whether it holds.
    pub met: bool,
    /// What there was. Sequence numbers are relative; times are nanoseconds.
    pub found: i64,
    /// What it was compared with.
    pub limit: i64,
}

/// What conditions are asked about: a segment, and what both directions were like before it.
pub(super) struct Question<'a> {
    pub segment: &'a Segment,
    pub forward: &'a Flow,
    pub reverse: &'a Flow,
    pub signs: Signs,
    pub initial_rtt: Option<Nanos>,
}

/// The conditions that hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Met(u64);

impl Met {
    pub fn has(self, condition: Condition) -> bool {
        self.0 >> condition as u32 & 1 == 1
    }

    /// Whether all conditions of a sign are among them.
    pub fn gives(self, row: &Row) -> bool {
        self.0 & row.needs == row.needs
    }
}

/// A sign and its conditions.
#[derive(Debug)]
pub(super) struct Row {
    pub sign: Sign,
    pub conditions: &'static [Condition],
    /// The same as bits.
    needs: u64,
}

const fn row(sign: Sign, conditions: &'static [Condition]) -> Row {
    let (mut needs, mut at) = (0, 0);
    while at < conditions.len() {
        needs |= 1 << conditions[at] as u32;
        at += 1;
    }
    Row { sign, conditions, needs }
}

use Condition as C;

/// What the segment itself is; those marked last end the list when they hold.
pub(super) static KINDS: [(Row, bool); 9] = [
    (row(Sign::ZeroWindowProbe, &[C::OneByte, C::AtNext, C::PeerWindowShut]), true),
    (row(Sign::ZeroWindow, &[C::WindowShut, C::Ordinary]), false),
    (row(Sign::LostSegment, &[C::BeyondNext, C::KnownNext, C::NoReset]), false),
    (row(Sign::KeepAlive, &[C::OneBelowNext, C::AtMostOneByte, C::Ordinary]), false),
    (row(Sign::WindowUpdate, &[C::NoData, C::OtherWindow, C::WindowOpen, C::AtNext, C::SameAck, C::Ordinary]), false),
    (row(Sign::WindowFull, &[C::Data, C::FillsPeerWindow, C::PeerScaleKnown, C::Ordinary]), false),
    (
        row(
            Sign::KeepAliveAck,
            &[C::PeerKeptAlive, C::NoData, C::WindowOpen, C::SameWindow, C::AtNext, C::SameAck, C::Ordinary],
        ),
        true,
    ),
    (
        row(
            Sign::ZeroWindowProbeAck,
            &[C::PeerProbed, C::NoData, C::WindowShut, C::SameWindow, C::AtNext, C::SameAck, C::Ordinary],
        ),
        true,
    ),
    (row(Sign::DuplicateAck, &[C::NoData, C::SameAck, C::WindowOpen, C::SameWindow, C::AtNext, C::Ordinary]), false),
];

/// What a conversation begins with that is not the first between its ports.
pub(super) static REUSE: Row = row(Sign::ReusedPorts, &[C::Syn, C::PortsUsedBefore]);

/// What it says about the other direction.
pub(super) static UNSEEN_DATA: Row = row(Sign::AckLostSegment, &[C::AckBeyondSeen, C::KnownPeerData, C::Ack]);

/// Why it steps back; the first that holds is it.
pub(super) static REPEATS: [Row; 4] = [
    row(Sign::SpuriousRetransmission, &[C::Data, C::AllAcked, C::KnownPeerAck, C::NoKeepAlive]),
    row(
        Sign::FastRetransmission,
        &[
            C::TakesNumbers,
            C::BeforeNext,
            C::KnownNext,
            C::NoProbeWithMore,
            C::NoKeepAlive,
            C::TwoDuplicates,
            C::AtPeerAck,
            C::SoonAfterPeer,
        ],
    ),
    row(
        Sign::OutOfOrder,
        &[
            C::TakesNumbers,
            C::BeforeNext,
            C::KnownNext,
            C::NoProbeWithMore,
            C::NoKeepAlive,
            C::SoonAfterHighest,
            C::NotTheHighest,
        ],
    ),
    row(Sign::Retransmission, &[C::TakesNumbers, C::BeforeNext, C::KnownNext, C::NoProbeWithMore, C::NoKeepAlive]),
];

const ORDINARY: Flags = Flags(0x007);
/// A duplicate acknowledgement asks for a segment; one that comes this soon is the answer.
const FAST: Nanos = Nanos(20_000_000);
/// How long segments may be out of order when the initial round-trip time is unknown.
const OVERTAKEN: Nanos = Nanos(3_000_000);

impl Condition {
    /// Whether it holds, and for which numbers. Inlined so that those who do not want the numbers do not pay for them.
    #[allow(clippy::inline_always)] // all are weighed for each segment of a million
    #[inline(always)]
    pub(super) fn weigh(self, about: &Question<'_>) -> Weighed {
        let Question { segment, forward, reverse, signs, .. } = about;
        let (bytes, window) = (i64::from(segment.bytes()), i64::from(segment.window));
        let flag = |flags: Flags| i64::from(segment.flags.0 & flags.0);
        // Numbers as learners see them.
        let here = |number: SeqNo| i64::from(number - forward.base.unwrap_or_default());
        let there = |number: SeqNo| i64::from(number - reverse.base.unwrap_or_default());
        let (sequence, next) = (segment.sequence, forward.next);
        let yes = |met: bool| (met, i64::from(met), 1);
        let (met, found, limit) = match self {
            C::NoData => (bytes == 0, bytes, 0),
            C::OneByte => (bytes == 1, bytes, 1),
            C::AtMostOneByte => (bytes <= 1, bytes, 1),
            C::Data => (bytes > 0, bytes, 0),
            C::TakesNumbers => {
                let numbers = bytes + i64::from(segment.has_any(Flags::SYN | Flags::FIN));
                (numbers > 0, numbers, 0)
            }
            C::Ordinary => (flag(ORDINARY) == 0, flag(ORDINARY), 0),
            C::NoReset => (flag(Flags::RST) == 0, flag(Flags::RST), 0),
            C::Ack => yes(segment.has(Flags::ACK)),
            // To Wireshark, 0 means that nothing was seen.
            C::KnownNext => yes(next != SeqNo(0)),
            C::AtNext => (sequence == next, here(sequence), here(next)),
            C::OneBelowNext => (sequence == next - 1, here(sequence), here(next - 1)),
            C::BeyondNext => (sequence.is_after(next), here(sequence), here(next)),
            C::BeforeNext => (sequence.is_before(next), here(sequence), here(next)),
            C::NoProbeWithMore => (bytes <= 1 || sequence != next - 1, here(sequence), here(next - 1)),
            C::WindowShut => (window == 0, window, 0),
            C::WindowOpen => (window != 0, window, 0),
            C::SameWindow => (segment.window == forward.window, window, i64::from(forward.window)),
            C::OtherWindow => (segment.window != forward.window, window, i64::from(forward.window)),
            C::SameAck => {
                let (ack, last) = (segment.acknowledgment, forward.last_ack);
                (ack == last, there(ack), there(last))
            }
            C::PeerWindowShut => (reverse.window == 0, i64::from(reverse.window), 0),
            C::PeerScaleKnown => yes(reverse.scale != Scale::Unknown),
            C::FillsPeerWindow => {
                let (end, edge) = (segment.data_end(), reverse.last_ack + reverse.scaled_window());
                (end == edge, here(end), here(edge))
            }
            C::PeerKeptAlive => yes(reverse.signs.has(Sign::KeepAlive)),
            C::PeerProbed => yes(reverse.signs.has(Sign::ZeroWindowProbe)),
            C::KnownPeerData => yes(reverse.contiguous != SeqNo(0)),
            C::AckBeyondSeen => {
                let (ack, seen) = (segment.acknowledgment, reverse.contiguous);
                (ack.is_after(seen), there(ack), there(seen))
            }
            C::NoKeepAlive => yes(!signs.has(Sign::KeepAlive)),
            C::KnownPeerAck => yes(reverse.last_ack != SeqNo(0)),
            C::AllAcked => {
                let (end, acked) = (segment.data_end(), reverse.last_ack);
                (!end.is_after(acked), here(end), here(acked))
            }
            C::TwoDuplicates => (reverse.duplicates >= 2, i64::from(reverse.duplicates), 2),
            C::AtPeerAck => (reverse.last_ack == sequence, here(sequence), here(reverse.last_ack)),
            C::SoonAfterPeer => soon(segment.time, reverse.last_ack_time, FAST),
            C::SoonAfterHighest => soon(segment.time, forward.next_time, about.initial_rtt.unwrap_or(OVERTAKEN)),
            C::NotTheHighest => (segment.end() != next, here(segment.end()), here(next)),
            C::Syn => yes(segment.has(Flags::SYN)),
            C::PortsUsedBefore => yes(signs.has(Sign::ReusedPorts)),
        };
        Weighed { met, found, limit }
    }
}

/// Whether less than `limit` passed. Time that ran backwards is a very long time, as in Wireshark.
fn soon(time: Nanos, since: Nanos, limit: Nanos) -> (bool, i64, i64) {
    let passed = (time - since).0;
    (passed.cast_unsigned() < limit.0.cast_unsigned(), passed, limit.0)
}
