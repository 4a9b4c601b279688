//! Which packets belong together: the conversations of a capture, numbered as they begin.
//!
//! A conversation is what people would call one: an address asked for and told (ARP), one ping (its identifier), one TCP
//! connection, the datagrams between two UDP ports. An ICMP error belongs to the conversation that it complains about,
//! and a later fragment to that of the first.

mod asking;
mod exchange;
pub mod facts;
mod following;
mod key;
mod pinging;
mod requests;

use std::net::{IpAddr, Ipv4Addr};

pub use asking::{Asking, Owner};
pub use exchange::{Answered, Exchange, Lease, Lookup, Lookups};
use facts::{Complaint, Facts, Moment, Pieces, Side, Wait};
pub use following::Conversations;
pub use pinging::Pinging;
pub use requests::{Request, Requests};

use super::Piece;
use super::owners::Conflict;
use crate::model::{FrameNo, Nanos, Packet, Value, tracked};
use key::Outline;

/// The number of a conversation in its capture, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConversationNo(pub u32);

/// What kind of conversation it is, and between whom. The first end is whoever was heard first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Who has an address, and its answers: asker, address asked for.
    Neighbour(IpAddr, IpAddr),
    /// Echo requests and replies with one identifier: asker, target.
    Echo(IpAddr, IpAddr, u16),
    /// A TCP connection, with the number that Wireshark gives it (`tcp.stream`).
    Tcp(End, End, u32),
    /// Datagrams between two ports.
    Udp(End, End),
    /// Other packets between two addresses: protocol number.
    Ip(IpAddr, IpAddr, u8),
    /// Frames without IP.
    Link,
}

/// Who sent a packet of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// The end that was heard first.
    First,
    /// The other end.
    Second,
    /// Somebody on the way: a router that complains about a packet of it.
    Between,
}

/// Address and port.
pub type End = (IpAddr, u16);

/// What is known of one conversation so far.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// Its number.
    pub number: ConversationNo,
    /// What it is.
    pub kind: Kind,
    /// Its first frame, and when.
    pub first: (FrameNo, Nanos),
    /// Its latest frame, and when.
    pub last: (FrameNo, Nanos),
    /// Frames of the first end, and of the other.
    pub packets: [u32; 2],
    /// Bytes of these frames on the wire.
    pub bytes: [u64; 2],
    /// What the headers below show of the first end, and of the other.
    pub sides: [Side; 2],
    /// What its kind has to tell.
    pub facts: Facts,
    /// ICMP errors about its packets.
    pub complaints: Vec<Complaint>,
    /// What was asked and answered over it, where that is read.
    pub requests: Option<Box<Requests>>,
    /// What came in pieces; `None` when nothing did.
    pub pieces: Option<Box<Pieces>>,
    /// What its first packet had to wait for.
    pub wait: Option<Wait>,
    /// The first end speaks to many at once: the MAC address on its first frame is a group's.
    pub to_group: bool,
}

/// What the rest of the tracker found out about a packet.
#[derive(Clone, Copy, Debug)]
pub struct Found<'t> {
    /// Two machines that use one address.
    pub conflict: Option<Conflict>,
    /// Whether it is a piece of something.
    pub piece: &'t Piece,
    /// The MAC address of an IPv4 address, as far as ARP told.
    pub owners: &'t super::owners::Owners,
}

impl Kind {
    /// The addresses of the two ends, where it has ends.
    #[must_use]
    pub fn addresses(self) -> Option<(IpAddr, IpAddr)> {
        match self {
            Self::Tcp((first, _), (second, _), _)
            | Self::Udp((first, _), (second, _))
            | Self::Neighbour(first, second)
            | Self::Echo(first, second, _)
            | Self::Ip(first, second, _) => Some((first, second)),
            Self::Link => None,
        }
    }

    /// Whose a packet of the conversation is that comes from this address and port.
    fn speaker(self, from: Option<End>) -> Speaker {
        let first = match self {
            Self::Tcp(first, ..) | Self::Udp(first, _) => Some(first),
            _ => self.addresses().map(|(first, _)| (first, 0)),
        };
        if first == from { Speaker::First } else { Speaker::Second }
    }

    /// Whose a packet is that has to do with the conversation and comes from this address.
    fn speaker_at(self, from: Option<IpAddr>) -> Speaker {
        match self.addresses() {
            Some((first, _)) if Some(first) == from => Speaker::First,
            Some((_, second)) if Some(second) == from => Speaker::Second,
            _ => Speaker::Between,
        }
    }
}

impl Speaker {
    /// Which of two it counts with: a complaint comes from the other end's side.
    fn end(self) -> usize {
        usize::from(self != Self::First)
    }
}

