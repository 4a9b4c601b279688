//! What looks alike and is not: a packet and its copy behind a router, errors of many kinds, questions over TCP.

use super::*;

/// An echo request or reply of one IP packet, as it is seen with this TTL.
fn echo_seen(reply: bool, identification: u16, ttl: u8) -> Vec<u8> {
    let (source, destination) = if reply { (LAPTOP, PC) } else { (PC, LAPTOP) };
    let header = ipv4::Ipv4 { ttl, identification, protocol: ipv4::ICMP, source, destination, ..ipv4::Ipv4::default() };
    let message = icmp::craft_echo(&icmp::Echo { reply, identifier: 7, sequence: 1 }, b"netlab!!");
    ipv4::craft(&header, &message)
}

#[test]
fn a_packet_that_was_passed_on_is_no_other_one() {
    let answered = |frames: Vec<Vec<u8>>| {
        let (capture, number) = after(frames);
        assert!(!ids(&capture, number).contains(&"ping.lost"), "{:?}", ids(&capture, number));
        (text(&capture, number, "ping.answered"), ids(&capture, number).contains(&"ping.duplicates"))
    };
    let once = ("192.168.11.7 answered 1 of 1 request of this size.".to_owned(), false);
    // On both sides of a router; the answer on one, then on both.
    let way = vec![echo_seen(false, 9, 64), echo_seen(false, 9, 63), echo_seen(true, 5, 64), echo_seen(true, 5, 63)];
    assert_eq!(answered(way[..3].to_vec()), once);
    assert_eq!(answered(way.clone()), once);
    // The same packet, but nobody has passed it on: the link repeats frames.
    let (said, is_twice) = answered([&way[..3], &way[2..3]].concat());
    assert!(said == once.0 && is_twice);
    // Without an identification, nothing tells packets apart.
    let (capture, number) = after([echo_seen(false, 0, 64), echo_seen(false, 0, 63), echo_seen(true, 5, 64)]);
    assert!(ids(&capture, number).contains(&"ping.lost"));
}

#[test]
fn errors_of_different_kinds_are_not_one() {
    let packet = ip(99, PC, SERVER, &[0; 8]);
    let errors = (0..16).map(|code| error(ROUTER, PC, 3, code, &packet));
    let (capture, number) = after(std::iter::once(packet.clone()).chain(errors));
    let complaints = of(&capture, number).into_iter().filter(|note| note.id == "ip.complaint");
    let said: Vec<String> = complaints.map(|note| words::of(Language::English, &note)).collect();
    assert!(said.len() == 4 && said.iter().all(|said| said.contains(" sent an ICMP error about ")), "{said:#?}");
    // One that quotes nothing is about nobody's packets.
    says([error(ROUTER, PC, 3, 0, &[])], &["address.private"]);
    says([error(ROUTER, PC, 5, 0, &[])], &["address.private"]);
}

#[test]
fn what_two_machines_say_of_one_address_tells_nothing_of_routers() {
    let other = MacAddr([2, 0, 0, 0, 0, 9]);
    let reply = linked(LAPTOP_MAC, PC_MAC, ethernet::IPV4, &ping(true, 1));
    let ask = linked(PC_MAC, LAPTOP_MAC, ethernet::IPV4, &ping(false, 1));
    let told = |mac| arp(arp::REPLY, (SERVER, mac), (PC, PC_MAC));
    let (capture, number) = after([told(other), ask.clone(), reply.clone()]);
    assert!(ids(&capture, number).contains(&"ping.ttl-router"), "{:?}", ids(&capture, number));
    let (capture, number) = after([told(other), told(LAPTOP_MAC), ask, reply]);
    assert!(!ids(&capture, number).contains(&"ping.ttl-router"), "{:?}", ids(&capture, number));
}

#[test]
fn a_question_for_a_name_is_told_over_tcp_too() {
    let over_tcp =
        |message: Vec<u8>| [&u16::try_from(message.len()).expect("short").to_be_bytes()[..], &message].concat();
    let (ask, answer) = (over_tcp(message(1, None)), over_tcp(message(1, Some(3))));
    let length = u32::try_from(ask.len()).expect("short");
    let at_53 = |segment: Segment<'_>| {
        let port = |end: (Ipv4Addr, u16)| if end.1 == 80 { (end.0, 53) } else { end };
        Segment { from: port(segment.from), to: port(segment.to), ..segment }.bytes()
    };
    let segments = [
        at_53(talk(true, S, 0, 0, 0)),
        at_53(talk(false, SA, 0, 1, 0)),
        at_53(talk(true, A, 1, 1, 0)),
        at_53(Segment { data: &ask, ..talk(true, PA, 1, 1, 0) }),
        at_53(Segment { data: &answer, ..talk(false, PA, 1, 1 + length, 0) }),
    ];
    let notes = of_stream(segments);
    let note = notes.iter().find(|note| note.id == "dns.looked-up").expect("a question");
    let said = words::of(Language::English, note);
    assert_eq!(said, "www.test (A): there is no such name (NXDOMAIN), after 1.000 ms.");
    assert!(notes.iter().any(|note| note.id == "dns.blind.truth"), "{notes:#?}");
}
