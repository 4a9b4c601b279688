//! Checksums that do not fit, and those that nobody has computed yet.

use crate::model::{LayerView, Note, Value};

use super::rules::{self as rule, Rule};

/// Wireshark's number for a checksum that does not fit its bytes.
const BAD: Value<'static> = Value::Number(0);

static CHECKSUMS: &[(&str, &str, &Rule)] = &[
    ("ip", "ip.checksum.status", &rule::IP_CHECKSUM_BAD),
    ("icmp", "icmp.checksum.status", &rule::ICMP_CHECKSUM_BAD),
    ("udp", "udp.checksum.status", &rule::UDP_CHECKSUM_BAD),
    ("tcp", "tcp.checksum.status", &rule::TCP_CHECKSUM_BAD),
];

pub(super) fn explain(view: LayerView<'_, '_>) -> Option<Note> {
    let layer = view.layer();
    if layer.quoted {
        return None;
    }
    let (name, status, bad) = CHECKSUMS.iter().find(|(name, _, _)| *name == layer.header.name)?;
    let frames = vec![view.packet.frame.number];
    // Only the transport's checksum is left to the card; the kernel always computes IP's own.
    if view.packet.frame.checksum_pending && matches!(*name, "udp" | "tcp") {
        return Some(rule::CHECKSUM_PENDING.note(frames, [name.to_ascii_uppercase().into()]));
    }
    (view.field(status)?.value == BAD).then(|| bad.note(frames, []))
}
