//! What one run wants to see, as a program the kernel runs on every frame.

use std::net::Ipv4Addr;

use crate::filter::bpf::Program;
use crate::filter::{Assembler, Label, Test, TooLong, Width};
use crate::model::LinkType;

/// The frames a run is interested in: those that match any of its patterns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    everything: bool,
    patterns: Vec<Pattern>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    /// ARP, optionally only where this address is sender's or target's.
    Arp(Option<Ipv4Addr>),
    Ip(IpPattern),
}

/// One direction of IPv4 traffic.
#[derive(Clone, Debug, PartialEq, Eq)]
struct IpPattern {
    source: Option<Ipv4Addr>,
    destination: Option<Ipv4Addr>,
    part: Part,
}

/// Which part of a datagram.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// Whole datagrams and fragments of any protocol.
    Any,
    /// Fragments without a transport header: fragment offset not 0.
    LaterFragment,
    /// Datagrams of this protocol with a transport header (not a later fragment) that pass all tests.
    Transport { protocol: u8, tests: Vec<HeaderTest> },
}

/// A field of the transport header must have one of these values.
#[derive(Clone, Debug, PartialEq, Eq)]
struct HeaderTest {
    offset: u32,
    width: Width,
    values: Vec<u32>,
}

const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;
/// ICMP types that report on another datagram (RFC 792): unreachable, source quench, redirect, time exceeded,
/// parameter problem.
const ICMP_ERRORS: [u32; 5] = [3, 4, 5, 11, 12];
const ECHO_REPLY: u32 = 0;
const ECHO_REQUEST: u32 = 8;

/// A conversation's address and, for TCP and UDP, port; `None` matches any.
type End = (Option<Ipv4Addr>, Option<u16>);

impl Filter {
    /// Nothing yet: refuses every frame until patterns are added.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Every frame on the interface.
    #[must_use]
    pub fn everything() -> Self {
        Self { everything: true, patterns: Vec::new() }
    }

    /// True when no frame is refused.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.everything
    }

    /// Also ARP packets that have `address` as sender or target.
    #[must_use]
    pub fn arp(mut self, address: Ipv4Addr) -> Self {
        self.patterns.push(Pattern::Arp(Some(address)));
        self
    }

    /// Also every ARP packet.
    #[must_use]
    pub fn all_arp(mut self) -> Self {
        self.patterns.push(Pattern::Arp(None));
        self
    }

    /// Also echo requests and replies with this identifier between us and `theirs` (anyone when `None`, as when
    /// asking a broadcast address).
    #[must_use]
    pub fn echo(self, ours: Ipv4Addr, theirs: Option<Ipv4Addr>, identifier: u16) -> Self {
        let tests = vec![
            HeaderTest { offset: 0, width: Width::Byte, values: vec![ECHO_REPLY, ECHO_REQUEST] },
            HeaderTest { offset: 4, width: Width::Half, values: vec![identifier.into()] },
        ];
        self.both_ways(ours, theirs, |_| Part::Transport { protocol: ICMP, tests: tests.clone() })
    }

    /// Also ICMP errors addressed to us, from anyone.
    #[must_use]
    pub fn icmp_errors(mut self, ours: Ipv4Addr) -> Self {
        let tests = vec![HeaderTest { offset: 0, width: Width::Byte, values: ICMP_ERRORS.to_vec() }];
        let part = Part::Transport { protocol: ICMP, tests };
        self.patterns.push(Pattern::Ip(IpPattern { source: None, destination: Some(ours), part }));
        self
    }

    /// Also TCP segments between our end and theirs; a port of `None` is any port.
    #[must_use]
    pub fn tcp(self, ours: (Ipv4Addr, Option<u16>), theirs: End) -> Self {
        self.ports(TCP, ours, theirs)
    }

    /// Also UDP datagrams between our end and theirs; a port of `None` is any port.
    #[must_use]
    pub fn udp(self, ours: (Ipv4Addr, Option<u16>), theirs: End) -> Self {
        self.ports(UDP, ours, theirs)
    }

    /// Also fragments after the first between us and `theirs`: they carry no ports and no identifier to match.
    #[must_use]
    pub fn later_fragments(self, ours: Ipv4Addr, theirs: Option<Ipv4Addr>) -> Self {
        self.both_ways(ours, theirs, |_| Part::LaterFragment)
    }

    /// Also every IPv4 datagram between us and `theirs`.
    #[must_use]
    pub fn between(self, ours: Ipv4Addr, theirs: Option<Ipv4Addr>) -> Self {
        self.both_ways(ours, theirs, |_| Part::Any)
    }

    /// The program for frames of this link type. ARP exists only on Ethernet.
    ///
    /// # Errors
    /// [`TooLong`] when one pattern has more values than a jump can skip.
    pub fn compile(&self, link: LinkType) -> Result<Program, TooLong> {
        let mut program = Assembler::new();
        if !self.everything {
            for pattern in &self.patterns {
                let next = program.label();
                match pattern {
                    Pattern::Arp(address) => compile_arp(&mut program, link, *address, next),
                    Pattern::Ip(pattern) => pattern.compile(&mut program, link, next),
                }
                program.finish_with(true);
                program.place(next);
            }
        }
        program.finish_with(self.everything);
        program.assemble()
    }

    fn ports(self, protocol: u8, ours: (Ipv4Addr, Option<u16>), theirs: End) -> Self {
        self.both_ways(ours.0, theirs.0, |outgoing| {
            let (source, destination) = if outgoing { (ours.1, theirs.1) } else { (theirs.1, ours.1) };
            let port = |offset, port: Option<u16>| {
                port.map(|port| HeaderTest { offset, width: Width::Half, values: vec![port.into()] })
            };
            let tests = [port(0, source), port(2, destination)].into_iter().flatten().collect();
            Part::Transport { protocol, tests }
        })
    }

    fn both_ways(mut self, ours: Ipv4Addr, theirs: Option<Ipv4Addr>, part: impl Fn(bool) -> Part) -> Self {
        let outgoing = IpPattern { source: Some(ours), destination: theirs, part: part(true) };
        let incoming = IpPattern { source: theirs, destination: Some(ours), part: part(false) };
        self.patterns.extend([Pattern::Ip(outgoing), Pattern::Ip(incoming)]);
        self
    }
}

