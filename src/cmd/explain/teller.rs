//! Who tells what was understood: the thread that reads, or another.

use super::relay::Relay;
use super::views::{Takes as _, View};
use crate::capture::Record;
use crate::converse::Conversation;
use crate::engine::Findings;
use crate::error::Result;
use crate::model::{Nanos, Note};

/// Takes packets and conversations in order, and tells them.
pub(super) enum Teller {
    /// At once.
    Direct(Box<Direct>),
    /// On another thread.
    Relay(Box<Relay>),
}

/// A view, and what the next packet is read into.
pub(super) struct Direct {
    view: View,
    record: Record,
    notes: Vec<Note>,
}

/// Who takes a packet.
pub(super) enum Taker<'t> {
    /// The view itself.
    View(&'t mut View),
    /// A place for what is understood of it; it has to be handed on then.
    Findings(&'t mut Findings),
}

impl Teller {
    /// Shares the work between two threads where that pays: for files, and for views that write much.
    pub(super) fn new(view: View, is_whole: bool) -> Result<Self> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        if is_whole && view.writes_much() && threads > 1 {
            return Ok(Self::Relay(Box::new(Relay::start(view)?)));
        }
        Ok(Self::Direct(Box::new(Direct { view, record: Record::default(), notes: Vec::new() })))
    }

    /// Where the next packet is read into, a list for what there is to say about it, and who takes it.
    pub(super) fn next(&mut self) -> (&mut Record, &mut Vec<Note>, Taker<'_>) {
        match self {
            Self::Direct(direct) => (&mut direct.record, &mut direct.notes, Taker::View(&mut direct.view)),
            Self::Relay(relay) => {
                let (record, notes, findings) = relay.next();
                (record, notes, Taker::Findings(findings))
            }
        }
    }

    /// Hands on the packet that was read, in a capture that began at `origin`; `false` when nobody takes it any more.
    pub(super) fn hand_on(&mut self, origin: Nanos) -> bool {
        match self {
            Self::Direct(_) => true,
            Self::Relay(relay) => relay.hand_on(origin),
        }
    }

    /// A conversation is over.
    pub(super) fn ended(&mut self, conversation: Conversation, verdict: Vec<Note>) -> Result<()> {
        match self {
            Self::Direct(direct) => direct.view.ended(&conversation, &verdict),
            // Why nobody does, the end will tell.
            Self::Relay(relay) => {
                relay.ended(conversation, verdict);
                Ok(())
            }
        }
    }

    /// Waits until all has been told.
    ///
    /// # Errors
    /// Why it could not be.
    pub(super) fn finish(self) -> Result<View> {
        match self {
            Self::Direct(direct) => Ok(direct.view),
            Self::Relay(relay) => relay.finish(),
        }
    }
}
