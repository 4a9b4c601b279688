//! Checksums that do not fit, and those that nobody has computed yet.

use crate::model::{LayerView, Note};
use crate::proto::checksum::{Status, status};

use super::rules::{self as rule, Rule};

/// Layer → what a wrong checksum means there.
static WRONG: &[(&str, &Rule)] = &[
    ("ip", &rule::IP_CHECKSUM_BAD),
    ("icmp", &rule::ICMP_CHECKSUM_BAD),
    ("udp", &rule::UDP_CHECKSUM_BAD),
    ("tcp", &rule::TCP_CHECKSUM_BAD),
];

pub(super) fn explain(view: LayerView<'_, '_>) -> Option<Note> {
    let layer = view.layer();
    if layer.quoted {
        // Routers change the header that they quote, so its checksum says nothing.
        return None;
    }
    let frames = vec![view.packet.frame.number];
    match status(view)? {
        Status::Bad { expected } => {
            let (_, wrong) = WRONG.iter().find(|(name, _)| *name == layer.header.name)?;
            Some(wrong.note(frames, [format!("0x{expected:04x}").into()]))
        }
        Status::Pending => Some(rule::CHECKSUM_PENDING.note(frames, [layer.header.name.to_ascii_uppercase().into()])),
        Status::Good | Status::Unverified | Status::Absent | Status::Missing => None,
    }
}
