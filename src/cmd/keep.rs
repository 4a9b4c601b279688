//! What is kept of a run's frames: the file that `--save` names, and the capture of the last run.

use crate::capture::{Destination, Last, Source, Writer};
use crate::error::{Error, Result};
use crate::model::{Frame, Nanos};
use crate::wire::{Counts, privilege};

/// Bytes that wait in memory.
const HELD_BACK: usize = 1 << 20;

/// The files that a run's frames go into.
#[derive(Default)]
pub struct Keep {
    saved: Option<Writer>,
    /// Why saving had to stop. The run goes on: what is on screen is not lost with the disk.
    not_saved: Option<Error>,
    last: Option<Last>,
    /// When the last frame came.
    time: Nanos,
}

impl Keep {
    /// Begins the files: that of `--save`, if there is one, and that of the last run.
    ///
    /// # Errors
    /// When the former cannot be written.
    pub fn begin(save: Option<Destination>, source: &Source<'_>) -> Result<Self> {
        let saved = save.map(|file| Writer::begin(file, source)).transpose()?;
        let last = Last::begin(privilege::home().as_deref(), source);
        Ok(Self { saved, last, ..Self::default() })
    }

    /// Keeps one frame; the file of `--save` gets `comments` beside it.
    pub fn frame(&mut self, frame: &Frame, comments: impl FnOnce() -> Vec<String>) {
        self.time = frame.time;
        if let Some(last) = &mut self.last {
            last.keep(frame);
        }
        if let Some(saved) = &mut self.saved
            && let Err(error) = saved.write(frame, &comments())
        {
            self.not_saved = Some(error);
            self.saved = None;
        }
    }

    /// Lets frames wait in memory for others: for those that come by the hundred thousand. What waits is written by
    /// [`Keep::flush`], too.
    pub fn hold_back(&mut self) {
        if let Some(saved) = &mut self.saved {
            saved.hold_back(HELD_BACK);
        }
    }

    /// Writes what waits in memory.
    ///
    /// # Errors
    /// When it could not be saved, now or before.
    pub fn flush(&mut self) -> Result<()> {
        if let Some(saved) = &mut self.saved {
            saved.flush()?;
        }
        self.is_whole()
    }

    /// Whether all so far could be saved.
    ///
    /// # Errors
    /// Why it could not.
    pub fn is_whole(&self) -> Result<()> {
        self.not_saved.clone().map_or(Ok(()), Err)
    }

    /// Ends the files with what the kernel counted.
    ///
    /// # Errors
    /// When not all that `--save` asked for could be saved.
    pub fn close(self, counts: Counts) -> Result<()> {
        if let Some(last) = self.last {
            last.finish(self.time, counts.passed, counts.dropped);
        }
        match (self.not_saved, self.saved) {
            (Some(error), _) => Err(error),
            (None, Some(saved)) => saved.finish(self.time, counts.passed, counts.dropped),
            (None, None) => Ok(()),
        }
    }
}
