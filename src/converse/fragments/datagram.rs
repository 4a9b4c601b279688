//! One datagram on its way to being whole: which bytes have arrived, and what was wrong with those that did.

use super::{Incomplete, Key, Part};
use crate::converse::filling::Filling;
use crate::model::{FrameNo, Nanos};
use crate::proto::{ipv4, ipv6};

/// Longest datagram behind its IP header, in bytes.
const LONGEST: usize = 65_535;
/// Most fragments remembered: more pieces of eight bytes do not fit a datagram.
const FRAGMENTS: usize = LONGEST / 8 + 1;

#[derive(Debug)]
pub(super) struct Datagram {
    pub key: Key,
    /// When its first fragment was seen.
    pub begun: Nanos,
    /// Its fragments, in the order they came.
    fragments: Vec<Fragment>,
    head: Option<Vec<u8>>,
    payload: Filling,
    /// Known once the last fragment has arrived.
    length: Option<usize>,
    version_6: bool,
    /// Not to be put together any more (RFC 5722).
    overlapped: bool,
}

/// A fragment that has arrived.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fragment {
    pub frame: FrameNo,
    /// Where its payload begins.
    start: usize,
    pub wrongs: Wrongs,
}

/// What is wrong with a fragment: a bit for each [`Wrong`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wrongs(u8);

impl Wrongs {
    pub(super) fn has(self, wrong: Wrong) -> bool {
        self.0 >> wrong as u8 & 1 == 1
    }

    fn of(list: impl IntoIterator<Item = (bool, Wrong)>) -> Self {
        Self(list.into_iter().filter(|(is_so, _)| *is_so).fold(0, |bits, (_, wrong)| bits | 1 << wrong as u8))
    }
}

/// What can be wrong with a fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// It brings bytes that are here already.
    Overlap,
    /// They are not the same.
    Conflict,
    /// It ends the datagram elsewhere than another does.
    Tails,
    /// It goes beyond the end of the datagram, or of what a datagram can be.
    TooLong,
}

impl Datagram {
    pub(super) fn new(part: &Part<'_>, begun: Nanos) -> Self {
        Self {
            key: part.key,
            begun,
            fragments: Vec::new(),
            head: None,
            payload: Filling::with_holes(FRAGMENTS),
            length: None,
            version_6: part.version_6,
            overlapped: false,
        }
    }

    /// Takes a fragment in, and tells what is wrong with it.
    pub(super) fn take(&mut self, part: &Part<'_>, frame: FrameNo) -> Wrongs {
        let start = part.start;
        let wrongs = self.judge(part);
        if self.fragments.len() < FRAGMENTS {
            self.fragments.push(Fragment { frame, start, wrongs });
        }
        if self.overlapped {
            self.payload = Filling::with_holes(0);
            return wrongs;
        }
        let end = start + part.payload.len();
        if end > LONGEST {
            return wrongs;
        }
        if start == 0 && self.head.is_none() {
            self.head = Some(part.head.clone());
        }
        // The time to live is that of the fragment that came last, as Wireshark has it.
        let place = if self.version_6 { ipv6::HOP_LIMIT } else { ipv4::TTL };
        if let Some((hops, latest)) = self.head.as_mut().and_then(|head| head.get_mut(place)).zip(part.head.get(place))
        {
            *hops = *latest;
        }
        if !part.more && self.length.is_none() {
            self.length = Some(end);
        }
        self.payload.add(start, part.payload.len(), part.payload);
        wrongs
    }

    /// What is wrong with a fragment that is about to be taken in.
    fn judge(&mut self, part: &Part<'_>) -> Wrongs {
        let (start, end) = (part.start, part.start + part.payload.len());
        let (overlap, conflict) = self.payload.compare(start, part.payload);
        let repeated = overlap && !conflict && self.payload.arrived().iter().any(|run| run.0 <= start && end <= run.1);
        self.overlapped |= self.version_6 && overlap && !repeated;
        Wrongs::of([
            (overlap, Wrong::Overlap),
            (conflict, Wrong::Conflict),
            (!part.more && self.length.is_some_and(|length| end != length), Wrong::Tails),
            (end > LONGEST || self.length.is_some_and(|length| end > length), Wrong::TooLong),
        ])
    }

    /// Its fragments, by their place in the whole.
    pub(super) fn fragments(&self) -> Vec<Fragment> {
        let mut sorted = self.fragments.clone();
        sorted.sort_by_key(|fragment| fragment.start);
        sorted
    }

    /// Bytes of payload of the whole; `None` while the last fragment is missing.
    pub(super) fn length(&self) -> Option<usize> {
        self.length
    }

    /// The whole datagram, once all of it is here.
    pub(super) fn whole(&self) -> Option<Vec<u8>> {
        let length = self.length.filter(|_| !self.overlapped)?;
        let payload = self.payload.bytes().get(..length)?;
        let head = self.head.as_deref()?;
        if self.version_6 { ipv6::fragment::joined(head, payload) } else { ipv4::joined(head, payload) }
    }

    /// What is missing.
    pub(super) fn incomplete(&self) -> Incomplete {
        let mut missing = Vec::new();
        let mut from = 0;
        for &(start, end) in self.payload.arrived() {
            if start > from {
                missing.push((from, Some(start)));
            }
            from = end;
        }
        if self.length.is_none_or(|length| from < length) {
            missing.push((from, self.length));
        }
        Incomplete {
            source: self.key.source,
            destination: self.key.destination,
            identification: self.key.identification,
            frames: self.fragments.iter().map(|fragment| fragment.frame).collect(),
            missing,
            overlapped: self.overlapped,
        }
    }
}
