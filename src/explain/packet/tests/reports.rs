//! What ICMP and ICMPv6 messages say, each with a rule of its own.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::super::*;
use crate::converse::tests::*;
use crate::explain::words::{self, Language};
use crate::proto::{ethernet, ipv4};

fn said(bytes: Vec<u8>) -> Vec<Note> {
    Capture::default().show(bytes, |_, packet| explain(packet, &Context::default()))
}

fn ids(bytes: Vec<u8>) -> Vec<&'static str> {
    said(bytes).iter().map(|note| note.id).filter(|id| !id.ends_with("checksum.bad")).collect()
}

#[test]
fn every_icmp_message_has_its_rule() {
    let packet = datagram((PC, 5000), (SERVER, 53), b"?");
    let report = |kind, code| ids(error(ROUTER, PC, kind, code, &packet));
    for (kind, code, expected) in [
        (3, 0, "icmp.unreachable.net"),
        (3, 1, "icmp.unreachable.host"),
        (3, 2, "icmp.unreachable.protocol"),
        (3, 3, "icmp.unreachable.port-by-other"),
        (3, 4, "icmp.unreachable.too-big-unsaid"),
        (3, 5, "icmp.unreachable.source-route"),
        (3, 6, "icmp.unreachable.net-unknown"),
        (3, 7, "icmp.unreachable.host-unknown"),
        (3, 8, "icmp.unreachable.isolated"),
        (3, 9, "icmp.unreachable.net-forbidden"),
        (3, 10, "icmp.unreachable.host-forbidden"),
        (3, 11, "icmp.unreachable.net-service"),
        (3, 12, "icmp.unreachable.host-service"),
        (3, 13, "icmp.unreachable.forbidden"),
        (3, 14, "icmp.unreachable.precedence"),
        (3, 15, "icmp.unreachable.precedence-cutoff"),
        (3, 16, "icmp.unreachable.other"),
        (4, 0, "icmp.source-quench"),
        (5, 0, "icmp.redirect.net"),
        (5, 1, "icmp.redirect.host"),
        (11, 0, "icmp.time-exceeded.ttl"),
        (11, 1, "icmp.time-exceeded.reassembly"),
        (12, 0, "icmp.parameter-problem"),
        (12, 1, "icmp.parameter-problem.option-missing"),
        (12, 2, "icmp.parameter-problem.length"),
        (42, 0, "icmp.other"),
    ] {
        assert_eq!(report(kind, code), [expected], "{kind}/{code}");
    }
    let refused = segment((PC, 5000), (SERVER, 80), crate::proto::tcp::Flags::SYN, 1);
    assert_eq!(ids(error(SERVER, PC, 3, 3, &refused)), ["icmp.unreachable.port-for-tcp"]);
    let mut too_big = error(ROUTER, PC, 3, 4, &packet);
    too_big[26..28].copy_from_slice(&1400_u16.to_be_bytes());
    assert_eq!(ids(too_big), ["icmp.unreachable.too-big"]);
    let message = |kind: u8| ids(ip(ipv4::ICMP, ROUTER, PC, &[[kind, 0, 0, 0].as_slice(), &[0; 16]].concat()));
    for (kind, expected) in [
        (9, "icmp.router-advertisement"),
        (10, "icmp.router-solicitation"),
        (13, "icmp.timestamp.request"),
        (14, "icmp.timestamp.reply"),
        (15, "icmp.information"),
        (16, "icmp.information"),
        (17, "icmp.address-mask.request"),
        (18, "icmp.address-mask.reply"),
    ] {
        assert_eq!(message(kind), [expected], "{kind}");
    }
    assert_eq!(ids(echo(PC, SERVER, false, 7, 1)), ["icmp.echo.request.seen"]);
    let mut wrong = echo(PC, SERVER, false, 7, 1);
    wrong[22] ^= 1;
    assert_eq!(said(wrong).last().map(|note| note.id), Some("icmp.checksum.bad"));
}

const ME: Ipv6Addr = Ipv6Addr::new(0xfd00, 7, 0, 0, 0, 0, 0, 2);
const THEM: Ipv6Addr = Ipv6Addr::new(0xfd00, 7, 0, 0, 0, 0, 0, 7);
const GATE: Ipv6Addr = Ipv6Addr::new(0xfd00, 7, 0, 0, 0, 0, 0, 1);
const ALL: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);

