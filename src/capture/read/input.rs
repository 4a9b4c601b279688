//! Bytes from a file or a pipe, in large pieces, and where in it they lie.

use std::io::{ErrorKind, Read, Result};

/// How much is asked of the system at once, and how much memory a capture of ordinary frames takes.
const PIECE: usize = 1 << 18;

/// What is read and not yet used.
pub struct Input {
    source: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    /// The unused part of the buffer.
    at: usize,
    end: usize,
    /// Bytes used so far.
    used: u64,
    ended: bool,
}

impl Input {
    pub fn new(source: impl Read + Send + 'static) -> Self {
        Self { source: Box::new(source), buffer: vec![0; PIECE], at: 0, end: 0, used: 0, ended: false }
    }

    /// Where the unused bytes begin, counted from the start of the file.
    pub fn offset(&self) -> u64 {
        self.used
    }

    /// The unused bytes, at least `wanted` of them; fewer only where the file ends. Waits for no more than that, so
    /// that each frame of a live pipe is there as soon as it is written.
    #[inline]
    pub fn peek(&mut self, wanted: usize) -> Result<&[u8]> {
        if self.end - self.at < wanted {
            self.fill(wanted)?;
        }
        Ok(&self.buffer[self.at..self.end])
    }

    /// Uses up `count` of the bytes that [`Input::peek`] gave.
    #[inline]
    pub fn consume(&mut self, count: usize) {
        let count = count.min(self.end - self.at);
        self.at += count;
        self.used += count as u64;
    }

    #[cold]
    fn fill(&mut self, wanted: usize) -> Result<()> {
        self.buffer.copy_within(self.at..self.end, 0);
        self.end -= self.at;
        self.at = 0;
        while self.end < wanted && !self.ended {
            if self.end == self.buffer.len() {
                // Doubled as bytes arrive, and not at once to what a length in the file promises.
                self.buffer.resize(self.end * 2, 0);
            }
            match self.source.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.ended = true,
                Ok(count) => self.end += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// The byte order in which a file was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Big,
    Little,
}

impl Order {
    /// The number in the two bytes at `at`.
    #[inline]
    pub fn half(self, bytes: &[u8], at: usize) -> Option<u16> {
        let bytes = *bytes.get(at..)?.first_chunk()?;
        Some(if self == Self::Big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    /// The number in the four bytes at `at`.
    #[inline]
    pub fn word(self, bytes: &[u8], at: usize) -> Option<u32> {
        let bytes = *bytes.get(at..)?.first_chunk()?;
        Some(if self == Self::Big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    /// The number in the eight bytes at `at`.
    pub fn double(self, bytes: &[u8], at: usize) -> Option<u64> {
        let bytes = *bytes.get(at..)?.first_chunk()?;
        Some(if self == Self::Big { u64::from_be_bytes(bytes) } else { u64::from_le_bytes(bytes) })
    }
}
