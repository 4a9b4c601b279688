//! Datagrams, what is asked in them, and packets of which no more is known than that they came.

use super::*;

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
