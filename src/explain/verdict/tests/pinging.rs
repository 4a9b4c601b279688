//! Pings, and the packets that netlab sends to find a way.

use super::*;

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
