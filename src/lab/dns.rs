//! A name server for the names of a topology (RFC 1035): A and PTR records, and honest answers to the rest.

use std::collections::HashMap;
use std::net::Ipv4Addr;

/// Longest name in wire format, in bytes (RFC 1035 §2.3.4).
const MAX_NAME: usize = 255;
const HEADER: usize = 12;
/// Seconds that an answer may be kept.
const TTL: u32 = 60;

const TYPE_A: u16 = 1;
const TYPE_PTR: u16 = 12;
const CLASS_IN: u16 = 1;

/// Response codes (RFC 1035 §4.1.1).
#[derive(Clone, Copy)]
enum Code {
    NoError = 0,
    FormatError = 1,
    NoSuchName = 3,
    NotImplemented = 4,
    Refused = 5,
}

/// What the server knows.
#[derive(Clone, Debug, Default)]
pub(super) struct Zone {
    addresses: HashMap<String, Vec<Ipv4Addr>>,
    names: HashMap<Ipv4Addr, String>,
}

impl Zone {
    /// A zone of names and their addresses; the first name of an address is the one it leads back to.
    pub(super) fn new(names: &[(String, Ipv4Addr)]) -> Self {
        let mut zone = Self::default();
        for (name, address) in names {
            zone.addresses.entry(name.to_ascii_lowercase()).or_default().push(*address);
            zone.names.entry(*address).or_insert_with(|| name.clone());
        }
        zone
    }

    /// The answer to the message `query`; `None` to what is not even a question.
    pub(super) fn answer(&self, query: &[u8]) -> Option<Vec<u8>> {
        let header = query.get(..HEADER)?;
        let is_response = header[2] & 0x80 != 0;
        if is_response {
            return None; // answering answers could go on for ever
        }
        let opcode = header[2] >> 3 & 0x0f;
        let questions = u16::from_be_bytes([header[4], header[5]]);
        if opcode != 0 {
            return Some(reply(header, Code::NotImplemented, &[], &[]));
        }
        let question = if questions == 1 { Question::read(&query[HEADER..]) } else { None };
        let Some(question) = question else { return Some(reply(header, Code::FormatError, &[], &[])) };
        let (code, answers) = self.look_up(&question);
        Some(reply(header, code, question.bytes, &answers))
    }

    /// The response code, and the type and data of each answer record.
    fn look_up(&self, question: &Question<'_>) -> (Code, Vec<(u16, Vec<u8>)>) {
        if question.class != CLASS_IN {
            return (Code::Refused, Vec::new());
        }
        if let Some(addresses) = self.addresses.get(&question.name) {
            let answers = addresses.iter().filter(|_| question.kind == TYPE_A);
            return (Code::NoError, answers.map(|address| (TYPE_A, address.octets().to_vec())).collect());
        }
        let Some(name) = reverse(&question.name).and_then(|address| self.names.get(&address)) else {
            return (Code::NoSuchName, Vec::new());
        };
        let answers = Some((TYPE_PTR, encode(name))).filter(|_| question.kind == TYPE_PTR);
        (Code::NoError, answers.into_iter().collect())
    }
}

struct Question<'q> {
    /// In lower case, labels separated by dots.
    name: String,
    kind: u16,
    class: u16,
    /// As it was asked.
    bytes: &'q [u8],
}

impl<'q> Question<'q> {
    fn read(bytes: &'q [u8]) -> Option<Self> {
        let mut labels = Vec::new();
        let mut at = 0;
        loop {
            let length = usize::from(*bytes.get(at)?);
            at += 1;
            match length {
                0 => break,
                // There is nothing before the first name that a compression pointer (two high bits) could point to.
                1..=63 => labels.push(bytes.get(at..at + length)?),
                _ => return None,
            }
            at += length;
            if at >= MAX_NAME {
                return None;
            }
        }
        let &[k0, k1, c0, c1] = bytes.get(at..at + 4)? else { return None };
        let name = labels.iter().map(|label| String::from_utf8_lossy(label).to_ascii_lowercase()).collect::<Vec<_>>();
        Some(Self {
            name: name.join("."),
            kind: u16::from_be_bytes([k0, k1]),
            class: u16::from_be_bytes([c0, c1]),
            bytes: &bytes[..at + 4],
        })
    }
}

/// The address that `name` asks back from, if it is of the form `34.216.184.93.in-addr.arpa`.
fn reverse(name: &str) -> Option<Ipv4Addr> {
    let backwards: Ipv4Addr = name.strip_suffix(".in-addr.arpa")?.parse().ok()?;
    let [a, b, c, d] = backwards.octets();
    Some(Ipv4Addr::new(d, c, b, a))
}

