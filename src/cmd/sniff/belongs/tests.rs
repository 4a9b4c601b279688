//! Frames and words in, verdicts out.

use super::*;
use crate::dissect::dissect;
use crate::model::{Frame, FrameNo, LinkType};

const UDP: u8 = 17;
const ICMP: u8 = 1;
const US: [u8; 4] = [10, 0, 0, 1];
const THEM: [u8; 4] = [10, 0, 0, 2];

/// A frame at `time` ms, with the two ends' ports and what follows them.
fn frame(time: i64, protocol: u8, from: ([u8; 4], u16), to: ([u8; 4], u16)) -> Frame {
    let mut bytes = vec![2, 0, 0, 0, 0, to.0[3], 2, 0, 0, 0, 0, from.0[3], 8, 0];
    bytes.extend([0x45, 0, 0, 40, 0, 7, 0, 0, 64, protocol, 0, 0]);
    bytes.extend(from.0);
    bytes.extend(to.0);
    match protocol {
        ICMP => {
            let (kind, identifier) = if from.1 > 0 { (8, from.1) } else { (0, to.1) };
            bytes.extend([kind, 0, 0, 0]);
            bytes.extend(identifier.to_be_bytes());
            bytes.extend([0, 1]);
        }
        _ => {
            bytes.extend(from.1.to_be_bytes());
            bytes.extend(to.1.to_be_bytes());
            bytes.extend([0, 20, 0, 0]);
        }
    }
    bytes.resize(14 + 40, 0);
    captured(time, from.0 == US, bytes)
}

fn captured(time: i64, out: bool, bytes: Vec<u8>) -> Frame {
    Frame {
        number: FrameNo(1),
        time: Nanos(time * 1_000_000),
        direction: Some(if out { Direction::Out } else { Direction::In }),
        link: LinkType::Ethernet,
        original: bytes.len(),
        checksum_pending: false,
        bytes,
    }
}

/// An ICMP error from them about a frame of ours.
fn error(time: i64, about: &Frame) -> Frame {
    let mut bytes = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
    bytes.extend([0x45, 0, 0, 56, 0, 0, 0, 0, 64, 1, 0, 0, 10, 0, 0, 2, 10, 0, 0, 1, 3, 3, 0, 0, 0, 0, 0, 0]);
    bytes.extend(&about.bytes[14..42]);
    captured(time, false, bytes)
}

fn arp(time: i64, from: [u8; 4], to: [u8; 4]) -> Frame {
    let mut bytes = vec![255; 6];
    bytes.extend([2, 0, 0, 0, 0, from[3], 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, from[3]]);
    bytes.extend(from);
    bytes.extend([0; 6]);
    bytes.extend(to);
    captured(time, from == US, bytes)
}

fn claim(protocol: u8, port: u16, remote: Option<([u8; 4], u16)>) -> Claim {
    Claim { protocol, local: (US, port).into(), remote: remote.map(SocketAddr::from) }
}

fn ms(time: i64) -> Nanos {
    Nanos(time * 1_000_000)
}

/// Answers all open questions.
fn answer(belongs: &mut Belongs, owner: Owner) {
    for (flow, ..) in belongs.questions() {
        belongs.asked(u64::from(flow) + 1, flow);
        belongs.answer(u64::from(flow) + 1, owner);
    }
}

fn watched() -> Belongs {
    let mut belongs = Belongs::new(false);
    belongs.is_watched();
    belongs
}

fn keep(belongs: &mut Belongs, frames: &[Frame]) {
    for frame in frames {
        assert!(belongs.frame(&dissect(frame)));
    }
}

#[test]
fn connections_are_told_apart_by_both_ends() {
    let mut belongs = watched();
    belongs.claim(claim(TCP, 4000, Some((THEM, 80))), ms(0));
    let frames = [
        frame(1, TCP, (US, 4000), (THEM, 80)),
        frame(2, TCP, (THEM, 80), (US, 4000)),
        frame(3, TCP, (US, 4000), (THEM, 81)),
        frame(4, TCP, (US, 4001), (THEM, 80)),
    ];
    keep(&mut belongs, &frames);
    answer(&mut belongs, Owner::Unknown);
    assert!(!belongs.frame(&dissect(&frames[2])), "it is known by now whose that is");
    assert_eq!(belongs.verdict(&[]).frames, [true, true, false, false]);
}

#[test]
fn a_port_is_ours_from_when_to_when_we_have_it() {
    let mut belongs = watched();
    let datagram = |time| frame(time, UDP, (US, 5000), (THEM, 53));
    let reply = |time| frame(time, UDP, (THEM, 53), (US, 5000));
    keep(&mut belongs, &[datagram(5)]);
    belongs.claim(claim(UDP, 5000, None), ms(10));
    keep(&mut belongs, &[datagram(11), reply(12)]);
    belongs.close(UDP, 5000, ms(20));
    // An answer that comes late; then somebody else has the port, and gets an answer.
    keep(&mut belongs, &[reply(25), datagram(30), reply(31)]);
    belongs.claim(claim(UDP, 5000, None), ms(40));
    keep(&mut belongs, &[datagram(41), reply(42)]);
    answer(&mut belongs, Owner::Unknown);
    assert_eq!(belongs.verdict(&[]).frames, [false, true, true, true, false, false, true, true]);
}

