//! What a DHCP message says (RFC 2131 §3): how a machine without an address gets one.

use std::net::Ipv4Addr;

use crate::model::{Arg, Note, Value};
use crate::proto::dhcp::Dhcp;

use super::packet::Scene;
use super::rules as rule;

/// Where the address lies that the server gives.
const YOURS: usize = 16;

pub(super) fn explain(scene: &Scene<'_, '_>, notes: &mut Vec<Note>) {
    let bytes = scene.view.bytes();
    let Some(message) = Dhcp::read(bytes).and_then(|dhcp| dhcp.message) else { return };
    let given = bytes.get(YOURS..).and_then(|rest| rest.first_chunk::<4>()).map(|octets| Ipv4Addr::from(*octets));
    let address = |key| match scene.view.field(key)?.value {
        Value::Ipv4(address) => Some(address),
        _ => None,
    };
    let said = |address: Option<Ipv4Addr>| {
        address.filter(|it| !it.is_unspecified()).map_or(Arg::Word("an address"), Arg::from)
    };
    let (frame, server) = ([scene.frame], || said(address("dhcp.option.dhcp_server_id").or(scene_source(scene))));
    notes.push(match message {
        1 => rule::DHCP_DISCOVER.note(frame, []),
        2 => rule::DHCP_OFFER.note(frame, [server(), said(given)]),
        3 => match address("dhcp.option.requested_ip_address") {
            Some(wanted) => rule::DHCP_REQUEST.note(frame, [wanted.into()]),
            None => rule::DHCP_RENEW.note(frame, []),
        },
        4 => rule::DHCP_DECLINE.note(frame, []),
        5 => match scene.view.number("dhcp.option.ip_address_lease_time").and_then(|it| u32::try_from(it).ok()) {
            Some(seconds) => rule::DHCP_ACK.note(frame, [server(), said(given), seconds.into()]),
            None => rule::DHCP_ACK_INFORM.note(frame, [server()]),
        },
        6 => rule::DHCP_NAK.note(frame, [server()]),
        7 => rule::DHCP_RELEASE.note(frame, []),
        8 => rule::DHCP_INFORM.note(frame, []),
        _ => return,
    });
}

fn scene_source(scene: &Scene<'_, '_>) -> Option<Ipv4Addr> {
    match scene.ends?.0 {
        std::net::IpAddr::V4(address) => Some(address),
        std::net::IpAddr::V6(_) => None,
    }
}
