//! Frames for the tests of this module and of those above it, and a tracker that sees them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::conversation::facts::Facts;
use super::conversation::{Asking, Conversation, Exchange, Pinging, Speaker};
use super::{ConversationNo, Piece, Tracker};
use crate::dissect::dissect;
use crate::model::{Frame, FrameNo, LinkType, MacAddr, Nanos, Packet};
use crate::proto::arp;
use crate::proto::ethernet;
use crate::proto::icmp;
use crate::proto::ipv4::{self, Ipv4};
use crate::proto::ipv6::{self, Ipv6};
use crate::proto::tcp::{self, Flags, Tcp, TcpOption};
use crate::proto::udp::{self, Udp};

pub(crate) const PC: Ipv4Addr = Ipv4Addr::new(192, 168, 11, 2);
pub(crate) const ROUTER: Ipv4Addr = Ipv4Addr::new(192, 168, 11, 1);
pub(crate) const SERVER: Ipv4Addr = Ipv4Addr::new(93, 184, 216, 34);
pub(crate) const PC_MAC: MacAddr = MacAddr([2, 0, 0, 0, 0, 2]);
pub(crate) const ROUTER_MAC: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);

/// A capture whose frames are a millisecond apart, unless time is let pass, and the tracker that sees them.
#[derive(Default)]
pub(crate) struct Capture {
    pub tracker: Tracker,
    count: u32,
    time: i64,
    /// Who sent the latest frame.
    pub speaker: Option<Speaker>,
}

impl Capture {
    /// Lets `milliseconds` pass before the next frame.
    pub(crate) fn wait(&mut self, milliseconds: i64) {
        self.time += milliseconds * 1_000_000 - 1_000_000;
    }

    /// The number of the conversation that the frame belongs to. What begins like an IP packet has no link layer.
    pub(crate) fn see(&mut self, bytes: Vec<u8>) -> u32 {
        self.show(bytes, |number, _| number)
    }

