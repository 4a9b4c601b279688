//! Which way a packet leaves this host: the kernel's own decision, and why a probe may not follow it.

use std::net::Ipv4Addr;

use futures_util::TryStreamExt;
use netlink_packet_route::AddressFamily;
use netlink_packet_route::route::{RouteAddress, RouteAttribute, RouteFlags, RouteMessage, RouteType};
use nix::errno::Errno;

use super::interface::{Interface, confirmed_neighbour, list};
use super::netlink::{Netlink, errno};
use crate::error::{Error, Kind, Result};
use crate::model::{Hop, KnownFrom, LinkType, MacAddr, Path};

/// What the user asked for about the way out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options<'a> {
    /// Only by this interface.
    pub interface: Option<&'a str>,
    /// With this source address.
    pub source: Option<Ipv4Addr>,
    /// A broadcast or multicast target is meant.
    pub broadcast: bool,
}

/// The interface and the first hop for `target`, as the kernel's routing tables say.
/// A target of this host's own goes by the loopback interface, whatever interface was asked for.
///
/// # Errors
/// [`Kind::Interface`] for a missing, down, disconnected, unknown or address-less interface, [`Kind::Route`] where no
/// route leads there, [`Kind::Usage`] for a source that is not ours, a group target without `broadcast` and 0.0.0.0.
pub async fn path_to(target: Ipv4Addr, options: Options<'_>) -> Result<(Interface, Path)> {
    if target.is_unspecified() {
        return Err(Error::new(Kind::Usage, "0.0.0.0 means \"no address\": nobody can be reached by it")
            .hint("try: 127.0.0.1 for this host itself"));
    }
    let netlink = Netlink::connect()?;
    let interfaces = list(&netlink).await?;
    if (target.is_broadcast() || target.is_multicast()) && !options.broadcast {
        return Err(needs_broadcast(target));
    }
    let wanted = options.interface.map(|name| named(&interfaces, name)).transpose()?;
    if let Some(source) = options.source {
        check_source(&interfaces, source)?;
    }
    let route = match ask(&netlink, target, wanted, options.source).await {
        Ok(route) => route,
        Err(error) => {
            // Is it the source that is in the way?
            let without = match options.source {
                Some(source) => ask(&netlink, target, wanted, None).await.ok().map(|route| (source, route)),
                None => None,
            };
            return Err(without.map_or(error, |(source, route)| unfit_source(source, target, route.source)));
        }
    };
    let interface = by_index(&interfaces, route.interface)?;
    if route.kind == RouteType::Broadcast && !options.broadcast {
        return Err(needs_broadcast(target));
    }
    if route.kind != RouteType::Local {
        usable(interface)?;
    }
    let source = options
        .source
        .or(route.source)
        .or_else(|| interface.addresses.first().map(|own| own.cidr.address))
        .ok_or_else(|| without_address(interface))?;
    let hop = first_hop(&netlink, target, &route, interface).await?;
    let network = interface.addresses.iter().map(|own| own.cidr).find(|cidr| cidr.address == source);
    let known_from = if interface.is_without_arp() { KnownFrom::Interface } else { KnownFrom::Neighbours };
    let (name, mtu) = (interface.name.clone(), interface.mtu);
    let path = Path { target, name: None, interface: name, source, network, mtu, hop, known_from };
    Ok((interface.clone(), path))
}

/// What the kernel answered.
#[derive(Clone, Copy, Debug)]
struct Route {
    kind: RouteType,
    interface: u32,
    router: Option<Ipv4Addr>,
    source: Option<Ipv4Addr>,
}

