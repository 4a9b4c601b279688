//! Between which two programs a packet goes.

use std::net::IpAddr;

use crate::model::Packet;
use crate::proto::tcp::{self, Tcp};
use crate::proto::udp::{self, Udp};
use crate::proto::{ip, ipv4};

/// Addresses and ports of both ends, in an order that does not depend on who speaks, and the protocol between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Between {
    protocol: u8,
    ends: [(IpAddr, u16); 2],
}

impl Between {
    /// The two ends of a UDP datagram or TCP segment; what it quotes does not count.
    #[must_use]
    pub fn read(packet: &Packet<'_>) -> Option<Self> {
        let udp = || Some((ipv4::UDP, Udp::read(packet.find(&udp::HEADER)?.bytes())?));
        let tcp = || {
            let Tcp { source_port, destination_port, .. } = Tcp::read(packet.find(&tcp::HEADER)?.bytes())?;
            Some((ipv4::TCP, Udp { source_port, destination_port }))
        };
        let (protocol, ports) = udp().or_else(tcp)?;
        let (source, destination) = ip::addresses(packet)?;
        let mut ends = [(source, ports.source_port), (destination, ports.destination_port)];
        ends.sort_unstable();
        Some(Self { protocol, ends })
    }
}
