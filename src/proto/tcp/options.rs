//! TCP options: what the two ends can do, and what they noticed.

use std::fmt::{self, Write as _};

use smallvec::SmallVec;

use super::{FIELDS, Flags, LENGTH, LONGEST_OPTIONS, Tcp};
use crate::model::{Field, FieldSpec, LayerView, Tracked, TrackedValue, Value, Visitor, tracked};
use crate::proto::reading::{RawOption, RawOptions, be16, be32, concluded, option_rows, pair, placed, row, rows};

/// One option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TcpOption<'a> {
    /// The list ends here; padding.
    End,
    /// Nothing, to align what follows.
    Nop,
    /// The largest segment the sender takes, in bytes of data (RFC 9293 §3.7.1).
    MaximumSegmentSize(u16),
    /// The sender's windows count in units of 2 to this power (RFC 7323 §2).
    WindowScale(u8),
    /// The sender understands selective acknowledgments (RFC 2018).
    SackPermitted,
    /// Blocks received beyond the acknowledgment number: first byte, and the byte after the last.
    Sack(SmallVec<[(u32, u32); 4]>),
    /// A clock, and the last clock seen from the other end (RFC 7323 §3).
    Timestamps {
        /// The sender's clock.
        value: u32,
        /// The other end's, echoed.
        echo: u32,
    },
    /// Any other, or one of the above with a length that is not its own.
    Unknown {
        /// Its kind.
        kind: u8,
        /// Its contents.
        data: &'a [u8],
    },
}

const END: u8 = 0;
const NOP: u8 = 1;
const MSS: u8 = 2;
const WINDOW_SCALE: u8 = 3;
const SACK_PERMITTED: u8 = 4;
const SACK: u8 = 5;
const TIMESTAMPS: u8 = 8;
const FAST_OPEN: u8 = 34;
/// Fast open before it had a number of its own (RFC 7413 §4.1.1).
const FAST_OPEN_EXPERIMENT: u16 = 0xf989;
/// RFC 7323 §2.3: a larger shift counts as this one.
const LARGEST_SHIFT: u8 = 14;

/// The options of the header in `header` (its first 20 bytes included), up to the first that contradicts itself.
pub fn options(header: &[u8]) -> impl Iterator<Item = TcpOption<'_>> {
    raw(header).map(|option| read(&option))
}

/// Value and echo, where timestamps are all the options that `header` has, aligned as most senders do (RFC 7323
/// appendix A).
#[must_use]
pub fn aligned_timestamps(header: &[u8]) -> Option<(u32, u32)> {
    const ALL: usize = LENGTH + 12;
    let header: &[u8; ALL] = header.try_into().ok()?;
    if usize::from(header[12] >> 4) * 4 != ALL || !header[LENGTH..].starts_with(&ALIGNED) {
        return None;
    }
    Some((be32(header, LENGTH + 4)?, be32(header, LENGTH + 8)?))
}

/// Timestamp value and echo (RFC 7323 §3) among the options of the header in `header`.
#[must_use]
pub fn timestamps(header: &[u8]) -> Option<(u32, u32)> {
    aligned_timestamps(header).or_else(|| {
        options(header).find_map(|option| match option {
            TcpOption::Timestamps { value, echo } => Some((value, echo)),
            _ => None,
        })
    })
}

/// The whole blocks of the selective acknowledgement that the end of `header` cuts, if it cuts one.
#[must_use]
pub fn cut_blocks(header: &[u8]) -> Option<SmallVec<[(u32, u32); 4]>> {
    let promised = usize::from(header.get(12)? >> 4) * 4;
    let option = raw(header).cut().filter(|option| promised > header.len() && option.kind == SACK)?;
    blocks(option.bytes.get(2..)?)
}

fn blocks(data: &[u8]) -> Option<SmallVec<[(u32, u32); 4]>> {
    data.chunks_exact(8).map(|block| Some((be32(block, 0)?, be32(block, 4)?))).collect()
}

fn raw(header: &[u8]) -> RawOptions<'_> {
    RawOptions::new(header.get(LENGTH..).unwrap_or(&[])).with_padding()
}

