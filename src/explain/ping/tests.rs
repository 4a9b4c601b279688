//! Verdicts over hand-made fates: every way a ping can end.

use super::*;
use crate::explain::words::{self, Language};
use crate::model::Claim;
use crate::model::{MacAddr, Nanos};

const TARGET: Ipv4Addr = Ipv4Addr::new(192, 168, 11, 7);
const ROUTER: Ipv4Addr = Ipv4Addr::new(192, 168, 11, 1);

fn path(hop: Hop) -> Path {
    Path {
        target: TARGET,
        name: None,
        interface: "eth0".to_owned(),
        source: Ipv4Addr::new(192, 168, 11, 2),
        network: None,
        mtu: 1500,
        hop,
        known_from: KnownFrom::Neighbours,
    }
}

fn fate(seq: u16, status: Status, from: Option<Ipv4Addr>) -> Probed {
    let came = from.is_some();
    Probed {
        seq,
        ttl: 64,
        status,
        from: from.map(IpAddr::V4),
        rtt: came.then_some(Nanos(412_000)),
        request: Some(FrameNo(u32::from(seq) * 2 + 1)),
        response: came.then_some(FrameNo(u32::from(seq) * 2 + 2)),
    }
}

fn fates(status: Status, from: Option<Ipv4Addr>) -> Vec<Probed> {
    (1..=4).map(|seq| fate(seq, status, from)).collect()
}

struct Case {
    hop: Hop,
    known_from: KnownFrom,
    fates: Vec<Probed>,
    transmitted: u32,
    ttl: u8,
    reply_ttl: Option<u8>,
    arp: Option<bool>,
    rejected: Vec<FrameNo>,
}

const NEAR: Hop = Hop::OnLink { known: None };
const FAR: Hop = Hop::Router { address: ROUTER, known: None };

impl Case {
    fn new(hop: Hop, fates: Vec<Probed>) -> Self {
        let known_from = KnownFrom::Neighbours;
        Self { hop, known_from, fates, transmitted: 4, ttl: 64, reply_ttl: None, arp: Some(true), rejected: Vec::new() }
    }

    fn notes(&self) -> Vec<Note> {
        let path = Path { known_from: self.known_from, ..path(self.hop) };
        let summary = PingSummary::of(self.transmitted, Nanos::SECOND, &self.fates);
        let notes = verdict(&Run {
            path: &path,
            ttl: self.ttl,
            summary: &summary,
            fates: &self.fates,
            reply_ttl: self.reply_ttl,
            arp_answered: self.arp,
            arp_frames: &[FrameNo(1), FrameNo(2)],
            rejected: &self.rejected,
        });
        assert!(notes.len() <= MOST, "{notes:#?}");
        assert!(notes.iter().any(|note| note.kind == Claim::Blind), "every verdict says what it cannot show");
        for note in &notes {
            let text = words::of(Language::English, note);
            assert!(!text.to_lowercase().contains("down,"), "{text}");
        }
        notes
    }

    fn ids(&self) -> Vec<&'static str> {
        self.notes().iter().map(|note| note.id).collect()
    }
}

#[test]
fn all_answered_by_a_neighbour() {
    let case = Case { reply_ttl: Some(64), ..Case::new(NEAR, fates(Status::Reply, Some(TARGET))) };
    assert_eq!(case.ids(), ["ping.answered", "ping.ttl-near", "ping.blind.programs"]);
    let notes = case.notes();
    assert_eq!(notes[0].frames[..], (3..=10).map(FrameNo).collect::<Vec<_>>());
    assert_eq!(notes[1].frames[..], [FrameNo(4)]);
    assert_eq!(words::of(Language::English, &notes[0]), "192.168.11.7 answered 4 of 4 requests of this size.");
}

