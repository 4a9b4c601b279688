//! Transmission Control Protocol (RFC 9293); options of RFC 7323 (window scale, timestamps) and RFC 2018 (SACK).

use std::fmt;
use std::net::Ipv4Addr;
use std::ops::BitOr;

use super::{Binding, Dissected, Next, Protocol, checksum, ipv4, u16_at, u32_at};
use crate::model::{Bits, Fault, FaultKind, Field, FieldSpec, Header, Kind, LayerView, Value};

/// A header without options.
pub const HEADER_LENGTH: usize = 20;
/// The longest a header can say it is.
const LONGEST_HEADER: usize = 60;

/// Option kinds (RFC 9293 §3.2 and the options' own RFCs).
const KINDS: &[(u32, &str)] = &[
    (0, "End of Option List (EOL)"),
    (1, "No-Operation (NOP)"),
    (2, "Maximum Segment Size"),
    (3, "Window Scale"),
    (4, "SACK Permitted"),
    (5, "SACK"),
    (8, "Time Stamp Option"),
    (19, "MD5 Signature Option"),
    (28, "User Timeout Option"),
    (29, "The TCP Authentication Option"),
    (30, "Multipath TCP"),
    (34, "TCP Fast Open"),
];
const SET: Kind = Kind::Flag("Set", "Not set");

static FIELDS: [FieldSpec; 35] = [
    FieldSpec::new("tcp.srcport", "Source Port", Bits::bytes(0, 2), Kind::Number),
    FieldSpec::new("tcp.dstport", "Destination Port", Bits::bytes(2, 2), Kind::Number),
    FieldSpec::new("tcp.stream", "Stream index", Bits::bytes(0, 0), Kind::Number).generated(),
    FieldSpec::new("tcp.completeness", "Conversation completeness", Bits::bytes(0, 0), Kind::Number).generated(),
    FieldSpec::new("tcp.len", "TCP Segment Len", Bits::bytes(0, 0), Kind::Number).generated(),
    FieldSpec::new("tcp.seq", "Sequence Number (relative)", Bits::bytes(4, 4), Kind::Number).generated(),
    FieldSpec::new("tcp.seq_raw", "Sequence Number (raw)", Bits::bytes(4, 4), Kind::Number),
    FieldSpec::new("tcp.nxtseq", "Next Sequence Number (relative)", Bits::bytes(4, 4), Kind::Number).generated(),
    FieldSpec::new("tcp.ack", "Acknowledgment Number (relative)", Bits::bytes(8, 4), Kind::Number).generated(),
    FieldSpec::new("tcp.ack_raw", "Acknowledgment Number (raw)", Bits::bytes(8, 4), Kind::Number),
    FieldSpec::new("tcp.hdr_len", "Header Length", Bits { start: 96, len: 4 }, Kind::Scaled(4)),
    FieldSpec::new("tcp.flags", "Flags", Bits { start: 100, len: 12 }, Kind::Hex),
    FieldSpec::new("tcp.flags.res", "Reserved", Bits { start: 100, len: 3 }, SET).part(),
    FieldSpec::new("tcp.flags.ae", "Accurate ECN", Bits { start: 103, len: 1 }, SET).part(),
    FieldSpec::new("tcp.flags.cwr", "Congestion Window Reduced", Bits { start: 104, len: 1 }, SET).part(),
    FieldSpec::new("tcp.flags.ece", "ECN-Echo", Bits { start: 105, len: 1 }, SET).part(),
    FieldSpec::new("tcp.flags.urg", "Urgent", Bits { start: 106, len: 1 }, SET).part(),
    FieldSpec::new("tcp.flags.ack", "Acknowledgment", Bits { start: 107, len: 1 }, SET).part(),
    FieldSpec::new("tcp.flags.push", "Push", Bits { start: 108, len: 1 }, SET).part(),
    FieldSpec::new("tcp.flags.reset", "Reset", Bits { start: 109, len: 1 }, SET).part(),
    FieldSpec::new("tcp.flags.syn", "Syn", Bits { start: 110, len: 1 }, SET).part(),
    FieldSpec::new("tcp.flags.fin", "Fin", Bits { start: 111, len: 1 }, SET).part(),
    FieldSpec::new("tcp.window_size_value", "Window", Bits::bytes(14, 2), Kind::Number),
    FieldSpec::new("tcp.window_size", "Calculated window size", Bits::bytes(14, 2), Kind::Number).generated(),
    FieldSpec::new("tcp.checksum", "Checksum", Bits::bytes(16, 2), Kind::Hex),
    FieldSpec::new("tcp.checksum.status", "Checksum Status", Bits::bytes(16, 2), Kind::Enum(checksum::STATUS_NAMES))
        .generated(),
    FieldSpec::new("tcp.urgent_pointer", "Urgent Pointer", Bits::bytes(18, 2), Kind::Number),
    FieldSpec::new("tcp.option_kind", "Kind", Bits::bytes(0, 1), Kind::Enum(KINDS)),
    FieldSpec::new("tcp.option_len", "Length", Bits::bytes(1, 1), Kind::Number).part(),
    FieldSpec::new("tcp.options.mss_val", "MSS Value", Bits::bytes(2, 2), Kind::Number).part(),
    FieldSpec::new("tcp.options.wscale.shift", "Shift count", Bits::bytes(2, 1), Kind::Number).part(),
    FieldSpec::new("tcp.options.sack_le", "Left edge", Bits::bytes(0, 4), Kind::Number).part(),
    FieldSpec::new("tcp.options.sack_re", "Right edge", Bits::bytes(4, 4), Kind::Number).part(),
    FieldSpec::new("tcp.options.timestamp.tsval", "Timestamp value", Bits::bytes(2, 4), Kind::Number).part(),
    FieldSpec::new("tcp.options.timestamp.tsecr", "Timestamp echo reply", Bits::bytes(6, 4), Kind::Number).part(),
];
/// Rows before the options'.
const FIXED: usize = 27;

