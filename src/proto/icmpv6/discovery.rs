//! Neighbour discovery: what ARP is for IPv4, and how hosts find their routers and addresses (RFC 4861).

use std::fmt::{self, Write as _};
use std::net::Ipv6Addr;

use super::fields::{FIELDS, of};
use crate::model::{FaultKind, Field, LayerView, MacAddr, Value, Visitor};
use crate::proto::reading::{RawOption, be16, be32, option_rows, placed, rows};
use crate::proto::{Flaw, ipv6};

const RESERVED: usize = of("icmpv6.reserved");
const OPTION: usize = of("icmpv6.opt.type");
const OPTION_LENGTH: usize = of("icmpv6.opt.length");
const LINK: usize = of("icmpv6.opt.linkaddr");
const SOURCE_LINK: usize = of("icmpv6.opt.src_linkaddr");
const TARGET_LINK: usize = of("icmpv6.opt.target_linkaddr");
const PREFIX_LENGTH: usize = of("icmpv6.opt.prefix.length");
const PREFIX: usize = of("icmpv6.opt.prefix");
const ROUTE: usize = of("icmpv6.opt.route_info.flag");
const ROUTE_LIFETIME: usize = of("icmpv6.opt.route_lifetime");
const SERVER_LIFETIME: usize = of("icmpv6.opt.rdnss.lifetime");
const SERVER: usize = of("icmpv6.opt.rdnss");
const PORTAL: usize = of("icmpv6.opt.captive_portal");
const TRANSLATOR: usize = of("icmpv6.opt.pref64.scaled_lifetime");
const TRANSLATOR_CODE: usize = of("icmpv6.opt.pref64.plc");
const TRANSLATOR_PREFIX: usize = of("icmpv6.opt.pref64.prefix");
const DATA: usize = of("icmpv6.data");
const UNKNOWN: usize = of("icmpv6.unknown_data");

/// Type: which routers are there?
pub const ROUTER_SOLICITATION: u8 = 133;
/// Type: here is a router.
pub const ROUTER_ADVERTISEMENT: u8 = 134;
/// Type: who has this address?
pub const NEIGHBOR_SOLICITATION: u8 = 135;
/// Type: this address is at that card.
pub const NEIGHBOR_ADVERTISEMENT: u8 = 136;
/// Type: there is a shorter way.
pub const REDIRECT: u8 = 137;

/// Options are counted in units of this many bytes.
const UNIT: usize = 8;
/// Option types that are not merely rows.
const SOURCE_ADDRESS: u8 = 1;
const TARGET_ADDRESS: u8 = 2;
const REDIRECTED: u8 = 4;
const ROUTE_INFORMATION: u8 = 24;
const DNS_SERVERS: u8 = 25;
const CAPTIVE_PORTAL: u8 = 37;
const PREF64: u8 = 38;
/// Types with a dissector in Wireshark but not here.
const UNREAD: [u8; 22] = [6, 9, 10, 11, 12, 13, 15, 16, 17, 18, 19, 20, 23, 27, 28, 29, 30, 32, 33, 34, 35, 36];

/// Option type → first and last row behind type and length, and how many bytes those take.
static CONTENTS: [(u8, usize, usize, usize); 8] = [
    (3, PREFIX_LENGTH, PREFIX, 32),
    (5, of("icmpv6.opt.mtu"), of("icmpv6.opt.mtu"), 8),
    (7, of("icmpv6.opt.advertisement_interval"), of("icmpv6.opt.advertisement_interval"), 8),
    (8, of("icmpv6.opt.home_agent_preference"), of("icmpv6.opt.home_agent_lifetime"), 8),
    (14, of("icmpv6.opt.nonce"), of("icmpv6.opt.nonce"), usize::MAX),
    (DNS_SERVERS, SERVER_LIFETIME, SERVER_LIFETIME, usize::MAX),
    (26, of("icmpv6.opt.efo"), of("icmpv6.opt.efo.p"), 8),
    (31, of("icmpv6.opt.dnssl.lifetime"), of("icmpv6.opt.dnssl.lifetime"), usize::MAX),
];

/// Message type → its first and last row, whether four reserved bytes come first, and where the options begin.
static MESSAGES: [(u8, usize, usize, bool, usize); 7] = [
    (ROUTER_SOLICITATION, 0, 0, true, 8),
    (ROUTER_ADVERTISEMENT, of("icmpv6.nd.ra.cur_hop_limit"), of("icmpv6.nd.ra.retrans_timer"), false, 16),
    (NEIGHBOR_SOLICITATION, of("icmpv6.nd.ns.target_address"), of("icmpv6.nd.ns.target_address"), true, 24),
    (NEIGHBOR_ADVERTISEMENT, of("icmpv6.nd.na.flag"), of("icmpv6.nd.na.target_address"), false, 24),
    (REDIRECT, of("icmpv6.nd.rd.target_address"), of("icmpv6.rd.na.destination_address"), true, 40),
    (141, 0, 0, true, 8),
    (142, 0, 0, true, 8),
];

