//! Which packets belong together: the conversations of a capture, numbered as they begin.
//!
//! A conversation is what people would call one: an address asked for and told (ARP), one ping (its identifier), one TCP
//! connection, the datagrams between two UDP ports. An ICMP error belongs to the conversation that it complains about,
//! and a later fragment to that of the first.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::IpAddr;

use crate::model::{FrameNo, Nanos, Packet, Value};
use crate::proto::arp::{self, Arp};
use crate::proto::icmp::{self, Echo};
use crate::proto::tcp::{self, Tcp};
use crate::proto::udp::{self, Udp};
use crate::proto::{ip, ipv4};

/// Conversations followed at a time; when there are more, the one that was silent longest is told as it is.
const FOLLOWED: usize = 4096;
/// Datagrams in pieces whose conversation is remembered.
const PIECES: usize = 64;

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
}

/// How conversations are told apart: both directions have the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    Neighbour(IpAddr, IpAddr),
    Echo(IpAddr, IpAddr, u16),
    Tcp(u32),
    Udp(End, End),
    Ip(IpAddr, IpAddr, u8),
    Link,
}

/// What makes fragments pieces of one datagram.
type Datagram = (IpAddr, IpAddr, u8, u16);

/// Follows the conversations of one capture.
#[derive(Debug, Default)]
pub struct Conversations {
    count: u32,
    numbers: HashMap<Key, ConversationNo>,
    /// The latest conversation of each kind between two ports, for errors that quote a packet of it.
    tcp: HashMap<(End, End), ConversationNo>,
    open: BTreeMap<ConversationNo, (Key, Conversation)>,
    /// Who may have to make room, with the frame that was its last when it was put here.
    queue: VecDeque<(ConversationNo, FrameNo)>,
    pieces: VecDeque<(Datagram, ConversationNo)>,
    ended: VecDeque<Conversation>,
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
        self.open.get(&number).map(|(_, conversation)| conversation)
    }

    /// Which conversation `packet` belongs to, and who speaks; it may begin one.
    pub fn observe(&mut self, packet: &Packet<'_>) -> (ConversationNo, Speaker) {
        let known = self.piece(packet).or_else(|| self.complained_about(packet));
        let (number, speaker) = match known {
            Some(number) => {
                let from = ip::addresses(packet).map(|(from, _)| from);
                (number, self.of(number).map_or(Speaker::Between, |known| known.kind.speaker(from)))
            }
            None => {
                let (key, kind) = read(packet);
                let number = self.number(key, kind, packet);
                (number, self.of(number).map_or(Speaker::First, |known| begun_by(known.kind, kind)))
            }
        };
        self.remember_piece(packet, number);
        if let Some((_, conversation)) = self.open.get_mut(&number) {
            conversation.last = (packet.frame.number, packet.frame.time);
            let end = usize::from(speaker == Speaker::Second);
            conversation.packets[end] += 1;
            conversation.bytes[end] += packet.frame.original as u64;
        }
        (number, speaker)
    }

    /// Conversations that are no longer followed, because there were too many: oldest first.
    pub fn ended(&mut self) -> Option<Conversation> {
        self.ended.pop_front()
    }

    /// The capture is over: all conversations not told by [`Self::ended`], in the order in which they began.
    pub fn finish(&mut self) -> Vec<Conversation> {
        self.numbers.clear();
        self.tcp.clear();
        self.queue.clear();
        let open = std::mem::take(&mut self.open);
        self.ended.drain(..).chain(open.into_values().map(|(_, conversation)| conversation)).collect()
    }

    fn number(&mut self, key: Key, kind: Kind, packet: &Packet<'_>) -> ConversationNo {
        if let Some(&number) = self.numbers.get(&key) {
            return number;
        }
        if self.open.len() >= FOLLOWED {
            self.make_room();
        }
        self.count = self.count.saturating_add(1);
        let number = ConversationNo(self.count);
        let now = (packet.frame.number, packet.frame.time);
        let conversation = Conversation { number, kind, first: now, last: now, packets: [0; 2], bytes: [0; 2] };
        self.numbers.insert(key, number);
        if let Kind::Tcp(from, to, _) = kind {
            self.tcp.insert(sorted(from, to), number);
        }
        self.open.insert(number, (key, conversation));
        self.queue.push_back((number, now.0));
        number
    }

    /// Lets the conversation go that has been silent for long: whoever spoke since it was looked at last stays.
    fn make_room(&mut self) {
        while let Some((number, seen)) = self.queue.pop_front() {
            let last = self.of(number).map(|conversation| conversation.last.0);
            if let Some(last) = last.filter(|last| *last > seen) {
                self.queue.push_back((number, last));
                continue;
            }
            let Some((key, conversation)) = self.open.remove(&number) else { continue };
            self.numbers.remove(&key);
            if let Kind::Tcp(from, to, _) = conversation.kind
                && self.tcp.get(&sorted(from, to)) == Some(&number)
            {
                self.tcp.remove(&sorted(from, to));
            }
            self.ended.push_back(conversation);
            return;
        }
    }

    /// The conversation that an ICMP error complains about, if a packet of it was seen.
    fn complained_about(&self, packet: &Packet<'_>) -> Option<ConversationNo> {
        let header = ipv4::Ipv4::read(packet.find_quoted(&ipv4::HEADER)?.bytes())?;
        let (from, to): (IpAddr, IpAddr) = (header.source.into(), header.destination.into());
        if let Some(udp) = packet.find_quoted(&udp::HEADER).and_then(|view| Udp::read(view.bytes())) {
            let (low, high) = sorted((from, udp.source_port), (to, udp.destination_port));
            return self.numbers.get(&Key::Udp(low, high)).copied();
        }
        if let Some(ports) = packet.find_quoted(&tcp::HEADER).and_then(|view| Udp::read(view.bytes())) {
            return self.tcp.get(&sorted((from, ports.source_port), (to, ports.destination_port))).copied();
        }
        let (low, high) = sorted(from, to);
        let key = match packet.find_quoted(&icmp::HEADER).and_then(|view| Echo::read(view.bytes())) {
            Some(echo) => Key::Echo(low, high, echo.identifier),
            None => Key::Ip(low, high, header.protocol),
        };
        self.numbers.get(&key).copied()
    }

    /// The conversation of the first fragment, for a later one.
    fn piece(&self, packet: &Packet<'_>) -> Option<ConversationNo> {
        let (datagram, offset, _) = fragment(packet)?;
        let known = (offset > 0).then(|| self.pieces.iter().find(|(known, _)| *known == datagram))??;
        self.open.contains_key(&known.1).then_some(known.1)
    }

    fn remember_piece(&mut self, packet: &Packet<'_>, number: ConversationNo) {
        if let Some((datagram, 0, true)) = fragment(packet) {
            if self.pieces.len() == PIECES {
                self.pieces.pop_front();
            }
            self.pieces.push_back((datagram, number));
        }
    }
}

