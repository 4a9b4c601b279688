//! Questions, claims and objections by a scripted clock.

use std::net::Ipv4Addr;

use super::*;
use crate::dissect::dissect;
use crate::model::{Direction, Event, Frame, FrameNo, LinkType, Nanos, Neighbour};
use crate::probe::{Outgoing, Probe, Step};

const ME: (MacAddr, Ipv4Addr) = (MacAddr([0x3c, 0xa9, 0xf4, 0x1e, 0x52, 2]), Ipv4Addr::new(192, 168, 11, 2));
const MAC: (MacAddr, Ipv4Addr) = (MacAddr([0x8c, 0x85, 0x90, 0x42, 0x64, 0xb2]), Ipv4Addr::new(192, 168, 11, 7));
const THIEF: MacAddr = MacAddr([2, 0, 0, 0, 0, 0x66]);
const MILLISECOND: i64 = Nanos::MILLISECOND.0;
const SECOND: Nanos = Nanos::SECOND;

fn ms(milliseconds: i64) -> Nanos {
    Nanos(milliseconds * MILLISECOND)
}

/// What a link does with a frame: the answers, and when each comes after the question.
type Link<'l> = &'l dyn Fn(&Arp, Nanos) -> Vec<(Nanos, Vec<u8>)>;

/// A run as a test looks at it.
#[derive(Default)]
struct Log {
    sent: Vec<(Nanos, Arp)>,
    events: Vec<Event>,
    ended: Nanos,
}

impl Log {
    fn neighbours(&self) -> Vec<(Ipv4Addr, MacAddr, Option<Nanos>)> {
        let neighbour = |event: &Event| match event {
            Event::Neighbour(Neighbour { address, mac, rtt, .. }) => Some((*address, *mac, *rtt)),
            _ => None,
        };
        self.events.iter().filter_map(neighbour).collect()
    }

    fn times(&self) -> Vec<Nanos> {
        self.sent.iter().map(|(time, _)| *time).collect()
    }
}

fn frame(number: u32, time: Nanos, direction: Direction, bytes: Vec<u8>) -> Frame {
    let original = bytes.len();
    let link = LinkType::Ethernet;
    Frame { number: FrameNo(number), time, direction: Some(direction), link, original, checksum_pending: false, bytes }
}

fn message(operation: u16, sender: (MacAddr, Ipv4Addr), target: (MacAddr, Ipv4Addr)) -> Vec<u8> {
    let (sender_mac, sender_ip, target_mac, target_ip) = (sender.0, sender.1, target.0, target.1);
    let message = Arp { operation, sender_mac, sender_ip, target_mac, target_ip };
    let destination = if target_mac == MacAddr::ZERO { MacAddr::BROADCAST } else { target_mac };
    let envelope = Ethernet { destination, source: sender_mac, ethertype: ethernet::ARP };
    ethernet::craft(&envelope, &arp::craft(&message))
}

fn reply(from: (MacAddr, Ipv4Addr), to: (MacAddr, Ipv4Addr)) -> Vec<u8> {
    message(arp::REPLY, from, to)
}

/// Answers `question` as the owner of `owner` after `after`.
fn answer(owner: (MacAddr, Ipv4Addr), question: &Arp, after: Nanos) -> Vec<(Nanos, Vec<u8>)> {
    let asker = (question.sender_mac, question.sender_ip);
    if question.target_ip == owner.1 { vec![(after, reply(owner, asker))] } else { Vec::new() }
}

