//! Traces under a scripted clock through a network in memory.

mod network;
mod watched;

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use network::{ICMP, Network, PC, Router, TCP, Target, UDP, WWW, error, flow, router};

use super::*;
use crate::model::Quote;
use crate::proto::{checksum, ipv4, udp};

const MS: i64 = 1_000_000;

fn plan(method: Method) -> Plan {
    Plan { flow: flow(method), first: 1, last: 30, queries: 3, patience: Nanos(2_000 * MS), parallel: 90 }
}

fn trace(network: &mut Network, plan: Plan) -> (Vec<HopReport>, network::Log) {
    let mut trace = Trace::new(plan);
    let log = network.run(&mut trace);
    (trace.reports().to_vec(), log)
}

fn addresses(hops: &[HopReport]) -> Vec<Vec<IpAddr>> {
    hops.iter().map(HopReport::addresses).collect()
}

/// The checksum over bytes that hold theirs already: 0 when it is right.
fn sum_of(bytes: &[u8]) -> u16 {
    checksum::Sum::default().plus(bytes).checksum()
}

fn one(address: Ipv4Addr) -> Vec<IpAddr> {
    vec![IpAddr::V4(address)]
}

#[test]
fn a_path_that_answers_is_known_after_one_round_trip() {
    for method in [ICMP, UDP] {
        let (hops, log) = trace(&mut Network::of(10), plan(method));
        assert_eq!(log.ended, 22 * MS, "the round trip to the target");
        let expected: Vec<_> = (1..=10).map(router).chain([WWW]).map(one).collect();
        assert_eq!(addresses(&hops), expected);
        for hop in &hops {
            let ttl = i64::from(hop.ttl);
            assert_eq!(hop.probes.len(), 3);
            assert!(hop.probes.iter().all(|probe| probe.probed.rtt == Some(Nanos(2 * ttl * MS))), "hop {ttl}");
            assert!(!hop.limited && hop.reached() == (hop.ttl == 11));
        }
        assert_eq!(TraceSummary::of(&hops), TraceSummary { reached: true, hops: 11 });
        assert!(log.sent.iter().all(|(at, _)| *at == 0) && log.sent.len() == 90, "all TTLs at once");
    }
}

#[test]
fn hops_come_in_order_each_after_its_probes() {
    let (_, log) = trace(&mut Network::of(4), plan(ICMP));
    let mut told = 0;
    for event in &log.events {
        match event {
            Event::Probed(probed) => assert!(probed.ttl > told, "{probed:?} after its hop"),
            Event::Hop(hop) => {
                assert_eq!(hop.ttl, told + 1);
                told = hop.ttl;
            }
            event => panic!("{event:?}"),
        }
    }
    assert_eq!(told, 5);
}

#[test]
fn the_fields_that_routers_choose_paths_by_stay_the_same() {
    for (method, constant) in [(ICMP, 20..26), (UDP, 20..26), (TCP, 20..24)] {
        let (_, log) = trace(&mut Network::of(6), plan(method));
        let values: BTreeSet<_> = log.sent.iter().map(|(_, packet)| packet[constant.clone()].to_vec()).collect();
        assert_eq!(values.len(), 1, "{method:?}");
        let ends: BTreeSet<_> = log.sent.iter().map(|(_, packet)| packet[12..20].to_vec()).collect();
        let tags: BTreeSet<_> = log.sent.iter().map(|(_, packet)| packet[24..28].to_vec()).collect();
        assert_eq!((ends.len(), tags.len()), (1, log.sent.len()), "every probe can be told from the others");
    }
}

#[test]
fn every_probe_carries_right_checksums() {
    for tag in [1, 2, 77, 0x1234, flow::LAST_TAG] {
        for method in [ICMP, UDP, TCP] {
            let packet = flow(method).craft(tag, 5);
            assert_eq!(sum_of(&packet[..20]), 0);
            let content = &packet[20..];
            let sum = match method {
                Method::Icmp { .. } => sum_of(content),
                Method::Udp { .. } => {
                    checksum::pseudo_header(PC, WWW, ipv4::UDP, content.len()).plus(content).checksum()
                }
                Method::Tcp { .. } => {
                    checksum::pseudo_header(PC, WWW, ipv4::TCP, content.len()).plus(content).checksum()
                }
            };
            assert!(sum == 0, "{method:?} {tag}: {sum:04x}");
        }
        let datagram = flow(UDP).craft(tag, 5);
        assert_eq!(datagram[26..28], tag.to_be_bytes(), "a UDP probe's checksum is its tag");
        assert!(udp::Udp::read(&datagram[20..]).is_some());
    }
}

