//! Writing pcapng.

use std::borrow::Cow;
use std::fs::File;
use std::io::{ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption, InterfaceTsResolution,
};
use pcap_file::pcapng::blocks::interface_statistics::{InterfaceStatisticsBlock, InterfaceStatisticsOption};
use pcap_file::pcapng::blocks::opt_common::CommonOption;
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::pcapng::{PcapNgBlock, PcapNgWriter};
use pcap_file::{DataLink, Endianness};

use super::destination::Destination;
use super::{LARGEST_FRAME, LINK_TYPES, flags};
use crate::error::{Error, Kind, Result};
use crate::model::{Direction, Frame, LinkType, Nanos};

/// Where the frames of a capture come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source<'a> {
    /// The interface's name, where there is one.
    pub interface: Option<&'a str>,
    /// What its frames begin with.
    pub link: LinkType,
}

/// A pcapng file in the making.
pub struct Writer {
    path: PathBuf,
    file: File,
    /// Blocks in memory that the file is still to get.
    encoder: PcapNgWriter<Vec<u8>>,
    /// So many bytes of them are held back.
    patience: usize,
    interface: Option<String>,
    /// The link type of each interface block written so far, by its number.
    links: Vec<LinkType>,
    /// How long the file is as far as it is whole; `None` where that cannot be restored (a pipe, a device).
    whole: Option<u64>,
}

impl Writer {
    /// Creates the file, or empties it, and writes its head.
    ///
    /// # Errors
    /// [`Kind::File`] when it cannot be written.
    pub fn create(path: &Path, source: &Source<'_>) -> Result<Self> {
        Self::begin(Destination::open(path)?, source)
    }

    /// Empties the file and writes its head.
    ///
    /// # Errors
    /// [`Kind::File`] when it cannot be written.
    pub fn begin(destination: Destination, source: &Source<'_>) -> Result<Self> {
        let (file, path) = destination.take()?;
        Self::on(file, path, source)
    }

    /// Writes the head to `file`, which is empty.
    pub(super) fn on(file: File, path: PathBuf, source: &Source<'_>) -> Result<Self> {
        let regular = file.metadata().map_err(|error| cannot_create(&path, &error))?.is_file();
        let program =
            SectionHeaderOption::UserApplication(Cow::Borrowed(concat!("netlab ", env!("CARGO_PKG_VERSION"))));
        let head = SectionHeaderBlock {
            endianness: Endianness::native(),
            options: vec![SectionHeaderOption::OS(Cow::Borrowed(std::env::consts::OS)), program],
            ..SectionHeaderBlock::default()
        };
        let encoder =
            PcapNgWriter::with_section_header(Vec::new(), head).map_err(|error| unencodable(&path, &error))?;
        let mut writer = Self {
            path,
            file,
            encoder,
            patience: 0,
            interface: source.interface.map(str::to_owned),
            links: Vec::new(),
            whole: regular.then_some(0),
        };
        writer.interface_number(source.link)?;
        Ok(writer)
    }

    /// Lets up to `bytes` bytes of frames wait in memory, so that the system is called once for all of them: for frames
    /// that come by the hundred thousand. [`Writer::flush`], [`Writer::finish`] and dropping the writer hand them on;
    /// a process that is killed loses them.
    pub fn hold_back(&mut self, bytes: usize) {
        self.patience = bytes;
    }

    /// Adds one frame with its comments (plain text, one comment a string) and hands it to the system at once, unless
    /// some may be [held back](Writer::hold_back).
    ///
    /// # Errors
    /// [`Kind::File`] when it cannot be written; the file then ends with the last frame that did fit, and nothing more
    /// should be written.
    pub fn write(&mut self, frame: &Frame, comments: &[String]) -> Result<()> {
        let interface = self.interface_number(frame.link)?;
        packet(self.encoder.get_mut(), interface, frame, comments);
        self.settle()
    }

