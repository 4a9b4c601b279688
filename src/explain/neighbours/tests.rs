//! What ARP runs say.

use super::*;
use crate::explain::words::{self, Language};
use crate::model::Nanos;

const TARGET: Ipv4Addr = Ipv4Addr::new(192, 168, 11, 7);
const APPLE: MacAddr = MacAddr([0x8c, 0x85, 0x90, 0x42, 0x64, 0xb2]);
const KVM: MacAddr = MacAddr([0x52, 0x54, 0, 1, 2, 3]);
const PRIVATE: MacAddr = MacAddr([0xda, 0xa1, 0x19, 1, 2, 3]);

fn neighbour(address: Ipv4Addr, mac: MacAddr, response: u32) -> Neighbour {
    let rtt = Some(Nanos(210_000));
    Neighbour { address, mac, rtt, request: Some(FrameNo(1)), response: FrameNo(response) }
}

fn run<'a>(targets: &'a [Ipv4Addr], neighbours: &'a [Neighbour], summary: &'a ArpSummary) -> Run<'a> {
    Run {
        interface: "eth0",
        targets,
        network: None,
        asked: targets.len(),
        neighbours,
        questions: &[FrameNo(1)],
        summary,
        refused: None,
        table: (&[], &[]),
    }
}

fn asked(count: u32) -> ArpSummary {
    ArpSummary { sent: count, ..ArpSummary::default() }
}

fn ids(notes: &[Note]) -> Vec<&'static str> {
    notes.iter().map(|note| note.id).collect()
}

fn said(notes: &[Note]) -> String {
    notes.iter().map(|note| words::of(Language::English, note) + "\n").collect()
}

#[test]
fn an_answer_names_the_maker_and_its_limits() {
    let neighbours = [neighbour(TARGET, APPLE, 2)];
    let verdict = verdict(&run(&[TARGET], &neighbours, &asked(1)));
    assert_eq!(ids(&verdict), ["arp.answered", "arp.table-none", "arp.maker", "arp.blind.answer"]);
    assert_eq!(verdict[0].frames[..], [FrameNo(1), FrameNo(2)]);
    let text = said(&verdict);
    assert!(text.contains("192.168.11.7 is at 8c:85:90:42:64:b2 (Apple)"), "{text}");
    for (mac, id) in [(KVM, "arp.virtual"), (PRIVATE, "arp.local")] {
        let neighbours = [neighbour(TARGET, mac, 2)];
        assert!(ids(&super::verdict(&run(&[TARGET], &neighbours, &asked(1)))).contains(&id), "{id}");
    }
}

#[test]
fn silence_is_never_down() {
    let verdict = verdict(&run(&[TARGET], &[], &asked(1)));
    assert_eq!(ids(&verdict), ["arp.silence", "arp.why-silence", "arp.blind.silence"]);
    assert!(!said(&verdict).contains("down"));
    let summary = ArpSummary { not_sent: 1, ..asked(0) };
    let verdict = super::verdict(&Run { refused: Some(105), ..run(&[TARGET], &[], &summary) });
    assert_eq!(ids(&verdict), ["arp.not-sent", "arp.blind.silence"], "nothing was asked");
}

#[test]
fn two_claimants_are_a_duplicate_or_a_proxy() {
    let neighbours = [neighbour(TARGET, APPLE, 2), neighbour(TARGET, KVM, 3)];
    let summary = ArpSummary { duplicates: 1, ..asked(1) };
    let verdict = verdict(&run(&[TARGET], &neighbours, &summary));
    assert!(ids(&verdict).contains(&"arp.twice") && ids(&verdict).contains(&"arp.why-twice"), "{verdict:?}");
    assert!(!ids(&verdict).contains(&"arp.answered"), "which of them has it is not known");
    let text = said(&verdict);
    assert!(text.contains("duplicate address or a proxy") && text.contains("QEMU/KVM"), "{text}");
}

#[test]
fn the_kernels_table_before_and_after() {
    let neighbours = [neighbour(TARGET, APPLE, 2)];
    let entry = |mac: Option<MacAddr>, state| vec![TableEntry { address: TARGET, mac, state }];
    for (before, after, id) in [
        (entry(Some(APPLE), "STALE"), entry(Some(APPLE), "REACHABLE"), "arp.table-same"),
        (entry(Some(KVM), "STALE"), entry(Some(APPLE), "STALE"), "arp.table-changed"),
        (entry(Some(KVM), "PERMANENT"), entry(Some(KVM), "PERMANENT"), "arp.table-differs"),
        (entry(None, "FAILED"), entry(Some(APPLE), "REACHABLE"), "arp.table-new"),
        (entry(None, "FAILED"), entry(None, "FAILED"), "arp.table-none"),
    ] {
        let summary = asked(1);
        let run = Run { table: (&before, &after), ..run(&[TARGET], &neighbours, &summary) };
        assert!(ids(&verdict(&run)).contains(&id), "{id}: {:?}", ids(&verdict(&run)));
    }
}

