//! Fast Open (RFC 7413): whether the data that came with a SYN was taken.

use super::segment::Segment;
use crate::proto::tcp::Flags;

/// What is known of it in one conversation.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FastOpen {
    /// A SYN brought a cookie and data.
    tried: bool,
}

impl FastOpen {
    /// Takes in a segment. Of a SYN/ACK, tells by its key what it says about the data: as in Wireshark, data is taken
    /// when more than the SYN is acknowledged, whatever came with the SYN, and ignored only where there was a cookie too.
    /// `acknowledged` is the number that the Info column shows: relative where somebody counts along.
    pub fn observe(&mut self, segment: &Segment, acknowledged: u32) -> Option<&'static str> {
        if !segment.has(Flags::SYN) {
            return None;
        }
        if !segment.has(Flags::ACK) {
            self.tried |= segment.said.cookie && segment.bytes() > 0;
            return None;
        }
        if acknowledged > 1 {
            return Some("tcp.analysis.tfo_ack");
        }
        self.tried.then_some("tcp.analysis.tfo_ignored")
    }
}
