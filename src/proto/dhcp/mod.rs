//! DHCP: how a machine that has no address yet gets one, in the form of its older brother BOOTP.

mod names;

use std::fmt::{self, Write as _};

use names::{MESSAGES, OPTIONS};

use super::reading::{Found, Input, be32, broken, row, rows};
use super::udp::Udp;
use super::{Protocol, numbers, udp};
use crate::model::{Bits, Field, FieldSpec, Header, Kind, LayerView, MacAddr, Value, Visitor};

/// In the options, which lie anywhere behind the fixed part.
const ANYWHERE: Bits = Bits { start: 0, len: 0 };
static OPERATIONS: [(u32, &str); 2] = [(1, "Boot Request"), (2, "Boot Reply")];

/// A field of an option's contents.
const fn option(key: &'static str, label: &'static str, kind: Kind) -> FieldSpec {
    FieldSpec::new(key, label, ANYWHERE, kind).part()
}

static FIELDS: [FieldSpec; 45] = [
    FieldSpec::new("dhcp.type", "Message type", Bits::bytes(0, 1), Kind::Enum(&OPERATIONS)),
    FieldSpec::new("dhcp.hw.type", "Hardware type", Bits::bytes(1, 1), Kind::Enum(&numbers::ARP_HARDWARE)),
    FieldSpec::new("dhcp.hw.len", "Hardware address length", Bits::bytes(2, 1), Kind::Number),
    FieldSpec::new("dhcp.hops", "Hops", Bits::bytes(3, 1), Kind::Number),
    FieldSpec::new("dhcp.id", "Transaction ID", Bits::bytes(4, 4), Kind::Hex),
    FieldSpec::new("dhcp.secs", "Seconds elapsed", Bits::bytes(8, 2), Kind::Number),
    FieldSpec::new("dhcp.flags", "Bootp flags", Bits::bytes(10, 2), Kind::Hex),
    FieldSpec::new("dhcp.flags.bc", "Broadcast flag", Bits { start: 80, len: 1 }, Kind::Flag("Broadcast", "Unicast"))
        .part(),
    FieldSpec::new("dhcp.flags.reserved", "Reserved flags", Bits { start: 81, len: 15 }, Kind::Hex).part(),
    FieldSpec::new("dhcp.ip.client", "Client IP address", Bits::bytes(12, 4), Kind::Ipv4),
    FieldSpec::new("dhcp.ip.your", "Your (client) IP address", Bits::bytes(16, 4), Kind::Ipv4),
    FieldSpec::new("dhcp.ip.server", "Next server IP address", Bits::bytes(20, 4), Kind::Ipv4),
    FieldSpec::new("dhcp.ip.relay", "Relay agent IP address", Bits::bytes(24, 4), Kind::Ipv4),
    FieldSpec::new("dhcp.hw.mac_addr", "Client MAC address", Bits::bytes(28, 6), Kind::Mac),
    FieldSpec::new("dhcp.hw.addr_padding", "Client hardware address padding", Bits::bytes(34, 10), Kind::Bytes),
    FieldSpec::new("dhcp.hw.addr", "Client hardware address", ANYWHERE, Kind::Bytes),
    FieldSpec::new("dhcp.server", "Server host name", Bits::bytes(44, 64), Kind::Text),
    FieldSpec::new("dhcp.file", "Boot file name", Bits::bytes(108, 128), Kind::Text),
    FieldSpec::new("dhcp.cookie", "Magic cookie", Bits::bytes(236, 4), Kind::Ipv4),
    FieldSpec::new("dhcp.vendor_specific_options", "Bootp vendor specific options", ANYWHERE, Kind::Bytes),
    FieldSpec::new("dhcp.option.type", "Option", ANYWHERE, Kind::Enum(&OPTIONS)),
    option("dhcp.option.length", "Length", Kind::Number),
    option("dhcp.option.value", "Value", Kind::Bytes),
    option("dhcp.option.padding", "Padding", Kind::Bytes),
    option("dhcp.option.end", "Option End", Kind::Number),
    option("dhcp.option.dhcp", "DHCP", Kind::Enum(&MESSAGES)),
    option("dhcp.option.subnet_mask", "Subnet Mask", Kind::Ipv4),
    option("dhcp.option.router", "Router", Kind::Ipv4),
    option("dhcp.option.domain_name_server", "Domain Name Server", Kind::Ipv4),
    option("dhcp.option.hostname", "Host Name", Kind::Text),
    option("dhcp.option.domain_name", "Domain Name", Kind::Text),
    option("dhcp.option.interface_mtu", "Interface MTU", Kind::Number),
    option("dhcp.option.broadcast_address", "Broadcast Address", Kind::Ipv4),
    option("dhcp.option.ntp_server", "Network Time Protocol Server", Kind::Ipv4),
    option("dhcp.option.requested_ip_address", "Requested IP Address", Kind::Ipv4),
    option("dhcp.option.ip_address_lease_time", "IP Address Lease Time", Kind::Number),
    option("dhcp.option.dhcp_server_id", "DHCP Server Identifier", Kind::Ipv4),
    option("dhcp.option.request_list_item", "Parameter Request List Item", Kind::Enum(&OPTIONS)),
    option("dhcp.option.message", "Message", Kind::Text),
    option("dhcp.option.dhcp_max_message_size", "Maximum DHCP Message Size", Kind::Number),
    option("dhcp.option.renewal_time_value", "Renewal Time Value", Kind::Number),
    option("dhcp.option.rebinding_time_value", "Rebinding Time Value", Kind::Number),
    option("dhcp.option.vendor_class_id", "Vendor class identifier", Kind::Text),
    option("dhcp.client_id.type", "Type", Kind::Number),
    option("dhcp.client_id.undef", "Client Identifier", Kind::Text),
];
const HARDWARE: usize = row(&FIELDS, "dhcp.hw.type");
const MAC: usize = row(&FIELDS, "dhcp.hw.mac_addr");
const ADDRESS_PADDING: usize = row(&FIELDS, "dhcp.hw.addr_padding");
const ADDRESS: usize = row(&FIELDS, "dhcp.hw.addr");
const SERVER: usize = row(&FIELDS, "dhcp.server");
const FILE: usize = row(&FIELDS, "dhcp.file");
const COOKIE: usize = row(&FIELDS, "dhcp.cookie");
const VENDOR: usize = row(&FIELDS, "dhcp.vendor_specific_options");
const OPTION: usize = row(&FIELDS, "dhcp.option.type");
const OPTION_LENGTH: usize = row(&FIELDS, "dhcp.option.length");
const OPTION_VALUE: usize = row(&FIELDS, "dhcp.option.value");
const PADDING: usize = row(&FIELDS, "dhcp.option.padding");
const END: usize = row(&FIELDS, "dhcp.option.end");
const IDENTIFIER_TYPE: usize = row(&FIELDS, "dhcp.client_id.type");
const IDENTIFIER: usize = row(&FIELDS, "dhcp.client_id.undef");

