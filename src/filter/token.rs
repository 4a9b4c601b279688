//! A filter's text → its words, numbers, addresses and signs, each with its place.
//!
//! As in tcpdump, the longest reading wins: `10-20` is one word (a range of ports), `tcp-syn` a constant, and
//! `001122334455` a MAC address.

use std::net::Ipv6Addr;
use std::ops::Range;

use super::refusal::Fault;
use super::words::{CONSTANTS, OUTSIDE, Protocol, WORDS, Word, look_up, protocol};

/// A piece of a filter's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub kind: Kind,
    pub at: Range<usize>,
}

/// What a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Word(Word),
    Protocol(&'static Protocol),
    Number(u32),
    /// A word without a meaning of its own: the name of a host, a service, a range of ports.
    Name,
    /// The same after a backslash, which takes any word's meaning away; the token's place includes it.
    Escaped,
    /// One to four numbers with dots between them, and how many bits they make.
    Dotted(u32, u32),
    Ipv6(Ipv6Addr),
    Mac([u8; 6]),
    Sign(&'static str),
    End,
}

/// Longer ones before those they begin with.
static SIGNS: &[(&str, &str)] = &[
    ("&&", "and"),
    ("||", "or"),
    (">=", ">="),
    ("<=", "<="),
    ("!=", "!="),
    ("==", "="),
    ("<<", "<<"),
    (">>", ">>"),
    ("!", "not"),
    ("=", "="),
    (">", ">"),
    ("<", "<"),
    ("+", "+"),
    ("-", "-"),
    ("*", "*"),
    ("/", "/"),
    ("%", "%"),
    ("&", "&"),
    ("|", "|"),
    ("^", "^"),
    (":", ":"),
    ("[", "["),
    ("]", "]"),
    ("(", "("),
    (")", ")"),
];

/// Longer filters are not typed; this bounds everything that follows.
const LONGEST_TEXT: usize = 64 << 10;

/// Cuts `text` into tokens, the last of which is [`Kind::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Fault> {
    if text.len() > LONGEST_TEXT {
        return Err(Fault::new(0..0, format!("it has {} bytes, and 65536 is the most", text.len())));
    }
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with([' ', '\t', '\r', '\n']) {
            at += 1;
            continue;
        }
        let (kind, length) = first(rest, at)?;
        tokens.push(Token { kind, at: at..at + length });
        at += length;
    }
    tokens.push(Token { kind: Kind::End, at: text.len()..text.len() });
    Ok(tokens)
}

/// The first token of `rest`, which begins at byte `at`, and its length.
fn first(rest: &str, at: usize) -> Result<(Kind, usize), Fault> {
    if let Some(escaped) = rest.strip_prefix('\\') {
        let length = escaped.find([' ', '!', '(', ')', '\n', '\t']).unwrap_or(escaped.len());
        if length == 0 {
            return Err(Fault::new(at..at + 1, "there is no word after the backslash"));
        }
        return Ok((Kind::Escaped, 1 + length));
    }
    let word = word(rest);
    // In this order, an earlier reading is preferred to a later one of the same length.
    let readings = [mac(rest), number(rest), dotted(rest), ipv6(rest), word.map(|length| (Kind::Name, length))];
    let longest = readings.into_iter().flatten().reduce(|best, next| if next.1 > best.1 { next } else { best });
    match longest {
        Some((Kind::Name, length)) => named(rest.get(..length).unwrap_or_default(), at),
        Some((Kind::Number(_), length)) => {
            let digits = rest.get(..length).unwrap_or_default();
            let number = value(digits).map_err(|why| Fault::new(at..at + length, why))?;
            Ok((Kind::Number(number), length))
        }
        Some((Kind::Dotted(..), length)) => {
            let parts = rest.get(..length).unwrap_or_default();
            let wrong = "each part of an IPv4 address is a decimal number up to 255";
            let (bits, value) = parts.split('.').try_fold((0, 0_u32), |(bits, whole), part| {
                let part: u8 = part.parse().map_err(|_| Fault::new(at..at + length, wrong))?;
                Ok((bits + 8, whole << 8 | u32::from(part)))
            })?;
            Ok((Kind::Dotted(value, bits), length))
        }
        Some(found) => Ok(found),
        None => match SIGNS.iter().find(|(sign, _)| rest.starts_with(sign)) {
            Some((sign, "and")) => Ok((Kind::Word(Word::And), sign.len())),
            Some((sign, "or")) => Ok((Kind::Word(Word::Or), sign.len())),
            Some((sign, "not")) => Ok((Kind::Word(Word::Not), sign.len())),
            Some((sign, meaning)) => Ok((Kind::Sign(meaning), sign.len())),
            None => {
                let length = rest.chars().next().map_or(0, char::len_utf8);
                let character = rest.get(..length).unwrap_or_default().escape_debug();
                Err(Fault::new(at..at + length, format!("\"{character}\" is not a sign of the filter language")))
            }
        },
    }
}

