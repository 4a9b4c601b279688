//! What conversations come to: every kind, and every way each can go.

mod apart;
mod asking;
mod connection;
mod exchange;
mod pinging;

use std::net::Ipv4Addr;

use super::*;
use crate::converse::ConversationNo;
use crate::converse::tests::*;
use crate::engine::Engine;
use crate::explain::words::{self, Language};
use crate::model::{Claim, Frame, LinkType, MacAddr, Nanos};
use crate::proto::tcp::{Flags, TcpOption};
use crate::proto::{arp, ethernet, icmp, ipv4};

const S: Flags = Flags::SYN;
const SA: Flags = Flags(0x12);
const A: Flags = Flags::ACK;
const PA: Flags = Flags(0x18);
const FA: Flags = Flags(0x11);
const R: Flags = Flags::RST;
const RA: Flags = Flags(0x14);
const LAPTOP: Ipv4Addr = Ipv4Addr::new(192, 168, 11, 7);
const LAPTOP_MAC: MacAddr = MacAddr([0x8c, 0x85, 0x90, 0x42, 0x64, 0xb2]);

/// The verdict on one conversation.
fn of(capture: &Capture, number: u32) -> Vec<Note> {
    let conversation = capture.tracker.conversation(ConversationNo(number)).expect("it is followed");
    let notes = verdict(&conversation, &Context::default());
    assert!(notes.len() <= MOST, "{notes:#?}");
    assert!(
        notes.is_sorted_by_key(|note| [Claim::Fact, Claim::Guess, Claim::Blind].iter().position(|it| *it == note.kind))
    );
    for note in &notes {
        assert!(note.kind != Claim::Fact || !note.frames.is_empty() || note.id == "connection.data", "{}", note.id);
        assert!(!words::of(Language::English, note).contains('{'), "{}", note.id);
    }
    notes
}

fn ids(capture: &Capture, number: u32) -> Vec<&'static str> {
    of(capture, number).iter().map(|note| note.id).collect()
}

fn text(capture: &Capture, number: u32, id: &str) -> String {
    let notes = of(capture, number);
    let note = notes.iter().find(|note| note.id == id).unwrap_or_else(|| panic!("no {id}: {notes:#?}"));
    words::of(Language::English, note)
}

/// A capture of these frames, and the number of the last one's conversation.
fn after(frames: impl IntoIterator<Item = Vec<u8>>) -> (Capture, u32) {
    let mut capture = Capture::default();
    let number = frames.into_iter().map(|frame| capture.see(frame)).last().expect("frames");
    (capture, number)
}

#[track_caller]
fn says(frames: impl IntoIterator<Item = Vec<u8>>, expected: &[&str]) {
    let (capture, number) = after(frames);
    assert_eq!(ids(&capture, number), expected);
}

fn question() -> Vec<u8> {
    arp(arp::REQUEST, (PC, PC_MAC), (LAPTOP, MacAddr::ZERO))
}

fn answer(mac: MacAddr) -> Vec<u8> {
    arp(arp::REPLY, (LAPTOP, mac), (PC, PC_MAC))
}

fn ping(reply: bool, sequence: u16) -> Vec<u8> {
    let (from, to) = if reply { (SERVER, PC) } else { (PC, SERVER) };
    echo(from, to, reply, 7, sequence)
}

fn message(id: u8, code: Option<u8>) -> Vec<u8> {
    let flags = code.map_or([1, 0], |code| [0x81, 0x80 | code]);
    let question = b"\x03www\x04test\x00\x00\x01\x00\x01";
    [&[0, id][..], &flags, &[0, 1, 0, 0, 0, 0, 0, 0], question].concat()
}

/// A segment of the client or the server: flags, relative numbers, bytes of data.
fn talk(client: bool, flags: Flags, sequence: u32, acknowledgment: u32, bytes: usize) -> Segment<'static> {
    static DATA: [u8; 1400] = [b'x'; 1400];
    static OPTIONS: [TcpOption<'static>; 3] =
        [TcpOption::MaximumSegmentSize(1460), TcpOption::SackPermitted, TcpOption::WindowScale(7)];
    let (own, other) = if client { (1000, 5000) } else { (5000, 1000) };
    let ends = ((PC, 5000), (SERVER, 80));
    let (from, to) = if client { ends } else { (ends.1, ends.0) };
    Segment {
        from,
        to,
        flags,
        sequence: own + sequence,
        acknowledgment: if flags.contains(A) { other + acknowledgment } else { 0 },
        ttl: if client { 64 } else { 52 },
        options: if flags.contains(S) { &OPTIONS } else { &[] },
        data: &DATA[..bytes],
        ..Segment::default()
    }
}

/// A handshake.
fn opening() -> [Segment<'static>; 3] {
    [talk(true, S, 0, 0, 0), talk(false, SA, 0, 1, 0), talk(true, A, 1, 1, 0)]
}

/// A handshake, and what follows.
fn connected(rest: &[Segment<'_>]) -> (Capture, u32) {
    after(opening().iter().chain(rest).map(|segment| segment.bytes()))
}

/// The verdict on the first conversation of these packets, one a millisecond, with what is in its stream.
fn of_stream(packets: impl IntoIterator<Item = Vec<u8>>) -> Vec<Note> {
    let mut engine = Engine::default();
    for (number, bytes) in (1_u32..).zip(packets) {
        let frame = Frame {
            number: FrameNo(number),
            time: Nanos(i64::from(number) * 1_000_000),
            direction: None,
            link: LinkType::RawIp,
            original: bytes.len(),
            checksum_pending: false,
            bytes,
        };
        engine.see(&frame, |_| ());
    }
    let conversation = engine.tracker().conversation(ConversationNo(1)).expect("it is followed");
    verdict(&conversation, &Context::default())
}
