//! Several threads for a file that is there as a whole, each with a batch of frames from reading to writing. What a
//! frame means depends on those before it: where that counts the batches pass one by one, in order, and everywhere else
//! side by side. Handing each frame from thread to thread would cost as much as there is to gain, for a processor keeps
//! what it has at hand.

use std::io::{self, Write};
use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};

use super::follower::Follower;
use super::frames::Frames;
use super::input::{Output, lock};
use super::turns::{Turn, Turns};
use super::views::Hand;
use crate::capture::Record;
use crate::converse::Conversation;
use crate::engine::{Findings, Seen};
use crate::error::Result;
use crate::explain::{self, Context};
use crate::model::{Nanos, Note};
use crate::render::{Memory, Recalled};

/// Frames in a batch: so many that waking another thread for each costs next to nothing.
const BATCH: usize = 256;
/// Bytes after which a batch is full however few its frames are.
const FULL: usize = 1 << 18;
/// Bytes of a frame for which there is always room: so much less than the longest that it does not matter in how many
/// places of a batch those have been.
const USUAL: usize = 1 << 12;
/// Bytes that are written of a batch after which they wait in memory no longer.
const MUCH: usize = 1 << 22;

/// What the threads share, in the order in which a batch passes.
struct Shared<'c, 'o> {
    frames: Mutex<Batches<'c>>,
    follower: Turns<&'c mut Follower>,
    /// What was said in the batches before.
    memory: Turns<Memory>,
    out: Turns<&'o Output>,
    context: Context,
}

/// The frames, in batches.
struct Batches<'c> {
    frames: &'c mut Frames,
    /// How many there were.
    count: usize,
}

/// Reads to the end, and has the `hands` write down what passes, each on a thread of its own.
///
/// # Errors
/// When something cannot be written, or the filter does not fit the capture.
pub(super) fn run(frames: &mut Frames, follower: &mut Follower, hands: Vec<Hand>, out: &Output) -> Result<()> {
    let shared = Shared {
        context: follower.picks.context.clone(),
        frames: Mutex::new(Batches { frames, count: 0 }),
        follower: Turns::new(follower),
        memory: Turns::new(Memory::default()),
        out: Turns::new(out),
    };
    std::thread::scope(|scope| {
        let mut hands = hands.into_iter();
        let own = hands.next();
        // Where the system has no thread left, fewer do it.
        let others = hands.map(|hand| std::thread::Builder::new().spawn_scoped(scope, || shared.take_part(hand)));
        let others: Vec<_> = others.flatten().collect();
        let own = own.map_or(Ok(()), |hand| shared.take_part(hand));
        let others = others.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        others.fold(own, Result::and)
    })
}

impl Shared<'_, '_> {
    /// Takes batch after batch from reading to writing. Whoever has failed leaves only after its turn at writing, and
    /// then nobody behind it writes: so what comes before has been written, and there is one error at most.
    fn take_part(&self, mut hand: Hand) -> Result<()> {
        let _closing = Closing(self);
        let (mut batch, mut text) = (Batch::default(), Vec::new());
        loop {
            let number = batch.read(&mut self.frames.lock().unwrap_or_else(PoisonError::into_inner));
            batch.dissect();
            let Some(mut follower) = self.follower.turn(number) else { return Ok(()) };
            let goes_on = batch.understand(*follower);
            let is_explained = follower.picks.explains();
            match goes_on {
                Ok(true) => drop(follower),
                Ok(false) | Err(_) => follower.close(),
            }
            let explains = hand.says_something() && !is_explained;
            if hand.remembers() {
                if explains {
                    batch.explain(&self.context);
                }
                let Some(mut memory) = self.memory.turn(number) else { return Ok(()) };
                batch.recall(&mut memory, &hand);
            }
            let mut page = Page { out: &self.out, number, turn: None, text: &mut text };
            let now = explains && !hand.remembers();
            let written = batch.write(&mut hand, &self.context, now, &mut page);
            let written = written.and_then(|()| Ok(page.flush()?));
            let Some(out) = page.end() else { return Ok(()) };
            if written.is_err() {
                out.close();
                return written;
            }
            drop(out);
            if !goes_on? {
                return Ok(());
            }
        }
    }
}

/// What is written of a batch: it waits in memory for its turn, as long as it is not too much for that.
struct Page<'p, 'o> {
    out: &'p Turns<&'o Output>,
    number: usize,
    turn: Option<Turn<'p, &'o Output>>,
    text: &'p mut Vec<u8>,
}

impl<'p, 'o> Page<'p, 'o> {
    /// Has it written what is too much to wait.
    fn settle(&mut self) -> io::Result<()> {
        if self.text.len() >= MUCH { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.turn.is_none() {
            self.turn = self.out.turn(self.number);
        }
        let out = self.turn.as_ref().ok_or(io::ErrorKind::BrokenPipe)?;
        let written = lock(out).write_all(self.text);
        self.text.clear();
        written
    }

    /// The turn, which was waited for; `None` when it will not come.
    fn end(self) -> Option<Turn<'p, &'o Output>> {
        self.text.clear();
        self.text.shrink_to(MUCH);
        self.turn
    }
}

/// Whoever leaves in a panic leaves nobody waiting.
struct Closing<'t, 'r, 'o>(&'t Shared<'r, 'o>);

