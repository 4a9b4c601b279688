//! Which packets belong together, and what is known of them.

use std::net::Ipv4Addr;

use super::*;
use crate::converse::Tracker;
use crate::dissect::dissect;
use crate::model::{Frame, LinkType};
use crate::proto::arp;
use crate::proto::ethernet;
use crate::proto::icmp;
use crate::proto::ipv4::{self, Ipv4};
use crate::proto::tcp::{self, Flags, Tcp};
use crate::proto::udp::{self, Udp};

const PC: Ipv4Addr = Ipv4Addr::new(192, 168, 11, 2);
const ROUTER: Ipv4Addr = Ipv4Addr::new(192, 168, 11, 1);
const SERVER: Ipv4Addr = Ipv4Addr::new(93, 184, 216, 34);
const PC_MAC: MacAddr = MacAddr([2, 0, 0, 0, 0, 2]);
const ROUTER_MAC: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);

/// Frames a millisecond apart, each given to the tracker; the numbers of their conversations.
#[derive(Default)]
struct Capture {
    tracker: Tracker,
    count: u32,
}

impl Capture {
    fn see(&mut self, bytes: Vec<u8>) -> u32 {
        self.count += 1;
        let link = if bytes[0] >> 4 == 4 { LinkType::RawIp } else { LinkType::Ethernet };
        let frame = Frame {
            number: FrameNo(self.count),
            time: Nanos(i64::from(self.count) * 1_000_000),
            direction: None,
            link,
            original: bytes.len(),
            checksum_pending: false,
            bytes,
        };
        let mut packet = dissect(&frame);
        let (number, _, piece) = self.tracker.observe(&mut packet);
        if let Piece::Last(whole) = piece {
            self.tracker.observe_reassembled(&mut dissect(&whole));
        }
        number.0
    }

    fn of(&self, number: u32) -> &Conversation {
        self.tracker.conversations().of(ConversationNo(number)).expect("it is followed")
    }

    fn pinging(&self, number: u32) -> &Pinging {
        match &self.of(number).facts {
            Facts::Pinging(pinging) => pinging,
            other => panic!("{other:?}"),
        }
    }

    fn asking(&self, number: u32) -> &Asking {
        match &self.of(number).facts {
            Facts::Asking(asking) => asking,
            other => panic!("{other:?}"),
        }
    }
}

fn ip(protocol: u8, source: Ipv4Addr, destination: Ipv4Addr, payload: &[u8]) -> Vec<u8> {
    ipv4::craft(&Ipv4 { protocol, source, destination, ..Ipv4::default() }, payload)
}

fn echo(from: Ipv4Addr, to: Ipv4Addr, reply: bool, identifier: u16, sequence: u16) -> Vec<u8> {
    ip(ipv4::ICMP, from, to, &icmp::craft_echo(&icmp::Echo { reply, identifier, sequence }, b"netlab!!"))
}

fn datagram(from: (Ipv4Addr, u16), to: (Ipv4Addr, u16), data: &[u8]) -> Vec<u8> {
    let ports = Udp { source_port: from.1, destination_port: to.1 };
    ip(ipv4::UDP, from.0, to.0, &udp::craft(&ports, from.0, to.0, data))
}

fn segment(from: (Ipv4Addr, u16), to: (Ipv4Addr, u16), flags: Flags, sequence: u32) -> Vec<u8> {
    let (source_port, destination_port) = (from.1, to.1);
    let header = Tcp { source_port, destination_port, sequence, acknowledgment: 0, flags, window: 65535, urgent: 0 };
    ip(ipv4::TCP, from.0, to.0, &tcp::craft(&header, &[], from.0, to.0, &[]))
}

/// An ICMP error of `from` about `packet`.
fn error(from: Ipv4Addr, to: Ipv4Addr, kind: u8, code: u8, packet: &[u8]) -> Vec<u8> {
    let mut message = vec![kind, code, 0, 0, 0, 0, 0, 0];
    message.extend_from_slice(&packet[..packet.len().min(28)]);
    ip(ipv4::ICMP, from, to, &message)
}

fn arp(operation: u16, sender: (Ipv4Addr, MacAddr), target: (Ipv4Addr, MacAddr)) -> Vec<u8> {
    let packet =
        arp::Arp { operation, sender_mac: sender.1, sender_ip: sender.0, target_mac: target.1, target_ip: target.0 };
    let destination = if operation == arp::REQUEST { MacAddr::BROADCAST } else { target.1 };
    linked(sender.1, destination, ethernet::ARP, &arp::craft(&packet))
}

fn linked(source: MacAddr, destination: MacAddr, ethertype: u16, payload: &[u8]) -> Vec<u8> {
    ethernet::craft(&ethernet::Ethernet { destination, source, ethertype }, payload)
}

