//! Writing pcapng.

use std::borrow::Cow;
use std::fs::File;
use std::io::{ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption, InterfaceTsResolution,
};
use pcap_file::pcapng::blocks::interface_statistics::{InterfaceStatisticsBlock, InterfaceStatisticsOption};
use pcap_file::pcapng::blocks::opt_common::CommonOption;
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::pcapng::{PcapNgBlock, PcapNgWriter};
use pcap_file::{DataLink, Endianness};

use super::destination::Destination;
use super::{LINK_TYPES, flags};
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
    /// Encodes each block into memory; the file gets it in one piece.
    encoder: PcapNgWriter<Vec<u8>>,
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
            interface: source.interface.map(str::to_owned),
            links: Vec::new(),
            whole: regular.then_some(0),
        };
        writer.interface_number(source.link)?;
        Ok(writer)
    }

    /// Adds one frame with its comments (plain text, one comment a string) and hands it to the system at once.
    ///
    /// # Errors
    /// [`Kind::File`] when it cannot be written; the file then ends with the frame before, and nothing more should be
    /// written.
    pub fn write(&mut self, frame: &Frame, comments: &[String]) -> Result<()> {
        let interface_id = self.interface_number(frame.link)?;
        let mut options: Vec<EnhancedPacketOption<'_>> =
            flag_word(frame).map(EnhancedPacketOption::Flags).into_iter().collect();
        options.extend(
            comments
                .iter()
                .map(|comment| EnhancedPacketOption::Common(CommonOption::Comment(Cow::Borrowed(fitting(comment))))),
        );
        let original = frame.original.max(frame.bytes.len());
        self.block(EnhancedPacketBlock {
            interface_id,
            timestamp: since_epoch(frame.time),
            original_len: u32::try_from(original).unwrap_or(u32::MAX),
            data: Cow::Borrowed(&frame.bytes),
            options,
        })
    }

    /// Ends the capture with the interface's statistics: frames seen and frames the system dropped, at `time`.
    /// A file that is not ended is valid too, it only lacks these.
    ///
    /// # Errors
    /// [`Kind::File`] when they cannot be written.
    pub fn finish(mut self, time: Nanos, seen: u64, dropped: u64) -> Result<()> {
        self.block(InterfaceStatisticsBlock {
            interface_id: 0,
            timestamp: since_epoch(time),
            options: vec![
                InterfaceStatisticsOption::IsbIfRecv(seen.saturating_add(dropped)),
                InterfaceStatisticsOption::IsbOsDrop(dropped),
            ],
        })
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
        let written = self.file.write_all(self.encoder.get_ref());
        if let Err(error) = written {
            self.cut_to_whole();
            return Err(cannot_write(&self.path, &error, self.whole.is_some()));
        }
        let length = u64::try_from(self.encoder.get_ref().len()).unwrap_or(0);
        self.whole = self.whole.map(|whole| whole + length);
        self.encoder.get_mut().clear();
        Ok(())
    }

    /// Takes back the part of a block that did fit.
    fn cut_to_whole(&mut self) {
        self.encoder.get_mut().clear();
        if let Some(whole) = self.whole {
            // If even this fails the error that led here says enough.
            drop(self.file.set_len(whole).and_then(|()| self.file.seek(SeekFrom::Start(whole))));
        }
    }
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
    if whole { error.hint("the file holds every frame before this one and can be read") } else { error }
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
