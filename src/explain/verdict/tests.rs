//! What conversations come to: every kind, and every way each can go.

mod apart;

use std::net::Ipv4Addr;

use super::*;
use crate::converse::ConversationNo;
use crate::converse::tests::*;
use crate::explain::words::{self, Language};
use crate::model::{Claim, MacAddr};
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

#[test]
fn who_has_an_address() {
    says([question(), answer(LAPTOP_MAC)], &["arp.answered", "arp.maker", "arp.blind.answer"]);
    says([question(), answer(ROUTER_MAC)], &["arp.answered", "arp.local", "arp.blind.answer"]);
    let docker = MacAddr([0x02, 0x42, 0xac, 0x11, 0, 2]);
    says([question(), answer(docker)], &["arp.answered", "arp.virtual", "arp.blind.answer"]);
    says([question(), question()], &["arp.unanswered", "arp.why-silence", "arp.blind.silence"]);
    let (capture, number) = after([question(), question()]);
    let said = text(&capture, number, "arp.unanswered");
    assert_eq!(said, "192.168.11.2 asked 2 times for the MAC address of 192.168.11.7, and nobody answered.");
}

#[test]
fn two_machines_with_one_address() {
    says([question(), answer(LAPTOP_MAC), answer(ROUTER_MAC)], &["arp.twice", "arp.why-twice"]);
    let other = arp(arp::REPLY, (LAPTOP, LAPTOP_MAC), (ROUTER, ROUTER_MAC));
    let (capture, number) = after([question(), answer(PC_MAC), other]);
    assert_eq!(ids(&capture, number)[0], "arp.twice", "told in two conversations");
    assert!(text(&capture, number, "arp.twice").contains("192.168.11.7 was answered for by 2 machines"));
}

#[test]
fn probes_and_announcements() {
    let nobody = (Ipv4Addr::UNSPECIFIED, PC_MAC);
    let probe = || arp(arp::REQUEST, nobody, (PC, MacAddr::ZERO));
    let announcement = || arp(arp::REQUEST, (PC, PC_MAC), (PC, MacAddr::ZERO));
    says([probe(), probe(), probe()], &["arp.free", "arp.why-free", "arp.blind.free"]);
    says([probe(), announcement()], &["arp.free", "arp.why-free", "arp.blind.free"]);
    let objection = arp(arp::REPLY, (PC, LAPTOP_MAC), nobody);
    says([probe(), objection], &["arp.taken", "arp.why-taken", "arp.blind.taken"]);
    says([announcement(), announcement()], &["arp.told", "arp.blind.told"]);
    let (capture, number) = after([announcement(), announcement()]);
    assert!(text(&capture, number, "arp.told").starts_with("192.168.11.2 told everyone 2 times"));
}

fn ping(reply: bool, sequence: u16) -> Vec<u8> {
    let (from, to) = if reply { (SERVER, PC) } else { (PC, SERVER) };
    echo(from, to, reply, 7, sequence)
}

#[test]
fn pings_that_are_answered() {
    says([ping(false, 1), ping(true, 1)], &["ping.answered", "ping.ttl-near", "ping.blind.programs"]);
    let far = with_ttl(52, ipv4::ICMP, SERVER, PC, &ping(true, 1)[20..]);
    says([ping(false, 1), far.clone()], &["ping.answered", "ping.ttl-far", "ping.blind.programs"]);
    let (capture, number) = after([ping(false, 1), far]);
    assert!(text(&capture, number, "ping.ttl-far").starts_with("12 routers on the way back"));
    says([echo(PC, PC, false, 7, 1), echo(PC, PC, true, 7, 1)], &["ping.local", "ping.answered", "ping.blind.network"]);
    says([ping(true, 1)], &["ping.questions-missing"]);
    says(
        [ping(false, 1), ping(true, 1), ping(true, 1)],
        &["ping.answered", "ping.duplicates", "ping.why-duplicates", "ping.ttl-near", "ping.blind.programs"],
    );
    let by_router = [
        arp(arp::REQUEST, (PC, PC_MAC), (SERVER, MacAddr::ZERO)),
        arp(arp::REPLY, (SERVER, LAPTOP_MAC), (PC, PC_MAC)),
        linked(PC_MAC, ROUTER_MAC, ethernet::IPV4, &ping(false, 1)),
        linked(ROUTER_MAC, PC_MAC, ethernet::IPV4, &ping(true, 1)),
    ];
    says(by_router, &["ping.answered", "ping.ttl-router", "ping.blind.programs"]);
}

