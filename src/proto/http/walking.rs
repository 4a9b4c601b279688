//! The fields of a message, line after line.

use std::fmt;

use super::fields::FIELDS;
use super::head::{Chunks, Head, HeaderLine, Kind, Line, first_line, stray_headers, word};
use super::names::{CODES, HEADERS};
use super::{Content, content};
use crate::model::{Bits, Composed, Field, LayerView, Value, Visitor};
use crate::proto::reading::row;
use crate::proto::{data, numbers};

const METHOD: usize = row(&FIELDS, "http.request.method");
const URI: usize = row(&FIELDS, "http.request.uri");
const PATH: usize = row(&FIELDS, "http.request.uri.path");
const QUERY: usize = row(&FIELDS, "http.request.uri.query");
const PARAMETER: usize = row(&FIELDS, "http.request.uri.query.parameter");
const REQUEST_VERSION: usize = row(&FIELDS, "http.request.version");
const RESPONSE_VERSION: usize = row(&FIELDS, "http.response.version");
const CODE: usize = row(&FIELDS, "http.response.code");
const MEANING: usize = row(&FIELDS, "http.response.code.desc");
const PHRASE: usize = row(&FIELDS, "http.response.phrase");
const REQUEST_LINE: usize = row(&FIELDS, "http.request.line");
const RESPONSE_LINE: usize = row(&FIELDS, "http.response.line");
const UNKNOWN_LINE: usize = row(&FIELDS, "http.unknown_header");
const LENGTH: usize = row(&FIELDS, "http.content_length");
const COOKIE_PAIR: usize = row(&FIELDS, "http.cookie_pair");
const FULL_URI: usize = row(&FIELDS, "http.request.full_uri");
const NOTIFICATION: usize = row(&FIELDS, "http.notification");
const REQUEST: usize = row(&FIELDS, "http.request");
const RESPONSE: usize = row(&FIELDS, "http.response");
const CHUNK_SIZE: usize = row(&FIELDS, "http.chunk_size");
const CHUNK_DATA: usize = row(&FIELDS, "http.chunk_data");
const CHUNK_BOUNDARY: usize = row(&FIELDS, "http.chunk_boundary");
const TRAILER: usize = row(&FIELDS, "http.chunked_trailer_part");
const BODY: usize = row(&FIELDS, "http.file_data");

/// A message and who listens to its fields.
struct Walk<'w, 'f> {
    message: &'f [u8],
    /// Where it lies in the frame.
    offset: usize,
    each: &'w mut dyn Visitor<'f>,
}

/// Every field of the message that `view` is.
pub(super) fn walk<'f>(view: LayerView<'_, 'f>, each: &mut dyn Visitor<'f>) {
    let (layer, message) = (view.layer(), message(view));
    let mut walk = Walk { message, offset: layer.offset, each };
    let Some(head) = Head::read(message) else {
        stray_headers(message).for_each(|header| walk.header(Kind::Notification, &header));
        if matches!(message.first(), Some(b' '..=b'~')) {
            walk.text(BODY, layer.length, layer.payload);
        }
        return;
    };
    walk.first(head.first, head.kind);
    for header in head.headers() {
        walk.header(head.kind, &header);
    }
    if head.host.is_some() && !word(head.first.text(message), 0).0.is_empty() && is_request(head.kind) {
        let value = Value::Composed(Composed::new(message, 0, full_uri));
        walk.conclude(FULL_URI, value);
    }
    let row = match head.kind {
        Kind::Request => REQUEST,
        Kind::Response(_) => RESPONSE,
        Kind::Notification => NOTIFICATION,
    };
    walk.conclude(row, Value::Flag(true));
    if head.chunked {
        walk.chunks(&head);
    } else if is_plain(&head) {
        walk.text(BODY, head.end, head.body());
    }
}

/// The fields of the first line alone, for whoever needs no more of the message that `view` is.
pub(crate) fn walk_first_line<'f>(view: LayerView<'_, 'f>, each: &mut dyn Visitor<'f>) {
    let message = message(view);
    if let Some((line, kind)) = first_line(message) {
        Walk { message, offset: view.layer().offset, each }.first(line, kind);
    }
}

fn message<'f>(view: LayerView<'_, 'f>) -> &'f [u8] {
    let layer = view.layer();
    view.packet.frame.bytes.get(layer.offset..layer.offset + layer.length + layer.payload).unwrap_or(&[])
}

/// Whether the body's bytes are what the server has, and not compressed.
fn is_plain(head: &Head<'_>) -> bool {
    head.content_encoding.is_none_or(|coding| coding.eq_ignore_ascii_case(b"identity"))
}

fn is_request(kind: Kind) -> bool {
    matches!(kind, Kind::Request | Kind::Notification)
}

