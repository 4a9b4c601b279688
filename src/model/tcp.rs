//! What the two ends of a TCP connection count, are in, and come to.

use std::fmt;
use std::net::Ipv4Addr;
use std::ops::{Add, Sub};

use super::{FrameNo, Nanos};

/// A TCP sequence number. Sequence numbers count bytes and wrap at 2³² (RFC 9293 §3.4), so "less than" only has a
/// meaning for numbers within half the circle of each other. That is no order in the sense of `Ord` (a < b < c < a
/// is possible), hence the comparisons have names of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SeqNo(pub u32);

impl SeqNo {
    /// Whether this number comes before `other`.
    #[must_use]
    pub fn is_before(self, other: Self) -> bool {
        self.0.wrapping_sub(other.0) > u32::MAX / 2
    }

    /// Whether this number comes after `other`.
    #[must_use]
    pub fn is_after(self, other: Self) -> bool {
        other.is_before(self)
    }

    /// Whether this number is one of the `length` numbers that begin at `start`.
    #[must_use]
    pub fn is_within(self, start: Self, length: u32) -> bool {
        self - start < length
    }

    /// The later of two numbers.
    #[must_use]
    pub fn later(self, other: Self) -> Self {
        if self.is_before(other) { other } else { self }
    }
}

impl Add<u32> for SeqNo {
    type Output = Self;
    fn add(self, count: u32) -> Self {
        Self(self.0.wrapping_add(count))
    }
}

impl Sub<u32> for SeqNo {
    type Output = Self;
    fn sub(self, count: u32) -> Self {
        Self(self.0.wrapping_sub(count))
    }
}

impl Sub for SeqNo {
    type Output = u32;
    /// How many numbers lie from `start` to here, going forward.
    fn sub(self, start: Self) -> u32 {
        self.0.wrapping_sub(start.0)
    }
}

impl fmt::Display for SeqNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The states of one end of a connection (RFC 9293 §3.3.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TcpState {
    /// No connection.
    #[default]
    Closed,
    /// Ready for anybody's SYN.
    Listen,
    /// SYN sent, nothing heard.
    SynSent,
    /// SYN heard and sent, ours not acknowledged yet.
    SynReceived,
    /// Both SYNs acknowledged: data may flow.
    Established,
    /// FIN sent first, not acknowledged yet.
    FinWait1,
    /// Our FIN is acknowledged; the other end may still send.
    FinWait2,
    /// The other end's FIN was heard; we may still send.
    CloseWait,
    /// Both FINs crossed; ours is not acknowledged yet.
    Closing,
    /// FIN sent after the other end's; not acknowledged yet.
    LastAck,
    /// Everything is said; waiting until no old segment can be on its way any more.
    TimeWait,
}

impl TcpState {
    /// The standard's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Closed => "CLOSED",
            Self::Listen => "LISTEN",
            Self::SynSent => "SYN-SENT",
            Self::SynReceived => "SYN-RECEIVED",
            Self::Established => "ESTABLISHED",
            Self::FinWait1 => "FIN-WAIT-1",
            Self::FinWait2 => "FIN-WAIT-2",
            Self::CloseWait => "CLOSE-WAIT",
            Self::Closing => "CLOSING",
            Self::LastAck => "LAST-ACK",
            Self::TimeWait => "TIME-WAIT",
        }
    }

    /// Every state, in the order of the standard's list.
    pub const ALL: [Self; 11] = [
        Self::Listen,
        Self::SynSent,
        Self::SynReceived,
        Self::Established,
        Self::FinWait1,
        Self::FinWait2,
        Self::CloseWait,
        Self::Closing,
        Self::LastAck,
        Self::TimeWait,
        Self::Closed,
    ];
}

impl fmt::Display for TcpState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What the SYN of one end says about the segments that it wants to get.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// Largest payload it takes in one segment (RFC 9293 §3.7.1); `None` stands for 536.
    pub mss: Option<u16>,
    /// How far its windows are shifted, 0–14 (RFC 7323 §2.2).
    pub window_scale: Option<u8>,
    /// It understands selective acknowledgements (RFC 2018 §2).
    pub sack: bool,
    /// It offers timestamps (RFC 7323 §3.2).
    pub timestamps: bool,
}

/// What holds for a connection once both SYNs have been heard. The MSS is announced by each side for itself and
/// never negotiated; the other three hold only when both sides offer them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Negotiated {
    /// What our SYN said.
    pub ours: Offer,
    /// What the other end's SYN said.
    pub theirs: Offer,
}

impl Negotiated {
    /// Payload in bytes of the largest segment that the other end takes (RFC 9293 §3.7.1: 536 when it did not say).
    #[must_use]
    pub fn their_mss(&self) -> u16 {
        self.theirs.mss.unwrap_or(536)
    }

    /// How far our windows and theirs are shifted: both, or neither (RFC 7323 §2.2). A shift above 14 counts as 14
    /// (§2.3).
    #[must_use]
    pub fn shifts(&self) -> Option<(u8, u8)> {
        self.ours.window_scale.zip(self.theirs.window_scale).map(|(ours, theirs)| (ours.min(14), theirs.min(14)))
    }

    /// Selective acknowledgements may be used.
    #[must_use]
    pub fn sack(&self) -> bool {
        self.ours.sack && self.theirs.sack
    }

