//! Where what is known of something is kept, found by the address of that something: it lives as long as the program, and
//! to compare addresses is faster than to compare what is there.

use std::marker::PhantomData;

use foldhash::HashMap;

use crate::render::again;

/// Addresses that are found at once.
const LATEST: usize = 512;

/// A place for each address and length: the same may be kept in several places.
#[derive(Debug)]
pub(super) struct Places<T: 'static> {
    all: HashMap<Address, u32>,
    /// Those that were asked for last, each where its address says.
    latest: Vec<(Address, u32)>,
    /// Things of another type may begin at the same address.
    of: PhantomData<&'static [T]>,
}

/// Address and length.
type Address = (usize, u32);

impl<T> Default for Places<T> {
    fn default() -> Self {
        Self { all: HashMap::default(), latest: Vec::new(), of: PhantomData }
    }
}

impl<T> Places<T> {
    /// The place of `something`, which `learn` gives when it is asked for the first time.
    #[inline]
    pub fn of(&mut self, something: &'static [T], learn: impl FnOnce() -> usize) -> usize {
        let address = (something.as_ptr() as usize, u32::try_from(something.len()).unwrap_or(u32::MAX));
        match self.latest.get(slot(address)) {
            Some((latest, place)) if *latest == address => *place as usize,
            _ => self.look_up(address, learn) as usize,
        }
    }

    #[cold]
    fn look_up(&mut self, address: Address, learn: impl FnOnce() -> usize) -> u32 {
        let learn = || u32::try_from(learn()).unwrap_or(u32::MAX);
        let place = *self.all.entry(address).or_insert_with(learn);
        self.latest.resize(LATEST, ((0, 0), 0));
        self.latest[slot(address)] = (address, place);
        place
    }
}

fn slot((start, length): Address) -> usize {
    again::slot(start as u64 + u64::from(length), LATEST)
}

#[cfg(test)]
mod tests {
    use super::Places;

    #[test]
    fn everything_has_its_own_place() {
        static ROWS: [u64; 3000] = [0; 3000];
        let (mut places, mut learnt) = (Places::default(), 0);
        let all = (0..ROWS.len() - 2).flat_map(|start| (0..3).map(move |length| &ROWS[start..start + length]));
        for _ in 0..2 {
            for (number, rows) in all.clone().enumerate() {
                let place = places.of(rows, || {
                    learnt += 1;
                    learnt - 1
                });
                assert_eq!(place, number);
            }
        }
    }
}
