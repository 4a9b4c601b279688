//! The heading, the remarks and the verdict of a trace.

use std::collections::BTreeMap;
use std::net::IpAddr;

use nix::errno::Errno;

use super::rules as rule;
use crate::model::{
    Answer, Arg, FrameNo, Hop, HopFigures, HopProbe, HopReport, Note, Path, ProbeKind, Quote, Status, TraceSummary,
};
use crate::proto::icmp;

/// What a trace did and found.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The way its probes left.
    pub path: &'a Path,
    /// What they were.
    pub kind: ProbeKind,
    /// Last TTL that would have been asked.
    pub last: u8,
    /// What each TTL brought back.
    pub hops: &'a [HopReport],
    /// Whether the first receiver answered its ARP question; `None` where none was asked.
    pub arp_answered: Option<bool>,
    /// The ARP frames.
    pub arp_frames: &'a [FrameNo],
    /// RST segments that this host sent to the target.
    pub resets: &'a [FrameNo],
    /// The user ended it before it was done.
    pub interrupted: bool,
}

/// What will be sent: the title of the run. `target` is what the user typed.
#[must_use]
pub fn heading(path: &Path, kind: ProbeKind, first: u8, last: u8, queries: u8) -> Note {
    let target = path.name.as_ref().map_or_else(|| path.target.to_string(), |name| format!("{name} ({})", path.target));
    let (target, source, interface) = (target.into(), path.source.to_string().into(), path.interface.clone().into());
    let [first, last, queries] = [first, last, queries].map(|number| Arg::from(u32::from(number)));
    match kind {
        ProbeKind::Icmp => rule::TRACE_HEADING_ICMP.note(Vec::new(), [target, source, interface, first, last, queries]),
        ProbeKind::Udp { port } => {
            let port = u32::from(port).into();
            rule::TRACE_HEADING_UDP.note(Vec::new(), [target, source, interface, port, first, last, queries])
        }
        ProbeKind::Tcp { port } => {
            let port = u32::from(port).into();
            rule::TRACE_HEADING_TCP.note(Vec::new(), [target, source, interface, port, first, last, queries])
        }
    }
}

/// The words in the column "the router says": the key of the phrase in the catalogue's section `says`.
#[must_use]
pub fn says(answer: Answer) -> &'static str {
    match answer {
        Answer::EchoReply => "says.reply",
        Answer::SynAck => "says.open",
        Answer::Reset => "says.closed",
        Answer::Delivered { code: 2 } => "says.protocol",
        Answer::Delivered { .. } => "says.port",
        Answer::TimeExceeded { code: 0 } => "says.ttl",
        Answer::TimeExceeded { .. } => "says.reassembly",
        Answer::Unreachable { kind: 3, code, .. } => match code {
            0 | 6 | 11 => "says.net",
            1 | 7 | 8 | 12 => "says.host",
            3 => "says.port",
            4 => "says.too-big",
            9 | 10 | 13 => "says.forbidden",
            _ => "says.unreachable",
        },
        Answer::Unreachable { .. } => "says.unreachable",
    }
}

/// What the trace shows, what that usually means, and what it cannot show.
#[must_use]
pub fn verdict(run: &Run<'_>) -> Vec<Note> {
    if run.arp_answered == Some(false) && run.hops.is_empty() {
        return no_arp(run.path, run.arp_frames);
    }
    let mut notes = Vec::new();
    run.not_sent(&mut notes);
    let summary = TraceSummary::of(run.hops);
    let end = run.hops.iter().find(|hop| hop.ttl == summary.hops);
    match end {
        Some(end) if summary.reached => run.reached(end, &mut notes),
        Some(end) => run.stopped(end, &mut notes),
        None => run.silence(&mut notes),
    }
    run.loops(&mut notes);
    run.several(&mut notes);
    run.changed(&mut notes);
    run.limited(&mut notes);
    run.silent(summary.hops, &mut notes);
    run.asymmetric(&mut notes);
    notes.push(if summary.reached || summary.hops > 0 {
        rule::TRACE_BLIND_BACK.note(Vec::new(), [])
    } else {
        rule::TRACE_BLIND_SILENCE.note(Vec::new(), [run.target()])
    });
    notes
}

