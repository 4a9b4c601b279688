//! The way a probe takes out of this host.

use std::net::Ipv4Addr;

use super::{Ipv4Cidr, MacAddr};

/// Where a packet for the target goes first, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// The address asked for.
    pub target: Ipv4Addr,
    /// The name it was asked by, where it was not a literal address.
    pub name: Option<String>,
    /// The interface it leaves by.
    pub interface: String,
    /// The address of ours that it carries as source.
    pub source: Ipv4Addr,
    /// The network that `source` belongs to on that interface.
    pub network: Option<Ipv4Cidr>,
    /// Largest IP packet that fits the link, in bytes.
    pub mtu: usize,
    /// Who gets the frame.
    pub hop: Hop,
    /// How a MAC address that `hop` knows already came to be known.
    pub known_from: KnownFrom,
}

/// Where a MAC address was taken from without asking for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KnownFrom {
    /// The kernel's neighbour table.
    #[default]
    Neighbours,
    /// The interface itself: it works without ARP, and the kernel writes the interface's own address on its frames.
    Interface,
}

/// The first receiver of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hop {
    /// The target itself: it is on this link. Its MAC address is known already or has to be asked for.
    OnLink {
        /// Its MAC address, where it is known already: [`Path::known_from`].
        known: Option<MacAddr>,
    },
    /// A router on this link.
    Router {
        /// Its address.
        address: Ipv4Addr,
        /// Its MAC address, where it is known already: [`Path::known_from`].
        known: Option<MacAddr>,
    },
    /// Nobody: the target is this host.
    Local,
    /// The one peer of a link without link-layer addresses (tun, ppp, wireguard).
    Peer {
        /// The route names a router, though the link does not need its address.
        router: Option<Ipv4Addr>,
    },
    /// Everyone on the link, or a group (`--broadcast`).
    Group {
        /// The MAC address that stands for them.
        mac: MacAddr,
    },
}
