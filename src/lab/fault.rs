//! What goes wrong on a link, as data: the nth matching frame is dropped, doubled, held back or damaged.

use std::time::Duration;

use serde::Deserialize;

/// One thing that goes wrong in one direction of a link.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The node whose frames it concerns; without it, everyone's.
    #[serde(default)]
    pub from: Option<String>,
    /// The node at which they arrive; without it, any.
    #[serde(default)]
    pub to: Option<String>,
    /// Which frames; all, if not said.
    #[serde(default, rename = "match")]
    pub matching: Match,
    /// Which of the matching frames, counted from 1; every one, if not said.
    #[serde(default)]
    pub nth: Option<u64>,
    /// What happens to it.
    #[serde(rename = "do")]
    pub deed: Deed,
    /// How much later a frame that is held arrives.
    #[serde(default = "a_moment", deserialize_with = "super::topology::duration")]
    pub hold: Duration,
}

/// What happens to a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Deed {
    /// It is lost.
    Drop,
    /// It arrives twice.
    Duplicate,
    /// It arrives later, so that others overtake it.
    Hold,
    /// The last byte of its IP packet arrives with a flipped bit: a checksum notices.
    Corrupt,
}

/// Which frames. Everything that is said must hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Match {
    /// What they carry.
    #[serde(default)]
    pub protocol: Option<Protocol>,
    /// Source or destination port of TCP or UDP.
    #[serde(default)]
    pub port: Option<u16>,
    /// Exactly these TCP flags, such as `["syn", "ack"]`.
    #[serde(default)]
    pub flags: Option<Vec<Flag>>,
    /// ICMP type.
    #[serde(default)]
    pub icmp_type: Option<u8>,
}

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// Address resolution.
    Arp,
    /// ICMP for IPv4.
    Icmp,
    /// TCP over IPv4.
    Tcp,
    /// UDP over IPv4.
    Udp,
}

/// A flag of the TCP header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "their names are what they are")]
pub enum Flag {
    Fin = 1,
    Syn = 2,
    Rst = 4,
    Psh = 8,
    Ack = 16,
    Urg = 32,
}

/// A fault with its count of the frames it has seen.
#[derive(Clone, Debug)]
pub(super) struct Counter {
    fault: Fault,
    seen: u64,
}

impl Counter {
    pub(super) fn new(fault: Fault) -> Self {
        Self { fault, seen: 0 }
    }

    /// What happens to `frame`, if anything.
    pub(super) fn judge(&mut self, frame: &[u8]) -> Option<(Deed, Duration)> {
        if !self.fault.matching.holds(frame) {
            return None;
        }
        self.seen += 1;
        let concerned = self.fault.nth.is_none_or(|nth| nth == self.seen);
        concerned.then_some((self.fault.deed, self.fault.hold))
    }
}

impl Match {
    /// Whether `frame`, an Ethernet frame, is meant.
    #[must_use]
    pub fn holds(&self, frame: &[u8]) -> bool {
        let inside = Inside::read(frame);
        let transport = matches!(inside.protocol, Some(Protocol::Tcp | Protocol::Udp));
        let port = |at: usize| Some(u16::from_be_bytes(inside.payload.get(at..at + 2)?.try_into().ok()?));
        let wanted = |protocol: Protocol| inside.protocol == Some(protocol);
        let mask = |flags: &Vec<Flag>| flags.iter().fold(0, |mask, &flag| mask | flag as u8);
        self.protocol.is_none_or(wanted)
            && self.port.is_none_or(|wanted| transport && [port(0), port(2)].contains(&Some(wanted)))
            && self.flags.as_ref().is_none_or(|flags| {
                wanted(Protocol::Tcp) && inside.payload.get(13).is_some_and(|byte| byte & 0x3f == mask(flags))
            })
            && self.icmp_type.is_none_or(|kind| wanted(Protocol::Icmp) && inside.payload.first() == Some(&kind))
    }
}

/// Flips the lowest bit of the last byte of the IP packet in `frame`, or of the frame where there is none.
pub(super) fn corrupt(frame: &mut [u8]) {
    let is_ip = frame.get(12..14) == Some(&IPV4);
    let total =
        frame.get(16..18).filter(|_| is_ip).map_or(0, |length| usize::from(length[0]) << 8 | usize::from(length[1]));
    let last = if total == 0 { frame.len() } else { (14 + total).min(frame.len()) };
    if let Some(byte) = last.checked_sub(1).and_then(|last| frame.get_mut(last)) {
        *byte ^= 1;
    }
}

const IPV4: [u8; 2] = [0x08, 0x00];
const ARP: [u8; 2] = [0x08, 0x06];