impl<'f> Walk<'_, 'f> {
    fn first(&mut self, line: Line, kind: Kind) {
        match kind {
            Kind::Response(_) => self.status(line),
            Kind::Request | Kind::Notification => self.request(line),
        }
    }

    /// Method, address and version of a request.
    fn request(&mut self, line: Line) {
        let text = line.text(self.message);
        let (method, mut at) = word(text, 0);
        self.text(METHOD, line.at, method.len());
        // Two blanks have an empty address between them.
        if at > method.end + 1 {
            at -= 1;
        }
        let (uri, rest) =
            if at > method.end && text.get(at) == Some(&b' ') { (at..at, at + 1) } else { word(text, at) };
        self.text(URI, line.at + uri.start, uri.len());
        if let Some(mark) = text[uri.clone()].iter().position(|&byte| byte == b'?') {
            self.text(PATH, line.at + uri.start, mark);
            let query = uri.start + mark + 1..uri.end;
            self.text(QUERY, line.at + query.start, query.len());
            let mut start = query.start;
            for parameter in text[query].split(|&byte| byte == b'&') {
                self.text(PARAMETER, line.at + start, parameter.len());
                start += parameter.len() + 1;
            }
        }
        self.text(REQUEST_VERSION, line.at + rest, text.len().saturating_sub(rest));
    }

    /// Version, code and words of an answer.
    fn status(&mut self, line: Line) {
        let text = line.text(self.message);
        let (version, at) = word(text, 0);
        self.text(RESPONSE_VERSION, line.at, version.len());
        let (code, rest) = word(text, at);
        let Some(digits) = text.get(code.start..code.start + 3).filter(|_| code.len() >= 3) else { return };
        let number = digits.iter().take_while(|digit| digit.is_ascii_digit());
        let number = number.fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
        self.field(CODE, line.at + code.start, 3, Value::Number(number));
        let meaning = u32::try_from(number).ok().and_then(|number| numbers::name(&CODES, number));
        match meaning {
            Some(meaning) => self.conclude(MEANING, Value::Text(meaning)),
            None => self.conclude(MEANING, Value::Composed(Composed::new(self.message, line.at + code.start, unknown))),
        }
        self.text(PHRASE, line.at + rest, text.len().saturating_sub(rest));
    }

    /// The line of a header, its value, and what the value is made of.
    fn header(&mut self, kind: Kind, header: &HeaderLine<'f>) {
        let HeaderLine { line, value_at, value, .. } = *header;
        let row = match kind {
            Kind::Request => REQUEST_LINE,
            Kind::Response(_) => RESPONSE_LINE,
            Kind::Notification => UNKNOWN_LINE,
        };
        let own_row = HEADERS.iter().find(|(name, _)| header.is(name)).map(|(_, row)| *row);
        if kind != Kind::Notification || own_row.is_none() {
            self.text(row, line.at, line.next - line.at);
        }
        let Some(own_row) = own_row else { return };
        self.text(own_row, value_at, value.len());
        if header.is("Content-Length")
            && let Some(length) = super::head::number(value)
        {
            self.conclude(LENGTH, Value::Number(length));
        }
        if header.is("Cookie") {
            let mut at = value_at;
            for pair in value.split(|&byte| byte == b';') {
                let blanks = pair.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
                self.text(COOKIE_PAIR, at + blanks, pair.len() - blanks);
                at += pair.len() + 1;
            }
        }
    }

    fn chunks(&mut self, head: &Head<'f>) {
        let start = head.end;
        let body = &self.message[start..start + head.body()];
        let mut chunks = Chunks::of(body);
        let mut length = 0;
        for chunk in chunks.by_ref() {
            let at = start + chunk.line.at;
            self.field(CHUNK_SIZE, at, chunk.line.next - chunk.line.at, Value::Number(chunk.size as u64));
            if chunk.size > 0 {
                let next = start + chunk.line.next;
                self.bytes(CHUNK_DATA, next, chunk.size);
                self.bytes(CHUNK_BOUNDARY, next + chunk.size, 2);
                length += chunk.size;
            }
        }
        let trailer = chunks.trailer();
        self.text(TRAILER, start + trailer.start, trailer.len());
        if length > 0 && is_plain(head) {
            let value = Value::Composed(Composed::new(self.message, 0, joined));
            self.field(BODY, start, body.len(), value);
        }
        // A body that is not in chunks is a layer of its own.
        if length > 0 && content(head) == Content::Plain {
            let digits = Composed::new(self.message, 0, joined_digits);
            data::scattered(Bits::bytes(self.offset + start, body.len()), digits, length, self.each);
        }
    }

    fn text(&mut self, row: usize, at: usize, length: usize) {
        self.bytes(row, at, length);
    }

    fn bytes(&mut self, row: usize, at: usize, length: usize) {
        if length > 0
            && let Some(field) = FIELDS[row].read_at(Bits::bytes(at, length), self.message, self.offset)
        {
            self.each.field(field);
        }
    }

    fn field(&mut self, row: usize, at: usize, length: usize, value: Value<'f>) {
        self.each.field(Field { spec: &FIELDS[row], start: (self.offset + at) * 8, bits: length * 8, value });
    }

    fn conclude(&mut self, row: usize, value: Value<'f>) {
        self.each.field(Field { spec: &FIELDS[row], start: self.offset * 8, bits: 0, value });
    }
}

