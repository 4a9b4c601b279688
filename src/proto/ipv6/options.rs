//! Hop-by-hop and destination options: notes to the routers on the way, and to the receiver.

use std::net::Ipv6Addr;

use super::names;
use crate::model::{Bits, FaultKind, Field, FieldSpec, Header, Kind, LayerView, Value, Visitor};
use crate::proto::reading::{Binding, Found, Input, RawOption, be32, concluded, option_rows, placed, row, rows};
use crate::proto::{Flaw, Protocol, numbers};

const ANYWHERE: Bits = Bits { start: 0, len: 0 };
const NEXT: Kind = Kind::Enum(&numbers::IP_PROTOCOLS);

static HOP_BY_HOP_FIELDS: [FieldSpec; 3] = [
    FieldSpec::new("ipv6.hopopts.nxt", "Next Header", Bits::bytes(0, 1), NEXT),
    FieldSpec::new("ipv6.hopopts.len", "Length", Bits::bytes(1, 1), Kind::Number),
    FieldSpec::new("ipv6.hopopts.len_oct", "Length", ANYWHERE, Kind::Number).generated(),
];
static DESTINATION_FIELDS: [FieldSpec; 3] = [
    FieldSpec::new("ipv6.dstopts.nxt", "Next Header", Bits::bytes(0, 1), NEXT),
    FieldSpec::new("ipv6.dstopts.len", "Length", Bits::bytes(1, 1), Kind::Number),
    FieldSpec::new("ipv6.dstopts.len_oct", "Length", ANYWHERE, Kind::Number).generated(),
];

const fn option(key: &'static str, label: &'static str, at: usize, length: usize, kind: Kind) -> FieldSpec {
    FieldSpec::new(key, label, Bits::bytes(at, length), kind)
}

const fn rest(key: &'static str, label: &'static str) -> FieldSpec {
    FieldSpec::new(key, label, Bits { start: 16, len: 0 }, Kind::Bytes)
}

/// Counted from the option's first byte.
static FIELDS: [FieldSpec; 30] = [
    option("ipv6.opt.type", "Type", 0, 1, Kind::Enum(&names::OPTIONS)),
    FieldSpec::new("ipv6.opt.type.action", "Action", Bits { start: 0, len: 2 }, Kind::Enum(&names::ACTIONS)).part(),
    FieldSpec::new("ipv6.opt.type.change", "May Change", Bits { start: 2, len: 1 }, Kind::Flag("Yes", "No")).part(),
    FieldSpec::new("ipv6.opt.type.rest", "Low-Order Bits", Bits { start: 3, len: 5 }, Kind::Hex).part(),
    option("ipv6.opt.length", "Length", 1, 1, Kind::Number),
    rest("ipv6.opt.padn", "PadN"),
    option("ipv6.opt.tel", "Tunnel Encapsulation Limit", 2, 1, Kind::Number),
    option("ipv6.opt.router_alert", "Router Alert", 2, 2, Kind::Enum(&names::ALERTS)),
    option("ipv6.opt.jumbo", "Payload Length", 2, 4, Kind::Number),
    option("ipv6.opt.pmtu.min", "Minimum Reported PMTU", 2, 2, Kind::Number),
    // The lowest bit of the number is not sent (RFC 9268 §4).
    option("ipv6.opt.pmtu.rtn", "Return Minimum PMTU", 4, 2, Kind::Number),
    FieldSpec::new("ipv6.opt.pmtu.r_flag", "Return Flag", Bits { start: 47, len: 1 }, Kind::Flag("True", "False")),
    option("ipv6.opt.pdm.scale_dtlr", "Scale DTLR", 2, 1, Kind::Number),
    option("ipv6.opt.pdm.scale_dtls", "Scale DTLS", 3, 1, Kind::Number),
    option("ipv6.opt.pdm.psn_this_pkt", "PSN This Packet", 4, 2, Kind::Number),
    option("ipv6.opt.pdm.psn_last_recv", "PSN Last Received", 6, 2, Kind::Number),
    option("ipv6.opt.pdm.delta_last_recv", "Delta Time Last Received", 8, 2, Kind::Number),
    option("ipv6.opt.pdm.delta_last_sent", "Delta Time Last Sent", 10, 2, Kind::Number),
    option("ipv6.opt.mipv6.home_address", "MIPv6 Home Address", 2, 16, Kind::Ipv6),
    option("ipv6.opt.rpl.flag", "Flag", 2, 1, Kind::Hex),
    FieldSpec::new("ipv6.opt.rpl.flag.o", "Down", Bits { start: 16, len: 1 }, Kind::Flag("True", "False")).part(),
    FieldSpec::new("ipv6.opt.rpl.flag.r", "Rank Error", Bits { start: 17, len: 1 }, Kind::Flag("True", "False")).part(),
    FieldSpec::new("ipv6.opt.rpl.flag.f", "Forwarding Error", Bits { start: 18, len: 1 }, Kind::Flag("True", "False"))
        .part(),
    FieldSpec::new("ipv6.opt.rpl.flag.rsv", "Reserved", Bits { start: 19, len: 5 }, Kind::Hex).part(),
    option("ipv6.opt.rpl.instance_id", "RPLInstanceID", 3, 1, Kind::Hex),
    option("ipv6.opt.rpl.sender_rank", "Sender Rank", 4, 2, Kind::Hex),
    rest("ipv6.opt.ilnp_nonce", "ILNP Nonce"),
    rest("ipv6.opt.experimental", "Experimental Option"),
    rest("ipv6.opt.unknown", "Unknown Option Payload"),
    FieldSpec::new("ipv6.opt_unknown_data", "Unknown Data", ANYWHERE, Kind::Bytes),
];
const TYPE_PARTS: usize = row(&FIELDS, "ipv6.opt.type.action");
const OPTION_LENGTH: usize = row(&FIELDS, "ipv6.opt.length");
const LEFT_OVER: usize = row(&FIELDS, "ipv6.opt_unknown_data");
const RETURNED: &str = "ipv6.opt.pmtu.rtn";

