//! Numbers and addresses written fast: a capture has a million packets with fifty of them each, and the formatting
//! machinery of the standard library costs several times what the digits do.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::model::{MacAddr, Millis, Nanos};

const HEX: &[u8; 16] = b"0123456789abcdef";

/// A byte as two hexadecimal digits.
static PAIRS: [[u8; 2]; 256] = {
    let (mut pairs, mut byte) = ([[0; 2]; 256], 0);
    while byte < 256 {
        pairs[byte] = [HEX[byte >> 4], HEX[byte & 15]];
        byte += 1;
    }
    pairs
};

/// A byte as decimal digits, and how many they are.
static OCTETS: [([u8; 3], u8); 256] = octets();

#[allow(clippy::cast_possible_truncation)] // below 256
const fn octets() -> [([u8; 3], u8); 256] {
    let mut octets = [([0; 3], 0); 256];
    let mut number = 0;
    while number < 256 {
        let [hundreds, tens, ones] =
            [b'0' + (number / 100) as u8, b'0' + (number / 10 % 10) as u8, b'0' + (number % 10) as u8];
        octets[number] = match number {
            0..10 => ([ones, 0, 0], 1),
            10..100 => ([tens, ones, 0], 2),
            _ => ([hundreds, tens, ones], 3),
        };
        number += 1;
    }
    octets
}

/// One more than the largest number of eight digits.
const EIGHT_DIGITS: u64 = 100_000_000;

/// `number` as decimal digits. Always as many are copied, for that is faster than to copy just enough: how many there are
/// differs from number to number, and a processor that guesses wrong loses more than it takes to write them all.
pub(super) fn decimal(out: &mut Vec<u8>, number: u64) {
    if number >= EIGHT_DIGITS {
        decimal(out, number / EIGHT_DIGITS);
        out.extend_from_slice(&(ASCII | eight_digits(number % EIGHT_DIGITS)).to_le_bytes());
        return;
    }
    // Where the text goes on is known before its digits are: what is written next need not wait for them.
    let zeros = 8 - count(number);
    out.extend_from_slice(&((ASCII | eight_digits(number)) >> (zeros * 8)).to_le_bytes());
    out.truncate(out.len() - zeros);
}

/// How many digits a number below 100,000,000 has.
fn count(number: u64) -> usize {
    // For each number of bits, what lifts a number to as many times 2^32 as it has digits: where a power of ten lies among
    // those with as many bits, that one and those above it must come a whole further.
    static LIFTS: [u64; 27] = lifts();
    ((number + LIFTS[(number | 1).ilog2() as usize]) >> 32) as usize
}

const fn lifts() -> [u64; 27] {
    let mut lifts = [0; 27];
    let mut bits = 0;
    while bits < lifts.len() {
        let power = (1_u64 << bits).ilog10() + 1;
        let (digits, next) = (power as u64, 10_u64.pow(power));
        lifts[bits] = if next < 2 << bits { ((digits + 1) << 32) - next } else { digits << 32 };
        bits += 1;
    }
    lifts
}

/// What makes eight digits characters.
const ASCII: u64 = u64::from_ne_bytes([b'0'; 8]);

/// The digits of a number below 100,000,000, one a byte, the first in the lowest: halves, quarters and eighths of it side
/// by side in one word, each divided by a multiplication.
fn eight_digits(number: u64) -> u64 {
    let halves = (number / 10_000) | ((number % 10_000) << 32);
    let hundreds = ((halves * 10_486) >> 20) & 0x7f_0000_007f;
    let pairs = hundreds | ((halves - hundreds * 100) << 16);
    let tens = ((pairs * 103) >> 10) & 0xf_000f_000f_000f;
    tens | ((pairs - tens * 10) << 8)
}

/// The same, at the right of a column of at least `width`.
pub(super) fn right(out: &mut Vec<u8>, number: u64, width: usize) {
    padded(out, number, width, b' ');
}

/// The same with zeros before it; to be used for numbers that fit.
pub(super) fn zeros(out: &mut Vec<u8>, number: u64, width: usize) {
    padded(out, number, width, b'0');
}

fn padded(out: &mut Vec<u8>, number: u64, width: usize, before: u8) {
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(number).as_bytes();
    out.resize(out.len() + width.saturating_sub(digits.len()), before);
    out.extend_from_slice(digits);
}

