//! The lines for programs, read back by a JSON parser nobody here wrote.

use std::net::{IpAddr, Ipv4Addr};

use serde_json::{Value as Parsed, json};

use super::*;
use crate::explain::{Context, explain};
use crate::model::{
    Direction, Fault, FaultKind, FrameNo, Generated, Hop, KnownFrom, Path, PingSummary, Probed, RttSummary, Status,
    TrackedValue, tracked,
};
use crate::render::samples::*;
use crate::render::{Look, Story, Verbosity};

fn line(write: impl FnOnce(&mut Json, &mut Vec<u8>) -> io::Result<()>) -> Parsed {
    let (mut json, mut out) = (Json::new(Language::English), Vec::new());
    write(&mut json, &mut out).expect("a vector takes everything");
    assert_eq!(out.pop(), Some(b'\n'));
    assert!(!out.iter().any(u8::is_ascii_control));
    serde_json::from_slice(&out).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&out)))
}

#[test]
fn the_start_names_the_way() {
    let path = Path {
        target: Ipv4Addr::new(93, 184, 216, 34),
        name: Some("www.example.com".to_owned()),
        interface: "eth0".to_owned(),
        source: Ipv4Addr::new(192, 168, 11, 2),
        network: None,
        mtu: 1500,
        hop: Hop::Router { address: Ipv4Addr::new(192, 168, 11, 1), known: None },
        known_from: KnownFrom::Neighbours,
    };
    let start = |path: &Path| line(|json, out| json.start(out, "ping", "www.example.com", path, true));
    assert_eq!(
        start(&path),
        json!({"type": "start", "command": "ping", "target": "www.example.com", "address": "93.184.216.34",
            "interface": "eth0", "source": "192.168.11.2", "gateway": "192.168.11.1", "lab": true})
    );
    assert_eq!(start(&Path { hop: Hop::Local, ..path })["gateway"], Parsed::Null);
}

#[test]
fn a_packet_has_layers_fields_and_notes() {
    let frame = frame(4, 0, Direction::In, REPLY);
    let mut packet = packet(&frame, LINK_ICMP);
    packet.generated.extend([
        Generated::new(2, tracked!("icmp.resp_to"), TrackedValue::Number(3)),
        Generated::new(2, tracked!("icmp.resptime"), TrackedValue::Span(Nanos(412_000))),
    ]);
    let notes = explain(&packet, &Context::default());
    assert_eq!(
        line(|json, out| json.packet(out, &packet, &notes)),
        json!({"type": "packet", "number": 4, "time": 1_732_150_000_000_000_000_i64, "relative": 0,
            "direction": "in", "length": 50, "captured": 50, "stream": null,
            "info": "Echo (ping) reply    id=0x3a1f, seq=1/256, ttl=64 (request in 3)",
            "layers": [
                {"name": "eth", "offset": 0, "length": 14, "fields": {"eth.dst": "02:00:00:00:0b:02",
                    "eth.src": "4c:e6:76:0a:11:01", "eth.type": 2048}},
                {"name": "ip", "offset": 14, "length": 20, "fields": {"ip.version": 4, "ip.hdr_len": 20,
                    "ip.dsfield": 0, "ip.dsfield.dscp": 0, "ip.len": 36, "ip.id": 0x0bad, "ip.flags": 0,
                    "ip.flags.rb": false, "ip.flags.df": false, "ip.flags.mf": false, "ip.frag_offset": 0,
                    "ip.ttl": 64, "ip.proto": 1, "ip.checksum": 0xd7d8, "ip.src": "192.168.11.1",
                    "ip.dst": "192.168.11.2"}, "generated": {"ip.checksum.status": 1}},
                {"name": "icmp", "offset": 34, "length": 8, "fields": {"icmp.type": 0, "icmp.code": 0,
                    "icmp.checksum": 0x608a, "icmp.ident": 0x3a1f, "icmp.seq": 1},
                    "generated": {"icmp.resp_to": 3, "icmp.resptime": 412_000}},
            ],
            "notes": [{"type": "note", "id": "icmp.echo.reply", "kind": "fact", "severity": "chat",
                "frames": [3, 4], "text": "Same id, same seq as #3: so an answer finds its question.", "source": "RFC 792"}],
            "faults": []})
    );
}

