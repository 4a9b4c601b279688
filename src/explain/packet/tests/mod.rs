//! What single packets say.

mod programs;
mod reports;
mod segments;

use std::collections::HashSet;
use std::net::Ipv4Addr;

use super::*;
use crate::dissect::dissect;
use crate::explain::words::{self, Language};
use crate::model::samples::*;
use crate::model::{Fault, FaultKind, Frame, FrameNo, Generated, Header, LinkType, TrackedValue, tracked};
use crate::proto::{ipv4, udp};

fn context() -> Context {
    Context { addresses: vec![Ipv4Addr::new(192, 168, 11, 2).into()], router: None }
}

type Layers = &'static [(&'static Header, usize)];

fn said(frame: &Frame, layers: Layers) -> Vec<&'static str> {
    explain(&packet(frame, layers), &context()).iter().map(|note| note.id).collect()
}

fn text(frame: &Frame, layers: Layers) -> String {
    words::of(Language::English, &explain(&packet(frame, layers), &context())[0])
}

/// `bytes` with those at `at` replaced.
fn with(direction: Direction, bytes: &str, at: usize, replaced: &[u8]) -> Frame {
    let mut frame = frame(7, 0, direction, bytes);
    frame.bytes[at..at + replaced.len()].copy_from_slice(replaced);
    frame
}

/// Where fields begin in the sample frames.
const ETH_DST: usize = 0;
const ARP_SPA: usize = 28;
const ARP_THA: usize = 32;
const ARP_TPA: usize = 38;
const IP_FLAGS: usize = 20;
const IP_SRC: usize = 26;
const ICMP_TYPE: usize = 34;

#[test]
fn who_asks_whom_by_arp() {
    use Direction::{In, Other, Out};
    let (me, router, mac) = ([192, 168, 11, 2], [192, 168, 11, 1], [0x4c, 0xe6, 0x76, 10, 0x11, 1]);
    let arp = |direction, at, bytes: &[u8]| said(&with(direction, ARP_REQUEST, at, bytes), LINK_ARP);
    assert_eq!(arp(Out, 0, &[]), ["arp.request.sent"]);
    assert_eq!(arp(Out, ETH_DST, &mac), ["arp.request.sent-direct"]);
    assert_eq!(arp(In, ARP_SPA, &[192, 168, 11, 9]), ["arp.request.seen"]);
    assert_eq!(arp(Other, ETH_DST, &mac), ["arp.request.seen-direct"]);
    assert_eq!(arp(Out, ARP_SPA, &[0; 4]), ["arp.probe"]);
    assert_eq!(arp(Out, ARP_TPA, &me), ["arp.announcement"]);
    assert_eq!(arp(In, ARP_SPA, &[0; 4]), ["arp.probe"]);
    assert_eq!(arp(In, 0, &[]), ["arp.conflict"]);
    let mut asked = with(In, ARP_REQUEST, ARP_SPA, &router);
    asked.bytes[ARP_TPA..].copy_from_slice(&me);
    assert_eq!(said(&asked, LINK_ARP), ["arp.request.for-you"]);
    let mut gratuitous = with(Other, ARP_REQUEST, ARP_TPA, &me);
    gratuitous.bytes[ARP_THA..ARP_TPA].fill(0xff);
    assert_eq!(said(&gratuitous, LINK_ARP), ["arp.gratuitous"]);
    let with_router = Context { router: Some(Ipv4Addr::from(router).into()), ..context() };
    let question = frame(1, 0, Out, ARP_REQUEST);
    assert_eq!(explain(&packet(&question, LINK_ARP), &with_router)[0].id, "arp.request.router");
}

#[test]
fn who_answers_by_arp() {
    let reply = |direction, at, bytes: &[u8]| said(&with(direction, ARP_REPLY, at, bytes), LINK_ARP);
    assert_eq!(reply(Direction::In, 0, &[]), ["arp.reply.received"]);
    assert_eq!(reply(Direction::Out, 0, &[]), ["arp.reply.sent"]);
    assert_eq!(reply(Direction::Other, 0, &[]), ["arp.reply.seen"]);
    assert_eq!(reply(Direction::In, ETH_DST, &[0xff; 6]), ["arp.gratuitous"]);
    assert_eq!(reply(Direction::In, 20, &[0, 9]), [""; 0], "an operation that netlab has no words for");
}

