//! Where in a stream a message ends, and how much more of the stream it takes to know (RFC 9112 §6.3).

use super::head::{Head, Kind, Line, Stray, chunk_size};
use crate::proto::stream::{Extent, Need};

/// What the messages before tell about the next one.
#[allow(clippy::struct_excessive_bools)] // each is a fact about the stream, independent of the others
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// There was a request in this conversation.
    pub seen: bool,
    /// The last request was one whose answer has no body.
    pub bodiless: bool,
    /// The last request asked for a tunnel.
    pub tunnel: bool,
    /// No more bytes will be asked for: they would not come, or not be believed.
    pub final_bytes: bool,
    /// The stream ends with these bytes.
    pub ended: bool,
}

/// How far the search for the end of a message has come, so that bytes that come later are enough to go on.
#[derive(Clone, Debug, Default)]
pub struct Search {
    place: Place,
    /// The line that is being read begins here.
    at: usize,
    /// Up to here it has no end.
    read: usize,
    response: bool,
    /// What the first line tells of the body: `false` if there is none.
    body: bool,
    length: Option<usize>,
    chunked: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    First,
    Headers,
    Chunks,
    Trailer,
    Body,
}

impl Search {
    /// Where the message ends that begins with `bytes`; these must begin as those of the call before.
    pub fn extent(&mut self, bytes: &[u8], context: Context) -> Extent {
        if self.place == Place::First {
            let start = if bytes.len() > 3 && bytes.starts_with(b"\r\n") { 2 } else { 0 };
            match bytes.get(start) {
                Some(b' '..=b'~') => {}
                _ if context.seen => return Extent::Message(bytes.len()),
                _ => return Extent::Foreign,
            }
            let line = Line::whole_from(bytes, start, self.read.max(start));
            let line = line.or_else(|| Line::last(bytes, start).filter(|_| context.final_bytes));
            let Some(line) = line else {
                self.read = bytes.len();
                return Extent::More { need: Need::Any, begun: false };
            };
            match Kind::of(line.text(bytes)) {
                Some(kind) => self.begin(kind, context, line),
                None => {
                    let stray = Stray::read(&bytes[start..]);
                    let length = start + stray.end + stray.body;
                    return match stray.end {
                        _ if context.seen => Extent::Message(length),
                        0 => Extent::Foreign,
                        _ => Extent::Headless(length),
                    };
                }
            }
        }
        if context.ended {
            self.body = false;
            if matches!(self.place, Place::Chunks | Place::Trailer) {
                self.place = Place::Body;
            }
        }
        match self.missing(bytes) {
            Some(need) if !context.final_bytes => Extent::More { need, begun: true },
            _ => Extent::Message(Head::read(bytes).map_or(bytes.len(), |head| head.end + head.body())),
        }
    }

    fn begin(&mut self, kind: Kind, context: Context, line: Line) {
        let Context { bodiless, tunnel, ended, .. } = context;
        self.response = matches!(kind, Kind::Response(_));
        self.body = match kind {
            _ if ended => false,
            Kind::Response(100..=199 | 204 | 304) => false,
            Kind::Response(200..=299) => !bodiless && !tunnel,
            Kind::Response(_) => !bodiless,
            _ => true,
        };
        self.go_to(Place::Headers, line.next);
    }

    fn go_to(&mut self, place: Place, at: usize) {
        (self.place, self.at, self.read) = (place, at, at);
    }

    /// The next line, if its end has come.
    fn line(&mut self, bytes: &[u8]) -> Option<Line> {
        let line = Line::whole_from(bytes, self.at, self.read.max(self.at));
        if line.is_none() {
            // A carriage return at the very end may be half of a line's end.
            self.read = bytes.len().saturating_sub(1).max(self.at);
        }
        line
    }

