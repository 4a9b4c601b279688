//! The classic pcap format: one header, then a record a frame (draft-ietf-opsawg-pcap).

use super::input::{Input, Order};
use super::{Found, Stop, captured_length, link_type, put};
use crate::capture::Record;
use crate::model::{LinkType, Nanos};

/// First four bytes as numbers of the file's own byte order: the second half of a time stamp counts microseconds, or
/// nanoseconds.
const MICROSECONDS: u32 = 0xa1b2_c3d4;
const NANOSECONDS: u32 = 0xa1b2_3c4d;

/// Bytes of the file's header, and of a record's.
const HEAD: usize = 24;
const RECORD_HEAD: usize = 16;
/// The only major version that was ever in use.
const VERSION: u16 = 2;

/// The frames of a classic capture.
pub struct Classic {
    order: Order,
    link: LinkType,
    /// Nanoseconds of one in the second half of a time stamp.
    unit: i64,
}

impl Classic {
    /// Reads the header; `None` if the file does not begin with one.
    pub fn begin(input: &mut Input) -> Result<Option<Self>, Stop> {
        let head = input.peek(HEAD)?;
        let kinds = [Order::Big, Order::Little].map(|order| (order, order.word(head, 0)));
        let Some((order, unit)) = kinds.into_iter().find_map(|(order, magic)| match magic? {
            MICROSECONDS => Some((order, 1000)),
            NANOSECONDS => Some((order, 1)),
            _ => None,
        }) else {
            return Ok(None);
        };
        let (Some(version), Some(link)) = (order.half(head, 4), order.word(head, 20)) else { return Err(Stop::Cut) };
        if version != VERSION {
            return Err(Stop::Damaged(format!("version {version} of the pcap format is unknown")));
        }
        // The upper half may say how long a frame check sequence is.
        let code = link & 0xffff;
        let link = link_type(code).ok_or(Stop::Foreign(code))?;
        input.consume(HEAD);
        Ok(Some(Self { order, link, unit }))
    }

    /// Reads the next record.
    #[inline]
    pub fn next(&mut self, input: &mut Input, record: &mut Record) -> Result<Found, Stop> {
        let order = self.order;
        let head = input.peek(RECORD_HEAD)?;
        if head.is_empty() {
            return Ok(Found::End);
        }
        let word = |at| order.word(head, at).ok_or(Stop::Cut);
        let (seconds, fraction, captured, original) = (word(0)?, word(4)?, captured_length(word(8)?)?, word(12)?);
        let whole = RECORD_HEAD + captured;
        let bytes = input.peek(whole)?.get(RECORD_HEAD..whole).ok_or(Stop::Cut)?;
        let time = Nanos(i64::from(seconds) * 1_000_000_000 + i64::from(fraction) * self.unit);
        put(record, self.link, time, original, bytes);
        input.consume(whole);
        Ok(Found::Frame)
    }
}
