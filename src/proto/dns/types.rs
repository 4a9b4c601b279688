//! What the data of a resource record are made of, by its type.

use super::FIELDS;
use crate::proto::reading::row;

/// Types of resource records (IANA, "Resource Record (RR) TYPEs").
pub(super) static TYPES: [(u32, &str); 88] = [
    (0, "Unused"),
    (1, "A"),
    (2, "NS"),
    (3, "MD"),
    (4, "MF"),
    (5, "CNAME"),
    (6, "SOA"),
    (7, "MB"),
    (8, "MG"),
    (9, "MR"),
    (10, "NULL"),
    (11, "WKS"),
    (12, "PTR"),
    (13, "HINFO"),
    (14, "MINFO"),
    (15, "MX"),
    (16, "TXT"),
    (17, "RP"),
    (18, "AFSDB"),
    (19, "X25"),
    (20, "ISDN"),
    (21, "RT"),
    (22, "NSAP"),
    (23, "NSAP-PTR"),
    (24, "SIG"),
    (25, "KEY"),
    (26, "PX"),
    (27, "GPOS"),
    (28, "AAAA"),
    (29, "LOC"),
    (30, "NXT"),
    (31, "EID"),
    (32, "NIMLOC"),
    (33, "SRV"),
    (34, "ATMA"),
    (35, "NAPTR"),
    (36, "KX"),
    (37, "CERT"),
    (38, "A6"),
    (39, "DNAME"),
    (40, "SINK"),
    (41, "OPT"),
    (42, "APL"),
    (43, "DS"),
    (44, "SSHFP"),
    (45, "IPSECKEY"),
    (46, "RRSIG"),
    (47, "NSEC"),
    (48, "DNSKEY"),
    (49, "DHCID"),
    (50, "NSEC3"),
    (51, "NSEC3PARAM"),
    (52, "TLSA"),
    (55, "HIP"),
    (57, "RKEY"),
    (58, "TALINK"),
    (59, "CDS"),
    (60, "CDNSKEY"),
    (61, "OPENPGPKEY"),
    (62, "CSYNC"),
    (63, "ZONEMD"),
    (64, "SVCB"),
    (65, "HTTPS"),
    (99, "SPF"),
    (100, "UINFO"),
    (101, "UID"),
    (102, "GID"),
    (103, "UNSPEC"),
    (104, "NID"),
    (105, "L32"),
    (106, "L64"),
    (107, "LP"),
    (108, "EUI48"),
    (109, "EUI64"),
    (249, "TKEY"),
    (250, "TSIG"),
    (251, "IXFR"),
    (252, "AXFR"),
    (253, "MAILA"),
    (254, "MAILB"),
    (255, "ANY"),
    (256, "URI"),
    (257, "CAA"),
    (32768, "TA"),
    (32769, "DLV"),
    (65281, "WINS"),
    (65282, "WINS-R"),
    (65422, "XPF"),
];

/// The extended header of RFC 6891, which has the form of a record.
pub(super) const OPT: u16 = 41;
/// The place of a service, whose name has three parts (RFC 2782).
pub(super) const SRV: u16 = 33;

/// One piece of a record's data.
#[derive(Clone, Copy, Debug)]
pub(super) enum Piece {
    /// A field of that many bytes; without a row it is only read over.
    Fixed(Option<usize>, usize),
    /// A name.
    Name(Option<usize>),
    /// A length in one byte, and text of that length.
    Text(Option<(usize, usize)>),
    /// The same again and again, up to the end of the data.
    Texts(usize, usize),
    /// The options of RFC 6891.
    Options,
}

/// What the Info column adds to the name of a record's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    /// Nothing.
    Nothing,
    /// The name that the record belongs to.
    Owner,
    /// So many pieces of its data, once as many as the second number could be read.
    Pieces(usize, usize),
}

/// The data of one type of record.
pub(super) struct Data {
    pub(super) says: Says,
    pub(super) pieces: &'static [Piece],
}

const fn number(key: &str, length: usize) -> Piece {
    Piece::Fixed(Some(row(&FIELDS, key)), length)
}

