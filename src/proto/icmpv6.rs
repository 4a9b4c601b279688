//! ICMPv6: what hosts and routers tell each other about IPv6 itself. It also does ARP's work, and DHCP's in part.

mod discovery;
mod fields;
mod listeners;
mod names;
mod neighbor;

use std::fmt::{self, Write as _};
use std::net::Ipv6Addr;

pub use super::icmp::Echo;
pub use names::{name, type_name};
pub use neighbor::Neighbor;

use fields::{FIELDS, of};
use names::codes;

use super::checksum::pseudo_header;
use super::reading::{Binding, Found, Input, MALFORMED, be16, be32, concluded, cut_short, placed, rows};
use super::{Flaw, Protocol, ethernet, ip, ipv6, numbers};
use crate::model::{Fault, FaultKind, Header, LayerView, Value, Visitor, tracked};

const STATUS: usize = of("icmpv6.checksum.status");
const IDENTIFIER: usize = of("icmpv6.echo.identifier");
const SEQUENCE: usize = of("icmpv6.echo.sequence_number");
const QUOTED_LENGTH: usize = of("icmpv6.length");
const RESERVED: usize = of("icmpv6.reserved");
const MTU: usize = of("icmpv6.mtu");
const POINTER: usize = of("icmpv6.pointer");
const DATA: usize = of("icmpv6.data");

/// The table of an ICMPv6 message.
pub static HEADER: Header = Header {
    name: "icmpv6",
    title: "Internet Control Message Protocol v6",
    source: "RFC 4443 §2.1",
    fields: &FIELDS,
    walk,
    info: Some(info),
};

/// As the registry knows it.
pub static PROTOCOL: Protocol = Protocol { header: &HEADER, dissect };

/// Type: the original packet could not be delivered; the code says why.
pub const UNREACHABLE: u8 = 1;
/// Type: the original packet is too long for the next link. In IPv6 no router cuts packets.
pub const PACKET_TOO_BIG: u8 = 2;
/// Type: the original packet's hop limit ran out in transit (code 0), or its fragments were awaited too long (1).
pub const TIME_EXCEEDED: u8 = 3;
/// Type: a header of the original packet is wrong, or not understood.
pub const PARAMETER_PROBLEM: u8 = 4;
/// Type: answer me.
pub const ECHO_REQUEST: u8 = 128;
/// Type: an echo request's answer.
pub const ECHO_REPLY: u8 = 129;
/// Type: who listens to this group, or to any?
pub const LISTENER_QUERY: u8 = 130;
const LISTENER_DONE: u8 = 132;
/// Type: the groups that the sender listens to (RFC 3810).
pub const LISTENER_REPORT_V2: u8 = 143;
pub use discovery::{
    NEIGHBOR_ADVERTISEMENT, NEIGHBOR_SOLICITATION, REDIRECT, ROUTER_ADVERTISEMENT, ROUTER_SOLICITATION,
};

/// Bytes of an echo's or an error's header.
pub const LENGTH: usize = 8;
/// Where the checksum lies.
pub(super) const CHECKSUM: usize = 2;
/// Bytes that every message has.
const SHORTEST: usize = 4;

/// The echo request or reply at the start of `bytes`.
#[must_use]
pub fn read_echo(bytes: &[u8]) -> Option<Echo> {
    let reply = match *bytes.first()? {
        ECHO_REPLY => true,
        ECHO_REQUEST => false,
        _ => return None,
    };
    Some(Echo { reply, identifier: be16(bytes, 4)?, sequence: be16(bytes, 6)? })
}

/// A message that quotes the packet it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Type.
    pub kind: u8,
    /// Code.
    pub code: u8,
    /// The largest packet the next link takes, in bytes (type [`PACKET_TOO_BIG`]).
    pub next_hop_mtu: Option<u32>,
    /// Which byte of the original packet is the trouble (type [`PARAMETER_PROBLEM`]).
    pub pointer: Option<u32>,
}

impl Report {
    /// The message at the start of `bytes`, if it is an error.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (kind, code, word) = (*bytes.first()?, *bytes.get(1)?, be32(bytes, 4));
        let only = |wanted| word.filter(|_| kind == wanted);
        let (next_hop_mtu, pointer) = (only(PACKET_TOO_BIG), only(PARAMETER_PROBLEM));
        quotes(kind).then_some(Self { kind, code, next_hop_mtu, pointer })
    }
}

fn quotes(kind: u8) -> bool {
    matches!(kind, UNREACHABLE..=PARAMETER_PROBLEM)
}

