//! The first line and the headers of a message, and where its body lies (RFC 9112).

use memchr::{memchr, memchr2};

use super::names::{METHODS, NOTIFICATIONS};

/// A line of a message without its end, and where the next one begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) at: usize,
    pub(super) end: usize,
    pub(super) next: usize,
}

impl Line {
    /// The line that begins at byte `at`, if its end is there. It ends with a line feed, a carriage return, or both; one
    /// that ends with a carriage return as the very last byte may still go on.
    pub(super) fn whole(bytes: &[u8], at: usize) -> Option<Self> {
        Self::whole_from(bytes, at, at)
    }

    /// The same, where it is known that the line does not end before byte `from`.
    pub(super) fn whole_from(bytes: &[u8], at: usize, from: usize) -> Option<Self> {
        let rest = bytes.get(from..)?;
        let end = from + memchr2(b'\r', b'\n', rest)?;
        let next = match (bytes[end], bytes.get(end + 1)) {
            (b'\n', _) => end + 1,
            (_, Some(b'\n')) => end + 2,
            (_, Some(_)) => end + 1,
            (_, None) => return None,
        };
        Some(Self { at, end, next })
    }

    /// The same, where nothing more will come: what is left is the line.
    pub(super) fn last(bytes: &[u8], at: usize) -> Option<Self> {
        let rest = bytes.get(at..).filter(|rest| !rest.is_empty())?;
        let end = at + memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
        Some(Self::whole_from(bytes, at, end).unwrap_or(Self { at, end, next: bytes.len() }))
    }

    pub(super) fn text(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.at..self.end).unwrap_or(&[])
    }
}

/// What a first line begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A request.
    Request,
    /// An answer, with its status code (0 where it has none of three digits).
    Response(u16),
    /// What a device tells unasked (`UPnP`).
    Notification,
}

impl Kind {
    /// What this line begins, if it is a first line at all.
    pub(super) fn of(line: &[u8]) -> Option<Self> {
        // The mark of RFC 2774.
        let line = line.strip_prefix(b"M-").unwrap_or(line);
        if line.starts_with(b"HTTP/") || line.starts_with(b"ICY") {
            return Some(Self::Response(code(line)));
        }
        let method = line.split(|&byte| byte == b' ').next()?;
        let among = |names: &[&str]| names.iter().any(|name| name.as_bytes() == method);
        if among(&METHODS) {
            return Some(Self::Request);
        }
        among(&NOTIFICATIONS).then_some(Self::Notification)
    }
}

/// The first line of the message at the start of `bytes`, and what it begins.
pub(super) fn first_line(bytes: &[u8]) -> Option<(Line, Kind)> {
    let start = if bytes.len() > 3 && bytes.starts_with(b"\r\n") { 2 } else { 0 };
    let line = Line::last(bytes, start)?;
    Some((line, Kind::of(line.text(bytes))?))
}

/// The first word of `line` from byte `at` on, and where the next one begins.
pub(super) fn word(line: &[u8], at: usize) -> (std::ops::Range<usize>, usize) {
    let rest = line.get(at..).unwrap_or(&[]);
    let length = memchr(b' ', rest).unwrap_or(rest.len());
    let blanks = rest[length..].iter().take_while(|&&byte| byte == b' ').count();
    (at..at + length, at + length + blanks)
}

