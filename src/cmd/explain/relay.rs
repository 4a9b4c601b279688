//! Two threads for a long file: one reads and understands, the other writes. Frames pass from one to the other in batches,
//! in order, and the batches come back to be filled again. Where writing is the longer work, the first thread helps out:
//! a batch that the other could not take yet it writes itself, into memory.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, channel, sync_channel};
use std::thread::JoinHandle;

use super::views::{Takes, Twin, View};
use crate::capture::Record;
use crate::converse::Conversation;
use crate::engine::Findings;
use crate::error::{Error, Kind, Result};
use crate::model::{Nanos, Note};

/// Frames in a batch.
const BATCH: usize = 64;
/// Batches under way.
const BATCHES: usize = 6;
/// Those of them that may wait to be written.
const WAITING: usize = 4;

/// The thread that writes, and the batch that is being filled for it.
pub(super) struct Relay {
    batch: Batch,
    to: SyncSender<Batch>,
    back: Receiver<Batch>,
    made: usize,
    writer: JoinHandle<(View, Result<()>)>,
    twin: Option<Twin>,
}

/// Frames, what was understood of them, and what there is to say, in order.
#[derive(Default)]
struct Batch {
    items: Vec<Item>,
    /// How many of the items are filled.
    filled: usize,
    /// When the capture began.
    origin: Nanos,
    /// All of it as it is to be written, where that was done already.
    text: Vec<u8>,
}

#[derive(Default)]
struct Item {
    record: Record,
    findings: Findings,
    notes: Vec<Note>,
    /// Conversations that ended with this frame, and their verdicts.
    ended: Vec<(Conversation, Vec<Note>)>,
}

impl Relay {
    /// Starts the thread that writes.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub(super) fn start(mut view: View) -> Result<Self> {
        let twin = view.twin();
        let (to, filled) = sync_channel::<Batch>(WAITING);
        let (emptied, back) = channel();
        let write = move || {
            let mut outcome = Ok(());
            while let Ok(mut batch) = filled.recv() {
                outcome = batch.finish(&mut view);
                // Whoever fills batches may be through already.
                if outcome.is_err() || emptied.send(batch).is_err() {
                    break;
                }
            }
            (view, outcome)
        };
        let writer = std::thread::Builder::new().spawn(write);
        let writer = writer.map_err(|error| Error::new(Kind::System, format!("cannot start a thread: {error}")))?;
        Ok(Self { batch: Batch::default(), to, back, made: 1, writer, twin })
    }

    /// Where the next frame is read into, with a list for what there is to say about it and a place for what is
    /// understood of it.
    pub(super) fn next(&mut self) -> (&mut Record, &mut Vec<Note>, &mut Findings) {
        let Item { record, notes, findings, .. } = self.batch.next();
        (record, notes, findings)
    }

    /// Hands on the frame that was read, in a capture that began at `origin`; `false` when nobody takes it any more.
    pub(super) fn hand_on(&mut self, origin: Nanos) -> bool {
        self.batch.origin = origin;
        self.batch.filled += 1;
        self.batch.filled < BATCH || self.pass()
    }

    /// A conversation ended with the frame that was handed on last; `false` when nobody takes it any more.
    pub(super) fn ended(&mut self, conversation: Conversation, verdict: Vec<Note>) -> bool {
        // It may be the first thing in a batch.
        if self.batch.filled == 0 {
            self.batch.next().findings = Findings::default();
            self.batch.filled = 1;
        }
        if let Some(item) = self.batch.items.get_mut(self.batch.filled - 1) {
            item.ended.push((conversation, verdict));
            // At the end of a capture very many end at once.
            if item.ended.len() >= BATCH {
                return self.pass();
            }
        }
        true
    }

    /// Passes the batch on, and finds another to be filled.
    fn pass(&mut self) -> bool {
        let sent = match (self.to.try_send(std::mem::take(&mut self.batch)), &mut self.twin) {
            (Err(TrySendError::Full(mut batch)), Some(twin)) => batch.write_ahead(twin) && self.to.send(batch).is_ok(),
            (Err(TrySendError::Full(batch)), None) => self.to.send(batch).is_ok(),
            (sent, _) => sent.is_ok(),
        };
        if self.made < BATCHES {
            self.made += 1;
        } else {
            match self.back.recv() {
                Ok(batch) => self.batch = batch,
                Err(_) => return false,
            }
        }
        sent
    }

    /// Waits until all has been written.
    ///
    /// # Errors
    /// Why it could not be.
    pub(super) fn finish(mut self) -> Result<View> {
        self.pass();
        let Self { to, writer, .. } = self;
        drop(to);
        match writer.join() {
            Ok((view, outcome)) => outcome.map(|()| view),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

impl Batch {
    /// The item to be filled next.
    fn next(&mut self) -> &mut Item {
        if self.filled == self.items.len() {
            self.items.push(Item::default());
        }
        &mut self.items[self.filled]
    }

    fn show(&mut self, to: &mut impl Takes) -> Result<()> {
        for Item { record, findings, notes, ended } in &mut self.items[..self.filled] {
            to.begin_at(self.origin);
            findings.show(&record.frame, |seen| to.packet(seen, notes)).transpose()?;
            for (conversation, verdict) in ended.drain(..) {
                to.ended(&conversation, &verdict)?;
            }
        }
        self.filled = 0;
        Ok(())
    }

    fn write_ahead(&mut self, twin: &mut Twin) -> bool {
        let written = self.show(twin).is_ok();
        twin.swap(&mut self.text);
        written
    }

    fn finish(&mut self, view: &mut View) -> Result<()> {
        view.begin_at(self.origin);
        view.text(&self.text)?;
        self.text.clear();
        self.show(view)
    }
}
