//! Conversations played segment by segment. That the conclusions are Wireshark's is proven in `tests/tcp_analysis.rs`.

use std::net::Ipv4Addr;

use super::*;
use crate::dissect::dissect;
use crate::model::{Frame, LinkType, Nanos, TcpState, Tracked, Value};
use crate::proto::ipv4::{self, Ipv4};
use crate::proto::tcp::{Flags, Tcp, TcpOption, craft};

const S: Flags = Flags::SYN;
const A: Flags = Flags::ACK;
const F: Flags = Flags::FIN;
const R: Flags = Flags::RST;

/// (end, flags, sequence and acknowledgement number, bytes, window)
type Part = (u8, Flags, u32, u32, usize, u16);

fn segment(number: u32, client: u16, (end, flags, sequence, acknowledgment, bytes, window): Part) -> Frame {
    let (one, other) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2));
    let (source, destination, source_port, destination_port) =
        if end == 0 { (one, other, client, 80) } else { (other, one, 80, client) };
    let header = Tcp { source_port, destination_port, sequence, acknowledgment, flags, window, urgent: 0 };
    let options: &[TcpOption<'_>] =
        if flags.contains(S) { &[TcpOption::MaximumSegmentSize(1460), TcpOption::SackPermitted] } else { &[] };
    let segment = craft(&header, options, source, destination, &vec![b'.'; bytes]);
    let bytes = ipv4::craft(&Ipv4 { protocol: ipv4::TCP, source, destination, ..Ipv4::default() }, &segment);
    Frame {
        number: FrameNo(number),
        time: Nanos(i64::from(number) * 1_000_000),
        direction: None,
        link: LinkType::RawIp,
        original: bytes.len(),
        checksum_pending: false,
        bytes,
    }
}

/// What the tracker says under `key` of each segment.
fn observe(streams: &mut Streams, number: u32, client: u16, part: Part, key: &str) -> Option<Value<'static>> {
    let frame = segment(number, client, part);
    let mut packet = dissect(&frame);
    streams.observe(&mut packet);
    packet.generated(Tracked::of(key))
}

fn play(parts: &[Part]) -> Facts {
    let mut streams = Streams::default();
    for (number, part) in (1..).zip(parts) {
        observe(&mut streams, number, 40_000, *part, "tcp.stream");
    }
    *streams.facts_of(0).expect("one conversation")
}

const HANDSHAKE: [Part; 3] = [(0, S, 99, 0, 0, 1000), (1, Flags(0x12), 299, 100, 0, 1000), (0, A, 100, 300, 0, 1000)];

fn after_handshake(parts: &[Part]) -> Facts {
    play(&[&HANDSHAKE, parts].concat())
}

fn fin(end: u8, sequence: u32, acknowledgment: u32) -> Part {
    (end, F | A, sequence, acknowledgment, 0, 1000)
}

fn ack(end: u8, sequence: u32, acknowledgment: u32) -> Part {
    (end, A, sequence, acknowledgment, 0, 1000)
}

#[test]
fn a_whole_conversation_leaves_its_facts() {
    let facts = after_handshake(&[
        (0, A, 100, 300, 10, 1000),
        ack(1, 300, 110),
        (1, A, 300, 110, 20, 1000),
        (1, A, 300, 110, 20, 1000),
        ack(0, 110, 320),
        (0, A, 110, 320, 0, 0),
    ]);
    let [client, server] = &facts.ends;
    assert_eq!((client.port, client.segments, client.bytes, client.distinct), (40_000, 5, 10, 10));
    assert_eq!((server.port, server.segments, server.bytes, server.distinct), (80, 4, 40, 20));
    assert_eq!((server.retransmissions(), server.timeouts.frames()), (1, &[FrameNo(7)][..]));
    assert_eq!(client.zero_windows.frames(), [FrameNo(9)]);
    assert_eq!((facts.opener, facts.syns.frames()), (Some(0), &[FrameNo(1)][..]));
    assert_eq!(facts.initial_rtt, Some(Nanos(2_000_000)));
    let opening = [facts.syn_ack, facts.confirmed].map(|moment| moment.map(|it| it.frame.0));
    assert_eq!(opening, [Some(2), Some(3)]);
    let both = facts.negotiated(0).expect("both offers were seen");
    assert_eq!((both.their_mss(), both.sack(), both.shifts()), (1460, true, None));
    assert_eq!(facts.ending(), Ending::Open);
    assert_eq!(facts.completeness, 15);
}

