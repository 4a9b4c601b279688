//! The table of a message's fields. What is counted from the start of the message stands first.

use super::types::TYPES;
use crate::model::{Bits, FieldSpec, Kind};

const ANYWHERE: Bits = Bits { start: 0, len: 0 };

static OPCODES: [(u32, &str); 6] = [
    (0, "Standard query"),
    (1, "Inverse query"),
    (2, "Server status request"),
    (4, "Zone change notification"),
    (5, "Dynamic update"),
    (6, "DNS Stateful operations (DSO)"),
];

static REPLY_CODES: [(u32, &str); 20] = [
    (0, "No error"),
    (1, "Format error"),
    (2, "Server failure"),
    (3, "No such name"),
    (4, "Not implemented"),
    (5, "Refused"),
    (6, "Name exists"),
    (7, "RRset exists"),
    (8, "RRset does not exist"),
    (9, "Not authoritative"),
    (10, "Name out of zone"),
    (11, "DSO-Type not implemented"),
    (16, "Bad OPT Version or TSIG Signature Failure"),
    (17, "Key not recognized"),
    (18, "Signature out of time window"),
    (19, "Bad TKEY Mode"),
    (20, "Duplicate key name"),
    (21, "Algorithm not supported"),
    (22, "Bad Truncation"),
    (23, "Bad/missing Server Cookie"),
];

static CLASSES: [(u32, &str); 6] = [(1, "IN"), (2, "CS"), (3, "CH"), (4, "HS"), (254, "NONE"), (255, "ANY")];

static OPTIONS: [(u32, &str); 16] = [
    (0, "Reserved"),
    (1, "LLQ - Long-lived query"),
    (2, "UL - Update lease"),
    (3, "NSID - Name Server Identifier"),
    (4, "Owner (reserved)"),
    (5, "DAU - DNSSEC Algorithm Understood (RFC6975)"),
    (6, "DHU - DS Hash Understood (RFC6975)"),
    (7, "N3U - NSEC3 Hash Understood (RFC6975)"),
    (8, "CSUBNET - Client subnet"),
    (9, "EDNS EXPIRE (RFC7314)"),
    (10, "COOKIE"),
    (11, "EDNS TCP Keepalive"),
    (12, "PADDING"),
    (13, "CHAIN"),
    (15, "Extended DNS Error"),
    (20730, "Experimental - CSUBNET - Client subnet"),
];

static FAMILIES: [(u32, &str); 2] = [(1, "IPv4"), (2, "IPv6")];

/// One bit of the flags, counted from the highest.
const fn flag(key: &'static str, label: &'static str, bit: usize, set: &'static str, unset: &'static str) -> FieldSpec {
    FieldSpec::new(key, label, Bits { start: 16 + bit, len: 1 }, Kind::Flag(set, unset)).part()
}

const fn count(key: &'static str, label: &'static str, at: usize) -> FieldSpec {
    FieldSpec::new(key, label, Bits::bytes(at, 2), Kind::Number)
}

/// A field whose place depends on what stands before it.
const fn later(key: &'static str, label: &'static str, kind: Kind) -> FieldSpec {
    FieldSpec::new(key, label, ANYWHERE, kind)
}

