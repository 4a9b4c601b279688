//! What an ARP packet says (RFC 826, RFC 5227).

use crate::model::{LayerView, MacAddr, Note};

use super::packet::{Context, Role, enclosing, ipv4, mac, role};
use super::rules as rule;

const REQUEST: u64 = 1;
const REPLY: u64 = 2;

pub(super) fn explain(view: LayerView<'_, '_>, context: &Context) -> Option<Note> {
    let sender = ipv4(view, "arp.src.proto_ipv4")?;
    let target = ipv4(view, "arp.dst.proto_ipv4")?;
    let sender_mac = mac(view, "arp.src.hw_mac")?;
    let operation = view.number("arp.opcode")?;
    let frames = vec![view.packet.frame.number];
    let who = role(view, context, "arp.src.proto_ipv4", "arp.dst.proto_ipv4");
    let everyone = enclosing(view, "eth").and_then(|eth| mac(eth, "eth.dst")).is_none_or(MacAddr::is_group);

    if who == Role::Received && context.is_ours(sender) {
        return Some(rule::ARP_CONFLICT.note(frames, [sender.to_string().into(), sender_mac.to_string().into()]));
    }
    let named = || sender.to_string().into();
    Some(match operation {
        REQUEST if sender.is_unspecified() => rule::ARP_PROBE.note(frames, []),
        REQUEST if sender == target && mac(view, "arp.dst.hw_mac") == Some(MacAddr::ZERO) => {
            rule::ARP_ANNOUNCEMENT.note(frames, [])
        }
        REQUEST | REPLY if sender == target => rule::ARP_GRATUITOUS.note(frames, [named()]),
        REQUEST => match who {
            Role::Sent if !everyone => rule::ARP_REQUEST_SENT_DIRECT.note(frames, []),
            Role::Sent if context.router == Some(target.into()) => rule::ARP_REQUEST_ROUTER.note(frames, []),
            Role::Sent => rule::ARP_REQUEST_SENT.note(frames, []),
            Role::Received if context.is_ours(target) => rule::ARP_REQUEST_FOR_YOU.note(frames, [named()]),
            _ if !everyone => rule::ARP_REQUEST_SEEN_DIRECT.note(frames, [named()]),
            _ => rule::ARP_REQUEST_SEEN.note(frames, [named()]),
        },
        REPLY => match who {
            Role::Sent => rule::ARP_REPLY_SENT.note(frames, []),
            _ if target.is_unspecified() => rule::ARP_DEFENCE.note(frames, [named()]),
            Role::Received if !everyone => rule::ARP_REPLY_RECEIVED.note(frames, []),
            _ if everyone => rule::ARP_GRATUITOUS.note(frames, [named()]),
            _ => rule::ARP_REPLY_SEEN.note(frames, [named()]),
        },
        _ => return None,
    })
}
