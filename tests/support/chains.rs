//! IPv6 packets at random: chains of extension headers, options, every kind of ICMPv6 message, tunnels, tags; some
//! damaged, some cut. The same seed makes the same frames.

use std::net::Ipv6Addr;

use netlab::model::MacAddr;
use netlab::proto::ethernet::{self, Ethernet};
use netlab::proto::ipv4::{self, Ipv4};
use netlab::proto::ipv6::fragment::{self, Fragment};
use netlab::proto::ipv6::{self, Ipv6};
use netlab::proto::tcp::{self, Flags, Tcp, TcpOption};
use netlab::proto::udp::{self, Udp};
use netlab::proto::{icmp, icmpv6};

/// Marsaglia's xorshift: enough to vary packets.
pub struct Dice(u64);

/// A frame's bytes, and how many there were before the capture cut it.
pub type Sample = (Vec<u8>, usize);

impl Dice {
    /// The dice that always fall the same way for this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).expect("below a usize")
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[3]
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.byte()).collect()
    }

    fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }

    fn address(&mut self) -> Ipv6Addr {
        let text = self.of(&[
            "fd00:7::2",
            "fe80::8e85:90ff:fe42:64b2",
            "2001:db8::1",
            "ff02::1",
            "::",
            "::1",
            "ff02::1:ff00:1",
        ]);
        text.parse().expect("an address")
    }
}

/// A frame.
pub fn frame(dice: &mut Dice) -> Sample {
    let mut packet = packet(dice, 2);
    let mut ethertype =
        if packet.first().is_some_and(|first| first >> 4 == 4) { ethernet::IPV4 } else { ethernet::IPV6 };
    if dice.one_in(8) {
        let tag = [dice.bytes(2), ethertype.to_be_bytes().to_vec()].concat();
        packet = [tag, packet].concat();
        ethertype = dice.of(&[ethernet::TAGGED, ethernet::PROVIDER_TAGGED]);
    }
    let header = Ethernet {
        destination: MacAddr([0x33, 0x33, 0, 0, 0, 1]),
        source: MacAddr([0x8c, 0x85, 0x90, 0x42, 0x64, 0xb2]),
        ethertype,
    };
    let mut bytes = ethernet::craft(&header, &packet);
    match dice.below(8) {
        0 => {
            let at = ethernet::LENGTH + dice.below(bytes.len() - ethernet::LENGTH);
            bytes[at] = dice.byte();
        }
        1 => {
            let length = ethernet::LENGTH + dice.below(bytes.len() - ethernet::LENGTH);
            bytes.truncate(length);
        }
        2 => {
            let original = bytes.len();
            bytes.truncate(ethernet::LENGTH + dice.below(original - ethernet::LENGTH + 1));
            return (bytes, original);
        }
        _ => {}
    }
    let original = bytes.len();
    (bytes, original)
}

/// An IPv6 packet, at times inside IPv4.
fn packet(dice: &mut Dice, depth: usize) -> Vec<u8> {
    let header = Ipv6 {
        traffic_class: dice.byte(),
        flow: u32::try_from(dice.below(1 << 20)).expect("20 bits"),
        next_header: 0,
        hop_limit: dice.of(&[1, 64, 255]),
        source: dice.address(),
        destination: dice.address(),
    };
    let (mut next, mut payload) = upper(dice, &header, depth);
    for _ in 0..dice.of(&[0, 0, 0, 1, 1, 2, 3]) {
        let kind = dice.of(&[ipv6::DESTINATION_OPTIONS, ipv6::ROUTING, ipv6::FRAGMENT, ipv6::HOP_BY_HOP]);
        payload = extension(dice, kind, next, &payload);
        next = kind;
    }
    if dice.one_in(4) && next != ipv6::HOP_BY_HOP {
        payload = extension(dice, ipv6::HOP_BY_HOP, next, &payload);
        next = ipv6::HOP_BY_HOP;
    }
    let mut bytes = ipv6::craft(&Ipv6 { next_header: next, ..header }, &payload);
    if dice.one_in(20) {
        bytes[4..6].copy_from_slice(&[0, dice.of(&[0, 0, 8, 200])]);
    }
    if depth == 2 && dice.one_in(12) {
        let outer = Ipv4 {
            protocol: ipv4::IPV6,
            source: [10, 0, 0, 1].into(),
            destination: [10, 0, 0, 2].into(),
            ..Ipv4::default()
        };
        bytes = ipv4::craft(&outer, &bytes);
    }
    bytes
}

