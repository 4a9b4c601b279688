//! Bytes that end too early or contradict their format, and frames that are longer than any on the wire.

use crate::model::{Arg, FaultKind, LinkType, Note, Packet};

use super::rules as rule;

/// The largest frame that Ethernet carries everywhere: 14 bytes of header, a tag, 1500 of payload (RFC 894).
const LARGEST: usize = 14 + 4 + 1500;

pub(super) fn explain(packet: &Packet<'_>, notes: &mut Vec<Note>) {
    let frame = packet.frame;
    let number = |number: usize| Arg::from(u32::try_from(number).unwrap_or(u32::MAX));
    if frame.original > LARGEST && frame.link == LinkType::Ethernet && is_segment(packet) {
        notes.push(rule::FRAME_LARGER.note([frame.number], [number(frame.original)]));
    }
    let Some(fault) = packet.faults.first() else { return };
    notes.push(match fault.kind {
        FaultKind::Truncated if frame.original > frame.bytes.len() => {
            rule::FRAME_CUT.note([frame.number], [number(frame.bytes.len()), number(frame.original)])
        }
        FaultKind::Truncated => rule::FRAME_TRUNCATED.note(
            [frame.number],
            [
                Arg::Word(fault.layer),
                Arg::Word(fault.because),
                number(fault.needed),
                number(fault.available),
                number(fault.offset),
            ],
        ),
        FaultKind::Malformed => rule::FRAME_MALFORMED
            .note([frame.number], [Arg::Word(fault.layer), Arg::Word(fault.because), number(fault.offset)]),
    });
}

/// Only TCP is cut by network cards as a matter of course.
fn is_segment(packet: &Packet<'_>) -> bool {
    packet.layers.iter().any(|layer| layer.header.name == "tcp" && !layer.quoted)
}
