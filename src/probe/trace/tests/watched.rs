//! A trace that keeps going.

use super::network::{ICMP, Network, TCP, Target, UDP, WWW, flow, router};
use super::*;

fn plan(rounds: Option<u32>) -> WatchPlan {
    WatchPlan {
        flow: flow(ICMP),
        first: 1,
        last: 30,
        patience: Nanos(2_000 * MS),
        parallel: 90,
        interval: Nanos::SECOND,
        rounds,
    }
}

#[test]
fn every_round_asks_every_hop_once() {
    for method in [ICMP, UDP, TCP] {
        let mut watch = Watch::new(WatchPlan { flow: flow(method), ..plan(Some(5)) });
        let log = Network::of(3).run(&mut watch);
        let addresses: Vec<_> = watch.hops().iter().map(|hop| hop.addresses.clone()).collect();
        assert_eq!(addresses, [one(router(1)), one(router(2)), one(router(3)), one(WWW)]);
        for hop in watch.hops() {
            let figures = hop.figures;
            let rtt = Some(Nanos(2 * i64::from(hop.ttl) * MS));
            assert_eq!((figures.sent, figures.answered, figures.lost), (5, 5, 0));
            assert_eq!((figures.last, figures.avg(), figures.best, figures.worst), (rtt, rtt, rtt, rtt));
            assert_eq!((figures.deviation(), figures.jitter()), (Some(Nanos(0)), Some(Nanos(0))));
        }
        assert_eq!(log.sent.len(), 30 + 4 * 4, "after the first round nobody asks beyond the target");
        assert_eq!(log.ended, 4_008 * MS, "five rounds a second apart, and the last answer");
    }
}

#[test]
fn losses_are_counted_and_silence_is_total_loss() {
    let mut network = Network::of(3).silent(2);
    network.routers[2].drops = vec![1, 4];
    let mut watch = Watch::new(plan(Some(10)));
    network.run(&mut watch);
    let losses: Vec<_> = watch.hops().iter().map(|hop| hop.figures.loss()).collect();
    assert_eq!(losses, [0.0, 100.0, 20.0, 0.0]);
    assert_eq!(watch.hops()[1].figures.sent, 10);
}

#[test]
fn a_silent_target_is_asked_a_little_beyond_the_last_answer() {
    let mut network = Network::of(2);
    network.target = Target::Silent;
    let mut watch = Watch::new(plan(Some(3)));
    let log = network.run(&mut watch);
    assert_eq!(watch.hops().len(), 2);
    assert_eq!(log.sent.len(), 30 + 5 + 5);
}

#[test]
fn it_goes_on_for_hours_with_tags_used_again() {
    let mut watch = Watch::new(plan(None));
    let mut network = Network::of(1);
    network.run_until(&mut watch, 20_000 * 1_000 * MS);
    assert!(watch.round() >= 20_000);
    assert!(watch.hops().iter().all(|hop| hop.figures.lost == 0 && hop.figures.answered >= 19_999));
}