const fn named(key: &str) -> Piece {
    Piece::Name(Some(row(&FIELDS, key)))
}

/// A name that is only read over.
const SOME_NAME: Piece = Piece::Name(None);
/// A word before a name that is only read over.
const SOME_WORD: Piece = Piece::Fixed(None, 2);

static DATA: [(u16, Says, &[Piece]); 30] = [
    (1, Says::Pieces(1, 1), &[number("dns.a", 4)]),
    (2, Says::Pieces(1, 1), &[named("dns.ns")]),
    (3, Says::Owner, &[SOME_NAME]),
    (4, Says::Owner, &[SOME_NAME]),
    (5, Says::Pieces(1, 1), &[named("dns.cname")]),
    (
        6,
        Says::Pieces(1, 2),
        &[
            named("dns.soa.mname"),
            named("dns.soa.rname"),
            number("dns.soa.serial_number", 4),
            number("dns.soa.refresh_interval", 4),
            number("dns.soa.retry_interval", 4),
            number("dns.soa.expire_limit", 4),
            number("dns.soa.minimum_ttl", 4),
        ],
    ),
    (7, Says::Owner, &[SOME_NAME]),
    (8, Says::Owner, &[SOME_NAME]),
    (9, Says::Owner, &[SOME_NAME]),
    (11, Says::Pieces(1, 1), &[Piece::Fixed(None, 4)]),
    (12, Says::Pieces(1, 1), &[named("dns.ptr.domain_name")]),
    (13, Says::Pieces(2, 2), &[Piece::Text(None), Piece::Text(None)]),
    (14, Says::Owner, &[SOME_NAME, SOME_NAME]),
    (15, Says::Pieces(2, 2), &[number("dns.mx.preference", 2), named("dns.mx.mail_exchange")]),
    (16, Says::Nothing, &[Piece::Texts(row(&FIELDS, "dns.txt.length"), row(&FIELDS, "dns.txt"))]),
    (17, Says::Owner, &[SOME_NAME, SOME_NAME]),
    (18, Says::Owner, &[SOME_WORD, SOME_NAME]),
    (21, Says::Owner, &[SOME_WORD, SOME_NAME]),
    (23, Says::Owner, &[SOME_NAME]),
    (26, Says::Owner, &[SOME_WORD, SOME_NAME, SOME_NAME]),
    (28, Says::Pieces(1, 1), &[number("dns.aaaa", 16)]),
    (30, Says::Pieces(1, 1), &[SOME_NAME]),
    (
        SRV,
        Says::Pieces(4, 4),
        &[
            number("dns.srv.priority", 2),
            number("dns.srv.weight", 2),
            number("dns.srv.port", 2),
            named("dns.srv.target"),
        ],
    ),
    (35, Says::Pieces(3, 3), &[SOME_WORD, SOME_WORD, Piece::Text(None)]),
    (36, Says::Pieces(2, 2), &[SOME_WORD, SOME_NAME]),
    (39, Says::Pieces(1, 1), &[SOME_NAME]),
    (OPT, Says::Nothing, &[Piece::Options]),
    (47, Says::Pieces(1, 1), &[SOME_NAME]),
    (99, Says::Nothing, &[Piece::Texts(row(&FIELDS, "dns.spf.length"), row(&FIELDS, "dns.spf"))]),
    (107, Says::Pieces(2, 2), &[SOME_WORD, SOME_NAME]),
];

/// Types whose data are not read, but of which the Info column says whose they are.
const OWNERS: [u16; 10] = [10, 19, 20, 22, 27, 42, 49, 51, 52, 55];

/// What is known of the data of records of this type.
pub(super) fn data(kind: u16) -> Data {
    match DATA.iter().find(|(known, ..)| *known == kind) {
        Some(&(_, says, pieces)) => Data { says, pieces },
        None if OWNERS.contains(&kind) => Data { says: Says::Owner, pieces: &[] },
        None => Data { says: Says::Nothing, pieces: &[] },
    }
}
