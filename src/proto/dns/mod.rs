//! DNS: questions about names, and their answers. In a datagram, or behind a length in a TCP stream; the same form serves
//! mDNS (RFC 6762) and LLMNR (RFC 4795), which ask the neighbours instead of a server.

mod data;
mod fields;
pub mod gist;
mod name;
mod sections;
mod types;
mod walking;

use std::fmt::{self, Write as _};

use smallvec::SmallVec;

use data::{Found as Piece, each_piece};
use fields::FIELDS;
use name::{Broken, Name};
use sections::{HEADER as FIXED, Part, Parts, RESPONSE};
use types::Says;
use walking::walk;

use super::reading::{Found, Input, be16, be32, broken, printable};
use super::{Protocol, numbers};
use crate::model::{Header, Kind, LayerView};

/// The table of a message in a datagram.
pub static HEADER: Header = table("dns", "Domain Name System", "RFC 1035 §4.1");
/// The same behind the length that parts messages in a stream.
pub static STREAM: Header = table("dns", "Domain Name System", "RFC 1035 §4.2.2");
/// The same asked of all neighbours.
pub static MULTICAST: Header = table("mdns", "Multicast Domain Name System", "RFC 6762 §18");
/// The same as Windows asks its neighbours.
pub static LLMNR: Header = table("llmnr", "Link-local Multicast Name Resolution", "RFC 4795 §2.1");

const fn table(name: &'static str, title: &'static str, source: &'static str) -> Header {
    Header { name, title, source, fields: &FIELDS, walk, info: Some(info) }
}

/// As the registry knows them.
pub static PROTOCOL: Protocol = Protocol { header: &HEADER, dissect };
/// For a message in a stream, its length included.
pub static STREAM_PROTOCOL: Protocol = Protocol { header: &STREAM, dissect: dissect_stream };
/// For mDNS.
pub static MULTICAST_PROTOCOL: Protocol = Protocol { header: &MULTICAST, dissect };
/// For LLMNR.
pub static LLMNR_PROTOCOL: Protocol = Protocol { header: &LLMNR, dissect };

/// The port of servers.
pub const PORT: u16 = 53;
/// The port of mDNS.
pub const MULTICAST_PORT: u16 = 5353;
/// The port of LLMNR.
pub const LLMNR_PORT: u16 = 5355;
/// Bytes of the length before a message in a stream.
pub const PREFIX: usize = 2;

/// Which of the four a layer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    Datagram,
    Stream,
    Multicast,
    Llmnr,
}

impl Dialect {
    fn of(view: LayerView<'_, '_>) -> Self {
        match view.layer().header.name {
            "mdns" => Self::Multicast,
            "llmnr" => Self::Llmnr,
            _ if view.is(&STREAM) => Self::Stream,
            _ => Self::Datagram,
        }
    }
}

/// What pairs a question with its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dns {
    /// Chosen by the asker, repeated by the answerer.
    pub id: u16,
    /// An answer.
    pub response: bool,
    /// The question asks for a whole zone, which may be answered in many messages.
    pub transfer: bool,
}

impl Dns {
    /// The message that `view` is, if it is one.
    #[must_use]
    pub fn read(view: LayerView<'_, '_>) -> Option<Self> {
        let message = Some(message(view)).filter(|_| is_message(view.layer().header))?;
        let (id, flags) = (be16(message, 0)?, be16(message, 2)?);
        let first = Parts::of(message).next().and_then(Result::ok);
        let transfer = first.is_some_and(|part| part.data.is_none() && matches!(part.kind, 251 | 252));
        Some(Self { id, response: flags & RESPONSE != 0, transfer })
    }
}

/// Whether a layer with this table is a message, of whichever of the four.
#[must_use]
pub fn is_message(header: &Header) -> bool {
    std::ptr::eq(header.fields, &raw const FIELDS)
}

/// Whether a datagram on any port looks like a message, by Wireshark's rule: an ordinary question with nothing but
/// additional records, or an answer with believable counts.
#[must_use]
pub fn is_likely(bytes: &[u8]) -> bool {
    let word = |at| be16(bytes, at).unwrap_or(u16::MAX);
    let (flags, questions, answers, authorities, additional) = (word(2), word(4), word(6), word(8), word(10));
    let believable = if flags & RESPONSE == 0 {
        questions == 1 && answers == 0 && authorities == 0
    } else {
        questions <= 1 && answers <= 100 && authorities <= 10
    };
    bytes.len() > FIXED && flags & gist::OPERATION == 0 && believable && additional <= 10
}

/// The bytes of the message, without a length before it.
fn message<'f>(view: LayerView<'_, 'f>) -> &'f [u8] {
    let prefix = if view.is(&STREAM) { PREFIX } else { 0 };
    view.bytes().get(prefix..).unwrap_or(&[])
}

fn dissect(input: &Input<'_>) -> Found {
    dissect_behind(input, 0)
}

fn dissect_stream(input: &Input<'_>) -> Found {
    dissect_behind(input, PREFIX)
}

