//! The filter programs, run by a small interpreter over generated frames, against tcpdump's verdict on the same frames.

mod stage;

use std::net::Ipv4Addr;
use std::process::Command;

use netlab::capture::{Reader, Source, Writer};
use netlab::model::{Frame, FrameNo, LinkType, Nanos};
use netlab::wire::Filter;
use netlab::wire::bpf::Program;

const A: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const B: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);

/// Runs a program as the kernel would: how many bytes to keep, 0 for none.
fn interpret(program: &Program, frame: &[u8]) -> u32 {
    let (mut accumulator, mut index, mut at) = (0_u32, 0_u32, 0_usize);
    let load = |offset: u32, size: usize| {
        let offset = usize::try_from(offset).ok()?;
        let bytes = frame.get(offset..offset.checked_add(size)?)?;
        Some(bytes.iter().fold(0_u32, |value, byte| value << 8 | u32::from(*byte)))
    };
    loop {
        let instruction = program.instructions()[at];
        let k = instruction.operand;
        at += 1;
        let loaded = match instruction.code {
            0x20 => load(k, 4),
            0x28 => load(k, 2),
            0x30 => load(k, 1),
            0x40 => load(index.wrapping_add(k), 4),
            0x48 => load(index.wrapping_add(k), 2),
            0x50 => load(index.wrapping_add(k), 1),
            0xb1 => {
                let Some(byte) = load(k, 1) else { return 0 };
                index = (byte & 0xf) * 4;
                continue;
            }
            0x54 => Some(accumulator & k),
            0x15 | 0x45 => {
                let holds = if instruction.code == 0x15 { accumulator == k } else { accumulator & k != 0 };
                at += usize::from(if holds { instruction.yes } else { instruction.no });
                continue;
            }
            0x06 => return k,
            other => panic!("instruction {other:#x} is not one the assembler makes"),
        };
        match loaded {
            Some(value) => accumulator = value,
            None => return 0,
        }
    }
}

/// A fixed sequence of numbers that look random (xorshift), so that a failure can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        let at = self.roll(u64::try_from(choices.len()).expect("few"));
        choices[usize::try_from(at).expect("few")]
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.roll(256)).expect("a byte")
    }
}

/// A frame from a small world, so that matches and near misses are both common; sometimes cut short.
fn frame(dice: &mut Dice, link: LinkType) -> Vec<u8> {
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
        bytes.extend((0..more).map(|_| dice.byte()).collect::<Vec<_>>());
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
    let frames: Vec<Vec<u8>> = (0..4000).map(|_| frame(&mut dice, link)).collect();
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
            (0..).zip(&frames).filter(|(_, bytes)| interpret(&program, bytes) > 0).map(|(at, _)| at).collect();
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
    assert!((0..1000).all(|_| interpret(&program, &frame(&mut dice, LinkType::RawIp)) == 0));
}