    /// What is missing, if something is.
    fn missing(&mut self, bytes: &[u8]) -> Option<Need> {
        loop {
            match self.place {
                Place::First | Place::Headers => {
                    let Some(line) = self.line(bytes) else { return Some(Need::Any) };
                    if line.at < line.end {
                        self.header(line.text(bytes));
                        self.go_to(Place::Headers, line.next);
                    } else {
                        let place = if self.body && self.chunked { Place::Chunks } else { Place::Body };
                        self.go_to(place, line.next);
                    }
                }
                Place::Body => {
                    let rest = bytes.len().saturating_sub(self.at);
                    return match self.length {
                        _ if !self.body || self.chunked => None,
                        Some(length) if length > rest => Some(Need::Exactly(length - rest)),
                        None if self.response => Some(Need::Rest),
                        _ => None,
                    };
                }
                Place::Chunks => {
                    let Some(line) = self.line(bytes) else { return Some(Need::Any) };
                    match chunk_size(line.text(bytes)) {
                        // A size that is none, or beyond reason: what is here has to do.
                        None | Some(0x8000_0001..) => return None,
                        Some(0) => self.go_to(Place::Trailer, line.next),
                        Some(size) if bytes.len() - line.at > size => self.go_to(Place::Chunks, line.next + size + 2),
                        Some(_) => return Some(Need::Any),
                    }
                }
                // One line more ends it, be it empty or not.
                Place::Trailer => {
                    let Some(line) = self.line(bytes) else { return Some(Need::Any) };
                    self.chunked = true;
                    self.go_to(Place::Body, line.next);
                }
            }
        }
    }

    fn header(&mut self, line: &[u8]) {
        let value = |name: &[u8]| {
            let found = line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
            found.then(|| line[name.len()..].trim_ascii())
        };
        if let Some(length) = value(b"Content-Length:") {
            let number = std::str::from_utf8(length).ok().and_then(|length| length.parse::<i32>().ok());
            self.length = number.and_then(|length| usize::try_from(length).ok()).or(self.length);
        } else if let Some(coding) = value(b"Transfer-Encoding:") {
            self.chunked |= coding.get(..7).is_some_and(|coding| coding.eq_ignore_ascii_case(b"chunked"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds a message byte by byte, and answers each different state with the number of bytes it began at.
    fn states(message: &[u8], context: Context) -> Vec<(usize, Extent)> {
        let (mut search, mut states): (_, Vec<(usize, Extent)>) = (Search::default(), Vec::new());
        for length in 1..=message.len() {
            let extent = search.extent(&message[..length], context);
            assert_eq!(extent, Search::default().extent(&message[..length], context), "at {length}");
            let same = |(before, state): &(usize, Extent)| match (*state, extent) {
                (Extent::More { need: Need::Exactly(n), .. }, Extent::More { need: Need::Exactly(m), .. }) => {
                    n + before == m + length
                }
                (state, extent) => state == extent,
            };
            if !states.last().is_some_and(same) {
                states.push((length, extent));
            }
        }
        states
    }

    const ANY: Extent = Extent::More { need: Need::Any, begun: false };
    const BEGUN: Extent = Extent::More { need: Need::Any, begun: true };

    #[test]
    fn a_message_ends_by_its_headers() {
        let request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        assert_eq!(states(request, Context::default()), [(1, ANY), (16, BEGUN), (27, Extent::Message(27))]);
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";
        let waiting = Extent::More { need: Need::Exactly(3), begun: true };
        assert_eq!(
            states(answer, Context::default()),
            [(1, ANY), (17, BEGUN), (38, waiting), (41, Extent::Message(41))]
        );
        let bodiless = Context { bodiless: true, ..Context::default() };
        assert_eq!(states(&answer[..38], bodiless), [(1, ANY), (17, BEGUN), (38, Extent::Message(38))]);
    }

    #[test]
    fn chunks_end_with_an_empty_one() {
        let answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
        assert_eq!(states(answer, Context::default()), [(1, ANY), (17, BEGUN), (60, Extent::Message(60))]);
    }

    #[test]
    fn an_answer_without_a_length_ends_with_the_stream() {
        let answer = b"HTTP/1.0 200 OK\r\n\r\nabc";
        let until = Extent::More { need: Need::Rest, begun: true };
        assert_eq!(states(answer, Context::default()), [(1, ANY), (17, BEGUN), (19, until)]);
        let ended = Context { ended: true, ..Context::default() };
        assert_eq!(Search::default().extent(answer, ended), Extent::Message(22));
    }

    #[test]
    fn what_is_no_message_is_told_apart() {
        let seen = Context { seen: true, ..Context::default() };
        for foreign in [&b"\x16\x03\x01"[..], b"SSH-2.0-x\r\n"] {
            assert_eq!(Search::default().extent(foreign, Context::default()), Extent::Foreign);
            assert_eq!(Search::default().extent(foreign, seen), Extent::Message(foreign.len()));
        }
        let last = Context { final_bytes: true, ..Context::default() };
        assert_eq!(Search::default().extent(b"GET / HT", last), Extent::Message(8));
        assert_eq!(Search::default().extent(b"GE", last), Extent::Foreign);
    }
}