/// Where the options of a message of this type begin; `None` when it has none.
pub(super) fn options_start(kind: u8) -> Option<usize> {
    MESSAGES.iter().find(|(known, ..)| *known == kind).map(|&(.., start)| start)
}

/// The options of a message, up to the end or the first whose length is impossible.
struct Options<'f> {
    message: &'f [u8],
    at: usize,
}

impl<'f> Options<'f> {
    fn of(message: &'f [u8]) -> Self {
        let start = message.first().and_then(|&kind| options_start(kind)).unwrap_or(message.len());
        Self { message, at: start }
    }
}

impl<'f> Iterator for Options<'f> {
    type Item = RawOption<'f>;

    fn next(&mut self) -> Option<RawOption<'f>> {
        let rest = self.message.get(self.at..)?;
        let &[kind, units] = rest.first_chunk()?;
        let bytes = rest.get(..usize::from(units) * UNIT).filter(|bytes| !bytes.is_empty())?;
        let option = RawOption { at: self.at, kind, bytes };
        self.at += bytes.len();
        Some(option)
    }
}

/// What is wrong with the options.
pub(super) fn flaw(message: &[u8]) -> Option<Flaw> {
    let mut options = Options::of(message);
    while options.next().is_some() {}
    let (at, because) = (options.at, "icmpv6.opt.length");
    let rest = message.get(at..).filter(|rest| !rest.is_empty())?;
    let (needed, available) = (rest.get(1).map_or(2, |&units| usize::from(units) * UNIT), rest.len());
    // A length of 0 would never end.
    let (kind, needed) = if needed == 0 { (FaultKind::Malformed, UNIT) } else { (FaultKind::Truncated, needed) };
    Some(Flaw { kind, at, needed, available, because })
}

/// Where the packet lies that a redirect is about: start and end.
pub(super) fn redirected(message: &[u8]) -> Option<(usize, usize)> {
    let mut options = Options::of(message);
    let whole = options.by_ref().find(|option| option.kind == REDIRECTED && option.bytes.len() > UNIT);
    match (whole, message.get(options.at..)) {
        (Some(option), _) => Some((option.at + UNIT, option.at + option.bytes.len())),
        // Of one that is longer than the message, what there is.
        (None, Some(&[REDIRECTED, units, ref rest @ ..])) if units > 1 && rest.len() > UNIT - 2 => {
            Some((options.at + UNIT, message.len()))
        }
        _ => None,
    }
}

/// Header and payload: an option may follow the packet that a redirect is about.
fn message<'f>(view: LayerView<'_, 'f>) -> &'f [u8] {
    let layer = view.layer();
    let end = layer.offset + layer.length + layer.payload;
    view.packet.frame.bytes.get(layer.offset..end).unwrap_or(&[])
}

/// The rows of a message.
pub(super) fn walk<'f>(view: LayerView<'_, 'f>, kind: u8, each: &mut dyn Visitor<'f>) {
    let Some(&(_, first, last, reserved, _)) = MESSAGES.iter().find(|(known, ..)| *known == kind) else { return };
    if reserved {
        placed(view, &FIELDS[RESERVED], 4, 4, each);
    }
    if first > 0 {
        rows(view, &FIELDS[first..=last], each);
    }
    let mut options = Options::of(message(view));
    for option in options.by_ref() {
        walk_option(view, &option, each);
    }
    // Of an option that is not all here, what is.
    if let Some(bytes @ &[kind, _, ..]) = message(view).get(options.at..) {
        let option = RawOption { at: options.at, kind, bytes };
        option_rows(view, &FIELDS[OPTION..=OPTION_LENGTH], option.at, &option, each);
        // Rows without a length of their own would pretend that the option ends here.
        let known = CONTENTS.iter().find(|(known, first, ..)| *known == kind && FIELDS[*first].at.len > 0);
        if let Some(&(_, first, last, _)) = known {
            option_rows(view, &FIELDS[first..=last], option.at, &option, each);
        } else if kind == ROUTE_INFORMATION {
            option_rows(view, &FIELDS[PREFIX_LENGTH..=PREFIX_LENGTH], option.at, &option, each);
            option_rows(view, &FIELDS[ROUTE..=ROUTE_LIFETIME], option.at, &option, each);
        }
    }
}

