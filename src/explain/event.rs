//! What to say when a probe learned something that no packet line shows.

use nix::errno::Errno;

use super::rules::{self as rule, Rule};
use crate::model::{Event, Mismatch, Note, Status};

/// A sentence about `event`; `None` for those whose packet speaks for itself.
#[must_use]
pub fn explain(event: &Event) -> Option<Note> {
    match event {
        Event::Probed(probed) => {
            let seq = u32::from(probed.seq).into();
            let frames = probed.request.into_iter().chain(probed.response);
            match probed.status {
                Status::Timeout => Some(rule::EVENT_TIMEOUT.note(frames, [seq])),
                Status::Late => Some(rule::EVENT_LATE.note(frames, [seq])),
                Status::Duplicate => Some(rule::EVENT_DUPLICATE.note(frames, [seq])),
                Status::NotSent { errno } => {
                    let why = Errno::from_raw(errno).desc().to_ascii_lowercase();
                    Some(rule::EVENT_NOT_SENT.note(frames, [seq, why.into()]))
                }
                Status::Reply | Status::Unreachable { .. } | Status::TimeExceeded { .. } => None,
            }
        }
        Event::Neighbour(_) | Event::Hop(_) => None,
        Event::Rejected { frame, mismatch } => Some(rejection(*mismatch).note(vec![*frame], [frame.0.into()])),
    }
}

fn rejection(mismatch: Mismatch) -> &'static Rule {
    match mismatch {
        Mismatch::Destination => &rule::EVENT_OTHER_DESTINATION,
        Mismatch::Source => &rule::EVENT_OTHER_SOURCE,
        Mismatch::Identifier => &rule::EVENT_OTHER_IDENTIFIER,
        Mismatch::Sequence => &rule::EVENT_OTHER_SEQUENCE,
        Mismatch::Acknowledgment => &rule::EVENT_OTHER_ACKNOWLEDGMENT,
        Mismatch::Payload => &rule::EVENT_OTHER_PAYLOAD,
        Mismatch::Quotation => &rule::EVENT_OTHER_QUOTATION,
        Mismatch::Checksum => &rule::EVENT_WRONG_CHECKSUM,
    }
}
