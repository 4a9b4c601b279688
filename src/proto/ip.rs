//! What every version of IP has in common: two addresses, and a payload that a header reports the length of.
//!
//! Whoever looks at a layer inside IP (TCP, UDP, ICMP, the conversation tracker) asks here and need not know which
//! version carries it.

use std::net::IpAddr;

use super::ipv4;
use crate::model::{LayerView, Packet};

/// The IP layer that carries this one.
#[must_use]
pub fn enclosing<'p, 'f>(view: LayerView<'p, 'f>) -> Option<LayerView<'p, 'f>> {
    ipv4::enclosing(view)
}

/// The sender and the last receiver of the packet, as its checksums count them.
#[must_use]
pub fn ends(ip: LayerView<'_, '_>) -> Option<(IpAddr, IpAddr)> {
    ipv4::ends(ip).map(|(source, destination)| (source.into(), destination.into()))
}

/// The two addresses in the header of the packet's outermost IP layer: source, destination.
#[must_use]
pub fn addresses(packet: &Packet<'_>) -> Option<(IpAddr, IpAddr)> {
    let header = ipv4::Ipv4::read(packet.find(&ipv4::HEADER)?.bytes())?;
    Some((header.source.into(), header.destination.into()))
}

/// Bytes of payload on the wire, as far as header and frame agree; extension headers do not count.
#[must_use]
pub fn reported_payload(ip: LayerView<'_, '_>) -> usize {
    ipv4::reported_payload(ip)
}

/// Whether the payload is here from its first to its last byte.
#[must_use]
pub fn is_whole(ip: LayerView<'_, '_>) -> bool {
    ipv4::is_whole(ip)
}

/// Whether the packet is a whole one, as its sender says.
#[must_use]
pub fn is_unfragmented(ip: LayerView<'_, '_>) -> bool {
    ipv4::is_unfragmented(ip)
}