#[test]
fn the_ttl_of_an_answer_suggests_the_distance() {
    let said = |hop, ttl| {
        let case = Case { reply_ttl: Some(ttl), ..Case::new(hop, fates(Status::Reply, Some(TARGET))) };
        words::of(Language::English, &case.notes()[1])
    };
    assert!(said(FAR, 58).starts_with("6 routers on the way back"), "{}", said(FAR, 58));
    assert!(said(FAR, 127).starts_with("1 router on the way back"), "{}", said(FAR, 127));
    assert!(said(FAR, 250).contains("set out with 255"), "{}", said(FAR, 250));
    assert!(said(FAR, 64).starts_with("The router itself may"), "{}", said(FAR, 64));
    assert!(said(NEAR, 0).contains("64 routers"), "{}", said(NEAR, 0));
}

#[test]
fn silence_is_told_from_no_arp_answer() {
    let silent = |hop, arp, transmitted| {
        let fates = if transmitted > 0 { fates(Status::Timeout, None) } else { Vec::new() };
        Case { transmitted, arp, ..Case::new(hop, fates) }.ids()
    };
    let known = Hop::OnLink { known: Some(MacAddr::BROADCAST) };
    assert_eq!(silent(NEAR, Some(false), 0), ["ping.no-arp", "ping.why-no-arp", "ping.blind.elsewhere"]);
    assert_eq!(silent(FAR, Some(false), 0), ["ping.no-arp-router", "ping.why-no-router", "ping.blind.beyond"]);
    assert_eq!(
        silent(NEAR, Some(true), 4),
        ["ping.silence", "ping.arp-but-silent", "ping.why-refuses", "ping.blind.direction"]
    );
    let mut unasked = Case { arp: None, ..Case::new(known, fates(Status::Timeout, None)) };
    unasked.known_from = KnownFrom::Interface;
    assert_eq!(unasked.ids(), ["ping.silence", "ping.why-silent", "ping.blind.silence"], "no table, so no stale entry");
    assert_eq!(silent(known, None, 4), ["ping.silence", "ping.why-stale", "ping.blind.silence"]);
    assert_eq!(silent(FAR, Some(true), 4), ["ping.silence", "ping.why-silent", "ping.blind.silence"]);
}

#[test]
fn icmp_errors_are_told_by_sender_type_and_code() {
    let said = |status, from, ttl| Case { ttl, ..Case::new(FAR, fates(status, Some(from))) }.ids();
    let error = |code| said(Status::Unreachable { kind: 3, code }, ROUTER, 64);
    assert_eq!(error(0), ["ping.error", "ping.why-net", "ping.blind.reporter"]);
    assert_eq!(error(1), ["ping.error", "ping.why-host", "ping.blind.reporter"]);
    assert_eq!(error(4), ["ping.error", "ping.why-too-big", "ping.blind.reporter"]);
    assert_eq!(error(13), ["ping.error", "ping.why-forbidden", "ping.blind.reporter"]);
    let expired = Status::TimeExceeded { code: 0 };
    assert_eq!(said(expired, ROUTER, 2), ["ping.ttl-exceeded", "ping.why-ttl", "ping.blind.reporter"]);
    assert_eq!(said(expired, ROUTER, 64), ["ping.ttl-exceeded", "ping.why-loop", "ping.blind.reporter"]);
    let by_target = said(Status::Unreachable { kind: 3, code: 2 }, TARGET, 64);
    assert_eq!(by_target, ["ping.error", "ping.why-error", "ping.blind.programs"]);
}

#[test]
fn an_error_is_called_by_its_name() {
    let status = Status::Unreachable { kind: 3, code: 13 };
    let notes = Case::new(FAR, fates(status, Some(ROUTER))).notes();
    let said = words::of(Language::English, &notes[0]);
    let name = "Destination unreachable (Communication administratively filtered)";
    assert_eq!(said, format!("192.168.11.1 answered 4 requests with an error: {name}."));
    let unsent = fates(Status::NotSent { errno: Errno::ENETDOWN as i32 }, None);
    let refused = Case { transmitted: 0, ..Case::new(FAR, unsent) }.notes();
    let said = words::of(Language::English, &refused[0]);
    assert_eq!(said, "4 requests never reached the wire: network is down.");
}