    /// Hands everything held back to the system.
    ///
    /// # Errors
    /// As for [`Writer::write`].
    pub fn flush(&mut self) -> Result<()> {
        let blocks = self.encoder.get_ref();
        if blocks.is_empty() {
            return Ok(());
        }
        if let Err(error) = self.file.write_all(blocks) {
            self.cut_to_whole();
            return Err(cannot_write(&self.path, &error, self.whole.is_some()));
        }
        self.whole = self.whole.map(|whole| whole + self.encoder.get_ref().len() as u64);
        self.encoder.get_mut().clear();
        Ok(())
    }

    /// Ends the capture with the interface's statistics: frames seen and frames the system dropped, at `time`.
    /// A file that is not ended is valid too, it only lacks these.
    ///
    /// # Errors
    /// [`Kind::File`] when they cannot be written.
    pub fn finish(mut self, time: Nanos, seen: u64, dropped: u64) -> Result<()> {
        self.count(time, seen, dropped, None)?;
        self.flush()
    }

    /// Writes what has been counted so far, with a remark about the whole capture.
    pub(super) fn count(&mut self, time: Nanos, seen: u64, dropped: u64, remark: Option<&str>) -> Result<()> {
        let mut options = vec![
            InterfaceStatisticsOption::IsbIfRecv(seen.saturating_add(dropped)),
            InterfaceStatisticsOption::IsbOsDrop(dropped),
        ];
        options
            .extend(remark.map(|text| InterfaceStatisticsOption::Common(CommonOption::Comment(Cow::Borrowed(text)))));
        self.block(InterfaceStatisticsBlock { interface_id: 0, timestamp: since_epoch(time), options })
    }

    /// Length of the file so far, with what is held back.
    pub(super) fn size(&self) -> u64 {
        self.whole.unwrap_or(0) + self.encoder.get_ref().len() as u64
    }

    /// The file's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The number of the interface block for this link type, writing it where there is none yet.
    fn interface_number(&mut self, link: LinkType) -> Result<u32> {
        let known = self.links.iter().position(|known| *known == link);
        let number = if let Some(number) = known {
            number
        } else {
            let code = LINK_TYPES.iter().find(|(_, ours)| *ours == link).map_or(0, |(code, _)| *code);
            let mut options = vec![InterfaceDescriptionOption::IfTsResol(InterfaceTsResolution::NANO)];
            options.extend(self.interface.clone().map(|name| InterfaceDescriptionOption::IfName(Cow::Owned(name))));
            self.block(InterfaceDescriptionBlock { linktype: DataLink::from(code), snaplen: 0, options })?;
            self.links.push(link);
            self.links.len() - 1
        };
        Ok(u32::try_from(number).unwrap_or(u32::MAX))
    }

    fn block<'b>(&mut self, block: impl PcapNgBlock<'b>) -> Result<()> {
        self.encoder.write_pcapng_block(block).map_err(|error| unencodable(&self.path, &error))?;
        self.settle()
    }

    fn settle(&mut self) -> Result<()> {
        if self.encoder.get_ref().len() > self.patience { self.flush() } else { Ok(()) }
    }

    /// Takes back the part of a block that did fit.
    fn cut_to_whole(&mut self) {
        let blocks = std::mem::take(self.encoder.get_mut());
        if let Some(whole) = self.whole {
            let fitted = self.file.stream_position().unwrap_or(whole).saturating_sub(whole);
            let end = whole + blocks_within(&blocks, fitted);
            // If even this fails the error that led here says enough.
            drop(self.file.set_len(end).and_then(|()| self.file.seek(SeekFrom::Start(end))));
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Whoever wants to hear of errors has flushed before.
        drop(self.flush());
    }
}

/// Length of the whole blocks in the first `room` bytes of `blocks`.
fn blocks_within(blocks: &[u8], room: u64) -> u64 {
    let room = usize::try_from(room).unwrap_or(usize::MAX);
    let mut end = 0;
    while let Some(length) = blocks.get(end + 4..).and_then(|rest| rest.first_chunk()) {
        match end + u32::from_ne_bytes(*length) as usize {
            next if next <= room && next > end => end = next,
            _ => break,
        }
    }
    end as u64
}

