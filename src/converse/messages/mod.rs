//! Application messages in TCP streams: which bytes of which segments each is made of.
//!
//! Follows both directions of every conversation and asks the protocols where their messages end. What it says of a
//! segment is what Wireshark says when it reads the same frames once: a message may lie in one segment, be completed by
//! it, or be unfinished; bytes that are known to come again are not read again, and a hole is waited for.

mod flow;

use smallvec::SmallVec;

use super::remember::Memory;
use crate::model::{Frame, FrameNo, Generated, LinkType, Packet, TrackedValue, tracked};
use crate::proto::checksum::Status;
use crate::proto::http::{self, Context, Http, Search};
use crate::proto::stream::{Application, Extent, Need, Part, Piece};
use crate::proto::tcp::{self, Flags, Tcp};
use crate::proto::{be16, dns, ip};
use flow::Flow;

/// Conversations remembered at most; the one that began first is forgotten first.
const REMEMBERED: usize = 4096;
/// Bytes of unfinished messages kept at most, over all conversations.
const KEPT: usize = 16 << 20;

/// A segment as this module needs it.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'a> {
    /// The frame it came in.
    pub frame: FrameNo,
    /// Number of the conversation.
    pub stream: u32,
    /// Which end sent it: `false` and `true` for the two, whichever is which.
    pub side: bool,
    /// The sender's port, and the receiver's.
    pub ports: (u16, u16),
    /// Number of the first byte; relative or not.
    pub sequence: u32,
    /// The bytes, as far as the frame holds them.
    pub payload: &'a [u8],
    /// How many there were on the wire.
    pub length: usize,
    /// The sender has no more to send.
    pub fin: bool,
    /// What the analysis of sequence numbers says of it.
    pub order: Order,
    /// It carries something, and its checksum is wrong: the receiver will not take it.
    pub broken: bool,
}

/// Where in its stream a segment stands. Wireshark reads no messages in a segment that is not where it should be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Anywhere but in the other two.
    #[default]
    Regular,
    /// `[TCP Retransmission]`, neither fast nor spurious.
    Again,
    /// `[TCP Spurious Retransmission]`: acknowledged already.
    ForNothing,
    /// `[TCP Out-Of-Order]`.
    OutOfOrder,
    /// `[TCP Keep-Alive]`: a byte that means nothing.
    KeepAlive,
}

/// What a segment is to the messages of its stream.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Its parts, in order; empty where nothing is known of what it carries.
    pub pieces: SmallVec<[Piece; 2]>,
    /// What this segment and earlier ones are together.
    pub assembled: Option<Assembled>,
}

/// Bytes put together from several segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assembled {
    /// The bytes of all segments, one after the other. Of very many only the first are kept; of a message that is not
    /// whole yet, only its first line.
    pub bytes: Vec<u8>,
    /// How many they were.
    pub length: usize,
    /// The messages that they are, or the beginning of one.
    pub pieces: SmallVec<[Piece; 1]>,
    /// The frames that they came in and how many bytes each gave, in the order of the bytes. Empty for a beginning.
    pub segments: Vec<(FrameNo, usize)>,
}

impl Assembled {
    /// Longest first line that is told again, in bytes.
    const LINE: usize = 2048;

    /// The first line of a message whose other bytes are still to come.
    fn begun(bytes: &[u8]) -> Self {
        let kept = &bytes[..bytes.len().min(Self::LINE)];
        let length = kept.iter().position(|&byte| byte == b'\n').map_or(kept.len(), |end| end + 1);
        let bytes = kept[..length].to_vec();
        Self { bytes, length, pieces: [piece(0, length, Part::Begun)].into_iter().collect(), segments: Vec::new() }
    }

    /// Adds to the packet that completed them which frames they came in: `tcp.segment` for each, and their number and
    /// length together.
    pub fn tell(&self, packet: &mut Packet<'_>) {
        let Some(layer) = packet.find(&tcp::HEADER).map(|view| view.index).filter(|_| !self.segments.is_empty()) else {
            return;
        };
        let mut add = |what, number: usize| {
            packet.generated.push(Generated::new(layer, what, TrackedValue::Number(number as u64)));
        };
        self.segments.iter().for_each(|(frame, _)| add(tracked!("tcp.segment"), frame.0 as usize));
        add(tracked!("tcp.segment.count"), self.segments.len());
        add(tracked!("tcp.reassembled.length"), self.length);
    }

