//! The ping state machine under a scripted clock and a scripted network.

use super::*;
use crate::dissect::dissect;
use crate::model::{Frame, LinkType};

const PC: Ipv4Addr = Ipv4Addr::new(192, 168, 11, 2);
const MAC: Ipv4Addr = Ipv4Addr::new(192, 168, 11, 7);
const ROUTER: Ipv4Addr = Ipv4Addr::new(192, 168, 11, 1);
const STRANGER: Ipv4Addr = Ipv4Addr::new(192, 168, 11, 66);
const IDENTIFIER: u16 = 0x3a1f;

fn plan() -> Plan {
    Plan {
        source: PC,
        target: MAC,
        anyone: false,
        identifier: IDENTIFIER,
        identification: 100,
        count: 3,
        interval: Nanos::SECOND,
        patience: Nanos(2_000_000_000),
        deadline: None,
        ttl: 64,
        payload: b"sixteen bytes ok".to_vec(),
        fragmenting: Fragmenting::WhereNeeded,
        mtu: 1500,
    }
}

/// A ping, a clock in milliseconds and a wire that numbers and stamps the frames it carries.
struct Script {
    ping: Ping,
    now: i64,
    frames: u32,
}

impl Script {
    fn new(plan: Plan) -> Self {
        Self { ping: Ping::new(plan), now: 0, frames: 0 }
    }

    fn clock(&self) -> Nanos {
        Nanos(self.now * 1_000_000)
    }

    /// The next step, at `at` milliseconds.
    fn step(&mut self, at: i64) -> Step {
        self.now = at;
        self.ping.next(self.clock())
    }

    /// At `at`, a request must be due; it goes out and the sniffer sees it.
    fn ask(&mut self, at: i64) -> Vec<Vec<u8>> {
        let Step::Send(Outgoing::Ip(packets)) = self.step(at) else { panic!("no request at {at} ms") };
        self.ping.sent(self.clock(), Ok(()));
        for packet in &packets {
            self.hear(at, packet.clone());
        }
        packets
    }

    /// At `at`, the sniffer sees `packet`.
    fn hear(&mut self, at: i64, packet: Vec<u8>) -> FrameNo {
        self.read(at, at, packet)
    }

    /// At `at`, a packet is read that was captured at `captured`.
    fn read(&mut self, at: i64, captured: i64, packet: Vec<u8>) -> FrameNo {
        self.now = at;
        self.frames += 1;
        let frame = Frame {
            number: FrameNo(self.frames),
            time: Nanos(captured * 1_000_000),
            direction: None,
            link: LinkType::RawIp,
            original: packet.len(),
            checksum_pending: false,
            bytes: packet,
        };
        self.ping.heard(self.clock(), &dissect(&frame));
        frame.number
    }

    fn statuses(&mut self) -> Vec<(u16, Status)> {
        self.probed().into_iter().map(|probed| (probed.seq, probed.status)).collect()
    }

    fn probed(&mut self) -> Vec<Probed> {
        let only_probed = |event| match event {
            Event::Probed(probed) => probed,
            event => panic!("not the fate of a probe: {event:?}"),
        };
        self.ping.events().into_iter().map(only_probed).collect()
    }
}

fn ip(source: Ipv4Addr, destination: Ipv4Addr) -> ipv4::Ipv4 {
    ipv4::Ipv4 { protocol: ipv4::ICMP, source, destination, ..ipv4::Ipv4::default() }
}

fn reply_with(source: Ipv4Addr, identifier: u16, sequence: u16, payload: &[u8]) -> Vec<u8> {
    ipv4::craft(&ip(source, PC), &icmp::craft_echo(&icmp::Echo { reply: true, identifier, sequence }, payload))
}

fn reply(sequence: u16) -> Vec<u8> {
    reply_with(MAC, IDENTIFIER, sequence, b"sixteen bytes ok")
}

/// An ICMP error from the router that quotes `original` (header and first 8 bytes).
fn error(kind: u8, code: u8, original: &[u8]) -> Vec<u8> {
    let mut message = vec![kind, code, 0, 0, 0, 0, 0, 0];
    message.extend_from_slice(&original[..28]);
    let sum = checksum::Sum::default().plus(&message).checksum();
    message[2..4].copy_from_slice(&sum.to_be_bytes());
    ipv4::craft(&ip(ROUTER, PC), &message)
}

