//! What one packet says: each layer's own function in turn, the innermost first.

use std::net::{IpAddr, Ipv4Addr};

use crate::model::{Direction, LayerView, MacAddr, Note, Packet, Value};

use super::{arp, checksum, fault, icmp, ip, tcp};

/// What a packet alone does not tell: who "you" are.
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

/// What one layer has to say; the row with the layer's name in [`SPEAKERS`].
type Speak = fn(LayerView<'_, '_>, &Context) -> Option<Note>;

static SPEAKERS: &[(&str, Speak)] =
    &[("icmp", icmp::explain), ("tcp", tcp::explain), ("arp", arp::explain), ("ip", ip::explain)];

/// What there is to say about `packet`, the most telling sentence first.
#[must_use]
pub fn explain(packet: &Packet<'_>, context: &Context) -> Vec<Note> {
    let mut notes = Vec::new();
    for (name, speak) in SPEAKERS {
        let layer = packet.views().find(|view| !view.layer().quoted && view.layer().header.name == *name);
        notes.extend(layer.and_then(|view| speak(view, context)));
    }
    notes.extend(packet.views().filter_map(checksum::explain));
    notes.extend(fault::explain(packet));
    notes
}

/// Whose packet `view` belongs to. Where the capture knows no direction, our addresses decide.
pub(super) fn role(view: LayerView<'_, '_>, context: &Context, source: &str, target: &str) -> Role {
    let ours = |key| ipv4(view, key).is_some_and(|address| context.is_ours(address));
    match view.packet.frame.direction {
        Some(Direction::Out) => Role::Sent,
        Some(Direction::In) => Role::Received,
        None if ours(source) => Role::Sent,
        None if ours(target) => Role::Received,
        Some(Direction::Other) | None => Role::Seen,
    }
}

/// The IPv4 address in the field `key`.
pub(super) fn ipv4(view: LayerView<'_, '_>, key: &str) -> Option<Ipv4Addr> {
    match view.field(key)?.value {
        Value::Ipv4(address) => Some(address),
        _ => None,
    }
}

/// The MAC address in the field `key`.
pub(super) fn mac(view: LayerView<'_, '_>, key: &str) -> Option<MacAddr> {
    match view.field(key)?.value {
        Value::Mac(address) => Some(address),
        _ => None,
    }
}

/// The layer before `view` with this name, quoted or not as `view` is: the datagram that carries it.
pub(super) fn enclosing<'p, 'f>(view: LayerView<'p, 'f>, name: &str) -> Option<LayerView<'p, 'f>> {
    (0..view.index)
        .rev()
        .map(|index| LayerView { index, ..view })
        .find(|outer| outer.layer().header.name == name && outer.layer().quoted == view.layer().quoted)
}

/// The first quoted layer with this name.
pub(super) fn quoted<'p, 'f>(packet: &'p Packet<'f>, name: &str) -> Option<LayerView<'p, 'f>> {
    packet.views().find(|view| view.layer().quoted && view.layer().header.name == name)
}

#[cfg(test)]
mod tests;