    /// As a frame of its own, with number, time and direction of the frame that completed it.
    #[must_use]
    pub fn into_frame(self, last: &Frame) -> Frame {
        let (number, time, direction) = (last.number, last.time, last.direction);
        let (original, bytes) = (self.length, self.bytes);
        Frame { number, time, direction, link: LinkType::RawIp, original, checksum_pending: false, bytes }
    }
}

impl<'f> Segment<'f> {
    /// The TCP segment in `packet`, whose conversation has the number `stream`.
    #[must_use]
    pub fn read(packet: &Packet<'f>, stream: u32, order: Order) -> Option<Self> {
        let view = packet.find(&tcp::HEADER)?;
        // What comes with RST is no part of the stream; and where a header says that it is shorter than it can be,
        // nobody knows where it ends.
        let header = Tcp::read(view.bytes()).filter(|header| !header.flags.contains(Flags::RST))?;
        let is_sound = view.bytes().get(12).is_some_and(|offset| usize::from(offset >> 4) * 4 >= tcp::LENGTH);
        if !is_sound {
            return None;
        }
        let (source, destination) = ip::addresses(packet)?;
        let ports = (header.source_port, header.destination_port);
        let length = ip::enclosing(view).map_or(view.payload().len(), ip::reported_payload);
        let length = length.saturating_sub(view.bytes().len());
        let fin = header.flags.contains(Flags::FIN);
        let is_broken = || matches!(view.layer().checksum, Some(Status::Bad { .. }));
        Some(Self {
            frame: packet.frame.number,
            stream,
            side: (source, ports.0) > (destination, ports.1),
            ports,
            sequence: header.sequence.wrapping_add(u32::from(header.flags.contains(Flags::SYN))),
            payload: view.payload(),
            length,
            fin,
            order,
            // Most segments only acknowledge, and nobody asks whether those are broken.
            broken: (length > 0 || fin) && is_broken(),
        })
    }
}

/// The conversations seen so far.
#[derive(Debug)]
pub struct Messages {
    open: Memory<u32, Conversation>,
    kept: usize,
}

impl Default for Messages {
    fn default() -> Self {
        Self { open: Memory::new(REMEMBERED), kept: 0 }
    }
}

/// One conversation.
#[derive(Debug, Default)]
struct Conversation {
    /// What is spoken, if it was found out by its look.
    by_look: Option<Application>,
    spoken: Spoken,
    flows: [Flow; 2],
}

/// What the messages so far tell about the next ones.
#[derive(Clone, Copy, Debug, Default)]
struct Spoken {
    /// There was a request.
    seen: bool,
    asked: Asked,
    /// The first exchange that a message of this frame belonged to.
    first: Option<(FrameNo, Asked)>,
    /// The last request has its answer.
    answered: bool,
    /// From here on another protocol is spoken (RFC 9110 §7.8, §9.3.6).
    over: bool,
}

/// What the last request asked for.
#[derive(Clone, Copy, Debug, Default)]
struct Asked {
    bodiless: bool,
    tunnel: bool,
}

/// What a protocol makes of bytes.
#[derive(Debug, Default)]
struct Reading {
    /// Whole messages.
    messages: SmallVec<[Piece; 1]>,
    /// Where bytes begin that are the beginning of a message, what it takes to go on, and whether its first line is there.
    more: Option<(usize, Need, bool)>,
}

impl Messages {
    /// Tells what the payload of a segment is. Segments must come in the order of the capture.
    pub fn observe(&mut self, segment: &Segment<'_>) -> Outcome {
        if segment.length == 0 && !segment.fin {
            return Outcome::default();
        }
        let Self { open, kept } = self;
        let place = open.place(&segment.stream).unwrap_or_else(|| open.insert(segment.stream, Conversation::default()));
        let Some((_, conversation)) = open.at(place) else { return Outcome::default() };
        let before = conversation.size();
        let outcome = conversation.observe(segment);
        *kept = *kept + conversation.size() - before;
        while open.is_over() || (*kept > KEPT && open.len() > 1) {
            *kept -= open.forget().map_or(0, |(_, oldest)| oldest.size());
        }
        outcome
    }
}

impl Conversation {
    fn size(&self) -> usize {
        self.flows.iter().map(Flow::size).sum()
    }

