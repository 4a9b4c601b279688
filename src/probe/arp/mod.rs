//! Who has an address (RFC 826), and whether it may be taken (RFC 5227).
//!
//! [`Ask`] asks for one address, several, or every address of a network; [`Claim`] probes for a duplicate or announces
//! an address, and listens for objections.

mod ask;
mod claim;

pub use ask::{Again, Ask, Patience, Plan, RATE};
pub use claim::{Claim, Conflict, Intent};

use std::net::Ipv4Addr;

use crate::model::MacAddr;
use crate::proto::arp::{self, Arp};
use crate::proto::ethernet::{self, Ethernet};

/// A frame to everyone that asks for `target`; `sender` is whom it says it is from.
fn question(mac: MacAddr, sender: Ipv4Addr, target: Ipv4Addr) -> Vec<u8> {
    let message = Arp {
        operation: arp::REQUEST,
        sender_mac: mac,
        sender_ip: sender,
        target_mac: MacAddr::ZERO,
        target_ip: target,
    };
    let envelope = Ethernet { destination: MacAddr::BROADCAST, source: mac, ethertype: ethernet::ARP };
    ethernet::craft(&envelope, &arp::craft(&message))
}

#[cfg(test)]
mod tests;
