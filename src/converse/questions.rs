//! Pairs DNS questions with their answers (RFC 1035 §4.1.1): between the same two programs, with the same identifier.

use std::collections::VecDeque;

use foldhash::HashMap;

use super::Between;
use crate::model::{FrameNo, Generated, Nanos, Packet, Tracked, TrackedValue, tracked};
use crate::proto::dns::Dns;

/// Questions remembered at most; the oldest is forgotten first.
const REMEMBERED: usize = 4096;
/// The same question within this time is the first one sent again, and a new one after it; as in Wireshark.
const AGAIN: Nanos = Nanos(5 * Nanos::SECOND.0);

/// A question, and whether it is answered.
#[derive(Clone, Copy, Debug)]
struct Question {
    frame: FrameNo,
    time: Nanos,
    answer: Option<FrameNo>,
    /// May be answered in many messages.
    transfer: bool,
}

/// The questions seen so far.
#[derive(Debug, Default)]
pub struct Questions {
    asked: HashMap<(Between, u16), Question>,
    order: VecDeque<(Between, u16)>,
}

impl Questions {
    /// Remembers the questions in a packet that goes `between` two programs, and gives its answers the generated fields
    /// `dns.response_to` (the question's frame) and `dns.time` (the time between the two). What comes again is marked
    /// `dns.retransmission`, and an answer that nobody asked for `dns.unsolicited`.
    pub fn observe(&mut self, packet: &mut Packet<'_>, between: Between) {
        let mut found = Vec::new();
        for view in packet.views().filter(|view| !view.layer().quoted) {
            if let Some(message) = Dns::read(view) {
                let (frame, time) = (packet.frame.number, packet.frame.time);
                self.message(message, between, frame, time, &mut |what, value| {
                    found.push(Generated::new(view.index, what, value));
                });
            }
        }
        packet.generated.extend(found);
    }

    fn message(
        &mut self,
        message: Dns,
        between: Between,
        frame: FrameNo,
        time: Nanos,
        add: &mut dyn FnMut(Tracked, TrackedValue),
    ) {
        let number = |frame: FrameNo| TrackedValue::Number(u64::from(frame.0));
        let key = (between, message.id);
        let known = self.asked.get_mut(&key);
        match known {
            Some(question) if message.response => {
                let earlier = question.answer.filter(|_| !question.transfer);
                question.answer.get_or_insert(frame);
                question.transfer |= message.transfer;
                if let Some(earlier) = earlier {
                    add(tracked!("dns.retransmit_response_in"), number(earlier));
                    add(tracked!("dns.retransmission"), TrackedValue::Yes);
                } else {
                    add(tracked!("dns.response_to"), number(question.frame));
                    add(tracked!("dns.time"), TrackedValue::Span(time - question.time));
                }
            }
            None if message.response => add(tracked!("dns.unsolicited"), TrackedValue::Yes),
            Some(question) if question.answer.is_none() && time - question.time < AGAIN => {
                add(tracked!("dns.retransmit_request_in"), number(question.frame));
                add(tracked!("dns.retransmission"), TrackedValue::Yes);
            }
            _ => self.ask(key, Question { frame, time, answer: None, transfer: message.transfer }),
        }
    }

    fn ask(&mut self, key: (Between, u16), question: Question) {
        if self.asked.insert(key, question).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.asked.remove(&oldest);
        }
    }
}
