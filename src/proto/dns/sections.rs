//! A message cut into its questions and records (RFC 1035 §4.1).

use super::name::{Broken, Name};
use crate::proto::reading::be16;

/// Bytes of the header, before the questions.
pub(super) const HEADER: usize = 12;
/// Bit of the flags: an answer.
pub(super) const RESPONSE: u16 = 0x8000;

/// A question or a record of a message; places are counted from the message's first byte.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    /// Where its name begins.
    pub(super) at: usize,
    /// Where its type lies, behind the name.
    pub(super) kind_at: usize,
    /// Its type.
    pub(super) kind: u16,
    /// What a record has and a question has not.
    pub(super) data: Option<Data>,
}

/// Where the data of a record lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct Data {
    pub(super) at: usize,
    pub(super) length: usize,
}

impl Part {
    /// Bytes of the name in its own place.
    pub(super) fn used(&self) -> usize {
        self.kind_at - self.at
    }

    /// The second word of its fixed part: in most parts the class.
    pub(super) fn class(&self, message: &[u8]) -> u16 {
        be16(message, self.kind_at + 2).unwrap_or(0)
    }
}

/// The parts of a message, in order, up to the first that cannot be read.
pub(super) struct Parts<'m> {
    message: &'m [u8],
    at: usize,
    questions: u16,
    records: u32,
}

impl<'m> Parts<'m> {
    /// The parts of `message`, which must begin with a whole header to have any.
    pub(super) fn of(message: &'m [u8]) -> Self {
        let count = |at| be16(message, at).unwrap_or(0);
        let records = [6, 8, 10].into_iter().map(|at| u32::from(count(at))).sum();
        Self { message, at: HEADER, questions: count(4), records }
    }

    /// Where the next part begins: after the last one, where the message should end.
    pub(super) fn end(&self) -> usize {
        self.at
    }

    fn read(&self, is_question: bool) -> Result<Part, Broken> {
        let Self { message, at, .. } = *self;
        let kind_at = at + Name::read(message, at)?.used;
        let fixed = if is_question { 4 } else { 10 };
        let Some(fixed) = message.get(kind_at..kind_at + fixed) else { return Err(Broken::Short(message.len())) };
        let length = be16(fixed, 8).map(usize::from);
        let data = length.map(|length| Data { at: kind_at + 10, length });
        Ok(Part { at, kind_at, kind: be16(fixed, 0).unwrap_or(0), data })
    }
}

impl Iterator for Parts<'_> {
    type Item = Result<Part, Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        let is_question = self.questions > 0;
        if is_question {
            self.questions -= 1;
        } else {
            self.records = self.records.checked_sub(1)?;
        }
        let part = self.read(is_question);
        match &part {
            Ok(Part { data: Some(data), .. }) => self.at = data.at + data.length,
            Ok(Part { kind_at, .. }) => self.at = kind_at + 4,
            Err(_) => (self.questions, self.records) = (0, 0),
        }
        Some(part)
    }
}