    /// Every segment carries timestamps.
    #[must_use]
    pub fn timestamps(&self) -> bool {
        self.ours.timestamps && self.theirs.timestamps
    }
}

/// What an attempt to connect says about a port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PortState {
    /// A SYN/ACK came.
    Open,
    /// RST came instead.
    Closed,
    /// Nothing came.
    #[default]
    Filtered,
    /// An ICMP error came instead.
    Unreachable,
    /// Nothing could be asked: no SYN reached the wire.
    Error,
}

impl PortState {
    /// The word of the JSON contract.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Filtered => "filtered",
            Self::Unreachable => "unreachable",
            Self::Error => "error",
        }
    }
}

/// Why a connection is no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// Both ends said FIN, and each acknowledged the other's.
    Finished,
    /// The other end sent RST.
    ResetByPeer,
    /// We sent RST, as planned.
    ResetAsPlanned,
    /// We sent RST because the other end did not close its half in the time allowed.
    ResetStillOpen,
    /// We sent RST because the user interrupted us.
    Interrupted,
    /// This host's kernel sent RST: it knew nothing of the connection.
    ResetByKernel,
    /// The other end acknowledged nothing any more; we sent RST and gave up.
    GaveUp,
}

/// One ICMP error that quotes a segment of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// Its frame.
    pub frame: FrameNo,
    /// Who sent it.
    pub from: Ipv4Addr,
    /// ICMP type.
    pub kind: u8,
    /// ICMP code.
    pub code: u8,
}

/// A frame from the other end, and the TTL it came with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The frame.
    pub frame: FrameNo,
    /// Its TTL here.
    pub ttl: u8,
}

/// What became of one attempt to connect, as the frames show it. The default is an attempt that nothing came of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionSummary {
    /// What the port is.
    pub port: PortState,
    /// Our ACK of their SYN left: from here on we counted the connection as open.
    pub established: bool,
    /// From the SYN that was answered to the SYN/ACK, by capture time.
    pub connect_rtt: Option<Nanos>,
    /// How it ended; `None` when there was no connection to end.
    pub gone: Option<Gone>,
    /// Bytes of payload that we sent, repetitions not counted.
    pub bytes_sent: u64,
    /// Bytes of payload that came, in order, repetitions not counted.
    pub bytes_received: u64,
    /// Both ends' offers; `None` when no SYN/ACK came.
    pub negotiated: Option<Negotiated>,
    /// Frames of our SYNs.
    pub syns: Vec<FrameNo>,
    /// The SYN/ACK.
    pub answer: Option<Heard>,
    /// The frame that made us ESTABLISHED: our first ACK.
    pub confirmed: Option<FrameNo>,
    /// The first later segment that shows that our ACK arrived.
    pub proof: Option<FrameNo>,
    /// The RST that ended it, from either end.
    pub reset: Option<Heard>,
    /// Frames with a FIN, ours and theirs, and the bare acknowledgements of FINs, in order.
    pub goodbye: Vec<FrameNo>,
    /// We closed first.
    pub closed_first: bool,
    /// How many segments were sent again by us.
    pub repeated: u32,
    /// ICMP errors that quote our segments.
    pub complaints: Vec<Complaint>,
    /// The operating system refused to send, and why (`errno`).
    pub refused: Option<i32>,
}

impl ConnectionSummary {
    /// `fin` or `rst` of the JSON contract: how the connection was closed.
    #[must_use]
    pub fn close(&self) -> Option<&'static str> {
        self.gone.map(|gone| if gone == Gone::Finished { "fin" } else { "rst" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_numbers_wrap() {
        let last = SeqNo(u32::MAX);
        assert_eq!(last + 1, SeqNo(0));
        assert_eq!(SeqNo(0) - 1, last);
        assert_eq!(SeqNo(4) - last, 5);
        assert!(last.is_before(SeqNo(0)) && SeqNo(0).is_after(last));
        assert!(!last.is_before(last) && !last.is_after(last));
        assert!(SeqNo(3).is_within(last, 5) && !SeqNo(4).is_within(last, 5) && !SeqNo(u32::MAX - 1).is_within(last, 5));
        assert_eq!(last.later(SeqNo(2)), SeqNo(2));
        assert_eq!(SeqNo(2).later(last), SeqNo(2));
    }

    #[test]
    fn states_have_the_standards_names() {
        let names: std::collections::HashSet<_> = TcpState::ALL.map(|state| state.to_string()).into();
        assert_eq!(names.len(), TcpState::ALL.len());
        assert_eq!(format!("{:<12}|", TcpState::FinWait1), "FIN-WAIT-1  |");
    }

    #[test]
    fn scaling_sack_and_timestamps_need_both_ends() {
        let all = Offer { mss: Some(1460), window_scale: Some(7), sack: true, timestamps: true };
        let both = Negotiated { ours: all, theirs: Offer { window_scale: Some(15), ..all } };
        assert_eq!((both.shifts(), both.sack(), both.timestamps()), (Some((7, 14)), true, true));
        let one = Negotiated { ours: all, theirs: Offer::default() };
        assert_eq!((one.shifts(), one.sack(), one.timestamps(), one.their_mss()), (None, false, false, 536));
    }
}
