//! TCP: a byte stream in each direction, numbered and acknowledged.

mod info;
mod options;

use std::fmt;
use std::net::IpAddr;

use pnet::packet::tcp::MutableTcpPacket;

pub(crate) use info::signs;
pub use options::{TcpOption, aligned_timestamps, cut_blocks, fast_open_cookie, options, timestamps};

use super::checksum::{STATUS_NAMES, pseudo_header};
use super::reading::{Binding, Found, Input, RawOptions, be16, be32, concluded, placed, row, rows};
use super::{Flaw, Protocol, ip, ipv4, numbers};
use crate::model::{Bits, FaultKind, FieldSpec, Header, Kind, LayerView, Value, Visitor, tracked};

const SET: Kind = Kind::Flag("Set", "Not set");
const ANYWHERE: Bits = Bits { start: 0, len: 0 };

const fn flag(key: &'static str, label: &'static str, bit: usize) -> FieldSpec {
    FieldSpec::new(key, label, Bits { start: bit, len: 1 }, SET).part()
}

const fn generated(key: &'static str, label: &'static str) -> FieldSpec {
    FieldSpec::new(key, label, ANYWHERE, Kind::Number).generated()
}

const fn span(key: &'static str, label: &'static str) -> FieldSpec {
    FieldSpec::new(key, label, ANYWHERE, Kind::Span).generated()
}

const fn mark(key: &'static str, label: &'static str) -> FieldSpec {
    FieldSpec::new(key, label, ANYWHERE, Kind::Flag("True", "False")).generated()
}

const fn option(key: &'static str, label: &'static str, at: usize, length: usize, kind: Kind) -> FieldSpec {
    FieldSpec::new(key, label, Bits::bytes(at, length), kind).part()
}

