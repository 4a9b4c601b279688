//! The ladder as it is drawn: a whole conversation, crafted, dissected and tracked as a real one is.

use std::net::Ipv4Addr;

use super::*;
use crate::converse::Tracker;
use crate::dissect::dissect;
use crate::explain::words::Language;
use crate::explain::{Context, explain};
use crate::model::{Frame, FrameNo, LinkType, Nanos};
use crate::proto::ipv4::{self, Ipv4};
use crate::proto::tcp::{self, Flags, Tcp, TcpOption};
use crate::render::Glyphs;
use crate::render::samples::{expect, printed};

const PC: Ipv4Addr = Ipv4Addr::new(192, 168, 11, 2);
const WWW: Ipv4Addr = Ipv4Addr::new(93, 184, 216, 34);
const S: Flags = Flags::SYN;
const A: Flags = Flags::ACK;
const R: Flags = Flags::RST;

/// (microseconds, we send it, flags, sequence and acknowledgement number from 1000 and 5000 on, bytes)
type Segment = (i64, bool, Flags, u32, u32, usize);

fn frame(number: usize, (time, ours, flags, sequence, acknowledgment, bytes): Segment, told: bool) -> Frame {
    let (source, destination) = if ours { (PC, WWW) } else { (WWW, PC) };
    let (source_port, destination_port) = if ours { (49_152, 80) } else { (80, 49_152) };
    let (first, other) = if ours { (1000, 5000) } else { (5000, 1000) };
    let header = Tcp {
        source_port,
        destination_port,
        sequence: first + sequence,
        acknowledgment: if flags.contains(A) { other + acknowledgment } else { 0 },
        flags,
        window: 64_240,
        urgent: 0,
    };
    let stamps = TcpOption::Timestamps { value: 1, echo: 0 };
    let options = if flags.contains(S) {
        vec![TcpOption::MaximumSegmentSize(1460), TcpOption::SackPermitted, stamps, TcpOption::WindowScale(7)]
    } else if flags.contains(R) {
        Vec::new()
    } else {
        vec![stamps]
    };
    let segment = tcp::craft(&header, &options, source, destination, &vec![b'x'; bytes]);
    let bytes = ipv4::craft(&Ipv4 { protocol: ipv4::TCP, source, destination, ..Ipv4::default() }, &segment);
    let direction = if ours { Direction::Out } else { Direction::In };
    Frame {
        number: FrameNo(u32::try_from(number + 1).expect("few frames")),
        time: Nanos(time * 1000),
        direction: told.then_some(direction),
        link: LinkType::RawIp,
        original: bytes.len(),
        checksum_pending: false,
        bytes,
    }
}

fn draw(look: Look, verbosity: Verbosity, segments: &[Segment], told: bool) -> String {
    let mut ladder = Ladder::new(Story::new(look, Language::English, verbosity), look, verbosity);
    let mut tracker = Tracker::default();
    printed(|out| {
        segments.iter().enumerate().try_for_each(|(number, segment)| {
            let frame = frame(number, *segment, told);
            let mut packet = dissect(&frame);
            tracker.observe(&mut packet);
            ladder.packet(out, &packet, &explain(&packet, &Context { addresses: vec![PC.into()], router: None }))
        })
    })
}

const VISIT: &[Segment] = &[
    (0, true, S, 0, 0, 0),
    (120_136, false, Flags(0x12), 0, 1, 0),
    (120_200, true, A, 1, 1, 0),
    (120_300, true, Flags(0x18), 1, 1, 78),
    (240_500, false, A, 1, 79, 0),
    (240_600, false, Flags(0x18), 1, 79, 1208),
    (240_700, true, A, 79, 1209, 0),
    (240_900, false, Flags(0x11), 1209, 79, 0),
    (241_000, true, Flags(0x11), 79, 1210, 0),
    (361_100, false, A, 1210, 80, 0),
];

#[test]
fn a_visit_is_drawn() {
    let look = Look { glyphs: Glyphs::Unicode, ..Look::default() };
    expect("ladder", &draw(look, Verbosity::Story, VISIT, true));
    expect("ladder-ascii", &draw(Look::default(), Verbosity::Layers, &VISIT[..4], true));
}

#[test]
fn who_is_not_answered_tries_again() {
    let silence = [(0, true, S, 0, 0, 0), (2_000_000, true, S, 0, 0, 0)];
    let text = draw(Look::default(), Verbosity::Story, &silence, true);
    assert!(text.contains("|-- SYN again ------------->|"), "{text}");
    let refusal = [(0, true, S, 0, 0, 0), (300, false, Flags(0x14), 0, 1, 0)];
    let text = draw(Look::default(), Verbosity::Story, &refusal, true);
    assert!(text.contains("CLOSED          |                           |  (CLOSED)"), "{text}");
}

#[test]
fn without_directions_whoever_speaks_first_is_on_the_left() {
    let (told, untold) =
        (draw(Look::default(), Verbosity::Story, VISIT, true), draw(Look::default(), Verbosity::Story, VISIT, false));
    let arrows = |text: &str| text.lines().filter(|line| line.contains("-->|") || line.contains("|<--")).count();
    assert_eq!((arrows(&told), arrows(&untold)), (10, 10), "{untold}");
    assert!(untold.contains("CLOSE-WAIT?"), "nobody knows what arrived\n{untold}");
}