impl IpPattern {
    /// Falls through when the frame matches, goes to `next` when not.
    fn compile(&self, program: &mut Assembler, link: LinkType, next: Label) {
        let ip = match link {
            LinkType::Ethernet => {
                program.load(Width::Half, 12);
                program.jump(Test::Equals(0x0800), None, Some(next));
                14
            }
            LinkType::RawIp => {
                program.load(Width::Byte, 0);
                program.and(0xf0);
                program.jump(Test::Equals(0x40), None, Some(next));
                0
            }
            // Frames in files: no interface gives them.
            LinkType::Cooked | LinkType::Cooked2 | LinkType::Null | LinkType::Loop => return never(program, next),
        };
        for (offset, address) in [(12, self.source), (16, self.destination)] {
            if let Some(address) = address {
                program.load(Width::Word, ip + offset);
                program.jump(Test::Equals(address.into()), None, Some(next));
            }
        }
        match &self.part {
            Part::Any => {}
            Part::LaterFragment => {
                program.load(Width::Half, ip + 6);
                program.jump(Test::AnyOf(0x1fff), None, Some(next));
            }
            Part::Transport { protocol, tests } => {
                program.load(Width::Byte, ip + 9);
                program.jump(Test::Equals(u32::from(*protocol)), None, Some(next));
                program.load(Width::Half, ip + 6);
                program.jump(Test::AnyOf(0x1fff), Some(next), None);
                program.index_by_header_length(ip);
                for test in tests {
                    program.load_indexed(test.width, ip + test.offset);
                    one_of(program, &test.values, next);
                }
            }
        }
    }
}

/// Goes to `next` whatever the frame.
fn never(program: &mut Assembler, next: Label) {
    program.load(Width::Byte, 0);
    program.and(0);
    program.jump(Test::Equals(1), None, Some(next));
}

fn compile_arp(program: &mut Assembler, link: LinkType, address: Option<Ipv4Addr>, next: Label) {
    if link != LinkType::Ethernet {
        return never(program, next);
    }
    program.load(Width::Half, 12);
    program.jump(Test::Equals(0x0806), None, Some(next));
    if let Some(address) = address {
        let matched = program.label();
        program.load(Width::Word, 28);
        program.jump(Test::Equals(address.into()), Some(matched), None);
        program.load(Width::Word, 38);
        program.jump(Test::Equals(address.into()), None, Some(next));
        program.place(matched);
    }
}

/// Goes to `next` unless the accumulator is one of `values`.
fn one_of(program: &mut Assembler, values: &[u32], next: Label) {
    let Some((last, others)) = values.split_last() else { return };
    let matched = program.label();
    for value in others {
        program.jump(Test::Equals(*value), Some(matched), None);
    }
    program.jump(Test::Equals(*last), None, Some(next));
    program.place(matched);
}
