//! The fields of a message, one after the other.

use super::data::{Found, each_piece};
use super::fields::FIELDS;
use super::name::{self, Name};
use super::sections::{HEADER, Part, Parts, RESPONSE};
use super::types::{OPT, SRV};
use super::{Dialect, message};
use crate::model::{Bits, Compose, Composed, Field, FieldSpec, LayerView, Value, Visitor};
use crate::proto::reading::{be16, row};

/// What is on top of the flags of an ordinary message, in the others, and behind a stream's length.
const ID: usize = row(&FIELDS, "dns.id");
const COUNTS: usize = row(&FIELDS, "dns.count.queries");
const ZONES: usize = row(&FIELDS, "dns.count.zones");
const LENGTH: usize = row(&FIELDS, "dns.length");
const QUESTION: usize = row(&FIELDS, "dns.qry.name");
const QUESTION_LENGTH: usize = row(&FIELDS, "dns.qry.name.len");
const QUESTION_LABELS: usize = row(&FIELDS, "dns.count.labels");
const QUESTION_TYPE: usize = row(&FIELDS, "dns.qry.type");
const QUESTION_CLASS: usize = row(&FIELDS, "dns.qry.class");
const UNICAST: usize = row(&FIELDS, "dns.qry.qu");
const OWNER: usize = row(&FIELDS, "dns.resp.name");
const SERVICE: usize = row(&FIELDS, "dns.srv.service");
const TRANSPORT: usize = row(&FIELDS, "dns.srv.proto");
const DOMAIN: usize = row(&FIELDS, "dns.srv.name");
const KIND: usize = row(&FIELDS, "dns.resp.type");
const CLASS: usize = row(&FIELDS, "dns.resp.class");
const FLUSH: usize = row(&FIELDS, "dns.resp.cache_flush");
const TTL: usize = row(&FIELDS, "dns.resp.ttl");
const PAYLOAD: usize = row(&FIELDS, "dns.rr.udp_payload_size");
const EXTENDED_CODE: usize = row(&FIELDS, "dns.resp.ext_rcode");
const VERSION: usize = row(&FIELDS, "dns.resp.edns0_version");
const Z: usize = row(&FIELDS, "dns.resp.z");
const Z_DNSSEC: usize = row(&FIELDS, "dns.resp.z.do");
const Z_RESERVED: usize = row(&FIELDS, "dns.resp.z.reserved");
const DATA_LENGTH: usize = row(&FIELDS, "dns.resp.len");
const CODE: usize = row(&FIELDS, "dns.opt.code");
const CODE_LENGTH: usize = row(&FIELDS, "dns.opt.len");
const CODE_DATA: usize = row(&FIELDS, "dns.opt.data");
const FAMILY: usize = row(&FIELDS, "dns.opt.client.family");
const NETMASK: usize = row(&FIELDS, "dns.opt.client.netmask");
const SCOPE: usize = row(&FIELDS, "dns.opt.client.scope");
const SUBNET4: usize = row(&FIELDS, "dns.opt.client.addr4");
const SUBNET6: usize = row(&FIELDS, "dns.opt.client.addr6");
const CLIENT_COOKIE: usize = row(&FIELDS, "dns.opt.cookie.client");
const SERVER_COOKIE: usize = row(&FIELDS, "dns.opt.cookie.server");
const REST: usize = row(&FIELDS, "dns.extraneous.data");
const REST_LENGTH: usize = row(&FIELDS, "dns.extraneous.length");

/// Options of RFC 6891 that are read further.
const CLIENT_SUBNET: [u16; 2] = [8, 20730];
const COOKIE: u16 = 10;

/// A message and who listens to its fields.
struct Walk<'w, 'f> {
    /// The message, without a length before it.
    message: &'f [u8],
    /// Where it lies in the frame.
    offset: usize,
    dialect: Dialect,
    each: &'w mut dyn Visitor<'f>,
}