#[test]
fn no_more_probes_are_on_their_way_than_allowed() {
    let (hops, log) = trace(&mut Network::of(10), Plan { parallel: 6, ..plan(ICMP) });
    assert_eq!(hops.len(), 11);
    for window in log.sent.windows(7) {
        // The shortest round trip is 2 ms, and an answer makes room for the next.
        assert!(window[6].0 > window[0].0, "seven probes at once");
    }
    assert!(log.sent.len() < 45, "the target's answers end the run: {} probes", log.sent.len());
}

#[test]
fn a_silent_hop_is_asked_once_more_and_not_waited_for_long() {
    let (hops, log) = trace(&mut Network::of(9).silent(3), plan(ICMP));
    assert_eq!(hops.len(), 10);
    assert!(hops[2].addresses().is_empty());
    assert_eq!(hops[2].probes.len(), 4);
    assert!(hops[2].probes.iter().all(|probe| probe.probed.status == Status::Timeout));
    assert!(!hops[2].limited);
    assert!(log.ended <= 5 * 20 * MS, "{} ms", log.ended / MS);
    assert_eq!(hops[9].probes.len(), 3, "nobody else is asked again");
}

#[test]
fn a_slow_hop_behind_fast_ones_is_waited_for() {
    let mut network = Network::of(3);
    network.routers[0].rtt = 0;
    network.routers[2].rtt = 600;
    network.target_rtt = 700;
    let (hops, log) = trace(&mut network, plan(ICMP));
    assert_eq!(log.ended, 700 * MS);
    assert_eq!(addresses(&hops), [one(router(1)), one(router(2)), one(router(3)), one(WWW)]);
}

#[test]
fn a_silent_target_costs_the_patience_once() {
    let mut network = Network::of(4);
    network.target = Target::Silent;
    let (hops, log) = trace(&mut network, plan(ICMP));
    assert_eq!(log.ended, 2_000 * MS);
    assert_eq!(hops.len(), 30, "every TTL was asked");
    assert_eq!(TraceSummary::of(&hops), TraceSummary { reached: false, hops: 4 });
    let again: Vec<_> = log.sent[90..].iter().map(|(at, packet)| (*at, packet[8])).collect();
    assert_eq!(again, [(1_050 * MS, 5)], "only the first hop beyond the last answer is asked again");
}

#[test]
fn a_refusal_that_is_limited_is_found_while_waiting() {
    // All reports of the router were spent before.
    let mut network = Network::of(4);
    network.routers[0].refuses = Some((3, 1));
    network.routers[0].burst = Some(0);
    let (hops, log) = trace(&mut network, Plan { patience: Nanos(4_000 * MS), ..plan(ICMP) });
    assert_eq!(hops.len(), 2);
    assert!(hops.iter().all(|hop| hop.addresses() == one(router(1))));
    assert!(log.ended < 4_000 * MS, "{} ms", log.ended / MS);
}

#[test]
fn nobody_at_all_is_no_endless_wait() {
    let mut network = Network::of(2).silent(1).silent(2);
    network.target = Target::Silent;
    let (hops, log) = trace(&mut network, plan(UDP));
    assert_eq!(log.ended, 2_000 * MS);
    assert_eq!(TraceSummary::of(&hops), TraceSummary { reached: false, hops: 0 });
}

#[test]
fn a_router_that_limits_its_reports_is_asked_slowly_and_called_so() {
    let mut network = Network::of(5);
    network.routers[1].burst = Some(1);
    let (hops, log) = trace(&mut network, plan(ICMP));
    assert!(hops[1].limited, "{:?}", hops[1]);
    let answered: Vec<_> = hops[1].probes.iter().map(|probe| probe.answer.is_some()).collect();
    assert_eq!(answered, [true, false, false, false, true]);
    assert!(hops.iter().filter(|hop| hop.ttl != 2).all(|hop| !hop.limited));
    assert!((1_050 * MS..1_300 * MS).contains(&log.ended), "{} ms", log.ended / MS);
}

#[test]
fn a_router_without_any_report_left_is_found_when_another_one_limits_too() {
    let mut network = Network::of(5);
    network.routers[1].burst = Some(0);
    network.routers[3].burst = Some(1);
    let (hops, _) = trace(&mut network, plan(ICMP));
    assert!(hops[1].limited && hops[3].limited);
}

