//! Which packets belong together: the conversations of a capture, numbered as they begin.
//!
//! A conversation is what people would call one: an address asked for and told (ARP), one ping (its identifier), one TCP
//! connection, the datagrams between two UDP ports. An ICMP error belongs to the conversation that it complains about,
//! and a later fragment to that of the first.

mod asking;
mod exchange;
pub mod facts;
mod key;
mod pinging;
mod requests;

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr};

pub use asking::{Asking, Owner};
pub use exchange::{Answered, Exchange, Lease, Lookup};
use facts::{Complaint, Facts, Moment, Pieces, Side, Wait};
pub use pinging::Pinging;
pub use requests::{Request, Requests};

use super::Piece;
use super::owners::Conflict;
use crate::model::{FrameNo, MacAddr, Nanos, Packet, Value};
use key::{Datagram, Fragment, Key, Outline, Quoted, probed, sorted};

/// Conversations followed at a time; when there are more, one that was silent for long is told as it is.
const FOLLOWED: usize = 4096;
/// Conversations that have ended and wait to be told. Whoever does not ask for them loses the oldest.
const UNTOLD: usize = 4096;
/// Datagrams in pieces whose conversation is remembered.
const PIECES: usize = 64;
/// Pings to many at once that are remembered.
const GROUPS: usize = 16;
/// Answers to questions for a MAC address that a first packet may have waited for.
const ANSWERS: usize = 16;
/// A packet that comes later than this after the answer did not wait for it.
const PROMPT: Nanos = Nanos(100 * Nanos::MILLISECOND.0);

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

/// Where a conversation is kept, with what making room needs.
#[derive(Debug)]
struct Place {
    key: Key,
    conversation: Conversation,
    /// Its latest frame when somebody last looked whether it may go.
    looked: FrameNo,
}

/// An answer to a question for a MAC address: who asked, who answered.
#[derive(Clone, Copy, Debug)]
struct Answer {
    asker: MacAddr,
    owner: MacAddr,
    wait: Wait,
}

/// Follows the conversations of one capture.
#[derive(Debug, Default)]
pub struct Conversations {
    count: u32,
    places: HashMap<Key, usize>,
    numbers: HashMap<ConversationNo, usize>,
    /// The latest conversation between two TCP ports, for errors that quote a segment of it.
    tcp: HashMap<(End, End), usize>,
    open: Vec<Place>,
    /// Where to look next for one that may go.
    hand: usize,
    /// The place of the latest packet's conversation: bursts are common.
    latest: Option<usize>,
    pieces: VecDeque<(Datagram, ConversationNo)>,
    /// Pings to many at once, whose answers come from addresses of their own: asker, identifier.
    groups: VecDeque<(IpAddr, u16, ConversationNo)>,
    answers: VecDeque<Answer>,
    ended: VecDeque<Conversation>,
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
    /// What the TCP conversation of the latest segment has come to.
    pub connection: Option<&'t super::tcp::Facts>,
}

impl Conversations {
    /// How many conversations there were.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The conversation with this number, while it is followed.
    #[must_use]
    pub fn of(&self, number: ConversationNo) -> Option<&Conversation> {
        let latest = self.latest.and_then(|place| self.open.get(place)).map(|place| &place.conversation);
        match latest.filter(|conversation| conversation.number == number) {
            Some(conversation) => Some(conversation),
            None => Some(&self.open.get(*self.numbers.get(&number)?)?.conversation),
        }
    }

    /// Which conversation `packet` belongs to, and who speaks; it may begin one.
    pub fn observe(&mut self, packet: &Packet<'_>, found: &Found<'_>) -> (ConversationNo, Speaker) {
        let outline = Outline::of(packet);
        let fragment = outline.fragment();
        let (place, speaker) = match self.belongs(packet, &outline, fragment) {
            Some(place) => (place, self.observe_stray(packet, &outline, fragment, place)),
            None => self.observe_own(packet, &outline, fragment, found),
        };
        self.latest = Some(place);
        let conversation = &mut self.open[place].conversation;
        if let Some(pieces) = &mut conversation.pieces
            && matches!(found.piece, Piece::Last(_))
        {
            pieces.wholes.see(packet.frame.number);
        }
        (conversation.number, speaker)
    }

    /// Takes in a datagram whose last piece was just observed.
    pub fn observe_whole(&mut self, packet: &Packet<'_>) {
        let outline = Outline::of(packet);
        let Some(conversation) =
            self.latest.and_then(|place| self.open.get_mut(place)).map(|place| &mut place.conversation)
        else {
            return;
        };
        let (_, _, sender) = outline.read(packet);
        conversation.take(packet, &outline, conversation.kind.speaker(sender), None);
    }

