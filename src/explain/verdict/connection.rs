//! The verdict of a TCP connection: how it began, what went wrong, how it ended, and what was agreed.

use std::fmt::Write as _;

use crate::converse::Conversation;
use crate::converse::tcp::{End, Ending, Facts, Sightings};
use crate::explain::{distance, rules as rule};
use crate::model::{Arg, FrameNo, Nanos, Negotiated, Note};

use super::exchange::looked_up;
use super::{complained, complaints};

const NONE: [FrameNo; 0] = [];

/// No system sends a SYN again before this time is over.
const PATIENCE: Nanos = Nanos(200_000_000);

/// What is looked at from both sides.
struct Story<'a> {
    conversation: &'a Conversation,
    facts: &'a Facts,
    /// The end that asked for the connection, or else the one heard first.
    client: &'a End,
    server: &'a End,
}

pub(super) fn verdict(conversation: &Conversation, facts: &Facts, notes: &mut Vec<Note>) {
    let opener = facts.opener.unwrap_or(0) & 1;
    let story = Story { conversation, facts, client: &facts.ends[opener], server: &facts.ends[1 - opener] };
    story.opening(notes);
    story.requests(notes);
    story.trouble(notes);
    story.ending(notes);
    story.data(notes);
    story.agreement(notes);
    story.distance(notes);
    story.unseen(notes);
}

