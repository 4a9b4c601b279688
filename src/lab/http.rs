//! A web server with one page (HTTP/1.1, RFC 9112), over any stream of bytes.

use std::io::{self, Read, Write};

/// Longest request head that is read, in bytes.
const MAX_HEAD: usize = 8192;
/// Most requests on one connection.
const MAX_REQUESTS: usize = 100;

/// Answers the requests on `stream` with `page` until the client wants no more.
///
/// # Errors
/// Those of the stream.
pub(super) fn serve(stream: &mut (impl Read + Write), page: &str) -> io::Result<()> {
    let mut received = Vec::new();
    for _ in 0..MAX_REQUESTS {
        let Some(head) = read_head(stream, &mut received)? else {
            if received.is_empty() {
                return Ok(()); // the client has nothing more to ask
            }
            return stream.write_all(&response("400 Bad Request", "that was no request\n", true, true));
        };
        let (bytes, closes) = answer(&head, page);
        stream.write_all(&bytes)?;
        if closes {
            break;
        }
    }
    Ok(())
}

/// The next request's head, up to its empty line; `None` at the end, or where it gets too long.
fn read_head(stream: &mut impl Read, received: &mut Vec<u8>) -> io::Result<Option<String>> {
    let mut buffer = [0; 2048];
    loop {
        if let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&received[..end]).into_owned();
            received.drain(..end + 4);
            return Ok(Some(head));
        }
        if received.len() > MAX_HEAD {
            return Ok(None);
        }
        match stream.read(&mut buffer)? {
            0 => return Ok(None),
            count => received.extend_from_slice(&buffer[..count]),
        }
    }
}

/// The response to a request's head, and whether the connection ends with it.
fn answer(head: &str, page: &str) -> (Vec<u8>, bool) {
    let mut lines = head.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (method, target, version) = (words.next(), words.next(), words.next());
    let header = |name: &str| {
        lines.clone().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_ascii_lowercase())
        })
    };
    let connection = header("connection").unwrap_or_default();
    let asks = |word: &str| connection.split(',').any(|token| token.trim() == word);
    // A body is not understood, so what follows such a head cannot be told from the next request.
    let has_body =
        header("transfer-encoding").is_some() || header("content-length").is_some_and(|length| length != "0");
    let closes = match version {
        Some("HTTP/1.1") => asks("close") || has_body,
        _ => has_body || !asks("keep-alive"),
    };
    let with_body = method != Some("HEAD");
    match (method, target, version) {
        (Some("GET" | "HEAD"), Some("/"), Some("HTTP/1.1" | "HTTP/1.0")) => {
            (response("200 OK", page, with_body, closes), closes)
        }
        (Some("GET" | "HEAD"), Some(_), Some("HTTP/1.1" | "HTTP/1.0")) => {
            (response("404 Not Found", "no such page here\n", with_body, closes), closes)
        }
        (Some(_), Some(_), Some("HTTP/1.1" | "HTTP/1.0")) => {
            (response("405 Method Not Allowed", "only GET and HEAD here\n", true, true), true)
        }
        _ => (response("400 Bad Request", "that was no request\n", true, true), true),
    }
}

fn response(status: &str, body: &str, with_body: bool, closes: bool) -> Vec<u8> {
    let connection = if closes { "close" } else { "keep-alive" };
    let allow = if status.starts_with("405") { "Allow: GET, HEAD\r\n" } else { "" };
    let length = body.len();
    let shown = if with_body { body } else { "" };
    format!(
        "HTTP/1.1 {status}\r\nServer: netlab\r\n{allow}Content-Type: text/plain; charset=utf-8\r\n\
         Content-Length: {length}\r\nConnection: {connection}\r\n\r\n{shown}"
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes in, a few bytes a read, and what went out.
    struct Stream<'s>(&'s [u8], Vec<u8>);

    impl Read for Stream<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.0.len().min(buffer.len()).min(7);
            let (now, later) = self.0.split_at(count);
            buffer[..count].copy_from_slice(now);
            self.0 = later;
            Ok(count)
        }
    }

    impl Write for Stream<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The status lines of the responses to `requests`.
    fn statuses(requests: &str) -> Vec<String> {
        let mut stream = Stream(requests.as_bytes(), Vec::new());
        serve(&mut stream, "hello\n").expect("a stream in memory does not fail");
        let out = String::from_utf8(stream.1).expect("text");
        out.lines().filter(|line| line.starts_with("HTTP/")).map(str::to_owned).collect()
    }

    #[test]
    fn a_connection_is_kept_until_somebody_wants_it_closed() {
        let ok = "HTTP/1.1 200 OK";
        let get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        let last = "GET / HTTP/1.1\r\nHost: x\r\nconnection: Close\r\n\r\n";
        assert_eq!(statuses(&format!("{get}{get}{last}{get}")), [ok, ok, ok]);
        assert_eq!(statuses(&format!("GET / HTTP/1.0\r\n\r\n{get}")), [ok]);
        assert_eq!(statuses(&get.repeat(150)).len(), MAX_REQUESTS);
    }

    #[test]
    fn what_it_cannot_do_it_says() {
        assert_eq!(statuses("GET /x HTTP/1.1\r\n\r\n"), ["HTTP/1.1 404 Not Found"]);
        assert_eq!(statuses("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"), ["HTTP/1.1 405 Method Not Allowed"]);
        assert_eq!(statuses("hello\r\n\r\n"), ["HTTP/1.1 400 Bad Request"]);
        assert_eq!(statuses("GET / HTTP/1.1\r\nno end"), ["HTTP/1.1 400 Bad Request"]);
        assert_eq!(statuses(&"x".repeat(100_000)), ["HTTP/1.1 400 Bad Request"]);
        assert_eq!(statuses(""), [""; 0]);
    }

    #[test]
    fn head_tells_the_length_and_sends_nothing() {
        let (bytes, _) = answer("HEAD / HTTP/1.1\r\nHost: x", "hello\n");
        let text = String::from_utf8(bytes).expect("text");
        assert!(text.contains("Content-Length: 6\r\n") && text.ends_with("\r\n\r\n"), "{text}");
    }
}