/// TCP.
pub static HEADER: Header = Header {
    name: "tcp",
    title: "Transmission Control Protocol",
    source: "RFC 9293 §3.1",
    fields: &FIELDS,
    walk,
    info: Some(info),
};

/// TCP.
pub static PROTOCOL: Protocol = Protocol { header: &HEADER, dissect, bindings: &[Binding::IpProtocol(ipv4::TCP)] };

/// The control bits of a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(pub u16);

impl Flags {
    /// No more data from the sender.
    pub const FIN: Self = Self(0x01);
    /// Synchronise sequence numbers.
    pub const SYN: Self = Self(0x02);
    /// Reset the connection.
    pub const RST: Self = Self(0x04);
    /// Deliver now.
    pub const PSH: Self = Self(0x08);
    /// The acknowledgment field counts.
    pub const ACK: Self = Self(0x10);
    /// The urgent pointer counts.
    pub const URG: Self = Self(0x20);
    /// ECN-Echo (RFC 3168).
    pub const ECE: Self = Self(0x40);
    /// Congestion Window Reduced (RFC 3168).
    pub const CWR: Self = Self(0x80);

    /// Names in the order of Wireshark's Info column.
    const NAMES: [(Self, &'static str); 8] = [
        (Self::FIN, "FIN"),
        (Self::SYN, "SYN"),
        (Self::RST, "RST"),
        (Self::PSH, "PSH"),
        (Self::ACK, "ACK"),
        (Self::URG, "URG"),
        (Self::ECE, "ECE"),
        (Self::CWR, "CWR"),
    ];

    /// Whether all bits of `other` are set.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for Flags {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Display for Flags {
    /// `SYN, ACK`; `<None>` when none is set, as Wireshark has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (_, name) in Self::NAMES.iter().filter(|(flag, _)| self.contains(*flag)) {
            write!(f, "{separator}{name}")?;
            separator = ", ";
        }
        if separator.is_empty() { f.write_str("<None>") } else { Ok(()) }
    }
}

/// The fixed header of a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tcp {
    /// Sender's port.
    pub source_port: u16,
    /// Receiver's port.
    pub destination_port: u16,
    /// Number of the first byte of payload, or of SYN.
    pub sequence: u32,
    /// Number of the next byte expected; counts with ACK only.
    pub acknowledgment: u32,
    /// The control bits.
    pub flags: Flags,
    /// Octets the sender is ready to take; scaled except in a SYN (RFC 7323 §2.2).
    pub window: u16,
    /// End of urgent data, relative to the sequence number; counts with URG only.
    pub urgent: u16,
}

