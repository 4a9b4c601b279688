//! Where frames come from, one after the other.

use super::input;
use crate::capture::{Reader, Record};
use crate::error::Error;
use crate::model::Nanos;

/// A capture that is being read.
pub(super) struct Frames {
    reader: Reader,
    /// Frames after which to stop.
    most: Option<u32>,
    /// When the first frame came.
    origin: Option<Nanos>,
    count: u32,
    damage: Option<Error>,
    is_over: bool,
}

impl Frames {
    /// The frames of `reader`, but not those behind the frame with the number `last`.
    pub(super) fn new(reader: Reader, last: Option<u32>) -> Self {
        Self { reader, most: last, origin: None, count: 0, damage: None, is_over: false }
    }

    /// Reads the next frame. `false` where there is none, and after an interrupt.
    pub(super) fn read(&mut self, record: &mut Record) -> bool {
        self.is_over |= self.most == Some(self.count);
        while !self.is_over {
            match self.reader.read_into(record) {
                _ if input::interrupted() => break,
                None => break,
                Some(Ok(())) => {
                    self.count = record.frame.number.0;
                    self.origin.get_or_insert(record.frame.time);
                    return true;
                }
                // What comes behind is told all the same.
                Some(Err(error)) => self.damage = self.damage.take().or(Some(error)),
            }
        }
        self.is_over = true;
        false
    }

    /// When the capture began.
    pub(super) fn origin(&self) -> Nanos {
        self.origin.unwrap_or_default()
    }

    /// Frames read so far.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// Frames that the capturing program lost, as the capture says.
    pub(super) fn dropped(&self) -> u64 {
        self.reader.dropped()
    }

    /// What was damaged, if anything was that matters to somebody who has not interrupted it all.
    pub(super) fn damage(&mut self) -> Option<Error> {
        self.damage.take().filter(|_| !input::interrupted())
    }
}
