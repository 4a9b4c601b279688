//! The understanding engine: frame → packet → what earlier frames say about it, in one pass.
//!
//! Live sessions and capture files go through here alike, which is why both tell the same story of the same frames. A
//! frame may complete something that came in pieces (a datagram, a message): that is a packet of its own, shown together
//! with the frame that completed it.

use smallvec::SmallVec;

use crate::converse::{ConversationNo, Conversations, Piece, Speaker, Tracker};
use crate::dissect::dissect;
use crate::model::{Frame, Packet};

/// Understands the frames of one capture, in order.
#[derive(Debug, Default)]
pub struct Engine {
    tracker: Tracker,
}

/// One frame, understood as far as it and those before it tell.
#[derive(Debug)]
pub struct Seen<'s, 'f, 'w> {
    /// The frame's layers, with what earlier frames say about them.
    pub packet: &'s Packet<'f>,
    /// What the frame completes: the datagram that its fragments make together, the message that its segments do.
    pub whole: &'s [Packet<'w>],
    /// It is a piece of something that is not complete yet.
    pub is_piece: bool,
    /// The conversation it belongs to.
    pub conversation: ConversationNo,
    /// Who of that conversation sent it.
    pub speaker: Speaker,
    /// All conversations, this one included.
    pub conversations: &'s Conversations,
}

impl Engine {
    /// The tracker, for what it knows of conversations.
    #[must_use]
    pub fn tracker(&self) -> &Tracker {
        &self.tracker
    }

    /// The same, to take from it the conversations that have ended.
    pub fn tracker_mut(&mut self) -> &mut Tracker {
        &mut self.tracker
    }

    /// Understands `frame`, the next of the capture, and shows it to `show`.
    pub fn see<T>(&mut self, frame: &Frame, show: impl FnOnce(&Seen<'_, '_, '_>) -> T) -> T {
        let mut packet = dissect(frame);
        let (conversation, speaker, piece) = self.tracker.observe(&mut packet);
        let (datagram, is_piece) = match piece {
            Piece::Whole => (None, false),
            Piece::Fragment => (None, true),
            Piece::Last(datagram) => (Some(datagram), false),
        };
        let mut whole: SmallVec<[Packet<'_>; 1]> = SmallVec::new();
        if let Some(datagram) = &datagram {
            let mut packet = dissect(datagram);
            self.tracker.observe_reassembled(&mut packet);
            whole.push(packet);
        }
        let conversations = self.tracker.conversations();
        show(&Seen { packet: &packet, whole: &whole, is_piece, conversation, speaker, conversations })
    }
}

impl Seen<'_, '_, '_> {
    /// The one-line summary, in the words of Wireshark's Info column: that of what the frame completes, or its own.
    ///
    /// # Errors
    /// Only those of `out`.
    pub fn info(&self, out: &mut dyn std::fmt::Write) -> std::fmt::Result {
        self.last().info(out)
    }

    /// What the frame completes, or else the frame itself: whose layers say most.
    #[must_use]
    pub fn last(&self) -> &Packet<'_> {
        self.whole.last().unwrap_or(self.packet)
    }
}
