//! What was written of the same bits before, and can be copied: most packets have most bits in common with one of the
//! last few.

/// Texts that are remembered, a power of two.
const WAYS: usize = 32;

/// What the latest bits were written as. It must depend on nothing else.
#[derive(Debug, Default)]
pub(super) struct Again {
    /// Nothing yet where the text is empty.
    written: Box<[(u128, Vec<u8>); WAYS]>,
}

impl Again {
    /// Appends what `write` makes of `bits`.
    pub fn write(&mut self, out: &mut Vec<u8>, bits: u128, write: impl FnOnce(&mut Vec<u8>)) {
        let (before, text) = &mut self.written[way(bits)];
        if *before != bits || text.is_empty() {
            *before = bits;
            text.clear();
            write(text);
        }
        out.extend_from_slice(text);
    }
}

/// Where `bits` are kept.
#[allow(clippy::cast_possible_truncation)] // all bits count, for what is cut off was mixed in
fn way(bits: u128) -> usize {
    slot((bits >> 64) as u64 ^ bits as u64, WAYS)
}

/// Which of `slots`, a power of two, something with these bits is kept in: nearly the same bits seldom in the same one.
#[allow(clippy::cast_possible_truncation)] // it is less than `slots`
pub(super) fn slot(bits: u64, slots: usize) -> usize {
    // Fibonacci hashing.
    (bits.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - slots.ilog2())) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bits_are_written_once_and_others_are_not_taken_for_them() {
        let (mut again, mut out, mut calls) = (Again::default(), Vec::new(), 0);
        // Far more than are remembered, every one twice in a row.
        for bits in (0..1000).map(|number: u128| number << (number % 120)).flat_map(|bits| [bits; 2]) {
            out.clear();
            again.write(&mut out, bits, |text| {
                calls += 1;
                text.extend_from_slice(bits.to_string().as_bytes());
            });
            assert_eq!(out, bits.to_string().into_bytes());
        }
        assert!((900..=1000).contains(&calls), "{calls}");
    }
}
