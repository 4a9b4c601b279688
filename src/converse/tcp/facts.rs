//! What one conversation has come to, as plain data: what a verdict is made from.

use std::net::IpAddr;

use super::analysis::Analysis;
use super::segment::Segment;
use super::sign::{Sign, Signs};
use super::states::States;
use super::{Belief, Endpoint};
use crate::model::{FrameNo, Nanos, Offer};
use crate::proto::tcp::Flags;

/// Frames named at most in one list; all are counted.
const NAMED: usize = 4;

/// How often something was seen, and the first frames in which it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sightings {
    count: u32,
    named: [FrameNo; NAMED],
}

/// A frame and its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The frame.
    pub frame: FrameNo,
    /// When it was captured.
    pub time: Nanos,
}

/// One end of a conversation, and what it sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// Its address.
    pub address: IpAddr,
    /// Its port.
    pub port: u16,
    /// What its SYN offered; `None` when none was seen.
    pub offer: Option<Offer>,
    /// Its segments.
    pub segments: u32,
    /// Bytes of data in them, those sent again counted again.
    pub bytes: u64,
    /// Bytes of data not counting those sent again: how far its sequence numbers got.
    pub distinct: u64,
    /// Segments sent again because no acknowledgement came (`tcp.analysis.retransmission` and neither of the next two).
    pub timeouts: Sightings,
    /// Segments sent again because duplicate acknowledgements asked for them.
    pub fast: Sightings,
    /// Segments sent again although they had been acknowledged.
    pub spurious: Sightings,
    /// Segments that were overtaken by later ones.
    pub out_of_order: Sightings,
    /// Acknowledgements that said the same once more.
    pub duplicate_acks: Sightings,
    /// Segments before which something is missing in the capture.
    pub gaps: Sightings,
    /// Acknowledgements of bytes that are not in the capture.
    pub acked_unseen: Sightings,
    /// Segments by which it said that it has no room left.
    pub zero_windows: Sightings,
    /// Segments that filled the other end's window.
    pub full_windows: Sightings,
    /// Probes of the other end's closed window.
    pub window_probes: Sightings,
    /// Questions whether the other end is still there.
    pub keep_alives: Sightings,
    /// Its first FIN.
    pub fin: Option<Moment>,
    /// The first segment that acknowledged its FIN.
    pub fin_acked: Option<Moment>,
    /// The state it is believed to be in.
    pub state: Option<Belief>,
}

/// How a conversation ended, or did not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Nothing in the capture ends it.
    Open,
    /// SYNs only, without an answer.
    Unanswered,
    /// The SYN of end `by`'s peer was answered by RST: nobody listens, or somebody forbids.
    Refused {
        /// The end that refused (0 or 1).
        by: usize,
    },
    /// End `by` broke it off with RST.
    Reset {
        /// The end that sent the RST (0 or 1).
        by: usize,
    },
    /// One end said FIN, the other did not.
    HalfClosed {
        /// The end that said FIN (0 or 1).
        by: usize,
    },
    /// Both ends said FIN.
    Closed {
        /// The end that said it first (0 or 1), which is the one to wait in TIME-WAIT; when both said it before hearing
        /// the other's, both wait.
        first: usize,
        /// Neither had heard the other's FIN when it said its own.
        at_once: bool,
        /// The second FIN also acknowledged the first: three segments closed it instead of four.
        in_three: bool,
        /// Both FINs were acknowledged.
        complete: bool,
    },
}

/// One conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its number, `tcp.stream`.
    pub stream: u32,
    /// Both ends; the one that was seen first is number 0.
    pub ends: [End; 2],
    /// The end that asked for the connection (0 or 1), if its SYN was seen or is told by a SYN/ACK.
    pub opener: Option<usize>,
    /// Its first frame.
    pub first: Moment,
    /// Its latest frame.
    pub last: Moment,
    /// `tcp.completeness`.
    pub completeness: u8,
    /// An earlier conversation had the same addresses and ports.
    pub reuses_ports: bool,
    /// SYNs without ACK, those sent again included.
    pub syns: Sightings,
    /// When the first of them were sent.
    syn_times: [Nanos; NAMED],
    /// The first SYN/ACK.
    pub syn_ack: Option<Moment>,
    /// The first acknowledgement after the SYN/ACK: the handshake is done.
    pub confirmed: Option<Moment>,
    /// Time from the SYN to the end of the handshake, `tcp.analysis.initial_rtt`.
    pub initial_rtt: Option<Nanos>,
    /// The first RST and the end (0 or 1) that sent it.
    pub reset: Option<(Moment, usize)>,
    /// Both FINs crossed: neither end had heard the other's when it sent its own.
    pub fins_crossed: bool,
}

