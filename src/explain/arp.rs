//! What an ARP packet says (RFC 826, RFC 5227).

use crate::model::{FrameNo, Note, Value, tracked};
use crate::proto::arp::{self, Arp};

use super::packet::{Role, Scene};
use super::rules as rule;

pub(super) fn explain(scene: &Scene<'_, '_>, notes: &mut Vec<Note>) {
    let Some(arp) = Arp::read(scene.view.bytes()) else { return };
    let who = scene.role_between(Some((arp.sender_ip.into(), arp.target_ip.into())));
    let context = scene.context;
    if who == Role::Received && context.is_ours(arp.sender_ip) {
        notes.push(rule::ARP_CONFLICT.note([scene.frame], [arp.sender_ip.into(), arp.sender_mac.into()]));
        return;
    }
    notes.extend(said(scene, &arp, who));
    notes.extend(duplicate(scene, &arp));
}

fn said(scene: &Scene<'_, '_>, arp: &Arp, who: Role) -> Option<Note> {
    let frame = [scene.frame];
    let named = || [arp.sender_ip.into()];
    // Where the link does not say: questions go to all, answers to the asker.
    let everyone = scene.is_to_group().unwrap_or(arp.operation == arp::REQUEST);
    Some(match arp.operation {
        arp::REQUEST if arp.sender_ip.is_unspecified() => rule::ARP_PROBE.note(frame, []),
        arp::REQUEST if arp.is_announcement() => rule::ARP_ANNOUNCEMENT.note(frame, []),
        arp::REQUEST | arp::REPLY if arp.is_gratuitous() => rule::ARP_GRATUITOUS.note(frame, named()),
        arp::REQUEST => match who {
            Role::Sent if !everyone => rule::ARP_REQUEST_SENT_DIRECT.note(frame, []),
            Role::Sent if scene.context.router == Some(arp.target_ip.into()) => {
                rule::ARP_REQUEST_ROUTER.note(frame, [])
            }
            Role::Sent => rule::ARP_REQUEST_SENT.note(frame, []),
            Role::Received if scene.context.is_ours(arp.target_ip) => rule::ARP_REQUEST_FOR_YOU.note(frame, named()),
            _ if !everyone => rule::ARP_REQUEST_SEEN_DIRECT.note(frame, named()),
            _ => rule::ARP_REQUEST_SEEN.note(frame, named()),
        },
        arp::REPLY => match who {
            Role::Sent => rule::ARP_REPLY_SENT.note(frame, []),
            _ if arp.target_ip.is_unspecified() => rule::ARP_DEFENCE.note(frame, named()),
            Role::Received if !everyone => rule::ARP_REPLY_RECEIVED.note(frame, []),
            _ if everyone => rule::ARP_GRATUITOUS.note(frame, named()),
            _ => rule::ARP_REPLY_SEEN.note(frame, named()),
        },
        _ => return None,
    })
}

/// An earlier frame told another MAC address.
fn duplicate(scene: &Scene<'_, '_>, arp: &Arp) -> Option<Note> {
    let packet = scene.view.packet;
    if packet.generated.is_empty() {
        return None;
    }
    let earlier = match packet.generated(tracked!("arp.duplicate-address-frame"))? {
        Value::Number(frame) => FrameNo(u32::try_from(frame).ok()?),
        _ => return None,
    };
    let address = match packet.generated(arp::DUPLICATE) {
        Some(Value::Ipv4(address)) => address,
        _ => arp.sender_ip,
    };
    Some(rule::ARP_DUPLICATE.note([earlier, scene.frame], [address.into(), earlier.into()]))
}
