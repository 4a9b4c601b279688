//! One ping: its requests, and what became of each.

use std::net::IpAddr;

use smallvec::SmallVec;

use super::facts::{Frames, Rtts};
use crate::model::{FrameNo, Nanos};
use crate::proto::icmp::Echo;

/// Requests whose answer may still come; when there are more, the oldest counts as lost.
const WAITING: usize = 16;

/// Machines that are told apart where many may answer.
const ANSWERERS: usize = 64;

/// Echo requests and replies with one identifier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pinging {
    /// The requests.
    pub requests: Frames,
    /// The first answer to each request that was seen.
    pub replies: Frames,
    /// Answers to requests that had one already.
    pub duplicates: Frames,
    /// Answers to requests that were not seen.
    pub unasked: Frames,
    /// Times from request to first answer.
    pub rtts: Rtts,
    /// Bytes of data in the first request or, without one, in the first reply.
    pub data: Option<usize>,
    /// Who answered a ping to many, as far as there is room.
    pub answerers: Vec<IpAddr>,
    waiting: SmallVec<[(u16, FrameNo); 4]>,
    /// Requests that were asked so long ago that no answer is waited for.
    lost: SmallVec<[(u16, FrameNo); 4]>,
    lost_count: u32,
    /// Sequence numbers of the latest requests that were answered.
    answered: SmallVec<[u16; 4]>,
    /// The latest request, and the latest reply, as the IP header tells them from others.
    latest: [Option<Mark>; 2],
}

/// What a packet keeps on its way: its sequence number and its identification in IPv4; and the TTL that it had left.
type Mark = (u16, u16, u8);

impl Pinging {
    /// Takes a request or a reply in. `asked` is what a reply answers, and how long after it; `mark` its identification
    /// and TTL in IPv4.
    pub(super) fn see(
        &mut self,
        echo: Echo,
        mark: Option<(u16, u8)>,
        frame: FrameNo,
        data: usize,
        asked: Option<(FrameNo, Nanos)>,
    ) {
        self.data.get_or_insert(data);
        let mark = mark.filter(|(id, _)| *id != 0).map(|(id, ttl)| (echo.sequence, id, ttl));
        let before = std::mem::replace(&mut self.latest[usize::from(echo.reply)], mark);
        // The same packet once more, behind a router that passed it on.
        let passed_on =
            mark.zip(before).is_some_and(|(now, before)| (now.0, now.1) == (before.0, before.1) && now.2 < before.2);
        if passed_on && asked.is_none() {
            if let Some(waiting) = self.waiting.iter_mut().find(|waiting| !echo.reply && waiting.0 == echo.sequence) {
                waiting.1 = frame;
            }
            return;
        }
        if !echo.reply {
            self.requests.see(frame);
            if self.waiting.len() == WAITING {
                let oldest = self.waiting.remove(0);
                self.lose(oldest);
            }
            self.waiting.push((echo.sequence, frame));
            return;
        }
        // The tracker pairs a request with its first answer only.
        let Some((request, rtt)) = asked else {
            let again = self.answered.contains(&echo.sequence);
            (if again { &mut self.duplicates } else { &mut self.unasked }).see(frame);
            return;
        };
        if self.answered.len() == WAITING {
            self.answered.remove(0);
        }
        self.answered.push(echo.sequence);
        let waited = |list: &[(u16, FrameNo)]| list.iter().position(|&(_, waiting)| waiting == request);
        if let Some(place) = waited(&self.waiting) {
            self.waiting.remove(place);
        } else if let Some(place) = waited(&self.lost) {
            self.lost.remove(place);
            self.lost_count -= 1;
        } else {
            self.duplicates.see(frame);
            return;
        }
        self.replies.see(frame);
        self.rtts.see(rtt);
    }

    pub(super) fn answered_by(&mut self, from: IpAddr) {
        if self.answerers.len() < ANSWERERS && !self.answerers.contains(&from) {
            self.answerers.push(from);
        }
    }

    fn lose(&mut self, request: (u16, FrameNo)) {
        if self.lost.len() < WAITING {
            self.lost.push(request);
        }
        self.lost_count = self.lost_count.saturating_add(1);
    }

    /// How many requests have no answer.
    #[must_use]
    pub fn unanswered(&self) -> u32 {
        self.lost_count.saturating_add(u32::try_from(self.waiting.len()).unwrap_or(u32::MAX))
    }

    /// The first of them: sequence number and frame.
    pub fn silent(&self) -> impl Iterator<Item = (u16, FrameNo)> {
        self.lost.iter().chain(&self.waiting).copied()
    }
}