#[test]
fn a_sweep_is_summed_up() {
    let network: Ipv4Cidr = "192.168.11.5/24".parse().expect("a network");
    let targets: Vec<Ipv4Addr> = (1..=254).map(|last| Ipv4Addr::new(192, 168, 11, last)).collect();
    let neighbours = [neighbour(targets[0], APPLE, 9), neighbour(targets[6], APPLE, 10)];
    let summary = asked(254);
    let run = Run { network: Some(network), asked: 200, ..run(&targets, &neighbours, &summary) };
    let verdict = verdict(&run);
    assert_eq!(
        ids(&verdict),
        ["arp.swept", "arp.unasked", "arp.several", "arp.why-several", "arp.blind.sweep"],
        "one machine with two addresses"
    );
    let text = said(&verdict);
    assert!(text.contains("2 of 200 addresses in 192.168.11.0/24") && text.contains("54 addresses were not"), "{text}");
}

#[test]
fn some_of_many_addresses() {
    let targets: Vec<Ipv4Addr> = (1..=20).map(|last| Ipv4Addr::new(192, 168, 11, last)).collect();
    let neighbours = [neighbour(targets[0], APPLE, 9)];
    let verdict = verdict(&run(&targets, &neighbours, &asked(20)));
    assert_eq!(ids(&verdict)[..2], ["arp.some", "arp.silence"]);
    assert!(said(&verdict).contains("192.168.11.9, 11 more"), "{}", said(&verdict));
}

fn path(target: [u8; 4], hop: Hop) -> Path {
    Path {
        known_from: crate::model::KnownFrom::default(),
        target: Ipv4Addr::from(target),
        name: None,
        interface: "eth0".to_owned(),
        source: Ipv4Addr::new(192, 168, 11, 2),
        network: "192.168.11.2/24".parse().ok(),
        mtu: 1500,
        hop,
    }
}

#[test]
fn addresses_that_nobody_is_asked_for() {
    let router = Ipv4Addr::new(192, 168, 11, 1);
    let say = |target, hop| aside(&path(target, hop), Some(("eth0", KVM))).map(|note| note.id);
    assert_eq!(say([192, 168, 11, 2], Hop::Local), Some("arp.you"));
    assert_eq!(say([8, 8, 8, 8], Hop::Router { address: router, known: None }), Some("arp.off-link"));
    assert_eq!(say([192, 168, 11, 255], Hop::Group { mac: MacAddr::BROADCAST }), Some("arp.broadcast"));
    assert_eq!(say([224, 0, 0, 251], Hop::Group { mac: MacAddr::BROADCAST }), Some("arp.group"));
    assert_eq!(say([192, 168, 11, 0], Hop::OnLink { known: None }), Some("arp.network"));
    assert_eq!(say([192, 168, 11, 7], Hop::OnLink { known: None }), None);
}

#[test]
fn claims_end_in_yes_no_or_not_known() {
    let base = ClaimRun {
        address: TARGET,
        interface: "eth0",
        announced: false,
        complete: true,
        objections: &[],
        packets: &[FrameNo(1), FrameNo(2), FrameNo(3)],
        summary: &asked(3),
        refused: None,
    };
    let verdict = |run: ClaimRun<'_>| ids(&claim_verdict(&run));
    assert_eq!(verdict(base), ["arp.free", "arp.why-free", "arp.blind.free"]);
    assert_eq!(verdict(ClaimRun { complete: false, ..base }), ["arp.cut-short"]);
    assert_eq!(verdict(ClaimRun { summary: &asked(0), ..base }), ["arp.cut-short"]);
    let used = [(APPLE, false, FrameNo(2))];
    let taken = ClaimRun { objections: &used, complete: false, ..base };
    assert_eq!(verdict(taken), ["arp.taken", "arp.why-taken", "arp.blind.taken"]);
    let rival = [(APPLE, true, FrameNo(2))];
    let contested = ClaimRun { objections: &rival, complete: false, ..base };
    assert_eq!(verdict(contested), ["arp.contested", "arp.why-contested", "arp.blind.taken"]);
    let announced = ClaimRun { announced: true, ..base };
    assert_eq!(verdict(announced), ["arp.announced", "arp.blind.announced"]);
    assert_eq!(
        verdict(ClaimRun { objections: &used, ..announced }),
        ["arp.taken", "arp.why-twice", "arp.blind.announced"]
    );
}