#[test]
fn without_a_direction_our_addresses_decide() {
    let role = |bytes, layers: Layers| {
        let mut frame = frame(1, 0, Direction::Out, bytes);
        frame.direction = None;
        said(&frame, layers)
    };
    assert_eq!(role(ARP_REQUEST, LINK_ARP), ["arp.request.sent"]);
    assert_eq!(role(ARP_REPLY, LINK_ARP), ["arp.reply.received"]);
    assert_eq!(role(REQUEST, LINK_ICMP), ["icmp.echo.request.sent"]);
}

#[test]
fn echoes_know_their_pair() {
    assert_eq!(said(&frame(1, 0, Direction::Out, REQUEST), LINK_ICMP), ["icmp.echo.request.sent"]);
    assert_eq!(said(&frame(1, 0, Direction::In, REQUEST), LINK_ICMP), ["icmp.echo.request.received"]);
    assert_eq!(said(&with(Direction::Out, REQUEST, ETH_DST, &[0xff; 6]), LINK_ICMP), ["icmp.echo.request.everyone"]);
    assert_eq!(said(&frame(1, 0, Direction::Out, REPLY), LINK_ICMP), ["icmp.echo.reply.sent"]);
    let answer = frame(4, 0, Direction::In, REPLY);
    assert_eq!(said(&answer, LINK_ICMP), ["icmp.echo.reply.unpaired"]);
    // The question to a broadcast address may well be among the frames.
    assert!(!text(&answer, LINK_ICMP).contains("not among"), "{}", text(&answer, LINK_ICMP));
    let mut packet = packet(&answer, LINK_ICMP);
    packet.generated.push(Generated::new(2, crate::proto::icmp::AGAIN, TrackedValue::Number(3)));
    let notes = explain(&packet, &context());
    assert_eq!((notes[0].id, &notes[0].frames[..]), ("icmp.echo.reply.again", &[FrameNo(3), FrameNo(4)][..]));
    packet.generated.clear();
    packet.generated.push(Generated::new(2, tracked!("icmp.resp_to"), TrackedValue::Number(3)));
    let notes = explain(&packet, &context());
    assert_eq!((notes[0].id, &notes[0].frames[..]), ("icmp.echo.reply", &[FrameNo(3), FrameNo(4)][..]));
    // Whether its data and checksum make it the answer is not known here.
    assert_eq!(words::of(Language::English, &notes[0]), "Same id, same seq as #3: so an answer finds its question.");
}

#[test]
fn every_report_names_its_sender_and_says_something_of_its_own() {
    let reports: Vec<(u8, u8)> = (0..16).map(|code| (3, code)).chain([(4, 0), (11, 0), (11, 1)]).collect();
    let mut seen = HashSet::new();
    for (kind, code) in reports {
        let text = text(&with(Direction::In, EXPIRED, ICMP_TYPE, &[kind, code]), LINK_ERROR);
        assert!(text.contains("192.168.11.1") && text.contains("93.184.216.34"), "{kind}/{code}: {text}");
        assert!(seen.insert(text.clone()), "{kind}/{code} says what another says: {text}");
    }
    let others =
        [(5, 0), (5, 1), (9, 0), (10, 0), (12, 0), (12, 1), (12, 2), (13, 0), (14, 0), (15, 0), (17, 0), (18, 0)];
    for (kind, code) in others.into_iter().chain([(3, 16), (5, 4), (11, 2), (42, 7), (255, 255)]) {
        let text = text(&with(Direction::In, EXPIRED, ICMP_TYPE, &[kind, code]), LINK_ERROR);
        assert!(text.contains("192.168.11.1"), "{kind}/{code}: {text}");
        assert!(seen.insert(text.clone()), "{kind}/{code} says what another says: {text}");
    }
}

#[test]
fn a_closed_port_is_told_by_the_target_or_by_a_firewall() {
    let by_other = with(Direction::In, EXPIRED, ICMP_TYPE, &[3, 3]);
    assert_eq!(said(&by_other, LINK_ERROR), ["icmp.unreachable.port-by-other"]);
    let mut by_target = by_other;
    by_target.bytes[IP_SRC..IP_SRC + 4].copy_from_slice(&[93, 184, 216, 34]);
    assert_eq!(said(&by_target, LINK_ERROR), ["icmp.unreachable.port"]);
}

