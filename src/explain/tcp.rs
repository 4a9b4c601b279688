//! What a TCP segment says, in the words of the two who talk.

use crate::model::{Arg, FrameNo, Generated, Note, TcpState, Tracked, TrackedValue, tracked};
use crate::proto::decimal;
use crate::proto::tcp::{Flags, Tcp, TcpOption, options};

use super::packet::Scene;
use super::rules::{self as rule, Rule};

/// A segment, with what the conversation tracker says of it.
struct Segment {
    flags: Flags,
    bytes: u32,
    window: u16,
    /// Relative numbers.
    sequence: u32,
    acknowledgment: u32,
    /// The state that it shows its sender in, and the one that it puts its receiver in.
    states: [Option<TcpState>; 2],
    /// It has the numbers of an answer to a SYN that nobody wants (RFC 9293 §3.5.2): sequence number 0, and the SYN
    /// acknowledged.
    refuses: bool,
    /// The sign of trouble that says most.
    sign: Option<&'static Sign>,
    /// How often the same acknowledgement came, and where first.
    duplicate: Option<(u32, FrameNo)>,
}

const SEQUENCE: Tracked = tracked!("tcp.seq");
const ACKNOWLEDGMENT: Tracked = tracked!("tcp.ack");
const OF_SENDER: Tracked = tracked!("netlab.state.src");
const OF_RECEIVER: Tracked = tracked!("netlab.state.dst");
const FLAGGED: Tracked = tracked!("tcp.analysis.flags");
const REPEATED: Tracked = tracked!("tcp.analysis.duplicate_ack_num");
const REPEATED_FIRST: Tracked = tracked!("tcp.analysis.duplicate_ack_frame");

/// A sign of trouble that the tracker found (`tcp.analysis.*`), and what it means.
struct Sign {
    what: Tracked,
    rule: &'static Rule,
    /// It says all that there is to say about the segment.
    alone: bool,
}

/// The most telling first.
static SIGNS: &[Sign] = &[
    Sign { what: tracked!("tcp.analysis.spurious_retransmission"), rule: &rule::TCP_SPURIOUS, alone: true },
    Sign { what: tracked!("tcp.analysis.fast_retransmission"), rule: &rule::TCP_FAST, alone: true },
    Sign { what: tracked!("tcp.analysis.out_of_order"), rule: &rule::TCP_OUT_OF_ORDER, alone: true },
    Sign { what: tracked!("tcp.analysis.retransmission"), rule: &rule::TCP_AGAIN, alone: true },
    Sign { what: tracked!("tcp.analysis.keep_alive_ack"), rule: &rule::TCP_KEEP_ALIVE_ACK, alone: true },
    Sign { what: tracked!("tcp.analysis.keep_alive"), rule: &rule::TCP_KEEP_ALIVE, alone: true },
    Sign { what: tracked!("tcp.analysis.zero_window_probe_ack"), rule: &rule::TCP_WINDOW_PROBE_ACK, alone: true },
    Sign { what: tracked!("tcp.analysis.zero_window_probe"), rule: &rule::TCP_WINDOW_PROBE, alone: true },
    Sign { what: tracked!("tcp.analysis.zero_window"), rule: &rule::TCP_WINDOW_SHUT, alone: true },
    Sign { what: tracked!("tcp.analysis.duplicate_ack"), rule: &rule::TCP_DUPLICATE_ACK, alone: true },
    Sign { what: tracked!("tcp.analysis.window_update"), rule: &rule::TCP_WINDOW_UPDATE, alone: true },
    Sign { what: tracked!("tcp.analysis.window_full"), rule: &rule::TCP_WINDOW_FULL, alone: false },
    Sign { what: tracked!("tcp.analysis.lost_segment"), rule: &rule::TCP_LOST_SEGMENT, alone: false },
    Sign { what: tracked!("tcp.analysis.ack_lost_segment"), rule: &rule::TCP_ACK_LOST_SEGMENT, alone: false },
    Sign { what: tracked!("tcp.analysis.reused_ports"), rule: &rule::TCP_REUSED_PORTS, alone: false },
];

pub(super) fn explain(scene: &Scene<'_, '_>, notes: &mut Vec<Note>) {
    let Some(segment) = Segment::read(scene) else { return };
    let frame = scene.frame;
    if let Some(sign) = segment.sign {
        notes.push(match segment.duplicate {
            Some((count, first)) if sign.rule.takes.len() == 2 => {
                sign.rule.note([first, frame], [count.into(), first.into()])
            }
            _ if sign.rule.takes.len() == 2 => sign.rule.note([frame], [1_u32.into(), Arg::Word("before")]),
            _ => sign.rule.note([frame], []),
        });
        if sign.alone {
            return;
        }
    }
    notes.extend(segment.said(frame));
    if segment.has(Flags::SYN) {
        notes.push(offers(scene, segment.has(Flags::ACK)));
    }
    notes.extend(segment.rare(frame));
}