#[test]
fn one_error_of_each_sender_is_one_claim() {
    let expired = Status::TimeExceeded { code: 0 };
    let fates = vec![fate(1, expired, Some(ROUTER)), fate(2, expired, Some(ROUTER)), fate(3, expired, Some(TARGET))];
    let notes = Case { transmitted: 3, ..Case::new(FAR, fates) }.notes();
    let facts: Vec<_> = notes.iter().filter(|note| note.kind == Claim::Fact).collect();
    assert_eq!(facts.len(), 2);
    assert!(words::of(Language::English, facts[0]).starts_with("192.168.11.1 threw 2 requests away"));
}

#[test]
fn some_lost_some_late_some_twice() {
    let mut all = vec![fate(1, Status::Reply, Some(TARGET)), fate(1, Status::Duplicate, Some(TARGET))];
    all.extend([2, 3, 5].map(|seq| fate(seq, Status::Timeout, None)));
    all.push(fate(5, Status::Late, Some(TARGET)));
    let case = Case { reply_ttl: Some(64), transmitted: 4, ..Case::new(NEAR, all) };
    let ids = case.ids();
    assert_eq!(ids[..3], ["ping.answered", "ping.lost", "ping.late"], "{ids:?}");
    let lost = words::of(Language::English, &case.notes()[1]);
    assert_eq!(lost, "3 requests got no answer in time (seq 2-3, 5).");
}

#[test]
fn answers_that_came_too_late_are_no_silence() {
    let mut all = fates(Status::Timeout, None);
    all.extend(fates(Status::Late, Some(TARGET)));
    let known = Hop::OnLink { known: Some(MacAddr::BROADCAST) };
    for hop in [NEAR, known, FAR] {
        let ids = Case::new(hop, all.clone()).ids();
        assert_eq!(ids, ["ping.lost", "ping.late", "ping.why-late", "ping.blind.programs"]);
    }
    all.pop();
    let ids = Case::new(NEAR, all).ids();
    assert_eq!(ids, ["ping.lost", "ping.late", "ping.why-late", "ping.blind.direction"]);
}

#[test]
fn answers_that_do_not_count_are_no_silence() {
    let rejected = vec![FrameNo(4), FrameNo(6), FrameNo(8), FrameNo(10)];
    let case = Case { rejected, ..Case::new(FAR, fates(Status::Timeout, None)) };
    assert_eq!(case.ids(), ["ping.lost", "ping.rejected", "ping.blind.rejected"]);
    let note = &case.notes()[1];
    assert_eq!(note.frames[..], case.rejected);
    assert!(words::of(Language::English, note).starts_with("4 frames looked like answers and did not count"));
    let beside = Case { rejected: vec![FrameNo(20)], ..Case::new(NEAR, fates(Status::Reply, Some(TARGET))) };
    assert_eq!(beside.ids(), ["ping.answered", "ping.rejected", "ping.blind.programs"]);
}

#[test]
fn a_loss_that_errors_explain_is_not_guessed_at() {
    let error = Status::Unreachable { kind: 3, code: 1 };
    // Each request waited in vain, and then came the report of each.
    let mut all = fates(Status::Timeout, None);
    all.extend(fates(error, Some(ROUTER)));
    assert_eq!(Case::new(FAR, all).ids(), ["ping.error", "ping.lost", "ping.why-host", "ping.blind.reporter"]);
    let some = vec![
        fate(1, Status::Reply, Some(TARGET)),
        fate(2, Status::Timeout, None),
        fate(2, error, Some(ROUTER)),
        fate(3, Status::Reply, Some(TARGET)),
    ];
    let ids = Case { transmitted: 3, ..Case::new(FAR, some.clone()) }.ids();
    assert_eq!(ids, ["ping.answered", "ping.error", "ping.lost", "ping.why-host", "ping.blind.programs"]);
    let more = [some, vec![fate(4, Status::Timeout, None)]].concat();
    let case = Case::new(FAR, more);
    let guesses = |ids: &[&str]| ids.iter().filter(|id| id.contains("why")).count();
    assert_eq!((guesses(&case.ids()), *case.ids().last().expect("a blind spot")), (1, "ping.blind.direction"));
}

