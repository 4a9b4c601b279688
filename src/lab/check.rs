//! What a topology must fulfil beyond its grammar, and on which line of its file it does not.

use std::collections::HashSet;

use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::Spanned;

use super::topology::{LinkKind, Node, RouteKind, ServiceKind, Topology};
use crate::model::Ipv4Cidr;

/// Most nodes of a topology: each costs a network namespace, of which the kernel has a limit.
const MAX_NODES: usize = 64;
/// Longest name of an interface that the kernel takes (`IFNAMSIZ` less the final zero).
const MAX_NAME: usize = 15;

/// Something that is wrong with a topology.
#[derive(Debug)]
pub(super) struct Wrong {
    /// The part of the file that says so.
    pub place: Place,
    /// What is wrong, in one line.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// A part of a topology's file, by index.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    Top,
    Link(usize),
    Node(usize),
    Interface(usize, usize),
}

/// Checks `topology` as a whole.
pub(super) fn check(topology: &Topology) -> Result<(), Wrong> {
    if topology.nodes.len() > MAX_NODES {
        return wrong(
            Place::Top,
            format!("{} nodes are more than the {MAX_NODES} a lab can have", topology.nodes.len()),
        );
    }
    if !topology.nodes.iter().any(|node| node.name == topology.host) {
        return wrong(Place::Top, format!("host = {:?}, but there is no node of that name", topology.host));
    }
    if let Some(domain) = topology.domain.as_ref().filter(|domain| !is_domain_name(domain)) {
        return wrong(Place::Top, format!("{domain:?} is not a domain name"));
    }
    check_links(topology)?;
    let mut names = HashSet::new();
    for (n, node) in topology.nodes.iter().enumerate() {
        if !names.insert(&node.name) {
            return wrong(Place::Node(n), format!("a second node called {}", node.name));
        }
        check_node(topology, n, node)?;
    }
    check_addresses(topology)
}

/// The line of the first byte of `place` in `text`, counted from 1.
pub(super) fn line_of_place(text: &str, place: Place) -> usize {
    // Read once more, this time for the places only.
    let Ok(outline) = toml::from_str::<Outline>(text) else { return 1 };
    let start = match place {
        Place::Top => Some(0),
        Place::Link(l) => outline.link.get(l).map(|link| link.span().start),
        Place::Node(n) => outline.node.get(n).map(|node| node.span().start),
        Place::Interface(n, i) => outline.node.get(n).and_then(|node| {
            let interface = node.get_ref().interface.get(i)?;
            Some(interface.span().start)
        }),
    };
    line_of(text, start.unwrap_or(0))
}

/// The line in which the byte at `offset` lies, counted from 1.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    let before = &text.as_bytes()[..offset.min(text.len())];
    before.split(|&byte| byte == b'\n').count()
}

#[derive(Deserialize)]
struct Outline {
    #[serde(default)]
    link: Vec<Spanned<IgnoredAny>>,
    #[serde(default)]
    node: Vec<Spanned<NodeOutline>>,
}

#[derive(Deserialize)]
struct NodeOutline {
    #[serde(default)]
    interface: Vec<Spanned<IgnoredAny>>,
}

fn wrong<T>(place: Place, message: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong { place, message: message.into(), hint: None })
}

fn check_links(topology: &Topology) -> Result<(), Wrong> {
    let mut names = HashSet::new();
    for (l, link) in topology.links.iter().enumerate() {
        let place = Place::Link(l);
        if !names.insert(&link.name) {
            return wrong(place, format!("a second link called {}", link.name));
        }
        let ends: Vec<_> = topology.interfaces().filter(|(_, _, interface)| interface.link == link.name).collect();
        if link.kind == LinkKind::Wire && ends.len() != 2 {
            return Err(Wrong {
                place,
                message: format!("the wire {} has {} ends; a wire has two", link.name, ends.len()),
                hint: Some("leave out kind = \"wire\" to have a switch".to_owned()),
            });
        }
        if !(68..=9000).contains(&link.mtu) {
            return wrong(place, format!("an MTU of {} bytes; it can be 68 to 9000", link.mtu));
        }
        for fault in &link.faults {
            let is_end = |name: &str| ends.iter().any(|&(n, _, _)| topology.nodes[n].name == name);
            if let Some(name) = fault.from.iter().chain(&fault.to).find(|name| !is_end(name)) {
                return wrong(place, format!("a fault of {} names {name}, which has no end of it", link.name));
            }
        }
    }
    Ok(())
}

