//! Which packets belong together, and what is known of them.

use std::net::Ipv6Addr;

use super::*;
use crate::converse::tests::*;
use crate::model::MacAddr;
use crate::proto::arp;
use crate::proto::ethernet;
use crate::proto::icmp;
use crate::proto::ipv4::{self, Ipv4};
use crate::proto::tcp::Flags;

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
    let exchange = capture.exchange(3);
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
fn answers_to_a_question_to_everyone_belong_to_it() {
    let mut capture = Capture::default();
    let everyone = Ipv4Addr::new(192, 168, 11, 255);
    let ask = |sequence| linked(PC_MAC, MacAddr::BROADCAST, ethernet::IPV4, &echo(PC, everyone, false, 7, sequence));
    assert_eq!(capture.see(ask(1)), 1);
    for last in [1, 7, 7, 9] {
        assert_eq!(capture.see(echo(Ipv4Addr::new(192, 168, 11, last), PC, true, 7, 1)), 1);
    }
    assert_eq!(capture.see(echo(ROUTER, PC, true, 8, 1)), 2, "another ping");
    assert!(capture.of(1).to_group);
    assert_eq!(capture.pinging(1).answerers.len(), 3);
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

/// A neighbour discovery message about `target`: kind, flags and the MAC address in its option.
fn neighbour(kind: u8, bits: u8, target: Ipv6Addr, mac: MacAddr) -> Vec<u8> {
    let option = [if kind == 135 { 1 } else { 2 }, 1];
    [&[kind, 0, 0, 0, bits, 0, 0, 0][..], &target.octets(), &option, &mac.0].concat()
}

#[test]
fn ipv6_asks_for_mac_addresses_too() {
    let address = |last: u16| Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, last);
    let group = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00, 7);
    let mac = |last| MacAddr([2, 0, 0, 0, 0, last]);
    let mut capture = Capture::default();
    let question = icmp6(address(2), group, &neighbour(135, 0, address(7), mac(2)));
    let answer = icmp6(address(7), address(2), &neighbour(136, 0x60, address(7), mac(7)));
    assert_eq!(capture.see(linked(mac(2), MacAddr([0x33, 0x33, 0xff, 0, 0, 7]), ethernet::IPV6, &question)), 1);
    assert_eq!(capture.see(linked(mac(7), mac(2), ethernet::IPV6, &answer)), 1);
    assert_eq!(capture.of(1).kind, Kind::Neighbour(address(2).into(), address(7).into()));
    let asking = capture.asking(1);
    assert_eq!((asking.questions[0].count(), asking.owners[0].mac), (1, mac(7)));
    assert_eq!(asking.rtt, Some(Nanos::MILLISECOND));
    // Duplicate address detection, and somebody who objects to everyone.
    let probe = icmp6(Ipv6Addr::UNSPECIFIED, group, &neighbour(135, 0, address(9), mac(3)));
    let objection =
        icmp6(address(9), Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1), &neighbour(136, 0x20, address(9), mac(9)));
    let everyone = MacAddr([0x33, 0x33, 0, 0, 0, 1]);
    assert_eq!(capture.see(linked(mac(3), everyone, ethernet::IPV6, &probe)), 2);
    assert_eq!(capture.see(linked(mac(9), everyone, ethernet::IPV6, &objection)), 2);
    assert_eq!((capture.asking(2).probes.count(), capture.asking(2).owners[0].mac), (1, mac(9)));
    // An echo and an error about it.
    let ping = icmp6(address(2), address(7), &[128, 0, 0, 0, 0x12, 0x34, 0, 1]);
    assert_eq!(capture.see(ping.clone()), 3);
    assert_eq!(capture.see(icmp6(address(7), address(2), &[129, 0, 0, 0, 0x12, 0x34, 0, 1])), 3);
    let error = [&[1, 3, 0, 0, 0, 0, 0, 0][..], &ping].concat();
    assert_eq!(capture.see(icmp6(address(1), address(2), &error)), 3);
    let complaint = &capture.of(3).complaints[0];
    assert_eq!((complaint.from, complaint.kind, complaint.code), (address(1).into(), 1, 3));
}

#[test]
fn whoever_probes_and_then_announces_is_one_conversation() {
    let mut capture = Capture::default();
    let mine = (PC, PC_MAC);
    let probe = || arp(arp::REQUEST, (Ipv4Addr::UNSPECIFIED, PC_MAC), (PC, MacAddr::ZERO));
    assert_eq!(capture.see(probe()), 1);
    assert_eq!(capture.see(probe()), 1);
    assert_eq!(capture.see(arp(arp::REQUEST, mine, (PC, MacAddr::ZERO))), 1);
    let asking = capture.asking(1);
    assert_eq!((asking.probes.count(), asking.announcements.count(), asking.owners.len()), (2, 1, 0));
    assert_eq!(capture.see(arp(arp::REPLY, (PC, ROUTER_MAC), (Ipv4Addr::UNSPECIFIED, PC_MAC))), 1);
    assert_eq!(capture.asking(1).owners[0].mac, ROUTER_MAC);
    assert!(capture.asking(1).conflict.is_some());
}

#[test]
fn a_lease_is_one_conversation_whatever_addresses_it_goes_through() {
    let message = |kind: u8, given: Ipv4Addr| {
        let mut bytes = vec![0_u8; 240];
        bytes[..8].copy_from_slice(&[1, 1, 6, 0, 0xca, 0xfe, 0, 1]);
        bytes[16..20].copy_from_slice(&given.octets());
        bytes[236..240].copy_from_slice(&[0x63, 0x82, 0x53, 0x63]);
        bytes.extend([53, 1, kind, 255]);
        bytes
    };
    let (nobody, everyone) = (Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST);
    let mut capture = Capture::default();
    assert_eq!(capture.see(datagram((nobody, 68), (everyone, 67), &message(1, nobody))), 1);
    assert_eq!(capture.see(datagram((ROUTER, 67), (PC, 68), &message(2, PC))), 1);
    assert_eq!(capture.see(datagram((nobody, 68), (everyone, 67), &message(3, nobody))), 1);
    assert_eq!(capture.see(datagram((ROUTER, 67), (PC, 68), &message(5, PC))), 1);
    let lease = capture.exchange(1).lease.as_deref().expect("a lease");
    assert_eq!(lease.steps.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [1, 2, 3, 5]);
    assert_eq!((lease.address, capture.of(1).packets), (Some(PC), [2, 2]));
}

#[test]
fn look_ups_find_their_answers() {
    let question =
        |id: u8| [&[0, id, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0][..], b"\x03www\x04test\x00\x00\x01\x00\x01"].concat();
    let mut answer = question(2);
    (answer[2], answer[3]) = (0x81, 0x83);
    let mut capture = Capture::default();
    assert_eq!(capture.see(datagram((PC, 5000), (SERVER, 53), &question(1))), 1);
    assert_eq!(capture.see(datagram((PC, 5000), (SERVER, 53), &question(2))), 1);
    assert_eq!(capture.see(datagram((SERVER, 53), (PC, 5000), &answer)), 1);
    let lookups = capture.exchange(1).lookups.kept();
    assert_eq!((lookups.len(), lookups[0].answer), (2, None));
    assert_eq!((lookups[1].name.as_str(), lookups[1].kind), ("www.test", Some("A")));
    assert_eq!(lookups[1].answer.map(|answer| (answer.code, answer.at.frame)), Some((3, FrameNo(3))));
}