/// The status code in an answer's first line.
fn code(line: &[u8]) -> u16 {
    let (_, at) = word(line, 0);
    let digits = line.get(at..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// A header: the line, its name and its value.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeaderLine<'m> {
    pub(super) line: Line,
    /// Empty where the line has no name that could be one.
    pub(super) name: &'m [u8],
    /// Where the value begins; it ends with the line.
    pub(super) value_at: usize,
    pub(super) value: &'m [u8],
}

impl<'m> HeaderLine<'m> {
    /// The header in this line; `None` for a line without a colon, which ends the headers.
    fn read(bytes: &'m [u8], line: Line) -> Option<Self> {
        let text = line.text(bytes);
        let colon = memchr(b':', text)?;
        let name = Some(&text[..colon]).filter(|name| name.iter().all(|&byte| TOKEN[usize::from(byte)])).unwrap_or(&[]);
        let blanks = text[colon + 1..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let value = &text[colon + 1 + blanks..];
        Some(Self { line, name, value_at: line.at + colon + 1 + blanks, value })
    }

    /// Whether what stands before the colon could be a name, as Wireshark sees it: even nothing.
    fn is_named(&self, bytes: &[u8]) -> bool {
        !self.name.is_empty() || bytes.get(self.line.at) == Some(&b':')
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// The bytes that may stand in a header's name (RFC 9110 §5.6.2).
static TOKEN: [bool; 256] = {
    let (mut table, mut byte) = ([false; 256], 0_u8);
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphanumeric();
        byte += 1;
    }
    let (others, mut at) = (b"!#$%&\\*+-.^_`|~", 0);
    while at < others.len() {
        table[others[at] as usize] = true;
        at += 1;
    }
    table
};

/// What the first line and the headers say.
#[derive(Clone, Debug)]
pub(super) struct Head<'m> {
    pub(super) bytes: &'m [u8],
    pub(super) first: Line,
    pub(super) kind: Kind,
    /// Where the body begins, behind the empty line.
    pub(super) end: usize,
    /// The body's length, as the last valid header says.
    pub(super) length: Option<u64>,
    /// The body is coded for the transfer, which makes its length meaningless.
    coded: bool,
    /// … in chunks.
    pub(super) chunked: bool,
    /// Values of the last header with each of these names.
    pub(super) host: Option<&'m [u8]>,
    pub(super) content_type: Option<&'m [u8]>,
    pub(super) content_encoding: Option<&'m [u8]>,
}

impl<'m> Head<'m> {
    /// The head of the message at the start of `bytes`, which may be cut anywhere.
    pub(super) fn read(bytes: &'m [u8]) -> Option<Self> {
        let (first, kind) = first_line(bytes)?;
        let mut head = Self {
            bytes,
            first,
            kind,
            end: first.next,
            length: None,
            coded: false,
            chunked: false,
            host: None,
            content_type: None,
            content_encoding: None,
        };
        let mut end = first.next;
        for header in head.headers() {
            end = header.line.next;
            if header.is("Content-Length") {
                head.length = number(header.value);
            } else if header.is("Transfer-Encoding") {
                head.coded = true;
                head.chunked |= header.value.windows(7).any(|part| part == b"chunked");
            } else if header.is("Host") {
                head.host = Some(header.value);
            } else if header.is("Content-Type") {
                head.content_type = Some(header.value);
            } else if header.is("Content-Encoding") {
                head.content_encoding = Some(header.value);
            }
        }
        // The empty line is the head's, if it is there; and so is a line whose end is not.
        let last = Line::last(bytes, end).filter(|line| line.at == line.end || Line::whole(bytes, end).is_none());
        head.end = last.map_or(end, |line| line.next);
        Some(head)
    }

    /// The headers, up to the empty line or one without a colon.
    pub(super) fn headers(&self) -> impl Iterator<Item = HeaderLine<'m>> + use<'m> {
        let (bytes, mut at) = (self.bytes, self.first.next);
        std::iter::from_fn(move || {
            let line = Line::last(bytes, at).filter(|line| line.at < line.end)?;
            at = line.next;
            HeaderLine::read(bytes, line)
        })
    }

    /// Length of the body in bytes, chunks as they stand, if nothing follows the message but other messages.
    pub(super) fn body(&self) -> usize {
        let rest = self.bytes.len() - self.end;
        let length = match (self.length.filter(|_| !self.coded), self.kind) {
            (Some(length), _) => usize::try_from(length).map_or(rest, |length| length.min(rest)),
            (None, Kind::Request) if !self.coded => 0,
            (None, Kind::Response(100..=199 | 204 | 304)) => 0,
            _ => rest,
        };
        let body = &self.bytes[self.end..self.end + length];
        match Chunks::of(body).end() {
            end @ 1.. if self.chunked && length > 0 => end,
            _ => length,
        }
    }

    /// Type of the body, without its parameters; and whether there is such a header at all.
    pub(super) fn media_type(&self) -> Option<&'m [u8]> {
        self.content_type?.split(|&byte| byte == b';' || byte.is_ascii_whitespace()).next()
    }
}

/// What Wireshark makes of bytes that do not begin with a first line: headers where lines look like some, and a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stray {
    /// Where the body begins; 0 if there are no headers.
    pub(super) end: usize,
    /// Length of the body.
    pub(super) body: usize,
}

impl Stray {
    pub(super) fn read(bytes: &[u8]) -> Self {
        let (mut end, mut length) = (0, None);
        for header in stray_headers(bytes) {
            end = header.line.next;
            if header.is("Content-Length") {
                length = number(header.value);
            }
        }
        if end > 0 {
            end = Line::last(bytes, end).filter(|line| line.at == line.end).map_or(end, |line| line.next);
        }
        let rest = bytes.len() - end;
        let length = length.and_then(|length| usize::try_from(length).ok());
        Self { end, body: length.map_or(rest, |length| length.min(rest)) }
    }
}

