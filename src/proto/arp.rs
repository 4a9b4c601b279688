//! ARP: who on this link has this IPv4 address?

use std::fmt::{self, Write as _};
use std::net::Ipv4Addr;

use pnet::packet::arp::{ArpHardwareTypes, ArpOperation, MutableArpPacket};
use pnet::packet::ethernet::EtherTypes;
use pnet::util::MacAddr as PnetMac;

use super::reading::{Found, Input, be16, concluded, cut_short, placed, row, rows};
use super::{Protocol, ethernet, numbers};
use crate::model::{Bits, Field, FieldSpec, Header, Kind, LayerView, MacAddr, Tracked, Value, Visitor};

const YES: Kind = Kind::Flag("True", "False");
/// Addresses whose length is not that of Ethernet and IPv4 lie where the two sizes say.
const ANYWHERE: Bits = Bits { start: 0, len: 0 };

static FIELDS: [FieldSpec; 19] = [
    FieldSpec::new("arp.hw.type", "Hardware type", Bits::bytes(0, 2), Kind::Enum(&numbers::ARP_HARDWARE)),
    FieldSpec::new("arp.proto.type", "Protocol type", Bits::bytes(2, 2), Kind::Enum(&numbers::ETHERTYPES)),
    FieldSpec::new("arp.hw.size", "Hardware size", Bits::bytes(4, 1), Kind::Number),
    FieldSpec::new("arp.proto.size", "Protocol size", Bits::bytes(5, 1), Kind::Number),
    FieldSpec::new("arp.opcode", "Opcode", Bits::bytes(6, 2), Kind::Enum(&numbers::ARP_OPERATIONS)),
    FieldSpec::new("arp.isgratuitous", "Is gratuitous", ANYWHERE, YES).generated(),
    FieldSpec::new("arp.isprobe", "Is probe", ANYWHERE, YES).generated(),
    FieldSpec::new("arp.isannouncement", "Is announcement", ANYWHERE, YES).generated(),
    FieldSpec::new("arp.src.hw_mac", "Sender MAC address", Bits::bytes(8, 6), Kind::Mac),
    FieldSpec::new("arp.src.hw", "Sender hardware address", ANYWHERE, Kind::Bytes),
    FieldSpec::new("arp.src.proto_ipv4", "Sender IP address", Bits::bytes(14, 4), Kind::Ipv4),
    FieldSpec::new("arp.src.proto", "Sender protocol address", ANYWHERE, Kind::Bytes),
    FieldSpec::new("arp.dst.hw_mac", "Target MAC address", Bits::bytes(18, 6), Kind::Mac),
    FieldSpec::new("arp.dst.hw", "Target hardware address", ANYWHERE, Kind::Bytes),
    FieldSpec::new("arp.dst.proto_ipv4", "Target IP address", Bits::bytes(24, 4), Kind::Ipv4),
    FieldSpec::new("arp.dst.proto", "Target protocol address", ANYWHERE, Kind::Bytes),
    FieldSpec::new("arp.duplicate-address-detected", "Duplicate IP address detected", ANYWHERE, YES).generated(),
    FieldSpec::new("arp.duplicate-address-frame", "Frame showing earlier use of IP address", ANYWHERE, Kind::Number)
        .generated(),
    FieldSpec::new(
        "arp.seconds-since-duplicate-address-frame",
        "Seconds since earlier frame seen",
        ANYWHERE,
        Kind::Number,
    )
    .generated(),
];
const GRATUITOUS: usize = row(&FIELDS, "arp.isgratuitous");
const PROBE: usize = row(&FIELDS, "arp.isprobe");
const ANNOUNCEMENT: usize = row(&FIELDS, "arp.isannouncement");
const ADDRESSES: usize = row(&FIELDS, "arp.src.hw_mac");

/// The table of an ARP packet.
pub static HEADER: Header = Header {
    name: "arp",
    title: "Address Resolution Protocol",
    source: "RFC 826",
    fields: &FIELDS,
    walk,
    info: Some(info),
};