#[test]
fn pings_that_are_not() {
    says([ping(false, 1)], &["ping.unanswered", "ping.why-silent", "ping.blind.silence"]);
    let lost = [ping(false, 1), ping(true, 1), ping(false, 2), ping(false, 3), ping(false, 5)];
    says(lost.clone(), &["ping.answered", "ping.lost", "ping.why-lost", "ping.ttl-near", "ping.blind.direction"]);
    let (capture, number) = after(lost);
    assert_eq!(text(&capture, number, "ping.lost"), "3 requests got no answer in time (seq 2-3, 5).");
    let on_link = [
        arp(arp::REQUEST, (PC, PC_MAC), (LAPTOP, MacAddr::ZERO)),
        answer(LAPTOP_MAC),
        linked(PC_MAC, LAPTOP_MAC, ethernet::IPV4, &echo(PC, LAPTOP, false, 7, 1)),
    ];
    let expected = [
        "ping.unanswered",
        "ping.arp-but-silent",
        "address.private",
        "arp.first-wait",
        "ping.why-refuses",
        "ping.blind.direction",
    ];
    says(on_link.clone(), &expected);
    let (capture, number) = after(on_link);
    let wait = text(&capture, number, "arp.first-wait");
    assert!(
        wait.starts_with("#3 had to wait for a MAC address: only the answer #2 told where 192.168.11.7 is."),
        "{wait}"
    );
    let everyone = Ipv4Addr::new(192, 168, 11, 255);
    let group = linked(PC_MAC, MacAddr::BROADCAST, ethernet::IPV4, &echo(PC, everyone, false, 7, 1));
    says([group.clone()], &["ping.everyone", "ping.blind.quiet"]);
    let (capture, number) = after([group, echo(ROUTER, PC, true, 7, 1), echo(LAPTOP, PC, true, 7, 1)]);
    assert_eq!(text(&capture, number, "ping.everyone"), "2 machines answered the question to 192.168.11.255.");
}

#[test]
fn errors_about_a_ping_say_their_cause() {
    let reported = |from, ttl, kind, code| {
        let request = with_ttl(ttl, ipv4::ICMP, PC, SERVER, &ping(false, 1)[20..]);
        [request.clone(), error(from, PC, kind, code, &request)]
    };
    says(reported(ROUTER, 1, 11, 0), &["ping.ttl-exceeded", "ping.why-ttl", "ping.blind.reporter"]);
    says(reported(ROUTER, 64, 11, 0), &["ping.ttl-exceeded", "ping.why-loop", "ping.blind.reporter"]);
    says(reported(ROUTER, 64, 11, 1), &["ping.error", "ping.why-reassembly", "ping.blind.reporter"]);
    says(reported(ROUTER, 64, 3, 0), &["ping.error", "ping.why-net", "ping.blind.reporter"]);
    says(reported(ROUTER, 64, 3, 1), &["ping.error", "ping.why-host", "ping.blind.reporter"]);
    says(reported(PC, 64, 3, 1), &["ping.error", "ping.why-host-self", "ping.blind.reporter"]);
    says(reported(ROUTER, 64, 3, 4), &["ping.error", "ping.why-too-big", "ping.blind.reporter"]);
    says(reported(ROUTER, 64, 3, 13), &["ping.error", "ping.why-forbidden", "ping.blind.reporter"]);
    says(reported(SERVER, 64, 3, 2), &["ping.error", "ping.why-error", "ping.blind.programs"]);
}

#[test]
fn pieces_are_counted() {
    let message = icmp::craft_echo(&icmp::Echo { reply: false, identifier: 7, sequence: 1 }, &[0; 3000]);
    let header = ipv4::Ipv4 { protocol: ipv4::ICMP, source: PC, destination: SERVER, ..ipv4::Ipv4::default() };
    let pieces = ipv4::fragments(&header, &message, 1500);
    let (capture, number) = after(pieces.clone());
    assert_eq!(text(&capture, number, "ip.pieces"), "1 packet came in pieces and is whole again: 3 fragments in all.");
    let (capture, number) = after([pieces[0].clone(), pieces[2].clone()]);
    assert_eq!(ids(&capture, number), ["ip.pieces-missing"]);
}