async fn ask(
    netlink: &Netlink,
    target: Ipv4Addr,
    wanted: Option<&Interface>,
    source: Option<Ipv4Addr>,
) -> Result<Route> {
    // Told an interface without a route, the kernel assumes that every address is a neighbour there. Asking for the
    // matching entry of its table instead gets an honest "no".
    if let Some(interface) = wanted
        && !target.is_broadcast()
        && !target.is_multicast()
    {
        look_up(netlink, target, wanted, source, RouteFlags::FibMatch)
            .await
            .map_err(|error| no_route(target, Some(interface), &error))?;
    }
    let answer = look_up(netlink, target, wanted, source, RouteFlags::empty())
        .await
        .map_err(|error| no_route(target, wanted, &error))?;
    let mut route = Route { kind: answer.header.kind, interface: 0, router: None, source: None };
    for attribute in &answer.attributes {
        match attribute {
            RouteAttribute::Oif(index) => route.interface = *index,
            RouteAttribute::Gateway(RouteAddress::Inet(address)) => route.router = Some(*address),
            RouteAttribute::PrefSource(RouteAddress::Inet(address)) => route.source = Some(*address),
            RouteAttribute::Via(_) => {
                return Err(Error::new(
                    Kind::Route,
                    format!("the route to {target} leads by a router with an IPv6 address"),
                )
                .hint("netlab asks routers for their MAC address by ARP, which knows IPv4 only"));
            }
            _ => {}
        }
    }
    Ok(route)
}

async fn look_up(
    netlink: &Netlink,
    target: Ipv4Addr,
    interface: Option<&Interface>,
    source: Option<Ipv4Addr>,
    flags: RouteFlags,
) -> Result<RouteMessage, rtnetlink::Error> {
    let mut question = RouteMessage::default();
    question.header.address_family = AddressFamily::Inet;
    question.header.destination_prefix_length = 32;
    question.header.flags = flags;
    question.attributes.push(RouteAttribute::Destination(RouteAddress::Inet(target)));
    if let Some(source) = source {
        question.header.source_prefix_length = 32;
        question.attributes.push(RouteAttribute::Source(RouteAddress::Inet(source)));
    }
    if let Some(interface) = interface {
        question.attributes.push(RouteAttribute::Oif(interface.index));
    }
    let mut answers = std::pin::pin!(netlink.handle.route().get(question).execute());
    answers.try_next().await?.ok_or(rtnetlink::Error::RequestFailed)
}

async fn first_hop(netlink: &Netlink, target: Ipv4Addr, route: &Route, interface: &Interface) -> Result<Hop> {
    if route.kind == RouteType::Local {
        return Ok(Hop::Local);
    }
    if interface.link == Some(LinkType::RawIp) {
        return Ok(Hop::Peer { router: route.router });
    }
    if route.kind == RouteType::Broadcast || target.is_broadcast() {
        return Ok(Hop::Group { mac: MacAddr::BROADCAST });
    }
    if target.is_multicast() {
        return Ok(Hop::Group { mac: multicast_mac(target) });
    }
    let next = route.router.unwrap_or(target);
    let known = if interface.is_without_arp() {
        // The kernel addresses such frames to the interface itself; what is behind it sorts them out.
        interface.mac
    } else {
        confirmed_neighbour(netlink, interface.index, next).await?
    };
    Ok(match route.router {
        Some(address) => Hop::Router { address, known },
        None => Hop::OnLink { known },
    })
}

/// 01:00:5e and the low 23 bits of the group (RFC 1112 §6.4).
fn multicast_mac(group: Ipv4Addr) -> MacAddr {
    let [_, b, c, d] = group.octets();
    MacAddr([0x01, 0x00, 0x5e, b & 0x7f, c, d])
}

fn named<'i>(interfaces: &'i [Interface], name: &str) -> Result<&'i Interface> {
    let interface = interfaces.iter().find(|interface| interface.name == name).ok_or_else(|| {
        let names: Vec<&str> = interfaces.iter().map(|interface| interface.name.as_str()).collect();
        Error::new(Kind::Interface, format!("there is no interface {}", name.escape_debug()))
            .hint(format!("the interfaces here are: {}", names.join(", ")))
    })?;
    usable(interface)?;
    if interface.addresses.is_empty() {
        return Err(without_address(interface));
    }
    Ok(interface)
}

fn by_index(interfaces: &[Interface], index: u32) -> Result<&Interface> {
    interfaces.iter().find(|interface| interface.index == index).ok_or_else(|| {
        Error::new(Kind::Interface, "the interface of the route disappeared while it was looked up")
            .hint("try again; see the interfaces with: ip link")
    })
}