fn dissect_behind(input: &Input<'_>, prefix: usize) -> Found {
    let message = input.bytes.get(prefix..).unwrap_or(&[]);
    if message.len() < FIXED {
        let is_cut = input.bytes.len() < input.reported;
        return Found::truncated(input, if is_cut { input.bytes.len() + 1 } else { prefix + FIXED }, None);
    }
    match first_break(message) {
        None => Found { payload: 0, ..Found::new(input, input.bytes.len(), None) },
        // What the capture cut might have been whole.
        Some(Broken::Short(_)) if input.bytes.len() < input.reported => {
            Found::truncated(input, input.bytes.len() + 1, None)
        }
        Some(Broken::Short(at)) => Found::truncated(input, prefix + at.max(message.len()) + 1, None),
        Some(Broken::Wrong(at)) => Found::malformed(input, input.bytes.len(), prefix + at, 1, 1, "dns.resp.name"),
    }
}

/// Where the message cannot be read on, if it cannot.
fn first_break(message: &[u8]) -> Option<Broken> {
    Parts::of(message).find_map(|part| part.and_then(|part| each_piece(message, &part, &mut |_| {})).err())
}

/// What a message is worth in the Info column.
fn info(view: LayerView<'_, '_>, out: &mut String) -> fmt::Result {
    let message = message(view);
    let broken = broken(view).unwrap_or("[Malformed Packet]");
    let (Some(id), Some(flags)) = (be16(message, 0), be16(message, 2)) else { return out.write_str(broken) };
    let response = flags & RESPONSE != 0;
    let named = |key: &str, number: u16, unknown: &str, out: &mut String| {
        let names = FIELDS.iter().find(|spec| spec.key == key).map(|spec| spec.kind);
        match names {
            Some(Kind::Enum(names)) if numbers::name(names, number.into()).is_some() => {
                out.write_str(numbers::name(names, number.into()).unwrap_or_default())
            }
            _ => write!(out, "{unknown} ({number})"),
        }
    };
    named("dns.flags.opcode", flags >> 11 & 15, "Unknown operation", out)?;
    write!(out, "{} {id:#06x}", if response { " response" } else { "" })?;
    if response && flags & 15 != 0 {
        out.write_char(' ')?;
        named("dns.flags.rcode", flags & 15, "Unknown error", out)?;
    }
    if message.len() < FIXED {
        return out.write_str(broken);
    }
    let multicast = Dialect::of(view) == Dialect::Multicast;
    for part in Parts::of(message) {
        let Ok(part) = part else { return out.write_str(broken) };
        out.write_char(' ')?;
        named("dns.qry.type", part.kind, "Unknown", out)?;
        let marked = multicast && part.class(message) & 0x8000 != 0;
        let whole = if part.data.is_none() {
            print_name(message, part.at, out)?;
            let question = if marked { ", \"QU\" question" } else { ", \"QM\" question" };
            out.write_str(if multicast { question } else { "" })?;
            true
        } else {
            out.write_str(if marked { ", cache flush" } else { "" })?;
            print_data(message, &part, out)?
        };
        if !whole {
            return out.write_str(broken);
        }
    }
    Ok(())
}

fn print_name(message: &[u8], at: usize, out: &mut String) -> fmt::Result {
    out.write_char(' ')?;
    Name::read(message, at).map_or(Ok(()), |name| name.print(out))
}

/// Writes what the Info column says of a record's data; whether they could be read to their end.
fn print_data(message: &[u8], part: &Part, out: &mut String) -> Result<bool, fmt::Error> {
    if part.data.is_none_or(|data| data.length == 0) {
        return Ok(true);
    }
    let says = types::data(part.kind).says;
    if says == Says::Owner {
        print_name(message, part.at, out)?;
    }
    let Says::Pieces(said, read) = says else {
        return Ok(each_piece(message, part, &mut |_| {}).is_ok());
    };
    let mut pieces = SmallVec::<[Piece; 4]>::new();
    let whole = each_piece(message, part, &mut |piece| {
        if pieces.len() < read && !matches!(piece, Piece::Length(..)) {
            pieces.push(piece);
        }
    });
    // Nothing is said before all of it could be read.
    if pieces.len() == read {
        pieces.iter().take(said).try_for_each(|piece| print_piece(message, *piece, out))?;
    }
    Ok(whole.is_ok())
}

fn print_piece(message: &[u8], piece: Piece, out: &mut String) -> fmt::Result {
    let bytes = |at: usize, length: usize| message.get(at..at + length).unwrap_or(&[]);
    match piece {
        Piece::Name(_, at, _) => print_name(message, at, out),
        Piece::Fixed(_, at, 2) => write!(out, " {}", be16(message, at).unwrap_or(0)),
        Piece::Fixed(_, at, 4) => write!(out, " {}", std::net::Ipv4Addr::from(be32(message, at).unwrap_or(0))),
        Piece::Fixed(_, at, 16) => match <[u8; 16]>::try_from(bytes(at, 16)) {
            Ok(address) => write!(out, " {}", std::net::Ipv6Addr::from(address)),
            Err(_) => Ok(()),
        },
        Piece::Text(_, at, length) => {
            out.write_char(' ')?;
            printable(bytes(at, length), out)
        }
        Piece::Fixed(..) | Piece::Length(..) | Piece::Option(..) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn likely_messages_are_told_from_other_bytes() {
        let mut question = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1];
        assert!(is_likely(&question));
        assert!(!is_likely(&question[..12]), "nothing but a header");
        question[2] = 0x28;
        assert!(!is_likely(&question), "an update is no ordinary question");
        assert!(!is_likely(&[0x61; 100]) && !is_likely(&[0; 100]) && !is_likely(b""));
    }
}