/// What a watched trace found.
#[derive(Clone, Copy, Debug)]
pub struct WatchedRun<'a> {
    /// The way its probes left.
    pub path: &'a Path,
    /// What they were.
    pub kind: ProbeKind,
    /// TTL and figures of each hop.
    pub hops: &'a [(u8, HopFigures)],
    /// How far it came.
    pub summary: TraceSummary,
    /// Rounds begun.
    pub rounds: u32,
    /// As in [`Run`].
    pub arp_answered: Option<bool>,
    /// As in [`Run`].
    pub arp_frames: &'a [FrameNo],
}

/// What the figures of a watched trace mean.
#[must_use]
pub fn watched(run: &WatchedRun<'_>) -> Vec<Note> {
    let target = || Arg::from(run.path.target.to_string());
    if run.arp_answered == Some(false) && run.hops.is_empty() {
        return no_arp(run.path, run.arp_frames);
    }
    let Some((ttl, end)) = run.hops.last() else {
        return vec![
            rule::TRACE_WATCH_SILENCE.note(Vec::new(), [run.rounds.into()]),
            why_unreached(run.path, run.kind),
            rule::TRACE_BLIND_SILENCE.note(Vec::new(), [target()]),
        ];
    };
    let mut notes = Vec::new();
    let counted = [u32::from(*ttl), end.answered, end.answered + end.lost].map(Arg::from);
    let [ttl_arg, answered, asked] = counted;
    if run.summary.reached {
        notes.push(rule::TRACE_WATCHED.note(Vec::new(), [target(), answered, asked, ttl_arg]));
    } else {
        notes.push(rule::TRACE_WATCH_UNREACHED.note(Vec::new(), [target(), ttl_arg]));
        notes.push(why_unreached(run.path, run.kind));
    }
    // Loss that hops farther on do not have cannot be loss of what passes through.
    let least_behind = |ttl: u8| {
        let behind = run.hops.iter().filter(|(other, figures)| *other > ttl && figures.answered > 0);
        behind.map(|(_, figures)| figures.loss()).min_by(f64::total_cmp)
    };
    let harmless = run
        .hops
        .iter()
        .filter(|(ttl, figures)| figures.lost > 0 && least_behind(*ttl).is_some_and(|behind| behind < figures.loss()));
    let harmless = list(harmless.map(|(ttl, _)| *ttl));
    if !harmless.is_empty() {
        notes.push(rule::TRACE_WATCH_HARMLESS.note(Vec::new(), [harmless.into()]));
    }
    notes.push(rule::TRACE_BLIND_BACK.note(Vec::new(), []));
    notes
}

/// What silence beyond a point usually means.
fn why_unreached(path: &Path, kind: ProbeKind) -> Note {
    let target = Arg::from(path.target.to_string());
    match kind {
        ProbeKind::Udp { port } => rule::TRACE_WHY_UNREACHED_UDP.note(Vec::new(), [target, u32::from(port).into()]),
        ProbeKind::Icmp | ProbeKind::Tcp { .. } => rule::TRACE_WHY_UNREACHED.note(Vec::new(), [target]),
    }
}

/// The first receiver did not answer its ARP question: nothing was sent.
fn no_arp(path: &Path, frames: &[FrameNo]) -> Vec<Note> {
    let target = || Arg::from(path.target.to_string());
    let frames = frames.to_vec();
    match path.hop {
        Hop::Router { address, .. } => {
            let router = || Arg::from(address.to_string());
            vec![
                rule::PING_NO_ARP_ROUTER.note(frames, [router(), target()]),
                rule::PING_WHY_NO_ROUTER.note(Vec::new(), [router()]),
            ]
        }
        _ => vec![rule::TRACE_NO_ARP.note(frames, [target()]), rule::PING_WHY_NO_ARP.note(Vec::new(), [target()])],
    }
}

