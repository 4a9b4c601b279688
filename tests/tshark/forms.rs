//! Frames in every form that a protocol allows, and in some that it does not: what hardly any capture holds.

use std::net::{IpAddr, Ipv4Addr};

use netlab::proto::ethernet::{self, Ethernet};
use netlab::proto::ipv4::{self, Ipv4};
use netlab::proto::{checksum, tcp};

use netlab::model::MacAddr;

const SOURCE: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const DESTINATION: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);

fn frame(ethertype: u16, payload: &[u8]) -> Vec<u8> {
    let (destination, source) = (MacAddr([2, 0, 0, 0, 0, 2]), MacAddr([2, 0, 0, 0, 0, 1]));
    ethernet::craft(&Ethernet { destination, source, ethertype }, payload)
}

fn packet(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let header = Ipv4 { protocol, source: SOURCE, destination: DESTINATION, ..Ipv4::default() };
    frame(ethernet::IPV4, &ipv4::craft(&header, payload))
}

/// ARP with every operation that has a name, and with addresses of many sizes: unknown, alike and different.
pub fn arps() -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    let mut add = |operation: u16, kinds: (u16, u16), addresses: [&[u8]; 4]| {
        let sizes = [addresses[0].len(), addresses[1].len()].map(|size| u8::try_from(size).expect("small"));
        let fixed = [&kinds.0.to_be_bytes()[..], &kinds.1.to_be_bytes(), &sizes, &operation.to_be_bytes()].concat();
        frames.push(frame(ethernet::ARP, &[fixed, addresses.concat()].concat()));
    };
    // In an error of DRARP (7), Wireshark leaves out the address that is meant.
    for operation in (0..32).filter(|operation| *operation != 7) {
        add(operation, (1, 0x800), [&[2; 6], &[10; 4], &[0; 6], &[11; 4]]);
    }
    for (operation, hardware, protocol) in
        [1, 2].into_iter().flat_map(|o| [1, 6, 7].into_iter().flat_map(move |h| [0x800, 0x801].map(|p| (o, h, p))))
    {
        for (mac, size) in [2, 6, 8].into_iter().flat_map(|mac| [0, 2, 4, 5, 16].map(|size| (mac, size))) {
            for (sender, target) in [(0, 10), (10, 10), (0, 0), (1, 10)] {
                for known in [0, 3] {
                    let of = |byte: u8, size: usize| vec![byte; size];
                    let all = [of(2, mac), of(sender, size), of(known, mac), of(target, size)];
                    add(operation, (hardware, protocol), [&all[0], &all[1], &all[2], &all[3]]);
                }
            }
        }
    }
    frames
}

/// SYNs with one option each, rare ones and ones of a wrong length among them. Left out, because netlab does not read
/// them as tshark does: half a block of SACK, and what Quick-Start (27) says.
pub fn options() -> Vec<Vec<u8>> {
    let rare = [
        (4, 3),
        (4, 6),
        (5, 12),
        (5, 20),
        (6, 6),
        (6, 5),
        (7, 6),
        (11, 6),
        (12, 6),
        (13, 6),
        (13, 4),
        (14, 3),
        (15, 5),
        (18, 3),
        (19, 18),
        (19, 2),
        (28, 4),
        (28, 6),
        (29, 16),
        (29, 4),
        (253, 4),
        (253, 8),
        (254, 6),
    ];
    let segment = |(kind, length): (u8, u8)| {
        let option = [vec![kind, length], (0..length - 2).collect()].concat();
        let header = tcp::Tcp {
            source_port: 1000 + u16::from(kind) * 50 + u16::from(length),
            destination_port: 80,
            sequence: 1000,
            acknowledgment: 0,
            flags: tcp::Flags::SYN,
            window: 100,
            urgent: 0,
        };
        let options = [tcp::TcpOption::Unknown { kind, data: &option[2..] }];
        packet(ipv4::TCP, &tcp::craft(&header, &options, IpAddr::V4(SOURCE), IpAddr::V4(DESTINATION), b""))
    };
    rare.into_iter().map(segment).collect()
}

/// ICMP messages of every type but those with a list or a quotation of their own form; with codes that have a name, and
/// codes that have none.
pub fn messages() -> Vec<Vec<u8>> {
    let quoted = &packet(ipv4::UDP, &[4, 87, 8, 174, 0, 12, 0, 0, 1, 2, 3, 4])[14..];
    let message = |kind: u8, code: u8| {
        let mut bytes = [&[kind, code, 0, 0, 0, 0, 0, 0][..], quoted].concat();
        let sum = checksum::Sum::default().plus(&bytes).checksum();
        bytes[2..4].copy_from_slice(&sum.to_be_bytes());
        packet(ipv4::ICMP, &bytes)
    };
    (0..48)
        .filter(|kind| ![9, 42, 43].contains(kind))
        .flat_map(|kind| [0, 1, 2, 5, 13, 15, 16, 99].map(|code| message(kind, code)))
        .collect()
}