#[test]
fn every_icmpv6_message_has_its_rule() {
    let packet = icmp6(ME, THEM, &[128, 0, 0, 0, 0, 7, 0, 1]);
    let report = |from, kind: u8, code: u8| {
        let message = [&[kind, code, 0, 0, 0, 0, 5, 0][..], &packet].concat();
        ids(icmp6(from, ME, &message))
    };
    for (kind, code, expected) in [
        (1, 0, "icmpv6.unreachable.no-route"),
        (1, 1, "icmpv6.unreachable.forbidden"),
        (1, 2, "icmpv6.unreachable.scope"),
        (1, 3, "icmpv6.unreachable.address"),
        (1, 4, "icmpv6.unreachable.port-by-other"),
        (1, 5, "icmpv6.unreachable.source-refused"),
        (1, 6, "icmpv6.unreachable.route-refused"),
        (1, 7, "icmpv6.unreachable.source-route"),
        (2, 0, "icmpv6.too-big"),
        (3, 0, "icmpv6.time-exceeded.hop-limit"),
        (3, 1, "icmpv6.time-exceeded.reassembly"),
        (4, 0, "icmpv6.parameter-problem"),
        (4, 1, "icmpv6.parameter-problem.next-header"),
        (1, 77, "icmpv6.other"),
    ] {
        assert_eq!(report(GATE, kind, code), [expected], "{kind}/{code}");
    }
    assert_eq!(report(THEM, 1, 4), ["icmpv6.unreachable.port"]);
    let message =
        |kind: u8, length: usize| ids(icmp6(GATE, ALL, &[&[kind, 0, 0, 0][..], &vec![0; length - 4]].concat()));
    for (kind, length, expected) in [
        (130, 28, "icmpv6.listeners"),
        (131, 24, "icmpv6.listens"),
        (132, 24, "icmpv6.listens-no-more"),
        (133, 8, "icmpv6.router.solicitation"),
        (134, 16, "icmpv6.router.advertisement"),
        (137, 40, "icmpv6.redirect"),
        (143, 8, "icmpv6.listens"),
        (200, 8, "icmpv6.other"),
    ] {
        assert_eq!(message(kind, length), [expected], "{kind}");
    }
    let mut wrong = icmp6(ME, THEM, &[128, 0, 0, 0, 0, 7, 0, 1]);
    wrong[42] ^= 1;
    assert_eq!(said(wrong).last().map(|note| note.id), Some("icmpv6.checksum.bad"));
    let request = said(icmp6(ME, THEM, &[128, 0, 0, 0, 0, 7, 0, 1]));
    assert_eq!((request[0].id, request[0].source), ("icmp.echo.request.seen", Some("RFC 4443 §4")));
}

#[test]
fn neighbours_ask_and_tell() {
    let group = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00, 7);
    let ask = |from, to| ids(icmp6(from, to, &[&[135, 0, 0, 0, 0, 0, 0, 0][..], &THEM.octets()].concat()));
    assert_eq!(ask(Ipv6Addr::UNSPECIFIED, group), ["icmpv6.neighbour.probe"]);
    assert_eq!(ask(ME, group), ["icmpv6.neighbour.asks"]);
    assert_eq!(ask(ME, THEM), ["icmpv6.neighbour.asks-direct"]);
    let tell = |to, bits: u8, option: &[u8]| {
        ids(icmp6(THEM, to, &[&[136, 0, 0, 0, bits, 0, 0, 0][..], &THEM.octets(), option].concat()))
    };
    assert_eq!(tell(ME, 0x40, &[2, 1, 2, 0, 0, 0, 0, 7]), ["icmpv6.neighbour.answers"]);
    assert_eq!(tell(ME, 0x40, &[]), ["icmpv6.neighbour.answers-only"]);
    assert_eq!(tell(ALL, 0x20, &[2, 1, 2, 0, 0, 0, 0, 7]), ["icmpv6.neighbour.tells"]);
}

#[test]
fn addresses_of_two_machines_and_defences() {
    let mut capture = Capture::default();
    capture.see(arp(2, (ROUTER, ROUTER_MAC), (PC, PC_MAC)));
    let other = arp(2, (ROUTER, PC_MAC), (PC, ROUTER_MAC));
    let notes = capture.show(other, |_, packet| explain(packet, &Context::default()));
    let conflict = notes.iter().find(|note| note.id == "arp.duplicate").expect("a conflict");
    assert!(words::of(Language::English, conflict).contains("another MAC address in #1"));
    let defence = arp(2, (PC, PC_MAC), (Ipv4Addr::UNSPECIFIED, ROUTER_MAC));
    assert_eq!(ids(defence), ["arp.defence"]);
}

#[test]
fn whom_datagrams_go_to_and_how_long_frames_are() {
    let to = |to, mac| linked(PC_MAC, mac, ethernet::IPV4, &datagram((PC, 5000), (to, 7), b"?"));
    let everyone = MacAddr::BROADCAST;
    assert_eq!(ids(to(Ipv4Addr::BROADCAST, everyone)), ["udp.datagram", "ip.to-everyone"]);
    assert_eq!(ids(to(Ipv4Addr::new(192, 168, 11, 255), everyone)), ["udp.datagram", "ip.to-everyone"]);
    let group = MacAddr([1, 0, 0x5e, 1, 2, 3]);
    assert_eq!(ids(to(Ipv4Addr::new(239, 1, 2, 3), group)), ["udp.datagram", "ip.to-group"]);
    let giant = Segment { data: &[0; 3000], ..Segment::default() }.bytes();
    assert_eq!(ids(linked(PC_MAC, ROUTER_MAC, ethernet::IPV4, &giant)), ["tcp.data", "frame.larger"]);
    let mut wrong = Segment::default().bytes();
    wrong[36] ^= 1;
    assert_eq!(said(wrong).last().map(|note| note.id), Some("tcp.checksum.bad"));
    let hello = |kind| {
        let bpdu = [&[0x42, 0x42, 3, 0, 0, 0, kind][..], &[0; 40]].concat();
        ids(linked(PC_MAC, MacAddr([1, 0x80, 0xc2, 0, 0, 0]), 38, &bpdu))
    };
    assert_eq!(hello(0), ["stp.hello"]);
    assert_eq!(hello(0x80), ["stp.change"]);
}
