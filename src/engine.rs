//! The understanding engine: frame → packet → what earlier frames say about it, in one pass.
//!
//! Live sessions and capture files go through here alike, which is why both tell the same story of the same frames. A
//! frame may complete something that came in pieces (a datagram, a message): that is a packet of its own, shown together
//! with the frame that completed it.

use smallvec::SmallVec;

use crate::converse::messages::Outcome;
use crate::converse::{ConversationNo, Conversations, Piece, Speaker, Tracker};
use crate::dissect::{dissect, dissect_into, dissect_messages, dissect_pieces};
use crate::model::{Frame, Packet, Parts};
use crate::proto::segment;

/// Understands the frames of one capture, in order.
#[derive(Debug, Default)]
pub struct Engine {
    tracker: Tracker,
    /// The room of the packet before.
    room: Option<Box<Parts>>,
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
    /// All conversations, this one included, where the frame is shown beside the tracker.
    pub conversations: Option<&'s Conversations>,
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
        let packet = dissect_into(frame, std::mem::take(&mut self.room));
        let (shown, Findings { parts, .. }) = self.understand(packet, show);
        self.room = parts;
        shown
    }

    /// The same for somebody who wants to look at it again, later or elsewhere: `findings`, which have to be those of
    /// [`Findings::dissect`] for this frame or empty, will have all that is needed.
    pub fn see_and_keep<T>(
        &mut self,
        frame: &Frame,
        findings: &mut Findings,
        show: impl FnOnce(&Seen<'_, '_, '_>) -> T,
    ) -> T {
        debug_assert!(findings.about.is_none(), "understood already");
        let packet = findings.parts.take().map_or_else(|| dissect(frame), |parts| parts.of(frame));
        let (shown, understood) = self.understand(packet, show);
        *findings = understood;
        shown
    }

    fn understand<T>(&mut self, mut packet: Packet<'_>, show: impl FnOnce(&Seen<'_, '_, '_>) -> T) -> (T, Findings) {
        let (conversation, speaker, piece) = self.tracker.observe(&mut packet);
        let is_piece = piece == Piece::Fragment;
        let datagram = completed(piece);
        let mut joined = datagram.as_ref().map(|datagram| self.understand_whole(datagram));
        let message = match &mut joined {
            Some(datagram) => self.messages(datagram, is_piece),
            None => self.messages(&mut packet, is_piece),
        };
        let (message, parts) = message.unzip();
        let told = message.as_ref().zip(parts).map(|(frame, parts)| parts.of(frame));
        let (conversations, about) = (Some(self.tracker.conversations()), Some((is_piece, conversation, speaker)));
        let seen = Seen { packet: &packet, whole: &[], is_piece, conversation, speaker, conversations };
        // Nearly all frames are complete in themselves, and a million of them pass.
        if joined.is_none() && told.is_none() {
            let shown = show(&seen);
            return (shown, Findings { parts: Some(packet.into_parts()), whole: Vec::new(), about });
        }
        let whole: SmallVec<[Packet<'_>; 1]> = joined.into_iter().chain(told).collect();
        let shown = show(&Seen { whole: &whole, ..seen });
        let parts = Some(packet.into_parts());
        let whole: SmallVec<[Option<Box<Parts>>; 1]> =
            whole.into_iter().map(|packet| Some(packet.into_parts())).collect();
        let whole = datagram.into_iter().chain(message).zip(whole).collect();
        (shown, Findings { parts, whole, about })
    }

    fn understand_whole<'w>(&mut self, datagram: &'w Frame) -> Packet<'w> {
        let mut packet = dissect(datagram);
        self.tracker.observe_reassembled(&mut packet);
        packet
    }

    /// Reads the messages in a segment as its stream understands them. What it completes is the answer: a frame of the
    /// message's bytes, and what they are.
    fn messages(&mut self, segment: &mut Packet<'_>, is_piece: bool) -> Option<(Frame, Box<Parts>)> {
        if is_piece {
            return None;
        }
        let Outcome { pieces, assembled } = self.tracker.messages(segment);
        if pieces.is_empty() && assembled.is_none() {
            return None;
        }
        dissect_pieces(segment, &pieces);
        let Some(assembled) = assembled else {
            self.tracker.observe_messages(segment, None);
            return None;
        };
        assembled.tell(segment);
        // Of a message that a late segment completes, Wireshark tells of which segments it is made, and not what it says.
        if assembled.pieces.is_empty() {
            self.tracker.observe_messages(segment, None);
            return None;
        }
        let pieces = assembled.pieces.clone();
        let frame = assembled.into_frame(segment.frame);
        let mut message = dissect_messages(&frame, &pieces);
        self.tracker.observe_messages(segment, Some(&mut message));
        let parts = message.into_parts();
        Some((frame, parts))
    }
}

