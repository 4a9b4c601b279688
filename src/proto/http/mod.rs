//! HTTP/1: a client asks for something by its path, a server answers, in lines of text (RFC 9110, RFC 9112).
//!
//! A message lies in a stream: [`Search`] tells where it ends, and only a whole message is handed to the dissector.

mod extent;
mod fields;
mod head;
mod names;
mod walking;

use std::fmt::{self, Write as _};

pub use extent::{Context, Search};
use fields::FIELDS;
use head::{Head, Kind, Line, Stray, first_line};
use names::{JSON, PICTURES, SHORTEST_PICTURE, UNNAMED};
use walking::walk;
pub(crate) use walking::walk_first_line;

use super::Protocol;
use super::reading::{Binding, Found, Input, broken, printable};
use crate::model::{Header, LayerView};

/// The table of a message.
pub static HEADER: Header = Header {
    name: "http",
    title: "Hypertext Transfer Protocol",
    source: "RFC 9112",
    fields: &FIELDS,
    walk,
    info: Some(info),
};

/// The same for a message without its beginning, as long as there was no other in the conversation: then Wireshark keeps
/// what the layer below says in the Info column.
pub static HEADLESS: Header = Header {
    name: "http",
    title: "Hypertext Transfer Protocol",
    source: "RFC 9112",
    fields: &FIELDS,
    walk,
    info: None,
};

/// As the registry knows them.
pub static PROTOCOL: Protocol = Protocol { header: &HEADER, dissect };
pub(super) static HEADLESS_PROTOCOL: Protocol = Protocol { header: &HEADLESS, dissect };

/// The port of servers.
pub const PORT: u16 = 80;
/// Ports where Wireshark expects HTTP.
pub const PORTS: [u16; 10] = [PORT, 1900, 2710, 2869, 3128, 3132, 5985, 8080, 8088, 11371];

/// What a message is for whoever pairs requests and answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Http {
    /// A request.
    Request {
        /// Its answer has no body (HEAD).
        bodiless: bool,
        /// It asks for a tunnel (CONNECT).
        tunnel: bool,
    },
    /// An answer.
    Response {
        /// Its status code; 0 where the line has none.
        code: u16,
    },
    /// Anything else.
    Other,
}

impl Http {
    /// The message in `bytes`, by its first line.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Self {
        let Some((line, kind)) = first_line(bytes) else { return Self::Other };
        match kind {
            Kind::Request => {
                let line = line.text(bytes);
                Self::Request { bodiless: line.starts_with(b"HEAD "), tunnel: line.starts_with(b"CONNECT ") }
            }
            Kind::Response(code) => Self::Response { code },
            Kind::Notification => Self::Other,
        }
    }
}

/// Whether bytes on any port look like HTTP, by Wireshark's rule: a first line that begins or ends with its version.
#[must_use]
pub fn is_likely(bytes: &[u8]) -> bool {
    let Some(line) = Line::whole(bytes, 0).map(|line| line.text(bytes)) else { return false };
    let version = |at: usize| line.get(at..at + 7).is_some_and(|part| part.eq_ignore_ascii_case(b"HTTP/1."));
    line.len() != 8 && (version(0) || line.len().checked_sub(8).is_some_and(version))
}

/// Writes the first line of a message for the Info column, with the blank that Wireshark puts behind it.
///
/// # Errors
/// None: a string takes everything.
pub fn write_first_line(bytes: &[u8], out: &mut String) -> fmt::Result {
    let start = if bytes.len() > 3 && bytes.starts_with(b"\r\n") { 2 } else { 0 };
    printable(Line::last(bytes, start).map_or(&[], |line| line.text(bytes)), out)?;
    out.write_char(' ')
}

fn dissect(input: &Input<'_>) -> Found {
    let head = Head::read(input.bytes);
    let end = head.as_ref().map_or_else(|| Stray::read(input.bytes).end, |head| head.end);
    let is_text = matches!(input.bytes.first(), Some(b' '..=b'~' | b'\r'));
    if input.bytes.len() < input.reported && is_text {
        let cut = Found::truncated(input, input.bytes.len() + 1, None);
        return Found { length: end, payload: input.reported - end, ..cut };
    }
    let Some(head) = head else { return Found::new(input, end, Some(Binding::Data)) };
    let plain = !head.chunked && head.body() > 0 && content(&head) == Content::Plain;
    Found::new(input, head.end, plain.then_some(Binding::Data))
}