/// Runs `probe` on `link`. The clock jumps from event to event, and is late by up to `lateness` where it waits, as the
/// timers of the event loop are.
fn run(probe: &mut dyn Probe, link: Link<'_>, lateness: Nanos) -> Log {
    let mut log = Log::default();
    let mut now = Nanos(0);
    let mut numbers = 1..;
    let mut arrivals: Vec<(Nanos, Vec<u8>)> = Vec::new();
    for _ in 0..100_000 {
        arrivals.sort_by_key(|(time, _)| *time);
        while arrivals.first().is_some_and(|(time, _)| *time <= now) {
            let (time, bytes) = arrivals.remove(0);
            let frame = frame(numbers.next().expect("numbers"), time, Direction::In, bytes);
            probe.heard(now, &dissect(&frame));
        }
        match probe.next(now) {
            Step::Send(Outgoing::Link(bytes)) => {
                let frame = frame(numbers.next().expect("numbers"), now, Direction::Out, bytes);
                let packet = dissect(&frame);
                let question = Arp::read(packet.find(&arp::HEADER).expect("ARP").bytes()).expect("IPv4");
                probe.sent(now, Ok(()));
                probe.heard(now, &packet);
                arrivals.extend(link(&question, now).into_iter().map(|(after, bytes)| (now + after, bytes)));
                log.sent.push((now, question));
            }
            Step::Send(Outgoing::Ip(_)) => panic!("ARP is no IP"),
            Step::Wait(until) => {
                assert!(until > now, "a wait that is over is a busy loop");
                let arrival = arrivals.iter().map(|(time, _)| *time).min().filter(|time| *time < until);
                now = arrival.unwrap_or(until + lateness);
            }
            Step::Done => {
                log.events.extend(probe.events());
                log.ended = now;
                return log;
            }
        }
        log.events.extend(probe.events());
    }
    panic!("the probe does not end");
}

fn plan(targets: impl IntoIterator<Item = Ipv4Addr>) -> Plan {
    Plan {
        ours: ME,
        targets: targets.into_iter().collect(),
        rounds: 1,
        again: Again::Everyone(SECOND),
        patience: Patience::Fixed(SECOND),
        deadline: None,
        first: false,
    }
}

fn sweep(hosts: u32) -> Plan {
    let base = u32::from(Ipv4Addr::new(192, 168, 8, 0));
    Plan {
        rounds: 2,
        again: Again::Silent,
        patience: Patience::Adaptive(SECOND),
        ..plan((1..=hosts).map(|host| Ipv4Addr::from(base + host)))
    }
}

#[test]
fn one_question_and_its_answer() {
    let mut ask = Ask::new(plan([MAC.1]));
    let log = run(&mut ask, &|question, _| answer(MAC, question, Nanos(210_000)), Nanos(0));
    let (_, question) = log.sent[0];
    assert_eq!((question.sender_mac, question.sender_ip, question.target_ip), (ME.0, ME.1, MAC.1));
    assert_eq!((question.operation, question.target_mac), (arp::REQUEST, MacAddr::ZERO));
    assert_eq!(log.neighbours(), [(MAC.1, MAC.0, Some(Nanos(210_000)))]);
    assert!(ask.complete());
    assert!(log.ended > ms(100) && log.ended < ms(500), "time for a second answer, not for ever: {:?}", log.ended);
    let summary = ask.summary();
    assert_eq!((summary.sent, summary.received, summary.neighbours, summary.duplicates), (1, 1, 1, 0));
    assert_eq!(summary.rtt.expect("one").min, Nanos(210_000));
}

#[test]
fn silence_lasts_as_long_as_patience() {
    let mut ask = Ask::new(plan([MAC.1]));
    let log = run(&mut ask, &|_, _| Vec::new(), Nanos(0));
    assert_eq!((log.sent.len(), log.ended, log.events.len()), (1, SECOND, 0));
    assert!(!ask.complete());
    assert_eq!(ask.summary().rtt, None);
}

#[test]
fn two_answers_are_both_kept() {
    let mut ask = Ask::new(Plan { rounds: 2, ..plan([MAC.1]) });
    let both = |question: &Arp, _| {
        let thief = answer((THIEF, MAC.1), question, Nanos(900_000));
        [answer(MAC, question, Nanos(200_000)), thief].concat()
    };
    let log = run(&mut ask, &both, Nanos(0));
    assert_eq!(
        log.neighbours(),
        [(MAC.1, MAC.0, Some(Nanos(200_000))), (MAC.1, THIEF, Some(Nanos(900_000)))],
        "each once"
    );
    let summary = ask.summary();
    assert_eq!((summary.sent, summary.received, summary.neighbours, summary.duplicates), (2, 4, 1, 1));
    assert_eq!(log.times(), [Nanos(0), SECOND]);
}

