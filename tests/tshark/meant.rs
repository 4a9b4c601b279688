//! Where netlab does not read what Wireshark reads, and means it.

use netlab::model::{Packet, Value};
use netlab::proto::checksum::Status;
use netlab::proto::ipv6;
use netlab::proto::tcp::{self, TcpOption};

/// Differences that are meant.
pub fn is_meant(packet: &Packet<'_>, key: &str) -> bool {
    let options = ip_options(packet);
    let flawed = |by| packet.faults.iter().any(|fault| fault.because == by);
    match key {
        // Wireshark verifies and measures nothing in a fragment, not even a whole packet that a tunnel put there.
        key if key.ends_with(".checksum.status") && in_fragment(packet) => true,
        "tcp.len" => in_fragment(packet),
        // Of an option that is longer than its header, Wireshark reads what follows the header.
        key if key.starts_with("ipv6.opt") && (flawed("ipv6.opt.length") || has_unread_extension(packet)) => true,
        key if key.starts_with("ipv6.opt") && (flawed("ipv6.hopopts.len") || flawed("ipv6.dstopts.len")) => true,
        key if key.starts_with("icmpv6.opt") && flawed("icmpv6.opt.length") => true,
        // Options behind the packet that a redirect quotes; Wireshark shows them behind those in the quotation.
        key if key.starts_with("icmpv6.opt") => packet.views().filter(|view| view.field(key).is_some()).count() > 1,
        // Wireshark calls "not computed yet" bad.
        "tcp.checksum.status" | "udp.checksum.status" => packet.views().any(|view| {
            let status = view.layer().checksum;
            // Nor does it miss the bytes that a quotation leaves out, or follow a route there.
            let other = status == Some(Status::Unverified) || packet.find_quoted(&ipv6::routing::HEADER).is_some();
            status == Some(Status::Pending) || view.layer().quoted && other
        }),
        // Wireshark shows the length it presumes where the field is 0; netlab shows the field.
        "ip.len" => packet.views().any(|view| view.number("ip.len") == Some(0)),
        // Wireshark shows IPv6's version under IPv4's name too.
        "ip.version" => packet.views().any(|view| view.is(&ipv6::HEADER)),
        // Of a source route Wireshark shows where it ends as destination; netlab shows each field's own bytes.
        "ip.dst" | "ip.src_rt" | "ip.rec_rt" => options.iter().any(|option| matches!(option, 0x83 | 0x89)),
        // Of options that it has no dissector for, Wireshark shows no field at all.
        key if key.starts_with("ip.opt.") => {
            let known = [0, 1, 7, 0x19, 0x44, 0x82, 0x83, 0x85, 0x86, 0x88, 0x89, 0x94];
            options.iter().any(|option| !known.contains(option))
        }
        // Wireshark knows Multipath TCP; to netlab its option is one of the unknown.
        "tcp.options.unknown.payload" => packet
            .views()
            .any(|view| tcp::options(view.bytes()).any(|it| matches!(it, TcpOption::Unknown { kind: 30, .. }))),
        // The extensions behind a quotation (RFC 4884), which netlab does not read, are data to Wireshark.
        "data.data" | "data.len" if packet.views().any(|view| view.number("icmpv6.length").is_some()) => true,
        // Wireshark gives all of a packet of another version to `data`; netlab shows what its fields would be.
        "data.data" | "data.len" => {
            packet.faults.iter().any(|fault| matches!(fault.because, "ip.version" | "ipv6.version"))
        }
        _ => false,
    }
}

/// Types of the packet's IPv4 options.
pub fn ip_options(packet: &Packet<'_>) -> Vec<u64> {
    let mut types = Vec::new();
    for view in packet.views() {
        view.walk(&mut |field| match field.value {
            Value::Number(number) if field.spec.key == "ip.opt.type" => types.push(number),
            _ => {}
        });
    }
    types
}

/// Whether a fragment holds another packet.
fn in_fragment(packet: &Packet<'_>) -> bool {
    packet.layers.iter().any(|layer| layer.fragment)
}

/// Whether Wireshark knows a route or an option of the packet that netlab does not.
pub fn has_unread_extension(packet: &Packet<'_>) -> bool {
    packet.views().any(|view| {
        let mut unread = matches!(view.number("ipv6.routing.type"), Some(3 | 5 | 6));
        view.walk(&mut |field| {
            unread |= field.spec.key == "ipv6.opt.type"
                && matches!(field.value, Value::Number(7 | 8 | 0x26 | 0x31 | 0x41 | 0x6d | 0x8c | 0xee));
        });
        unread
    })
}

/// Whether the packet, as far as it is here, ends with a Pad1: Wireshark looks for its length behind it.
pub fn ends_with_pad_1(packet: &Packet<'_>) -> bool {
    packet.views().any(|view| {
        let options = matches!(view.layer().header.name, "ipv6.hopopts" | "ipv6.dstopts");
        options && view.layer().payload == 0 && view.bytes().last() == Some(&0)
    })
}