/// A byte as decimal digits. Always as many digits are copied, for that is faster than to copy some.
fn octet(out: &mut Vec<u8>, byte: u8) {
    let (digits, count) = &OCTETS[usize::from(byte)];
    out.extend_from_slice(digits);
    out.truncate(out.len() - digits.len() + usize::from(*count));
}

/// A signed number.
pub(super) fn signed(out: &mut Vec<u8>, number: i64) {
    if number < 0 {
        out.push(b'-');
    }
    decimal(out, number.unsigned_abs());
}

/// Milliseconds with one digit behind the point, at the right of a column of at least `width`.
pub(super) fn millis(out: &mut Vec<u8>, time: Nanos, width: usize) {
    let tenths = (time.0.unsigned_abs() + 50_000) / 100_000;
    let mut buffer = itoa::Buffer::new();
    let whole = buffer.format(tenths / 10).as_bytes();
    let sign: &[u8] = if time.0 < 0 && tenths > 0 { b"-" } else { b"" };
    spaces(out, width.saturating_sub(sign.len() + whole.len() + 2));
    out.extend_from_slice(sign);
    out.extend_from_slice(whole);
    out.push(b'.');
    decimal(out, tenths % 10);
}

/// Milliseconds with three digits behind the point.
pub(super) fn exact_millis(out: &mut Vec<u8>, span: Nanos) {
    let (is_negative, whole, thousandths) = Millis(span).parts();
    if is_negative {
        out.push(b'-');
    }
    decimal(out, whole);
    let start = out.len();
    // A digit more, which becomes the point.
    decimal(out, 1000 + thousandths);
    out[start] = b'.';
}

/// `count` spaces.
pub(super) fn spaces(out: &mut Vec<u8>, count: usize) {
    out.resize(out.len() + count, b' ');
}

/// `number` in hexadecimal with `digits` digits at least, after `0x`.
pub(super) fn hex(out: &mut Vec<u8>, number: u64, digits: usize) {
    out.extend_from_slice(b"0x");
    let needed = (64 - number.leading_zeros() as usize).div_ceil(4).max(digits).clamp(1, 16);
    out.extend((0..needed).rev().map(|nibble| HEX[(number >> (nibble * 4) & 15) as usize]));
}

/// Bytes as hexadecimal digits, without separators.
pub(super) fn bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    let (blocks, rest) = bytes.as_chunks();
    out.reserve(bytes.len() * 2);
    for block in blocks {
        out.extend_from_slice(hex_digits(block).as_flattened());
    }
    for byte in rest {
        out.extend_from_slice(&PAIRS[usize::from(*byte)]);
    }
}

/// The hexadecimal digits of sixteen bytes, which a processor makes all at once: the two of a byte in one word.
fn hex_digits(block: &[u8; 16]) -> [[u8; 2]; 16] {
    block.map(u16::from).map(|byte| {
        let nibbles = byte >> 4 | (byte & 15) << 8;
        // 1 for each that is a letter: only those and 6 come to 16.
        let letters = (nibbles + 0x0606) >> 4 & 0x0101;
        (nibbles + 0x3030 + letters * u16::from(b'a' - b'9' - 1)).to_le_bytes()
    })
}

/// `aa:bb:cc:dd:ee:ff`.
pub(super) fn mac(out: &mut Vec<u8>, MacAddr(address): MacAddr) {
    let mut text = [b':'; 17];
    for (place, byte) in text.chunks_mut(3).zip(address) {
        [place[0], place[1]] = PAIRS[usize::from(byte)];
    }
    out.extend_from_slice(&text);
}

/// Dotted quad.
pub(super) fn ipv4(out: &mut Vec<u8>, address: Ipv4Addr) {
    out.reserve(16);
    for byte in address.octets() {
        octet(out, byte);
        out.push(b'.');
    }
    out.pop();
}

/// As RFC 5952 §4 wants it: lower case, no leading zeros, the first longest run of two or more zeros as `::`; the end in
/// dotted quad where the address maps an IPv4 address (§5).
pub(super) fn ipv6(out: &mut Vec<u8>, address: Ipv6Addr) {
    if let Some(mapped) = address.to_ipv4_mapped() {
        out.extend_from_slice(b"::ffff:");
        return ipv4(out, mapped);
    }
    let segments = address.segments();
    let (mut run, mut longest) = (0..0, 0..0);
    for (index, segment) in segments.into_iter().enumerate() {
        run = match (segment, run.end == index) {
            (0, true) => run.start..index + 1,
            (0, false) => index..index + 1,
            _ => index + 1..index + 1,
        };
        if run.len() > longest.len() {
            longest = run.clone();
        }
    }
    if longest.len() < 2 {
        longest = 8..8;
    }
    let mut index = 0;
    while index < 8 {
        if index == longest.start {
            out.extend_from_slice(b"::");
            index = longest.end;
            continue;
        }
        if index > 0 && index != longest.end {
            out.push(b':');
        }
        segment(out, segments[index]);
        index += 1;
    }
}