#[test]
fn an_arp_answer_is_not_called_nothing() {
    let refused = |hop, arp| {
        let fates = fates(Status::NotSent { errno: Errno::EMSGSIZE as i32 }, None);
        *Case { transmitted: 0, arp, ..Case::new(hop, fates) }.ids().last().expect("a blind spot")
    };
    assert_eq!(refused(NEAR, Some(true)), "ping.blind.unasked");
    assert_eq!(refused(NEAR, None), "ping.blind.beyond");
    assert_eq!(refused(FAR, Some(true)), "ping.blind.beyond");
}

#[test]
fn what_this_host_refused_is_not_called_lost() {
    let said = |errno: Errno| {
        let fates = fates(Status::NotSent { errno: errno as i32 }, None);
        Case { transmitted: 0, arp: None, ..Case::new(FAR, fates) }.ids()
    };
    assert_eq!(said(Errno::EMSGSIZE), ["ping.not-sent", "ping.why-size", "ping.blind.beyond"]);
    assert_eq!(said(Errno::ENOBUFS), ["ping.not-sent", "ping.why-buffer", "ping.blind.beyond"]);
    assert_eq!(said(Errno::ENETDOWN), ["ping.not-sent", "ping.why-down", "ping.blind.beyond"]);
    assert_eq!(said(Errno::EPERM), ["ping.not-sent", "ping.why-permission", "ping.blind.beyond"]);
    assert_eq!(said(Errno::EIO), ["ping.not-sent", "ping.blind.beyond"]);
}

#[test]
fn oneself_and_everyone() {
    let own = Case { arp: None, ..Case::new(Hop::Local, fates(Status::Reply, Some(TARGET))) };
    assert_eq!(own.ids(), ["ping.local", "ping.answered", "ping.blind.network"]);
    let group = Hop::Group { mac: MacAddr::BROADCAST };
    let answers = vec![fate(1, Status::Reply, Some(TARGET)), fate(1, Status::Duplicate, Some(ROUTER))];
    let everyone = Case { transmitted: 1, arp: None, ..Case::new(group, answers) };
    assert_eq!(everyone.ids(), ["ping.everyone", "ping.blind.quiet"]);
    assert!(words::of(Language::English, &everyone.notes()[0]).starts_with("2 machines answered"));
    let nobody = Case { arp: None, ..Case::new(group, fates(Status::Timeout, None)) };
    assert_eq!(nobody.ids(), ["ping.everyone", "ping.blind.quiet"]);
}

#[test]
fn sequence_numbers_are_listed_in_runs() {
    assert_eq!(list([1, 2, 3, 7, 9, 10]), "1-3, 7, 9-10");
    assert_eq!(list((0..20).map(|n| n * 2)), "0, 2, 4, 6, 8, 10, ...");
    assert_eq!(list([65535, 65534]), "65534-65535");
    assert_eq!(list([]), "");
}

#[test]
fn the_heading_names_everything_that_will_be_sent() {
    let mut path = path(NEAR);
    let text = |path: &Path, count| words::of(Language::English, &heading(path, count, 56));
    assert_eq!(text(&path, 4), "PING 192.168.11.7 from 192.168.11.2 on eth0: 4 echo requests of 56 bytes");
    path.name = Some("mac.home".to_owned());
    assert_eq!(text(&path, 1), "PING mac.home (192.168.11.7) from 192.168.11.2 on eth0: 1 echo request of 56 bytes");
}