#[test]
fn datagrams() {
    let (pc, server) = ((PC, 5000), (SERVER, 9));
    let (there, back) = (|| datagram(pc, server, b"?"), || datagram(server, pc, b"!"));
    says([there(), back()], &["udp.both", "udp.first-answer", "ping.ttl-near", "udp.blind.loss"]);
    let (capture, number) = after([there(), there(), back()]);
    assert_eq!(text(&capture, number, "udp.both"), "192.168.11.2 sent 2 datagrams, 93.184.216.34 sent 1 back.");
    assert_eq!(
        text(&capture, number, "udp.first-answer"),
        "The first answer came 1.000 ms after the datagram before it."
    );
    says([there()], &["udp.unanswered", "udp.why-unanswered", "udp.blind.silence"]);
    says([there(), error(SERVER, PC, 3, 3, &there())], &["udp.refused"]);
    says([there(), error(ROUTER, PC, 3, 13, &there())], &["udp.complaint", "ping.why-forbidden"]);
    let group = datagram(pc, (Ipv4Addr::new(239, 1, 2, 3), 9), b"?");
    says([group], &["udp.to-group", "udp.blind.listeners"]);
    let other = ip(47, PC, SERVER, &[0; 20]);
    says([other.clone()], &[]);
    says([other.clone(), error(SERVER, PC, 3, 2, &other)], &["ip.complaint", "ping.why-error"]);
}

fn message(id: u8, code: Option<u8>) -> Vec<u8> {
    let flags = code.map_or([1, 0], |code| [0x81, 0x80 | code]);
    let question = b"\x03www\x04test\x00\x00\x01\x00\x01";
    [&[0, id][..], &flags, &[0, 1, 0, 0, 0, 0, 0, 0], question].concat()
}

#[test]
fn look_ups() {
    let ask = |id| datagram((PC, 5000), (SERVER, 53), &message(id, None));
    let tell = |id, code| datagram((SERVER, 53), (PC, 5000), &message(id, Some(code)));
    let asked = |code, what: &str| {
        let (capture, number) = after([ask(1), tell(1, code)]);
        assert_eq!(text(&capture, number, "dns.looked-up"), format!("www.test (A): {what}, after 1.000 ms."));
    };
    asked(0, "no such record");
    asked(2, "the server failed (SERVFAIL)");
    asked(3, "there is no such name (NXDOMAIN)");
    asked(5, "the server refused to answer");
    asked(4, "error 4");
    says([ask(1)], &["dns.unanswered", "dns.why-unanswered", "udp.blind.silence"]);
    says(
        [ask(1), ask(2), tell(2, 3)],
        &["dns.unanswered", "dns.looked-up", "dns.why-unanswered", "ping.ttl-near", "dns.blind.truth"],
    );
}

