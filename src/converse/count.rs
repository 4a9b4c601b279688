//! Counts conversations without following them: for frames that come faster than they could be understood.
//!
//! What is counted is what [`Conversations`](super::Conversations) numbers, except that two TCP connections between the
//! same ports count as one here, and that errors and later fragments never begin one.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use crate::model::{Frame, LinkType};
use crate::proto::ethernet::Ethernet;
use crate::proto::ipv4::Ipv4;
use crate::proto::ipv6::Ipv6;

/// Conversations told apart at most, so that memory has an end.
const MOST: usize = 1 << 20;

/// The conversations seen so far.
#[derive(Clone, Debug, Default)]
pub struct Count {
    seen: HashSet<u64>,
    secret: RandomState,
    last: Option<Key>,
}

/// What the two directions of a conversation have in common: protocol, addresses and ports, the smaller end first.
type Key = [u8; 40];

impl Count {
    /// Sees a frame.
    pub fn see(&mut self, frame: &Frame) {
        let Some(key) = key(frame) else { return };
        // Frames of one conversation come in rows.
        if self.last == Some(key) || self.seen.len() >= MOST {
            return;
        }
        self.last = Some(key);
        self.seen.insert(self.secret.hash_one(key));
    }

    /// How many there are.
    #[must_use]
    pub fn number(&self) -> u64 {
        u64::try_from(self.seen.len()).unwrap_or(u64::MAX)
    }
}

const ARP: u16 = 0x0806;
const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
const VLAN: [u16; 2] = [0x8100, 0x88a8];

fn key(frame: &Frame) -> Option<Key> {
    let (kind, payload) = payload(frame)?;
    match kind {
        IPV4 => {
            let header = Ipv4::read(payload)?;
            let behind = payload.get(usize::from(payload.first()? & 0x0f) * 4..)?;
            if header.fragment_offset > 0 {
                return None;
            }
            transport(header.protocol, &header.source.octets(), &header.destination.octets(), behind)
        }
        IPV6 => {
            let header = Ipv6::read(payload)?;
            let behind = payload.get(40..)?;
            transport(header.next_header, &header.source.octets(), &header.destination.octets(), behind)
        }
        // Asker and asked, of requests for Ethernet and IPv4.
        ARP => Some(ordered(2, (payload.get(14..18)?, [0; 2]), (payload.get(24..28)?, [0; 2]))),
        _ => Some([0; 40]),
    }
}

/// What the frame carries, by its `EtherType`, and the bytes of it.
fn payload(frame: &Frame) -> Option<(u16, &[u8])> {
    let bytes = frame.bytes.as_slice();
    let half = |at: usize| bytes.get(at..)?.first_chunk().map(|bytes| u16::from_be_bytes(*bytes));
    let by_version = |from: usize| {
        let payload = bytes.get(from..)?;
        Some((if payload.first()? >> 4 == 6 { IPV6 } else { IPV4 }, payload))
    };
    match frame.link {
        LinkType::Ethernet => {
            let (mut kind, mut at) = (Ethernet::read(bytes)?.ethertype, 14);
            while VLAN.contains(&kind) {
                kind = half(at + 2)?;
                at += 4;
            }
            Some((kind, bytes.get(at..)?))
        }
        LinkType::Cooked => Some((half(14)?, bytes.get(16..)?)),
        LinkType::Cooked2 => Some((half(0)?, bytes.get(20..)?)),
        LinkType::RawIp => by_version(0),
        LinkType::Null | LinkType::Loop => by_version(4),
    }
}

const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMPV6: u8 = 58;

fn transport(protocol: u8, source: &[u8], destination: &[u8], behind: &[u8]) -> Option<Key> {
    let half = |at: usize| behind.get(at..)?.first_chunk().copied();
    let ports = match (protocol, behind.first()?) {
        (TCP | UDP, _) => (half(0)?, half(2)?),
        // Echo: the identifier stands for both ports.
        (ICMP, 0 | 8) | (ICMPV6, 128 | 129) => (half(4)?, half(4)?),
        // Errors speak of another conversation.
        (ICMP, 3..=5 | 11 | 12) | (ICMPV6, 1..=4) => return None,
        _ => ([0; 2], [0; 2]),
    };
    Some(ordered(protocol, (source, ports.0), (destination, ports.1)))
}

fn ordered(protocol: u8, one: (&[u8], [u8; 2]), other: (&[u8], [u8; 2])) -> Key {
    let (low, high) = if one <= other { (one, other) } else { (other, one) };
    let mut key = [0; 40];
    key[0] = protocol;
    key[1] = u8::try_from(low.0.len()).unwrap_or(0);
    for (at, (address, port)) in [(4, low), (22, high)] {
        let length = address.len().min(16);
        key[at..at + length].copy_from_slice(&address[..length]);
        key[at + 16..at + 18].copy_from_slice(&port);
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FrameNo, Nanos};

    fn count(frames: &[Vec<u8>]) -> u64 {
        let mut count = Count::default();
        for bytes in frames {
            count.see(&Frame {
                number: FrameNo(1),
                time: Nanos(0),
                direction: None,
                link: LinkType::Ethernet,
                original: bytes.len(),
                checksum_pending: false,
                bytes: bytes.clone(),
            });
        }
        count.number()
    }

    /// A frame of a protocol from one end to the other; the ports are the first four bytes of the payload.
    fn frame(protocol: u8, from: u8, to: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![2; 12];
        bytes.extend([8, 0, 0x45, 0, 0, 40, 0, 1, 0, 0, 64, protocol, 0, 0, 10, 0, 0, from, 10, 0, 0, to]);
        bytes.extend(payload);
        bytes
    }

    #[test]
    fn both_directions_are_one_conversation() {
        let there = frame(TCP, 1, 2, &[0, 80, 4, 0]);
        let back = frame(TCP, 2, 1, &[4, 0, 0, 80]);
        let udp = frame(UDP, 1, 2, &[0, 80, 4, 0]);
        assert_eq!(count(&[there.clone(), back.clone(), there.clone()]), 1);
        assert_eq!(count(&[there.clone(), udp, back]), 2);
        let echo = |kind, id| frame(ICMP, 1, 2, &[kind, 0, 0, 0, 0, id, 0, 1]);
        assert_eq!(count(&[echo(8, 1), echo(0, 1), echo(8, 2)]), 2);
        let tagged: Vec<u8> = [&there[..12], &[0x81, 0, 0, 5], &there[12..]].concat();
        assert_eq!(count(&[there, tagged]), 1);
    }

    #[test]
    fn what_is_cut_short_or_speaks_of_another_counts_for_nothing() {
        let whole = frame(TCP, 1, 2, &[0, 80, 4, 0]);
        for length in 0..whole.len() {
            assert_eq!(count(&[whole[..length].to_vec()]), 0, "{length}");
        }
        assert_eq!(count(&[frame(ICMP, 1, 2, &[3, 1, 0, 0])]), 0);
        let mut later = whole.clone();
        later[21] = 9;
        assert_eq!(count(&[later]), 0);
    }
}
