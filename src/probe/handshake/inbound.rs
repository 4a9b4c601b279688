//! The receiving half of a connection: the peer's byte stream, put in order (RFC 9293 §3.4).

use crate::model::SeqNo;

/// Bytes of the stream kept for the story; what comes after them is acknowledged and only counted.
const KEPT: usize = 1 << 20;
/// Blocks held out of order at most; what would be one more is dropped, and the peer sends it again.
const BLOCKS: usize = 64;

/// What one segment brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct News {
    /// Something that was not known before: bytes in or out of order, or the FIN.
    pub fresh: bool,
    /// Bytes that extend the stream.
    pub bytes: bool,
}

/// What arrived of the peer's stream.
#[derive(Debug, Default)]
pub struct Inbound {
    next: SeqNo,
    window: u32,
    bytes: Vec<u8>,
    total: u64,
    /// Blocks beyond a gap: first sequence number and bytes, in order, not touching each other.
    waiting: Vec<(SeqNo, Vec<u8>)>,
    /// The block that changed last; SACK names it first (RFC 2018 §4).
    latest: Option<SeqNo>,
    fin: Option<SeqNo>,
    finished: bool,
}

impl Inbound {
    /// The peer's first byte will have the number `next`, and `window` bytes beyond it are welcome at any time.
    pub fn begin(&mut self, next: SeqNo, window: u32) {
        (self.next, self.window) = (next, window);
    }

    /// The number expected next: what we acknowledge.
    pub fn next(&self) -> SeqNo {
        self.next
    }

    /// Bytes received in order.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The beginning of the stream, as much of it as is kept.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The FIN arrived, and everything before it.
    pub fn finished(&self) -> bool {
        self.finished
    }

    /// Whether `sequence` lies in the window we announce.
    pub fn in_window(&self, sequence: SeqNo) -> bool {
        sequence.is_within(self.next, self.window)
    }

    /// Whether a segment of `length` sequence numbers from `sequence` on may be looked at (RFC 9293 §3.10.7.4).
    pub fn is_acceptable(&self, sequence: SeqNo, length: u32) -> bool {
        match (length, self.window) {
            (0, 0) => sequence == self.next,
            (0, _) => self.in_window(sequence),
            (_, 0) => false,
            _ => self.in_window(sequence) || self.in_window(sequence + (length - 1)),
        }
    }

    /// The edges of at most `most` blocks beyond a gap, the one that changed last first (RFC 2018 §3).
    pub fn blocks(&self, most: usize) -> Vec<(u32, u32)> {
        let recent = |start: &SeqNo| Some(*start) == self.latest;
        let first = self.waiting.iter().filter(|(start, _)| recent(start));
        let others = self.waiting.iter().filter(|(start, _)| !recent(start));
        first.chain(others).take(most).map(|(start, bytes)| (start.0, (*start + length(bytes)).0)).collect()
    }

    /// Takes in the payload that begins at `sequence`, and the FIN after it.
    pub fn take(&mut self, sequence: SeqNo, payload: &[u8], fin: bool) -> News {
        let held = |inbound: &Self| {
            (inbound.next, inbound.finished, inbound.waiting.iter().map(|(_, bytes)| bytes.len()).sum::<usize>())
        };
        let before = held(self);
        if fin && !self.finished {
            self.fin.get_or_insert(sequence + length(payload));
        }
        let total = self.total;
        self.place(sequence, payload);
        if self.fin == Some(self.next) && !self.finished {
            self.next = self.next + 1;
            self.finished = true;
        }
        News { fresh: held(self) != before, bytes: self.total != total }
    }

    fn place(&mut self, sequence: SeqNo, payload: &[u8]) {
        // What lies before the next byte wanted is old, what lies behind the window unasked for.
        let skip = if sequence.is_before(self.next) { self.next - sequence } else { 0 };
        let start = sequence + skip;
        let room = self.window.saturating_sub(start - self.next) as usize;
        let fresh = payload.get(skip as usize..).unwrap_or_default();
        let fresh = &fresh[..fresh.len().min(room)];
        if self.finished || fresh.is_empty() {
            return;
        }
        if start == self.next && self.waiting.is_empty() {
            return self.deliver(fresh);
        }
        if self.waiting.len() == BLOCKS && start != self.next {
            return;
        }
        self.waiting.push((start, fresh.to_vec()));
        self.waiting.sort_by_key(|(start, _)| *start - self.next);
        let mut merged: Vec<(SeqNo, Vec<u8>)> = Vec::new();
        for (at, bytes) in std::mem::take(&mut self.waiting) {
            match merged.last_mut() {
                Some((first, run)) if (at - *first) as usize <= run.len() => {
                    // What arrived first stays; only what reaches further is added.
                    let known = run.len() - (at - *first) as usize;
                    run.extend_from_slice(bytes.get(known..).unwrap_or_default());
                }
                _ => merged.push((at, bytes)),
            }
        }
        self.latest =
            merged.iter().rev().find(|(first, run)| start.is_within(*first, length(run))).map(|(first, _)| *first);
        if merged.first().is_some_and(|(first, _)| *first == self.next) {
            let (_, run) = merged.remove(0);
            self.deliver(&run);
        }
        self.waiting = merged;
    }