#[test]
fn what_the_tracker_found_is_said_once() {
    let frame = frame(4, 0, Direction::In, REPLY);
    let mut packet = crate::dissect::dissect(&frame);
    packet.generated.extend([Generated::new(2, tracked!("icmp.resp_to"), TrackedValue::Number(3))]);
    let read = line(|json, out| json.packet(out, &packet, &[]));
    assert_eq!(read["layers"][2]["generated"]["icmp.resp_to"], json!(3));
    let mut story = Story::new(Look::default(), Language::English, Verbosity::Fields);
    let text = printed(|out| story.packet(out, &packet, &[]));
    assert_eq!(text.matches("Request frame: 3]").count(), 1, "{text}");
}

#[test]
fn a_key_that_repeats_has_a_list_and_text_is_escaped() {
    let mut frame = frame(1, 0, Direction::Other, "1b5b33316d 22 5c 0a e280ae");
    frame.direction = None;
    let mut packet = packet(&frame, &[(&ODD, 11)]);
    packet.faults.push(Fault {
        kind: FaultKind::Truncated,
        layer: "tcp",
        offset: 34,
        needed: 20,
        available: 8,
        because: "ip.len",
    });
    let read = line(|json, out| json.packet(out, &packet, &[]));
    assert_eq!(read["layers"][0]["fields"], json!({"odd.name": "\u{1b}[31m\"\\\n\u{202e}", "odd.byte": [27, 91]}));
    assert_eq!(read["direction"], Parsed::Null);
    let fault = json!({"kind": "truncated", "layer": "tcp", "offset": 34, "needed": 20, "available": 8,
        "because": "ip.len"});
    assert_eq!(read["faults"], json!([fault]));
}

#[test]
fn quoted_layers_say_so() {
    let frame = frame(1, 0, Direction::In, EXPIRED);
    let read = line(|json, out| json.packet(out, &packet(&frame, LINK_ERROR), &[]));
    let quoted: Vec<bool> = (0..5).map(|at| read["layers"][at]["quoted"] == json!(true)).collect();
    assert_eq!(quoted, [false, false, false, true, true]);
}

#[test]
fn times_are_relative_to_the_first_packet() {
    let frames = [frame(1, 0, Direction::Out, ARP_REQUEST), frame(2, 400, Direction::In, ARP_REPLY)];
    let (mut json, mut out) = (Json::new(Language::English), Vec::new());
    for frame in &frames {
        json.packet(&mut out, &packet(frame, LINK_ARP), &[]).expect("a vector takes everything");
    }
    let text = String::from_utf8(out).expect("text");
    assert!(text.lines().nth(1).expect("two lines").contains("\"relative\":400000,"), "{text}");
}

#[test]
fn probes_and_the_summary() {
    let mut probed = Probed {
        seq: 1,
        ttl: 64,
        status: Status::Reply,
        from: Some(IpAddr::V4(Ipv4Addr::new(192, 168, 11, 1))),
        rtt: Some(Nanos(412_000)),
        request: Some(FrameNo(1)),
        response: Some(FrameNo(2)),
    };
    let read = |probed: &Probed| line(|json, out| json.probe(out, probed));
    assert_eq!(
        read(&probed),
        json!({"type": "probe", "seq": 1, "ttl": 64, "status": "reply", "from": "192.168.11.1", "rtt": 412_000,
            "request": 1, "response": 2})
    );
    probed = Probed { status: Status::Timeout, from: None, rtt: None, response: None, ..probed };
    assert_eq!(
        read(&probed),
        json!({"type": "probe", "seq": 1, "ttl": 64, "status": "timeout", "from": null, "rtt": null, "request": 1,
            "response": null})
    );
    let rtt = RttSummary { min: Nanos(1), avg: Nanos(2), max: Nanos(3), mdev: Nanos(4) };
    let summary = PingSummary { transmitted: 3, received: 2, rtt: Some(rtt), ..PingSummary::of(3, Nanos(0), &[]) };
    assert_eq!(
        line(|json, out| json.ping_summary(out, &summary)),
        json!({"type": "summary", "transmitted": 3, "received": 2, "duplicates": 0, "errors": 0, "loss": 33.333_333,
            "rtt": {"min": 1, "avg": 2, "max": 3, "mdev": 4}})
    );
}

#[test]
fn a_field_of_the_table() {
    let read = line(|json, out| json.field(out, &ETH, &ETH.fields[2]));
    assert_eq!((&read["kind"], &read["bit"], &read["bits"]), (&json!("enumeration"), &json!(96), &json!(16)));
    assert_eq!(read["values"], json!({"2048": "IPv4", "2054": "ARP"}));
    assert!(read["meaning"].as_str().is_some_and(|words| words.contains("0x0800")));
}
