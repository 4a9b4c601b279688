//! The story as it is printed.

use std::net::Ipv4Addr;

use super::*;
use crate::dissect::dissect;
use crate::explain::{Context, explain};
use crate::model::{Direction, Generated, Hop, KnownFrom, Path, TrackedValue, tracked};
use crate::render::samples::*;
use crate::render::theme::Glyphs;

const UNICODE: Look = Look { color: false, glyphs: Glyphs::Unicode, width: 80 };

fn context() -> Context {
    Context { addresses: vec![Ipv4Addr::new(192, 168, 11, 2).into()], router: None }
}

fn tell(look: Look, verbosity: Verbosity, packets: &[Packet<'_>]) -> String {
    let mut story = Story::new(look, Language::English, verbosity);
    printed(|out| packets.iter().try_for_each(|packet| story.packet(out, packet, &explain(packet, &context()))))
}

fn answered(packet: &mut Packet<'_>) {
    packet.generated.extend([
        Generated::new(2, tracked!("icmp.resp_to"), TrackedValue::Number(3)),
        Generated::new(2, tracked!("icmp.resptime"), TrackedValue::Span(Nanos(412_000))),
    ]);
}

#[test]
fn a_ping_reads_like_a_conversation() {
    let frames = [
        frame(1, 0, Direction::Out, ARP_REQUEST),
        frame(2, 400, Direction::In, ARP_REPLY),
        frame(3, 500, Direction::Out, REQUEST),
        frame(4, 912, Direction::In, REPLY),
        frame(5, 1_000_600, Direction::Out, REQUEST),
        frame(6, 1_001_012, Direction::In, REPLY),
    ];
    let mut packets: Vec<_> = frames.iter().map(dissect).collect();
    answered(&mut packets[3]);
    answered(&mut packets[5]);
    let path = Path {
        target: Ipv4Addr::new(192, 168, 11, 1),
        name: None,
        interface: "eth0".to_owned(),
        source: Ipv4Addr::new(192, 168, 11, 2),
        network: "192.168.11.2/24".parse().ok(),
        mtu: 1500,
        hop: Hop::OnLink { known: None },
        known_from: KnownFrom::Neighbours,
    };
    let mut heading = vec![crate::explain::ping::heading(&path, 4, 56)];
    heading.extend(crate::explain::path::heading(&path));
    let mut story = Story::new(UNICODE, Language::English, Verbosity::Story);
    let text = printed(|out| {
        story.heading(out, &heading)?;
        packets.iter().try_for_each(|packet| story.packet(out, packet, &explain(packet, &context())))
    });
    expect("story", &text);
}

#[test]
fn a_router_reports() {
    let frame = frame(1, 0, Direction::In, EXPIRED);
    let packet = dissect(&frame);
    expect("expired", &tell(UNICODE, Verbosity::Story, &[packet]));
}

#[test]
fn one_line_a_layer() {
    let frames = [frame(1, 0, Direction::In, EXPIRED), frame(2, 900, Direction::Out, ARP_REQUEST)];
    let packets = [dissect(&frames[0]), dissect(&frames[1])];
    expect("layers", &tell(UNICODE, Verbosity::Layers, &packets));
}

#[test]
fn every_field_with_its_bits() {
    let frame = frame(4, 0, Direction::In, REPLY);
    let mut packet = dissect(&frame);
    answered(&mut packet);
    let unicode = tell(UNICODE, Verbosity::Fields, &[packet.clone()]);
    expect("fields", &unicode);
    // Colours add nothing that the text alone does not say, and ASCII is enough for it.
    let colored = tell(Look { color: true, ..UNICODE }, Verbosity::Fields, &[packet.clone()]);
    assert_ne!(colored, unicode);
    assert_eq!(plain(&colored), unicode);
    let ascii = tell(Look::default(), Verbosity::Fields, &[packet]);
    assert!(ascii.is_ascii(), "{ascii}");
    assert_eq!(ascii.lines().count(), unicode.lines().count());
}

#[test]
fn a_sentence_is_said_once() {
    let frame = frame(1, 0, Direction::Out, ARP_REQUEST);
    let packet = dissect(&frame);
    let text = tell(UNICODE, Verbosity::Fields, &[packet.clone(), packet]);
    assert_eq!(text.matches("You know its IP address").count(), 1);
    assert_eq!(text.matches("The kind of link address").count(), 1);
    assert_eq!(text.matches("Hardware type: ").count(), 2);
}

#[test]
fn without_a_direction_the_line_says_from_whom_to_whom() {
    let mut frame = frame(1, 0, Direction::Out, REQUEST);
    frame.direction = None;
    let text = tell(UNICODE, Verbosity::Story, &[dissect(&frame)]);
    assert!(text.starts_with("     0.0   1   192.168.11.2 → 192.168.11.1  Echo (ping) request"), "{text}");
    frame.direction = Some(Direction::Other);
    let text = tell(UNICODE, Verbosity::Story, &[dissect(&frame)]);
    assert!(text.starts_with("     0.0   1 · 192.168.11.2 → 192.168.11.1"), "{text}");
    assert!(text.contains("192.168.11.2 asks 192.168.11.1: \"Are you there?\""), "{text}");
}

#[test]
fn stamps_are_seconds_since_1970() {
    let frame = frame(1, 123_456, Direction::In, EXPIRED);
    let mut story = Story::new(UNICODE, Language::English, Verbosity::Story);
    story.absolute_times();
    let text = printed(|out| {
        story.heading(out, &[])?;
        story.packet(out, &dissect(&frame), &[])
    });
    assert!(text.contains("\n[1732150000.123456]\n     0.0   1 ← Time-to-live exceeded"), "{text}");
}

#[test]
fn long_and_hostile_lines_stay_harmless() {
    let frame = frame(12345, 0, Direction::In, "1b5b33316d 0a e280ae");
    let packet = packet(&frame, &[(&ODD, 9)]);
    for look in [UNICODE, Look::default()] {
        let text = tell(look, Verbosity::Fields, std::slice::from_ref(&packet));
        assert!(text.contains("a\\x1b[31mb\\u{202e}c"), "{text}");
        assert!(text.contains("Name: \\x1b[31m\\x0a\\u{202e}"), "{text}");
    }
}
