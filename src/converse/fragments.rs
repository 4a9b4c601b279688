//! Puts fragments back together (RFC 791 §3.2 with RFC 815 for holes, RFC 8200 §4.5).
//!
//! Of IPv4, what arrives first stays: a fragment that overlaps bytes already there only fills holes, so that nobody can
//! rewrite a datagram by sending a piece again. Of IPv6, a datagram with an overlap is not put together at all
//! (RFC 5722 §4); a piece that merely came twice does no harm. What is wrong is written to the fragment at once
//! (`netlab.fragment.overlap` and others), and, as Wireshark does, to the one that completes the datagram, with the
//! frames that it was made of.

mod datagram;

use std::collections::VecDeque;
use std::net::IpAddr;

use super::Piece;
use crate::model::{Frame, FrameNo, Generated, LayerView, LinkType, Nanos, Packet, Tracked, TrackedValue, tracked};
use crate::proto::checksum::Status;
use crate::proto::ipv6::fragment::{self, Fragment};
use crate::proto::{ip, ipv4, ipv6};
use datagram::{Datagram, Wrong};

/// Incomplete datagrams kept at most; the oldest is given up first.
const INCOMPLETE: usize = 64;
/// For how long the rest of a datagram is awaited (RFC 8200 §4.5; RFC 1122 §3.3.2 has 60 to 120 seconds).
const PATIENCE: Nanos = Nanos(60_000_000_000);

/// Datagrams of which some fragments are still missing.
#[derive(Debug, Default)]
pub struct Reassembler {
    waiting: VecDeque<Datagram>,
    /// Those that were given up; as many of the last as are kept waiting.
    given_up: VecDeque<Incomplete>,
}

/// Which datagram a fragment belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key {
    source: IpAddr,
    destination: IpAddr,
    identification: u32,
    /// IPv4's protocol; IPv6 does without.
    protocol: Option<u8>,
}

/// A datagram that did not become whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incomplete {
    /// Who sent it.
    pub source: IpAddr,
    /// Who should have got it.
    pub destination: IpAddr,
    /// Its number.
    pub identification: u32,
    /// The frames with its fragments, as far as they were kept.
    pub frames: Vec<FrameNo>,
    /// The parts of the payload that are missing, in bytes from its start: from, to. The last has no end when the last
    /// fragment is missing.
    pub missing: Vec<(usize, Option<usize>)>,
    /// Why it is not whole though it may have all its bytes: fragments of IPv6 overlapped (RFC 5722).
    pub overlapped: bool,
}

/// One fragment, of whichever version.
struct Part<'p> {
    key: Key,
    start: usize,
    more: bool,
    payload: &'p [u8],
    /// The header that the whole datagram will have; only the first fragment's counts.
    head: Vec<u8>,
    /// The IP layer, where the generated fields belong.
    layer: usize,
    version_6: bool,
}

impl Reassembler {
    /// Takes a packet in; keeps it if it is a fragment.
    pub fn observe(&mut self, packet: &mut Packet<'_>) -> Piece {
        let Some(view) = fragment_of(packet) else { return Piece::Whole };
        // Whoever gets it throws away what has a wrong checksum (RFC 1122 §3.2.1.2).
        let is_broken = matches!(view.layer().checksum, Some(Status::Bad { .. }));
        let Some(part) = part(view).filter(|_| !is_broken) else { return Piece::Fragment };
        let (number, time, layer, version_6) = (packet.frame.number, packet.frame.time, part.layer, part.version_6);
        let index = self.place(&part, time);
        let datagram = &mut self.waiting[index];
        let wrongs = datagram.take(&part, number);
        let mut add = |what, value| packet.generated.push(Generated::new(layer, what, value));
        for (_, key) in WRONG.into_iter().filter(|(wrong, _)| wrongs.has(*wrong)) {
            add(key, TrackedValue::Yes);
        }
        let Some(bytes) = datagram.whole() else { return Piece::Fragment };
        let keys = if version_6 { &KEYS_6 } else { &KEYS_4 };
        let fragments = datagram.fragments();
        for fragment in &fragments {
            let contradicts =
                [Wrong::Conflict, Wrong::Tails, Wrong::TooLong].into_iter().any(|it| fragment.wrongs.has(it));
            add(
                if contradicts { keys.error } else { keys.fragment },
                TrackedValue::Number(u64::from(fragment.frame.0)),
            );
            for (_, key) in keys.wrong.into_iter().filter(|(wrong, _)| fragment.wrongs.has(*wrong)) {
                add(key, TrackedValue::Yes);
            }
        }
        add(keys.count, TrackedValue::Number(fragments.len() as u64));
        add(keys.length, TrackedValue::Number(datagram.length().unwrap_or_default() as u64));
        self.waiting.remove(index);
        Piece::Last(Frame { link: LinkType::RawIp, original: bytes.len(), bytes, ..packet.frame.clone() })
    }

