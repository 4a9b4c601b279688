//! From what the user typed to the addresses that are asked for, and the interface to ask on.

use std::net::Ipv4Addr;

use crate::cmd::args::Common;
use crate::cmd::stage::Open;
use crate::error::{Error, Kind, Result};
use crate::explain;
use crate::model::{Hop, Ipv4Cidr, LinkType, MacAddr, Note, Path};
use crate::wire::{self, Interface, Options};

/// The shortest prefix that a sweep takes: 1022 addresses.
const WIDEST: u8 = 22;

/// What the user wants to know about.
#[derive(Debug, PartialEq, Eq)]
pub enum Wanted {
    /// These addresses or names.
    Addresses(Vec<String>),
    /// Everyone on this network.
    Network(Ipv4Cidr),
}

/// Addresses to ask for, and what to say about those that nobody is asked for.
pub struct Aim {
    /// The addresses, each once, in the order given; routers in place of what is behind them.
    pub targets: Vec<Ipv4Addr>,
    /// Sentences about single addresses.
    pub asides: Vec<Note>,
    /// An address cannot be answered for, because it is no machine's on this link.
    pub unanswerable: bool,
    /// The way to the first address to ask for, or to the first of all.
    pub path: Path,
    /// Its interface.
    pub interface: Interface,
}

/// Reads the targets.
///
/// # Errors
/// For a network that is no network or too large, and for a network among other targets.
pub fn wanted(targets: &[String]) -> Result<Wanted> {
    let Some(network) = targets.iter().find(|target| target.contains('/')) else {
        return Ok(Wanted::Addresses(targets.to_vec()));
    };
    let shown = network.escape_debug();
    let cidr: Ipv4Cidr = network.parse().map_err(|_| {
        Error::new(Kind::Usage, format!("{shown} is not a network")).hint("try: 192.168.11.0/24, address and length")
    })?;
    if targets.len() > 1 {
        return Err(Error::new(Kind::Usage, "a network is asked for alone, without other targets")
            .hint(format!("try: netlab arp {cidr}")));
    }
    if cidr.prefix < WIDEST {
        let addresses = 1_u64 << (32 - cidr.prefix);
        return Err(Error::new(Kind::Usage, format!("{cidr} is too large: {addresses} addresses"))
            .hint(format!("try: {}/{WIDEST} at most, or /24", cidr.network())));
    }
    Ok(if cidr.prefix == 32 { Wanted::Addresses(vec![cidr.address.to_string()]) } else { Wanted::Network(cidr) })
}

/// Finds out for each of `targets` whom to ask.
///
/// # Errors
/// When one is unknown, has no way, or leaves by an interface without ARP or by another one than the others.
pub async fn at_addresses(
    open: &mut Open,
    targets: Vec<String>,
    common: &Common,
    source: Option<Ipv4Addr>,
) -> Result<Aim> {
    let mut aim: Option<Aim> = None;
    for target in targets {
        let address = open.address_of(&target).await?;
        if address.is_loopback() {
            return Err(loopback());
        }
        let options = Options { interface: common.interface.as_deref(), source, broadcast: true };
        let (interface, path) = wire::path_to(address, options).await?;
        let name = target.parse::<Ipv4Addr>().is_err().then_some(target);
        let path = Path { name, ..path };
        let own = if path.hop == Hop::Local { Some(owner(address).await?) } else { None };
        if own.is_none() {
            speaks_arp(&interface)?;
        }
        let own = own.as_ref().map(|own| (own.name.as_str(), own.mac.unwrap_or_default()));
        let aside = explain::neighbours::aside(&path, own);
        let asked = match path.hop {
            Hop::Router { address, .. } => Some(address),
            _ if aside.is_some() => None,
            _ => Some(address),
        };
        let fits = |aim: &Aim| aim.interface.index == interface.index && aim.path.source == path.source;
        match &mut aim {
            Some(aim) if !aim.targets.is_empty() && asked.is_some() && !fits(aim) => {
                let (one, other) = (&aim.path.interface, &path.interface);
                let what = format!("{} leaves by {one}, {address} by {other}: not one link", aim.path.target);
                return Err(Error::new(Kind::Usage, what).hint("try: one run for each interface"));
            }
            Some(aim) => {
                if aim.targets.is_empty() && asked.is_some() {
                    (aim.path, aim.interface) = (path.clone(), interface);
                }
            }
            None => {
                let (targets, asides) = (Vec::new(), Vec::new());
                aim = Some(Aim { targets, asides, unanswerable: false, path: path.clone(), interface });
            }
        }
        if let Some(aim) = &mut aim {
            aim.unanswerable |= aside.is_some() && path.hop != Hop::Local;
            aim.asides.extend(aside.filter(|aside| !aim.asides.contains(aside)));
            aim.targets.extend(asked.filter(|asked| !aim.targets.contains(asked)));
        }
    }
    aim.ok_or_else(|| Error::new(Kind::Usage, "no address to ask for").hint("try: netlab arp 192.168.11.1"))
}