impl Run<'_> {
    fn target(&self) -> Arg {
        self.path.target.to_string().into()
    }

    fn not_sent(&self, notes: &mut Vec<Note>) {
        let errors = || {
            self.hops.iter().flat_map(|hop| &hop.probes).filter_map(|probe| match probe.probed.status {
                Status::NotSent { errno } => Some(errno),
                _ => None,
            })
        };
        if let Some(errno) = errors().next() {
            let why = Errno::from_raw(errno).desc().to_ascii_lowercase();
            notes.push(rule::TRACE_NOT_SENT.note(Vec::new(), [count(errors().count()), why.into()]));
        }
    }

    fn reached(&self, end: &HopReport, notes: &mut Vec<Note>) {
        let frames = answers(end, Answer::reached);
        let routers = self.hops.iter().filter(|hop| hop.ttl < end.ttl && hop.answered().next().is_some()).count();
        notes.push(match (self.path.hop, end.ttl, routers) {
            (Hop::Local, ..) => rule::PING_LOCAL.note(frames, [self.target()]),
            (_, 1, _) => rule::TRACE_NEXT_DOOR.note(frames, [self.target()]),
            (_, ttl, 0) => rule::TRACE_REACHED_UNSEEN.note(frames, [u32::from(ttl).into(), self.target()]),
            (_, ttl, routers) => {
                rule::TRACE_REACHED.note(frames, [count(routers), u32::from(ttl).into(), self.target()])
            }
        });
        let port = match self.kind {
            ProbeKind::Icmp => Arg::from(0_u32),
            ProbeKind::Udp { port } | ProbeKind::Tcp { port } => u32::from(port).into(),
        };
        let frames = || answers(end, Answer::reached);
        match end.answered().filter_map(|probe| probe.answer).find(|answer| answer.reached()) {
            Some(Answer::SynAck) => {
                notes.push(rule::TRACE_OPEN.note(frames(), [port]));
                if !self.resets.is_empty() {
                    notes.push(rule::TRACE_RESET.note(self.resets.to_vec(), []));
                }
            }
            Some(Answer::Reset) => notes.push(rule::TRACE_CLOSED.note(frames(), [port])),
            Some(Answer::Delivered { code: 3 }) => notes.push(rule::TRACE_DELIVERED.note(frames(), [port])),
            _ => {}
        }
        let others: Vec<&HopProbe> = end
            .answered()
            .filter(|probe| probe.answer.is_some_and(Answer::reached))
            .filter(|probe| probe.probed.from != Some(IpAddr::V4(self.path.target)))
            .collect();
        if let Some(from) = others.iter().find_map(|probe| probe.probed.from) {
            let frames = others.iter().filter_map(|probe| probe.probed.response);
            notes.push(rule::TRACE_ELSEWHERE.note(frames, [from.to_string().into(), self.target()]));
            notes.push(rule::TRACE_WHY_ELSEWHERE.note(Vec::new(), []));
        }
    }

    /// Somebody answered, but not the target.
    fn stopped(&self, end: &HopReport, notes: &mut Vec<Note>) {
        let Some(last) = end.answered().last() else { return };
        let (Some(from), Some(answer)) = (last.probed.from, last.answer) else { return };
        let from = || Arg::from(from.to_string());
        let frames = answers(end, |_| true);
        let ttl = u32::from(end.ttl).into();
        if let Answer::Unreachable { kind, code, .. } = answer {
            notes.push(
                rule::TRACE_REFUSED.note(frames, [from(), ttl, icmp::name(kind, code).to_ascii_lowercase().into()]),
            );
            notes.push(match (kind, code) {
                (3, 0 | 6 | 11) => rule::PING_WHY_NET.note(Vec::new(), [from()]),
                (3, 1 | 7 | 12) => rule::PING_WHY_HOST.note(Vec::new(), [from(), self.target()]),
                (3, 4) => rule::TRACE_WHY_TOO_BIG.note(Vec::new(), [from()]),
                (3, 9 | 10 | 13) => rule::PING_WHY_FORBIDDEN.note(Vec::new(), [from()]),
                _ => rule::PING_WHY_ERROR.note(Vec::new(), [from()]),
            });
        } else if self.interrupted {
            notes.push(rule::TRACE_INTERRUPTED.note(frames, [ttl, from(), self.target()]));
        } else if end.ttl == self.last {
            notes.push(rule::TRACE_CUT.note(frames, [ttl, from(), self.target()]));
        } else {
            let last = u32::from(self.last).into();
            notes.push(rule::TRACE_UNREACHED.note(frames, [ttl, from(), last, self.target()]));
            notes.push(why_unreached(self.path, self.kind));
        }
    }

    fn silence(&self, notes: &mut Vec<Note>) {
        let sent: Vec<FrameNo> =
            self.hops.iter().flat_map(|hop| &hop.probes).filter_map(|probe| probe.probed.request).collect();
        if sent.is_empty() {
            return;
        }
        let number = count(sent.len());
        let interface = self.path.interface.clone().into();
        notes.push(rule::TRACE_SILENCE.note(sent, [number, interface]));
        if !self.interrupted {
            notes.push(why_unreached(self.path, self.kind));
        }
    }

    /// An address that answered at several TTLs with another one in between, or at two in a row.
    fn loops(&self, notes: &mut Vec<Note>) {
        let mut seen: BTreeMap<IpAddr, Vec<&HopReport>> = BTreeMap::new();
        for hop in self.hops {
            let ran_out = |probe: &&HopProbe| matches!(probe.answer, Some(Answer::TimeExceeded { .. }));
            let mut here: Vec<IpAddr> = hop.answered().filter(ran_out).filter_map(|probe| probe.probed.from).collect();
            here.sort_unstable();
            here.dedup();
            for address in here {
                seen.entry(address).or_default().push(hop);
            }
        }
        let repeated = seen.into_iter().filter(|(_, hops)| hops.len() > 1);
        let (looped, twice): (Vec<_>, Vec<_>) =
            repeated.partition(|(_, hops)| hops.len() > 2 || hops.windows(2).any(|pair| pair[1].ttl - pair[0].ttl > 1));
        // Every router of a circle shows the same thing; one of them is enough.
        if let Some((address, hops)) = looped.first() {
            let ttls = list(hops.iter().map(|hop| hop.ttl));
            let frames = hops.iter().flat_map(|hop| answers(hop, |_| true));
            notes.push(rule::TRACE_LOOP.note(frames, [address.to_string().into(), ttls.into()]));
            notes.push(rule::TRACE_WHY_LOOP.note(Vec::new(), []));
        } else if let Some((address, hops)) = twice.first() {
            let ttls = list(hops.iter().map(|hop| hop.ttl));
            let frames = hops.iter().flat_map(|hop| answers(hop, |_| true));
            notes.push(rule::TRACE_TWICE.note(frames, [address.to_string().into(), ttls.into()]));
        }
    }

    /// Hops where more than one address answered.
    fn several(&self, notes: &mut Vec<Note>) {
        let several: Vec<&HopReport> = self.hops.iter().filter(|hop| hop.addresses().len() > 1).collect();
        let Some(first) = several.first() else { return };
        let frames = several.iter().flat_map(|hop| answers(hop, |_| true));
        let addresses = first.addresses().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let ttl = u32::from(first.ttl).into();
        notes.push(rule::TRACE_SEVERAL.note(frames, [ttl, addresses.into()]));
        notes.push(rule::TRACE_WHY_SEVERAL.note(Vec::new(), []));
    }

    /// What quoted headers say that was not sent: the first hop where it shows.
    fn changed(&self, notes: &mut Vec<Note>) {
        let quotes = || {
            let probes = self.hops.iter().flat_map(|hop| hop.probes.iter().map(move |probe| (hop.ttl, probe)));
            probes.filter_map(|(ttl, probe)| Some((ttl, probe, probe.quote?)))
        };
        let (source, target) = (self.path.source, self.path.target);
        let frames = |probe: &HopProbe| probe.probed.request.into_iter().chain(probe.probed.response);
        if let Some((ttl, probe, quote)) = quotes().find(|(.., quote)| quote.dsfield != 0) {
            let seen = format!("0x{:02x}", quote.dsfield);
            notes.push(rule::TRACE_MARKED.note(frames(probe), [u32::from(ttl).into(), seen.into()]));
        }
        let translated = |quote: Quote| quote.source != source || quote.destination != target || quote.rewritten;
        if let Some((ttl, probe, quote)) = quotes().find(|(.., quote)| translated(*quote)) {
            let seen = format!("{} > {}", quote.source, quote.destination);
            notes.push(rule::TRACE_TRANSLATED.note(frames(probe), [u32::from(ttl).into(), seen.into()]));
        }
        // Routers quote the TTL as it came (1), or as they left it (0).
        let ran_out = |probe: &HopProbe| matches!(probe.answer, Some(Answer::TimeExceeded { code: 0 }));
        if let Some((ttl, probe, quote)) = quotes().find(|(_, probe, quote)| quote.ttl > 1 && ran_out(probe)) {
            let left = u32::from(quote.ttl).into();
            notes.push(rule::TRACE_TTL_LEFT.note(frames(probe), [u32::from(ttl).into(), left]));
        }
    }

    fn limited(&self, notes: &mut Vec<Note>) {
        let limited: Vec<&HopReport> = self.hops.iter().filter(|hop| hop.limited).collect();
        if limited.is_empty() {
            return;
        }
        let frames = limited.iter().flat_map(|hop| hop.frames());
        let ttls = list(limited.iter().map(|hop| hop.ttl));
        notes.push(rule::TRACE_LIMITED.note(frames, [count(limited.len()), ttls.into()]));
        notes.push(rule::TRACE_WHY_LIMITED.note(Vec::new(), []));
    }

    /// Hops that stayed silent although hops behind them answered.
    fn silent(&self, end: u8, notes: &mut Vec<Note>) {
        let sent = |hop: &&HopReport| hop.probes.iter().any(|probe| probe.probed.status == Status::Timeout);
        let silent: Vec<&HopReport> =
            self.hops.iter().filter(|hop| hop.ttl < end && hop.answered().next().is_none()).filter(sent).collect();
        if !silent.is_empty() {
            let frames = silent.iter().flat_map(|hop| hop.frames());
            let ttls = list(silent.iter().map(|hop| hop.ttl));
            notes.push(rule::TRACE_SILENT.note(frames, [count(silent.len()), ttls.into()]));
        }
        let lost = |hop: &&HopReport| !hop.limited && hop.ttl <= end && hop.answered().next().is_some();
        let lossy: Vec<&HopReport> = self.hops.iter().filter(lost).filter(sent).collect();
        if !lossy.is_empty() {
            let timeouts = lossy.iter().flat_map(|hop| &hop.probes);
            let frames: Vec<_> = timeouts
                .filter(|probe| probe.probed.status == Status::Timeout)
                .map(|probe| probe.probed.request)
                .collect();
            let ttls = list(lossy.iter().map(|hop| hop.ttl));
            let number = count(frames.len());
            notes.push(rule::TRACE_LOST.note(frames.into_iter().flatten(), [number, ttls.into()]));
        }
    }

    /// The farthest hop whose answer crossed another number of routers than the probe did.
    fn asymmetric(&self, notes: &mut Vec<Note>) {
        let found = self.hops.iter().rev().find_map(|hop| {
            let probe = hop.answered().find(|probe| {
                probe.answer.is_some_and(|answer| answer.reached() || !answer.ends()) && probe.reply_ttl.is_some()
            })?;
            let reply = probe.reply_ttl?;
            let initial = [64, 128].into_iter().find(|&initial| reply <= initial).unwrap_or(255);
            let back = initial - reply + 1;
            (back != hop.ttl).then_some((hop.ttl, probe, reply, initial, back))
        });
        if let Some((ttl, probe, reply, initial, back)) = found {
            let numbers = [ttl, back, reply, initial].map(|number| Arg::from(u32::from(number)));
            notes.push(rule::TRACE_ASYMMETRIC.note(probe.probed.response, numbers));
        }
    }
}

/// The frames of the answers of `hop` that are wanted.
fn answers(hop: &HopReport, wanted: fn(Answer) -> bool) -> Vec<FrameNo> {
    let wanted = |probe: &&HopProbe| probe.answer.is_some_and(wanted);
    hop.answered().filter(wanted).filter_map(|probe| probe.probed.response).collect()
}

fn count(number: usize) -> Arg {
    u32::try_from(number).unwrap_or(u32::MAX).into()
}

/// TTLs as people list them: `2, 5-7`.
fn list(ttls: impl IntoIterator<Item = u8>) -> String {
    let mut runs: Vec<(u8, u8)> = Vec::new();
    for ttl in ttls {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(ttl) => *last = ttl,
            _ => runs.push((ttl, ttl)),
        }
    }
    let shown = runs.iter().map(|&(first, last)| match last - first {
        0 => first.to_string(),
        1 => format!("{first}, {last}"),
        _ => format!("{first}-{last}"),
    });
    shown.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
#[path = "trace_tests.rs"]
mod tests;
