//! Puts IPv4 fragments back together (RFC 791 §3.2, RFC 815 for holes).
//!
//! Fragments belong together when source, destination, protocol and identification agree. What arrives first stays:
//! a fragment that overlaps bytes already there only fills holes, so that nobody can rewrite a datagram by sending
//! a piece again.

use std::collections::VecDeque;
use std::net::Ipv4Addr;

use super::Piece;
use crate::model::{Frame, LayerView, LinkType, Packet};
use crate::proto::ipv4;

/// Incomplete datagrams kept at most; the oldest is dropped first.
const INCOMPLETE: usize = 64;
/// Longest payload of an IPv4 datagram with a 20-byte header, in bytes.
const LONGEST: usize = 65_515;

/// Datagrams of which some fragments are still missing.
#[derive(Debug, Default)]
pub struct Reassembler {
    waiting: VecDeque<Datagram>,
}

#[derive(Debug, PartialEq, Eq)]
struct Key(Ipv4Addr, Ipv4Addr, u8, u16);

#[derive(Debug)]
struct Datagram {
    key: Key,
    bytes: Vec<u8>,
    /// Ranges of `bytes` that have arrived: sorted, and with a hole between each two.
    arrived: Vec<(usize, usize)>,
    /// Known once the last fragment has arrived.
    length: Option<usize>,
}

impl Reassembler {
    /// Takes a packet in; keeps it if it is a fragment.
    pub fn observe(&mut self, packet: &Packet<'_>) -> Piece {
        let Some(view) = packet.find(&ipv4::HEADER) else { return Piece::Whole };
        match ipv4::Ipv4::read(view.bytes()) {
            Some(header) if header.more_fragments || header.fragment_offset != 0 => {
                self.add(packet, view, header).map_or(Piece::Fragment, Piece::Last)
            }
            _ => Piece::Whole,
        }
    }

    /// The whole datagram, if this fragment completes it.
    fn add(&mut self, packet: &Packet<'_>, view: LayerView<'_, '_>, header: ipv4::Ipv4) -> Option<Frame> {
        let start = usize::from(header.fragment_offset);
        let payload = view.payload();
        let end = start + payload.len();
        if payload.is_empty() || end > LONGEST || packet.frame.original > packet.frame.bytes.len() {
            return None;
        }
        let key = Key(header.source, header.destination, header.protocol, header.identification);
        let index = self.waiting.iter().position(|datagram| datagram.key == key).unwrap_or_else(|| {
            if self.waiting.len() == INCOMPLETE {
                self.waiting.pop_front();
            }
            self.waiting.push_back(Datagram { key, bytes: Vec::new(), arrived: Vec::new(), length: None });
            self.waiting.len() - 1
        });
        let datagram = &mut self.waiting[index];
        datagram.fill(start, payload);
        if !header.more_fragments && datagram.length.is_none() {
            datagram.length = Some(end);
        }
        if !datagram.complete() {
            return None;
        }
        let datagram = self.waiting.remove(index)?;
        let whole = ipv4::Ipv4 { fragment_offset: 0, more_fragments: false, ..header };
        let bytes = ipv4::craft(&whole, &datagram.bytes[..datagram.length?]);
        Some(Frame { link: LinkType::RawIp, original: bytes.len(), bytes, ..packet.frame.clone() })
    }
}

impl Datagram {
    /// Copies the parts of `payload` that fall into holes.
    fn fill(&mut self, start: usize, payload: &[u8]) {
        let end = start + payload.len();
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        let mut from = start;
        for &(taken, free) in &self.arrived {
            if taken > from && from < end {
                let to = taken.min(end);
                self.bytes[from..to].copy_from_slice(&payload[from - start..to - start]);
            }
            from = from.max(free);
        }
        if from < end {
            self.bytes[from..end].copy_from_slice(&payload[from - start..]);
        }
        self.arrived.push((start, end));
        self.arrived.sort_unstable();
        self.arrived.dedup_by(|later, earlier| {
            let touches = later.0 <= earlier.1;
            if touches {
                earlier.1 = earlier.1.max(later.1);
            }
            touches
        });
    }

    fn complete(&self) -> bool {
        self.length.is_some_and(|length| self.arrived.first().is_some_and(|&(start, end)| start == 0 && end >= length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::dissect;
    use crate::model::{FrameNo, Nanos};

    fn header() -> ipv4::Ipv4 {
        ipv4::Ipv4 {
            identification: 0x1234,
            protocol: 253,
            source: Ipv4Addr::new(10, 0, 0, 1),
            destination: Ipv4Addr::new(10, 0, 0, 2),
            ..ipv4::Ipv4::default()
        }
    }

    fn frame(number: u32, bytes: Vec<u8>) -> Frame {
        Frame {
            number: FrameNo(number),
            time: Nanos(i64::from(number)),
            direction: None,
            link: LinkType::RawIp,
            original: bytes.len(),
            checksum_pending: false,
            bytes,
        }
    }

    fn feed(reassembler: &mut Reassembler, packets: impl IntoIterator<Item = Vec<u8>>) -> Vec<Frame> {
        let frames: Vec<_> = (1..).zip(packets).map(|(number, bytes)| frame(number, bytes)).collect();
        let whole = |frame| match reassembler.observe(&dissect(frame)) {
            Piece::Last(frame) => Some(frame),
            Piece::Whole | Piece::Fragment => None,
        };
        frames.iter().filter_map(whole).collect()
    }

    #[test]
    fn any_order_gives_the_same_datagram() {
        let payload: Vec<u8> = (0..3000_u32).map(|i| (i % 251) as u8).collect();
        let fragments = ipv4::fragments(&header(), &payload, 1500);
        assert_eq!(fragments.len(), 3);
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1]] {
            let whole = feed(&mut Reassembler::default(), order.map(|i| fragments[i].clone()));
            assert_eq!(whole.len(), 1);
            assert_eq!(whole[0].bytes, ipv4::craft(&header(), &payload));
            assert_eq!(whole[0].number, FrameNo(3), "the frame that completed it");
        }
    }

    #[test]
    fn a_whole_packet_and_a_missing_piece_give_nothing() {
        let fragments = ipv4::fragments(&header(), &[7; 3000], 1500);
        assert!(feed(&mut Reassembler::default(), [ipv4::craft(&header(), b"whole")]).is_empty());
        assert!(feed(&mut Reassembler::default(), [fragments[0].clone(), fragments[2].clone()]).is_empty());
    }

    #[test]
    fn bytes_that_arrived_first_stay() {
        let fragments = ipv4::fragments(&header(), &[7; 2000], 1500);
        let forged = ipv4::fragments(&header(), &[9; 2000], 1500);
        let whole = feed(&mut Reassembler::default(), [fragments[0].clone(), forged[0].clone(), fragments[1].clone()]);
        assert_eq!(whole[0].bytes, ipv4::craft(&header(), &[7; 2000]));
    }

    #[test]
    fn memory_is_bounded() {
        let mut reassembler = Reassembler::default();
        for identification in 0..1000 {
            let header = ipv4::Ipv4 { identification, ..header() };
            feed(&mut reassembler, [ipv4::fragments(&header, &[7; 2000], 1500)[0].clone()]);
        }
        assert_eq!(reassembler.waiting.len(), INCOMPLETE);
    }
}
