//! What an ICMP message says: every type and code of RFC 792, and those that came later.

use std::net::{IpAddr, Ipv4Addr};

use crate::model::{Arg, FrameNo, Note, Packet, Tracked, Value, tracked};
use crate::proto::icmp::{AGAIN, ECHO_REPLY, ECHO_REQUEST, PARAMETER_PROBLEM, REDIRECT, UNREACHABLE};
use crate::proto::tcp;

use super::packet::{Role, Scene};
use super::rules::{self as rule, Rule};

/// Type, code, and the rule for it.
pub(super) type Reports = &'static [(u8, u8, &'static Rule)];
/// Type, and the rule for it.
pub(super) type Messages = &'static [(u8, &'static Rule)];

/// Reports that need no more than who sent them and where the packet was going: type, code, rule.
static REPORTS: Reports = &[
    (3, 0, &rule::ICMP_NET),
    (3, 1, &rule::ICMP_HOST),
    (3, 2, &rule::ICMP_PROTOCOL),
    (3, 5, &rule::ICMP_SOURCE_ROUTE),
    (3, 6, &rule::ICMP_NET_UNKNOWN),
    (3, 7, &rule::ICMP_HOST_UNKNOWN),
    (3, 8, &rule::ICMP_ISOLATED),
    (3, 9, &rule::ICMP_NET_FORBIDDEN),
    (3, 10, &rule::ICMP_HOST_FORBIDDEN),
    (3, 11, &rule::ICMP_NET_SERVICE),
    (3, 12, &rule::ICMP_HOST_SERVICE),
    (3, 13, &rule::ICMP_FORBIDDEN),
    (3, 14, &rule::ICMP_PRECEDENCE),
    (3, 15, &rule::ICMP_PRECEDENCE_CUTOFF),
    (4, 0, &rule::ICMP_QUENCH),
    (11, 0, &rule::ICMP_TTL),
    (11, 1, &rule::ICMP_REASSEMBLY),
];

/// Messages that are about nobody's packet: type, rule.
static MESSAGES: Messages = &[
    (9, &rule::ICMP_ADVERTISEMENT),
    (10, &rule::ICMP_SOLICITATION),
    (13, &rule::ICMP_TIMESTAMP),
    (14, &rule::ICMP_TIMESTAMP_REPLY),
    (15, &rule::ICMP_INFORMATION),
    (16, &rule::ICMP_INFORMATION),
    (17, &rule::ICMP_MASK),
    (18, &rule::ICMP_MASK_REPLY),
];

pub(super) fn explain(scene: &Scene<'_, '_>, notes: &mut Vec<Note>) {
    notes.extend(said(scene));
}

/// What the tables say of a message of this type and code, whose sender and whose packet's target are these.
pub(super) fn listed(
    frame: FrameNo,
    (kind, code): (u8, u8),
    (messages, reports): (Messages, Reports),
    sender: Arg,
    going: Arg,
) -> Option<Note> {
    if let Some((_, message)) = messages.iter().find(|(number, _)| *number == kind) {
        return Some(message.note([frame], [sender]));
    }
    let (_, _, report) = reports.iter().find(|row| (row.0, row.1) == (kind, code))?;
    Some(report.note([frame], [sender, going]))
}