    /// The same; `show` is shown the packet, or what it completes.
    pub(crate) fn show<T>(&mut self, bytes: Vec<u8>, show: impl FnOnce(u32, &Packet<'_>) -> T) -> T {
        self.count += 1;
        self.time += 1_000_000;
        let raw = matches!(bytes.first().map(|byte| byte >> 4), Some(4 | 6));
        let frame = Frame {
            number: FrameNo(self.count),
            time: Nanos(self.time),
            direction: None,
            link: if raw { LinkType::RawIp } else { LinkType::Ethernet },
            original: bytes.len(),
            checksum_pending: false,
            bytes,
        };
        let mut packet = dissect(&frame);
        let (number, speaker, piece) = self.tracker.observe(&mut packet);
        self.speaker = Some(speaker);
        match piece {
            Piece::Last(whole) => {
                let mut packet = dissect(&whole);
                self.tracker.observe_reassembled(&mut packet);
                show(number.0, &packet)
            }
            _ => show(number.0, &packet),
        }
    }

    pub(crate) fn of(&self, number: u32) -> &Conversation {
        self.tracker.conversations().of(ConversationNo(number)).expect("it is followed")
    }

    pub(crate) fn pinging(&self, number: u32) -> &Pinging {
        match &self.of(number).facts {
            Facts::Pinging(pinging) => pinging,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn asking(&self, number: u32) -> &Asking {
        match &self.of(number).facts {
            Facts::Asking(asking) => asking,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn exchange(&self, number: u32) -> &Exchange {
        match &self.of(number).facts {
            Facts::Exchange(exchange) => exchange,
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) fn ip(protocol: u8, source: Ipv4Addr, destination: Ipv4Addr, payload: &[u8]) -> Vec<u8> {
    with_ttl(64, protocol, source, destination, payload)
}

pub(crate) fn with_ttl(ttl: u8, protocol: u8, source: Ipv4Addr, destination: Ipv4Addr, payload: &[u8]) -> Vec<u8> {
    ipv4::craft(&Ipv4 { ttl, protocol, source, destination, ..Ipv4::default() }, payload)
}

pub(crate) fn ip6(next_header: u8, source: Ipv6Addr, destination: Ipv6Addr, payload: &[u8]) -> Vec<u8> {
    ipv6::craft(&Ipv6 { next_header, source, destination, hop_limit: 255, ..Ipv6::default() }, payload)
}

pub(crate) fn echo(from: Ipv4Addr, to: Ipv4Addr, reply: bool, identifier: u16, sequence: u16) -> Vec<u8> {
    ip(ipv4::ICMP, from, to, &icmp::craft_echo(&icmp::Echo { reply, identifier, sequence }, b"netlab!!"))
}

pub(crate) fn datagram(from: (Ipv4Addr, u16), to: (Ipv4Addr, u16), data: &[u8]) -> Vec<u8> {
    let ports = Udp { source_port: from.1, destination_port: to.1 };
    ip(ipv4::UDP, from.0, to.0, &udp::craft(&ports, from.0, to.0, data))
}

/// A TCP segment: its ends, flags, numbers, options and data.
#[derive(Clone, Copy)]
pub(crate) struct Segment<'a> {
    pub from: (Ipv4Addr, u16),
    pub to: (Ipv4Addr, u16),
    pub flags: Flags,
    pub sequence: u32,
    pub acknowledgment: u32,
    pub window: u16,
    pub ttl: u8,
    pub options: &'a [TcpOption<'a>],
    pub data: &'a [u8],
}

impl Default for Segment<'_> {
    fn default() -> Self {
        Self {
            from: (PC, 5000),
            to: (SERVER, 80),
            flags: Flags::ACK,
            sequence: 0,
            acknowledgment: 0,
            window: 65535,
            ttl: 64,
            options: &[],
            data: &[],
        }
    }
}

impl Segment<'_> {
    pub(crate) fn bytes(self) -> Vec<u8> {
        let header = Tcp {
            source_port: self.from.1,
            destination_port: self.to.1,
            sequence: self.sequence,
            acknowledgment: self.acknowledgment,
            flags: self.flags,
            window: self.window,
            urgent: 0,
        };
        let segment = tcp::craft(&header, self.options, self.from.0, self.to.0, self.data);
        with_ttl(self.ttl, ipv4::TCP, self.from.0, self.to.0, &segment)
    }
}

pub(crate) fn segment(from: (Ipv4Addr, u16), to: (Ipv4Addr, u16), flags: Flags, sequence: u32) -> Vec<u8> {
    Segment { from, to, flags, sequence, ..Segment::default() }.bytes()
}

/// An ICMP error of `from` about `packet`.
pub(crate) fn error(from: Ipv4Addr, to: Ipv4Addr, kind: u8, code: u8, packet: &[u8]) -> Vec<u8> {
    let mut message = vec![kind, code, 0, 0, 0, 0, 0, 0];
    message.extend_from_slice(&packet[..packet.len().min(28)]);
    ip(ipv4::ICMP, from, to, &message)
}

pub(crate) fn arp(operation: u16, sender: (Ipv4Addr, MacAddr), target: (Ipv4Addr, MacAddr)) -> Vec<u8> {
    let packet =
        arp::Arp { operation, sender_mac: sender.1, sender_ip: sender.0, target_mac: target.1, target_ip: target.0 };
    let destination = if operation == arp::REQUEST { MacAddr::BROADCAST } else { target.1 };
    linked(sender.1, destination, ethernet::ARP, &arp::craft(&packet))
}

/// `payload` in an Ethernet frame.
pub(crate) fn linked(source: MacAddr, destination: MacAddr, ethertype: u16, payload: &[u8]) -> Vec<u8> {
    ethernet::craft(&ethernet::Ethernet { destination, source, ethertype }, payload)
}

/// An ICMPv6 message with its checksum.
pub(crate) fn icmp6(source: Ipv6Addr, destination: Ipv6Addr, message: &[u8]) -> Vec<u8> {
    let mut message = message.to_vec();
    let ends: (IpAddr, IpAddr) = (source.into(), destination.into());
    let sum = crate::proto::checksum::pseudo_header(ends.0, ends.1, ipv6::ICMPV6, message.len()).plus(&message);
    message[2..4].copy_from_slice(&sum.checksum().to_be_bytes());
    ip6(ipv6::ICMPV6, source, destination, &message)
}
