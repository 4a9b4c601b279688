//! The rows of every ICMPv6 message. Those of discovery's options are counted from the option's first byte, those of a
//! listener's records from the record's.

use super::names;
use crate::model::{Bits, FieldSpec, Kind};
use crate::proto::checksum::STATUS_NAMES;
use crate::proto::reading::row;

const ANYWHERE: Bits = Bits { start: 0, len: 0 };
const SET: Kind = Kind::Flag("Set", "Not set");

const fn at(key: &'static str, label: &'static str, offset: usize, length: usize, kind: Kind) -> FieldSpec {
    FieldSpec::new(key, label, Bits::bytes(offset, length), kind)
}

const fn flag(key: &'static str, label: &'static str, bit: usize) -> FieldSpec {
    FieldSpec::new(key, label, Bits { start: bit, len: 1 }, SET).part()
}

const fn bits(key: &'static str, label: &'static str, start: usize, len: usize, kind: Kind) -> FieldSpec {
    FieldSpec::new(key, label, Bits { start, len }, kind).part()
}

const fn anywhere(key: &'static str, label: &'static str, kind: Kind) -> FieldSpec {
    FieldSpec::new(key, label, ANYWHERE, kind)
}

const fn to_the_end(key: &'static str, label: &'static str, offset: usize, kind: Kind) -> FieldSpec {
    FieldSpec::new(key, label, Bits { start: offset * 8, len: 0 }, kind)
}