/// Encodes an Enhanced Packet Block. By hand, for it is written more often than all others: the library, which writes
/// those, takes ten times as long.
fn packet(out: &mut Vec<u8>, interface: u32, frame: &Frame, comments: &[String]) {
    let begin = out.len();
    let bytes = frame.bytes.get(..LARGEST_FRAME).unwrap_or(&frame.bytes);
    let original = frame.original.max(frame.bytes.len());
    let size = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    let time = u64::try_from(frame.time.0).unwrap_or(0);
    #[allow(clippy::cast_possible_truncation)] // the lower half is meant
    let (high, low) = ((time >> 32) as u32, time as u32);
    for word in [ENHANCED_PACKET, 0, interface, high, low, size(bytes.len()), size(original)] {
        out.extend_from_slice(&word.to_ne_bytes());
    }
    let pad = |out: &mut Vec<u8>| out.resize(begin + (out.len() - begin).next_multiple_of(4), 0);
    out.extend_from_slice(bytes);
    pad(out);
    let flags = flag_word(frame);
    if let Some(word) = flags {
        option(out, FLAGS, &word.to_ne_bytes());
    }
    for comment in comments {
        option(out, COMMENT, fitting(comment).as_bytes());
        pad(out);
    }
    if flags.is_some() || !comments.is_empty() {
        option(out, END, &[]);
    }
    let length = size(out.len() - begin + 4).to_ne_bytes();
    out[begin + 4..begin + 8].copy_from_slice(&length);
    out.extend_from_slice(&length);
}

/// Type of the block that holds a frame, and codes of its options.
const ENHANCED_PACKET: u32 = 6;
const END: u16 = 0;
const COMMENT: u16 = 1;
const FLAGS: u16 = 2;

fn option(out: &mut Vec<u8>, code: u16, content: &[u8]) {
    out.extend_from_slice(&code.to_ne_bytes());
    out.extend_from_slice(&u16::try_from(content.len()).unwrap_or(u16::MAX).to_ne_bytes());
    out.extend_from_slice(content);
}

fn flag_word(frame: &Frame) -> Option<u32> {
    let direction = match frame.direction {
        None => 0,
        Some(Direction::In) => flags::INBOUND,
        Some(Direction::Out) => flags::OUTBOUND,
        Some(Direction::Other) => flags::INBOUND | flags::PROMISCUOUS,
    };
    let pending = if frame.checksum_pending { flags::CHECKSUM_NOT_READY } else { 0 };
    Some(direction | pending).filter(|word| *word != 0)
}

/// As much of a comment as an option holds (65,535 bytes), cut between characters.
fn fitting(comment: &str) -> &str {
    let room = usize::from(u16::MAX).min(comment.len());
    let end = (0..=room).rev().find(|end| comment.is_char_boundary(*end)).unwrap_or(0);
    comment.get(..end).unwrap_or_default()
}

/// A time before 1970 has no place in the format and becomes 1970.
fn since_epoch(time: Nanos) -> Duration {
    Duration::from_nanos(u64::try_from(time.0).unwrap_or(0))
}

pub(super) fn cannot_create(path: &Path, error: &std::io::Error) -> Error {
    failed("create", path, error).hint(way_out(error.kind()))
}

fn cannot_write(path: &Path, error: &std::io::Error, whole: bool) -> Error {
    let error = failed("write", path, error).hint(way_out(error.kind()));
    if whole { error.hint("what the file holds is whole and can be read") } else { error }
}

fn way_out(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::IsADirectory => "give the name of a file in it",
        ErrorKind::NotFound => "the directory it should be in does not exist: create it, or give another",
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => "choose a directory that you may write to",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "make room, or choose another disk",
        ErrorKind::BrokenPipe => "whoever should read it has gone",
        _ => "choose another file",
    }
}

fn failed(what: &str, path: &Path, error: &std::io::Error) -> Error {
    let errno = error.raw_os_error().map(nix::errno::Errno::from_raw);
    let why = errno.map_or_else(|| error.to_string(), |errno| format!("{} ({errno:?})", errno.desc().to_lowercase()));
    Error::new(Kind::File, format!("cannot {what} {}: {why}", path.display().to_string().escape_debug()))
}

fn unencodable(path: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::new(Kind::File, format!("cannot write {}: {error}", path.display().to_string().escape_debug()))
}