/// Whether the chunks of a message hold nothing.
pub(super) fn is_empty(head: &Head<'_>) -> bool {
    Chunks::of(&head.bytes[head.end..]).all(|chunk| chunk.size == 0)
}

fn write_lossy(bytes: &[u8], out: &mut dyn fmt::Write) -> fmt::Result {
    out.write_str(&String::from_utf8_lossy(bytes))
}

/// Writes what a request asks for as one would type it into a browser.
fn full_uri(message: &[u8], _at: usize, out: &mut dyn fmt::Write) -> fmt::Result {
    let Some(head) = Head::read(message) else { return Ok(()) };
    let line = head.first.text(message);
    let (method, at) = word(line, 0);
    let uri = &line[word(line, at).0];
    let absolute = |scheme: &[u8]| uri.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    if !absolute(b"http://") && !absolute(b"https://") && !line[method].starts_with(b"CONNECT") {
        out.write_str("http://")?;
        write_lossy(head.host.unwrap_or_default().trim_ascii(), out)?;
    }
    write_lossy(uri, out)
}

/// Writes the meaning of a status code that has none.
fn unknown(message: &[u8], at: usize, out: &mut dyn fmt::Write) -> fmt::Result {
    let digits = message.get(at..at + 3).unwrap_or_default();
    let digits = &digits[..digits.iter().take_while(|digit| digit.is_ascii_digit()).count()];
    let number = digits.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0'));
    write!(out, "Unknown ({number})")
}

/// A body without the sizes between its chunks.
fn parts(message: &[u8]) -> impl Iterator<Item = &[u8]> {
    let body = Head::read(message).map_or(&[][..], |head| &message[head.end..head.end + head.body()]);
    Chunks::of(body).map(move |chunk| &body[chunk.line.next..chunk.line.next + chunk.size])
}

fn joined(message: &[u8], _at: usize, out: &mut dyn fmt::Write) -> fmt::Result {
    write_lossy(&parts(message).collect::<Vec<_>>().concat(), out)
}

fn joined_digits(message: &[u8], _at: usize, out: &mut dyn fmt::Write) -> fmt::Result {
    parts(message).flatten().try_for_each(|byte| write!(out, "{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Frame, FrameNo, Layer, LinkType, Nanos, Packet};
    use crate::proto::http::HEADER;

    /// The fields of a first line, and all of the message.
    fn fields(message: &[u8]) -> [Vec<String>; 2] {
        let (length, bytes) = (message.len(), message.to_vec());
        let (number, time, link) = (FrameNo(1), Nanos(0), LinkType::RawIp);
        let frame = Frame { number, time, direction: None, link, original: length, checksum_pending: false, bytes };
        let mut packet = Packet::new(&frame, None);
        let (quoted, fragment) = (false, false);
        packet.layers.push(Layer { header: &HEADER, offset: 0, length, payload: 0, quoted, fragment, checksum: None });
        let view = LayerView { packet: &packet, index: 0 };
        let (mut first, mut all) = (Vec::new(), Vec::new());
        walk_first_line(view, &mut |field: Field<'_>| first.push(format!("{field:?}")));
        walk(view, &mut |field: Field<'_>| all.push(format!("{field:?}")));
        [first, all]
    }

    #[test]
    fn the_first_line_alone_says_what_it_says_in_the_message() {
        for (message, count) in [
            (&b"GET /a?b=1&c HTTP/1.1\r\nHost: x\r\nLocation: y\r\n\r\n"[..], 7),
            (b"HTTP/1.1 302 Found\r\nLocation: http://other/\r\n\r\n", 4),
            (b"HTTP/1.1 2\r\nServer: x\r\n\r\n", 1),
            (b"NOTIFY * HTTP/1.1\r\nHOST: x\r\n\r\n", 3),
            (b"Location: http://other/\r\n\r\n", 0),
            (b"GET", 1),
        ] {
            let [first, all] = fields(message);
            assert_eq!(first, all[..first.len()]);
            assert_eq!(first.len(), count, "{first:#?}");
        }
    }
}