#[test]
fn a_second_answer_may_take_a_while() {
    let both =
        |question: &Arp, _| [answer(MAC, question, Nanos(200_000)), answer((THIEF, MAC.1), question, ms(150))].concat();
    assert_eq!(run(&mut Ask::new(plan([MAC.1])), &both, Nanos(0)).neighbours().len(), 2);
    let log = run(&mut Ask::new(Plan { first: true, rounds: 5, ..plan([MAC.1]) }), &both, Nanos(0));
    assert_eq!(log.neighbours().len(), 1, "-f is content with one");
    assert_eq!(log.ended, Nanos(200_000));
}

#[test]
fn what_does_not_answer_us_does_not_count() {
    let neighbour = (THIEF, Ipv4Addr::new(192, 168, 11, 9));
    let noise = |_: &Arp, _| {
        [
            reply((MacAddr::BROADCAST, MAC.1), ME),
            reply((MacAddr::ZERO, MAC.1), ME),
            reply((ME.0, MAC.1), ME),
            reply(neighbour, ME),
            reply(MAC, neighbour),
            reply(MAC, (ME.0, neighbour.1)),
            message(arp::REQUEST, MAC, (MacAddr::ZERO, ME.1)),
            reply(MAC, ME)[..41].to_vec(),
        ]
        .map(|bytes| (ms(1), bytes))
        .into()
    };
    let mut ask = Ask::new(plan([MAC.1]));
    assert_eq!(run(&mut ask, &noise, Nanos(0)).events, []);
    assert_eq!(ask.summary().received, 0);
    let mut early = Ask::new(plan([MAC.1]));
    early.heard(Nanos(0), &dissect(&frame(1, Nanos(0), Direction::In, reply(MAC, ME))));
    assert_eq!(early.events(), [], "nobody was asked yet");
}

#[test]
fn a_flood_of_forgeries_is_bounded() {
    let flood = |question: &Arp, _| {
        let forged = |number: u16| {
            let [high, low] = number.to_be_bytes();
            answer((MacAddr([2, 0, 0, 0, high, low]), MAC.1), question, ms(1))
        };
        (0..1000).flat_map(forged).collect()
    };
    let log = run(&mut Ask::new(plan([MAC.1])), &flood, Nanos(0));
    assert_eq!(log.events.len(), 16);
}

#[test]
fn the_deadline_ends_everything() {
    let patient = Plan { rounds: 100, deadline: Some(ms(2500)), ..plan([MAC.1]) };
    let log = run(&mut Ask::new(patient), &|_, _| Vec::new(), Nanos(0));
    assert_eq!((log.sent.len(), log.ended), (3, ms(2500)));
}

#[test]
fn the_interval_is_kept_whatever_the_answers() {
    let regular = Plan { rounds: 4, again: Again::Everyone(ms(300)), ..plan([MAC.1]) };
    let log = run(&mut Ask::new(regular), &|question, _| answer(MAC, question, ms(40)), Nanos(0));
    assert_eq!(log.times(), [0, 300, 600, 900].map(ms));
    assert_eq!(log.ended, ms(1140), "200 ms after the last answer");
}

#[test]
fn a_refused_question_was_not_sent() {
    let mut ask = Ask::new(plan([MAC.1]));
    assert!(matches!(ask.next(Nanos(0)), Step::Send(_)));
    ask.sent(Nanos(0), Err(105));
    assert_eq!(ask.next(Nanos(0)), Step::Wait(SECOND));
    assert_eq!((ask.summary().sent, ask.summary().not_sent, ask.refused()), (0, 1, Some(105)));
}

#[test]
fn a_sweep_asks_everyone_once_and_the_silent_twice() {
    let live = |host: Ipv4Addr| u32::from(host) % 10 == 3;
    let mut ask = Ask::new(sweep(254));
    let link = |question: &Arp, _| {
        let [.., last] = question.target_ip.octets();
        let owner = (MacAddr([0x10, 0, 0, 0, 0, last]), question.target_ip);
        if live(question.target_ip) { answer(owner, question, Nanos(300_000)) } else { Vec::new() }
    };
    let log = run(&mut ask, &link, ms(1));
    let alive: Vec<_> = log.neighbours().into_iter().map(|(address, ..)| address).collect();
    let expected: Vec<_> = sweep(254).targets.into_iter().filter(|&host| live(host)).collect();
    assert_eq!(alive, expected, "nobody missed, nobody invented");
    let asked = |host: Ipv4Addr| log.sent.iter().filter(|(_, question)| question.target_ip == host).count();
    assert!(sweep(254).targets.into_iter().all(|host| asked(host) == if live(host) { 1 } else { 2 }));
    assert!(log.ended < ms(470), "a quarter of what the others take: {:?}", log.ended);
}