/// Rows of options are counted from the option's first byte.
static FIELDS: [FieldSpec; 85] = [
    FieldSpec::new("tcp.srcport", "Source Port", Bits::bytes(0, 2), Kind::Number),
    FieldSpec::new("tcp.dstport", "Destination Port", Bits::bytes(2, 2), Kind::Number),
    generated("tcp.stream", "Stream index"),
    generated("tcp.completeness", "Conversation completeness"),
    generated("tcp.len", "TCP Segment Len"),
    generated("tcp.seq", "Sequence Number"),
    FieldSpec::new("tcp.seq_raw", "Sequence Number (raw)", Bits::bytes(4, 4), Kind::Number),
    generated("tcp.nxtseq", "Next Sequence Number"),
    generated("tcp.ack", "Acknowledgment Number"),
    FieldSpec::new("tcp.ack_raw", "Acknowledgment number (raw)", Bits::bytes(8, 4), Kind::Number),
    FieldSpec::new("tcp.hdr_len", "Header Length", Bits { start: 96, len: 4 }, Kind::Scaled(4)),
    FieldSpec::new("tcp.flags", "Flags", Bits { start: 100, len: 12 }, Kind::Hex),
    FieldSpec::new("tcp.flags.res", "Reserved", Bits { start: 100, len: 3 }, SET).part(),
    flag("tcp.flags.ae", "Accurate ECN", 103),
    flag("tcp.flags.cwr", "Congestion Window Reduced", 104),
    flag("tcp.flags.ece", "ECN-Echo", 105),
    FieldSpec::new("tcp.flags.ace", "ACE", Bits { start: 103, len: 3 }, Kind::Number).part(),
    flag("tcp.flags.urg", "Urgent", 106),
    flag("tcp.flags.ack", "Acknowledgment", 107),
    flag("tcp.flags.push", "Push", 108),
    flag("tcp.flags.reset", "Reset", 109),
    flag("tcp.flags.syn", "Syn", 110),
    flag("tcp.flags.fin", "Fin", 111),
    FieldSpec::new("tcp.window_size_value", "Window", Bits::bytes(14, 2), Kind::Number),
    generated("tcp.window_size", "Calculated window size"),
    generated("tcp.window_size_scalefactor", "Window size scaling factor"),
    FieldSpec::new("tcp.checksum", "Checksum", Bits::bytes(16, 2), Kind::Hex),
    FieldSpec::new("tcp.checksum.status", "Checksum Status", ANYWHERE, Kind::Enum(&STATUS_NAMES)).generated(),
    FieldSpec::new("tcp.urgent_pointer", "Urgent Pointer", Bits::bytes(18, 2), Kind::Number),
    FieldSpec::new("tcp.options", "TCP Options", Bits { start: 160, len: 0 }, Kind::Bytes),
    option("tcp.option_kind", "Kind", 0, 1, Kind::Enum(&numbers::TCP_OPTIONS)),
    option("tcp.option_len", "Length", 1, 1, Kind::Number),
    option("tcp.options.mss_val", "MSS Value", 2, 2, Kind::Number),
    option("tcp.options.wscale.shift", "Shift count", 2, 1, Kind::Number),
    generated("tcp.options.wscale.multiplier", "Multiplier").part(),
    option("tcp.options.sack_le", "TCP SACK Left Edge", 2, 4, Kind::Number),
    option("tcp.options.sack_re", "TCP SACK Right Edge", 6, 4, Kind::Number),
    generated("tcp.options.sack.count", "TCP SACK Count").part(),
    generated("tcp.options.sack.dsack_le", "TCP D-SACK Left Edge").part(),
    generated("tcp.options.sack.dsack_re", "TCP D-SACK Right Edge").part(),
    option("tcp.options.timestamp.tsval", "Timestamp value", 2, 4, Kind::Number),
    option("tcp.options.timestamp.tsecr", "Timestamp echo reply", 6, 4, Kind::Number),
    option("tcp.options.experimental.exid", "Experiment Identifier", 2, 2, Kind::Hex),
    FieldSpec::new("tcp.options.tfo.cookie", "Fast Open Cookie", ANYWHERE, Kind::Bytes).part(),
    FieldSpec::new("tcp.options.unknown.payload", "Payload", Bits { start: 16, len: 0 }, Kind::Bytes).part(),
    span("tcp.time_relative", "Time since first frame in this TCP stream"),
    span("tcp.time_delta", "Time since previous frame in this TCP stream"),
    generated("tcp.analysis.acks_frame", "This is an ACK to the segment in frame"),
    span("tcp.analysis.ack_rtt", "The RTT to ACK the segment was"),
    span("tcp.analysis.initial_rtt", "iRTT"),
    generated("tcp.analysis.bytes_in_flight", "Bytes in flight"),
    generated("tcp.analysis.push_bytes_sent", "Bytes sent since last PSH flag"),
    mark("tcp.analysis.flags", "TCP Analysis Flags"),
    mark("tcp.analysis.reused_ports", "A new session on the same ports"),
    mark("tcp.analysis.retransmission", "A (suspected) retransmission"),
    mark("tcp.analysis.fast_retransmission", "A (suspected) fast retransmission"),
    mark("tcp.analysis.spurious_retransmission", "A (suspected) spurious retransmission"),
    mark("tcp.analysis.out_of_order", "A (suspected) out-of-order segment"),
    mark("tcp.analysis.lost_segment", "Previous segment(s) not captured"),
    mark("tcp.analysis.ack_lost_segment", "ACKed segment that wasn't captured"),
    mark("tcp.analysis.window_update", "TCP window update"),
    mark("tcp.analysis.window_full", "The receiver's window is now completely full"),
    mark("tcp.analysis.keep_alive", "TCP keep-alive segment"),
    mark("tcp.analysis.keep_alive_ack", "ACK to a TCP keep-alive segment"),
    mark("tcp.analysis.duplicate_ack", "Duplicate ACK"),
    mark("tcp.analysis.zero_window_probe", "TCP Zero Window Probe"),
    mark("tcp.analysis.zero_window", "TCP Zero Window segment"),
    mark("tcp.analysis.zero_window_probe_ack", "ACK to a TCP Zero Window Probe"),
    span("tcp.analysis.rto", "The RTO for this segment was"),
    generated("tcp.analysis.rto_frame", "RTO based on delta from frame"),
    generated("tcp.analysis.duplicate_ack_num", "Duplicate ACK #"),
    generated("tcp.analysis.duplicate_ack_frame", "Duplicate to the ACK in frame"),
    mark("tcp.analysis.tfo_syn", "TCP SYN with TFO Cookie").part(),
    mark("tcp.analysis.tfo_ack", "TCP SYN-ACK accepting TFO data"),
    mark("tcp.analysis.tfo_ignored", "TCP SYN-ACK ignoring TFO data"),
    mark("tcp.connection.syn", "Connection establish request (SYN)"),
    mark("tcp.connection.synack", "Connection establish acknowledge (SYN+ACK)"),
    mark("tcp.connection.fin", "Connection finish (FIN)"),
    mark("tcp.connection.fin_active", "This frame initiates the connection closing"),
    mark("tcp.connection.fin_passive", "This frame undergoes the connection closing"),
    mark("tcp.connection.rst", "Connection reset (RST)"),
    FieldSpec::new("tcp.segment", "TCP Segment", ANYWHERE, Kind::Number).generated(),
    FieldSpec::new("tcp.segment.count", "Segment count", ANYWHERE, Kind::Number).generated(),
    FieldSpec::new("tcp.reassembled.length", "Reassembled TCP length", ANYWHERE, Kind::Number).generated(),
    FieldSpec::new("tcp.reset_cause", "Reset cause", ANYWHERE, Kind::Text),
];
const LENGTH_OF_DATA: usize = row(&FIELDS, "tcp.len");
const THREE_FLAGS: usize = row(&FIELDS, "tcp.flags.ae");
const COUNTER: usize = row(&FIELDS, "tcp.flags.ace");
const STATUS: usize = row(&FIELDS, "tcp.checksum.status");
const OPTIONS: usize = row(&FIELDS, "tcp.options");
const RESET_CAUSE: usize = row(&FIELDS, "tcp.reset_cause");