fn check_node(topology: &Topology, n: usize, node: &Node) -> Result<(), Wrong> {
    let place = Place::Node(n);
    if !is_label(&node.name) {
        return wrong(place, format!("{:?} cannot name a node: use up to 15 letters, digits and hyphens", node.name));
    }
    let mut names = HashSet::new();
    for (i, interface) in node.interfaces.iter().enumerate() {
        let place = Place::Interface(n, i);
        let sound = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let length = interface.name.len();
        if !(1..=MAX_NAME).contains(&length)
            || !interface.name.bytes().all(sound)
            || [".", "..", "lo", "all", "default"].contains(&interface.name.as_str())
        {
            return wrong(place, format!("{:?} cannot name an interface", interface.name));
        }
        if !names.insert(&interface.name) {
            return wrong(place, format!("a second interface of {} called {}", node.name, interface.name));
        }
        if !topology.links.iter().any(|link| link.name == interface.link) {
            let links: Vec<_> = topology.links.iter().map(|link| link.name.as_str()).collect();
            return Err(Wrong {
                place,
                message: format!(
                    "{} of {} is plugged into {:?}, which is no link",
                    interface.name, node.name, interface.link
                ),
                hint: Some(format!("links: {}", links.join(", "))),
            });
        }
        if let Some(name) = interface.names.iter().find(|name| !is_domain_name(name)) {
            return wrong(place, format!("{name:?} is not a domain name"));
        }
        if interface.mac.is_some_and(crate::model::MacAddr::is_group) {
            return wrong(
                place,
                format!("{} of {} has a group address; a card needs its own", interface.name, node.name),
            );
        }
    }
    for route in &node.routes {
        let near = |network: &Ipv4Cidr| route.via.is_some_and(|via| network.contains(via));
        let reachable = node.interfaces.iter().any(|interface| near(&interface.address));
        match (route.kind, route.via) {
            (RouteKind::Unicast, None) => return wrong(place, format!("the route to {} needs a via", route.to)),
            (RouteKind::Unicast, Some(via)) if !reachable => {
                return wrong(place, format!("{} is on no network of {}, so no route can go there", via, node.name));
            }
            (RouteKind::Unicast, Some(_)) | (_, None) => {}
            (_, Some(_)) => return wrong(place, format!("the route to {} goes nowhere and has a via", route.to)),
        }
    }
    let mut ports = HashSet::new();
    for service in &node.services {
        if service.port == 0 || !ports.insert((service.kind == ServiceKind::Dns, service.port)) {
            return wrong(place, format!("port {} of {} cannot be served (twice)", service.port, node.name));
        }
        if service.kind == ServiceKind::Dns && node.interfaces.is_empty() {
            return wrong(place, format!("{} has a name server and no address", node.name));
        }
    }
    // The path must not leave /proc/sys/net.
    let sound = |key: &String| {
        key.starts_with("net.")
            && key.split(['.', '/']).all(|part| !part.is_empty() && part != "..")
            && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte))
    };
    if let Some(key) = node.sysctls.keys().find(|key| !sound(key)) {
        return wrong(place, format!("{key:?} is not a kernel setting of a network (net.…)"));
    }
    Ok(())
}

