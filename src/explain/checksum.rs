//! Checksums that do not fit, and those that nobody has computed yet.

use crate::model::{Arg, LayerView, Note};
use crate::proto::checksum::Status;

use super::rules::{self as rule, Rule};

/// Layer → what it is called, and what a wrong checksum means there.
static WRONG: &[(&str, &str, &Rule)] = &[
    ("ip", "IP", &rule::IP_CHECKSUM_BAD),
    ("icmp", "ICMP", &rule::ICMP_CHECKSUM_BAD),
    ("icmpv6", "ICMPv6", &rule::ICMPV6_CHECKSUM_BAD),
    ("udp", "UDP", &rule::UDP_CHECKSUM_BAD),
    ("tcp", "TCP", &rule::TCP_CHECKSUM_BAD),
];

/// Of a quoted header the checksum says nothing, because routers change what they quote.
pub(super) fn explain(view: LayerView<'_, '_>, notes: &mut Vec<Note>) {
    let frame = [view.packet.frame.number];
    let layer = || WRONG.iter().find(|(name, ..)| *name == view.layer().header.name);
    match view.layer().checksum {
        Some(Status::Bad { expected }) => {
            notes.extend(layer().map(|(.., wrong)| wrong.note(frame, [format!("0x{expected:04x}").into()])));
        }
        Some(Status::Pending) => {
            notes.extend(layer().map(|(_, name, _)| rule::CHECKSUM_PENDING.note(frame, [Arg::Word(name)])));
        }
        _ => {}
    }
}
