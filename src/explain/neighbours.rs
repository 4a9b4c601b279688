//! An ARP run: what its heading says about the addresses asked for, and what its answers prove.
//!
//! Silence is never "host down", and an answer is never more than "a machine on this link claims this address".

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use nix::errno::Errno;

use crate::model::{Arg, ArpSummary, FrameNo, Hop, Ipv4Cidr, MacAddr, Neighbour, Note, Origin, Path, TableEntry};

use super::order::in_order;
use super::rules as rule;

/// How many addresses get a sentence each; more are summed up.
const EACH: usize = 3;
/// How many addresses a sentence lists.
const LISTED: usize = 8;
/// How many conflicts and coincidences a verdict names.
const NAMED: usize = 2;

/// Questions that are over.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The interface.
    pub interface: &'a str,
    /// The addresses that were asked for.
    pub targets: &'a [Ipv4Addr],
    /// The network, where all of its addresses were asked for.
    pub network: Option<Ipv4Cidr>,
    /// How many of them got their question before the run ended.
    pub asked: usize,
    /// Who answered.
    pub neighbours: &'a [Neighbour],
    /// The frames of our questions.
    pub questions: &'a [FrameNo],
    /// The figures.
    pub summary: &'a ArpSummary,
    /// Why the operating system refused to send, where it did.
    pub refused: Option<i32>,
    /// What the kernel's neighbour table said before the run, and after it.
    pub table: (&'a [TableEntry], &'a [TableEntry]),
}

/// A claim to an address that is over.
#[derive(Clone, Copy, Debug)]
pub struct ClaimRun<'a> {
    /// The address.
    pub address: Ipv4Addr,
    /// The interface.
    pub interface: &'a str,
    /// It was announced, not probed for.
    pub announced: bool,
    /// Every packet was sent, and the time to object is over.
    pub complete: bool,
    /// Who objected: the MAC address, whether it only probes as we do, and the frame.
    pub objections: &'a [(MacAddr, bool, FrameNo)],
    /// The frames of our packets.
    pub packets: &'a [FrameNo],
    /// The figures.
    pub summary: &'a ArpSummary,
    /// Why the operating system refused to send, where it did.
    pub refused: Option<i32>,
}

/// The first line of a run that asks for `targets`.
#[must_use]
pub fn asking(path: &Path, mac: MacAddr, targets: &[Ipv4Addr]) -> Note {
    let (source, interface) = (path.source.to_string().into(), path.interface.as_str().into());
    rule::ARP_HEADING_ASK.note(Vec::new(), [list(targets), source, interface, mac.to_string().into()])
}

/// The first line of a run that has nobody to ask.
#[must_use]
pub fn needless(targets: &str) -> Note {
    rule::ARP_HEADING_NOBODY.note(Vec::new(), [targets.into()])
}

/// The first line of a sweep.
#[must_use]
pub fn sweeping(path: &Path, network: Ipv4Cidr, addresses: usize, rate: u32) -> Note {
    let network = named(network).into();
    let (source, interface) = (path.source.to_string().into(), path.interface.as_str().into());
    rule::ARP_HEADING_SWEEP.note(Vec::new(), [network, source, interface, count(addresses), rate.to_string().into()])
}

/// The first line of a claim: a probe, or an announcement.
#[must_use]
pub fn claiming(announce: bool, address: Ipv4Addr, interface: &str, mac: MacAddr, packets: usize) -> Note {
    let rule = if announce { &rule::ARP_HEADING_ANNOUNCE } else { &rule::ARP_HEADING_PROBE };
    let (address, mac) = (address.to_string().into(), mac.to_string().into());
    rule.note(Vec::new(), [address, interface.into(), mac, count(packets)])
}