/// Bytes that a message of this type has at least; `message` is what is here of it.
fn least(kind: u8, message: &[u8]) -> usize {
    match kind {
        UNREACHABLE..=PARAMETER_PROBLEM | ECHO_REQUEST | ECHO_REPLY => LENGTH,
        LISTENER_QUERY if message.len() >= listeners::QUERY => listeners::query_length(message),
        LISTENER_QUERY..=LISTENER_DONE => listeners::LENGTH,
        LISTENER_REPORT_V2 => listeners::REPORT,
        _ => discovery::options_start(kind).unwrap_or(SHORTEST),
    }
}

fn dissect(input: &Input<'_>) -> Found {
    let message = input.bytes;
    let Some(&kind) = message.first() else { return Found::truncated(input, SHORTEST, None) };
    let least = least(kind, message);
    if message.len() < least {
        return Found::truncated(input, least, Some("icmpv6.type"));
    }
    let mut found = Found::new(input, LENGTH, None);
    if quotes(kind) {
        found.next = Some(quoted(&message[LENGTH..]));
        found.quotes = true;
        if found.payload == 0 {
            let (at, because) = (LENGTH, "icmpv6.type");
            found.flaw = Some(Flaw { kind: FaultKind::Truncated, at, needed: ipv6::LENGTH, available: 0, because });
        }
        // How long the quotation is, if extensions follow it (RFC 4884 §4).
        let length = if matches!(kind, UNREACHABLE | TIME_EXCEEDED) { usize::from(message[4]) * 8 } else { 0 };
        if length > found.payload && found.payload > 0 {
            let (at, available, because) = (4, found.payload, "icmpv6.length");
            found.flaw = Some(Flaw { kind: FaultKind::Truncated, at, needed: length, available, because });
        }
    } else if matches!(kind, ECHO_REQUEST | ECHO_REPLY) {
        found.next = Some(Binding::Data);
    } else {
        found = Found::new(input, message.len(), None);
        let report = kind == LISTENER_REPORT_V2;
        let flaw = if report { listeners::flaw(message) } else { discovery::flaw(message) };
        if let Some((start, end)) = discovery::redirected(message) {
            found.length = start;
            found.payload = message.len() - start;
            found.tail = message.len() - end;
            found.next = Some(quoted(&message[start..end]));
            found.quotes = true;
        }
        // Of a message that the capture cut, only an item longer than all of it is wrong.
        let too_long = |flaw: &Flaw| flaw.at + flaw.needed > input.reported;
        found.flaw = if message.len() == input.reported || least == SHORTEST {
            flaw
        } else {
            flaw.filter(too_long).or(Found::truncated(input, input.reported, None).flaw)
        };
    }
    found
}

/// What a quotation is: nothing proves that it is IPv6.
fn quoted(bytes: &[u8]) -> Binding {
    match bytes.first() {
        Some(first) if first >> 4 != 6 => Binding::Data,
        _ => Binding::EtherType(ethernet::IPV6),
    }
}

fn walk<'f>(view: LayerView<'_, 'f>, each: &mut dyn Visitor<'f>) {
    rows(view, &FIELDS[..STATUS], each);
    let bytes = view.bytes();
    let Some(&kind) = bytes.first() else { return };
    if let Some(status) = view.layer().checksum {
        each.field(concluded(view, &FIELDS[STATUS], status.value()));
    }
    let mut read = |first: usize, last: usize| rows(view, &FIELDS[first..=last], each);
    match kind {
        ECHO_REQUEST | ECHO_REPLY => read(IDENTIFIER, SEQUENCE),
        PACKET_TOO_BIG => read(MTU, MTU),
        PARAMETER_PROBLEM => read(POINTER, POINTER),
        // Newer senders say how much they quote (RFC 4884 §4).
        UNREACHABLE | TIME_EXCEEDED if bytes.get(4).is_some_and(|&length| length > 0) => {
            read(QUOTED_LENGTH, QUOTED_LENGTH);
            placed(view, &FIELDS[RESERVED], 5, 3, each);
        }
        UNREACHABLE | TIME_EXCEEDED => placed(view, &FIELDS[RESERVED], 4, 4, each),
        LISTENER_QUERY..=LISTENER_DONE => {
            let version_2 = kind == LISTENER_QUERY && bytes.len() >= listeners::QUERY;
            listeners::walk_group(view, version_2, each);
        }
        LISTENER_REPORT_V2 => listeners::walk_report(view, each),
        _ if discovery::options_start(kind).is_some() => discovery::walk(view, kind, each),
        _ if !is_unread(kind) && bytes.len() > SHORTEST => read(DATA, DATA),
        _ => {}
    }
}

