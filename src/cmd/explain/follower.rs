//! Who follows the conversations: frames are understood by those before them, and picked.

use super::saver::Saver;
use super::views::{Says, Shown, View};
use crate::capture::Record;
use crate::converse::Conversation;
use crate::engine::{Engine, Findings, Seen};
use crate::error::Result;
use crate::explain::{self, Context};
use crate::filter::Matcher;
use crate::model::{FrameNo, Note, Value, tracked};

/// What is known from the frames so far, and what passes. Takes all frames in order.
pub(super) struct Follower {
    pub(super) engine: Engine,
    pub(super) picks: Picks,
}

/// What passes, and where it goes.
pub(super) struct Picks {
    pub(super) filter: Matcher,
    /// Only this frame.
    pub(super) frame: Option<u32>,
    /// Only this TCP connection.
    pub(super) stream: Option<u32>,
    /// What is said about packets, and about conversations.
    pub(super) says: Says,
    pub(super) context: Context,
    pub(super) saver: Option<Saver>,
    pub(super) shown: Shown,
    /// What there is to say about the packet that passed last.
    pub(super) notes: Vec<Note>,
}

impl Follower {
    pub(super) fn new(picks: Picks) -> Self {
        let mut engine = Engine::default();
        if let Some(frame) = picks.frame {
            engine.tracker_mut().streams_mut().ask(FrameNo(frame));
        }
        if !picks.says.conversations {
            engine.tracker_mut().only_tell_apart();
        }
        Self { engine, picks }
    }

    /// Takes the next frame, and shows it to `view` if it passes.
    ///
    /// # Errors
    /// When something cannot be written, or the filter does not fit the capture.
    pub(super) fn tell(&mut self, record: &Record, view: &mut View) -> Result<()> {
        let Self { engine, picks } = self;
        let accepted = picks.filter.accepts(&record.frame)?;
        engine.see(&record.frame, |seen| {
            let passes = accepted && picks.take(seen, &record.comments)?;
            if passes { view.packet(seen, &picks.notes) } else { Ok(()) }
        })
    }

    /// Takes the next frame; `true` where it passes. `findings` have what is to be seen in it alone, and will have what
    /// is known of it.
    ///
    /// # Errors
    /// When it cannot be saved, or the filter does not fit the capture.
    pub(super) fn keep(&mut self, record: &Record, findings: &mut Findings) -> Result<bool> {
        let Self { engine, picks } = self;
        // What does not pass still counts: numbers and states are those of the whole capture.
        let accepted = picks.filter.accepts(&record.frame)?;
        let take = |seen: &Seen<'_, '_, '_>| Ok(accepted && picks.take(seen, &record.comments)?);
        engine.see_and_keep(&record.frame, findings, take)
    }

    /// No frame is to come, so no conversation goes on.
    pub(super) fn finish(&mut self) {
        self.engine.tracker_mut().finish();
    }

    /// The next conversation that has ended, if it is to be told.
    pub(super) fn ended(&mut self) -> Option<Conversation> {
        let Self { engine, picks } = self;
        let is_told = |conversation: &Conversation| picks.shown.has(conversation.number);
        std::iter::from_fn(|| engine.tracker_mut().ended()).find(is_told)
    }
}

impl Picks {
    /// Whether `notes` are wanted.
    pub(super) fn explains(&self) -> bool {
        self.says.packets || self.saver.as_ref().is_some_and(Saver::is_explained)
    }

    /// Whether a packet passes; then it is saved.
    fn take(&mut self, seen: &Seen<'_, '_, '_>, comments: &[String]) -> Result<bool> {
        let FrameNo(number) = seen.packet.frame.number;
        let in_stream =
            |stream: u32| seen.packet.generated(tracked!("tcp.stream")) == Some(Value::Number(stream.into()));
        if self.frame.is_some_and(|only| only != number) || !self.stream.is_none_or(in_stream) {
            return Ok(false);
        }
        self.shown.add(seen.conversation);
        self.notes.clear();
        if self.explains() {
            seen.packets().for_each(|packet| explain::tell(packet, &self.context, &mut self.notes));
        }
        if let Some(saver) = &mut self.saver {
            saver.write(seen.packet.frame, comments, &self.notes)?;
        }
        Ok(true)
    }
}
