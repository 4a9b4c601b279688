//! Multicast listener discovery: who on this link wants to hear which groups (RFC 2710, and RFC 3810 for version 2).

use super::fields::{FIELDS, of};
use crate::model::{FaultKind, Field, LayerView, Value, Visitor};
use crate::proto::Flaw;
use crate::proto::reading::{be16, placed, rows};

const DELAY: usize = of("icmpv6.mld.maximum_response_delay");
const CODE: usize = of("icmpv6.mld.maximum_response_code");
const RESERVED: usize = of("icmpv6.reserved");
const GROUP: usize = of("icmpv6.mld.multicast_address");
const FLAGS: usize = of("icmpv6.mld.flag");
const INTERVAL: usize = of("icmpv6.mld.qqi");
const SOURCES: usize = of("icmpv6.mld.nb_sources");
const SOURCE: usize = of("icmpv6.mld.source_address");
const RECORDS: usize = of("icmpv6.mldr.nb_mcast_records");
const RECORD: usize = of("icmpv6.mldr.mar.record_type");
const RECORD_GROUP: usize = of("icmpv6.mldr.mar.multicast_address");
const RECORD_SOURCE: usize = of("icmpv6.mldr.mar.source_address");
const AUXILIARY: usize = of("icmpv6.mldr.mar.auxiliary_data");

/// Bytes of a message of version 1.
pub(super) const LENGTH: usize = 24;
/// Bytes of a query of version 2, without the sources.
pub(super) const QUERY: usize = 28;
/// Bytes of a report of version 2, without the records.
pub(super) const REPORT: usize = 8;
/// Bytes of a record, without sources and auxiliary data.
const RECORD_LENGTH: usize = 20;

/// The length of a query of version 2, by its own count of sources.
pub(super) fn query_length(message: &[u8]) -> usize {
    QUERY + 16 * usize::from(be16(message, QUERY - 2).unwrap_or(0))
}

/// Where the records of a report of version 2 lie: start, length by their own counts.
fn records(message: &[u8]) -> impl Iterator<Item = (usize, usize)> {
    let mut at = REPORT;
    std::iter::from_fn(move || {
        let record = message.get(at..).filter(|record| !record.is_empty())?;
        let auxiliary = usize::from(record.get(1).copied().unwrap_or(0)) * 4;
        let length = RECORD_LENGTH + 16 * usize::from(be16(record, 2).unwrap_or(0)) + auxiliary;
        let start = at;
        at += length;
        Some((start, length))
    })
}

/// What is wrong with the records of a report.
pub(super) fn flaw(message: &[u8]) -> Option<Flaw> {
    let (at, needed) = records(message).find(|&(at, length)| at + length > message.len())?;
    let (available, because) = (message.len() - at, "icmpv6.mldr.nb_mcast_records");
    Some(Flaw { kind: FaultKind::Truncated, at, needed, available, because })
}

/// The rows of a query, a report or a farewell.
pub(super) fn walk_group<'f>(view: LayerView<'_, 'f>, version_2: bool, each: &mut dyn Visitor<'f>) {
    let delay = if version_2 { CODE } else { DELAY };
    rows(view, &FIELDS[delay..=delay], &mut |mut field: Field<'f>| {
        if let (Value::Number(code), true) = (field.value, version_2) {
            field.value = Value::Number(expanded(code, 12));
        }
        each.field(field);
    });
    placed(view, &FIELDS[RESERVED], 6, 2, each);
    rows(view, &FIELDS[GROUP..=GROUP], each);
    if !version_2 {
        return;
    }
    rows(view, &FIELDS[FLAGS..=SOURCES], &mut |mut field: Field<'f>| {
        if let (Value::Number(code), true) = (field.value, field.spec == &FIELDS[INTERVAL]) {
            field.value = Value::Number(expanded(code, 4));
        }
        each.field(field);
    });
    let end = query_length(view.bytes()).min(view.bytes().len());
    for at in (QUERY..(end + 1).saturating_sub(16)).step_by(16) {
        placed(view, &FIELDS[SOURCE], at, 16, each);
    }
}

/// The number that a code of `mantissa` + 4 bits stands for: beyond half of the codes' range it is an exponent of three
/// bits and a mantissa (RFC 3810 §5.1.3 and §5.1.9).
fn expanded(code: u64, mantissa: u32) -> u64 {
    if code >> (mantissa + 3) == 0 {
        return code;
    }
    let exponent = code >> mantissa & 7;
    (code & ((1 << mantissa) - 1) | 1 << mantissa) << (exponent + 3)
}

/// The rows of a report of version 2.
pub(super) fn walk_report<'f>(view: LayerView<'_, 'f>, each: &mut dyn Visitor<'f>) {
    placed(view, &FIELDS[RESERVED], 4, 2, each);
    rows(view, &FIELDS[RECORDS..=RECORDS], each);
    let message = view.bytes();
    for (start, length) in records(message) {
        for spec in &FIELDS[RECORD..=RECORD_GROUP] {
            placed(view, spec, start + spec.at.start / 8, spec.at.len / 8, each);
        }
        let auxiliary = usize::from(message.get(start + 1).copied().unwrap_or(0)) * 4;
        let sources = start + RECORD_LENGTH..start + length - auxiliary;
        for at in sources.step_by(16).take_while(|at| at + 16 <= message.len()) {
            placed(view, &FIELDS[RECORD_SOURCE], at, 16, each);
        }
        if auxiliary > 0 {
            placed(view, &FIELDS[AUXILIARY], start + length - auxiliary, auxiliary, each);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_times_have_an_exponent() {
        // RFC 3810 §5.1.3: code 0x8000 is the first that does not stand for itself; §5.1.9 has 0x80.
        assert_eq!(expanded(0x7fff, 12), 32767);
        assert_eq!(expanded(0x8000, 12), 32768);
        assert_eq!(expanded(0xffff, 12), 0x1fff << 10);
        assert_eq!(expanded(0x7f, 4), 127);
        assert_eq!(expanded(0x80, 4), 128);
        assert_eq!(expanded(0xff, 4), 31744);
    }
}