#[test]
fn leases() {
    let step = |kind: u8| {
        let mut bytes = vec![0_u8; 240];
        bytes[..8].copy_from_slice(&[1, 1, 6, 0, 0xca, 0xfe, 0, 1]);
        bytes[16..20].copy_from_slice(&if matches!(kind, 2 | 5) { PC.octets() } else { [0; 4] });
        bytes[236..240].copy_from_slice(&[0x63, 0x82, 0x53, 0x63]);
        bytes.extend([53, 1, kind, 255]);
        let (from, to) = ((Ipv4Addr::UNSPECIFIED, 68), (Ipv4Addr::BROADCAST, 67));
        if matches!(kind, 2 | 5 | 6) { datagram((ROUTER, 67), (PC, 68), &bytes) } else { datagram(from, to, &bytes) }
    };
    let steps = |kinds: &[u8], expected: &[&str]| says(kinds.iter().map(|&kind| step(kind)), expected);
    steps(&[1, 2, 3, 5], &["dhcp.got", "dhcp.blind.use"]);
    steps(&[1, 2], &["dhcp.offered"]);
    steps(&[1, 1], &["dhcp.nobody", "dhcp.why-nobody"]);
    steps(&[3], &["dhcp.unconfirmed", "dhcp.why-nobody"]);
    steps(&[3, 6], &["dhcp.refused"]);
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

/// A handshake, and what follows.
fn connected(rest: &[Segment<'_>]) -> (Capture, u32) {
    let opening = [talk(true, S, 0, 0, 0), talk(false, SA, 0, 1, 0), talk(true, A, 1, 1, 0)];
    after(opening.iter().chain(rest).map(|segment| segment.bytes()))
}

#[test]
fn connections_that_come_about() {
    let (capture, number) = connected(&[]);
    assert_eq!(
        ids(&capture, number),
        [
            "connection.open",
            "connection.still-open",
            "handshake.options",
            "connection.mss",
            "handshake.why-open",
            "connection.blind.ack"
        ]
    );
    assert_eq!(
        text(&capture, number, "connection.open"),
        "Port 80 of 93.184.216.34 is open: its SYN/ACK came 1.000 ms after the SYN."
    );
    let exchange = [talk(true, PA, 1, 1, 78), talk(false, PA, 1, 79, 1000), talk(true, A, 79, 1001, 0)];
    let (capture, number) = connected(&exchange);
    assert_eq!(
        text(&capture, number, "connection.data"),
        "192.168.11.2 sent 78 bytes of data, 93.184.216.34 sent 1000."
    );
    assert_eq!(ids(&capture, number).last(), Some(&"connection.blind.read"));
    let (capture, number) = connected(&[talk(true, PA, 1, 1, 78), talk(false, A, 1, 79, 0)]);
    assert_eq!(ids(&capture, number).last(), Some(&"connection.blind.program"));
    let middle = exchange.map(Segment::bytes);
    let (capture, number) = after(middle);
    let said = ids(&capture, number);
    assert_eq!((said[0], said.last()), ("connection.begun-before", Some(&"connection.blind.before")));
    let late = [talk(false, SA, 0, 1, 0), talk(true, A, 1, 1, 0)].map(Segment::bytes);
    assert_eq!(ids(&after(late).0, 1)[0], "connection.open-late");
    let plain = [
        Segment { options: &[], ..talk(true, S, 0, 0, 0) }.bytes(),
        Segment { options: &[], ..talk(false, SA, 0, 1, 0) }.bytes(),
    ];
    assert!(ids(&after(plain).0, 1).contains(&"handshake.plain"));
}

#[test]
fn connections_that_end() {
    let four = [talk(false, FA, 1, 1, 0), talk(true, A, 1, 2, 0), talk(true, FA, 1, 2, 0), talk(false, A, 2, 2, 0)];
    let (capture, number) = connected(&four);
    assert!(text(&capture, number, "connection.closed-four").contains("93.184.216.34 said FIN first"));
    let three = [talk(true, FA, 1, 1, 0), talk(false, FA, 1, 2, 0), talk(true, A, 2, 2, 0)];
    let (capture, number) = connected(&three);
    assert!(text(&capture, number, "connection.closed-three").contains("192.168.11.2 said FIN first"));
    let at_once = [talk(true, FA, 1, 1, 0), talk(false, FA, 1, 1, 0), talk(true, A, 2, 2, 0), talk(false, A, 2, 2, 0)];
    assert!(ids(&connected(&at_once).0, 1).contains(&"connection.closed-at-once"));
    let partly = [talk(true, FA, 1, 1, 0), talk(false, FA, 1, 2, 0)];
    assert!(ids(&connected(&partly).0, 1).contains(&"connection.closed-partly"));
    let half = [talk(true, FA, 1, 1, 0), talk(false, A, 1, 2, 0)];
    let (capture, number) = connected(&half);
    assert!(
        text(&capture, number, "connection.half-closed").starts_with("192.168.11.2 said FIN, 93.184.216.34 did not")
    );
    let same = [talk(false, RA, 1, 1, 0)];
    let (capture, number) = connected(&same);
    let said = ids(&capture, number);
    assert!(said.contains(&"connection.reset") && said.contains(&"connection.reset-same"), "{said:?}");
    let forged = [Segment { ttl: 61, ..talk(false, RA, 1, 1, 0) }];
    let (capture, number) = connected(&forged);
    assert!(ids(&capture, number).contains(&"connection.reset-other"), "{:?}", ids(&capture, number));
}

#[test]
fn connections_that_do_not_come_about() {
    let refused = |ttl| [talk(true, S, 0, 0, 0).bytes(), Segment { ttl, ..talk(false, RA, 0, 1, 0) }.bytes()];
    says(refused(52), &["handshake.refused", "handshake.why-refused-far", "handshake.blind-who"]);
    says(refused(64), &["handshake.refused", "handshake.why-refused", "handshake.blind-who"]);
    let link = |ttl, teller| {
        let [syn, reset] = refused(ttl);
        [
            arp(arp::REQUEST, (PC, PC_MAC), (SERVER, MacAddr::ZERO)),
            arp(arp::REPLY, (SERVER, LAPTOP_MAC), (PC, PC_MAC)),
            linked(PC_MAC, teller, ethernet::IPV4, &syn),
            linked(teller, PC_MAC, ethernet::IPV4, &reset),
        ]
    };
    let says_why = |ttl, teller, why: &str| {
        let (capture, number) = after(link(ttl, teller));
        assert!(ids(&capture, number).contains(&why), "{why}: {:?}", ids(&capture, number));
    };
    says_why(52, LAPTOP_MAC, "handshake.why-refused-odd");
    says_why(64, ROUTER_MAC, "handshake.why-refused-router");
    let me = |flags| Segment { from: (PC, 5000), to: (PC, 80), ..talk(true, flags, 0, 1, 0) };
    let own = [me(S).bytes(), Segment { from: (PC, 80), to: (PC, 5000), acknowledgment: 1001, ..me(RA) }.bytes()];
    says(own, &["handshake.refused", "handshake.why-refused-self", "handshake.blind-who"]);

    let mut capture = Capture::default();
    for wait in [0, 1000, 2000, 4000] {
        capture.wait(wait.max(1));
        capture.see(talk(true, S, 0, 0, 0).bytes());
    }
    let expected = ["connection.unanswered", "connection.waits", "handshake.why-silent", "handshake.blind-silence"];
    assert_eq!(ids(&capture, 1), expected);
    assert_eq!(
        text(&capture, 1, "connection.unanswered"),
        "192.168.11.2 sent 4 SYNs to port 80 of 93.184.216.34, and nothing came back."
    );
    assert!(text(&capture, 1, "connection.waits").contains("again 3 times, with waits of 1.00, 2.00, 4.00 s"));

    let syn = talk(true, S, 0, 0, 0).bytes();
    says(
        [syn.clone(), error(ROUTER, PC, 3, 1, &syn)],
        &["connection.complaint", "ping.why-host", "ping.blind.reporter"],
    );
}

#[test]
fn connections_in_trouble() {
    let found = |rest: &[Segment<'_>], id: &str| {
        let (capture, number) = connected(rest);
        text(&capture, number, id)
    };
    let data = |sequence| talk(true, PA, sequence, 1, 100);
    let mut capture = Capture::default();
    let opening = [talk(true, S, 0, 0, 0), talk(false, SA, 0, 1, 0), talk(true, A, 1, 1, 0)];
    for segment in opening.iter().chain(&[data(1), data(101)]) {
        capture.see(segment.bytes());
    }
    capture.wait(300);
    capture.see(data(1).bytes());
    let again = text(&capture, 1, "connection.again-late");
    assert!(again.starts_with("1 segment of 192.168.11.2 came again"), "{again}");
    let gap = found(&[data(1), data(201)], "connection.gaps");
    assert!(gap.starts_with("At 1 place bytes of 192.168.11.2 were missing"), "{gap}");
    let missed = found(&[data(1), talk(false, A, 1, 501, 0)], "connection.capture-lost");
    assert!(missed.starts_with("Of what 192.168.11.2 sent, the capture misses some"), "{missed}");
    let shut = found(&[data(1), Segment { window: 0, ..talk(false, A, 1, 101, 0) }], "connection.window-shut");
    assert!(shut.starts_with("93.184.216.34 said once that it had no room left, so 192.168.11.2"), "{shut}");
    let alive = found(&[data(1), talk(false, A, 1, 101, 0), talk(true, A, 100, 1, 0)], "connection.keep-alive");
    assert!(alive.starts_with("192.168.11.2 asked once"), "{alive}");
    let reused = [talk(true, FA, 1, 1, 0), Segment { sequence: 99_000, ..talk(true, S, 0, 0, 0) }];
    let (capture, number) = connected(&reused);
    assert_eq!(number, 2);
    assert!(ids(&capture, number).contains(&"tcp.reused-ports"), "{:?}", ids(&capture, number));
}

#[test]
fn what_is_sent_again_and_why() {
    let data = |sequence| talk(true, PA, sequence, 1, 100);
    let ack = |number| talk(false, A, 1, number, 0);
    let play = |rows: &[(i64, Segment<'_>)]| {
        let mut capture = Capture::default();
        let opening = [talk(true, S, 0, 0, 0), talk(false, SA, 0, 1, 0), talk(true, A, 1, 1, 0)];
        for (wait, segment) in opening.iter().map(|segment| (1, *segment)).chain(rows.iter().copied()) {
            capture.wait(wait);
            capture.see(segment.bytes());
        }
        ids(&capture, 1)
    };
    let asked = [(1, data(1)), (1, ack(1)), (1, data(101)), (1, ack(1)), (1, data(201)), (1, ack(1)), (1, data(301))];
    let fast = play(&[&asked[..], &[(1, ack(1)), (5, data(1))]].concat());
    assert!(fast.contains(&"connection.again-asked"), "{fast:?}");
    assert!(fast.contains(&"connection.why-again"), "{fast:?}");
    let needless = play(&[(1, data(1)), (1, ack(101)), (300, data(1))]);
    assert!(needless.contains(&"connection.again-needless"), "{needless:?}");
    let both = play(&[(1, data(1)), (300, data(1)), (1, ack(101)), (300, data(1))]);
    assert!(both.contains(&"connection.again"), "{both:?}");
    let overtaken = play(&[(1, data(1)), (1, data(201)), (1, data(101))]);
    assert!(overtaken.contains(&"connection.out-of-order"), "{overtaken:?}");
    let shut = Segment { window: 0, ..ack(101) };
    let asks = play(&[(1, data(1)), (1, shut), (300, talk(true, A, 100, 1, 0)), (1, shut)]);
    assert!(asks.contains(&"connection.asks-for-room") && asks.contains(&"connection.why-window"), "{asks:?}");
}

#[test]
fn a_scanner_s_reset_comes_from_its_kernel() {
    let scan = [talk(true, S, 0, 0, 0), talk(false, SA, 0, 1, 0), Segment { ttl: 63, ..talk(true, R, 1, 0, 0) }];
    let (capture, number) = after(scan.map(Segment::bytes));
    assert!(ids(&capture, number).contains(&"connection.kernel-reset"), "{:?}", ids(&capture, number));
}

#[test]
fn traces_and_redirects_are_no_failures() {
    let request = |ttl, sequence| with_ttl(ttl, ipv4::ICMP, PC, SERVER, &ping(false, sequence)[20..]);
    let frames = [
        request(1, 1),
        error(ROUTER, PC, 11, 0, &request(1, 1)),
        request(2, 2),
        error(LAPTOP, PC, 11, 0, &request(1, 2)),
        request(3, 3),
        ping(true, 3),
    ];
    says(frames.clone(), &["ping.answered", "ping.trace", "ping.ttl-near", "ping.blind.programs"]);
    let (capture, number) = after(frames);
    let said = text(&capture, number, "ping.trace");
    assert!(said.contains("2 routers told that one ran out there (192.168.11.1, 192.168.11.7)"), "{said}");
    let redirected = [ping(false, 1), error(ROUTER, PC, 5, 1, &ping(false, 1)), ping(true, 1)];
    says(redirected, &["ping.answered", "ip.shorter-way", "ping.ttl-near", "ping.blind.programs"]);
}

#[test]
fn what_a_connection_was_used_for() {
    use crate::engine::Engine;
    use crate::model::{Frame, LinkType};
    let get: &[u8] = b"GET /x HTTP/1.1\r\nHost: test\r\n\r\n";
    let found: &[u8] = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    let length = u32::try_from(get.len()).expect("short");
    let ask = Segment { data: get, ..talk(true, PA, 1, 1, 0) };
    let answer = |data| Segment { data, ..talk(false, PA, 1, 1 + length, 0) };
    let used = |rest: &[Segment<'_>]| {
        let opening = [talk(true, S, 0, 0, 0), talk(false, SA, 0, 1, 0), talk(true, A, 1, 1, 0)];
        let mut engine = Engine::default();
        for (number, segment) in (1_u32..).zip(opening.iter().chain(rest)) {
            let bytes = segment.bytes();
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
        let notes = verdict(&conversation, &Context::default());
        let note = notes.into_iter().find(|note| note.id.starts_with("http.")).expect("a request");
        (note.id, words::of(Language::English, &note))
    };
    let answered = used(&[ask, answer(found)]);
    assert_eq!(answered, ("http.answered", "GET /x: answered with 404 after 1.000 ms.".to_owned()));
    assert_eq!(used(&[ask]).0, "http.unanswered");
    assert_eq!(used(&[ask, answer(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")]).0, "http.unread");
}
