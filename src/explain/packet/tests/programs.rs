//! What programs say: DNS, DHCP, HTTP.

use std::net::Ipv4Addr;

use super::super::*;
use crate::converse::tests::*;
use crate::engine::Engine;
use crate::explain::words::{self, Language};
use crate::model::{Frame, LinkType, Nanos};
use crate::proto::tcp::Flags;

fn said(bytes: Vec<u8>) -> Vec<Note> {
    Capture::default().show(bytes, |_, packet| explain(packet, &Context::default()))
}

/// A DNS message: flags, type asked for, and answers as (type, data).
fn message(flags: u16, kind: u16, answers: &[(u16, &[u8])]) -> Vec<u8> {
    let [count, ..] = [u8::try_from(answers.len()).expect("few")];
    let mut bytes = vec![0x12, 0x34];
    bytes.extend(flags.to_be_bytes());
    bytes.extend([0, 1, 0, count, 0, 0, 0, 0]);
    bytes.extend(b"\x03www\x04test\x00");
    bytes.extend(kind.to_be_bytes());
    bytes.extend([0, 1]);
    for (kind, data) in answers {
        bytes.extend([0xc0, 12]);
        bytes.extend(kind.to_be_bytes());
        bytes.extend([0, 1, 0, 0, 1, 44, 0, u8::try_from(data.len()).expect("short")]);
        bytes.extend_from_slice(data);
    }
    bytes
}

#[test]
fn questions_and_answers_about_names() {
    let ask = |kind| said(datagram((PC, 5000), (SERVER, 53), &message(0x100, kind, &[])))[0].clone();
    assert_eq!(ask(1).id, "dns.which-ipv4");
    assert_eq!(ask(28).id, "dns.which-ipv6");
    assert_eq!(ask(12).id, "dns.which-name");
    assert_eq!(words::of(Language::English, &ask(15)), "\"What does the MX record of www.test say?\"");
    assert_eq!(ask(15).id, "dns.which");
    let neighbours = datagram((PC, 5353), (Ipv4Addr::new(224, 0, 0, 251), 5353), &message(0, 1, &[]));
    assert_eq!(said(neighbours)[0].id, "dns.asks-neighbours");

    let tell = |flags: u16, answers: &[(u16, &[u8])]| {
        let mut capture = Capture::default();
        capture.see(datagram((PC, 5000), (SERVER, 53), &message(0x100, 1, &[])));
        let answer = datagram((SERVER, 53), (PC, 5000), &message(0x8180 | flags, 1, answers));
        capture.show(answer, |_, packet| explain(packet, &Context::default()))
    };
    let ids = |flags, answers: &[(u16, &[u8])]| tell(flags, answers).iter().map(|note| note.id).collect::<Vec<_>>();
    let address: &[(u16, &[u8])] = &[(1, &[93, 184, 216, 34])];
    let notes = tell(0, address);
    assert_eq!((notes[0].id, notes[0].frames.len()), ("dns.addresses", 2));
    let text = words::of(Language::English, &notes[0]);
    assert!(text.starts_with("www.test is 93.184.216.34. It may be remembered for 300 seconds"), "{text}");
    assert_eq!(ids(0, &[(16, b"\x01x")]), ["dns.answers"]);
    assert_eq!(ids(0, &[]), ["dns.nothing"]);
    assert_eq!(ids(2, &[]), ["dns.failed"]);
    assert_eq!(ids(3, &[]), ["dns.no-such-name"]);
    assert_eq!(ids(5, &[]), ["dns.refused"]);
    assert_eq!(ids(4, &[]), ["dns.error"]);
    assert_eq!(ids(0x200, address), ["dns.addresses", "dns.truncated"]);
    let unasked = said(datagram((SERVER, 53), (PC, 5000), &message(0x8180, 1, address)));
    assert_eq!(unasked.iter().map(|note| note.id).collect::<Vec<_>>(), ["dns.addresses", "dns.unsolicited"]);
    let mut capture = Capture::default();
    let question = || datagram((PC, 5000), (SERVER, 53), &message(0x100, 1, &[]));
    capture.see(question());
    let again = capture.show(question(), |_, packet| explain(packet, &Context::default()));
    assert_eq!(again.iter().map(|note| note.id).collect::<Vec<_>>(), ["dns.which-ipv4", "dns.again"]);
}

