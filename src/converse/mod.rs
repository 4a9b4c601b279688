//! Packets → conversations: who asked, who answered, how long it took.
//!
//! A [`Tracker`] sees every packet of a capture once, in order, and adds to each what earlier packets say about it
//! ([`Packet::generated`]). It also puts IPv4 fragments back together, so that a reply in pieces is still a reply.

mod between;
mod dns;
mod echo;
mod fragments;
mod http;
pub mod messages;
pub mod tcp;

pub use between::Between;
pub use dns::Questions;
pub use echo::Echoes;
pub use fragments::Reassembler;
pub use http::Exchanges;
use tcp::Streams;

use crate::model::{Frame, Packet};

/// Follows every conversation of one capture. Memory is bounded whatever the capture holds.
#[derive(Debug, Default)]
pub struct Tracker {
    echoes: Echoes,
    /// The same for datagrams that came in fragments: theirs pair with each other, at the frames that completed them.
    reassembled: Echoes,
    fragments: Reassembler,
    streams: Streams,
}

/// What a frame is worth to whoever waits for an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// It stands for itself.
    Whole,
    /// A fragment; others are missing.
    Fragment,
    /// The fragment that completes a datagram: here it is, as a frame of its own (link type raw IP, with the number,
    /// time and direction of this fragment).
    Last(Frame),
}

impl Tracker {
    /// Adds to `packet` what earlier packets say about it, and tells fragments from whole datagrams.
    pub fn observe(&mut self, packet: &mut Packet<'_>) -> Piece {
        self.echoes.observe(packet);
        self.streams.observe(packet);
        self.fragments.observe(packet)
    }

    /// Adds to `packet`, dissected from a [`Piece::Last`], what earlier packets say about it.
    pub fn observe_reassembled(&mut self, packet: &mut Packet<'_>) {
        self.reassembled.observe(packet);
    }
}
