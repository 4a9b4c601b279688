//! tshark's reading of one capture, as `corpus/expect` and `captures/expect` write it, and how its values compare with
//! netlab's.
#![allow(dead_code)] // every test binary uses its own part of this

use std::collections::HashMap;
use std::fmt::Write as _;

use netlab::model::{Frame, LinkType, Value};
use netlab::proto;

/// How long a value in a table may be before it is cut, in bytes.
const LONGEST: usize = 100;

/// tshark's table of one capture: a row a frame. A column that is not there is empty in every row.
pub struct Table {
    /// The version of tshark that wrote it.
    pub version: String,
    separator: char,
    columns: HashMap<String, usize>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// What `expect` has written, with `separator` between the values of a key.
    pub fn read(text: &str, separator: char) -> Self {
        let mut lines = text.lines();
        let version = lines.next().and_then(|line| line.strip_prefix("# tshark ")).expect("a version").to_owned();
        let split = |line: &str| line.split('\t').map(str::to_owned).collect::<Vec<_>>();
        let names = split(lines.next().expect("a header"));
        let rows: Vec<Vec<String>> = lines.map(split).collect();
        assert!(rows.iter().all(|row| row.len() == names.len()), "a row of another width");
        let columns = names.into_iter().enumerate().map(|(at, name)| (name, at)).collect();
        Self { version, separator, columns, rows }
    }

    /// How many frames it tells of.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is such a column. `corpus/expect` leaves out those that are empty in every row.
    pub fn has(&self, column: &str) -> bool {
        self.columns.contains_key(column)
    }

    /// The keys that some frame has, in no order.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.keys().map(String::as_str)
    }

    /// What stands in a cell.
    pub fn cell(&self, row: usize, column: &str) -> &str {
        self.columns.get(column).map_or("", |index| &self.rows[row][*index])
    }

    /// The values of a key in one frame, outermost first.
    pub fn values(&self, row: usize, key: &str) -> Vec<&str> {
        self.cell(row, key)
            .split(self.separator)
            .filter(|value| !matches!(*value, "" | "<MISSING>" | "<none>"))
            .collect()
    }
}

/// Whether netlab's value is the one that tshark wrote.
pub fn agrees(ours: Value<'_>, theirs: &str) -> bool {
    match ours {
        Value::Number(number) => {
            let parsed = match (theirs.strip_prefix("0x"), theirs.strip_prefix('-')) {
                (Some(hex), _) => u64::from_str_radix(hex, 16).ok(),
                (_, Some(_)) => theirs.parse::<i32>().ok().map(|negative| u64::from(negative.cast_unsigned())),
                _ => theirs.parse().ok(),
            };
            parsed == Some(number)
        }
        Value::Flag(flag) => matches!((flag, theirs), (true, "1" | "True") | (false, "0" | "False")),
        Value::Mac(mac) => mac.to_string() == theirs,
        Value::Ipv4(address) => address.to_string() == theirs,
        // Wireshark writes the last four bytes of a small address as IPv4's.
        Value::Ipv6(address) => theirs.parse() == Ok(address),
        Value::Text(text) => is_same(&shown(text.as_bytes()), theirs),
        Value::Composed(text) => is_same(&shown(text.to_string().as_bytes()), theirs),
        Value::Bytes(bytes) if is_text(bytes, theirs) => true,
        Value::Bytes(bytes) => {
            let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            });
            is_same(&hex, &theirs.replace(':', ""))
        }
        Value::Span(span) if theirs.contains(' ') => since_epoch(theirs) == Some(span.0),
        Value::Span(span) => seconds(theirs) == Some(span.0),
    }
}

/// The Info column without Wireshark's mistakes: in the newer kind of cooked capture it takes the length of the address
/// for a part of the packet type.
pub fn corrected(info: &str, frame: &Frame) -> String {
    let name = |number: u16| {
        let names = ["Unicast to us", "Broadcast", "Multicast", "Unicast to another host", "Sent by us"];
        names.get(usize::from(number)).map_or_else(|| format!("Unknown ({number})"), |&name| name.to_owned())
    };
    let (LinkType::Cooked2, Some(&[kind, length])) = (frame.link, frame.bytes.get(10..12)) else {
        return info.to_owned();
    };
    let rest = info.strip_prefix(&name(u16::from_be_bytes([kind, length])));
    rest.map_or_else(|| info.to_owned(), |rest| name(kind.into()) + rest)
}

/// Text as tshark prints it.
pub fn shown(text: &[u8]) -> String {
    let mut shown = String::new();
    proto::printable(text, &mut shown).expect("a string takes everything");
    shown
}

/// Whether these are the bytes of a text that is no valid UTF-8.
fn is_text(bytes: &[u8], theirs: &str) -> bool {
    std::str::from_utf8(bytes).is_err() && is_same(&shown(bytes), theirs)
}

/// Whether this is what stands in the table, which may have cut it.
fn is_same(text: &str, theirs: &str) -> bool {
    text == theirs || cut(text) == theirs
}

/// A long value as the table has it: its beginning and its length.
pub fn cut(text: &str) -> String {
    match text.get(..LONGEST) {
        Some(begin) if text.len() > LONGEST => format!("{begin}…{}", text.len()),
        _ => text.to_owned(),
    }
}

/// Nanoseconds since 1970 of a time such as `Nov 21, 2026 04:40:32.000000000 UTC`.
fn since_epoch(text: &str) -> Option<i64> {
    let mut words = text.split([' ', ',', ':', '.']).filter(|word| !word.is_empty());
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let name = words.next()?;
    let month = i64::try_from(months.iter().position(|month| *month == name)?).ok()? + 1;
    let mut number = || words.next()?.parse::<i64>().ok();
    let (day, year) = (number()?, number()?);
    let (hour, minute, second, nanos) = (number()?, number()?, number()?, number()?);
    // Days of the civil calendar, counted from March so that leap days come last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000_000 + nanos)
}

/// Nanoseconds of a number of seconds with nine decimals.
fn seconds(text: &str) -> Option<i64> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (seconds, nanos) = digits.split_once('.').unwrap_or((digits, "0"));
    let nanos = format!("{nanos:0<9}").parse::<i64>().ok()?;
    Some(sign * (seconds.parse::<i64>().ok()? * 1_000_000_000 + nanos))
}
