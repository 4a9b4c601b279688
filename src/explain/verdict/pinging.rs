//! The verdict of one ping.

use crate::converse::Conversation;
use crate::converse::conversation::{Kind, Pinging};
use crate::explain::ping::list;
use crate::explain::{distance, rules as rule};
use crate::model::{Arg, FrameNo, Note};

use super::{Complaint, complaints, named};

const NONE: [FrameNo; 0] = [];

pub(super) fn verdict(conversation: &Conversation, pinging: &Pinging, notes: &mut Vec<Note>) {
    let Kind::Echo(asker, target, _) = conversation.kind else { return };
    let about = || Arg::Ip(target);
    let (sent, received, lost) = (pinging.requests.count(), pinging.replies.count(), pinging.unanswered());
    let local = asker == target || target.is_loopback();
    if local {
        notes.push(rule::PING_LOCAL.note(named(&pinging.requests).chain(named(&pinging.unasked)), [about()]));
    }
    let everyone = conversation.to_group;
    let complaints: Vec<Complaint> = complaints(conversation).collect();
    // Requests with growing TTLs are there to run out.
    let ran_out = || complaints.iter().filter(|complaint| complaint.is_about_ttl());
    let traces = conversation.sides[0].other_ttl.is_some() && ran_out().next().is_some();
    if everyone {
        let machines = u32::try_from(pinging.answerers.len()).unwrap_or(u32::MAX);
        let frames = named(&pinging.requests).chain(named(&pinging.unasked));
        notes.push(rule::PING_EVERYONE.note(frames, [machines.into(), about()]));
        notes.push(rule::PING_BLIND_QUIET.note(NONE, []));
    } else if received > 0 {
        let frames = named(&pinging.requests).chain(named(&pinging.replies));
        notes.push(rule::PING_ANSWERED.note(frames, [about(), received.into(), sent.into()]));
    } else if sent == 0 && !pinging.unasked.is_empty() {
        let values = [about(), pinging.unasked.count().into()];
        notes.push(rule::PING_QUESTIONS_MISSING.note(named(&pinging.unasked), values));
    } else if sent > 0 && complaints.is_empty() {
        notes.push(rule::PING_UNANSWERED.note(named(&pinging.requests), [about(), sent.into()]));
        match conversation.wait {
            Some(wait) if wait.address == target => {
                let frames = [wait.question.frame, wait.answer.frame];
                notes.push(rule::PING_ARP_BUT_SILENT.note(frames, [about()]));
                notes.push(rule::PING_WHY_REFUSES.note(NONE, [about()]));
                notes.push(rule::PING_BLIND_DIRECTION.note(NONE, []));
            }
            _ => {
                notes.push(rule::PING_WHY_SILENT.note(NONE, [about()]));
                notes.push(rule::PING_BLIND_SILENCE.note(NONE, [about()]));
            }
        }
    }
    let mut by_target = false;
    if traces {
        let routers: Vec<String> = ran_out().filter_map(|complaint| complaint.from).map(|it| it.to_string()).collect();
        let count = u32::try_from(routers.len()).unwrap_or(u32::MAX);
        let frames = ran_out().flat_map(|complaint| complaint.frames.iter().copied());
        notes.push(rule::PING_TRACE.note(frames, [count.into(), routers.join(", ").into()]));
    }
    for complaint in complaints.iter().filter(|complaint| !(traces && complaint.is_about_ttl())) {
        by_target |= complaint.from == Some(target);
        notes.push(complaint.of_ping());
        notes.push(complaint.cause());
    }
    if received > 0 && lost > 0 && !traces {
        let which = list(pinging.silent().map(|(sequence, _)| sequence));
        let frames = pinging.silent().map(|(_, frame)| frame);
        notes.push(rule::PING_LOST.note(frames, [lost.into(), which.into()]));
        if complaints.is_empty() {
            notes.push(rule::PING_WHY_LOST.note(NONE, []));
            notes.push(rule::PING_BLIND_DIRECTION.note(NONE, []));
        }
    }
    if !pinging.duplicates.is_empty() && !everyone {
        let values = [pinging.duplicates.count().into()];
        notes.push(rule::PING_DUPLICATES.note(named(&pinging.duplicates), values));
        notes.push(rule::PING_WHY_DUPLICATES.note(NONE, []));
    }
    let answer = conversation.sides[1];
    if let Some((ttl, frame)) = answer.ttl.filter(|_| received > 0 && !local) {
        notes.push(distance::guess(ttl, Some(frame), (answer.is_near == Some(false)).then(about)));
    }
    notes.extend(match (received > 0 || by_target, complaints.is_empty()) {
        (true, _) if local => Some(rule::PING_BLIND_NETWORK.note(NONE, [])),
        (true, _) => Some(rule::PING_BLIND_PROGRAMS.note(NONE, [])),
        (false, false) => Some(rule::PING_BLIND_REPORTER.note(NONE, [about()])),
        (false, true) => None,
    });
}