fn extension(dice: &mut Dice, kind: u8, next: u8, payload: &[u8]) -> Vec<u8> {
    let mut body = match kind {
        ipv6::FRAGMENT => {
            let fragment = Fragment {
                next_header: next,
                offset: dice.of(&[0, 0, 0, 8, 1480]),
                more: dice.one_in(2),
                identification: u32::try_from(dice.below(1 << 30)).expect("30 bits"),
            };
            let mut bytes = fragment::craft(&fragment, payload);
            if dice.one_in(4) {
                (bytes[1], bytes[3]) = (dice.byte(), bytes[3] | 6);
            }
            return bytes;
        }
        ipv6::ROUTING => {
            let route = dice.of(&[0, 0, 2, 4, 4, 1, 7, 253]);
            let mut bytes = vec![next, 0, route, dice.of(&[0, 1, 2, 9])];
            let count = dice.below(3);
            match route {
                4 => bytes.extend([u8::try_from(count).expect("small").wrapping_sub(1), dice.byte(), 0, 7]),
                _ => bytes.extend(dice.bytes(4)),
            }
            for _ in 0..if route == 2 { 1 } else { count } {
                bytes.extend(dice.address().octets());
            }
            bytes
        }
        _ => {
            let mut bytes = vec![next, 0];
            for _ in 0..dice.below(4) {
                option(dice, &mut bytes);
            }
            bytes
        }
    };
    // Filled up with PadN; a single byte with Pad1.
    match (8 - body.len() % 8) % 8 {
        0 => {}
        1 => body.push(0),
        rest => {
            body.extend([1, u8::try_from(rest - 2).expect("small")]);
            body.resize(body.len() + rest - 2, 0);
        }
    }
    body[1] = u8::try_from(body.len() / 8 - 1).expect("few options");
    if dice.one_in(40) {
        body[1] = body[1].wrapping_add(dice.of(&[1, 255, 30]));
    }
    body.extend(payload);
    body
}

fn option(dice: &mut Dice, bytes: &mut Vec<u8>) {
    let (kind, length) = dice.of(&[
        (0, 0),
        (1, 0),
        (1, 3),
        (4, 1),
        (5, 2),
        (0x0f, 10),
        (0x1e, 4),
        (0x30, 4),
        (0x63, 4),
        (0x63, 6),
        (0x8a, 5),
        (0x8b, 4),
        (0xc2, 4),
        (0xc9, 16),
        (0x9e, 0),
        (0xfe, 7),
        (0x22, 3),
        (0xa5, 0),
        (5, 6),
        (0xc2, 8),
    ]);
    bytes.push(kind);
    if kind > 0 {
        bytes.push(u8::try_from(length).expect("short"));
        bytes.extend(dice.bytes(length));
    }
}

/// What the packet carries: its protocol and bytes.
fn upper(dice: &mut Dice, header: &Ipv6, depth: usize) -> (u8, Vec<u8>) {
    let (source, destination) = (header.source, header.destination);
    let count = dice.of(&[0, 1, 8, 33]);
    let payload = dice.bytes(count);
    match dice.below(12) {
        0 => (ipv6::NOTHING, payload),
        1 => (dice.of(&[200, 99, 50, 51, 255, 2]), payload),
        2 | 3 => {
            let ports = Udp { source_port: 53451, destination_port: 33434 };
            let mut bytes = udp::craft(&ports, source, destination, &payload);
            match dice.below(5) {
                0 => bytes[6..8].fill(0),
                1 => bytes[4..6].copy_from_slice(&[0, dice.of(&[0, 3, 8, 200])]),
                _ => {}
            }
            (ipv4::UDP, bytes)
        }
        4 | 5 => {
            let segment = Tcp {
                source_port: 49152,
                destination_port: 80,
                sequence: 7,
                acknowledgment: 9,
                flags: dice.of(&[Flags::SYN, Flags::ACK, Flags::FIN | Flags::ACK, Flags::RST]),
                window: 1000,
                urgent: 0,
            };
            let options = [TcpOption::MaximumSegmentSize(1440), TcpOption::SackPermitted];
            (ipv4::TCP, tcp::craft(&segment, &options[..dice.below(3)], source, destination, &payload))
        }
        6 if depth > 0 => (ipv4::IPV6, packet(dice, depth - 1)),
        7 if depth > 0 => {
            let echo = icmp::craft_echo(&icmp::Echo { reply: false, identifier: 1, sequence: 2 }, &payload);
            let inner = Ipv4 {
                protocol: ipv4::ICMP,
                source: [10, 0, 0, 1].into(),
                destination: [10, 0, 0, 2].into(),
                ..Ipv4::default()
            };
            if dice.one_in(2) { (ipv4::ICMP, echo) } else { (ipv4::IPV4, ipv4::craft(&inner, &echo)) }
        }
        _ => {
            let (kind, code, rest) = message(dice, depth);
            (ipv6::ICMPV6, icmpv6::craft(kind, code, &rest, source, destination))
        }
    }
}

