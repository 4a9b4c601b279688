//! Address Resolution Protocol (RFC 826) for IPv4 over Ethernet; probes and announcements of RFC 5227.

use std::fmt;
use std::net::Ipv4Addr;

use super::{Binding, Dissected, Next, Protocol, ethernet, u16_at};
use crate::model::{Bits, Field, FieldSpec, Header, Kind, LayerView, MacAddr};

/// "Who has this address?"
pub const REQUEST: u16 = 1;
/// "I have it."
pub const REPLY: u16 = 2;
/// Length for 6-byte hardware and 4-byte protocol addresses.
pub const LENGTH: usize = 28;

const OPERATIONS: &[(u32, &str)] = &[
    (1, "request"),
    (2, "reply"),
    (3, "reverse request"),
    (4, "reverse reply"),
    (8, "inverse request"),
    (9, "inverse reply"),
];
const HARDWARE: &[(u32, &str)] =
    &[(1, "Ethernet"), (6, "IEEE 802"), (7, "ARCNET"), (15, "Frame Relay DLCI"), (24, "IEEE 1394"), (32, "InfiniBand")];

static FIELDS: [FieldSpec; 11] = [
    FieldSpec::new("arp.hw.type", "Hardware type", Bits::bytes(0, 2), Kind::Enum(HARDWARE)),
    FieldSpec::new("arp.proto.type", "Protocol type", Bits::bytes(2, 2), Kind::Enum(ethernet::ETHERTYPES)),
    FieldSpec::new("arp.hw.size", "Hardware size", Bits::bytes(4, 1), Kind::Number),
    FieldSpec::new("arp.proto.size", "Protocol size", Bits::bytes(5, 1), Kind::Number),
    FieldSpec::new("arp.opcode", "Opcode", Bits::bytes(6, 2), Kind::Enum(OPERATIONS)),
    FieldSpec::new("arp.src.hw_mac", "Sender MAC address", Bits::bytes(8, 6), Kind::Mac),
    FieldSpec::new("arp.src.proto_ipv4", "Sender IP address", Bits::bytes(14, 4), Kind::Ipv4),
    FieldSpec::new("arp.dst.hw_mac", "Target MAC address", Bits::bytes(18, 6), Kind::Mac),
    FieldSpec::new("arp.dst.proto_ipv4", "Target IP address", Bits::bytes(24, 4), Kind::Ipv4),
    FieldSpec::new("arp.isgratuitous", "Is gratuitous", Bits::bytes(0, 0), YES_NO).generated(),
    FieldSpec::new("arp.isannouncement", "Is an announcement", Bits::bytes(0, 0), YES_NO).generated(),
];
const YES_NO: Kind = Kind::Flag("True", "False");

/// ARP.
pub static HEADER: Header = Header {
    name: "arp",
    title: "Address Resolution Protocol",
    source: "RFC 826",
    fields: &FIELDS,
    walk,
    info: Some(info),
};

/// ARP.
pub static PROTOCOL: Protocol = Protocol { header: &HEADER, dissect, bindings: &[Binding::EtherType(ethernet::ARP)] };

/// An ARP message for IPv4 over Ethernet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arp {
    /// [`REQUEST`] or [`REPLY`].
    pub operation: u16,
    /// Link-layer address of whoever speaks.
    pub sender_mac: MacAddr,
    /// IP address of whoever speaks; 0.0.0.0 in a probe (RFC 5227 §2.1.1).
    pub sender_ip: Ipv4Addr,
    /// The address asked for (zero) or the one answered to.
    pub target_mac: MacAddr,
    /// The address asked for, or the one answered to.
    pub target_ip: Ipv4Addr,
}

impl Arp {
    /// The message at the start of `bytes`; `None` when they are cut short or not about IPv4 over Ethernet.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let address = |at: usize| Some(Ipv4Addr::from(<[u8; 4]>::try_from(bytes.get(at..at + 4)?).ok()?));
        is_ipv4_over_ethernet(bytes).then_some(())?;
        Some(Self {
            operation: u16_at(bytes, 6)?,
            sender_mac: MacAddr::read(bytes.get(8..)?)?,
            sender_ip: address(14)?,
            target_mac: MacAddr::read(bytes.get(18..)?)?,
            target_ip: address(24)?,
        })
    }

    /// A request with no sender address: "is this one free?" (RFC 5227 §2.1.1).
    #[must_use]
    pub fn is_probe(&self) -> bool {
        self.operation == REQUEST && self.sender_ip.is_unspecified() && !self.target_ip.is_unspecified()
    }

    /// About the sender's own address: it tells instead of asking.
    #[must_use]
    pub fn is_gratuitous(&self) -> bool {
        matches!(self.operation, REQUEST | REPLY) && self.sender_ip == self.target_ip
    }

    /// A gratuitous request with no target MAC: "this address is mine from now on" (RFC 5227 §2.3).
    #[must_use]
    pub fn is_announcement(&self) -> bool {
        self.operation == REQUEST && self.is_gratuitous() && self.target_mac == MacAddr::ZERO
    }
}