impl Story<'_> {
    fn client(&self) -> Arg {
        self.client.address.into()
    }

    fn server(&self) -> Arg {
        self.server.address.into()
    }

    fn port(&self) -> Arg {
        self.server.port.into()
    }

    /// Who an end is, as a sentence names it.
    fn who(&self, end: usize) -> Arg {
        self.facts.ends[end & 1].address.into()
    }

    fn opening(&self, notes: &mut Vec<Note>) {
        let (facts, syns) = (self.facts, self.facts.syns.frames().iter().copied());
        for complaint in complaints(self.conversation) {
            let frames = syns.clone().take(1).chain(complaint.frames.iter().copied());
            notes.push(rule::CONNECTION_COMPLAINT.note(frames, complained(&complaint)));
            let from = complaint.from.filter(|_| complaint.refuses_port());
            notes.push(
                from.map_or_else(|| complaint.cause(), |from| rule::HANDSHAKE_WHY_REJECT.note(NONE, [from.into()])),
            );
            notes.push(match complaint.from {
                Some(from) if from != self.server.address => rule::PING_BLIND_REPORTER.note(NONE, [self.server()]),
                _ => rule::HANDSHAKE_BLIND_WHO.note(NONE, [self.server()]),
            });
        }
        if let Some(answer) = facts.syn_ack {
            let asked = facts.syn_times().iter().rev().find(|&&time| time <= answer.time);
            let asked = asked.copied().filter(|_| facts.syns.count() > 0);
            let frames = syns.last().into_iter().chain([answer.frame]);
            match asked {
                Some(time) => {
                    let values = [self.port(), self.server(), Arg::Millis(answer.time - time)];
                    notes.push(rule::CONNECTION_OPEN.note(frames, values));
                }
                None => notes.push(rule::CONNECTION_OPEN_LATE.note(frames, [self.port(), self.server()])),
            }
            if facts.syns.count() > 1 {
                self.waits(notes);
            }
            return;
        }
        match facts.ending() {
            Ending::Unanswered => {
                if complaints(self.conversation).next().is_none() {
                    let values = [self.client(), facts.syns.count().into(), self.port(), self.server()];
                    notes.push(rule::CONNECTION_UNANSWERED.note(syns, values));
                    notes.push(rule::HANDSHAKE_WHY_SILENT.note(NONE, [self.port()]));
                    notes.push(rule::HANDSHAKE_BLIND_SILENCE.note(NONE, [self.server()]));
                }
                self.waits(notes);
            }
            Ending::Refused { .. } => self.refused(notes),
            _ if facts.syns.count() == 0 => notes.push(rule::CONNECTION_BEGUN_BEFORE.note([facts.first.frame], [])),
            _ => {}
        }
    }

    /// The waits between SYNs that were sent again.
    fn waits(&self, notes: &mut Vec<Note>) {
        let times = self.facts.syn_times();
        let gaps: Vec<String> = times.windows(2).map(|pair| seconds(pair[1] - pair[0])).collect();
        // What comes faster is not a timer's work.
        let patient = times.get(1).is_some_and(|second| *second - times[0] >= PATIENCE);
        if patient {
            let frames = self.facts.syns.frames().iter().copied();
            let count = u32::try_from(gaps.len()).unwrap_or(u32::MAX);
            notes.push(rule::CONNECTION_WAITS.note(frames, [count.into(), gaps.join(", ").into()]));
        }
    }

    fn refused(&self, notes: &mut Vec<Note>) {
        let Some((reset, by)) = self.facts.reset else { return };
        let frames = self.facts.syns.frames().last().copied().into_iter().chain([reset.frame]);
        notes.push(rule::HANDSHAKE_REFUSED.note(frames, [self.server(), self.port()]));
        // The end that refused sent nothing else, so its TTL is that of the RST.
        let side = self.conversation.sides[by & 1];
        if self.client.address == self.server.address {
            notes.push(rule::HANDSHAKE_WHY_REFUSED_SELF.note(NONE, []));
        } else if let Some((ttl, frame)) = side.ttl {
            let (initial, routers) = distance::routers(ttl);
            notes.push(match (routers, side.is_near) {
                (0, Some(false)) => rule::HANDSHAKE_WHY_REFUSED_ROUTER.note([frame], [ttl.into()]),
                (0, _) => rule::HANDSHAKE_WHY_REFUSED.note([frame], [self.port(), ttl.into()]),
                (_, Some(true)) => rule::HANDSHAKE_WHY_REFUSED_ODD.note([frame], [ttl.into()]),
                _ => rule::HANDSHAKE_WHY_REFUSED_FAR
                    .note([frame], [self.port(), routers.into(), ttl.into(), initial.into()]),
            });
        }
        notes.push(rule::HANDSHAKE_BLIND_WHO.note(NONE, [self.server()]));
    }

    /// What it was used for.
    fn requests(&self, notes: &mut Vec<Note>) {
        let Some(requests) = self.conversation.requests.as_deref() else { return };
        requests.lookups.kept().iter().for_each(|lookup| looked_up(lookup, notes));
        let answered = requests.kept.iter().filter_map(|request| Some((request, request.answer?)));
        for (request, (answer, code)) in answered.take(2) {
            let values = [request.what.as_str().into(), code.into(), Arg::Millis(answer.time - request.asked.time)];
            notes.push(rule::HTTP_ANSWERED.note([request.asked.frame, answer.frame], values));
        }
        if let Some(request) = requests.kept.iter().find(|request| request.answer.is_none()) {
            let rule = if self.server.distinct == 0 { &rule::HTTP_UNANSWERED } else { &rule::HTTP_UNREAD };
            notes.push(rule.note([request.asked.frame], [request.what.as_str().into()]));
        }
    }

    fn trouble(&self, notes: &mut Vec<Note>) {
        let ends = &self.facts.ends;
        if self.facts.reuses_ports {
            notes.push(rule::TCP_REUSED_PORTS.note([self.facts.first.frame], []));
        }
        for (number, end) in ends.iter().enumerate() {
            let who = || self.who(number);
            // What was repeated before the connection was there, `waits` tells.
            let syns = if self.facts.opener == Some(number) { self.facts.syns.count().saturating_sub(1) } else { 0 };
            let again = end.retransmissions().saturating_sub(syns);
            if again > 0 {
                let (late, asked, needless) =
                    (end.timeouts.count().saturating_sub(syns), end.fast.count(), end.spurious.count());
                let syns = self.facts.syns.frames();
                let lists = all([&end.timeouts, &end.fast, &end.spurious]);
                let frames = lists.filter(|frame| !syns.contains(frame));
                notes.push(match (late, asked, needless) {
                    (_, 0, 0) => rule::CONNECTION_AGAIN_LATE.note(frames, [who(), again.into()]),
                    (0, _, 0) => rule::CONNECTION_AGAIN_ASKED.note(frames, [who(), again.into()]),
                    (0, 0, _) => rule::CONNECTION_AGAIN_NEEDLESS.note(frames, [who(), again.into()]),
                    _ => rule::CONNECTION_AGAIN
                        .note(frames, [who(), again.into(), late.into(), asked.into(), needless.into()]),
                });
                notes.push(rule::CONNECTION_WHY_AGAIN.note(NONE, []));
            }
            let captured_late = ends[1 - number].acked_unseen.count();
            if captured_late > 0 {
                let frames = all([&ends[1 - number].acked_unseen]);
                notes.push(rule::CONNECTION_CAPTURE_LOST.note(frames, [who(), captured_late.into()]));
            } else if end.gaps.count() > 0 {
                notes.push(rule::CONNECTION_GAPS.note(all([&end.gaps]), [who(), end.gaps.count().into()]));
            }
            if end.out_of_order.count() > 0 {
                let values = [who(), end.out_of_order.count().into()];
                notes.push(rule::CONNECTION_OUT_OF_ORDER.note(all([&end.out_of_order]), values));
            }
            if end.zero_windows.count() > 0 {
                let values = [who(), end.zero_windows.count().into(), self.who(1 - number)];
                notes.push(rule::CONNECTION_WINDOW_SHUT.note(all([&end.zero_windows]), values));
                notes.push(rule::CONNECTION_WHY_WINDOW.note(NONE, [who()]));
            }
            if end.keep_alives.count() > 0 {
                let values = [who(), end.keep_alives.count().into()];
                // Linux asks for room in the same way as for a sign of life.
                let shut = ends[1 - number].zero_windows.count() > 0;
                let rule = if shut { &rule::CONNECTION_ASKS_FOR_ROOM } else { &rule::CONNECTION_KEEP_ALIVE };
                notes.push(rule.note(all([&end.keep_alives]), values));
            }
        }
    }

    fn ending(&self, notes: &mut Vec<Note>) {
        let facts = self.facts;
        let fins = || facts.ends.iter().flat_map(|end| [end.fin, end.fin_acked]).flatten().map(|moment| moment.frame);
        match facts.ending() {
            Ending::Unanswered | Ending::Refused { .. } => {}
            Ending::Open => notes.push(rule::CONNECTION_STILL_OPEN.note([facts.last.frame], [])),
            Ending::HalfClosed { by } => {
                let frame = facts.ends[by & 1].fin.map(|fin| fin.frame);
                notes.push(rule::CONNECTION_HALF_CLOSED.note(frame, [self.who(by), self.who(1 - (by & 1))]));
            }
            Ending::Reset { by } => {
                let frame = facts.reset.map(|(moment, _)| moment.frame);
                notes.push(rule::CONNECTION_RESET.note(frame, [self.who(by)]));
                self.who_reset(by & 1, frame, notes);
            }
            Ending::Closed { complete: false, .. } => notes.push(rule::CONNECTION_CLOSED_PARTLY.note(fins(), [])),
            Ending::Closed { at_once: true, .. } => notes.push(rule::CONNECTION_CLOSED_AT_ONCE.note(fins(), [])),
            Ending::Closed { first, in_three, .. } => {
                let rule = if in_three { &rule::CONNECTION_CLOSED_THREE } else { &rule::CONNECTION_CLOSED_FOUR };
                notes.push(rule.note(fins(), [self.who(first)]));
            }
        }
    }

    /// A RST with another TTL than the rest of that end's packets came by another way, or from another machine.
    fn who_reset(&self, by: usize, frame: Option<FrameNo>, notes: &mut Vec<Note>) {
        let facts = self.facts;
        if let Some(answer) = facts.syn_ack
            && facts.opener == Some(by)
            && facts.confirmed.is_none()
            && facts.ends[by].bytes == 0
        {
            let frames = facts.syns.frames().last().copied().into_iter().chain([answer.frame]).chain(frame);
            notes.push(rule::CONNECTION_KERNEL_RESET.note(frames, [self.who(by)]));
            return;
        }
        let side = self.conversation.sides[by];
        let Some((ttl, first)) = side.ttl else { return };
        match side.other_ttl {
            Some((other, at)) if Some(at) == frame => {
                let values = [other.into(), self.who(by), ttl.into()];
                notes.push(rule::CONNECTION_RESET_OTHER.note([first, at], values));
            }
            None if Some(first) != frame && self.server.address != self.client.address => {
                let frames = [first].into_iter().chain(frame);
                notes.push(rule::CONNECTION_RESET_SAME.note(frames, [self.who(by), ttl.into()]));
            }
            _ => {}
        }
    }

    fn data(&self, notes: &mut Vec<Note>) {
        let (sent, received) = (self.client.distinct, self.server.distinct);
        if sent + received > 0 {
            let bytes = |bytes: u64| u32::try_from(bytes).map_or_else(|_| bytes.to_string().into(), Arg::from);
            let values = [self.client(), bytes(sent), self.server(), bytes(received)];
            notes.push(rule::CONNECTION_DATA.note(NONE, values));
        }
    }

    /// What both SYNs said, and what holds because of it.
    fn agreement(&self, notes: &mut Vec<Note>) {
        let opener = self.facts.opener.unwrap_or(0);
        let (Some(agreed), Some(answer)) = (self.facts.negotiated(opener), self.facts.syn_ack) else { return };
        let frames = || self.facts.syns.frames().last().copied().into_iter().chain([answer.frame]);
        let held = in_use(&agreed);
        if held.is_empty() {
            notes.push(rule::HANDSHAKE_PLAIN.note(frames(), []));
        } else {
            notes.push(rule::HANDSHAKE_OPTIONS.note(frames(), [held.into()]));
        }
        let size = |size: Option<u16>| size.map_or(Arg::Word("nothing"), Arg::from);
        let values = [self.client(), size(agreed.ours.mss), self.server(), size(agreed.theirs.mss)];
        notes.push(rule::CONNECTION_MSS.note(frames(), values));
    }

    fn distance(&self, notes: &mut Vec<Note>) {
        if self.facts.syn_ack.is_none() {
            return;
        }
        // Who has said something, is there.
        if self.server.distinct == 0 {
            notes.push(rule::HANDSHAKE_WHY_OPEN.note(NONE, [self.port()]));
        }
        let server = 1 - (self.facts.opener.unwrap_or(0) & 1);
        let side = self.conversation.sides[server];
        let local = self.client.address == self.server.address || self.server.address.is_loopback();
        if let Some((ttl, frame)) = side.ttl.filter(|_| !local) {
            notes.push(distance::guess(ttl, Some(frame), (side.is_near == Some(false)).then(|| self.server())));
        }
    }

    fn unseen(&self, notes: &mut Vec<Note>) {
        let facts = self.facts;
        if facts.syn_ack.is_none() {
            if facts.syns.count() == 0 {
                notes.push(rule::CONNECTION_BLIND_BEFORE.note(NONE, []));
            }
            return;
        }
        match facts.confirmed {
            Some(ack) if self.server.segments <= 1 => {
                notes.push(rule::CONNECTION_BLIND_ACK.note([ack.frame], [ack.frame.into()]));
            }
            _ if self.server.distinct == 0 => notes.push(rule::CONNECTION_BLIND_PROGRAM.note(NONE, [])),
            _ if self.conversation.requests.as_deref().is_some_and(|requests| !requests.lookups.kept().is_empty()) => {
                notes.push(rule::DNS_BLIND_TRUTH.note(NONE, []));
            }
            _ => notes.push(rule::CONNECTION_BLIND_READ.note(NONE, [])),
        }
    }
}

/// What both ends offered, as a list.
pub(super) fn in_use(agreed: &Negotiated) -> String {
    let mut held = String::new();
    if let Some((ours, theirs)) = agreed.shifts() {
        // Writing to a string does not fail.
        let _ = write!(held, "window scale (x{}, x{})", 1_u32 << ours, 1_u32 << theirs);
    }
    let others = [(agreed.sack(), "SACK"), (agreed.timestamps(), "timestamps")];
    for (_, name) in others.into_iter().filter(|(is_used, _)| *is_used) {
        held.push_str(if held.is_empty() { "" } else { ", " });
        held.push_str(name);
    }
    held
}

/// The frames of several lists.
fn all<const N: usize>(lists: [&Sightings; N]) -> impl Iterator<Item = FrameNo> + '_ {
    lists.into_iter().flat_map(Sightings::frames).copied()
}

/// A wait as people read it: `1.02`.
fn seconds(span: Nanos) -> String {
    format!("{:.2}", span.as_millis_f64() / 1000.0)
}
