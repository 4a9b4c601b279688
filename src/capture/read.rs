//! Reading pcap and pcapng, one record at a time.

mod blocks;
mod classic;
mod input;
mod refuse;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use blocks::Blocks;
use classic::Classic;
use input::Input;

use super::{LARGEST_FRAME, LINK_TYPES, Record};
use crate::error::{Error, Kind, Result};
use crate::model::{Direction, FrameNo, LinkType, Nanos};

/// Reads a capture from beginning to end without holding it in memory.
pub struct Reader {
    name: String,
    input: Input,
    format: Format,
    count: u32,
    ended: bool,
}

enum Format {
    Classic(Classic),
    Blocks(Blocks),
}

/// What a format found.
enum Found {
    Frame,
    /// Something with a frame's number that netlab does not read. Frames have a link type, which is given for the first
    /// one of an interface.
    LeftOut(Option<u32>),
    End,
}

/// Why a format cannot go on.
enum Stop {
    /// The file ends in the middle of a record.
    Cut,
    /// A record contradicts its format.
    Damaged(String),
    /// All frames are of a kind that netlab does not read.
    Foreign(u32),
    /// The system has refused to read on.
    Unreadable(std::io::Error),
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Self::Unreadable(error)
    }
}

impl Reader {
    /// Opens a capture file, pcap or pcapng by its first bytes.
    ///
    /// # Errors
    /// [`Kind::File`] when it cannot be read or is neither.
    pub fn open(path: &Path) -> Result<Self> {
        let name = path.display().to_string().escape_debug().to_string();
        let unreadable = |why: &dyn std::fmt::Display| Error::new(Kind::File, format!("cannot read {name}: {why}"));
        let file = File::open(path).map_err(|error| {
            let error = unreadable(&error);
            if path.exists() {
                error
            } else {
                error.hint("check the name; capture files often end in .pcapng or .pcap")
            }
        })?;
        if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
            return Err(unreadable(&"it is a directory").hint("give the name of a capture file in it"));
        }
        Self::new(&name, file)
    }

    /// Reads a capture from anything, such as standard input; `name` is what errors call it.
    ///
    /// # Errors
    /// [`Kind::File`] when it cannot be read or is not a capture.
    pub fn new(name: &str, input: impl Read + Send + 'static) -> Result<Self> {
        let mut input = Input::new(input);
        let format = Self::begin(&mut input).map_err(|stop| refuse::stopped(name, 0, input.offset(), stop))?;
        let Some(format) = format else {
            return Err(refuse::not_a_capture(name, input.peek(refuse::TELLING).unwrap_or_default()));
        };
        Ok(Self { name: name.to_owned(), input, format, count: 0, ended: false })
    }

    fn begin(input: &mut Input) -> Result<Option<Format>, Stop> {
        if let Some(blocks) = Blocks::begin(input)? {
            return Ok(Some(Format::Blocks(blocks)));
        }
        Ok(Classic::begin(input)?.map(Format::Classic))
    }

    /// Reads the next frame into `record`, whose memory is used again: so a million frames need no allocation each.
    /// After an error, `record` holds nothing of use.
    ///
    /// `None` is the end. One error says where the file is damaged or cut short, and then comes the end. Frames of a
    /// link type that netlab does not read are left out, and counted; an error says so at the first of each interface,
    /// and the next frame may follow it.
    #[allow(clippy::missing_errors_doc)] // they are what the paragraph above is about
    pub fn read_into(&mut self, record: &mut Record) -> Option<Result<()>> {
        while !self.ended {
            let found = match &mut self.format {
                Format::Classic(classic) => classic.next(&mut self.input, record),
                Format::Blocks(blocks) => blocks.next(&mut self.input, record),
            };
            match found {
                Ok(Found::Frame) => {
                    self.count = self.count.saturating_add(1);
                    record.frame.number = FrameNo(self.count);
                    return Some(Ok(()));
                }
                Ok(Found::LeftOut(code)) => {
                    self.count = self.count.saturating_add(1);
                    if let Some(code) = code {
                        return Some(Err(refuse::left_out(&self.name, self.count, code)));
                    }
                }
                Ok(Found::End) => self.ended = true,
                Err(stop) => {
                    self.ended = true;
                    return Some(Err(refuse::stopped(&self.name, self.count, self.input.offset(), stop)));
                }
            }
        }
        None
    }

    /// Name of the interface at which the frame read last was captured, where the file tells.
    #[must_use]
    pub fn interface(&self) -> Option<&str> {
        match &self.format {
            Format::Classic(_) => None,
            Format::Blocks(blocks) => blocks.interface(),
        }
    }

    /// How many frames the capturing host lost, as far as the part of the file says that has been read. Most files say
    /// it at their end, and pcap never.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        match &self.format {
            Format::Classic(_) => 0,
            Format::Blocks(blocks) => blocks.dropped(),
        }
    }

    /// What whoever captured remarked about the whole capture, as far as it has been read: text from a file, to be
    /// escaped before it is shown.
    #[must_use]
    pub fn remarks(&self) -> &[String] {
        match &self.format {
            Format::Classic(_) => &[],
            Format::Blocks(blocks) => blocks.remarks(),
        }
    }
}

impl Iterator for Reader {
    type Item = Result<Record>;

    /// The next frame, as [`Reader::read_into`] reads it.
    fn next(&mut self) -> Option<Self::Item> {
        let mut record = Record::default();
        let found = self.read_into(&mut record)?;
        Some(found.map(|()| record))
    }
}

/// A captured length that can be believed.
#[inline]
fn captured_length(length: u32) -> Result<usize, Stop> {
    match length as usize {
        length @ ..=LARGEST_FRAME => Ok(length),
        length => Err(Stop::Damaged(format!("no frame is captured with {length} bytes"))),
    }
}

fn link_type(code: u32) -> Option<LinkType> {
    LINK_TYPES.iter().find(|(known, _)| *known == code).map(|(_, link)| *link)
}

/// Fills `record` anew.
#[inline]
fn put(record: &mut Record, link: LinkType, time: Nanos, original: u32, bytes: &[u8]) {
    record.comments.clear();
    let frame = &mut record.frame;
    frame.time = time;
    frame.direction = cooked_direction(link, bytes);
    frame.link = link;
    frame.original = bytes.len().max(original as usize);
    frame.checksum_pending = false;
    frame.bytes.clear();
    frame.bytes.extend_from_slice(bytes);
}

/// In cooked captures the direction is a part of the frame.
fn cooked_direction(link: LinkType, bytes: &[u8]) -> Option<Direction> {
    let packet_type = match link {
        LinkType::Cooked => bytes.get(1),
        LinkType::Cooked2 => bytes.get(10),
        _ => None,
    };
    match packet_type? {
        0..=2 => Some(Direction::In),
        3 => Some(Direction::Other),
        4 => Some(Direction::Out),
        _ => None,
    }
}
