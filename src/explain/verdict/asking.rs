//! The verdict of questions for a MAC address: who has the address, and whether only one has it.

use std::net::IpAddr;

use crate::converse::Conversation;
use crate::converse::conversation::{Asking, Kind, Owner};
use crate::explain::neighbours::{origin, with_vendor};
use crate::explain::rules as rule;
use crate::model::{Arg, FrameNo, Note};

use super::named;

const NONE: [FrameNo; 0] = [];

pub(super) fn verdict(conversation: &Conversation, asking: &Asking, notes: &mut Vec<Note>) {
    let Kind::Neighbour(asker, target) = conversation.kind else { return };
    let disputed = disputed(asking, notes);
    if !asking.probes.is_empty() {
        probed(asking, if asker.is_unspecified() { target } else { asker }, notes);
        return;
    }
    if asker == target {
        told(asking, asker, notes);
        return;
    }
    for (end, (from, about)) in [(asker, target), (target, asker)].into_iter().enumerate() {
        let questions = &asking.questions[end];
        let mut owners = asking.owners.iter().filter(|owner| owner.address == about).peekable();
        if owners.peek().is_none() && !questions.is_empty() {
            let values = [from.into(), about.into(), questions.count().into()];
            notes.push(rule::ARP_UNANSWERED.note(named(questions), values));
            notes.push(rule::ARP_WHY_SILENCE.note(NONE, []));
            notes.push(rule::ARP_BLIND_SILENCE.note(NONE, []));
        }
        for owner in owners.filter(|_| !disputed) {
            let frames = questions.named().iter().copied().chain(named(&owner.frames));
            notes.push(rule::ARP_ANSWERED.note(frames, [owner.address.into(), with_vendor(owner.mac).into()]));
        }
    }
    // Whose MAC address was asked for first is of interest.
    let wanted = asking.owners.iter().find(|owner| owner.address == target).or(asking.owners.first());
    if let Some(owner) = wanted.filter(|_| !disputed) {
        notes.extend(origin(owner.mac, owner.frames.first()));
        notes.push(rule::ARP_BLIND_ANSWER.note(NONE, []));
    }
}

/// Two machines with one address.
fn disputed(asking: &Asking, notes: &mut Vec<Note>) -> bool {
    let mut found = false;
    let twice = |one: &Owner| asking.owners.iter().filter(|other| other.address == one.address).count() > 1;
    if let Some(owner) = asking.owners.iter().find(|owner| twice(owner)) {
        let claims: Vec<_> = asking.owners.iter().filter(|other| other.address == owner.address).collect();
        let macs: Vec<String> = claims.iter().map(|owner| with_vendor(owner.mac)).collect();
        let count = u32::try_from(claims.len()).unwrap_or(u32::MAX);
        let frames = claims.iter().flat_map(|owner| named(&owner.frames));
        notes.push(rule::ARP_TWICE.note(frames, [owner.address.into(), count.into(), macs.join(", ").into()]));
        found = true;
    } else if let Some(conflict) = asking.conflict {
        let ((earlier, before), (here, now)) = (conflict.earlier, conflict.here);
        let macs = format!("{}, {}", with_vendor(earlier), with_vendor(here));
        notes.push(rule::ARP_TWICE.note([before, now], [conflict.address.into(), 2_u32.into(), macs.into()]));
        found = true;
    }
    if found {
        notes.push(rule::ARP_WHY_TWICE.note(NONE, []));
    }
    found
}

/// Somebody found out whether an address is free.
fn probed(asking: &Asking, address: IpAddr, notes: &mut Vec<Note>) {
    let (about, count) = (|| Arg::Ip(address), asking.probes.count());
    match asking.owners.iter().find(|owner| owner.address == address) {
        Some(owner) => {
            let frames = named(&asking.probes).chain(named(&owner.frames));
            notes.push(rule::ARP_TAKEN.note(frames, [about(), with_vendor(owner.mac).into()]));
            notes.push(rule::ARP_WHY_TAKEN.note(NONE, [about()]));
            notes.push(rule::ARP_BLIND_TAKEN.note(NONE, [about()]));
        }
        None => {
            notes.push(rule::ARP_FREE.note(named(&asking.probes), [about(), count.into()]));
            notes.push(rule::ARP_WHY_FREE.note(NONE, [about()]));
            notes.push(rule::ARP_BLIND_FREE.note(NONE, [about()]));
        }
    }
}

/// Somebody told everyone about its own address, unasked.
fn told(asking: &Asking, address: IpAddr, notes: &mut Vec<Note>) {
    let count = asking.announcements.count().saturating_add(asking.gratuitous.count());
    let frames = named(&asking.announcements).chain(named(&asking.gratuitous));
    if count > 0 {
        notes.push(rule::ARP_TOLD.note(frames, [address.into(), count.into()]));
        notes.push(rule::ARP_BLIND_TOLD.note(NONE, []));
    }
}