pub(super) static FIELDS: [FieldSpec; 89] = [
    at("icmpv6.type", "Type", 0, 1, Kind::Enum(&names::TYPES)),
    at("icmpv6.code", "Code", 1, 1, Kind::Number),
    at("icmpv6.checksum", "Checksum", 2, 2, Kind::Hex),
    anywhere("icmpv6.checksum.status", "Checksum Status", Kind::Enum(&STATUS_NAMES)).generated(),
    at("icmpv6.echo.identifier", "Identifier", 4, 2, Kind::Hex),
    at("icmpv6.echo.sequence_number", "Sequence", 6, 2, Kind::Number),
    at("icmpv6.length", "Length of original datagram", 4, 1, Kind::Number),
    anywhere("icmpv6.reserved", "Reserved", Kind::Bytes),
    at("icmpv6.mtu", "MTU", 4, 4, Kind::Number),
    at("icmpv6.pointer", "Pointer", 4, 4, Kind::Number),
    at("icmpv6.nd.ra.cur_hop_limit", "Cur hop limit", 4, 1, Kind::Number),
    at("icmpv6.nd.ra.flag", "Flags", 5, 1, Kind::Hex),
    flag("icmpv6.nd.ra.flag.m", "Managed address configuration", 40),
    flag("icmpv6.nd.ra.flag.o", "Other configuration", 41),
    flag("icmpv6.nd.ra.flag.h", "Home Agent", 42),
    bits("icmpv6.nd.ra.flag.prf", "Prf (Default Router Preference)", 43, 2, Kind::Enum(&names::PREFERENCES)),
    flag("icmpv6.nd.ra.flag.p", "Proxy", 45),
    bits("icmpv6.nd.ra.flag.rsv", "Reserved", 46, 2, Kind::Number),
    at("icmpv6.nd.ra.router_lifetime", "Router lifetime (s)", 6, 2, Kind::Number),
    at("icmpv6.nd.ra.reachable_time", "Reachable time (ms)", 8, 4, Kind::Number),
    at("icmpv6.nd.ra.retrans_timer", "Retrans timer (ms)", 12, 4, Kind::Number),
    at("icmpv6.nd.ns.target_address", "Target Address", 8, 16, Kind::Ipv6),
    at("icmpv6.nd.na.flag", "Flags", 4, 4, Kind::Hex),
    flag("icmpv6.nd.na.flag.r", "Router", 32),
    flag("icmpv6.nd.na.flag.s", "Solicited", 33),
    flag("icmpv6.nd.na.flag.o", "Override", 34),
    bits("icmpv6.nd.na.flag.rsv", "Reserved", 35, 29, Kind::Number),
    at("icmpv6.nd.na.target_address", "Target Address", 8, 16, Kind::Ipv6),
    at("icmpv6.nd.rd.target_address", "Target Address", 8, 16, Kind::Ipv6),
    at("icmpv6.rd.na.destination_address", "Destination Address", 24, 16, Kind::Ipv6),
    at("icmpv6.mld.maximum_response_delay", "Maximum Response Delay [ms]", 4, 2, Kind::Number),
    // A small floating-point number in version 2 (RFC 3810 §5.1.3); shown as what it stands for.
    at("icmpv6.mld.maximum_response_code", "Maximum Response Code", 4, 2, Kind::Number),
    at("icmpv6.mld.multicast_address", "Multicast Address", 8, 16, Kind::Ipv6),
    at("icmpv6.mld.flag", "Flags", 24, 1, Kind::Hex),
    flag("icmpv6.mld.flag.s", "Suppress Router-Side Processing", 196),
    bits("icmpv6.mld.flag.qrv", "QRV (Querier's Robustness Variable)", 197, 3, Kind::Number),
    bits("icmpv6.mld.flag.reserved", "Reserved", 192, 4, Kind::Number),
    at("icmpv6.mld.qqi", "QQIC (Querier's Query Interval Code)", 25, 1, Kind::Number),
    at("icmpv6.mld.nb_sources", "Number of Sources", 26, 2, Kind::Number),
    anywhere("icmpv6.mld.source_address", "Source Address", Kind::Ipv6),
    at("icmpv6.mldr.nb_mcast_records", "Number of Multicast Address Records", 6, 2, Kind::Number),
    at("icmpv6.mldr.mar.record_type", "Record Type", 0, 1, Kind::Enum(&names::RECORDS)),
    at("icmpv6.mldr.mar.aux_data_len", "Aux Data Len", 1, 1, Kind::Number),
    at("icmpv6.mldr.mar.nb_sources", "Number of Sources", 2, 2, Kind::Number),
    at("icmpv6.mldr.mar.multicast_address", "Multicast Address", 4, 16, Kind::Ipv6),
    anywhere("icmpv6.mldr.mar.source_address", "Source Address", Kind::Ipv6),
    anywhere("icmpv6.mldr.mar.auxiliary_data", "Auxiliary Data", Kind::Bytes),
    at("icmpv6.opt.type", "Type", 0, 1, Kind::Enum(&names::OPTIONS)),
    at("icmpv6.opt.length", "Length", 1, 1, Kind::Number),
    to_the_end("icmpv6.opt.linkaddr", "Link-layer address", 2, Kind::Bytes),
    to_the_end("icmpv6.opt.src_linkaddr", "Source Link-layer address", 2, Kind::Bytes),
    to_the_end("icmpv6.opt.target_linkaddr", "Target Link-layer address", 2, Kind::Bytes),
    at("icmpv6.opt.prefix.length", "Prefix Length", 2, 1, Kind::Number),
    at("icmpv6.opt.prefix.flag", "Flag", 3, 1, Kind::Hex),
    flag("icmpv6.opt.prefix.flag.l", "On-link flag(L)", 24),
    flag("icmpv6.opt.prefix.flag.a", "Autonomous address-configuration flag(A)", 25),
    flag("icmpv6.opt.prefix.flag.r", "Router address flag(R)", 26),
    bits("icmpv6.opt.prefix.flag.reserved", "Reserved", 27, 5, Kind::Number),
    at("icmpv6.opt.prefix.valid_lifetime", "Valid Lifetime", 4, 4, Kind::Number),
    at("icmpv6.opt.prefix.preferred_lifetime", "Preferred Lifetime", 8, 4, Kind::Number),
    at("icmpv6.opt.prefix", "Prefix", 16, 16, Kind::Ipv6),
    at("icmpv6.opt.mtu", "MTU", 4, 4, Kind::Number),
    at("icmpv6.opt.advertisement_interval", "Advertisement Interval", 4, 4, Kind::Number),
    at("icmpv6.opt.home_agent_preference", "Home Agent Preference", 4, 2, Kind::Number),
    at("icmpv6.opt.home_agent_lifetime", "Home Agent Lifetime", 6, 2, Kind::Number),
    to_the_end("icmpv6.opt.nonce", "Nonce", 2, Kind::Bytes),
    at("icmpv6.opt.route_info.flag", "Flag", 3, 1, Kind::Hex),
    bits("icmpv6.opt.route_info.flag.route_preference", "Route Preference", 27, 2, Kind::Enum(&names::PREFERENCES)),
    at("icmpv6.opt.route_lifetime", "Route Lifetime", 4, 4, Kind::Number),
    at("icmpv6.opt.rdnss.lifetime", "Lifetime", 4, 4, Kind::Number),
    anywhere("icmpv6.opt.rdnss", "Recursive DNS Servers", Kind::Ipv6),
    at("icmpv6.opt.efo", "Flags Expansion Option", 2, 2, Kind::Hex),
    flag("icmpv6.opt.efo.m", "Managed address configuration", 16),
    flag("icmpv6.opt.efo.o", "Other configuration", 17),
    flag("icmpv6.opt.efo.h", "Home Agent", 18),
    bits("icmpv6.opt.efo.prf", "Prf (Default Router Preference)", 19, 2, Kind::Enum(&names::PREFERENCES)),
    flag("icmpv6.opt.efo.p", "Proxy", 21),
    at("icmpv6.opt.dnssl.lifetime", "Lifetime", 4, 4, Kind::Number),
    to_the_end("icmpv6.opt.captive_portal", "Captive Portal", 2, Kind::Text),
    FieldSpec::new("icmpv6.opt.pref64.scaled_lifetime", "Scaled Lifetime", Bits { start: 16, len: 13 }, Kind::Number),
    FieldSpec::new(
        "icmpv6.opt.pref64.plc",
        "PLC (Prefix Length Code)",
        Bits { start: 29, len: 3 },
        Kind::Enum(&names::PREFIX_LENGTHS),
    ),
    anywhere("icmpv6.opt.pref64.prefix", "Prefix", Kind::Ipv6),
    to_the_end("icmpv6.data", "Data", 4, Kind::Bytes),
    anywhere("icmpv6.unknown_data", "Unknown Data", Kind::Bytes),
    anywhere("icmpv6.resp_in", "Response In", Kind::Number).generated(),
    anywhere("icmpv6.resp_to", "Response To", Kind::Number).generated(),
    anywhere("icmpv6.resptime", "Response Time", Kind::Span).generated(),
    anywhere("icmpv6.no_resp", "No response seen", Kind::Flag("True", "False")).generated(),
    anywhere("icmpv6.resp_not_found", "Response not found", Kind::Flag("True", "False")).generated(),
];

/// The position of the row with this key.
pub(super) const fn of(key: &str) -> usize {
    row(&FIELDS, key)
}
