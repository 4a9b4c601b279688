//! The verdict on handshakes that went well, badly, or nowhere.

use super::*;
use crate::explain::words::{self, Language};
use crate::model::{Complaint, Heard, Nanos, Negotiated, Offer};

fn path(hop: Hop) -> Path {
    Path {
        known_from: crate::model::KnownFrom::default(),
        target: Ipv4Addr::new(93, 184, 216, 34),
        name: None,
        interface: "eth0".to_owned(),
        source: Ipv4Addr::new(192, 168, 11, 2),
        network: None,
        mtu: 1500,
        hop,
    }
}

const ROUTER: Hop = Hop::Router { address: Ipv4Addr::new(192, 168, 11, 1), known: None };

fn nothing() -> ConnectionSummary {
    ConnectionSummary { syns: vec![FrameNo(3)], ..ConnectionSummary::default() }
}

fn open() -> ConnectionSummary {
    let offer = Offer { mss: Some(1460), window_scale: Some(7), sack: true, timestamps: false };
    ConnectionSummary {
        port: PortState::Open,
        established: true,
        connect_rtt: Some(Nanos(120_136_000)),
        answer: Some(Heard { frame: FrameNo(4), ttl: 57 }),
        confirmed: Some(FrameNo(5)),
        negotiated: Some(Negotiated { ours: offer, theirs: offer }),
        ..nothing()
    }
}

fn said(hop: Hop, summary: &ConnectionSummary) -> Vec<String> {
    let path = path(hop);
    let run = Run {
        path: &path,
        port: 80,
        summary,
        arp_answered: None,
        arp_frames: &[],
        by_kernel: false,
        icmp_name: |_, _| "Host unreachable",
    };
    let told = |note: &Note| format!("{} {}", note.kind.word(), words::of(Language::English, note));
    verdict(&run).iter().map(told).collect()
}

fn has(said: &[String], text: &str) -> bool {
    said.iter().any(|line| line.contains(text))
}

#[test]
fn an_open_port_says_what_was_agreed_and_what_is_unseen() {
    let summary = ConnectionSummary { gone: Some(Gone::Interrupted), ..open() };
    let said = said(ROUTER, &summary);
    assert!(said[0].starts_with("fact A SYN/ACK with ack = our ISN + 1 came after 120.136 ms"), "{said:?}");
    assert!(has(&said, "window scale (x128, x128), SACK."), "{said:?}");
    assert!(has(&said, "blind Whether our ACK #5 arrived"), "{said:?}");
    let proved = ConnectionSummary { proof: Some(FrameNo(6)), ..summary };
    assert!(!has(&self::said(ROUTER, &proved), "Whether our ACK"));
}

#[test]
fn who_sent_a_reset_is_guessed_by_its_ttl() {
    let reset = |ttl| ConnectionSummary {
        gone: Some(Gone::ResetByPeer),
        reset: Some(Heard { frame: FrameNo(9), ttl }),
        ..open()
    };
    assert!(has(&said(ROUTER, &reset(57)), "guess The machine that opened the connection ended it"));
    assert!(has(&said(ROUTER, &reset(61)), "guess Somebody on the way may have ended it: the RST came with TTL 61"));
    let refused =
        |ttl| ConnectionSummary { port: PortState::Closed, reset: Some(Heard { frame: FrameNo(4), ttl }), ..nothing() };
    assert!(has(&said(ROUTER, &refused(59)), "over about 5 routers (TTL 59, probably 64 at first)"));
    assert!(has(&said(ROUTER, &refused(64)), "Your router may have answered"));
    let near = Hop::OnLink { known: None };
    assert!(has(&said(near, &refused(64)), "no router in between"));
    assert!(has(&said(near, &refused(60)), "Somebody may have answered in its place"));
}

#[test]
fn silence_is_never_called_off() {
    let said = said(ROUTER, &nothing());
    assert!(has(&said, "fact 1 SYN left by eth0, and nothing came back."), "{said:?}");
    assert!(has(&said, "blind Which of these it is"), "{said:?}");
    assert!(!said.iter().any(|line| line.contains("down")), "{said:?}");
}

#[test]
fn an_error_names_who_sent_it_and_what_it_says() {
    let from = Ipv4Addr::new(203, 0, 113, 6);
    let complaint = Complaint { frame: FrameNo(4), from, kind: 3, code: 1 };
    let summary = ConnectionSummary { port: PortState::Unreachable, complaints: vec![complaint], ..nothing() };
    let said = said(ROUTER, &summary);
    assert!(has(&said, "203.0.113.6 answered our SYN with an error: Host unreachable (type 3 code 1)."), "{said:?}");
    assert!(has(&said, "blind "), "{said:?}");
}
