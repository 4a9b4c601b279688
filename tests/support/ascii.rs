//! Texts that Wireshark reads as ASCII.

use netlab::model::{FieldSpec, Kind, Value};

/// Whether Wireshark reads this field as ASCII, though its bytes may be any (RFC 9110 §5.5): netlab shows those that are
/// UTF-8.
pub fn is_ascii(spec: &FieldSpec) -> bool {
    let others = ["http.request.full_uri", "http.unknown_header"];
    let known = spec.key.starts_with("http.") && !others.contains(&spec.key) || spec.key == "tcp.reset_cause";
    known && matches!(spec.kind, Kind::Text)
}

/// A text as tshark writes it when Wireshark reads it as ASCII: up to the first NUL, with other bytes replaced one by one.
pub fn ascii(text: &Value<'_>) -> String {
    let mut written = String::new();
    let mut write = |text: &str| {
        for character in text.chars() {
            match character {
                '\x08' => written += "\\b",
                '\t' => written += "\\t",
                '\n' => written += "\\n",
                '\x0c' => written += "\\f",
                '\r' => written += "\\r",
                '\u{fffd}' => written.push(character),
                _ if character.is_ascii() => written.push(character),
                _ => (0..character.len_utf8()).for_each(|_| written.push('\u{fffd}')),
            }
        }
    };
    match text {
        Value::Text(text) => write(text),
        Value::Composed(text) => write(&text.to_string()),
        Value::Bytes(bytes) => {
            let known = |byte: u8| if byte.is_ascii() { byte.into() } else { '\u{fffd}' };
            write(&bytes.iter().map(|&byte| known(byte)).collect::<String>());
        }
        other => panic!("{other:?} is no text"),
    }
    written.split('\0').next().unwrap_or_default().to_owned()
}