/// What the options of a SYN announce and offer.
fn offers(scene: &Scene<'_, '_>, answers: bool) -> Note {
    // Room for one of each.
    let (mut size, mut scale, mut words) = (None, None, String::with_capacity(40));
    let mut name = |word: &str| {
        words.push_str(if words.is_empty() { "" } else { ", " });
        words.push_str(word);
    };
    for option in options(scene.view.bytes()) {
        match option {
            TcpOption::MaximumSegmentSize(bytes) => size = Some(bytes),
            TcpOption::WindowScale(shift) => scale = Some(1_u32 << shift.min(14)),
            TcpOption::SackPermitted => name("SACK"),
            TcpOption::Timestamps { .. } => name("timestamps"),
            _ => {}
        }
    }
    if let Some(scale) = scale {
        name("windows x");
        // Writing to a string does not fail.
        let _ = decimal(&mut words, scale);
    }
    // What holds when nothing is announced (RFC 9293 §3.7.1).
    let default: u16 = if scene.ends.is_some_and(|(from, _)| from.is_ipv6()) { 1220 } else { 536 };
    let Some(size) = size.map(Arg::from) else {
        let offered = if words.is_empty() { Arg::Word("nothing") } else { words.into() };
        return rule::TCP_OFFERS_NO_SIZE.note([scene.frame], [default.into(), offered]);
    };
    match (answers, words.is_empty()) {
        (_, true) => rule::TCP_OFFERS_NOTHING.note([scene.frame], [size]),
        (false, _) => rule::TCP_OFFERS.note([scene.frame], [size, words.into()]),
        (true, _) => rule::TCP_ACCEPTS.note([scene.frame], [size, words.into()]),
    }
}

impl Segment {
    fn read(scene: &Scene<'_, '_>) -> Option<Self> {
        let header = Tcp::read(scene.view.bytes())?;
        let bytes = u32::try_from(scene.view.payload().len()).unwrap_or(u32::MAX);
        let mut segment = Self {
            flags: header.flags,
            bytes,
            window: header.window,
            sequence: header.sequence,
            acknowledgment: header.acknowledgment,
            states: [None; 2],
            refuses: false,
            sign: None,
            duplicate: None,
        };
        let (mut flagged, mut count, mut first) = (false, None, None);
        let own = scene.view.packet.generated.iter().filter(|generated| generated.is_of(scene.view.index));
        for Generated { what, value, .. } in own {
            let number = match *value {
                TrackedValue::Number(number) => u32::try_from(number).ok(),
                _ => None,
            };
            let state = match *value {
                TrackedValue::State(state) => Some(state),
                _ => None,
            };
            match *what {
                SEQUENCE => segment.sequence = number.unwrap_or(segment.sequence),
                ACKNOWLEDGMENT => {
                    segment.acknowledgment = number.unwrap_or(segment.acknowledgment);
                    segment.refuses = header.sequence == 0 && number == Some(1);
                }
                OF_SENDER => segment.states[0] = state,
                OF_RECEIVER => segment.states[1] = state,
                REPEATED => count = number,
                REPEATED_FIRST => first = number,
                FLAGGED => flagged = true,
                _ => {}
            }
        }
        if flagged {
            let found = |sign: &&Sign| scene.view.packet.generated(sign.what).is_some();
            segment.sign = SIGNS.iter().find(found);
        }
        segment.duplicate = count.zip(first.map(FrameNo));
        Some(segment)
    }

    fn has(&self, flags: Flags) -> bool {
        self.flags.contains(flags)
    }

    /// The state of its sender (0) or receiver (1) after it.
    fn state(&self, end: usize) -> Option<TcpState> {
        self.states[end]
    }

    /// What few segments have.
    fn rare(&self, frame: FrameNo) -> impl Iterator<Item = Note> {
        let marks = (self.has(Flags::ECE), self.has(Flags::CWR));
        let congestion = match (self.has(Flags::SYN), self.has(Flags::ACK), marks) {
            (true, false, (true, true)) => Some(&rule::TCP_ECN_ASKS),
            (true, true, (true, false)) => Some(&rule::TCP_ECN_AGREES),
            (false, _, (true, _)) => Some(&rule::TCP_ECN_ECHO),
            (false, _, (false, true)) => Some(&rule::TCP_ECN_SLOWER),
            _ => None,
        };
        let early = (self.has(Flags::SYN) && self.bytes > 0).then_some(&rule::TCP_SYN_DATA);
        let urgent = self.has(Flags::URG).then_some(&rule::TCP_URGENT);
        [early, congestion, urgent].into_iter().flatten().map(move |rule| rule.note([frame], []))
    }

    /// What it says by itself.
    fn said(&self, frame: FrameNo) -> Option<Note> {
        let (syn, ack) = (self.has(Flags::SYN), self.has(Flags::ACK));
        let rule = match (syn, ack, self.has(Flags::RST), self.has(Flags::FIN)) {
            (_, true, true, _) if self.refuses => &rule::TCP_RST_REFUSES,
            (_, _, true, _) => &rule::TCP_RST,
            (true, true, ..) => &rule::TCP_SYN_ACK,
            (true, false, ..) => &rule::TCP_SYN,
            (_, _, _, true) => match self.state(0) {
                Some(TcpState::LastAck | TcpState::Closing | TcpState::TimeWait) => &rule::TCP_FIN_SECOND,
                _ => &rule::TCP_FIN,
            },
            _ if self.bytes > 0 => {
                let (first, next) = (self.sequence, self.sequence.wrapping_add(self.bytes));
                let values = [self.bytes, first, next.wrapping_sub(1), next].map(Arg::from);
                return Some(rule::TCP_DATA.note([frame], values));
            }
            (_, true, ..) if self.window == 0 => &rule::TCP_WINDOW_SHUT,
            (_, true, ..) if self.sequence == 1 && self.acknowledgment == 1 => &rule::TCP_ACK_OPENS,
            (_, true, ..) => match self.state(1) {
                Some(TcpState::FinWait2) => &rule::TCP_ACK_FIN,
                Some(TcpState::TimeWait | TcpState::Closed) => &rule::TCP_ACK_LAST,
                _ => return Some(rule::TCP_ACK.note([frame], [self.acknowledgment.into()])),
            },
            _ => return None,
        };
        Some(rule.note([frame], []))
    }
}
