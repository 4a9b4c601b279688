//! Bytes that end too early or contradict their format.

use crate::model::{Arg, FaultKind, Note, Packet};

use super::rules as rule;

pub(super) fn explain(packet: &Packet<'_>) -> Option<Note> {
    let fault = packet.faults.first()?;
    let frame = packet.frame;
    let frames = vec![frame.number];
    let number = |number: usize| Arg::Text(number.to_string());
    Some(match fault.kind {
        FaultKind::Truncated if frame.original > frame.bytes.len() => {
            rule::FRAME_CUT.note(frames, [number(frame.bytes.len()), number(frame.original)])
        }
        FaultKind::Truncated => rule::FRAME_TRUNCATED.note(
            frames,
            [
                fault.layer.into(),
                fault.because.into(),
                number(fault.needed),
                number(fault.available),
                number(fault.offset),
            ],
        ),
        FaultKind::Malformed => {
            rule::FRAME_MALFORMED.note(frames, [fault.layer.into(), fault.because.into(), number(fault.offset)])
        }
    })
}