fn segment(out: &mut Vec<u8>, segment: u16) {
    let needed = (16 - segment.leading_zeros()).div_ceil(4).max(1);
    out.extend((0..needed).rev().map(|nibble| HEX[usize::from(segment >> (nibble * 4) & 15)]));
}

/// Either.
pub(super) fn address(out: &mut Vec<u8>, address: IpAddr) {
    match address {
        IpAddr::V4(address) => ipv4(out, address),
        IpAddr::V6(address) => ipv6(out, address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).expect("ASCII")
    }

    /// Numbers of every size, the same in each run.
    fn numbers() -> impl Iterator<Item = u64> {
        let edges = (0..64).flat_map(|bit| [(1_u64 << bit) - 1, 1 << bit]).chain([u64::MAX]);
        let tens = (0..20).flat_map(|power| [10_u64.pow(power) - 1, 10_u64.pow(power)]);
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let random = (0..20_000).map(move |_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state >> (state % 64)
        });
        edges.chain(tens).chain(random).chain(0..100_000)
    }

    #[test]
    fn numbers_are_those_of_the_standard_library() {
        for number in numbers() {
            assert_eq!(written(|out| decimal(out, number)), number.to_string());
            assert_eq!(written(|out| right(out, number, 6)), format!("{number:>6}"));
            assert_eq!(written(|out| hex(out, number, 4)), format!("0x{number:04x}"));
            assert_eq!(written(|out| signed(out, number.cast_signed())), number.cast_signed().to_string());
        }
        for (time, shown) in
            [(0, "     0.0"), (412_000, "     0.4"), (-1_260_000, "    -1.3"), (1_000_600_000, "  1000.6")]
        {
            assert_eq!(written(|out| millis(out, Nanos(time), 8)), shown);
        }
        assert_eq!(written(|out| zeros(out, 42, 6)), "000042");
        assert_eq!(written(|out| zeros(out, 999_999, 6)), "999999");
        for (span, shown) in [
            (0, "0.000"),
            (499, "0.000"),
            (500, "0.001"),
            (-499, "0.000"),
            (-500, "-0.001"),
            (37_500, "0.038"),
            (999_500, "1.000"),
            (1_000_000, "1.000"),
            (-412_345_678, "-412.346"),
            (i64::MIN, "-9223372036854.776"),
        ] {
            assert_eq!(written(|out| exact_millis(out, Nanos(span))), shown);
            assert_eq!(Millis(Nanos(span)).to_string(), shown);
        }
        let all: Vec<u8> = (0..=255).collect();
        for length in [0, 3, 16, 47, 256] {
            let expected: Vec<_> = all[..length].iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(written(|out| bytes(out, &all[..length])), expected.concat());
        }
    }

    #[test]
    fn addresses_are_those_of_the_standard_library() {
        for number in numbers() {
            let low = number.to_be_bytes();
            let v4 = Ipv4Addr::from([low[0], low[3], low[6], low[7]]);
            assert_eq!(written(|out| ipv4(out, v4)), v4.to_string());
            let wide = u128::from(number) << (number % 65) | u128::from(number >> 40) << 100;
            for v6 in [Ipv6Addr::from(wide), Ipv6Addr::from(u128::from(number)), v4.to_ipv6_mapped()] {
                assert_eq!(written(|out| address(out, v6.into())), v6.to_string());
            }
            let m = MacAddr([low[0], low[1], low[2], low[5], low[6], low[7]]);
            assert_eq!(written(|out| mac(out, m)), m.to_string());
        }
        // Every pattern of zero and other segments.
        for pattern in 0..256_u16 {
            let segments = std::array::from_fn(|index| if pattern >> index & 1 == 1 { 0xa0 } else { 0_u16 });
            let v6 = Ipv6Addr::from(segments);
            assert_eq!(written(|out| ipv6(out, v6)), v6.to_string());
        }
    }
}
