//! What a TCP connection was used for, where netlab reads it: requests of HTTP and questions of DNS, with their answers.

use super::exchange::Lookups;
use super::facts::Moment;
use crate::model::LayerView;
use crate::proto::dns;
use crate::proto::http::{self, Http};

/// Requests kept of one conversation; further ones are counted.
const KEPT: usize = 4;
/// Bytes of a request's first line that are kept.
const SHOWN: usize = 80;

/// Requests over one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// The first of them.
    pub kept: Vec<Request>,
    /// How many there were.
    pub count: u32,
    /// Names that were looked up.
    pub lookups: Lookups,
}

/// A request, and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Method and path, such as `GET /index.html`; not yet escaped.
    pub what: String,
    /// When it was whole.
    pub asked: Moment,
    /// When its answer was whole, and the status code.
    pub answer: Option<(Moment, u16)>,
}

impl Requests {
    /// Takes a message in.
    pub(super) fn see(&mut self, view: LayerView<'_, '_>, now: Moment) {
        if dns::is_message(view.layer().header) {
            self.lookups.see(view, now);
            return;
        }
        match Http::read(view.bytes()) {
            Http::Request { .. } => {
                self.count = self.count.saturating_add(1);
                if self.kept.len() < KEPT {
                    self.kept.push(Request { what: first_words(view.bytes()), asked: now, answer: None });
                }
            }
            // An interim answer is not the answer (RFC 9110 §15.2).
            Http::Response { code } if !(100..200).contains(&code) || code == 101 => {
                if let Some(request) = self.kept.iter_mut().find(|request| request.answer.is_none()) {
                    request.answer = Some((now, code));
                }
            }
            Http::Response { .. } | Http::Other => {}
        }
    }
}

/// Whether a layer is a message that is read here.
pub(super) fn is_message(view: LayerView<'_, '_>) -> bool {
    (view.is(&http::HEADER) || dns::is_message(view.layer().header)) && !view.layer().quoted
}

/// Method and path.
fn first_words(message: &[u8]) -> String {
    let line = message.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or(&[]);
    let words = line.splitn(3, |&byte| byte == b' ').take(2).collect::<Vec<_>>().join(&b' ');
    String::from_utf8_lossy(&words[..words.len().min(SHOWN)]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_its_first_two_words() {
        assert_eq!(first_words(b"GET /index.html HTTP/1.1\r\nHost: x\r\n\r\n"), "GET /index.html");
        assert_eq!(first_words(b"GET"), "GET");
        assert_eq!(first_words(b""), "");
        assert_eq!(first_words(&[b'x'; 500]).len(), SHOWN);
    }
}
