//! In which order claims are told, and which are left out when there are too many.

use crate::model::{Claim, Note};

/// Facts, then guesses, then what stays unseen.
pub(super) fn in_order(notes: &mut [Note]) {
    notes.sort_by_key(|note| match note.kind {
        Claim::Fact => 0,
        Claim::Guess => 1,
        Claim::Blind => 2,
    });
}

/// The same with at most `facts` facts and one blind spot, and as many guesses as then fit into `most` lines.
pub(super) fn most_telling(notes: &mut Vec<Note>, most: usize, facts: usize) {
    in_order(notes);
    let count = |kind| notes.iter().filter(|note| note.kind == kind).count();
    let (mut facts, mut blinds) = (count(Claim::Fact).min(facts), count(Claim::Blind).min(1));
    let mut guesses = most.saturating_sub(blinds + facts);
    notes.retain(|note| {
        let room = match note.kind {
            Claim::Fact => &mut facts,
            Claim::Guess => &mut guesses,
            Claim::Blind => &mut blinds,
        };
        let stays = *room > 0;
        *room = room.saturating_sub(1);
        stays
    });
}
