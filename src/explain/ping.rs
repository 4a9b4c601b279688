//! The verdict of a ping: what its frames prove, what they suggest, and what they cannot show.
//!
//! Silence is never "host down": no answer has many causes, and the sentences name them.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use nix::errno::Errno;

use crate::model::{Arg, FrameNo, Hop, KnownFrom, Note, Path, PingSummary, Probed, Status};

use super::complaint::Complaint;
use super::distance;
use super::order::most_telling;

use super::rules::{self as rule, Rule};

/// How many lines a verdict has at most.
pub const MOST: usize = 5;

/// A ping that is over.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// Where its packets went.
    pub path: &'a Path,
    /// TTL of its requests.
    pub ttl: u8,
    /// Its figures.
    pub summary: &'a PingSummary,
    /// The fates of its probes, in the order they were learned.
    pub fates: &'a [Probed],
    /// TTL of the first answer.
    pub reply_ttl: Option<u8>,
    /// Whether the first receiver answered our ARP question; `None` where none had to be asked.
    pub arp_answered: Option<bool>,
    /// The frames of our ARP questions and their answers.
    pub arp_frames: &'a [FrameNo],
    /// The frames that look like answers and do not count.
    pub rejected: &'a [FrameNo],
}

/// The first line of a ping: `PING 192.168.11.1 from 192.168.11.2 on eth0: 4 echo requests of 56 bytes`.
#[must_use]
pub fn heading(path: &Path, count: u32, payload: usize) -> Note {
    let target = match &path.name {
        Some(name) => format!("{name} ({})", path.target),
        None => path.target.to_string(),
    };
    rule::PING_HEADING.note(
        Vec::new(),
        [
            target.into(),
            path.source.to_string().into(),
            path.interface.as_str().into(),
            count.into(),
            payload.to_string().into(),
        ],
    )
}

/// What `run` shows, in at most [`MOST`] lines: facts, then guesses, then what stays unseen.
#[must_use]
pub fn verdict(run: &Run<'_>) -> Vec<Note> {
    let mut notes = Vec::new();
    run.answered(&mut notes);
    run.unsent(&mut notes);
    run.errors(&mut notes);
    run.lost(&mut notes);
    run.surplus(&mut notes);
    run.rejected(&mut notes);
    notes.extend(run.distance());
    notes.extend(run.blind());
    most_telling(&mut notes, MOST, 3);
    notes
}

