//! `-D` and `-A`: may this address be taken, and: it is mine.

use std::net::Ipv4Addr;

use super::aim::speaks_arp;
use super::{Args, Witness};
use crate::cmd::args::Common;
use crate::cmd::report::Report;
use crate::cmd::stage::{Open, Scene};
use crate::error::{Error, Kind, Result};
use crate::explain::Context;
use crate::explain::neighbours::{self, ClaimRun};
use crate::model::{Hop, MacAddr, Nanos, Path};
use crate::probe::arp::{Claim, Intent};
use crate::render::arp as render;
use crate::wire::{self, Filter, Interface};

// RFC 5227 §1.1. The random delay before the first probe (PROBE_WAIT) is left out: it keeps machines apart that are
// switched on together, and people at keyboards are never that simultaneous.
const PROBE_NUM: u32 = 3;
const PROBE_MIN: Nanos = Nanos(Nanos::SECOND.0);
const PROBE_MAX: Nanos = Nanos(2 * Nanos::SECOND.0);
const ANNOUNCE_WAIT: Nanos = Nanos(2 * Nanos::SECOND.0);
const ANNOUNCE_NUM: u32 = 2;
const ANNOUNCE_INTERVAL: Nanos = Nanos(2 * Nanos::SECOND.0);

/// Probes for or announces the address `target`; 0 when nobody objected, 1 when somebody did or it was cut short.
pub async fn claim(args: &Args, common: &Common, target: &str, mut open: Open) -> Result<u8> {
    let address = open.address_of(target).await?;
    let interfaces = wire::interfaces().await?;
    let interface = choose(args, common, address, &interfaces)?;
    let mac = speaks_arp(interface)?;
    wire::usable(interface)?;
    let others = interfaces.iter().filter_map(|other| other.mac).filter(|other| *other != mac);
    let own: Vec<MacAddr> = [mac].into_iter().chain(others.filter(|other| *other != MacAddr::ZERO)).collect();
    let path = path(args, target, address, interface);
    let (intent, nouns) =
        if args.announce { (Intent::Announce, render::ANNOUNCEMENTS) } else { (Intent::Probe, render::PROBES) };
    let times = times(args);
    let patience = args.timeout.unwrap_or(if args.announce { Nanos::SECOND } else { ANNOUNCE_WAIT });
    let heading = neighbours::claiming(args.announce, address, &interface.name, mac, times.len());

    // Only where the address is ours already does "you" mean its owner.
    let addresses = if interface.has_address(address) { vec![address] } else { Vec::new() };
    let mut scene = Scene::at(open, interface.clone(), path.clone());
    let mut report =
        Report::new(common, Context { addresses: addresses.into_iter().map(Into::into).collect(), router: None });
    report.save_to(scene.keep()?);
    let in_lab = scene.in_lab();
    let mut session = scene.open(&Filter::new().arp(address))?;
    report.begin("arp", target, &path, in_lab, &[heading])?;

    let mut witness = Witness::new(report, mac);
    let mut probe = Claim::new(intent, own, address, times, patience).until(args.deadline, args.first);
    let ending = session.run(&mut probe, &mut witness).await;
    if ending.as_ref().is_err_and(|error| error.kind() == Kind::ClosedPipe) {
        return ending.map(|_| 1);
    }
    let complete = probe.complete(session.now());
    let objections: Vec<_> =
        probe.conflicts().iter().map(|conflict| (conflict.mac, conflict.probing, conflict.frame)).collect();
    let summary = probe.summary();
    let verdict = neighbours::claim_verdict(&ClaimRun {
        address,
        interface: &path.interface,
        announced: args.announce,
        complete,
        objections: &objections,
        packets: &witness.questions,
        summary: &summary,
        refused: probe.refused(),
    });
    let statistics = |out: &mut dyn std::io::Write, look| {
        render::table(out, look, &witness.neighbours)?;
        render::statistics(out, look, target, nouns, &summary)
    };
    let more = (common.verbose < 2).then_some(("-vv", "more.ping-fields"));
    witness.report.conclude(&verdict, statistics, |json, out| json.arp_summary(out, &summary), more)?;
    witness.report.close(session.counts())?;
    ending?;
    Ok(u8::from(!objections.is_empty() || !complete || summary.sent == 0))
}

/// The interface that the claim is made on: the one asked for, or the one whose network the address is in.
fn choose<'i>(args: &Args, common: &Common, address: Ipv4Addr, interfaces: &'i [Interface]) -> Result<&'i Interface> {
    let usage = |what: String, hint: &str| Err(Error::new(Kind::Usage, what).hint(hint));
    if address.is_unspecified() || address.is_loopback() || address.is_multicast() || address.is_broadcast() {
        return usage(format!("{address} is no address that one machine on a network can have"), "try: 192.168.11.50");
    }
    let chosen = match &common.interface {
        None => None,
        Some(name) => Some(interfaces.iter().find(|interface| interface.name == *name).ok_or_else(|| {
            let names: Vec<&str> = interfaces.iter().map(|interface| interface.name.as_str()).collect();
            Error::new(Kind::Interface, format!("there is no interface {}", name.escape_debug()))
                .hint(format!("the interfaces here are: {}", names.join(", ")))
        })?),
    };
    let holds = |interface: &&Interface| interface.addresses.iter().any(|own| own.cidr.contains(address));
    let has = |interface: &&Interface| interface.has_address(address);
    let found = match (args.announce, chosen) {
        (true, Some(interface)) if !interface.has_address(address) => None,
        (_, Some(interface)) => Some(interface),
        (true, None) => interfaces.iter().find(has),
        (false, None) => interfaces.iter().find(has).or_else(|| interfaces.iter().find(holds)),
    };
    let Some(interface) = found else {
        return if args.announce {
            usage(
                format!("{address} is not an address of this host, so it cannot be announced"),
                "give it to an interface first, or ask with -D whether it is free",
            )
        } else {
            usage(
                format!("{address} is in none of your networks, so it is not clear on which link to probe for it"),
                "name the interface with -I",
            )
        };
    };
    let ends = interface.addresses.iter().map(|own| own.cidr).find(|own| {
        own.prefix <= 30 && own.contains(address) && (own.network() == address || own.broadcast() == address)
    });
    match ends {
        Some(own) => usage(
            format!(
                "{address} is the first or last address of {}/{}: no machine can have it",
                own.network(),
                own.prefix
            ),
            "try: an address in between",
        ),
        None => Ok(interface),
    }
}

fn path(args: &Args, target: &str, address: Ipv4Addr, interface: &Interface) -> Path {
    Path {
        known_from: crate::model::KnownFrom::default(),
        target: address,
        name: target.parse::<Ipv4Addr>().is_err().then(|| target.to_owned()),
        interface: interface.name.clone(),
        source: if args.announce { address } else { Ipv4Addr::UNSPECIFIED },
        network: interface.addresses.iter().map(|own| own.cidr).find(|own| own.contains(address)),
        mtu: interface.mtu,
        hop: Hop::OnLink { known: None },
    }
}

/// When each packet is due, counted from the first.
fn times(args: &Args) -> Vec<Nanos> {
    let count = args.count.unwrap_or(if args.announce { ANNOUNCE_NUM } else { PROBE_NUM });
    let pause = || match args.interval {
        Some(interval) => interval,
        None if args.announce => ANNOUNCE_INTERVAL,
        None => Nanos(rand::random_range(PROBE_MIN.0..=PROBE_MAX.0)),
    };
    let later = (1..count).scan(Nanos(0), |time, _| {
        *time = *time + pause();
        Some(*time)
    });
    std::iter::once(Nanos(0)).chain(later).collect()
}
