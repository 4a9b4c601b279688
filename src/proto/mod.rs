//! The protocols: one file each, and the registry that binds them.
//!
//! Each file holds, in this order: the field table, the typed header, dissecting, crafting, the Info line, tests.
//! A new protocol is one file, its line in [`REGISTRY`] and its binding in the protocol that carries it.

pub mod arp;
pub mod checksum;
pub mod data;
pub mod ethernet;
pub mod icmp;
pub mod ipv4;
pub mod tcp;
pub mod udp;
pub mod vlan;

use crate::model::{Fault, FaultKind, FieldSpec, Header};

/// A protocol: its header's table, how it is read, and which numbers lead to it.
#[derive(Debug)]
pub struct Protocol {
    /// The header's table.
    pub header: &'static Header,
    /// Reads one layer from its first byte on.
    pub dissect: fn(&[u8]) -> Dissected,
    /// The numbers by which carriers name it.
    pub bindings: &'static [Binding],
}

/// How a carrier names what it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// The type field of Ethernet and VLAN headers.
    EtherType(u16),
    /// The protocol field of IPv4.
    IpProtocol(u8),
}

/// What follows a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The protocol that this binding leads to.
    Bound(Binding),
    /// The beginning of an IPv4 datagram that somebody else received.
    Quoted,
    /// Bytes without a protocol of their own.
    Data,
    /// Nothing.
    Nothing,
}

/// One layer as read: lengths are in bytes, offsets count from the layer's first byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dissected {
    /// Length of the header, as far as the bytes hold it.
    pub length: usize,
    /// Length of what it carries, as its own length field says; `None` for "all the rest".
    pub payload: Option<usize>,
    /// What that is.
    pub next: Next,
    /// What is wrong. Offsets are relative to the layer.
    pub faults: Vec<Fault>,
}

/// Every protocol that has a dissector, in the order of their layers.
pub static REGISTRY: &[&Protocol] = &[
    &ethernet::PROTOCOL,
    &vlan::PROTOCOL,
    &arp::PROTOCOL,
    &ipv4::PROTOCOL,
    &icmp::PROTOCOL,
    &udp::PROTOCOL,
    &tcp::PROTOCOL,
    &data::PROTOCOL,
];

/// The protocol that `binding` leads to.
#[must_use]
pub fn bound(binding: Binding) -> Option<&'static Protocol> {
    REGISTRY.iter().copied().find(|protocol| protocol.bindings.contains(&binding))
}

/// Every field of every protocol, in wire order.
pub fn all() -> impl Iterator<Item = (&'static Header, &'static FieldSpec)> {
    REGISTRY.iter().flat_map(|protocol| protocol.header.fields.iter().map(|field| (protocol.header, field)))
}

/// The field with this key.
#[must_use]
pub fn lookup(key: &str) -> Option<(&'static Header, &'static FieldSpec)> {
    all().find(|(_, field)| field.key == key)
}

impl Dissected {
    /// A header of `length` bytes with all the rest as `next`.
    #[must_use]
    pub fn whole(length: usize, next: Next) -> Self {
        Self { length, payload: None, next, faults: Vec::new() }
    }

    /// What there is of a header that is cut short: `needed` bytes, promised by `because`, of which `available` are there.
    #[must_use]
    pub fn cut(layer: &'static str, needed: usize, available: usize, because: &'static str) -> Self {
        let fault = Fault { kind: FaultKind::Truncated, layer, offset: 0, needed, available, because };
        Self { length: available.min(needed), payload: Some(0), next: Next::Nothing, faults: vec![fault] }
    }
}

/// The big-endian 16-bit number at byte `at`.
fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

/// The big-endian 32-bit number at byte `at`.
fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_unique_and_rows_in_wire_order() {
        for protocol in REGISTRY {
            let mut seen = std::collections::HashSet::new();
            for field in protocol.header.fields {
                assert!(seen.insert(field.key), "{} twice", field.key);
                assert!(!field.label.is_empty());
            }
        }
    }

    #[test]
    fn each_binding_leads_to_one_protocol() {
        let mut seen = Vec::new();
        for binding in REGISTRY.iter().flat_map(|protocol| protocol.bindings) {
            assert!(!seen.contains(binding), "{binding:?} twice");
            seen.push(*binding);
        }
        assert_eq!(lookup("ip.ttl").map(|(header, field)| (header.name, field.label)), Some(("ip", "Time to Live")));
    }
}
