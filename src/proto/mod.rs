//! The protocols: one file each, with a folder where it would be long, and the registry that binds them.
//!
//! Every protocol's file has the same order: the table of its fields, its typed header, how it is dissected, how it is
//! crafted, what the Info column says of it, tests. A new protocol is one file and its line in `REGISTRY`.
//!
//! Reading never trusts a length: a dissector gets the bytes that are there and the number that should be, and
//! answers where its header ends. Values are read later, row by row, when somebody walks the layer.

pub mod arp;
pub mod checksum;
pub mod data;
pub mod dhcp;
pub mod dns;
pub mod ethernet;
pub mod http;
pub mod icmp;
pub mod icmpv6;
pub mod ip;
pub mod ipv4;
pub mod ipv6;
pub mod llc;
pub mod null;
pub mod numbers;
mod reading;
pub mod segment;
pub mod sll;
pub mod stp;
pub mod stream;
pub mod tcp;
pub mod udp;
pub mod vlan;

pub use reading::{Binding, Flaw, Found, Input, be16, decimal, printable};

use stream::{Application, Part};

use crate::model::{FieldSpec, Header, LinkType};

/// A protocol as the dissector sees it.
#[derive(Debug)]
pub struct Protocol {
    /// Its table.
    pub header: &'static Header,
    /// Finds where its header ends and what follows.
    pub dissect: fn(&Input<'_>) -> Found,
}

static REGISTRY: [(Binding, &Protocol); 36] = [
    (Binding::Link(LinkType::Ethernet), &ethernet::PROTOCOL),
    (Binding::Link(LinkType::Cooked), &sll::PROTOCOL),
    (Binding::Link(LinkType::Cooked2), &sll::PROTOCOL2),
    (Binding::Link(LinkType::Null), &null::PROTOCOL),
    (Binding::Link(LinkType::Loop), &null::LOOP_PROTOCOL),
    (Binding::EtherType(ethernet::TAGGED), &vlan::PROTOCOL),
    (Binding::EtherType(ethernet::PROVIDER_TAGGED), &vlan::PROVIDER_PROTOCOL),
    (Binding::Llc, &llc::PROTOCOL),
    (Binding::Service(llc::SPANNING_TREE), &stp::PROTOCOL),
    (Binding::EtherType(ethernet::ARP), &arp::PROTOCOL),
    (Binding::EtherType(ethernet::IPV4), &ipv4::PROTOCOL),
    (Binding::IpProtocol(ipv4::IPV4), &ipv4::PROTOCOL),
    (Binding::EtherType(ethernet::IPV6), &ipv6::PROTOCOL),
    (Binding::IpProtocol(ipv4::IPV6), &ipv6::PROTOCOL),
    (Binding::IpProtocol(ipv6::HOP_BY_HOP), &ipv6::options::HOP_BY_HOP_PROTOCOL),
    (Binding::IpProtocol(ipv6::ROUTING), &ipv6::routing::PROTOCOL),
    (Binding::IpProtocol(ipv6::FRAGMENT), &ipv6::fragment::PROTOCOL),
    (Binding::IpProtocol(ipv6::DESTINATION_OPTIONS), &ipv6::options::DESTINATION_PROTOCOL),
    (Binding::IpProtocol(ipv4::ICMP), &icmp::PROTOCOL),
    (Binding::IpProtocol(ipv6::ICMPV6), &icmpv6::PROTOCOL),
    (Binding::IpProtocol(ipv4::TCP), &tcp::PROTOCOL),
    (Binding::IpProtocol(ipv4::UDP), &udp::PROTOCOL),
    (Binding::UdpPort(dhcp::SERVER_PORT), &dhcp::PROTOCOL),
    (Binding::UdpPort(dhcp::CLIENT_PORT), &dhcp::PROTOCOL),
    (Binding::UdpPort(dhcp::PROXY_PORT), &dhcp::PROTOCOL),
    (Binding::UdpPort(dns::PORT), &dns::PROTOCOL),
    (Binding::UdpPort(dns::MULTICAST_PORT), &dns::MULTICAST_PROTOCOL),
    (Binding::UdpPort(dns::LLMNR_PORT), &dns::LLMNR_PROTOCOL),
    (Binding::Stream(Part::Message(Application::Dns)), &dns::STREAM_PROTOCOL),
    (Binding::Stream(Part::Message(Application::Http)), &http::PROTOCOL),
    (Binding::Stream(Part::Headless), &http::HEADLESS_PROTOCOL),
    (Binding::Stream(Part::Silent), &segment::SILENT_PROTOCOL),
    (Binding::Stream(Part::Unfinished), &segment::UNFINISHED_PROTOCOL),
    (Binding::Stream(Part::Begun), &segment::BEGUN_PROTOCOL),
    (Binding::Stream(Part::Late), &segment::LATE_PROTOCOL),
    (Binding::Data, &data::PROTOCOL),
];

/// The protocol that `binding` announces; `None` when netlab has no dissector for it.
#[must_use]
pub fn bound(binding: Binding) -> Option<&'static Protocol> {
    REGISTRY.iter().find(|(known, _)| *known == binding).map(|(_, protocol)| *protocol)
}