    /// Takes in the messages in `packet`: the segment that was just observed, or what it completes.
    pub fn observe_messages(&mut self, packet: &Packet<'_>) {
        let Some(place) = self.latest.and_then(|place| self.open.get_mut(place)) else { return };
        let now = Moment { frame: packet.frame.number, time: packet.frame.time };
        for view in packet.views().filter(|view| requests::is_message(*view)) {
            place.conversation.requests.get_or_insert_default().see(view, now);
        }
    }

    /// Conversations that are no longer followed, because there were too many: oldest first.
    pub fn ended(&mut self) -> Option<Conversation> {
        self.ended.pop_front()
    }

    /// The capture is over: all conversations not told by [`Self::ended`], in the order in which they began.
    pub fn finish(&mut self) -> Vec<Conversation> {
        let Self { count, ended, open, .. } = std::mem::take(self);
        self.count = count;
        let mut open: Vec<_> = open.into_iter().map(|place| place.conversation).collect();
        open.sort_by_key(|conversation| conversation.number);
        ended.into_iter().chain(open).collect()
    }

    /// The conversation of a packet that only another packet tells: a later fragment, an ICMP error.
    fn belongs(&self, packet: &Packet<'_>, outline: &Outline<'_, '_>, fragment: Option<Fragment>) -> Option<usize> {
        if let Some(Fragment { datagram, is_first: false }) = fragment {
            let (_, number) = self.pieces.iter().rev().find(|(known, _)| *known == datagram)?;
            return self.numbers.get(number).copied();
        }
        if !outline.quotes() {
            return self.group(outline);
        }
        match outline.quote(packet)?.about? {
            Quoted::Tcp(low, high) => self.tcp.get(&(low, high)).copied(),
            Quoted::Other(key) => self.places.get(&key).copied(),
        }
    }

    /// The ping to many that an echo reply answers, if nobody asked its sender alone.
    fn group(&self, outline: &Outline<'_, '_>) -> Option<usize> {
        if self.groups.is_empty() {
            return None;
        }
        let (echo, (_, asker)) = (outline.echo().filter(|echo| echo.reply)?, outline.ends()?);
        let ping = |group: &&(IpAddr, u16, ConversationNo)| (group.0, group.1) == (asker, echo.identifier);
        let (_, _, number) = self.groups.iter().rev().find(ping)?;
        self.numbers.get(number).copied()
    }

    /// A packet that belongs to the conversation at `place` because of another packet.
    fn observe_stray(
        &mut self,
        packet: &Packet<'_>,
        outline: &Outline<'_, '_>,
        fragment: Option<Fragment>,
        place: usize,
    ) -> Speaker {
        let conversation = &mut self.open[place].conversation;
        // Neither a later fragment nor a complaint has ports; addresses tell whose it is.
        let speaker = conversation.kind.speaker_at(outline.ends().map(|(from, _)| from));
        conversation.count(packet, speaker);
        if fragment.is_some() {
            conversation.pieces.get_or_insert_default().fragments.see(packet.frame.number);
        } else if outline.quotes() {
            conversation.hear(packet, outline);
        } else {
            conversation.take(packet, outline, speaker, None);
        }
        speaker
    }

    /// A packet that says itself which conversation it belongs to.
    fn observe_own(
        &mut self,
        packet: &Packet<'_>,
        outline: &Outline<'_, '_>,
        fragment: Option<Fragment>,
        found: &Found<'_>,
    ) -> (usize, Speaker) {
        let (mut key, kind, sender) = outline.read(packet);
        // Whoever tells of an address that is being probed speaks to the prober.
        if let Kind::Neighbour(one, other) = kind
            && one == other
            && self.places.contains_key(&probed(one))
        {
            key = probed(one);
        }
        let begins = self.known(&key).is_none();
        let place = self.known(&key).unwrap_or_else(|| self.begin(key, kind, packet));
        let wait = begins.then(|| self.waited(packet, outline)).flatten();
        let Place { conversation, .. } = &mut self.open[place];
        conversation.wait = conversation.wait.or(wait);
        if let Kind::Tcp(_, _, stream) = kind {
            conversation.connect(stream, found.connection);
        }
        let speaker = conversation.kind.speaker(sender);
        conversation.count(packet, speaker);
        conversation.below(packet, outline, speaker, found);
        if outline.quotes() || matches!(kind, Kind::Ip(..)) {
            conversation.hear(packet, outline);
        }
        if let (Kind::Echo(asker, _, identifier), true, true) = (kind, begins, conversation.to_group) {
            if self.groups.len() == GROUPS {
                self.groups.pop_front();
            }
            self.groups.push_back((asker, identifier, conversation.number));
        }
        if let Some(fragment) = fragment {
            let pieces = conversation.pieces.get_or_insert_default();
            pieces.fragments.see(packet.frame.number);
            pieces.begun = pieces.begun.saturating_add(u32::from(fragment.is_first));
            if self.pieces.len() == PIECES {
                self.pieces.pop_front();
            }
            self.pieces.push_back((fragment.datagram, conversation.number));
        } else if let Some(wait) = conversation.take(packet, outline, speaker, found.conflict) {
            self.remember(outline, wait);
        }
        (place, speaker)
    }

