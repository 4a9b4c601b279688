//! Packets → conversations: who asked, who answered, how long it took.
//!
//! A [`Tracker`] sees every packet of a capture once, in order, and adds to each what earlier packets say about it
//! ([`Packet::generated`]). It also puts fragments back together, so that a reply in pieces is still a reply.

mod between;
pub mod conversation;
mod count;
mod echo;
mod filling;
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
pub use conversation::{Conversation, ConversationNo, Conversations, Speaker};
use conversation::{Found, Kind};
pub use count::Count;
pub use echo::Echoes;
pub use fragments::{Incomplete, Reassembler};
pub use http::Exchanges;
use messages::{Messages, Order, Outcome, Segment};
use owners::Owners;
pub use questions::Questions;
use tcp::{Heard, Sign, Signs, Streams};
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
    messages: Messages,
    exchanges: Exchanges,
    conversations: Conversations,
    /// The segment in the latest packet.
    heard: Option<Heard>,
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
        self.heard = None;
        // What a fragment begins with counts when the whole is here.
        if !packet.layers.iter().any(|layer| layer.fragment && !layer.quoted) {
            self.pair(packet);
        }
        let found = Found { conflict, piece: &piece, owners: &self.owners };
        let forgotten = self.streams.take_forgotten();
        // A conversation may be the first to be forgotten when it begins, and the first to end when another begins.
        self.conversations.connect(&forgotten);
        let (number, speaker) = self.conversations.observe(packet, &found);
        self.conversations.connect(&forgotten);
        (number, speaker, piece)
    }

    /// Adds to `packet` what its own conversation's packets say about it.
    fn pair(&mut self, packet: &mut Packet<'_>) {
        self.echoes.observe(packet);
        self.heard = self.streams.observe(packet);
        self.datagrams.observe(packet);
        if packet.layers.iter().any(|layer| dns::is_message(layer.header))
            && let Some(between) = Between::read(packet)
        {
            self.questions.observe(packet, between);
        }
    }

    /// The conversations of the packets so far. What became of a TCP connection is not in them yet:
    /// [`Self::conversation`] adds it.
    #[must_use]
    pub fn conversations(&self) -> &Conversations {
        &self.conversations
    }

    /// What one of them has come to, while it is followed.
    #[must_use]
    pub fn conversation(&self, number: ConversationNo) -> Option<Conversation> {
        self.conversations.of(number).map(|conversation| settled(&self.streams, conversation.clone()))
    }

    /// A conversation that is no longer followed, because there are too many or the capture is over: the one that went
    /// first.
    pub fn ended(&mut self) -> Option<Conversation> {
        self.conversations.ended().map(|conversation| settled(&self.streams, conversation))
    }

    /// For whoever does not ask for [`Self::ended`] conversations: from now on none is told, and it is only found which
    /// packet belongs to which, and who speaks. Of [`Self::conversations`] no more is known then than what each is, its
    /// ends, and its counts.
    pub fn only_tell_apart(&mut self) {
        self.conversations.only_tell_apart();
    }

    /// The capture is over: [`Self::ended`] tells all conversations that it did not tell before, in the order in which
    /// they began.
    pub fn finish(&mut self) {
        self.conversations.finish();
    }

    /// Adds to `packet`, dissected from a [`Piece::Last`], what earlier packets say about it.
    pub fn observe_reassembled(&mut self, packet: &mut Packet<'_>) {
        self.pair(packet);
        self.conversations.connect(&self.streams.take_forgotten());
        self.conversations.observe_whole(packet);
    }

    /// What the segment in `packet`, observed before, is to the messages of its stream.
    pub fn messages(&mut self, packet: &Packet<'_>) -> Outcome {
        let Some(heard) = self.heard.filter(|heard| heard.speaks) else { return Outcome::default() };
        let Some(segment) = Segment::read(packet, heard.stream, order(heard.signs)) else {
            return Outcome::default();
        };
        self.messages.observe(&segment)
    }

    /// Adds to the messages in a segment, and to those that it completes, what earlier messages say about them.
    pub fn observe_messages(&mut self, segment: &mut Packet<'_>, completed: Option<&mut Packet<'_>>) {
        let (Some(Heard { stream, .. }), Some(between)) = (self.heard, Between::read(segment)) else { return };
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

/// The conversation with what is known of its connection.
fn settled(streams: &Streams, mut conversation: Conversation) -> Conversation {
    if let Kind::Tcp(.., stream) = conversation.kind
        && let Some(facts) = streams.facts_of(stream)
    {
        conversation.connect(facts);
    }
    conversation
}

/// Where a segment with a sign stands; of several signs the first counts.
static ORDERS: [(Sign, Order); 5] = [
    (Sign::KeepAlive, Order::KeepAlive),
    (Sign::SpuriousRetransmission, Order::ForNothing),
    (Sign::OutOfOrder, Order::OutOfOrder),
    (Sign::FastRetransmission, Order::Regular),
    (Sign::Retransmission, Order::Again),
];

/// Where its analysis says that a segment stands.
fn order(signs: Signs) -> Order {
    ORDERS.iter().find(|(sign, _)| signs.has(*sign)).map_or(Order::Regular, |(_, order)| *order)
}

#[cfg(test)]
pub(crate) mod tests;
