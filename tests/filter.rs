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
    let frames: Vec<Vec<u8>> = (0..8000).map(|_| frame(&mut dice, link)).collect();
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
    let (mut matched, mut cases) = (0, 0);
    for (filter, expression) in self::cases() {
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
        matched += usize::from(!ours.is_empty());
        cases += 1;
    }
    // In a world of random frames, the filters for one conversation's answers may find none.
    assert!(2 * matched > cases, "only {matched} of {cases} filters match something");
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
