//! What the IPv4 header has to say of its own: whether this is a whole packet.

use crate::model::{Arg, LayerView, Note};

use super::packet::Context;
use super::rules as rule;

pub(super) fn explain(view: LayerView<'_, '_>, _context: &Context) -> Option<Note> {
    let frames = vec![view.packet.frame.number];
    let more = view.number("ip.flags.mf")? != 0;
    // The field counts units of 8 octets (RFC 791 §3.1).
    let offset = view.number("ip.frag_offset")? * 8;
    let place = || Arg::Text(offset.to_string());
    match (more, offset) {
        (false, 0) => None,
        (true, 0) => Some(rule::IP_FRAGMENT_FIRST.note(frames, [])),
        (true, _) => Some(rule::IP_FRAGMENT_MIDDLE.note(frames, [place()])),
        (false, _) => Some(rule::IP_FRAGMENT_LAST.note(frames, [place()])),
    }
}