/// As the registry knows it.
pub static PROTOCOL: Protocol = Protocol { header: &HEADER, dissect };

/// Operation: who has this address?
pub const REQUEST: u16 = 1;
/// Operation: I have it, here.
pub const REPLY: u16 = 2;
/// Generated, a value of our own, for Wireshark has none: the address of which the Info column says that two
/// machines use it.
pub const DUPLICATE: Tracked = Tracked::of("netlab.arp.duplicate");
/// Bytes before the addresses.
const FIXED: usize = 8;
/// Bytes of a packet between Ethernet and IPv4.
pub const LENGTH: usize = 28;

/// An ARP packet between Ethernet and IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arp {
    /// [`REQUEST`] or [`REPLY`].
    pub operation: u16,
    /// MAC address of who speaks.
    pub sender_mac: MacAddr,
    /// IPv4 address of who speaks; 0.0.0.0 in a probe (RFC 5227 §1.1).
    pub sender_ip: Ipv4Addr,
    /// MAC address of who is meant; zero in a request, for it is the question.
    pub target_mac: MacAddr,
    /// IPv4 address of who is meant.
    pub target_ip: Ipv4Addr,
}

impl Arp {
    /// The packet at the start of `bytes`, if it is one between Ethernet and IPv4.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..LENGTH).filter(|bytes| bytes[..6] == [0, 1, 8, 0, 6, 4])?;
        Some(Self {
            operation: be16(bytes, 6)?,
            sender_mac: MacAddr::read(&bytes[8..])?,
            sender_ip: ipv4(&bytes[14..18])?,
            target_mac: MacAddr::read(&bytes[18..])?,
            target_ip: ipv4(&bytes[24..28])?,
        })
    }
}

impl Arp {
    /// A request with no sender address: "is this one free?" (RFC 5227 §1.1).
    #[must_use]
    pub fn is_probe(&self) -> bool {
        self.operation == REQUEST && self.sender_ip.is_unspecified() && !self.target_ip.is_unspecified()
    }

    /// About the sender's own address: it tells instead of asking.
    #[must_use]
    pub fn is_gratuitous(&self) -> bool {
        matches!(self.operation, REQUEST | REPLY) && self.sender_ip == self.target_ip
    }

    /// A gratuitous request with no target MAC: "this address is mine from now on" (RFC 5227 §1.1).
    #[must_use]
    pub fn is_announcement(&self) -> bool {
        self.operation == REQUEST && self.is_gratuitous() && self.target_mac == MacAddr::ZERO
    }
}

fn ipv4(bytes: &[u8]) -> Option<Ipv4Addr> {
    Some(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?))
}

