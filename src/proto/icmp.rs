//! Internet Control Message Protocol (RFC 792), with the codes of RFC 1122, RFC 1812 and the next-hop MTU of RFC 1191.

use std::fmt;

use super::{Binding, Dissected, Next, Protocol, checksum, ipv4, u16_at};
use crate::model::{Bits, Field, FieldSpec, Header, Kind, LayerView, Value};

/// Type of an echo reply.
pub const ECHO_REPLY: u8 = 0;
/// Type of a destination unreachable.
pub const UNREACHABLE: u8 = 3;
/// Type of a source quench (deprecated by RFC 6633).
pub const SOURCE_QUENCH: u8 = 4;
/// Type of a redirect.
pub const REDIRECT: u8 = 5;
/// Type of an echo request.
pub const ECHO: u8 = 8;
/// Type of a time exceeded.
pub const TIME_EXCEEDED: u8 = 11;
/// Type of a parameter problem.
pub const PARAMETER_PROBLEM: u8 = 12;
/// Type, code, checksum and four bytes whose meaning depends on the type.
pub const HEADER_LENGTH: usize = 8;

/// Names of the types, as Wireshark prints them.
pub const TYPES: &[(u32, &str)] = &[
    (0, "Echo (ping) reply"),
    (3, "Destination unreachable"),
    (4, "Source quench (flow control)"),
    (5, "Redirect"),
    (8, "Echo (ping) request"),
    (9, "Router advertisement"),
    (10, "Router solicitation"),
    (11, "Time-to-live exceeded"),
    (12, "Parameter problem"),
    (13, "Timestamp request"),
    (14, "Timestamp reply"),
    (15, "Information request"),
    (16, "Information reply"),
    (17, "Address mask request"),
    (18, "Address mask reply"),
];
/// Names of the codes: (type, code, name).
const CODES: &[(u8, u8, &str)] = &[
    (3, 0, "Network unreachable"),
    (3, 1, "Host unreachable"),
    (3, 2, "Protocol unreachable"),
    (3, 3, "Port unreachable"),
    (3, 4, "Fragmentation needed"),
    (3, 5, "Source route failed"),
    (3, 6, "Destination network unknown"),
    (3, 7, "Destination host unknown"),
    (3, 8, "Source host isolated"),
    (3, 9, "Network administratively prohibited"),
    (3, 10, "Host administratively prohibited"),
    (3, 11, "Network unreachable for TOS"),
    (3, 12, "Host unreachable for TOS"),
    (3, 13, "Communication administratively filtered"),
    (3, 14, "Host precedence violation"),
    (3, 15, "Precedence cutoff in effect"),
    (5, 0, "Redirect for network"),
    (5, 1, "Redirect for host"),
    (5, 2, "Redirect for TOS and network"),
    (5, 3, "Redirect for TOS and host"),
    (11, 0, "Time to live exceeded in transit"),
    (11, 1, "Fragment reassembly time exceeded"),
    (12, 0, "Pointer indicates the error"),
    (12, 1, "Required option missing"),
    (12, 2, "Bad length"),
];

static FIELDS: [FieldSpec; 15] = [
    FieldSpec::new("icmp.type", "Type", Bits::bytes(0, 1), Kind::Enum(TYPES)),
    FieldSpec::new("icmp.code", "Code", Bits::bytes(1, 1), Kind::Number),
    FieldSpec::new("icmp.checksum", "Checksum", Bits::bytes(2, 2), Kind::Hex),
    FieldSpec::new("icmp.checksum.status", "Checksum Status", Bits::bytes(2, 2), Kind::Enum(checksum::STATUS_NAMES))
        .generated(),
    FieldSpec::new("icmp.ident", "Identifier (BE)", Bits::bytes(4, 2), Kind::Hex),
    FieldSpec::new("icmp.seq", "Sequence Number (BE)", Bits::bytes(6, 2), Kind::Number),
    FieldSpec::new("icmp.seq_le", "Sequence Number (LE)", Bits::bytes(6, 2), Kind::Number).generated(),
    FieldSpec::new("icmp.redir_gw", "Gateway Address", Bits::bytes(4, 4), Kind::Ipv4),
    FieldSpec::new("icmp.mtu", "MTU of next hop", Bits::bytes(6, 2), Kind::Number),
    FieldSpec::new("icmp.pointer", "Pointer", Bits::bytes(4, 1), Kind::Number),
    FieldSpec::new("icmp.unused", "Unused", Bits::bytes(4, 4), Kind::Bytes),
    FieldSpec::new("icmp.resp_to", "Request frame", Bits::bytes(0, 0), Kind::Number).generated(),
    FieldSpec::new("icmp.resptime", "Response time", Bits::bytes(0, 0), Kind::Span).generated(),
    FieldSpec::new("icmp.num_addrs", "Number of addresses", Bits::bytes(4, 1), Kind::Number),
    FieldSpec::new("icmp.lifetime", "Lifetime", Bits::bytes(6, 2), Kind::Number),
];

