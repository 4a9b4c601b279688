//! Packets → conversations: who asked, who answered, how long it took.
//!
//! A [`Tracker`] sees every packet of a capture once, in order, and adds to each what earlier packets say about it
//! ([`Packet::generated`]). It also puts IPv4 fragments back together, so that a reply in pieces is still a reply.

mod echo;
mod fragments;
pub mod tcp;

pub use echo::Echoes;
pub use fragments::Reassembler;
use tcp::Streams;

use crate::model::{Frame, Packet};

/// Follows every conversation of one capture. Memory is bounded whatever the capture holds.
#[derive(Debug, Default)]
pub struct Tracker {
    echoes: Echoes,
    fragments: Reassembler,
    streams: Streams,
}

impl Tracker {
    /// Adds to `packet` what earlier packets say about it. When it is the fragment that completes a datagram, returns
    /// that datagram as a frame of its own (link type raw IP, with the number, time and direction of this fragment);
    /// dissect it and let [`Tracker::observe`] see it too.
    pub fn observe(&mut self, packet: &mut Packet<'_>) -> Option<Frame> {
        self.echoes.observe(packet);
        self.streams.observe(packet);
        self.fragments.observe(packet)
    }
}
