//! The filters of probing runs, run over generated frames, against tcpdump's verdict on the same frames.

mod stage;
mod world;

use std::net::Ipv4Addr;
use std::process::Command;

use netlab::capture::{Reader, Source, Writer};
use netlab::filter::bpf::{Program, Sight};
use netlab::model::{Frame, FrameNo, LinkType, Nanos};
use netlab::wire::Filter;

use world::{Dice, frame};

const A: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const B: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);

fn accepts(program: &Program, bytes: &[u8]) -> bool {
    program.accepts(Sight { bytes, length: bytes.len(), tag: None })
}

/// A frame from a small world, so that matches and near misses are both common; sometimes cut short.
fn near(dice: &mut Dice, link: LinkType) -> Vec<u8> {
    let address = |dice: &mut Dice| dice.pick(&[A, B, Ipv4Addr::new(10, 0, 0, 3)]).octets();
    let mut bytes = Vec::new();
    let arp = link == LinkType::Ethernet && dice.roll(5) == 0;
    if link == LinkType::Ethernet {
        bytes.extend([0xff; 6]);
        bytes.extend([2, 0, 0, 0, 0, 1]);
        bytes.extend(if arp { [0x08, 0x06] } else { dice.pick(&[[8, 0], [8, 0], [8, 0], [0x86, 0xdd]]) });
    }
    if arp {
        bytes.extend([0, 1, 8, 0, 6, 4, 0, dice.pick(&[1, 2])]);
        bytes.extend([2, 0, 0, 0, 0, 1]);
        bytes.extend(address(dice));
        bytes.extend([0; 6]);
        bytes.extend(address(dice));
    } else {
        let words = dice.pick(&[5_u8, 5, 5, 6, 15]);
        let fragment = dice.pick(&[[0, 0], [0, 0], [0x40, 0], [0x20, 0], [0x20, 5], [0, 9]]);
        bytes.extend([0x40 | words, 0, 0, 60, 0, 1, fragment[0], fragment[1], 64, dice.pick(&[1, 6, 17, 1, 47]), 0, 0]);
        bytes.extend(address(dice));
        bytes.extend(address(dice));
        bytes.extend(vec![0x01; usize::from(words - 5) * 4]);
        let kind = dice.pick(&[0_u8, 8, 3, 11, 5, 4, 12, 13]);
        match dice.roll(2) {
            0 => bytes.extend([kind, 0, 0, 0, 0x12, dice.pick(&[0x34, 0x35]), 0, 1]),
            _ => bytes.extend([0, dice.pick(&[80, 81]), 0, dice.pick(&[80, 81]), 0, 0, 0, 0]),
        }
        let more = dice.roll(20);
        bytes.extend((0..more).map(|_| u8::try_from(dice.roll(256)).expect("a byte")).collect::<Vec<_>>());
    }
    if dice.roll(10) == 0 {
        let keep = dice.roll(u64::try_from(bytes.len()).expect("short")).max(1);
        bytes.truncate(usize::try_from(keep).expect("short"));
    }
    bytes
}

/// A filter and the same in tcpdump's language; `and not` spells out where tcpdump's short forms mean more than ours.
fn cases() -> Vec<(Filter, &'static str)> {
    let pair = "((src 10.0.0.1 and dst 10.0.0.2) or (src 10.0.0.2 and dst 10.0.0.1))";
    let pair: &'static str = Box::leak(format!("ip and {pair}").into_boxed_str());
    let also = |more: &str| -> &'static str { Box::leak(format!("{pair} and {more}").into_boxed_str()) };
    vec![
        (Filter::new(), "less 0"),
        (Filter::everything(), "greater 0"),
        (Filter::new().all_arp(), "arp"),
        (Filter::new().arp(A), "arp and (arp[14:4] = 0x0a000001 or arp[24:4] = 0x0a000001)"),
        (Filter::new().between(A, Some(B)), pair),
        (Filter::new().between(A, None), "ip and host 10.0.0.1"),
        (Filter::new().echo(A, Some(B), 0x1234), also("icmp and (icmp[0] = 0 or icmp[0] = 8) and icmp[4:2] = 0x1234")),
        (
            Filter::new().echo(A, None, 0x1234),
            "ip host 10.0.0.1 and (icmp[0] = 0 or icmp[0] = 8) and icmp[4:2] = 0x1234",
        ),
        (
            Filter::new().icmp_errors(A),
            "dst 10.0.0.1 and (icmp[0] = 3 or icmp[0] = 4 or icmp[0] = 5 or icmp[0] = 11 or icmp[0] = 12)",
        ),
        (
            Filter::new().tcp((A, Some(80)), (Some(B), Some(81))),
            "ip and tcp and ((src 10.0.0.1 and dst 10.0.0.2 and src port 80 and dst port 81) or (src 10.0.0.2 and dst 10.0.0.1 and src port 81 and dst port 80))",
        ),
        (
            Filter::new().udp((A, None), (Some(B), Some(80))),
            "ip and udp and ((src 10.0.0.1 and dst 10.0.0.2 and dst port 80) or (src 10.0.0.2 and dst 10.0.0.1 and src port 80))",
        ),
        (Filter::new().later_fragments(A, Some(B)), also("ip[6:2] & 0x1fff != 0")),
        (
            Filter::new().all_arp().echo(A, Some(B), 0x1234).icmp_errors(A).later_fragments(A, Some(B)),
            Box::leak(
                format!(
                    "arp or ({pair} and (icmp[0] = 0 or icmp[0] = 8) and icmp[4:2] = 0x1234) or (dst 10.0.0.1 and \
                     (icmp[0] = 3 or icmp[0] = 4 or icmp[0] = 5 or icmp[0] = 11 or icmp[0] = 12)) or \
                     ({pair} and ip[6:2] & 0x1fff != 0)"
                )
                .into_boxed_str(),
            ),
        ),
    ]
}

