//! What kind of address an address is, where that means something (RFC 6890 lists them all).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::model::{FrameNo, Note};

use super::rules::{self as rule, Rule};

/// A block of IPv4 addresses: its first address, the length of its prefix, and what it is for. The first match counts.
static BLOCKS: &[(Ipv4Addr, u32, &Rule)] = &[
    (Ipv4Addr::UNSPECIFIED, 32, &rule::ADDRESS_UNSPECIFIED),
    (Ipv4Addr::new(10, 0, 0, 0), 8, &rule::ADDRESS_PRIVATE),
    (Ipv4Addr::new(172, 16, 0, 0), 12, &rule::ADDRESS_PRIVATE),
    (Ipv4Addr::new(192, 168, 0, 0), 16, &rule::ADDRESS_PRIVATE),
    (Ipv4Addr::new(100, 64, 0, 0), 10, &rule::ADDRESS_SHARED),
    (Ipv4Addr::new(127, 0, 0, 0), 8, &rule::ADDRESS_LOOPBACK),
    (Ipv4Addr::new(169, 254, 0, 0), 16, &rule::ADDRESS_LINK_LOCAL),
    (Ipv4Addr::new(192, 0, 2, 0), 24, &rule::ADDRESS_DOCUMENTATION),
    (Ipv4Addr::new(198, 51, 100, 0), 24, &rule::ADDRESS_DOCUMENTATION),
    (Ipv4Addr::new(203, 0, 113, 0), 24, &rule::ADDRESS_DOCUMENTATION),
    (Ipv4Addr::new(198, 18, 0, 0), 15, &rule::ADDRESS_BENCHMARK),
    (Ipv4Addr::new(224, 0, 0, 0), 4, &rule::ADDRESS_MULTICAST),
    (Ipv4Addr::BROADCAST, 32, &rule::ADDRESS_BROADCAST),
    (Ipv4Addr::new(240, 0, 0, 0), 4, &rule::ADDRESS_RESERVED),
];

/// The same for IPv6.
static BLOCKS6: &[(Ipv6Addr, u32, &Rule)] = &[
    (Ipv6Addr::UNSPECIFIED, 128, &rule::ADDRESS_UNSPECIFIED),
    (Ipv6Addr::LOCALHOST, 128, &rule::ADDRESS_LOOPBACK),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, &rule::ADDRESS_LINK_LOCAL6),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, &rule::ADDRESS_UNIQUE_LOCAL),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, &rule::ADDRESS_DOCUMENTATION6),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, &rule::ADDRESS_MULTICAST6),
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96, &rule::ADDRESS_TRANSLATED),
];

/// What there is to know about `address`, seen in `frame`; `None` for one of the ordinary, public ones.
#[must_use]
pub fn explain(address: IpAddr, frame: Option<FrameNo>) -> Option<Note> {
    let (_, rule) = kind(address)?;
    Some(rule.note(frame, [address.into()]))
}

/// Whether an answer from `address` can be expected on the Internet at all.
pub(super) fn is_special(address: IpAddr) -> bool {
    let everyday = [&rule::ADDRESS_PRIVATE, &rule::ADDRESS_LOOPBACK, &rule::ADDRESS_LINK_LOCAL6];
    let many = [&rule::ADDRESS_MULTICAST, &rule::ADDRESS_MULTICAST6, &rule::ADDRESS_BROADCAST];
    kind(address).is_some_and(|(_, rule)| !everyday.iter().chain(&many).any(|other| std::ptr::eq(*other, rule)))
}

/// The length of the prefix, and the rule.
fn kind(address: IpAddr) -> Option<(u32, &'static Rule)> {
    match address {
        IpAddr::V4(address) => {
            let same = |block: &Ipv4Addr, prefix: u32| {
                (u32::from(address) ^ u32::from(*block)).checked_shr(32 - prefix).unwrap_or(0) == 0
            };
            BLOCKS.iter().find(|(block, prefix, _)| same(block, *prefix)).map(|(_, prefix, rule)| (*prefix, *rule))
        }
        IpAddr::V6(address) => {
            let same = |block: &Ipv6Addr, prefix: u32| {
                (u128::from(address) ^ u128::from(*block)).checked_shr(128 - prefix).unwrap_or(0) == 0
            };
            BLOCKS6.iter().find(|(block, prefix, _)| same(block, *prefix)).map(|(_, prefix, rule)| (*prefix, *rule))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(address: &str) -> Option<&'static str> {
        explain(address.parse().expect("an address"), None).map(|note| note.id)
    }

    #[test]
    fn blocks_have_their_ends() {
        for (inside, outside, expected) in [
            ("10.255.255.255", "11.0.0.0", "address.private"),
            ("172.31.255.255", "172.32.0.0", "address.private"),
            ("172.16.0.0", "172.15.255.255", "address.private"),
            ("192.168.255.255", "192.169.0.0", "address.private"),
            ("100.127.255.255", "100.128.0.0", "address.shared"),
            ("169.254.0.0", "169.253.255.255", "address.link-local"),
            ("192.0.2.255", "192.0.3.0", "address.documentation"),
            ("198.51.100.0", "198.51.99.255", "address.documentation"),
            ("203.0.113.255", "203.0.114.0", "address.documentation"),
            ("198.19.255.255", "198.20.0.0", "address.benchmark"),
            ("127.255.255.255", "128.0.0.0", "address.loopback"),
            ("0.0.0.0", "1.0.0.0", "address.unspecified"),
            ("239.255.255.255", "223.255.255.255", "address.multicast"),
            ("febf:ffff::", "fec0::", "address.link-local6"),
            ("fdff:ffff::1", "fe00::", "address.unique-local"),
            ("2001:db8:ffff::", "2001:db9::", "address.documentation6"),
            ("ff02::1", "fe00::", "address.multicast6"),
            ("64:ff9b::203.0.113.1", "64:ff9b:1::", "address.translated"),
            ("::1", "::2", "address.loopback"),
        ] {
            assert_eq!((id(inside), id(outside)), (Some(expected), None), "{inside} {outside}");
        }
        assert_eq!(id("255.255.255.255"), Some("address.broadcast"));
        assert_eq!(id("255.255.255.254"), Some("address.reserved"));
        assert_eq!(id("::"), Some("address.unspecified"));
        assert_eq!((id("93.184.216.34"), id("2606:2800::1")), (None, None));
    }
}