/// The contents of an option: the first and last of its rows, and how many bytes it has at least and at most.
struct Contents {
    first: usize,
    last: usize,
    least: usize,
    most: usize,
}

const fn fixed(first: &str, last: &str, length: usize) -> Contents {
    Contents { first: row(&FIELDS, first), last: row(&FIELDS, last), least: length, most: length }
}

const fn any(key: &str) -> Contents {
    Contents { first: row(&FIELDS, key), last: row(&FIELDS, key), least: 0, most: usize::MAX }
}

static CONTENTS: [(u8, Contents); 10] = [
    (PAD_N, any("ipv6.opt.padn")),
    (4, fixed("ipv6.opt.tel", "ipv6.opt.tel", 1)),
    (5, fixed("ipv6.opt.router_alert", "ipv6.opt.router_alert", 2)),
    (0x0f, fixed("ipv6.opt.pdm.scale_dtlr", "ipv6.opt.pdm.delta_last_sent", 10)),
    (0x30, fixed("ipv6.opt.pmtu.min", "ipv6.opt.pmtu.r_flag", 4)),
    (0x63, fixed("ipv6.opt.rpl.flag", "ipv6.opt.rpl.sender_rank", 4)),
    (0x8b, any("ipv6.opt.ilnp_nonce")),
    (JUMBO, fixed("ipv6.opt.jumbo", "ipv6.opt.jumbo", 4)),
    (HOME, fixed("ipv6.opt.mipv6.home_address", "ipv6.opt.mipv6.home_address", 16)),
    // The experiments of RFC 4727 §4.2 end in these five bits, whatever the other three say.
    (EXPERIMENT, any("ipv6.opt.experimental")),
];
static UNKNOWN: Contents = any("ipv6.opt.unknown");

/// What is in an option of this type.
fn contents(kind: u8) -> &'static Contents {
    let kind = if kind & 0x1f == EXPERIMENT { EXPERIMENT } else { kind };
    CONTENTS.iter().find(|(known, _)| *known == kind).map_or(&UNKNOWN, |(_, contents)| contents)
}

/// The table of a header of hop-by-hop options.
pub static HOP_BY_HOP: Header = Header {
    name: "ipv6.hopopts",
    title: "IPv6 Hop-by-Hop Option",
    source: "RFC 8200 §4.3",
    fields: &HOP_BY_HOP_FIELDS,
    walk,
    info: Some(super::info::info),
};

/// The table of a header of destination options.
pub static DESTINATION: Header = Header {
    name: "ipv6.dstopts",
    title: "Destination Options for IPv6",
    source: "RFC 8200 §4.6",
    fields: &DESTINATION_FIELDS,
    walk,
    info: Some(super::info::info),
};

/// The table of the options in both. No layer of its own: [`HOP_BY_HOP`] and [`DESTINATION`] show its rows.
pub static OPTIONS: Header = Header {
    name: "ipv6.opt",
    title: "IPv6 Option",
    source: "RFC 8200 §4.2",
    fields: &FIELDS,
    walk: |_, _| {},
    info: None,
};

/// Hop-by-hop options, as the registry knows them.
pub static HOP_BY_HOP_PROTOCOL: Protocol =
    Protocol { header: &HOP_BY_HOP, dissect: |input| dissect(input, "ipv6.hopopts.len") };
/// Destination options, as the registry knows them.
pub static DESTINATION_PROTOCOL: Protocol =
    Protocol { header: &DESTINATION, dissect: |input| dissect(input, "ipv6.dstopts.len") };

const PAD_1: u8 = 0;
const PAD_N: u8 = 1;
const JUMBO: u8 = 0xc2;
const HOME: u8 = 0xc9;
const EXPERIMENT: u8 = 0x1e;
/// Both headers are counted in units of this many bytes, the first unit not included.
pub(super) const UNIT: usize = 8;
/// Bytes before the first option.
const START: usize = 2;