#[test]
fn routers_that_are_all_silent_are_asked_slowly() {
    let mut network = Network::of(3);
    for router in &mut network.routers {
        router.burst = Some(0);
    }
    let (hops, _) = trace(&mut network, plan(ICMP));
    assert_eq!(addresses(&hops), [one(router(1)), one(router(2)), one(router(3)), one(WWW)]);
    assert!(hops[..3].iter().all(|hop| hop.limited) && !hops[3].limited);
}

#[test]
fn a_router_that_stays_silent_is_given_up_after_three_more_questions() {
    let mut network = Network::of(3).silent(2);
    network.routers[0].burst = Some(1);
    let (hops, log) = trace(&mut network, plan(ICMP));
    assert_eq!(hops[1].probes.len(), 6);
    assert!(!hops[1].limited && hops[0].limited);
    assert!(log.ended < 3_000 * MS, "{} ms", log.ended / MS);
}

#[test]
fn one_lost_probe_is_loss_and_no_limit() {
    let mut network = Network::of(5);
    network.routers[2].drops = vec![1];
    let (hops, log) = trace(&mut network, plan(ICMP));
    assert_eq!(hops[2].probes.len(), 4);
    assert_eq!(hops[2].answered().count(), 3);
    assert!(!hops[2].limited);
    assert!(log.ended < 100 * MS, "{} ms", log.ended / MS);
}

#[test]
fn a_refusal_ends_the_path_and_names_its_code() {
    for (code, mark) in [(0, "!N"), (1, "!H"), (13, "!X"), (9, "!X"), (10, "!X"), (4, "!F-1400"), (5, "!S")] {
        let mut network = Network::of(8);
        network.routers[3].refuses = Some((3, code));
        let (hops, log) = trace(&mut network, plan(ICMP));
        // The refusing router reports the TTL that runs out at it, and refuses what it should pass on.
        assert_eq!(hops.len(), 5);
        assert_eq!(hops[3].addresses(), hops[4].addresses());
        let answer = hops[4].probes[0].answer.expect("answered");
        assert_eq!((answer.mark().as_str(), answer.reached()), (mark, false));
        assert_eq!(TraceSummary::of(&hops), TraceSummary { reached: false, hops: 5 });
        assert_eq!(log.ended, 8 * MS);
    }
}

#[test]
fn tcp_asks_each_hop_one_syn_at_a_time() {
    for (target, answer) in [(Target::Open(WWW), Answer::SynAck), (Target::Host(WWW), Answer::Reset)] {
        let mut network = Network::of(4);
        network.target = target;
        let (hops, log) = trace(&mut network, plan(TCP));
        assert_eq!(hops.len(), 5);
        assert!(hops[4].probes.iter().all(|probe| probe.answer == Some(answer)), "{:?}", hops[4]);
        assert_eq!(hops[4].probes.len(), 3);
        let to_the_target: Vec<_> = log.sent.iter().filter(|(_, packet)| packet[8] == 5).map(|(at, _)| *at).collect();
        assert_eq!(to_the_target, [0, 10 * MS, 20 * MS]);
        assert_eq!(log.ended, 30 * MS, "three round trips");
    }
}

#[test]
fn a_silent_tcp_target_is_given_up() {
    let mut network = Network::of(2);
    network.target = Target::Silent;
    let (hops, log) = trace(&mut network, Plan { last: 6, ..plan(TCP) });
    assert_eq!(TraceSummary::of(&hops), TraceSummary { reached: false, hops: 2 });
    assert_eq!(log.ended, 3_000 * MS, "three SYNs half a second apart, and the patience");
}

#[test]
fn reached_is_decided_by_the_kind_of_answer_not_by_its_address() {
    let elsewhere = Ipv4Addr::new(198, 51, 100, 9);
    for method in [ICMP, UDP, TCP] {
        let mut network = Network::of(3);
        network.target = Target::Host(elsewhere);
        let (hops, _) = trace(&mut network, plan(method));
        assert_eq!(hops.len(), 4);
        assert!(hops[3].reached() && hops[3].addresses() == one(elsewhere));
    }
    // A router that has the target's address and reports TTL exceeded is still a router.
    let mut network = Network::of(3);
    network.routers[1].addresses = vec![WWW];
    let (hops, _) = trace(&mut network, plan(ICMP));
    assert!(hops.len() == 4 && !hops[1].reached());
}

#[test]
fn several_addresses_at_one_hop_are_all_kept() {
    let mut network = Network::of(4);
    network.routers[1].addresses = vec![router(21), router(22)];
    let (hops, _) = trace(&mut network, plan(ICMP));
    assert_eq!(hops[1].addresses(), [IpAddr::V4(router(21)), IpAddr::V4(router(22))]);
    assert_eq!(hops.len(), 5);
}