fn sorted<T: Ord>(one: T, other: T) -> (T, T) {
    if one <= other { (one, other) } else { (other, one) }
}

impl Kind {
    /// The addresses of the two ends, where it has ends.
    #[must_use]
    pub fn addresses(self) -> Option<(IpAddr, IpAddr)> {
        match self {
            Self::Tcp((first, _), (second, _), _) | Self::Udp((first, _), (second, _)) => Some((first, second)),
            Self::Neighbour(first, second) | Self::Echo(first, second, _) | Self::Ip(first, second, _) => {
                Some((first, second))
            }
            Self::Link => None,
        }
    }

    /// Which end a packet from this address comes from.
    fn speaker(self, from: Option<IpAddr>) -> Speaker {
        match self.addresses() {
            Some((first, _)) if Some(first) == from => Speaker::First,
            Some((_, second)) if Some(second) == from => Speaker::Second,
            _ => Speaker::Between,
        }
    }
}

/// Who sends a packet of this kind in the conversation.
fn begun_by(conversation: Kind, packet: Kind) -> Speaker {
    let same = match (conversation, packet) {
        (Kind::Tcp(first, ..), Kind::Tcp(from, ..)) | (Kind::Udp(first, _), Kind::Udp(from, _)) => first == from,
        (Kind::Neighbour(first, _), Kind::Neighbour(from, _))
        | (Kind::Echo(first, ..), Kind::Echo(from, ..))
        | (Kind::Ip(first, ..), Kind::Ip(from, ..)) => first == from,
        // Frames without ends.
        _ => true,
    };
    if same { Speaker::First } else { Speaker::Second }
}

/// Which datagram this is a fragment of, at which offset, and whether more follow.
fn fragment(packet: &Packet<'_>) -> Option<(Datagram, u16, bool)> {
    let header = ipv4::Ipv4::read(packet.find(&ipv4::HEADER)?.bytes())?;
    let datagram = (header.source.into(), header.destination.into(), header.protocol, header.identification);
    (header.more_fragments || header.fragment_offset > 0).then_some((
        datagram,
        header.fragment_offset,
        header.more_fragments,
    ))
}

/// What tells this packet's conversation from others, and what kind it is, seen from this packet's sender.
fn read(packet: &Packet<'_>) -> (Key, Kind) {
    if let Some(arp) = packet.find(&arp::HEADER).and_then(|view| Arp::read(view.bytes())) {
        let (from, to) = (arp.sender_ip.into(), arp.target_ip.into());
        let (low, high) = sorted(from, to);
        return (Key::Neighbour(low, high), Kind::Neighbour(from, to));
    }
    let Some((from, to)) = ip::addresses(packet) else { return (Key::Link, Kind::Link) };
    if let (Some(tcp), Some(Value::Number(stream))) =
        (packet.find(&tcp::HEADER).and_then(|view| Tcp::read(view.bytes())), packet.generated("tcp.stream"))
    {
        let stream = u32::try_from(stream).unwrap_or(u32::MAX);
        return (Key::Tcp(stream), Kind::Tcp((from, tcp.source_port), (to, tcp.destination_port), stream));
    }
    if let Some(udp) = packet.find(&udp::HEADER).and_then(|view| Udp::read(view.bytes())) {
        let (from, to) = ((from, udp.source_port), (to, udp.destination_port));
        let (low, high) = sorted(from, to);
        return (Key::Udp(low, high), Kind::Udp(from, to));
    }
    let (low, high) = sorted(from, to);
    if let Some(echo) = packet.find(&icmp::HEADER).and_then(|view| Echo::read(view.bytes())) {
        return (Key::Echo(low, high, echo.identifier), Kind::Echo(from, to, echo.identifier));
    }
    let protocol =
        packet.find(&ipv4::HEADER).and_then(|view| ipv4::Ipv4::read(view.bytes())).map_or(0, |ip| ip.protocol);
    (Key::Ip(low, high, protocol), Kind::Ip(from, to, protocol))
}