fn read<'f>(option: &RawOption<'f>) -> TcpOption<'f> {
    let data = option.bytes.get(2..).unwrap_or(&[]);
    match (option.kind, data) {
        (END, _) => TcpOption::End,
        (NOP, _) => TcpOption::Nop,
        (MSS, &[a, b]) => TcpOption::MaximumSegmentSize(u16::from_be_bytes([a, b])),
        (WINDOW_SCALE, &[shift]) => TcpOption::WindowScale(shift),
        (SACK_PERMITTED, &[]) => TcpOption::SackPermitted,
        (SACK, _) if data.len() >= 8 => TcpOption::Sack(blocks(data).unwrap_or_default()),
        (kind, data) => match (be32(data, 0), be32(data, 4)) {
            (Some(value), Some(echo)) if kind == TIMESTAMPS && data.len() == 8 => TcpOption::Timestamps { value, echo },
            _ => TcpOption::Unknown { kind, data },
        },
    }
}

/// The options as bytes, padded to a multiple of four; those beyond 40 bytes are left out.
pub(super) fn write(options: &[TcpOption<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for option in options {
        let start = bytes.len();
        match option {
            TcpOption::End => bytes.push(END),
            TcpOption::Nop => bytes.push(NOP),
            TcpOption::MaximumSegmentSize(size) => with_length(&mut bytes, MSS, &size.to_be_bytes()),
            TcpOption::WindowScale(shift) => with_length(&mut bytes, WINDOW_SCALE, &[*shift]),
            TcpOption::SackPermitted => with_length(&mut bytes, SACK_PERMITTED, &[]),
            TcpOption::Sack(blocks) => {
                let edges: Vec<u8> = blocks.iter().flat_map(|&(l, r)| [l, r]).flat_map(u32::to_be_bytes).collect();
                with_length(&mut bytes, SACK, &edges);
            }
            TcpOption::Timestamps { value, echo } => {
                with_length(&mut bytes, TIMESTAMPS, &[value.to_be_bytes(), echo.to_be_bytes()].concat());
            }
            TcpOption::Unknown { kind, data } => with_length(&mut bytes, *kind, data),
        }
        if bytes.len() > LONGEST_OPTIONS {
            bytes.truncate(start);
            break;
        }
    }
    bytes.resize(bytes.len().next_multiple_of(4), END);
    bytes
}

fn with_length(bytes: &mut Vec<u8>, kind: u8, data: &[u8]) {
    bytes.push(kind);
    bytes.push(u8::try_from(data.len() + 2).unwrap_or(u8::MAX));
    bytes.extend_from_slice(data);
}

const KIND: usize = row(&FIELDS, "tcp.option_kind");
const OPTION_LENGTH: usize = row(&FIELDS, "tcp.option_len");
const MULTIPLIER: usize = row(&FIELDS, "tcp.options.wscale.multiplier");
const LEFT_EDGE: usize = row(&FIELDS, "tcp.options.sack_le");
const RIGHT_EDGE: usize = row(&FIELDS, "tcp.options.sack_re");
const BLOCKS: usize = row(&FIELDS, "tcp.options.sack.count");
const EXPERIMENT: usize = row(&FIELDS, "tcp.options.experimental.exid");
const PAYLOAD: usize = row(&FIELDS, "tcp.options.unknown.payload");
const COOKIE: usize = row(&FIELDS, "tcp.options.tfo.cookie");
const ASKS_FAST_OPEN: usize = row(&FIELDS, "tcp.analysis.tfo_syn");

/// Options of one length, and the rows of their contents.
static CONTENTS: [(u8, usize, &[usize]); 3] = [
    (MSS, 4, &[row(&FIELDS, "tcp.options.mss_val")]),
    (WINDOW_SCALE, 3, &[row(&FIELDS, "tcp.options.wscale.shift")]),
    (TIMESTAMPS, 10, &[row(&FIELDS, "tcp.options.timestamp.tsval"), row(&FIELDS, "tcp.options.timestamp.tsecr")]),
];

/// Later kinds whose contents Wireshark knows: connection counts (RFC 1644), MD5 (RFC 2385), Quick-Start (RFC 4782),
/// user timeout (RFC 5482), authentication (RFC 5925), Fast Open.
static DESCRIBED: [u8; 8] = [11, 12, 13, 19, 27, 28, 29, FAST_OPEN];

/// Kinds and length of timestamps, as nearly all segments have them that have no other option (RFC 7323 appendix A).
const ALIGNED: [u8; 4] = [NOP, NOP, TIMESTAMPS, 10];

/// The rows of such options, where they lie in the header: those of [`FIELDS`], but for their place.
static ALIGNED_FIELDS: [FieldSpec; 6] = [
    at(KIND, 0),
    at(KIND, 1),
    at(KIND, 2),
    at(OPTION_LENGTH, 2),
    at(row(&FIELDS, "tcp.options.timestamp.tsval"), 2),
    at(row(&FIELDS, "tcp.options.timestamp.tsecr"), 2),
];

/// A row of an option which begins at byte `option` of the options.
const fn at(row: usize, option: usize) -> FieldSpec {
    let mut spec = FIELDS[row];
    spec.at.start += (LENGTH + option) * 8;
    spec
}

/// The rows of the options.
pub(super) fn walk<'f>(view: LayerView<'_, 'f>, each: &mut dyn Visitor<'f>) {
    let header = view.bytes();
    if aligned_timestamps(header).is_some() {
        return rows(view, &ALIGNED_FIELDS, each);
    }
    for option in raw(header) {
        walk_option(view, &option, false, each);
    }
    let promised = header.get(12).map_or(0, |byte| usize::from(byte >> 4) * 4);
    if let Some(option) = raw(header).cut().filter(|_| promised > header.len()) {
        walk_option(view, &option, true, each);
    }
}

