//! Hop-by-hop and destination options: notes to the routers on the way, and to the receiver.

use std::net::Ipv6Addr;

use super::names;
use crate::model::{Bits, FaultKind, Field, FieldSpec, Header, Kind, LayerView, Value};
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
const UNKNOWN: usize = row(&FIELDS, "ipv6.opt.unknown");
const LEFT_OVER: usize = row(&FIELDS, "ipv6.opt_unknown_data");
const RETURNED: &str = "ipv6.opt.pmtu.rtn";

/// Option type → its first and last row, and its length without type and length.
static CONTENTS: [(u8, usize, usize, usize); 10] = [
    (PAD_N, row(&FIELDS, "ipv6.opt.padn"), row(&FIELDS, "ipv6.opt.padn"), usize::MAX),
    (4, row(&FIELDS, "ipv6.opt.tel"), row(&FIELDS, "ipv6.opt.tel"), 1),
    (5, row(&FIELDS, "ipv6.opt.router_alert"), row(&FIELDS, "ipv6.opt.router_alert"), 2),
    (0x0f, row(&FIELDS, "ipv6.opt.pdm.scale_dtlr"), row(&FIELDS, "ipv6.opt.pdm.delta_last_sent"), 10),
    (0x30, row(&FIELDS, "ipv6.opt.pmtu.min"), row(&FIELDS, "ipv6.opt.pmtu.r_flag"), 4),
    (0x63, row(&FIELDS, "ipv6.opt.rpl.flag"), row(&FIELDS, "ipv6.opt.rpl.sender_rank"), 4),
    (0x8b, row(&FIELDS, "ipv6.opt.ilnp_nonce"), row(&FIELDS, "ipv6.opt.ilnp_nonce"), usize::MAX),
    (JUMBO, row(&FIELDS, "ipv6.opt.jumbo"), row(&FIELDS, "ipv6.opt.jumbo"), 4),
    (HOME, row(&FIELDS, "ipv6.opt.mipv6.home_address"), row(&FIELDS, "ipv6.opt.mipv6.home_address"), 16),
    // The experiments of RFC 4727 §4.2 end in these five bits, whatever the other three say.
    (EXPERIMENT, row(&FIELDS, "ipv6.opt.experimental"), row(&FIELDS, "ipv6.opt.experimental"), usize::MAX),
];

/// The table of a header of hop-by-hop options.
pub static HOP_BY_HOP: Header = Header {
    name: "ipv6.hopopts",
    title: "IPv6 Hop-by-Hop Option",
    source: "RFC 8200 §4.3",
    fields: &HOP_BY_HOP_FIELDS,
    walk,
    info: Some(super::info),
};

/// The table of a header of destination options.
pub static DESTINATION: Header = Header {
    name: "ipv6.dstopts",
    title: "Destination Options for IPv6",
    source: "RFC 8200 §4.6",
    fields: &DESTINATION_FIELDS,
    walk,
    info: Some(super::info),
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

    /// Where the first option lies that is longer than the header, its length, and the bytes left.
    fn flaw(mut self) -> Option<(usize, usize, usize)> {
        while self.next().is_some() {}
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
    }
    found
}

fn walk<'f>(view: LayerView<'_, 'f>, each: &mut dyn FnMut(Field<'f>)) {
    let fields = view.layer().header.fields;
    rows(view, fields, each);
    if let Some(&units) = view.bytes().get(1) {
        let length = (u64::from(units) + 1) * UNIT as u64;
        each(concluded(view, &fields[2], Value::Number(length)));
    }
    let mut options = Options::of(view.bytes());
    for option in options.by_ref() {
        walk_option(view, &option, each);
    }
    // Of the option that is not all here, type and length may be.
    if let Some(&[kind, _, ..]) = view.bytes().get(options.at..)
        && kind != PAD_1
    {
        let bytes = &view.bytes()[options.at..options.at + START];
        option_rows(view, &FIELDS[..=OPTION_LENGTH], options.at, &RawOption { at: options.at, kind, bytes }, each);
    }
}

fn walk_option<'f>(view: LayerView<'_, 'f>, option: &RawOption<'f>, each: &mut dyn FnMut(Field<'f>)) {
    let mut read = |first: usize, last: usize| option_rows(view, &FIELDS[first..=last], option.at, option, each);
    if option.kind == PAD_1 {
        return read(0, TYPE_PARTS - 1);
    }
    read(0, OPTION_LENGTH);
    let experiment = option.kind & 0x1f == EXPERIMENT;
    let kind = if experiment { EXPERIMENT } else { option.kind };
    let known = CONTENTS.iter().find(|(known, ..)| *known == kind);
    let (first, last, length) =
        known.map_or((UNKNOWN, UNKNOWN, usize::MAX), |&(_, first, last, length)| (first, last, length));
    let contents = option.bytes.len() - START;
    if contents == 0 {
        return;
    }
    option_rows(view, &FIELDS[first..=last], option.at, option, &mut |mut field| {
        if let (Value::Number(number), RETURNED) = (field.value, field.spec.key) {
            field.value = Value::Number(number & !1);
        }
        each(field);
    });
    if contents > length {
        placed(view, &FIELDS[LEFT_OVER], option.at + START + length, contents - length, each);
    }
}
