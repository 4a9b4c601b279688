//! Text that does not stand in the frame as it reads.

use std::fmt;

/// Writes the text that begins at byte `at` of `bytes`. Must end soon whatever the bytes are.
pub type Compose = fn(bytes: &[u8], at: usize, out: &mut dyn fmt::Write) -> fmt::Result;

/// Text put together only when it is shown, such as a domain name, whose labels may lie in several places of a message.
/// Like every text of a frame it may be hostile and is not yet escaped.
#[derive(Clone, Copy)]
pub struct Composed<'f> {
    bytes: &'f [u8],
    at: usize,
    compose: Compose,
}

impl<'f> Composed<'f> {
    /// What `compose` makes of `bytes` from byte `at` on.
    #[must_use]
    pub fn new(bytes: &'f [u8], at: usize, compose: Compose) -> Self {
        Self { bytes, at, compose }
    }
}

impl fmt::Display for Composed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.compose)(self.bytes, self.at, f)
    }
}

impl fmt::Debug for Composed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

/// Two are the same when they read the same.
impl PartialEq for Composed<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for Composed<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_as_its_function_writes() {
        let compose: Compose = |bytes, at, out| bytes[at..].iter().try_for_each(|byte| write!(out, "{byte:02x}."));
        let (one, other) = (Composed::new(&[9, 1, 2], 1, compose), Composed::new(&[1, 2], 0, compose));
        assert_eq!(one.to_string(), "01.02.");
        assert_eq!(one, other, "the same text from another place");
    }
}
