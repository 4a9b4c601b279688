//! The table of a message's fields. None has a fixed place: everything is text, line after line.

use crate::model::{Bits, FieldSpec, Kind};

const TRUE: Kind = Kind::Flag("True", "False");

const fn field(key: &'static str, label: &'static str, kind: Kind) -> FieldSpec {
    FieldSpec::new(key, label, Bits { start: 0, len: 0 }, kind)
}

const fn text(key: &'static str, label: &'static str) -> FieldSpec {
    field(key, label, Kind::Text)
}

/// The value of a header, whose line stands before it.
const fn value(key: &'static str, label: &'static str) -> FieldSpec {
    text(key, label).part()
}

pub(super) static FIELDS: [FieldSpec; 59] = [
    text("http.request.method", "Request Method"),
    text("http.request.uri", "Request URI"),
    text("http.request.uri.path", "Request URI Path").part(),
    text("http.request.uri.query", "Request URI Query").part(),
    text("http.request.uri.query.parameter", "Request URI Query Parameter").part(),
    text("http.request.version", "Request Version"),
    text("http.response.version", "Response Version"),
    field("http.response.code", "Status Code", Kind::Number),
    text("http.response.code.desc", "Status Code Description").generated(),
    text("http.response.phrase", "Response Phrase"),
    text("http.request.line", "Request line"),
    text("http.response.line", "Response line"),
    text("http.unknown_header", "Unknown header"),
    value("http.accept", "Accept"),
    value("http.accept_encoding", "Accept Encoding"),
    value("http.accept_language", "Accept-Language"),
    value("http.authorization", "Authorization"),
    value("http.cache_control", "Cache-Control"),
    value("http.connection", "Connection"),
    value("http.content_encoding", "Content-Encoding"),
    value("http.content_length_header", "Content-Length"),
    field("http.content_length", "Content length", Kind::Number).part().generated(),
    value("http.content_type", "Content-Type"),
    value("http.cookie", "Cookie"),
    value("http.cookie_pair", "Cookie pair"),
    value("http.date", "Date"),
    value("http.host", "Host"),
    value("http.last_modified", "Last-Modified"),
    value("http.location", "Location"),
    value("http.proxy_authenticate", "Proxy-Authenticate"),
    value("http.proxy_authorization", "Proxy-Authorization"),
    value("http.referer", "Referer"),
    value("http.sec_websocket_accept", "Sec-WebSocket-Accept"),
    value("http.sec_websocket_extensions", "Sec-WebSocket-Extensions"),
    value("http.sec_websocket_key", "Sec-WebSocket-Key"),
    value("http.sec_websocket_protocol", "Sec-WebSocket-Protocol"),
    value("http.sec_websocket_version", "Sec-WebSocket-Version"),
    value("http.server", "Server"),
    value("http.set_cookie", "Set-Cookie"),
    value("http.transfer_encoding", "Transfer-Encoding"),
    value("http.upgrade", "Upgrade"),
    value("http.user_agent", "User-Agent"),
    value("http.www_authenticate", "WWW-Authenticate"),
    value("http.x_forwarded_for", "X-Forwarded-For"),
    text("http.request.full_uri", "Full request URI").generated(),
    field("http.notification", "Notification", TRUE).generated(),
    field("http.request", "Request", TRUE).generated(),
    field("http.response", "Response", TRUE).generated(),
    field("http.request_number", "Request number", Kind::Number).generated(),
    field("http.response_number", "Response number", Kind::Number).generated(),
    field("http.time", "Time since request", Kind::Span).generated(),
    field("http.request_in", "Request in frame", Kind::Number).generated(),
    field("http.prev_request_in", "Prev request in frame", Kind::Number).generated(),
    field("http.prev_response_in", "Prev response in frame", Kind::Number).generated(),
    field("http.chunk_size", "Chunk size", Kind::Number),
    field("http.chunk_data", "Chunk data", Kind::Bytes),
    field("http.chunk_boundary", "Chunk boundary", Kind::Bytes),
    text("http.chunked_trailer_part", "trailer-part"),
    text("http.file_data", "File Data"),
];
