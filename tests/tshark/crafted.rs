//! What netlab sends.

use std::net::Ipv4Addr;

use netlab::model::MacAddr;
use netlab::proto::arp::{self, Arp};
use netlab::proto::ethernet::{self, Ethernet};
use netlab::proto::icmp;
use netlab::proto::ipv4::{self, Ipv4};
use netlab::proto::tcp::{self, Flags, Tcp, TcpOption};
use netlab::proto::udp::{self, Udp};

/// One of each kind of packet that netlab sends.
pub fn crafted() -> Vec<Vec<u8>> {
    let (us, router) = (MacAddr([0x8c, 0x85, 0x90, 0x42, 0x64, 0xb2]), MacAddr([0x4c, 0xe6, 0x76, 0x0a, 0x11, 0x01]));
    let (source, destination) = (Ipv4Addr::new(192, 168, 11, 2), Ipv4Addr::new(93, 184, 216, 34));
    let frame =
        |ethertype, payload: &[u8]| ethernet::craft(&Ethernet { destination: router, source: us, ethertype }, payload);
    let header = |protocol| Ipv4 {
        dsfield: 0xb9,
        identification: 0xbeef,
        dont_fragment: false,
        more_fragments: false,
        fragment_offset: 0,
        ttl: 3,
        protocol,
        source,
        destination,
    };
    let question = Arp {
        operation: arp::REQUEST,
        sender_mac: us,
        sender_ip: source,
        target_mac: MacAddr::ZERO,
        target_ip: destination,
    };
    let answer = Arp { operation: arp::REPLY, target_mac: router, ..question };
    let mut frames = vec![frame(ethernet::ARP, &arp::craft(&question)), frame(ethernet::ARP, &arp::craft(&answer))];
    let payload: Vec<u8> = (0..=255).cycle().take(3001).collect();
    for length in [0, 1, 56, 1472, 3001] {
        let part = &payload[..length];
        let echo = icmp::craft_echo(&icmp::Echo { reply: length == 1, identifier: 0x1a2b, sequence: 7 }, part);
        frames.extend(ipv4::fragments(&header(ipv4::ICMP), &echo, 1500).iter().map(|ip| frame(ethernet::IPV4, ip)));
        let ports = Udp { source_port: 53451, destination_port: 33434 };
        let datagram = udp::craft(&ports, source, destination, part);
        frames.extend(ipv4::fragments(&header(ipv4::UDP), &datagram, 576).iter().map(|ip| frame(ethernet::IPV4, ip)));
    }
    let lists: [&[TcpOption<'_>]; 4] = [
        &[],
        &[
            TcpOption::MaximumSegmentSize(1460),
            TcpOption::SackPermitted,
            TcpOption::Timestamps { value: 1, echo: 2 },
            TcpOption::Nop,
            TcpOption::WindowScale(7),
        ],
        &[TcpOption::Nop, TcpOption::Nop, TcpOption::Sack([(1, 5), (10, 15)].into_iter().collect())],
        &[TcpOption::Unknown { kind: 99, data: &[1, 2, 3] }, TcpOption::End],
    ];
    for (list, flags) in lists.into_iter().zip([Flags::SYN, Flags::SYN | Flags::ACK, Flags::ACK, Flags::URG]) {
        for length in [0, 1, 1000] {
            let segment = Tcp {
                source_port: 49152,
                destination_port: 80,
                sequence: u32::MAX,
                acknowledgment: if flags.contains(Flags::ACK) { 0x8000_0000 } else { 0 },
                flags,
                window: 65535,
                urgent: 9,
            };
            let segment = tcp::craft(&segment, list, source, destination, &payload[..length]);
            frames.push(frame(ethernet::IPV4, &ipv4::craft(&header(ipv4::TCP), &segment)));
        }
    }
    frames
}
