//! Several threads for a long file, each with a batch of frames from reading to writing. What a frame means depends on
//! those before it: where that counts the batches pass one by one, in order, and everywhere else side by side. Handing
//! each frame from thread to thread would cost as much as there is to gain, for a processor keeps what it has at hand.

use std::io::Write as _;
use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};

use super::follower::Follower;
use super::input::{Output, lock};
use super::source::Source;
use super::turns::Turns;
use super::views::Hand;
use crate::capture::Record;
use crate::converse::Conversation;
use crate::engine::Findings;
use crate::error::Result;
use crate::explain::{self, Context};
use crate::model::{Nanos, Note};
use crate::render::Memory;

/// Frames in a batch: so many that waking another thread for each costs next to nothing.
const BATCH: usize = 256;

/// What the threads share, in the order in which a batch passes.
struct Race<'c, 'o> {
    source: Mutex<Batches<'c>>,
    follower: Turns<&'c mut Follower>,
    /// What was said in the batches before.
    memory: Turns<Memory>,
    out: Turns<&'o Output>,
    context: Context,
}

/// The frames, in batches.
struct Batches<'c> {
    source: &'c mut Source,
    /// How many there were.
    count: usize,
}

/// Reads to the end, and has the `hands` write down what passes, each on a thread of its own.
///
/// # Errors
/// When something cannot be written, or the filter does not fit the capture.
pub(super) fn run(source: &mut Source, follower: &mut Follower, hands: Vec<Hand>, out: &Output) -> Result<()> {
    let race = Race {
        context: follower.picks.context.clone(),
        source: Mutex::new(Batches { source, count: 0 }),
        follower: Turns::new(follower),
        memory: Turns::new(Memory::default()),
        out: Turns::new(out),
    };
    std::thread::scope(|scope| {
        let mut hands = hands.into_iter();
        let own = hands.next();
        // Where the system has no thread left, fewer do it.
        let others = hands.map(|hand| std::thread::Builder::new().spawn_scoped(scope, || race.take_part(hand)));
        let others: Vec<_> = others.flatten().collect();
        let own = own.map_or(Ok(()), |hand| race.take_part(hand));
        let others = others.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        others.fold(own, Result::and)
    })
}

impl Race<'_, '_> {
    fn take_part(&self, mut hand: Hand) -> Result<()> {
        let _closing = Closing(self);
        let (mut batch, mut text) = (Batch::default(), Vec::new());
        loop {
            let number = batch.read(&mut self.source.lock().unwrap_or_else(PoisonError::into_inner));
            batch.dissect();
            let Some(mut follower) = self.follower.turn(number) else { return Ok(()) };
            let goes_on = batch.understand(*follower);
            match goes_on {
                Ok(true) => drop(follower),
                Ok(false) | Err(_) => follower.close(),
            }
            if hand.says_something() {
                batch.explain(&self.context);
            }
            if hand.remembers() {
                let Some(mut memory) = self.memory.turn(number) else { return Ok(()) };
                batch.recall(&mut memory, &hand);
            }
            text.clear();
            batch.write(&mut hand, &self.context, &mut text)?;
            let Some(out) = self.out.turn(number) else { return Ok(()) };
            if let Err(error) = lock(*out).write_all(&text) {
                out.close();
                return Err(error.into());
            }
            drop(out);
            if !goes_on? {
                return Ok(());
            }
        }
    }
}

/// Whoever leaves in a panic leaves nobody waiting.
struct Closing<'t, 'r, 'o>(&'t Race<'r, 'o>);

impl Drop for Closing<'_, '_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.follower.close();
            self.0.memory.close();
            self.0.out.close();
        }
    }
}

/// Frames, what was understood of them, and what there is to say, in order.
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
    /// What changed since the packet before.
    since: Vec<u8>,
}

impl Batch {
    /// Takes the next frames, and gives the batch's number.
    fn read(&mut self, batches: &mut Batches<'_>) -> usize {
        self.filled = 0;
        self.is_last = false;
        while self.filled < BATCH && !self.is_last {
            if self.filled == self.items.len() {
                self.items.push(Item::default());
            }
            self.is_last = !batches.source.read(&mut self.items[self.filled].record);
            self.filled += usize::from(!self.is_last);
        }
        self.origin = batches.source.origin();
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
            let Item { record, findings, passes, .. } = &mut self.items[place];
            match follower.keep(record, findings) {
                Ok(kept) => *passes = kept,
                Err(error) => {
                    self.filled = place;
                    return Err(error);
                }
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
            notes.clear();
            findings.show(&record.frame, |seen| {
                seen.packets().for_each(|packet| explain::tell(packet, context, notes));
            });
        }
    }

    /// Keeps of it what was not said before, and says what changed.
    fn recall(&mut self, memory: &mut Memory, hand: &Hand) {
        for Item { record, findings, notes, since, .. } in self.passing() {
            findings.show(&record.frame, |seen| hand.recall(memory, seen, notes, since));
        }
    }

    fn passing(&mut self) -> impl Iterator<Item = &mut Item> {
        self.filled().iter_mut().filter(|item| item.passes)
    }

    fn write(&mut self, hand: &mut Hand, context: &Context, text: &mut Vec<u8>) -> Result<()> {
        hand.begin_at(self.origin);
        let mut ended = self.ended.iter().peekable();
        for (place, item) in self.items[..self.filled].iter_mut().enumerate() {
            while let Some((_, conversation)) = ended.next_if(|(before, _)| *before <= place) {
                hand.ended(text, conversation, context)?;
            }
            let Item { record, findings, passes, notes, since } = item;
            if *passes {
                findings.show(&record.frame, |seen| hand.packet(text, seen, notes, since)).transpose()?;
            }
        }
        ended.try_for_each(|(_, conversation)| hand.ended(text, conversation, context))
    }
}
