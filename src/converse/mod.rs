//! Packets → conversations: who asked, who answered, how long it took.
//!
//! A [`Tracker`] sees every packet of a capture once, in order, and adds to each what earlier packets say about it
//! ([`Packet::generated`]). It also puts fragments back together, so that a reply in pieces is still a reply.

mod between;
pub mod conversation;
mod count;
mod echo;
mod fragments;
pub mod owners;
mod pair;
mod questions;
mod remember;
pub mod tcp;
mod udp;

pub use between::Between;
use conversation::Found;
pub use conversation::{Conversation, ConversationNo, Conversations, Speaker};
pub use count::Count;
pub use echo::Echoes;
pub use fragments::{Incomplete, Reassembler};
use owners::Owners;
pub use questions::Questions;
use tcp::Streams;
use udp::Datagrams;

use crate::model::{Frame, LayerView, Packet};
use crate::proto::{dns, ip};

/// Follows every conversation of one capture. Memory is bounded whatever the capture holds.
#[derive(Debug, Default)]
pub struct Tracker {
    owners: Owners,
    echoes: Echoes,
    fragments: Reassembler,
    streams: Streams,
    datagrams: Datagrams,
    questions: Questions,
    conversations: Conversations,
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

/// Whether a layer inside IP is taken for what it is. One in a fragment has to wait until the datagram is whole, which
/// it never will be where the capture cut the fragment.
fn is_read_alone(view: LayerView<'_, '_>) -> bool {
    let frame = view.packet.frame;
    let waits = || frame.original <= frame.bytes.len() && !ip::enclosing(view).is_some_and(ip::is_unfragmented);
    view.layer().quoted || !waits()
}

impl Tracker {
    /// Adds to `packet` what earlier packets say about it, finds its conversation, and tells fragments from whole
    /// datagrams.
    pub fn observe(&mut self, packet: &mut Packet<'_>) -> (ConversationNo, Speaker, Piece) {
        let conflict = self.owners.observe(packet);
        let piece = self.fragments.observe(packet);
        // What a fragment begins with counts when the whole is here.
        if !packet.layers.iter().any(|layer| layer.fragment && !layer.quoted) {
            self.pair(packet);
        }
        let connection = self.streams.latest();
        let found = Found { conflict, piece: &piece, owners: &self.owners, connection };
        let (number, speaker) = self.conversations.observe(packet, &found);
        (number, speaker, piece)
    }

    /// Adds to `packet` what its own conversation's packets say about it.
    fn pair(&mut self, packet: &mut Packet<'_>) {
        self.echoes.observe(packet);
        self.streams.observe(packet);
        self.datagrams.observe(packet);
        if packet.layers.iter().any(|layer| dns::is_message(layer.header))
            && let Some(between) = Between::read(packet)
        {
            self.questions.observe(packet, between);
        }
    }

    /// The conversations of the packets so far.
    #[must_use]
    pub fn conversations(&self) -> &Conversations {
        &self.conversations
    }

    /// The same, to take those that have ended.
    pub fn conversations_mut(&mut self) -> &mut Conversations {
        &mut self.conversations
    }

    /// Adds to `packet`, dissected from a [`Piece::Last`], what earlier packets say about it.
    pub fn observe_reassembled(&mut self, packet: &mut Packet<'_>) {
        self.pair(packet);
        self.conversations.observe_whole(packet);
    }

    /// The TCP conversations.
    #[must_use]
    pub fn streams(&self) -> &Streams {
        &self.streams
    }

    /// The TCP conversations, to ask them for more than they tell on their own.
    pub fn streams_mut(&mut self) -> &mut Streams {
        &mut self.streams
    }

    /// The datagrams of which fragments are missing, at this point of the capture.
    pub fn incomplete(&self) -> impl Iterator<Item = Incomplete> {
        self.fragments.incomplete()
    }
}

#[cfg(test)]
pub(crate) mod tests;
