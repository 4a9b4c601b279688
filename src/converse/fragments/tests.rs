use std::net::Ipv4Addr;

use super::*;
use crate::dissect::dissect;
use crate::model::{FrameNo, Nanos, TrackedValue};

fn header() -> ipv4::Ipv4 {
    ipv4::Ipv4 {
        identification: 0x1234,
        protocol: 253,
        source: Ipv4Addr::new(10, 0, 0, 1),
        destination: Ipv4Addr::new(10, 0, 0, 2),
        ..ipv4::Ipv4::default()
    }
}

fn frame(number: u32, bytes: Vec<u8>) -> Frame {
    Frame {
        number: FrameNo(number),
        time: Nanos(i64::from(number)),
        direction: None,
        link: LinkType::RawIp,
        original: bytes.len(),
        checksum_pending: false,
        bytes,
    }
}

fn feed(reassembler: &mut Reassembler, packets: impl IntoIterator<Item = Vec<u8>>) -> Vec<Frame> {
    let frames: Vec<_> = (1..).zip(packets).map(|(number, bytes)| frame(number, bytes)).collect();
    let whole = |frame| match reassembler.observe(&mut dissect(frame)) {
        Piece::Last(frame) => Some(frame),
        Piece::Whole | Piece::Fragment => None,
    };
    frames.iter().filter_map(whole).collect()
}

#[test]
fn any_order_gives_the_same_datagram() {
    let payload: Vec<u8> = (0..3000_u32).map(|i| (i % 251) as u8).collect();
    let fragments = ipv4::fragments(&header(), &payload, 1500);
    assert_eq!(fragments.len(), 3);
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1]] {
        let whole = feed(&mut Reassembler::default(), order.map(|i| fragments[i].clone()));
        assert_eq!(whole.len(), 1);
        assert_eq!(whole[0].bytes, ipv4::craft(&header(), &payload));
        assert_eq!(whole[0].number, FrameNo(3), "the frame that completed it");
    }
}

#[test]
fn a_whole_packet_and_a_missing_piece_give_nothing() {
    let fragments = ipv4::fragments(&header(), &[7; 3000], 1500);
    assert!(feed(&mut Reassembler::default(), [ipv4::craft(&header(), b"whole")]).is_empty());
    assert!(feed(&mut Reassembler::default(), [fragments[0].clone(), fragments[2].clone()]).is_empty());
}

#[test]
fn bytes_that_arrived_first_stay() {
    let fragments = ipv4::fragments(&header(), &[7; 2000], 1500);
    let forged = ipv4::fragments(&header(), &[9; 2000], 1500);
    let whole = feed(&mut Reassembler::default(), [fragments[0].clone(), forged[0].clone(), fragments[1].clone()]);
    assert_eq!(whole[0].bytes, ipv4::craft(&header(), &[7; 2000]));
}

#[test]
fn memory_is_bounded() {
    let mut reassembler = Reassembler::default();
    for identification in 0..1000 {
        let header = ipv4::Ipv4 { identification, ..header() };
        feed(&mut reassembler, [ipv4::fragments(&header, &[7; 2000], 1500)[0].clone()]);
    }
    assert_eq!(reassembler.waiting.len(), INCOMPLETE);
}

mod six {
    use std::net::Ipv6Addr;

    use super::*;
    use crate::proto::ipv6;
    use crate::proto::ipv6::fragment::fragments;

    fn header() -> ipv6::Ipv6 {
        ipv6::Ipv6 {
            next_header: 253,
            source: Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 1),
            destination: Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 2),
            ..ipv6::Ipv6::default()
        }
    }

    #[test]
    fn any_order_gives_the_same_packet() {
        let payload: Vec<u8> = (0..3000_u32).map(|i| (i % 251) as u8).collect();
        let parts = fragments(&header(), &payload, 1280, 0x1234_5678);
        assert_eq!(parts.len(), 3);
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1]] {
            let whole = feed(&mut Reassembler::default(), order.map(|i| parts[i].clone()));
            assert_eq!(whole.len(), 1);
            assert_eq!(whole[0].bytes, ipv6::craft(&header(), &payload));
        }
    }

    #[test]
    fn headers_before_the_fragment_header_stay() {
        let payload = [7; 40];
        let pieces = fragments(&header(), &payload, 72, 9);
        let with_options = |piece: &Vec<u8>| {
            let options = [&[ipv6::FRAGMENT, 0, 1, 4, 0, 0, 0, 0][..], &piece[ipv6::LENGTH..]].concat();
            ipv6::craft(&ipv6::Ipv6 { next_header: ipv6::HOP_BY_HOP, ..header() }, &options)
        };
        let whole = feed(&mut Reassembler::default(), pieces.iter().map(with_options));
        let expected = [&[253, 0, 1, 4, 0, 0, 0, 0][..], &payload].concat();
        assert_eq!(whole[0].bytes, ipv6::craft(&ipv6::Ipv6 { next_header: ipv6::HOP_BY_HOP, ..header() }, &expected));
    }

    #[test]
    fn an_overlap_ends_the_packet_and_a_repetition_does_not() {
        let parts = fragments(&header(), &[7; 2000], 1280, 5);
        let other = fragments(&header(), &[9; 2000], 1280, 5);
        let again = [parts[0].clone(), parts[0].clone(), parts[1].clone()];
        assert_eq!(feed(&mut Reassembler::default(), again).len(), 1, "a duplicate");
        let mut reassembler = Reassembler::default();
        let forged = [parts[0].clone(), other[0].clone(), parts[1].clone(), parts[0].clone()];
        assert!(feed(&mut reassembler, forged).is_empty(), "RFC 5722 §4: all of it is discarded");
        let incomplete: Vec<_> = reassembler.incomplete().collect();
        assert_eq!(incomplete.len(), 1);
        assert!(incomplete[0].overlapped);
        assert_eq!(incomplete[0].frames, [FrameNo(1), FrameNo(2), FrameNo(3), FrameNo(4)]);
    }

    #[test]
    fn the_packet_that_is_whole_tells_its_frames() {
        let parts = fragments(&header(), &[7; 2000], 1280, 5);
        let mut reassembler = Reassembler::default();
        let frames: Vec<_> = (1..).zip(parts).map(|(number, bytes)| frame(number, bytes)).collect();
        let mut last = dissect(&frames[1]);
        reassembler.observe(&mut dissect(&frames[0]));
        assert!(matches!(reassembler.observe(&mut last), Piece::Last(_)));
        let said: Vec<_> = last.generated.iter().map(|it| (it.what.key(), it.value)).collect();
        let number = TrackedValue::Number;
        assert_eq!(
            said,
            [
                ("ipv6.fragment", number(1)),
                ("ipv6.fragment", number(2)),
                ("ipv6.fragment.count", number(2)),
                ("ipv6.reassembled.length", number(2000)),
            ]
        );
    }
}

