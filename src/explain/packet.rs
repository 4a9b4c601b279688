//! What one packet says: each layer's own function in turn, the innermost first.

use std::net::IpAddr;

use crate::model::{Direction, FrameNo, Layer, LayerView, MacAddr, Note, Packet};
use crate::proto::ethernet::Ethernet;
use crate::proto::ip;

use super::rules as rule;
use super::{arp, checksum, dhcp, dns, fault, http, icmp, icmpv6, ip as datagram, tcp, udp};

/// What a packet alone does not tell: who "you" are. In a file that does not say so, nobody is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// Our own addresses.
    pub addresses: Vec<IpAddr>,
    /// The router that this run's packets go to, if they go to one.
    pub router: Option<IpAddr>,
}

impl Context {
    /// Whether `address` is ours.
    #[must_use]
    pub fn is_ours(&self, address: impl Into<IpAddr>) -> bool {
        let address = address.into();
        self.addresses.contains(&address)
    }
}

/// Whose packet it is, seen from the person reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Sent,
    Received,
    Seen,
}

/// A layer that speaks, and what is around it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene<'p, 'f> {
    pub view: LayerView<'p, 'f>,
    pub context: &'p Context,
    /// The frame.
    pub frame: FrameNo,
    /// The addresses on the envelope of the link.
    pub eth: Option<Ethernet>,
    /// Sender and receiver of the IP packet.
    pub ends: Option<(IpAddr, IpAddr)>,
}

/// What there is to say about `packet`, the most telling sentence first.
#[must_use]
pub fn explain(packet: &Packet<'_>, context: &Context) -> Vec<Note> {
    let mut notes = Vec::new();
    tell(packet, context, &mut notes);
    notes
}

/// The same at the end of `notes`, for whoever explains many packets and has a list at hand.
pub fn tell(packet: &Packet<'_>, context: &Context, notes: &mut Vec<Note>) {
    // What is quoted is somebody else's, and what a piece begins with only the whole can speak for.
    let ends = |layer: &Layer| layer.quoted || layer.fragment;
    let own = match packet.layers.iter().position(ends) {
        Some(end) => end + usize::from(!packet.layers[end].quoted),
        None => packet.layers.len(),
    };
    let views = || (0..own).map(|index| LayerView { packet, index });
    let eth = views().next().filter(|view| view.layer().header.name == "eth");
    let frame = packet.frame.number;
    let eth = eth.and_then(|view| Ethernet::read(view.bytes()));
    let ends = views().find(is_ip).and_then(ip::addresses_of);
    let scene = |view| Scene { view, context, frame, eth, ends };
    for view in views().rev() {
        match view.layer().header.name {
            "tcp" => tcp::explain(&scene(view), notes),
            "dns" | "mdns" | "llmnr" => dns::explain(&scene(view), notes),
            "http" => http::explain(&scene(view), notes),
            "stp" => stp(&scene(view), notes),
            "dhcp" => dhcp::explain(&scene(view), notes),
            "udp" => udp::explain(&scene(view), notes),
            "icmp" => icmp::explain(&scene(view), notes),
            "icmpv6" => icmpv6::explain(&scene(view), notes),
            "arp" => arp::explain(&scene(view), notes),
            "ip" | "ipv6.fraghdr" => datagram::explain(&scene(view), notes),
            _ => {}
        }
    }
    for view in views() {
        checksum::explain(view, notes);
    }
    fault::explain(packet, notes);
}

/// What switches tell each other (IEEE 802.1D).
fn stp(scene: &Scene<'_, '_>, notes: &mut Vec<Note>) {
    const TYPE: usize = 3;
    let changes = scene.view.bytes().get(TYPE) == Some(&0x80);
    let rule = if changes { &rule::STP_CHANGE } else { &rule::STP_HELLO };
    notes.push(rule.note([scene.frame], []));
}

fn is_ip(view: &LayerView<'_, '_>) -> bool {
    matches!(view.layer().header.name, "ip" | "ipv6")
}

impl Scene<'_, '_> {
    /// Whose packet it is. Where the capture knows no direction, our addresses decide.
    pub(super) fn role(&self) -> Role {
        self.role_between(self.ends)
    }

    /// The same for a packet that names its ends itself.
    pub(super) fn role_between(&self, ends: Option<(IpAddr, IpAddr)>) -> Role {
        match self.view.packet.frame.direction {
            Some(Direction::Out) => Role::Sent,
            Some(Direction::In) => Role::Received,
            None if ends.is_some_and(|(source, _)| self.context.is_ours(source)) => Role::Sent,
            None if ends.is_some_and(|(_, target)| self.context.is_ours(target)) => Role::Received,
            Some(Direction::Other) | None => Role::Seen,
        }
    }

    /// The frame goes to many at once.
    pub(super) fn is_to_group(&self) -> Option<bool> {
        self.eth.map(|eth| MacAddr::is_group(eth.destination))
    }
}

#[cfg(test)]
mod tests;