/// What a single address is, where that decides whether and for whom to ask: this host's own, on the far side of a
/// router, or one that stands for no single machine. `None` for a neighbour to ask for.
#[must_use]
pub fn aside(path: &Path, own: Option<(&str, MacAddr)>) -> Option<Note> {
    let target = || Arg::from(path.target.to_string());
    let network = path.network.map(named).unwrap_or_default();
    match path.hop {
        Hop::Local => {
            let (interface, mac) = own?;
            Some(rule::ARP_YOU.note(Vec::new(), [target(), interface.into(), mac.to_string().into()]))
        }
        Hop::Router { address, .. } => {
            Some(rule::ARP_OFF_LINK.note(Vec::new(), [target(), network.into(), address.to_string().into()]))
        }
        Hop::Group { mac } if path.target.is_multicast() => {
            Some(rule::ARP_GROUP.note(Vec::new(), [target(), mac.to_string().into()]))
        }
        Hop::Group { mac } => Some(rule::ARP_BROADCAST.note(Vec::new(), [target(), mac.to_string().into()])),
        Hop::OnLink { .. } => {
            let own = path.network.filter(|own| own.prefix <= 30 && own.network() == path.target)?;
            Some(rule::ARP_NETWORK.note(Vec::new(), [target(), named(own).into()]))
        }
        Hop::Peer { .. } => None,
    }
}

/// What `run` shows: facts, then guesses, then what stays unseen.
#[must_use]
pub fn verdict(run: &Run<'_>) -> Vec<Note> {
    let mut notes = Vec::new();
    run.answers(&mut notes);
    unsent(&mut notes, run.summary, run.refused);
    run.twice(&mut notes);
    run.proxies(&mut notes);
    if let [target] = run.targets {
        run.table(&mut notes, *target);
    }
    run.silence(&mut notes);
    run.origins(&mut notes);
    notes.push(match (run.network, run.neighbours.is_empty()) {
        (Some(_), _) => rule::ARP_BLIND_SWEEP.note(Vec::new(), []),
        (None, true) => rule::ARP_BLIND_SILENCE.note(Vec::new(), []),
        (None, false) => rule::ARP_BLIND_ANSWER.note(Vec::new(), []),
    });
    in_order(&mut notes);
    notes
}

/// What `run` shows: facts, then guesses, then what stays unseen.
#[must_use]
pub fn claim_verdict(run: &ClaimRun<'_>) -> Vec<Note> {
    let mut notes = Vec::new();
    let address = || Arg::from(run.address.to_string());
    unsent(&mut notes, run.summary, run.refused);
    for &(mac, probing, frame) in run.objections.iter().take(NAMED) {
        let rule = if probing { &rule::ARP_CONTESTED } else { &rule::ARP_TAKEN };
        notes.push(rule.note(vec![frame], [address(), with_vendor(mac).into()]));
    }
    let said = || run.packets.to_vec();
    let sent = run.summary.sent;
    match (run.objections.first(), run.announced, run.complete && sent > 0) {
        (Some(&(_, probing, _)), false, _) => {
            let why = if probing { &rule::ARP_WHY_CONTESTED } else { &rule::ARP_WHY_TAKEN };
            notes.push(why.note(Vec::new(), [address()]));
            notes.push(rule::ARP_BLIND_TAKEN.note(Vec::new(), [address()]));
        }
        (Some(_), true, _) => {
            notes.push(rule::ARP_WHY_TWICE.note(Vec::new(), []));
            notes.push(rule::ARP_BLIND_ANNOUNCED.note(Vec::new(), []));
        }
        (None, false, true) => {
            notes.push(rule::ARP_FREE.note(said(), [address(), sent.into()]));
            notes.push(rule::ARP_WHY_FREE.note(Vec::new(), [address()]));
            notes.push(rule::ARP_BLIND_FREE.note(Vec::new(), [address()]));
        }
        (None, true, true) => {
            notes.push(rule::ARP_ANNOUNCED.note(said(), [address(), run.interface.into(), sent.into()]));
            notes.push(rule::ARP_BLIND_ANNOUNCED.note(Vec::new(), []));
        }
        (None, _, false) => notes.push(rule::ARP_CUT_SHORT.note(said(), [address()])),
    }
    in_order(&mut notes);
    notes
}