/// The datagram that a piece completes.
fn completed(piece: Piece) -> Option<Frame> {
    match piece {
        Piece::Last(datagram) => Some(datagram),
        Piece::Whole | Piece::Fragment => None,
    }
}

/// What was understood of one frame: a [`Seen`] that can be kept, and shown to somebody who has the frame. To be used
/// again for another frame, because a million of them pass.
#[derive(Debug, Default)]
pub struct Findings {
    parts: Option<Box<Parts>>,
    /// What the frame completes: the bytes put together, and what they are.
    whole: Vec<(Frame, Option<Box<Parts>>)>,
    about: Option<(bool, ConversationNo, Speaker)>,
}

impl Findings {
    /// Reads in `frame` what is to be seen in it alone.
    pub fn dissect(&mut self, frame: &Frame) {
        self.parts = Some(dissect_into(frame, self.parts.take()).into_parts());
        self.about = None;
    }

    /// Shows `frame`, which these findings are about; `None` when they are about none.
    pub fn show<T>(&mut self, frame: &Frame, show: impl FnOnce(&Seen<'_, '_, '_>) -> T) -> Option<T> {
        let (is_piece, conversation, speaker) = self.about?;
        let packet = self.parts.take()?.of(frame);
        let seen = Seen { packet: &packet, whole: &[], is_piece, conversation, speaker, conversations: None };
        let shown = if self.whole.is_empty() {
            show(&seen)
        } else {
            let whole = self.whole.iter_mut().map(|(frame, parts)| parts.take().unwrap_or_default().of(frame));
            let whole: SmallVec<[Packet<'_>; 1]> = whole.collect();
            let shown = show(&Seen { whole: &whole, ..seen });
            let parts: SmallVec<[Box<Parts>; 1]> = whole.into_iter().map(Packet::into_parts).collect();
            self.whole.iter_mut().zip(parts).for_each(|((_, room), parts)| *room = Some(parts));
            shown
        };
        self.parts = Some(packet.into_parts());
        Some(shown)
    }
}

impl Seen<'_, '_, '_> {
    /// The one-line summary, in the words of Wireshark's Info column: that of what the frame completes, or its own.
    ///
    /// # Errors
    /// None: a string takes everything.
    pub fn info(&self, out: &mut String) -> std::fmt::Result {
        info(self.packet, self.whole, out)
    }

    /// The frame, and what it completes.
    pub fn packets(&self) -> impl Iterator<Item = &Packet<'_>> {
        std::iter::once(self.packet).chain(self.whole.iter().map(|whole| whole as &Packet<'_>))
    }

    /// The IP packet: that which the frame completes, or else the frame's own.
    #[must_use]
    pub fn datagram(&self) -> &Packet<'_> {
        self.whole.iter().find(|whole| !is_message(whole)).unwrap_or(self.packet)
    }

    /// What the frame completes, or else the frame itself: whose layers say most.
    #[must_use]
    pub fn last(&self) -> &Packet<'_> {
        self.whole.last().unwrap_or(self.packet)
    }
}

/// The one-line summary of `packet` and of what it completes.
///
/// # Errors
/// None: a string takes everything.
pub fn info(packet: &Packet<'_>, whole: &[Packet<'_>], out: &mut String) -> std::fmt::Result {
    match whole.split_last() {
        Some((message, before)) if is_message(message) => {
            segment::write_info(before.last().unwrap_or(packet), Some(message), out)
        }
        Some((datagram, _)) => datagram.info(out),
        None => segment::write_info(packet, None, out),
    }
}

/// Whether this was put together from segments, and has no layers below them.
fn is_message(whole: &Packet<'_>) -> bool {
    whole.layers.first().is_some_and(|layer| !matches!(layer.header.name, "ip" | "ipv6"))
}
