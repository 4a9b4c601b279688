//! Pairs requests of HTTP with their answers: in one conversation, an answer belongs to the last request before it.

use super::remember::Memory;
use crate::model::{FrameNo, Generated, Nanos, Packet, Tracked, TrackedValue, tracked};
use crate::proto::http::{self, Http};

/// Conversations remembered at most; the one that began first is forgotten first.
const REMEMBERED: usize = 4096;

/// A request and its answer, as far as they were seen.
#[derive(Clone, Copy, Debug, Default)]
struct Exchange {
    number: u64,
    request: Option<(FrameNo, Nanos)>,
    response: Option<FrameNo>,
}

/// The last two exchanges of one conversation.
#[derive(Clone, Copy, Debug, Default)]
struct Conversation {
    last: Option<Exchange>,
    before: Option<Exchange>,
}

/// The exchanges seen so far.
#[derive(Debug)]
pub struct Exchanges {
    open: Memory<u32, Conversation>,
}

impl Default for Exchanges {
    fn default() -> Self {
        Self { open: Memory::new(REMEMBERED) }
    }
}

impl Exchanges {
    /// Gives the messages in a packet of the conversation number `stream` their place in it: `http.request_number` and
    /// `http.response_number`, the frames before (`http.request_in`, `http.prev_request_in`, `http.prev_response_in`) and
    /// the time since the request (`http.time`).
    pub fn observe(&mut self, packet: &mut Packet<'_>, stream: u32) {
        let mut found = Vec::new();
        let (frame, time) = (packet.frame.number, packet.frame.time);
        for view in packet.views().filter(|view| view.is(&http::HEADER) && !view.layer().quoted) {
            let message = Http::read(view.bytes());
            if message == Http::Other {
                continue;
            }
            let open = &mut self.open;
            let place = open.place(&stream).unwrap_or_else(|| open.insert(stream, Conversation::default()));
            let Some((_, conversation)) = open.at(place) else { continue };
            let mut add = |what, value| found.push(Generated::new(view.index, what, value));
            conversation.message(message, frame, time, &mut add);
        }
        packet.generated.extend(found);
        if self.open.is_over() {
            self.open.forget();
        }
    }
}

impl Conversation {
    fn message(&mut self, message: Http, frame: FrameNo, time: Nanos, add: &mut dyn FnMut(Tracked, TrackedValue)) {
        let is_request = matches!(message, Http::Request { .. });
        // An answer without a request opens an exchange too.
        if is_request || self.last.is_none_or(|last| last.response.is_some()) {
            let number = self.last.map_or(1, |last| last.number + 1);
            (self.before, self.last) = (self.last, Some(Exchange { number, ..Exchange::default() }));
        }
        let Some(last) = self.last.as_mut() else { return };
        let number = |frame: FrameNo| TrackedValue::Number(u64::from(frame.0));
        let before = self.before.unwrap_or_default();
        if is_request {
            last.request = Some((frame, time));
            add(tracked!("http.request_number"), TrackedValue::Number(last.number));
        } else {
            last.response = Some(frame);
            add(tracked!("http.response_number"), TrackedValue::Number(last.number));
            if let Some((request, asked_at)) = last.request {
                add(tracked!("http.time"), TrackedValue::Span(time - asked_at));
                add(tracked!("http.request_in"), number(request));
            }
            if let Some(response) = before.response {
                add(tracked!("http.prev_response_in"), number(response));
            }
        }
        if let Some((request, _)) = before.request {
            add(tracked!("http.prev_request_in"), number(request));
        }
    }
}