impl Run<'_> {
    /// The answers for one address, each machine's first.
    fn claimants(&self, address: Ipv4Addr) -> Vec<&Neighbour> {
        self.neighbours.iter().filter(|neighbour| neighbour.address == address).collect()
    }

    fn silent(&self) -> Vec<Ipv4Addr> {
        self.targets.iter().copied().filter(|target| self.claimants(*target).is_empty()).collect()
    }

    fn answers(&self, notes: &mut Vec<Note>) {
        let answered = self.targets.len() - self.silent().len();
        if let Some(network) = self.network {
            let frames = self.neighbours.iter().map(|neighbour| neighbour.response);
            notes.push(rule::ARP_SWEPT.note(frames, [count(answered), count(self.asked), named(network).into()]));
            if self.asked < self.targets.len() {
                let missing = self.targets.len() - self.asked;
                notes.push(rule::ARP_UNASKED.note(Vec::new(), [count(missing)]));
            }
        } else if self.targets.len() > EACH {
            let frames = self.neighbours.iter().map(|neighbour| neighbour.response);
            notes.push(rule::ARP_SOME.note(frames, [count(answered), count(self.targets.len())]));
        } else {
            for neighbour in self.neighbours {
                if self.claimants(neighbour.address).len() == 1 {
                    let frames = neighbour.request.into_iter().chain([neighbour.response]);
                    let values = [neighbour.address.to_string().into(), with_vendor(neighbour.mac).into()];
                    notes.push(rule::ARP_ANSWERED.note(frames, values));
                }
            }
        }
    }

    fn twice(&self, notes: &mut Vec<Note>) {
        let disputed = |target: &&Ipv4Addr| self.claimants(**target).len() > 1;
        for target in self.targets.iter().filter(disputed).take(NAMED) {
            let claimants = self.claimants(*target);
            let frames = claimants.iter().map(|neighbour| neighbour.response);
            let macs: Vec<String> = claimants.iter().map(|neighbour| with_vendor(neighbour.mac)).collect();
            let values = [target.to_string().into(), count(macs.len()), macs.join(", ").into()];
            notes.push(rule::ARP_TWICE.note(frames, values));
        }
        if self.summary.duplicates > 0 {
            notes.push(rule::ARP_WHY_TWICE.note(Vec::new(), []));
        }
    }

    /// Machines that answer for several addresses.
    fn proxies(&self, notes: &mut Vec<Note>) {
        let mut addresses: BTreeMap<MacAddr, Vec<&Neighbour>> = BTreeMap::new();
        for neighbour in self.neighbours {
            addresses.entry(neighbour.mac).or_default().push(neighbour);
        }
        let mut several: Vec<_> = addresses.into_iter().filter(|(_, claimed)| claimed.len() > 1).collect();
        several.sort_by_key(|(_, claimed)| std::cmp::Reverse(claimed.len()));
        for (mac, claimed) in several.iter().take(NAMED) {
            let frames = claimed.iter().map(|neighbour| neighbour.response);
            let list = list(&claimed.iter().map(|neighbour| neighbour.address).collect::<Vec<_>>());
            notes.push(rule::ARP_SEVERAL.note(frames, [with_vendor(*mac).into(), count(claimed.len()), list]));
        }
        if !several.is_empty() {
            notes.push(rule::ARP_WHY_SEVERAL.note(Vec::new(), []));
        }
    }

    fn silence(&self, notes: &mut Vec<Note>) {
        let silent = self.silent();
        if self.network.is_some() || silent.is_empty() || self.summary.sent == 0 {
            return;
        }
        let questions = self.questions.to_vec();
        let frames = if self.neighbours.is_empty() { questions } else { Vec::new() };
        notes.push(rule::ARP_SILENCE.note(frames, [list(&silent), self.interface.into()]));
        notes.push(rule::ARP_WHY_SILENCE.note(Vec::new(), []));
    }

    /// Where the MAC address of a single answer comes from.
    fn origins(&self, notes: &mut Vec<Note>) {
        let [neighbour] = self.neighbours else { return };
        if self.network.is_some() {
            return;
        }
        notes.extend(origin(neighbour.mac, Some(neighbour.response)));
    }

    /// What the kernel's own table made of it.
    fn table(&self, notes: &mut Vec<Note>, target: Ipv4Addr) {
        let find = |table: &[TableEntry]| table.iter().find(|entry| entry.address == target).copied();
        let known = |entry: Option<TableEntry>| entry.and_then(|entry| Some((entry.mac?, entry.state)));
        let (before, after) = (known(find(self.table.0)), known(find(self.table.1)));
        let heard = self.claimants(target).first().map(|neighbour| neighbour.mac);
        let address = || Arg::from(target.to_string());
        notes.extend(match (before, after, heard) {
            (None, None, Some(_)) => Some(rule::ARP_TABLE_NONE.note(Vec::new(), [address()])),
            (Some((old, was)), Some((new, is)), _) if old == new => {
                let values = [address(), old.to_string().into(), was.into(), is.into()];
                let differs = heard.is_some_and(|heard| heard != new);
                let rule = if differs { &rule::ARP_TABLE_DIFFERS } else { &rule::ARP_TABLE_SAME };
                Some(rule.note(Vec::new(), values))
            }
            (Some((old, _)), Some((new, is)), _) => {
                let values = [address(), old.to_string().into(), new.to_string().into(), is.into()];
                Some(rule::ARP_TABLE_CHANGED.note(Vec::new(), values))
            }
            (None, Some((new, is)), _) => {
                Some(rule::ARP_TABLE_NEW.note(Vec::new(), [address(), new.to_string().into(), is.into()]))
            }
            _ => None,
        });
    }
}

