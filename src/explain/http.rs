//! What an HTTP message says: a request by its method, an answer by its status code (RFC 9110).

use std::fmt::Write as _;

use crate::model::{Arg, Composed, Field, FrameNo, Note, Value, tracked};
use crate::proto::http;

use super::packet::Scene;
use super::rules::{self as rule, Rule};

/// Characters of a path or an address that a sentence shows.
const SHOWN: usize = 80;

/// Method → what it asks.
static METHODS: &[(&str, &Rule)] = &[
    ("GET", &rule::HTTP_GET),
    ("HEAD", &rule::HTTP_HEAD),
    ("POST", &rule::HTTP_POST),
    ("PUT", &rule::HTTP_PUT),
    ("DELETE", &rule::HTTP_DELETE),
    ("OPTIONS", &rule::HTTP_OPTIONS),
    ("CONNECT", &rule::HTTP_CONNECT),
];

/// Status codes with a sentence of their own; of the others the first digit tells (RFC 9110 §15).
static CODES: &[(u64, &Rule)] = &[
    (101, &rule::HTTP_SWITCHING),
    (204, &rule::HTTP_NO_CONTENT),
    (206, &rule::HTTP_PARTIAL),
    (304, &rule::HTTP_NOT_MODIFIED),
    (400, &rule::HTTP_BAD_REQUEST),
    (401, &rule::HTTP_UNAUTHORIZED),
    (403, &rule::HTTP_FORBIDDEN),
    (404, &rule::HTTP_NOT_FOUND),
    (429, &rule::HTTP_TOO_MANY),
    (502, &rule::HTTP_BAD_GATEWAY),
    (503, &rule::HTTP_UNAVAILABLE),
    (504, &rule::HTTP_GATEWAY_TIMEOUT),
];

/// What the fields of a message say.
#[derive(Default)]
struct Message {
    method: String,
    path: String,
    location: String,
    code: Option<u64>,
}

pub(super) fn explain(scene: &Scene<'_, '_>, notes: &mut Vec<Note>) {
    let message = Message::read(scene);
    let frame = scene.frame;
    if let Some(code) = message.code {
        let request = match scene.view.packet.generated(tracked!("http.request_in")) {
            Some(Value::Number(frame)) => u32::try_from(frame).ok().map(FrameNo),
            _ => None,
        };
        notes.extend(message.answer(code, request.into_iter().chain([frame])));
    } else if !message.method.is_empty() {
        let path = Arg::from(message.path);
        notes.push(match METHODS.iter().find(|(method, _)| *method == message.method) {
            Some((_, rule)) => rule.note([frame], [path]),
            None => rule::HTTP_METHOD.note([frame], [message.method.into(), path]),
        });
    }
}

impl Message {
    fn read(scene: &Scene<'_, '_>) -> Self {
        let mut message = Self::default();
        http::walk_first_line(scene.view, &mut |field| message.take(&field));
        // Where to look instead stands in a header.
        if message.code.is_some_and(|code| code / 100 == 3) {
            scene.view.walk(&mut |field| message.take(&field));
        }
        message
    }

    /// Takes in what a field says, if nothing said it before.
    fn take(&mut self, field: &Field<'_>) {
        let text = match field.spec.key {
            "http.request.method" => &mut self.method,
            "http.request.uri" => &mut self.path,
            "http.location" => &mut self.location,
            "http.response.code" => {
                if let Value::Number(code) = field.value {
                    self.code = self.code.or(Some(code));
                }
                return;
            }
            _ => return,
        };
        if text.is_empty() {
            match field.value {
                Value::Text(value) => text.push_str(beginning(value)),
                Value::Composed(value) => write_some(text, value),
                Value::Bytes(value) => text.push_str(&String::from_utf8_lossy(&value[..value.len().min(SHOWN)])),
                _ => {}
            }
        }
    }

    fn answer(&self, code: u64, frames: impl Iterator<Item = FrameNo>) -> Option<Note> {
        let number = || Arg::from(u32::try_from(code).unwrap_or(0));
        if let Some((_, rule)) = CODES.iter().find(|(known, _)| *known == code) {
            return Some(rule.note(frames, []));
        }
        Some(match code / 100 {
            1 => rule::HTTP_INTERIM.note(frames, [number()]),
            2 => rule::HTTP_DONE.note(frames, [number()]),
            3 if self.location.is_empty() => rule::HTTP_ELSEWHERE.note(frames, [number()]),
            3 => rule::HTTP_REDIRECT.note(frames, [number(), self.location.clone().into()]),
            4 => rule::HTTP_CLIENT_ERROR.note(frames, [number()]),
            5 => rule::HTTP_SERVER_ERROR.note(frames, [number()]),
            _ => return None,
        })
    }
}

/// Appends the beginning of `value`.
fn write_some(out: &mut String, value: Composed<'_>) {
    let _ = write!(out, "{value}");
    out.truncate(beginning(out).len());
}

/// As much of `text` as a sentence shows.
fn beginning(text: &str) -> &str {
    text.char_indices().nth(SHOWN).map_or(text, |(end, _)| &text[..end])
}
