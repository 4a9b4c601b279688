//! What an ICMPv6 message says: errors (RFC 4443), neighbour discovery (RFC 4861) and listeners (RFC 2710, RFC 3810).

use crate::model::{Arg, Note, tracked};
use crate::proto::icmpv6::{
    ECHO_REPLY, ECHO_REQUEST, NEIGHBOR_ADVERTISEMENT, NEIGHBOR_SOLICITATION, Neighbor, PACKET_TOO_BIG,
    PARAMETER_PROBLEM, REDIRECT, Report, UNREACHABLE,
};

use super::icmp::{Messages, Reports, is_about_tcp, listed, reply, request, target};
use super::packet::Scene;
use super::rules as rule;

/// Reports that need no more than who sent them and where the packet was going: type, code, rule.
static REPORTS: Reports = &[
    (1, 0, &rule::ICMPV6_NO_ROUTE),
    (1, 1, &rule::ICMPV6_FORBIDDEN),
    (1, 2, &rule::ICMPV6_SCOPE),
    (1, 3, &rule::ICMPV6_ADDRESS),
    (1, 5, &rule::ICMPV6_SOURCE_REFUSED),
    (1, 6, &rule::ICMPV6_ROUTE_REFUSED),
    (1, 7, &rule::ICMPV6_SOURCE_ROUTE),
    (3, 0, &rule::ICMPV6_HOP_LIMIT),
    (3, 1, &rule::ICMPV6_REASSEMBLY),
];

/// Messages that are about nobody's packet: type, rule.
static MESSAGES: Messages = &[
    (130, &rule::ICMPV6_LISTENERS),
    (131, &rule::ICMPV6_LISTENS),
    (132, &rule::ICMPV6_LISTENS_NO_MORE),
    (133, &rule::ICMPV6_ROUTERS),
    (134, &rule::ICMPV6_ROUTER),
    (143, &rule::ICMPV6_LISTENS),
];

pub(super) fn explain(scene: &Scene<'_, '_>, notes: &mut Vec<Note>) {
    let said = said(scene).map(|note| match note.source {
        // The words of the older protocol, which fit; the standard is another.
        Some(source) if note.id.starts_with("icmp.echo.") && source.starts_with("RFC") => {
            Note { source: Some("RFC 4443 §4"), ..note }
        }
        _ => note,
    });
    notes.extend(said);
}

fn said(scene: &Scene<'_, '_>) -> Option<Note> {
    let bytes = scene.view.bytes();
    let (&kind, &code) = (bytes.first()?, bytes.get(1)?);
    let frame = [scene.frame];
    let (from, _) = scene.ends?;
    let sender = || Arg::Ip(from);
    match kind {
        ECHO_REQUEST => return request(scene),
        ECHO_REPLY => return Some(reply(scene, tracked!("icmpv6.resp_to"))),
        NEIGHBOR_SOLICITATION | NEIGHBOR_ADVERTISEMENT => return neighbour(scene, &Neighbor::read(bytes)?),
        _ => {}
    }
    let target = target(scene.view.packet);
    let going = || target.map_or(Arg::Word("its target"), Arg::Ip);
    if let Some(note) = listed(scene.frame, (kind, code), (MESSAGES, REPORTS), sender(), going()) {
        return Some(note);
    }
    let report = Report::read(bytes);
    Some(match (kind, code) {
        (UNREACHABLE, 4) if is_about_tcp(scene.view.packet) => rule::ICMP_PORT_TCP.note(frame, [sender()]),
        (UNREACHABLE, 4) if target.is_none_or(|target| target == from) => rule::ICMPV6_PORT.note(frame, [sender()]),
        (UNREACHABLE, 4) => rule::ICMPV6_PORT_OTHER.note(frame, [sender(), going()]),
        (PACKET_TOO_BIG, _) => {
            let mtu = report.and_then(|report| report.next_hop_mtu)?;
            rule::ICMPV6_TOO_BIG.note(frame, [sender(), going(), mtu.into()])
        }
        (PARAMETER_PROBLEM, _) => {
            let pointer = report.and_then(|report| report.pointer)?;
            let rule = if code == 1 { &rule::ICMPV6_NEXT_HEADER } else { &rule::ICMPV6_PARAMETER };
            rule.note(frame, [sender(), pointer.into()])
        }
        (REDIRECT, _) => rule::ICMPV6_REDIRECT.note(frame, [sender(), going()]),
        _ => rule::ICMPV6_OTHER.note(frame, [sender(), kind.into(), code.into()]),
    })
}

/// What ARP does for IPv4.
fn neighbour(scene: &Scene<'_, '_>, about: &Neighbor) -> Option<Note> {
    let (from, to) = scene.ends?;
    let (frame, target) = ([scene.frame], || Arg::Ip(about.target.into()));
    Some(match (about.tells, about.solicited) {
        (false, _) if from.is_unspecified() => rule::ICMPV6_PROBE.note(frame, [target()]),
        (false, _) if to.is_multicast() => rule::ICMPV6_ASKS.note(frame, [from.into(), target()]),
        (false, _) => rule::ICMPV6_ASKS_DIRECT.note(frame, [from.into(), target()]),
        (true, true) => match about.mac {
            Some(mac) => rule::ICMPV6_ANSWERS.note(frame, [target(), mac.into()]),
            None => rule::ICMPV6_ANSWERS_ONLY.note(frame, [target()]),
        },
        (true, false) => rule::ICMPV6_TELLS.note(frame, [target()]),
    })
}
