//! What a reader knows from the packets before.

use std::collections::HashSet;

use crate::engine::Seen;
use crate::render::changes::Changes;
use crate::render::theme::Glyphs;

/// What has been said, and how the latest packets of each conversation were. Depends on the order of the packets, as
/// nothing else does that a story writes.
#[derive(Debug, Default)]
pub struct Memory {
    told: HashSet<&'static str>,
    /// The address and length of ids that are among them: nearly every question is about one of few, and the answer is
    /// that it has been told.
    latest: Vec<(usize, usize)>,
    changes: Changes,
}

impl Memory {
    /// Writes what changed since the packet before.
    pub(super) fn since(&mut self, out: &mut Vec<u8>, seen: &Seen<'_, '_, '_>, glyphs: Glyphs) {
        self.changes.write(out, seen, glyphs);
    }

    /// Whether `id` is new; from now on it is not.
    pub(super) fn is_new(&mut self, id: &'static str) -> bool {
        const PLACES: usize = 64;
        if self.latest.is_empty() {
            self.latest.resize(PLACES, (0, 0));
        }
        let here = (id.as_ptr() as usize, id.len());
        let place = &mut self.latest[here.0 / 8 % PLACES];
        if *place == here {
            return false;
        }
        *place = here;
        self.told.insert(id)
    }

    /// All that has been said.
    pub(super) fn told(&mut self) -> &mut HashSet<&'static str> {
        &mut self.told
    }
}