/// Tables of what several headers hold, shown in their layers and in none of their own.
static SHARED: [&Header; 1] = [&ipv6::options::OPTIONS];

/// Every table, outermost layers first; of headers that share one, only the first.
pub fn headers() -> impl Iterator<Item = &'static Header> {
    let header = |place: usize| REGISTRY[place].1.header;
    let is_same = move |one: usize, other: usize| std::ptr::eq(header(one).fields, header(other).fields);
    let is_first = move |&place: &usize| !(0..place).any(|before| is_same(before, place));
    (0..REGISTRY.len()).filter(is_first).map(header).chain(SHARED)
}

/// What a datagram between these two ports carries. As in Wireshark the lower port decides if a protocol is known there,
/// else the other; and what looks like DNS is taken for it on any port.
#[must_use]
pub fn in_datagram(source: u16, destination: u16, payload: &[u8]) -> Binding {
    let ports = [source.min(destination), source.max(destination)].map(Binding::UdpPort);
    let is_proxy = [source, destination].contains(&dhcp::PROXY_PORT);
    let is_known = |port| {
        let protocol = bound(port).map(|protocol| protocol.header.name);
        protocol.is_some_and(|name| name != dhcp::HEADER.name || !is_proxy || dhcp::is_likely(payload))
    };
    let by_port = ports.into_iter().find(|&port| is_known(port));
    let by_look = || dns::is_likely(payload).then_some(Binding::UdpPort(dns::PORT));
    by_port.or_else(by_look).unwrap_or(Binding::Data)
}

/// Every row of every header, in wire order.
pub fn all() -> impl Iterator<Item = (&'static Header, &'static FieldSpec)> {
    headers().flat_map(|header| header.fields.iter().map(move |spec| (header, spec)))
}

/// The row with this display-filter key, and the header it belongs to.
#[must_use]
pub fn lookup(key: &str) -> Option<(&'static Header, &'static FieldSpec)> {
    all().find(|(_, spec)| spec.key == key)
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};
    use std::process::Command;

    use super::*;
    use crate::model::{Kind, Tracked};

    #[test]
    fn a_key_names_one_row_and_belongs_to_its_header() {
        let mut seen = HashMap::new();
        for header in headers() {
            for spec in header.fields {
                assert_eq!(seen.insert(spec.key, header.name), None, "{} twice", spec.key);
                let own = spec.key.strip_prefix(header.name).is_some_and(|rest| rest.starts_with(['.', '_']));
                let known = spec.key.starts_with("ieee8021ah.") || spec.key == "tcp.segment_data";
                assert!(own || known, "{} in {}", spec.key, header.name);
                assert!(!spec.label.is_empty() && spec.depth <= 1);
            }
        }
        assert_eq!(lookup("ip.ttl").map(|(header, spec)| (header.name, spec.label)), Some(("ip", "Time to Live")));
        assert!(lookup("no.such.key").is_none());
    }

    #[test]
    fn parts_lie_inside_the_field_they_belong_to() {
        for header in headers() {
            let mut whole = None;
            for spec in header.fields {
                if spec.depth == 0 {
                    whole = Some(spec.at);
                    continue;
                }
                let at = whole.unwrap_or_else(|| panic!("{} is a part of nothing", spec.key));
                // Options lie anywhere behind the fixed header.
                if at.len > 0 && spec.at.len > 0 {
                    let inside = spec.at.start >= at.start && spec.at.start + spec.at.len <= at.start + at.len;
                    assert!(inside, "{}", spec.key);
                }
            }
        }
    }

    #[test]
    fn every_tracked_value_of_wiresharks_is_a_row() {
        for key in Tracked::all().map(Tracked::key).filter(|key| !key.starts_with("netlab.")) {
            assert!(lookup(key).is_some(), "{key}");
        }
    }

    #[test]
    fn names_of_values_are_sorted() {
        for spec in all().map(|(_, spec)| spec) {
            if let Kind::Enum(names) = spec.kind {
                assert!(names.is_sorted_by(|a, b| a.0 < b.0), "{}", spec.key);
            }
        }
    }

    #[test]
    fn wireshark_knows_every_key() {
        let Ok(output) = Command::new("tshark").args(["-G", "fields"]).output() else {
            assert!(std::env::var_os("NETLAB_REQUIRE_LAB").is_none(), "tshark is not installed");
            eprintln!("skipped: tshark is not installed, so the keys cannot be compared with Wireshark's");
            return;
        };
        let known = String::from_utf8_lossy(&output.stdout);
        let known: HashSet<&str> = known.lines().filter_map(|line| line.split('\t').nth(2)).collect();
        for spec in all().map(|(_, spec)| spec) {
            assert!(known.contains(spec.key), "{}", spec.key);
        }
    }
}
