//! Who has an address.

use super::*;

#[test]
fn who_has_an_address() {
    says([question(), answer(LAPTOP_MAC)], &["arp.answered", "arp.maker", "arp.blind.answer"]);
    says([question(), answer(ROUTER_MAC)], &["arp.answered", "arp.local", "arp.blind.answer"]);
    let docker = MacAddr([0x02, 0x42, 0xac, 0x11, 0, 2]);
    says([question(), answer(docker)], &["arp.answered", "arp.virtual", "arp.blind.answer"]);
    says([question(), question()], &["arp.unanswered", "arp.why-silence", "arp.blind.silence"]);
    let (capture, number) = after([question(), question()]);
    let said = text(&capture, number, "arp.unanswered");
    assert_eq!(said, "192.168.11.2 asked 2 times for the MAC address of 192.168.11.7, and nobody answered.");
}

#[test]
fn two_machines_with_one_address() {
    says([question(), answer(LAPTOP_MAC), answer(ROUTER_MAC)], &["arp.twice", "arp.why-twice"]);
    let other = arp(arp::REPLY, (LAPTOP, LAPTOP_MAC), (ROUTER, ROUTER_MAC));
    let (capture, number) = after([question(), answer(PC_MAC), other]);
    assert_eq!(ids(&capture, number)[0], "arp.twice", "told in two conversations");
    assert!(text(&capture, number, "arp.twice").contains("192.168.11.7 was answered for by 2 machines"));
}

#[test]
fn probes_and_announcements() {
    let nobody = (Ipv4Addr::UNSPECIFIED, PC_MAC);
    let probe = || arp(arp::REQUEST, nobody, (PC, MacAddr::ZERO));
    let announcement = || arp(arp::REQUEST, (PC, PC_MAC), (PC, MacAddr::ZERO));
    says([probe(), probe(), probe()], &["arp.free", "arp.why-free", "arp.blind.free"]);
    says([probe(), announcement()], &["arp.free", "arp.why-free", "arp.blind.free"]);
    let objection = arp(arp::REPLY, (PC, LAPTOP_MAC), nobody);
    says([probe(), objection], &["arp.taken", "arp.why-taken", "arp.blind.taken"]);
    says([announcement(), announcement()], &["arp.told", "arp.blind.told"]);
    let (capture, number) = after([announcement(), announcement()]);
    assert!(text(&capture, number, "arp.told").starts_with("192.168.11.2 told everyone 2 times"));
}