fn said(scene: &Scene<'_, '_>) -> Option<Note> {
    let bytes = scene.view.bytes();
    let (&kind, &code) = (bytes.first()?, bytes.get(1)?);
    let frame = [scene.frame];
    match kind {
        ECHO_REQUEST => return request(scene),
        ECHO_REPLY => return Some(reply(scene, tracked!("icmp.resp_to"))),
        _ => {}
    }
    let (from, _) = scene.ends?;
    let sender = || Arg::Ip(from);
    let target = target(scene.view.packet);
    let going = || target.map_or(Arg::Word("its target"), Arg::Ip);
    if let Some(note) = listed(scene.frame, (kind, code), (MESSAGES, REPORTS), sender(), going()) {
        return Some(note);
    }
    let word = |at: usize| Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
    Some(match (kind, code) {
        // The target itself says this; anyone else who does is refusing on its behalf.
        (UNREACHABLE, 3) if is_about_tcp(scene.view.packet) => rule::ICMP_PORT_TCP.note(frame, [sender()]),
        (UNREACHABLE, 3) if target.is_none_or(|target| target == from) => rule::ICMP_PORT.note(frame, [sender()]),
        (UNREACHABLE, 3) => rule::ICMP_PORT_OTHER.note(frame, [sender(), going()]),
        (UNREACHABLE, 4) => match word(6).filter(|&mtu| mtu > 0) {
            Some(mtu) => rule::ICMP_TOO_BIG.note(frame, [sender(), going(), mtu.into()]),
            None => rule::ICMP_TOO_BIG_SILENT.note(frame, [sender(), going()]),
        },
        (UNREACHABLE, _) => rule::ICMP_UNREACHABLE_OTHER.note(frame, [sender(), going(), code.into()]),
        (REDIRECT, 0..=3) => {
            let gateway = Ipv4Addr::from(bytes.get(4..)?.first_chunk::<4>().copied()?);
            let about = if code % 2 == 0 { &rule::ICMP_REDIRECT_NET } else { &rule::ICMP_REDIRECT_HOST };
            about.note(frame, [sender(), going(), gateway.into()])
        }
        (PARAMETER_PROBLEM, 0) => rule::ICMP_PARAMETER.note(frame, [sender(), (*bytes.get(4)?).into()]),
        (PARAMETER_PROBLEM, 1) => rule::ICMP_OPTION_MISSING.note(frame, [sender()]),
        (PARAMETER_PROBLEM, 2) => rule::ICMP_PARAMETER_LENGTH.note(frame, [sender()]),
        _ => rule::ICMP_OTHER.note(frame, [sender(), kind.into(), code.into()]),
    })
}

/// Whether the quoted packet is a TCP segment: what refuses that is usually no host.
pub(super) fn is_about_tcp(packet: &Packet<'_>) -> bool {
    packet.find_quoted(&tcp::HEADER).is_some()
}

/// Where the quoted packet was going.
pub(super) fn target(packet: &Packet<'_>) -> Option<IpAddr> {
    let quoted = packet.views().find(|view| view.layer().quoted)?;
    crate::proto::ip::addresses_of(quoted).map(|(_, destination)| destination)
}

pub(super) fn request(scene: &Scene<'_, '_>) -> Option<Note> {
    let (from, to) = scene.ends?;
    let frame = [scene.frame];
    let everyone = to.is_multicast() || to == IpAddr::V4(Ipv4Addr::BROADCAST);
    if everyone || scene.is_to_group() == Some(true) {
        return Some(rule::ICMP_REQUEST_EVERYONE.note(frame, [to.into()]));
    }
    Some(match scene.role() {
        Role::Sent => rule::ICMP_REQUEST_SENT.note(frame, []),
        Role::Received => rule::ICMP_REQUEST_RECEIVED.note(frame, [from.into()]),
        Role::Seen => rule::ICMP_REQUEST_SEEN.note(frame, [from.into(), to.into()]),
    })
}

/// An echo reply; `request` names its request.
pub(super) fn reply(scene: &Scene<'_, '_>, request: Tracked) -> Note {
    let frame = |what| match scene.view.packet.generated(what) {
        Some(Value::Number(number)) => u32::try_from(number).ok().map(FrameNo),
        _ => None,
    };
    match frame(request) {
        _ if scene.role() == Role::Sent => rule::ICMP_REPLY_SENT.note([scene.frame], []),
        Some(request) => rule::ICMP_REPLY.note([scene.frame, request], [request.into()]),
        None => match frame(AGAIN) {
            Some(request) => rule::ICMP_REPLY_AGAIN.note([scene.frame, request], [request.into()]),
            None => rule::ICMP_REPLY_UNPAIRED.note([scene.frame], []),
        },
    }
}
