//! A segment as the conversations need it: what one packet alone tells.

use smallvec::SmallVec;

use super::Endpoint;
use crate::model::{FrameNo, LayerView, Nanos, Offer, Packet, SeqNo};
use crate::proto::ip;
use crate::proto::tcp::{self, Flags, TcpOption};

/// A segment.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    /// Index of its layer.
    pub layer: usize,
    pub from: Endpoint,
    pub to: Endpoint,
    pub frame: FrameNo,
    pub time: Nanos,
    pub sequence: SeqNo,
    pub acknowledgment: SeqNo,
    pub flags: Flags,
    /// As written: not yet scaled.
    pub window: u32,
    /// Bytes of data on the wire; `None` when nobody can tell: in a quotation, in a fragment, and when the header
    /// says that it is longer than the packet.
    pub length: Option<u32>,
    /// The header's length is possible.
    pub sound: bool,
    /// All of the header is here.
    pub whole: bool,
    pub said: Said,
}

/// What the options of a segment say, as far as the conversation depends on it.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    pub offer: Offer,
    /// Blocks that arrived beyond the acknowledgement number; `None` without the option.
    pub blocks: Option<SmallVec<[(u32, u32); 4]>>,
    /// It shows a Fast Open cookie.
    pub cookie: bool,
}

impl Segment {
    /// The segment in `view`, a TCP layer of `packet`.
    pub fn read(packet: &Packet<'_>, view: LayerView<'_, '_>) -> Option<Self> {
        let bytes = view.bytes();
        let word = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        let half = |at: usize| Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
        let bits = half(12)?;
        let ip = ip::enclosing(view)?;
        let (source, destination) = ip::ends(ip)?;
        let known = !view.layer().quoted && ip::is_unfragmented(ip);
        let length = usize::from(bits >> 12) * 4;
        let whole = bytes.len() >= length;
        Some(Self {
            layer: view.index,
            from: (source, half(0)?),
            to: (destination, half(2)?),
            frame: packet.frame.number,
            time: packet.frame.time,
            sequence: SeqNo(word(4)?),
            acknowledgment: SeqNo(word(8)?),
            flags: Flags(bits & 0xfff),
            window: half(14)?.into(),
            length: known.then(|| tcp::data_length(view)).flatten().and_then(|length| u32::try_from(length).ok()),
            sound: length >= tcp::LENGTH,
            whole,
            said: if bytes.len() > tcp::LENGTH { Said::read(bytes) } else { Said::default() },
        })
    }

    pub fn has(&self, flags: Flags) -> bool {
        self.flags.contains(flags)
    }

    /// Whether it has one of these.
    pub fn has_any(&self, flags: Flags) -> bool {
        self.flags.0 & flags.0 != 0
    }

    /// Bytes of data, 0 when nobody can tell.
    pub fn bytes(&self) -> u32 {
        self.length.unwrap_or(0)
    }

    /// The number after its last byte, SYN and FIN not counted.
    pub fn data_end(&self) -> SeqNo {
        self.sequence + self.bytes()
    }

    /// The number after its last byte. SYN and FIN count as one, and even both of them do.
    pub fn end(&self) -> SeqNo {
        self.data_end() + u32::from(self.has_any(Flags::SYN | Flags::FIN))
    }
}

impl Said {
    fn read(header: &[u8]) -> Self {
        let mut said = Self::default();
        if tcp::aligned_timestamps(header).is_some() {
            said.offer.timestamps = true;
            return said;
        }
        for option in tcp::options(header) {
            match option {
                TcpOption::Sack(blocks) => said.blocks = Some(blocks),
                TcpOption::Unknown { .. } => {
                    said.cookie |= tcp::fast_open_cookie(&option).is_some_and(|it| !it.is_empty());
                }
                option => hear(&mut said.offer, &option),
            }
        }
        // Of an option that was cut, the blocks that are whole count.
        if let Some(blocks) = tcp::cut_blocks(header) {
            said.blocks = Some(blocks);
        }
        said
    }
}

fn hear(offer: &mut Offer, option: &TcpOption<'_>) {
    match *option {
        TcpOption::MaximumSegmentSize(size) => offer.mss = Some(size),
        TcpOption::WindowScale(shift) => offer.window_scale = Some(shift),
        TcpOption::SackPermitted => offer.sack = true,
        TcpOption::Timestamps { .. } => offer.timestamps = true,
        _ => {}
    }
}

/// What a SYN with these header bytes offers.
#[must_use]
pub fn offer(header: &[u8]) -> Offer {
    let mut offer = Offer::default();
    tcp::options(header).for_each(|option| hear(&mut offer, &option));
    offer
}