#[test]
fn a_lease_step_by_step() {
    let step = |kind: u8, options: &[u8]| {
        let mut bytes = vec![0_u8; 240];
        bytes[..8].copy_from_slice(&[1, 1, 6, 0, 0xca, 0xfe, 0, 1]);
        bytes[16..20].copy_from_slice(&PC.octets());
        bytes[236..240].copy_from_slice(&[0x63, 0x82, 0x53, 0x63]);
        bytes.extend([53, 1, kind]);
        bytes.extend_from_slice(options);
        bytes.push(255);
        let (from, to) = if matches!(kind, 2 | 5 | 6) { ((ROUTER, 67), (PC, 68)) } else { ((PC, 68), (ROUTER, 67)) };
        said(datagram(from, to, &bytes))[0].clone()
    };
    let wanted = [&[50, 4][..], &PC.octets()].concat();
    for (kind, options, expected) in [
        (1, &[][..], "dhcp.discover"),
        (2, &[], "dhcp.offer"),
        (3, &wanted, "dhcp.request"),
        (3, &[], "dhcp.renew"),
        (4, &[], "dhcp.decline"),
        (5, &[51, 4, 0, 0, 2, 88], "dhcp.ack"),
        (5, &[], "dhcp.ack-inform"),
        (6, &[], "dhcp.nak"),
        (7, &[], "dhcp.release"),
        (8, &[], "dhcp.inform"),
    ] {
        assert_eq!(step(kind, options).id, expected);
    }
    let text = words::of(Language::English, &step(5, &[51, 4, 0, 0, 2, 88]));
    assert!(text.starts_with("192.168.11.1 gives 192.168.11.2 for 600 seconds"), "{text}");
}

/// What is said of an HTTP message in a connection.
fn http(client: bool, bytes: &[u8]) -> Vec<Note> {
    let ends = ((PC, 5000), (SERVER, 80));
    let talk = |client: bool, flags, sequence, acknowledgment, data| {
        let (from, to) = if client { ends } else { (ends.1, ends.0) };
        Segment { from, to, flags, sequence, acknowledgment, data, ..Segment::default() }.bytes()
    };
    let frames = [
        talk(true, Flags::SYN, 0, 0, &[]),
        talk(false, Flags(0x12), 0, 1, &[]),
        talk(true, Flags::ACK, 1, 1, &[]),
        talk(client, Flags(0x18), 1, 1, bytes),
    ];
    let (mut engine, mut notes) = (Engine::default(), Vec::new());
    for (number, bytes) in (1..).zip(frames) {
        let frame = Frame {
            number: FrameNo(number),
            time: Nanos(i64::from(number)),
            direction: None,
            link: LinkType::RawIp,
            original: bytes.len(),
            checksum_pending: false,
            bytes,
        };
        notes = engine.see(&frame, |seen| {
            let mut notes = explain(seen.packet, &Context::default());
            seen.whole.iter().for_each(|whole| tell(whole, &Context::default(), &mut notes));
            notes
        });
    }
    notes
}

#[test]
fn requests_and_their_answers() {
    for (method, expected) in [
        ("GET", "http.get"),
        ("HEAD", "http.head"),
        ("POST", "http.post"),
        ("PUT", "http.put"),
        ("DELETE", "http.delete"),
        ("OPTIONS", "http.options"),
        ("CONNECT", "http.connect"),
        ("PROPFIND", "http.method"),
    ] {
        let notes = http(true, format!("{method} /x HTTP/1.1\r\nHost: test\r\n\r\n").as_bytes());
        assert_eq!(notes[0].id, expected, "{notes:#?}");
        assert!(words::of(Language::English, &notes[0]).contains("/x"));
    }
    for (code, expected) in [
        (100, "http.interim"),
        (101, "http.switching"),
        (200, "http.done"),
        (204, "http.no-content"),
        (206, "http.partial"),
        (300, "http.elsewhere"),
        (304, "http.not-modified"),
        (400, "http.bad-request"),
        (401, "http.unauthorized"),
        (403, "http.forbidden"),
        (404, "http.not-found"),
        (418, "http.client-error"),
        (429, "http.too-many"),
        (500, "http.server-error"),
        (502, "http.bad-gateway"),
        (503, "http.unavailable"),
        (504, "http.gateway-timeout"),
    ] {
        let notes = http(false, format!("HTTP/1.1 {code} What\r\nContent-Length: 0\r\n\r\n").as_bytes());
        assert!(notes.iter().any(|note| note.id == expected), "{code}: {notes:#?}");
    }
    let moved = http(false, b"HTTP/1.1 301 Moved\r\nLocation: http://other/\r\nContent-Length: 0\r\n\r\n");
    let redirect = moved.iter().find(|note| note.id == "http.redirect").expect("a redirect");
    assert_eq!(words::of(Language::English, redirect), "\"Not here: ask again at http://other/\" (301).");
}