/// What a word means.
fn named(word: &str, at: usize) -> Result<(Kind, usize), Fault> {
    let place = at..at + word.len();
    let kind = if let Some(meaning) = look_up(WORDS, word) {
        Kind::Word(meaning)
    } else if let Some(protocol) = protocol(word) {
        Kind::Protocol(protocol)
    } else if let Some(constant) = look_up(CONSTANTS, word) {
        Kind::Number(constant)
    } else if OUTSIDE.contains(&word) {
        return Err(Fault::new(place, format!("\"{word}\" is not in the part of tcpdump's language that netlab knows"))
            .hint("netlab knows host, net, port, portrange, proto, protocol names, vlan, broadcast, multicast, less, greater and proto[offset:size]"));
    } else {
        Kind::Name
    };
    Ok((kind, word.len()))
}

/// A letter or digit, then these and `-`, `_` and `.`, but not `-` or `_` at the end.
fn word(rest: &str) -> Option<usize> {
    let is_inner = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    rest.chars().next().filter(char::is_ascii_alphanumeric)?;
    let run: String = rest.chars().take_while(is_inner).collect();
    Some(run.trim_end_matches(['-', '_']).len())
}

/// Digits, or `0x` and hexadecimal digits. The value is read when it is known to be the longest reading.
fn number(rest: &str) -> Option<(Kind, usize)> {
    let hexadecimal = rest.strip_prefix("0x").or_else(|| rest.strip_prefix("0X"));
    let length = match hexadecimal.map(|digits| count(digits, |c| c.is_ascii_hexdigit())) {
        Some(digits) if digits > 0 => digits + 2,
        _ => count(rest, |c| c.is_ascii_digit()),
    };
    (length > 0).then_some((Kind::Number(0), length))
}

fn value(digits: &str) -> Result<u32, String> {
    let (radix, significant) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if let Some(wrong) = significant.chars().find(|digit| !digit.is_digit(radix)) {
        return Err(format!("a number that begins with 0 is octal, and {wrong} is no octal digit"));
    }
    u32::from_str_radix(significant, radix).map_err(|_| "the number does not fit 32 bits".to_owned())
}

/// Two to four numbers with dots between them.
fn dotted(rest: &str) -> Option<(Kind, usize)> {
    let (_, mut length) = number(rest)?;
    let mut parts = 1;
    while parts < 4
        && let Some((_, more)) = rest.get(length..)?.strip_prefix('.').and_then(number)
    {
        length += 1 + more;
        parts += 1;
    }
    (parts > 1).then_some((Kind::Dotted(0, 0), length))
}

fn ipv6(rest: &str) -> Option<(Kind, usize)> {
    let run = count(rest, |c| c.is_ascii_hexdigit() || c == ':' || c == '.').min(45);
    let longest =
        (2..=run).rev().filter_map(|length| rest.get(..length)?.parse().ok().map(|address| (address, length)));
    longest.map(|(address, length)| (Kind::Ipv6(address), length)).next()
}

