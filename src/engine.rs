//! The understanding engine: frame → packet → what earlier frames say about it, in one pass.
//!
//! Live sessions and capture files go through here alike, which is why both tell the same story of the same frames. A
//! frame may complete something that came in pieces (a datagram, a message): that is a packet of its own, shown together
//! with the frame that completed it.

use smallvec::SmallVec;

use crate::converse::{ConversationNo, Conversations, Piece, Speaker, Tracker};
use crate::dissect::dissect;
use crate::model::{Fault, Frame, GeneratedList, LayerList, Packet};

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
        let mut packet = dissect(frame);
        let (conversation, speaker, piece) = self.tracker.observe(&mut packet);
        let is_piece = piece == Piece::Fragment;
        let datagram = completed(piece);
        let whole: SmallVec<[Packet<'_>; 1]> =
            datagram.iter().map(|datagram| self.understand_whole(datagram)).collect();
        let conversations = Some(self.tracker.conversations());
        show(&Seen { packet: &packet, whole: &whole, is_piece, conversation, speaker, conversations })
    }

    /// The same for somebody who wants to look at it again, later or elsewhere: `findings` will have all that is needed.
    pub fn see_and_keep<T>(
        &mut self,
        frame: &Frame,
        findings: &mut Findings,
        show: impl FnOnce(&Seen<'_, '_, '_>) -> T,
    ) -> T {
        let mut packet = dissect(frame);
        let (conversation, speaker, piece) = self.tracker.observe(&mut packet);
        let is_piece = piece == Piece::Fragment;
        let datagram = completed(piece);
        let whole: SmallVec<[Packet<'_>; 1]> = datagram.iter().map(|datagram| self.understand_whole(datagram)).collect();
        let conversations = Some(self.tracker.conversations());
        let shown = show(&Seen { packet: &packet, whole: &whole, is_piece, conversation, speaker, conversations });
        findings.parts.keep(packet);
        let of_whole = whole.into_iter().next().map(|packet| {
            let mut parts = Parts::default();
            parts.keep(packet);
            parts
        });
        findings.about = Some((is_piece, conversation, speaker));
        findings.whole = datagram.zip(of_whole).map(Box::new);
        shown
    }

    fn understand_whole<'w>(&mut self, datagram: &'w Frame) -> Packet<'w> {
        let mut packet = dissect(datagram);
        self.tracker.observe_reassembled(&mut packet);
        packet
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
    parts: Parts,
    whole: Option<Box<(Frame, Parts)>>,
    about: Option<(bool, ConversationNo, Speaker)>,
}

/// A packet without its frame.
#[derive(Debug, Default)]
struct Parts {
    layers: LayerList,
    faults: Vec<Fault>,
    generated: GeneratedList,
}

impl Parts {
    /// Takes over what a packet has. The lists are larger than what is in them, so they are not moved as they are.
    fn keep(&mut self, packet: Packet<'_>) {
        self.layers.clear();
        self.layers.extend_from_slice(&packet.layers);
        self.faults = packet.faults;
        self.generated.clear();
        self.generated.extend_from_slice(&packet.generated);
    }

    fn packet<'f>(&mut self, frame: &'f Frame) -> Packet<'f> {
        let Self { layers, faults, generated } = std::mem::take(self);
        Packet { frame, layers, faults, generated }
    }
}

impl Findings {
    /// Shows `frame`, which these findings are about, once; `None` when they are about none.
    pub fn show<T>(&mut self, frame: &Frame, show: impl FnOnce(&Seen<'_, '_, '_>) -> T) -> Option<T> {
        let (is_piece, conversation, speaker) = self.about.take()?;
        let (datagram, of_whole) = self.whole.take().map(|whole| *whole).unzip();
        let whole: SmallVec<[Packet<'_>; 1]> =
            datagram.iter().zip(of_whole).map(|(datagram, mut parts)| parts.packet(datagram)).collect();
        let packet = self.parts.packet(frame);
        let seen = Seen { packet: &packet, whole: &whole, is_piece, conversation, speaker, conversations: None };
        Some(show(&seen))
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
