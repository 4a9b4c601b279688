//! Reading pcap and pcapng, one record at a time.

use std::fs::File;
use std::io::{Cursor, ErrorKind, Read};
use std::path::Path;
use std::time::Duration;

use pcap_file::pcap::{PcapReadError, PcapReader};
use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::opt_common::CommonOption;
use pcap_file::pcapng::{Block, PcapNgReadError, PcapNgReader};

use super::{LINK_TYPES, Record, flags};
use crate::error::{Error, Kind, Result};
use crate::model::{Direction, Frame, FrameNo, LinkType, Nanos};

/// Reads a capture from beginning to end without holding it in memory.
pub struct Reader {
    name: String,
    format: Format,
    count: u32,
    ended: bool,
}

type Input = std::io::Chain<Cursor<Vec<u8>>, Box<dyn Read>>;

enum Format {
    Pcap { reader: PcapReader<Input>, link: LinkType },
    PcapNg(PcapNgReader<Input>),
}

/// First four bytes of the two formats: pcapng's block type reads the same in both byte orders; pcap has one number
/// for microseconds and one for nanoseconds, each in either order.
const PCAPNG: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
const PCAP: [[u8; 4]; 4] =
    [[0xa1, 0xb2, 0xc3, 0xd4], [0xd4, 0xc3, 0xb2, 0xa1], [0xa1, 0xb2, 0x3c, 0x4d], [0x4d, 0x3c, 0xb2, 0xa1]];

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
    pub fn new(name: &str, mut input: impl Read + 'static) -> Result<Self> {
        let mut magic = Vec::new();
        input
            .by_ref()
            .take(4)
            .read_to_end(&mut magic)
            .map_err(|error| Error::new(Kind::File, format!("cannot read {name}: {error}")))?;
        let kind: [u8; 4] = magic.as_slice().try_into().map_err(|_| not_a_capture(name))?;
        let whole = Cursor::new(magic).chain(Box::new(input) as Box<dyn Read>);
        let broken = |error: &dyn std::error::Error| damaged(name, error, 0);
        let format = if kind == PCAPNG {
            Format::PcapNg(PcapNgReader::new(whole).map_err(|error| broken(&error))?)
        } else if PCAP.contains(&kind) {
            let reader = PcapReader::new(whole).map_err(|error| broken(&error))?;
            let link = link_type(name, u32::from(reader.header().datalink))?;
            Format::Pcap { reader, link }
        } else {
            return Err(not_a_capture(name));
        };
        Ok(Self { name: name.to_owned(), format, count: 0, ended: false })
    }

    fn read(&mut self) -> Option<Result<Record>> {
        match &mut self.format {
            Format::Pcap { reader, link } => match reader.next_packet()? {
                Ok(packet) => {
                    self.count = self.count.saturating_add(1);
                    let frame = Frame {
                        number: FrameNo(self.count),
                        time: nanos(packet.timestamp()),
                        direction: None,
                        link: *link,
                        original: length(packet.orig_len()),
                        checksum_pending: false,
                        bytes: packet.data().to_vec(),
                    };
                    Some(Ok(Record { frame, comments: Vec::new() }))
                }
                Err(error) => {
                    self.ended = true;
                    Some(Err(match &error {
                        PcapReadError::Io(io) if io.kind() == ErrorKind::UnexpectedEof => cut(&self.name, self.count),
                        _ => damaged(&self.name, &error, self.count),
                    }))
                }
            },
            Format::PcapNg(reader) => loop {
                let (block, state) = match reader.next_raw_block()? {
                    Ok((raw, state)) => (raw.try_into_block(state), state),
                    Err(error) => {
                        self.ended = true;
                        return Some(Err(match &error {
                            PcapNgReadError::Io(io) if io.kind() == ErrorKind::UnexpectedEof => {
                                cut(&self.name, self.count)
                            }
                            _ => damaged(&self.name, &error, self.count),
                        }));
                    }
                };
                let link = |interface: usize| {
                    let block = state.interfaces().get(interface);
                    link_type(&self.name, block.map_or(u32::MAX, |block| u32::from(block.linktype)))
                };
                // A block that is framed well but says nonsense inside costs only itself.
                let record = match block {
                    Err(error) => Err(damaged(&self.name, &error, self.count)),
                    Ok(Block::EnhancedPacket(packet)) => {
                        link(length(packet.interface_id)).map(|link| record(&packet, link))
                    }
                    Ok(Block::SimplePacket(packet)) => link(0).map(|link| Record {
                        frame: bare(link, Nanos(0), length(packet.original_len), &packet.data),
                        comments: Vec::new(),
                    }),
                    Ok(Block::Packet(packet)) => link(usize::from(packet.interface_id)).map(|link| Record {
                        frame: bare(link, nanos(packet.timestamp), length(packet.original_len), &packet.data),
                        comments: Vec::new(),
                    }),
                    Ok(_) => continue,
                };
                return Some(record.map(|mut record| {
                    self.count = self.count.saturating_add(1);
                    record.frame.number = FrameNo(self.count);
                    record
                }));
            },
        }
    }
}

