//! What every version of IP has in common: two addresses, and a payload that a header reports the length of.
//!
//! Whoever looks at a layer inside IP (TCP, UDP, ICMP, the conversation tracker) asks here and need not know which
//! version carries it. IPv6's extension headers count as part of the IP layer before them.

use std::net::IpAddr;

use super::{ipv4, ipv6};
use crate::model::{LayerView, Packet};

/// Whether this layer is IP, of whichever version.
#[must_use]
pub fn is_ip(view: LayerView<'_, '_>) -> bool {
    view.is(&ipv4::HEADER) || view.is(&ipv6::HEADER)
}

/// The IP layer that carries this one.
#[must_use]
pub fn enclosing<'p, 'f>(view: LayerView<'p, 'f>) -> Option<LayerView<'p, 'f>> {
    let outer = (0..view.index).rev().map(|index| LayerView { packet: view.packet, index });
    outer.into_iter().find(|view| !ipv6::is_extension(*view)).filter(|view| is_ip(*view))
}

/// The packet's outermost IP layer.
#[must_use]
pub fn outermost<'p, 'f>(packet: &'p Packet<'f>) -> Option<LayerView<'p, 'f>> {
    packet.views().find(|view| !view.layer().quoted && is_ip(*view))
}

/// The sender and the last receiver of the packet, as its checksums count them.
#[must_use]
pub fn ends(ip: LayerView<'_, '_>) -> Option<(IpAddr, IpAddr)> {
    if ip.is(&ipv6::HEADER) {
        return ipv6::ends(ip).map(|(source, destination)| (source.into(), destination.into()));
    }
    ipv4::ends(ip).map(|(source, destination)| (source.into(), destination.into()))
}

/// The two addresses in the header of this IP layer: source, destination.
#[must_use]
pub fn addresses_of(ip: LayerView<'_, '_>) -> Option<(IpAddr, IpAddr)> {
    if let Some(header) = ipv6::Ipv6::read(ip.bytes()) {
        return Some((header.source.into(), header.destination.into()));
    }
    ipv4::Ipv4::read(ip.bytes()).map(|header| (header.source.into(), header.destination.into()))
}

/// The two addresses in the header of the packet's outermost IP layer: source, destination.
#[must_use]
pub fn addresses(packet: &Packet<'_>) -> Option<(IpAddr, IpAddr)> {
    outermost(packet).and_then(addresses_of)
}

/// How many routers the packet may still pass: time to live, or hop limit.
#[must_use]
pub fn hops_left(ip: LayerView<'_, '_>) -> Option<u8> {
    ip.bytes().get(if ip.is(&ipv6::HEADER) { ipv6::HOP_LIMIT } else { ipv4::TTL }).copied()
}

/// Bytes of payload on the wire, as far as header and frame agree; extension headers do not count.
#[must_use]
pub fn reported_payload(ip: LayerView<'_, '_>) -> usize {
    if ip.is(&ipv6::HEADER) { ipv6::reported_payload(ip) } else { ipv4::reported_payload(ip) }
}

/// Whether the payload is here from its first to its last byte.
#[must_use]
pub fn is_whole(ip: LayerView<'_, '_>) -> bool {
    if ip.is(&ipv6::HEADER) { ipv6::is_whole(ip) } else { ipv4::is_whole(ip) }
}

/// Whether the packet is a whole one, as its sender says.
#[must_use]
pub fn is_unfragmented(ip: LayerView<'_, '_>) -> bool {
    if ip.is(&ipv6::HEADER) { ipv6::is_unfragmented(ip) } else { ipv4::is_unfragmented(ip) }
}
