//! What an ICMP message says: every type and code of RFC 792, and those that came later.

use std::net::Ipv4Addr;

use crate::model::{Arg, FrameNo, LayerView, MacAddr, Note, Value};

use super::packet::{Context, Role, enclosing, ipv4, mac, quoted, role};
use super::rules::{self as rule, Rule};

const ECHO_REPLY: u64 = 0;
const UNREACHABLE: u64 = 3;
const REDIRECT: u64 = 5;
const ECHO_REQUEST: u64 = 8;
const PARAMETER: u64 = 12;

/// Reports that need no more than who sent them and where the packet was going: type, code, rule.
static REPORTS: &[(u64, u64, &Rule)] = &[
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
static MESSAGES: &[(u64, &Rule)] = &[
    (9, &rule::ICMP_ADVERTISEMENT),
    (10, &rule::ICMP_SOLICITATION),
    (13, &rule::ICMP_TIMESTAMP),
    (14, &rule::ICMP_TIMESTAMP_REPLY),
    (15, &rule::ICMP_INFORMATION),
    (16, &rule::ICMP_INFORMATION),
    (17, &rule::ICMP_MASK),
    (18, &rule::ICMP_MASK_REPLY),
];

pub(super) fn explain(view: LayerView<'_, '_>, context: &Context) -> Option<Note> {
    let (kind, code) = (view.number("icmp.type")?, view.number("icmp.code")?);
    let outer = enclosing(view, "ip")?;
    let from = ipv4(outer, "ip.src")?;
    let frames = vec![view.packet.frame.number];
    let sender = || Arg::Text(from.to_string());
    match kind {
        ECHO_REQUEST => return request(outer, from, frames, context),
        ECHO_REPLY => return Some(reply(view, outer, frames, context)),
        _ => {}
    }
    if let Some((_, message)) = MESSAGES.iter().find(|(number, _)| *number == kind) {
        return Some(message.note(frames, [sender()]));
    }
    let target = quoted(view.packet, "ip").and_then(|quote| ipv4(quote, "ip.dst"));
    let going = || target.map_or_else(|| Arg::from("its target"), |target| Arg::Text(target.to_string()));
    if let Some((_, _, report)) = REPORTS.iter().find(|row| (row.0, row.1) == (kind, code)) {
        return Some(report.note(frames, [sender(), going()]));
    }
    Some(match (kind, code) {
        // The target itself says this; anyone else who does is refusing on its behalf.
        (UNREACHABLE, 3) if target.is_none_or(|target| target == from) => rule::ICMP_PORT.note(frames, [sender()]),
        (UNREACHABLE, 3) => rule::ICMP_PORT_OTHER.note(frames, [sender(), going()]),
        (UNREACHABLE, 4) => match view.number("icmp.mtu").filter(|&mtu| mtu > 0) {
            Some(mtu) => rule::ICMP_TOO_BIG.note(frames, [sender(), going(), mtu.to_string().into()]),
            None => rule::ICMP_TOO_BIG_SILENT.note(frames, [sender(), going()]),
        },
        (UNREACHABLE, _) => rule::ICMP_UNREACHABLE_OTHER.note(frames, [sender(), going(), code.to_string().into()]),
        (REDIRECT, 0..=3) => {
            let gateway = ipv4(view, "icmp.redir_gw")?.to_string();
            let about = if code % 2 == 0 { &rule::ICMP_REDIRECT_NET } else { &rule::ICMP_REDIRECT_HOST };
            about.note(frames, [sender(), going(), gateway.into()])
        }
        (PARAMETER, 0) => {
            let pointer = view.number("icmp.pointer")?.to_string();
            rule::ICMP_PARAMETER.note(frames, [sender(), pointer.into()])
        }
        (PARAMETER, 1) => rule::ICMP_OPTION_MISSING.note(frames, [sender()]),
        (PARAMETER, 2) => rule::ICMP_PARAMETER_LENGTH.note(frames, [sender()]),
        _ => rule::ICMP_OTHER.note(frames, [sender(), kind.to_string().into(), code.to_string().into()]),
    })
}

fn request(outer: LayerView<'_, '_>, from: Ipv4Addr, frames: Vec<FrameNo>, context: &Context) -> Option<Note> {
    let to = ipv4(outer, "ip.dst")?;
    let group = enclosing(outer, "eth").and_then(|eth| mac(eth, "eth.dst")).is_some_and(MacAddr::is_group);
    let (from, to_text) = (Arg::Text(from.to_string()), Arg::Text(to.to_string()));
    if group || to.is_broadcast() || to.is_multicast() {
        return Some(rule::ICMP_REQUEST_EVERYONE.note(frames, [to_text]));
    }
    Some(match role(outer, context, "ip.src", "ip.dst") {
        Role::Sent => rule::ICMP_REQUEST_SENT.note(frames, []),
        Role::Received => rule::ICMP_REQUEST_RECEIVED.note(frames, [from]),
        Role::Seen => rule::ICMP_REQUEST_SEEN.note(frames, [from, to_text]),
    })
}

fn reply(view: LayerView<'_, '_>, outer: LayerView<'_, '_>, frames: Vec<FrameNo>, context: &Context) -> Note {
    let request = match view.packet.generated("icmp.resp_to") {
        Some(Value::Number(number)) => u32::try_from(number).ok().map(FrameNo),
        _ => None,
    };
    match request {
        _ if role(outer, context, "ip.src", "ip.dst") == Role::Sent => rule::ICMP_REPLY_SENT.note(frames, []),
        Some(request) => rule::ICMP_REPLY.note([frames, vec![request]].concat(), [request.to_string().into()]),
        None => rule::ICMP_REPLY_UNPAIRED.note(frames, []),
    }
}