#[test]
fn a_loop_is_followed_to_the_last_ttl() {
    let mut network = Network::of(12);
    for (index, router_at) in network.routers.iter_mut().enumerate() {
        router_at.addresses = vec![router(if index % 2 == 0 { 1 } else { 2 })];
    }
    let (hops, _) = trace(&mut network, Plan { last: 12, ..plan(ICMP) });
    assert_eq!(hops.len(), 12);
    assert_eq!(hops[0].addresses(), hops[10].addresses());
    assert_eq!(TraceSummary::of(&hops), TraceSummary { reached: false, hops: 12 });
}

#[test]
fn first_and_last_ttl_and_the_number_of_probes_are_kept() {
    let (hops, log) = trace(&mut Network::of(10), Plan { first: 4, last: 7, queries: 1, ..plan(UDP) });
    assert_eq!(hops.iter().map(|hop| hop.ttl).collect::<Vec<_>>(), [4, 5, 6, 7]);
    assert_eq!(log.sent.iter().map(|(_, packet)| packet[8]).collect::<Vec<_>>(), [4, 5, 6, 7]);
    assert_eq!(TraceSummary::of(&hops), TraceSummary { reached: false, hops: 7 });
    let (all, _) = trace(&mut Network::of(10), Plan { last: 255, queries: 10, ..plan(ICMP) });
    assert!(all.len() == 11 && all.iter().all(|hop| hop.probes.len() == 10));
}

#[test]
fn a_target_next_door_is_one_hop() {
    let (hops, log) = trace(&mut Network::of(0), plan(ICMP));
    assert_eq!((hops.len(), log.ended), (1, 2 * MS));
    assert!(hops[0].reached());
}

#[test]
fn the_quote_is_kept_as_the_reporter_saw_it() {
    let mut network = Network::of(3);
    network.rewrite = |quote| {
        quote[1] = 0x88;
        quote[8] = 3;
        quote[16..20].copy_from_slice(&[10, 9, 9, 9]);
    };
    let (hops, _) = trace(&mut network, plan(ICMP));
    let quote = hops[0].probes[0].quote.expect("quoted");
    let expected =
        Quote { ttl: 3, dsfield: 0x88, source: PC, destination: Ipv4Addr::new(10, 9, 9, 9), rewritten: false };
    assert_eq!(quote, expected);
    assert_eq!(hops[0].probes[0].reply_ttl, Some(60));
}

#[test]
fn a_translators_quote_is_known_by_its_identification() {
    let mut network = Network::of(3);
    for method in [UDP, TCP] {
        // Another source port, and the UDP checksum that goes with it.
        network.rewrite = |quote| {
            quote[20] ^= 0x11;
            quote[26] ^= if quote[9] == 17 { 0x11 } else { 0 };
        };
        let (hops, _) = trace(&mut network, plan(method));
        assert_eq!(hops.len(), 4, "{method:?}");
        assert!(hops[0].probes[0].quote.expect("quoted").rewritten);
    }
}

#[test]
fn errors_about_other_packets_change_nothing() {
    type Change = fn(&mut Vec<u8>);
    let foreign: [Change; 5] = [
        |quote| quote[24] ^= 1,                               // another identifier
        |quote| quote[12..16].copy_from_slice(&[9, 9, 9, 9]), // another sender, identification not ours
        |quote| quote[16..20].copy_from_slice(&[8, 8, 8, 8]), // another target, identification not ours
        |quote| quote[9] = 17,                                // another protocol
        |quote| quote[20] = 0,                                // a reply, not a request
    ];
    for change in foreign {
        let mut probe = Trace::new(plan(ICMP));
        let Step::Send(Outgoing::Ip(packets)) = probe.next(Nanos(0)) else { panic!("nothing to send") };
        probe.sent(Nanos(0), Ok(()));
        let mut quote = packets[0].clone();
        quote[4] ^= 0x40; // an identification that none of our probes has
        change(&mut quote);
        hear(&mut probe, error(router(1), 11, 0, &quote));
        assert_eq!(probe.events(), [], "{quote:?}");
        hear(&mut probe, error(router(1), 11, 0, &packets[0]));
        assert_eq!(probe.events().len(), 1, "the right one still counts");
    }
}