#[test]
fn answers_in_order_end_the_run_at_the_last_one() {
    let mut script = Script::new(plan());
    for (seq, at) in [(1, 0), (2, 1000), (3, 2000)] {
        script.ask(at);
        script.hear(at + 5, reply(seq));
        assert_eq!(script.statuses(), [(seq, Status::Reply)]);
    }
    assert_eq!(script.step(2005), Step::Done);
}

#[test]
fn the_rtt_is_the_difference_of_the_two_frames_stamps() {
    let mut script = Script::new(plan());
    script.ask(0);
    script.hear(7, reply(1));
    let probed = script.probed()[0];
    assert_eq!(probed.rtt, Some(Nanos(7_000_000)));
    assert_eq!((probed.request, probed.response), (Some(FrameNo(1)), Some(FrameNo(2))));
    assert_eq!(probed.from, Some(IpAddr::V4(MAC)));
}

#[test]
fn a_request_that_the_sniffer_missed_has_no_rtt() {
    let mut script = Script::new(plan());
    assert!(matches!(script.step(0), Step::Send(_)));
    script.ping.sent(Nanos(0), Ok(()));
    script.hear(7, reply(1));
    let probed = script.probed()[0];
    assert_eq!((probed.status, probed.rtt), (Status::Reply, None));
}

#[test]
fn requests_keep_their_beat_whatever_the_answers_do() {
    let mut script = Script::new(plan());
    script.ask(0);
    assert_eq!(script.step(1), Step::Wait(Nanos::SECOND));
    script.hear(900, reply(1));
    assert_eq!(script.step(999), Step::Wait(Nanos::SECOND));
    script.ask(1003);
    assert_eq!(script.step(1500), Step::Wait(Nanos(2_000_000_000)), "the beat counts from the first request");
}

#[test]
fn silence_is_a_timeout_and_a_late_answer_is_late() {
    let mut script = Script::new(Plan { count: 2, ..plan() });
    script.ask(0);
    script.ask(1000);
    assert_eq!(script.step(1999), Step::Wait(Nanos(2_000_000_000)));
    assert_eq!(script.step(2000), Step::Wait(Nanos(3_000_000_000)));
    assert_eq!(script.statuses(), [(1, Status::Timeout)]);
    script.hear(2500, reply(1));
    let late = script.probed()[0];
    assert_eq!((late.seq, late.status, late.rtt), (1, Status::Late, Some(Nanos(2_500_000_000))));
    assert_eq!(script.step(3000), Step::Done);
    assert_eq!(script.statuses(), [(2, Status::Timeout)]);
}

#[test]
fn the_frames_times_decide_what_is_late_and_not_when_they_were_read() {
    let mut held_up = Script::new(Plan { count: 1, ..plan() });
    held_up.ask(0);
    held_up.read(9000, 2000, reply(1));
    assert_eq!(held_up.statuses(), [(1, Status::Reply)], "it came in time; this process was late to look");
    let mut late = Script::new(Plan { count: 1, ..plan() });
    late.ask(0);
    late.read(2001, 2001, reply(1));
    assert_eq!(late.statuses(), [(1, Status::Timeout), (1, Status::Late)]);
}

#[test]
fn overdue_requests_do_not_come_in_a_burst() {
    let mut script = Script::new(Plan { count: 10, ..plan() });
    script.ask(0);
    script.ask(5000);
    assert_eq!(script.step(5000), Step::Wait(Nanos(5_200_000_000)), "four more are overdue, but not all at once");
    script.ask(5200);
    let mut quick = Script::new(Plan { interval: Nanos(50_000_000), ..plan() });
    quick.ask(0);
    quick.ask(50);
}

#[test]
fn a_second_answer_is_a_duplicate() {
    let mut script = Script::new(plan());
    script.ask(0);
    script.hear(5, reply(1));
    script.hear(6, reply(1));
    assert_eq!(script.statuses(), [(1, Status::Reply), (1, Status::Duplicate)]);
}