pub(super) static FIELDS: [FieldSpec; 83] = [
    FieldSpec::new("dns.id", "Transaction ID", Bits::bytes(0, 2), Kind::Hex),
    FieldSpec::new("dns.flags", "Flags", Bits::bytes(2, 2), Kind::Hex),
    flag("dns.flags.response", "Response", 0, "Message is a response", "Message is a query"),
    FieldSpec::new("dns.flags.opcode", "Opcode", Bits { start: 17, len: 4 }, Kind::Enum(&OPCODES)).part(),
    flag(
        "dns.flags.authoritative",
        "Authoritative",
        5,
        "Server is an authority for domain",
        "Server is not an authority for domain",
    ),
    flag("dns.flags.conflict", "Conflict", 5, "The sender received multiple responses", "None"),
    flag("dns.flags.truncated", "Truncated", 6, "Message is truncated", "Message is not truncated"),
    flag("dns.flags.recdesired", "Recursion desired", 7, "Do query recursively", "Don't do query recursively"),
    flag("dns.flags.tentative", "Tentative", 7, "Tentative", "Not tentative"),
    flag(
        "dns.flags.recavail",
        "Recursion available",
        8,
        "Server can do recursive queries",
        "Server can't do recursive queries",
    ),
    flag("dns.flags.z", "Z", 9, "reserved - incorrect!", "reserved (0)"),
    flag(
        "dns.flags.authenticated",
        "Answer authenticated",
        10,
        "Answer/authority portion was authenticated by the server",
        "Answer/authority portion was not authenticated by the server",
    ),
    flag("dns.flags.checkdisable", "Non-authenticated data", 11, "Acceptable", "Unacceptable"),
    FieldSpec::new("dns.flags.rcode", "Reply code", Bits { start: 28, len: 4 }, Kind::Enum(&REPLY_CODES)).part(),
    count("dns.count.queries", "Questions", 4),
    count("dns.count.answers", "Answer RRs", 6),
    count("dns.count.auth_rr", "Authority RRs", 8),
    count("dns.count.add_rr", "Additional RRs", 10),
    count("dns.count.zones", "Zones", 4),
    count("dns.count.prerequisites", "Prerequisites", 6),
    count("dns.count.updates", "Updates", 8),
    later("dns.length", "Length", Kind::Number),
    later("dns.qry.name", "Name", Kind::Text),
    later("dns.qry.name.len", "Name Length", Kind::Number).generated(),
    later("dns.count.labels", "Label Count", Kind::Number).generated(),
    later("dns.qry.type", "Type", Kind::Enum(&TYPES)),
    later("dns.qry.class", "Class", Kind::Enum(&CLASSES)),
    later("dns.qry.qu", "\"QU\" question", Kind::Flag("True", "False")),
    later("dns.resp.name", "Name", Kind::Text),
    later("dns.srv.service", "Service", Kind::Text),
    later("dns.srv.proto", "Protocol", Kind::Text),
    later("dns.srv.name", "Name", Kind::Text),
    later("dns.resp.type", "Type", Kind::Enum(&TYPES)),
    later("dns.resp.class", "Class", Kind::Enum(&CLASSES)),
    later("dns.resp.cache_flush", "Cache flush", Kind::Flag("True", "False")),
    later("dns.resp.ttl", "Time to live", Kind::Number),
    later("dns.rr.udp_payload_size", "UDP payload size", Kind::Number),
    later("dns.resp.ext_rcode", "Higher bits in extended RCODE", Kind::Hex),
    later("dns.resp.edns0_version", "EDNS0 version", Kind::Number),
    later("dns.resp.z", "Z", Kind::Hex),
    later("dns.resp.z.do", "DO bit", Kind::Flag("Accepts DNSSEC security RRs", "Cannot handle DNSSEC security RRs"))
        .part(),
    later("dns.resp.z.reserved", "Reserved", Kind::Hex).part(),
    later("dns.resp.len", "Data length", Kind::Number),
    later("dns.a", "Address", Kind::Ipv4),
    later("dns.ns", "Name Server", Kind::Text),
    later("dns.cname", "CNAME", Kind::Text),
    later("dns.soa.mname", "Primary name server", Kind::Text),
    later("dns.soa.rname", "Responsible authority's mailbox", Kind::Text),
    later("dns.soa.serial_number", "Serial Number", Kind::Number),
    later("dns.soa.refresh_interval", "Refresh Interval", Kind::Number),
    later("dns.soa.retry_interval", "Retry Interval", Kind::Number),
    later("dns.soa.expire_limit", "Expire limit", Kind::Number),
    later("dns.soa.minimum_ttl", "Minimum TTL", Kind::Number),
    later("dns.ptr.domain_name", "Domain Name", Kind::Text),
    later("dns.mx.preference", "Preference", Kind::Number),
    later("dns.mx.mail_exchange", "Mail Exchange", Kind::Text),
    later("dns.txt.length", "TXT Length", Kind::Number),
    later("dns.txt", "TXT", Kind::Text),
    later("dns.spf.length", "SPF Length", Kind::Number),
    later("dns.spf", "SPF", Kind::Text),
    later("dns.aaaa", "AAAA Address", Kind::Ipv6),
    later("dns.srv.priority", "Priority", Kind::Number),
    later("dns.srv.weight", "Weight", Kind::Number),
    later("dns.srv.port", "Port", Kind::Number),
    later("dns.srv.target", "Target", Kind::Text),
    later("dns.opt.code", "Option Code", Kind::Enum(&OPTIONS)),
    later("dns.opt.len", "Option Length", Kind::Number),
    later("dns.opt.data", "Option Data", Kind::Bytes),
    later("dns.opt.client.family", "Family", Kind::Enum(&FAMILIES)),
    later("dns.opt.client.netmask", "Source Netmask", Kind::Number),
    later("dns.opt.client.scope", "Scope Netmask", Kind::Number),
    later("dns.opt.client.addr4", "Client Subnet", Kind::Ipv4),
    later("dns.opt.client.addr6", "Client Subnet", Kind::Ipv6),
    later("dns.opt.cookie.client", "Client Cookie", Kind::Bytes),
    later("dns.opt.cookie.server", "Server Cookie", Kind::Bytes),
    later("dns.extraneous.data", "Extraneous Data Bytes", Kind::Bytes),
    later("dns.extraneous.length", "Extraneous Data Length", Kind::Number).generated(),
    later("dns.response_to", "Request In", Kind::Number).generated(),
    later("dns.time", "Time", Kind::Span).generated(),
    later("dns.retransmission", "Retransmission", Kind::Flag("True", "False")).generated(),
    later("dns.retransmit_request_in", "Retransmitted request. Original request in", Kind::Number).generated(),
    later("dns.retransmit_response_in", "Retransmitted response. Original response in", Kind::Number).generated(),
    later("dns.unsolicited", "Unsolicited", Kind::Flag("True", "False")).generated(),
];