fn verdicts_agree(link: LinkType) {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let frames: Vec<Vec<u8>> =
        (0..8000).map(|at| if at % 2 == 0 { near(&mut dice, link) } else { frame(&mut dice, link) }).collect();
    let path = stage::temporary("world.pcapng");
    let mut writer = Writer::create(&path, &Source { interface: None, link }).expect("a file");
    for (at, bytes) in frames.iter().enumerate() {
        let time = Nanos(i64::try_from(at).expect("few"));
        let frame = Frame {
            number: FrameNo(0),
            time,
            direction: None,
            link,
            original: bytes.len(),
            checksum_pending: false,
            bytes: bytes.clone(),
        };
        writer.write(&frame, &[]).expect("written");
    }
    drop(writer);
    for (filter, expression) in cases() {
        if link == LinkType::RawIp && expression.starts_with("arp") {
            continue; // tcpdump refuses the expression there; that ours matches nothing is checked below
        }
        let program = filter.compile(link).expect("compiles");
        let ours: Vec<i64> =
            (0..).zip(&frames).filter(|(_, bytes)| accepts(&program, bytes)).map(|(at, _)| at).collect();
        let accepted = stage::temporary("accepted.pcap");
        let output = Command::new("tcpdump")
            .args(["-Z", "root", "--time-stamp-precision=nano", "-r"])
            .arg(&path)
            .arg("-w")
            .arg(&accepted)
            .arg(expression)
            .output()
            .expect("tcpdump runs");
        assert!(output.status.success(), "{expression}: {}", String::from_utf8_lossy(&output.stderr));
        let theirs: Vec<i64> =
            Reader::open(&accepted).expect("a capture").map(|record| record.expect("whole").frame.time.0).collect();
        std::fs::remove_file(&accepted).expect("temporary file");
        let apart: Vec<_> = ours
            .iter()
            .filter(|at| !theirs.contains(at))
            .chain(theirs.iter().filter(|at| !ours.contains(at)))
            .collect();
        let first = apart.first().map(|at| &frames[usize::try_from(**at).expect("few")]);
        assert!(apart.is_empty(), "{expression}: {} verdicts differ, such as on {first:02x?}", apart.len());
        assert!(expression == "less 0" || !ours.is_empty(), "{expression} matches something");
    }
    std::fs::remove_file(&path).expect("temporary file");
}

#[test]
fn ethernet_verdicts_are_those_of_tcpdump() {
    if !stage::installed(&["tcpdump"]) {
        return;
    }
    verdicts_agree(LinkType::Ethernet);
}

#[test]
fn raw_ip_verdicts_are_those_of_tcpdump() {
    if !stage::installed(&["tcpdump"]) {
        return;
    }
    verdicts_agree(LinkType::RawIp);
}

#[test]
fn there_is_no_arp_without_ethernet() {
    let program = Filter::new().all_arp().arp(A).compile(LinkType::RawIp).expect("compiles");
    let mut dice = Dice(7);
    assert!((0..1000).all(|_| !accepts(&program, &frame(&mut dice, LinkType::RawIp))));
}