/// ICMP.
pub static HEADER: Header = Header {
    name: "icmp",
    title: "Internet Control Message Protocol",
    source: "RFC 792",
    fields: &FIELDS,
    walk,
    info: Some(info),
};

/// ICMP.
pub static PROTOCOL: Protocol = Protocol { header: &HEADER, dissect, bindings: &[Binding::IpProtocol(ipv4::ICMP)] };

/// An echo request or reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Echo {
    /// The answer rather than the question.
    pub reply: bool,
    /// The same in all requests of one run.
    pub identifier: u16,
    /// Tells the requests of a run apart.
    pub sequence: u16,
}

/// A message that reports a problem with a datagram, which it quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    /// ICMP type.
    pub kind: u8,
    /// ICMP code.
    pub code: u8,
    /// Largest packet that the next link takes, in bytes (type 3 code 4, RFC 1191 §4); 0 from routers that do not say.
    pub next_hop_mtu: u16,
}

impl Echo {
    /// The echo header at the start of `bytes`; `None` for other messages.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let kind = *bytes.first()?;
        let reply = kind == ECHO_REPLY;
        let echo = Self { reply, identifier: u16_at(bytes, 4)?, sequence: u16_at(bytes, 6)? };
        ((reply || kind == ECHO) && bytes[1] == 0).then_some(echo)
    }
}

impl Problem {
    /// The problem at the start of `bytes`; `None` for messages that quote nothing.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (&kind, &code) = bytes.first().zip(bytes.get(1))?;
        let next_hop_mtu = if (kind, code) == (UNREACHABLE, 4) { u16_at(bytes, 6)? } else { 0 };
        quotes(kind).then_some(Self { kind, code, next_hop_mtu })
    }
}

/// Whether messages of this type quote the datagram they are about.
#[must_use]
pub fn quotes(kind: u8) -> bool {
    matches!(kind, UNREACHABLE | SOURCE_QUENCH | REDIRECT | TIME_EXCEEDED | PARAMETER_PROBLEM)
}

/// Wireshark's name of a code; `None` where the type has none.
#[must_use]
pub fn code_name(kind: u8, code: u8) -> Option<&'static str> {
    CODES.iter().find(|(t, c, _)| (*t, *c) == (kind, code)).map(|(_, _, name)| *name)
}

/// Wireshark's words for a message of this type and code: `Destination unreachable (Port unreachable)`.
#[must_use]
pub fn name(kind: u8, code: u8) -> String {
    let name =
        TYPES.iter().find(|(number, _)| *number == u32::from(kind)).map_or("Unknown ICMP message", |(_, name)| name);
    match code_name(kind, code) {
        Some(code) => format!("{name} ({code})"),
        None => name.to_owned(),
    }
}

/// The bytes of an echo message that carries `payload`; its checksum is right.
#[must_use]
pub fn craft_echo(echo: &Echo, payload: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(HEADER_LENGTH + payload.len());
    message.extend_from_slice(&[if echo.reply { ECHO_REPLY } else { ECHO }, 0, 0, 0]);
    message.extend_from_slice(&echo.identifier.to_be_bytes());
    message.extend_from_slice(&echo.sequence.to_be_bytes());
    message.extend_from_slice(payload);
    let sum = checksum::internet(&message);
    message[2..4].copy_from_slice(&sum.to_be_bytes());
    message
}

