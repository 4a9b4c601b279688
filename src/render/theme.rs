//! How output looks: colours, and which characters the terminal can show.

use std::fmt;

use anstyle::{AnsiColor, Style};

use crate::model::{Claim, Direction};

/// The characters that output may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Glyphs {
    /// Arrows, ellipses and whatever else is in the text.
    Unicode,
    /// The 95 printable characters of ASCII only.
    #[default]
    Ascii,
}

/// How output looks; chosen once by the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Whether escape sequences for colour are written.
    pub color: bool,
    /// The characters it may use.
    pub glyphs: Glyphs,
    /// Columns of a line.
    pub width: usize,
}

/// What a piece of text is, as far as colours tell things apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paint {
    Title,
    Sentence,
    Marked,
    Measure,
    Out,
    In,
    Aside,
    Claim(Claim),
}

impl Default for Look {
    fn default() -> Self {
        Self { color: false, glyphs: Glyphs::Ascii, width: 80 }
    }
}

impl Glyphs {
    /// What the locale can show: the first of `LC_ALL`, `LC_CTYPE` and `LANG` that is set and not empty decides.
    #[must_use]
    pub fn of_locale<'a>(variables: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        let locale = variables.into_iter().flatten().find(|value| !value.is_empty()).unwrap_or("C");
        let codeset = locale.split_once('.').map_or("", |(_, codeset)| codeset).to_ascii_lowercase();
        if codeset.starts_with("utf-8") || codeset.starts_with("utf8") { Self::Unicode } else { Self::Ascii }
    }

    /// How ASCII writes a character of netlab's own that it lacks.
    pub(super) fn plain(character: char) -> Option<&'static str> {
        const PLAIN: [(char, &str); 9] = [
            ('→', "->"),
            ('←', "<-"),
            ('…', "..."),
            ('µ', "u"),
            ('×', "x"),
            ('·', "-"),
            ('§', "sec. "),
            ('–', "-"),
            ('\u{2019}', "'"),
        ];
        PLAIN.iter().find(|(unicode, _)| *unicode == character).map(|(_, ascii)| *ascii)
    }

    /// One column that says which way a frame went.
    pub(super) fn arrow(self, direction: Option<Direction>) -> char {
        match (direction, self) {
            (Some(Direction::Out), Self::Unicode) => '→',
            (Some(Direction::Out), Self::Ascii) => '>',
            (Some(Direction::In), Self::Unicode) => '←',
            (Some(Direction::In), Self::Ascii) => '<',
            (Some(Direction::Other), Self::Unicode) => '·',
            (Some(Direction::Other), Self::Ascii) => '.',
            (None, _) => ' ',
        }
    }
}

impl Look {
    /// `text` in the colour of `paint`, or as it is.
    pub(super) fn paint<T: fmt::Display>(self, paint: Paint, text: T) -> Painted<T> {
        Painted { style: if self.color { paint.style() } else { Style::new() }, text }
    }
}

/// What `write` appends, in the colour of `paint`.
pub(super) fn paint(out: &mut Vec<u8>, look: Look, paint: Paint, write: impl FnOnce(&mut Vec<u8>)) {
    use std::io::Write as _;
    if !look.color {
        return write(out);
    }
    let style = paint.style();
    // Writing to a vector does not fail.
    let _ = write!(out, "{style}");
    write(out);
    let _ = write!(out, "{style:#}");
}

impl Paint {
    fn style(self) -> Style {
        let color = |color: AnsiColor| Style::new().fg_color(Some(color.into()));
        match self {
            Self::Title => Style::new().bold(),
            Self::Sentence | Self::Claim(Claim::Fact) => color(AnsiColor::Green),
            Self::Marked => color(AnsiColor::Yellow).bold(),
            Self::Measure | Self::In => color(AnsiColor::Cyan),
            Self::Out => color(AnsiColor::Blue),
            Self::Aside => Style::new().dimmed(),
            Self::Claim(Claim::Guess) => color(AnsiColor::Yellow),
            Self::Claim(Claim::Blind) => color(AnsiColor::Magenta),
        }
    }
}

/// Text with its colour around it.
pub(super) struct Painted<T> {
    style: Style,
    text: T,
}

impl<T: fmt::Display> fmt::Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{:#}", self.style, self.text, self.style)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_decides_the_glyphs() {
        let of = |all, ctype, lang| Glyphs::of_locale([all, ctype, lang]);
        assert_eq!(of(None, None, Some("en_US.UTF-8")), Glyphs::Unicode);
        assert_eq!(of(Some("C"), None, Some("en_US.UTF-8")), Glyphs::Ascii);
        assert_eq!(of(Some(""), Some("de_DE.utf8@euro"), None), Glyphs::Unicode);
        assert_eq!(of(None, None, Some("ja_JP.eucJP")), Glyphs::Ascii);
        assert_eq!(of(None, None, None), Glyphs::Ascii);
    }

    #[test]
    fn without_colour_no_escape_sequence_is_written() {
        let look = Look::default();
        assert_eq!(look.paint(Paint::Marked, "x").to_string(), "x");
        let colored = Look { color: true, ..look }.paint(Paint::Marked, "x").to_string();
        assert!(colored.starts_with('\u{1b}') && colored.ends_with("\u{1b}[0m"), "{colored:?}");
    }
}
