//! One direction of a conversation, as far as later segments are judged by it.

use super::sign::Signs;
use super::unacked::Unacked;
use crate::model::{FrameNo, Nanos, SeqNo};

/// How the windows of one end are scaled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Scale {
    /// Its SYN was not seen.
    #[default]
    Unknown,
    /// One of the two did not offer scaling, so neither scales.
    Unused,
    /// Shifted by this much.
    Shift(u8),
}

/// Stands where the number of duplicate acknowledgements does, after the other end acknowledged something that is not in
/// the capture. As in Wireshark, it is larger than any number.
pub(super) const UNSEEN: u32 = u32::MAX;

/// Blocks of a selective acknowledgement that are remembered.
pub(super) const BLOCKS: usize = 3;

/// One direction. As in Wireshark, numbers that are 0 are not known yet.
#[allow(clippy::struct_excessive_bools)] // each is a fact about the direction, independent of the others
#[derive(Clone, Debug)]
pub(super) struct Flow {
    /// What its relative numbers are counted from.
    pub base: Option<SeqNo>,
    pub scale: Scale,
    /// The number after the highest one seen, and the segment that reached it.
    pub next: SeqNo,
    pub next_frame: FrameNo,
    pub next_time: Nanos,
    /// The number up to which nothing is missing.
    pub contiguous: SeqNo,
    /// What its latest segment acknowledges.
    pub last_ack: SeqNo,
    pub last_ack_time: Nanos,
    /// The greatest number that it acknowledged.
    pub greatest_ack: Option<SeqNo>,
    /// The first segment that acknowledged `last_ack`, and how often that was repeated since, or [`UNSEEN`].
    pub first_ack: FrameNo,
    pub duplicates: u32,
    /// The window of its latest segment, not scaled; the largest number before the first.
    pub window: u32,
    /// That window was in a SYN, which is never scaled.
    pub window_of_syn: bool,
    /// The signs of its latest segment.
    pub signs: Signs,
    /// What is in flight can be told: nothing was missing since the other end's latest acknowledgement.
    pub counts_flight: bool,
    pub unacked: Unacked,
    /// Bytes since the last segment with PSH, and whether the latest segment had it.
    pub pushed: u32,
    pub pushes: bool,
    /// Blocks that its latest segment said to have arrived, relative, and how many of them.
    pub blocks: [(u32, u32); BLOCKS],
    pub block_count: usize,
    /// It said FIN before the other end did.
    pub closes_first: bool,
}

impl Default for Flow {
    fn default() -> Self {
        Self {
            base: None,
            scale: Scale::Unknown,
            next: SeqNo(0),
            next_frame: FrameNo(0),
            next_time: Nanos(0),
            contiguous: SeqNo(0),
            last_ack: SeqNo(0),
            last_ack_time: Nanos(0),
            greatest_ack: None,
            first_ack: FrameNo(0),
            duplicates: 0,
            window: u32::MAX,
            window_of_syn: false,
            signs: Signs::default(),
            counts_flight: true,
            unacked: Unacked::default(),
            pushed: 0,
            pushes: false,
            blocks: [(0, 0); BLOCKS],
            block_count: 0,
            closes_first: false,
        }
    }
}

impl Flow {
    /// The window of its latest segment in bytes.
    pub fn scaled_window(&self) -> u32 {
        match self.scale {
            Scale::Shift(shift) if !self.window_of_syn => self.window.wrapping_shl(shift.into()),
            _ => self.window,
        }
    }

    /// Bytes that its latest selective acknowledgement says to have arrived.
    pub fn delivered(&self) -> u32 {
        self.blocks[..self.block_count]
            .iter()
            .fold(0, |sum: u32, (left, right)| sum.wrapping_add(right.wrapping_sub(*left)))
    }
}