/// Whether packets can leave by `interface` now.
///
/// # Errors
/// [`Kind::Interface`] where it is down, disconnected, or a kind of link that netlab does not know.
pub fn usable(interface: &Interface) -> Result<()> {
    let name = &interface.name;
    if !interface.is_up() {
        return Err(Error::new(Kind::Interface, format!("interface {name} is down"))
            .hint(format!("switch it on with: sudo ip link set {name} up")));
    }
    if !interface.has_carrier() {
        return Err(Error::new(Kind::Interface, format!("interface {name} is up but not connected (no carrier)"))
            .hint("check the cable, the Wi-Fi connection, or the other end of the virtual link"));
    }
    if interface.link.is_none() {
        return Err(Error::new(Kind::Interface, format!("interface {name} is a kind of link netlab does not know"))
            .hint("netlab knows Ethernet and Wi-Fi, loopback, and IP tunnels (tun, ppp, wireguard)"));
    }
    Ok(())
}

fn without_address(interface: &Interface) -> Error {
    let name = &interface.name;
    Error::new(Kind::Interface, format!("interface {name} has no IPv4 address"))
        .hint(format!("see its addresses with: ip address show dev {name}"))
        .hint("without one, nobody could send an answer back")
}

fn check_source(interfaces: &[Interface], source: Ipv4Addr) -> Result<()> {
    if source.is_loopback() || interfaces.iter().any(|interface| interface.has_address(source)) {
        return Ok(());
    }
    let own: Vec<String> =
        interfaces.iter().flat_map(|interface| &interface.addresses).map(|own| own.cidr.address.to_string()).collect();
    let hint = if own.is_empty() {
        "this host has no IPv4 address yet".to_owned()
    } else {
        format!("the addresses here are: {}", own.join(", "))
    };
    Err(Error::new(Kind::Usage, format!("{source} is not an address of this host"))
        .hint(hint)
        .hint("netlab sends no packets in another host's name; answers would not come here either"))
}

/// Only with `source` there is no route to `target`; the kernel itself would take `usual`.
fn unfit_source(source: Ipv4Addr, target: Ipv4Addr, usual: Option<Ipv4Addr>) -> Error {
    let error = Error::new(Kind::Usage, format!("{source} cannot be the source of packets to {target}"));
    let error = match usual {
        Some(usual) => error.hint(format!("leave out -S, or give it the address that leads there: {usual}")),
        None => error.hint("leave out -S"),
    };
    if source.is_loopback() {
        return error.hint(format!("{source} means \"this machine itself\": no answer from elsewhere could find it"));
    }
    error
}

fn needs_broadcast(target: Ipv4Addr) -> Error {
    let what = if target.is_multicast() { "a multicast group" } else { "a broadcast address" };
    Error::new(Kind::Usage, format!("{target} is {what}: every host that listens may answer"))
        .hint("add --broadcast if that is what you want")
}

fn no_route(target: Ipv4Addr, interface: Option<&Interface>, error: &rtnetlink::Error) -> Error {
    let by = interface.map(|interface| format!(" by interface {}", interface.name)).unwrap_or_default();
    let why = match errno(error) {
        Some(Errno::ENETUNREACH) => "the network is unreachable".to_owned(),
        Some(Errno::EHOSTUNREACH) => "the routing table says it is unreachable".to_owned(),
        Some(Errno::EACCES) => "the routing table prohibits it".to_owned(),
        Some(Errno::EINVAL) => "the routing table discards it (blackhole)".to_owned(),
        Some(errno) => errno.desc().to_lowercase(),
        None => error.to_string(),
    };
    let error = Error::new(Kind::Route, format!("no route to {target}{by}: {why}"))
        .hint("see where packets can go with: ip route");
    match interface {
        Some(_) => error.hint("or leave out -I and let the routing table choose"),
        None => error.hint("addresses outside your own networks need a default route to a router"),
    }
}