/// Every field of the message that `view` is.
pub(super) fn walk<'f>(view: LayerView<'_, 'f>, each: &mut dyn Visitor<'f>) {
    let (dialect, message) = (Dialect::of(view), message(view));
    let offset = view.layer().offset + view.bytes().len() - message.len();
    let mut walk = Walk { message, offset, dialect, each };
    if dialect == Dialect::Stream {
        let prefix = view.bytes();
        FIELDS[LENGTH]
            .read_at(Bits::bytes(0, 2), prefix, view.layer().offset)
            .into_iter()
            .for_each(|field| walk.each.field(field));
    }
    walk.header();
    if message.len() < HEADER {
        return;
    }
    let mut parts = Parts::of(message);
    let mut whole = true;
    for part in parts.by_ref() {
        whole = part.is_ok_and(|part| walk.part(&part));
        if !whole {
            break;
        }
    }
    let rest = message.len().saturating_sub(parts.end());
    if whole && rest > 0 {
        walk.bytes(REST, parts.end(), rest);
        walk.conclude(REST_LENGTH, parts.end(), rest as u64);
    }
}

impl Walk<'_, '_> {
    /// The fixed part: which of the flags and counts there are depends on the kind of message.
    fn header(&mut self) {
        let flags = be16(self.message, 2).unwrap_or(0);
        let (response, update) = (flags & RESPONSE != 0, flags >> 11 & 15 == 5);
        for (index, spec) in FIELDS[ID..LENGTH].iter().enumerate() {
            let is_there = match spec.key {
                "dns.flags.conflict" | "dns.flags.tentative" => self.dialect == Dialect::Llmnr,
                "dns.flags.recdesired" | "dns.flags.z" | "dns.flags.checkdisable" => self.dialect != Dialect::Llmnr,
                "dns.flags.authoritative" | "dns.flags.recavail" => response && self.dialect != Dialect::Llmnr,
                // Shown of a question only when it is set.
                "dns.flags.authenticated" => self.dialect != Dialect::Llmnr && (response || flags & 0x20 != 0),
                "dns.flags.rcode" => response,
                "dns.count.add_rr" => true,
                _ if index >= ZONES => update,
                _ if index >= COUNTS => !update,
                _ => true,
            };
            if is_there {
                spec.read(self.message, self.offset).into_iter().for_each(|field| self.each.field(field));
            }
        }
    }

    /// A question or record; whether it could be read to its end.
    fn part(&mut self, part: &Part) -> bool {
        let Some(data) = part.data else {
            self.question(part);
            return true;
        };
        if part.kind == SRV {
            self.service(part);
        } else {
            self.name(OWNER, part.at, part.used());
        }
        let at = part.kind_at;
        self.bytes(KIND, at, 2);
        if part.kind == OPT {
            self.marked(PAYLOAD, FLUSH, at + 2);
            self.bytes(EXTENDED_CODE, at + 4, 1);
            self.bytes(VERSION, at + 5, 1);
            self.bytes(Z, at + 6, 2);
            self.bits(Z_DNSSEC, (at + 6) * 8, 1);
            self.bits(Z_RESERVED, (at + 6) * 8 + 1, 15);
        } else {
            self.marked(CLASS, FLUSH, at + 2);
            self.bytes(TTL, at + 4, 4);
        }
        self.bytes(DATA_LENGTH, data.at - 2, 2);
        let message = self.message;
        each_piece(message, part, &mut |found| match found {
            Found::Fixed(Some(row), at, length) | Found::Text(Some(row), at, length) => self.bytes(row, at, length),
            Found::Name(Some(row), at, used) => self.name(row, at, used),
            Found::Length(Some(row), at) => self.bytes(row, at, 1),
            Found::Option(at, length) => self.option(at, length),
            _ => {}
        })
        .is_ok()
    }

    fn question(&mut self, part: &Part) {
        self.name(QUESTION, part.at, part.used());
        if let Ok(name) = Name::read(self.message, part.at) {
            self.conclude(QUESTION_LENGTH, part.at, name.characters());
            self.conclude(QUESTION_LABELS, part.at, name.labels());
        }
        self.bytes(QUESTION_TYPE, part.kind_at, 2);
        self.marked(QUESTION_CLASS, UNICAST, part.kind_at + 2);
    }