/// The table of a TCP header.
pub static HEADER: Header = Header {
    name: "tcp",
    title: "Transmission Control Protocol",
    source: "RFC 9293 §3.1",
    fields: &FIELDS,
    walk,
    info: Some(info::info),
};

/// As the registry knows it.
pub static PROTOCOL: Protocol = Protocol { header: &HEADER, dissect };

/// Bytes of a header without options.
pub const LENGTH: usize = 20;
/// The longest list of options that fits a header, in bytes.
pub const LONGEST_OPTIONS: usize = 40;
/// Where the checksum lies.
pub(super) const CHECKSUM: usize = 16;

/// The twelve bits beside the header length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags(pub u16);

impl Flags {
    /// No more data from the sender.
    pub const FIN: Self = Self(0x001);
    /// Synchronise: the sequence number is the initial one.
    pub const SYN: Self = Self(0x002);
    /// The connection does not exist (any more).
    pub const RST: Self = Self(0x004);
    /// Deliver to the program now.
    pub const PSH: Self = Self(0x008);
    /// The acknowledgment number means something.
    pub const ACK: Self = Self(0x010);
    /// The urgent pointer means something.
    pub const URG: Self = Self(0x020);
    /// A congestion mark was seen (RFC 3168).
    pub const ECE: Self = Self(0x040);
    /// The congestion window was reduced (RFC 3168).
    pub const CWR: Self = Self(0x080);

    /// Whether all bits of `other` are set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl std::ops::BitOr for Flags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The names of the bits, lowest first.
const FLAG_NAMES: [&str; 12] =
    ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "AE", "Reserved", "Reserved", "Reserved"];