impl Tcp {
    /// The fixed header at the start of `bytes`; `None` when they are fewer than 20.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            source_port: u16_at(bytes, 0)?,
            destination_port: u16_at(bytes, 2)?,
            sequence: u32_at(bytes, 4)?,
            acknowledgment: u32_at(bytes, 8)?,
            flags: Flags(u16_at(bytes, 12)? & 0x0fff),
            window: u16_at(bytes, 14)?,
            urgent: u16_at(bytes, 18)?,
        })
    }
}

/// One option of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TcpOption<'b> {
    /// End of the list.
    End,
    /// Padding between options.
    Nop,
    /// Largest payload the sender takes, in bytes (RFC 9293 §3.7.1).
    MaximumSegmentSize(u16),
    /// Shift of the sender's later windows (RFC 7323 §2).
    WindowScale(u8),
    /// The sender understands SACK (RFC 2018 §2).
    SackPermitted,
    /// Blocks that arrived ahead of a gap: pairs of left and right edge, 8 bytes each (RFC 2018 §3).
    Sack(&'b [u8]),
    /// The sender's clock, and the other's clock echoed (RFC 7323 §3).
    Timestamps {
        /// Sender's clock.
        value: u32,
        /// Echo of the receiver's clock.
        echo: u32,
    },
    /// Any other, or one whose length is wrong.
    Other {
        /// Its kind.
        kind: u8,
        /// Its bytes after kind and length.
        bytes: &'b [u8],
    },
}

impl TcpOption<'_> {
    fn write(self, out: &mut Vec<u8>) {
        match self {
            Self::End => out.push(0),
            Self::Nop => out.push(1),
            Self::MaximumSegmentSize(size) => {
                out.extend_from_slice(&[2, 4]);
                out.extend_from_slice(&size.to_be_bytes());
            }
            Self::WindowScale(shift) => out.extend_from_slice(&[3, 3, shift]),
            Self::SackPermitted => out.extend_from_slice(&[4, 2]),
            Self::Sack(edges) => Self::Other { kind: 5, bytes: edges }.write(out),
            Self::Timestamps { value, echo } => {
                out.extend_from_slice(&[8, 10]);
                out.extend_from_slice(&value.to_be_bytes());
                out.extend_from_slice(&echo.to_be_bytes());
            }
            Self::Other { kind, bytes } => {
                out.extend_from_slice(&[kind, u8::try_from(bytes.len() + 2).unwrap_or(u8::MAX)]);
                out.extend_from_slice(bytes);
            }
        }
    }
}

/// The options of the header `bytes`, each with its offset in the header and its length. Ends at the end of the list,
/// at the end of the bytes, or at an option whose length leads nowhere.
pub fn options(bytes: &[u8]) -> impl Iterator<Item = (usize, usize, TcpOption<'_>)> {
    let mut at = HEADER_LENGTH;
    std::iter::from_fn(move || {
        let rest = bytes.get(at..)?;
        let kind = *rest.first()?;
        let length = match kind {
            0 | 1 => 1,
            _ => usize::from(*rest.get(1)?),
        };
        let whole = rest.get(..length).filter(|whole| !whole.is_empty() && (kind < 2 || whole.len() >= 2))?;
        let start = at;
        at = if kind == 0 { bytes.len() } else { at + length };
        let option = match (kind, length) {
            (0, _) => TcpOption::End,
            (1, _) => TcpOption::Nop,
            (2, 4) => TcpOption::MaximumSegmentSize(u16_at(whole, 2)?),
            (3, 3) => TcpOption::WindowScale(whole[2]),
            (4, 2) => TcpOption::SackPermitted,
            (5, _) if length > 2 && (length - 2).is_multiple_of(8) => TcpOption::Sack(&whole[2..]),
            (8, 10) => TcpOption::Timestamps { value: u32_at(whole, 2)?, echo: u32_at(whole, 6)? },
            _ => TcpOption::Other { kind, bytes: &whole[2..] },
        };
        Some((start, length, option))
    })
}