/// Every machine's address in `network`, which has to be (part of) a network of ours.
///
/// # Errors
/// When it is not local, or its interface unfit.
pub async fn at_network(network: Ipv4Cidr, common: &Common, source: Option<Ipv4Addr>) -> Result<Aim> {
    let interfaces = wire::interfaces().await?;
    let chosen = |interface: &&Interface| common.interface.as_ref().is_none_or(|name| *name == interface.name);
    let found = interfaces.iter().filter(chosen).find_map(|interface| {
        let holds = |own: &Ipv4Cidr| own.prefix <= network.prefix && own.contains(network.network());
        let own = interface.addresses.iter().map(|own| own.cidr).filter(holds);
        let own = own.filter(|own| source.is_none_or(|source| source == own.address)).min_by_key(|own| own.prefix)?;
        Some((interface, own))
    });
    let Some((interface, own)) = found else { return Err(not_local(network, common, &interfaces, source).await) };
    if interface.is_loopback() {
        return Err(loopback());
    }
    wire::usable(interface)?;
    speaks_arp(interface)?;
    let ends = |address: &Ipv4Addr| own.prefix <= 30 && (*address == own.network() || *address == own.broadcast());
    let targets = (u32::from(network.network())..=u32::from(network.broadcast())).map(Ipv4Addr::from);
    let targets = targets.filter(|address| !ends(address) && !interface.has_address(*address)).collect();
    let path = Path {
        known_from: crate::model::KnownFrom::default(),
        target: network.network(),
        name: None,
        interface: interface.name.clone(),
        source: own.address,
        network: Some(own),
        mtu: interface.mtu,
        hop: Hop::OnLink { known: None },
    };
    Ok(Aim { targets, asides: Vec::new(), unanswerable: false, path, interface: interface.clone() })
}

/// Refuses links on which nobody can be asked.
///
/// # Errors
/// For loopback, tunnels and other links without ARP.
pub fn speaks_arp(interface: &Interface) -> Result<MacAddr> {
    let name = &interface.name;
    let refuse = |why: &str, hint: &str| {
        Err(Error::new(Kind::Interface, format!("there is no ARP on interface {name}: {why}")).hint(hint))
    };
    match interface.mac {
        _ if interface.is_loopback() => Err(loopback()),
        _ if interface.link != Some(LinkType::Ethernet) || interface.is_point_to_point() => refuse(
            "it leads to one peer only, which gets whatever goes in, so nobody has a MAC address to ask for",
            "netlab ping shows whether the peer answers; -I picks another interface",
        ),
        _ if interface.is_without_arp() => {
            refuse("it is switched off there (NOARP)", "see its flags with: ip link; -I picks another interface")
        }
        None => refuse("it has no MAC address of its own", "-I picks another interface"),
        Some(mac) => Ok(mac),
    }
}

fn loopback() -> Error {
    Error::new(
        Kind::Interface,
        "there is no ARP on interface lo: packets on it never leave this machine, so there is nobody to ask",
    )
    .hint("try: netlab ping 127.0.0.1, or an address on your network")
}

/// The interface that has `address` of this host.
async fn owner(address: Ipv4Addr) -> Result<Interface> {
    let interfaces = wire::interfaces().await?;
    let found = interfaces.into_iter().find(|interface| interface.has_address(address));
    found.ok_or_else(|| {
        Error::new(Kind::Interface, format!("{address} is this machine's own, though no interface has it"))
            .hint("see its addresses with: ip address, and: ip route show table local")
    })
}

/// The error for a network that is none of ours. Says what is wrong with the interface or the source where that is it.
async fn not_local(network: Ipv4Cidr, common: &Common, interfaces: &[Interface], source: Option<Ipv4Addr>) -> Error {
    if common.interface.is_some() || source.is_some() {
        let options = Options { interface: common.interface.as_deref(), source, broadcast: true };
        // Tells of a missing interface or a foreign source; that there is no route is told better here.
        if let Err(error) = wire::path_to(network.address, options).await
            && error.kind() != Kind::Route
        {
            return error;
        }
    }
    let own: Vec<String> = interfaces
        .iter()
        .filter(|interface| !interface.is_loopback())
        .flat_map(|interface| interface.addresses.iter().map(|own| (own.cidr, &interface.name)))
        .map(|(own, name)| format!("{}/{} on {name}", own.network(), own.prefix))
        .collect();
    let which = match &common.interface {
        Some(name) => format!("no network of interface {name}"),
        None => "none of your networks".to_owned(),
    };
    let what = format!("{}/{} is {which}: routers do not pass ARP on", network.network(), network.prefix);
    let hint = if own.is_empty() {
        "this host has no network".to_owned()
    } else {
        format!("your networks: {}", own.join(", "))
    };
    Error::new(Kind::Usage, what).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(targets: &[&str]) -> Result<Wanted> {
        wanted(&targets.iter().map(|&target| target.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn targets_are_addresses_or_one_network() {
        assert_eq!(read(&["router", "10.0.0.1"]), Ok(Wanted::Addresses(vec!["router".into(), "10.0.0.1".into()])));
        let network = "10.0.0.7/24".parse().expect("a network");
        assert_eq!(read(&["10.0.0.7/24"]), Ok(Wanted::Network(network)));
        assert_eq!(read(&["10.0.0.7/32"]), Ok(Wanted::Addresses(vec!["10.0.0.7".into()])));
        for wrong in [&["10.0.0.0/21"][..], &["10.0.0.0/0"], &["10.0.0.0/33"], &["a/24"], &["10.0.0.0/24", "10.1.1.1"]]
        {
            let error = read(wrong).expect_err("no network to ask");
            assert_eq!((error.kind(), error.hints().len()), (Kind::Usage, 1), "{wrong:?}");
        }
    }
}
