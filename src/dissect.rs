//! Bytes → [`Packet`]: walks the protocols' bindings. Never fails: what cannot be read becomes a [`Fault`].

use smallvec::SmallVec;

use crate::model::{Fault, FaultKind, Frame, Layer, LinkType, Packet};
use crate::proto::{self, Binding, Next, Protocol, data, ethernet, ipv4};

/// Layers read at most; a frame of nested tags or tunnels could otherwise hold thousands.
const DEEPEST: usize = 32;

/// The layers of `frame`, and what is wrong with them.
#[must_use]
pub fn dissect(frame: &Frame) -> Packet<'_> {
    let mut packet = Packet { frame, layers: SmallVec::new(), faults: Vec::new(), generated: Vec::new() };
    let mut protocol = match frame.link {
        LinkType::Ethernet => &ethernet::PROTOCOL,
        LinkType::RawIp if frame.bytes.first().is_some_and(|first| first >> 4 == 4) => &ipv4::PROTOCOL,
        LinkType::RawIp => &data::PROTOCOL,
    };
    let (mut start, mut end) = (0, frame.bytes.len());
    let mut quoted = false;
    while packet.layers.len() < DEEPEST {
        let Some(next) = layer(&mut packet, protocol, start, end, quoted) else { break };
        let Some(&Layer { offset, length, payload, .. }) = packet.layers.last() else { break };
        start = offset + length;
        end = start + payload;
        quoted |= next == Next::Quoted;
        protocol = match next {
            Next::Bound(binding) => proto::bound(binding).unwrap_or(&data::PROTOCOL),
            Next::Quoted => &ipv4::PROTOCOL,
            Next::Data => &data::PROTOCOL,
            Next::Nothing => break,
        };
        if matches!(next, Next::Bound(Binding::EtherType(_))) && start == end {
            break;
        }
    }
    packet
}

/// Reads one layer of `protocol` from the bytes between `start` and `end`; returns what follows it.
fn layer(packet: &mut Packet<'_>, protocol: &'static Protocol, start: usize, end: usize, quoted: bool) -> Option<Next> {
    let bytes = packet.frame.bytes.get(start..end)?;
    let found = (protocol.dissect)(bytes);
    let length = found.length.min(bytes.len());
    let rest = bytes.len() - length;
    let payload = found.payload.unwrap_or(rest).min(rest);
    packet.layers.push(Layer { header: protocol.header, offset: start, length, payload, quoted });
    // The datagram inside an ICMP error is cut by design (RFC 792: header and first 8 bytes).
    let expected = |fault: &Fault| quoted && fault.kind == FaultKind::Truncated;
    let placed = found.faults.into_iter().filter(|fault| !expected(fault));
    packet.faults.extend(placed.map(|fault| Fault { offset: start + fault.offset, ..fault }));
    Some(found.next)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::model::{FrameNo, MacAddr, Nanos};
    use crate::proto::ethernet::Ethernet;
    use crate::proto::{icmp, ipv4::Ipv4};

    fn frame(bytes: Vec<u8>) -> Frame {
        Frame {
            number: FrameNo(1),
            time: Nanos(0),
            direction: None,
            link: LinkType::Ethernet,
            original: bytes.len(),
            checksum_pending: false,
            bytes,
        }
    }

    fn names(frame: &Frame) -> Vec<(&'static str, bool)> {
        dissect(frame).layers.iter().map(|layer| (layer.header.name, layer.quoted)).collect()
    }

    fn echo() -> Vec<u8> {
        let ip = Ipv4 {
            protocol: ipv4::ICMP,
            source: Ipv4Addr::LOCALHOST,
            destination: Ipv4Addr::LOCALHOST,
            ..Ipv4::default()
        };
        ipv4::craft(
            &ip,
            &icmp::craft_echo(&icmp::Echo { reply: false, identifier: 1, sequence: 1 }, b"0123456789abcdef"),
        )
    }

    fn envelope(payload: &[u8], ethertype: u16) -> Frame {
        frame(ethernet::craft(&Ethernet { destination: MacAddr::BROADCAST, source: MacAddr::ZERO, ethertype }, payload))
    }

    #[test]
    fn layers_follow_each_other() {
        let plain = envelope(&echo(), ethernet::IPV4);
        assert_eq!(names(&plain), [("eth", false), ("ip", false), ("icmp", false), ("data", false)]);
        let unknown = envelope(b"something", 0x1234);
        assert_eq!(names(&unknown), [("eth", false), ("data", false)]);
    }

    #[test]
    fn padding_belongs_to_nobody() {
        let mut padded = envelope(&echo(), ethernet::IPV4);
        padded.bytes.extend_from_slice(&[0; 20]);
        let packet = dissect(&padded);
        assert_eq!(packet.layers.last().map(|layer| layer.length), Some(16));
        assert!(packet.faults.is_empty());
    }

    #[test]
    fn a_quoted_datagram_is_read_as_far_as_it_goes() {
        let mut error = vec![11, 0, 0, 0, 0, 0, 0, 0];
        error.extend_from_slice(&echo()[..28]);
        let ip = Ipv4 { protocol: ipv4::ICMP, ..Ipv4::default() };
        let quoting = envelope(&ipv4::craft(&ip, &error), ethernet::IPV4);
        assert_eq!(names(&quoting), [("eth", false), ("ip", false), ("icmp", false), ("ip", true), ("icmp", true)]);
        assert!(dissect(&quoting).faults.is_empty(), "a quotation is short by design");
    }

    #[test]
    fn nesting_has_an_end() {
        let tags: Vec<u8> = [0, 1, 0x81, 0].repeat(4000);
        assert_eq!(names(&envelope(&tags, ethernet::VLAN)).len(), DEEPEST);
    }

    #[test]
    fn a_cut_frame_says_what_is_missing() {
        let mut cut = envelope(&echo(), ethernet::IPV4);
        cut.bytes.truncate(14 + 20 + 4);
        let packet = dissect(&cut);
        let because: Vec<_> = packet.faults.iter().map(|fault| (fault.layer, fault.because, fault.offset)).collect();
        assert_eq!(because, [("ip", "ip.len", 34), ("icmp", "icmp.type", 34)]);
    }
}
