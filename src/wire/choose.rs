//! Which interface to watch where the user names none.

use netlink_packet_route::AddressFamily;
use netlink_packet_route::route::{RouteAttribute, RouteHeader, RouteMessage, RouteType};

use super::interface::{Interface, list};
use super::netlink::{Netlink, collect};
use super::route::usable;
use crate::error::{Error, Kind, Result};

/// The interface called `name`; without a name the one that the default route uses, or else the only one that is up.
///
/// # Errors
/// [`Kind::Interface`] where there is no such interface, where it cannot be listened on, and where it is not clear
/// which one is meant.
pub async fn interface_to_watch(name: Option<&str>) -> Result<Interface> {
    let netlink = Netlink::connect()?;
    let interfaces = list(&netlink).await?;
    let names = || interfaces.iter().map(|interface| interface.name.as_str()).collect::<Vec<_>>().join(", ");
    if let Some(name) = name {
        let found = interfaces.iter().find(|interface| interface.name == name).ok_or_else(|| {
            Error::new(Kind::Interface, format!("there is no interface {}", name.escape_debug()))
                .hint(format!("the interfaces here are: {}", names()))
        })?;
        usable(found)?;
        return Ok(found.clone());
    }
    let outward = default_interface(&netlink).await?;
    if let Some(found) = interfaces.iter().find(|interface| Some(interface.index) == outward) {
        usable(found)?;
        return Ok(found.clone());
    }
    let mut up = interfaces.iter().filter(|interface| !interface.is_loopback() && usable(interface).is_ok());
    match (up.next(), up.next()) {
        (Some(only), None) => Ok(only.clone()),
        (None, _) => Err(Error::new(Kind::Interface, "no interface is up, and there is no default route")
            .hint(format!("name the one to watch with -I; the interfaces here are: {}", names()))),
        _ => {
            Err(Error::new(Kind::Interface, "several interfaces are up, and no default route says which one to watch")
                .hint(format!("name it with -I; the interfaces here are: {}", names())))
        }
    }
}

/// The interface of the best default route, IPv4's before IPv6's.
async fn default_interface(netlink: &Netlink) -> Result<Option<u32>> {
    for family in [AddressFamily::Inet, AddressFamily::Inet6] {
        let mut question = RouteMessage::default();
        question.header.address_family = family;
        let routes = collect(netlink.handle.route().get(question).execute(), "routes").await?;
        let best = routes.iter().filter(|route| is_default(route)).min_by_key(|route| metric(route));
        let interface = best.and_then(|route| {
            route.attributes.iter().find_map(|attribute| match attribute {
                RouteAttribute::Oif(index) => Some(*index),
                _ => None,
            })
        });
        if interface.is_some() {
            return Ok(interface);
        }
    }
    Ok(None)
}

fn is_default(route: &RouteMessage) -> bool {
    let header = &route.header;
    header.destination_prefix_length == 0
        && header.kind == RouteType::Unicast
        && header.table == RouteHeader::RT_TABLE_MAIN
}

fn metric(route: &RouteMessage) -> u32 {
    let metric = route.attributes.iter().find_map(|attribute| match attribute {
        RouteAttribute::Priority(metric) => Some(*metric),
        _ => None,
    });
    metric.unwrap_or(0)
}
