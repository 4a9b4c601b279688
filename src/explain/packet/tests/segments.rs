//! What segments say: by themselves, and with the signs of trouble that the tracker finds.

use super::super::*;
use crate::converse::tests::{Capture, PC, SERVER, Segment};
use crate::explain::words::{self, Language};
use crate::proto::tcp::{Flags, TcpOption};

const S: Flags = Flags::SYN;
const SA: Flags = Flags(0x12);
const A: Flags = Flags::ACK;
const PA: Flags = Flags(0x18);
const FA: Flags = Flags(0x11);
const R: Flags = Flags::RST;
const RA: Flags = Flags(0x14);

/// A segment: milliseconds after the one before, from the client, flags, relative numbers, bytes, window.
type Row = (i64, bool, Flags, u32, u32, usize, u16);

const OPENING: [Row; 3] = [(1, true, S, 0, 0, 0, 1000), (1, false, SA, 0, 1, 0, 1000), (1, true, A, 1, 1, 0, 1000)];

fn segment(&(_, client, flags, sequence, acknowledgment, bytes, window): &Row) -> Segment<'static> {
    static DATA: [u8; 1000] = [b'x'; 1000];
    static OPTIONS: [TcpOption<'static>; 4] = [
        TcpOption::MaximumSegmentSize(1460),
        TcpOption::SackPermitted,
        TcpOption::Timestamps { value: 1, echo: 0 },
        TcpOption::WindowScale(0),
    ];
    let ends = ((PC, 5000), (SERVER, 9000));
    let (from, to) = if client { ends } else { (ends.1, ends.0) };
    let (own, other) = if client { (1000, 5000) } else { (5000, 1000) };
    Segment {
        from,
        to,
        flags,
        sequence: if flags.contains(R) && sequence == 0 { 0 } else { own + sequence },
        acknowledgment: if flags.contains(A) { other + acknowledgment } else { 0 },
        window,
        options: if flags.contains(S) { &OPTIONS } else { &[] },
        data: &DATA[..bytes],
        ..Segment::default()
    }
}

/// What is said of the last of `rows`.
fn notes(rows: &[Row]) -> Vec<Note> {
    let mut capture = Capture::default();
    let mut last = Vec::new();
    for row in rows {
        capture.wait(row.0);
        last = capture.show(segment(row).bytes(), |_, packet| explain(packet, &Context::default()));
    }
    last
}

fn ids(rows: &[Row]) -> Vec<&'static str> {
    notes(rows).iter().map(|note| note.id).collect()
}

/// What is said of the last of `rows`, which follow a handshake.
fn later(rows: &[Row]) -> Vec<&'static str> {
    ids(&[&OPENING, rows].concat())
}

#[test]
fn a_connection_from_hello_to_goodbye() {
    assert_eq!(ids(&OPENING[..1]), ["tcp.syn", "tcp.offers"]);
    assert_eq!(ids(&OPENING[..2]), ["tcp.syn-ack", "tcp.accepts"]);
    assert_eq!(ids(&OPENING), ["tcp.ack-opens"]);
    let rest = [
        (1, true, PA, 1, 1, 78, 1000),
        (1, false, A, 1, 79, 0, 1000),
        (1, false, FA, 1, 79, 0, 1000),
        (1, true, A, 79, 2, 0, 1000),
        (1, true, FA, 79, 2, 0, 1000),
        (1, false, A, 2, 80, 0, 1000),
    ];
    let expected = ["tcp.data", "tcp.ack", "tcp.fin", "tcp.ack-fin", "tcp.fin-second", "tcp.ack-last"];
    for (index, expected) in expected.into_iter().enumerate() {
        assert_eq!(later(&rest[..=index]), [expected]);
    }
    let said = notes(&[&OPENING, &rest[..1]].concat());
    let text = words::of(Language::English, &said[0]);
    assert!(text.starts_with("78 bytes of data with the numbers 1 to 78."), "{text}");
}

#[test]
fn a_syn_says_what_it_announces_and_offers() {
    let text = |rows: &[Row], index: usize| words::of(Language::English, &notes(rows)[index]);
    assert_eq!(
        text(&OPENING[..1], 1),
        "Announced: at most 1460 bytes of data in a segment, please (MSS). Offered, and used only if the answer offers \
         it, too: SACK, timestamps, windows x1."
    );
    let with = |options: &[TcpOption<'_>]| {
        let bare = Segment { options, ..segment(&OPENING[0]) }.bytes();
        let said = Capture::default().show(bare, |_, packet| explain(packet, &Context::default()));
        (said[1].id, words::of(Language::English, &said[1]))
    };
    let (id, said) = with(&[TcpOption::MaximumSegmentSize(1000)]);
    assert!(id == "tcp.offers-nothing" && said.starts_with("At most 1000 bytes"), "{id}: {said}");
    // What is not said holds all the same.
    let (id, said) = with(&[]);
    assert!(id == "tcp.offers-no-size" && said.ends_with("then 536 is the rule. Offered: nothing."), "{id}: {said}");
    assert!(with(&[TcpOption::SackPermitted]).1.ends_with("Offered: SACK."));
}