#[test]
fn too_big_says_how_long_is_allowed() {
    let said = text(&with(Direction::In, EXPIRED, ICMP_TYPE, &[3, 4, 0, 0, 0, 0, 5, 120]), LINK_ERROR);
    assert!(said.contains("at most 1400 bytes"), "{said}");
    let unsaid = text(&with(Direction::In, EXPIRED, ICMP_TYPE, &[3, 4, 0, 0, 0, 0, 0, 0]), LINK_ERROR);
    assert!(unsaid.contains("does not say how long"), "{unsaid}");
}

#[test]
fn pieces_say_where_they_belong() {
    static LINK_IP: &[(&Header, usize)] = &[(&ETH, 14), (&IP, 20)];
    let piece = |flags: [u8; 2]| said(&with(Direction::In, REPLY, IP_FLAGS, &flags), LINK_IP);
    assert_eq!(piece([0x20, 0]), ["ip.fragment.first"]);
    assert_eq!(piece([0x20, 185]), ["ip.fragment.middle"]);
    assert_eq!(piece([0x01, 0x72]), ["ip.fragment.last"]);
    assert_eq!(piece([0x40, 0]), [""; 0]);
    let text = text(&with(Direction::In, REPLY, IP_FLAGS, &[0x20, 185]), LINK_IP);
    assert!(text.contains("1480 bytes after the start"), "{text}");
}

#[test]
fn a_wrong_checksum_is_told_from_one_not_yet_computed() {
    let (me, you) = (Ipv4Addr::new(192, 168, 11, 2), Ipv4Addr::new(192, 168, 11, 1));
    let ip = ipv4::Ipv4 { protocol: ipv4::UDP, source: me, destination: you, ttl: 64, ..Default::default() };
    let datagram = udp::craft(&udp::Udp { source_port: 1, destination_port: 2 }, me, you, b"hello");
    let ids = |change: &dyn Fn(&mut Frame)| {
        let mut frame = frame(1, 0, Direction::Out, "");
        frame.link = LinkType::RawIp;
        frame.bytes = ipv4::craft(&ip, &datagram);
        change(&mut frame);
        explain(&dissect(&frame), &context()).iter().map(|note| note.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(&|_| ()), ["udp.datagram"]);
    assert_eq!(ids(&|frame| frame.bytes[10] ^= 1), ["udp.datagram", "ip.checksum.bad"]);
    assert_eq!(ids(&|frame| frame.bytes[30] ^= 1), ["udp.datagram", "udp.checksum.bad"]);
    let pending = |frame: &mut Frame| {
        frame.bytes[26] ^= 1;
        frame.checksum_pending = true;
    };
    assert_eq!(ids(&pending), ["udp.datagram", "frame.checksum-pending"]);
}

#[test]
fn missing_bytes_say_who_cut_them() {
    let fault = |offset, kind| Fault { kind, layer: "icmp", offset, needed: 8, available: 3, because: "ip.len" };
    let last = |original: usize, fault: Fault| {
        let frame = Frame { original, ..frame(1, 0, Direction::In, EXPIRED) };
        let mut packet = packet(&frame, LINK_ERROR);
        packet.faults.push(fault);
        explain(&packet, &context()).last().map(|note| note.id)
    };
    let whole = frame(1, 0, Direction::In, EXPIRED).bytes.len();
    assert_eq!(last(whole, fault(34, FaultKind::Truncated)), Some("frame.truncated"));
    assert_eq!(last(whole + 1, fault(34, FaultKind::Truncated)), Some("frame.cut"));
    assert_eq!(last(whole, fault(34, FaultKind::Malformed)), Some("frame.malformed"));
}

#[test]
fn any_bytes_are_taken_calmly() {
    for (bytes, layers) in [(ARP_REQUEST, LINK_ARP), (REPLY, LINK_ICMP), (EXPIRED, LINK_ERROR)] {
        let whole = frame(1, 0, Direction::In, bytes);
        for at in 0..whole.bytes.len() {
            for mask in [0xff, 0x01, 0x80, 0x55] {
                let mut frame = whole.clone();
                frame.bytes[at] ^= mask;
                for note in explain(&packet(&frame, layers), &context()) {
                    assert!(!words::of(Language::English, &note).is_empty());
                }
            }
            // Bytes missing at the end: the layers still claim them.
            let mut cut = packet(&whole, layers);
            let short = Frame { bytes: whole.bytes[..at].to_vec(), ..whole.clone() };
            cut.frame = &short;
            assert!(explain(&cut, &context()).iter().all(|note| !note.id.is_empty()));
        }
    }
}
