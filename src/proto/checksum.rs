//! The Internet checksum (RFC 1071), and whether a layer's is right.

use std::net::IpAddr;

use super::{icmp, icmpv6, ip, ipv4, ipv6, reading, tcp, udp};
pub use crate::model::ChecksumStatus as Status;
use crate::model::LayerView;

/// The names of the numbers of [`Status::number`].
pub static STATUS_NAMES: [(u32, &str); 5] =
    [(0, "Bad"), (1, "Good"), (2, "Unverified"), (3, "Not present"), (4, "Illegal")];

/// A sum of 16-bit words in ones' complement arithmetic, not yet complemented.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum(u64);

impl Sum {
    /// Adds the big-endian words of `bytes`; a last odd byte counts as a word's first half. Every part but the last
    /// must have even length.
    #[must_use]
    pub fn plus(self, bytes: &[u8]) -> Self {
        let (words, rest) = bytes.as_chunks::<4>();
        let last = match *rest {
            [a] => [a, 0, 0, 0],
            [a, b] => [a, b, 0, 0],
            [a, b, c] => [a, b, c, 0],
            _ => [0; 4],
        };
        // In this machine's byte order, which processors add up fastest: the order of the bytes changes nothing but
        // their order in the sum (RFC 1071 §2).
        let sum = words.iter().map(|word| u64::from(u32::from_ne_bytes(*word))).sum::<u64>();
        let sum = Self(sum + u64::from(u32::from_ne_bytes(last))).fold();
        Self(self.0 + u64::from(u16::from_be(sum)))
    }

    /// The sum folded to 16 bits.
    #[must_use]
    #[allow(clippy::cast_possible_truncation)] // folded until it fits
    pub fn fold(self) -> u16 {
        let mut sum = self.0;
        while sum >> 16 != 0 {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        sum as u16
    }

    /// The value to be sent in a checksum field that was 0 while summing.
    #[must_use]
    pub fn checksum(self) -> u16 {
        !self.fold()
    }
}

/// The sum of the pseudo header that TCP and UDP checksums begin with (RFC 9293 §3.1, RFC 768; RFC 8200 §8.1 adds up
/// to the same for the same numbers). `length` is that of
/// header and data together.
#[must_use]
pub fn pseudo_header(source: impl Into<IpAddr>, destination: impl Into<IpAddr>, protocol: u8, length: usize) -> Sum {
    let plus = |Sum(sum): Sum, address: IpAddr| match address {
        IpAddr::V4(address) => Sum(sum + u64::from(u32::from(address))),
        IpAddr::V6(address) => Sum(sum).plus(&address.octets()),
    };
    plus(plus(Sum(u64::from(protocol) + length as u64), source.into()), destination.into())
}

/// Judges the checksum of this layer; `None` for layers without one, or when the field itself is missing. All layers of
/// the packet have to be known.
#[must_use]
pub fn judge(view: LayerView<'_, '_>) -> Option<Status> {
    let header = view.layer().header;
    let bytes = view.bytes();
    if std::ptr::eq(header, &raw const ipv4::HEADER) {
        let field = reading::be16(bytes, ipv4::CHECKSUM)?;
        let whole = bytes.len() == usize::from(bytes[0] & 15) * 4;
        return Some(if whole { compare(field, Sum::default().plus(bytes)) } else { Status::Unverified });
    }
    if std::ptr::eq(header, &raw const icmp::HEADER) {
        let field = reading::be16(bytes, icmp::CHECKSUM)?;
        let whole = !view.layer().quoted && ip::enclosing(view).is_none_or(ip::is_whole);
        return Some(if whole { compare(field, covered(view, usize::MAX)) } else { Status::Unverified });
    }
    let (at, protocol) = if std::ptr::eq(header, &raw const udp::HEADER) {
        (udp::CHECKSUM, ipv4::UDP)
    } else if std::ptr::eq(header, &raw const icmpv6::HEADER) {
        (icmpv6::CHECKSUM, ipv6::ICMPV6)
    } else if std::ptr::eq(header, &raw const tcp::HEADER) {
        (tcp::CHECKSUM, ipv4::TCP)
    } else {
        return None;
    };
    let field = reading::be16(bytes, at)?;
    let ip = ip::enclosing(view);
    if field == 0 && protocol == ipv4::UDP {
        let required = ip.is_some_and(|ip| ip.is(&ipv6::HEADER)) && !view.layer().quoted;
        return Some(if required { Status::Missing } else { Status::Absent });
    }
    let Some(ip) = ip.filter(|_| protocol != ipv6::ICMPV6 || !view.layer().quoted) else {
        return Some(Status::Unverified);
    };
    let Some((source, destination)) = ip::ends(ip) else { return Some(Status::Unverified) };
    let length = match protocol {
        ipv4::UDP => udp::length(view)?,
        _ => ip::reported_payload(ip),
    };
    let pseudo = pseudo_header(source, destination, protocol, length);
    if !view.layer().quoted && (view.packet.frame.checksum_pending || field == pseudo.fold()) {
        return Some(Status::Pending);
    }
    if !ip::is_whole(ip) || length > ip::reported_payload(ip) {
        return Some(Status::Unverified);
    }
    let expected = compare(field, Sum(u64::from(pseudo.fold()) + u64::from(covered(view, length).fold())));
    Some(match expected {
        // A computed 0 is sent as 0xffff, for 0 means "none" (RFC 768).
        Status::Bad { expected: 0 } if protocol == ipv4::UDP => Status::Bad { expected: 0xffff },
        status => status,
    })
}

/// The sum over this layer and its payload, of `length` bytes at most.
fn covered(view: LayerView<'_, '_>, length: usize) -> Sum {
    let layer = view.layer();
    let length = length.min(layer.length + layer.payload);
    Sum::default().plus(view.packet.frame.bytes.get(layer.offset..layer.offset + length).unwrap_or(&[]))
}

/// Judges `field`, given the sum over everything including it: a right one makes the sum all ones.
fn compare(field: u16, sum: Sum) -> Status {
    match sum.fold() {
        0xffff => Status::Good,
        folded => Status::Bad { expected: Sum(u64::from(folded) + u64::from(!field)).checksum() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_1071() {
        // RFC 1071 §3: the words 0001 f203 f4f5 f6f7 add up to ddf2.
        let sum = Sum::default().plus(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]);
        assert_eq!(sum.fold(), 0xddf2);
        assert_eq!(sum.checksum(), !0xddf2);
    }

    #[test]
    fn parts_add_up_to_the_whole_whatever_their_length() {
        let bytes: Vec<u8> = (0..=255).collect();
        for split in (0..256).step_by(2) {
            let whole = Sum::default().plus(&bytes[..255]).fold();
            assert_eq!(Sum::default().plus(&bytes[..split]).plus(&bytes[split..255]).fold(), whole);
        }
    }

    #[test]
    fn the_largest_words_of_the_longest_packets_add_up() {
        for length in [0, 1, 2, 7, 8, 64, 1500, 65_535, 1 << 20] {
            let bytes = vec![0xff; length];
            let word_by_word = bytes.chunks(2).map(|word| if word.len() == 2 { 0xffff } else { 0xff00 }).sum::<u64>();
            let folded = if word_by_word == 0 { 0 } else { (word_by_word - 1) % 0xffff + 1 };
            assert_eq!(u64::from(Sum::default().plus(&bytes).fold()), folded, "{length}");
        }
    }
}
