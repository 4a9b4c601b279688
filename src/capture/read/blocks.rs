//! The pcapng format: sections of blocks, of which some are frames (draft-ietf-opsawg-pcapng).

use super::input::{Input, Order};
use super::{Found, Stop, captured_length, link_type, put};
use crate::capture::{Record, flags};
use crate::model::{Direction, LinkType, Nanos};

/// The first block's type; reads the same in both byte orders.
const SECTION: u32 = 0x0a0d_0d0a;
/// Stands in a section's head, in the section's byte order.
const MAGIC: u32 = 0x1a2b_3c4d;
const INTERFACE: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;
/// Entries of a log, and what programs put there for themselves. Wireshark numbers them among the frames.
const JOURNAL: u32 = 9;
const CUSTOM: u32 = 0x0bad;
const CUSTOM_NOT_COPIED: u32 = 0x4000_0bad;

/// Type and length, and the length again: what each block has around its body.
const BEFORE: usize = 8;
const AFTER: usize = 4;
/// No longer block is believed in; Wireshark's limit, too.
const LARGEST_BLOCK: u32 = 1 << 24;
/// More interfaces than this are made up.
const MOST_INTERFACES: usize = 1 << 16;
/// More remarks than this are not kept.
const MOST_REMARKS: usize = 16;

/// Codes of options.
const COMMENT: u16 = 1;
const FLAGS: u16 = 2;
const DROP_COUNT: u16 = 4;
const NAME: u16 = 2;
const RESOLUTION: u16 = 9;
const OFFSET: u16 = 14;
const DROPPED_BY_INTERFACE: u16 = 5;
const DROPPED_BY_SYSTEM: u16 = 7;

/// The frames of a pcapng capture.
pub struct Blocks {
    order: Order,
    /// Those of the section so far.
    interfaces: Vec<Interface>,
    /// The one of the last frame.
    current: usize,
    /// Frames lost in earlier sections.
    dropped: u64,
    remarks: Vec<String>,
}

/// One place where frames were captured.
struct Interface {
    /// What its frames begin with, or the number that netlab does not know.
    link: Result<LinkType, u32>,
    /// Somebody has been told that netlab does not know it.
    told: bool,
    /// Frames are cut to this, unless it is 0.
    longest: usize,
    clock: Clock,
    name: Option<String>,
    /// Frames lost, as counted at the end of the capture, and as counted from frame to frame.
    dropped: u64,
    dropped_between: u64,
}

/// How an interface's time stamps are to be read.
struct Clock {
    /// Units of a second.
    units: u64,
    /// Nanoseconds of one unit, where they are whole.
    unit: Option<u64>,
    /// Seconds to be added.
    offset: i64,
}

impl Blocks {
    /// `None` if the file does not begin with a section.
    pub fn begin(input: &mut Input) -> Result<Option<Self>, Stop> {
        let head = input.peek(4)?;
        let found = Order::Big.word(head, 0) == Some(SECTION);
        Ok(found.then(|| Self {
            order: Order::Big,
            interfaces: Vec::new(),
            current: 0,
            dropped: 0,
            remarks: Vec::new(),
        }))
    }

    /// Name of the interface of the last frame.
    pub fn interface(&self) -> Option<&str> {
        self.interfaces.get(self.current)?.name.as_deref()
    }

    /// Frames lost so far, as the file says.
    pub fn dropped(&self) -> u64 {
        let lost = |interface: &Interface| interface.dropped.max(interface.dropped_between);
        self.interfaces.iter().map(lost).fold(self.dropped, u64::saturating_add)
    }

