//! Lines of bounded width.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns that `text` takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// `text` in lines of at most `first` columns, then `rest`. Breaks at single spaces, and inside a word only where the
/// word alone is too long; runs of spaces inside a line stay, because Info lines align with them.
pub(super) fn lines(text: &str, first: usize, rest: usize) -> Vec<String> {
    pieces(text.as_bytes(), first, rest).map(|line| String::from_utf8_lossy(line).into_owned()).collect()
}

/// The same as pieces of `text`, which is UTF-8: nothing is copied.
pub(super) fn pieces(text: &[u8], first: usize, rest: usize) -> Pieces<'_> {
    Pieces { text: Some(text), room: first, rest }
}

/// The lines of a text, one after the other.
pub(super) struct Pieces<'t> {
    text: Option<&'t [u8]>,
    room: usize,
    rest: usize,
}

impl<'t> Iterator for Pieces<'t> {
    type Item = &'t [u8];

    #[inline]
    fn next(&mut self) -> Option<&'t [u8]> {
        let text = self.text.take()?;
        let room = std::mem::replace(&mut self.room, self.rest).max(1);
        // No character takes more columns than bytes.
        if text.len() <= room { Some(text) } else { Some(self.next_of(text, room)) }
    }
}

impl<'t> Pieces<'t> {
    fn next_of(&mut self, text: &'t [u8], room: usize) -> &'t [u8] {
        let Some(over) = first_beyond(text, room) else { return text };
        let (line, after) = text.split_at(cut(text, over));
        let spaces = after.iter().take_while(|&&byte| byte == b' ').count();
        self.text = Some(&after[spaces..]).filter(|after| !after.is_empty());
        trim_end(line)
    }
}

/// Where the first character lies that does not fit `room` columns; `None` when all fit.
fn first_beyond(text: &[u8], mut room: usize) -> Option<usize> {
    const ARROW: &[u8] = "→".as_bytes();
    let mut at = 0;
    loop {
        // No character takes more columns than bytes.
        let rest = text.get(at..).filter(|rest| rest.len() > room)?;
        let ascii = ascii(rest);
        if ascii > room {
            return Some(at + room);
        }
        (at, room) = (at + ascii, room - ascii);
        if room > 0 && rest[ascii..].starts_with(ARROW) {
            (at, room) = (at + ARROW.len(), room - 1);
            continue;
        }
        let rest = std::str::from_utf8(text.get(at..)?).ok()?;
        let mut used = 0;
        return rest.char_indices().find_map(|(offset, character)| {
            used += if character.is_ascii() { 1 } else { character.width().unwrap_or(1) };
            (used > room).then_some(at + offset)
        });
    }
}

/// How many ASCII characters `text` begins with.
fn ascii(text: &[u8]) -> usize {
    let (words, _) = text.as_chunks::<8>();
    let whole = words.iter().take_while(|word| u64::from_ne_bytes(**word) & 0x8080_8080_8080_8080 == 0).count() * 8;
    whole + text[whole..].iter().take_while(|byte| byte.is_ascii()).count()
}

/// Where a line ends, of which the character at `over` has no place any more.
fn cut(text: &[u8], over: usize) -> usize {
    let breaks = if text[over] == b' ' { Some(over) } else { text[..over].iter().rposition(|&byte| byte == b' ') };
    match breaks.filter(|&space| !trim_end(&text[..space]).is_empty()) {
        Some(space) => space,
        None if over > 0 => over,
        // A character that is wider than a line still needs one.
        None => text[1..].iter().position(|byte| byte & 0xc0 != 0x80).map_or(text.len(), |next| next + 1),
    }
}

fn trim_end(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|&byte| byte != b' ').map_or(0, |last| last + 1);
    &line[..end]
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
