//! What the other end of a connection said: an HTTP response by its parts, anything else as text.

use std::io;

use super::theme::{Look, Paint};
use super::{escape, wrap};

/// Lines of header or text shown at most.
const LINES: usize = 24;
/// Where the lines begin.
const INDENT: usize = 2;

/// Writes the beginning of what was said. `bytes` holds the first of `total` bytes.
///
/// # Errors
/// Those of `out`.
pub fn write(out: &mut dyn io::Write, look: Look, bytes: &[u8], total: u64) -> io::Result<()> {
    if total == 0 {
        return Ok(());
    }
    let head = head_of_response(bytes);
    let (shown, body) = match head {
        Some(end) => (&bytes[..end], Some(total.saturating_sub(end as u64))),
        None => (bytes, None),
    };
    let text = String::from_utf8_lossy(shown);
    let mut lines = text.lines();
    let room = look.width.saturating_sub(INDENT);
    for (number, line) in lines.by_ref().take(LINES).enumerate() {
        let paint = if number == 0 && body.is_some() { Paint::Title } else { Paint::Aside };
        for part in wrap::lines(&escape::line(line, look.glyphs), room, room) {
            if part.is_empty() { writeln!(out)? } else { writeln!(out, "{:INDENT$}{}", "", look.paint(paint, part))? }
        }
    }
    if lines.next().is_some() {
        writeln!(out, "{:INDENT$}...", "")?;
    }
    match body {
        Some(1) => writeln!(out, "{:INDENT$}and 1 byte of body", "")?,
        Some(many) => writeln!(out, "{:INDENT$}and {many} bytes of body", "")?,
        None => {}
    }
    Ok(())
}

/// Where the body of an HTTP response begins (RFC 9112 §2.1: after the first empty line).
fn head_of_response(bytes: &[u8]) -> Option<usize> {
    if !bytes.starts_with(b"HTTP/1.") {
        return None;
    }
    bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|end| end + 4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::printed;

    fn said(bytes: &[u8]) -> String {
        printed(|out| write(out, Look::default(), bytes, bytes.len() as u64))
    }

    #[test]
    fn a_response_is_shown_by_its_parts() {
        let text = said(b"HTTP/1.1 200 OK\r\nServer: nginx\r\n\r\n<html>");
        assert_eq!(text, "  HTTP/1.1 200 OK\n  Server: nginx\n\n  and 6 bytes of body\n");
    }

    #[test]
    fn anything_else_is_text_and_cannot_act_on_the_terminal() {
        assert_eq!(said(b"SSH-2.0-x\r\n"), "  SSH-2.0-x\n");
        assert!(!said(b"\x1b[2J\x07\xff").contains('\x1b'));
        assert_eq!(said(&b"line\n".repeat(100)).lines().count(), LINES + 1);
        assert_eq!(said(b""), "");
    }
}
