//! Realises a topology: a network namespace a node, its devices, addresses, routes and kernel settings.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use netlink_packet_route::link::{
    AfSpecInet, AfSpecUnspec, InetDevConf, InfoData, InfoKind, InfoVeth, LinkAttribute, LinkInfo, LinkMessage,
};
use netlink_packet_route::neighbour::NeighbourState;
use netlink_packet_route::route::{RouteMessage, RouteType};
use rtnetlink::{Handle, LinkMessageBuilder, LinkUnspec, RouteMessageBuilder, new_connection};

use super::device::{self, Ends};
use super::namespace::{Namespace, Refused, refused};
use super::topology::{Interface, Link, LinkKind, Node, Route, RouteKind, Topology};

/// What carries frames between the namespaces and the wire thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// TAP interfaces.
    Tap,
    /// veth pairs whose far ends a packet socket serves, for machines without a usable `/dev/net/tun`.
    Veth,
}

/// A topology made real.
#[derive(Debug)]
pub(super) struct Network {
    /// The nodes' namespaces, in the order of the topology.
    pub nodes: Vec<Namespace>,
    /// The ends of all interfaces, in the order of [`Topology::interfaces`].
    pub ports: Ports,
}

/// The wire thread's side of every interface.
#[derive(Debug)]
pub(super) enum Ports {
    /// One descriptor a port.
    Taps(Vec<OwnedFd>),
    /// One socket for all; port `p` is the interface with index `p` + [`FIRST`].
    Ends(Ends),
}

/// Index of the first interface of a namespace after `lo`.
pub(super) const FIRST: usize = 2;

/// Time (ms) between two ICMP errors of a kind that a node shall not send at all. Longer than the minute of credit
/// that the kernel gives every new destination.
const NEVER: &str = "86400000";

/// Makes every node of `topology`. The calling thread, the only one of the process, must be in a namespace of its own
/// that may be used up; it ends in another.
pub(super) fn build(topology: &Topology, engine: Engine) -> Result<Network, Refused> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_io().build().map_err(refused("start netlink"))?;
    // One thread only: changing the thread's namespace between the nodes is part of the work.
    runtime.block_on(build_nodes(topology, engine))
}

async fn build_nodes(topology: &Topology, engine: Engine) -> Result<Network, Refused> {
    let room = Namespace::current()?;
    let mut far_ends = None;
    let mut ports = match engine {
        Engine::Tap => Ports::Taps(Vec::new()),
        Engine::Veth => {
            disable_ipv6();
            let (connection, netlink, _) = new_connection().map_err(refused("open netlink"))?;
            tokio::spawn(connection);
            far_ends = Some(netlink);
            Ports::Ends(Ends::open().map_err(refused("open a packet socket"))?)
        }
    };
    let mut nodes = Vec::with_capacity(topology.nodes.len());
    let mut first_port = 0;
    for (number, node) in topology.nodes.iter().enumerate() {
        nodes.push(Namespace::unshare()?);
        configure_kernel(node)
            .map_err(|(key, error)| Refused { step: format!("set {key} of {}", node.name), error })?;
        let (connection, netlink, _) = new_connection().map_err(refused("open netlink"))?;
        let connection = tokio::spawn(connection);
        bring_up(&netlink, 1).await.map_err(refused("bring lo up"))?;
        for (i, interface) in node.interfaces.iter().enumerate() {
            let refusal =
                |error: io::Error| Refused { step: format!("make {} of {}", interface.name, node.name), error };
            let index = u32::try_from(FIRST + i).map_err(|_| refusal(io::ErrorKind::InvalidInput.into()))?;
            match &mut ports {
                Ports::Taps(taps) => taps.push(device::tap(&interface.name, index).map_err(refusal)?),
                Ports::Ends(_) => {
                    let far_index = u32::try_from(FIRST + first_port + i).unwrap_or(0);
                    let pair = veth(interface, index, far_index, &room);
                    netlink.link().add(pair).execute().await.map_err(refused("make a veth pair"))?;
                    device::compute_checksums(&interface.name).map_err(refusal)?;
                    if let Some(far_ends) = &far_ends {
                        bring_up(far_ends, far_index).await.map_err(refused("bring a veth end up"))?;
                    }
                }
            }
            set_up(&netlink, topology, number, i, index).await.map_err(|refused| Refused {
                step: format!("{} {} of {}", refused.step, interface.name, node.name),
                ..refused
            })?;
        }
        for route in &node.routes {
            let step = || format!("add the route to {} on {}", route.to, node.name);
            let added = netlink.route().add(message(route)).execute().await;
            added.map_err(|error| refused(&step())(error))?;
        }
        first_port += node.interfaces.len();
        connection.abort();
    }
    Ok(Network { nodes, ports })
}