#[test]
fn the_pace_holds_although_timers_are_late() {
    for lateness in [0, 1, 3, 20] {
        let mut ask = Ask::new(Plan { rounds: 1, ..sweep(1022) });
        let times = run(&mut ask, &|_, _| Vec::new(), ms(lateness)).times();
        for window in times.windows(RATE as usize / 10) {
            let span = window[window.len() - 1] - window[0];
            assert!(span >= ms(95), "{} questions in {span:?}, timers late by {lateness} ms", window.len());
        }
        let most = times.iter().map(|time| times.iter().filter(|other| *other == time).count()).max();
        assert!(most <= Some(9), "a burst of {most:?}");
        if lateness <= 3 {
            assert!(*times.last().expect("sent") < ms(560), "{:?} late by {lateness} ms", times.last());
        }
    }
}

#[test]
fn a_slow_link_is_waited_for() {
    // Answers take 160 ms: longer than the pause before the silent are asked again.
    let slow = |question: &Arp, _| answer((MAC.0, question.target_ip), question, ms(160));
    let mut ask = Ask::new(sweep(100));
    let log = run(&mut ask, &slow, Nanos(0));
    assert_eq!(log.neighbours().len(), 100);
    let mut one = Ask::new(sweep(1));
    assert_eq!(run(&mut one, &|_, _| Vec::new(), Nanos(0)).ended, ms(1040), "nobody has answered: no short cut");
    // The last one is four times slower than the others.
    let late = |question: &Arp, now| {
        let last = question.target_ip.octets()[3] == 100;
        if last && now > Nanos(0) {
            answer((MAC.0, question.target_ip), question, ms(120))
        } else {
            slow(question, now)
        }
    };
    assert_eq!(run(&mut Ask::new(sweep(100)), &late, Nanos(0)).neighbours().len(), 100);
}

#[test]
fn an_answer_lost_once_comes_the_second_time() {
    let lossy = |question: &Arp, now: Nanos| {
        let dropped = question.target_ip.octets()[3].is_multiple_of(3) && now < ms(60);
        if dropped { Vec::new() } else { answer((MAC.0, question.target_ip), question, Nanos(200_000)) }
    };
    let mut ask = Ask::new(sweep(100));
    assert_eq!(run(&mut ask, &lossy, Nanos(0)).neighbours().len(), 100);
    assert!(ask.summary().sent > 100);
}

#[test]
fn patience_given_by_the_user_is_kept() {
    let fixed = Plan { patience: Patience::Fixed(ms(400)), ..sweep(1) };
    let log = run(&mut Ask::new(fixed), &|_, _| Vec::new(), Nanos(0));
    assert_eq!((log.times(), log.ended), (vec![Nanos(0), ms(400)], ms(800)));
}

fn claim(intent: Intent) -> Claim {
    let times = match intent {
        Intent::Probe => [0, 1300, 2900].map(ms).to_vec(),
        Intent::Announce => [0, 2000].map(ms).to_vec(),
    };
    Claim::new(intent, vec![ME.0], MAC.1, times, ms(2000))
}

#[test]
fn a_free_address_is_probed_in_nobodys_name() {
    let mut claim = claim(Intent::Probe);
    let log = run(&mut claim, &|_, _| Vec::new(), Nanos(0));
    assert_eq!(log.times(), [0, 1300, 2900].map(ms));
    assert!(log.sent.iter().all(|(_, probe)| probe.is_probe() && probe.target_ip == MAC.1 && probe.sender_mac == ME.0));
    assert_eq!((log.ended, claim.conflicts(), claim.complete(log.ended)), (ms(4900), &[][..], true));
}