fn walk_option<'f>(view: LayerView<'_, 'f>, option: &RawOption<'f>, cut: bool, each: &mut dyn Visitor<'f>) {
    let start = LENGTH + option.at;
    let mut show = |row: usize| option_rows(view, &FIELDS[row..=row], start, option, each);
    show(KIND);
    if option.kind > 1 {
        show(OPTION_LENGTH);
    }
    let length = option.bytes.get(1).map_or(0, |&length| usize::from(length));
    if let Some((_, _, rows)) = CONTENTS.iter().find(|(kind, form, _)| *kind == option.kind && *form == length) {
        rows.iter().for_each(|row| show(*row));
    }
    if cut {
        return;
    }
    match read(option) {
        TcpOption::WindowScale(shift) => {
            let multiplier = Value::Number(1 << shift.min(LARGEST_SHIFT));
            each.field(concluded(view, &FIELDS[MULTIPLIER], multiplier));
        }
        TcpOption::Sack(blocks) => {
            // Relative where the conversation is known, as all sequence numbers that have no raw twin.
            let mut edges = relative_edges(view);
            for block in 0..blocks.len() {
                for (edge, row) in [LEFT_EDGE, RIGHT_EDGE].into_iter().enumerate() {
                    let relative = edges.next();
                    placed(view, &FIELDS[row], start + 2 + block * 8 + edge * 4, 4, &mut |field: Field<'f>| {
                        each.field(Field { value: relative.map_or(field.value, Value::Number), ..field });
                    });
                }
            }
            each.field(concluded(view, &FIELDS[BLOCKS], Value::Number(blocks.len() as u64)));
        }
        TcpOption::Unknown { kind, data } => {
            if matches!(kind, 253 | 254) {
                show(EXPERIMENT);
            } else if kind > TIMESTAMPS && !DESCRIBED.contains(&kind) && !data.is_empty() {
                show(PAYLOAD);
            }
            if let Some((from, cookie @ [_, ..])) = cookie(kind, data) {
                placed(view, &FIELDS[COOKIE], start + 2 + from, cookie.len(), each);
                let flags = Tcp::read(view.bytes()).map(|header| header.flags).unwrap_or_default();
                if flags.contains(Flags::SYN) && !flags.contains(Flags::ACK) {
                    each.field(concluded(view, &FIELDS[ASKS_FAST_OPEN], Value::Flag(true)));
                }
            }
        }
        _ => {}
    }
}

/// The Fast Open cookie of an option (RFC 7413 §4.1.1), under the number that it has now or that of the experiment before;
/// empty where one is asked for.
#[must_use]
pub fn fast_open_cookie<'f>(option: &TcpOption<'f>) -> Option<&'f [u8]> {
    match *option {
        TcpOption::Unknown { kind, data } => cookie(kind, data).map(|(_, cookie)| cookie),
        _ => None,
    }
}

/// The fast open cookie of an option, and where in its data it begins; empty when one is asked for.
fn cookie(kind: u8, data: &[u8]) -> Option<(usize, &[u8])> {
    match kind {
        FAST_OPEN => Some((0, data)),
        253 | 254 if be16(data, 0) == Some(FAST_OPEN_EXPERIMENT) => Some((2, &data[2..])),
        _ => None,
    }
}

