//! Text that came from the network, made safe to look at.
//!
//! A name in a packet may hold terminal escape sequences, line breaks, characters that reverse the direction of
//! writing or that cannot be seen. Each of those is shown as what it is, and the length is bounded.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar;

use super::theme::Glyphs;

/// Bytes that a processor compares at once.
const LANES: usize = 16;

/// Most characters of one piece of text that are shown, before escaping.
pub const MOST: usize = 2048;

/// A line of text: nothing in it moves the cursor, hides, or turns the direction of writing. What ASCII lacks is
/// replaced where `glyphs` asks for ASCII. Borrows where nothing had to change.
#[must_use]
pub fn line(text: &str, glyphs: Glyphs) -> Cow<'_, str> {
    escape(text, glyphs, false)
}

/// Text out of a packet: as [`line()`], but with each backslash doubled, so that an escape cannot be forged.
#[must_use]
pub fn value(text: &str, glyphs: Glyphs) -> Cow<'_, str> {
    escape(text, glyphs, true)
}

fn escape(text: &str, glyphs: Glyphs, backslash: bool) -> Cow<'_, str> {
    let harmless = |c: char| match c {
        '\\' => !backslash,
        ' '..='~' => true,
        _ => glyphs == Glyphs::Unicode && seen(c),
    };
    if text.len() <= MOST && text.chars().all(harmless) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len().min(MOST) + 16);
    for (position, character) in text.chars().enumerate() {
        if position == MOST {
            safe.push_str(if glyphs == Glyphs::Unicode { "…" } else { "..." });
            break;
        }
        match Glyphs::plain(character) {
            _ if harmless(character) => safe.push(character),
            Some(plain) => safe.push_str(plain),
            None if character == '\\' => safe.push_str("\\\\"),
            None => push(&mut safe, character),
        }
    }
    Cow::Owned(safe)
}

/// Whether a byte stands for itself wherever text is written.
fn is_plain(byte: u8) -> bool {
    byte.wrapping_sub(b' ') <= b'~' - b' '
}

/// The same in JSON.
fn is_plain_in_json(byte: u8) -> bool {
    is_plain(byte) && byte != b'"' && byte != b'\\'
}

/// Cuts `text` behind the last of the plain bytes, all of them ASCII, that it begins with.
fn run(text: &str, plain: impl Fn(u8) -> bool) -> (&str, &str) {
    // Many at a time, as processors can: nearly all text is plain.
    let odd = |chunk: &[u8; LANES]| chunk.iter().fold(0, |odd, &byte| odd | u8::from(!plain(byte))) != 0;
    let bytes = text.as_bytes();
    let (chunks, rest) = bytes.as_chunks();
    let whole = chunks.iter().position(odd).map_or_else(
        // What is left is looked at with some that were seen already.
        || bytes.last_chunk().filter(|last| !odd(last)).map_or(bytes.len() - rest.len(), |_| bytes.len()),
        |chunk| chunk * LANES,
    );
    let end = bytes[whole..].iter().position(|&byte| !plain(byte)).map_or(bytes.len(), |rest| whole + rest);
    text.split_at(end)
}

/// Appends `text` as [`line()`] shows it.
pub(super) fn append(out: &mut Vec<u8>, text: &str, glyphs: Glyphs) {
    if text.len() > MOST {
        out.extend_from_slice(line(text, glyphs).as_bytes());
        return;
    }
    let mut rest = text;
    loop {
        let (before, after) = run(rest, is_plain);
        out.extend_from_slice(before.as_bytes());
        let Some(character) = after.chars().next() else { return };
        let (this, behind) = after.split_at(character.len_utf8());
        match this {
            "→" if glyphs == Glyphs::Unicode => out.extend_from_slice(this.as_bytes()),
            "→" => out.extend_from_slice(b"->"),
            _ => out.extend_from_slice(line(this, glyphs).as_bytes()),
        }
        rest = behind;
    }
}

/// The inside of a JSON string: also what JSON itself allows is escaped where a terminal would act on it.
pub fn json(out: &mut Vec<u8>, text: &str) {
    let mut rest = text;
    loop {
        let (before, after) = run(rest, is_plain_in_json);
        out.extend_from_slice(before.as_bytes());
        let Some(character) = after.chars().next() else { return };
        rest = &after[character.len_utf8()..];
        match character {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '→' | '§' => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
            _ if seen(character) => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    let digit = |shift: u16| b"0123456789abcdef"[usize::from(*unit >> shift & 15)];
                    out.extend_from_slice(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
                }
            }
        }
    }
}

