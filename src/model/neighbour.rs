//! Who is where on a link: what ARP answers tell, and what the kernel has noted.

use std::net::Ipv4Addr;

use super::{FrameNo, MacAddr, Nanos, RttSummary};

/// A machine that said "this address is at my MAC address".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// The address.
    pub address: Ipv4Addr,
    /// Where it is, by the answer's own words.
    pub mac: MacAddr,
    /// The answer's capture time − that of the last question before it. ARP does not say which question an answer
    /// answers.
    pub rtt: Option<Nanos>,
    /// That question.
    pub request: Option<FrameNo>,
    /// The answer.
    pub response: FrameNo,
}

/// The figures of an ARP run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ArpSummary {
    /// Packets of ours that reached the wire.
    pub sent: u32,
    /// Answers, repeated ones included.
    pub received: u32,
    /// Addresses that were answered for.
    pub neighbours: u32,
    /// Answers from a further MAC address for an address that another one had answered for.
    pub duplicates: u32,
    /// Packets that the operating system refused to send.
    pub not_sent: u32,
    /// `None` when nothing came back.
    pub rtt: Option<RttSummary>,
}

/// What the kernel's neighbour table has noted about an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableEntry {
    /// The address.
    pub address: Ipv4Addr,
    /// Its MAC address; `None` while it is asked for, or after nobody answered.
    pub mac: Option<MacAddr>,
    /// How sure the kernel is, in the words of `ip neigh`: `REACHABLE`, `STALE`, …
    pub state: &'static str,
}