/// A name in wire format. Names of a topology are checked when it is read: labels of 1 to 63 bytes.
fn encode(name: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(name.len() + 2);
    for label in name.split('.') {
        let label = &label.as_bytes()[..label.len().min(63)];
        bytes.push(u8::try_from(label.len()).unwrap_or(63));
        bytes.extend_from_slice(label);
    }
    bytes.push(0);
    bytes
}

fn reply(header: &[u8], code: Code, question: &[u8], answers: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let count = |number: usize| u16::try_from(number).unwrap_or(u16::MAX).to_be_bytes();
    let mut bytes = Vec::with_capacity(512);
    bytes.extend_from_slice(&header[..2]);
    // A response (0x80), of the zone's own authority (0x04), keeping opcode and "recursion desired" of the question.
    bytes.push(0x84 | header[2] & 0x79);
    // Recursion "available" (0x80): for what there is, no further server needs to be asked.
    bytes.push(0x80 | code as u8);
    bytes.extend_from_slice(&count(usize::from(!question.is_empty())));
    bytes.extend_from_slice(&count(answers.len()));
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(question);
    for (kind, data) in answers {
        bytes.extend_from_slice(&[0xc0, 12]); // the name of the question
        bytes.extend_from_slice(&kind.to_be_bytes());
        bytes.extend_from_slice(&CLASS_IN.to_be_bytes());
        bytes.extend_from_slice(&TTL.to_be_bytes());
        bytes.extend_from_slice(&count(data.len()));
        bytes.extend_from_slice(data);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone() -> Zone {
        let address = Ipv4Addr::new(93, 184, 216, 34);
        Zone::new(&[("www.example.com".to_owned(), address), ("example.com".to_owned(), address)])
    }

    fn query(name: &str, kind: u16) -> Vec<u8> {
        let mut bytes = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        bytes.extend(encode(name));
        bytes.extend(kind.to_be_bytes());
        bytes.extend(CLASS_IN.to_be_bytes());
        bytes
    }

    /// Response code and number of answers.
    fn verdict(query: &[u8]) -> Option<(u8, u8)> {
        zone().answer(query).map(|bytes| (bytes[3] & 0x0f, bytes[7]))
    }

    #[test]
    fn names_and_addresses_lead_to_each_other() {
        let bytes = zone().answer(&query("WWW.example.com", TYPE_A)).expect("a question");
        assert_eq!(bytes[..2], [0x12, 0x34]);
        assert_eq!(bytes[bytes.len() - 4..], [93, 184, 216, 34]);
        let bytes = zone().answer(&query("34.216.184.93.in-addr.arpa", TYPE_PTR)).expect("a question");
        assert!(bytes.ends_with(b"\x03www\x07example\x03com\0"), "the first name of the address");
    }

    #[test]
    fn what_is_not_there_is_said_to_be_missing() {
        assert_eq!(verdict(&query("www.example.com", 28)), Some((0, 0)), "the name exists, without an AAAA record");
        assert_eq!(verdict(&query("nowhere.example.com", TYPE_A)), Some((3, 0)));
        assert_eq!(verdict(&query("1.0.0.10.in-addr.arpa", TYPE_PTR)), Some((3, 0)));
        assert_eq!(verdict(&query("x.in-addr.arpa", TYPE_PTR)), Some((3, 0)));
    }

    #[test]
    fn hostile_messages_get_an_error_or_nothing() {
        let whole = query("www.example.com", TYPE_A);
        for length in 0..whole.len() {
            let expected = (length >= HEADER).then_some((1, 0));
            assert_eq!(verdict(&whole[..length]), expected, "{length} bytes");
        }
        let changed = |at: usize, value: u8| {
            let mut bytes = whole.clone();
            bytes[at] = value;
            verdict(&bytes)
        };
        assert_eq!(changed(2, 0x81), None, "an answer");
        assert_eq!(changed(2, 0x29), Some((4, 0)), "an update");
        assert_eq!(changed(5, 2), Some((1, 0)), "two questions");
        assert_eq!(changed(HEADER, 0xc0), Some((1, 0)), "a compression pointer to itself");
        let mut chaos = whole.clone();
        let last = chaos.len() - 1;
        chaos[last] = 3;
        assert_eq!(verdict(&chaos), Some((5, 0)));
        let endless = [&whole[..HEADER], &[1; 600]].concat();
        assert_eq!(verdict(&endless), Some((1, 0)), "a name without an end");
    }
}