/// Types with a dissector in Wireshark but not here.
fn is_unread(kind: u8) -> bool {
    matches!(kind, 138..=140 | 144..=161)
}

/// A message of any type: `rest` is what follows type, code and checksum.
#[must_use]
pub fn craft(kind: u8, code: u8, rest: &[u8], source: Ipv6Addr, destination: Ipv6Addr) -> Vec<u8> {
    let mut bytes = vec![kind, code, 0, 0];
    bytes.extend(rest);
    let checksum = pseudo_header(source, destination, ipv6::ICMPV6, bytes.len()).plus(&bytes).checksum();
    bytes[CHECKSUM..SHORTEST].copy_from_slice(&checksum.to_be_bytes());
    bytes
}

/// An echo request or reply around `payload`.
#[must_use]
pub fn craft_echo(echo: &Echo, source: Ipv6Addr, destination: Ipv6Addr, payload: &[u8]) -> Vec<u8> {
    let mut rest = [echo.identifier.to_be_bytes(), echo.sequence.to_be_bytes()].concat();
    rest.extend(payload);
    craft(if echo.reply { ECHO_REPLY } else { ECHO_REQUEST }, 0, &rest, source, destination)
}

fn info(view: LayerView<'_, '_>, out: &mut String) -> fmt::Result {
    let bytes = view.bytes();
    let quotation = view.layer().offset + LENGTH;
    let no_quotation = |fault: &Fault| fault.layer == HEADER.name && fault.offset == quotation;
    let missing = view.layer().length == LENGTH && view.packet.faults.iter().any(no_quotation);
    let end = cut_short(view).or(missing.then_some(MALFORMED)).unwrap_or_default();
    let Some(&kind) = bytes.first() else { return out.write_str(end) };
    match type_name(kind) {
        Some(name) => out.write_str(name)?,
        None => write!(out, "Unknown ({kind})")?,
    }
    let Some(&code) = bytes.get(1) else { return out.write_str(end) };
    if let Some(names) = codes(kind) {
        match numbers::name(names, code.into()) {
            Some(name) => write!(out, " ({name})")?,
            None if kind == UNREACHABLE => out.write_str(" (Unknown)")?,
            None => write!(out, " (Unknown ({code}))")?,
        }
    }
    if let Some(Echo { identifier, sequence, .. }) = read_echo(bytes) {
        write!(out, " id={identifier:#06x}, seq={sequence}")?;
        if let Some(hops) = ip::enclosing(view).filter(|ip| ip.is(&ipv6::HEADER)).and_then(ip::hops_left) {
            write!(out, ", hop limit={hops}")?;
        }
        for (what, words) in [(tracked!("icmpv6.resp_in"), "reply in"), (tracked!("icmpv6.resp_to"), "request in")] {
            if let Some(Value::Number(number)) = view.packet.generated(what) {
                write!(out, " ({words} {number})")?;
            }
        }
    }
    discovery::info(view, kind, out)?;
    out.write_str(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Ipv6Addr = Ipv6Addr::new(0xfd00, 7, 0, 0, 0, 0, 0, 2);
    const THERE: Ipv6Addr = Ipv6Addr::new(0xfd00, 7, 0, 0, 0, 0, 0, 1);

    #[test]
    fn a_crafted_echo_reads_back_and_sums_to_ones() {
        for payload in [&b""[..], b"odd", b"even"] {
            for reply in [false, true] {
                let echo = Echo { reply, identifier: 0x1a2b, sequence: 0x0304 };
                let message = craft_echo(&echo, HERE, THERE, payload);
                assert_eq!(read_echo(&message), Some(echo));
                assert_eq!(pseudo_header(HERE, THERE, ipv6::ICMPV6, message.len()).plus(&message).fold(), 0xffff);
                assert_eq!(&message[LENGTH..], payload);
            }
        }
        assert_eq!(read_echo(&[135, 0, 0, 0, 0, 0, 0, 0]), None);
    }

    #[test]
    fn a_report_says_what_its_word_means() {
        let read = |kind| Report::read(&[kind, 0, 0, 0, 0, 0, 5, 0x78]).map(|it| (it.next_hop_mtu, it.pointer));
        assert_eq!(read(PACKET_TOO_BIG), Some((Some(1400), None)));
        assert_eq!(read(PARAMETER_PROBLEM), Some((None, Some(1400))));
        assert_eq!(read(UNREACHABLE), Some((None, None)));
        assert_eq!(read(ECHO_REPLY), None);
    }
}