/// An ICMPv6 message: type, code, and what follows the checksum.
fn message(dice: &mut Dice, depth: usize) -> (u8, u8, Vec<u8>) {
    let kind = dice.of(&[1, 2, 3, 4, 128, 129, 130, 131, 132, 133, 134, 135, 136, 137, 137, 141, 143, 143, 100, 77]);
    let code = if dice.one_in(2) { 0 } else { dice.of(&[1, 2, 3, 4, 5, 6, 7, 8]) };
    let mut rest = match kind {
        1 | 3 => vec![dice.of(&[0, 0, 0, 100]), 0, 0, dice.byte()],
        130..=132 | 135..=137 => dice.bytes(20),
        134 => dice.bytes(12),
        143 => vec![0, 0, 0, 2],
        _ => dice.bytes(4),
    };
    match kind {
        1..=4 if depth > 0 => {
            let mut quoted = packet(dice, depth - 1);
            if dice.one_in(3) {
                quoted.truncate(dice.below(quoted.len() + 1));
            }
            rest.extend(quoted);
        }
        130 if dice.one_in(2) => {
            let sources = dice.below(3);
            rest.extend([dice.byte(), dice.byte(), 0, u8::try_from(sources).expect("few")]);
            rest.extend(dice.bytes(16 * sources));
        }
        137 => rest.extend(dice.bytes(16)),
        143 => {
            for _ in 0..dice.below(3) {
                let (sources, auxiliary) = (dice.of(&[0, 1, 2]), dice.of(&[0, 1]));
                rest.extend([dice.of(&[1, 2, 3, 4, 5, 6, 9]), auxiliary, 0, sources]);
                rest.extend(dice.bytes(16 + 16 * usize::from(sources) + 4 * usize::from(auxiliary)));
            }
        }
        128 | 129 | 77 | 100 => {
            let count = dice.below(20);
            rest.extend(dice.bytes(count));
        }
        _ => {}
    }
    if matches!(kind, 133..=137 | 141) {
        for _ in 0..dice.below(4) {
            discovery(dice, depth, &mut rest);
        }
    }
    if dice.one_in(12) {
        rest.truncate(dice.below(rest.len() + 1));
    }
    (kind, code, rest)
}

/// An option of neighbour discovery.
fn discovery(dice: &mut Dice, depth: usize, rest: &mut Vec<u8>) {
    let (kind, units) = dice.of(&[
        (1, 1),
        (1, 1),
        (2, 1),
        (2, 3),
        (3, 4),
        (4, 0),
        (5, 1),
        (5, 2),
        (7, 1),
        (8, 1),
        (14, 1),
        (24, 1),
        (24, 2),
        (24, 3),
        (25, 3),
        (25, 5),
        (26, 1),
        (38, 2),
        (50, 2),
        (253, 1),
    ]);
    if kind == 4 && depth > 0 {
        let mut quoted = packet(dice, depth - 1);
        quoted.truncate(1200);
        quoted.resize(quoted.len().next_multiple_of(8), 0);
        rest.extend([kind, u8::try_from(quoted.len() / 8 + 1).expect("short"), 0, 0, 0, 0, 0, 0]);
        rest.extend(quoted);
        return;
    }
    rest.extend([kind, units]);
    let count = (usize::from(units) * 8).saturating_sub(2);
    rest.extend(dice.bytes(count));
}
