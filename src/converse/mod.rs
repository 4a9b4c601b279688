//! Packets → conversations: who asked, who answered, how long it took.
//!
//! A [`Tracker`] sees every packet of a capture once, in order, and adds to each what earlier packets say about it
//! ([`Packet::generated`]). It also puts fragments back together, so that a reply in pieces is still a reply.

mod echo;
mod fragments;
pub mod tcp;

pub use echo::Echoes;
pub use fragments::{Incomplete, Reassembler};
use tcp::Streams;

use crate::model::{Frame, Packet};

/// Follows every conversation of one capture. Memory is bounded whatever the capture holds.
#[derive(Debug, Default)]
pub struct Tracker {
    echoes: Echoes,
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
        let piece = self.fragments.observe(packet);
        // What a fragment begins with counts when the whole is here.
        if !packet.layers.iter().any(|layer| layer.fragment && !layer.quoted) {
            self.echoes.observe(packet);
            self.streams.observe(packet);
        }
        piece
    }

    /// Adds to `packet`, dissected from a [`Piece::Last`], what earlier packets say about it.
    pub fn observe_reassembled(&mut self, packet: &mut Packet<'_>) {
        self.echoes.observe(packet);
        self.streams.observe(packet);
    }

    /// The datagrams of which fragments are missing, at this point of the capture.
    pub fn incomplete(&self) -> impl Iterator<Item = Incomplete> {
        self.fragments.incomplete()
    }
}