fn walk_option<'f>(view: LayerView<'_, 'f>, option: &RawOption<'f>, each: &mut dyn Visitor<'f>) {
    let (at, length) = (option.at, option.bytes.len());
    let mut read = |first: usize, last: usize| option_rows(view, &FIELDS[first..=last], at, option, each);
    read(OPTION, OPTION_LENGTH);
    let mut used = length;
    match option.kind {
        SOURCE_ADDRESS | TARGET_ADDRESS => {
            let own = if option.kind == SOURCE_ADDRESS { SOURCE_LINK } else { TARGET_LINK };
            // Wireshark keeps a target's EUI-64 in other fields.
            let length = eui64(option.bytes).map_or(length - 2, <[u8]>::len);
            for spec in [LINK, own] {
                placed(view, &FIELDS[spec], at + 2, length, each);
            }
        }
        REDIRECTED => {
            let body = &option.bytes[UNIT..];
            let quoted = if body.first().is_some_and(|first| first >> 4 == 6) {
                be16(body, 4).map_or(body.len(), |length| ipv6::LENGTH + usize::from(length))
            } else {
                body.len()
            };
            used = UNIT + quoted.min(body.len());
        }
        ROUTE_INFORMATION => {
            read(PREFIX_LENGTH, PREFIX_LENGTH);
            read(ROUTE, ROUTE_LIFETIME);
            walk_prefix(view, option, PREFIX, (UNIT, length - UNIT), each);
        }
        CAPTIVE_PORTAL => {
            let text = option.bytes[2..].iter().position(|&byte| byte == 0).unwrap_or(length - 2);
            if text > 0 {
                placed(view, &FIELDS[PORTAL], at + 2, text, each);
            }
        }
        PREF64 => {
            read(TRANSLATOR, TRANSLATOR_CODE);
            // How many bits of it the code says (RFC 8781 §4); what is left out are zeros.
            let lengths = [12, 8, 7, 6, 5, 4];
            let code = usize::from(option.bytes.get(3).map_or(0, |&code| code & 7));
            if let Some(&bytes) = lengths.get(code) {
                walk_prefix(view, option, TRANSLATOR_PREFIX, (4, bytes), each);
            }
            used = 16;
        }
        kind => match CONTENTS.iter().find(|(known, ..)| *known == kind) {
            Some(&(_, first, last, length)) => {
                read(first, last);
                used = length;
                if kind == DNS_SERVERS {
                    for at in (UNIT..length.min(option.bytes.len() + 1).saturating_sub(16)).step_by(16) {
                        placed(view, &FIELDS[SERVER], option.at + at, 16, each);
                    }
                }
            }
            None if UNREAD.contains(&kind) => {}
            None => placed(view, &FIELDS[DATA], at + 2, length - 2, each),
        },
    }
    if used < length {
        placed(view, &FIELDS[UNKNOWN], at + used, length - used, each);
    }
}

/// An address of which only the first bytes are sent: `part` says where, and how many.
fn walk_prefix<'f>(
    view: LayerView<'_, 'f>,
    option: &RawOption<'f>,
    spec: usize,
    part: (usize, usize),
    each: &mut dyn Visitor<'f>,
) {
    let (start, length) = part;
    let Some(bytes) = option.bytes.get(start..start + length).filter(|bytes| (1..=16).contains(&bytes.len())) else {
        return;
    };
    let mut address = [0; 16];
    address[..bytes.len()].copy_from_slice(bytes);
    let start = (view.layer().offset + option.at + start) * 8;
    each.field(Field { spec: &FIELDS[spec], start, bits: length * 8, value: Value::Ipv6(Ipv6Addr::from(address)) });
}

/// The address in an option of 16 bytes that ends in six zeros: an EUI-64.
fn eui64(option: &[u8]) -> Option<&[u8]> {
    (option.len() == 16 && option[10..].iter().all(|&byte| byte == 0)).then(|| &option[2..10])
}

/// What the Info column says behind the message's name.
pub(super) fn info(view: LayerView<'_, '_>, kind: u8, out: &mut String) -> fmt::Result {
    let message = message(view);
    if let (NEIGHBOR_SOLICITATION | NEIGHBOR_ADVERTISEMENT, Some(target)) = (kind, ipv6::address(message, 8)) {
        if kind == NEIGHBOR_SOLICITATION {
            write!(out, " for {target}")?;
        } else {
            let flags = be32(message, 4).unwrap_or(0) >> 29;
            let names = [(4, "rtr"), (2, "sol"), (1, "ovr")];
            let mut names = names.into_iter().filter(|(bit, _)| flags & bit != 0).map(|(_, name)| name);
            write!(out, " {target} ({}", names.next().unwrap_or("none"))?;
            names.try_for_each(|name| write!(out, ", {name}"))?;
            out.write_str(")")?;
        }
    }
    for option in Options::of(message) {
        let word = match option.kind {
            SOURCE_ADDRESS => "from",
            TARGET_ADDRESS => "is at",
            _ => continue,
        };
        if let (UNIT, Some(mac)) = (option.bytes.len(), MacAddr::read(&option.bytes[2..])) {
            write!(out, " {word} {mac}")?;
        } else if let Some([first, rest @ ..]) = eui64(option.bytes) {
            write!(out, " from {first:02x}")?;
            rest.iter().try_for_each(|byte| write!(out, ":{byte:02x}"))?;
        }
    }
    Ok(())
}