/// The table of a message.
pub static HEADER: Header = Header {
    name: "dhcp",
    title: "Dynamic Host Configuration Protocol",
    source: "RFC 2131 §2",
    fields: &FIELDS,
    walk,
    info: Some(info),
};

/// As the registry knows it.
pub static PROTOCOL: Protocol = Protocol { header: &HEADER, dissect };

/// The port of servers and of those who pass messages on to them.
pub const SERVER_PORT: u16 = 67;
/// The port of clients.
pub const CLIENT_PORT: u16 = 68;
/// The port of servers that only tell what to boot.
pub const PROXY_PORT: u16 = 4011;

/// Where the magic cookie lies, behind the fixed part.
const FIXED: usize = 236;
/// Where the options begin.
const OPTIONS_AT: usize = FIXED + 4;
/// What says that options follow (RFC 2131 §3).
const MAGIC: u32 = 0x6382_5363;
/// Bytes of what BOOTP has in the options' place (RFC 951 §3).
const VENDOR_LENGTH: usize = 64;

const PAD: u8 = 0;
const MESSAGE: u8 = 53;
const CLIENT_IDENTIFIER: u8 = 61;
const LAST: u8 = 255;

/// How the contents of an option read.
#[derive(Clone, Copy, Debug)]
enum Form {
    /// A number of this many bytes.
    Number(usize),
    /// Addresses, one after the other.
    Addresses,
    /// Bytes that mean something each.
    Items,
    /// Text.
    Text,
}

