//! Dissection never fails, whatever the bytes; and it tells unfinished from wrong, and quoted from seen.

#[path = "support/chains.rs"]
mod chains;
#[path = "support/captures.rs"]
mod support;

use netlab::converse::messages::{Messages, Order, Segment};
use netlab::dissect::{dissect, dissect_pieces};
use netlab::model::{FaultKind, Frame, FrameNo, Kind, LinkType, Nanos, Value};
use netlab::proto::checksum::Status;
use netlab::proto::ipv4;
use support::{captures, directory, frames};

/// Reads everything that can be read of a packet.
fn read_all(frame: &Frame) -> usize {
    let mut packet = dissect(frame);
    // A segment alone, as the first of its stream.
    if let Some(segment) = Segment::read(&packet, 0, Order::Regular) {
        let outcome = Messages::default().observe(&segment);
        dissect_pieces(&mut packet, &outcome.pieces);
    }
    let mut fields = 0;
    let bits = frame.bytes.len() * 8;
    for view in packet.views() {
        let layer = view.layer();
        assert!(layer.offset + layer.length + layer.payload <= frame.bytes.len(), "{layer:?}");
        view.walk(&mut |field| {
            fields += 1;
            assert!(field.start + field.bits <= bits, "{field:?} lies outside the frame");
            assert!(field.bits > 0 || field.spec.generated, "{field:?} has no bits");
            assert!(!matches!(field.spec.kind, Kind::Flag(..)) || matches!(field.value, Value::Flag(_)));
        });
    }
    for fault in &packet.faults {
        assert!(fault.kind == FaultKind::Malformed || fault.needed > fault.available, "{fault:?}");
    }
    let mut info = String::new();
    packet.info(&mut info).expect("a string takes everything");
    fields
}

#[test]
fn no_prefix_and_no_changed_byte_leads_astray() {
    // The cut and the damaged frames were changed before.
    for path in captures().iter().filter(|path| path.extension().is_some_and(|end| end == "pcap")) {
        for mut frame in frames(path) {
            // The headers are what matters; the test shall not take long.
            frame.bytes.truncate(200);
            let whole = frame.bytes.clone();
            for length in 0..=whole.len() {
                frame.bytes.truncate(0);
                frame.bytes.extend_from_slice(&whole[..length]);
                read_all(&frame);
            }
            for (at, &byte) in whole.iter().enumerate() {
                for mask in [0x01, 0x0f, 0x80, 0xff] {
                    frame.bytes[at] = byte ^ mask;
                    read_all(&frame);
                    frame.bytes[at] = byte;
                }
            }
        }
    }
}

fn ethernet(bytes: Vec<u8>, original: usize) -> Frame {
    Frame {
        number: FrameNo(1),
        time: Nanos(0),
        direction: None,
        link: LinkType::Ethernet,
        original,
        checksum_pending: false,
        bytes,
    }
}

#[test]
fn a_tag_in_a_tag_in_a_tag_ends() {
    let mut bytes = vec![0; 12];
    bytes.extend([0x81, 0x00, 0x00, 0x05].repeat(1000));
    let frame = ethernet(bytes.clone(), bytes.len());
    assert_eq!(dissect(&frame).layers.len(), 32);
    assert!(read_all(&frame) > 32);
}

#[test]
fn a_chain_of_headers_ends() {
    // Destination options before destination options, IPv6 in IPv6, and redirects about redirects.
    let mut ip = vec![0x60, 0, 0, 0, 0xff, 0xff, 60, 64];
    ip.resize(40, 7);
    let options = [ip.clone(), [60, 0, 1, 4, 0, 0, 0, 0].repeat(8000)].concat();
    ip[6] = 41;
    let tunnels = ip.repeat(1600);
    ip[6] = 58;
    let redirect = [&ip[..], &[137; 40], &[4, 255, 0, 0, 0, 0, 0, 0]].concat();
    for packet in [options, tunnels, redirect.repeat(700)] {
        let bytes = [&[0; 12][..], &[0x86, 0xdd], &packet].concat();
        let frame = ethernet(bytes.clone(), bytes.len());
        assert_eq!(dissect(&frame).layers.len(), 32);
        assert!(read_all(&frame) > 32);
    }
}

#[test]
fn chains_at_random_lead_nowhere_astray() {
    let mut dice = chains::Dice::new(7);
    for _ in 0..20_000 {
        let (bytes, original) = chains::frame(&mut dice);
        read_all(&ethernet(bytes, original));
    }
}

#[test]
fn an_unfinished_checksum_is_not_called_wrong() {
    let pending = frames(&directory().join("offload.pcap"))
        .iter()
        .map(|frame| dissect(frame).views().any(|view| view.layer().checksum == Some(Status::Pending)))
        .filter(|pending| *pending)
        .count();
    assert!(pending > 5, "the interface computed its checksums late, so {pending} frames are too few");
    let frames = frames(&directory().join("tcp.pcap"));
    let bad = frames
        .iter()
        .filter(|frame| dissect(frame).views().any(|view| matches!(view.layer().checksum, Some(Status::Bad { .. }))));
    assert!(bad.count() > 5, "checksums made wrong on purpose");
}

#[test]
fn a_quotation_is_read_as_somebody_else_s() {
    let frames = frames(&directory().join("errors.pcap"));
    let quoted = frames.iter().map(dissect).filter(|packet| packet.find_quoted(&ipv4::HEADER).is_some()).count();
    assert!(quoted > 5);
    for packet in frames.iter().map(dissect) {
        let outer = packet.find(&ipv4::HEADER).map(|view| view.index);
        let inner = packet.find_quoted(&ipv4::HEADER).map(|view| view.index);
        assert!(inner.is_none_or(|inner| outer < Some(inner)));
    }
}
