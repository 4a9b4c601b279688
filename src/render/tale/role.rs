//! What part a packet plays in its conversation: who speaks, and whether it is told or counted.

use super::chapter::{Counted, What};
use crate::converse::Speaker;
use crate::engine::Seen;
use crate::model::{Direction, Generated, LayerView, Note, Packet, Severity, TrackedValue};
use crate::proto::icmp::{self, Echo};
use crate::proto::tcp::{self, Flags, Tcp};
use crate::proto::{ip, udp};
use crate::render::ladder::Side;

/// Notes that make no packet remarkable: a capture that cuts all frames does so to every one.
const EVERYWHERE: [&str; 1] = ["frame.cut"];

/// Whether a packet must not be folded away.
pub(super) fn is_remarkable(packet: &Packet<'_>, notes: &[Note]) -> bool {
    let flagged = |one: &Generated| one.value == TrackedValue::Yes && one.what.key().starts_with("tcp.analysis.");
    notes.iter().any(|note| note.severity >= Severity::Note && !EVERYWHERE.contains(&note.id))
        || packet.generated.iter().any(flagged)
}

/// Which way the packet's arrow points: away from us where the capture says who we are, else away from whoever spoke
/// first.
pub(super) fn way(seen: &Seen<'_, '_, '_>) -> Direction {
    match (seen.packet.frame.direction, seen.speaker) {
        (Some(direction @ (Direction::Out | Direction::In)), _) => direction,
        (_, Speaker::First) => Direction::Out,
        (_, Speaker::Second) => Direction::In,
        (_, Speaker::Between) => Direction::Other,
    }
}

/// Where on the ladder the packet comes from.
pub(super) fn side(seen: &Seen<'_, '_, '_>, mirrored: bool) -> Side {
    match seen.speaker {
        Speaker::First if mirrored => Side::Right,
        Speaker::First => Side::Left,
        Speaker::Second if mirrored => Side::Left,
        Speaker::Second => Side::Right,
        Speaker::Between => {
            let ends =
                seen.conversations.and_then(|all| all.of(seen.conversation)).and_then(|known| known.kind.addresses());
            let to_first = ends.map(|(first, _)| first) == ip::addresses(seen.packet).map(|(_, to)| to);
            Side::Between { leftward: to_first != mirrored }
        }
    }
}

/// What the packet counts as where it is folded.
pub(super) fn counted(seen: &Seen<'_, '_, '_>) -> Counted {
    let packet = seen.packet;
    let (what, bytes) = if seen.whole.is_empty() { kind_of(packet) } else { (What::Packet, 0) };
    let frame = packet.frame;
    Counted { what, speaker: seen.speaker, bytes, frame: frame.number, time: frame.time }
}

fn kind_of(packet: &Packet<'_>) -> (What, u64) {
    let data = |view: LayerView<'_, '_>| view.payload().len() as u64;
    if let Some(view) = packet.find(&tcp::HEADER) {
        let flags = Tcp::read(view.bytes()).map_or(Flags::default(), |tcp| tcp.flags);
        let special = [Flags::SYN, Flags::FIN, Flags::RST, Flags::URG].into_iter().any(|flag| flags.contains(flag));
        return match data(view) {
            _ if special => (What::Packet, 0),
            0 => (What::Acknowledgement, 0),
            bytes => (What::Data, bytes),
        };
    }
    if let Some(view) = packet.find(&udp::HEADER) {
        // Each of a few questions and answers matters; datagrams that netlab does not read are alike.
        let is_read = packet.speaker().is_some_and(|speaker| !speaker.is(&udp::HEADER));
        return if is_read { (What::Packet, 0) } else { (What::Datagram, data(view)) };
    }
    match packet.find(&icmp::HEADER).and_then(|view| Some((Echo::read(view.bytes())?, data(view)))) {
        Some((echo, bytes)) if echo.reply => (What::Reply, bytes),
        Some((_, bytes)) => (What::Request, bytes),
        None => (What::Packet, 0),
    }
}