/// The bytes of `message`.
#[must_use]
pub fn craft(message: &Arp) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(LENGTH);
    bytes.extend_from_slice(&[0, 1, 8, 0, 6, 4]);
    bytes.extend_from_slice(&message.operation.to_be_bytes());
    bytes.extend_from_slice(&message.sender_mac.0);
    bytes.extend_from_slice(&message.sender_ip.octets());
    bytes.extend_from_slice(&message.target_mac.0);
    bytes.extend_from_slice(&message.target_ip.octets());
    bytes
}

fn is_ipv4_over_ethernet(bytes: &[u8]) -> bool {
    bytes.get(2..6) == Some(&[8, 0, 6, 4]) && bytes.len() >= LENGTH
}

fn dissect(bytes: &[u8]) -> Dissected {
    let sizes = bytes.get(4).zip(bytes.get(5));
    let Some((&hardware, &protocol)) = sizes else { return Dissected::cut("arp", 8, bytes.len(), "arp") };
    let needed = 8 + 2 * (usize::from(hardware) + usize::from(protocol));
    if bytes.len() < needed {
        return Dissected::cut("arp", needed, bytes.len(), "arp.hw.size");
    }
    // Whatever follows is padding up to Ethernet's shortest frame.
    Dissected { payload: Some(0), ..Dissected::whole(needed, Next::Nothing) }
}

fn walk<'f>(view: LayerView<'_, 'f>, each: &mut dyn FnMut(Field<'f>)) {
    let (bytes, offset) = (view.bytes(), view.layer().offset);
    // Addresses of other lengths lie elsewhere; only the fixed part is the same for all.
    let rows = if bytes.get(4..6).is_none_or(|sizes| sizes == [6, 4]) { 9 } else { 5 };
    FIELDS[..rows].iter().filter_map(|spec| spec.read(bytes, offset)).for_each(&mut *each);
    if let Some(arp) = Arp::read(bytes) {
        let mut conclude = |spec, value| {
            if value {
                each(Field { spec, start: offset * 8, bits: 0, value: crate::model::Value::Flag(true) });
            }
        };
        conclude(&FIELDS[9], arp.is_gratuitous());
        conclude(&FIELDS[10], arp.is_announcement());
    }
}

fn info(view: LayerView<'_, '_>, out: &mut dyn fmt::Write) -> fmt::Result {
    let Some(arp) = Arp::read(view.bytes()) else { return out.write_str("ARP, not for IPv4 over Ethernet") };
    let (sender, target) = (arp.sender_ip, arp.target_ip);
    match arp.operation {
        _ if arp.is_announcement() => write!(out, "ARP Announcement for {target}"),
        REQUEST if arp.is_gratuitous() => write!(out, "Gratuitous ARP for {target} (Request)"),
        REPLY if arp.is_gratuitous() => write!(out, "Gratuitous ARP for {target} (Reply)"),
        _ if arp.is_probe() => write!(out, "Who has {target}? (ARP Probe)"),
        REQUEST => write!(out, "Who has {target}? Tell {sender}"),
        REPLY => write!(out, "{sender} is at {}", arp.sender_mac),
        other => write!(out, "Unknown ARP opcode 0x{other:04x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUESTION: Arp = Arp {
        operation: REQUEST,
        sender_mac: MacAddr([2, 0, 0, 0, 0, 2]),
        sender_ip: Ipv4Addr::new(192, 168, 11, 2),
        target_mac: MacAddr::ZERO,
        target_ip: Ipv4Addr::new(192, 168, 11, 1),
    };

    #[test]
    fn what_is_crafted_is_read() {
        let bytes = craft(&QUESTION);
        assert_eq!(bytes.len(), LENGTH);
        assert_eq!(Arp::read(&bytes), Some(QUESTION));
        assert_eq!(Arp::read(&bytes[..27]), None);
    }

    #[test]
    fn probes_and_announcements_are_told_apart() {
        let probe = Arp { sender_ip: Ipv4Addr::UNSPECIFIED, ..QUESTION };
        let announcement = Arp { target_ip: QUESTION.sender_ip, ..QUESTION };
        let gratuitous = Arp { target_mac: MacAddr::BROADCAST, ..announcement };
        assert!(probe.is_probe() && !probe.is_gratuitous());
        assert!(announcement.is_announcement() && announcement.is_gratuitous() && !announcement.is_probe());
        assert!(gratuitous.is_gratuitous() && !gratuitous.is_announcement());
        assert!(!QUESTION.is_probe() && !QUESTION.is_gratuitous());
    }
}
