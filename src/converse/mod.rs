//! Packets → conversations: who asked, who answered, how long it took.
//!
//! A [`Tracker`] sees every packet of a capture once, in order, and adds to each what earlier packets say about it
//! ([`Packet::generated`]). It also puts fragments back together, so that a reply in pieces is still a reply.

mod between;
pub mod conversation;
mod count;
mod echo;
mod fragments;
mod http;
pub mod messages;
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
pub use http::Exchanges;
use messages::{Messages, Order, Outcome, Segment};
use owners::Owners;
pub use questions::Questions;
use tcp::Streams;
use udp::Datagrams;

use crate::model::{Frame, LayerView, Packet, Value};
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
    messages: Messages,
    exchanges: Exchanges,
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

    /// What the segment in `packet`, observed before, is to the messages of its stream.
    pub fn messages(&mut self, packet: &Packet<'_>) -> Outcome {
        let Some(stream) = stream(packet) else { return Outcome::default() };
        let Some(segment) = Segment::read(packet, stream, order(packet)) else { return Outcome::default() };
        self.messages.observe(&segment)
    }

    /// Adds to the messages in a segment, and to those that it completes, what earlier messages say about them.
    pub fn observe_messages(&mut self, segment: &mut Packet<'_>, completed: Option<&mut Packet<'_>>) {
        let (Some(stream), Some(between)) = (stream(segment), Between::read(segment)) else { return };
        // What began earlier comes before what else the segment holds.
        if let Some(message) = completed {
            self.questions.observe(message, between);
            self.exchanges.observe(message, stream);
            self.conversations.observe_messages(message);
        }
        self.questions.observe(segment, between);
        self.exchanges.observe(segment, stream);
        self.conversations.observe_messages(segment);
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

/// The number of the TCP conversation that a packet was found to belong to.
fn stream(packet: &Packet<'_>) -> Option<u32> {
    match packet.generated("tcp.stream")? {
        Value::Number(stream) => u32::try_from(stream).ok(),
        _ => None,
    }
}

/// Where its analysis says that a segment stands.
fn order(packet: &Packet<'_>) -> Order {
    let has = |key| packet.generated(key).is_some();
    match () {
        () if !has("tcp.analysis.flags") => Order::Regular,
        () if has("tcp.analysis.keep_alive") => Order::KeepAlive,
        () if has("tcp.analysis.spurious_retransmission") => Order::ForNothing,
        () if has("tcp.analysis.out_of_order") => Order::OutOfOrder,
        () if has("tcp.analysis.fast_retransmission") => Order::Regular,
        () if has("tcp.analysis.retransmission") => Order::Again,
        () => Order::Regular,
    }
}

#[cfg(test)]
pub(crate) mod tests;