#[test]
fn what_is_wrong_is_said_where_it_is_seen() {
    let whole = ipv4::fragments(&header(), &[7; 2000], 1500);
    let other = ipv4::fragments(&header(), &[9; 2000], 1500);
    let longer = ipv4::fragments(&header(), &[7; 2400], 1500);
    let mut reassembler = Reassembler::default();
    let mut said = Vec::new();
    for (number, bytes) in (1..).zip([&whole[1], &whole[1], &other[1], &longer[1]]) {
        let frame = frame(number, bytes.clone());
        let mut packet = dissect(&frame);
        assert_eq!(reassembler.observe(&mut packet), Piece::Fragment);
        said.push(packet.generated.iter().map(|it| it.what.key()).collect::<Vec<_>>());
    }
    let (overlap, conflict) = ("netlab.fragment.overlap", "netlab.fragment.conflict");
    assert_eq!(said[0], [""; 0]);
    assert_eq!(said[1], [overlap]);
    assert_eq!(said[2], [overlap, conflict]);
    assert_eq!(said[3], [overlap, "netlab.fragment.tails", "netlab.fragment.long"]);
    let incomplete: Vec<_> = reassembler.incomplete().collect();
    assert_eq!(incomplete[0].missing, [(0, Some(1480))]);
}

#[test]
fn nobody_waits_for_ever() {
    let fragments = ipv4::fragments(&header(), &[7; 2000], 1500);
    let mut reassembler = Reassembler::default();
    let first = frame(1, fragments[0].clone());
    let late = Frame { time: Nanos(61_000_000_000), ..frame(2, fragments[1].clone()) };
    assert_eq!(reassembler.observe(&mut dissect(&first)), Piece::Fragment);
    assert_eq!(reassembler.observe(&mut dissect(&late)), Piece::Fragment);
    let missing: Vec<_> = reassembler.incomplete().map(|it| (it.frames, it.missing)).collect();
    assert_eq!(missing, [(vec![FrameNo(1)], vec![(1480, None)]), (vec![FrameNo(2)], vec![(0, Some(1480))])]);
}

#[test]
fn a_datagram_that_became_whole_in_spite_of_a_contradiction_tells_so() {
    let parts = ipv4::fragments(&header(), &[7; 2000], 1500);
    let forged = ipv4::fragments(&header(), &[9; 2000], 1500);
    let frames: Vec<_> =
        (1..).zip([&parts[1], &forged[1], &parts[0]]).map(|(it, part)| frame(it, part.clone())).collect();
    let mut reassembler = Reassembler::default();
    let mut packets: Vec<_> = frames.iter().map(dissect).collect();
    let pieces: Vec<_> = packets.iter_mut().map(|packet| reassembler.observe(packet)).collect();
    assert!(matches!(pieces[..], [Piece::Fragment, Piece::Fragment, Piece::Last(_)]));
    let said: Vec<_> = packets[2].generated.iter().map(|it| (it.what.key(), it.value)).collect();
    let (number, yes) = (TrackedValue::Number, TrackedValue::Yes);
    assert_eq!(
        said,
        [
            ("ip.fragment", number(3)),
            ("ip.fragment", number(1)),
            ("ip.fragment.error", number(2)),
            ("ip.fragment.overlap", yes),
            ("ip.fragment.overlap.conflict", yes),
            ("ip.fragment.count", number(3)),
            ("ip.reassembled.length", number(2000)),
        ]
    );
}