impl Flags {
    /// Writes the names of the bits as Wireshark's Info column does: `SYN, ACK`; `<None>` when no bit is set.
    fn name(self, out: &mut impl fmt::Write) -> fmt::Result {
        // The three reserved bits share one name.
        let bits = if self.0 & 0xe00 == 0 { self.0 } else { self.0 & 0x1ff | 0x200 };
        let mut separator = "";
        for (_, name) in FLAG_NAMES.iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1) {
            out.write_str(separator)?;
            out.write_str(name)?;
            separator = ", ";
        }
        if separator.is_empty() { out.write_str("<None>") } else { Ok(()) }
    }
}

impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name(f)
    }
}

/// A TCP header without its options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tcp {
    /// The sending program's port.
    pub source_port: u16,
    /// The receiving program's port.
    pub destination_port: u16,
    /// Number of the first byte of data (of the SYN itself, when that flag is set).
    pub sequence: u32,
    /// Number of the byte expected next, when ACK is set.
    pub acknowledgment: u32,
    /// What this segment is.
    pub flags: Flags,
    /// Bytes the sender will take, as written: not yet scaled.
    pub window: u16,
    /// Where urgent data ends, when URG is set.
    pub urgent: u16,
}

impl Tcp {
    /// The header at the start of `bytes`.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let header: &[u8; LENGTH] = bytes.first_chunk()?;
        Some(Self {
            source_port: be16(header, 0)?,
            destination_port: be16(header, 2)?,
            sequence: be32(header, 4)?,
            acknowledgment: be32(header, 8)?,
            flags: Flags(be16(header, 12)? & 0xfff),
            window: be16(header, 14)?,
            urgent: be16(header, 18)?,
        })
    }
}

fn dissect(input: &Input<'_>) -> Found {
    let Some(header) = input.bytes.first_chunk::<LENGTH>() else { return Found::truncated(input, LENGTH, None) };
    let length = usize::from(header[12] >> 4) * 4;
    if length < LENGTH {
        return Found::malformed(input, LENGTH, 12, LENGTH, length, "tcp.hdr_len");
    }
    let Some(options) = input.bytes.get(LENGTH..length) else {
        return Found::truncated(input, length, Some("tcp.hdr_len"));
    };
    // What comes with RST is no part of the stream: a text, perhaps, that says why (RFC 9293 §3.5.3).
    let mut found = Found::new(input, length, (!is_reset(input.bytes)).then_some(Binding::Data));
    if let Some((at, needed, available)) = RawOptions::new(options).flaw() {
        let because = "tcp.option_len";
        found.flaw = Some(Flaw { kind: FaultKind::Malformed, at: LENGTH + at, needed, available, because });
    }
    found
}

fn walk<'f>(view: LayerView<'_, 'f>, each: &mut dyn Visitor<'f>) {
    rows(view, &FIELDS[..LENGTH_OF_DATA], each);
    if let Some(length) = data_length(view) {
        each.field(concluded(view, &FIELDS[LENGTH_OF_DATA], Value::Number(length as u64)));
    }
    // Between ends that agreed on it, three of the flags are a counter (Accurate ECN).
    let (until, from) = if counter(view).is_some() { (THREE_FLAGS, COUNTER) } else { (COUNTER, COUNTER + 1) };
    rows(view, &FIELDS[LENGTH_OF_DATA..until], each);
    rows(view, &FIELDS[from..STATUS], each);
    if let Some(status) = view.layer().checksum {
        each.field(concluded(view, &FIELDS[STATUS], status.value()));
    }
    rows(view, &FIELDS[STATUS..OPTIONS], each);
    if view.bytes().len() > LENGTH {
        rows(view, &FIELDS[OPTIONS..=OPTIONS], each);
        options::walk(view, each);
    }
    let (header, cause) = (view.bytes(), view.payload().len());
    // Where a header says that it is shorter than it can be, nobody knows where it ends.
    let is_sound = header.get(12).is_some_and(|offset| usize::from(offset >> 4) * 4 == header.len());
    if is_reset(header) && is_sound && cause > 0 {
        placed(view, &FIELDS[RESET_CAUSE], header.len(), cause, each);
    }
}

