use std::net::Ipv4Addr;

use super::*;
use crate::converse::tests::*;
use crate::proto::ethernet;
use crate::proto::ipv4::{self, Ipv4};
use crate::proto::tcp::Flags;

#[test]
fn memory_is_bounded_and_who_speaks_stays() {
    let mut capture = Capture::default();
    let flood = |index: u32| datagram((Ipv4Addr::from(0x0a00_0000 + index), 9), (SERVER, 9), b"");
    assert_eq!(capture.see(echo(PC, SERVER, false, 7, 1)), 1);
    for index in 0..3 * 4096 {
        capture.see(flood(index));
        if index % 1000 == 0 {
            assert_eq!(capture.see(echo(PC, SERVER, false, 7, 1)), 1, "after {index}");
        }
    }
    let conversations = &mut capture.tracker.conversations;
    assert_eq!(conversations.open.len(), FOLLOWED);
    assert!(conversations.places.len() <= FOLLOWED && conversations.numbers.len() <= FOLLOWED);
    assert!(conversations.ended.len() <= UNTOLD);
    let mut told = 0;
    while let Some(ended) = conversations.ended() {
        assert_ne!(ended.number, ConversationNo(1));
        told += 1;
    }
    assert_eq!(told, UNTOLD);
    conversations.finish();
    let rest: Vec<_> = std::iter::from_fn(|| conversations.ended()).collect();
    assert!(rest.is_sorted_by_key(|conversation| conversation.number));
    assert_eq!((rest.len(), rest[0].number), (FOLLOWED, ConversationNo(1)));
    assert_eq!(conversations.count(), 3 * 4096 + 1);
}

/// The pieces of an ICMP error about `packet`.
fn error_in_pieces(identification: u16, packet: &[u8]) -> Vec<Vec<u8>> {
    let header = Ipv4 { protocol: ipv4::ICMP, source: ROUTER, destination: PC, identification, ..Ipv4::default() };
    ipv4::fragments(&header, &[&[3, 13, 0, 0, 0, 0, 0, 0], packet].concat(), 68)
}

#[test]
fn those_only_told_apart_are_the_same_and_come_to_nothing() {
    let (mut followed, mut apart) = (Capture::default(), Capture::default());
    apart.tracker.only_tell_apart();
    let everyone = linked(PC_MAC, MacAddr::BROADCAST, ethernet::IPV4, &echo(PC, SERVER, false, 7, 1));
    let nobody = Ipv4Addr::UNSPECIFIED;
    for index in 0..2 * 4096 {
        let somebody = Ipv4Addr::from(0x0a00_0100 + index % 5000);
        let asked = datagram((somebody, 9), (SERVER, 9), &[0; 80]);
        let syn = segment((somebody, 9), (SERVER, 80), Flags::SYN, index);
        let mut frames = vec![
            everyone.clone(),
            echo(somebody, PC, true, 7, 1),
            error(ROUTER, somebody, 3, 13, &syn),
            asked.clone(),
            syn.clone(),
            error(ROUTER, somebody, 3, 13, &syn),
            arp(1, (nobody, PC_MAC), (somebody, MacAddr::ZERO)),
            arp(2, (somebody, ROUTER_MAC), (somebody, PC_MAC)),
        ];
        frames.extend(error_in_pieces(1, &asked));
        for bytes in frames {
            assert_eq!(apart.see(bytes.clone()), followed.see(bytes));
            assert_eq!(apart.speaker, followed.speaker);
        }
    }
    assert_eq!(apart.tracker.conversations.count(), followed.tracker.conversations.count());
    apart.tracker.finish();
    assert!(apart.tracker.ended().is_none() && followed.tracker.ended().is_some());
}

#[test]
fn the_first_piece_of_an_error_goes_with_what_it_is_about_and_none_speaks_for_the_error() {
    let mut capture = Capture::default();
    let asked = datagram((PC, 9), (SERVER, 9), &[0; 80]);
    assert_eq!(capture.see(asked.clone()), 1);
    let numbers: Vec<_> = error_in_pieces(1, &asked).into_iter().map(|piece| capture.see(piece)).collect();
    assert_eq!(numbers, [1, 2, 2]);
    assert!(capture.of(1).complaints.is_empty() && capture.of(2).complaints.is_empty());
}

#[test]
fn what_connections_came_to_is_told_of_all_however_many_there_are() {
    let mut capture = Capture::default();
    let mut settled = 0;
    let mut settle = |conversation: &Conversation| {
        assert!(matches!(conversation.facts, Facts::Connection(_)), "{:?}", conversation.kind);
        settled += 1;
    };
    // A RST at once: what is over is forgotten first, and may be so with its only segment.
    for index in 0..3 * 4096 {
        let flags = if index % 5 == 0 { Flags::RST } else { Flags::SYN };
        capture.see(segment((Ipv4Addr::from(0x0a00_0000 + index), 9), (SERVER, 80), flags, 7));
        while let Some(ended) = capture.tracker.ended() {
            settle(&ended);
        }
    }
    capture.tracker.finish();
    while let Some(ended) = capture.tracker.ended() {
        settle(&ended);
    }
    assert_eq!(settled, 3 * 4096);
}