#[test]
fn both_directions_are_one_conversation_and_two_pings_are_two() {
    let mut capture = Capture::default();
    assert_eq!(capture.see(echo(PC, SERVER, false, 7, 1)), 1);
    assert_eq!(capture.see(echo(PC, SERVER, false, 8, 1)), 2);
    assert_eq!(capture.see(echo(SERVER, PC, true, 7, 1)), 1);
    assert_eq!(capture.see(echo(SERVER, PC, true, 8, 1)), 2);
    assert_eq!(capture.see(datagram((PC, 5000), (SERVER, 53), b"?")), 3);
    assert_eq!(capture.see(datagram((SERVER, 53), (PC, 5000), b"!!")), 3);
    assert_eq!(capture.see(datagram((PC, 5001), (SERVER, 53), b"?")), 4);
    assert_eq!(capture.see(segment((PC, 5000), (SERVER, 53), Flags::SYN, 1)), 5);
    assert_eq!(capture.see(segment((SERVER, 53), (PC, 5000), Flags::RST, 0)), 5);
    assert_eq!(capture.of(1).packets, [1, 1]);
    assert_eq!(capture.of(3).bytes, [29, 30]);
    let Facts::Exchange(exchange) = &capture.of(3).facts else { panic!("datagrams") };
    assert_eq!((exchange.bytes, exchange.first_answer), ([1, 2], Some(Nanos::MILLISECOND)));
    assert_eq!(capture.tracker.conversations().count(), 5);
}

#[test]
fn a_ping_knows_what_became_of_each_request() {
    let mut capture = Capture::default();
    for sequence in 1..=4 {
        capture.see(echo(PC, SERVER, false, 7, sequence));
    }
    for sequence in [1, 2, 2, 4, 9] {
        capture.see(echo(SERVER, PC, true, 7, sequence));
    }
    let pinging = capture.pinging(1);
    assert_eq!((pinging.requests.count(), pinging.replies.count(), pinging.unanswered()), (4, 3, 1));
    assert_eq!(pinging.silent().collect::<Vec<_>>(), [(3, FrameNo(3))]);
    assert_eq!((pinging.duplicates.named(), pinging.unasked.named()), (&[FrameNo(7)][..], &[FrameNo(9)][..]));
    assert_eq!(pinging.data, Some(8));
    assert_eq!(pinging.rtts.summary().map(|rtt| rtt.min), Some(Nanos(4 * Nanos::MILLISECOND.0)));
    // An answer that comes after many other requests still counts.
    let mut capture = Capture::default();
    for sequence in 1..=40 {
        capture.see(echo(PC, SERVER, false, 7, sequence));
    }
    assert_eq!(capture.pinging(1).unanswered(), 40);
    capture.see(echo(SERVER, PC, true, 7, 2));
    assert_eq!((capture.pinging(1).unanswered(), capture.pinging(1).replies.count()), (39, 1));
}

#[test]
fn whoever_asks_comes_first_even_if_only_the_answer_is_there() {
    let mut capture = Capture::default();
    capture.see(echo(SERVER, PC, true, 7, 1));
    assert_eq!(capture.of(1).kind, Kind::Echo(PC.into(), SERVER.into(), 7));
    assert_eq!(capture.of(1).packets, [0, 1]);
    assert_eq!(capture.pinging(1).unasked.count(), 1);
}

#[test]
fn an_error_belongs_to_what_it_complains_about() {
    let mut capture = Capture::default();
    let syn = segment((PC, 5000), (SERVER, 80), Flags::SYN, 1);
    let question = datagram((PC, 5000), (SERVER, 53), b"?");
    let ping = echo(PC, SERVER, false, 7, 1);
    let other = ip(47, PC, SERVER, &[0; 20]);
    for packet in [&syn, &question, &ping, &other] {
        capture.see(packet.clone());
    }
    for (number, packet) in (1..).zip([&syn, &question, &ping, &other]) {
        assert_eq!(capture.see(error(ROUTER, PC, 3, 13, packet)), number);
        let complaint = &capture.of(number).complaints[0];
        assert_eq!((complaint.from, complaint.kind, complaint.code), (ROUTER.into(), 3, 13));
        assert_eq!((complaint.target, complaint.frames.count()), (Some(SERVER.into()), 1));
        assert_eq!(capture.of(number).packets, [1, 1]);
    }
    // The packet itself was not seen: the error stands for itself.
    let unseen = datagram((PC, 9999), (SERVER, 53), b"?");
    assert_eq!(capture.see(error(ROUTER, PC, 3, 13, &unseen)), 5);
    assert_eq!(capture.of(5).complaints[0].target, Some(SERVER.into()));
}