/// The same for text that is put together while it is written.
pub fn json_pieces(out: &mut Vec<u8>, text: impl std::fmt::Display) {
    struct Json<'a>(&'a mut Vec<u8>);
    impl std::fmt::Write for Json<'_> {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            json(self.0, text);
            Ok(())
        }
    }
    // Escaping never fails.
    let _ = write!(Json(out), "{text}");
}

/// Whether a character has a place on the screen of its own. Control characters, the bidirectional controls, joiners,
/// combining marks and every other invisible character have none.
fn seen(character: char) -> bool {
    character.width().is_some_and(|width| width > 0) && !matches!(character, '\u{ad}' | '\u{2028}' | '\u{2029}')
}

fn push(out: &mut String, character: char) {
    let _ = match u32::from(character) {
        code @ 0..=0xff => write!(out, "\\x{code:02x}"),
        code => write!(out, "\\u{{{code:x}}}"),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_is_borrowed() {
        assert!(matches!(line("Who has 192.168.11.1?", Glyphs::Ascii), Cow::Borrowed(_)));
        assert!(matches!(line("53451 → 80 [SYN]", Glyphs::Unicode), Cow::Borrowed(_)));
    }

    #[test]
    fn hostile_text_shows_what_it_is() {
        let cases = [
            ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
            ("two\r\nlines", "two\\x0d\\x0alines"),
            ("a\tb\0c\x7f", "a\\x09b\\x00c\\x7f"),
            ("\u{9b}2J", "\\x9b2J"),
            ("user\u{202e}gpj.exe", "user\\u{202e}gpj.exe"),
            ("\u{2066}x\u{2069}\u{200b}\u{feff}", "\\u{2066}x\\u{2069}\\u{200b}\\u{feff}"),
            ("e\u{301}\u{301}", "e\\u{301}\\u{301}"),
            ("\u{2028}\u{2029}\u{ad}", "\\u{2028}\\u{2029}\\xad"),
            ("\u{e0041}", "\\u{e0041}"),
        ];
        for (hostile, shown) in cases {
            assert_eq!(line(hostile, Glyphs::Unicode), shown);
            assert_eq!(line(hostile, Glyphs::Ascii), shown);
        }
    }

    #[test]
    fn ascii_has_its_own_way_of_writing() {
        assert_eq!(line("53451 → 80 … 2 µs, RFC 791 §3.1", Glyphs::Ascii), "53451 -> 80 ... 2 us, RFC 791 sec. 3.1");
        assert_eq!(line("日本", Glyphs::Ascii), "\\u{65e5}\\u{672c}");
        assert_eq!(line("日本", Glyphs::Unicode), "日本");
    }

    #[test]
    fn an_escape_cannot_be_forged() {
        assert_eq!(value("\\x1b", Glyphs::Ascii), "\\\\x1b");
        assert_eq!(value("\x1b", Glyphs::Ascii), "\\x1b");
    }

    #[test]
    fn length_is_bounded() {
        let long = "x".repeat(100_000);
        assert_eq!(line(&long, Glyphs::Unicode).chars().count(), MOST + 1);
        let worst = "\u{e0041}".repeat(100_000);
        assert!(line(&worst, Glyphs::Ascii).len() <= MOST * 9 + 3);
    }

    #[test]
    fn appended_it_is_the_same() {
        let texts = ["", "53451 → 80", "\x1b[31m→\r\n\u{202e}日本 \\ … e\u{301}", &"→x\x07".repeat(MOST)];
        for (text, glyphs) in texts.into_iter().flat_map(|text| [(text, Glyphs::Ascii), (text, Glyphs::Unicode)]) {
            let mut out = Vec::new();
            append(&mut out, text, glyphs);
            assert_eq!(String::from_utf8(out).expect("text"), line(text, glyphs));
        }
    }

    #[test]
    fn every_character_of_the_bmp_is_seen_or_escaped() {
        for character in (0..=0xffff).filter_map(char::from_u32) {
            let text = character.to_string();
            let ascii = line(&text, Glyphs::Ascii);
            assert!(ascii.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{character:?} → {ascii:?}");
            let unicode = line(&text, Glyphs::Unicode);
            assert!(!unicode.chars().any(char::is_control), "{character:?}");
        }
    }

    #[test]
    fn json_strings_are_read_back_as_they_were() {
        let text: String = (0..0x3000).filter_map(char::from_u32).chain(['\u{1f600}', '\u{e0041}']).collect();
        let mut out = vec![b'"'];
        json(&mut out, &text);
        out.push(b'"');
        assert_eq!(serde_json::from_slice::<String>(&out).expect("valid"), text);
        assert!(!out.iter().any(u8::is_ascii_control));
    }
}
