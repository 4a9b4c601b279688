//! Capture files in and out (pcap and pcapng), with netlab's notes as packet comments.
//!
//! Classic pcap and the blocks that hold frames are read and written by hand, because a capture may have millions of
//! them and may be damaged anywhere; the library `pcap-file` writes everything else.
//!
//! What is written is valid at every moment: each packet goes to the file in one piece as it is seen, so that an
//! interrupt, a kill or a full disk costs at most what came after it.

mod destination;
mod last;
mod read;
mod spool;
mod write;

use crate::model::{Frame, FrameNo, LinkType, Nanos};

pub use destination::Destination;
pub use last::{Last, last};
pub use read::Reader;
pub use spool::Spool;
pub use write::{Source, Writer};

/// A frame of a capture file and what was written beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The frame, numbered from 1 in the order of the file.
    pub frame: Frame,
    /// Packet comments: text from a file, to be escaped before it is shown.
    pub comments: Vec<String>,
}

impl Default for Record {
    /// An empty one, to be read into.
    fn default() -> Self {
        let (number, time, link) = (FrameNo(0), Nanos(0), LinkType::Ethernet);
        let frame =
            Frame { number, time, direction: None, link, original: 0, checksum_pending: false, bytes: Vec::new() };
        Self { frame, comments: Vec::new() }
    }
}

/// Bytes that a capture holds of one frame at most: no program captures more, and Wireshark takes a file that claims so
/// for damaged.
const LARGEST_FRAME: usize = 1 << 18;

/// Link types of the tcpdump.org registry and ours; where several are one to us, the first is what we write.
const LINK_TYPES: &[(u32, LinkType)] = &[
    (1, LinkType::Ethernet),
    (101, LinkType::RawIp),
    // The same in files of systems where a number of their own got into the file.
    (12, LinkType::RawIp),
    (14, LinkType::RawIp),
    // IPv4 only, IPv6 only.
    (228, LinkType::RawIp),
    (229, LinkType::RawIp),
    (113, LinkType::Cooked),
    (276, LinkType::Cooked2),
    (0, LinkType::Null),
    (108, LinkType::Loop),
];

/// Bits of the packet flags word (pcapng, "Enhanced Packet Block Flags Word").
mod flags {
    /// Bits 0–1: direction.
    pub const DIRECTION: u32 = 0b11;
    pub const INBOUND: u32 = 0b01;
    pub const OUTBOUND: u32 = 0b10;
    /// Bits 2–4: reception type; 4 is promiscuous, a frame that was not for this host.
    pub const RECEPTION: u32 = 0b111 << 2;
    pub const PROMISCUOUS: u32 = 4 << 2;
    /// Bit 9: the transport checksum was left to the network card.
    pub const CHECKSUM_NOT_READY: u32 = 1 << 9;
}