fn unsent(notes: &mut Vec<Note>, summary: &ArpSummary, refused: Option<i32>) {
    if let (1.., Some(errno)) = (summary.not_sent, refused) {
        let why = Errno::from_raw(errno).desc().to_ascii_lowercase();
        notes.push(rule::ARP_NOT_SENT.note(Vec::new(), [summary.not_sent.into(), why.into()]));
    }
}

/// Where a MAC address comes from.
pub(super) fn origin(mac: MacAddr, frame: Option<FrameNo>) -> Option<Note> {
    let [a, b, c, ..] = mac.0;
    let prefix = || Arg::from(format!("{a:02x}:{b:02x}:{c:02x}"));
    match mac.origin() {
        Origin::Maker(name) => Some(rule::ARP_MAKER.note(frame, [prefix(), name.into()])),
        Origin::Virtual("Docker") => {
            Some(rule::ARP_VIRTUAL.note(frame, [format!("{a:02x}:{b:02x}").into(), "Docker".into()]))
        }
        Origin::Virtual(name) => Some(rule::ARP_VIRTUAL.note(frame, [prefix(), name.into()])),
        Origin::Local => Some(rule::ARP_LOCAL.note(frame, [format!("{a:02x}").into()])),
        Origin::Group | Origin::Unknown => None,
    }
}

/// A network without the host bits that the user may have typed.
fn named(network: Ipv4Cidr) -> String {
    format!("{}/{}", network.network(), network.prefix)
}

pub(super) fn with_vendor(mac: MacAddr) -> String {
    mac.vendor().map_or_else(|| mac.to_string(), |vendor| format!("{mac} ({vendor})"))
}

fn list(addresses: &[Ipv4Addr]) -> Arg {
    let mut text: Vec<String> = addresses.iter().take(LISTED).map(ToString::to_string).collect();
    if addresses.len() > LISTED {
        text.push(format!("{} more", addresses.len() - LISTED));
    }
    text.join(", ").into()
}

fn count(number: usize) -> Arg {
    u32::try_from(number).unwrap_or(u32::MAX).into()
}

#[cfg(test)]
mod tests;