#[test]
fn answers_out_of_order_find_their_requests() {
    let mut script = Script::new(Plan { count: 2, ..plan() });
    script.ask(0);
    script.ask(1000);
    script.hear(1005, reply(2));
    script.hear(1010, reply(1));
    assert_eq!(script.statuses(), [(2, Status::Reply), (1, Status::Reply)]);
    assert_eq!(script.step(1010), Step::Done);
}

#[test]
fn near_misses_are_rejected_with_their_reason_and_change_nothing() {
    let good = b"sixteen bytes ok";
    let mut wrong_sum = reply(1);
    wrong_sum[22] ^= 1; // the checksum field itself
    let cases = [
        (reply_with(STRANGER, IDENTIFIER, 1, good), Mismatch::Source),
        (reply_with(MAC, IDENTIFIER ^ 1, 1, good), Mismatch::Identifier),
        (reply_with(MAC, IDENTIFIER, 9, good), Mismatch::Sequence),
        (reply_with(MAC, IDENTIFIER, 0, good), Mismatch::Sequence),
        (reply_with(MAC, IDENTIFIER, 1, b"sixteen bytes KO"), Mismatch::Payload),
        (reply_with(MAC, IDENTIFIER, 1, b"sixteen bytes ok and more"), Mismatch::Payload),
        (wrong_sum, Mismatch::Checksum),
    ];
    for (packet, mismatch) in cases {
        let mut script = Script::new(plan());
        script.ask(0);
        let frame = script.hear(5, packet);
        assert_eq!(script.ping.events(), [Event::Rejected { frame, mismatch }]);
        script.hear(6, reply(1));
        assert_eq!(script.statuses(), [(1, Status::Reply)], "the right answer still counts after {mismatch:?}");
    }
}

#[test]
fn other_peoples_pings_are_none_of_our_business() {
    let mut script = Script::new(plan());
    script.ask(0);
    script.hear(5, reply_with(STRANGER, 1, 1, b"another program's"));
    assert_eq!(script.ping.events(), []);
}

#[test]
fn an_error_counts_when_it_quotes_our_request() {
    for (kind, code, status) in [
        (3, 1, Status::Unreachable { kind: 3, code: 1 }),
        (3, 13, Status::Unreachable { kind: 3, code: 13 }),
        (12, 0, Status::Unreachable { kind: 12, code: 0 }),
        (11, 0, Status::TimeExceeded { code: 0 }),
        (11, 1, Status::TimeExceeded { code: 1 }),
    ] {
        let mut script = Script::new(Plan { count: 1, ..plan() });
        let request = script.ask(0).remove(0);
        let frame = script.hear(4, error(kind, code, &request));
        let probed = script.probed()[0];
        assert_eq!((probed.status, probed.from, probed.response), (status, Some(IpAddr::V4(ROUTER)), Some(frame)));
        assert_eq!(probed.rtt, Some(Nanos(4_000_000)));
        assert_eq!(script.step(4), Step::Done);
    }
}

#[test]
fn an_error_about_somebody_elses_packet_changes_nothing() {
    let mut script = Script::new(plan());
    let request = script.ask(0).remove(0);
    let mut other_identifier = request.clone();
    other_identifier[24] ^= 1;
    let mut other_target = request.clone();
    other_target[19] ^= 1;
    let mut other_sender = request.clone();
    other_sender[15] ^= 1;
    let redirect = error(5, 1, &request);
    for packet in [error(3, 1, &other_identifier), error(3, 1, &other_target), error(11, 0, &other_sender)] {
        let frame = script.hear(4, packet);
        assert_eq!(script.ping.events(), [Event::Rejected { frame, mismatch: Mismatch::Quotation }]);
    }
    script.hear(4, redirect);
    assert_eq!(script.ping.events(), [], "a redirect is no answer, but no error either");
    script.hear(5, reply(1));
    assert_eq!(script.statuses(), [(1, Status::Reply)]);
}

#[test]
fn an_answer_after_an_error_still_is_the_answer() {
    let mut script = Script::new(plan());
    let request = script.ask(0).remove(0);
    script.hear(4, error(3, 1, &request));
    script.hear(5, reply(1));
    assert_eq!(script.statuses(), [(1, Status::Unreachable { kind: 3, code: 1 }), (1, Status::Reply)]);
}