fn is_reset(header: &[u8]) -> bool {
    Tcp::read(header).is_some_and(|header| header.flags.contains(Flags::RST))
}

/// The counter of congestion marks, where the conversation tracker says that the flags AE, CWR and ECE are one.
fn counter(view: LayerView<'_, '_>) -> Option<u64> {
    match view.packet.generated(tracked!("tcp.flags.ace")) {
        Some(Value::Number(counter)) => Some(counter),
        _ => None,
    }
}

/// Bytes of data that the segment carries on the wire; `None` when the header is too short to tell.
pub(crate) fn data_length(view: LayerView<'_, '_>) -> Option<usize> {
    let length = usize::from(view.bytes().get(12)? >> 4) * 4;
    let here = view.layer().length + view.layer().payload;
    let ip = ip::enclosing(view);
    // Where the segment in a fragment ends, only the other fragments tell; a quotation may end earlier.
    if view.layer().quoted || !ip.is_none_or(ip::is_unfragmented) {
        return None;
    }
    ip.map_or(here, ip::reported_payload).checked_sub(length)
}

/// A segment to be carried from `source` to `destination`. Options are padded to a multiple of four bytes; those that
/// do not fit the header's 40 bytes are left out.
#[must_use]
pub fn craft(
    header: &Tcp,
    options: &[TcpOption<'_>],
    source: impl Into<IpAddr>,
    destination: impl Into<IpAddr>,
    payload: &[u8],
) -> Vec<u8> {
    let options = options::write(options);
    let length = LENGTH + options.len();
    let mut bytes = vec![0; length + payload.len()];
    if let Some(mut packet) = MutableTcpPacket::new(&mut bytes) {
        packet.set_source(header.source_port);
        packet.set_destination(header.destination_port);
        packet.set_sequence(header.sequence);
        packet.set_acknowledgement(header.acknowledgment);
        packet.set_window(header.window);
        packet.set_urgent_ptr(header.urgent);
    }
    // At most 60 / 4 = 15, so it fits the upper four bits; the builder has no room for the flags above CWR.
    let offset = u16::try_from(length / 4).unwrap_or(15) << 12;
    bytes[12..14].copy_from_slice(&(offset | header.flags.0 & 0xfff).to_be_bytes());
    bytes[LENGTH..length].copy_from_slice(&options);
    bytes[length..].copy_from_slice(payload);
    let checksum = pseudo_header(source, destination, ipv4::TCP, bytes.len()).plus(&bytes).checksum();
    bytes[CHECKSUM..CHECKSUM + 2].copy_from_slice(&checksum.to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn a_crafted_segment_reads_back_and_sums_to_ones() {
        let (source, destination) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2));
        let header = Tcp {
            source_port: 49152,
            destination_port: 80,
            sequence: 0xffff_fffe,
            acknowledgment: 7,
            flags: Flags::SYN | Flags::ACK | Flags(0x100),
            window: 65535,
            urgent: 3,
        };
        let list = [TcpOption::MaximumSegmentSize(1460), TcpOption::SackPermitted, TcpOption::WindowScale(7)];
        for payload in [&b""[..], b"odd", b"even"] {
            let segment = craft(&header, &list, source, destination, payload);
            assert_eq!(Tcp::read(&segment), Some(header));
            assert_eq!(segment[12] >> 4, 8, "nine bytes of options and three of padding");
            assert_eq!(options(&segment[..32]).take(3).collect::<Vec<_>>(), list);
            assert_eq!(&segment[32..], payload);
            let sum = pseudo_header(source, destination, ipv4::TCP, segment.len()).plus(&segment);
            assert_eq!(sum.fold(), 0xffff);
        }
    }

    #[test]
    fn flags_read_as_wireshark_writes_them() {
        assert_eq!(Flags(0x12).to_string(), "SYN, ACK");
        assert_eq!(Flags::default().to_string(), "<None>");
        assert!(Flags(0x12).contains(Flags::SYN) && !Flags(0x12).contains(Flags::FIN | Flags::SYN));
    }
}