impl Drop for Closing<'_, '_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.follower.close();
            self.0.memory.close();
            self.0.out.close();
        }
    }
}

/// Frames, what was understood of them, and what there is to say where that has to be known before they are written, in
/// order.
#[derive(Default)]
struct Batch {
    items: Vec<Item>,
    /// How many of the items are filled.
    filled: usize,
    /// No frames come behind these.
    is_last: bool,
    /// The conversations that have ended, and how many items come before each.
    ended: Vec<(usize, Conversation)>,
    /// When the capture began.
    origin: Nanos,
}

#[derive(Default)]
struct Item {
    record: Record,
    findings: Findings,
    passes: bool,
    notes: Vec<Note>,
    recalled: Recalled,
}

impl Batch {
    /// Takes the next frames, and gives the batch's number.
    fn read(&mut self, batches: &mut Batches<'_>) -> usize {
        self.filled = 0;
        self.is_last = false;
        let mut bytes = 0;
        while self.filled < BATCH && bytes < FULL && !self.is_last {
            if self.filled == self.items.len() {
                self.items.push(Item::default());
            }
            let record = &mut self.items[self.filled].record;
            record.frame.bytes.clear();
            record.frame.bytes.shrink_to(USUAL);
            self.is_last = !batches.frames.read(record);
            bytes += record.frame.bytes.len();
            self.filled += usize::from(!self.is_last);
        }
        self.origin = batches.frames.origin();
        batches.count += 1;
        batches.count - 1
    }

    fn filled(&mut self) -> &mut [Item] {
        &mut self.items[..self.filled]
    }

    fn dissect(&mut self) {
        self.filled().iter_mut().for_each(|Item { record, findings, .. }| findings.dissect(&record.frame));
    }

    /// Has the frames understood, as far as that goes; `false` when nothing comes behind them.
    fn understand(&mut self, follower: &mut Follower) -> Result<bool> {
        self.ended.clear();
        for place in 0..self.filled {
            let Item { record, findings, passes, notes, .. } = &mut self.items[place];
            match follower.keep(record, findings) {
                Ok(kept) => *passes = kept,
                Err(error) => {
                    self.filled = place;
                    return Err(error);
                }
            }
            if follower.picks.explains() {
                std::mem::swap(notes, &mut follower.picks.notes);
            }
            self.ended.extend(std::iter::from_fn(|| follower.ended()).map(|conversation| (place + 1, conversation)));
        }
        if self.is_last {
            follower.finish();
            // They may be many.
            let ended = std::iter::from_fn(|| follower.ended()).take(BATCH);
            self.ended.extend(ended.map(|conversation| (self.filled, conversation)));
            return Ok(!self.ended.is_empty());
        }
        Ok(true)
    }

    /// Finds what there is to say about each packet.
    fn explain(&mut self, context: &Context) {
        for Item { record, findings, notes, .. } in self.passing() {
            findings.show(&record.frame, |seen| say(seen, context, notes));
        }
    }

    /// Finds what of it was not said before, and what changed.
    fn recall(&mut self, memory: &mut Memory, hand: &Hand) {
        for Item { record, findings, notes, recalled, .. } in self.passing() {
            findings.show(&record.frame, |seen| hand.recall(memory, seen, notes, recalled));
        }
    }

    fn passing(&mut self) -> impl Iterator<Item = &mut Item> {
        self.filled().iter_mut().filter(|item| item.passes)
    }

    /// Writes it all down. What there is to say is found `now`, or was found before.
    fn write(&mut self, hand: &mut Hand, context: &Context, now: bool, page: &mut Page<'_, '_>) -> Result<()> {
        hand.begin_at(self.origin);
        let mut said = Vec::new();
        let mut ended = self.ended.iter().peekable();
        for (place, item) in self.items[..self.filled].iter_mut().enumerate() {
            while let Some((_, conversation)) = ended.next_if(|(before, _)| *before <= place) {
                hand.ended(page.text, conversation, context, &mut said);
                page.settle()?;
            }
            let Item { record, findings, passes, notes, recalled } = item;
            if *passes {
                let written = findings.show(&record.frame, |seen| {
                    if now {
                        say(seen, context, &mut said);
                    }
                    hand.packet(page.text, seen, if now { &said } else { notes }, recalled)
                });
                written.transpose()?;
                // Freed while they are in the cache: whoever fills the list next would have to fetch them.
                notes.clear();
                page.settle()?;
            }
        }
        for (_, conversation) in ended {
            hand.ended(page.text, conversation, context, &mut said);
            page.settle()?;
        }
        Ok(())
    }
}

/// Finds what there is to say about a packet.
fn say(seen: &Seen<'_, '_, '_>, context: &Context, notes: &mut Vec<Note>) {
    notes.clear();
    seen.packets().for_each(|packet| explain::tell(packet, context, notes));
}