/// Six groups of one or two hexadecimal digits with `:`, `-` or `.` between them, three groups of four with `.`, or
/// twelve digits.
fn mac(rest: &str) -> Option<(Kind, usize)> {
    [(6, 1..=2, ":"), (6, 1..=2, "-"), (6, 1..=2, "."), (3, 4..=4, "."), (3, 4..=4, "")]
        .into_iter()
        .find_map(|(groups, digits, separator)| grouped(rest, groups, digits, separator))
        .map(|(mac, length)| (Kind::Mac(mac), length))
}

fn grouped(
    rest: &str,
    groups: usize,
    digits: std::ops::RangeInclusive<usize>,
    separator: &str,
) -> Option<([u8; 6], usize)> {
    let (mut whole, mut length) = (0_u64, 0);
    for group in 0..groups {
        if group > 0 {
            rest.get(length..)?.strip_prefix(separator)?;
            length += separator.len();
        }
        let run = count(rest.get(length..)?, |c| c.is_ascii_hexdigit()).min(*digits.end());
        let value = rest.get(length..length + run).filter(|_| digits.contains(&run))?;
        whole = whole << (48 / groups) | u64::from_str_radix(value, 16).ok()?;
        length += run;
    }
    let bytes = whole.to_be_bytes();
    Some((*bytes.last_chunk()?, length))
}

/// How many characters `rest` begins with that are all such; they must be ASCII.
fn count(rest: &str, such: impl Fn(char) -> bool) -> usize {
    rest.chars().take_while(|c| such(*c)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Kind> {
        tokens(text).expect("tokens").into_iter().map(|token| token.kind).collect()
    }

    #[test]
    fn the_longest_reading_wins() {
        assert_eq!(kinds("10-20"), [Kind::Name, Kind::End]);
        assert_eq!(kinds("10 -20"), [Kind::Number(10), Kind::Sign("-"), Kind::Number(20), Kind::End]);
        assert_eq!(kinds("tcp-syn"), [Kind::Number(2), Kind::End]);
        assert_eq!(kinds("tcp-sync"), [Kind::Name, Kind::End]);
        assert_eq!(kinds("1.2.3.4"), [Kind::Dotted(0x0102_0304, 32), Kind::End]);
        assert_eq!(kinds("1.2"), [Kind::Dotted(0x0102, 16), Kind::End]);
        assert_eq!(kinds("1.2.3.4.5"), [Kind::Name, Kind::End]);
        assert_eq!(kinds("1.2.3.4.5.6"), [Kind::Mac([1, 2, 3, 4, 5, 6]), Kind::End]);
        let mac = Kind::Mac([0, 0x11, 0x22, 0x33, 0x44, 0x55]);
        for text in ["0:11:22:33:44:55", "00-11-22-33-44-55", "0011.2233.4455", "001122334455"] {
            assert_eq!(kinds(text), [mac, Kind::End], "{text}");
        }
        assert_eq!(kinds("fe80::1/10")[0], Kind::Ipv6("fe80::1".parse().expect("an address")));
        assert_eq!(kinds("[0:2]")[1..4], [Kind::Number(0), Kind::Sign(":"), Kind::Number(2)]);
        assert_eq!(kinds("\\tcp)"), [Kind::Escaped, Kind::Sign(")"), Kind::End]);
    }

    #[test]
    fn numbers_come_in_three_bases() {
        assert_eq!(
            kinds("0x1F 017 15 0"),
            [31, 15, 15, 0].map(Kind::Number).into_iter().chain([Kind::End]).collect::<Vec<_>>()
        );
        for wrong in ["08", "4294967296", "0x100000000", "1.2.3.256", "0x1.2.3.4"] {
            assert!(tokens(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_strange_sign_is_shown_where_it_stands() {
        let fault = tokens("tcp and ß").expect_err("no such sign");
        assert_eq!(fault.at, 8..10);
        assert_eq!(tokens("port 80 and mpls").expect_err("outside").at, 12..16);
        assert!(tokens("\\").is_err());
    }
}
