//! Bytes of a message that does not lie in this segment alone.
//!
//! Which segments these are only the stream tells; the layer takes the place of undecoded data.

use std::fmt::{self, Write as _};

use super::reading::{Found, Input, rows};
use super::{Protocol, http, tcp};
use crate::model::{Bits, FieldSpec, Header, Info, Kind, LayerView, Packet, Visitor};

static FIELDS: [FieldSpec; 1] =
    [FieldSpec::new("tcp.segment_data", "TCP segment data", Bits { start: 0, len: 0 }, Kind::Bytes)];

/// A part of which there is nothing to say: the frame tells of its message elsewhere, or it came before.
pub static SILENT: Header = table(None);
/// A part of a message that is not whole yet.
pub static UNFINISHED: Header = table(Some(info));
/// The same, beginning with a first line that can be read.
pub static BEGUN: Header = table(Some(begun_info));

/// A part of a message that was whole already.
pub static LATE: Header = table(Some(late_info));

const fn table(info: Option<Info>) -> Header {
    let source = "the payload of the layer before";
    Header { name: "segment", title: "Part of a message", source, fields: &FIELDS, walk, info }
}

/// Writes the Info column of a packet and of what was put together with it, which comes first.
///
/// # Errors
/// None: a string takes everything.
pub fn write_info(packet: &Packet<'_>, assembled: Option<&Packet<'_>>, out: &mut String) -> fmt::Result {
    let speaks = |view: &LayerView<'_, '_>| view.layer().header.info.is_some() && !view.layer().quoted;
    let Some(assembled) = assembled.filter(|assembled| assembled.views().any(|view| speaks(&view))) else {
        // The segment's own line begins with its signs, and so does that of what it holds.
        if packet.speaker().is_some_and(|speaker| speaker.is(&tcp::HEADER)) {
            return packet.info(out);
        }
        if let Some(tcp) = packet.find(&tcp::HEADER).filter(|tcp| first_speaker(packet) > Some(tcp.index)) {
            tcp::signs(tcp, out)?;
        }
        return packet.info(out);
    };
    if let Some(tcp) = packet.find(&tcp::HEADER) {
        tcp::signs(tcp, out)?;
    }
    assembled.info(out)?;
    // Behind the end of that message, the segment may hold others.
    let begun = assembled.views().any(|view| view.is(&BEGUN));
    match packet.views().filter(speaks).last() {
        Some(last) if !begun && !last.is(&tcp::HEADER) => packet.info(out),
        _ => Ok(()),
    }
}

/// As the registry knows them.
pub(super) static SILENT_PROTOCOL: Protocol = Protocol { header: &SILENT, dissect };
pub(super) static UNFINISHED_PROTOCOL: Protocol = Protocol { header: &UNFINISHED, dissect };
pub(super) static BEGUN_PROTOCOL: Protocol = Protocol { header: &BEGUN, dissect };
pub(super) static LATE_PROTOCOL: Protocol = Protocol { header: &LATE, dissect };

fn dissect(input: &Input<'_>) -> Found {
    Found::new(input, input.bytes.len(), None)
}

fn walk<'f>(view: LayerView<'_, 'f>, each: &mut dyn Visitor<'f>) {
    // Without a segment around it, it repeats what stands in earlier frames.
    if view.index > 0 && !view.is(&LATE) {
        rows(view, &FIELDS, each);
    }
}

const MARK: &str = "[TCP segment of a reassembled PDU]";

fn info(view: LayerView<'_, '_>, out: &mut String) -> fmt::Result {
    if let Some((info, speaker)) = speaker_before(view) {
        info(speaker, out)?;
        // What stands in the segment before this part is all there is to say.
        if !speaker.is(&tcp::HEADER) {
            return Ok(());
        }
        out.write_char(' ')?;
    }
    out.write_str(MARK)
}

fn begun_info(view: LayerView<'_, '_>, out: &mut String) -> fmt::Result {
    if let Some((info, speaker)) = speaker_before(view).filter(|(_, speaker)| !speaker.is(&tcp::HEADER)) {
        info(speaker, out)?;
    }
    http::write_first_line(view.bytes(), out)?;
    let before = view.index.checked_sub(1).map(|index| LayerView { index, ..view });
    if before.is_none_or(|before| before.is(&tcp::HEADER)) { write!(out, " {MARK}") } else { Ok(()) }
}

fn late_info(view: LayerView<'_, '_>, out: &mut String) -> fmt::Result {
    if let Some((info, speaker)) = speaker_before(view) {
        info(speaker, out)?;
    }
    out.write_str("[Reassembly error, protocol TCP: New fragment overlaps old data (retransmission?)]")
}

/// Which layer's words come first, of those that this packet says.
fn first_speaker(packet: &Packet<'_>) -> Option<usize> {
    let mut view = packet.speaker()?;
    while view.is(&UNFINISHED) || view.is(&LATE) {
        (_, view) = speaker_before(view)?;
    }
    Some(view.index)
}

/// The last layer before this one that has something to say in the Info column.
fn speaker_before<'p, 'f>(view: LayerView<'p, 'f>) -> Option<(Info, LayerView<'p, 'f>)> {
    let before = view.packet.views().take(view.index).filter(|one| !one.layer().quoted);
    before.filter_map(|layer| Some((layer.layer().header.info?, layer))).last()
}