/// As much of a frame as [`Match`] looks at.
struct Inside<'f> {
    protocol: Option<Protocol>,
    /// What follows the IP header; empty in a later fragment, whose first bytes are no header.
    payload: &'f [u8],
}

impl<'f> Inside<'f> {
    fn read(frame: &'f [u8]) -> Self {
        let nothing = Self { protocol: None, payload: &[] };
        let kind = frame.get(12..14);
        if kind == Some(&ARP) {
            return Self { protocol: Some(Protocol::Arp), payload: &[] };
        }
        let (Some(_), Some(ip)) = (kind.filter(|kind| *kind == IPV4), frame.get(14..)) else { return nothing };
        let Some(&[start, protocol, offset_high, offset_low]) =
            ip.first().zip(ip.get(9)).zip(ip.get(6).zip(ip.get(7))).map(|((a, b), (c, d))| [*a, *b, *c, *d]).as_ref()
        else {
            return nothing;
        };
        let is_later_fragment = (offset_high & 0x1f, offset_low) != (0, 0);
        let payload = ip.get(usize::from(start & 0x0f) * 4..).filter(|_| !is_later_fragment);
        let protocol = match protocol {
            1 => Some(Protocol::Icmp),
            6 => Some(Protocol::Tcp),
            17 => Some(Protocol::Udp),
            _ => None,
        };
        Self { protocol, payload: payload.unwrap_or(&[]) }
    }
}

fn a_moment() -> Duration {
    Duration::from_millis(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An Ethernet frame with an IPv4 packet of `protocol` around `payload`.
    fn ip(protocol: u8, payload: &[u8]) -> Vec<u8> {
        let total = u8::try_from(20 + payload.len()).expect("short");
        let mut frame = vec![0; 12];
        frame.extend([8, 0, 0x45, 0, 0, total, 0, 0, 0, 0, 64, protocol, 0, 0, 192, 168, 11, 2, 192, 168, 11, 1]);
        frame.extend(payload);
        frame
    }

    fn syn() -> Vec<u8> {
        let mut segment = vec![0; 20];
        segment[..4].copy_from_slice(&[0xc0, 0x00, 0, 80]);
        segment[13] = Flag::Syn as u8;
        ip(6, &segment)
    }

    fn matching(text: &str) -> Match {
        toml::from_str(text).expect("valid")
    }

    #[test]
    fn everything_said_must_hold() {
        assert!(Match::default().holds(&[]));
        assert!(matching("protocol = \"tcp\"\nport = 80\nflags = [\"syn\"]").holds(&syn()));
        assert!(matching("port = 49152").holds(&syn()));
        assert!(!matching("port = 81").holds(&syn()));
        assert!(!matching("protocol = \"udp\"\nport = 80").holds(&syn()));
        assert!(!matching("flags = [\"syn\", \"ack\"]").holds(&syn()));
        assert!(matching("icmp_type = 8").holds(&ip(1, &[8, 0])));
        assert!(!matching("icmp_type = 8").holds(&ip(1, &[0, 0])));
        assert!(!matching("icmp_type = 6").holds(&syn()));
    }

    #[test]
    fn a_later_fragment_has_no_ports() {
        let mut frame = syn();
        frame[14 + 7] = 1;
        assert!(!matching("port = 80").holds(&frame));
        assert!(matching("protocol = \"tcp\"").holds(&frame));
    }

    #[test]
    fn short_frames_match_nothing_specific() {
        let whole = syn();
        for length in 0..whole.len() {
            assert!(!matching("port = 80\nflags = [\"syn\"]").holds(&whole[..length]) || length >= 48, "{length}");
        }
    }

    #[test]
    fn only_the_nth_is_concerned() {
        let fault = "match = { port = 80 }\nnth = 2\ndo = \"drop\"";
        let mut counter = Counter::new(toml::from_str(fault).expect("valid"));
        let verdicts: Vec<_> = (0..3).map(|_| counter.judge(&syn()).map(|(deed, _)| deed)).collect();
        assert_eq!(verdicts, [None, Some(Deed::Drop), None]);
        assert_eq!(counter.judge(&ip(1, &[8, 0])), None);
    }

    #[test]
    fn damage_is_inside_the_packet_not_in_the_padding() {
        let mut frame = ip(1, &[8, 0, 0xaa]);
        let end = frame.len();
        frame.extend([0; 6]);
        corrupt(&mut frame);
        assert_eq!(frame[end - 1], 0xab);
        assert!(frame[end..].iter().all(|&byte| byte == 0));
        corrupt(&mut []);
        corrupt(&mut [0; 14]);
    }
}