impl Run<'_> {
    fn target(&self) -> Arg {
        Arg::from(self.path.target.to_string())
    }

    fn with(&self, wanted: impl Fn(Status) -> bool) -> impl Iterator<Item = &Probed> {
        self.fates.iter().filter(move |fate| wanted(fate.status))
    }

    /// Answers came, but too late or not as they should be.
    fn came_to_nothing(&self) -> bool {
        !self.rejected.is_empty() || self.with(|status| status == Status::Late).next().is_some()
    }

    /// How many requests left, and neither an answer nor an error ever told of them.
    fn unexplained(&self) -> u32 {
        let told = self.with(|status| !matches!(status, Status::Timeout | Status::NotSent { .. }));
        let told: BTreeSet<u16> = told.map(|fate| fate.seq).collect();
        self.summary.transmitted.saturating_sub(u32::try_from(told.len()).unwrap_or(u32::MAX))
    }

    fn no_arp(&self) -> bool {
        self.arp_answered == Some(false) && self.summary.received == 0
    }

    fn router(&self) -> Option<Ipv4Addr> {
        match self.path.hop {
            Hop::Router { address, .. } => Some(address),
            _ => None,
        }
    }

    /// Who answered, or at which step nobody did.
    fn answered(&self, notes: &mut Vec<Note>) {
        let summary = self.summary;
        if self.path.hop == Hop::Local {
            notes.push(rule::PING_LOCAL.note(Vec::new(), [self.target()]));
        }
        if let Hop::Group { .. } = self.path.hop {
            let answers = || self.with(|status| matches!(status, Status::Reply | Status::Duplicate));
            let machines: BTreeSet<_> = answers().filter_map(|fate| fate.from).collect();
            let count = u32::try_from(machines.len()).unwrap_or(u32::MAX);
            notes.push(rule::PING_EVERYONE.note(frames(answers()), [count.into(), self.target()]));
        } else if summary.received > 0 {
            let values = [self.target(), summary.received.into(), summary.transmitted.into()];
            notes.push(rule::PING_ANSWERED.note(frames(self.with(|status| status == Status::Reply)), values));
        } else if self.no_arp() {
            let asked = self.arp_frames.to_vec();
            if let Some(router) = self.router() {
                let router = || Arg::from(router.to_string());
                notes.push(rule::PING_NO_ARP_ROUTER.note(asked, [router(), self.target()]));
                notes.push(rule::PING_WHY_NO_ROUTER.note(Vec::new(), [router()]));
            } else {
                notes.push(rule::PING_NO_ARP.note(asked, [self.target()]));
                notes.push(rule::PING_WHY_NO_ARP.note(Vec::new(), [self.target()]));
            }
        } else if summary.errors == 0 && summary.transmitted > 0 && !self.came_to_nothing() {
            self.silent(notes);
        }
    }

    /// Requests left, and nothing at all came back.
    fn silent(&self, notes: &mut Vec<Note>) {
        let sent = frames(self.fates.iter());
        let values = [self.target(), self.path.interface.as_str().into(), self.summary.transmitted.into()];
        notes.push(rule::PING_SILENCE.note(sent, values));
        let why = match self.path.hop {
            Hop::OnLink { .. } if self.arp_answered == Some(true) => {
                notes.push(rule::PING_ARP_BUT_SILENT.note(self.arp_frames.to_vec(), [self.target()]));
                &rule::PING_WHY_REFUSES
            }
            Hop::OnLink { known: Some(_) } if self.path.known_from == KnownFrom::Neighbours => &rule::PING_WHY_STALE,
            _ => &rule::PING_WHY_SILENT,
        };
        notes.push(why.note(Vec::new(), [self.target()]));
    }

    /// Requests that this host itself did not take.
    fn unsent(&self, notes: &mut Vec<Note>) {
        let first = self.fates.iter().find_map(|fate| match fate.status {
            Status::NotSent { errno } => Some(Errno::from_raw(errno)),
            _ => None,
        });
        let Some(error) = first.filter(|_| !self.no_arp()) else { return };
        let values = [self.summary.not_sent.into(), error.desc().to_ascii_lowercase().into()];
        notes.push(rule::PING_NOT_SENT.note(Vec::new(), values));
        let interface = || [Arg::from(self.path.interface.as_str())];
        notes.extend(match error {
            Errno::EMSGSIZE => Some(rule::PING_WHY_SIZE.note(Vec::new(), [self.path.mtu.to_string().into()])),
            Errno::ENOBUFS => Some(rule::PING_WHY_BUFFER.note(Vec::new(), interface())),
            Errno::ENETDOWN | Errno::ENODEV | Errno::ENXIO => Some(rule::PING_WHY_DOWN.note(Vec::new(), interface())),
            Errno::EPERM | Errno::EACCES => Some(rule::PING_WHY_PERMISSION.note(Vec::new(), [])),
            _ => None,
        });
    }

    /// ICMP errors, one claim for each kind and sender.
    fn errors(&self, notes: &mut Vec<Note>) {
        for complaint in self.complaints() {
            notes.push(complaint.of_ping());
            notes.push(complaint.cause());
        }
    }

    /// The ICMP errors by sender, type and code, in the order they first came.
    fn complaints(&self) -> Vec<Complaint> {
        let mut all: Vec<Complaint> = Vec::new();
        for fate in self.fates {
            let (kind, code) = match fate.status {
                Status::Unreachable { kind, code } => (kind, code),
                Status::TimeExceeded { code } => (11, code),
                _ => continue,
            };
            let frames = fate.request.into_iter().chain(fate.response);
            match all.iter_mut().find(|one| (one.from, one.kind) == (fate.from, (kind, code))) {
                Some(known) => {
                    known.count += 1;
                    known.frames.extend(frames);
                }
                None => all.push(Complaint {
                    from: fate.from,
                    kind: (kind, code),
                    count: 1,
                    frames: frames.collect(),
                    source: self.path.source.into(),
                    target: self.path.target.into(),
                    ttl: self.ttl,
                }),
            }
        }
        all
    }

    /// Some requests were answered, others not. Where an error or a late answer tells of the request itself, or only
    /// errors came, their own sentences say why.
    fn lost(&self, notes: &mut Vec<Note>) {
        let lost: Vec<&Probed> = self.with(|status| status == Status::Timeout).collect();
        let some = self.summary.received > 0 || self.summary.errors > 0 || self.came_to_nothing();
        if lost.is_empty() || !some || matches!(self.path.hop, Hop::Group { .. }) {
            return;
        }
        let count = u32::try_from(lost.len()).unwrap_or(u32::MAX);
        let which = list(lost.iter().map(|fate| fate.seq));
        notes.push(rule::PING_LOST.note(frames(lost), [count.into(), which.into()]));
        if self.summary.received > 0 && self.unexplained() > 0 {
            notes.push(rule::PING_WHY_LOST.note(Vec::new(), []));
        }
    }

    /// More answers than questions, and answers too late.
    fn surplus(&self, notes: &mut Vec<Note>) {
        let late = || self.with(|status| status == Status::Late);
        if let count @ 1.. = u32::try_from(late().count()).unwrap_or(u32::MAX) {
            notes.push(rule::PING_LATE.note(frames(late()), [count.into()]));
            notes.push(rule::PING_WHY_LATE.note(Vec::new(), []));
        }
        if self.summary.duplicates > 0 && !matches!(self.path.hop, Hop::Group { .. }) {
            let duplicates = self.with(|status| status == Status::Duplicate);
            notes.push(rule::PING_DUPLICATES.note(frames(duplicates), [self.summary.duplicates.into()]));
            notes.push(rule::PING_WHY_DUPLICATES.note(Vec::new(), []));
        }
    }

    /// Frames that look like answers; what is wrong with each is said where it came.
    fn rejected(&self, notes: &mut Vec<Note>) {
        if let count @ 1.. = u32::try_from(self.rejected.len()).unwrap_or(u32::MAX) {
            notes.push(rule::PING_REJECTED.note(self.rejected.to_vec(), [count.into()]));
        }
    }

    /// How many routers the answer crossed, from the TTLs that systems usually start with.
    fn distance(&self) -> Option<Note> {
        let ttl = self.reply_ttl.filter(|_| self.summary.received > 0)?;
        if matches!(self.path.hop, Hop::Local | Hop::Group { .. }) {
            return None;
        }
        let answer = self.with(|status| status == Status::Reply).find_map(|fate| fate.response);
        Some(distance::guess(ttl, answer, self.router().map(|_| self.target())))
    }

    /// The most important thing that these frames do not show.
    fn blind(&self) -> Option<Note> {
        let summary = self.summary;
        let (about_target, plain): (Option<&'static Rule>, Option<&'static Rule>) = match self.path.hop {
            Hop::Local => (None, Some(&rule::PING_BLIND_NETWORK)),
            Hop::Group { .. } => (None, Some(&rule::PING_BLIND_QUIET)),
            _ if summary.received > 0 && self.unexplained() > 0 => (None, Some(&rule::PING_BLIND_DIRECTION)),
            _ if summary.received > 0 => (None, Some(&rule::PING_BLIND_PROGRAMS)),
            _ if self.no_arp() && self.router().is_none() => (Some(&rule::PING_BLIND_ELSEWHERE), None),
            Hop::OnLink { .. } if summary.transmitted == 0 && self.arp_answered == Some(true) => {
                (Some(&rule::PING_BLIND_UNASKED), None)
            }
            _ if self.no_arp() || summary.transmitted == 0 => (Some(&rule::PING_BLIND_BEYOND), None),
            _ if summary.errors > 0 => self.reported_by_others(),
            _ if !self.rejected.is_empty() => (None, Some(&rule::PING_BLIND_REJECTED)),
            _ if self.came_to_nothing() && self.unexplained() > 0 => (None, Some(&rule::PING_BLIND_DIRECTION)),
            _ if self.came_to_nothing() => (None, Some(&rule::PING_BLIND_PROGRAMS)),
            // A machine that answered ARP is on; what is unseen is what its silence means for others.
            Hop::OnLink { .. } if self.arp_answered == Some(true) => (None, Some(&rule::PING_BLIND_DIRECTION)),
            _ => (Some(&rule::PING_BLIND_SILENCE), None),
        };
        about_target
            .map(|rule| rule.note(Vec::new(), [self.target()]))
            .or_else(|| plain.map(|rule| rule.note(Vec::new(), [])))
    }

    /// An error from the target itself proves that it is there; one from elsewhere does not.
    fn reported_by_others(&self) -> (Option<&'static Rule>, Option<&'static Rule>) {
        let target = Some(IpAddr::V4(self.path.target));
        if self.complaints().iter().any(|complaint| complaint.from == target) {
            (None, Some(&rule::PING_BLIND_PROGRAMS))
        } else {
            (Some(&rule::PING_BLIND_REPORTER), None)
        }
    }
}

fn frames<'a>(fates: impl IntoIterator<Item = &'a Probed>) -> Vec<FrameNo> {
    fates.into_iter().flat_map(|fate| fate.request.into_iter().chain(fate.response)).collect()
}

/// Sequence numbers as people list them: `2, 5-7`; after six runs the rest is left out.
pub(super) fn list(numbers: impl IntoIterator<Item = u16>) -> String {
    let mut runs: Vec<(u16, u16)> = Vec::new();
    for number in numbers.into_iter().collect::<BTreeSet<_>>() {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(number) => *last = number,
            _ => runs.push((number, number)),
        }
    }
    let more = if runs.len() > 6 { ", ..." } else { "" };
    let shown = runs.iter().take(6).map(|&(first, last)| match last - first {
        0 => first.to_string(),
        _ => format!("{first}-{last}"),
    });
    shown.collect::<Vec<_>>().join(", ") + more
}

#[cfg(test)]
mod tests;