/// Sets MAC address, MTU, IP address and permanent neighbours of an interface, and its state to up.
async fn set_up(netlink: &Handle, topology: &Topology, n: usize, i: usize, index: u32) -> Result<(), Refused> {
    let node = &topology.nodes[n];
    let interface = &node.interfaces[i];
    let link = topology.links.iter().find(|link| link.name == interface.link);
    let mut change = LinkMessageBuilder::<LinkUnspec>::new().index(index).up();
    if let Some(mac) = topology.mac(n, i) {
        change = change.address(mac.0.to_vec());
    }
    if let Some(link) = link {
        change = change.mtu(u32::from(link.mtu));
    }
    if node.forward {
        // Besides the sysctl: works also where /proc/sys is read-only.
        let mut conf = InetDevConf::default();
        conf.forwarding = 1;
        let spec = AfSpecUnspec::Inet(vec![AfSpecInet::DevConfRequest(conf)]);
        change = change.append_extra_attribute(LinkAttribute::AfSpecUnspec(vec![spec]));
    }
    netlink.link().change(change.build()).execute().await.map_err(refused("bring up"))?;
    let address = IpAddr::V4(interface.address.address);
    netlink
        .address()
        .add(index, address, interface.address.prefix)
        .execute()
        .await
        .map_err(refused("give an address to"))?;
    for (address, mac) in known_neighbours(topology, link, n) {
        let neighbour = netlink.neighbours().add(index, address).link_layer_address(&mac);
        neighbour.state(NeighbourState::Permanent).execute().await.map_err(refused("add a neighbour to"))?;
    }
    Ok(())
}

/// Who is at the other end of a wire; nobody, for a switch.
fn known_neighbours(topology: &Topology, link: Option<&Link>, n: usize) -> Vec<(IpAddr, [u8; 6])> {
    let Some(link) = link.filter(|link| link.kind == LinkKind::Wire) else { return Vec::new() };
    let others = topology.interfaces().filter(|(other, _, interface)| *other != n && interface.link == link.name);
    others
        .filter_map(|(other, i, interface)| Some((IpAddr::V4(interface.address.address), topology.mac(other, i)?.0)))
        .collect()
}

async fn bring_up(netlink: &Handle, index: u32) -> Result<(), rtnetlink::Error> {
    netlink.link().change(LinkMessageBuilder::<LinkUnspec>::new().index(index).up().build()).execute().await
}

/// A pair with one end here and the other in `room`; both are down.
fn veth(interface: &Interface, index: u32, far_index: u32, room: &Namespace) -> LinkMessage {
    let far = LinkMessageBuilder::<LinkUnspec>::new()
        .index(far_index)
        .name(format!("port{far_index}"))
        .setns_by_fd(room.as_fd().as_raw_fd());
    let info = vec![LinkInfo::Kind(InfoKind::Veth), LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(far.build())))];
    LinkMessageBuilder::<LinkUnspec>::new()
        .index(index)
        .name(interface.name.clone())
        .append_extra_attribute(LinkAttribute::LinkInfo(info))
        .build()
}

fn message(route: &Route) -> RouteMessage {
    let builder = RouteMessageBuilder::<std::net::Ipv4Addr>::new()
        .destination_prefix(route.to.address, route.to.prefix)
        .kind(match route.kind {
            RouteKind::Unicast => RouteType::Unicast,
            RouteKind::Unreachable => RouteType::Unreachable,
            RouteKind::Prohibit => RouteType::Prohibit,
            RouteKind::Blackhole => RouteType::BlackHole,
        });
    match route.via {
        Some(via) => builder.gateway(via).build(),
        None => builder.build(),
    }
}

/// Writes the settings of the calling thread's network namespace that make it behave as `node` does.
fn configure_kernel(node: &Node) -> Result<(), (String, io::Error)> {
    disable_ipv6();
    // Inherited from the machine otherwise. Where /proc/sys is read-only, what the machine has must do.
    for key in ["net.ipv4.conf.all.rp_filter", "net.ipv4.conf.default.rp_filter"] {
        let _ = set(key, "0");
    }
    // A mask of 0 limits nothing. A rate of 0 would not do: it also takes the credit from which the kernel pays for
    // "no route to" and the like, which it limits apart, for the whole machine.
    let (mask, rate) = match (node.time_exceeded, node.limit_errors) {
        (false, _) => (Some("2048"), Some(NEVER)), // 1 << 11: time exceeded
        (true, false) => (Some("0"), None),
        (true, true) => (None, None),
    };
    let settings = [
        ("net.ipv4.ip_forward", Some("1").filter(|_| node.forward), true),
        ("net.ipv4.icmp_echo_ignore_all", Some("1").filter(|_| !node.echo), false),
        ("net.ipv4.icmp_ratemask", mask, node.time_exceeded),
        ("net.ipv4.icmp_ratelimit", rate, false),
    ];
    for (key, value, is_dispensable) in settings {
        match value.map(|value| set(key, value)) {
            Some(Err(error)) if !is_dispensable => return Err((key.to_owned(), error)),
            _ => {}
        }
    }
    for (key, value) in &node.sysctls {
        set(key, value).map_err(|error| (key.clone(), error))?;
    }
    Ok(())
}

/// Keeps captures quiet: no neighbour discovery, no router solicitations. Kernels without IPv6 have nothing to disable.
fn disable_ipv6() {
    for key in ["net.ipv6.conf.all.disable_ipv6", "net.ipv6.conf.default.disable_ipv6"] {
        let _ = set(key, "1");
    }
}

/// Writes a setting: dots separate the parts of its path, unless it has slashes.
fn set(key: &str, value: &str) -> io::Result<()> {
    let path = if key.contains('/') { key.to_owned() } else { key.replace('.', "/") };
    fs::write(format!("/proc/sys/{path}"), value)
}