#[test]
fn endings_are_told_apart() {
    let closed = |first, at_once, in_three, complete| Ending::Closed { first, at_once, in_three, complete };
    let [syn, ..] = HANDSHAKE;
    assert_eq!(play(&[syn, syn]).ending(), Ending::Unanswered);
    assert_eq!(play(&[syn, syn]).syn_times(), [Nanos(1_000_000), Nanos(2_000_000)]);
    assert_eq!(play(&[syn, (1, R | A, 0, 100, 0, 0)]).ending(), Ending::Refused { by: 1 });
    assert_eq!(after_handshake(&[(1, R, 300, 0, 0, 0)]).ending(), Ending::Reset { by: 1 });
    assert_eq!(after_handshake(&[fin(0, 100, 300), ack(1, 300, 101)]).ending(), Ending::HalfClosed { by: 0 });
    let four = [fin(0, 100, 300), ack(1, 300, 101), fin(1, 300, 101), ack(0, 101, 301)];
    assert_eq!(after_handshake(&four).ending(), closed(0, false, false, true));
    assert_eq!(after_handshake(&four).waits(), Some(0));
    assert_eq!(after_handshake(&four[..3]).ending(), closed(0, false, false, false));
    let three = [fin(1, 300, 100), fin(0, 100, 301), ack(1, 301, 101)];
    assert_eq!(after_handshake(&three).ending(), closed(1, false, true, true));
    let crossed = [fin(0, 100, 300), fin(1, 300, 100), ack(0, 101, 301), ack(1, 301, 101)];
    assert_eq!(after_handshake(&crossed).ending(), closed(0, true, false, true));
    assert_eq!(after_handshake(&crossed).waits(), None);
    let late_reset = [&four[..], &[(1, R, 301, 0, 0, 0)]].concat();
    assert_eq!(after_handshake(&late_reset).ending(), closed(0, false, false, true));
    let states = after_handshake(&four).ends.map(|end| end.state.map(|belief| (belief.state, belief.assumed)));
    assert_eq!(states, [Some((TcpState::TimeWait, false)), Some((TcpState::Closed, true))]);
}

#[test]
fn a_judgement_names_the_numbers_that_decided() {
    let parts = [&HANDSHAKE[..], &[(1, A, 300, 100, 50, 1000), ack(0, 100, 350), ack(0, 100, 350)]].concat();
    let mut streams = Streams::default();
    streams.ask(FrameNo(6));
    for (number, part) in (1..).zip(&parts) {
        observe(&mut streams, number, 40_000, *part, "tcp.stream");
    }
    let judgement = streams.judgement().expect("frame 6 was seen");
    let duplicate = judgement.verdict(Sign::DuplicateAck).expect("it was asked for");
    assert!(duplicate.given && duplicate.conditions.iter().all(|(_, weighed)| weighed.met));
    let (_, same) = duplicate.conditions.iter().find(|(condition, _)| *condition == Condition::SameAck).expect("asked");
    assert_eq!((same.found, same.limit), (51, 51));
    assert!(!judgement.is_standard_duplicate(), "nothing of the other end is on its way (RFC 5681 §2)");
    let beyond = judgement.verdict(Sign::LostSegment).expect("it was asked for");
    assert!(!beyond.given && !beyond.conditions[0].1.met);
    assert!(judgement.verdict(Sign::Retransmission).is_some_and(|verdict| !verdict.given));
}

#[test]
fn numbers_stay_right_when_there_are_more_conversations_than_are_remembered() {
    let mut streams = Streams::default();
    let ports = u16::try_from(REMEMBERED).expect("it fits") + 3000;
    let mut number = 0;
    for round in 0..3_u32 {
        for port in 0..ports {
            number += 1;
            let part = if round == 0 { (0, S, u32::from(port), 0, 0, 1000) } else { ack(0, u32::from(port) + 1, 7) };
            let stream = observe(&mut streams, number, port, part, "tcp.stream");
            assert_eq!(stream, Some(Value::Number(port.into())), "round {round}");
        }
    }
    assert_eq!(streams.known.len(), REMEMBERED);
    assert_eq!(streams.count(), u32::from(ports));
    // Relative numbers and times go on as well; a SYN with another number is a new conversation even so.
    let part = ack(0, 5, 7);
    assert_eq!(observe(&mut streams, number + 1, 0, part, "tcp.seq"), Some(Value::Number(5)));
    let part = (0, S, 77, 0, 0, 1000);
    assert_eq!(observe(&mut streams, number + 2, 1, part, "tcp.stream"), Some(Value::Number(ports.into())));
}

#[test]
fn what_is_forgotten_is_handed_out_once() {
    let mut streams = Streams::default();
    let mut forgotten = Vec::new();
    let ports = u16::try_from(REMEMBERED).expect("it fits") + 10;
    for port in 0..ports {
        for part in [(0, S, 5, 0, 0, 1000), (1, R | A, 0, 6, 0, 0)].iter().take(if port % 7 == 0 { 2 } else { 1 }) {
            observe(&mut streams, u32::from(port) + 1, port, *part, "tcp.stream");
            forgotten.extend(streams.take_forgotten().iter().map(|facts| facts.stream));
        }
    }
    let refused: Vec<u32> = (0..10).map(|count| count * 7).collect();
    assert_eq!(forgotten, refused, "those that are over go first, the oldest of them before the others");
}

#[test]
fn memory_is_bounded_when_nothing_is_ever_acknowledged() {
    let mut streams = Streams { most_room: 2000, ..Streams::default() };
    let mut number = 0;
    for port in 0..40 {
        for part in 0..300_u32 {
            number += 1;
            observe(&mut streams, number, port, (0, A, 1 + part * 4, 1, 4, 1000), "tcp.stream");
        }
    }
    let room: usize = streams.known.values().map(stream::Stream::room).sum();
    assert_eq!(room, streams.room);
    assert!(room <= 2000, "{room}");
}