    /// What the capturing program remarked at the end.
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }

    /// Reads blocks up to and including the next frame.
    #[inline]
    pub fn next(&mut self, input: &mut Input, record: &mut Record) -> Result<Found, Stop> {
        loop {
            let head = input.peek(BEFORE + AFTER)?;
            if head.is_empty() {
                return Ok(Found::End);
            }
            let kind = self.order.word(head, 0).ok_or(Stop::Cut)?;
            if kind == SECTION {
                self.order = byte_order(head)?;
            }
            let length = self.order.word(head, 4).ok_or(Stop::Cut)?;
            if length % 4 != 0 || !(12..=LARGEST_BLOCK).contains(&length) {
                return Err(Stop::Damaged(format!("no block can have {length} bytes")));
            }
            let length = length as usize;
            let block = input.peek(length)?.get(..length).ok_or(Stop::Cut)?;
            if self.order.word(block, length - AFTER) != self.order.word(block, 4) {
                return Err(Stop::Damaged("a block begins with one length and ends with another".to_owned()));
            }
            let found = self.block(kind, &block[BEFORE..length - AFTER], record)?;
            input.consume(length);
            if let Some(found) = found {
                return Ok(found);
            }
        }
    }

    /// One block; `None` if it is no frame.
    #[inline]
    fn block(&mut self, kind: u32, body: &[u8], record: &mut Record) -> Result<Option<Found>, Stop> {
        let short = || Stop::Damaged("a block is shorter than its kind has to be".to_owned());
        let order = self.order;
        let word = |at| order.word(body, at).ok_or_else(short);
        let frame = match kind {
            ENHANCED_PACKET => {
                let frame =
                    Captured { time: Some((word(4)?, word(8)?)), length: word(12)?, original: word(16)?, at: 20 };
                self.frame(word(0)? as usize, frame, body, record)?
            }
            OBSOLETE_PACKET => {
                let half = |at| order.half(body, at).ok_or_else(short);
                let (interface, lost) = (usize::from(half(0)?), half(2)?);
                let frame =
                    Captured { time: Some((word(4)?, word(8)?)), length: word(12)?, original: word(16)?, at: 20 };
                if let Some(interface) = self.interfaces.get_mut(interface).filter(|_| lost != u16::MAX) {
                    interface.dropped_between = interface.dropped_between.saturating_add(lost.into());
                }
                self.frame(interface, frame, body, record)?
            }
            SIMPLE_PACKET => {
                let original = word(0)?;
                let longest = self.interfaces.first().map_or(0, |interface| interface.longest);
                let cut = if longest > 0 { u32::try_from(longest).unwrap_or(u32::MAX) } else { u32::MAX };
                let frame = Captured { time: None, length: original.min(cut), original, at: 4 };
                self.frame(0, frame, body, record)?
            }
            SECTION => {
                if let version @ 2.. = order.half(body, 4).ok_or_else(short)? {
                    return Err(Stop::Damaged(format!("version {version} of the pcapng format is unknown")));
                }
                self.dropped = self.dropped();
                self.interfaces.clear();
                return Ok(None);
            }
            INTERFACE => {
                if self.interfaces.len() >= MOST_INTERFACES {
                    return Err(Stop::Damaged(format!("it describes more than {MOST_INTERFACES} interfaces")));
                }
                let code = order.half(body, 0).ok_or_else(short)?.into();
                self.interfaces.push(Interface::read(order, code, word(4)?, body.get(8..).unwrap_or(&[]))?);
                return Ok(None);
            }
            STATISTICS => {
                self.statistics(word(0)? as usize, body.get(12..).ok_or_else(short)?)?;
                return Ok(None);
            }
            JOURNAL | CUSTOM | CUSTOM_NOT_COPIED => Found::LeftOut(None),
            _ => return Ok(None),
        };
        Ok(Some(frame))
    }

    /// A frame in the body of a block. Only blocks that say a time have options.
    #[inline]
    fn frame(&mut self, index: usize, frame: Captured, body: &[u8], record: &mut Record) -> Result<Found, Stop> {
        let known = self.interfaces.len();
        let interface = self.interfaces.get_mut(index).ok_or_else(|| {
            Stop::Damaged(format!("a frame is of interface {index}, but {known} are described (counted from 0)"))
        })?;
        self.current = index;
        let length = captured_length(frame.length)?;
        let bytes = body
            .get(frame.at..frame.at + length)
            .ok_or_else(|| Stop::Damaged("a frame is longer than the block that holds it".to_owned()))?;
        let link = match interface.link {
            Ok(link) => link,
            Err(_) if interface.told => return Ok(Found::LeftOut(None)),
            Err(code) => {
                interface.told = true;
                return Ok(Found::LeftOut(Some(code)));
            }
        };
        let time =
            frame.time.map_or(Nanos(0), |(high, low)| interface.clock.read(u64::from(high) << 32 | u64::from(low)));
        put(record, link, time, frame.original, bytes);
        if frame.time.is_some() {
            let rest = body.get(frame.at + length.next_multiple_of(4)..).unwrap_or(&[]);
            for option in (Options { order: self.order, rest }) {
                let (code, content) = option?;
                match code {
                    COMMENT => record.comments.push(text(content)),
                    FLAGS => flag(record, self.order.word(content, 0).unwrap_or(0)),
                    DROP_COUNT => {
                        let lost = self.order.double(content, 0).unwrap_or(0);
                        interface.dropped_between = interface.dropped_between.saturating_add(lost);
                    }
                    _ => {}
                }
            }
        }
        Ok(Found::Frame)
    }

    /// What was counted at an interface when the capture ended.
    fn statistics(&mut self, index: usize, options: &[u8]) -> Result<(), Stop> {
        let mut dropped = 0_u64;
        for option in (Options { order: self.order, rest: options }) {
            match option? {
                (DROPPED_BY_INTERFACE | DROPPED_BY_SYSTEM, content) => {
                    dropped = dropped.saturating_add(self.order.double(content, 0).unwrap_or(0));
                }
                (COMMENT, content) if self.remarks.len() < MOST_REMARKS => self.remarks.push(text(content)),
                _ => {}
            }
        }
        if let Some(interface) = self.interfaces.get_mut(index) {
            interface.dropped = dropped;
        }
        Ok(())
    }
}