    fn known(&self, key: &Key) -> Option<usize> {
        match self.latest.filter(|&place| self.open.get(place).is_some_and(|place| place.key == *key)) {
            Some(place) => Some(place),
            None => self.places.get(key).copied(),
        }
    }

    fn begin(&mut self, key: Key, kind: Kind, packet: &Packet<'_>) -> usize {
        self.count = self.count.saturating_add(1);
        let number = ConversationNo(self.count);
        let now = (packet.frame.number, packet.frame.time);
        let conversation = Conversation::new(number, kind, now);
        let fresh = Place { key, conversation, looked: now.0 };
        let place = if self.open.len() < FOLLOWED {
            self.open.push(fresh);
            self.open.len() - 1
        } else {
            self.replace(fresh)
        };
        self.places.insert(key, place);
        self.numbers.insert(number, place);
        if let Kind::Tcp(from, to, _) = kind {
            self.tcp.insert(sorted(from, to), place);
        }
        place
    }

    /// Puts `fresh` in the place of a conversation that has been silent for long: whoever spoke since it was looked at
    /// last stays.
    fn replace(&mut self, fresh: Place) -> usize {
        let place = loop {
            let place = self.hand % self.open.len().max(1);
            self.hand = place + 1;
            let Place { conversation, looked, .. } = &mut self.open[place];
            if conversation.last.0 <= *looked {
                break place;
            }
            *looked = conversation.last.0;
        };
        let Place { key, conversation, .. } = std::mem::replace(&mut self.open[place], fresh);
        self.places.remove(&key);
        self.numbers.remove(&conversation.number);
        if let Kind::Tcp(from, to, _) = conversation.kind
            && self.tcp.get(&sorted(from, to)) == Some(&place)
        {
            self.tcp.remove(&sorted(from, to));
        }
        if self.ended.len() == UNTOLD {
            self.ended.pop_front();
        }
        self.ended.push_back(conversation);
        place
    }

    /// What the first packet of a conversation had to wait for: the answer that told its MAC address, if nothing was
    /// sent there since.
    fn waited(&mut self, packet: &Packet<'_>, outline: &Outline<'_, '_>) -> Option<Wait> {
        outline.ip?;
        let eth = outline.ethernet()?;
        let place =
            self.answers.iter().rposition(|answer| (answer.asker, answer.owner) == (eth.source, eth.destination))?;
        let wait = self.answers.remove(place)?.wait;
        (packet.frame.time - wait.answer.time < PROMPT).then_some(wait)
    }

    fn remember(&mut self, outline: &Outline<'_, '_>, wait: Wait) {
        let Some(eth) = outline.ethernet() else { return };
        if self.answers.len() == ANSWERS {
            self.answers.pop_front();
        }
        self.answers.push_back(Answer { asker: eth.destination, owner: eth.source, wait });
    }
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
            facts: match kind {
                Kind::Neighbour(..) => Facts::Asking(Box::default()),
                Kind::Echo(..) => Facts::Pinging(Box::default()),
                Kind::Udp(..) => Facts::Exchange(Box::default()),
                Kind::Tcp(..) | Kind::Ip(..) | Kind::Link => Facts::Plain,
            },
            complaints: Vec::new(),
            requests: None,
            pieces: None,
            wait: None,
            to_group: false,
        }
    }

    /// Takes over what is known of a connection now. What was known before it had to be forgotten tells more.
    fn connect(&mut self, stream: u32, now: Option<&super::tcp::Facts>) {
        let Some(now) = now.filter(|now| now.stream == stream) else { return };
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
                let span = match packet.generated("icmp.resptime").or_else(|| packet.generated("icmpv6.resptime")) {
                    Some(Value::Span(span)) => Some(span),
                    _ => None,
                };
                let asked = number("icmp.resp_to").or_else(|| number("icmpv6.resp_to")).map(FrameNo).zip(span);
                let echo = outline.echo()?;
                pinging.see(echo, now.frame, view.payload().len(), asked);
                if let (true, true, Some((from, _))) = (self.to_group, echo.reply, outline.ends()) {
                    pinging.answered_by(from);
                }
            }
            Facts::Exchange(exchange) => {
                exchange.see(end, outline.udp?.payload().len(), now);
                if let Some(view) = outline.dns {
                    exchange.look_up(view, now);
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