    /// The name of a service: what is offered, over which protocol, in which domain (RFC 2782).
    fn service(&mut self, part: &Part) {
        let Ok(name) = Name::read(self.message, part.at) else { return };
        let pieces: [(usize, Compose); 3] =
            [(SERVICE, name::piece::<0>), (TRANSPORT, name::piece::<1>), (DOMAIN, name::piece::<2>)];
        for ((row, compose), _) in pieces.into_iter().zip(name.pieces()) {
            self.composed(row, part.at, part.used(), compose);
        }
    }

    /// The contents of an option of RFC 6891.
    fn option(&mut self, at: usize, length: usize) {
        self.bytes(CODE, at, 2);
        self.bytes(CODE_LENGTH, at + 2, 2);
        let data = at + 4;
        self.bytes(CODE_DATA, data, length);
        match be16(self.message, at) {
            Some(code) if CLIENT_SUBNET.contains(&code) && length >= 4 => {
                self.bytes(FAMILY, data, 2);
                self.bytes(NETMASK, data + 2, 1);
                self.bytes(SCOPE, data + 3, 1);
                self.subnet(data, length);
            }
            Some(COOKIE) if length >= 8 => {
                self.bytes(CLIENT_COOKIE, data, 8);
                self.bytes(SERVER_COOKIE, data + 8, length - 8);
            }
            _ => {}
        }
    }

    /// An address of which only the bytes of the network are sent (RFC 7871 §6); of a network of 0 bits, none.
    fn subnet(&mut self, data: usize, length: usize) {
        let Some(address) = self.message.get(data + 4..data + length) else { return };
        let (row, value) = match be16(self.message, data) {
            Some(1) => (SUBNET4, filled(address).map(|bytes: [u8; 4]| Value::Ipv4(bytes.into()))),
            Some(2) => (SUBNET6, filled(address).map(|bytes: [u8; 16]| Value::Ipv6(bytes.into()))),
            _ => return,
        };
        let (at, length) = if address.is_empty() { (data + 2, 1) } else { (data + 4, address.len()) };
        if let Some(value) = value {
            self.each.field(Field { spec: &FIELDS[row], start: (self.offset + at) * 8, bits: length * 8, value });
        }
    }

    /// A word whose highest bit mDNS uses for something else (RFC 6762 §18.12).
    fn marked(&mut self, row: usize, mark: usize, at: usize) {
        if self.dialect == Dialect::Multicast {
            self.bits(row, at * 8 + 1, 15);
            self.bits(mark, at * 8, 1);
        } else {
            self.bytes(row, at, 2);
        }
    }

    fn name(&mut self, row: usize, at: usize, used: usize) {
        self.composed(row, at, used, name::whole);
    }

    fn composed(&mut self, row: usize, at: usize, used: usize, compose: Compose) {
        let value = Value::Composed(Composed::new(self.message, at, compose));
        self.each.field(Field { spec: &FIELDS[row], start: (self.offset + at) * 8, bits: used * 8, value });
    }

    fn bytes(&mut self, row: usize, at: usize, length: usize) {
        if length > 0 {
            self.bits(row, at * 8, length * 8);
        }
    }

    fn bits(&mut self, row: usize, start: usize, len: usize) {
        let spec: &'static FieldSpec = &FIELDS[row];
        spec.read_at(Bits { start, len }, self.message, self.offset)
            .into_iter()
            .for_each(|field| self.each.field(field));
    }

    fn conclude(&mut self, row: usize, at: usize, number: u64) {
        let start = (self.offset + at) * 8;
        self.each.field(Field { spec: &FIELDS[row], start, bits: 0, value: Value::Number(number) });
    }
}

/// The bytes with zeros behind them; `None` when there are too many.
fn filled<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    let mut filled = [0; N];
    filled.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(filled)
}
