//! Follows TCP conversations: their numbers, both ends' counting, windows and states.
//!
//! Adds to each segment what only the segments before it tell, under Wireshark's names: `tcp.stream`, the relative
//! `tcp.seq` and `tcp.ack`, the calculated `tcp.window_size` and its `tcp.window_size_scalefactor`, `tcp.nxtseq`,
//! `tcp.completeness`, `tcp.analysis.retransmission` (of SYN and FIN), `tcp.time_relative` and `tcp.time_delta`. The states of both ends, for which Wireshark has no
//! names, are `netlab.state.src` and `netlab.state.dst` (of the sender and of the receiver, after the segment);
//! `netlab.state.src.assumed` and `netlab.state.dst.assumed` mark those that hold only if a segment arrived.

mod states;

use std::collections::{HashMap, VecDeque};
use std::net::Ipv4Addr;

pub use states::Belief;
use states::{Seen, States};

use crate::model::{Generated, GeneratedList, Nanos, Offer, Packet, SeqNo, Value};
use crate::proto::ipv4::{self, Ipv4};
use crate::proto::tcp::{self, Flags, Tcp, TcpOption};

/// Conversations remembered at most; the one that began first is forgotten first.
const REMEMBERED: usize = 4096;

/// Bits of `tcp.completeness`.
mod complete {
    pub const SYN: u8 = 1;
    pub const SYN_ACK: u8 = 2;
    pub const ACK: u8 = 4;
    pub const DATA: u8 = 8;
    pub const FIN: u8 = 16;
    pub const RST: u8 = 32;
}

/// Address and port of one end.
pub type Endpoint = (Ipv4Addr, u16);

/// The two ends, the smaller one first, so that both directions have the same key.
type Pair = (Endpoint, Endpoint);

/// What is known of the windows of one end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Scale {
    /// Its SYN was not seen.
    #[default]
    Unknown,
    /// One of the two did not offer scaling, so neither scales.
    Unused,
    /// Shifted by this much.
    Shift(u8),
}

/// One direction.
#[derive(Clone, Copy, Debug, Default)]
struct Flow {
    /// What its relative numbers are counted from.
    base: Option<SeqNo>,
    /// The number after the last one seen.
    next: Option<SeqNo>,
    scale: Scale,
}

/// One conversation.
#[derive(Clone, Debug)]
struct Stream {
    number: u32,
    /// The end that was seen first; index 0 of the arrays.
    first: Endpoint,
    flows: [Flow; 2],
    states: States,
    completeness: u8,
    began: Nanos,
    last: Nanos,
}

/// The conversations seen so far.
#[derive(Debug, Default)]
pub struct Streams {
    open: HashMap<Pair, Stream>,
    order: VecDeque<Pair>,
    count: u32,
}

/// A segment as this file needs it.
struct Segment {
    layer: usize,
    from: Endpoint,
    to: Endpoint,
    header: Tcp,
    offer: Offer,
    length: u32,
    time: Nanos,
}

impl Streams {
    /// How many conversations there were.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Gives a segment its generated fields.
    pub fn observe(&mut self, packet: &mut Packet<'_>) {
        let Some(segment) = Segment::read(packet) else { return };
        let key = if segment.from <= segment.to { (segment.from, segment.to) } else { (segment.to, segment.from) };
        let known = self.open.get(&key).is_some_and(|stream| !stream.is_begun_anew_by(&segment));
        if !known {
            let stream = Stream::new(self.count, &segment);
            self.count = self.count.saturating_add(1);
            if self.open.insert(key, stream).is_none() {
                self.order.push_back(key);
            }
            if self.order.len() > REMEMBERED
                && let Some(oldest) = self.order.pop_front()
            {
                self.open.remove(&oldest);
            }
        }
        if let Some(stream) = self.open.get_mut(&key) {
            stream.observe(&segment, &mut packet.generated);
        }
    }
}

impl Stream {
    fn new(number: u32, segment: &Segment) -> Self {
        Self {
            number,
            first: segment.from,
            flows: [Flow::default(); 2],
            states: States::default(),
            completeness: 0,
            began: segment.time,
            last: segment.time,
        }
    }

    /// 0 for the end that was seen first, 1 for the other.
    fn end(&self, endpoint: Endpoint) -> usize {
        usize::from(self.first != endpoint)
    }

    /// A SYN with another initial number is a new conversation between the same ports.
    fn is_begun_anew_by(&self, segment: &Segment) -> bool {
        let base = self.flows[self.end(segment.from)].base;
        segment.has(Flags::SYN)
            && !segment.has(Flags::ACK)
            && base.is_some_and(|base| base != SeqNo(segment.header.sequence))
    }

