//! Verdicts over hand-made hops: every way a trace can end, and what it can come by.

use std::net::Ipv4Addr;

use super::*;
use crate::explain::words::{self, Language};
use crate::model::{Nanos, Probed};

const TARGET: Ipv4Addr = Ipv4Addr::new(93, 184, 216, 34);
const PC: Ipv4Addr = Ipv4Addr::new(192, 168, 11, 2);
const ROUTER: Ipv4Addr = Ipv4Addr::new(192, 168, 11, 1);
const OUT: Answer = Answer::TimeExceeded { code: 0 };
const QUOTE: Quote = Quote { ttl: 1, dsfield: 0, source: PC, destination: TARGET, rewritten: false };

fn path(hop: Hop) -> Path {
    Path {
        known_from: crate::model::KnownFrom::default(),
        target: TARGET,
        name: Some("www.example.com".to_owned()),
        interface: "eth0".to_owned(),
        source: PC,
        network: None,
        mtu: 1500,
        hop,
    }
}

fn router(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, last)
}

fn silent(ttl: u8) -> HopProbe {
    let request = Some(FrameNo(u32::from(ttl)));
    let probed = Probed { seq: 1, ttl, status: Status::Timeout, from: None, rtt: None, request, response: None };
    HopProbe::silent(probed, 0)
}

fn answered(ttl: u8, from: Ipv4Addr, answer: Answer) -> HopProbe {
    let probed = Probed {
        status: answer.status(),
        from: Some(IpAddr::V4(from)),
        rtt: Some(Nanos(1000)),
        response: Some(FrameNo(100 + u32::from(ttl))),
        ..silent(ttl).probed
    };
    let quote = matches!(answer, Answer::TimeExceeded { .. } | Answer::Unreachable { .. }).then_some(QUOTE);
    HopProbe { probed, answer: Some(answer), reply_ttl: Some(65 - ttl), quote, again: 0 }
}

fn hop(ttl: u8, from: Ipv4Addr, answer: Answer) -> HopReport {
    HopReport { ttl, probes: vec![answered(ttl, from, answer)], limited: false }
}

fn silence(ttl: u8) -> HopReport {
    HopReport { ttl, probes: vec![silent(ttl)], limited: false }
}

/// Two routers, then `end`.
fn to(end: HopReport) -> Vec<HopReport> {
    vec![hop(1, router(1), OUT), hop(2, router(2), OUT), end]
}

fn reached() -> Vec<HopReport> {
    to(hop(3, TARGET, Answer::EchoReply))
}