/// The options in `bytes`, up to the end or the first that reaches beyond it.
struct Options<'f> {
    bytes: &'f [u8],
    at: usize,
}

impl<'f> Options<'f> {
    fn of(header: &'f [u8]) -> Self {
        Self { bytes: header, at: START }
    }

    /// Where the first option lies that is shorter than its contents or longer than the header; its length, and the
    /// bytes there are.
    fn flaw(mut self) -> Option<(usize, usize, usize)> {
        let short = |option: &RawOption<'_>| {
            let least = contents(option.kind).least;
            (option.kind > PAD_N && option.bytes.len() < START + least).then_some((option.at, START + least))
        };
        if let Some((at, needed)) = self.by_ref().find_map(|option| short(&option)) {
            return Some((at, needed, needed - 1));
        }
        let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
        Some((self.at, rest.get(1).map_or(START, |&length| START + usize::from(length)), rest.len()))
    }
}

impl<'f> Iterator for Options<'f> {
    type Item = RawOption<'f>;

    fn next(&mut self) -> Option<RawOption<'f>> {
        let rest = self.bytes.get(self.at..)?;
        let kind = *rest.first()?;
        let length = if kind == PAD_1 { 1 } else { START + usize::from(*rest.get(1)?) };
        let option = RawOption { at: self.at, kind, bytes: rest.get(..length)? };
        self.at += length;
        Some(option)
    }
}

/// The payload length that a jumbo option says, in the hop-by-hop options at the start of `payload`; the field of the
/// fixed header is enough for shorter ones (RFC 2675 §3).
pub(super) fn jumbo(payload: &[u8]) -> Option<usize> {
    let length = (usize::from(*payload.get(1)?) + 1) * UNIT;
    let header = &payload[..length.min(payload.len())];
    let option = Options::of(header).find(|option| option.kind == JUMBO && option.bytes.len() == START + 4)?;
    be32(option.bytes, START).filter(|&length| length > 0xffff).and_then(|length| usize::try_from(length).ok())
}

/// The home address in destination options: whom the packet is really from (RFC 6275 §6.3).
pub(super) fn home(header: &[u8]) -> Option<Ipv6Addr> {
    let option = Options::of(header).filter(|option| option.kind == HOME).last()?;
    super::address(option.bytes, START)
}

fn dissect(input: &Input<'_>, promise: &'static str) -> Found {
    let Some(&[next, units]) = input.bytes.first_chunk() else { return Found::truncated(input, UNIT, None) };
    let length = (usize::from(units) + 1) * UNIT;
    let Some(header) = input.bytes.get(..length) else { return Found::truncated(input, length, Some(promise)) };
    let mut found = Found::new(input, length, Some(Binding::IpProtocol(next)));
    found.promises = true;
    if let Some((at, needed, available)) = Options::of(header).flaw() {
        // What reaches into the payload is wrong; what reaches beyond it is not there.
        let kind = if at + needed > input.reported { FaultKind::Truncated } else { FaultKind::Malformed };
        found.flaw = Some(Flaw { kind, at, needed, available, because: "ipv6.opt.length" });
        found.next = found.next.filter(|_| kind == FaultKind::Malformed);
    }
    found
}

fn walk<'f>(view: LayerView<'_, 'f>, each: &mut dyn Visitor<'f>) {
    let fields = view.layer().header.fields;
    rows(view, fields, each);
    if let Some(&units) = view.bytes().get(1) {
        let length = (u64::from(units) + 1) * UNIT as u64;
        each.field(concluded(view, &fields[2], Value::Number(length)));
    }
    let mut options = Options::of(view.bytes());
    for option in options.by_ref() {
        walk_option(view, &option, each);
    }
    // Of an option that is not all here, what is.
    if let Some(bytes @ &[kind, _, ..]) = view.bytes().get(options.at..) {
        let option = RawOption { at: options.at, kind, bytes };
        option_rows(view, &FIELDS[..=OPTION_LENGTH], option.at, &option, each);
        let &Contents { first, last, most, .. } = contents(kind);
        if most < usize::MAX {
            option_rows(view, &FIELDS[first..=last], option.at, &option, each);
        }
    }
}

fn walk_option<'f>(view: LayerView<'_, 'f>, option: &RawOption<'f>, each: &mut dyn Visitor<'f>) {
    let mut read = |first: usize, last: usize| option_rows(view, &FIELDS[first..=last], option.at, option, each);
    if option.kind == PAD_1 {
        return read(0, TYPE_PARTS - 1);
    }
    read(0, OPTION_LENGTH);
    let &Contents { first, last, most, .. } = contents(option.kind);
    let length = option.bytes.len() - START;
    if length == 0 {
        return;
    }
    option_rows(view, &FIELDS[first..=last], option.at, option, &mut |mut field: Field<'f>| {
        if let (Value::Number(number), RETURNED) = (field.value, field.spec.key) {
            field.value = Value::Number(number & !1);
        }
        each.field(field);
    });
    if length > most {
        placed(view, &FIELDS[LEFT_OVER], option.at + START + most, length - most, each);
    }
}