#[test]
fn what_few_segments_have() {
    let has = |row: Row, id: &str| later(&[row]).contains(&id) || ids(&[row]).contains(&id);
    assert!(has((1, true, S, 0, 0, 10, 1000), "tcp.syn-data") && !has(OPENING[0], "tcp.syn-data"));
    assert!(has((1, true, Flags(0xc2), 0, 0, 0, 1000), "tcp.ecn-asks"));
    assert!(has((1, false, Flags(0x52), 0, 1, 0, 1000), "tcp.ecn-agrees"));
    assert!(has((1, true, Flags(0x50), 1, 1, 0, 1000), "tcp.ecn-echo"));
    assert!(has((1, true, Flags(0x90), 1, 1, 5, 1000), "tcp.ecn-slower"));
    assert!(has((1, true, Flags(0x38), 1, 1, 5, 1000), "tcp.urgent"));
}

#[test]
fn refusals_and_breaks() {
    assert_eq!(ids(&[OPENING[0], (1, false, RA, 0, 1, 0, 0)]), ["tcp.rst-refuses"]);
    assert_eq!(later(&[(1, false, RA, 1, 1, 0, 0)]), ["tcp.rst"]);
}

#[test]
fn what_is_sent_again() {
    let data = |wait, sequence| (wait, true, PA, sequence, 1, 100, 1000);
    let ack = |wait, number| (wait, false, A, 1, number, 0, 1000);
    assert_eq!(later(&[data(1, 1), data(300, 1)]), ["tcp.again"]);
    assert_eq!(later(&[data(1, 1), ack(1, 101), data(300, 1)]), ["tcp.spurious-retransmission"]);
    assert_eq!(later(&[data(1, 1), data(1, 201), data(1, 101)]), ["tcp.out-of-order"]);
    assert_eq!(later(&[data(1, 1), data(1, 201)]), ["tcp.lost-segment", "tcp.data"]);
    let asked = [data(1, 1), ack(1, 1), data(1, 101), ack(1, 1), data(1, 201), ack(1, 1), data(1, 301), ack(1, 1)];
    let again = later(&[&asked[..], &[data(5, 1)]].concat());
    assert_eq!(again, ["tcp.fast-retransmission"]);
    assert_eq!(later(&asked), ["tcp.duplicate-ack"]);
    let said = notes(&[&OPENING, &asked[..]].concat());
    let text = words::of(Language::English, &said[0]);
    assert!(text.starts_with("The same acknowledgement as #") && text.contains("(repetition "), "{text}");
    assert_eq!(later(&[data(1, 1), ack(1, 501)]), ["tcp.ack-lost-segment", "tcp.ack"]);
}

#[test]
fn windows_that_close_and_open() {
    let data = (1, true, PA, 1, 1, 1000, 1000);
    let shut = (1, false, A, 1, 1001, 0, 0);
    let probe = (300, true, A, 1001, 1, 1, 1000);
    assert_eq!(later(&[data]), ["tcp.window-full", "tcp.data"]);
    assert_eq!(later(&[data, shut]), ["tcp.window-shut"]);
    assert_eq!(later(&[data, shut, probe]), ["tcp.window-probe"]);
    assert_eq!(later(&[data, shut, probe, shut]), ["tcp.window-probe-ack"]);
    assert_eq!(later(&[data, shut, (1, false, A, 1, 1001, 0, 500)]), ["tcp.window-update"]);
}

#[test]
fn signs_of_life_and_new_beginnings() {
    let data = (1, true, PA, 1, 1, 100, 1000);
    let ack = (1, false, A, 1, 101, 0, 1000);
    let alive = (9000, true, A, 100, 1, 0, 1000);
    assert_eq!(later(&[data, ack, alive]), ["tcp.keep-alive"]);
    assert_eq!(later(&[data, ack, alive, ack]), ["tcp.keep-alive-ack"]);
    let anew = later(&[(1, true, FA, 1, 1, 0, 1000), (1, true, S, 90_000, 0, 0, 1000)]);
    assert_eq!(anew, ["tcp.reused-ports", "tcp.syn", "tcp.offers"]);
}
