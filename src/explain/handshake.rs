//! The verdict of a handshake: what its frames prove, what they suggest, and what they cannot show.

use std::net::Ipv4Addr;

use nix::errno::Errno;

use crate::model::{Arg, ConnectionSummary, FrameNo, Gone, Hop, Note, Path, PortState};

use super::distance;
use super::order::in_order;
use super::rules::{self as rule, Rule};

/// A handshake that is over.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// Where its packets went.
    pub path: &'a Path,
    /// Their port.
    pub port: u16,
    /// What became of it.
    pub summary: &'a ConnectionSummary,
    /// Whether the first receiver answered our ARP question; `None` where none had to be asked.
    pub arp_answered: Option<bool>,
    /// The frames of our ARP questions and their answers.
    pub arp_frames: &'a [FrameNo],
    /// The operating system made the connection; we only watched.
    pub by_kernel: bool,
    /// Wireshark's words for an ICMP code.
    pub icmp_name: fn(u8, u8) -> &'static str,
}

/// The first line: `HANDSHAKE www.example.com (93.184.216.34) port 80 from 192.168.11.2 port 49152 on eth0`.
#[must_use]
pub fn heading(path: &Path, port: u16, source_port: u16) -> Note {
    let target = match &path.name {
        Some(name) => format!("{name} ({})", path.target),
        None => path.target.to_string(),
    };
    rule::HANDSHAKE_HEADING.note(
        Vec::new(),
        [
            target.into(),
            port.to_string().into(),
            path.source.to_string().into(),
            source_port.to_string().into(),
            path.interface.as_str().into(),
        ],
    )
}

/// Another address of the same name is tried.
#[must_use]
pub fn next_address(failed: Ipv4Addr, next: Ipv4Addr) -> Note {
    rule::HANDSHAKE_NEXT.note(Vec::new(), [failed.to_string().into(), next.to_string().into()])
}

/// What `run` shows: facts, then guesses, then what stays unseen.
#[must_use]
pub fn verdict(run: &Run<'_>) -> Vec<Note> {
    let mut notes = Vec::new();
    if run.arp_answered == Some(false) && run.summary.syns.is_empty() {
        run.nobody_home(&mut notes);
    } else {
        match run.summary.port {
            PortState::Open => run.open(&mut notes),
            PortState::Closed => run.refused(&mut notes),
            PortState::Filtered => run.silent(&mut notes),
            PortState::Unreachable => run.unreachable(&mut notes),
            PortState::Error => run.unsent(&mut notes),
        }
    }
    in_order(&mut notes);
    notes
}