fn dissect(bytes: &[u8]) -> Dissected {
    let Some(&kind) = bytes.first() else { return Dissected::cut("icmp", HEADER_LENGTH, 0, "icmp") };
    if bytes.len() < HEADER_LENGTH {
        return Dissected::cut("icmp", HEADER_LENGTH, bytes.len(), "icmp.type");
    }
    let next = match bytes.len() - HEADER_LENGTH {
        0 => Next::Nothing,
        _ if quotes(kind) => Next::Quoted,
        _ => Next::Data,
    };
    Dissected::whole(HEADER_LENGTH, next)
}

/// The rows, by index, that a message of this type and code has after its checksum.
fn rows(kind: u8, code: u8) -> &'static [usize] {
    match (kind, code) {
        (0 | 8 | 13..=18, _) => &[4, 5, 6],
        (5, _) => &[7],
        (3, 4) => &[8],
        (9, _) => &[13, 14],
        (12, _) => &[9],
        (3 | 4 | 11, _) => &[10],
        _ => &[],
    }
}

fn walk<'f>(view: LayerView<'_, 'f>, each: &mut dyn FnMut(Field<'f>)) {
    let (bytes, offset) = (view.bytes(), view.layer().offset);
    FIELDS[..3].iter().filter_map(|spec| spec.read(bytes, offset)).for_each(&mut *each);
    let conclude =
        |row: usize, value| Field { spec: &FIELDS[row], start: offset * 8 + FIELDS[row].at.start, bits: 0, value };
    if !view.layer().quoted
        && let Some(status) = checksum::status(view)
    {
        each(conclude(3, Value::Number(status.number())));
    }
    let (Some(&kind), Some(&code)) = (bytes.first(), bytes.get(1)) else { return };
    for &row in rows(kind, code) {
        if FIELDS[row].generated {
            if let Some(both) = u16_at(bytes, 6) {
                each(conclude(row, Value::Number(u64::from(both.swap_bytes()))));
            }
        } else if let Some(field) = FIELDS[row].read(bytes, offset) {
            each(field);
        }
    }
}

fn info(view: LayerView<'_, '_>, out: &mut dyn fmt::Write) -> fmt::Result {
    let bytes = view.bytes();
    let (Some(&kind), Some(&code)) = (bytes.first(), bytes.get(1)) else { return out.write_str("ICMP, cut short") };
    let name = TYPES.iter().find(|(number, _)| *number == u32::from(kind)).map(|(_, name)| *name);
    let Some(name) = name else { return write!(out, "Unknown ICMP (obsolete or malformed?)") };
    if let Some(code) = code_name(kind, code) {
        return write!(out, "{name:<20} ({code})");
    }
    write!(out, "{name:<20}")?;
    if let Some(echo) = Echo::read(bytes) {
        let ip = view.packet.find(&ipv4::HEADER).and_then(|view| ipv4::Ipv4::read(view.bytes()));
        let (id, seq) = (echo.identifier, echo.sequence);
        write!(out, " id=0x{id:04x}, seq={seq}/{}, ttl={}", seq.swap_bytes(), ip.map_or(0, |ip| ip.ttl))?;
    }
    if let Some(Value::Number(request)) = view.packet.generated("icmp.resp_to") {
        write!(out, " (request in {request})")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_crafted_is_read() {
        let echo = Echo { reply: false, identifier: 0x1a2b, sequence: 7 };
        let message = craft_echo(&echo, b"payload");
        assert_eq!(Echo::read(&message), Some(echo));
        assert_eq!(checksum::internet(&message), 0);
        assert_eq!(Problem::read(&message), None);
    }

    #[test]
    fn problems_say_what_the_next_hop_takes() {
        assert_eq!(
            Problem::read(&[3, 4, 0, 0, 0, 0, 0x05, 0x78]),
            Some(Problem { kind: 3, code: 4, next_hop_mtu: 1400 })
        );
        assert_eq!(Problem::read(&[11, 0, 0, 0, 0, 0, 0x05, 0x78]).map(|problem| problem.next_hop_mtu), Some(0));
        assert_eq!(Echo::read(&[11, 0, 0, 0, 0, 0, 0, 0]), None);
    }
}
