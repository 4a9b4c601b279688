//! The Internet checksum (RFC 1071), and what a checksum field says about the bytes it covers.

use std::net::Ipv4Addr;

use super::{icmp, ipv4, tcp, u16_at, udp};
use crate::model::LayerView;

/// What a checksum field says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It fits the bytes.
    Good,
    /// It does not.
    Bad {
        /// What it should be.
        expected: u16,
    },
    /// Not computed yet: the network card was to fill it in when this frame left (checksum offload).
    Pending,
    /// Not all the bytes that it covers are here (cut, fragment, quoted).
    Unverified,
    /// The sender chose to send none (UDP over IPv4, RFC 768).
    Absent,
}

impl Status {
    /// Wireshark's number for it (`*.checksum.status`): 0 bad, 1 good, 2 unverified, 3 not present.
    #[must_use]
    pub fn number(self) -> u64 {
        match self {
            Self::Bad { .. } => 0,
            Self::Good => 1,
            Self::Pending | Self::Unverified => 2,
            Self::Absent => 3,
        }
    }
}

/// Names of [`Status::number`].
pub const STATUS_NAMES: &[(u32, &str)] = &[(0, "Bad"), (1, "Good"), (2, "Unverified"), (3, "Not present")];

/// The checksum of `bytes` as it is written into a header whose checksum field is zero.
#[must_use]
pub fn internet(bytes: &[u8]) -> u16 {
    !fold(sum(bytes))
}

/// The checksum of a TCP segment or UDP datagram, pseudo header included (RFC 9293 §3.1, RFC 768).
#[must_use]
pub fn transport(source: Ipv4Addr, destination: Ipv4Addr, protocol: u8, segment: &[u8]) -> u16 {
    !fold(pseudo_header(source, destination, protocol, segment.len()) + sum(segment))
}

/// What the checksum field of this layer says; `None` for a layer that has none.
#[must_use]
pub fn status(view: LayerView<'_, '_>) -> Option<Status> {
    if view.is(&ipv4::HEADER) {
        let bytes = view.bytes();
        let whole = bytes.len() >= ipv4::HEADER_LENGTH && bytes.len() == ipv4::header_length(bytes);
        return Some(if whole { compare(sum(bytes), u16_at(bytes, 10)?) } else { Status::Unverified });
    }
    let (protocol, at) = if view.is(&icmp::HEADER) {
        (ipv4::ICMP, 2)
    } else if view.is(&udp::HEADER) {
        (ipv4::UDP, 6)
    } else if view.is(&tcp::HEADER) {
        (ipv4::TCP, 16)
    } else {
        return None;
    };
    let field = u16_at(view.bytes(), at)?;
    if protocol == ipv4::UDP && field == 0 {
        return Some(Status::Absent);
    }
    let Some((ip, segment)) = covered(view) else { return Some(Status::Unverified) };
    let pseudo =
        if protocol == ipv4::ICMP { 0 } else { pseudo_header(ip.source, ip.destination, protocol, segment.len()) };
    let found = compare(pseudo + sum(segment), field);
    let pending = view.packet.frame.checksum_pending || (pseudo != 0 && field == fold(pseudo));
    Some(if pending && found != Status::Good { Status::Pending } else { found })
}

/// The IPv4 header around this layer and all the bytes that the layer's checksum covers, if they are all here.
fn covered<'f>(view: LayerView<'_, 'f>) -> Option<(ipv4::Ipv4, &'f [u8])> {
    if view.layer().quoted {
        return None;
    }
    let outer = view.packet.views().take(view.index).filter(|outer| outer.is(&ipv4::HEADER));
    let outer = outer.last()?;
    let ip = ipv4::Ipv4::read(outer.bytes())?;
    let promised = usize::from(u16_at(outer.bytes(), 2)?).checked_sub(outer.bytes().len())?;
    let here = outer.payload();
    let fragment = ip.more_fragments || ip.fragment_offset != 0;
    // A UDP datagram may be shorter than the IP packet that carries it.
    let length = if view.is(&udp::HEADER) { usize::from(u16_at(view.bytes(), 4)?).min(here.len()) } else { here.len() };
    (!fragment && here.len() == promised).then(|| (ip, &here[..length]))
}

/// `sum` covers the checksum field itself, so it folds to all ones when the field is right.
fn compare(sum: u64, field: u16) -> Status {
    if fold(sum) == 0xffff {
        return Status::Good;
    }
    Status::Bad { expected: !fold(sum + u64::from(!field)) }
}

fn pseudo_header(source: Ipv4Addr, destination: Ipv4Addr, protocol: u8, length: usize) -> u64 {
    sum(&source.octets()) + sum(&destination.octets()) + u64::from(protocol) + length as u64
}

/// The 16-bit words of `bytes`, the last one padded with a zero byte, added up. Cannot overflow below 2^49 bytes.
fn sum(bytes: &[u8]) -> u64 {
    let words = bytes.chunks_exact(2);
    let odd = words.remainder().first().map_or(0, |&last| u64::from(last) << 8);
    words.map(|word| u64::from(u16::from_be_bytes([word[0], word[1]]))).sum::<u64>() + odd
}

/// Carries added back in until the sum fits 16 bits.
#[allow(clippy::cast_possible_truncation)] // the loop ends below 2^16
fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_of_rfc_1071() {
        // The worked example of RFC 1071 §3 has the sum 0xddf2.
        assert_eq!(internet(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), !0xddf2);
        assert_eq!(internet(&[0x12]), !0x1200);
        assert_eq!(internet(&[]), 0xffff);
    }

    #[test]
    fn a_wrong_field_names_the_right_value() {
        let mut message = vec![8, 0, 0, 0, 1, 2, 3, 4];
        let right = internet(&message);
        message[2..4].copy_from_slice(&right.to_be_bytes());
        assert_eq!(compare(sum(&message), right), Status::Good);
        message[2] ^= 0x55;
        let wrong = u16_at(&message, 2).expect("a field");
        assert_eq!(compare(sum(&message), wrong), Status::Bad { expected: right });
    }
}