#[test]
fn a_first_packet_may_wait_for_a_mac_address_when_its_socket_is_gone() {
    let mut belongs = watched();
    belongs.claim(claim(UDP, 5000, None), ms(10));
    belongs.close(UDP, 5000, ms(11));
    let frames = [
        arp(12, US, THEM),
        arp(899, THEM, US),
        frame(900, UDP, (US, 5000), (THEM, 53)),
        frame(901, UDP, (THEM, 53), (US, 5000)),
        frame(950, UDP, (US, 5000), (THEM, 53)),
    ];
    keep(&mut belongs, &frames);
    answer(&mut belongs, Owner::Unknown);
    assert_eq!(belongs.verdict(&[THEM.into()]).frames, [true, true, true, true, false]);
}

#[test]
fn a_packet_late_for_no_reason_is_somebody_elses() {
    let mut belongs = watched();
    belongs.claim(claim(UDP, 5000, None), ms(10));
    belongs.close(UDP, 5000, ms(11));
    keep(&mut belongs, &[frame(900, UDP, (US, 5000), (THEM, 53)), frame(901, UDP, (THEM, 53), (US, 5000))]);
    answer(&mut belongs, Owner::Unknown);
    assert_eq!(belongs.verdict(&[THEM.into()]).frames, [false, false]);
}

#[test]
fn errors_and_pieces_go_with_what_they_are_about() {
    let mut belongs = watched();
    belongs.claim(claim(UDP, 5000, None), ms(0));
    let (ours, theirs) = (frame(1, UDP, (US, 5000), (THEM, 9)), frame(2, UDP, (US, 5001), (THEM, 9)));
    let mut first = ours.clone();
    first.bytes[20] = 0x20;
    let mut later = ours.clone();
    later.bytes[21] = 3;
    let mut strange = later.clone();
    strange.bytes[19] = 8;
    let frames =
        [ours.clone(), theirs.clone(), error(3, &ours), error(4, &theirs), later.clone(), first, later, strange];
    keep(&mut belongs, &frames);
    answer(&mut belongs, Owner::Unknown);
    assert_eq!(belongs.verdict(&[]).frames, [true, false, true, false, true, true, true, false]);
}

/// A piece of a datagram of ours in IPv6: its identification, and where it belongs.
fn piece_6(time: i64, identification: u8, offset: u8, more: bool) -> Frame {
    let mut bytes = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x86, 0xdd];
    bytes.extend([0x60, 0, 0, 0, 0, 24, 44, 64]);
    bytes.extend([[0xfd, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 1]].concat());
    bytes.extend([[0xfd, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 2]].concat());
    bytes.extend([UDP, 0, 0, offset | u8::from(more), 0, 0, 0, identification]);
    bytes.extend(if offset == 0 { [19, 136, 0, 9, 0, 32, 0, 0] } else { [0; 8] });
    bytes.extend([0; 8]);
    captured(time, true, bytes)
}

#[test]
fn later_pieces_go_with_the_first_in_ipv6_too() {
    let mut belongs = watched();
    let any = SocketAddr::from(([0_u16; 8], 5000));
    belongs.claim(Claim { protocol: UDP, local: any, remote: None }, ms(0));
    let frames = [piece_6(1, 7, 16, true), piece_6(2, 7, 0, true), piece_6(3, 7, 32, false), piece_6(4, 8, 16, false)];
    keep(&mut belongs, &frames);
    answer(&mut belongs, Owner::Unknown);
    assert_eq!(belongs.verdict(&[]).frames, [true, true, true, false]);
}

#[test]
fn echoes_are_told_apart_by_their_identifier() {
    let mut belongs = watched();
    belongs.claim(claim(ICMP, 77, None), ms(0));
    belongs.claim(Claim { local: ([0; 4], 78).into(), ..claim(ICMP, 78, Some((THEM, 0))) }, ms(0));
    let echo = |time, id, to| frame(time, ICMP, (US, id), (to, 0));
    let reply = |time, id| frame(time, ICMP, (THEM, 0), (US, id));
    keep(&mut belongs, &[echo(1, 77, THEM), reply(2, 77), echo(3, 78, THEM), reply(4, 78), echo(5, 79, THEM)]);
    keep(&mut belongs, &[echo(6, 78, [10, 0, 0, 3])]);
    answer(&mut belongs, Owner::Unknown);
    assert_eq!(belongs.verdict(&[]).frames, [true, true, true, true, false, false]);
}

#[test]
fn without_notices_the_owners_decide_and_what_has_none_is_counted() {
    let mut belongs = Belongs::new(false);
    let frames =
        [frame(1, UDP, (US, 1), (THEM, 9)), frame(2, UDP, (US, 2), (THEM, 9)), frame(3, UDP, (US, 3), (THEM, 9))];
    keep(&mut belongs, &frames);
    let owners = [Owner::Command, Owner::Other, Owner::Unknown];
    for ((flow, ..), owner) in belongs.questions().into_iter().zip(owners) {
        belongs.asked(u64::from(flow), flow);
        belongs.answer(u64::from(flow), owner);
    }
    let verdict = belongs.verdict(&[]);
    assert_eq!((verdict.frames, verdict.lost), (vec![true, false, false], 1));
}

#[test]
fn questions_for_other_neighbours_are_not_the_commands() {
    let mut belongs = watched();
    belongs.claim(claim(TCP, 4000, Some((THEM, 80))), ms(5000));
    let frames = [
        arp(5001, US, THEM),
        arp(5001, US, [10, 0, 0, 9]),
        frame(5002, TCP, (US, 4000), (THEM, 80)),
        arp(100, US, THEM),
        arp(5003, THEM, US),
    ];
    keep(&mut belongs, &frames);
    answer(&mut belongs, Owner::Unknown);
    // That they speak is known from their own question, which has their MAC address.
    assert_eq!(belongs.verdict(&[]).frames, [true, false, true, false, true]);
}
