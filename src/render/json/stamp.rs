//! Short text that is written again and again.

/// Text of which always as many bytes are copied as there is room for, however few they are: that is faster than to copy
/// just enough, for a processor need not guess how many.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stamp<const ROOM: usize> {
    text: [u8; ROOM],
    length: usize,
}

impl<const ROOM: usize> Stamp<ROOM> {
    /// This `text`.
    ///
    /// # Panics
    /// When there is no room for the text.
    pub fn new(text: &[u8]) -> Self {
        let mut room = [0; ROOM];
        room[..text.len()].copy_from_slice(text);
        Self { text: room, length: text.len() }
    }

    /// Just the text.
    pub fn bytes(&self) -> &[u8] {
        &self.text[..self.length]
    }

    /// Appends it.
    #[inline]
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.text);
        out.truncate(out.len() - ROOM + self.length);
    }
}
