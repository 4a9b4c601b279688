//! Interfaces and their addresses, and whom the kernel already knows on their links.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use netlink_packet_route::AddressFamily;
use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_packet_route::link::{LinkAttribute, LinkFlags, LinkLayerType, LinkMessage};
use netlink_packet_route::neighbour::{NeighbourAddress, NeighbourAttribute, NeighbourMessage, NeighbourState};

use super::netlink::{Netlink, collect};
use crate::error::Result;
use crate::model::{Ipv4Cidr, LinkType, MacAddr};

/// A network interface of this host, as the kernel describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// The kernel's number for it; a new interface of the same name has another one.
    pub index: u32,
    /// Its name, such as `eth0`.
    pub name: String,
    /// Its MAC address, on links that have such; zero on loopback.
    pub mac: Option<MacAddr>,
    /// Largest IP packet that fits the link, in bytes.
    pub mtu: usize,
    /// What its captured frames begin with; `None` for kinds of link that netlab does not know.
    pub link: Option<LinkType>,
    /// Its IPv4 addresses.
    pub addresses: Vec<InterfaceAddress>,
    flags: LinkFlags,
}

/// An IPv4 address of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InterfaceAddress {
    /// The address and the length of its network's prefix.
    pub cidr: Ipv4Cidr,
    /// Where its network's broadcasts go.
    pub broadcast: Option<Ipv4Addr>,
}

impl Interface {
    /// Switched on by the administrator.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.flags.contains(LinkFlags::Up)
    }

    /// Connected: there is a carrier (a plugged cable, a peer that is up).
    #[must_use]
    pub fn has_carrier(&self) -> bool {
        self.flags.contains(LinkFlags::LowerUp)
    }

    /// The host talking to itself.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.flags.contains(LinkFlags::Loopback)
    }

    /// A link with exactly one other end.
    #[must_use]
    pub fn is_point_to_point(&self) -> bool {
        self.flags.contains(LinkFlags::Pointopoint)
    }

    /// The link does not use ARP.
    #[must_use]
    pub fn is_without_arp(&self) -> bool {
        self.flags.contains(LinkFlags::Noarp)
    }

    /// Whether `address` is one of its own.
    #[must_use]
    pub fn has_address(&self, address: Ipv4Addr) -> bool {
        self.addresses.iter().any(|own| own.cidr.address == address)
    }
}

/// All interfaces of this network namespace with their IPv4 addresses, by index.
///
/// # Errors
/// [`Kind::System`](crate::error::Kind::System) when the kernel does not answer.
pub async fn interfaces() -> Result<Vec<Interface>> {
    let netlink = Netlink::connect()?;
    list(&netlink).await
}

/// The MAC address of `address` on interface `index`, where the kernel has it confirmed.
///
/// Taken are the states *reachable* (confirmed within the last half minute or so), *permanent* (the administrator's
/// word) and *noarp* (none needed). Not *stale*, *delay* or *probe*: the kernel sends to such entries while it has
/// them confirmed, but frames that go past its table set no confirmation going; a fresh ARP request costs one round
/// trip, a wrong address costs the truth.
///
/// # Errors
/// [`Kind::System`](crate::error::Kind::System) when the kernel does not answer.
pub async fn neighbour(index: u32, address: Ipv4Addr) -> Result<Option<MacAddr>> {
    let netlink = Netlink::connect()?;
    confirmed_neighbour(&netlink, index, address).await
}

pub(super) async fn list(netlink: &Netlink) -> Result<Vec<Interface>> {
    let links = collect(netlink.handle.link().get().execute(), "interfaces").await?;
    let mut interfaces: BTreeMap<u32, Interface> =
        links.into_iter().map(|link| (link.header.index, interface(link))).collect();
    for message in collect(netlink.handle.address().get().execute(), "addresses").await? {
        if let Some(interface) = interfaces.get_mut(&message.header.index) {
            interface.addresses.extend(address(&message));
        }
    }
    Ok(interfaces.into_values().collect())
}

pub(super) async fn confirmed_neighbour(netlink: &Netlink, index: u32, address: Ipv4Addr) -> Result<Option<MacAddr>> {
    let request = netlink.handle.neighbours().get().set_address_family(AddressFamily::Inet);
    let entries = collect(request.execute(), "neighbours").await?;
    Ok(entries.iter().filter(|entry| entry.header.ifindex == index).find_map(|entry| confirmed(entry, address)))
}

fn interface(message: LinkMessage) -> Interface {
    let header = message.header;
    let link = match header.link_layer_type {
        LinkLayerType::Ether | LinkLayerType::Loopback => Some(LinkType::Ethernet),
        LinkLayerType::None
        | LinkLayerType::Ppp
        | LinkLayerType::Rawip
        | LinkLayerType::Tunnel
        | LinkLayerType::Sit => Some(LinkType::RawIp),
        _ => None,
    };
    let mut interface = Interface {
        index: header.index,
        name: String::new(),
        mac: None,
        mtu: 0,
        link,
        addresses: Vec::new(),
        flags: header.flags,
    };
    for attribute in message.attributes {
        match attribute {
            LinkAttribute::IfName(name) => interface.name = name,
            LinkAttribute::Mtu(mtu) => interface.mtu = usize::try_from(mtu).unwrap_or(usize::MAX),
            LinkAttribute::Address(bytes) if link == Some(LinkType::Ethernet) => {
                interface.mac = MacAddr::read(&bytes).filter(|_| bytes.len() == 6);
            }
            _ => {}
        }
    }
    interface
}

fn address(message: &AddressMessage) -> Option<InterfaceAddress> {
    let (mut local, mut remote, mut broadcast) = (None, None, None);
    for attribute in &message.attributes {
        match attribute {
            AddressAttribute::Local(IpAddr::V4(address)) => local = Some(*address),
            AddressAttribute::Address(IpAddr::V4(address)) => remote = Some(*address),
            AddressAttribute::Broadcast(address) => broadcast = Some(*address),
            _ => {}
        }
    }
    // On a point-to-point link "address" is the peer's and "local" ours; elsewhere they are the same.
    let address = local.or(remote)?;
    Some(InterfaceAddress { cidr: Ipv4Cidr { address, prefix: message.header.prefix_len.min(32) }, broadcast })
}

fn confirmed(entry: &NeighbourMessage, address: Ipv4Addr) -> Option<MacAddr> {
    let state = entry.header.state;
    if !matches!(state, NeighbourState::Reachable | NeighbourState::Permanent | NeighbourState::Noarp) {
        return None;
    }
    let is_it = |attribute: &NeighbourAttribute| matches!(attribute, NeighbourAttribute::Destination(NeighbourAddress::Inet(found)) if *found == address);
    if !entry.attributes.iter().any(is_it) {
        return None;
    }
    entry.attributes.iter().find_map(|attribute| match attribute {
        NeighbourAttribute::LinkLayerAddress(bytes) if bytes.len() == 6 => MacAddr::read(bytes),
        _ => None,
    })
}
