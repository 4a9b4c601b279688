//! A map that forgets: what has not been used for longest goes first, the least interesting before the others.

use std::hash::Hash;

use foldhash::HashMap;

/// No place: the end of a chain.
const NOWHERE: u32 = u32::MAX;

#[derive(Debug)]
struct Entry<K, V> {
    key: K,
    value: V,
    class: u8,
    before: u32,
    after: u32,
}

/// The entries of one class, the one that was used least recently first.
#[derive(Clone, Copy, Debug)]
struct Chain {
    first: u32,
    last: u32,
}

/// A map of at most `most` entries in `CLASSES` classes; entries of a lower class are forgotten before all of a higher.
#[derive(Debug)]
pub(super) struct Memory<K, V, const CLASSES: usize = 1> {
    places: HashMap<K, u32>,
    entries: Vec<Option<Entry<K, V>>>,
    free: Vec<u32>,
    chains: [Chain; CLASSES],
    most: usize,
}

impl<K: Copy + Eq + Hash, V, const CLASSES: usize> Memory<K, V, CLASSES> {
    #[allow(clippy::cast_possible_truncation)] // a handful
    const HIGHEST: u8 = CLASSES as u8 - 1;

    /// An empty one.
    pub fn new(most: usize) -> Self {
        let chains = [Chain { first: NOWHERE, last: NOWHERE }; CLASSES];
        Self { places: HashMap::default(), entries: Vec::new(), free: Vec::new(), chains, most }
    }

    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Where the entry with this key is, for as long as nothing is forgotten.
    pub fn place(&self, key: &K) -> Option<u32> {
        self.places.get(key).copied()
    }

    /// The entry at a place.
    pub fn at(&mut self, place: u32) -> Option<(&K, &mut V)> {
        self.entry_mut(place).map(|entry| (&entry.key, &mut entry.value))
    }

    /// The same, to look at only.
    pub fn look(&self, place: u32) -> Option<&V> {
        self.entry(place).map(|entry| &entry.value)
    }

    /// Every value, in no particular order.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.entries.iter().flatten().map(|entry| &entry.value)
    }

    /// The entry at `place` was used just now and is of this class.
    pub fn touch(&mut self, place: u32, class: u8) {
        let Some(entry) = self.entry(place) else { return };
        if entry.class == class && entry.after == NOWHERE {
            return;
        }
        self.unlink(place);
        self.link(place, class);
    }

    /// Adds an entry of the highest class, or replaces its value. Returns its place.
    pub fn insert(&mut self, key: K, value: V) -> u32 {
        if let Some(place) = self.place(&key) {
            if let Some(entry) = self.entry_mut(place) {
                entry.value = value;
            }
            return place;
        }
        let entry = Some(Entry { key, value, class: 0, before: NOWHERE, after: NOWHERE });
        let place = match self.free.pop() {
            Some(place) => {
                self.entries[place as usize] = entry;
                place
            }
            None => {
                // Twice as much room as before, but never for more than there will be.
                if self.entries.len() == self.entries.capacity() {
                    let more = self.entries.len().clamp(8, (self.most + 1).saturating_sub(self.entries.len()).max(8));
                    self.entries.reserve_exact(more);
                }
                self.entries.push(entry);
                u32::try_from(self.entries.len() - 1).unwrap_or(NOWHERE)
            }
        };
        self.places.insert(key, place);
        self.link(place, Self::HIGHEST);
        place
    }

    /// Whether there are more entries than there should be.
    pub fn is_over(&self) -> bool {
        self.len() > self.most
    }

    /// Forgets the entry that will be missed least.
    pub fn forget(&mut self) -> Option<(K, V)> {
        let first = self.chains.iter().map(|chain| chain.first).find(|&place| place != NOWHERE)?;
        let key = self.entry(first)?.key;
        self.remove(&key).map(|value| (key, value))
    }

    /// Removes the entry with this key.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let place = self.places.remove(key)?;
        self.unlink(place);
        self.free.push(place);
        self.entries.get_mut(place as usize)?.take().map(|entry| entry.value)
    }

    fn entry(&self, place: u32) -> Option<&Entry<K, V>> {
        self.entries.get(place as usize)?.as_ref()
    }

    fn entry_mut(&mut self, place: u32) -> Option<&mut Entry<K, V>> {
        self.entries.get_mut(place as usize)?.as_mut()
    }

    fn link(&mut self, place: u32, class: u8) {
        let chain = usize::from(class.min(Self::HIGHEST));
        let last = self.chains[chain].last;
        if let Some(entry) = self.entry_mut(place) {
            (entry.class, entry.before, entry.after) = (class, last, NOWHERE);
        }
        match self.entry_mut(last) {
            Some(entry) => entry.after = place,
            None => self.chains[chain].first = place,
        }
        self.chains[chain].last = place;
    }

    fn unlink(&mut self, place: u32) {
        let Some(&Entry { class, before, after, .. }) = self.entry(place) else { return };
        let chain = usize::from(class.min(Self::HIGHEST));
        match self.entry_mut(before) {
            Some(entry) => entry.after = after,
            None => self.chains[chain].first = after,
        }
        match self.entry_mut(after) {
            Some(entry) => entry.before = before,
            None => self.chains[chain].last = before,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let mut memory: Memory<u32, &str> = Memory::new(3);
        for (key, value) in [(1, "one"), (2, "two"), (3, "three")] {
            memory.insert(key, value);
        }
        assert!(!memory.is_over());
        let one = memory.place(&1).expect("it was added");
        memory.touch(one, 0);
        memory.insert(4, "four");
        assert!(memory.is_over());
        assert_eq!(memory.forget(), Some((2, "two")));
        assert_eq!(memory.forget(), Some((3, "three")));
        assert_eq!(memory.forget(), Some((1, "one")));
        assert_eq!(memory.forget(), Some((4, "four")));
        assert_eq!(memory.forget(), None);
        assert_eq!(memory.len(), 0);
    }

    #[test]
    fn lower_classes_go_before_higher_ones() {
        let mut memory: Memory<u32, (), 2> = Memory::new(10);
        for key in 0..4 {
            memory.insert(key, ());
        }
        let three = memory.place(&3).expect("it was added");
        memory.touch(three, 0);
        assert_eq!(memory.remove(&1), Some(()));
        let order: Vec<u32> = std::iter::from_fn(|| memory.forget()).map(|(key, ())| key).collect();
        assert_eq!(order, [3, 0, 2]);
        memory.insert(9, ());
        assert_eq!(memory.entries.len(), 4, "places are used again");
    }
}
