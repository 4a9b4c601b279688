//! Bytes as people compare them: sixteen a line, with some of them marked.

use std::fmt::Write as _;
use std::io;
use std::ops::Range;

use super::theme::{Look, Paint};

const ROW: usize = 16;

/// Lines with marked bytes that are shown; the rest of a long payload is counted.
const MOST_ROWS: usize = 16;

/// Writes those lines of `bytes` that hold bytes of `marked`, each marked stretch between brackets: the marking does
/// not rely on colour.
pub(super) fn marked(out: &mut dyn io::Write, look: Look, bytes: &[u8], marked: &Range<usize>) -> io::Result<()> {
    let end = marked.end.min(bytes.len());
    if marked.start >= end {
        return Ok(());
    }
    let rows = marked.start / ROW..end.div_ceil(ROW);
    let shown = rows.len().min(MOST_ROWS);
    for row in rows.clone().take(shown) {
        let line = line(look, bytes, row * ROW, &(marked.start..end));
        writeln!(out, "{}", line.trim_end())?;
    }
    let rest = end.saturating_sub((rows.start + shown) * ROW);
    if rest > 0 {
        writeln!(out, "  {}", look.paint(Paint::Aside, format!("(and {rest} bytes more)")))?;
    }
    Ok(())
}

fn line(look: Look, bytes: &[u8], start: usize, marked: &Range<usize>) -> String {
    let inside = |at: usize| marked.contains(&at) && at >= start && at < start + ROW;
    let mut line = format!("  {start:04x} ");
    for at in start..start + ROW {
        // The separator before a byte closes the stretch before it or opens the one that it begins.
        let before = at > start && inside(at - 1);
        line.push(match (before, inside(at)) {
            (false, true) => '[',
            (true, false) => ']',
            _ => ' ',
        });
        match bytes.get(at) {
            Some(byte) if inside(at) => {
                let _ = write!(line, "{}", look.paint(Paint::Marked, format_args!("{byte:02x}")));
            }
            Some(byte) => {
                let _ = write!(line, "{byte:02x}");
            }
            None => line.push_str("  "),
        }
    }
    line.push(if inside(start + ROW - 1) { ']' } else { ' ' });
    line.push(' ');
    for &byte in bytes.iter().skip(start).take(ROW) {
        line.push(if byte == b' ' || byte.is_ascii_graphic() { char::from(byte) } else { '.' });
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dump(look: Look, bytes: &[u8], range: Range<usize>) -> String {
        let mut out = Vec::new();
        marked(&mut out, look, bytes, &range).expect("a vector takes everything");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn brackets_mark_the_stretch() {
        let bytes: Vec<u8> = (0x40..0x66).collect();
        let text = dump(Look::default(), &bytes, 14..34);
        assert_eq!(
            text,
            "  0000  40 41 42 43 44 45 46 47 48 49 4a 4b 4c 4d[4e 4f] @ABCDEFGHIJKLMNO\n  \
               0010 [50 51 52 53 54 55 56 57 58 59 5a 5b 5c 5d 5e 5f] PQRSTUVWXYZ[\\]^_\n  \
               0020 [60 61]62 63 64 65                                `abcde\n"
        );
    }

    #[test]
    fn colour_only_adds_to_the_brackets() {
        let bytes: Vec<u8> = (0..40).collect();
        let colored = dump(Look { color: true, ..Look::default() }, &bytes, 3..20);
        let plain = anstream::adapter::strip_str(&colored).to_string();
        assert_ne!(colored, plain);
        assert_eq!(plain, dump(Look::default(), &bytes, 3..20));
    }

    #[test]
    fn only_the_lines_concerned_and_no_more_than_some() {
        let bytes = vec![0; 2000];
        assert_eq!(dump(Look::default(), &bytes, 33..34).lines().count(), 1);
        let long = dump(Look::default(), &bytes, 42..2000);
        assert_eq!(long.lines().count(), MOST_ROWS + 1);
        assert!(long.ends_with("(and 1712 bytes more)\n"), "{long}");
        assert_eq!(dump(Look::default(), &bytes, 3000..4000), "");
        assert_eq!(dump(Look::default(), &bytes, 5..5), "");
    }
}