/// A segment with `options` (padded to 4 bytes with NOP, at most 40 bytes) and `payload`; its checksum is right.
#[must_use]
pub fn craft(
    header: &Tcp,
    options: &[TcpOption<'_>],
    source: Ipv4Addr,
    destination: Ipv4Addr,
    payload: &[u8],
) -> Vec<u8> {
    let mut list = Vec::new();
    for option in options {
        option.write(&mut list);
    }
    list.truncate(LONGEST_HEADER - HEADER_LENGTH);
    list.resize(list.len().next_multiple_of(4), 1);
    let words = u16::try_from((HEADER_LENGTH + list.len()) / 4).unwrap_or(15);
    let mut segment = Vec::with_capacity(HEADER_LENGTH + list.len() + payload.len());
    segment.extend_from_slice(&header.source_port.to_be_bytes());
    segment.extend_from_slice(&header.destination_port.to_be_bytes());
    segment.extend_from_slice(&header.sequence.to_be_bytes());
    segment.extend_from_slice(&header.acknowledgment.to_be_bytes());
    segment.extend_from_slice(&(words << 12 | (header.flags.0 & 0x0fff)).to_be_bytes());
    segment.extend_from_slice(&header.window.to_be_bytes());
    segment.extend_from_slice(&[0, 0]);
    segment.extend_from_slice(&header.urgent.to_be_bytes());
    segment.extend_from_slice(&list);
    segment.extend_from_slice(payload);
    let sum = checksum::transport(source, destination, ipv4::TCP, &segment);
    segment[16..18].copy_from_slice(&sum.to_be_bytes());
    segment
}

fn dissect(bytes: &[u8]) -> Dissected {
    if bytes.len() < HEADER_LENGTH {
        return Dissected::cut("tcp", HEADER_LENGTH, bytes.len(), "tcp");
    }
    let fault = |kind, offset, needed, available| Fault {
        kind,
        layer: "tcp",
        offset,
        needed,
        available,
        because: "tcp.hdr_len",
    };
    let claimed = usize::from(bytes[12] >> 4) * 4;
    if claimed < HEADER_LENGTH {
        let fault = fault(FaultKind::Malformed, 12, HEADER_LENGTH, claimed);
        return Dissected { payload: Some(0), faults: vec![fault], ..Dissected::whole(HEADER_LENGTH, Next::Nothing) };
    }
    if claimed > bytes.len() {
        let fault = fault(FaultKind::Truncated, HEADER_LENGTH, claimed - HEADER_LENGTH, bytes.len() - HEADER_LENGTH);
        return Dissected { payload: Some(0), faults: vec![fault], ..Dissected::whole(bytes.len(), Next::Nothing) };
    }
    let next = if bytes.len() == claimed { Next::Nothing } else { Next::Data };
    Dissected::whole(claimed, next)
}

fn walk<'f>(view: LayerView<'_, 'f>, each: &mut dyn FnMut(Field<'f>)) {
    let (bytes, offset) = (view.bytes(), view.layer().offset);
    for spec in &FIELDS[..FIXED] {
        if !spec.generated {
            spec.read(bytes, offset).into_iter().for_each(&mut *each);
        } else if let Some(value) = conclude(view, spec.key) {
            each(Field { spec, start: offset * 8 + spec.at.start, bits: 0, value });
        }
    }
    for (at, length, option) in options(bytes) {
        let whole = &bytes[at..at + length];
        let mut read = |row: usize, from: usize| {
            FIELDS[row].read(&whole[from..], offset + at + from).into_iter().for_each(&mut *each);
        };
        read(FIXED, 0);
        if length > 1 {
            read(FIXED + 1, 0);
        }
        match option {
            TcpOption::MaximumSegmentSize(_) => read(FIXED + 2, 0),
            TcpOption::WindowScale(_) => read(FIXED + 3, 0),
            TcpOption::Sack(edges) => (0..edges.len() / 8).for_each(|block| {
                read(FIXED + 4, 2 + block * 8);
                read(FIXED + 5, 2 + block * 8);
            }),
            TcpOption::Timestamps { .. } => {
                read(FIXED + 6, 0);
                read(FIXED + 7, 0);
            }
            _ => {}
        }
    }
}

