//! What a probe reports, where that needs a sentence of its own.

use crate::model::{Event, Mismatch, Note};

use super::rules as rule;

/// Why a packet that looks like an answer is none; nothing for what the packets themselves show.
#[must_use]
pub fn explain(event: &Event) -> Option<Note> {
    let Event::Rejected { frame, mismatch } = event else { return None };
    let why = match mismatch {
        Mismatch::Destination => &rule::REJECTED_DESTINATION,
        Mismatch::Source => &rule::REJECTED_SOURCE,
        Mismatch::Identifier => &rule::REJECTED_IDENTIFIER,
        Mismatch::Sequence => &rule::REJECTED_SEQUENCE,
        Mismatch::Payload => &rule::REJECTED_PAYLOAD,
        Mismatch::Checksum => &rule::REJECTED_CHECKSUM,
    };
    Some(why.note(vec![*frame], []))
}