static FORMS: [(u8, &str, Form); 18] = [
    (1, "dhcp.option.subnet_mask", Form::Number(4)),
    (3, "dhcp.option.router", Form::Addresses),
    (6, "dhcp.option.domain_name_server", Form::Addresses),
    (12, "dhcp.option.hostname", Form::Text),
    (15, "dhcp.option.domain_name", Form::Text),
    (26, "dhcp.option.interface_mtu", Form::Number(2)),
    (28, "dhcp.option.broadcast_address", Form::Number(4)),
    (42, "dhcp.option.ntp_server", Form::Addresses),
    (50, "dhcp.option.requested_ip_address", Form::Number(4)),
    (51, "dhcp.option.ip_address_lease_time", Form::Number(4)),
    (MESSAGE, "dhcp.option.dhcp", Form::Number(1)),
    (54, "dhcp.option.dhcp_server_id", Form::Number(4)),
    (55, "dhcp.option.request_list_item", Form::Items),
    (56, "dhcp.option.message", Form::Text),
    (57, "dhcp.option.dhcp_max_message_size", Form::Number(2)),
    (58, "dhcp.option.renewal_time_value", Form::Number(4)),
    (59, "dhcp.option.rebinding_time_value", Form::Number(4)),
    (60, "dhcp.option.vendor_class_id", Form::Text),
];

/// What a message says in the fields that matter to everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dhcp {
    /// Chosen by the client; in all messages about one lease.
    pub id: u32,
    /// The value of option 53; `None` in a message of BOOTP.
    pub message: Option<u8>,
}

impl Dhcp {
    /// The message in `bytes`.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut message = None;
        for option in options(bytes) {
            // Of options that cannot be read to their end, none counts.
            if option.is_cut(bytes) {
                message = None;
            } else if option.code == MESSAGE {
                message = bytes.get(option.at + 2).copied();
            }
        }
        Some(Self { id: be32(bytes, 4)?, message })
    }
}

/// Whether a datagram looks like a message: it has the sign that options follow.
#[must_use]
pub fn is_likely(bytes: &[u8]) -> bool {
    be32(bytes, FIXED) == Some(MAGIC)
}

/// An option: a code, a length and contents; or one of the two that are a code alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Choice {
    /// Its first byte, counted from the message's.
    at: usize,
    code: u8,
    /// Length of its contents as it says itself; of padding, the bytes of zero behind the first.
    length: usize,
}

impl Choice {
    fn end(&self) -> usize {
        self.at + self.length + if matches!(self.code, PAD | LAST) { 1 } else { 2 }
    }

    fn is_cut(&self, message: &[u8]) -> bool {
        self.end() > message.len()
    }
}

/// The options of a message up to its end or the first that is cut; that one is the last.
fn options(message: &[u8]) -> impl Iterator<Item = Choice> {
    let mut at = if be32(message, FIXED) == Some(MAGIC) { OPTIONS_AT } else { message.len() };
    std::iter::from_fn(move || {
        let code = *message.get(at)?;
        let rest = &message[at + 1..];
        let length = match code {
            PAD => rest.iter().take_while(|&&byte| byte == 0).count(),
            LAST => 0,
            _ => usize::from(rest.first().copied().unwrap_or(0)),
        };
        let option = Choice { at, code, length };
        at = if code == LAST { message.len() } else { option.end() };
        Some(option)
    })
}

