//! What is wrong with a filter, and where.

use std::fmt;
use std::ops::Range;

use crate::error::{Error, Kind};

/// Why a filter cannot be used, with the place in its text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Refusal {
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What to do about it, where there is something to say.
    pub hint: Option<String>,
    /// The filter.
    pub text: String,
    /// The bytes of it that the message is about; empty at the end of the text.
    pub at: Range<usize>,
}

/// A refusal whose filter is still to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub message: String,
    pub hint: Option<String>,
    pub at: Range<usize>,
}

impl Fault {
    pub fn new(at: Range<usize>, message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, at }
    }

    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    pub fn of(self, text: &str) -> Refusal {
        let Self { message, hint, at } = self;
        Refusal { message, hint, text: text.to_owned(), at }
    }
}

/// Characters of a filter that are shown at most.
const SHOWN: usize = 68;

impl fmt::Display for Refusal {
    /// What is wrong, the filter, and a caret under the place. Of a long filter only what is near the place.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One column a character, so that the caret finds its place.
        let plain = |text: &str| -> Vec<char> { text.chars().map(|c| if c.is_control() { '?' } else { c }).collect() };
        let before = plain(self.text.get(..self.at.start).unwrap_or(&self.text));
        let marked = self.text.get(self.at.clone()).unwrap_or_default().chars().count().max(1);
        let all = plain(&self.text);
        let from = if all.len() <= SHOWN { 0 } else { before.len().saturating_sub(SHOWN / 2) };
        let to = all.len().min(from + SHOWN);
        let (cut_before, cut_after) = (if from > 0 { "..." } else { "" }, if to < all.len() { "..." } else { "" });
        let shown: String = all.get(from..to).unwrap_or_default().iter().collect();
        let column = cut_before.len() + before.len() - from;
        let width = marked.min(to.saturating_sub(before.len())).max(1);
        writeln!(f, "filter: {}", self.message)?;
        writeln!(f, "    {cut_before}{shown}{cut_after}")?;
        write!(f, "    {:column$}{}", "", "^".repeat(width))
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let error = Self::new(Kind::Usage, refusal.to_string());
        match refusal.hint {
            Some(hint) => error.hint(hint),
            None => error.hint(
                "the language is tcpdump's: man pcap-filter, or https://www.tcpdump.org/manpages/pcap-filter.7.html",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_the_place() {
        let refusal = Fault::new(10..13, "what?").of("tcp port \tabc or");
        let text = refusal.to_string();
        assert_eq!(text, "filter: what?\n    tcp port ?abc or\n              ^^^");
        let end = Fault::new(16..16, "more").of("tcp port \tabc or").to_string();
        assert!(end.ends_with(&format!("\n    {:16}^", "")), "{end}");
    }

    #[test]
    fn of_a_long_filter_the_place_is_shown() {
        let text = "tcp or ".repeat(100);
        for at in [0, 7, 350, 693, 700] {
            let lines: Vec<String> =
                Fault::new(at..at + 3, "what?").of(&text).to_string().lines().map(str::to_owned).collect();
            assert!(lines.iter().all(|line| line.len() < 80), "{lines:#?}");
            let column = lines[2].find('^').expect("a caret");
            let under = lines[1].get(column..column + 3).unwrap_or_default();
            assert_eq!(under, if at < 700 { "tcp" } else { "" }, "{lines:#?}");
        }
    }
}
