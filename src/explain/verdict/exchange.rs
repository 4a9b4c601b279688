//! The verdict of datagrams between two ports.

use crate::converse::Conversation;
use crate::converse::conversation::{Exchange, Kind, Lease, Lookup};
use crate::explain::packet::Context;
use crate::explain::{distance, rules as rule};
use crate::model::{Arg, FrameNo, Note};
use crate::proto::dns::gist::{NO_ERROR, NO_SUCH_NAME, REFUSED, SERVER_FAILURE};

use super::{complained, complaints, named};

const NONE: [FrameNo; 0] = [];

pub(super) fn verdict(conversation: &Conversation, exchange: &Exchange, context: &Context, notes: &mut Vec<Note>) {
    let Kind::Udp((asker, _), (target, port)) = conversation.kind else { return };
    let (about, port) = (|| Arg::Ip(target), Arg::from(port));
    let [sent, received] = &exchange.datagrams;
    for complaint in complaints(conversation) {
        let refused = complaint.refuses_port() && complaint.from == Some(target);
        let frames = named(sent).take(1).chain(complaint.frames.iter().copied());
        if refused {
            notes.push(rule::UDP_REFUSED.note(frames, [about(), port.clone()]));
        } else {
            notes.push(rule::UDP_COMPLAINT.note(frames, complained(&complaint)));
            notes.push(complaint.cause());
        }
    }
    if let Some(lease) = exchange.lease.as_deref() {
        leased(lease, notes);
        return;
    }
    for lookup in exchange.lookups.kept() {
        looked_up(lookup, notes);
    }
    if !received.is_empty() {
        if exchange.lookups.kept().is_empty() {
            let frames = named(sent).chain(named(received));
            let values = [asker.into(), sent.count().into(), about(), received.count().into()];
            notes.push(rule::UDP_BOTH.note(frames, values));
            if let (Some(rtt), Some(first)) = (exchange.first_answer, received.first()) {
                notes.push(rule::UDP_FIRST_ANSWER.note([first], [Arg::Millis(rtt)]));
            }
        }
        let answer = conversation.sides[1];
        if let Some((ttl, frame)) = answer.ttl
            && asker != target
            && !target.is_loopback()
            && !context.is_ours(target)
        {
            notes.push(distance::guess(ttl, Some(frame), (answer.is_near == Some(false)).then(about)));
        }
        let blind = if exchange.lookups.kept().is_empty() { &rule::UDP_BLIND_LOSS } else { &rule::DNS_BLIND_TRUTH };
        notes.push(blind.note(NONE, []));
    } else if conversation.to_group {
        notes.push(rule::UDP_TO_GROUP.note(named(sent), [asker.into(), sent.count().into(), about()]));
        notes.push(rule::UDP_BLIND_LISTENERS.note(NONE, []));
    } else if complaints(conversation).next().is_none() && !sent.is_empty() {
        if exchange.lookups.kept().is_empty() {
            notes.push(rule::UDP_UNANSWERED.note(named(sent), [asker.into(), sent.count().into(), about(), port]));
            notes.push(rule::UDP_WHY_UNANSWERED.note(NONE, [about()]));
        }
        notes.push(rule::UDP_BLIND_SILENCE.note(NONE, []));
    }
}

/// What became of a question to a name server.
pub(super) fn looked_up(lookup: &Lookup, notes: &mut Vec<Note>) {
    let asked = lookup.kind.map_or_else(|| lookup.name.clone(), |kind| format!("{} ({kind})", lookup.name));
    let Some(answer) = lookup.answer else {
        notes.push(rule::DNS_UNANSWERED.note([lookup.asked.frame], [asked.into()]));
        notes.push(rule::DNS_WHY_UNANSWERED.note(NONE, []));
        return;
    };
    let what = match (answer.code, answer.records) {
        (NO_ERROR, 0) => "no such record".to_owned(),
        (NO_ERROR, 1) => "1 record".to_owned(),
        (NO_ERROR, records) => format!("{records} records"),
        (NO_SUCH_NAME, _) => "there is no such name (NXDOMAIN)".to_owned(),
        (SERVER_FAILURE, _) => "the server failed (SERVFAIL)".to_owned(),
        (REFUSED, _) => "the server refused to answer".to_owned(),
        (code, _) => format!("error {code}"),
    };
    let frames = [lookup.asked.frame, answer.at.frame];
    let values = [asked.into(), what.into(), Arg::Millis(answer.at.time - lookup.asked.time)];
    notes.push(rule::DNS_LOOKED_UP.note(frames, values));
}

/// Whether a machine got an address.
fn leased(lease: &Lease, notes: &mut Vec<Note>) {
    const OFFER: u8 = 2;
    const REQUEST: u8 = 3;
    const ACK: u8 = 5;
    const NAK: u8 = 6;
    let frames = || lease.steps.iter().map(|(_, frame)| *frame);
    // What was said last counts.
    let decided = lease.steps.iter().rev().map(|(message, _)| *message).find(|message| matches!(*message, ACK | NAK));
    let has = |wanted| match wanted {
        ACK | NAK => decided == Some(wanted),
        _ => lease.steps.iter().any(|(message, _)| *message == wanted),
    };
    let address = || lease.address.map_or(Arg::Word("an address"), Arg::from);
    notes.push(match (has(ACK), has(NAK), has(OFFER), has(REQUEST)) {
        (true, ..) => rule::DHCP_GOT.note(frames(), [address()]),
        (_, true, ..) => rule::DHCP_REFUSED.note(frames(), []),
        (_, _, true, _) => rule::DHCP_OFFERED.note(frames(), [address()]),
        (_, _, _, true) => rule::DHCP_UNCONFIRMED.note(frames(), []),
        _ => rule::DHCP_NOBODY.note(frames(), []),
    });
    if has(ACK) {
        notes.push(rule::DHCP_BLIND_USE.note(NONE, [address()]));
    } else if !has(OFFER) && !has(NAK) {
        notes.push(rule::DHCP_WHY_NOBODY.note(NONE, []));
    }
}
