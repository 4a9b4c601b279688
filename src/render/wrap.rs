//! Lines of bounded width.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns that `text` takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// `text` in lines of at most `first` columns, then `rest`. Breaks at single spaces, and inside a word only where the
/// word alone is too long; runs of spaces inside a line stay, because Info lines align with them.
pub(super) fn lines(text: &str, first: usize, rest: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut line, mut used) = (String::new(), 0);
    for (position, word) in text.split(' ').enumerate() {
        let room = |lines: &Vec<String>| if lines.is_empty() { first } else { rest }.max(1);
        let space = usize::from(position > 0);
        if position > 0 && used + space + width(word) > room(&lines) && !line.trim().is_empty() {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
            used = 0;
        } else if position > 0 && (lines.is_empty() || !line.is_empty()) {
            line.push(' ');
            used += 1;
        }
        for character in word.chars() {
            let columns = character.width().unwrap_or(1);
            if used + columns > room(&lines) && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push(character);
            used += columns;
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
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