fn dissect(input: &Input<'_>) -> Found {
    let bytes = input.bytes;
    // What the capture cut might have been whole.
    let is_cut = bytes.len() < input.reported;
    let truncated = |needed| Found::truncated(input, if is_cut { bytes.len() + 1 } else { needed }, None);
    match be32(bytes, FIXED) {
        None => truncated(OPTIONS_AT),
        Some(MAGIC) => match options(bytes).find(|option| option.is_cut(bytes)) {
            Some(option) => truncated(option.end()),
            None => Found { payload: 0, ..Found::new(input, bytes.len(), None) },
        },
        Some(_) if bytes.len() < FIXED + VENDOR_LENGTH => truncated(FIXED + VENDOR_LENGTH),
        Some(_) => Found { payload: 0, ..Found::new(input, bytes.len(), None) },
    }
}

fn walk<'f>(view: LayerView<'_, 'f>, each: &mut dyn Visitor<'f>) {
    rows(view, &FIELDS[..MAC], each);
    let (message, offset) = (view.bytes(), view.layer().offset);
    let mut read = |row: usize, at: usize, length: usize| {
        if length > 0 {
            FIELDS[row]
                .read_at(Bits::bytes(at, length), message, offset)
                .into_iter()
                .for_each(|field| each.field(field));
        }
    };
    match (message.get(1), message.get(2).map(|&length| usize::from(length))) {
        (Some(1 | 6), Some(6)) => {
            read(MAC, 28, 6);
            read(ADDRESS_PADDING, 34, 10);
        }
        (_, Some(length @ 1..=16)) => {
            read(ADDRESS, 28, 16);
            read(ADDRESS_PADDING, 28 + length, 16 - length);
        }
        _ => {}
    }
    for row in [SERVER, FILE] {
        text(view, row, FIELDS[row].at.start / 8, FIELDS[row].at.len / 8, each);
    }
    match be32(message, FIXED) {
        Some(MAGIC) => {
            rows(view, &FIELDS[COOKIE..=COOKIE], each);
            options(message).for_each(|option| walk_option(view, option, each));
        }
        Some(_) => {
            FIELDS[VENDOR]
                .read_at(Bits::bytes(FIXED, VENDOR_LENGTH), message, offset)
                .into_iter()
                .for_each(|field| each.field(field));
        }
        None => {}
    }
}

fn walk_option<'f>(view: LayerView<'_, 'f>, option: Choice, each: &mut dyn Visitor<'f>) {
    let (message, offset) = (view.bytes(), view.layer().offset);
    let Choice { at, code, length } = option;
    let mut read = |row: usize, at: usize, length: usize| {
        if length > 0 {
            FIELDS[row]
                .read_at(Bits::bytes(at, length), message, offset)
                .into_iter()
                .for_each(|field| each.field(field));
        }
    };
    read(OPTION, at, 1);
    if code == LAST {
        read(END, at, 1);
        // What follows the end has no meaning.
        return read(PADDING, at + 1, message.len() - at - 1);
    }
    if code == PAD {
        return read(PADDING, at, length + 1);
    }
    read(OPTION_LENGTH, at + 1, 1);
    let data = at + 2;
    read(OPTION_VALUE, data, length);
    if code == CLIENT_IDENTIFIER {
        match (message.get(data), length) {
            (Some(1..48), 7) => {
                read(HARDWARE, data, 1);
                read(MAC, data + 1, 6);
            }
            (Some(0), 2..) => {
                read(IDENTIFIER_TYPE, data, 1);
                text(view, IDENTIFIER, data + 1, length - 1, each);
            }
            _ => {}
        }
        return;
    }
    let Some((_, key, form)) = FORMS.iter().find(|(known, ..)| *known == code) else { return };
    let Some(row) = FIELDS.iter().position(|spec| spec.key == *key) else { return };
    match *form {
        Form::Number(size) if length == size || length > size && size == 1 => read(row, data, size),
        Form::Number(_) => {}
        Form::Addresses => (0..length / 4).for_each(|index| read(row, data + 4 * index, 4)),
        Form::Items => (0..length).for_each(|from| read(row, data + from, 1)),
        Form::Text => text(view, row, data, length, each),
    }
}