/// Where a block holds a frame: its captured length, and where it begins.
#[derive(Clone, Copy)]
struct Captured {
    /// Upper and lower half, in units of the interface.
    time: Option<(u32, u32)>,
    length: u32,
    original: u32,
    at: usize,
}

impl Interface {
    fn read(order: Order, code: u32, longest: u32, options: &[u8]) -> Result<Self, Stop> {
        let (mut resolution, mut offset, mut name) = (6, 0, None);
        for option in (Options { order, rest: options }) {
            match option? {
                (NAME, content) => name = Some(text(content.get(..256).unwrap_or(content))),
                (RESOLUTION, &[exponent]) => resolution = exponent,
                (OFFSET, content) => offset = order.double(content, 0).unwrap_or(0).cast_signed(),
                _ => {}
            }
        }
        let clock = Clock::new(resolution, offset)
            .ok_or_else(|| Stop::Damaged(format!("no clock has the resolution {resolution:#04x}")))?;
        let link = link_type(code).ok_or(code);
        Ok(Self { link, told: false, longest: longest as usize, clock, name, dropped: 0, dropped_between: 0 })
    }
}

impl Clock {
    /// The upper bit of `resolution` tells whether the rest is a negative power of 10 or of 2.
    fn new(resolution: u8, offset: i64) -> Option<Self> {
        let base: u64 = if resolution & 0x80 == 0 { 10 } else { 2 };
        let units = base.checked_pow(u32::from(resolution & 0x7f))?;
        let unit = (1_000_000_000 % units == 0).then_some(1_000_000_000 / units);
        Some(Self { units, unit, offset })
    }

    #[inline]
    fn read(&self, time: u64) -> Nanos {
        let nanos = match self.unit {
            Some(unit) => u128::from(time) * u128::from(unit),
            None => u128::from(time) * 1_000_000_000 / u128::from(self.units),
        };
        let nanos = i64::try_from(nanos).unwrap_or(i64::MAX);
        Nanos(nanos.saturating_add(self.offset.saturating_mul(1_000_000_000)))
    }
}

/// The byte order of the section that begins here.
fn byte_order(head: &[u8]) -> Result<Order, Stop> {
    let orders = [Order::Big, Order::Little];
    let magic = |order: &Order| order.word(head, 8) == Some(MAGIC);
    match orders.into_iter().find(magic) {
        Some(order) => Ok(order),
        None if head.len() < BEFORE + AFTER => Err(Stop::Cut),
        None => Err(Stop::Damaged("a section begins without its byte order".to_owned())),
    }
}

fn flag(record: &mut Record, word: u32) {
    record.frame.direction = match word & flags::DIRECTION {
        flags::INBOUND if word & flags::RECEPTION == flags::PROMISCUOUS => Some(Direction::Other),
        flags::INBOUND => Some(Direction::In),
        flags::OUTBOUND => Some(Direction::Out),
        _ => record.frame.direction,
    };
    record.frame.checksum_pending = word & flags::CHECKSUM_NOT_READY != 0;
}

/// Text of a file; what is not UTF-8 is replaced.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The options of a block, each with its code and content.
struct Options<'b> {
    order: Order,
    rest: &'b [u8],
}

impl<'b> Iterator for Options<'b> {
    type Item = Result<(u16, &'b [u8]), Stop>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let (code, length) = (self.order.half(self.rest, 0), self.order.half(self.rest, 2));
        if code == Some(0) {
            return None;
        }
        let content = length.and_then(|length| self.rest.get(4..4 + usize::from(length)));
        let (Some(code), Some(content)) = (code, content) else {
            self.rest = &[];
            return Some(Err(Stop::Damaged("an option of a block is longer than the block".to_owned())));
        };
        self.rest = self.rest.get(4 + content.len().next_multiple_of(4)..).unwrap_or(&[]);
        Some(Ok((code, content)))
    }
}
