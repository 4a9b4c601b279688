//! What is said of files that cannot be read, or not to their end.

use super::Stop;
use crate::error::{Error, Kind};

/// So many first bytes tell what a file is.
pub const TELLING: usize = 8;

/// Other kinds of files, by their first bytes, and the program that helps.
static STRANGERS: [(&[u8], &str, &str); 11] = [
    (b"\x1f\x8b", "compressed (gzip)", "gzip"),
    (b"\x28\xb5\x2f\xfd", "compressed (zstd)", "zstd"),
    (b"\xfd7zXZ", "compressed (xz)", "xz"),
    (b"BZh", "compressed (bzip2)", "bzip2"),
    (b"\x04\x22\x4d\x18", "compressed (lz4)", "lz4"),
    (b"\xa1\xb2\xcd\x34", "a pcap file in a form that was never official", "editcap"),
    (b"\x34\xcd\xb2\xa1", "a pcap file in a form that was never official", "editcap"),
    (b"snoop\0", "a snoop capture", "editcap"),
    (b"GMBU", "a Network Monitor capture", "editcap"),
    (b"RTSS", "a Network Monitor capture", "editcap"),
    (b"XCP\0", "a Sniffer capture", "editcap"),
];

/// The error for a file that begins with `bytes`.
pub fn not_a_capture(name: &str, bytes: &[u8]) -> Error {
    if bytes.is_empty() {
        return Error::new(Kind::File, format!("{name} is empty"))
            .hint("a capture of no frames has a header, too: whoever should write it has not begun");
    }
    match STRANGERS.iter().find(|(begin, ..)| bytes.starts_with(begin)) {
        Some((_, what, "editcap")) => Error::new(Kind::File, format!("{name} is {what}, which netlab does not read"))
            .hint("convert it first: editcap -F pcapng OLD NEW (it comes with Wireshark)"),
        Some((_, what, program)) => Error::new(Kind::File, format!("{name} is {what}"))
            .hint(format!("unpack it on the way: {program} -dc FILE | netlab explain -")),
        None => Error::new(Kind::File, format!("{name} is not a capture file"))
            .hint("netlab reads pcap and pcapng, as written by tcpdump, Wireshark and netlab --save"),
    }
}

/// The error for a file that could be read up to frame `count`; what follows it begins at `offset`.
pub fn stopped(name: &str, count: u32, offset: u64, stop: Stop) -> Error {
    let place = if count == 0 { "before the first frame".to_owned() } else { format!("after frame {count}") };
    let error = |text: String| Error::new(Kind::File, text);
    match stop {
        Stop::Cut => error(format!("{name} is cut short {place}: what begins at byte {offset} is not whole"))
            .hint("whoever wrote it was interrupted; everything before is good"),
        Stop::Damaged(why) => error(format!("{name} is damaged {place}, at byte {offset}: {why}"))
            .hint("everything before is good; open it in Wireshark to see whether it can read more"),
        Stop::Foreign(code) => error(format!("{name} holds frames of link type {code}, which netlab does not read"))
            .hint(READ)
            .hint("what the number means: https://www.tcpdump.org/linktypes.html"),
        Stop::Unreadable(why) => error(format!("cannot read {name} {place}, at byte {offset}: {why}")),
    }
}

/// The error for the first frame, number `count`, of an interface whose frames are left out.
pub fn left_out(name: &str, count: u32, code: u32) -> Error {
    let what = format!("frame {count} of {name} is of link type {code}, which netlab does not read");
    Error::new(Kind::File, what)
        .hint("all frames of its interface are left out; the numbers of the others stay as they are")
        .hint(READ)
}

const READ: &str = "netlab reads Ethernet (1), raw IP (101), Linux cooked captures (113, 276) and loopback (0, 108)";