#[test]
fn the_owner_objects() {
    let mut claim = claim(Intent::Probe);
    let log = run(&mut claim, &|probe, _| answer(MAC, probe, Nanos(250_000)), Nanos(0));
    assert_eq!(claim.conflicts(), [Conflict { mac: MAC.0, probing: false, frame: FrameNo(2) }]);
    assert_eq!(log.neighbours(), [(MAC.1, MAC.0, Some(Nanos(250_000)))]);
    assert_eq!((log.sent.len(), log.ended), (1, ms(200) + Nanos(250_000)), "no second probe after an objection");
    assert!(!claim.complete(log.ended));
}

#[test]
fn every_packet_from_the_address_is_an_objection() {
    // A question by the owner, an announcement, and a reply to somebody else (RFC 5227 §2.1.1).
    let owner = MAC;
    for objection in [
        message(arp::REQUEST, owner, (MacAddr::ZERO, Ipv4Addr::new(192, 168, 11, 1))),
        message(arp::REQUEST, owner, (MacAddr::ZERO, owner.1)),
        reply(owner, (THIEF, Ipv4Addr::new(192, 168, 11, 1))),
    ] {
        let mut claim = claim(Intent::Probe);
        run(&mut claim, &|_, _| vec![(ms(5), objection.clone())], Nanos(0));
        assert_eq!(claim.conflicts().len(), 1);
        assert!(!claim.conflicts()[0].probing);
    }
}

#[test]
fn somebody_probes_at_the_same_time() {
    let rival = message(arp::REQUEST, (THIEF, Ipv4Addr::UNSPECIFIED), (MacAddr::ZERO, MAC.1));
    let mut probing = claim(Intent::Probe);
    let log = run(&mut probing, &|_, _| vec![(ms(5), rival.clone())], Nanos(0));
    assert_eq!(probing.conflicts(), [Conflict { mac: THIEF, probing: true, frame: FrameNo(2) }]);
    assert_eq!(log.events, [], "it does not have the address yet");
    // Another interface of this host on the same link is not somebody.
    let mut both = Claim::new(Intent::Probe, vec![ME.0, THIEF], MAC.1, vec![Nanos(0)], ms(100));
    run(&mut both, &|_, _| vec![(ms(5), rival.clone())], Nanos(0));
    assert_eq!(both.conflicts(), []);
    // Whoever has announced an address is only told apart from a prober by those who use it.
    let mut announced = claim(Intent::Announce);
    run(&mut announced, &|_, _| vec![(ms(5), rival.clone())], Nanos(0));
    assert_eq!(announced.conflicts(), []);
}

#[test]
fn an_announcement_tells_and_listens() {
    let mut quiet = claim(Intent::Announce);
    let log = run(&mut quiet, &|_, _| Vec::new(), Nanos(0));
    assert_eq!(log.times(), [0, 2000].map(ms));
    assert!(log.sent.iter().all(|(_, message)| message.is_announcement() && message.sender_ip == MAC.1));
    assert_eq!(log.ended, ms(4000));
    let mut contested = claim(Intent::Announce);
    let defend = |message: &Arp, _| vec![(ms(3), reply((THIEF, MAC.1), (message.sender_mac, message.sender_ip)))];
    run(&mut contested, &defend, Nanos(0));
    assert_eq!(contested.conflicts().len(), 1);
}

#[test]
fn two_owners_are_both_named_and_the_deadline_holds() {
    let both = |probe: &Arp, _| [answer(MAC, probe, ms(1)), answer((THIEF, MAC.1), probe, ms(100))].concat();
    let mut probing = claim(Intent::Probe);
    assert_eq!(run(&mut probing, &both, Nanos(0)).neighbours().len(), 2);
    assert_eq!((probing.summary().neighbours, probing.summary().duplicates), (1, 1));
    let mut hasty = claim(Intent::Probe).until(Some(ms(1000)), true);
    let log = run(&mut hasty, &|_, _| Vec::new(), Nanos(0));
    assert_eq!((log.ended, hasty.complete(log.ended)), (ms(1000), false), "cut short: nothing is proved");
    let mut first = claim(Intent::Probe).until(None, true);
    assert_eq!(run(&mut first, &both, Nanos(0)).ended, ms(1));
}
