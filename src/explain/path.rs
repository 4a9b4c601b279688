//! The heading's sentences: where a packet goes first, and why.

use std::net::Ipv4Addr;

use crate::model::{Arg, Hop, KnownFrom, Note, Path};

use super::rules as rule;

/// Why packets for `path.target` go where they go: one sentence, and a second one where the first receiver's MAC
/// address is known already.
#[must_use]
pub fn heading(path: &Path) -> Vec<Note> {
    let target = || Arg::from(path.target.to_string());
    let interface = || Arg::from(path.interface.clone());
    let first = match path.hop {
        Hop::OnLink { .. } => match path.network.filter(|network| network.contains(path.target)) {
            Some(network) => {
                let network = format!("{}/{}", network.network(), network.prefix);
                rule::PATH_ON_LINK.note(Vec::new(), [target(), network.into()])
            }
            None => rule::PATH_ON_LINK_ROUTE.note(Vec::new(), [target(), interface()]),
        },
        Hop::Router { address, .. } => rule::PATH_ROUTER.note(Vec::new(), [target(), address.to_string().into()]),
        Hop::Local if path.target.is_loopback() => rule::PATH_LOOPBACK.note(Vec::new(), [target()]),
        Hop::Local => rule::PATH_OWN.note(Vec::new(), [target()]),
        Hop::Peer { router: None } => rule::PATH_PEER.note(Vec::new(), [target(), interface()]),
        Hop::Peer { router: Some(router) } => {
            rule::PATH_PEER_ROUTER.note(Vec::new(), [target(), interface(), router.to_string().into()])
        }
        Hop::Group { mac } => {
            let about = if path.target.is_multicast() { &rule::PATH_MULTICAST } else { &rule::PATH_BROADCAST };
            about.note(Vec::new(), [target(), mac.to_string().into()])
        }
    };
    let known = match path.hop {
        Hop::OnLink { known: Some(mac) } => Some((path.target, mac)),
        Hop::Router { address, known: Some(mac) } => Some((address, mac)),
        _ => None,
    };
    let second = known.map(|(address, mac)| match path.known_from {
        KnownFrom::Neighbours => {
            rule::PATH_KNOWN.note(Vec::new(), [address.to_string().into(), mac.to_string().into()])
        }
        KnownFrom::Interface => rule::PATH_NO_ARP.note(Vec::new(), [interface(), mac.to_string().into()]),
    });
    std::iter::once(first).chain(second).collect()
}

/// That the target's name stands for `others` too, where it does.
#[must_use]
pub fn first_of(path: &Path, others: &[Ipv4Addr]) -> Option<Note> {
    let name = path.name.as_deref().filter(|_| !others.is_empty())?;
    let others = others.iter().map(Ipv4Addr::to_string).collect::<Vec<_>>().join(", ");
    Some(rule::PATH_FIRST_OF.note(Vec::new(), [name.into(), path.target.to_string().into(), others.into()]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::words::{self, Language};
    use crate::model::MacAddr;

    fn path(target: [u8; 4], hop: Hop) -> Path {
        Path {
            target: Ipv4Addr::from(target),
            name: None,
            interface: "eth0".to_owned(),
            source: Ipv4Addr::new(192, 168, 11, 2),
            network: "192.168.11.2/24".parse().ok(),
            mtu: 1500,
            hop,
            known_from: KnownFrom::Neighbours,
        }
    }

    fn words(path: &Path) -> Vec<String> {
        heading(path).iter().map(|note| words::of(Language::English, note)).collect()
    }

    fn said(target: [u8; 4], hop: Hop) -> Vec<String> {
        words(&path(target, hop))
    }

    #[test]
    fn a_neighbour_needs_no_router() {
        let text = said([192, 168, 11, 1], Hop::OnLink { known: None });
        assert_eq!(text, ["192.168.11.1 is on your own network (192.168.11.0/24), so no router is needed."]);
    }

    #[test]
    fn a_stranger_goes_by_the_router() {
        let hop = Hop::Router { address: Ipv4Addr::new(192, 168, 11, 1), known: Some(MacAddr([2, 0, 0, 0, 0, 1])) };
        let text = said([93, 184, 216, 34], hop);
        assert_eq!(text[0], "93.184.216.34 is not on your network: the frame goes to the router 192.168.11.1.");
        assert!(text[1].contains("02:00:00:00:00:01") && text[1].contains("192.168.11.1"), "{text:?}");
    }

    #[test]
    fn an_address_that_no_table_gave_is_not_said_to_come_from_one() {
        let hop = Hop::OnLink { known: Some(MacAddr([2, 0, 0, 0, 0, 7])) };
        let text = words(&Path { known_from: KnownFrom::Interface, ..path([192, 168, 11, 7], hop) });
        assert!(text[1].contains("02:00:00:00:00:07") && text[1].contains("without ARP"), "{text:?}");
        assert!(!text[1].contains("table"), "{text:?}");
    }

    #[test]
    fn each_hop_has_its_own_sentence() {
        let mac = MacAddr::BROADCAST;
        let hops = [
            ([127, 0, 0, 1], Hop::Local),
            ([192, 168, 11, 2], Hop::Local),
            ([10, 0, 0, 1], Hop::OnLink { known: None }),
            ([10, 0, 0, 1], Hop::Peer { router: None }),
            ([10, 0, 0, 1], Hop::Peer { router: Some(Ipv4Addr::new(10, 9, 9, 9)) }),
            ([192, 168, 11, 255], Hop::Group { mac }),
            ([224, 0, 0, 1], Hop::Group { mac }),
        ];
        let said: std::collections::HashSet<_> = hops.map(|(target, hop)| said(target, hop)[0].clone()).into();
        assert_eq!(said.len(), 7);
    }
}