impl Facts {
    /// Takes down a segment of end `sender`, after it was judged.
    pub(super) fn note(&mut self, sender: usize, segment: &Segment, analysis: &Analysis, states: &States) {
        let here = Moment { frame: segment.frame, time: segment.time };
        let (syn, ack) = (segment.has(Flags::SYN), segment.has(Flags::ACK));
        for (number, end) in self.ends.iter_mut().enumerate() {
            end.state = states.of(number);
        }
        self.note_closing(sender, segment, here, states);
        if syn {
            self.ends[sender].offer = Some(segment.said.offer);
            self.opener.get_or_insert(if ack { 1 - sender } else { sender });
            if ack {
                self.syn_ack.get_or_insert(here);
            } else {
                if let Some(place) = self.syn_times.get_mut(self.syns.count() as usize) {
                    *place = segment.time;
                }
                self.syns.see(segment.frame);
            }
        } else if ack && self.syn_ack.is_some() && self.opener == Some(sender) && !segment.has(Flags::RST) {
            self.confirmed.get_or_insert(here);
        }
        if !analysis.signs.is_empty() {
            self.note_signs(sender, segment.frame, analysis.signs);
        }
        let repeats = analysis.signs.has(Sign::Retransmission)
            || analysis.signs.has(Sign::FastRetransmission)
            || analysis.signs.has(Sign::SpuriousRetransmission);
        let end = &mut self.ends[sender];
        end.segments = end.segments.saturating_add(1);
        end.bytes += u64::from(segment.bytes());
        if !repeats {
            end.distinct += u64::from(segment.bytes());
        }
    }

    fn note_closing(&mut self, sender: usize, segment: &Segment, here: Moment, states: &States) {
        let acks_fin =
            segment.has(Flags::ACK) && states.fin(1 - sender).is_some_and(|fin| !segment.acknowledgment.is_before(fin));
        if acks_fin {
            self.ends[1 - sender].fin_acked.get_or_insert(here);
        }
        if segment.has(Flags::FIN) && self.ends[sender].fin.is_none() {
            self.ends[sender].fin = Some(here);
            self.fins_crossed = self.ends[1 - sender].fin.is_some() && !acks_fin;
        }
        if segment.has(Flags::RST) {
            self.reset.get_or_insert((here, sender));
        }
    }

    fn note_signs(&mut self, sender: usize, frame: FrameNo, signs: Signs) {
        let end = &mut self.ends[sender];
        let lists = [
            (Sign::Retransmission, &mut end.timeouts),
            (Sign::FastRetransmission, &mut end.fast),
            (Sign::SpuriousRetransmission, &mut end.spurious),
            (Sign::OutOfOrder, &mut end.out_of_order),
            (Sign::DuplicateAck, &mut end.duplicate_acks),
            (Sign::LostSegment, &mut end.gaps),
            (Sign::AckLostSegment, &mut end.acked_unseen),
            (Sign::ZeroWindow, &mut end.zero_windows),
            (Sign::WindowFull, &mut end.full_windows),
            (Sign::ZeroWindowProbe, &mut end.window_probes),
            (Sign::KeepAlive, &mut end.keep_alives),
        ];
        lists.into_iter().filter(|(sign, _)| signs.has(*sign)).for_each(|(_, list)| list.see(frame));
        self.reuses_ports |= signs.has(Sign::ReusedPorts);
    }
}