impl Conversation {
    fn new(number: ConversationNo, kind: Kind, now: (FrameNo, Nanos)) -> Self {
        Self {
            number,
            kind,
            first: now,
            last: now,
            packets: [0; 2],
            bytes: [0; 2],
            sides: [Side::default(); 2],
            facts: Facts::Plain,
            complaints: Vec::new(),
            requests: None,
            pieces: None,
            wait: None,
            to_group: false,
        }
    }

    /// Takes over what is known of a connection now. What was known before it had to be forgotten tells more.
    pub(super) fn connect(&mut self, now: &super::tcp::Facts) {
        match &mut self.facts {
            Facts::Connection(known) if known.first.frame == now.first.frame => **known = *now,
            Facts::Connection(_) => {}
            facts => *facts = Facts::Connection(Box::new(*now)),
        }
    }

    fn count(&mut self, packet: &Packet<'_>, speaker: Speaker) {
        let end = speaker.end();
        self.last = (packet.frame.number, packet.frame.time);
        self.packets[end] = self.packets[end].saturating_add(1);
        self.bytes[end] = self.bytes[end].saturating_add(packet.frame.original as u64);
    }

    /// What the headers below the conversation show of who speaks.
    fn below(&mut self, packet: &Packet<'_>, outline: &Outline<'_, '_>, speaker: Speaker, found: &Found<'_>) {
        let (frame, end) = (packet.frame.number, speaker.end());
        let side = &mut self.sides[end];
        let Some(ttl) = outline.ttl() else { return };
        match side.ttl {
            Some((first, _)) if first == ttl => {}
            Some(_) => side.other_ttl = side.other_ttl.or(Some((ttl, frame))),
            None => {
                side.ttl = Some((ttl, frame));
                let eth = outline.ethernet();
                side.mac = eth.map(|eth| eth.source);
                let to_many = |to: IpAddr| to.is_multicast() || to == IpAddr::V4(Ipv4Addr::BROADCAST);
                let to_group = eth.is_some_and(|eth| eth.destination.is_group());
                self.to_group |= end == 0 && (to_group || outline.ends().is_some_and(|(_, to)| to_many(to)));
                let owner = match outline.ends() {
                    Some((IpAddr::V4(from), _)) => found.owners.of(from),
                    _ => None,
                };
                side.is_near = side.mac.zip(owner).map(|(mac, owner)| mac == owner);
            }
        }
    }

    /// An ICMP error about the conversation.
    fn hear(&mut self, packet: &Packet<'_>, outline: &Outline<'_, '_>) {
        let Some(quote) = outline.quote(packet) else { return };
        let Some((from, _)) = outline.ends() else { return };
        let complaint = Complaint {
            from,
            kind: quote.kind,
            code: quote.code,
            mtu: quote.mtu,
            target: quote.target,
            frames: facts::Frames::default(),
        };
        facts::file(&mut self.complaints, complaint, packet.frame.number);
    }

    /// Adds what a whole packet says to the facts of its kind.
    fn take(
        &mut self,
        packet: &Packet<'_>,
        outline: &Outline<'_, '_>,
        speaker: Speaker,
        conflict: Option<Conflict>,
    ) -> Option<Wait> {
        let now = Moment { frame: packet.frame.number, time: packet.frame.time };
        let end = speaker.end();
        match &mut self.facts {
            Facts::Asking(asking) => {
                asking.conflict = asking.conflict.or(conflict);
                return asking.see(&outline.word()?, end, now);
            }
            Facts::Pinging(pinging) => {
                let view = outline.icmp?;
                let number = |key| match packet.generated(key)? {
                    Value::Number(number) => u32::try_from(number).ok(),
                    _ => None,
                };
                let span = match packet
                    .generated(tracked!("icmp.resptime"))
                    .or_else(|| packet.generated(tracked!("icmpv6.resptime")))
                {
                    Some(Value::Span(span)) => Some(span),
                    _ => None,
                };
                let asked = number(tracked!("icmp.resp_to"))
                    .or_else(|| number(tracked!("icmpv6.resp_to")))
                    .map(FrameNo)
                    .zip(span);
                let echo = outline.echo()?;
                pinging.see(echo, outline.mark(), now.frame, view.payload().len(), asked);
                if let (true, true, Some((from, _))) = (self.to_group, echo.reply, outline.ends()) {
                    pinging.answered_by(from);
                }
            }
            Facts::Exchange(exchange) => {
                exchange.see(end, outline.udp?.payload().len(), now);
                if let Some(view) = outline.dns {
                    exchange.lookups.see(view, now);
                }
                if let Some(view) = outline.dhcp {
                    exchange.lease(view, now);
                }
            }
            Facts::Plain | Facts::Connection(_) => {}
        }
        None
    }
}

#[cfg(test)]
mod tests;
