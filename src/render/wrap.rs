//! Lines of bounded width.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns that `text` takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// `text` in lines of at most `first` columns, then `rest`. Breaks at single spaces, and inside a word only where the
/// word alone is too long; runs of spaces inside a line stay, because Info lines align with them.
pub(super) fn lines(text: &str, first: usize, rest: usize) -> Vec<String> {
    pieces(text, first, rest).map(str::to_owned).collect()
}

/// The same as pieces of `text`: nothing is copied.
pub(super) fn pieces(text: &str, first: usize, rest: usize) -> Pieces<'_> {
    Pieces { text: Some(text), room: first, rest }
}

/// The lines of a text, one after the other.
pub(super) struct Pieces<'t> {
    text: Option<&'t str>,
    room: usize,
    rest: usize,
}

impl<'t> Iterator for Pieces<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        let text = self.text.take()?;
        let room = std::mem::replace(&mut self.room, self.rest).max(1);
        // No character takes more columns than bytes.
        if text.len() <= room {
            return Some(text);
        }
        let Some((line, after)) = cut(text, room) else { return Some(text) };
        let after = after.trim_start_matches(' ');
        self.text = (!after.is_empty()).then_some(after);
        Some(line)
    }
}

/// The first line of `text` and what comes after it, where it takes more than `room` columns.
fn cut(text: &str, room: usize) -> Option<(&str, &str)> {
    let (mut used, mut blank, mut space) = (0, true, None);
    for (at, character) in text.char_indices() {
        let columns = if character.is_ascii() { 1 } else { character.width().unwrap_or(1) };
        if used + columns > room {
            let end = if character == ' ' && !blank { at } else { space.unwrap_or(at) };
            // A character that is wider than a line still needs one.
            let end = if end == 0 { at + character.len_utf8() } else { end };
            return Some((text[..end].trim_end_matches(' '), &text[end..]));
        }
        match character {
            ' ' if !blank => space = Some(at),
            ' ' => {}
            _ => blank = false,
        }
        used += columns;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words() {
        assert_eq!(lines("one two three", 7, 7), ["one two", "three"]);
        assert_eq!(lines("one two three", 3, 9), ["one", "two three"]);
        assert_eq!(lines("one", 80, 80), ["one"]);
        assert_eq!(lines("", 80, 80), [""]);
    }

    #[test]
    fn spaces_inside_stay_and_long_words_are_cut() {
        assert_eq!(lines("request  id=1", 80, 80), ["request  id=1"]);
        assert_eq!(lines("abcdefghij k", 4, 4), ["abcd", "efgh", "ij k"]);
        assert_eq!(lines("日本語日本語", 4, 4), ["日本", "語日", "本語"]);
    }

    #[test]
    fn no_line_is_wider_than_asked() {
        let text = "a bb ccc  dddd eeeee ffffff ggggggg hhhhhhhh 日本語 ".repeat(9);
        for columns in 2..60 {
            for line in lines(&text, columns, columns) {
                assert!(width(&line) <= columns, "{columns}: {line:?}");
            }
        }
    }
}
