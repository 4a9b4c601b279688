//! What a reader knows from the packets before.

use std::collections::HashSet;

use super::Verbosity;
use crate::engine::Seen;
use crate::model::Note;
use crate::render::again::slot;
use crate::render::changes::Changes;
use crate::render::detail;
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

/// What a [`Memory`] says about one packet.
#[derive(Debug, Default)]
pub struct Recalled {
    /// Ids of notes and keys of fields that were not told before.
    new: Vec<&'static str>,
    /// What changed since the packet before.
    since: Vec<u8>,
}

impl Memory {
    /// Finds what there is to say of the next packet that was not said before, and what changed: as far as a story of
    /// this `verbosity` does.
    pub fn recall(
        &mut self,
        verbosity: Verbosity,
        glyphs: Glyphs,
        seen: &Seen<'_, '_, '_>,
        notes: &[Note],
        recalled: &mut Recalled,
    ) {
        let Recalled { new, since } = recalled;
        new.clear();
        new.extend(notes.iter().map(|note| note.id).filter(|id| self.is_new(id)));
        if verbosity == Verbosity::Fields {
            seen.packets().for_each(|packet| detail::keys(packet, |key| new.extend(self.is_new(key).then_some(key))));
        }
        since.clear();
        if verbosity >= Verbosity::Layers {
            self.changes.write(since, seen, glyphs);
        }
    }

    /// Whether `id` is new; from now on it is not.
    pub(super) fn is_new(&mut self, id: &'static str) -> bool {
        const PLACES: usize = 256;
        if self.latest.is_empty() {
            self.latest.resize(PLACES, (0, 0));
        }
        let here = (id.as_ptr() as usize, id.len());
        let place = &mut self.latest[slot(here.0 as u64, PLACES)];
        if *place == here {
            return false;
        }
        *place = here;
        self.told.insert(id)
    }
}

impl Recalled {
    /// Whether `id` was not told before; true only once.
    pub(super) fn is_new(&mut self, id: &str) -> bool {
        match self.new.iter().position(|new| *new == id) {
            Some(place) => {
                self.new.swap_remove(place);
                true
            }
            None => false,
        }
    }

    /// What changed since the packet before.
    pub(super) fn since(&self) -> &[u8] {
        &self.since
    }
}
