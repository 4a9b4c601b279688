//! What to send next: state machines without I/O, clock or randomness.
//!
//! A [`Probe`] is asked what to do, told what time it is, and shown every packet that the sniffer saw, its own
//! included. The session drives it on a real wire, the tests with a scripted clock.

pub mod arp;
pub mod handshake;
pub mod neighbour;
pub mod ping;
pub mod trace;

use crate::model::{Event, MacAddr, Nanos, Packet};
use crate::proto::ethernet::{self, Ethernet};

/// What a probe wants to happen next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Put these packets on the wire, one after the other, now; then call [`Probe::sent`].
    Send(Outgoing),
    /// Nothing before this time, unless a packet is heard.
    Wait(Nanos),
    /// The probe has nothing more to ask.
    Done,
}

/// What to put on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// IP packets (one, or the fragments of one); the session addresses them to the next hop.
    Ip(Vec<Vec<u8>>),
    /// A whole link-layer frame.
    Link(Vec<u8>),
}

impl Outgoing {
    /// The bytes for the channel, in order. `envelope` holds the source and destination addresses of the link, where
    /// the link has such addresses.
    #[must_use]
    pub fn frames(self, envelope: Option<(MacAddr, MacAddr)>) -> Vec<Vec<u8>> {
        match (self, envelope) {
            (Self::Link(frame), _) => vec![frame],
            (Self::Ip(packets), None) => packets,
            (Self::Ip(packets), Some((source, destination))) => {
                let envelope = Ethernet { destination, source, ethertype: ethernet::IPV4 };
                packets.iter().map(|packet| ethernet::craft(&envelope, packet)).collect()
            }
        }
    }
}

/// A number that the operating system gave as the reason for not sending (`errno`).
pub type Errno = i32;

/// A question in progress.
///
/// `now` is the session's monotonic clock; it decides when to send and when to give up. Round-trip times come from
/// the frames' own capture times instead.
pub trait Probe {
    /// The next thing to do.
    fn next(&mut self, now: Nanos) -> Step;

    /// What became of the last [`Step::Send`]: on its way, or refused by the operating system.
    fn sent(&mut self, now: Nanos, result: Result<(), Errno>);

    /// A packet that the sniffer saw: ours going out, an answer, or somebody else's.
    fn heard(&mut self, now: Nanos, packet: &Packet<'_>);

    /// Hands over what was learned since the last call, in order.
    fn events(&mut self) -> Vec<Event>;
}
