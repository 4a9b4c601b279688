//! What a conversation comes to: what its frames prove, what they suggest, and what they cannot show.
//!
//! The rules are those of the probing commands wherever the logic is the same, so that a run tells the same story live
//! and from its saved file.

mod asking;
mod connection;
mod exchange;
mod pinging;

use std::net::IpAddr;

use crate::converse::Conversation;
use crate::converse::conversation::Kind;
use crate::converse::conversation::facts::{Complaint as Filed, Facts, Frames, Pieces, Wait};
use crate::model::{Arg, FrameNo, Note};

use super::address;
use super::complaint::Complaint;
use super::order::most_telling;
use super::packet::Context;
use super::rules as rule;

/// How many lines a verdict has at most.
pub const MOST: usize = 6;
/// Facts in a verdict at most.
const FACTS: usize = 4;

/// What `conversation` shows: facts, then guesses, then what stays unseen; the most telling of each first.
#[must_use]
pub fn verdict(conversation: &Conversation, context: &Context) -> Vec<Note> {
    let mut notes = Vec::new();
    conclude(conversation, context, &mut notes);
    notes
}

/// The same in `notes`, for whoever concludes many conversations and has a list at hand. What was in it is gone.
pub fn conclude(conversation: &Conversation, context: &Context, notes: &mut Vec<Note>) {
    notes.clear();
    match &conversation.facts {
        Facts::Asking(asking) => asking::verdict(conversation, asking, notes),
        Facts::Pinging(pinging) => pinging::verdict(conversation, pinging, notes),
        Facts::Exchange(exchange) => exchange::verdict(conversation, exchange, context, notes),
        Facts::Connection(connection) => connection::verdict(conversation, connection, notes),
        Facts::Plain => plain(conversation, notes),
    }
    notes.extend(conversation.pieces.as_deref().and_then(pieces));
    notes.extend(shorter_way(conversation));
    notes.extend(special(conversation));
    notes.extend(conversation.wait.map(|wait| waited(&wait, conversation.first.0)));
    most_telling(notes, MOST, FACTS);
}

/// Packets of which netlab knows no more than their addresses.
fn plain(conversation: &Conversation, notes: &mut Vec<Note>) {
    for complaint in complaints(conversation) {
        notes.push(rule::IP_COMPLAINT.note(complaint.frames.iter().copied(), complained(&complaint)));
        notes.push(complaint.cause());
    }
}

/// The values of a sentence about an ICMP error: who, how often, about packets to whom, what.
fn complained(complaint: &Complaint) -> [Arg; 4] {
    let from = complaint.from.map_or(Arg::Word("somebody"), Arg::Ip);
    [from, complaint.count.into(), complaint.target.into(), complaint.what().into()]
}

/// What came in pieces.
fn pieces(pieces: &Pieces) -> Option<Note> {
    let (begun, wholes) = (pieces.begun.max(pieces.wholes.count()), pieces.wholes.count());
    let frames = pieces.fragments.named().iter().copied();
    if begun > wholes {
        return Some(rule::IP_PIECES_MISSING.note(frames, [begun.into(), (begun - wholes).into()]));
    }
    (wholes > 0).then(|| rule::IP_PIECES.note(frames, [wholes.into(), pieces.fragments.count().into()]))
}

/// What the other end's address is, where that may explain what happened.
fn special(conversation: &Conversation) -> Option<Note> {
    let (_, target) = conversation.kind.addresses().filter(|(asker, target)| asker != target)?;
    let silent = conversation.packets[1] == 0 && !conversation.to_group;
    let unreachable = complaints(conversation).any(|complaint| complaint.is_about_the_way());
    let is_asked = !matches!(conversation.kind, Kind::Neighbour(..));
    let matters = address::is_special(target) || (silent || unreachable) && !target.is_loopback();
    (is_asked && matters).then(|| address::explain(target, Some(conversation.first.0)))?
}

/// That the first packet had to wait for a MAC address.
fn waited(wait: &Wait, first: FrameNo) -> Note {
    let frames = [wait.question.frame, wait.answer.frame, first];
    let delay = Arg::Millis(wait.answer.time - wait.question.time);
    rule::ARP_FIRST_WAIT.note(frames, [first.into(), wait.address.into(), wait.answer.frame.into(), delay])
}

/// The ICMP errors about the conversation's packets. One that quotes no packet is about nobody's.
fn complaints(conversation: &Conversation) -> impl Iterator<Item = Complaint> {
    let ends = conversation.kind.addresses();
    let errors = conversation.complaints.iter().filter(|filed| !is_advice(filed) && filed.target.is_some());
    errors.map(move |filed| complaint(conversation, ends, filed))
}

/// Redirects and source quenches quote a packet, too, but it went on its way.
fn is_advice(filed: &Filed) -> bool {
    filed.from.is_ipv4() && matches!(filed.kind, 4 | 5)
}

/// That there is a shorter way.
fn shorter_way(conversation: &Conversation) -> Option<Note> {
    let redirects = conversation.complaints.iter().filter(|filed| is_advice(filed) && filed.kind == 5);
    let (redirect, target) = redirects.into_iter().find_map(|filed| Some((filed, filed.target?)))?;
    Some(rule::IP_SHORTER_WAY.note(named(&redirect.frames), [redirect.from.into(), target.into()]))
}

fn complaint(conversation: &Conversation, ends: Option<(IpAddr, IpAddr)>, filed: &Filed) -> Complaint {
    let (one, other) = ends.unwrap_or((filed.from, filed.from));
    // Whose packet it complains about shows in where that was going.
    let target = filed.target.unwrap_or(other);
    let (source, side) = if target == other { (one, 0) } else { (other, 1) };
    Complaint {
        from: Some(filed.from),
        kind: (filed.kind, filed.code),
        count: filed.frames.count(),
        frames: filed.frames.named().to_vec(),
        source,
        target,
        ttl: conversation.sides[side].ttl.map_or(64, |(ttl, _)| ttl),
    }
}

fn named(frames: &Frames) -> impl Iterator<Item = FrameNo> {
    frames.named().iter().copied()
}

#[cfg(test)]
mod tests;