#[test]
fn a_damaged_error_does_not_count() {
    let mut script = Script::new(plan());
    let request = script.ask(0).remove(0);
    let mut damaged = error(3, 1, &request);
    damaged[22] ^= 1;
    let frame = script.hear(4, damaged);
    assert_eq!(script.ping.events(), [Event::Rejected { frame, mismatch: Mismatch::Checksum }]);
    script.hear(5, reply(1));
    assert_eq!(script.statuses(), [(1, Status::Reply)]);
}

#[test]
fn an_error_after_the_time_allowed_still_is_reported_once() {
    let mut script = Script::new(Plan { count: 1, ..plan() });
    let request = script.ask(0).remove(0);
    script.step(2000);
    script.hear(3000, error(3, 1, &request));
    script.hear(3001, error(3, 1, &request));
    assert_eq!(script.statuses(), [(1, Status::Timeout), (1, Status::Unreachable { kind: 3, code: 1 })]);
}

#[test]
fn the_ttl_that_counts_is_the_accepted_answers() {
    let mut script = Script::new(plan());
    script.ask(0);
    script.hear(4, reply_with(MAC, IDENTIFIER, 1, b"sixteen bytes KO"));
    assert_eq!(script.ping.reply_ttl(), None);
    script.hear(5, reply(1));
    assert_eq!(script.ping.reply_ttl(), Some(64));
}

#[test]
fn a_refused_request_is_not_sent_and_never_lost() {
    let mut script = Script::new(Plan { count: 2, ..plan() });
    assert!(matches!(script.step(0), Step::Send(_)));
    script.ping.sent(Nanos(0), Err(105));
    assert_eq!(script.statuses(), [(1, Status::NotSent { errno: 105 })]);
    assert_eq!(script.step(0), Step::Wait(Nanos::SECOND));
    script.ask(1000);
    script.hear(1005, reply(2));
    assert_eq!(script.step(5000), Step::Done);
    assert_eq!(script.statuses(), [(2, Status::Reply)], "the first one never times out");
}

#[test]
fn the_deadline_ends_the_run_whatever_is_open() {
    let mut script = Script::new(Plan { deadline: Some(Nanos(1_500_000_000)), ..plan() });
    script.ask(0);
    script.ask(1000);
    assert_eq!(script.step(1200), Step::Wait(Nanos(1_500_000_000)));
    assert_eq!(script.step(1500), Step::Done);
    assert_eq!(script.statuses(), [], "open requests are neither answered nor lost yet");
}

#[test]
fn anyone_may_answer_a_group() {
    let mut script = Script::new(Plan { target: Ipv4Addr::new(192, 168, 11, 255), anyone: true, ..plan() });
    script.ask(0);
    script.hear(5, reply_with(MAC, IDENTIFIER, 1, b"sixteen bytes ok"));
    script.hear(6, reply_with(ROUTER, IDENTIFIER, 1, b"sixteen bytes ok"));
    assert_eq!(script.statuses(), [(1, Status::Reply), (1, Status::Duplicate)]);
}

#[test]
fn large_requests_are_fragmented_unless_forbidden() {
    let large = Plan { payload: vec![7; 1473], ..plan() };
    assert_eq!(Script::new(large.clone()).ask(0).len(), 2);
    let Step::Send(Outgoing::Ip(whole)) = Script::new(Plan { fragmenting: Fragmenting::Never, ..large }).step(0) else {
        panic!("no request")
    };
    assert_eq!((whole.len(), whole[0].len()), (1, 1501), "the operating system will refuse it, and say why");
}

#[test]
fn the_flag_follows_the_plan() {
    let flag = |fragmenting, size| {
        let packets = Script::new(Plan { fragmenting, payload: vec![7; size], ..plan() }).ask(0);
        ipv4::Ipv4::read(&packets[0]).expect("a header").dont_fragment
    };
    assert!(flag(Fragmenting::WhereNeeded, 1472));
    assert!(!flag(Fragmenting::WhereNeeded, 1473));
    assert!(!flag(Fragmenting::Allowed, 56));
    assert!(flag(Fragmenting::Never, 56));
}