    /// The datagrams that are not whole, at this point of the capture: those given up, then those still awaited.
    pub fn incomplete(&self) -> impl Iterator<Item = Incomplete> {
        self.given_up.iter().cloned().chain(self.waiting.iter().map(Datagram::incomplete))
    }

    /// The position of the datagram that this fragment belongs to.
    fn place(&mut self, part: &Part<'_>, time: Nanos) -> usize {
        let known = self.waiting.iter().position(|datagram| datagram.key == part.key);
        if let Some(index) = known {
            if time - self.waiting[index].begun <= PATIENCE {
                return index;
            }
            self.give_up(index);
        }
        if self.waiting.len() == INCOMPLETE {
            self.give_up(0);
        }
        self.waiting.push_back(Datagram::new(part, time));
        self.waiting.len() - 1
    }

    fn give_up(&mut self, index: usize) {
        if self.given_up.len() == INCOMPLETE {
            self.given_up.pop_front();
        }
        self.given_up.extend(self.waiting.remove(index).map(|datagram| datagram.incomplete()));
    }
}

/// Said at once, of the fragment itself; Wireshark has no names for that.
const WRONG: [(Wrong, Tracked); 4] = [
    (Wrong::Overlap, tracked!("netlab.fragment.overlap")),
    (Wrong::Conflict, tracked!("netlab.fragment.conflict")),
    (Wrong::Tails, tracked!("netlab.fragment.tails")),
    (Wrong::TooLong, tracked!("netlab.fragment.long")),
];

/// The generated fields of the frame that completes a datagram.
struct Keys {
    fragment: Tracked,
    /// For a fragment that contradicts another.
    error: Tracked,
    wrong: [(Wrong, Tracked); 4],
    count: Tracked,
    length: Tracked,
}

const KEYS_4: Keys = Keys {
    fragment: tracked!("ip.fragment"),
    error: tracked!("ip.fragment.error"),
    wrong: [
        (Wrong::Overlap, tracked!("ip.fragment.overlap")),
        (Wrong::Conflict, tracked!("ip.fragment.overlap.conflict")),
        (Wrong::Tails, tracked!("ip.fragment.multipletails")),
        (Wrong::TooLong, tracked!("ip.fragment.toolongfragment")),
    ],
    count: tracked!("ip.fragment.count"),
    length: tracked!("ip.reassembled.length"),
};
const KEYS_6: Keys = Keys {
    fragment: tracked!("ipv6.fragment"),
    error: tracked!("ipv6.fragment.error"),
    wrong: [
        (Wrong::Overlap, tracked!("ipv6.fragment.overlap")),
        (Wrong::Conflict, tracked!("ipv6.fragment.overlap.conflict")),
        (Wrong::Tails, tracked!("ipv6.fragment.multipletails")),
        (Wrong::TooLong, tracked!("ipv6.fragment.toolongfragment")),
    ],
    count: tracked!("ipv6.fragment.count"),
    length: tracked!("ipv6.reassembled.length"),
};

/// The layer that says that the packet is a fragment: IPv4's header, or IPv6's fragment header.
fn fragment_of<'p, 'f>(packet: &'p Packet<'f>) -> Option<LayerView<'p, 'f>> {
    packet.views().filter(|view| !view.layer().quoted).find(|view| {
        let piece_4 = view.is(&ipv4::HEADER) && !ip::is_unfragmented(*view);
        piece_4 || Fragment::of(*view).is_some_and(|fragment| !fragment.is_whole())
    })
}

/// The fragment, if all of it is here.
fn part<'f>(view: LayerView<'_, 'f>) -> Option<Part<'f>> {
    let (packet, payload) = (view.packet, view.payload());
    let frame = packet.frame;
    let end = view.layer().offset + view.layer().length + payload.len();
    let cut = frame.original > frame.bytes.len() && end == frame.bytes.len();
    let short = packet.faults.iter().any(|fault| matches!(fault.because, "ip.len" | "ipv6.plen"));
    if payload.is_empty() || cut || short {
        return None;
    }
    if view.is(&ipv4::HEADER) {
        let header = ipv4::Ipv4::read(view.bytes())?;
        let key = Key {
            source: header.source.into(),
            destination: header.destination.into(),
            identification: header.identification.into(),
            protocol: Some(header.protocol),
        };
        let (start, more) = (usize::from(header.fragment_offset), header.more_fragments);
        return Some(Part {
            key,
            start,
            more,
            payload,
            head: view.bytes().to_vec(),
            layer: view.index,
            version_6: false,
        });
    }
    let fragment = Fragment::of(view)?;
    let ip = ip::enclosing(view).filter(|ip| ip.is(&ipv6::HEADER))?;
    let header = ipv6::Ipv6::read(ip.bytes())?;
    let key = Key {
        source: header.source.into(),
        destination: header.destination.into(),
        identification: fragment.identification,
        protocol: None,
    };
    let head = fragment::head_of_whole(view, ip)?;
    let (start, more) = (usize::from(fragment.offset), fragment.more);
    Some(Part { key, start, more, payload, head, layer: ip.index, version_6: true })
}

#[cfg(test)]
mod tests;
