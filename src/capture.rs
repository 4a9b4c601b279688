//! Capture files in and out (pcap and pcapng), with netlab's notes as packet comments.
//!
//! What is written is valid at every moment: each packet goes to the file in one piece as it is seen, so that an
//! interrupt, a kill or a full disk costs at most what came after it.

mod destination;
mod read;
mod write;

use crate::model::{Frame, LinkType};

pub use destination::Destination;
pub use read::Reader;
pub use write::{Source, Writer};

/// A frame of a capture file and what was written beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The frame, numbered from 1 in the order of the file.
    pub frame: Frame,
    /// Packet comments: text from a file, to be escaped before it is shown.
    pub comments: Vec<String>,
}

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