#[test]
fn fragments_follow_their_first_and_the_whole_counts() {
    let mut capture = Capture::default();
    let message = icmp::craft_echo(&icmp::Echo { reply: false, identifier: 7, sequence: 1 }, &[0; 3000]);
    let header = |identification| Ipv4 {
        protocol: ipv4::ICMP,
        source: PC,
        destination: SERVER,
        identification,
        ..Ipv4::default()
    };
    for piece in ipv4::fragments(&header(1), &message, 1500) {
        assert_eq!(capture.see(piece), 1);
    }
    let pieces = capture.of(1).pieces.as_deref().expect("pieces");
    assert_eq!((pieces.fragments.count(), pieces.begun, pieces.wholes.named()), (3, 1, &[FrameNo(3)][..]));
    assert_eq!(capture.pinging(1).requests.named(), [FrameNo(3)]);
    assert_eq!(capture.pinging(1).data, Some(3000));
    // One is missing.
    capture.see(ipv4::fragments(&header(2), &message, 1500)[0].clone());
    let pieces = capture.of(1).pieces.as_deref().expect("pieces");
    assert_eq!((pieces.begun, pieces.wholes.count()), (2, 1));
    assert_eq!(capture.pinging(1).requests.count(), 1);
}

#[test]
fn who_has_an_address_and_how_long_the_answer_took() {
    let mut capture = Capture::default();
    let ask = || arp(arp::REQUEST, (PC, PC_MAC), (ROUTER, MacAddr::ZERO));
    let answer = |mac| arp(arp::REPLY, (ROUTER, mac), (PC, PC_MAC));
    assert_eq!(capture.see(ask()), 1);
    assert_eq!(capture.see(ask()), 1);
    assert_eq!(capture.see(answer(ROUTER_MAC)), 1);
    let asking = capture.asking(1);
    assert_eq!((asking.questions[0].count(), asking.direct), (2, 0));
    assert_eq!((asking.rtt, asking.owners.len()), (Some(Nanos::MILLISECOND), 1));
    assert_eq!((asking.owners[0].mac, asking.conflict), (ROUTER_MAC, None));
    // Somebody else has it, too.
    capture.see(answer(MacAddr([2, 0, 0, 0, 0, 9])));
    let asking = capture.asking(1);
    assert_eq!(asking.owners.len(), 2);
    let conflict = asking.conflict.expect("two owners");
    assert_eq!((conflict.address, conflict.earlier), (ROUTER, (ROUTER_MAC, FrameNo(3))));
    assert_eq!(conflict.here.1, FrameNo(4));
}

#[test]
fn the_first_packet_waits_for_the_answer() {
    let mut capture = Capture::default();
    capture.see(arp(arp::REQUEST, (PC, PC_MAC), (ROUTER, MacAddr::ZERO)));
    capture.see(arp(arp::REQUEST, (PC, PC_MAC), (ROUTER, MacAddr::ZERO)));
    capture.see(arp(arp::REPLY, (ROUTER, ROUTER_MAC), (PC, PC_MAC)));
    let to_router = |packet: &[u8]| linked(PC_MAC, ROUTER_MAC, ethernet::IPV4, packet);
    let number = capture.see(to_router(&echo(PC, SERVER, false, 7, 1)));
    let wait = capture.of(number).wait.expect("it waited");
    assert_eq!((wait.address, wait.question.frame, wait.answer.frame), (ROUTER.into(), FrameNo(1), FrameNo(3)));
    let number = capture.see(to_router(&echo(PC, SERVER, false, 8, 1)));
    assert_eq!(capture.of(number).wait, None, "the MAC address was known by then");
    let reply = linked(ROUTER_MAC, PC_MAC, ethernet::IPV4, &echo(SERVER, PC, true, 8, 1));
    capture.see(reply);
    assert_eq!(capture.of(number).sides.map(|side| side.is_near), [Some(true), None]);
    let near = linked(ROUTER_MAC, PC_MAC, ethernet::IPV4, &echo(ROUTER, PC, true, 9, 1));
    let number = capture.see(near);
    assert_eq!(capture.of(number).sides[1].is_near, Some(true));
}

#[test]
fn memory_is_bounded_and_who_speaks_stays() {
    let mut capture = Capture::default();
    let flood = |index: u32| datagram((Ipv4Addr::from(0x0a00_0000 + index), 9), (SERVER, 9), b"");
    assert_eq!(capture.see(echo(PC, SERVER, false, 7, 1)), 1);
    for index in 0..3 * 4096 {
        capture.see(flood(index));
        if index % 1000 == 0 {
            assert_eq!(capture.see(echo(PC, SERVER, false, 7, 1)), 1, "after {index}");
        }
    }
    let conversations = capture.tracker.conversations_mut();
    assert_eq!(conversations.open.len(), FOLLOWED);
    assert!(conversations.places.len() <= FOLLOWED && conversations.numbers.len() <= FOLLOWED);
    assert!(conversations.ended.len() <= UNTOLD);
    let mut told = 0;
    while let Some(ended) = conversations.ended() {
        assert_ne!(ended.number, ConversationNo(1));
        told += 1;
    }
    assert_eq!(told, UNTOLD);
    let rest = conversations.finish();
    assert!(rest.is_sorted_by_key(|conversation| conversation.number));
    assert_eq!((rest.len(), rest[0].number), (FOLLOWED, ConversationNo(1)));
    assert_eq!(conversations.count(), 3 * 4096 + 1);
}
