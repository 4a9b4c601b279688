//! Bytes that arrive in pieces, in any order: those of a datagram, those of a message.

/// Bytes of known places, with holes between them. What arrives first stays, so that nobody can rewrite bytes by sending
/// them again.
#[derive(Clone, Debug)]
pub(super) struct Filling {
    bytes: Vec<u8>,
    /// Ranges that have arrived: sorted, and with a hole between each two.
    arrived: Vec<(usize, usize)>,
    /// Holes remembered; a piece that would make one more is not taken.
    holes: usize,
}

impl Default for Filling {
    fn default() -> Self {
        Self::with_holes(256)
    }
}

impl Filling {
    /// Bytes kept; of more only these, and the places of the rest.
    pub(super) const KEPT: usize = 1 << 20;

    /// Nothing yet, with at most so many holes.
    pub(super) fn with_holes(holes: usize) -> Self {
        Self { bytes: Vec::new(), arrived: Vec::new(), holes }
    }

    /// Takes `piece` for the `length` bytes from `start` on; as far as they are not there yet and not beyond what is kept.
    pub(super) fn add(&mut self, start: usize, length: usize, piece: &[u8]) {
        let end = start + length;
        let apart = !self.arrived.iter().any(|&(from, to)| from <= end && start <= to);
        if apart && self.arrived.len() > self.holes {
            return;
        }
        let kept = end.min(Self::KEPT).min(start + piece.len());
        if start < kept {
            self.bytes.resize(self.bytes.len().max(kept), 0);
            let mut from = start;
            for &(taken, free) in &self.arrived {
                if taken > from && from < kept {
                    let to = taken.min(kept);
                    self.bytes[from..to].copy_from_slice(&piece[from - start..to - start]);
                }
                from = from.max(free);
            }
            if from < kept {
                self.bytes[from..kept].copy_from_slice(&piece[from - start..kept - start]);
            }
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

    /// The ranges that have arrived: sorted, and with a hole between each two.
    pub(super) fn arrived(&self) -> &[(usize, usize)] {
        &self.arrived
    }

    /// Whether some of these bytes are here already, and whether one of them is another.
    pub(super) fn compare(&self, start: usize, piece: &[u8]) -> (bool, bool) {
        let end = start + piece.len();
        let common =
            self.arrived.iter().map(|&(from, to)| (from.max(start), to.min(end))).filter(|(from, to)| from < to);
        common.fold((false, false), |(_, conflict), (from, to)| {
            (true, conflict || self.bytes.get(from..to) != piece.get(from - start..to - start))
        })
    }

    /// How many bytes have arrived from the first on without a hole.
    pub(super) fn whole(&self) -> usize {
        self.arrived.first().filter(|&&(start, _)| start == 0).map_or(0, |&(_, end)| end)
    }

    /// The bytes kept of those.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.whole().min(self.bytes.len())]
    }

    /// How much memory they take.
    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The bytes themselves.
    pub(super) fn into_bytes(mut self) -> Vec<u8> {
        let length = self.bytes().len();
        self.bytes.truncate(length);
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_order_gives_the_same_bytes_and_the_first_stay() {
        let mut filling = Filling::default();
        filling.add(4, 2, b"ef");
        assert_eq!(filling.whole(), 0);
        filling.add(0, 3, b"abc");
        assert_eq!((filling.whole(), filling.bytes()), (3, &b"abc"[..]));
        filling.add(1, 4, b"XYdZ");
        assert_eq!((filling.whole(), filling.bytes()), (6, &b"abcdef"[..]));
    }

    #[test]
    fn of_many_bytes_only_the_first_are_kept() {
        let mut filling = Filling::default();
        let piece = vec![7; 1 << 16];
        for at in (0..4 << 20).step_by(1 << 16) {
            filling.add(at, piece.len(), &piece);
        }
        assert_eq!((filling.whole(), filling.size()), (4 << 20, Filling::KEPT));
        for at in 0..10_000 {
            filling.add((8 << 20) + 2 * at, 1, b"x");
        }
        assert!(filling.arrived.len() <= filling.holes + 2);
    }
}
