//! What ICMP errors say about those who were heard of them: the same words live and from a file.

use std::net::IpAddr;

use crate::model::{Arg, FrameNo, Note};
use crate::proto::{icmp, icmpv6};

use super::rules::{self as rule, Rule};

/// ICMP errors of one kind and sender, about packets from `source` to `target`.
#[derive(Clone, Debug)]
pub(super) struct Complaint {
    /// Who sent them, where that is known.
    pub from: Option<IpAddr>,
    /// Their type and code.
    pub kind: (u8, u8),
    /// How many.
    pub count: u32,
    /// Their frames and those of the packets that they are about.
    pub frames: Vec<FrameNo>,
    /// Who sent the packets.
    pub source: IpAddr,
    /// Where the packets were going.
    pub target: IpAddr,
    /// TTL that the packets set out with.
    pub ttl: u8,
}

impl Complaint {
    fn from(&self) -> Arg {
        self.from.map_or(Arg::Word("somebody"), Arg::Ip)
    }

    fn is_version_6(&self) -> bool {
        self.target.is_ipv6()
    }

    /// No program waits at the port that was asked for.
    pub(super) fn refuses_port(&self) -> bool {
        self.kind == if self.is_version_6() { (1, 4) } else { (3, 3) }
    }

    /// The target, or the way to it, is not to be found.
    pub(super) fn is_about_the_way(&self) -> bool {
        matches!(self.common(), (3, 0 | 1 | 6 | 7 | 11 | 12))
    }

    /// The TTL ran out.
    pub(super) fn is_about_ttl(&self) -> bool {
        self.common() == (11, 0)
    }

    /// What was said, as words: Wireshark's for type and code.
    pub(super) fn what(&self) -> String {
        let (kind, code) = self.kind;
        let (of_type, of_code) = if self.is_version_6() {
            (icmpv6::type_name(kind).unwrap_or("Unknown"), icmpv6::name(kind, code))
        } else {
            (icmp::type_name(kind), icmp::name(kind, code))
        };
        if of_type == of_code || of_code.is_empty() { of_type.to_owned() } else { format!("{of_type} ({of_code})") }
    }

    /// Type and code as ICMP has them: most errors of ICMPv6 mean the same as one of its older brother's.
    fn common(&self) -> (u8, u8) {
        if !self.is_version_6() {
            return self.kind;
        }
        match self.kind {
            (1, 1 | 5 | 6) => (3, 13),
            (1, 3) => (3, 1),
            (1, 4) => (3, 3),
            (1, 0) => (3, 0),
            (2, _) => (3, 4),
            (3, code) => (11, code),
            _ => (12, 0),
        }
    }

    /// That echo requests were answered with it.
    pub(super) fn of_ping(&self) -> Note {
        let frames = self.frames.iter().copied();
        match self.common() {
            (11, 0) => rule::PING_TTL_EXCEEDED.note(frames, [self.from(), self.count.into(), self.ttl.into()]),
            _ => rule::PING_ERROR.note(frames, [self.from(), self.count.into(), self.what().into()]),
        }
    }

    /// The usual cause.
    pub(super) fn cause(&self) -> Note {
        let none = [] as [FrameNo; 0];
        let myself = self.from == Some(self.source);
        match self.common() {
            (11, 0) if self.ttl < 64 => rule::PING_WHY_TTL.note(none, [self.target.into(), self.ttl.into()]),
            (11, 0) => rule::PING_WHY_LOOP.note(none, [self.ttl.into()]),
            (11, 1) => rule::PING_WHY_REASSEMBLY.note(none, []),
            (3, 1) if myself => rule::PING_WHY_HOST_SELF.note(none, [self.target.into()]),
            (3, 1 | 7 | 12) => rule::PING_WHY_HOST.note(none, [self.from(), self.target.into()]),
            kind => usual(kind).note(none, [self.from()]),
        }
    }
}

/// The usual cause of an ICMP error, for those whose sentence names only who sent it.
fn usual(kind: (u8, u8)) -> &'static Rule {
    match kind {
        (3, 0 | 6 | 11) => &rule::PING_WHY_NET,
        (3, 4) => &rule::PING_WHY_TOO_BIG,
        (3, 9 | 10 | 13) => &rule::PING_WHY_FORBIDDEN,
        _ => &rule::PING_WHY_ERROR,
    }
}
