//! Datagrams between two ports.

use crate::model::Nanos;

use super::facts::{Frames, Moment};

/// Datagrams of both ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    /// Those of the first end, and of the other.
    pub datagrams: [Frames; 2],
    /// Bytes of data in them.
    pub bytes: [u64; 2],
    /// From the datagram before it to the first that the other end sent.
    pub first_answer: Option<Nanos>,
    latest: Option<Moment>,
}

impl Exchange {
    /// Takes a datagram of end `end` (0 or 1) in.
    pub(super) fn see(&mut self, end: usize, data: usize, now: Moment) {
        let end = end & 1;
        self.datagrams[end].see(now.frame);
        self.bytes[end] = self.bytes[end].saturating_add(data as u64);
        if end == 0 {
            self.latest = Some(now);
        } else if let Some(latest) = self.latest {
            self.first_answer.get_or_insert(now.time - latest.time);
        }
    }
}