fn check_addresses(topology: &Topology) -> Result<(), Wrong> {
    let (mut addresses, mut macs) = (HashSet::new(), HashSet::new());
    for (n, i, interface) in topology.interfaces() {
        let cidr = interface.address;
        let place = Place::Interface(n, i);
        if !addresses.insert(cidr.address) {
            return wrong(place, format!("a second interface has the address {}", cidr.address));
        }
        let ends = [cidr.network(), cidr.broadcast()];
        if cidr.prefix == 0 || cidr.address.is_loopback() || cidr.prefix < 31 && ends.contains(&cidr.address) {
            return wrong(place, format!("{cidr} cannot be the address of an interface"));
        }
        if !macs.insert((&interface.link, topology.mac(n, i))) {
            return wrong(place, format!("a second interface on {} has the same MAC address", interface.link));
        }
    }
    Ok(())
}

fn is_label(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !name.starts_with('-')
}

fn is_domain_name(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    name.len() <= 253 && name.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use crate::lab::topology::{SCENARIOS, Topology};

    /// The message for the scenario `home` with `old` replaced by `new`, and the line on which `new` stands.
    fn refusal(old: &str, new: &str) -> (String, usize) {
        let home = SCENARIOS[0].1;
        assert!(home.contains(old), "{old}");
        let changed = home.replacen(old, new, 1);
        let line = changed[..changed.find(new).expect("just put there")].lines().count();
        (Topology::read(&changed, "home.toml").expect_err("must be refused").to_string(), line)
    }

    #[test]
    fn contradictions_are_named_with_the_table_they_are_in() {
        let (message, line) = refusal("link = \"lan\"\nmac = \"8c:85:90:42:64:b2\"", "link = \"wlan\"");
        let header = line - 2; // [[node.interface]], name, link
        assert_eq!(
            message,
            format!("home.toml, line {}: en0 of mac is plugged into \"wlan\", which is no link", header + 1)
        );
    }

    #[test]
    fn each_rule_refuses_its_breach() {
        for (old, new, part) in [
            ("host = \"pc\"", "host = \"nobody\"", "no node of that name"),
            ("name = \"mac\"", "name = \"pc\"", "a second node called pc"),
            ("name = \"mac\"", "name = \"a mac\"", "cannot name a node"),
            ("name = \"en0\"", "name = \"en0/../x\"", "cannot name an interface"),
            ("name = \"en0\"", "name = \"lo\"", "cannot name an interface"),
            ("name = \"fibre\"", "name = \"dsl\"", "a second link called dsl"),
            ("link = \"dsl\"", "link = \"lan\"", "the wire dsl has 1 ends"),
            ("192.168.11.7/24", "192.168.11.2/24", "a second interface has the address"),
            ("192.168.11.7/24", "192.168.11.0/24", "cannot be the address"),
            ("8c:85:90:42:64:b2", "3c:a9:f4:1e:52:02", "the same MAC address"),
            ("8c:85:90:42:64:b2", "01:85:90:42:64:b2", "a group address"),
            ("via = \"192.168.11.1\"", "via = \"10.0.0.1\"", "on no network of pc"),
            ("{ to = \"default\", via = \"192.168.11.1\" }", "{ to = \"default\" }", "needs a via"),
            ("via = \"192.168.11.1\"", "via = \"192.168.11.1\", kind = \"prohibit\"", "goes nowhere"),
            ("kind = \"filtered\", port = 81", "kind = \"filtered\", port = 80", "cannot be served"),
            ("echo = false", "sysctls = { \"net.../../kernel.x\" = \"1\" }", "not a kernel setting"),
            ("delay = \"49ms\"", "delay = \"49ms\"\nmtu = 60", "an MTU of 60"),
            ("delay = \"49ms\"", "delay = \"49ms\"\nfault = [{ from = \"pc\", do = \"drop\" }]", "has no end of it"),
            ("\"router.home\"", "\"router..home\"", "is not a domain name"),
        ] {
            let (message, _) = refusal(old, new);
            assert!(message.contains(part), "{new}: {message}");
            assert!(message.starts_with("home.toml, line "), "{message}");
        }
    }
}