/// Text up to a zero byte, which ends it if there is one.
fn text<'f>(view: LayerView<'_, 'f>, row: usize, at: usize, length: usize, each: &mut dyn Visitor<'f>) {
    let Some(bytes) = view.bytes().get(at..at + length).filter(|bytes| !bytes.is_empty()) else { return };
    let text = bytes.split(|&byte| byte == 0).next().unwrap_or(bytes);
    let value = std::str::from_utf8(text).map_or(Value::Bytes(text), Value::Text);
    each.field(Field { spec: &FIELDS[row], start: (view.layer().offset + at) * 8, bits: length * 8, value });
}

fn info(view: LayerView<'_, '_>, out: &mut String) -> fmt::Result {
    let bytes = view.bytes();
    let broken = broken(view).unwrap_or_default();
    let &[operation, kind, length, ..] = bytes else { return out.write_str(broken) };
    match Dhcp::read(bytes) {
        Some(Dhcp { id, message: Some(message) }) => {
            let ports = view.index.checked_sub(1).map(|index| LayerView { index, ..view });
            let ports = ports.filter(|before| before.is(&udp::HEADER)).and_then(|before| Udp::read(before.bytes()));
            let proxy = ports.is_some_and(|ports| [ports.source_port, ports.destination_port].contains(&PROXY_PORT));
            out.write_str(if proxy { "proxyDHCP " } else { "DHCP " })?;
            match numbers::name(&MESSAGES, message.into()) {
                Some(name) => write!(out, "{name:<8}")?,
                None => write!(out, "Unknown Message Type ({message:#04x})")?,
            }
            write!(out, " - Transaction ID {id:#x}")?;
        }
        _ => match operation {
            1 => {
                let address = if length == 0 { Some(&bytes[..0]) } else { bytes.get(28..28 + usize::from(length)) };
                let Some(address) = address else { return out.write_str(broken) };
                match (kind, MacAddr::read(address).filter(|_| length == 6)) {
                    (1 | 6, Some(mac)) => write!(out, "Boot Request from {mac} ({mac})")?,
                    _ if address.is_empty() => out.write_str("Boot Request from <No address>")?,
                    _ => {
                        out.write_str("Boot Request from ")?;
                        address.iter().try_for_each(|byte| write!(out, "{byte:02x}"))?;
                    }
                }
            }
            2 => out.write_str("Boot Reply")?,
            other => write!(out, "Unknown BOOTP message type ({other})")?,
        },
    }
    out.write_str(broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(options: &[u8]) -> Vec<u8> {
        let mut message = vec![0; FIXED];
        message[7] = 9;
        message.extend(MAGIC.to_be_bytes());
        message.extend(options);
        message
    }

    #[test]
    fn options_end_where_they_say() {
        let bytes = message(&[53, 1, 3, 0, 0, 12, 2, b'p', b'c', 255, 1, 2]);
        let found: Vec<_> =
            options(&bytes).map(|option| (option.at - OPTIONS_AT, option.code, option.length)).collect();
        assert_eq!(found, [(0, 53, 1), (3, 0, 1), (5, 12, 2), (9, 255, 0)]);
        assert_eq!(Dhcp::read(&bytes), Some(Dhcp { id: 9, message: Some(3) }));
    }

    #[test]
    fn an_option_that_is_cut_is_the_last() {
        for (cut, end) in [(&[53][..], 2), (&[53, 9], 11), (&[53, 9, 1], 11)] {
            let bytes = message(cut);
            let found: Vec<_> = options(&bytes).collect();
            assert_eq!(found.len(), 1);
            assert!(found[0].is_cut(&bytes));
            assert_eq!(found[0].end() - OPTIONS_AT, end);
            assert_eq!(Dhcp::read(&bytes), Some(Dhcp { id: 9, message: None }));
        }
    }
}
