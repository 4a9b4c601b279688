//! The sending half of a connection: what is to be said, what was said, and what the peer acknowledged
//! (RFC 9293 §3.3.1, §3.8).

use std::ops::Range;

use crate::model::SeqNo;

/// Full segments in flight at most: the initial congestion window (RFC 6928 §2). A short visit never grows it.
const SEGMENTS: u32 = 10;
/// So many repeated acknowledgements mean that a segment is missing (RFC 5681 §3.2).
const DUPLICATES: u32 = 3;

/// What an acknowledgement changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acknowledged {
    /// New sequence numbers; the flag says that the segment now oldest should be sent again at once.
    News {
        /// Part of a loss that is being repaired.
        repair: bool,
    },
    /// Nothing new; the flag says that the oldest segment is missing at the other end.
    Nothing {
        /// The third repetition came.
        repair: bool,
    },
    /// A number that we never sent, or one from long ago (RFC 9293 §3.10.7.4, RFC 5961 §5.2).
    Impossible,
}

/// What we say, and how far it got.
#[derive(Debug)]
pub struct Outbound {
    isn: SeqNo,
    request: Vec<u8>,
    /// Oldest number sent and not acknowledged.
    unacknowledged: SeqNo,
    /// Next number to send.
    next: SeqNo,
    /// Number of our FIN, once it was sent.
    fin: Option<SeqNo>,
    /// Payload of our largest segments.
    segment: u32,
    /// Bytes that the peer takes beyond `unacknowledged`; the largest it ever took; and the sequence and
    /// acknowledgement numbers of the segment that said so.
    window: u32,
    widest: u32,
    said: (SeqNo, SeqNo),
    repetitions: u32,
    /// A loss is being repaired until this number is acknowledged.
    repairing: Option<SeqNo>,
}

impl Outbound {
    /// Will say `request`; the SYN has the number `isn`.
    pub fn new(isn: SeqNo, request: Vec<u8>) -> Self {
        Self {
            isn,
            request,
            unacknowledged: isn,
            next: isn,
            fin: None,
            segment: 536,
            window: 0,
            widest: 0,
            said: (SeqNo(0), isn),
            repetitions: 0,
            repairing: None,
        }
    }

    /// Our initial sequence number.
    pub fn isn(&self) -> SeqNo {
        self.isn
    }

    /// The number after the last one sent.
    pub fn next(&self) -> SeqNo {
        self.next
    }

    /// The SYN was sent.
    pub fn sent_syn(&mut self) {
        self.next = self.isn + 1;
    }

    /// The FIN was sent, after everything else.
    pub fn sent_fin(&mut self) {
        self.fin.get_or_insert(self.next);
        self.next = self.next + 1;
    }

    /// Both SYNs are known: the payload of a segment has at most `segment` bytes, and a first `window`, told by the
    /// segment with number `sequence`.
    pub fn agree(&mut self, segment: u32, window: u32, sequence: SeqNo) {
        self.segment = segment.max(1);
        (self.window, self.widest) = (window, window);
        self.said = (sequence, self.isn + 1);
    }

    /// A router on the way takes only payloads of at most `segment` bytes.
    pub fn shrink(&mut self, segment: u32) {
        self.segment = self.segment.min(segment.max(1));
    }

    /// Whether `sequence` was sent and is not acknowledged yet.
    pub fn is_in_flight(&self, sequence: SeqNo) -> bool {
        sequence.is_within(self.unacknowledged, self.next - self.unacknowledged)
    }

    /// Everything sent is acknowledged.
    pub fn is_settled(&self) -> bool {
        self.unacknowledged == self.next
    }

    /// All of the request was sent at least once.
    pub fn is_said(&self) -> bool {
        self.offered() == self.request.len()
    }

    /// Our FIN is acknowledged.
    pub fn is_finished(&self) -> bool {
        self.fin.is_some_and(|fin| self.unacknowledged.is_after(fin))
    }

    /// Bytes of the request that were sent at least once.
    pub fn offered(&self) -> usize {
        let end = self.fin.unwrap_or(self.next);
        if self.next == self.isn { 0 } else { (end - (self.isn + 1)) as usize }
    }

    /// The next new bytes that the peer has room for; they count as sent.
    pub fn advance(&mut self) -> Option<(SeqNo, Range<usize>)> {
        let room = self.window.min(SEGMENTS * self.segment).saturating_sub(self.next - self.unacknowledged);
        self.take(room)
    }

    /// One byte although the peer has no room: the answer says whether it has some now (RFC 9293 §3.8.6.1).
    pub fn probe_window(&mut self) -> Option<(SeqNo, Range<usize>)> {
        self.take(1)
    }

    fn take(&mut self, room: u32) -> Option<(SeqNo, Range<usize>)> {
        let from = self.offered();
        let count = (self.request.len() - from).min(self.segment.min(room) as usize);
        if count == 0 || self.fin.is_some() {
            return None;
        }
        let sequence = self.next;
        self.next = self.next + u32::try_from(count).unwrap_or(0);
        Some((sequence, from..from + count))
    }

    /// The oldest bytes that are not acknowledged; `None` when only the FIN is.
    pub fn oldest(&self) -> Option<(SeqNo, Range<usize>)> {
        let from = (self.unacknowledged - (self.isn + 1)) as usize;
        let to = self.offered().min(from.saturating_add(self.segment as usize));
        (from < to).then_some((self.unacknowledged, from..to))
    }

    /// The bytes of the request in `range`.
    pub fn bytes(&self, range: Range<usize>) -> &[u8] {
        self.request.get(range).unwrap_or_default()
    }

    /// The oldest segment is sent again: whatever is in flight now may be lost too.
    pub fn repair(&mut self) {
        self.repairing = Some(self.next);
        self.repetitions = 0;
    }

    /// Takes in the acknowledgement number and the window (in bytes) of a segment with the number `sequence`;
    /// `bare` says that it carries nothing else.
    pub fn acknowledge(&mut self, sequence: SeqNo, number: SeqNo, window: u32, bare: bool) -> Acknowledged {
        let old = self.unacknowledged - self.widest;
        if number.is_after(self.next) || number.is_before(old) {
            return Acknowledged::Impossible;
        }
        let same_window = window == self.window;
        // Only what is not older than the last word on the window counts (RFC 9293 §3.10.7.4: SND.WL1, SND.WL2).
        if self.said.0.is_before(sequence) || (self.said.0 == sequence && !number.is_before(self.said.1)) {
            self.window = window;
            self.widest = self.widest.max(window);
            self.said = (sequence, number);
        }
        if number.is_after(self.unacknowledged) {
            self.unacknowledged = number;
            self.repetitions = 0;
            let repair = match self.repairing {
                Some(end) if number.is_before(end) => true,
                _ => {
                    self.repairing = None;
                    false
                }
            };
            return Acknowledged::News { repair };
        }
        if number == self.unacknowledged && bare && same_window && !self.is_settled() {
            self.repetitions += 1;
            if self.repetitions == DUPLICATES && self.repairing.is_none() {
                self.repairing = Some(self.next);
                return Acknowledged::Nothing { repair: true };
            }
        }
        Acknowledged::Nothing { repair: false }
    }
}