/// The edges of selective acknowledgements, left and right in turn, as the conversation tracker counts them.
fn relative_edges(view: LayerView<'_, '_>) -> impl Iterator<Item = u64> {
    const EDGES: [Tracked; 2] = [tracked!("tcp.options.sack_le"), tracked!("tcp.options.sack_re")];
    let own = view.packet.generated.iter().filter(move |generated| generated.is_of(view.index));
    own.filter_map(|generated| match generated.value {
        TrackedValue::Number(edge) if EDGES.contains(&generated.what) => Some(edge),
        _ => None,
    })
}

/// What the Info column says of options that hardly anybody sends (6 and 7: RFC 1072, the others as in [`DESCRIBED`]):
/// kind, bytes of the number behind the words (none where the length does not matter), and the words.
static RARE: [(u8, Option<usize>, &str); 9] = [
    (SACK_PERMITTED, None, " SACK_PERM"),
    (6, Some(4), " ECHO="),
    (7, Some(4), " ECHO="),
    (11, Some(4), " CC="),
    (12, Some(4), " CC="),
    (13, Some(4), " CC="),
    (19, None, " MD5"),
    (28, Some(2), " USER_TO="),
    (29, None, "TCP AO"),
];

fn write_rare(kind: u8, data: &[u8], out: &mut String) -> fmt::Result {
    let fits = |length: &Option<usize>| length.is_none_or(|length| length == data.len());
    match RARE.iter().find(|(known, length, _)| *known == kind && fits(length)) {
        Some((_, Some(_), words)) => {
            pair(out, words, data.iter().fold(0, |number, &byte| number << 8 | u64::from(byte)))
        }
        Some((_, None, words)) => out.write_str(words),
        None => Ok(()),
    }
}

/// What the Info column says about the options.
pub(super) fn info(view: LayerView<'_, '_>, out: &mut String) -> fmt::Result {
    let stamps = |value: u32, echo: u32, out: &mut String| {
        pair(out, " TSval=", value)?;
        pair(out, " TSecr=", echo)
    };
    if let Some((value, echo)) = aligned_timestamps(view.bytes()) {
        return stamps(value, echo, out);
    }
    let mut edges = relative_edges(view);
    for option in options(view.bytes()) {
        match option {
            TcpOption::MaximumSegmentSize(size) => pair(out, " MSS=", size)?,
            TcpOption::WindowScale(shift) => pair(out, " WS=", 1_u32 << shift.min(LARGEST_SHIFT))?,
            TcpOption::SackPermitted => out.write_str(" SACK_PERM")?,
            TcpOption::Sack(blocks) => {
                for (left, right) in blocks {
                    let left = edges.next().unwrap_or_else(|| left.into());
                    let right = edges.next().unwrap_or_else(|| right.into());
                    pair(out, " SLE=", left)?;
                    pair(out, " SRE=", right)?;
                }
            }
            TcpOption::Timestamps { value, echo } => stamps(value, echo, out)?,
            TcpOption::Unknown { kind, data } => match (cookie(kind, data), be16(data, 0)) {
                (Some((_, [])), _) => out.write_str(" TFO=R")?,
                (Some(_), _) => out.write_str(" TFO=C")?,
                (None, Some(experiment)) if matches!(kind, 253 | 254) => write!(out, " ExID={experiment:x}")?,
                _ => write_rare(kind, data, out)?,
            },
            TcpOption::End | TcpOption::Nop => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_read_back_as_written() {
        let list = [
            TcpOption::Nop,
            TcpOption::Sack(SmallVec::from_slice(&[(1, 5), (10, 15)])),
            TcpOption::Timestamps { value: 1, echo: u32::MAX },
            TcpOption::Unknown { kind: 99, data: &[1, 2, 3] },
        ];
        let mut header = vec![0; LENGTH];
        header.extend(write(&list));
        assert_eq!(header.len() % 4, 0);
        assert_eq!(options(&header).take(4).collect::<Vec<_>>(), list);
    }

    #[test]
    fn what_does_not_fit_is_left_out_whole() {
        let large = TcpOption::Unknown { kind: 99, data: &[7; 30] };
        assert_eq!(write(&[large.clone(), large.clone()]).len(), 32);
        assert!(write(&[TcpOption::Unknown { kind: 99, data: &[7; 39] }]).is_empty());
    }
}