/// A generated value that this layer alone gives. What the conversation gives is in [`Packet::generated`].
///
/// [`Packet::generated`]: crate::model::Packet::generated
fn conclude(view: LayerView<'_, '_>, key: &str) -> Option<Value<'static>> {
    match key {
        _ if view.layer().quoted => None,
        "tcp.len" => Some(Value::Number(view.payload().len() as u64)),
        "tcp.checksum.status" => checksum::status(view).map(|status| Value::Number(status.number())),
        _ => None,
    }
}

fn info(view: LayerView<'_, '_>, out: &mut dyn fmt::Write) -> fmt::Result {
    let Some(tcp) = Tcp::read(view.bytes()) else { return out.write_str("TCP, cut short") };
    // Relative numbers and scaled windows where the conversation is known.
    let known = |key, raw: u64| match view.packet.generated(key) {
        Some(Value::Number(number)) => number,
        _ => raw,
    };
    write!(out, "{} → {} [{}]", tcp.source_port, tcp.destination_port, tcp.flags)?;
    write!(out, " Seq={}", known("tcp.seq", tcp.sequence.into()))?;
    if tcp.flags.contains(Flags::ACK) {
        write!(out, " Ack={}", known("tcp.ack", tcp.acknowledgment.into()))?;
    }
    write!(out, " Win={}", known("tcp.window_size", tcp.window.into()))?;
    if tcp.flags.contains(Flags::URG) {
        write!(out, " Urg={}", tcp.urgent)?;
    }
    write!(out, " Len={}", view.payload().len())?;
    for (_, _, option) in options(view.bytes()) {
        match option {
            TcpOption::MaximumSegmentSize(size) => write!(out, " MSS={size}")?,
            TcpOption::WindowScale(shift) => write!(out, " WS={}", 1_u64 << shift.min(14))?,
            TcpOption::SackPermitted => write!(out, " SACK_PERM")?,
            TcpOption::Timestamps { value, echo } => write!(out, " TSval={value} TSecr={echo}")?,
            TcpOption::Sack(edges) => {
                for block in edges.chunks_exact(8) {
                    write!(out, " SLE={} SRE={}", u32_at(block, 0).unwrap_or(0), u32_at(block, 4).unwrap_or(0))?;
                }
            }
            TcpOption::End | TcpOption::Nop | TcpOption::Other { .. } => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDS: (Ipv4Addr, Ipv4Addr) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2));
    const SYN: Tcp = Tcp {
        source_port: 49152,
        destination_port: 80,
        sequence: 0xdead_beef,
        acknowledgment: 0,
        flags: Flags::SYN,
        window: 64240,
        urgent: 0,
    };

    #[test]
    fn what_is_crafted_is_read() {
        let offered = [
            TcpOption::MaximumSegmentSize(1460),
            TcpOption::SackPermitted,
            TcpOption::Timestamps { value: 1, echo: 2 },
            TcpOption::Nop,
            TcpOption::WindowScale(7),
        ];
        let segment = craft(&SYN, &offered, ENDS.0, ENDS.1, b"");
        assert_eq!(segment.len(), 40);
        assert_eq!(Tcp::read(&segment), Some(SYN));
        assert_eq!(options(&segment).map(|(_, _, option)| option).collect::<Vec<_>>(), offered);
        assert_eq!(checksum::transport(ENDS.0, ENDS.1, ipv4::TCP, &segment), 0);
    }

    #[test]
    fn options_with_impossible_lengths_end_the_list() {
        let mut segment = craft(&SYN, &[TcpOption::Nop; 4], ENDS.0, ENDS.1, b"");
        for (list, read) in
            [([2, 0, 1, 1], 0), ([2, 1, 1, 1], 0), ([1, 2, 4, 5], 1), ([0, 9, 9, 9], 1), ([9, 4, 1, 1], 1)]
        {
            segment[20..24].copy_from_slice(&list);
            assert_eq!(options(&segment).count(), read, "{list:?}");
        }
    }

    #[test]
    fn flags_have_wiresharks_names() {
        assert_eq!((Flags::SYN | Flags::ACK).to_string(), "SYN, ACK");
        assert_eq!(Flags::default().to_string(), "<None>");
    }
}
