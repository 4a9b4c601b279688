//! Where netlab does not say what Wireshark says, and means it.

use netlab::engine::Seen;
use netlab::model::{LayerView, Nanos, Packet, Tracked, Value};
use netlab::proto::dns::Dns;
use netlab::proto::{data, http, ipv6, tcp};

use crate::table::agrees;

/// Whether this is an IP header that says its datagram is in pieces.
pub fn is_fragment(view: LayerView<'_, '_>) -> bool {
    ["ip.flags.mf", "ip.frag_offset", "ipv6.fraghdr.more", "ipv6.fraghdr.offset"]
        .into_iter()
        .any(|key| view.number(key).is_some_and(|value| value > 0))
}

/// Whether `holds` of the packet or of one that it completes.
pub fn any(seen: &Seen<'_, '_, '_>, holds: impl Fn(&Packet<'_>) -> bool) -> bool {
    holds(seen.packet) || seen.whole.iter().any(holds)
}

/// What is in the frame waits for the rest of its datagram.
fn is_piece(seen: &Seen<'_, '_, '_>) -> bool {
    seen.is_piece
}

/// A segment with bytes that came before, or that Wireshark keeps until those before them have come.
fn is_sent_again(seen: &Seen<'_, '_, '_>) -> bool {
    let signs = ["retransmission", "fast_retransmission", "spurious_retransmission", "out_of_order", "keep_alive"];
    signs.iter().any(|sign| seen.packet.generated(Tracked::of(&format!("tcp.analysis.{sign}"))).is_some())
}

fn quotes_a_piece(seen: &Seen<'_, '_, '_>) -> bool {
    seen.packet.views().any(|view| view.layer().quoted && is_fragment(view))
}

fn is_six(packet: &Packet<'_>) -> bool {
    packet.views().any(|view| view.is(&ipv6::HEADER))
}

/// An error quotes an answer of DNS.
fn quotes_answer(seen: &Seen<'_, '_, '_>) -> bool {
    let is_answer = |view: LayerView<'_, '_>| Dns::read(view).is_some_and(|message| message.response);
    any(seen, |packet| packet.views().any(|view| view.layer().quoted && is_answer(view)))
}

/// Bytes on a port of HTTP's that are not HTTP, in a conversation without a request.
fn is_foreign(seen: &Seen<'_, '_, '_>) -> bool {
    let packet = seen.packet;
    let Some(tcp) = packet.find(&tcp::HEADER) else { return false };
    let is_on_port = ["tcp.srcport", "tcp.dstport"]
        .into_iter()
        .any(|key| tcp.number(key).is_some_and(|port| http::PORTS.iter().any(|&known| u64::from(known) == port)));
    is_on_port && packet.views().nth(tcp.index + 1).is_some_and(|next| next.is(&data::HEADER))
}

/// Differences that are meant: the key (or `Info`), where they are, and why.
pub type Meant = (&'static str, fn(&Seen<'_, '_, '_>) -> bool, &'static str);

pub const MEANT: &[Meant] = &[
    ("data.data", is_piece, "Wireshark calls the bytes of a piece data; netlab shows them with the whole"),
    ("data.len", is_piece, "Wireshark calls the bytes of a piece data; netlab shows them with the whole"),
    (
        "data.data",
        is_sent_again,
        "Wireshark hands bytes that come again to nobody; netlab shows what is in the segment",
    ),
    ("data.len", is_sent_again, "Wireshark hands bytes that come again to nobody; netlab shows what is in the segment"),
    ("data.data", quotes_a_piece, "Wireshark takes a piece that an error quotes for one that arrived"),
    ("data.len", quotes_a_piece, "Wireshark takes a piece that an error quotes for one that arrived"),
    ("data.data", is_foreign, "Wireshark gives what is no HTTP to HTTP all the same, which shows nothing of it"),
    ("data.len", is_foreign, "Wireshark gives what is no HTTP to HTTP all the same, which shows nothing of it"),
    (
        "dns.unsolicited",
        quotes_answer,
        "Wireshark looks for no question to an answer that an error quotes, and says that there was none",
    ),
    ("ip.version", |seen| any(seen, is_six), "Wireshark shows IPv6's version under IPv4's name too"),
];

/// The row of [`MEANT`] that says why netlab tells something else about this key (or `Info`) here.
pub fn meant(seen: &Seen<'_, '_, '_>, about: &str) -> Option<usize> {
    MEANT.iter().position(|(key, holds, _)| *key == about && holds(seen))
}

/// The value in Wireshark's unit.
pub fn as_wireshark_counts<'v>(key: &str, ours: Value<'v>) -> Value<'v> {
    match ours {
        // Milliseconds, where netlab's times are all in nanoseconds.
        Value::Span(span) if key.ends_with(".resptime") => Value::Span(Nanos(span.0 * 1000)),
        _ => ours,
    }
}

/// Whether these are the two parts of a segment that Wireshark tells as one: it does so when it reads a capture once and
/// does not know yet where the first message ends, and tells two as well when it reads it again (`-2`).
pub fn are_parts(key: &str, ours: &[Value<'_>], theirs: &[&str]) -> bool {
    let (&[Value::Bytes(first), Value::Bytes(second)], &[whole]) = (ours, theirs) else { return false };
    key == "tcp.segment_data" && agrees(Value::Bytes(&[first, second].concat()), whole)
}