impl Iterator for Reader {
    type Item = Result<Record>;

    /// The next frame. After an error in one packet the reading may go on; after one that leaves no place to go on
    /// from (the file is cut short), it ends.
    fn next(&mut self) -> Option<Self::Item> {
        if self.ended { None } else { self.read() }
    }
}

fn record(packet: &EnhancedPacketBlock<'_>, link: LinkType) -> Record {
    let mut frame = bare(link, nanos(packet.timestamp), length(packet.original_len), &packet.data);
    let mut comments = Vec::new();
    for option in &packet.options {
        match option {
            EnhancedPacketOption::Flags(word) => {
                frame.direction = match word & flags::DIRECTION {
                    flags::INBOUND if word & flags::RECEPTION == flags::PROMISCUOUS => Some(Direction::Other),
                    flags::INBOUND => Some(Direction::In),
                    flags::OUTBOUND => Some(Direction::Out),
                    _ => None,
                };
                frame.checksum_pending = word & flags::CHECKSUM_NOT_READY != 0;
            }
            EnhancedPacketOption::Common(CommonOption::Comment(text)) => comments.push(text.clone().into_owned()),
            _ => {}
        }
    }
    Record { frame, comments }
}

fn bare(link: LinkType, time: Nanos, original: usize, bytes: &[u8]) -> Frame {
    Frame { number: FrameNo(0), time, direction: None, link, original, checksum_pending: false, bytes: bytes.to_vec() }
}

fn nanos(time: Duration) -> Nanos {
    Nanos(i64::try_from(time.as_nanos()).unwrap_or(i64::MAX))
}

fn length(length: u32) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}

fn link_type(name: &str, code: u32) -> Result<LinkType> {
    LINK_TYPES.iter().find(|(known, _)| *known == code).map(|(_, link)| *link).ok_or_else(|| {
        Error::new(Kind::File, format!("{name} holds packets of link type {code}, which netlab does not read"))
            .hint("netlab reads Ethernet (1) and raw IP (101, 228, 229)")
    })
}

fn not_a_capture(name: &str) -> Error {
    Error::new(Kind::File, format!("{name} is not a capture file"))
        .hint("netlab reads pcap and pcapng, as written by tcpdump, Wireshark and netlab --save")
}

fn cut(name: &str, count: u32) -> Error {
    Error::new(Kind::File, format!("{name} ends in the middle of a packet, after frame {count}"))
        .hint("whoever wrote it was interrupted; everything before is good")
}

fn damaged(name: &str, error: &dyn std::error::Error, count: u32) -> Error {
    // The library nests its errors; the innermost says what is wrong.
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    Error::new(Kind::File, format!("{name} is damaged after frame {count}: {cause}"))
        .hint("open it in Wireshark to see how much of it can be read")
}
