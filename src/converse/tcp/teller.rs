//! What is told of a segment, by the names of the field.

use super::analysis::Analysis;
use super::sign::Sign;
use crate::model::{Conclusions, Generated, Nanos, Tracked, TrackedValue, tracked};

/// Writes generated values of one segment.
pub(super) struct Teller<'a> {
    layer: usize,
    out: &'a mut Conclusions,
}

impl<'a> Teller<'a> {
    /// For the segment in this `layer`.
    pub fn new(layer: usize, out: &'a mut Conclusions) -> Self {
        Self { layer, out }
    }

    pub fn add(&mut self, what: Tracked, value: TrackedValue) {
        self.out.push(Generated::new(self.layer, what, value));
    }

    pub fn number(&mut self, what: Tracked, number: u32) {
        self.add(what, TrackedValue::Number(number.into()));
    }

    /// A number that may be negative, in 32 bits as Wireshark has it.
    pub fn signed(&mut self, what: Tracked, number: i32) {
        self.number(what, number.cast_unsigned());
    }

    pub fn span(&mut self, what: Tracked, span: Nanos) {
        self.add(what, TrackedValue::Span(span));
    }

    pub fn yes(&mut self, what: Tracked) {
        self.add(what, TrackedValue::Yes);
    }

    pub fn analysis(&mut self, analysis: &Analysis, initial_rtt: Option<Nanos>) {
        if !analysis.told {
            return;
        }
        if let Some((frame, rtt)) = analysis.acks {
            self.number(tracked!("tcp.analysis.acks_frame"), frame.0);
            if rtt != Nanos(0) {
                self.span(tracked!("tcp.analysis.ack_rtt"), rtt);
            }
        }
        if let Some(rtt) = initial_rtt {
            self.span(tracked!("tcp.analysis.initial_rtt"), rtt);
        }
        if let Some((flight, pushed)) = analysis.flight {
            self.number(tracked!("tcp.analysis.bytes_in_flight"), flight);
            self.number(tracked!("tcp.analysis.push_bytes_sent"), pushed);
        }
        if analysis.signs.is_empty() {
            return;
        }
        self.yes(tracked!("tcp.analysis.flags"));
        for sign in Sign::ALL.into_iter().filter(|sign| analysis.signs.has(*sign)) {
            self.yes(sign.what());
            if matches!(sign, Sign::FastRetransmission | Sign::SpuriousRetransmission) {
                self.yes(Sign::Retransmission.what());
            }
        }
        if let Some((frame, wait)) = analysis.timeout.filter(|(_, wait)| *wait != Nanos(0)) {
            self.span(tracked!("tcp.analysis.rto"), wait);
            self.number(tracked!("tcp.analysis.rto_frame"), frame.0);
        }
        if let Some((frame, count)) = analysis.duplicate {
            self.number(tracked!("tcp.analysis.duplicate_ack_num"), count);
            self.number(tracked!("tcp.analysis.duplicate_ack_frame"), frame.0);
        }
    }
}