/// The four addresses of a packet of any address sizes, and how they read.
struct Addresses<'f> {
    /// The whole packet.
    bytes: &'f [u8],
    /// Hardware and protocol address of the sender, then of the target: where each begins and its bytes.
    parts: [(usize, &'f [u8]); 4],
    mac: bool,
    ipv4: bool,
}

impl<'f> Addresses<'f> {
    fn read(bytes: &'f [u8]) -> Option<Self> {
        let (hardware, protocol) = (usize::from(*bytes.get(4)?), usize::from(*bytes.get(5)?));
        let mut at = FIXED;
        let mut parts = [(0, &bytes[..0]); 4];
        for (part, size) in parts.iter_mut().zip([hardware, protocol, hardware, protocol]) {
            *part = (at, bytes.get(at..at + size)?);
            at += size;
        }
        let mac = matches!(be16(bytes, 0)?, 1 | 6) && hardware == 6;
        Some(Self { bytes, parts, mac, ipv4: be16(bytes, 2)? == ethernet::IPV4 && protocol == 4 })
    }

    /// Writes the address `part` as the Info column does: hexadecimal when its kind is not known.
    fn write(&self, part: usize, out: &mut String) -> fmt::Result {
        let bytes = self.parts[part].1;
        if bytes.is_empty() {
            return out.write_str("<No address>");
        }
        if part.is_multiple_of(2) {
            if let Some(mac) = MacAddr::read(bytes).filter(|_| self.mac) {
                return write!(out, "{mac}");
            }
        } else if let Some(address) = ipv4(bytes).filter(|_| self.ipv4) {
            return write!(out, "{address}");
        }
        bytes.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

/// What a request or reply says beyond its words.
#[derive(Default)]
struct Purpose {
    gratuitous: bool,
    probe: bool,
    announcement: bool,
}

impl Purpose {
    /// RFC 5227 §1.1: a probe has no sender address, and an announcement names its sender's own. With a target's MAC
    /// address, Wireshark calls neither so.
    fn of(operation: u16, addresses: &Addresses<'_>) -> Self {
        let [_, (_, sender), (at, _), (_, target)] = addresses.parts;
        // As many bytes as a MAC address has, whatever size the packet says.
        let asks_nobody = addresses.bytes.get(at..at + 6).is_some_and(|bytes| bytes == [0; 6]);
        match operation {
            REQUEST | REPLY if sender == target && !sender.is_empty() => {
                Self { gratuitous: true, announcement: operation == REQUEST && asks_nobody, probe: false }
            }
            REQUEST => Self { probe: sender.iter().all(|&byte| byte == 0) && asks_nobody, ..Self::default() },
            _ => Self::default(),
        }
    }
}

fn dissect(input: &Input<'_>) -> Found {
    let Some(&[_, _, _, _, hardware, protocol, _, _]) = input.bytes.get(..FIXED) else {
        return Found::truncated(input, FIXED, None);
    };
    let length = FIXED + 2 * (usize::from(hardware) + usize::from(protocol));
    if input.bytes.len() < length {
        let key = if hardware == 6 && protocol == 4 { None } else { Some("arp.hw.size") };
        return Found::truncated(input, length, key);
    }
    Found { payload: 0, ends: Some("arp.hw.size"), ..Found::new(input, length, None) }
}

fn walk<'f>(view: LayerView<'_, 'f>, each: &mut dyn Visitor<'f>) {
    rows(view, &FIELDS[..GRATUITOUS], each);
    let Some(addresses) = Addresses::read(view.bytes()) else {
        // Cut short: what is there of an ordinary packet.
        if view.bytes().starts_with(&[0, 1, 8, 0, 6, 4]) {
            rows(view, &FIELDS[ADDRESSES..], &mut |field: Field<'f>| {
                if field.spec.at != ANYWHERE {
                    each.field(field);
                }
            });
        }
        return;
    };
    let purpose = Purpose::of(be16(view.bytes(), 6).unwrap_or(0), &addresses);
    for (is, row) in [(purpose.gratuitous, GRATUITOUS), (purpose.probe, PROBE), (purpose.announcement, ANNOUNCEMENT)] {
        if is {
            each.field(concluded(view, &FIELDS[row], Value::Flag(true)));
        }
    }
    for (index, (at, bytes)) in addresses.parts.into_iter().enumerate() {
        let known = if index.is_multiple_of(2) { addresses.mac } else { addresses.ipv4 };
        let spec = &FIELDS[ADDRESSES + 2 * index + usize::from(!known)];
        if !bytes.is_empty() {
            // In a packet of other address sizes it lies elsewhere than the row says.
            placed(view, spec, at, bytes.len(), each);
        }
    }
}

/// An ARP packet, 28 bytes.
#[must_use]
pub fn craft(arp: &Arp) -> Vec<u8> {
    let mut bytes = vec![0; LENGTH];
    if let Some(mut packet) = MutableArpPacket::new(&mut bytes) {
        packet.set_hardware_type(ArpHardwareTypes::Ethernet);
        packet.set_protocol_type(EtherTypes::Ipv4);
        packet.set_hw_addr_len(6);
        packet.set_proto_addr_len(4);
        packet.set_operation(ArpOperation(arp.operation));
        packet.set_sender_hw_addr(PnetMac::from(arp.sender_mac.0));
        packet.set_sender_proto_addr(arp.sender_ip);
        packet.set_target_hw_addr(PnetMac::from(arp.target_mac.0));
        packet.set_target_proto_addr(arp.target_ip);
    }
    bytes
}

/// Words between the machines and the servers of the multicast over ATM (RFC 2022 §5), and of MAPOS (RFC 2176).
static SERVERS: [(u32, &str); 13] = [
    (11, "MARS request"),
    (12, "MARS MULTI request"),
    (13, "MARS MSERV request"),
    (14, "MARS JOIN request"),
    (15, "MARS LEAVE"),
    (16, "MARS NAK"),
    (17, "MARS UNSERV request"),
    (18, "MARS SJOIN request"),
    (19, "MARS SLEAVE"),
    (20, "MARS grouplist request"),
    (21, "MARS grouplist reply"),
    (22, "MARS redirect map"),
    (23, "MAPOS UNARP request"),
];

/// One piece of an ARP sentence: words, or one of the four addresses.
enum Piece {
    Words(&'static str),
    Address(usize),
}

const SENDER_HARDWARE: Piece = Piece::Address(0);
const SENDER: Piece = Piece::Address(1);
const TARGET_HARDWARE: Piece = Piece::Address(2);
const TARGET: Piece = Piece::Address(3);

fn info(view: LayerView<'_, '_>, out: &mut String) -> fmt::Result {
    use Piece::Words;
    let (Some(addresses), Some(operation)) = (Addresses::read(view.bytes()), be16(view.bytes(), 6)) else {
        return out.write_str(cut_short(view).unwrap_or_default());
    };
    let purpose = Purpose::of(operation, &addresses);
    let sentence: &[Piece] = match operation {
        REQUEST if purpose.announcement => &[Words("ARP Announcement for "), TARGET],
        REQUEST if purpose.gratuitous => &[Words("Gratuitous ARP for "), TARGET, Words(" (Request)")],
        REQUEST if purpose.probe => &[Words("Who has "), TARGET, Words("? (ARP Probe)")],
        REQUEST => &[Words("Who has "), TARGET, Words("? Tell "), SENDER],
        REPLY if purpose.gratuitous => &[Words("Gratuitous ARP for "), SENDER, Words(" (Reply)")],
        REPLY => &[SENDER, Words(" is at "), SENDER_HARDWARE],
        3 | 5 | 8 => &[Words("Who is "), TARGET_HARDWARE, Words("? Tell "), SENDER_HARDWARE],
        4 | 6 => &[TARGET_HARDWARE, Words(" is at "), TARGET],
        9 => &[SENDER_HARDWARE, Words(" is at "), SENDER],
        7 => &[Words("DRARP Error")],
        10 => &[Words("ARP NAK")],
        24 | 25 => return write!(out, "Experimental {} ( opcode {operation} )", operation - 23),
        0 | u16::MAX => return write!(out, "Reserved opcode {operation}"),
        _ => match numbers::name(&SERVERS, operation.into()) {
            Some(words) => &[Words(words), Words(" from "), SENDER_HARDWARE, Words(" at "), SENDER],
            None => return write!(out, "Unknown ARP opcode {operation:#06x}"),
        },
    };
    sentence.iter().try_for_each(|piece| match piece {
        Words(words) => out.write_str(words),
        Piece::Address(part) => addresses.write(*part, out),
    })?;
    match view.packet.generated(DUPLICATE) {
        Some(Value::Ipv4(address)) => write!(out, " (duplicate use of {address} detected!)"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crafted_packet_reads_back() {
        let arp = Arp {
            operation: REQUEST,
            sender_mac: MacAddr([0x8c, 0x85, 0x90, 0x42, 0x64, 0xb2]),
            sender_ip: Ipv4Addr::new(192, 168, 11, 2),
            target_mac: MacAddr::ZERO,
            target_ip: Ipv4Addr::new(192, 168, 11, 1),
        };
        let bytes = craft(&arp);
        assert_eq!(bytes.len(), LENGTH);
        assert_eq!(Arp::read(&bytes), Some(arp));
        assert_eq!(Arp::read(&bytes[..27]), None);
        let mut other = bytes;
        other[4] = 8;
        assert_eq!(Arp::read(&other), None, "not Ethernet's address size");
    }
}
