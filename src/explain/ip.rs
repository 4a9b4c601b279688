//! What the IP header has to say of its own: whether this is a whole packet, and to how many it goes.

use std::net::IpAddr;

use crate::model::{Arg, Note};
use crate::proto::ipv4::Ipv4;
use crate::proto::ipv6::fragment::Fragment;

use super::packet::Scene;
use super::rules as rule;

pub(super) fn explain(scene: &Scene<'_, '_>, notes: &mut Vec<Note>) {
    let bytes = scene.view.bytes();
    let place = if scene.view.layer().header.name == "ip" {
        Ipv4::read(bytes).map(|header| (header.more_fragments, header.fragment_offset))
    } else {
        Fragment::read(bytes).map(|header| (header.more, header.offset))
    };
    let frame = [scene.frame];
    match place {
        None | Some((false, 0)) => {}
        Some((true, 0)) => notes.push(rule::IP_FRAGMENT_FIRST.note(frame, [])),
        Some((true, offset)) => notes.push(rule::IP_FRAGMENT_MIDDLE.note(frame, [offset.into()])),
        Some((false, offset)) => notes.push(rule::IP_FRAGMENT_LAST.note(frame, [offset.into()])),
    }
}

/// That a packet goes to everyone, or to whoever listens to a group.
pub(super) fn to_many(scene: &Scene<'_, '_>) -> Option<Note> {
    let (_, to) = scene.ends.filter(|_| scene.is_to_group() != Some(false))?;
    let rule = match to {
        IpAddr::V4(address) if address.is_multicast() => &rule::IP_TO_GROUP,
        IpAddr::V6(address) if address.is_multicast() => &rule::IP_TO_GROUP,
        IpAddr::V4(address) if address.is_broadcast() || scene.is_to_group() == Some(true) => &rule::IP_TO_EVERYONE,
        _ => return None,
    };
    Some(rule.note([scene.frame], [Arg::Ip(to)]))
}