impl Sightings {
    /// One more.
    pub fn see(&mut self, frame: FrameNo) {
        if let Some(place) = usize::try_from(self.count).ok().and_then(|count| self.named.get_mut(count)) {
            *place = frame;
        }
        self.count = self.count.saturating_add(1);
    }

    /// How many there were.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The first of them.
    #[must_use]
    pub fn frames(&self) -> &[FrameNo] {
        &self.named[..NAMED.min(usize::try_from(self.count).unwrap_or(NAMED))]
    }
}

impl End {
    /// An end of which nothing is known but who it is.
    #[must_use]
    pub fn new((address, port): Endpoint) -> Self {
        let none = Sightings::default();
        Self {
            address,
            port,
            offer: None,
            segments: 0,
            bytes: 0,
            distinct: 0,
            timeouts: none,
            fast: none,
            spurious: none,
            out_of_order: none,
            duplicate_acks: none,
            gaps: none,
            acked_unseen: none,
            zero_windows: none,
            full_windows: none,
            window_probes: none,
            keep_alives: none,
            fin: None,
            fin_acked: None,
            state: None,
        }
    }

    /// Segments sent again, for whatever reason.
    #[must_use]
    pub fn retransmissions(&self) -> u32 {
        self.timeouts.count().saturating_add(self.fast.count()).saturating_add(self.spurious.count())
    }
}

impl Facts {
    /// A conversation that begins with a segment from `from`.
    #[must_use]
    pub fn new(stream: u32, from: Endpoint, to: Endpoint, first: Moment) -> Self {
        Self {
            stream,
            ends: [End::new(from), End::new(to)],
            opener: None,
            first,
            last: first,
            completeness: 0,
            reuses_ports: false,
            syns: Sightings::default(),
            syn_times: [Nanos(0); NAMED],
            syn_ack: None,
            confirmed: None,
            initial_rtt: None,
            reset: None,
            fins_crossed: false,
        }
    }

    /// When the first SYNs were sent.
    #[must_use]
    pub fn syn_times(&self) -> &[Nanos] {
        &self.syn_times[..self.syns.frames().len()]
    }

    /// What holds for the connection, as `end` (0 or 1) has it; `None` until both offers were seen.
    #[must_use]
    pub fn negotiated(&self, end: usize) -> Option<crate::model::Negotiated> {
        let (ours, theirs) = (self.ends[end & 1].offer?, self.ends[1 - (end & 1)].offer?);
        Some(crate::model::Negotiated { ours, theirs })
    }

    /// How it ended.
    #[must_use]
    pub fn ending(&self) -> Ending {
        let fin = |end: usize| self.ends[end].fin;
        let closed = |reset: Moment| [0, 1].iter().all(|&end| fin(end).is_some_and(|fin| fin.frame < reset.frame));
        // What comes after both have said goodbye ends nothing.
        if let Some((_, by)) = self.reset.filter(|(reset, _)| !closed(*reset)) {
            let refused = self.opener == Some(1 - by) && self.syn_ack.is_none() && self.ends[by].bytes == 0;
            return if refused { Ending::Refused { by } } else { Ending::Reset { by } };
        }
        match (fin(0), fin(1)) {
            (None, None) if self.opener.is_some_and(|end| self.ends[1 - end].segments == 0) => Ending::Unanswered,
            (None, None) => Ending::Open,
            (Some(_), None) => Ending::HalfClosed { by: 0 },
            (None, Some(_)) => Ending::HalfClosed { by: 1 },
            (Some(one), Some(other)) => {
                let first = usize::from(other.frame < one.frame);
                let second = fin(1 - first);
                Ending::Closed {
                    first,
                    at_once: self.fins_crossed,
                    in_three: second.is_some()
                        && self.ends[first].fin_acked.map(|it| it.frame) == second.map(|it| it.frame),
                    complete: self.ends.iter().all(|end| end.fin_acked.is_some()),
                }
            }
        }
    }

    /// The end (0 or 1) that waits in TIME-WAIT; both when the FINs crossed, so `None`.
    #[must_use]
    pub fn waits(&self) -> Option<usize> {
        match self.ending() {
            Ending::Closed { first, at_once: false, .. } => Some(first),
            _ => None,
        }
    }
}
