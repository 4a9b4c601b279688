//! What a conversation has come to, as plain data: what its verdict is made from.
//!
//! Lists are bounded: the first frames are named, all are counted.

use std::net::IpAddr;

use smallvec::SmallVec;

pub use crate::converse::tcp::Moment;

use super::Kind;
use super::asking::Asking;
use super::exchange::Exchange;
use super::pinging::Pinging;
use crate::converse::tcp;
use crate::model::{FrameNo, MacAddr, Nanos};

/// Frames named at most in one list.
const NAMED: usize = 16;
/// Complaints told apart at most, enough for the routers of a long way. Further ones are not kept.
const COMPLAINTS: usize = 32;

/// What the kind of a conversation has to tell.
#[derive(Clone, Debug, Default)]
pub enum Facts {
    /// Nothing but what every conversation has.
    #[default]
    Plain,
    /// Questions for a MAC address.
    Asking(Box<Asking>),
    /// Echo requests and replies.
    Pinging(Box<Pinging>),
    /// Datagrams between two ports.
    Exchange(Box<Exchange>),
    /// A TCP connection.
    Connection(Box<tcp::Facts>),
}

impl Facts {
    /// Those of a conversation that begins.
    pub(super) fn of(kind: Kind) -> Self {
        match kind {
            Kind::Neighbour(..) => Self::Asking(Box::default()),
            Kind::Echo(..) => Self::Pinging(Box::default()),
            Kind::Udp(..) => Self::Exchange(Box::default()),
            Kind::Tcp(..) | Kind::Ip(..) | Kind::Link => Self::Plain,
        }
    }
}

/// Frames of one sort: the first of them, and how many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frames {
    count: u32,
    named: SmallVec<[FrameNo; 4]>,
}

/// Times from a question to its answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rtts {
    count: u32,
    min: i64,
    max: i64,
    sum: i128,
    squares: i128,
}

/// An ICMP error about packets of the conversation, in one or more frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// Who sent it. An IPv6 address means that type and code are those of `ICMPv6`.
    pub from: IpAddr,
    /// Its type.
    pub kind: u8,
    /// Its code.
    pub code: u8,
    /// The largest packet that the next link takes, where it says so.
    pub mtu: Option<u32>,
    /// Where the packet that it quotes was going.
    pub target: Option<IpAddr>,
    /// Its frames.
    pub frames: Frames,
}

/// What came in pieces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pieces {
    /// Fragments.
    pub fragments: Frames,
    /// Datagrams that the fragments seen make together, at the frames that completed them.
    pub wholes: Frames,
    /// Datagrams whose first fragment was seen.
    pub begun: u32,
}

/// What the headers below the conversation show of one end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Side {
    /// TTL (or hop limit) of its first packet, and the frame.
    pub ttl: Option<(u8, FrameNo)>,
    /// The first TTL that is another one.
    pub other_ttl: Option<(u8, FrameNo)>,
    /// The MAC address that its first packet came from.
    pub mac: Option<MacAddr>,
    /// That MAC address was told to be its own: no router in between. `None` where nobody told.
    pub is_near: Option<bool>,
}

/// What the first packet of a conversation had to wait for: a MAC address to send it to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Whose MAC address it was.
    pub address: IpAddr,
    /// The first question for it.
    pub question: Moment,
    /// Its answer.
    pub answer: Moment,
}

impl Frames {
    /// One more.
    pub fn see(&mut self, frame: FrameNo) {
        if self.named.len() < NAMED {
            self.named.push(frame);
        }
        self.count = self.count.saturating_add(1);
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// There is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The first of them, in the order seen.
    #[must_use]
    pub fn named(&self) -> &[FrameNo] {
        &self.named
    }

    /// The very first.
    #[must_use]
    pub fn first(&self) -> Option<FrameNo> {
        self.named.first().copied()
    }
}

impl Rtts {
    /// One more.
    pub fn see(&mut self, rtt: Nanos) {
        let rtt = rtt.0;
        (self.min, self.max) = if self.count == 0 { (rtt, rtt) } else { (self.min.min(rtt), self.max.max(rtt)) };
        self.count = self.count.saturating_add(1);
        self.sum += i128::from(rtt);
        self.squares += i128::from(rtt) * i128::from(rtt);
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The shortest, the mean and the longest with the deviation, as ping prints them; `None` when there are none.
    #[must_use]
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)] // RTTs are far below 2^53 ns
    pub fn summary(&self) -> Option<crate::model::RttSummary> {
        let count = i128::from(self.count);
        let avg = self.sum.checked_div(count)?;
        let variance = (self.squares - 2 * avg * self.sum + count * avg * avg) as f64 / count as f64;
        Some(crate::model::RttSummary {
            min: Nanos(self.min),
            avg: Nanos(avg as i64),
            max: Nanos(self.max),
            mdev: Nanos(variance.sqrt().round() as i64),
        })
    }
}

/// Files `complaint` among those of its kind and sender.
pub(super) fn file(complaints: &mut Vec<Complaint>, complaint: Complaint, frame: FrameNo) {
    let same = |one: &Complaint| (one.from, one.kind, one.code) == (complaint.from, complaint.kind, complaint.code);
    let known = complaints.iter().position(same);
    if known.is_none() && complaints.len() == COMPLAINTS {
        return;
    }
    let place = known.unwrap_or(complaints.len());
    let target = complaint.target;
    if known.is_none() {
        complaints.push(complaint);
    }
    let known = &mut complaints[place];
    known.target = known.target.or(target);
    known.frames.see(frame);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RttSummary;

    #[test]
    fn all_frames_are_counted_and_the_first_are_named() {
        let mut frames = Frames::default();
        for frame in 1..=100 {
            frames.see(FrameNo(frame));
        }
        assert_eq!((frames.count(), frames.named().len(), frames.first()), (100, NAMED, Some(FrameNo(1))));
    }

    #[test]
    fn figures_are_those_of_a_live_ping() {
        for times in [&[2, 4, 4, 4, 5, 5, 7, 9][..], &[1], &[10_000_000_000, 3, 77], &[]] {
            let mut rtts = Rtts::default();
            for &time in times {
                rtts.see(Nanos(time));
            }
            assert_eq!(rtts.summary(), RttSummary::of(times.iter().copied().map(Nanos)), "{times:?}");
        }
    }

    #[test]
    fn complaints_are_filed_by_sender_type_and_code() {
        let complaint = |from: u8, code| Complaint {
            from: IpAddr::from([10, 0, 0, from]),
            kind: 3,
            code,
            mtu: None,
            target: None,
            frames: Frames::default(),
        };
        let mut complaints = Vec::new();
        for frame in 0..3 {
            file(&mut complaints, complaint(1, 1), FrameNo(frame));
        }
        assert_eq!((complaints.len(), complaints[0].frames.count()), (1, 3));
        for from in 0..200 {
            file(&mut complaints, complaint(from, 0), FrameNo(9));
        }
        assert_eq!(complaints.len(), COMPLAINTS);
        // None is told as one of another kind.
        assert!(complaints[1..].iter().all(|one| one.code == 0 && one.frames.count() == 1));
    }
}
