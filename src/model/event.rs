//! What a probe reports while it runs.

use std::net::IpAddr;

use super::{FrameNo, HopReport, Nanos, Neighbour};

/// What became of one probe packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The answer asked for, in time.
    Reply,
    /// Nothing in the time allowed.
    Timeout,
    /// An ICMP error of type 3 (or another that says it will never arrive) quoting this probe.
    Unreachable {
        /// ICMP type.
        kind: u8,
        /// ICMP code.
        code: u8,
    },
    /// ICMP type 11 quoting this probe.
    TimeExceeded {
        /// ICMP code: 0 in transit, 1 while reassembling.
        code: u8,
    },
    /// A further answer to a probe that had one.
    Duplicate,
    /// The answer, after the time allowed.
    Late,
    /// The operating system did not take it: it never reached the wire.
    NotSent {
        /// The system's error number.
        errno: i32,
    },
}

/// One probe and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probed {
    /// Sequence number, counted from 1.
    pub seq: u16,
    /// TTL the probe was sent with.
    pub ttl: u8,
    /// What became of it.
    pub status: Status,
    /// Who answered.
    pub from: Option<IpAddr>,
    /// Reply's capture time − request's capture time.
    pub rtt: Option<Nanos>,
    /// Frame of the request (its first fragment).
    pub request: Option<FrameNo>,
    /// Frame of the answer.
    pub response: Option<FrameNo>,
}

/// Something a probe has to report, in the order it learned it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The fate of a probe packet.
    Probed(Probed),
    /// Somebody answered for an address, from a MAC address that had not answered for it before.
    Neighbour(Neighbour),
    /// A trace has learned what it can of one hop. They come in the order of their TTLs.
    Hop(HopReport),
    /// A packet that looks like an answer to this run and is none.
    Rejected {
        /// Which one.
        frame: FrameNo,
        /// The first thing wrong with it.
        mismatch: Mismatch,
    },
}

/// What keeps a packet from being the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// It was not sent to us.
    Destination,
    /// It comes from another host than the one asked.
    Source,
    /// Another identifier.
    Identifier,
    /// A sequence number that was never asked with.
    Sequence,
    /// An acknowledgement of something that was never sent.
    Acknowledgment,
    /// Other bytes than those sent.
    Payload,
    /// Its checksum is wrong.
    Checksum,
    /// An ICMP error about somebody else's packet.
    Quotation,
}

impl Status {
    /// The word of the JSON contract.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::Timeout => "timeout",
            Self::Unreachable { .. } => "unreachable",
            Self::TimeExceeded { .. } => "time-exceeded",
            Self::Duplicate => "duplicate",
            Self::Late => "late",
            Self::NotSent { .. } => "not-sent",
        }
    }
}