    fn observe(&mut self, segment: &Segment, generated: &mut GeneratedList) {
        let sender = self.end(segment.from);
        let sequence = SeqNo(segment.header.sequence);
        let acknowledgment = SeqNo(segment.header.acknowledgment);
        let (syn, ack) = (segment.has(Flags::SYN), segment.has(Flags::ACK));
        // Without its SYN, the first byte seen counts as number 1.
        let base = *self.flows[sender].base.get_or_insert(if syn { sequence } else { sequence - 1 });
        let reverse = &mut self.flows[1 - sender].base;
        if ack && reverse.is_none() {
            *reverse = Some(acknowledgment - 1);
        }
        let reverse = reverse.unwrap_or_default();
        if syn {
            self.flows[sender].scale =
                segment.offer.window_scale.map_or(Scale::Unused, |shift| Scale::Shift(shift.min(14)));
            // Both scale or neither does; the SYN/ACK is where that is settled.
            if ack && self.flows.iter().any(|flow| flow.scale == Scale::Unused) {
                self.flows.iter_mut().for_each(|flow| flow.scale = Scale::Unused);
            }
        }
        let end = sequence + segment.length + u32::from(syn) + u32::from(segment.has(Flags::FIN));
        self.states.observe(sender, &Seen { flags: segment.header.flags, sequence, end, acknowledgment });
        self.complete(segment, sequence - base, acknowledgment - reverse);

        // A SYN or FIN that comes again with its old number. Telling data sent again from data out of order takes more.
        let next = self.flows[sender].next;
        let counts = syn || segment.has(Flags::FIN);
        let again = counts && segment.length == 0 && next.is_some_and(|next| !end.is_after(next));
        self.flows[sender].next = Some(next.map_or(end, |next| next.later(end)));

        let raw = u64::from(segment.header.window);
        let (window, factor) = match self.flows[sender].scale {
            Scale::Shift(shift) if !syn => (raw << shift, Some(1 << shift)),
            _ => (raw, None),
        };
        let mut add = |key, value| generated.push(Generated { layer: segment.layer, key, value });
        add("tcp.stream", Value::Number(u64::from(self.number)));
        add("tcp.completeness", Value::Number(u64::from(self.completeness)));
        add("tcp.seq", Value::Number(u64::from(sequence - base)));
        add("tcp.nxtseq", Value::Number(u64::from(end - base)));
        add("tcp.ack", Value::Number(u64::from(if ack { acknowledgment - reverse } else { acknowledgment.0 })));
        add("tcp.window_size", Value::Number(window));
        if let Some(factor) = factor {
            add("tcp.window_size_scalefactor", Value::Number(factor));
        }
        if again {
            add("tcp.analysis.retransmission", Value::Flag(true));
        }
        add("tcp.time_relative", Value::Span(segment.time - self.began));
        add("tcp.time_delta", Value::Span(segment.time - self.last));
        self.last = segment.time;
        for (end, name, assumed) in [
            (sender, "netlab.state.src", "netlab.state.src.assumed"),
            (1 - sender, "netlab.state.dst", "netlab.state.dst.assumed"),
        ] {
            if let Some(belief) = self.states.of(end) {
                add(name, Value::Text(belief.state.name()));
                if belief.assumed {
                    add(assumed, Value::Flag(true));
                }
            }
        }
    }

    /// Which parts of a whole conversation were seen.
    fn complete(&mut self, segment: &Segment, sequence: u32, acknowledgment: u32) {
        let (syn, ack) = (segment.has(Flags::SYN), segment.has(Flags::ACK));
        self.completeness |= match (syn, ack) {
            (true, false) => complete::SYN,
            (true, true) => complete::SYN_ACK,
            // The acknowledgement that ends the handshake, and no other.
            (false, true) if sequence == 1 && acknowledgment == 1 => complete::ACK,
            _ => 0,
        };
        if segment.length > 0 {
            self.completeness |= complete::DATA;
        }
        if segment.has(Flags::FIN) {
            self.completeness |= complete::FIN;
        }
        if segment.has(Flags::RST) {
            self.completeness |= complete::RST;
        }
    }
}

impl Segment {
    fn read(packet: &Packet<'_>) -> Option<Self> {
        let view = packet.find(&tcp::HEADER)?;
        let header = Tcp::read(view.bytes())?;
        let ip = packet.find(&ipv4::HEADER)?.bytes();
        let addresses = Ipv4::read(ip)?;
        Some(Self {
            layer: view.index,
            from: (addresses.source, header.source_port),
            to: (addresses.destination, header.destination_port),
            header,
            offer: offer(view.bytes()),
            length: payload_length(packet, ip, view.bytes()),
            time: packet.frame.time,
        })
    }

    fn has(&self, flags: Flags) -> bool {
        self.header.flags.contains(flags)
    }
}

/// Bytes of payload, as the IP header promises them: a capture may have cut them.
fn payload_length(packet: &Packet<'_>, ip: &[u8], tcp: &[u8]) -> u32 {
    let here = packet.find(&tcp::HEADER).map_or(0, |view| view.payload().len());
    let total = ip.get(2..4).and_then(|total| <[u8; 2]>::try_from(total).ok()).map_or(0, u16::from_be_bytes);
    // Segmentation offload writes a total of 0 into packets that are too long for the field.
    let promised = usize::from(total).saturating_sub(ip.len() + tcp.len());
    u32::try_from(if total == 0 { here } else { promised }).unwrap_or(u32::MAX)
}

/// What a SYN with these header bytes offers.
#[must_use]
pub fn offer(header: &[u8]) -> Offer {
    let mut offer = Offer::default();
    for option in tcp::options(header) {
        match option {
            TcpOption::MaximumSegmentSize(size) => offer.mss = Some(size),
            TcpOption::WindowScale(shift) => offer.window_scale = Some(shift),
            TcpOption::SackPermitted => offer.sack = true,
            TcpOption::Timestamps { .. } => offer.timestamps = true,
            _ => {}
        }
    }
    offer
}

/// Timestamp value and echo in the options of these header bytes.
#[must_use]
pub fn timestamps(header: &[u8]) -> Option<(u32, u32)> {
    tcp::options(header).find_map(|option| match option {
        TcpOption::Timestamps { value, echo } => Some((value, echo)),
        _ => None,
    })
}
