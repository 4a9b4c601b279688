//! The verdict of datagrams between two ports.

use crate::converse::Conversation;
use crate::converse::conversation::{Exchange, Kind};
use crate::explain::packet::Context;
use crate::explain::{distance, rules as rule};
use crate::model::{Arg, FrameNo, Note};

use super::{complained, complaints, milliseconds, named};

const NONE: [FrameNo; 0] = [];

pub(super) fn verdict(conversation: &Conversation, exchange: &Exchange, context: &Context, notes: &mut Vec<Note>) {
    let Kind::Udp((asker, _), (target, port)) = conversation.kind else { return };
    let (about, port) = (|| Arg::Ip(target), Arg::Text(port.to_string()));
    let [sent, received] = &exchange.datagrams;
    for complaint in complaints(conversation) {
        let refused = complaint.kind == (3, 3) && complaint.from == Some(target);
        let frames = named(sent).take(1).chain(complaint.frames.iter().copied());
        if refused {
            notes.push(rule::UDP_REFUSED.note(frames, [about(), port.clone()]));
        } else {
            notes.push(rule::UDP_COMPLAINT.note(frames, complained(&complaint)));
            notes.push(complaint.cause());
        }
    }
    if !received.is_empty() {
        let frames = named(sent).chain(named(received));
        let values = [asker.into(), sent.count().into(), about(), received.count().into()];
        notes.push(rule::UDP_BOTH.note(frames, values));
        if let (Some(rtt), Some(first)) = (exchange.first_answer, received.first()) {
            notes.push(rule::UDP_FIRST_ANSWER.note([first], [milliseconds(rtt)]));
        }
        let (Some((ttl, frame)), near) = (conversation.sides[1].ttl, conversation.sides[1].is_near) else { return };
        if asker != target && !target.is_loopback() && !context.is_ours(target) {
            notes.push(distance::guess(ttl, Some(frame), (near == Some(false)).then(about)));
        }
        notes.push(rule::UDP_BLIND_LOSS.note(NONE, []));
    } else if conversation.to_group {
        notes.push(rule::UDP_TO_GROUP.note(named(sent), [asker.into(), sent.count().into(), about()]));
        notes.push(rule::UDP_BLIND_LISTENERS.note(NONE, []));
    } else if conversation.complaints.is_empty() {
        notes.push(rule::UDP_UNANSWERED.note(named(sent), [asker.into(), sent.count().into(), about(), port]));
        notes.push(rule::UDP_WHY_UNANSWERED.note(NONE, [about()]));
        notes.push(rule::UDP_BLIND_SILENCE.note(NONE, []));
    }
}