#[test]
fn a_broken_answer_changes_nothing() {
    let mut probe = Trace::new(plan(ICMP));
    let Step::Send(Outgoing::Ip(packets)) = probe.next(Nanos(0)) else { panic!("nothing to send") };
    probe.sent(Nanos(0), Ok(()));
    let mut broken = error(router(1), 11, 0, &packets[0]);
    broken[22] ^= 1;
    let elsewhere = {
        let mut packet = error(router(1), 11, 0, &packets[0]);
        packet[19] ^= 1;
        packet
    };
    let redirect = error(router(1), 5, 1, &packets[0]);
    for packet in [broken, elsewhere, redirect] {
        hear(&mut probe, packet);
        assert_eq!(probe.events(), []);
    }
    let mut unsent = packets[0].clone();
    unsent[26..28].copy_from_slice(&9_u16.to_be_bytes());
    hear(&mut probe, error(router(1), 11, 0, &unsent));
    assert!(matches!(probe.events()[..], [Event::Rejected { mismatch: Mismatch::Sequence, .. }]));
}

/// Shows `probe` one packet, at 1 ms.
fn hear(probe: &mut Trace, bytes: Vec<u8>) {
    let frame = crate::model::Frame {
        number: FrameNo(1),
        time: Nanos(MS),
        direction: None,
        link: crate::model::LinkType::RawIp,
        original: bytes.len(),
        checksum_pending: false,
        bytes,
    };
    probe.heard(Nanos(MS), &crate::dissect::dissect(&frame));
}

#[test]
fn second_answers_are_duplicates_and_do_not_count() {
    let mut network = Network::of(2);
    network.copies = 2;
    let (hops, log) = trace(&mut network, plan(ICMP));
    assert!(hops.iter().all(|hop| hop.probes.len() == 3 && hop.answered().count() == 3));
    let is = |wanted: Status| {
        log.events.iter().filter(|event| matches!(event, Event::Probed(probed) if probed.status == wanted)).count()
    };
    assert!(is(Status::Duplicate) >= 6, "{:?}", log.events);
    assert!(is(Status::TimeExceeded { code: 0 }) == 6 && is(Status::Reply) == 3);
}

#[test]
fn an_answer_after_the_patience_is_late() {
    let mut network = Network::of(3);
    network.target = Target::Silent;
    network.routers[0].rtt = 2_500;
    network.routers[1].rtt = 10;
    network.routers[2].rtt = 10;
    let patience = Nanos(1_000 * MS);
    // Somebody limits, so the trace is still going on when the late answers come.
    network.routers[1].burst = Some(1);
    let (hops, log) = trace(&mut network, Plan { patience, ..plan(ICMP) });
    assert!(hops[0].addresses().is_empty());
    let late =
        log.events.iter().any(|event| matches!(event, Event::Probed(Probed { status: Status::Late, ttl: 1, .. })));
    assert!(late || log.ended < 2_500 * MS, "{:?}", log.events);
}

#[test]
fn a_refused_probe_is_not_sent_and_never_silent() {
    let mut network = Network::of(3);
    network.refused = vec![0, 1, 2];
    let (hops, log) = trace(&mut network, plan(ICMP));
    assert!(hops[0].probes.iter().all(|probe| probe.probed.status == Status::NotSent { errno: 105 }));
    assert_eq!(hops[0].probes.len(), 3, "asking again would not help");
    assert_eq!(log.ended, 8 * MS);
    assert_eq!(hops.len(), 4);
}

#[test]
fn an_interrupted_trace_tells_what_it_knows() {
    let mut network = Network::of(5).silent(2);
    network.target = Target::Silent;
    let mut probe = Trace::new(plan(ICMP));
    network.run_until(&mut probe, 7 * MS);
    assert!(probe.reports().len() <= 1);
    probe.stop();
    assert_eq!(
        addresses(probe.reports()),
        [one(router(1)), vec![], one(router(3)), one(router(4))][..probe.reports().len()]
    );
    assert!(probe.reports().len() >= 3);
    assert_eq!(probe.next(Nanos(8 * MS)), Step::Done);
}

#[test]
fn loss_at_the_target_does_not_move_the_target() {
    // The probes that reach the target with the smallest TTL are lost; larger TTLs are answered.
    let mut network = Network::of(4);
    network.routers.push(Router { drops: vec![0, 1, 2], ..Router::at(5, 10) });
    network.routers[4].addresses = vec![WWW];
    let (hops, _) = trace(&mut network, plan(ICMP));
    assert_eq!(hops[4].probes.len(), 4, "hop 5 is asked again before hop 6 counts as the end");
    assert_eq!(hops[4].addresses(), one(WWW));
}