/// The lines at the start of bytes without a first line that look like headers all the same: Wireshark takes them for some.
pub(super) fn stray_headers(bytes: &[u8]) -> impl Iterator<Item = HeaderLine<'_>> {
    // What does not even begin with a character is no text.
    let mut at = if matches!(bytes.first(), Some(b' '..=b'~')) { 0 } else { bytes.len() };
    std::iter::from_fn(move || {
        let line = Line::last(bytes, at).filter(|line| line.at < line.end)?;
        let header = HeaderLine::read(bytes, line).filter(|header| at > 0 || header.is_named(bytes))?;
        at = line.next;
        Some(header)
    })
}

/// A decimal number with nothing but blanks behind it.
pub(super) fn number(value: &[u8]) -> Option<u64> {
    let digits = value.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let blank = value.get(digits).is_none_or(u8::is_ascii_whitespace);
    let text = std::str::from_utf8(&value[..digits]).ok().filter(|_| blank)?;
    text.parse().ok()
}

/// A chunk of a body (RFC 9112 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    /// The line with its size.
    pub(super) line: Line,
    /// How many bytes follow it, as far as they are there; 0 ends the body.
    pub(super) size: usize,
}

/// The chunks of a body; behind them, the headers that may follow.
#[derive(Clone, Debug)]
pub(super) struct Chunks<'m> {
    body: &'m [u8],
    at: usize,
    /// The last chunk was there.
    done: bool,
}

impl<'m> Chunks<'m> {
    pub(super) fn of(body: &'m [u8]) -> Self {
        Self { body, at: 0, done: false }
    }

    /// The headers behind the last chunk, without the empty line that ends them; to be asked when all chunks were read.
    pub(super) fn trailer(&self) -> std::ops::Range<usize> {
        let mut end = self.at;
        while let Some(line) = Line::whole(self.body, end).filter(|line| self.done && line.at < line.end) {
            end = line.next;
        }
        self.at..end
    }

    /// Where the body ends.
    fn end(mut self) -> usize {
        while self.next().is_some() {}
        let trailer = self.trailer();
        let empty = Line::whole(self.body, trailer.end).filter(|line| self.done && line.at == line.end);
        empty.map_or(trailer.end, |line| line.next).min(self.body.len())
    }
}

impl Iterator for Chunks<'_> {
    type Item = Chunk;

    fn next(&mut self) -> Option<Chunk> {
        let line = Line::whole(self.body, self.at).filter(|line| !self.done && line.at < line.end)?;
        let size = chunk_size(line.text(self.body)).unwrap_or(0).min(self.body.len() - line.next);
        self.done = size == 0;
        self.at = line.next + size + if size > 0 { 2 } else { 0 };
        Some(Chunk { line, size })
    }
}

/// The hexadecimal number at the start of a chunk's line; what follows it means nothing to us.
pub(super) fn chunk_size(line: &[u8]) -> Option<usize> {
    let line = line.trim_ascii_start();
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    usize::from_str_radix(std::str::from_utf8(&line[..digits]).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_in_three_ways() {
        let bytes = b"a\r\nb\nc\rd\r";
        let lines: Vec<_> = [0, 3, 5, 7].map(|at| Line::whole(bytes, at).map(|line| (line.end, line.next))).to_vec();
        assert_eq!(lines, [Some((1, 3)), Some((4, 5)), Some((6, 7)), None]);
        assert_eq!(Line::last(bytes, 7).map(|line| (line.end, line.next)), Some((8, 9)));
        assert_eq!(Line::last(bytes, 9), None);
    }

    #[test]
    fn the_body_ends_where_the_headers_say() {
        let body = |bytes: &[u8]| Head::read(bytes).map(|head| (head.end, head.body()));
        assert_eq!(body(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nmore"), Some((27, 0)));
        assert_eq!(body(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nabc"), Some((38, 2)));
        assert_eq!(body(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"), Some((38, 3)), "as far as it is here");
        assert_eq!(body(b"HTTP/1.1 204 No Content\r\n\r\nabc"), Some((27, 0)));
        assert_eq!(body(b"HTTP/1.1 200 OK\r\n\r\nabc"), Some((19, 3)));
        let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\nA: b\r\n\r\nHTTP";
        assert_eq!(body(chunked), Some((47, 21)));
        assert_eq!(body(b"nothing of the kind\r\n\r\n"), None);
        assert_eq!(body(b""), None);
    }
}