    fn deliver(&mut self, run: &[u8]) {
        self.next = self.next + length(run);
        self.total += u64::from(length(run));
        let space = KEPT.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&run[..run.len().min(space)]);
    }
}

/// Bytes of an IP packet, or of a buffer bounded by the window: far below 2³².
fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(next: u32) -> Inbound {
        let mut inbound = Inbound::default();
        inbound.begin(SeqNo(next), 1000);
        inbound
    }

    #[test]
    fn a_gap_is_filled_whatever_the_order_and_overlap() {
        let text = b"abcdefghij";
        let pieces: [(usize, usize); 5] = [(6, 9), (2, 4), (3, 7), (0, 3), (8, 10)];
        for rotation in 0..pieces.len() {
            let mut inbound = begun(u32::MAX - 3);
            for offset in 0..pieces.len() {
                let (from, to) = pieces[(offset + rotation) % pieces.len()];
                inbound.take(SeqNo(u32::MAX - 3) + u32::try_from(from).expect("small"), &text[from..to], false);
            }
            assert_eq!(inbound.bytes(), text, "rotation {rotation}");
            assert_eq!((inbound.total(), inbound.next(), inbound.blocks(3)), (10, SeqNo(6), vec![]));
        }
    }

    #[test]
    fn blocks_beyond_a_gap_are_named_the_latest_first() {
        let mut inbound = begun(100);
        inbound.take(SeqNo(110), b"xx", false);
        inbound.take(SeqNo(120), b"yyy", false);
        assert_eq!(inbound.blocks(3), [(120, 123), (110, 112)]);
        inbound.take(SeqNo(112), b"z", false);
        assert_eq!(inbound.blocks(3), [(110, 113), (120, 123)]);
        assert_eq!(inbound.blocks(1), [(110, 113)]);
    }

    #[test]
    fn nothing_beyond_the_window_is_taken() {
        let mut inbound = begun(0);
        assert!(!inbound.take(SeqNo(1000), b"beyond", false).fresh);
        assert!(inbound.take(SeqNo(996), b"half beyond", false).fresh);
        assert_eq!(inbound.blocks(3), [(996, 1000)]);
        let mut shut = Inbound::default();
        shut.begin(SeqNo(5), 0);
        assert!(!shut.take(SeqNo(5), b"x", false).fresh);
        assert!(shut.is_acceptable(SeqNo(5), 0) && !shut.is_acceptable(SeqNo(5), 1));
    }

    #[test]
    fn old_bytes_are_no_news() {
        let mut inbound = begun(0);
        assert_eq!(inbound.take(SeqNo(0), b"abc", false), News { fresh: true, bytes: true });
        assert_eq!(inbound.take(SeqNo(0), b"abc", false), News { fresh: false, bytes: false });
        assert_eq!(inbound.take(SeqNo(1), b"bcd", false), News { fresh: true, bytes: true });
        assert_eq!(inbound.bytes(), b"abcd");
    }

    #[test]
    fn a_fin_waits_for_the_bytes_before_it() {
        let mut inbound = begun(0);
        assert!(inbound.take(SeqNo(3), b"def", true).fresh);
        assert!(!inbound.finished());
        inbound.take(SeqNo(0), b"abc", false);
        assert!(inbound.finished());
        assert_eq!((inbound.bytes(), inbound.next()), (&b"abcdef"[..], SeqNo(7)));
        assert!(!inbound.take(SeqNo(7), b"after the end", false).fresh);
    }

    #[test]
    fn memory_is_bounded() {
        let mut inbound = Inbound::default();
        inbound.begin(SeqNo(0), u32::MAX / 2);
        for block in 0..10_000_u32 {
            inbound.take(SeqNo(block * 4 + 2), b"x", false);
        }
        assert_eq!(inbound.waiting.len(), BLOCKS);
        let mut at = SeqNo(0);
        for _ in 0..3000 {
            inbound.take(at, &[7; 1460], false);
            at = at + 1460;
        }
        assert_eq!(inbound.bytes().len(), KEPT);
        assert_eq!(inbound.total(), 3000 * 1460);
    }
}