    fn observe(&mut self, segment: &Segment<'_>) -> Outcome {
        let (source, destination) = segment.ports;
        if self.by_look.is_none()
            && Application::between(source, destination).is_none()
            && http::is_likely(segment.payload)
        {
            self.by_look = Some(Application::Http);
        }
        let application = self.by_look.or_else(|| Application::between(source, destination));
        match application.filter(|_| !self.spoken.over) {
            Some(application) => self.flows[usize::from(segment.side)].observe(segment, application, &mut self.spoken),
            // What came before is not read again, whatever it is.
            None if segment.order == Order::Again && segment.length > 0 => {
                let pieces = [piece(0, segment.length, Part::Silent)].into_iter().collect();
                Outcome { pieces, assembled: None }
            }
            None => Outcome::default(),
        }
    }
}

impl Spoken {
    /// Reads messages from the start of `bytes`. `search` goes on where it stopped the last time.
    fn read(&mut self, application: Application, bytes: &[u8], search: &mut Search, once: Once) -> Reading {
        let mut reading = Reading::default();
        if once.is_mute {
            return reading;
        }
        let mut at = 0;
        while at < bytes.len() && !self.over {
            let rest = &bytes[at..];
            let extent = match application {
                Application::Dns => dns_extent(rest, once),
                Application::Http => {
                    let Asked { bodiless, tunnel } = self.asked_in(once.frame);
                    let Once { is_final: final_bytes, ended, .. } = once;
                    let context = Context { seen: self.seen, bodiless, tunnel, final_bytes, ended };
                    search.extent(rest, context)
                }
            };
            match extent {
                Extent::Foreign => break,
                Extent::More { need, begun } => {
                    reading.more = Some((at, need, begun));
                    return reading;
                }
                Extent::Headless(length) => {
                    let length = length.clamp(1, rest.len());
                    reading.messages.push(piece(at, length, Part::Headless));
                    at += length;
                }
                Extent::Message(length) => {
                    let length = length.clamp(1, rest.len());
                    reading.messages.push(piece(at, length, Part::Message(application)));
                    if application == Application::Http {
                        self.heard(&rest[..length], once.frame);
                    }
                    at += length;
                }
            }
            *search = Search::default();
        }
        reading
    }

    /// Notes what a message of HTTP in this frame tells about those after it.
    fn heard(&mut self, message: &[u8], frame: FrameNo) {
        let kind = Http::read(message);
        match kind {
            Http::Request { bodiless, tunnel } => {
                (self.seen, self.asked, self.answered) = (true, Asked { bodiless, tunnel }, false);
            }
            Http::Response { code } => {
                self.over = code == 101 || self.asked_in(frame).tunnel && code / 100 == 2;
                // A second answer belongs to a request that was not seen.
                if std::mem::replace(&mut self.answered, true) {
                    self.asked = Asked::default();
                }
            }
            Http::Other => return,
        }
        if self.first.is_none_or(|(first, _)| first != frame) {
            self.first = Some((frame, self.asked));
        }
    }

    /// The request that an answer in this frame is taken to belong to: the last one, but for all answers of a frame that
    /// of the first.
    fn asked_in(&self, frame: FrameNo) -> Asked {
        self.first.filter(|&(first, _)| first == frame).map_or(self.asked, |(_, asked)| asked)
    }
}

/// In which way bytes are read this time.
#[derive(Clone, Copy, Debug)]
struct Once {
    /// The frame that gave the last of them.
    frame: FrameNo,
    /// No more bytes can be asked for.
    is_final: bool,
    /// The stream ends with them.
    ended: bool,
    /// The protocol is not asked at all.
    is_mute: bool,
}

/// Where a DNS message ends: its length stands before it (RFC 1035 §4.2.2).
fn dns_extent(bytes: &[u8], once: Once) -> Extent {
    let Some(length) = be16(bytes, 0).map(|length| dns::PREFIX + usize::from(length)) else {
        return if once.is_final {
            Extent::Message(bytes.len())
        } else {
            Extent::More { need: Need::Any, begun: false }
        };
    };
    match length.checked_sub(bytes.len()) {
        Some(missing @ 1..) if !once.is_final => Extent::More { need: Need::Exactly(missing), begun: false },
        _ => Extent::Message(length),
    }
}

/// A piece of a segment.
fn piece(at: usize, length: usize, part: Part) -> Piece {
    Piece { at, length, part }
}

#[cfg(test)]
mod tests;