/// What Wireshark makes of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content<'m> {
    /// Bytes of which nothing is known.
    Plain,
    /// Read by a dissector that leaves no trace in the Info column.
    Silent,
    /// Named by its type.
    Named(&'m [u8]),
    /// A picture.
    Picture(&'static str),
    /// JSON.
    Json(&'m [u8]),
}

fn content<'m>(head: &Head<'m>) -> Content<'m> {
    let Some(kind) = head.media_type() else { return Content::Plain };
    let is = |name: &&str| kind.eq_ignore_ascii_case(name.as_bytes());
    let body = head.bytes.get(head.end..).unwrap_or(&[]);
    let shows = |start: &[u8]| body.starts_with(start) && body.len() >= SHORTEST_PICTURE;
    let picture = PICTURES.iter().find(|(name, start, _)| is(name) && shows(start));
    match picture {
        Some((.., name)) => Content::Picture(name),
        None if kind.eq_ignore_ascii_case(b"application/octet-stream") => Content::Plain,
        None if JSON.iter().any(is) => Content::Json(kind),
        None if UNNAMED.iter().any(is) => Content::Silent,
        None if kind.get(..10).is_some_and(|start| start.eq_ignore_ascii_case(b"multipart/")) => Content::Silent,
        None => Content::Named(kind),
    }
}

/// The messages of one packet stand one after the other in the Info column.
fn info(view: LayerView<'_, '_>, out: &mut String) -> fmt::Result {
    let all = view.packet.views().take(view.index + 1).filter(|one| one.is(&HEADER) && !one.layer().quoted);
    all.into_iter().try_for_each(|one| message_info(one, out))?;
    out.write_str(broken(view).unwrap_or_default())
}

fn message_info(view: LayerView<'_, '_>, out: &mut String) -> fmt::Result {
    let layer = view.layer();
    let whole = view.packet.frame.bytes.get(layer.offset..layer.offset + layer.length + layer.payload);
    let bytes = whole.unwrap_or(&[]);
    // Nothing but a head, of which the first line is said.
    if layer.payload == 0 && first_line(bytes).is_some() {
        return write_first_line(bytes, out);
    }
    let Some(head) = Head::read(bytes) else { return out.write_str("Continuation") };
    write_first_line(bytes, out)?;
    if head.body() == 0 || head.chunked && walking::is_empty(&head) {
        return Ok(());
    }
    let lower = |kind: &[u8], out: &mut String| printable(&kind.to_ascii_lowercase(), out);
    match content(&head) {
        Content::Plain | Content::Silent => Ok(()),
        Content::Picture(name) => write!(out, " ({name})"),
        Content::Named(kind) => {
            out.write_str(" (")?;
            lower(kind, out)?;
            out.write_char(')')
        }
        Content::Json(kind) => {
            out.write_str(", JavaScript Object Notation (")?;
            lower(kind, out)?;
            out.write_char(')')
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_is_known_by_its_first_line() {
        for likely in [&b"GET / HTTP/1.1\r\n"[..], b"http/1.0 200 OK\r\n", b"BREW / HTTP/1.0\n"] {
            assert!(is_likely(likely), "{likely:?}");
        }
        for other in [&b"GET / HTTP/1.1"[..], b"HTTP/1.1\r\n", b"GET /\r\n", b"", b"\r\n"] {
            assert!(!is_likely(other), "{other:?}");
        }
    }

    #[test]
    fn what_pairs_messages_is_read_from_their_first_line() {
        assert_eq!(Http::read(b"HEAD / HTTP/1.1\r\n\r\n"), Http::Request { bodiless: true, tunnel: false });
        assert_eq!(Http::read(b"CONNECT a:1 HTTP/1.1\r\n\r\n"), Http::Request { bodiless: false, tunnel: true });
        assert_eq!(Http::read(b"HTTP/1.1 404 Not Found\r\n\r\n"), Http::Response { code: 404 });
        assert_eq!(Http::read(b"HTTP/1.1 x\r\n\r\n"), Http::Response { code: 0 });
        assert_eq!(Http::read(b"\x00\x01"), Http::Other);
    }
}