impl Run<'_> {
    fn target(&self) -> Arg {
        self.path.target.to_string().into()
    }

    fn port(&self) -> Arg {
        self.port.to_string().into()
    }

    fn nobody_home(&self, notes: &mut Vec<Note>) {
        let asked = self.arp_frames.to_vec();
        if let Hop::Router { address, .. } = self.path.hop {
            notes.push(rule::HANDSHAKE_NO_ARP_ROUTER.note(asked, [address.to_string().into(), self.target()]));
            notes.push(rule::PING_WHY_NO_ROUTER.note(Vec::new(), [address.to_string().into()]));
            notes.push(rule::PING_BLIND_BEYOND.note(Vec::new(), [self.target()]));
        } else {
            notes.push(rule::HANDSHAKE_NO_ARP.note(asked, [self.target()]));
            notes.push(rule::PING_WHY_NO_ARP.note(Vec::new(), [self.target()]));
            notes.push(rule::PING_BLIND_ELSEWHERE.note(Vec::new(), [self.target()]));
        }
    }

    fn open(&self, notes: &mut Vec<Note>) {
        let summary = self.summary;
        let answer = summary.answer.map(|answer| answer.frame);
        let rtt = summary.connect_rtt.map_or(Arg::Word("?"), Arg::Millis);
        let both = summary.syns.last().copied().into_iter().chain(answer);
        notes.push(rule::HANDSHAKE_OPEN.note(both, [self.port(), rtt]));
        self.agreement(notes);
        self.ending(notes);
        notes.push(rule::HANDSHAKE_WHY_OPEN.note(Vec::new(), [self.port()]));
        match (summary.established, summary.proof, summary.confirmed) {
            (true, None, Some(ack)) => notes.push(rule::HANDSHAKE_BLIND_ACK.note(vec![ack], [ack.into()])),
            _ if summary.bytes_received == 0 => notes.push(rule::HANDSHAKE_BLIND_PROGRAM.note(Vec::new(), [])),
            _ => {}
        }
    }

    /// What both SYNs said, and what holds because of it.
    fn agreement(&self, notes: &mut Vec<Note>) {
        let Some(agreed) = self.summary.negotiated else { return };
        let frames: Vec<_> = self
            .summary
            .syns
            .last()
            .copied()
            .into_iter()
            .chain(self.summary.answer.map(|answer| answer.frame))
            .collect();
        let size = |size: Option<u16>| size.map_or_else(|| "nothing (so 536)".to_owned(), |size| size.to_string());
        notes.push(
            rule::HANDSHAKE_MSS.note(frames.clone(), [size(agreed.ours.mss).into(), size(agreed.theirs.mss).into()]),
        );
        let shifts =
            agreed.shifts().map(|(ours, theirs)| format!("window scale (x{}, x{})", 1_u32 << ours, 1_u32 << theirs));
        let held: Vec<String> =
            [shifts, agreed.sack().then(|| "SACK".to_owned()), agreed.timestamps().then(|| "timestamps".to_owned())]
                .into_iter()
                .flatten()
                .collect();
        if held.is_empty() {
            notes.push(rule::HANDSHAKE_PLAIN.note(frames, []));
        } else {
            notes.push(rule::HANDSHAKE_OPTIONS.note(frames, [held.join(", ").into()]));
        }
    }

    /// How it ended.
    fn ending(&self, notes: &mut Vec<Note>) {
        let summary = self.summary;
        let reset = || summary.reset.map(|reset| reset.frame).into_iter().collect::<Vec<_>>();
        match summary.gone {
            Some(Gone::Finished) => {
                let first =
                    if summary.closed_first { &rule::HANDSHAKE_CLOSED_BY_US } else { &rule::HANDSHAKE_CLOSED_BY_THEM };
                let count = u32::try_from(summary.goodbye.len()).unwrap_or(u32::MAX);
                notes.push(first.note(summary.goodbye.clone(), [count.into()]));
                if summary.closed_first && !self.by_kernel {
                    notes.push(rule::HANDSHAKE_TIME_WAIT.note(Vec::new(), []));
                }
            }
            Some(Gone::ResetByPeer) => {
                notes.push(rule::HANDSHAKE_RESET.note(reset(), []));
                self.who_reset(notes);
            }
            Some(Gone::ResetAsPlanned) if summary.established => {
                notes.push(rule::HANDSHAKE_ABORTED.note(reset(), []));
            }
            Some(Gone::ResetAsPlanned) => notes.push(rule::HANDSHAKE_HALF_OPEN.note(reset(), [])),
            Some(Gone::ResetStillOpen) => notes.push(rule::HANDSHAKE_STILL_OPEN.note(reset(), [])),
            Some(Gone::Interrupted) => notes.push(rule::HANDSHAKE_INTERRUPTED.note(reset(), [])),
            Some(Gone::ResetByKernel) => notes.push(rule::HANDSHAKE_KERNEL.note(reset(), [])),
            Some(Gone::GaveUp) => notes.push(rule::HANDSHAKE_GAVE_UP.note(reset(), [])),
            None => {}
        }
    }

    /// A RST with another TTL than the SYN/ACK came by another way, or from another machine.
    fn who_reset(&self, notes: &mut Vec<Note>) {
        let Some((reset, answer)) = self.summary.reset.zip(self.summary.answer) else { return };
        let values = || [Arg::from(u32::from(reset.ttl)), Arg::from(u32::from(answer.ttl))];
        let frames = vec![answer.frame, reset.frame];
        if reset.ttl == answer.ttl {
            notes.push(rule::HANDSHAKE_RESET_SAME.note(frames, [u32::from(reset.ttl).into()]));
        } else {
            notes.push(rule::HANDSHAKE_RESET_OTHER.note(frames, values()));
        }
    }

    fn refused(&self, notes: &mut Vec<Note>) {
        let Some(reset) = self.summary.reset else { return };
        let frames = self.summary.syns.last().copied().into_iter().chain([reset.frame]);
        notes.push(rule::HANDSHAKE_REFUSED.note(frames, [self.target(), self.port()]));
        let (initial, routers) = distance::routers(reset.ttl);
        let near = matches!(self.path.hop, Hop::OnLink { .. });
        let ttl = || Arg::from(u32::from(reset.ttl));
        notes.push(match (near, routers) {
            (_, _) if self.path.hop == Hop::Local => rule::HANDSHAKE_WHY_REFUSED_SELF.note(Vec::new(), []),
            (true, 0) => rule::HANDSHAKE_WHY_REFUSED.note(vec![reset.frame], [self.port(), ttl()]),
            (true, _) => rule::HANDSHAKE_WHY_REFUSED_ODD.note(vec![reset.frame], [ttl()]),
            (false, 0) => rule::HANDSHAKE_WHY_REFUSED_ROUTER.note(vec![reset.frame], [ttl()]),
            (false, _) => rule::HANDSHAKE_WHY_REFUSED_FAR
                .note(vec![reset.frame], [self.port(), routers.into(), ttl(), initial.into()]),
        });
        notes.push(rule::HANDSHAKE_BLIND_WHO.note(Vec::new(), [self.target()]));
    }

    fn silent(&self, notes: &mut Vec<Note>) {
        let count = u32::try_from(self.summary.syns.len()).unwrap_or(u32::MAX);
        let sent = self.summary.syns.clone();
        notes.push(rule::HANDSHAKE_SILENCE.note(sent, [count.into(), self.path.interface.as_str().into()]));
        if self.arp_answered == Some(true) && matches!(self.path.hop, Hop::OnLink { .. }) {
            notes.push(rule::PING_ARP_BUT_SILENT.note(self.arp_frames.to_vec(), [self.target()]));
            notes.push(rule::HANDSHAKE_WHY_SILENT_NEAR.note(Vec::new(), [self.target(), self.port()]));
        } else {
            notes.push(rule::HANDSHAKE_WHY_SILENT.note(Vec::new(), [self.port()]));
        }
        notes.push(rule::HANDSHAKE_BLIND_SILENCE.note(Vec::new(), [self.target()]));
    }

    fn unreachable(&self, notes: &mut Vec<Note>) {
        let Some(complaint) = self.summary.complaints.last() else { return };
        let from = || Arg::from(complaint.from.to_string());
        let (kind, code) = (complaint.kind, complaint.code);
        let what = (self.icmp_name)(kind, code);
        let frames = self.summary.syns.last().copied().into_iter().chain([complaint.frame]);
        let what = format!("{what} (type {kind} code {code})");
        notes.push(rule::HANDSHAKE_UNREACHABLE.note(frames, [from(), what.into()]));
        let by_target = complaint.from == self.path.target;
        let one: Option<&'static Rule> = match (kind, code) {
            (3, 0 | 6 | 11) => Some(&rule::PING_WHY_NET),
            (3, 9 | 10 | 13) => Some(&rule::PING_WHY_FORBIDDEN),
            (3, 3) => Some(&rule::HANDSHAKE_WHY_REJECT),
            _ => None,
        };
        notes.push(match (one, kind, code) {
            (Some(one), ..) => one.note(Vec::new(), [from()]),
            (None, 3, 1 | 7 | 12) => rule::PING_WHY_HOST.note(Vec::new(), [from(), self.target()]),
            (None, 11, _) => rule::PING_WHY_LOOP.note(Vec::new(), [64_u32.into()]),
            _ => rule::PING_WHY_ERROR.note(Vec::new(), [from()]),
        });
        if !by_target {
            notes.push(rule::PING_BLIND_REPORTER.note(Vec::new(), [self.target()]));
        }
    }

    fn unsent(&self, notes: &mut Vec<Note>) {
        let error = self.summary.refused.map_or("no reason given", |errno| Errno::from_raw(errno).desc());
        notes.push(rule::HANDSHAKE_NOT_SENT.note(Vec::new(), [error.to_ascii_lowercase().into()]));
        notes.push(rule::PING_BLIND_BEYOND.note(Vec::new(), [self.target()]));
    }
}

#[cfg(test)]
mod tests;