/// The ids of the verdict, without the prefix that most share.
fn ids(hops: &[HopReport], change: impl FnOnce(&mut Run<'_>)) -> Vec<&'static str> {
    let path = path(Hop::Router { address: ROUTER, known: None });
    let mut run = Run {
        path: &path,
        kind: ProbeKind::Icmp,
        last: 30,
        hops,
        arp_answered: None,
        arp_frames: &[],
        resets: &[],
        interrupted: false,
    };
    change(&mut run);
    let notes = verdict(&run);
    for note in &notes {
        let said = words::of(Language::English, note);
        assert!(said.ends_with('.') || said.ends_with(')'), "{said}");
        assert!(!said.contains(" is down"), "silence does not say so: {said}");
    }
    assert!(notes.len() <= 8, "too much to read: {notes:?}");
    notes.iter().map(|note| note.id.strip_prefix("trace.").unwrap_or(note.id)).collect()
}

fn plain(hops: &[HopReport]) -> Vec<&'static str> {
    ids(hops, |_| {})
}

#[test]
fn a_plain_path_needs_two_lines() {
    assert_eq!(plain(&reached()), ["reached", "blind.back"]);
    assert_eq!(plain(&[hop(1, TARGET, Answer::EchoReply)]), ["next-door", "blind.back"]);
    assert_eq!(plain(&[silence(1), hop(2, TARGET, Answer::EchoReply)]), ["reached-unseen", "silent", "blind.back"]);
}

#[test]
fn what_the_port_said_is_told() {
    let end = |answer| to(hop(3, TARGET, answer));
    let tcp = |run: &mut Run<'_>| run.kind = ProbeKind::Tcp { port: 80 };
    assert_eq!(ids(&end(Answer::SynAck), tcp), ["reached", "open", "blind.back"]);
    assert_eq!(ids(&end(Answer::Reset), tcp), ["reached", "closed", "blind.back"]);
    let udp = |run: &mut Run<'_>| run.kind = ProbeKind::Udp { port: 33434 };
    assert_eq!(ids(&end(Answer::Delivered { code: 3 }), udp), ["reached", "delivered", "blind.back"]);
    let frames = [FrameNo(9)];
    let hops = end(Answer::SynAck);
    let path = path(Hop::Router { address: ROUTER, known: None });
    let run = Run {
        path: &path,
        kind: ProbeKind::Tcp { port: 80 },
        last: 30,
        hops: &hops,
        arp_answered: None,
        arp_frames: &[],
        resets: &frames,
        interrupted: false,
    };
    let reset = verdict(&run).into_iter().find(|note| note.id == "trace.reset").expect("the RST is explained");
    assert_eq!(reset.frames[..], frames);
}

#[test]
fn who_refuses_is_named_with_the_usual_cause() {
    for (code, why) in [
        (0, "ping.why-net"),
        (1, "ping.why-host"),
        (4, "why-too-big"),
        (13, "ping.why-forbidden"),
        (5, "ping.why-error"),
    ] {
        let end = hop(3, router(3), Answer::Unreachable { kind: 3, code, mtu: None });
        assert_eq!(plain(&to(end)), ["refused", why, "blind.back"]);
    }
}

#[test]
fn an_unreached_target_is_not_called_down() {
    let mut hops = to(silence(3));
    hops.extend((4..=30).map(silence));
    assert_eq!(plain(&hops), ["unreached", "why-unreached", "blind.back"]);
    let none: Vec<_> = (1..=30).map(silence).collect();
    assert_eq!(plain(&none), ["silence", "why-unreached", "blind.silence"]);
    let udp = |run: &mut Run<'_>| run.kind = ProbeKind::Udp { port: 53 };
    assert_eq!(ids(&none, udp), ["silence", "why-unreached-udp", "blind.silence"]);
}

#[test]
fn a_trace_that_was_cut_or_interrupted_says_so() {
    let hops = to(hop(3, router(3), OUT));
    assert_eq!(ids(&hops, |run| run.last = 3), ["cut", "blind.back"]);
    assert_eq!(ids(&hops, |run| run.interrupted = true), ["interrupted", "blind.back"]);
}

#[test]
fn silent_hops_limits_and_losses_are_told_apart() {
    let mut hops = reached();
    hops[1] = silence(2);
    assert_eq!(plain(&hops), ["reached", "silent", "blind.back"]);
    let mut hops = reached();
    hops[1].limited = true;
    hops[1].probes.push(silent(2));
    assert_eq!(plain(&hops), ["reached", "limited", "why-limited", "blind.back"]);
    hops[1].limited = false;
    assert_eq!(plain(&hops), ["reached", "lost", "blind.back"]);
}

#[test]
fn an_answer_from_elsewhere_is_shown() {
    let hops = to(hop(3, router(9), Answer::EchoReply));
    assert_eq!(plain(&hops), ["reached", "elsewhere", "why-elsewhere", "blind.back"]);
}

#[test]
fn loops_and_repetitions_are_told_apart() {
    let circle: Vec<_> = (1..=6).map(|ttl| hop(ttl, router(ttl % 2), OUT)).collect();
    assert_eq!(ids(&circle, |run| run.last = 6), ["cut", "loop", "why-loop", "blind.back"]);
    let twice = vec![hop(1, router(1), OUT), hop(2, router(1), OUT), hop(3, TARGET, Answer::EchoReply)];
    assert_eq!(plain(&twice), ["reached", "twice", "blind.back"]);
    // A router that reports once and refuses at the next TTL is no loop.
    let refusing = vec![hop(1, router(1), OUT), hop(2, router(1), Answer::Unreachable { kind: 3, code: 0, mtu: None })];
    assert!(!plain(&refusing).iter().any(|id| ["twice", "loop"].contains(id)));
}

#[test]
fn several_addresses_at_a_hop_are_shown() {
    let mut hops = reached();
    hops[1].probes.push(answered(2, router(22), OUT));
    assert_eq!(plain(&hops), ["reached", "several", "why-several", "blind.back"]);
}

#[test]
fn changed_headers_are_shown_at_the_first_hop_that_saw_them() {
    let with = |quote| {
        let mut hops = reached();
        hops[1].probes[0].quote = Some(quote);
        plain(&hops)
    };
    assert_eq!(with(Quote { dsfield: 0x88, ..QUOTE }), ["reached", "marked", "blind.back"]);
    assert_eq!(with(Quote { destination: router(7), ..QUOTE }), ["reached", "translated", "blind.back"]);
    assert_eq!(with(Quote { rewritten: true, ..QUOTE }), ["reached", "translated", "blind.back"]);
    assert_eq!(with(Quote { ttl: 3, ..QUOTE }), ["reached", "ttl-left", "blind.back"]);
    assert_eq!(with(Quote { ttl: 0, ..QUOTE }), ["reached", "blind.back"]);
}

#[test]
fn another_way_back_is_a_guess() {
    for (reply_ttl, differs) in [(62, false), (60, true), (253, false), (250, true), (126, false), (64, true)] {
        let mut hops = reached();
        hops[2].probes[0].reply_ttl = Some(reply_ttl);
        assert_eq!(plain(&hops).contains(&"asymmetric"), differs, "{reply_ttl}");
    }
}

#[test]
fn without_an_arp_answer_nothing_was_sent() {
    let router_silent = |run: &mut Run<'_>| run.arp_answered = Some(false);
    assert_eq!(ids(&[], router_silent), ["ping.no-arp-router", "ping.why-no-router"]);
    let path = path(Hop::OnLink { known: None });
    let notes = no_arp(&path, &[FrameNo(1)]);
    assert_eq!(notes.iter().map(|note| note.id).collect::<Vec<_>>(), ["trace.no-arp", "ping.why-no-arp"]);
}

#[test]
fn a_probe_that_was_not_sent_is_no_loss() {
    let mut hops = reached();
    hops[0].probes[0].probed.status = Status::NotSent { errno: 105 };
    hops[0].probes[0].answer = None;
    assert_eq!(plain(&hops), ["not-sent", "reached", "blind.back"]);
}

#[test]
fn loss_that_later_hops_do_not_have_is_called_harmless() {
    let figures = |answered: u32, lost| {
        let mut figures = HopFigures::default();
        (0..answered).for_each(|_| figures.answer(Some(Nanos(1000))));
        figures.lost = lost;
        figures
    };
    let path = path(Hop::Router { address: ROUTER, known: None });
    let ids = |hops: &[(u8, HopFigures)], reached| {
        let summary = TraceSummary { reached, hops: 3 };
        let run = WatchedRun {
            path: &path,
            kind: ProbeKind::Icmp,
            hops,
            summary,
            rounds: 10,
            arp_answered: None,
            arp_frames: &[],
        };
        let id = |note: &Note| note.id.strip_prefix("trace.").unwrap_or(note.id);
        watched(&run).iter().map(id).collect::<Vec<_>>()
    };
    let lossy_router = [(1, figures(10, 0)), (2, figures(4, 6)), (3, figures(10, 0))];
    assert_eq!(ids(&lossy_router, true), ["watched", "watch-harmless", "blind.back"]);
    let lossy_path = [(1, figures(10, 0)), (2, figures(5, 5)), (3, figures(5, 5))];
    assert_eq!(ids(&lossy_path, true), ["watched", "blind.back"]);
    assert_eq!(ids(&lossy_path, false), ["watch-unreached", "why-unreached", "blind.back"]);
    assert_eq!(ids(&[], false), ["watch-silence", "why-unreached", "blind.silence"]);
}

#[test]
fn the_heading_says_what_is_sent() {
    let path = path(Hop::Router { address: ROUTER, known: None });
    let said = |kind| words::of(Language::English, &heading(&path, kind, 1, 30, 3));
    let begin = "TRACE www.example.com (93.184.216.34) from 192.168.11.2 on eth0: ";
    assert_eq!(said(ProbeKind::Icmp), format!("{begin}echo requests, TTL 1 to 30, 3 each"));
    assert_eq!(said(ProbeKind::Udp { port: 33434 }), format!("{begin}UDP to port 33434, TTL 1 to 30, 3 each"));
    assert_eq!(said(ProbeKind::Tcp { port: 80 }), format!("{begin}SYN to port 80, TTL 1 to 30, 3 each"));
}

#[test]
fn the_router_says_one_short_phrase() {
    let mut answers = vec![Answer::EchoReply, Answer::SynAck, Answer::Reset, OUT, Answer::TimeExceeded { code: 1 }];
    answers.extend([2, 3].map(|code| Answer::Delivered { code }));
    answers.extend((0..=15).map(|code| Answer::Unreachable { kind: 3, code, mtu: Some(1400) }));
    answers.push(Answer::Unreachable { kind: 12, code: 0, mtu: None });
    for answer in answers {
        let phrase = words::text(Language::English, says(answer), &[]);
        assert!(phrase != says(answer) && phrase.len() <= 16, "{answer:?}: {phrase}");
    }
}
